//! The verdict on one commit, complete for telling it: who stands in the way, on what evidence, and the ways out.
//! Must not know: how it was judged, how it is worded.

use super::hunk::Spans;
use super::overlap::ConflictKind;
use super::path::RepoPath;
use super::policy::Mode;
use super::time::Timestamp;

/// Why a finding blocks or only warns (DESIGN.md section 4).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Reason {
    /// The path is under the other's exclusive claim.
    Claimed,
    /// The other committed first.
    Committed,
    /// The other has not committed it: this commit goes first.
    Uncommitted,
    /// The other is a branch without a worktree.
    Branch,
    /// The other is a remote ref.
    Remote,
    /// This commit is on the target itself: the other must rebase.
    OnTarget,
    /// The other builds on this line of work, and will have to rebase.
    BuiltOn,
    /// HEAD has this conflict already.
    Present,
    /// HEAD has it already, and this commit makes it smaller.
    Shrunk,
    /// The other's text does not leave its machine: its lines alone tell.
    ByLines,
    /// The path never blocks: generated, a lock file, merged by a driver, or named in `[paths] warn`.
    PathOnlyWarns,
}

/// The conflicting part of one path, as this commit and the other have it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Clash {
    /// The path.
    pub path: RepoPath,
    /// Why a merge would stop there.
    pub kind: ConflictKind,
    /// This commit's lines, in its own file; empty where lines say nothing.
    pub own: Spans,
    /// The other's lines, in its own file.
    pub theirs: Spans,
    /// One telling line of this commit's text; `None` where there is none (deleted, binary).
    pub own_line: Option<Vec<u8>>,
    /// One telling line of the other's text.
    pub their_line: Option<Vec<u8>>,
}

/// One other instance that the commit collides with, for one reason.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Finding {
    /// The other's label.
    pub other: String,
    /// What it works on, if anybody said so.
    pub task: Option<String>,
    /// Why it blocks or warns.
    pub reason: Reason,
    /// When the other committed the first of the paths, or touched it where nothing is committed.
    pub since: Option<Timestamp>,
    /// The paths, sorted; never empty.
    pub clashes: Vec<Clash>,
}

/// A way out of a block that works in the state the repository is in.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum WayOut {
    /// Take the conflicting paths out of the index; left out where nothing would remain.
    Unstage(Vec<RepoPath>),
    /// Commit everything that is tracked but these paths: `commit -a` leaves the index as it was.
    CommitWithout(Vec<RepoPath>),
    /// Commit only these paths: `commit PATH` leaves the index as it was.
    CommitOnly(Vec<RepoPath>),
    /// Rebase onto the other: its name, as git resolves it.
    Rebase(Vec<u8>),
    /// Fetch what an instance of another machine has committed, and rebase onto that: the remote and the ref.
    RebaseFetched(String, Vec<u8>),
    /// Merge the other: its name, as git resolves it.
    Merge(Vec<u8>),
    /// Acknowledge: the other's label and the paths.
    Acknowledge(String, Vec<RepoPath>),
    /// Skip coord for this command, given again with what it took.
    SkipOnce(Taken),
}

/// What a stopped command took into its commit, which it has to take again: a block leaves the index as it was.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Taken {
    /// What is staged.
    Staged,
    /// All that is tracked.
    Tracked,
    /// These paths.
    Paths(Vec<RepoPath>),
}

/// What the hook says of one commit.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Judgement {
    /// The moment it was judged.
    pub now: Timestamp,
    /// How far the hook goes: in [`Mode::Warn`] what blocks is told and let through, in [`Mode::Monitor`] nothing is said.
    pub mode: Mode,
    /// The git command that was stopped, for `COORD_SKIP=1 git …`: `commit`, `merge`, `push`.
    pub command: &'static str,
    /// Where the command was typed, below the top of the worktree; empty at the top.
    pub prefix: Vec<u8>,
    /// Whether an agent typed it, whose user has a say in what is overridden.
    pub by_agent: bool,
    /// What breaks the right of way, worst first.
    pub blocks: Vec<Finding>,
    /// What is worth a line.
    pub warnings: Vec<Finding>,
    /// The ways out of the blocks, best first.
    pub ways_out: Vec<WayOut>,
    /// Paths on which the commit no longer lands on the target, sorted.
    pub needs_rebase: Vec<RepoPath>,
    /// The target's short name.
    pub target: String,
    /// What else to know: who could not be judged, what could not be recorded.
    pub notices: Vec<String>,
}

impl Judgement {
    /// A judgement that has nothing to say yet. `place` is where the command was typed, below the top of the worktree.
    #[must_use]
    pub fn clear(now: Timestamp, mode: Mode, command: &'static str, place: Vec<u8>, target: String) -> Self {
        Self {
            now,
            mode,
            command,
            prefix: place,
            by_agent: false,
            blocks: Vec::new(),
            warnings: Vec::new(),
            ways_out: Vec::new(),
            needs_rebase: Vec::new(),
            target,
            notices: Vec::new(),
        }
    }

    /// Whether git is to be stopped: something blocks, and the mode says that it counts.
    #[must_use]
    pub fn stops(&self) -> bool {
        self.mode == Mode::Enforce && !self.blocks.is_empty()
    }
}
