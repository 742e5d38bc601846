//! Claims: leases on paths that an instance took on purpose, who they bind, and how each of them ends.
//! Must not know: where claims are kept, how a clock or a process is read.

use std::collections::{BTreeMap, BTreeSet};

use super::id::{Identity, ObjectId};
use super::path::RepoPath;
use super::pattern::Pattern;
use super::process::ProcessId;
use super::time::{Seconds, Timestamp};

pub use table::{Contest, Contested, Granted, Lapsed, Refusal, Replacement, Request, Table, TokenError};

mod table;

/// How long a claim lasts where nobody said: 30 minutes.
pub const DEFAULT_SPAN: Seconds = Seconds(30 * 60);
/// The longest lease that can be taken: a day. Who works longer renews it.
pub const LONGEST_SPAN: Seconds = Seconds(24 * 3600);

/// A reading of a clock that never jumps and never stops, not even while the machine sleeps. Readings of different boots
/// cannot be compared, which is why a remote machine's time never decides anything.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Moment {
    /// Which boot of which machine.
    pub boot: Box<str>,
    /// Seconds since that boot.
    pub seconds: u64,
}

impl Moment {
    /// The time from `earlier` to `self`; `None` where they belong to different boots.
    #[must_use]
    pub fn since(&self, earlier: &Self) -> Option<Seconds> {
        (self.boot == earlier.boot).then(|| Seconds(self.seconds.saturating_sub(earlier.seconds)))
    }
}

/// A number that only grows: of two claims the one with the greater token is the later.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Token(pub u64);

/// Who holds a claim, or asks about one.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Holder {
    /// The worktree it works in.
    pub identity: Identity,
    /// Its session; `None` where nobody declared one, or where it cannot be told.
    pub session: Option<String>,
}

impl Holder {
    /// Whether both are the same for a claim: one session wherever it works, else one worktree. Two sessions of one
    /// worktree are different only where both are known, as what cannot be told never blocks.
    #[must_use]
    pub fn is_same(&self, other: &Self) -> bool {
        match (&self.session, &other.session) {
            (Some(mine), Some(theirs)) => mine == theirs,
            _ => self.identity == other.identity,
        }
    }
}

/// Whether others may hold a claim on the same path.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum ClaimMode {
    /// With others who share.
    Shared,
    /// With nobody.
    Exclusive,
}

impl ClaimMode {
    /// The mode's name in files and JSON; part of the interface, never changed.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Shared => "shared",
            Self::Exclusive => "exclusive",
        }
    }

    /// Whether claims of these modes by different holders exclude each other.
    #[must_use]
    pub fn excludes(self, other: Self) -> bool {
        self == Self::Exclusive || other == Self::Exclusive
    }
}

/// How long a claim lasts, counted on a boot clock.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Lease {
    /// When it was taken or last renewed, by the holder's boot clock.
    pub from: Moment,
    /// How long it lasts from there.
    pub span: Seconds,
    /// When somebody on another boot first saw it as it stands, by their own clock: from there on it lasts for `span`.
    pub seen: Option<Moment>,
}

impl Lease {
    /// A lease that begins now. Longer than [`LONGEST_SPAN`] is cut.
    #[must_use]
    pub fn new(now: Moment, span: Seconds) -> Self {
        Self { from: now, span: span.min(LONGEST_SPAN), seen: None }
    }

    /// What is left of it; `None` once it is over. On another boot than its own it counts from when it was first seen.
    #[must_use]
    pub fn left(&self, now: &Moment) -> Option<Seconds> {
        let span = self.span.min(LONGEST_SPAN);
        let gone = now.since(&self.from).or_else(|| self.seen.as_ref().and_then(|seen| now.since(seen)));
        let left = span.0.saturating_sub(gone.map_or(0, |gone| gone.0));
        (left > 0).then_some(Seconds(left))
    }

    /// Notes that it was seen from another boot than its own; whether that changed anything.
    pub fn see(&mut self, now: &Moment) -> bool {
        let foreign = now.since(&self.from).is_none();
        let new = foreign && self.seen.as_ref().is_none_or(|seen| now.since(seen).is_none());
        if new {
            self.seen = Some(now.clone());
        }
        new
    }
}

/// Where the holder of a claim stood when it was taken.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Stand {
    /// The commit.
    pub tip: ObjectId,
    /// Whether that was not in the target, so that its landing ends the claim without another commit.
    pub unlanded: bool,
}

/// A lease on paths.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Claim {
    /// Its number.
    pub token: Token,
    /// Who took it.
    pub holder: Holder,
    /// The holder's short name, for people.
    pub label: String,
    /// The session's process; `None` where there is no session, and then expiry and git's evidence end it.
    pub process: Option<ProcessId>,
    /// What it is on; never empty.
    pub patterns: Vec<Pattern>,
    /// Whether others may share it.
    pub mode: ClaimMode,
    /// What the holder works on, if it said so.
    pub task: Option<String>,
    /// When it was taken, for people.
    pub since: Timestamp,
    /// How long it lasts.
    pub lease: Lease,
    /// Where the holder stood: a branch that lands later than this took the claim's work with it.
    pub tip: Option<Stand>,
    /// Who had changed which of its paths before it was taken: it does not bind them there.
    pub exempt: BTreeMap<Identity, BTreeSet<RepoPath>>,
}

impl Claim {
    /// Whether it is on `path`.
    #[must_use]
    pub fn covers(&self, path: &RepoPath) -> bool {
        self.patterns.iter().any(|pattern| pattern.covers(path))
    }

    /// Whether `asker` has to keep off `path` because of it.
    #[must_use]
    pub fn binds(&self, asker: &Holder, path: &RepoPath) -> bool {
        !self.holder.is_same(asker)
            && !self.exempt.get(&asker.identity).is_some_and(|paths| paths.contains(path))
            && self.covers(path)
    }

    fn meets(&self, patterns: &[Pattern]) -> bool {
        self.patterns.iter().any(|own| patterns.iter().any(|other| own.meets(other)))
    }
}

/// Why a claim is over.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum End {
    /// Its time was over.
    Expired,
    /// Its holder gave it back.
    Released,
    /// Its session ended, or its process is provably dead.
    HolderGone,
    /// Its holder's branch is in the target.
    Landed,
    /// Its holder's worktree is no more.
    WorktreeGone,
    /// Somebody took it by force.
    Forced,
    /// Its holder took it anew.
    Retaken,
    /// Another machine was granted it too, and goes before.
    Yielded,
}

impl End {
    /// The reason's name in the event log; part of the interface, never changed.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Expired => "expired",
            Self::Released => "released",
            Self::HolderGone => "holder_gone",
            Self::Landed => "landed",
            Self::WorktreeGone => "worktree_gone",
            Self::Forced => "forced",
            Self::Retaken => "retaken",
            Self::Yielded => "yielded",
        }
    }
}

#[cfg(test)]
mod tests;
