//! What git said of worktrees, for whoever looks again and again: only what changed since is asked for anew.
//! Must not know: how changes are noticed, how git is asked.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::domain::id::{Identity, ObjectId};
use crate::domain::path::RepoPath;
use crate::git::status::Status;

/// What git said of worktrees, as long as nothing changed there. Whoever keeps it forgets what did.
#[derive(Debug, Default)]
pub struct Memo(Mutex<BTreeMap<Identity, Kept>>);

/// What is known of one worktree.
#[derive(Clone, Debug)]
pub(super) struct Kept {
    /// The commit that it stood on.
    head: Option<ObjectId>,
    pub(super) status: Status,
    /// What changed since, with all that lies below.
    pub(super) changed: BTreeSet<RepoPath>,
}

impl Memo {
    /// What git said of a worktree on this commit; nothing of one that it could not wholly look at.
    pub(super) fn get(&self, identity: &Identity, head: Option<ObjectId>) -> Option<Kept> {
        let kept = self.lock();
        kept.get(identity).filter(|kept| kept.head == head && kept.status.partial.is_none()).cloned()
    }

    pub(super) fn put(&self, identity: &Identity, head: Option<ObjectId>, status: &Status) {
        let kept = Kept { head, status: status.clone(), changed: BTreeSet::new() };
        self.lock().insert(identity.clone(), kept);
    }

    /// Something changed there.
    pub fn forget(&self, identity: &Identity) {
        self.lock().remove(identity);
    }

    /// Something changed there, at these paths or below them and nowhere else.
    pub fn forget_paths(&self, identity: &Identity, paths: impl IntoIterator<Item = RepoPath>) {
        if let Some(kept) = self.lock().get_mut(identity) {
            kept.changed.extend(paths);
        }
    }

    /// Something changed, nobody knows where.
    pub fn forget_all(&self) {
        self.lock().clear();
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<Identity, Kept>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
