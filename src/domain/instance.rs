//! One line of concurrent work: who it is, where it stands, what it holds.
//! Must not know: how any of it was read.

use std::path::PathBuf;

use super::id::{Identity, ObjectId, RefName};
use super::sync::Origin;
use super::time::Timestamp;
use super::working_set::WorkingSet;

/// What stands behind an instance.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Kind {
    /// A worktree, main or linked.
    Worktree,
    /// A local branch without a worktree.
    Branch,
    /// A remote-tracking branch or a request ref.
    Remote,
    /// A declared session.
    Session,
    /// An instance of another machine, as it publishes itself.
    Synced,
}

impl Kind {
    /// The kind's name in JSON; part of the interface, never changed.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Worktree => "worktree",
            Self::Branch => "branch",
            Self::Remote => "remote",
            Self::Session => "session",
            Self::Synced => "synced",
        }
    }
}

/// How alive an instance is (DESIGN.md section 2).
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum State {
    /// A heartbeat, a live process or a change within 5 minutes.
    InProgress,
    /// Work outstanding, or none yet.
    Idle,
    /// Nothing touched within `coord.activeWithin`.
    Dormant,
    /// Its work is in the target.
    Landed,
    /// It could not be read; never "clean".
    Unknown {
        /// What stood in the way, for people.
        reason: String,
    },
}

impl State {
    /// Whether the instance could not be read.
    #[must_use]
    pub fn is_unknown(&self) -> bool {
        matches!(self, Self::Unknown { .. })
    }

    /// The state's name in JSON and on the board; part of the interface, never changed.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::InProgress => "in_progress",
            Self::Idle => "idle",
            Self::Dormant => "dormant",
            Self::Landed => "landed",
            Self::Unknown { .. } => "unknown",
        }
    }
}

/// What git is in the middle of in a worktree.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Operation {
    /// `git merge`, not concluded.
    Merge,
    /// `git rebase` or `git am`.
    Rebase,
    /// `git cherry-pick`.
    CherryPick,
    /// `git revert`.
    Revert,
    /// `git bisect`.
    Bisect,
}

/// One instance, fully read.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Instance {
    /// What it is, for ever.
    pub identity: Identity,
    /// The short name that people see and type; unique in one survey.
    pub label: String,
    /// What stands behind it.
    pub kind: Kind,
    /// The branch it is on, or was on before a rebase or bisect; `None` when detached.
    pub branch: Option<RefName>,
    /// Its tip commit; `None` while unborn, or when it could not be read.
    pub tip: Option<ObjectId>,
    /// Its folder.
    pub worktree: Option<PathBuf>,
    /// Best common ancestor with the target; `None` where there is none or several were found and git decides.
    pub fork_point: Option<ObjectId>,
    /// How alive it is.
    pub state: State,
    /// What git is in the middle of.
    pub operation: Option<Operation>,
    /// What it works on, if anybody said so.
    pub task: Option<String>,
    /// When something of it last changed, as far as git and the files tell.
    pub touched: Option<Timestamp>,
    /// What it changed since the fork point.
    pub working_set: WorkingSet,
    /// Where it comes from, of an instance of another machine.
    pub origin: Option<Origin>,
}
