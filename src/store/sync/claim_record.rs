//! Claims that other machines see, as bytes and back: strict and bounded on the way in.
//! Must not know: what carries the bytes, who may take a claim.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::domain::claim::{LONGEST_SPAN, Lease, Moment, Token};
use crate::domain::id::RefName;
use crate::domain::path::RepoPath;
use crate::domain::sync::{ClaimRecord, ForeignClaim, LeaseState, OwnLease, host_of};
use crate::domain::time::Seconds;
use crate::store::claims::PatternWire;
use crate::store::sync_record::{bounded, cut, known_version};
use crate::store::wire::{self, Oid, Text};

const VERSION: u64 = 1;
const LONGEST_TEXT: usize = 400;

/// Nobody is exempt on more paths.
const MOST_EXEMPT: usize = 2000;

#[derive(Serialize, Deserialize)]
struct RecordWire {
    #[serde(default)]
    coord_claim: u64,
    holder: Text,
    label: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    task: Option<String>,
    on: PatternWire,
    token: u64,
    held: bool,
    span: u64,
    #[serde(default)]
    beat: u64,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    exempt: Vec<(Text, Vec<Text>)>,
}

/// A claim as the bytes that are sent.
#[must_use]
pub fn encode(record: &ClaimRecord) -> Vec<u8> {
    serde_json::to_vec(&RecordWire::from(record)).unwrap_or_default()
}

impl From<&ClaimRecord> for RecordWire {
    fn from(record: &ClaimRecord) -> Self {
        Self {
            coord_claim: VERSION,
            holder: Text(record.holder.as_bytes().to_vec()),
            label: cut(&record.label, LONGEST_TEXT),
            task: record.task.as_deref().map(|task| cut(task, LONGEST_TEXT)),
            on: PatternWire::from(&record.pattern),
            token: record.token.0,
            held: record.state == LeaseState::Held,
            span: record.span.0,
            beat: record.beat,
            exempt: exempt_wire(&record.exempt),
        }
    }
}

fn exempt_wire(exempt: &BTreeMap<RefName, BTreeSet<RepoPath>>) -> Vec<(Text, Vec<Text>)> {
    let one = |(name, paths): (&RefName, &BTreeSet<RepoPath>)| {
        (Text(name.as_bytes().to_vec()), paths.iter().take(MOST_EXEMPT).map(Text::from).collect())
    };
    exempt.iter().take(MOST_EXEMPT).map(one).collect()
}

fn exempt(wire: Vec<(Text, Vec<Text>)>) -> Result<BTreeMap<RefName, BTreeSet<RepoPath>>, String> {
    if wire.iter().map(|(_, paths)| paths.len()).sum::<usize>() > 10 * MOST_EXEMPT {
        return Err("it names too many paths".to_owned());
    }
    wire.into_iter()
        .map(|(name, paths)| Ok((RefName::new(name.0), wire::paths(paths)?.into_iter().collect())))
        .collect()
}

/// Reads what [`encode`] wrote, or what somebody wrote in its place.
///
/// # Errors
/// What is wrong with it, for people.
pub fn decode(bytes: &[u8]) -> Result<ClaimRecord, String> {
    let fields = wire::parse_object(bytes)?;
    known_version(&fields, "coord_claim", VERSION)?;
    let wire: RecordWire = serde_json::from_value(fields.into()).map_err(|error| error.to_string())?;
    wire.into_record()
}

impl RecordWire {
    fn into_record(self) -> Result<ClaimRecord, String> {
        let holder = RefName::new(self.holder.0);
        if host_of(&holder).is_none() {
            return Err("its holder is no instance".to_owned());
        }
        Ok(ClaimRecord {
            holder,
            label: bounded(self.label, LONGEST_TEXT, "label")?,
            task: self.task.map(|task| cut(&task, LONGEST_TEXT)),
            pattern: self.on.into_pattern()?,
            // Whoever writes the greatest number there is must not end all claiming.
            token: Token(self.token.min(u64::MAX / 2)),
            state: if self.held { LeaseState::Held } else { LeaseState::Released },
            span: Seconds(self.span).min(LONGEST_SPAN),
            beat: self.beat,
            exempt: exempt(self.exempt)?,
        })
    }
}

#[derive(Serialize, Deserialize)]
pub(super) struct ForeignWire {
    oid: Oid,
    #[serde(flatten)]
    record: RecordWire,
    from: (String, u64),
    #[serde(default, skip_serializing_if = "Option::is_none")]
    seen: Option<(String, u64)>,
}

impl From<&ForeignClaim> for ForeignWire {
    fn from(claim: &ForeignClaim) -> Self {
        let moment = |moment: &Moment| (moment.boot.to_string(), moment.seconds);
        Self {
            oid: Oid(claim.oid),
            record: RecordWire::from(&claim.record),
            from: moment(&claim.lease.from),
            seen: claim.lease.seen.as_ref().map(moment),
        }
    }
}

impl ForeignWire {
    pub(super) fn into_claim(self) -> Result<ForeignClaim, String> {
        let moment = |(boot, seconds): (String, u64)| Moment { boot: boot.into(), seconds };
        let record = self.record.into_record()?;
        let lease = Lease { from: moment(self.from), span: record.span, seen: self.seen.map(moment) };
        Ok(ForeignClaim { oid: self.oid.0, record, lease })
    }
}

#[derive(Serialize, Deserialize)]
pub(super) struct OwnWire {
    local: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    oid: Option<Oid>,
    token: u64,
    on: PatternWire,
    span: u64,
    #[serde(default)]
    beat: u64,
}

impl From<&OwnLease> for OwnWire {
    fn from(lease: &OwnLease) -> Self {
        Self {
            local: lease.local.0,
            oid: lease.oid.map(Oid),
            token: lease.token.0,
            on: PatternWire::from(&lease.pattern),
            span: lease.span.0,
            beat: lease.beat,
        }
    }
}

impl OwnWire {
    pub(super) fn into_lease(self) -> Result<OwnLease, String> {
        Ok(OwnLease {
            local: Token(self.local),
            oid: self.oid.map(|id| id.0),
            token: Token(self.token),
            pattern: self.on.into_pattern()?,
            span: Seconds(self.span),
            beat: self.beat,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::pattern::Pattern;

    fn record() -> ClaimRecord {
        let path = RepoPath::new(*b"src/caf\xe9").expect("valid");
        ClaimRecord {
            holder: RefName::new("refs/coord/ci-7/main"),
            label: "main@ci".into(),
            task: Some("t".into()),
            pattern: Pattern::parse(b"src/**").expect("valid"),
            token: Token(7),
            state: LeaseState::Held,
            span: Seconds(60),
            beat: 3,
            exempt: BTreeMap::from([(RefName::new("refs/coord/a/b"), BTreeSet::from([path]))]),
        }
    }

    #[test]
    fn a_claim_survives_the_wire() {
        assert_eq!(decode(&encode(&record())), Ok(record()));
    }

    #[test]
    fn what_nobody_would_write_is_refused_or_bounded() {
        let good = String::from_utf8(encode(&record())).expect("JSON");
        for (from, to) in
            [("refs/coord/ci-7/main", "refs/heads/main"), ("\"coord_claim\":1", "\"coord_claim\":9"), ("main@ci", "")]
        {
            assert!(decode(good.replacen(from, to, 1).as_bytes()).is_err(), "{from}");
        }
        let greedy = good
            .replace("\"token\":7", &format!("\"token\":{}", u64::MAX))
            .replace("\"span\":60", "\"span\":999999999");
        let read = decode(greedy.as_bytes()).expect("bounded");
        assert!(read.token.0 < u64::MAX && read.span == LONGEST_SPAN);
    }
}
