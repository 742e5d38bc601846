//! The working set: what one instance changed since its fork point, path by path, and in which layer.
//! Must not know: how git was asked, any other instance.

use std::collections::{BTreeMap, BTreeSet};

use super::lazy::Lazy;
use super::path::RepoPath;

/// Where a change lies, from the safest to the most fleeting.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Layer {
    /// In a commit between the fork point and the tip.
    Committed,
    /// In the index.
    Staged,
    /// In a tracked file of the worktree.
    Unstaged,
    /// A file that git does not track and does not ignore.
    Untracked,
}

impl Layer {
    /// The layer's name in JSON and in messages; part of the interface, never changed.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Committed => "committed",
            Self::Staged => "staged",
            Self::Unstaged => "unstaged",
            Self::Untracked => "untracked",
        }
    }
}

/// What became of the path between the fork point and the tree as it lies.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Status {
    /// It is new.
    Added,
    /// Its content or mode changed.
    Modified,
    /// It is gone.
    Deleted,
    /// It came from another path of the working set (`Change::from`).
    Renamed,
    /// It is of another type now: file, link, submodule.
    TypeChanged,
    /// The index holds unmerged stages of it.
    Unmerged,
}

impl Status {
    /// The status's name in JSON and in messages; part of the interface, never changed.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Added => "added",
            Self::Modified => "modified",
            Self::Deleted => "deleted",
            Self::Renamed => "renamed",
            Self::TypeChanged => "type changed",
            Self::Unmerged => "unmerged",
        }
    }
}

/// What an instance did to one path.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Change {
    /// In which layers the path differs. Never empty.
    pub layers: BTreeSet<Layer>,
    /// What became of it in all.
    pub status: Status,
    /// The old name; only for [`Status::Renamed`]. The old name is in the working set too, as deleted.
    pub from: Option<RepoPath>,
}

impl Change {
    /// Whether any part of it is not committed yet.
    #[must_use]
    pub fn is_uncommitted(&self) -> bool {
        self.layers.iter().any(|&layer| layer != Layer::Committed)
    }
}

/// Everything one instance changed, by path.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct WorkingSet {
    /// The changes, sorted by path.
    pub changes: Lazy<BTreeMap<RepoPath, Change>>,
    /// Lines added in all, where they were counted.
    pub added_lines: Option<u32>,
    /// Lines deleted in all, where they were counted.
    pub deleted_lines: Option<u32>,
}

impl WorkingSet {
    /// Whether nothing was changed.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.changes.is_empty()
    }

    /// Whether any path holds work that is not committed.
    #[must_use]
    pub fn is_dirty(&self) -> bool {
        self.changes.values().any(Change::is_uncommitted)
    }
}
