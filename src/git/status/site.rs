//! A worktree as a place to ask git at, before more is known of it.
//! Must not know: what the answer is kept for.

use std::path::PathBuf;

use super::{Answer, complaint, parse};
use crate::git::config::Config;
use crate::git::error::Error;
use crate::git::program::{Call, Git, Output};
use crate::git::repository::{Repository, option};
use crate::git::worktrees::Worktree;

/// What git is asked about a whole worktree.
const QUESTION: [&str; 5] =
    ["--porcelain=v2", "-z", "--untracked-files=all", "--no-renames", "--ignore-submodules=dirty"];

/// The files of an index of up to so many bytes, some twenty thousand, are looked at by one thread of git: more save it a
/// millisecond or two, and keep the processors from all that is done beside.
const SMALL_INDEX: u64 = 2 << 20;

/// Where a worktree lies, and git as it is configured there.
#[derive(Clone, Debug)]
pub(super) struct Site {
    git: Git,
    pub(super) top: PathBuf,
    pub(super) git_dir: PathBuf,
    /// Whether git takes names for equal that are not.
    pub(super) folds_names: bool,
}

impl Site {
    pub(super) fn of(repository: &Repository, worktree: &Worktree) -> Result<Self, Error> {
        let git = worktree.git(repository)?;
        let config = worktree.config(repository)?;
        Ok(Self {
            git,
            top: worktree.path.clone(),
            git_dir: worktree.git_dir.clone(),
            folds_names: folds_names(&config),
        })
    }

    /// The asking worktree; `None` where there is none, or where it must be looked at to know how it is configured.
    pub(super) fn here(repository: &Repository) -> Option<Self> {
        if repository.config.differs_by_worktree() {
            return None;
        }
        let top = repository.worktree.clone()?;
        let (git, git_dir) = (repository.git.clone(), repository.git_dir.clone());
        Some(Self { git, top, git_dir, folds_names: folds_names(&repository.config) })
    }

    pub(super) fn index(&self) -> PathBuf {
        self.git_dir.join("index")
    }

    pub(super) fn check_index(&self, worktree: &Worktree) -> Result<(), Error> {
        if worktree.head.is_some() && !self.index().exists() {
            return Err(Error::Repository("it has no index: nothing is checked out there yet".into()));
        }
        Ok(())
    }

    /// Begins a call of git about this worktree, without looking for a repository around it.
    pub(super) fn call(&self, subcommand: &str) -> Call {
        self.call_of(&self.git, subcommand)
    }

    /// Git's question about the whole worktree.
    pub(super) fn question(&self) -> Call {
        let index = self.index().metadata();
        let is_small = index.is_ok_and(|index| index.len() <= SMALL_INDEX);
        // Few files are looked at one after another.
        let call = if is_small {
            self.call_of(&self.git.overriding("core.preloadIndex=false"), "status")
        } else {
            self.call("status")
        };
        call.args(QUESTION)
    }

    /// The same, and what is ignored: files, and folders of which nothing else is.
    pub(super) fn question_with_ignored(&self) -> Call {
        self.question().arg("--ignored=matching")
    }

    pub(super) fn answered(&self, output: &Output) -> Result<Answer, Error> {
        if output.code != 0 {
            return Err(output.failed("status".into(), self.top.clone()));
        }
        let answer = parse(&output.stdout)?;
        Ok(Answer { partial: complaint(output, &self.top), ..answer })
    }

    fn call_of(&self, git: &Git, subcommand: &str) -> Call {
        let place = [option("--git-dir=", &self.git_dir), option("--work-tree=", &self.top)];
        git.call_with(&self.top, &place, subcommand)
    }
}

fn folds_names(config: &Config) -> bool {
    ["core.ignoreCase", "core.precomposeUnicode"].iter().any(|name| config.boolean(name) == Some(true))
}
