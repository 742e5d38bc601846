//! Finding the repository that a command was started in, and a git that reads it without running anything.
//! Must not know: what its worktrees hold, coord's own files and settings.

use std::ffi::{OsStr, OsString};
use std::io;
use std::path::{Path, PathBuf};
use std::thread;

use super::config::{self, Config};
use super::error::Error;
use super::names;
use super::objects::{ObjectStore, Objects};
use super::opening::Answers;
use super::program::{Call, Git};
use super::view::View;
use crate::domain::id::Identity;
use crate::domain::path::RepoPath;
use place::Place;

mod place;

pub(super) use place::{END_OF_PATH, is_young};

/// What git hands to a hook about the commit in the making.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct HookEnv {
    /// GIT_DIR, absolute.
    pub git_dir: Option<PathBuf>,
    /// GIT_INDEX_FILE, absolute: often not the worktree's own index.
    pub index_file: Option<PathBuf>,
}

/// Paths of coord's own, which are in nobody's working set.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct OwnPaths {
    /// Folders, left out whole.
    pub folders: Vec<RepoPath>,
    /// Files, left out while they are not tracked.
    pub untracked: Vec<RepoPath>,
}

/// A repository, as seen from the worktree that the command was started in.
#[derive(Clone, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "they are independent facts")]
pub struct Repository {
    /// The git dir that all worktrees share.
    pub common_dir: PathBuf,
    /// The git dir of the asking worktree.
    pub git_dir: PathBuf,
    /// The top of the asking worktree; `None` in a bare repository or inside a git dir.
    pub worktree: Option<PathBuf>,
    /// The top of the main worktree; `None` where there is none, or where git does not record its place.
    pub main_worktree: Option<PathBuf>,
    /// Whether there is no main worktree.
    pub bare: bool,
    /// Where its objects are.
    pub store: ObjectStore,
    /// The git that reads it, with every program that the configuration names disarmed.
    pub git: Git,
    /// The asking worktree.
    pub here: Option<Identity>,
    /// The index of the commit in the making, in a hook.
    pub index_file: Option<PathBuf>,
    /// Whether history is cut off.
    pub shallow: bool,
    /// Whether objects may be missing on purpose.
    pub partial: bool,
    /// Whether its refs lie in files that are theirs alone.
    pub refs_in_files: bool,
    /// Its configuration.
    pub config: Config,
    /// What is left out of every working set.
    pub own_paths: OwnPaths,
    /// Where objects lie that were fetched for coord alone, if any were.
    pub fetched: Option<PathBuf>,
}

/// Finds the repository around `cwd`, or the one that git named to the hook.
///
/// # Errors
/// Where there is none, where git refuses to read it, or where git is too old.
pub fn open(git: &Git, cwd: &Path, hook: Option<&HookEnv>) -> Result<Repository, Error> {
    Repository::answered(git, &ask(git, cwd, hook, None)?, hook, None)
}

/// Asks git where the repository lies that [`open`] would find, and how it is configured, with the settings that the user
/// gave to this one command of git (`git -c`, GIT_CONFIG_PARAMETERS). Two calls, side by side, and a third of a git that is
/// not young.
///
/// # Errors
/// As [`open`].
pub fn ask(git: &Git, cwd: &Path, hook: Option<&HookEnv>, parameters: Option<&OsStr>) -> Result<Answers, Error> {
    if !cwd.is_dir() {
        let source = io::Error::from(io::ErrorKind::NotFound);
        return Err(Error::File { operation: "enter the folder", path: cwd.to_owned(), source });
    }
    let git_dir = hook.and_then(|hook| hook.git_dir.as_deref());
    let options: Vec<OsString> = git_dir.iter().map(|dir| option("--git-dir=", dir)).collect();
    let (place, config) = thread::scope(|scope| {
        let config = scope.spawn(|| config::ask(git, cwd, &options, parameters));
        (place::ask(git, cwd, &options), joined(config.join()))
    });
    if hook.is_none() && !place.as_ref().is_ok_and(|place| is_young(place)) {
        place::check_version(git, cwd)?;
    }
    Ok(Answers { place: place?, config: config? })
}

/// What a thread gave; a panic in it goes on as one here.
pub(crate) fn joined<T>(result: thread::Result<T>) -> T {
    result.unwrap_or_else(|panic| std::panic::resume_unwind(panic))
}

/// An option and its value in one word, whatever bytes the value holds.
pub(crate) fn option(name: &str, value: &Path) -> OsString {
    let mut word = OsString::from(name);
    word.push(value);
    word
}

fn assemble(git: &Git, place: Place, config: Config) -> Repository {
    let in_main = place.git_dir == place.common_dir;
    let configured_bare = config.boolean("core.bare") == Some(true);
    let bare = place.bare || configured_bare && !(in_main && place.worktree.is_some());
    let main_worktree = if bare { None } else { main_worktree(&place, &config, in_main) };
    let linked = || place.git_dir.file_name().map(|id| Identity::Worktree(names::to_bytes(Path::new(id)).into()));
    let here = place.worktree.as_ref().and_then(|_| if in_main { Some(Identity::MainWorktree) } else { linked() });
    Repository {
        store: ObjectStore { objects_dir: place.common_dir.join("objects"), format: place.format },
        git: disarm(git, &config),
        partial: config.is_partial(),
        refs_in_files: match &place.refs {
            Some(word) => word == b"files",
            None => config.value("extensions.refStorage").is_none(),
        },
        shallow: place.shallow,
        index_file: None,
        own_paths: OwnPaths::default(),
        fetched: None,
        common_dir: place.common_dir,
        git_dir: place.git_dir,
        worktree: place.worktree,
        main_worktree,
        bare,
        here,
        config,
    }
}

fn main_worktree(place: &Place, config: &Config, in_main: bool) -> Option<PathBuf> {
    if let (true, Some(top)) = (in_main, &place.worktree) {
        return Some(top.clone());
    }
    if let Some(top) = config.bytes("core.worktree") {
        let top = place.common_dir.join(names::to_path(top));
        return Some(top.canonicalize().unwrap_or(top));
    }
    let parent = place.common_dir.parent()?;
    (place.common_dir.file_name()? == ".git").then(|| parent.to_owned())
}

/// A git that starts no program that `config` names.
pub(crate) fn disarm(git: &Git, config: &Config) -> Git {
    config
        .disarming()
        .into_iter()
        .fold(git.clone(), |git, (key, value)| git.overriding_value(names::to_path(&key).into_os_string(), value))
}

impl Repository {
    /// The repository that git gave these answers about, asked as [`ask`] was.
    ///
    /// # Errors
    /// Where an answer is not in the form that is documented.
    pub fn answered(
        git: &Git,
        answers: &Answers,
        hook: Option<&HookEnv>,
        parameters: Option<&OsStr>,
    ) -> Result<Self, Error> {
        let odd = || Error::Answer { operation: "rev-parse".into(), what: "it has not the lines asked for".into() };
        let place = Place::parse(&answers.place).ok_or_else(odd)?;
        let mut repository = assemble(git, place, Config::answered(git, &answers.config, parameters)?);
        repository.index_file = hook.and_then(|hook| hook.index_file.clone());
        Ok(repository)
    }

    /// Opens its objects, history being seen as git sees it: cut off where the clone is shallow, grafted, replaced.
    ///
    /// # Errors
    /// Where they cannot be opened.
    pub fn objects(&self) -> Result<Objects, Error> {
        let objects = Objects::open(&self.store)?.seen_through(View::read(&self.git, &self.common_dir)?);
        match &self.fetched {
            Some(dir) => objects.also_in(dir.clone()),
            None => Ok(objects),
        }
    }

    /// Begins a call about the repository as a whole: refs, worktrees, objects.
    #[must_use]
    pub fn call(&self, subcommand: &str) -> Call {
        self.git.call_with(&self.common_dir, &[option("--git-dir=", &self.common_dir)], subcommand)
    }
}
