//! A repository in a temporary folder, a home of its own, and a small script in the place of coord.
//! Must not know: what coord ought to do; the tests say that.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs;
use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use coord::domain::setup::{Action, InstallReport, UninstallReport};
use coord::env::Env;
use coord::failure::Failure;
use coord::git::Git;
use coord::git::repository::{self, Repository};
use coord::ops::install::{InstallOptions, install};
use coord::ops::uninstall::{UninstallOptions, uninstall};

/// A repository in a folder whose name is as bad as names get, with a home of its own and a stand-in for coord.
pub(crate) struct World {
    _dir: tempfile::TempDir,
    pub(crate) root: PathBuf,
    pub(crate) git: PathBuf,
}

impl World {
    pub(crate) fn new(git: &Path) -> Self {
        let dir = tempfile::tempdir().expect("a temporary folder");
        let root = dir.path().canonicalize().expect("it exists").join("it's \"a\" $(test) & more");
        let world = Self { _dir: dir, git: git.to_owned(), root };
        for folder in ["repo", "bin", "program", "home"] {
            fs::create_dir_all(world.root.join(folder)).expect("a folder");
        }
        // coord's own calls inherit this process's environment, so the git they find sets a clean one first.
        let quoted = |path: &Path| format!("'{}'", path.display().to_string().replace('\'', r"'\''"));
        let clean = format!(
            "#!/bin/sh\nexport HOME={home} GIT_CONFIG_GLOBAL={home}/.gitconfig GIT_CONFIG_NOSYSTEM=1\nexec {git} \"$@\"\n",
            home = quoted(&world.root.join("home")),
            git = quoted(git)
        );
        executable(&world.root.join("bin/git"), &clean);
        world.coord("cat >>\"$LOG.in\"");
        fs::write(
            world.root.join("home/.gitconfig"),
            "[user]\n\tname = T\n\temail = t@example.com\n[init]\n\tdefaultBranch = main\n[core]\n\tfsync = none\n",
        )
        .expect("written");
        world.git(&["init", "-q", "."]).succeeds();
        world.git(&["commit", "-q", "--allow-empty", "-m", "Begin"]).succeeds();
        world
    }

    pub(crate) fn repo(&self) -> PathBuf {
        self.root.join("repo")
    }

    pub(crate) fn hooks(&self) -> PathBuf {
        self.repo().join(".git/hooks")
    }

    /// Makes the stand-in: it notes how it was called, then does `body`.
    pub(crate) fn coord(&self, body: &str) {
        let text = format!("#!/bin/sh\nLOG=${{0%/*}}/log\necho \"$*\" >>\"$LOG\"\n{body}\n");
        executable(&self.root.join("program/coord"), &text);
    }

    /// What the stand-in was called with since the last look, sorted.
    pub(crate) fn calls(&self) -> Vec<String> {
        let log = self.root.join("program/log");
        let text = fs::read_to_string(&log).unwrap_or_default();
        drop(fs::remove_file(log));
        let mut calls: Vec<String> = text.lines().map(String::from).collect();
        calls.sort();
        calls
    }

    /// What the stand-in read.
    pub(crate) fn input(&self) -> String {
        fs::read_to_string(self.root.join("program/log.in")).unwrap_or_default()
    }

    pub(crate) fn command(&self, dir: &Path) -> Command {
        let mut command = Command::new(&self.git);
        let system = system_path();
        command.current_dir(dir).env_clear().env("PATH", system).env("COORD_FOREGROUND", "1");
        command.env("HOME", self.root.join("home")).env("GIT_CONFIG_NOSYSTEM", "1").stdin(Stdio::null());
        command
    }

    pub(crate) fn git(&self, args: &[&str]) -> Output {
        self.git_in(&self.repo(), args)
    }

    pub(crate) fn git_in(&self, dir: &Path, args: &[&str]) -> Output {
        self.command(dir).args(args).output().expect("git runs")
    }

    pub(crate) fn commit(&self) -> Output {
        self.git(&["commit", "--allow-empty", "-m", "x"])
    }

    pub(crate) fn env(&self) -> Env {
        let path = std::env::join_paths([self.root.join("bin")]).expect("no colon in it");
        Env {
            cwd: Ok(self.repo()),
            variables: BTreeMap::from([(OsString::from("PATH"), path)]),
            stdout_is_terminal: false,
            stderr_is_terminal: false,
            program: Some(self.root.join("program/coord")),
        }
    }

    pub(crate) fn open(&self, dir: &Path) -> Repository {
        let git = Git::find(self.env().variable("PATH")).expect("git is there");
        repository::open(&git, dir, None).expect("a repository")
    }

    pub(crate) fn try_install(&self, options: InstallOptions) -> Result<InstallReport, Failure> {
        install(&self.env(), &self.open(&self.repo()), None, options)
    }

    pub(crate) fn install(&self, options: InstallOptions) -> InstallReport {
        let report = self.try_install(options).expect("installs");
        assert!(report.succeeded(), "{report:?}");
        report
    }

    pub(crate) fn uninstall(&self) -> UninstallReport {
        let report = uninstall(&self.env(), &self.open(&self.repo()), UninstallOptions::default()).expect("uninstalls");
        assert!(report.succeeded(), "{report:?}");
        report
    }

    /// Every file, link and mode of the repository but objects and logs, as text.
    pub(crate) fn snapshot(&self) -> BTreeMap<PathBuf, String> {
        let mut found = BTreeMap::new();
        let mut dirs = vec![self.repo()];
        while let Some(dir) = dirs.pop() {
            for entry in fs::read_dir(&dir).expect("readable") {
                let path = entry.expect("readable").path();
                let meta = fs::symlink_metadata(&path).expect("there");
                let what = if meta.is_symlink() {
                    format!("-> {}", fs::read_link(&path).expect("a link").display())
                } else if meta.is_dir() {
                    if [".git/objects", ".git/logs", ".git/coord"].iter().all(|own| !path.ends_with(own)) {
                        dirs.push(path.clone());
                    }
                    continue;
                } else {
                    format!("{:o} {}", meta.permissions().mode(), fs::read(&path).expect("readable").escape_ascii())
                };
                found.insert(path, what);
            }
        }
        found
    }

    pub(crate) fn action(report: &InstallReport, hook: &str) -> Action {
        report.changes.iter().find(|change| change.hook == hook).expect("the hook is told").action.clone()
    }
}

pub(crate) trait Ended {
    fn succeeds(self) -> String;
    fn fails(self) -> String;
}

impl Ended for Output {
    fn succeeds(self) -> String {
        let text = said(&self);
        assert!(self.status.success(), "{text}");
        text
    }

    fn fails(self) -> String {
        let text = said(&self);
        assert!(!self.status.success(), "it should have failed: {text}");
        text
    }
}

pub(crate) fn said(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

pub(crate) fn executable(path: &Path, text: &str) {
    drop(fs::remove_file(path));
    fs::write(path, text).expect("written");
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).expect("permissions");
}

/// Every git on PATH, and those named in `COORD_TEST_GIT`, with whether it takes hooks from its configuration.
pub(crate) fn gits() -> Vec<(PathBuf, bool)> {
    let var = |name| switch(name).unwrap_or_default();
    let on_path = std::env::split_paths(&var("PATH")).map(|dir| dir.join("git")).collect::<Vec<_>>();
    let mut found: Vec<(PathBuf, String)> = Vec::new();
    for git in on_path.into_iter().chain(std::env::split_paths(&var("COORD_TEST_GIT"))).filter(|git| git.is_file()) {
        let output = Command::new(&git).arg("version").output().expect("git runs");
        let version = String::from_utf8_lossy(&output.stdout).into_owned();
        if !found.iter().any(|(_, known)| *known == version) {
            found.push((git, version));
        }
    }
    let configured = |version: &str| {
        let mut numbers = version.trim_start_matches("git version ").split('.').map(|n| n.parse::<u32>().unwrap_or(0));
        (numbers.next(), numbers.next()) >= (Some(2), Some(54))
    };
    found.into_iter().map(|(git, version)| (git, configured(&version))).collect()
}

/// One world for every git that needs hook files.
pub(crate) fn worlds() -> Vec<World> {
    let found: Vec<World> =
        gits().iter().filter(|(_, configured)| !configured).map(|(git, _)| World::new(git)).collect();
    if found.is_empty() {
        skip("chained hook files: every git on PATH is 2.54 or later");
    }
    found
}

pub(crate) fn skip(what: &str) {
    assert!(switch("COORD_TEST_NO_SKIP").is_none(), "would skip, and COORD_TEST_NO_SKIP is set: {what}");
    writeln!(std::io::stderr(), "SKIPPED: {what}").expect("standard error is open");
}

/// Says that something is not tried because no git on this machine can do it, and none that could be installed.
pub(crate) fn lacks(what: &str) {
    writeln!(std::io::stderr(), "NOT TRIED HERE: {what}").expect("standard error is open");
}

/// A variable of the tests' own environment.
#[expect(clippy::disallowed_methods, reason = "the tests' own switches, and where to find git")]
fn switch(name: &str) -> Option<OsString> {
    std::env::var_os(name).filter(|value| !value.is_empty())
}

pub(crate) fn system_path() -> String {
    switch("PATH").expect("PATH is set").into_string().expect("UTF-8")
}
