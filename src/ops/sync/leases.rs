//! Exclusive claims as other machines see them: a ref for each pattern, taken and given back by compare-and-swap.
//!
//! On one pattern the remote itself decides who is first. Patterns that overlap have refs of their own; there, whoever takes
//! one looks once more after that and gives it back where it finds another that it did not see before, so that of two never
//! both are granted. A partition ends with the smaller token yielding. Who waits stands in line (`line`).
//! Must not know: the local table of claims, beyond the claim that is shared.

mod line;
mod swapping;
mod taking_in;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::Talk;
use crate::domain::claim::{Claim, ClaimMode, Moment, Token};
use crate::domain::id::{Identity, ObjectId, RefName};
use crate::domain::pattern::Pattern;
use crate::domain::sync::{ForeignClaim, LeaseState, SyncMode, SyncState, Yield, claim_ref, ref_of};
use crate::failure::{Failure, Kind};
use crate::git::Deadline;
use crate::git::remote::Trouble;
use crate::ops::context::Context;
use crate::ops::{claim, session};
use crate::store::sync_record;

pub(in crate::ops) use line::{Turn, leave, wait};
use swapping::{Swapped, give_back, lease, swap};
pub(super) use taking_in::take_in;
use taking_in::{Line, fetch};

/// Longer than this nobody waits for a claim.
const LONGEST: Duration = Duration::from_secs(20);

/// So often a swap is tried again because somebody else was there first.
const ROUNDS: usize = 6;

/// What became of a claim among all machines.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(in crate::ops) enum Shared {
    /// It counts, with what to know of it.
    Held(Vec<String>),
    /// Others hold what it is on.
    Lost(Vec<ForeignClaim>),
}

/// Whether claims are shared with other machines: the user agreed to publish there.
///
/// # Errors
/// Where that cannot be told.
pub(in crate::ops) fn is_on(ctx: &Context) -> Result<bool, Failure> {
    let cannot = |reason| {
        Failure::new(Kind::Store, format!("other machines' claims could not be read: {reason}"))
            .hint("coord sync makes anew what is damaged")
    };
    let state = ctx.sync_state().map_err(cannot)?;
    Ok(state.is_some_and(|state| state.consent != SyncMode::Off && state.refused.is_none()))
}

/// Claims of other machines that are in force, as last fetched.
pub(in crate::ops) fn foreign<'c>(ctx: &'c Context, now: &Moment) -> Vec<&'c ForeignClaim> {
    let state = ctx.sync_state().ok().flatten();
    let all = state.into_iter().flat_map(|state| state.claims.values());
    all.filter(|claim| claim.left(now).is_some()).collect()
}

/// The ref of an instance of this clone; `None` where it never published any.
pub(in crate::ops) fn own_ref(ctx: &Context, identity: &Identity) -> Option<RefName> {
    let asked = ctx.env.variable("COORD_HOST").map(|name| name.to_string_lossy().into_owned());
    ctx.store.sync_host(asked.as_deref()).ok().flatten().map(|host| ref_of(&host, identity))
}

/// Other machines' claims in the way of these patterns, asked anew where one was known to be.
pub(in crate::ops) fn in_the_way(ctx: &Context, patterns: &[Pattern], force: &BTreeSet<Token>) -> Vec<ForeignClaim> {
    let now = session::boot_clock(ctx);
    // As it is now: who waits has learned something since this process began.
    let Some(state) = ctx.store.sync_state().ok().flatten() else { return Vec::new() };
    let known = meeting(&state, patterns, force, &now);
    if known.is_empty() {
        return known;
    }
    // Where the remote cannot be asked, what was known of it stands.
    let Ok(mut talk) = begin(ctx) else { return known };
    let fetched = fetch(&mut talk, &now);
    let found = meeting(&talk.state, patterns, force, &now);
    drop(talk.save());
    if fetched.is_ok() { found } else { known }
}

fn meeting(state: &SyncState, patterns: &[Pattern], force: &BTreeSet<Token>, now: &Moment) -> Vec<ForeignClaim> {
    let meets = |claim: &&ForeignClaim| {
        claim.left(now).is_some()
            && !force.contains(&claim.record.token)
            && patterns.iter().any(|pattern| pattern.meets(&claim.record.pattern))
    };
    state.claims.values().filter(meets).cloned().collect()
}

fn begin(ctx: &Context) -> Result<Talk<'_>, Failure> {
    let mut talk = Talk::begin(ctx, None, LONGEST)?;
    talk.remote = talk.remote.until(Deadline::within(LONGEST.min(super::longest(ctx))));
    Ok(talk)
}

/// Shares a claim that was granted here. Where the remote does not answer it counts here, and others hear of it later. With a
/// turn, those who stand in line go first.
pub(in crate::ops) fn hold(
    ctx: &Context,
    claim: &Claim,
    force: &BTreeSet<Token>,
    turn: Option<&mut Turn>,
) -> Result<Shared, Failure> {
    let mut talk = begin(ctx)?;
    let now = session::boot_clock(ctx);
    let held = take(&mut talk, claim, force, turn, &now);
    talk.save()?;
    held
}

fn pending(talk: &mut Talk<'_>, claim: &Claim, trouble: &Trouble) -> Shared {
    // Its number is decided now, so that whoever was first can be told later.
    let token = Token(talk.state.last_token + 1);
    for pattern in &claim.patterns {
        talk.state.leases.insert(claim_ref(pattern), lease(claim, pattern, token, None));
    }
    let why = trouble.text();
    Shared::Held(vec![format!("other machines do not know of it yet ({why}); coord sync tells them")])
}

fn take(
    talk: &mut Talk<'_>,
    claim: &Claim,
    force: &BTreeSet<Token>,
    mut turn: Option<&mut Turn>,
    now: &Moment,
) -> Result<Shared, Failure> {
    let mut why = "others keep taking claims in the same instant".to_owned();
    for _ in 0..ROUNDS {
        let line = match fetch(talk, now) {
            Ok(line) => line,
            Err(trouble) => return Ok(pending(talk, claim, &trouble)),
        };
        let in_the_way = meeting(&talk.state, &claim.patterns, force, now);
        if !in_the_way.is_empty() {
            return Ok(Shared::Lost(in_the_way));
        }
        let awaited = turn.as_deref().map(|turn| awaited(talk, claim, turn, &line)).unwrap_or_default();
        if !awaited.is_empty() {
            return Ok(Shared::Lost(awaited));
        }
        let over = turn.as_deref().map(|turn| turn.over(&line)).unwrap_or_default();
        let seen: BTreeSet<ObjectId> = talk.state.claims.values().map(|claim| claim.oid).collect();
        match swap(talk, claim, LeaseState::Held, &over)? {
            Swapped::Done => {
                if let Some(turn) = turn.as_deref_mut() {
                    turn.forget();
                }
                return look_again(talk, claim, force, &seen, now);
            }
            Swapped::Outrun => {}
            Swapped::Failed(reason) => why = reason,
            Swapped::Away(trouble) => return Ok(pending(talk, claim, &trouble)),
        }
    }
    Ok(pending(talk, claim, &Trouble::Away(why)))
}

/// Claims that are free, and for which others stand in line before.
fn awaited(talk: &Talk<'_>, claim: &Claim, turn: &Turn, line: &Line) -> Vec<ForeignClaim> {
    let names = claim.patterns.iter().map(claim_ref).filter(|name| !turn.before(line, name).is_empty());
    names.filter_map(|name| talk.state.claims.get(&name).cloned()).collect()
}

/// Whether another took a pattern that overlaps, in the moment in which this one was taken.
fn look_again(
    talk: &mut Talk<'_>,
    claim: &Claim,
    force: &BTreeSet<Token>,
    seen: &BTreeSet<ObjectId>,
    now: &Moment,
) -> Result<Shared, Failure> {
    if fetch(talk, now).is_err() {
        // It is ours at the remote. Whoever takes one that overlaps sees it there.
        return Ok(Shared::Held(Vec::new()));
    }
    let new: Vec<ForeignClaim> = meeting(&talk.state, &claim.patterns, force, now)
        .into_iter()
        .filter(|other| !seen.contains(&other.oid))
        .collect();
    if new.is_empty() {
        return Ok(Shared::Held(Vec::new()));
    }
    drop(swap(talk, claim, LeaseState::Released, &[])?);
    for pattern in &claim.patterns {
        talk.state.leases.remove(&claim_ref(pattern));
    }
    Ok(Shared::Lost(new))
}

/// Brings the remote in line with the claims that count here: gives back what is over, renews what was lengthened, shares
/// what nobody heard of, and ends those of ours that have to yield.
pub(super) fn reconcile(talk: &mut Talk<'_>, live: &BTreeMap<Token, Claim>) -> Result<(), Failure> {
    let now = session::boot_clock(talk.ctx);
    let over: Vec<RefName> = talk
        .state
        .leases
        .iter()
        .filter(|(_, lease)| !live.contains_key(&lease.local))
        .map(|(name, _)| name.clone())
        .collect();
    give_back(talk, &over)?;
    for claim in live.values().filter(|claim| claim.mode == ClaimMode::Exclusive) {
        let names: Vec<RefName> = claim.patterns.iter().map(claim_ref).collect();
        let is_held = names.iter().all(|name| talk.state.leases.get(name).is_some_and(|lease| lease.oid.is_some()));
        let told = (claim.lease.span, claim.lease.from.seconds);
        let is_longer = |name| talk.state.leases.get(name).is_some_and(|lease| (lease.span, lease.beat) != told);
        let is_longer = names.iter().any(is_longer);
        if is_held && !is_longer {
            continue;
        }
        let holder = ref_of(&talk.host, &claim.holder.identity);
        let token = names.iter().filter_map(|name| talk.state.leases.get(name)).map(|lease| lease.token).max();
        let token = token.unwrap_or(Token(talk.state.last_token + 1));
        let in_the_way = meeting(&talk.state, &claim.patterns, &BTreeSet::new(), &now);
        if let Some(first) = in_the_way.iter().find(|other| other.goes_before(token, &holder)) {
            for name in &names {
                talk.state.leases.remove(name);
            }
            let (ours, theirs) = (text(&claim.patterns[0]), first.clone());
            talk.notice(format!(
                "{} claimed {} too, while neither heard of the other; your claim on {ours} (token {}) yields to theirs (token {})",
                theirs.record.label, text(&theirs.record.pattern), token.0, theirs.record.token.0
            ));
            let told = talk.state.yielded.entry(holder.clone()).or_default();
            told.push(Yield { on: claim.patterns[0].text().to_vec(), token: token.0, to: theirs.record.holder });
            let old = told.len().saturating_sub(sync_record::MOST_YIELDED);
            told.drain(..old);
            claim::yielded(talk.ctx, claim.token)?;
            continue;
        }
        for other in &in_the_way {
            talk.notice(format!(
                "{} claimed {} too, while neither heard of the other; theirs (token {}) yields to yours (token {})",
                other.record.label,
                text(&other.record.pattern),
                other.record.token.0,
                token.0
            ));
        }
        match swap(talk, claim, LeaseState::Held, &[])? {
            Swapped::Done | Swapped::Outrun => {}
            Swapped::Failed(why) => talk.failed("share claims at", &Trouble::Away(why)),
            Swapped::Away(trouble) => talk.failed("share claims at", &trouble),
        }
    }
    Ok(())
}

/// Tells other machines of what was released or renewed here, as far as they can be reached.
pub(in crate::ops) fn tell(ctx: &Context, live: &BTreeMap<Token, Claim>) -> Vec<String> {
    let told = is_on(ctx).and_then(|is_on| {
        if !is_on {
            return Ok(Vec::new());
        }
        let mut talk = begin(ctx)?;
        reconcile(&mut talk, live)?;
        talk.save()?;
        Ok(talk.report.notices.into_iter().chain(talk.report.trouble).collect())
    });
    told.unwrap_or_else(|failure| vec![failure.whole_message()])
}

fn text(pattern: &Pattern) -> String {
    String::from_utf8_lossy(pattern.text()).into_owned()
}
