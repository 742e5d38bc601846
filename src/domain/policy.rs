//! What the people here decided: mode, target, thresholds, paths that only warn. Values with their defaults.
//! Must not know: where a value came from (git config, environment, coord.toml, flag).

use super::overlap::Grade;
use super::sync::SyncMode;
use super::time::Seconds;

/// How far the hooks go (`coord.mode`).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Mode {
    /// Record only; say nothing.
    Monitor,
    /// Say what would be blocked, let it through.
    Warn,
    /// Block what breaks the right of way.
    Enforce,
}

/// From which finding on a command exits with 1 (`--fail-on`).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum FailOn {
    /// Any overlap at least this bad.
    Grade(Grade),
    /// Only what the hook would block.
    Blocked,
    /// Nothing.
    Never,
}

/// Every setting that judging looks at.
#[derive(Clone, PartialEq, Eq, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each is a setting of its own")]
pub struct Policy {
    /// `coord.mode`.
    pub mode: Mode,
    /// `coord.target`: the branch that work lands on, as a name git can resolve; found by rule where it is not set.
    pub target: Option<String>,
    /// `coord.activeWithin`: an instance that nobody touched for longer is dormant. 14 days.
    pub active_within: Seconds,
    /// `coord.deadline`: how long a hook may judge before it lets the commit through. 2 s, in milliseconds here.
    pub deadline_ms: u64,
    /// `coord.strict`: an error of coord's own blocks instead of letting through.
    pub strict: bool,
    /// `coord.blockBranches`: a conflict with a branch that has no worktree blocks too.
    pub block_branches: bool,
    /// `coord.remotes`: look at remote-tracking branches too; they only ever warn.
    pub remotes: bool,
    /// `coord.exclude` and `[branches] exclude`: globs of short branch names that are left out everywhere.
    pub exclude: Vec<String>,
    /// `[paths] warn`: globs of paths that keep their grade and never block.
    pub warn_paths: Vec<String>,
    /// `[paths] ignore`: globs of paths that are not looked at.
    pub ignore_paths: Vec<String>,
    /// `coord.sharedCheckout=block`: what would take another session's uncommitted work along is stopped, not only told.
    pub shared_checkout_blocks: bool,
    /// `coord.agentOverlap=ask`: an edit that conflicts with somebody's work asks the agent's user, where somebody is there.
    pub agent_overlap_asks: bool,
    /// `coord.runtimeDir`: the folder of the board, relative to the main worktree.
    pub runtime_dir: String,
    /// `coord.memory`: the file of the memory, relative to the main worktree.
    pub memory: String,
    /// `coord.sync`: what other machines get to see of this one.
    pub sync: SyncMode,
    /// `coord.syncRemote`: the name of the remote that machines meet at; origin, or the only one, where it is not set.
    pub sync_remote: Option<String>,
    /// `coord.syncEvery`: how old what was fetched may be before a hook starts a fetch behind it. 60 s.
    pub sync_every: Seconds,
    /// `coord.syncTimeout`: so long one talk to the remote may take. 2 minutes.
    pub sync_timeout: Seconds,
    /// `coord.syncMaxSize`: so many bytes are kept of what others published, and no more are fetched. 1 GiB.
    pub sync_max_size: u64,
    /// `coord.syncExclude`: globs of paths that never leave this machine.
    pub sync_exclude: Vec<String>,
    /// From where on `coord report` checks its boxes.
    pub report: Thresholds,
}

/// From where on each box of `coord report` is checked, and how many sessions it takes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Thresholds {
    /// `coord.reportConflicts`: so many conflicts.
    pub conflicts: u64,
    /// `coord.reportOpen`: conflicts stay open for so long, in the median. 30 minutes.
    pub open: Seconds,
    /// `coord.reportOverlap`: so many sessions of a hundred overlap with another.
    pub overlap_percent: u64,
    /// `coord.reportManual`: so many acknowledgements, bypasses, and claims refused or taken by force, in a hundred sessions.
    pub manual_percent: u64,
    /// `coord.reportSessions`: so many sessions are to be observed first.
    pub sessions: u64,
}

impl Default for Thresholds {
    fn default() -> Self {
        Self { conflicts: 1, open: Seconds(1800), overlap_percent: 33, manual_percent: 25, sessions: 20 }
    }
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            mode: Mode::Enforce,
            target: None,
            active_within: Seconds(14 * 24 * 3600),
            deadline_ms: 2000,
            strict: false,
            block_branches: false,
            remotes: false,
            exclude: ["release/*", "dependabot/*", "renovate/*"].map(String::from).to_vec(),
            warn_paths: Vec::new(),
            ignore_paths: Vec::new(),
            shared_checkout_blocks: false,
            agent_overlap_asks: false,
            runtime_dir: ".claude/runtime".to_owned(),
            memory: ".claude/memory.md".to_owned(),
            sync: SyncMode::Off,
            sync_remote: None,
            sync_every: Seconds(60),
            sync_timeout: Seconds(120),
            sync_max_size: 1 << 30,
            sync_exclude: Vec::new(),
            report: Thresholds::default(),
        }
    }
}
