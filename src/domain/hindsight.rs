//! What coord would have said of history: which merged work collided while it was open, how early that could be seen, and
//! how often it would have been wrong. Must not know: git, how history was rebuilt.

use super::path::RepoPath;
use super::time::{Seconds, Timestamp};

/// A pair of which coord would have spoken.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Alarm {
    /// What landed first.
    pub first: String,
    /// What was open then, and landed later.
    pub other: String,
    /// Where they conflicted.
    pub paths: Vec<RepoPath>,
    /// When both stood so.
    pub at: Timestamp,
    /// Whether it came true; `None` where that could not be told.
    pub came_true: Option<bool>,
}

/// What looking back came to.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Hindsight {
    /// How far back was looked.
    pub span: Seconds,
    /// Merges into the target in that time: pieces of work whose course can be rebuilt.
    pub merged: u64,
    /// Commits on the target that are no merges: squashed, rebased or made there; what was open is lost with them.
    pub unmerged: u64,
    /// Pairs that were open at the same time.
    pub pairs: u64,
    /// Pairs of which coord would have spoken.
    pub alarms: u64,
    /// Those pairs, in the order of the first ones' merges.
    pub told: Vec<Alarm>,
    /// Those that came true: the later one did not merge, or had to take in the other first.
    pub right: u64,
    /// Those that did not: the later one changed by itself, and merged.
    pub wrong: u64,
    /// Pairs and merges that could not be judged.
    pub unknown: u64,
    /// Merges that git could not have made by itself.
    pub resolved: u64,
    /// Those of them of which coord would have spoken before.
    pub foreseen: u64,
    /// How long before the later merge coord would have spoken, at least; shortest first.
    pub leads: Vec<Seconds>,
}

impl Hindsight {
    /// Of a hundred alarms so many came true; `None` without any.
    #[must_use]
    pub fn precision(&self) -> Option<u64> {
        let told = self.right + self.wrong;
        (told > 0).then(|| self.right * 100 / told)
    }

    /// How early, in the median.
    #[must_use]
    pub fn lead(&self) -> Option<Seconds> {
        self.leads.get(self.leads.len().checked_sub(1)? / 2).copied()
    }
}
