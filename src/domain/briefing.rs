//! What an agent is told: who else is at work, what its edit or command would meet, what happened to its work meanwhile.
//! Must not know: how it was found out, how it is worded.

use super::agent::Harm;
use super::alert::Alert;
use super::claim::Contest;
use super::hunk::Spans;
use super::path::RepoPath;
use super::time::Timestamp;

/// How a hook's call is answered.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Reply {
    /// The moment of it.
    pub now: Timestamp,
    /// Whether it may go on.
    pub verdict: Verdict,
    /// What it is told; silence where there is nothing.
    pub news: Vec<News>,
}

/// Whether an agent may go on.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Verdict {
    /// It may.
    Go,
    /// Its user decides.
    Ask,
    /// It may not.
    Deny,
}

/// One thing to be told.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum News {
    /// Somebody else is at work.
    AtWork(AtWork),
    /// A path is somebody else's by claim.
    Contested {
        /// The path.
        path: RepoPath,
        /// Whose, and since when.
        why: Box<Contest>,
    },
    /// Somebody else has changes in the file.
    Met(Met),
    /// Somebody's new work conflicts with this one's.
    Alert {
        /// What it is.
        alert: Alert,
        /// What the one who is told is called.
        here: String,
    },
    /// A command would take other sessions' work along.
    Sweeps {
        /// The command: `git stash`.
        command: String,
        /// What it does.
        harm: Harm,
        /// Whose work.
        theirs: Vec<TheirPaths>,
    },
}

/// Somebody else at work.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct AtWork {
    /// Its label.
    pub label: String,
    /// What it works on.
    pub task: Option<String>,
    /// Which agents are at work there.
    pub agents: Vec<String>,
    /// The first of its changed paths.
    pub paths: Vec<RepoPath>,
    /// How many more there are.
    pub more_paths: usize,
    /// What it claimed, as patterns.
    pub claims: Vec<Vec<u8>>,
    /// Whether it shares this very checkout.
    pub same_checkout: bool,
    /// Paths on which its work conflicts with the one's who is told.
    pub conflicts: Vec<RepoPath>,
}

/// Somebody else's changes in a file that is about to be edited.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Met {
    /// The path.
    pub path: RepoPath,
    /// Their label.
    pub label: String,
    /// What they work on.
    pub task: Option<String>,
    /// Whether they have committed it.
    pub committed: bool,
    /// When that was last asked of the remote, where it is an instance of another machine.
    pub fetched: Option<Timestamp>,
    /// When they committed or last touched it.
    pub since: Option<Timestamp>,
    /// Their lines, in their own file.
    pub lines: Spans,
    /// The text of their lines, cut.
    pub hunk: Vec<Vec<u8>>,
    /// Whether the edit itself would conflict with it.
    pub conflicts: bool,
}

/// What another session of the same checkout changed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct TheirPaths {
    /// The session's id.
    pub session: String,
    /// Which agent it is.
    pub agent: Option<String>,
    /// What it works on.
    pub task: Option<String>,
    /// Its paths; never empty.
    pub paths: Vec<RepoPath>,
}
