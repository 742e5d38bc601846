//! A whole commit in a throwaway repository with coord's hook alone: one that must pass, one that must be blocked.
//! Must not know: the user's repository beyond its object format, the user's own hooks.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::{finding, from_failure, ok};
use crate::domain::process::scratch_prefix;
use crate::domain::setup::{Finding, Level};
use crate::env::Env;
use crate::failure::{Failure, Kind};
use crate::git::Git;
use crate::git::hooks::{configured, files, shim};
use crate::git::objects::ObjectFormat;
use crate::git::program::{Deadline, Output};
use crate::ops::install::{self, Site};

/// How long all of it may take.
const LIMIT: Duration = Duration::from_secs(60);

/// Set for every call, so that nothing of the person, the machine or the shell decides how the rehearsal goes.
const SURROUNDINGS: &[(&str, &str)] = &[
    ("GIT_CONFIG_GLOBAL", "/dev/null"),
    ("GIT_CONFIG_NOSYSTEM", "1"),
    ("GIT_TEMPLATE_DIR", ""),
    ("GIT_AUTHOR_NAME", "coord doctor"),
    ("GIT_AUTHOR_EMAIL", "doctor@localhost"),
    ("GIT_COMMITTER_NAME", "coord doctor"),
    ("GIT_COMMITTER_EMAIL", "doctor@localhost"),
    ("COORD_FOREGROUND", "1"),
    ("COORD_MODE", "enforce"),
    ("COORD_TARGET", "main"),
    ("COORD_SKIP", ""),
    ("COORD_STRICT", ""),
    ("COORD_DEADLINE", "30s"),
    ("COORD_EXCLUDE", ""),
    ("COORD_WARN_PATHS", ""),
    ("COORD_IGNORE_PATHS", ""),
];

/// Commits twice and tells how it went.
pub(super) fn rehearse(env: &Env, site: &Site<'_>) -> Finding {
    match Stage::set(env, site).and_then(|stage| stage.play()) {
        Ok(finding) => finding,
        Err(failure) => {
            let mut finding = from_failure(Level::Warning, &failure);
            finding.what = format!("a commit could not be tried in a throwaway repository: {}", finding.what);
            finding
        }
    }
}

struct Stage {
    git: Git,
    repository: PathBuf,
    other: PathBuf,
    hooks: String,
    configurable: bool,
    _folder: tempfile::TempDir,
}

impl Stage {
    fn set(env: &Env, site: &Site<'_>) -> Result<Self, Failure> {
        let broken = |error: std::io::Error| Failure::new(Kind::Repository, format!("no temporary folder: {error}"));
        let folder = tempfile::Builder::new()
            .prefix(&format!("{}doctor-", scratch_prefix(std::process::id())))
            .tempdir()
            .map_err(broken)?;
        let top = folder.path().canonicalize().map_err(broken)?;
        let (repository, other) = (top.join("repository"), top.join("other"));
        fs::create_dir(&repository).map_err(broken)?;
        let hooks = format!("core.hooksPath={}", repository.join(".git/hooks").display());
        let git = Git::find(env.variable("PATH"))?.until(Deadline::within(LIMIT));
        let stage = Self { git, repository, other, hooks, configurable: site.configurable, _folder: folder };
        let format = match site.repository.store.format {
            ObjectFormat::Sha1 => "--object-format=sha1",
            ObjectFormat::Sha256 => "--object-format=sha256",
        };
        stage.must(&stage.repository, &["init", "-q", "-b", "main", format, "."])?;
        Self::write(&stage.repository, "shared", "as it was")?;
        stage.must(&stage.repository, &["add", "."])?;
        stage.must(&stage.repository, &["commit", "-q", "-m", "Begin"])?;
        stage.must(&stage.repository, &["switch", "-q", "-c", "mine"])?;
        let other = stage.other.display().to_string();
        stage.must(&stage.repository, &["worktree", "add", "-q", "-b", "theirs", &other, "main"])?;
        stage.hook(&install::program(env)?)?;
        Ok(stage)
    }

    /// coord's hook by the means that this git takes.
    fn hook(&self, program: &Path) -> Result<(), Failure> {
        let common_dir = self.repository.join(".git");
        if self.configurable {
            configured::put(&self.git, &common_dir, "pre-commit", program)?;
        } else {
            let hooks = common_dir.join("hooks");
            files::make_folder(&hooks)?;
            files::put(&hooks, "pre-commit", &shim::block("pre-commit", program))?;
        }
        Ok(())
    }

    fn play(&self) -> Result<Finding, Failure> {
        Self::write(&self.other, "shared", "as they want it")?;
        let passing = self.run(&self.other, &["commit", "-q", "-a", "-m", "Theirs"])?;
        if passing.code != 0 {
            let what =
                format!("in a throwaway repository, a commit without any conflict did not pass{}", first(&passing));
            return Ok(finding(Level::Problem, what, "COORD_SKIP=1 git commit passes coord by"));
        }
        Self::write(&self.repository, "shared", "as I want it")?;
        let blocked = self.run(&self.repository, &["commit", "-q", "-a", "-m", "Mine"])?;
        if blocked.code == 0 {
            let said = first(&blocked);
            let what = format!("in a throwaway repository, a commit that makes a conflict was not blocked{said}");
            return Ok(finding(Level::Problem, what, ""));
        }
        Ok(ok("in a throwaway repository, a commit passed, and one that makes a conflict was blocked"))
    }

    fn write(top: &Path, file: &str, text: &str) -> Result<(), Failure> {
        let path = top.join(file);
        fs::write(&path, format!("{text}\n"))
            .map_err(|error| Failure::new(Kind::Repository, format!("could not write {}: {error}", path.display())))
    }

    fn must(&self, dir: &Path, arguments: &[&str]) -> Result<(), Failure> {
        let output = self.run(dir, arguments)?;
        if output.code == 0 {
            return Ok(());
        }
        Err(output.failed(arguments.first().copied().unwrap_or_default().to_owned(), dir.to_owned()).into())
    }

    fn run(&self, dir: &Path, arguments: &[&str]) -> Result<Output, Failure> {
        let (subcommand, rest) = arguments.split_first().unwrap_or((&"version", &[]));
        let mut call = self.git.call_with(dir, &["-c", &self.hooks], subcommand).args(rest);
        for (name, value) in SURROUNDINGS {
            call = call.env(name, value);
        }
        Ok(call.output()?)
    }
}

/// What was said first, to read on after a colon.
fn first(output: &Output) -> String {
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    text.lines().find(|line| !line.trim().is_empty()).map(|line| format!(": {line}")).unwrap_or_default()
}
