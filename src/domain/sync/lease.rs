//! Claims that more than one machine sees: each pattern a ref of its own, changed by compare-and-swap alone.
//! Must not know: how a ref is changed, when somebody looks.

use std::collections::{BTreeMap, BTreeSet};

use super::host_of;
use crate::domain::claim::{Claim, ClaimMode, Holder, Lease, Moment, Token};
use crate::domain::hash::hash;
use crate::domain::id::{Identity, ObjectId, RefName};
use crate::domain::path::RepoPath;
use crate::domain::pattern::Pattern;
use crate::domain::time::{Seconds, Timestamp};

/// Where claims are published: `refs/coord-claims/<hash of the pattern>`.
pub const CLAIMS: &str = "refs/coord-claims/";

/// Whether a claim's ref names a holder.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum LeaseState {
    /// Somebody holds it.
    Held,
    /// It was given back. The ref stays, as its token must not be given again.
    Released,
}

/// What the ref of a claim says.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ClaimRecord {
    /// The ref of the instance that holds it.
    pub holder: RefName,
    /// The holder's label and machine, for people.
    pub label: String,
    /// What for.
    pub task: Option<String>,
    /// What it is on.
    pub pattern: Pattern,
    /// Its number.
    pub token: Token,
    /// Whether it is held.
    pub state: LeaseState,
    /// How long it lasts from when somebody sees it.
    pub span: Seconds,
    /// Differs each time it is renewed, so that whoever watches sees that the holder lives.
    pub beat: u64,
    /// Whom it does not bind where.
    pub exempt: BTreeMap<RefName, BTreeSet<RepoPath>>,
}

/// A claim of another machine, as its ref tells it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ForeignClaim {
    /// The commit that its ref stands on.
    pub oid: ObjectId,
    /// What it says.
    pub record: ClaimRecord,
    /// How long it lasts, counted from when this machine first saw it as it stands, by this machine's own clock.
    pub lease: Lease,
}

/// A claim of this clone that others can see.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct OwnLease {
    /// The local claim's number.
    pub local: Token,
    /// The commit that its ref stands on; `None` while nobody else has heard of it.
    pub oid: Option<ObjectId>,
    /// Its number among all machines'.
    pub token: Token,
    /// What it is on.
    pub pattern: Pattern,
    /// How long it lasts.
    pub span: Seconds,
    /// When it was last lengthened, by the holder's clock: what was told to others of it.
    pub beat: u64,
}

impl ClaimRecord {
    /// About how many bytes it takes to remember it.
    #[must_use]
    pub fn weight(&self) -> usize {
        let names = |(name, paths): (&RefName, &BTreeSet<RepoPath>)| {
            name.as_bytes().len() + paths.iter().map(|path| path.as_bytes().len() + 4).sum::<usize>()
        };
        let exempt = self.exempt.iter().map(names).sum::<usize>();
        let task = self.task.as_ref().map_or(0, String::len);
        self.holder.as_bytes().len() + self.label.len() + task + self.pattern.text().len() + exempt + 200
    }
}

impl ForeignClaim {
    /// What is left of it by this machine's clock; `None` once it is over.
    #[must_use]
    pub fn left(&self, now: &Moment) -> Option<Seconds> {
        if self.record.state == LeaseState::Held { self.lease.left(now) } else { None }
    }

    /// Whether the instance with this ref has to keep off `path` because of it.
    #[must_use]
    pub fn binds(&self, asker: Option<&RefName>, path: &RepoPath) -> bool {
        let is_exempt = asker.and_then(|asker| self.record.exempt.get(asker)).is_some_and(|paths| paths.contains(path));
        !is_exempt && self.record.pattern.covers(path)
    }

    /// Whether it goes before a claim with that token and holder, where both were granted while neither machine heard of
    /// the other: the greater token does, and between equal ones the holder's name decides, the same on every machine.
    #[must_use]
    pub fn goes_before(&self, token: Token, holder: &RefName) -> bool {
        (self.record.token, &self.record.holder) > (token, holder)
    }

    /// The same as a claim like any other.
    #[must_use]
    pub fn as_claim(&self, since: Timestamp) -> Claim {
        Claim {
            token: self.record.token,
            holder: Holder { identity: Identity::Ref(self.record.holder.clone()), session: None },
            label: self.record.label.clone(),
            process: None,
            patterns: vec![self.record.pattern.clone()],
            mode: ClaimMode::Exclusive,
            task: self.record.task.clone(),
            since,
            lease: self.lease.clone(),
            tip: None,
            exempt: BTreeMap::new(),
        }
    }

    /// The machine that holds it.
    #[must_use]
    pub fn host(&self) -> &str {
        host_of(&self.record.holder).unwrap_or_default()
    }
}

/// Between a claim's ref and the places in line for it.
const LINE: &str = "-wait/";

/// A place in line for the claim with this ref: the names sort as those who wait go. `who` tells apart whoever waits.
#[must_use]
pub fn place_in_line(claim: &RefName, number: u64, who: &str) -> RefName {
    RefName::new([claim.as_bytes(), LINE.as_bytes(), format!("{number:012}-{who}").as_bytes()].concat())
}

/// The number of a place in line for the claim with this ref; `None` for any other ref.
#[must_use]
pub fn number_in_line(claim: &RefName, place: &RefName) -> Option<u64> {
    let rest = place.as_bytes().strip_prefix(claim.as_bytes())?.strip_prefix(LINE.as_bytes())?;
    let digits = rest.split(|&byte| byte == b'-').next()?;
    std::str::from_utf8(digits).ok().filter(|digits| digits.len() == 12)?.parse().ok()
}

/// The ref of claims on a pattern.
#[must_use]
pub fn claim_ref(pattern: &Pattern) -> RefName {
    let kind: &[u8] = if pattern.as_path().is_some() { b"path:" } else { b"glob:" };
    RefName::new(format!("{CLAIMS}{}", hash(&[kind, pattern.text()].concat())))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn claim(token: u64, holder: &str) -> ForeignClaim {
        let here = |seconds| Moment { boot: "here".into(), seconds };
        let lease =
            Lease { from: Moment { boot: "there".into(), seconds: 9 }, span: Seconds(60), seen: Some(here(100)) };
        let record = ClaimRecord {
            holder: RefName::new(holder),
            label: "l".into(),
            task: None,
            pattern: Pattern::parse(b"src").expect("valid"),
            token: Token(token),
            state: LeaseState::Held,
            span: Seconds(60),
            beat: 0,
            exempt: BTreeMap::new(),
        };
        ForeignClaim { oid: ObjectId::from_bytes(&[7; 20]).expect("20 bytes"), record, lease }
    }

    #[test]
    fn its_time_is_counted_by_who_looks() {
        let at = |seconds| Moment { boot: "here".into(), seconds };
        let held = claim(1, "refs/coord/a/main");
        assert_eq!(held.left(&at(130)), Some(Seconds(30)));
        assert_eq!(held.left(&at(160)), None);
        let mut released = held;
        released.record.state = LeaseState::Released;
        assert_eq!(released.left(&at(130)), None);
    }

    #[test]
    fn exactly_one_of_two_goes_first() {
        for (one, two) in [
            (claim(1, "refs/coord/a/m"), claim(2, "refs/coord/b/m")),
            (claim(2, "refs/coord/a/m"), claim(2, "refs/coord/b/m")),
        ] {
            assert_ne!(
                one.goes_before(two.record.token, &two.record.holder),
                two.goes_before(one.record.token, &one.record.holder)
            );
        }
        assert!(claim(9, "refs/coord/a/m").goes_before(Token(8), &RefName::new("refs/coord/z/m")));
    }

    #[test]
    fn who_came_first_stands_first() {
        let claim = claim_ref(&Pattern::parse(b"src").expect("valid"));
        let at = |number| place_in_line(&claim, number, "ci-7-1f");
        assert!(at(9) < at(10) && at(99) < at(100));
        assert_eq!(number_in_line(&claim, &at(10)), Some(10));
        assert_eq!(number_in_line(&claim, &claim), None);
        assert_eq!(number_in_line(&RefName::new("refs/coord-claims/other"), &at(10)), None);
    }

    #[test]
    fn patterns_that_differ_have_refs_that_differ() {
        let of = |text: &[u8]| claim_ref(&Pattern::parse(text).expect("valid"));
        assert_eq!(of(b"src/a.rs"), of(b"src/a.rs"));
        assert_ne!(of(b"src/a.rs"), of(b"src/*.rs"));
    }
}
