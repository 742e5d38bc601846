//! What every use case asks git first, all at once: the worktrees, the branches, and in a hook what is staged.
//! Must not know: what is made of it.

use std::thread;

use super::intents::{self, Seen};
use crate::domain::id::ObjectId;
use crate::domain::time::Timestamp;
use crate::git::refs::{self, Names};
use crate::git::repository::{Repository, joined};
use crate::git::tree::TreeChange;
use crate::git::worktrees::{self, Worktree};
use crate::git::{status, target};
use crate::store::Store;

/// How things stood in one moment. What could not be read is missing; who needs it asks again, and meets the error.
#[derive(Debug)]
pub struct FirstLook {
    /// The commits that others made in that moment, read before all else: one that is finished meanwhile is then seen
    /// twice, never not at all.
    pub seen: Result<Seen, String>,
    /// Every worktree.
    pub worktrees: Option<Vec<Worktree>>,
    /// Every local branch, and origin's HEAD.
    pub branches: Option<Names>,
    /// What is staged, where that was asked for.
    pub staged: Option<Staged>,
}

/// The changes that the commit in the making would bring.
#[derive(Debug)]
pub struct Staged {
    /// What they were compared with.
    pub head: Option<ObjectId>,
    /// The changes.
    pub changes: Vec<TreeChange>,
}

impl FirstLook {
    /// Takes one. `staged` asks for what is staged too, and is for hooks.
    #[must_use]
    pub fn take(repository: &Repository, store: &Store, now: Timestamp, staged: bool) -> Self {
        let seen = intents::look(store, now).map_err(|error| error.to_string());
        thread::scope(|scope| {
            let worktrees = scope.spawn(|| worktrees::list(repository).ok());
            let staged = scope.spawn(|| staged.then(|| read_staged(repository)).flatten());
            let branches = refs::names(repository, target::LOOKED_AT).ok();
            Self { seen, branches, worktrees: joined(worktrees.join()), staged: joined(staged.join()) }
        })
    }
}

fn read_staged(repository: &Repository) -> Option<Staged> {
    let (index, head) = (repository.index_file.as_deref(), repository.head);
    Some(Staged { head, changes: status::staged(repository, index, head).ok()? })
}
