//! What happened, as the event log tells it: the closed set of kinds, and one for those of a later version.
//! Must not know: how an event is written down, where the log lies.

use super::id::ObjectId;
use super::overlap::Grade;
use super::path::RepoPath;
use super::time::{Seconds, Timestamp};

/// One thing that happened.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Event {
    /// When.
    pub at: Timestamp,
    /// The label of the instance that did it, or to which it happened.
    pub actor: Option<String>,
    /// What.
    pub kind: EventKind,
}

/// The kinds of events. On disk each has its own name ([`EventKind::name`]), which is part of the interface.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum EventKind {
    /// A commit was stopped.
    CommitBlocked(CommitFacts),
    /// A commit was let through with a warning.
    CommitWarned(CommitFacts),
    /// A commit was let through.
    CommitPassed(CommitFacts),
    /// A commit was let through because of `COORD_SKIP`.
    CommitSkipped(CommitFacts),
    /// A commit was made that no hook had judged.
    CommitBypassed(CommitFacts),
    /// A commit was made with another tree than the one judged, from the same parent.
    CommitChangedAfterCheck(CommitFacts),
    /// A hook could not judge and let the commit through.
    FailedOpen {
        /// The hook's name.
        hook: String,
        /// What stood in the way, for people.
        reason: String,
    },
    /// An instance changed paths that it had not changed before.
    WorkingSetGrown(GrowthFacts),
    /// Two instances began to change a path in common.
    OverlapAppeared(OverlapFacts),
    /// Their overlap got another grade.
    OverlapChanged(OverlapFacts),
    /// They have no path in common any more.
    OverlapGone(OverlapFacts),
    /// Two instances began to conflict.
    ConflictAppeared(OverlapFacts),
    /// They no longer do.
    ConflictResolved(OverlapFacts),
    /// `coord.mode` is another than it was.
    ModeChanged {
        /// Its value now.
        mode: String,
    },
    /// A session said that it is there.
    SessionStarted(SessionFacts),
    /// A session said that it is done.
    SessionEnded(SessionFacts),
    /// A session went without a word; its record was swept.
    SessionStale(SessionFacts),
    /// An entry that somebody wrote onto the board by hand was taken over.
    EntryAdopted {
        /// The entry's id on the board.
        id: String,
    },
    /// An entry of the board was taken off because its holder is gone.
    EntrySwept {
        /// The entry's id on the board.
        id: String,
    },
    /// An overlap was acknowledged.
    AckGiven(AckFacts),
    /// An acknowledgement was withdrawn.
    AckWithdrawn(AckFacts),
    /// A claim was granted.
    ClaimGranted(ClaimFacts),
    /// A claim was refused; `with` names who stands in the way.
    ClaimRefused(ClaimFacts),
    /// A claim was lengthened.
    ClaimRenewed(ClaimFacts),
    /// A claim is over; `why` says why.
    ClaimEnded(ClaimFacts),
    /// coord's hooks were installed.
    Installed {
        /// The value of `coord.mode`.
        mode: String,
    },
    /// coord's hooks were removed.
    Uninstalled,
    /// Something odd was seen at the remote that machines meet at.
    SyncNoted {
        /// What, for people.
        reason: String,
    },
    /// Something that a later version of coord wrote.
    Unknown {
        /// The kind's name.
        name: String,
        /// The whole line, as it stands in the log.
        line: String,
    },
}

/// What is told about a commit.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct CommitFacts {
    /// Which hook spoke; empty where none did.
    pub hook: String,
    /// The commit, once it is made.
    pub commit: Option<ObjectId>,
    /// The tree it makes.
    pub tree: Option<ObjectId>,
    /// Its first parent; `None` for the first commit.
    pub parent: Option<ObjectId>,
    /// The labels of the others it meets, sorted; empty where it meets nobody.
    pub with: Vec<String>,
    /// The paths it is about: those that meet, else those it changes. The log keeps as many as fit into a line.
    pub paths: Vec<RepoPath>,
    /// How many paths there are beyond `paths`.
    pub more_paths: u64,
}

/// What is told about a session.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct SessionFacts {
    /// The session's id.
    pub id: String,
    /// What it works on.
    pub task: Option<String>,
    /// Which agent it is.
    pub agent: Option<String>,
}

/// What is told about an acknowledgement.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct AckFacts {
    /// The label of the other instance.
    pub with: String,
    /// The paths it is about; empty for all.
    pub paths: Vec<RepoPath>,
    /// How many paths there are beyond `paths`.
    pub more_paths: u64,
    /// Who gave or withdrew it.
    pub by: String,
    /// Whether that was an agent.
    pub by_agent: bool,
    /// Why.
    pub why: String,
    /// When it ends; `None` in a withdrawal.
    pub expires: Option<Timestamp>,
}

/// What is told of a working set that grew.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct GrowthFacts {
    /// The paths that are new in it.
    pub paths: Vec<RepoPath>,
    /// How many new ones there are beyond `paths`.
    pub more_paths: u64,
}

/// What is told of two instances that changed a path in common.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct OverlapFacts {
    /// The label of the other instance.
    pub with: String,
    /// The grade now; of what is gone, the last one.
    pub grade: Grade,
    /// The grade before; only where it changed.
    pub from: Option<Grade>,
    /// How it was resolved; only for a conflict that is.
    pub how: Option<Resolution>,
    /// How long it was there; only for what is over.
    pub after: Option<Seconds>,
    /// The paths; of a conflict those that conflict.
    pub paths: Vec<RepoPath>,
    /// How many paths there are beyond `paths`.
    pub more_paths: u64,
}

/// How a conflict ended.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Resolution {
    /// One was rebased, on the other or on the target that has the other's work.
    Rebased,
    /// One merged the other, or the target that has the other's work.
    Merged,
    /// One gave up its change, or is gone.
    Dropped,
    /// One landed, and the other still does.
    Landed,
    /// Somebody said that it is known.
    Acknowledged,
    /// Both still change the path, so that it merges.
    Edited,
}

impl Resolution {
    /// Every one, in the order in which they are shown.
    pub const ALL: [Self; 6] =
        [Self::Rebased, Self::Merged, Self::Edited, Self::Dropped, Self::Landed, Self::Acknowledged];

    /// Its name on disk, in JSON and in messages; part of the interface, never changed.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Rebased => "rebased",
            Self::Merged => "merged",
            Self::Dropped => "dropped",
            Self::Landed => "landed",
            Self::Acknowledged => "acknowledged",
            Self::Edited => "edited",
        }
    }
}

/// What is told about a claim.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct ClaimFacts {
    /// Its number; 0 for one that was refused.
    pub token: u64,
    /// What it is on; a glob counts as a path here.
    pub paths: Vec<RepoPath>,
    /// How many patterns there are beyond `paths`.
    pub more_paths: u64,
    /// `exclusive` or `shared`.
    pub mode: String,
    /// The holder's session.
    pub session: String,
    /// What for.
    pub task: Option<String>,
    /// The labels of those in the way; empty but for a refusal.
    pub with: Vec<String>,
    /// How it ended (`End::name`); empty while it has not.
    pub why: String,
}

impl EventKind {
    /// The labels of the other instances that it is about.
    #[must_use]
    pub fn with(&self) -> &[String] {
        match self {
            Self::CommitBlocked(facts)
            | Self::CommitWarned(facts)
            | Self::CommitPassed(facts)
            | Self::CommitSkipped(facts)
            | Self::CommitBypassed(facts)
            | Self::CommitChangedAfterCheck(facts) => &facts.with,
            Self::OverlapAppeared(facts)
            | Self::OverlapChanged(facts)
            | Self::OverlapGone(facts)
            | Self::ConflictAppeared(facts)
            | Self::ConflictResolved(facts) => std::slice::from_ref(&facts.with),
            Self::AckGiven(facts) | Self::AckWithdrawn(facts) => std::slice::from_ref(&facts.with),
            _ => &[],
        }
    }

    /// The kind's name on disk and in JSON; part of the interface, never changed.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Self::CommitBlocked(_) => "commit_blocked",
            Self::CommitWarned(_) => "commit_warned",
            Self::CommitPassed(_) => "commit_passed",
            Self::CommitSkipped(_) => "commit_skipped",
            Self::CommitBypassed(_) => "commit_bypassed",
            Self::CommitChangedAfterCheck(_) => "commit_changed_after_check",
            Self::FailedOpen { .. } => "failed_open",
            Self::WorkingSetGrown(_) => "working_set_grown",
            Self::OverlapAppeared(_) => "overlap_appeared",
            Self::OverlapChanged(_) => "overlap_changed",
            Self::OverlapGone(_) => "overlap_gone",
            Self::ConflictAppeared(_) => "conflict_appeared",
            Self::ConflictResolved(_) => "conflict_resolved",
            Self::ModeChanged { .. } => "mode_changed",
            Self::SessionStarted(_) => "session_started",
            Self::SessionEnded(_) => "session_ended",
            Self::SessionStale(_) => "session_stale",
            Self::EntryAdopted { .. } => "entry_adopted",
            Self::EntrySwept { .. } => "entry_swept",
            Self::AckGiven(_) => "ack_given",
            Self::AckWithdrawn(_) => "ack_withdrawn",
            Self::ClaimGranted(_) => "claim_granted",
            Self::ClaimRefused(_) => "claim_refused",
            Self::ClaimRenewed(_) => "claim_renewed",
            Self::ClaimEnded(_) => "claim_ended",
            Self::Installed { .. } => "installed",
            Self::Uninstalled => "uninstalled",
            Self::SyncNoted { .. } => "sync_noted",
            Self::Unknown { name, .. } => name,
        }
    }

    /// The paths that the event is about; empty for kinds that have none.
    #[must_use]
    pub fn paths(&self) -> &[RepoPath] {
        match self {
            Self::CommitBlocked(facts)
            | Self::CommitWarned(facts)
            | Self::CommitPassed(facts)
            | Self::CommitSkipped(facts)
            | Self::CommitBypassed(facts)
            | Self::CommitChangedAfterCheck(facts) => &facts.paths,
            Self::WorkingSetGrown(facts) => &facts.paths,
            Self::OverlapAppeared(facts)
            | Self::OverlapChanged(facts)
            | Self::OverlapGone(facts)
            | Self::ConflictAppeared(facts)
            | Self::ConflictResolved(facts) => &facts.paths,
            Self::AckGiven(facts) | Self::AckWithdrawn(facts) => &facts.paths,
            Self::ClaimGranted(facts)
            | Self::ClaimRefused(facts)
            | Self::ClaimRenewed(facts)
            | Self::ClaimEnded(facts) => &facts.paths,
            _ => &[],
        }
    }
}
