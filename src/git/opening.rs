//! What git answered when a repository was opened, kept for as long as all that it was answered from stands as it stood.
//! Must not know: where it is kept, what the answers say.
//!
//! Git is asked where the repository lies and how it is configured before anything else can be done; that is a tenth of a
//! scan that has little to do. The answers are taken again only where git would give the same: same program, same
//! environment, every file of the configuration and of the place as it was, everything owned by whoever asks (else
//! `safe.directory` has its say). Whatever is not plain (an include, a git behind a script, a folder below the top) is asked.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::fs;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use super::bytes::{Reader, Writer};
use super::names;
use super::program::Git;
use super::repository::{END_OF_PATH, HookEnv, Repository, is_young};
use super::stamp::SETTLED;
use super::var;
use crate::domain::hash::hash;
use crate::domain::id::ObjectId;
use crate::domain::time::Timestamp;
use look::Look;

mod look;

/// Grows with what is asked, and with how answers are kept.
const FORMAT: u8 = 1;

/// Variables of git that no question at an opening depends on, and that differ from call to call.
const OF_NO_ACCOUNT: &[&str] = &[
    "GIT_AUTHOR_",
    "GIT_COMMITTER_",
    "GIT_EDITOR",
    "GIT_SEQUENCE_EDITOR",
    "GIT_REFLOG_ACTION",
    "GIT_ASKPASS",
    "GIT_TRACE",
];

/// Variables beyond git's own by which it finds its configuration, or decides whom it trusts.
const OF_ACCOUNT: &[&str] = &["HOME", "XDG_CONFIG_HOME", "SUDO_UID", "USERPROFILE", "HOMEDRIVE", "HOMEPATH"];

/// Git's answers about one place, as it gave them.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Answers {
    /// Of `git rev-parse`.
    pub(super) place: Vec<u8>,
    /// Of `git config --list`.
    pub(super) config: Vec<u8>,
}

/// Somebody is about to open the repository of a plain place: the top of a worktree.
#[derive(Clone, Debug)]
pub struct Opening {
    /// What the answers are kept under.
    pub key: String,
    /// The git dir that all worktrees share, by the files that say so. Nobody has vouched for it yet.
    pub common_dir: PathBuf,
    git_dir: PathBuf,
    cwd: PathBuf,
    program: PathBuf,
}

impl Opening {
    /// `None` where the place is not plain, or where the caller gave settings to this one command.
    #[must_use]
    pub fn plain(
        git: &Git,
        cwd: &Path,
        hook: Option<&HookEnv>,
        variables: &BTreeMap<OsString, OsString>,
    ) -> Option<Self> {
        if variables.get(OsStr::new("GIT_CONFIG_PARAMETERS")).is_some_and(|value| !value.is_empty()) {
            return None;
        }
        let git_dir = match hook.and_then(|hook| hook.git_dir.clone()) {
            Some(dir) => dir,
            None => git_dir(cwd)?,
        };
        let common_dir = match fs::read(git_dir.join("commondir")) {
            Ok(text) => git_dir.join(names::to_path(text.trim_ascii_end())),
            Err(_) => git_dir.clone(),
        };
        let named = hook.and_then(|hook| hook.git_dir.as_deref());
        Some(Self {
            key: key(git, cwd, named, variables),
            common_dir: common_dir.canonicalize().ok()?,
            git_dir: git_dir.canonicalize().ok()?,
            cwd: cwd.to_owned(),
            program: git.program().to_owned(),
        })
    }

    /// The answers that were kept, where git would give them again.
    #[must_use]
    pub fn recall(&self, kept: &[u8]) -> Option<Answers> {
        let mut from = Reader(kept);
        if from.byte()? != FORMAT {
            return None;
        }
        let is_same = from.bytes()? == self.key.as_bytes();
        let mut files = Vec::new();
        for _ in 0..from.number()? {
            files.push(names::to_path(from.bytes()?));
        }
        let look = from.bytes()?;
        let answers = Answers { place: from.bytes()?.to_vec(), config: from.bytes()?.to_vec() };
        let sum = from.bytes()?;
        let whole = &kept[..kept.len() - sum.len() - 1];
        let holds = is_same && from.0.is_empty() && sum == hash(whole).as_bytes() && self.look(&files)?.told == look;
        holds.then_some(answers)
    }

    /// What is to be kept of the answers that this repository was opened with at `now`; `None` where git might answer
    /// otherwise without anything telling. Asks git twice where its configuration lies.
    #[must_use]
    pub fn keep(&self, repository: &Repository, answers: &Answers, now: Timestamp) -> Option<Vec<u8>> {
        let is_here = repository.common_dir == self.common_dir && repository.git_dir == self.git_dir;
        let config = &repository.config;
        let includes = config.keys("include").chain(config.keys("includeif")).next().is_some();
        // Not all of the older ones tell where their configuration lies.
        if !is_here || includes || !is_young(&answers.place) || self.is_script()? {
            return None;
        }
        // Most often it is told by what is known already that it is too soon.
        let mut files = self.own_files();
        files.extend(config.files().map(|file| self.cwd.join(file)));
        self.settled_look(&files, now)?;
        for name in ["GIT_CONFIG_SYSTEM", "GIT_CONFIG_GLOBAL"] {
            files.extend(var::files(repository.git.call(&self.cwd, "var"), name)?);
        }
        files.sort();
        files.dedup();
        let look = self.settled_look(&files, now)?;
        let mut kept = Writer(vec![FORMAT]);
        kept.bytes(self.key.as_bytes());
        kept.count(files.len());
        for file in &files {
            kept.bytes(&names::to_bytes(file));
        }
        kept.bytes(&look.told);
        kept.bytes(&answers.place);
        kept.bytes(&answers.config);
        let sum = hash(&kept.0);
        kept.bytes(sum.as_bytes());
        Some(kept.0)
    }

    /// Whether git is a script, which may give other answers without being another file.
    fn is_script(&self) -> Option<bool> {
        let mut begin = [0; 2];
        fs::File::open(&self.program).and_then(|mut file| file.read_exact(&mut begin)).ok()?;
        Some(begin == *b"#!")
    }

    /// The files of the configuration that the repository holds, and of the place; perhaps not there.
    fn own_files(&self) -> Vec<PathBuf> {
        let mut files = vec![self.program.clone(), self.cwd.join(".git"), self.git_dir.join("commondir")];
        files.extend(["config", "config.worktree", "shallow"].map(|name| self.common_dir.join(name)));
        files.push(self.git_dir.join("config.worktree"));
        files
    }

    fn settled_look(&self, files: &[PathBuf], now: Timestamp) -> Option<Look> {
        self.look(files).filter(|look| now.since(look.youngest) >= SETTLED)
    }

    fn look(&self, files: &[PathBuf]) -> Option<Look> {
        let head = fs::read(self.git_dir.join("HEAD")).ok()?;
        // Git takes no folder for a repository whose HEAD says something else.
        let is_branch = head.starts_with(b"ref: refs/");
        if !is_branch && ObjectId::from_hex(head.trim_ascii_end()).is_none() {
            return None;
        }
        let (objects, refs) = (self.common_dir.join("objects"), self.common_dir.join("refs"));
        let folders = [&self.cwd, &self.git_dir, &self.common_dir, &objects, &refs];
        look::at(&folders.map(PathBuf::as_path), files)
    }
}

/// The git dir that the `.git` of a folder is, or leads to.
fn git_dir(top: &Path) -> Option<PathBuf> {
    let link = top.join(".git");
    if fs::symlink_metadata(&link).ok()?.is_dir() {
        return Some(link);
    }
    let text = fs::read(&link).ok()?;
    let place = text.strip_prefix(b"gitdir: ")?;
    Some(top.join(names::to_path(place.trim_ascii_end())))
}

/// All of the environment that the answers depend on.
fn key(git: &Git, cwd: &Path, git_dir: Option<&Path>, variables: &BTreeMap<OsString, OsString>) -> String {
    let counts = |name: &str| {
        let of_git = name.starts_with("GIT_") && !OF_NO_ACCOUNT.iter().any(|other| name.starts_with(other));
        (of_git || OF_ACCOUNT.contains(&name)) && !Git::clears(name)
    };
    let counting = variables.iter().filter(|(name, _)| counts(&name.to_string_lossy()));
    let on = (git.program(), cwd, git_dir, counting.collect::<Vec<_>>());
    format!("{FORMAT} {END_OF_PATH} {on:?}")
}
