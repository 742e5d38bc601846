//! Which claims are over: by their lease, by a dead process, a worktree that is gone, a branch that has landed.
//! Must not know: who asks, what is granted.

use std::collections::{BTreeMap, BTreeSet};

use crate::domain::claim::{Claim, End, Moment, Stand, Table, Token};
use crate::domain::id::{Identity, ObjectId};
use crate::domain::process::Liveness;
use crate::failure::Failure;
use crate::git::objects::Objects;
use crate::git::worktrees::Worktree;
use crate::git::{head_log, history};
use crate::ops::commit;
use crate::ops::context::Context;
use crate::ops::place::Place;
use crate::ops::session;
use crate::os::process;

/// Takes out of the table what is over. Where `worktrees` is empty, none is known to be gone.
pub(super) fn sweep(
    ctx: &Context,
    worktrees: &[Worktree],
    landed: &BTreeSet<Token>,
    table: &mut Table,
    now: &Moment,
) -> Vec<(Claim, End)> {
    table.sweep(now, |claim| {
        if claim.process.as_ref().is_some_and(|process| process::is_alive(process) == Liveness::Dead) {
            return Some(End::HolderGone);
        }
        if is_silent(ctx, claim) {
            return Some(End::HolderGone);
        }
        if is_gone(ctx, worktrees, &claim.holder.identity) {
            return Some(End::WorktreeGone);
        }
        landed.contains(&claim.token).then_some(End::Landed)
    })
}

/// Whether the session that holds it was declared, and nobody has heard of it since.
fn is_silent(ctx: &Context, claim: &Claim) -> bool {
    let Some(record) = claim.holder.session.as_deref().and_then(|id| session::record(ctx, id)) else { return false };
    record.is_stale(record.process.as_ref().map_or(Liveness::Unknown, process::is_alive), ctx.now)
}

fn is_gone(ctx: &Context, worktrees: &[Worktree], identity: &Identity) -> bool {
    if worktrees.is_empty() {
        return false;
    }
    match identity {
        Identity::MainWorktree => ctx.repository.bare,
        Identity::Worktree(_) => !worktrees.iter().any(|worktree| worktree.identity == *identity && !worktree.vanished),
        Identity::Ref(_) => false,
    }
}

/// Where the asker stands as it takes a claim.
pub(super) fn stand(ctx: &Context, place: &Place) -> Option<Stand> {
    let tip = place.me.head?;
    let objects = ctx.repository.objects().ok();
    let inside = objects
        .zip(place.target.tip)
        .is_none_or(|(objects, target)| history::is_ancestor(&objects, tip, target).unwrap_or(true));
    Some(Stand { tip, unlanded: !inside })
}

/// The claims whose holder's branch has landed since: the target has what was committed there, whether by a merge, a
/// squash or a rebase. A branch that only caught up with the target has not. What cannot be told leaves the claim to its
/// lease.
pub(super) fn landed(ctx: &Context, worktrees: &[Worktree], table: &Table) -> BTreeSet<Token> {
    let mut landed = BTreeSet::new();
    if table.live.is_empty() {
        return landed;
    }
    let (Ok(target), Ok(objects)) = (ctx.target(), ctx.repository.objects()) else { return landed };
    let Some(target_tip) = target.tip else { return landed };
    let mut logs: BTreeMap<&Identity, Vec<u8>> = BTreeMap::new();
    let mut known: BTreeMap<ObjectId, bool> = BTreeMap::new();
    let mut is_in = |commit: ObjectId| {
        let found = known.entry(commit);
        *found.or_insert_with(|| is_landed(ctx, &objects, target_tip, commit).unwrap_or(false))
    };
    for claim in table.live.values() {
        let holder = worktrees.iter().find(|worktree| worktree.identity == claim.holder.identity);
        // On the target itself every commit has landed as it is made, and work goes on.
        let Some(holder) = holder.filter(|it| it.branch.is_some() && it.branch != target.name) else { continue };
        let (Some(stand), Some(head)) = (claim.tip, holder.head) else { continue };
        let log = logs.entry(&holder.identity).or_insert_with(|| head_log::read(&holder.git_dir));
        let made = head_log::made_since(log, stand.tip).or(stand.unlanded.then_some(stand.tip));
        if made.is_some_and(|made| is_in(made) && is_in(head)) {
            landed.insert(claim.token);
        }
    }
    landed
}

fn is_landed(ctx: &Context, objects: &Objects, target: ObjectId, commit: ObjectId) -> Result<bool, Failure> {
    Ok(history::is_ancestor(objects, commit, target)? || commit::is_there(ctx, objects, target, commit)?)
}
