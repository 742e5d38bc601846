//! What every use case starts from: the repository, its policy, coord's own files, the clock. Opened once.
//! Must not know: what any use case does with it.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use globset::{Glob, GlobSet, GlobSetBuilder};

use super::first_look::FirstLook;
use super::settings::{Flag, TeamFile};
use super::statuses::Ahead;
use crate::domain::id::{Identity, ObjectId, RefName};
use crate::domain::path::RepoPath;
use crate::domain::policy::Policy;
use crate::domain::report::Target;
use crate::domain::setup::Setting;
use crate::domain::sync::SyncMode;
use crate::domain::time::Timestamp;
use crate::env::Env;
use crate::failure::{Failure, Kind};
use crate::git::config::Config;
use crate::git::merge::{Judge, MergeSettings, Recall};
use crate::git::objects::Objects;
use crate::git::refs;
use crate::git::repository::{HookEnv, OwnPaths, Repository};
use crate::git::worktrees::{self, Worktree};
use crate::git::{Deadline, Git, names, publication, target};
use crate::os::clock;
use crate::store::Store;
use meanwhile::Meanwhile;
use said::Said;
use settled::Settled;

pub use opened::open_repository;

mod meanwhile;
mod opened;
mod said;
mod settled;
mod tips;

/// Variables that agents set for the programs that they start.
const OF_AGENTS: &[&str] = &[
    "CLAUDECODE",
    "CLAUDE_CODE_SESSION_ID",
    "CODEX_SANDBOX",
    "CODEX_THREAD_ID",
    "CURSOR_AGENT",
    "GEMINI_CLI",
    "OPENCODE",
    "AI_AGENT",
];

/// How the context is opened.
#[derive(Clone, Debug, Default)]
pub struct OpenOptions {
    /// What git handed to the hook, in one.
    pub hook: Option<HookEnv>,
    /// Settings given as flags.
    pub flags: Vec<Flag>,
    /// Takes the team's policy from the target alone: in CI a branch without one there would judge itself by its own.
    pub team_on_target_only: bool,
    /// A commit is judged: what others commit in this instant is looked at before all else.
    pub commits: bool,
    /// Everybody will be looked at: git is asked about the asking worktree while all else is found out.
    pub survey: bool,
}

/// What every use case starts from.
#[derive(Clone, Debug)]
pub struct Context {
    /// The surroundings.
    pub env: Env,
    /// The moment that counts as now.
    pub now: Timestamp,
    /// The repository.
    pub repository: Repository,
    /// Its configuration.
    pub config: Config,
    /// The settings in force.
    pub policy: Policy,
    /// Every setting, with where it came from.
    pub settings: Vec<Setting>,
    /// The team's policy, where there is one.
    pub team: Option<TeamFile>,
    /// What was found odd in the settings, one sentence each.
    pub warnings: Vec<String>,
    /// Coord's own files.
    pub store: Store,
    target: Option<Target>,
    excluded: GlobSet,
    merging: MergeSettings,
    first_look: Arc<FirstLook>,
    said: Arc<Said>,
    ahead: Arc<Mutex<Option<Ahead>>>,
    meanwhile: Arc<Meanwhile>,
}

impl Context {
    /// Opens the repository around the working directory, or the one that git named to the hook.
    ///
    /// # Errors
    /// Where there is none, where git refuses to read it, or where a setting cannot be understood.
    pub fn open(env: &Env, options: &OpenOptions) -> Result<Self, Failure> {
        let (mut repository, asked) = opened::open(env, options.hook.as_ref())?;
        let config = repository.config.clone();
        let (store, now) = (Store::open(&repository.common_dir)?, clock::now());
        let ahead = if options.survey { Ahead::ask(env, &repository, &store, now) } else { None };
        if repository.main_worktree.is_none() && !repository.bare {
            repository.main_worktree = remembered(&store, &repository);
        }
        let first_look = FirstLook::take(&repository, &store, now, options.commits);
        let branches = first_look.branches.as_ref();
        let settled = Settled::new(env, &repository, options, branches)?;
        repository.own_paths = own_paths(&settled.policy);
        if settled.policy.sync != SyncMode::Off {
            repository.fetched = publication::objects_in(store.dir());
        }
        let ctx = Self {
            now,
            store,
            excluded: excluded(&settled.policy)?,
            merging: merging(env, &repository.git, &config, &settled.policy)?,
            env: env.clone(),
            policy: settled.policy,
            settings: settled.settings,
            team: settled.team,
            warnings: settled.warnings,
            target: settled.target,
            first_look: Arc::new(first_look),
            said: Arc::default(),
            ahead: Arc::new(Mutex::new(ahead)),
            meanwhile: Arc::default(),
            repository,
            config,
        };
        // Not where somebody may be about to remove everything of coord's.
        if let Some(asked) = asked.filter(|_| options.survey || options.hook.is_some()) {
            asked.keep(&ctx);
        }
        Ok(ctx)
    }

    /// The same context, whose calls of git end at `deadline`.
    #[must_use]
    pub fn until(mut self, deadline: Deadline) -> Self {
        self.repository.git = self.repository.git.until(deadline);
        self
    }

    /// When answers stop being of use.
    #[must_use]
    pub fn deadline(&self) -> Deadline {
        self.repository.git.deadline()
    }

    /// What work lands on.
    ///
    /// # Errors
    /// Where there is no such branch; the failure says what to set.
    pub fn target(&self) -> Result<Target, Failure> {
        if let Some(target) = &self.target {
            return Ok(target.clone());
        }
        let branches = refs::names(&self.repository, target::LOOKED_AT)?;
        Ok(target::find(&self.repository, &self.config, self.policy.target.as_deref(), &branches)?)
    }

    /// How things stood when the context was opened, or looked again.
    #[must_use]
    pub fn first_look(&self) -> &FirstLook {
        &self.first_look
    }

    /// What was asked about the asking worktree when the context was opened for a survey; once.
    #[must_use]
    pub(super) fn status_ahead(&self) -> Option<Ahead> {
        self.ahead.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    /// Does something beside whatever comes next. Before the last copy of the context goes, it is done.
    pub fn meanwhile(&self, work: impl FnOnce() + Send + 'static) {
        self.meanwhile.start(work);
    }

    /// The same context with things as they stand now.
    #[must_use]
    pub fn looking_again(&self) -> Self {
        let commits = self.first_look.seen.is_some();
        let look = FirstLook::take(&self.repository, &self.store, self.now, commits);
        Self { first_look: Arc::new(look), ..self.clone() }
    }

    /// All worktrees, as they stood at the first look.
    ///
    /// # Errors
    /// Where git cannot list them.
    pub fn worktrees(&self) -> Result<Vec<Worktree>, Failure> {
        match &self.first_look.worktrees {
            Some(worktrees) => Ok(worktrees.clone()),
            None => Ok(worktrees::list(&self.repository)?),
        }
    }

    /// What judges merges here.
    #[must_use]
    pub fn judge<'a>(&'a self, objects: &'a Objects) -> Judge<'a> {
        Judge {
            objects,
            store: &self.repository.store,
            git: &self.repository.git,
            repository: &self.repository.common_dir,
            settings: self.merging.clone(),
        }
    }

    /// What reads remembered judgements on this target.
    #[must_use]
    pub fn recall(&self, target: ObjectId) -> Recall<'_> {
        let (repository, settings) = (&self.repository, &self.merging);
        let format = repository.store.format;
        Recall { git: &repository.git, repository: &repository.common_dir, settings, target, format, whole: true }
    }

    /// Whether `coord.exclude` names a branch, remote ones by their name on the remote too.
    #[must_use]
    pub fn leaves_out(&self, branch: &RefName) -> bool {
        if self.excluded.is_empty() {
            return false;
        }
        let short = branch.short();
        let is_remote = branch.as_bytes().starts_with(b"refs/remotes/");
        let on_remote = short.iter().position(|&b| b == b'/').filter(|_| is_remote).map(|at| &short[at + 1..]);
        [Some(short), on_remote].into_iter().flatten().any(|name| self.excluded.is_match(names::to_path(name)))
    }

    /// Whether `coord.exclude` names the branch of a worktree.
    #[must_use]
    pub fn leaves_out_worktree(&self, worktree: &Worktree) -> bool {
        worktree.branch.as_ref().is_some_and(|branch| self.leaves_out(branch))
    }

    /// Whether coord is to keep out of this one command (`COORD_SKIP`).
    #[must_use]
    pub fn skipped(&self) -> bool {
        self.env.variable("COORD_SKIP").is_some_and(|value| !["0", "false", "no"].iter().any(|no| value == *no))
    }

    /// Where the command was typed, below the top of the worktree, as git tells its hooks; empty at the top.
    #[must_use]
    pub fn prefix(&self) -> Vec<u8> {
        self.env.variable("GIT_PREFIX").map(|prefix| names::to_bytes(Path::new(prefix))).unwrap_or_default()
    }

    /// The target as people say it.
    #[must_use]
    pub fn target_name(&self, target: &Target) -> String {
        match (&target.name, target.tip) {
            (Some(name), _) => String::from_utf8_lossy(name.short()).into_owned(),
            (None, Some(tip)) => tip.short(),
            (None, None) => String::new(),
        }
    }

    /// Who is asking, for acknowledgements and the log.
    #[must_use]
    pub fn user(&self) -> String {
        let known = ["GIT_AUTHOR_NAME", "GIT_COMMITTER_NAME"].iter().find_map(|name| self.env.variable(name));
        let configured = || self.config.value("user.name").map(|value| value.text);
        let login = || ["USER", "LOGNAME", "USERNAME"].iter().find_map(|name| self.env.variable(name));
        let text = |name: &std::ffi::OsStr| name.to_string_lossy().into_owned();
        known.map(text).or_else(configured).or_else(|| login().map(text)).unwrap_or_else(|| "somebody".to_owned())
    }

    /// Whether an agent is asking, not a person.
    #[must_use]
    pub fn is_agent(&self) -> bool {
        OF_AGENTS.iter().any(|name| self.env.variable(name).is_some())
    }
}

/// Where the main worktree lies, as it said itself: with `git init --separate-git-dir` git does not record it.
fn remembered(store: &Store, repository: &Repository) -> Option<PathBuf> {
    let records = store.records().ok()?.items;
    let main =
        records.into_iter().find(|record| record.identity == Identity::MainWorktree && record.session.is_none())?;
    main.worktree.filter(|top| worktrees::leads_to(top, &repository.common_dir))
}

/// What coord itself writes into worktrees.
fn own_paths(policy: &Policy) -> OwnPaths {
    let paths =
        |texts: &[&str]| texts.iter().filter_map(|text| RepoPath::new(text.trim_end_matches('/')).ok()).collect();
    OwnPaths { folders: paths(&[&policy.runtime_dir]), untracked: paths(&[&policy.memory]) }
}

fn excluded(policy: &Policy) -> Result<GlobSet, Failure> {
    let wrong = |error: globset::Error| Failure::new(Kind::Config, format!("coord.exclude: {error}"));
    let mut globs = GlobSetBuilder::new();
    for glob in &policy.exclude {
        globs.add(Glob::new(glob).map_err(wrong)?);
    }
    globs.build().map_err(wrong)
}

fn merging(env: &Env, git: &Git, config: &Config, policy: &Policy) -> Result<MergeSettings, Failure> {
    let name = |key: &[u8]| {
        let name = key.strip_prefix(b"merge.")?.strip_suffix(b".driver")?;
        Some(String::from_utf8_lossy(name).into_owned())
    };
    let drivers = config.keys("merge").filter_map(name).collect();
    let value = |name: &str| config.value(name).map(|value| value.text);
    let mut settings = MergeSettings::new(value, drivers, policy)
        .map_err(|error| Failure::new(Kind::Config, format!("a glob of paths cannot be understood: {error}")))?;
    // Git finds the user's attributes by these.
    let places = ["HOME", "XDG_CONFIG_HOME", "GIT_ATTR_NOSYSTEM"].map(|name| env.variable(name));
    settings.fingerprint = format!("{} {places:?} {}", settings.fingerprint, git.program().display());
    Ok(settings)
}
