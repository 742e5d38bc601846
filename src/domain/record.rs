//! A record: one instance's own full entry, as it last said it.
//! Must not know: where records are kept, how a process is looked up.

use std::path::PathBuf;

use super::id::{Identity, ObjectId, RefName};
use super::instance::{Kind, State};
use super::path::RepoPath;
use super::process::{Liveness, ProcessId};
use super::time::{STALE_AFTER, Timestamp};

/// What an instance says of itself. It is the only one that writes it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Record {
    /// Which instance; for a session, the worktree it works in.
    pub identity: Identity,
    /// The session's id; `None` for the worktree or branch itself. Several sessions may share one identity.
    pub session: Option<String>,
    /// The short name that people see.
    pub label: String,
    /// What stands behind it.
    pub kind: Kind,
    /// What it works on, if anybody said so.
    pub task: Option<String>,
    /// Which agent is at work (`claude`, `codex`), if any said so.
    pub agent: Option<String>,
    /// The process that stands for it.
    pub process: Option<ProcessId>,
    /// Its folder.
    pub worktree: Option<PathBuf>,
    /// The branch it is on.
    pub branch: Option<RefName>,
    /// Its tip commit.
    pub tip: Option<ObjectId>,
    /// When it began.
    pub started_at: Timestamp,
    /// When it last gave a sign of life.
    pub heartbeat: Timestamp,
    /// How alive it was when it wrote this.
    pub state: State,
    /// The paths of its working set, sorted; perhaps not all of them.
    pub paths: Vec<RepoPath>,
    /// How many paths there are beyond `paths`.
    pub more_paths: u64,
}

impl Record {
    /// One line of bytes that differs for different records: the identity's key, or `session:ID`.
    #[must_use]
    pub fn key(&self) -> Vec<u8> {
        record_key(&self.identity, self.session.as_deref())
    }

    /// Whether its holder is gone: no heartbeat for [`STALE_AFTER`], and no process that is known to live.
    /// A heartbeat in the future counts as one of now.
    #[must_use]
    pub fn is_stale(&self, liveness: Liveness, now: Timestamp) -> bool {
        liveness != Liveness::Alive && now.since(self.heartbeat) >= STALE_AFTER
    }
}

/// The key of the record of an instance, or of a session in it.
#[must_use]
pub fn record_key(identity: &Identity, session: Option<&str>) -> Vec<u8> {
    match session {
        None => identity.key(),
        Some(id) => [b"session:", id.as_bytes()].concat(),
    }
}
