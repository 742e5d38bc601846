//! What every use case starts from: the repository, the target, the policy in force, coord's own files, the time.
//! Must not know: what any use case does with it.

use std::collections::BTreeMap;
use std::path::Path;

use globset::{Glob, GlobSet, GlobSetBuilder};

use crate::domain::ack::Ack;
use crate::domain::id::{Identity, RefName};
use crate::domain::path::RepoPath;
use crate::domain::policy::Policy;
use crate::domain::report::Target;
use crate::domain::setup::Setting;
use crate::domain::time::Timestamp;
use crate::env::Env;
use crate::failure::{Failure, Kind};
use crate::git::config::Config;
use crate::git::merge::{Judge, MergeSettings};
use crate::git::objects::Objects;
use crate::git::repository::{self, HookEnv, OwnPaths, Repository};
use crate::git::{self, Deadline, Git, names, target, tree};
use crate::ops::settings::{self, Flag, TeamFile};
use crate::os::clock;
use crate::store::Store;

/// The team's policy, at the top of the target's tree.
const TEAM_FILE: &str = "coord.toml";

/// How a context is opened.
#[derive(Clone, Debug, Default)]
pub struct OpenOptions {
    /// What git said of the commit in the making, in a hook.
    pub hook: Option<HookEnv>,
    /// Settings given as flags.
    pub flags: Vec<Flag>,
}

/// Everything that use cases share.
#[derive(Debug)]
pub struct Context {
    /// The surroundings.
    pub env: Env,
    /// The moment the command began.
    pub now: Timestamp,
    /// The repository.
    pub repository: Repository,
    /// The policy in force.
    pub policy: Policy,
    /// Every setting with its source.
    pub settings: Vec<Setting>,
    /// What is odd about the settings: one sentence each.
    pub warnings: Vec<String>,
    /// The team's policy, where the target has one.
    pub team: Option<TeamFile>,
    /// coord's own files.
    pub store: Store,
    target: Result<Target, Failure>,
    acks: Vec<Ack>,
    tasks: BTreeMap<Identity, String>,
    excluded: GlobSet,
    merge_settings: MergeSettings,
    deadline: Deadline,
}

impl Context {
    /// Opens the repository around the working directory.
    ///
    /// The team's `coord.toml` is read from the target's tree, not from the branch at work, so that no branch loosens
    /// its own check. What cannot be read of coord's own files is missing from the answer and said by whoever needs it.
    ///
    /// # Errors
    /// Where there is no repository that git reads, or a setting cannot be understood.
    pub fn open(env: &Env, options: &OpenOptions) -> Result<Self, Failure> {
        let mut repository = open_repository(env, options.hook.as_ref())?;
        let asked = |policy: &Policy| policy.target.clone();
        let first = settings::policy(env, &repository.config, None, &options.flags)?;
        let mut target = target::find(&repository, &repository.config, asked(&first.policy).as_deref());
        let team = team_file(&repository, target.as_ref().ok())?;
        let settled = match &team {
            Some(team) => settings::policy(env, &repository.config, Some(team), &options.flags)?,
            None => first,
        };
        if team.is_some() && asked(&settled.policy).is_some() {
            target = target::find(&repository, &repository.config, asked(&settled.policy).as_deref());
        }
        repository.own_paths = own_paths(&settled.policy);
        let store = Store::open(&repository.common_dir)?;
        let now = clock::now();
        Ok(Self {
            acks: store.acks(now).map(|acks| acks.items).unwrap_or_default(),
            tasks: tasks(&store),
            excluded: globs(&settled.policy.exclude)?,
            merge_settings: merge_settings(&repository.config, &settled.policy)?,
            target: target.map_err(Failure::from),
            policy: settled.policy,
            settings: settled.settings,
            warnings: settled.warnings,
            team,
            env: env.clone(),
            deadline: Deadline::NEVER,
            now,
            repository,
            store,
        })
    }

    /// The same context, whose git calls end at `deadline`.
    #[must_use]
    pub fn until(mut self, deadline: Deadline) -> Self {
        self.repository.git = self.repository.git.until(deadline);
        self.deadline = deadline;
        self
    }

    /// Until when an answer is of use.
    #[must_use]
    pub fn deadline(&self) -> Deadline {
        self.deadline
    }

    /// What judging merges needs, with `objects` to read and add to.
    #[must_use]
    pub fn judge<'a>(&'a self, objects: &'a Objects) -> Judge<'a> {
        Judge {
            objects,
            store: &self.repository.store,
            git: &self.repository.git,
            repository: &self.repository.common_dir,
            settings: self.merge_settings.clone(),
        }
    }

    /// The branch that work lands on.
    ///
    /// # Errors
    /// Where none could be found; the hint names the setting.
    pub fn target(&self) -> Result<&Target, Failure> {
        self.target.as_ref().map_err(|failure| {
            let mut told = Failure::new(failure.kind, failure.whole_message());
            told.hints.clone_from(&failure.hints);
            told
        })
    }

    /// The target as people call it.
    #[must_use]
    pub fn target_name(&self) -> String {
        match &self.target {
            Ok(Target { name: Some(name), .. }) => String::from_utf8_lossy(name.short()).into_owned(),
            Ok(Target { tip: Some(tip), .. }) => tip.short(),
            _ => "the target".to_owned(),
        }
    }

    /// Whether `coord.exclude` names the branch.
    #[must_use]
    pub fn leaves_out(&self, branch: &RefName) -> bool {
        let short = branch.short();
        // A remote branch is meant by its name on the remote too.
        let on_remote = short.iter().position(|&byte| byte == b'/').map(|at| &short[at + 1..]);
        let is_remote = branch.as_bytes().starts_with(b"refs/remotes/");
        self.excluded.is_match(names::to_path(short))
            || on_remote.filter(|_| is_remote).is_some_and(|name| self.excluded.is_match(names::to_path(name)))
    }

    /// What the instance works on, if it said so.
    #[must_use]
    pub fn task_of(&self, identity: &Identity) -> Option<String> {
        self.tasks.get(identity).cloned()
    }

    /// The acknowledgements that count now.
    #[must_use]
    pub fn acks(&self) -> &[Ack] {
        &self.acks
    }

    /// Whether the two have acknowledged their overlap on `path`.
    #[must_use]
    pub fn acknowledged(&self, one: &Identity, other: &Identity, path: &RepoPath) -> bool {
        self.acks.iter().any(|ack| ack.covers(one, other, path, self.now))
    }

    /// Whether COORD_SKIP says to leave this one alone.
    #[must_use]
    pub fn skipped(&self) -> bool {
        self.env.variable("COORD_SKIP").is_some_and(|value| value != "0")
    }

    /// Where the command was typed, below the top of the worktree, with a `/` at the end; empty at the top.
    #[must_use]
    pub fn prefix(&self) -> Vec<u8> {
        // In a hook the working directory is the top, and git says where the user stands.
        if let Some(prefix) = self.env.variable("GIT_PREFIX") {
            return names::to_bytes(Path::new(prefix)).to_vec();
        }
        let below = self
            .repository
            .worktree
            .as_deref()
            .zip(self.env.cwd.as_deref().ok())
            .and_then(|(top, cwd)| cwd.strip_prefix(top).ok());
        below
            .filter(|below| *below != Path::new(""))
            .map_or_else(Vec::new, |below| [&names::to_bytes(below)[..], b"/"].concat())
    }

    /// Who is at the keyboard, as git would sign it, else as the system knows them.
    #[must_use]
    pub fn user(&self) -> String {
        let configured = self.repository.config.value("user.name").map(|value| value.text);
        let known = || self.env.variable("USER").map(|user| user.to_string_lossy().into_owned());
        configured.or_else(known).unwrap_or_else(|| "somebody".to_owned())
    }

    /// Whether a coding agent runs this command: each sets a variable of its own for what it starts.
    #[must_use]
    pub fn is_agent(&self) -> bool {
        ["CLAUDECODE", "CODEX_THREAD_ID", "GEMINI_CLI", "CURSOR_AGENT"]
            .iter()
            .any(|name| self.env.variable(name).is_some())
    }
}

/// Opens the repository around the working directory, without a look at any setting.
///
/// # Errors
/// Where there is no repository that git reads.
pub fn open_repository(env: &Env, hook: Option<&HookEnv>) -> Result<Repository, Failure> {
    let gone = |why: &String| Failure::new(Kind::Usage, format!("the working directory is gone: {why}"));
    let cwd = env.cwd.as_deref().map_err(gone)?;
    let git = Git::find(env.variable("PATH"))?;
    Ok(repository::open(&git, cwd, hook)?)
}

/// Reads `coord.toml` in the target's tree; `None` where there is none.
fn team_file(repository: &Repository, target: Option<&Target>) -> Result<Option<TeamFile>, git::Error> {
    let Some(tip) = target.and_then(|target| target.tip) else { return Ok(None) };
    let objects = repository.objects()?;
    let path = RepoPath::new(TEAM_FILE).expect("a constant, and a path");
    let tree = objects.commit(tip)?.tree;
    let Some(entry) = tree::entry_at(&objects, tree, &path)?.filter(tree::Entry::is_file) else { return Ok(None) };
    let name = target.and_then(|target| target.name.as_ref());
    let place = name.map_or_else(|| tip.short(), |name| String::from_utf8_lossy(name.short()).into_owned());
    Ok(Some(TeamFile { place: format!("{TEAM_FILE} on {place}"), text: objects.blob(entry.id)?.to_vec() }))
}

fn own_paths(policy: &Policy) -> OwnPaths {
    let path = |text: &str| RepoPath::new(text.trim_end_matches('/'));
    OwnPaths {
        folders: path(&policy.runtime_dir).into_iter().collect(),
        untracked: path(".claude/memory.md").into_iter().collect(),
    }
}

fn tasks(store: &Store) -> BTreeMap<Identity, String> {
    let records = store.records().map(|records| records.items).unwrap_or_default();
    records.into_iter().filter_map(|record| Some((record.identity, record.task?))).collect()
}

fn merge_settings(config: &Config, policy: &Policy) -> Result<MergeSettings, Failure> {
    let drivers = config.keys("merge").filter_map(|key| {
        let name = key.strip_prefix(b"merge.")?.strip_suffix(b".driver")?;
        Some(String::from_utf8_lossy(name).into_owned())
    });
    MergeSettings::new(|name| config.value(name).map(|value| value.text), drivers.collect(), policy)
        .map_err(|error| Failure::new(Kind::Config, format!("coord.warnPaths or coord.ignorePaths: {error}")))
}

fn globs(patterns: &[String]) -> Result<GlobSet, Failure> {
    let wrong = |error: globset::Error| Failure::new(Kind::Config, format!("coord.exclude: {error}"));
    let mut set = GlobSetBuilder::new();
    for pattern in patterns {
        set.add(Glob::new(pattern).map_err(wrong)?);
    }
    set.build().map_err(wrong)
}
