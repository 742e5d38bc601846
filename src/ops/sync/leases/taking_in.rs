//! Learning of other machines' claims, and of what became of our own.
//! Must not know: whether a claim may be taken.

use std::collections::BTreeMap;

use super::text;
use crate::domain::claim::{Lease, Moment};
use crate::domain::id::{ObjectId, RefName};
use crate::domain::sync::{CLAIMS, ClaimRecord, ForeignClaim, LeaseState, claim_ref, host_of};
use crate::git::objects::Objects;
use crate::git::publication;
use crate::git::remote::Trouble;
use crate::ops::sync::Talk;
use crate::ops::sync::bringing::bring;
use crate::store::sync as store;

/// No more claims are looked at, and no more bytes of them.
const MOST: usize = 20_000;
const MOST_BYTES: usize = 8 << 20;

/// Those who stand in line for claims, in their order.
pub(super) type Line = Vec<(RefName, ObjectId)>;

/// Fetches the claims alone, and gives who stands in line for them.
pub(super) fn fetch(talk: &mut Talk<'_>, now: &Moment) -> Result<Line, Trouble> {
    fetch_like(talk, &[format!("+{CLAIMS}*:{CLAIMS}*")], now)
}

/// The same of some claims and their lines alone.
pub(super) fn fetch_only(talk: &mut Talk<'_>, names: &[RefName], now: &Moment) -> Result<Line, Trouble> {
    let names = names.iter().map(|name| String::from_utf8_lossy(name.as_bytes()).into_owned());
    fetch_like(talk, &names.map(|name| format!("+{name}*:{name}*")).collect::<Vec<_>>(), now)
}

fn fetch_like(talk: &mut Talk<'_>, refspecs: &[String], now: &Moment) -> Result<Line, Trouble> {
    bring(talk, refspecs)?;
    take_in(talk, now)
}

/// Takes in what was fetched: others' claims with the moment in which they were first seen, and what became of our own.
/// Gives who stands in line.
pub(in crate::ops::sync) fn take_in(talk: &mut Talk<'_>, now: &Moment) -> Result<Line, Trouble> {
    let mut repository = talk.ctx.repository.clone();
    repository.fetched = publication::objects_in(talk.ctx.store.dir());
    let objects = repository.objects()?;
    let mut known = std::mem::take(&mut talk.state.claims);
    let is_in_line = |(name, _): &(RefName, ObjectId)| name.as_bytes()[CLAIMS.len()..].contains(&b'/');
    let (line, refs): (Line, Vec<_>) = talk.exchange.refs_like(&[CLAIMS])?.into_iter().partition(is_in_line);
    let (mut claims, mut own) = (BTreeMap::new(), BTreeMap::new());
    let mut room = MOST_BYTES;
    for (name, oid) in refs.into_iter().take(MOST) {
        let former = known.remove(&name);
        if let Some(mut claim) = former.clone().filter(|claim| claim.oid == oid) {
            claim.lease.see(now);
            room = room.saturating_sub(claim.record.weight());
            claims.insert(name, claim);
            continue;
        }
        let Some(record) = read(&objects, oid) else { continue };
        if claim_ref(&record.pattern) != name || record.weight() > room {
            continue;
        }
        room -= record.weight();
        if former.is_some_and(|former| record.token < former.record.token) {
            talk.notice(format!(
                "the claim on {} went back to an earlier number: the remote was set back",
                text(&record.pattern)
            ));
        }
        talk.state.last_token = talk.state.last_token.max(record.token.0);
        if host_of(&record.holder) == Some(talk.host.id.as_str()) {
            own.insert(name, (oid, record));
        } else {
            claims.insert(name, of_record(oid, record, now));
        }
    }
    for gone in known.into_values().filter(|claim| claim.record.state == LeaseState::Held) {
        talk.notice(format!(
            "the claim on {} by {} was removed at the remote",
            text(&gone.record.pattern),
            gone.record.label
        ));
    }
    follow_own(talk, &own, &claims);
    // What we gave back ourselves tells where the next swap begins.
    for (name, (oid, record)) in own {
        if !talk.state.leases.contains_key(&name) {
            let mut left = of_record(oid, record, now);
            left.record.state = LeaseState::Released;
            claims.insert(name, left);
        }
    }
    talk.state.claims = claims;
    Ok(line)
}

/// Where our own leases stand now.
fn follow_own(
    talk: &mut Talk<'_>,
    own: &BTreeMap<RefName, (ObjectId, ClaimRecord)>,
    others: &BTreeMap<RefName, ForeignClaim>,
) {
    for (name, lease) in &mut talk.state.leases {
        lease.oid = match (own.get(name), others.get(name)) {
            // Also where the answer to our swap was lost.
            (Some((oid, record)), _) if record.state == LeaseState::Held => Some(*oid),
            _ => None,
        };
    }
}

fn of_record(oid: ObjectId, record: ClaimRecord, now: &Moment) -> ForeignClaim {
    let there = Moment { boot: record.holder.as_bytes().escape_ascii().to_string().into(), seconds: 0 };
    let lease = Lease { from: there, span: record.span, seen: Some(now.clone()) };
    ForeignClaim { oid, record, lease }
}

fn read(objects: &Objects, oid: ObjectId) -> Option<ClaimRecord> {
    let message = publication::message(objects, oid).ok()?;
    let end = message.windows(2).position(|pair| pair == b"\n\n").unwrap_or(message.len());
    store::decode_claim(&message[..end]).ok()
}
