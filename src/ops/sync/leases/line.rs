//! Standing in line for a claim that another machine holds: a ref for each who waits, so that who came first goes first, and
//! all but the first may sleep. Who does not come forward when it is free is passed over, so that nobody waits for the dead.
//! Must not know: whether a claim may be taken.

use std::collections::BTreeSet;
use std::thread;
use std::time::{Duration, Instant};

use super::begin;
use super::taking_in::{Line, fetch_only};
use crate::domain::claim::Moment;
use crate::domain::id::{ObjectId, RefName};
use crate::domain::sync::{ForeignClaim, claim_ref, number_in_line, place_in_line};
use crate::git::remote::{Change, Outcome};
use crate::ops::context::Context;
use crate::ops::session;
use crate::ops::sync::Talk;

/// How often the first in line looks; each behind it so much less often as it stands further back.
const FIRST_PAUSE: Duration = Duration::from_millis(120);

/// Nobody looks less often, so that what is left of a lease is not overslept by much.
const LONGEST_PAUSE: Duration = Duration::from_secs(3);

/// Who goes before and does not take what is free for so long is passed over, on a way to the remote that is fast.
const PATIENCE: Duration = Duration::from_secs(3);

/// Where somebody stands in line.
#[derive(Debug, Default)]
pub(in crate::ops) struct Turn {
    own: Option<(RefName, ObjectId)>,
    passed: BTreeSet<RefName>,
}

impl Turn {
    fn own_in(&self, claim: &RefName) -> Option<&RefName> {
        self.own.as_ref().map(|(name, _)| name).filter(|name| number_in_line(claim, name).is_some())
    }

    /// Who goes before. Who does not stand in line goes behind all.
    pub(super) fn before<'l>(&self, line: &'l Line, claim: &RefName) -> Vec<&'l RefName> {
        let own = self.own_in(claim);
        let names = line.iter().map(|(name, _)| name).filter(|name| number_in_line(claim, name).is_some());
        names.filter(|name| own.is_none_or(|own| name < &own) && !self.passed.contains(*name)).collect()
    }

    /// Places that end as the claim is taken: one's own, and those that were passed over.
    pub(super) fn over(&self, line: &Line) -> Vec<Change> {
        let ends = |name: &RefName| self.own.as_ref().is_some_and(|(own, _)| own == name) || self.passed.contains(name);
        let change = |(name, oid): &(RefName, ObjectId)| Change { name: name.clone(), expected: Some(*oid), new: None };
        line.iter().filter(|(name, _)| ends(name)).map(change).collect()
    }

    /// Takes the last place in line, and leaves another line. Where that fails one waits all the same, behind all who stand.
    fn join(&mut self, talk: &Talk<'_>, line: &Line, claim: &RefName) {
        let Some(at) = talk.state.claims.get(claim).map(|claim| claim.oid) else { return };
        let last = line.iter().filter_map(|(name, _)| number_in_line(claim, name)).max().unwrap_or(0);
        let who = format!("{}-{:x}", talk.host.id, std::process::id());
        let name = place_in_line(claim, last.saturating_add(1).min(999_999_999_999), &who);
        let mut changes = vec![Change { name: name.clone(), expected: None, new: Some(at) }];
        changes.extend(self.own.take().map(|(name, oid)| Change { name, expected: Some(oid), new: None }));
        let outcomes = talk.remote.push(&changes, false).unwrap_or_default();
        self.own = (outcomes.first() == Some(&Outcome::Done)).then_some((name, at));
    }

    /// Forgets the place, as it was given up with the claim that was taken.
    pub(super) fn forget(&mut self) {
        self.own = None;
        self.passed.clear();
    }
}

/// Leaves the line. What cannot be told now is passed over by whoever comes next.
pub(in crate::ops) fn leave(ctx: &Context, turn: Turn) {
    let Some((name, oid)) = turn.own else { return };
    if let Ok(talk) = begin(ctx) {
        drop(talk.remote.push(&[Change { name, expected: Some(oid), new: None }], false));
    }
}

/// What somebody who waits sees.
struct Look {
    /// Whether one of the claims is over.
    is_free: bool,
    /// Who goes before.
    before: Vec<RefName>,
    /// Where the claims stand.
    at: Vec<Option<ObjectId>>,
}

/// Waits in line until one of these claims is free and nobody goes before, or `until`. Of a claim that is free already the
/// line alone is waited for.
pub(in crate::ops) fn wait(ctx: &Context, claims: &[ForeignClaim], until: Option<Instant>, turn: &mut Turn) {
    let names: Vec<RefName> = claims.iter().map(|claim| claim_ref(&claim.record.pattern)).collect();
    let (mut pause, mut took, mut last) = (FIRST_PAUSE, Duration::ZERO, None);
    loop {
        let begun = Instant::now();
        let now = session::boot_clock(ctx);
        // A remote that is away is looked at again; the lease runs out by the clock here all the same.
        let seen = begin(ctx).ok().and_then(|mut talk| look(&mut talk, &names, turn, &now));
        took = if seen.is_some() { begun.elapsed() } else { took };
        let over = claims.iter().any(|claim| claim.left(&now).is_none()) && seen.is_none();
        let is_turn = seen.as_ref().is_some_and(|seen| seen.is_free && seen.before.is_empty());
        if over || is_turn || until.is_none_or(|until| Instant::now() >= until) {
            return;
        }
        if let Some(seen) = seen {
            pause = next_pause(pause, &seen, last.as_ref().map(|(_, seen)| seen));
            last = Some(patience(seen, last, took, turn));
        }
        // By the process's number, as all who wait began at the same time.
        let jitter = pause * (std::process::id() % 8) / 32;
        let left = until.map_or(LONGEST_PAUSE, |until| until.saturating_duration_since(Instant::now()));
        thread::sleep((pause + jitter).max(took * 2).min(left));
    }
}

/// One look at the claims and the line for the first of them, in which a place is taken.
fn look(talk: &mut Talk<'_>, names: &[RefName], turn: &mut Turn, now: &Moment) -> Option<Look> {
    let before = talk.state.claims.clone();
    let line = fetch_only(talk, names, now).ok()?;
    if before != talk.state.claims {
        talk.save().ok()?;
    }
    let claim = names.first()?;
    let stands = |name: &RefName| line.iter().any(|(place, _)| place == name);
    // Somebody passed us over while we slept: at the end again.
    if turn.own_in(claim).is_none_or(|own| !stands(own)) {
        turn.join(talk, &line, claim);
    }
    let stand = |name: &RefName| talk.state.claims.get(name);
    Some(Look {
        is_free: names.iter().any(|name| stand(name).is_none_or(|claim| claim.left(now).is_none())),
        before: turn.before(&line, claim).into_iter().cloned().collect(),
        at: names.iter().map(|name| stand(name).map(|claim| claim.oid)).collect(),
    })
}

/// Soon where it is soon one's turn; where nothing happens less and less often, so that many who wait for long do not keep
/// the holder from working.
fn next_pause(pause: Duration, seen: &Look, last: Option<&Look>) -> Duration {
    let by_place = FIRST_PAUSE * u32::try_from(seen.before.len() + 1).unwrap_or(u32::MAX).min(50);
    let is_quiet = last.is_some_and(|last| last.at == seen.at && last.before == seen.before);
    if is_quiet { (pause * 5 / 4).max(by_place) } else { by_place }.min(LONGEST_PAUSE)
}

/// Passes over the first in line where it has left what is free lying for long; since when things stand as they do.
fn patience(seen: Look, last: Option<(Instant, Look)>, took: Duration, turn: &mut Turn) -> (Instant, Look) {
    let same =
        |last: &(Instant, Look)| last.1.is_free && last.1.at == seen.at && last.1.before.first() == seen.before.first();
    let since = last.filter(same).filter(|_| seen.is_free).map_or_else(Instant::now, |(since, _)| since);
    if seen.is_free && since.elapsed() > PATIENCE.max(took * 10) {
        turn.passed.extend(seen.before.first().cloned());
        return (Instant::now(), seen);
    }
    (since, seen)
}
