//! The repository being set up: its worktrees, their places of hooks, and the program that hooks are to call.
//! Must not know: what is put in or taken out.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use crate::env::Env;
use crate::failure::{Failure, Kind};
use crate::git::hooks::configured;
use crate::git::hooks::place::{self, Place};
use crate::git::repository::Repository;
use crate::git::{self, Git, worktrees};

/// The repository being set up, with a git in which only what would start a program is disarmed: what is configured is what
/// is looked for.
pub(crate) struct Site<'a> {
    pub(crate) repository: &'a Repository,
    pub(crate) git: Git,
    /// Whether this git takes hooks from its configuration.
    pub(crate) configurable: bool,
}

impl<'a> Site<'a> {
    pub(crate) fn new(env: &Env, repository: &'a Repository) -> Result<Self, Failure> {
        // The only program that the calls made here would start: they read indexes, and run no hooks.
        let git = Git::find(env.variable("PATH"))?.overriding("core.fsmonitor=false");
        let configurable = configured::is_supported(&git, &repository.common_dir)?;
        Ok(Self { repository, git, configurable })
    }

    pub(crate) fn common_dir(&self) -> &Path {
        &self.repository.common_dir
    }

    /// The place of hooks for the asking worktree.
    pub(crate) fn here(&self) -> Result<Place, git::Error> {
        place::of(&self.git, self.repository.worktree.as_deref(), self.common_dir())
    }

    /// The tops of all worktrees that can be entered, the asking one first.
    pub(crate) fn tops(&self) -> Result<Vec<PathBuf>, git::Error> {
        let mut tops: Vec<PathBuf> = self.repository.worktree.iter().cloned().collect();
        for worktree in worktrees::list(self.repository)? {
            if worktree.path.is_dir() && worktree.path != worktree.git_dir && !tops.contains(&worktree.path) {
                tops.push(worktree.path);
            }
        }
        Ok(tops)
    }

    /// Every folder of hooks that belongs to this repository, as any worktree sees it.
    pub(crate) fn own_folders(&self) -> Result<BTreeSet<PathBuf>, git::Error> {
        let mut found = BTreeSet::new();
        let places = self.tops()?.into_iter().map(|top| place::of(&self.git, Some(&top), self.common_dir()));
        for place in places.chain([self.here()]) {
            if let Place::Own(dir) = place? {
                found.insert(dir);
            }
        }
        Ok(found)
    }
}

/// Where this program lies, as the hooks should name it where PATH does not lead to it: the name on PATH rather than what
/// it links to, as the next release may lie elsewhere.
pub(crate) fn program(env: &Env) -> Result<PathBuf, Failure> {
    let unknown = || Failure::new(Kind::Bug, "the system does not say where this program lies");
    let own = env.program.as_deref().filter(|path| path.is_absolute()).ok_or_else(unknown)?;
    let name = format!("coord{}", std::env::consts::EXE_SUFFIX);
    let beside = own.with_file_name(&name);
    let own = if beside.is_file() { beside } else { own.to_owned() };
    let resolved = own.canonicalize().unwrap_or_else(|_| own.clone());
    let on_path = on_path(env).filter(|found| found.canonicalize().is_ok_and(|found| found == resolved));
    Ok(on_path.unwrap_or(own))
}

/// The `coord` that a hook would find on PATH.
pub(crate) fn on_path(env: &Env) -> Option<PathBuf> {
    let name = format!("coord{}", std::env::consts::EXE_SUFFIX);
    let dirs = env.variable("PATH").into_iter().flat_map(std::env::split_paths);
    dirs.filter(|dir| dir.is_absolute()).map(|dir| dir.join(&name)).find(|file| file.is_file())
}
