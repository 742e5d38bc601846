//! Taking a claim: first here, then, where machines share their claims, among all of them; and what theirs mean here.
//! Must not know: how a claim is kept or carried.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use super::{AlreadyChanged, change, facts, note_ended, others, refused, row};
use crate::domain::claim::{
    Claim, ClaimMode, Contest, Contested, End, Granted, Holder, Moment, Refusal, Request, Token,
};
use crate::domain::event::EventKind;
use crate::domain::path::RepoPath;
use crate::domain::report::{ClaimReport, ClaimRow};
use crate::domain::sync::ForeignClaim;
use crate::domain::time::Seconds;
use crate::failure::Failure;
use crate::ops::context::Context;
use crate::ops::journal;
use crate::ops::place::Place;
use crate::ops::sync::leases::{self, Shared, Turn};

/// How often somebody who waits looks again.
const LOOK_AGAIN: Duration = Duration::from_millis(200);

/// Takes the claim here, and then among all machines where claims are shared.
pub(super) fn take(
    ctx: &Context,
    place: &Place,
    request: &Request,
    wait: Option<Seconds>,
    already: &[AlreadyChanged],
) -> Result<ClaimReport, Failure> {
    // Who does not wait stands in no line either.
    let mut turn = wait.map(|_| Turn::default());
    let taken = take_in_turn(ctx, place, request, wait, already, &mut turn);
    if let Some(turn) = turn {
        leases::leave(ctx, turn);
    }
    taken
}

fn take_in_turn(
    ctx: &Context,
    place: &Place,
    request: &Request,
    wait: Option<Seconds>,
    already: &[AlreadyChanged],
    turn: &mut Option<Turn>,
) -> Result<ClaimReport, Failure> {
    let until = wait.map(|wait| Instant::now() + Duration::from_secs(wait.0));
    let may_still_wait = || until.is_some_and(|until| Instant::now() < until);
    let is_shared = request.mode == ClaimMode::Exclusive && leases::is_on(ctx)?;
    loop {
        let in_the_way =
            if is_shared { leases::in_the_way(ctx, &request.patterns, &request.force) } else { Vec::new() };
        if !in_the_way.is_empty() {
            if let Some(turn) = turn.as_mut().filter(|_| may_still_wait()) {
                leases::wait(ctx, &in_the_way, until, turn);
                continue;
            }
            return Ok(lost(ctx, place, request, &in_the_way));
        }
        let (granted, may_wait) = change(ctx, &place.worktrees, |table, now, _| {
            let may_wait = table.may_wait(&request.holder);
            (table.grant(request.clone(), now), may_wait)
        })?;
        match granted {
            Ok(Granted { claim, ended }) => {
                note_ended(ctx, &ended);
                let shared = if is_shared {
                    // Whose time is over looks no more at who else waits.
                    leases::hold(ctx, &claim, &request.force, turn.as_mut().filter(|_| may_still_wait()))
                } else {
                    Ok(Shared::Held(Vec::new()))
                };
                let notices = match shared {
                    Ok(Shared::Held(notices)) => notices,
                    Ok(Shared::Lost(others)) => {
                        undo(ctx, claim.token)?;
                        if let Some(turn) = turn.as_mut().filter(|_| may_still_wait()) {
                            leases::wait(ctx, &others, until, turn);
                            continue;
                        }
                        return Ok(lost(ctx, place, request, &others));
                    }
                    Err(failure) => vec![format!("other machines do not know of it yet: {}", failure.whole_message())],
                };
                journal::note(ctx, Some(&claim.label), EventKind::ClaimGranted(facts(&claim)));
                let row = Box::new(ClaimRow { left: claim.lease.span, mine: true, claim });
                return Ok(ClaimReport::Granted { row, already: already.iter().map(others::told).collect(), notices });
            }
            Err(_) if may_wait && may_still_wait() => std::thread::sleep(LOOK_AGAIN),
            Err(refusals) => {
                journal::note(ctx, Some(&place.label), EventKind::ClaimRefused(refused(request, &refusals)));
                let rows = refusals.into_iter().filter_map(|refusal| row(ctx, refusal.by, false)).collect();
                return Ok(ClaimReport::Refused { rows, not_waited: wait.is_some() && !may_wait });
            }
        }
    }
}

/// Takes back what was granted here, as another machine holds it.
fn undo(ctx: &Context, token: Token) -> Result<(), Failure> {
    change(ctx, &[], |table, _, _| drop(table.live.remove(&token)))
}

/// Refused because of other machines' claims.
fn lost(ctx: &Context, place: &Place, request: &Request, others: &[ForeignClaim]) -> ClaimReport {
    let claims: Vec<Claim> = others.iter().map(|other| other.as_claim(ctx.now)).collect();
    let by = |by: &Claim| Refusal { wanted: request.patterns[0].clone(), by: by.clone() };
    let refusals: Vec<Refusal> = claims.iter().map(by).collect();
    journal::note(ctx, Some(&place.label), EventKind::ClaimRefused(refused(request, &refusals)));
    let rows = claims.into_iter().filter_map(|claim| row(ctx, claim, false)).collect();
    ClaimReport::Refused { rows, not_waited: false }
}

/// Ends a claim because another machine was granted it too, and goes before.
pub(in crate::ops) fn yielded(ctx: &Context, token: Token) -> Result<(), Failure> {
    let ended = change(ctx, &[], |table, _, _| table.live.remove(&token))?;
    note_ended(ctx, &ended.map(|claim| (claim, End::Yielded)).into_iter().collect::<Vec<_>>());
    Ok(())
}

/// The paths that other machines' claims keep `holder` off.
pub(super) fn contested_elsewhere(
    ctx: &Context,
    holder: &Holder,
    paths: &BTreeSet<RepoPath>,
    now: &Moment,
) -> Vec<Contested> {
    let foreign = leases::foreign(ctx, now);
    if foreign.is_empty() {
        return Vec::new();
    }
    let me = leases::own_ref(ctx, &holder.identity);
    let by = |path: &RepoPath| {
        let claim = foreign.iter().find(|claim| claim.binds(me.as_ref(), path))?;
        Some(Contested { path: path.clone(), why: Contest::Claimed(claim.as_claim(ctx.now)) })
    };
    paths.iter().filter_map(by).collect()
}
