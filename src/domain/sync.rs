//! What machines tell each other through the remote: who publishes, what is published, and what is known of the others.
//! Must not know: how anything is carried, written down or judged.

use std::collections::BTreeMap;

use super::hunk::Hunk;
use super::id::{ObjectId, RefName};
use super::instance::Kind;
use super::path::RepoPath;
use super::time::{Seconds, Timestamp};

pub use lease::{CLAIMS, ClaimRecord, ForeignClaim, LeaseState, OwnLease, claim_ref, number_in_line, place_in_line};
pub use names::{INSTANCES, REHEARSAL, host_of, part, ref_of};

mod lease;
mod names;

/// After a failure the next try waits so long, then twice that, up to [`LONGEST_PAUSE`].
const FIRST_PAUSE: Seconds = Seconds(5);

/// However often it failed: after so long it is tried again.
pub const LONGEST_PAUSE: Seconds = Seconds(900);

/// What leaves this machine (`coord.sync`).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub enum SyncMode {
    /// Nothing.
    #[default]
    Off,
    /// Which paths and lines are changed, and the ids of their contents; no content.
    Paths,
    /// The working set as it lies, so that conflicts are exact.
    Content,
}

impl SyncMode {
    /// Its name in settings, records and JSON; part of the interface, never changed.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Off => "off",
            Self::Paths => "paths",
            Self::Content => "content",
        }
    }

    /// Reads what [`SyncMode::name`] gave.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        [Self::Off, Self::Paths, Self::Content].into_iter().find(|mode| mode.name() == name)
    }
}

/// Who publishes: one clone on one machine.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Host {
    /// Its part of the refs' names, escaped: stable, and nobody else's.
    pub id: String,
    /// The machine's name, for people.
    pub name: String,
}

/// What one instance tells of itself.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Publication {
    /// What goes along.
    pub mode: SyncMode,
    /// The machine's name, for people.
    pub host: String,
    /// Its label there.
    pub label: String,
    /// What stands behind it there.
    pub kind: Kind,
    /// What it works on, if anybody said so.
    pub task: Option<String>,
    /// The branch that it is on.
    pub branch: Option<RefName>,
    /// Its tip there.
    pub tip: Option<ObjectId>,
    /// Where it left the target; of [`SyncMode::Paths`] what its lines count from.
    pub base: Option<ObjectId>,
    /// When something of it last changed, by its own clock: nothing is decided by it alone.
    pub touched: Option<Timestamp>,
    /// When this was written, by its own clock: for people only.
    pub at: Timestamp,
    /// Its changes, of [`SyncMode::Paths`] alone.
    pub paths: Vec<PublishedPath>,
    /// So many changed paths were kept back: excluded, or too large.
    pub withheld: u64,
    /// Claims that it gave up because another machine was granted them too.
    pub yielded: Vec<Yield>,
}

/// A claim that was given up for another machine's, which hears of it by this.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Yield {
    /// What both had claimed.
    pub on: Vec<u8>,
    /// The number that yielded.
    pub token: u64,
    /// Who has it now: the ref of the instance.
    pub to: RefName,
}

/// One changed path of which no content is told.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PublishedPath {
    /// The path.
    pub path: RepoPath,
    /// Whether it is committed as it lies.
    pub committed: bool,
    /// Its mode; 0 where it is gone.
    pub mode: u32,
    /// What the base has there.
    pub before: Option<ObjectId>,
    /// What lies there now.
    pub after: Option<ObjectId>,
    /// The lines, counted from the base; `None` where there are none to tell (binary, too large).
    pub hunks: Option<Vec<Hunk>>,
}

/// An instance of another machine, as last fetched.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Synced {
    /// Its ref.
    pub name: RefName,
    /// The published commit.
    pub oid: ObjectId,
    /// The host's id.
    pub host: String,
    /// What it tells of itself, without its paths.
    pub publication: Publication,
    /// What it has committed, of [`SyncMode::Content`] alone.
    pub committed: Option<ObjectId>,
    /// Whether more lies there than is committed.
    pub dirty: bool,
    /// When it was first seen as it is, by this machine's clock.
    pub seen: Timestamp,
}

impl Synced {
    /// When it last changed, as far as it can be believed: a clock that is ahead makes nothing younger than when it came.
    #[must_use]
    pub fn touched(&self) -> Timestamp {
        self.publication.touched.map_or(self.seen, |touched| touched.min(self.seen))
    }

    /// About how many bytes it takes to remember it.
    #[must_use]
    pub fn weight(&self) -> usize {
        let told = &self.publication;
        let yielded = told.yielded.iter().map(|one| one.on.len() + one.to.as_bytes().len());
        let task = told.task.as_ref().map_or(0, String::len);
        let branch = told.branch.as_ref().map_or(0, |name| name.as_bytes().len());
        told.host.len() + told.label.len() + task + branch + yielded.sum::<usize>() + 200
    }

    /// Its label beyond its machine: `search@build-7`.
    #[must_use]
    pub fn label(&self) -> String {
        format!("{}@{}", self.publication.label, self.publication.host)
    }
}

/// Where an instance of another machine comes from, for reports.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Origin {
    /// The host's id.
    pub host: String,
    /// What it publishes: with [`SyncMode::Paths`] verdicts are by lines alone.
    pub mode: SyncMode,
    /// When it was first seen as it is, by this machine's clock.
    pub seen: Timestamp,
    /// When the remote was last asked.
    pub fetched: Option<Timestamp>,
}

/// What this clone last published of one of its instances.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Own {
    /// The commit that the remote has of it.
    pub oid: Option<ObjectId>,
    /// What it said, but for the time.
    pub says: String,
    /// Commits that were sent and of which no answer came.
    pub sent: Vec<ObjectId>,
}

/// A ref that is not fetched, because of what lies behind it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct LeftOut {
    /// Where it stood: it is tried again when it stands elsewhere.
    pub oid: ObjectId,
    /// What is wrong with it, for people.
    pub why: String,
    /// The limit that it is beyond: a larger one tries it again.
    pub limit: Option<u64>,
}

/// All that one clone knows of a remote between two commands.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct SyncState {
    /// The remote: its name, and its address without credentials.
    pub remote: String,
    /// What the user agreed to publish there.
    pub consent: SyncMode,
    /// Own instances, by ref.
    pub own: BTreeMap<RefName, Own>,
    /// Everybody else's, by ref.
    pub others: BTreeMap<RefName, Synced>,
    /// Other machines' claims, by ref.
    pub claims: BTreeMap<RefName, ForeignClaim>,
    /// Own claims that others can see, by ref.
    pub leases: BTreeMap<RefName, OwnLease>,
    /// What is not fetched, by ref.
    pub left_out: BTreeMap<RefName, LeftOut>,
    /// The greatest token of a claim that was ever seen.
    pub last_token: u64,
    /// Claims that were given up for other machines', by the own instance that had them.
    pub yielded: BTreeMap<RefName, Vec<Yield>>,
    /// When the remote was last read.
    pub fetched: Option<Timestamp>,
    /// When it was last tried.
    pub tried: Option<Timestamp>,
    /// So many tries in a row failed.
    pub failures: u32,
    /// Why the last one failed.
    pub trouble: Option<String>,
    /// Why the remote takes nothing from us: a refusal that trying again would not change.
    pub refused: Option<String>,
}

impl SyncState {
    /// How long to wait before the remote is tried again by itself. A clock that jumped back does not lengthen it.
    #[must_use]
    pub fn pause(&self, now: Timestamp, every: Seconds) -> Seconds {
        let Some(tried) = self.tried else { return Seconds(0) };
        let pause = match self.failures {
            0 => every,
            n => Seconds((FIRST_PAUSE.0 << (n - 1).min(8)).min(LONGEST_PAUSE.0).max(every.0)),
        };
        if tried > now { Seconds(0) } else { Seconds(pause.0.saturating_sub(now.since(tried).0)) }
    }
}

/// What one round of `coord sync` did.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct SyncReport {
    /// The remote: its name, and its address without credentials.
    pub remote: String,
    /// What leaves this machine.
    pub mode: SyncMode,
    /// Who we are there.
    pub host: String,
    /// Labels of own instances that were published anew.
    pub published: Vec<String>,
    /// Labels of own instances that had not changed.
    pub unchanged: Vec<String>,
    /// So many refs of ended instances were removed.
    pub removed: usize,
    /// What was fetched; `None` where nothing was.
    pub fetched: Option<Fetched>,
    /// What somebody should know of it, a sentence each.
    pub notices: Vec<String>,
    /// Why it did not succeed, or not wholly.
    pub trouble: Vec<String>,
}

impl SyncReport {
    /// Whether there is anything to tell after the round before.
    #[must_use]
    pub fn is_news(&self, before: &Self) -> bool {
        let fetched = self.fetched.as_ref().is_some_and(|fetched| fetched.changed + fetched.gone > 0);
        let sent = !self.published.is_empty() || self.removed > 0;
        sent || fetched || self.notices != before.notices || self.trouble != before.trouble
    }
}

/// What one fetch came to.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Fetched {
    /// Labels of everybody else's instances.
    pub others: Vec<String>,
    /// So many of them are new or changed.
    pub changed: usize,
    /// So many are gone.
    pub gone: usize,
    /// Other machines' claims.
    pub claims: usize,
}

/// What the first push would show, and to whom.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Disclosure {
    /// The remote: its name, and its address without credentials.
    pub remote: String,
    /// What leaves this machine.
    pub mode: SyncMode,
    /// Each instance with its changed paths.
    pub instances: Vec<(String, Vec<RepoPath>)>,
    /// How many paths are kept back.
    pub withheld: u64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_round_like_the_one_before_is_no_news() {
        let outage = SyncReport { trouble: vec!["the network is gone".into()], ..SyncReport::default() };
        let quiet = SyncReport { unchanged: vec!["auth".into()], ..SyncReport::default() };
        assert!(!quiet.is_news(&quiet) && !outage.is_news(&outage));
        assert!(outage.is_news(&quiet) && quiet.is_news(&outage), "that it begins and that it ends");
        assert!(SyncReport { published: vec!["auth".into()], ..quiet.clone() }.is_news(&quiet));
        let gone = Fetched { gone: 1, ..Fetched::default() };
        assert!(SyncReport { fetched: Some(gone), ..quiet.clone() }.is_news(&quiet));
    }

    #[test]
    fn failures_are_backed_off_from_and_never_for_long() {
        let state = |failures, tried| SyncState { failures, tried: Some(Timestamp(tried)), ..SyncState::default() };
        let now = Timestamp(1000);
        assert_eq!(state(0, 990).pause(now, Seconds(60)), Seconds(50));
        assert_eq!(state(1, 1000).pause(now, Seconds(1)), Seconds(5));
        assert_eq!(state(3, 1000).pause(now, Seconds(1)), Seconds(20));
        assert_eq!(state(60, 1000).pause(now, Seconds(1)), LONGEST_PAUSE);
        assert_eq!(state(60, 90_000).pause(now, Seconds(60)), Seconds(0), "the clock jumped back");
    }
}
