//! A throwaway place with its own HOME and a git that sees no configuration but the repository's.

#![expect(clippy::disallowed_methods, reason = "tests find git through the PATH they are started with")]

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::process::{Command, Output};

use coord::domain::id::{Identity, ObjectId};
use coord::domain::path::RepoPath;
use coord::domain::working_set::Layer;
use coord::git::Git;
use coord::git::objects::Objects;
use coord::git::refs;
use coord::git::repository::{self, Repository};
use coord::git::snapshot::{self, Interest, Snapshot};
use coord::git::status::{self, Status};
use coord::git::target::LOOKED_AT;
use coord::git::tree;
use coord::git::worktrees::{self, Worktree};

pub(crate) struct Sandbox {
    _dir: tempfile::TempDir,
    pub(crate) top: PathBuf,
}

fn told(repository: &Repository) -> Option<Vec<Worktree>> {
    worktrees::in_files(repository, &refs::in_files(repository, LOOKED_AT)?)
}

impl Sandbox {
    /// An empty place.
    pub(crate) fn new() -> Self {
        let dir = tempfile::tempdir().expect("a temporary folder");
        let top = dir.path().canonicalize().expect("it is there");
        fs::create_dir(top.join("home")).expect("made");
        Self { _dir: dir, top }
    }

    /// A repository `main` with one commit of `a`, `b` and `dir/c`.
    pub(crate) fn with_repository() -> Self {
        Self::with_repository_of(&[])
    }

    pub(crate) fn with_repository_of(options: &[&str]) -> Self {
        let sandbox = Self::new();
        let arguments = [&["init", "-q", "-b", "main"], options, &["main"]].concat();
        sandbox.git("", &arguments);
        sandbox.write("main/a", "1\n2\n3\n");
        sandbox.write("main/b", "b\n");
        sandbox.write("main/dir/c", "c\n");
        sandbox.commit("main", "first");
        sandbox
    }

    pub(crate) fn path(&self, below: &str) -> PathBuf {
        self.top.join(below)
    }

    pub(crate) fn write(&self, below: &str, text: &str) {
        self.write_bytes(below.as_bytes(), text.as_bytes());
    }

    pub(crate) fn write_bytes(&self, below: &[u8], bytes: &[u8]) {
        let path = self.top.join(OsStr::from_bytes(below));
        fs::create_dir_all(path.parent().expect("a folder")).expect("made");
        fs::write(path, bytes).expect("written");
    }

    pub(crate) fn command(&self, dir: &str, arguments: &[&str]) -> Command {
        let mut command = Command::new("git");
        command.env_clear().env("PATH", std::env::var_os("PATH").expect("PATH is set")).current_dir(self.path(dir));
        command.env("HOME", self.path("home")).env("GIT_CONFIG_NOSYSTEM", "1").env("GIT_CONFIG_GLOBAL", "/dev/null");
        for role in ["AUTHOR", "COMMITTER"] {
            command.env(format!("GIT_{role}_NAME"), "Ada").env(format!("GIT_{role}_EMAIL"), "ada@example.org");
        }
        // What is committed is work of now; only what a test builds by hand is old.
        if arguments.first() == Some(&"commit-tree") {
            command.env("GIT_AUTHOR_DATE", "1700000000 +0000").env("GIT_COMMITTER_DATE", "1700000000 +0000");
        }
        command.args(arguments);
        command
    }

    /// Runs git and expects it to succeed.
    pub(crate) fn git(&self, dir: &str, arguments: &[&str]) -> String {
        let output = self.try_git(dir, arguments);
        let error = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "git {arguments:?} in {dir}: {error}");
        String::from_utf8_lossy(&output.stdout).trim_end().to_owned()
    }

    pub(crate) fn try_git(&self, dir: &str, arguments: &[&str]) -> Output {
        self.command(dir, arguments).output().expect("git starts")
    }

    /// Commits everything that lies there.
    pub(crate) fn commit(&self, dir: &str, message: &str) -> ObjectId {
        self.git(dir, &["add", "-A"]);
        self.git(dir, &["commit", "-q", "--allow-empty", "-m", message]);
        self.id(dir, "HEAD")
    }

    pub(crate) fn id(&self, dir: &str, name: &str) -> ObjectId {
        ObjectId::from_hex(self.git(dir, &["rev-parse", name]).as_bytes()).expect("an id")
    }

    /// Configures programs and hooks wherever git would start one; each leaves the marker that is given. A worktree `feat`
    /// lies beside the main one.
    pub(crate) fn arm(&self) -> PathBuf {
        let marker = self.path("marker");
        let evil = |what: &str| format!("echo {what} >>'{}'; cat", marker.display());
        self.write("main/.gitattributes", "* filter=evil merge=evil diff=evil\n");
        self.commit("main", "attributes");
        self.git("main", &["worktree", "add", "-q", "../feat"]);
        for key in [
            "core.fsmonitor",
            "filter.evil.clean",
            "filter.evil.smudge",
            "filter.evil.process",
            "filter.e=q.clean",
            "merge.evil.driver",
            "diff.evil.command",
            "diff.evil.textconv",
            "diff.external",
            "core.pager",
            "core.editor",
            "core.sshCommand",
            "core.alternateRefsCommand",
            "credential.helper",
        ] {
            self.git("main", &["config", key, &evil(key)]);
        }
        self.git("main", &["config", "filter.evil.required", "true"]);
        self.git("main", &["config", "hook.evil.command", &evil("hook.evil")]);
        self.git("main", &["config", "hook.evil.event", "post-index-change"]);
        for hook in ["post-index-change", "reference-transaction", "post-checkout", "pre-commit"] {
            let file = format!("main/.git/hooks/{hook}");
            self.write(&file, &format!("#!/bin/sh\n{}", evil(hook)));
            fs::set_permissions(self.path(&file), fs::Permissions::from_mode(0o755)).expect("set");
        }
        marker
    }

    pub(crate) fn open(&self, dir: &str) -> Repository {
        self.try_open(dir).expect("a repository")
    }

    pub(crate) fn try_open(&self, dir: &str) -> Result<Repository, coord::git::Error> {
        repository::open(&found_git(), &self.path(dir), None)
    }

    /// All worktrees as git lists them; where files tell them, they say the same.
    pub(crate) fn worktrees(&self, dir: &str) -> Vec<Worktree> {
        let repository = self.open(dir);
        let listed = worktrees::list(&repository).expect("worktrees");
        if let Some(told) = told(&repository) {
            assert_eq!(told, listed);
        }
        listed
    }

    /// Whether files tell the worktrees, and the same as git.
    pub(crate) fn are_told(&self, dir: &str) -> bool {
        self.worktrees(dir);
        told(&self.open(dir)).is_some()
    }

    /// The worktree that `dir` is the top of.
    pub(crate) fn worktree(&self, dir: &str) -> Worktree {
        let path = self.path(dir);
        self.worktrees("main").into_iter().find(|worktree| worktree.path == path).expect("it is listed")
    }

    pub(crate) fn status(&self, dir: &str) -> Status {
        self.try_status(dir).expect("a status")
    }

    pub(crate) fn try_status(&self, dir: &str) -> Result<Status, coord::git::Error> {
        status::read(&self.open("main"), &self.worktree(dir))
    }

    /// The paths of a status, with their layers.
    pub(crate) fn changed(&self, dir: &str) -> BTreeMap<String, Vec<&'static str>> {
        let entries = self.status(dir).entries.into_iter();
        entries.map(|(path, entry)| (shown(&path), entry.layers().map(Layer::name).collect())).collect()
    }

    /// The worktree as it lies: the snapshot, and its files by path with mode and text.
    pub(crate) fn snapshot(&self, dir: &str) -> (Snapshot, BTreeMap<String, (u32, String)>) {
        let (repository, worktree) = (self.open("main"), self.worktree(dir));
        let objects = Objects::open(&repository.store).expect("objects");
        let status = status::read(&repository, &worktree).expect("a status");
        let snapshot = snapshot::take(&objects, &repository, &worktree, &status, &Interest::All).expect("a snapshot");
        let files = snapshot.commit.map(|commit| files(&objects, commit)).unwrap_or_default();
        (snapshot, files)
    }

    /// The same, looking only at some paths.
    pub(crate) fn snapshot_of(&self, dir: &str, paths: &[&str]) -> (Option<ObjectId>, BTreeMap<String, (u32, String)>) {
        let (repository, worktree) = (self.open("main"), self.worktree(dir));
        let objects = Objects::open(&repository.store).expect("objects");
        let only = paths.iter().map(|path| RepoPath::new(*path).expect("valid")).collect();
        let commit = snapshot::paths(&objects, &repository, &worktree, &only).expect("a snapshot");
        let files = commit.map(|commit| files(&objects, commit)).unwrap_or_default();
        (commit, files)
    }
}

/// The git that coord uses, as it finds it.
pub(crate) fn found_git() -> Git {
    Git::find(std::env::var_os("PATH").as_deref()).expect("git is on PATH")
}

pub(crate) fn linked(id: &str) -> Identity {
    Identity::Worktree(id.as_bytes().into())
}

pub(crate) fn shown(path: &RepoPath) -> String {
    path.as_bytes().escape_ascii().to_string()
}

fn files(objects: &Objects, commit: ObjectId) -> BTreeMap<String, (u32, String)> {
    let tree = objects.commit(commit).expect("a commit").tree;
    let entries = tree::diff(objects, None, Some(tree)).expect("a tree").into_iter();
    let text = |entry: tree::Entry| match entry.mode {
        0o160_000 => entry.id.to_string(),
        _ => String::from_utf8_lossy(&objects.read(entry.id).expect("a blob").data).into_owned(),
    };
    entries.filter_map(|change| change.after.map(|after| (shown(&change.path), (after.mode, text(after))))).collect()
}
