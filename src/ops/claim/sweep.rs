//! Which claims are over: by their lease, by a dead process, a worktree that is gone, a branch that has landed.
//! Must not know: who asks, what is granted.

use std::collections::BTreeSet;

use crate::domain::claim::{Claim, End, Moment, Table};
use crate::domain::id::Identity;
use crate::domain::process::Liveness;
use crate::git::history;
use crate::git::worktrees::Worktree;
use crate::ops::context::Context;
use crate::os::process;

/// Takes out of the table what is over. Where `worktrees` is empty, none is known to be gone.
pub(super) fn sweep(
    ctx: &Context,
    worktrees: &[Worktree],
    landed: &BTreeSet<Identity>,
    table: &mut Table,
    now: &Moment,
) -> Vec<(Claim, End)> {
    table.sweep(now, |claim| {
        if claim.process.as_ref().is_some_and(|process| process::is_alive(process) == Liveness::Dead) {
            return Some(End::HolderGone);
        }
        if is_gone(ctx, worktrees, &claim.holder.identity) {
            return Some(End::WorktreeGone);
        }
        landed.contains(&claim.holder.identity).then_some(End::Landed)
    })
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

/// The holders whose branch has landed since they took their claim: it moved on, and the target has all of it. Answers are
/// for claims alone, so that what cannot be told leaves the claim to its lease.
pub(super) fn landed(ctx: &Context, worktrees: &[Worktree], table: &Table) -> BTreeSet<Identity> {
    let mut landed = BTreeSet::new();
    if table.live.is_empty() {
        return landed;
    }
    let (Ok(target), Ok(objects)) = (ctx.target(), ctx.repository.objects()) else { return landed };
    let Some(target_tip) = target.tip else { return landed };
    for claim in table.live.values() {
        let Some(worktree) = worktrees.iter().find(|worktree| worktree.identity == claim.holder.identity) else {
            continue;
        };
        let on_target = worktree.branch.is_some() && worktree.branch == target.name;
        let moved = worktree.head.filter(|head| claim.tip.is_some() && claim.tip != Some(*head) && !on_target);
        if let Some(head) = moved
            && history::is_ancestor(&objects, head, target_tip).unwrap_or(false)
        {
            landed.insert(claim.holder.identity.clone());
        }
    }
    landed
}
