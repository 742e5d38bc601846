//! An intent: a commit that was let through and is being made right now.
//! Must not know: where intents are kept, how a process is looked up.

use super::id::{Identity, ObjectId, RefName};
use super::path::RepoPath;
use super::process::{Liveness, ProcessId};
use super::time::{STALE_AFTER, Timestamp};

/// What a `git commit` is about to make. It counts as committed while that process lives.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Intent {
    /// Whose commit it is.
    pub identity: Identity,
    /// The short name that people see.
    pub label: String,
    /// The tree that was judged.
    pub tree: ObjectId,
    /// HEAD when it was judged; `None` for the first commit.
    pub parent: Option<ObjectId>,
    /// The other parents, where a merge is being made.
    pub merged: Vec<ObjectId>,
    /// The branch that HEAD was on; `None` when detached.
    pub head: Option<RefName>,
    /// The paths that the commit changes against `parent`, sorted.
    pub paths: Vec<RepoPath>,
    /// The `git commit` (or `git merge`) itself.
    pub process: ProcessId,
    /// When it was judged.
    pub at: Timestamp,
}

impl Intent {
    /// Whether it still counts: while its process lives, or, where that cannot be told, for [`STALE_AFTER`].
    #[must_use]
    pub fn counts(&self, liveness: Liveness, now: Timestamp) -> bool {
        match liveness {
            Liveness::Alive => true,
            Liveness::Dead => false,
            Liveness::Unknown => now.since(self.at) < STALE_AFTER && self.at.since(now) < STALE_AFTER,
        }
    }
}
