//! Finding the repository that a command was started in, and a git that reads it without running anything.
//! Must not know: what its worktrees hold, coord's own files and settings.

use std::ffi::{OsStr, OsString};
use std::io;
use std::path::{Path, PathBuf};
use std::thread;

use super::config::{self, Config};
use super::error::Error;
use super::names;
use super::objects::{ObjectFormat, ObjectStore, Objects};
use super::program::{Call, Git, Output};
use super::view::View;
use crate::domain::id::Identity;
use crate::domain::path::RepoPath;

/// The oldest git that can be relied on: the first with `merge-tree --write-tree`.
const OLDEST: (u32, u32) = (2, 38);

/// Asks `git rev-parse` where refs are. A git before 2.44 does not know it.
const REF_FORMAT: &str = "--show-ref-format";

/// Ends a path in the answer of `git rev-parse`, which echoes options that it does not know.
const END_OF_PATH: &str = "--coord-end-of-path";

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

/// What `git rev-parse` tells about the place.
struct Place {
    common_dir: PathBuf,
    git_dir: PathBuf,
    format: ObjectFormat,
    /// Where refs are, in git's word; `None` where git is too old to say so.
    refs: Option<Vec<u8>>,
    bare: bool,
    shallow: bool,
    worktree: Option<PathBuf>,
}

/// Finds the repository around `cwd`, or the one that git named to the hook. Two calls, side by side, and a third of a git
/// that is not young.
///
/// # Errors
/// Where there is none, where git refuses to read it, or where git is too old.
pub fn open(git: &Git, cwd: &Path, hook: Option<&HookEnv>) -> Result<Repository, Error> {
    open_as_configured(git, cwd, hook, None)
}

/// As [`open`], with the settings that the user gave to this one command of git (`git -c`, GIT_CONFIG_PARAMETERS).
///
/// # Errors
/// As [`open`].
pub fn open_as_configured(
    git: &Git,
    cwd: &Path,
    hook: Option<&HookEnv>,
    parameters: Option<&OsStr>,
) -> Result<Repository, Error> {
    if !cwd.is_dir() {
        let source = io::Error::from(io::ErrorKind::NotFound);
        return Err(Error::File { operation: "enter the folder", path: cwd.to_owned(), source });
    }
    let git_dir = hook.and_then(|hook| hook.git_dir.as_deref());
    let options: Vec<OsString> = git_dir.iter().map(|dir| option("--git-dir=", dir)).collect();
    let (place, config) = thread::scope(|scope| {
        let config = scope.spawn(|| config::read(git, cwd, &options, parameters));
        (locate(git, cwd, &options), joined(config.join()))
    });
    let is_young = place.as_ref().is_ok_and(|place| place.refs.is_some());
    if hook.is_none() && !is_young {
        check_version(git, cwd)?;
    }
    let mut repository = assemble(git, place?, config?);
    repository.index_file = hook.and_then(|hook| hook.index_file.clone());
    Ok(repository)
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

fn locate(git: &Git, cwd: &Path, options: &[OsString]) -> Result<Place, Error> {
    let output = git
        .call_with(cwd, options, "rev-parse")
        .args(["--path-format=absolute", "--show-object-format", REF_FORMAT])
        .args(["--is-bare-repository", "--is-shallow-repository"])
        .args(["--git-common-dir", END_OF_PATH, "--git-dir", END_OF_PATH, "--show-toplevel", END_OF_PATH])
        .output()?;
    parse_place(&output.stdout).ok_or_else(|| refusal(&output, cwd))
}

/// Reads the answer; the last path is missing where there is no worktree, and then the call fails after the others.
fn parse_place(answer: &[u8]) -> Option<Place> {
    let mut lines = answer.splitn(5, |&b| b == b'\n');
    let format = match lines.next()? {
        b"sha1" => ObjectFormat::Sha1,
        b"sha256" => ObjectFormat::Sha256,
        _ => return None,
    };
    let refs = Some(lines.next()?).filter(|word| *word != REF_FORMAT.as_bytes()).map(<[u8]>::to_vec);
    let (bare, shallow) = (lines.next()? == b"true", lines.next()? == b"true");
    let end = format!("\n{END_OF_PATH}\n");
    let mut rest = lines.next()?;
    let mut path = || {
        let at = rest.windows(end.len()).position(|window| window == end.as_bytes())?;
        let path = names::to_path(&rest[..at]);
        rest = &rest[at + end.len()..];
        Some(path)
    };
    Some(Place { format, refs, bare, shallow, common_dir: path()?, git_dir: path()?, worktree: path() })
}

/// What git's refusal means for the user.
fn refusal(output: &Output, cwd: &Path) -> Error {
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    let lines: Vec<&str> = text.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    let fatal = lines.iter().position(|line| line.starts_with("fatal: ")).unwrap_or(0);
    let advice = lines.iter().find(|line| line.starts_with("git config")).map(|line| (*line).to_owned());
    let said = lines.get(fatal..).unwrap_or_default().iter().filter(|line| !line.starts_with("git config"));
    let message = said.map(|line| line.strip_prefix("fatal: ").unwrap_or(line)).collect::<Vec<_>>().join(" ");
    if message.starts_with("not a git repository") {
        return Error::NotARepository { dir: cwd.to_owned() };
    }
    if message.is_empty() {
        return Error::Answer { operation: "rev-parse".into(), what: "it has not the lines asked for".into() };
    }
    Error::Refused { message, advice }
}

fn check_version(git: &Git, cwd: &Path) -> Result<(), Error> {
    let answer = git.call(cwd, "version").read()?;
    let text = String::from_utf8_lossy(&answer).trim().to_owned();
    match version(&text) {
        Some(found) if found < OLDEST => Err(Error::TooOld { version: text }),
        // A version that cannot be read is newer than the form known here.
        _ => Ok(()),
    }
}

fn version(text: &str) -> Option<(u32, u32)> {
    let mut numbers = text.strip_prefix("git version ")?.split('.').map(str::parse);
    Some((numbers.next()?.ok()?, numbers.next()?.ok()?))
}

impl Repository {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_may_hold_anything_but_the_end_mark() {
        let answer =
            format!("sha256\nreftable\nfalse\ntrue\n/a\nsha1\n{END_OF_PATH}\n/b\n\n{END_OF_PATH}\n/t\n{END_OF_PATH}\n");
        let place = parse_place(answer.as_bytes()).expect("complete");
        assert_eq!(place.common_dir, Path::new("/a\nsha1"));
        assert_eq!(place.git_dir, Path::new("/b\n"));
        assert_eq!(place.worktree.as_deref(), Some(Path::new("/t")));
        assert!(place.shallow && !place.bare && place.format == ObjectFormat::Sha256);
        assert_eq!(place.refs.as_deref(), Some(&b"reftable"[..]));
    }

    #[test]
    fn a_bare_repository_has_no_worktree() {
        let answer = format!("sha1\n{REF_FORMAT}\ntrue\nfalse\n/a\n{END_OF_PATH}\n/a\n{END_OF_PATH}\n");
        let place = parse_place(answer.as_bytes()).expect("complete");
        assert_eq!((place.worktree, place.refs), (None, None));
        assert!(parse_place(b"").is_none());
    }

    #[test]
    fn versions_of_every_vendor_are_read() {
        assert_eq!(version("git version 2.47.3"), Some((2, 47)));
        assert_eq!(version("git version 2.39.5 (Apple Git-154)"), Some((2, 39)));
        assert_eq!(version("git version 2.45.1.windows.1"), Some((2, 45)));
        assert_eq!(version("else"), None);
    }
}
