//! What every use case looks at first: the worktrees and the branches, in their files, else as git lists them.
//! Must not know: what is made of it.

use std::thread;

use super::intents::{self, Seen};
use crate::domain::time::Timestamp;
use crate::git::refs::{self, Names};
use crate::git::repository::{Repository, joined};
use crate::git::target;
use crate::git::worktrees::{self, Worktree};
use crate::store::Store;

/// How things stood in one moment. What could not be read is missing; who needs it asks again, and meets the error.
#[derive(Debug)]
pub struct FirstLook {
    /// The commits that others made in that moment, read before all else: one that is finished meanwhile is then seen
    /// twice, never not at all. Looked at only before a commit.
    pub seen: Option<Result<Seen, String>>,
    /// Every worktree.
    pub worktrees: Option<Vec<Worktree>>,
    /// Every local branch, and origin's HEAD.
    pub branches: Option<Names>,
}

impl FirstLook {
    /// Takes one; before a commit, at what others commit too.
    #[must_use]
    pub fn take(repository: &Repository, store: &Store, now: Timestamp, commits: bool) -> Self {
        let seen = commits.then(|| intents::look(store, now).map_err(|error| error.to_string()));
        if let Some(branches) = refs::in_files(repository, target::LOOKED_AT) {
            let listed = worktrees::in_files(repository, &branches);
            let worktrees = listed.or_else(|| worktrees::list(repository).ok());
            return Self { seen, branches: Some(branches), worktrees };
        }
        thread::scope(|scope| {
            let worktrees = scope.spawn(|| worktrees::list(repository).ok());
            let branches = refs::names(repository, target::LOOKED_AT).ok();
            Self { seen, branches, worktrees: joined(worktrees.join()) }
        })
    }
}
