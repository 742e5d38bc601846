//! An alert: somebody's new work conflicts with another's, and the other should hear of it too.
//! Must not know: how it is delivered.

use super::id::Identity;
use super::path::RepoPath;
use super::time::{Seconds, Timestamp};

/// An alert is of no use later: the work has changed, or everybody knows. A day.
pub const LASTS: Seconds = Seconds(24 * 3600);

/// One conflict, told to the one who did not cause it.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Alert {
    /// Who should hear it.
    pub to: Identity,
    /// Whose new work it is.
    pub from: Identity,
    /// Their short name.
    pub label: String,
    /// Where.
    pub path: RepoPath,
    /// Whether their work is committed.
    pub committed: bool,
    /// Since when; a later alert of the same conflict leaves it as it was.
    pub at: Timestamp,
}
