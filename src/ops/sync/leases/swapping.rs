//! Changing the refs of claims: all of a claim at once, each only where it stands as it was last seen.
//! Must not know: whether a claim may be taken.

use std::collections::{BTreeMap, BTreeSet};

use crate::domain::claim::{Claim, Token};
use crate::domain::id::{Identity, ObjectId, RefName};
use crate::domain::path::RepoPath;
use crate::domain::pattern::Pattern;
use crate::domain::sync::{ClaimRecord, INSTANCES, LeaseState, OwnLease, claim_ref, ref_of};
use crate::failure::Failure;
use crate::git::objects::{ObjectKind, Objects};
use crate::git::publication;
use crate::git::remote::{Change, Outcome, Trouble};
use crate::ops::sync::Talk;
use crate::store::sync as store;

pub(super) fn lease(claim: &Claim, pattern: &Pattern, token: Token, oid: Option<ObjectId>) -> OwnLease {
    let (span, beat) = (claim.lease.span, claim.lease.from.seconds);
    OwnLease { local: claim.token, oid, token, pattern: pattern.clone(), span, beat }
}

/// What became of a swap.
pub(super) enum Swapped {
    Done,
    /// Somebody else was faster.
    Outrun,
    /// The remote did not do it, for a reason that may pass.
    Failed(String),
    Away(Trouble),
}

/// Swaps all patterns of a claim at once; places in line that are `over` go with it.
pub(super) fn swap(talk: &mut Talk<'_>, claim: &Claim, state: LeaseState, over: &[Change]) -> Result<Swapped, Failure> {
    let objects = talk.ctx.repository.objects()?;
    let holder = ref_of(&talk.host, &claim.holder.identity);
    let token = match talk.state.leases.get(&claim_ref(&claim.patterns[0])) {
        Some(lease) if lease.local == claim.token && (lease.oid.is_some() || state == LeaseState::Released) => {
            lease.token
        }
        _ => Token(talk.state.last_token + 1),
    };
    let mut changes = Vec::new();
    for pattern in &claim.patterns {
        let name = claim_ref(pattern);
        let expected = match talk.state.leases.get(&name).and_then(|lease| lease.oid) {
            Some(oid) => Some(oid),
            None => talk.state.claims.get(&name).map(|claim| claim.oid),
        };
        let record = ClaimRecord {
            holder: holder.clone(),
            label: format!("{}@{}", claim.label, talk.host.name),
            task: claim.task.clone(),
            pattern: pattern.clone(),
            token,
            state,
            span: claim.lease.span,
            beat: claim.lease.from.seconds,
            exempt: exempt(claim),
        };
        let new = write(&objects, &record, expected, talk)?;
        changes.push(Change { name, expected, new: Some(new) });
    }
    talk.exchange.keep(&objects)?;
    let swapped = push(talk, &changes, over).unwrap_or_else(Swapped::Away);
    if let Swapped::Done = swapped {
        for (change, pattern) in changes.iter().zip(&claim.patterns) {
            talk.state.leases.insert(change.name.clone(), lease(claim, pattern, token, change.new));
            talk.state.claims.remove(&change.name);
        }
        talk.state.last_token = talk.state.last_token.max(token.0);
        talk.save()?;
    }
    Ok(swapped)
}

/// The commit of a record. It differs each time it is written, as what it replaces is named in it.
fn write(
    objects: &Objects,
    record: &ClaimRecord,
    after: Option<ObjectId>,
    talk: &Talk<'_>,
) -> Result<ObjectId, Failure> {
    let tree = objects.add(ObjectKind::Tree, b"")?;
    let mut message = store::encode_claim(record);
    // Behind the record, where nobody reads it: equal records at different times are different commits.
    let after = after.map(|id| id.to_string()).unwrap_or_default();
    message.extend_from_slice(format!("\n\nafter {after} {}\n", std::process::id()).as_bytes());
    Ok(publication::commit(objects, tree, &[], &message, talk.ctx.now)?)
}

/// Swaps all refs, or none. What becomes of those that are `over` decides nothing.
fn push(talk: &mut Talk<'_>, changes: &[Change], over: &[Change]) -> Result<Swapped, Trouble> {
    let at_once = changes.len() == 1;
    let all = if at_once { [changes, over].concat() } else { changes.to_vec() };
    // The answer may have been lost: what stands there tells.
    let Ok(mut outcomes) = talk.remote.push(&all, !at_once) else {
        return settle_by_looking(talk, changes, Swapped::Outrun);
    };
    outcomes.truncate(changes.len());
    if outcomes.iter().all(|outcome| *outcome == Outcome::Done) {
        if !at_once && !over.is_empty() {
            drop(talk.remote.push(over, false));
        }
        return Ok(Swapped::Done);
    }
    for outcome in &outcomes {
        match outcome {
            Outcome::Refused(why) => {
                talk.state.refused = Some(why.clone());
                return Err(Trouble::Away(format!("it takes no refs/coord-claims/*: {why}")));
            }
            Outcome::Failed(why) => return settle_by_looking(talk, changes, Swapped::Failed(why.clone())),
            Outcome::Done | Outcome::Outrun => {}
        }
    }
    // What an atomic push leaves undone is not said to be outrun each: none was done.
    Ok(Swapped::Outrun)
}

fn settle_by_looking(talk: &Talk<'_>, changes: &[Change], otherwise: Swapped) -> Result<Swapped, Trouble> {
    let there: BTreeMap<RefName, ObjectId> = talk.remote.list(&["refs/coord-claims/*"])?.into_iter().collect();
    let is_done = changes.iter().all(|change| there.get(&change.name).copied() == change.new);
    Ok(if is_done { Swapped::Done } else { otherwise })
}

fn exempt(claim: &Claim) -> BTreeMap<RefName, BTreeSet<RepoPath>> {
    let one = |(identity, paths): (&Identity, &BTreeSet<RepoPath>)| match identity {
        Identity::Ref(name) if name.as_bytes().starts_with(INSTANCES.as_bytes()) => Some((name.clone(), paths.clone())),
        _ => None,
    };
    claim.exempt.iter().filter_map(one).collect()
}

/// Writes that claims are over. One that somebody else took meanwhile is theirs.
pub(super) fn give_back(talk: &mut Talk<'_>, over: &[RefName]) -> Result<(), Failure> {
    if over.is_empty() {
        return Ok(());
    }
    let objects = talk.ctx.repository.objects()?;
    let mut changes = Vec::new();
    for name in over {
        let Some(lease) = talk.state.leases.get(name).filter(|lease| lease.oid.is_some()) else { continue };
        let record = ClaimRecord {
            holder: RefName::new(format!("{INSTANCES}{}/main", talk.host.id)),
            label: format!("nobody@{}", talk.host.name),
            task: None,
            pattern: lease.pattern.clone(),
            token: lease.token,
            state: LeaseState::Released,
            span: lease.span,
            beat: 0,
            exempt: BTreeMap::new(),
        };
        let new = write(&objects, &record, lease.oid, talk)?;
        changes.push(Change { name: name.clone(), expected: lease.oid, new: Some(new) });
    }
    talk.exchange.keep(&objects)?;
    let outcomes = if changes.is_empty() { Ok(Vec::new()) } else { talk.remote.push(&changes, false) };
    let outcomes = match outcomes {
        Ok(outcomes) => outcomes,
        Err(trouble) => {
            talk.failed("give claims back at", &trouble);
            return Ok(());
        }
    };
    let mut failed = BTreeSet::new();
    for (change, outcome) in changes.iter().zip(outcomes) {
        if let Outcome::Failed(why) = outcome {
            talk.failed("give claims back at", &Trouble::Away(why));
            failed.insert(&change.name);
        }
    }
    for name in over.iter().filter(|name| !failed.contains(name)) {
        talk.state.leases.remove(name);
    }
    Ok(())
}
