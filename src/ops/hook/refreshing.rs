//! post-commit, post-merge, post-checkout, post-rewrite: see what was really committed, and keep record and board current.
//! Must not know: how the board is written, how anything is shown. Never stops git.

use crate::domain::event::{CommitFacts, EventKind};
use crate::domain::id::ObjectId;
use crate::domain::intent::Intent;
use crate::failure::Failure;
use crate::git::objects::Objects;
use crate::ops::commit::{self, Candidate, CommandInHand, Others};
use crate::ops::context::Context;
use crate::ops::place::Place;
use crate::ops::{intents, journal, publish, sync};

use super::HookAnswer;

/// After a commit or a merge: ends the intent, judges again what was really committed where it is not the tree that was
/// judged, and refreshes the board.
pub(super) fn after_commit(ctx: &Context) -> Result<HookAnswer, Failure> {
    let place = Place::find(ctx)?;
    if let Some(head) = place.me.head {
        let objects = ctx.repository.objects()?;
        let tree = objects.commit(head)?.tree;
        let intent = intents::end(ctx, place.identity(), tree)?;
        if let Some(kind) = unlike_judged(ctx, &objects, &place, head, intent.as_ref())? {
            journal::note(ctx, Some(&place.label), kind);
        }
    }
    publish::refresh(ctx)?;
    sync::start_after_commit(ctx);
    Ok(HookAnswer::default())
}

/// After a checkout or a rewrite: refreshes the board. A commit in the making lost its ground, so its intent ends.
pub(super) fn after_move(ctx: &Context) -> Result<HookAnswer, Failure> {
    publish::refresh(ctx)?;
    Ok(HookAnswer::default())
}

/// What the log must hold of a commit that is not the one that was judged: `None` where it is, or where it meets nobody.
fn unlike_judged(
    ctx: &Context,
    objects: &Objects,
    place: &Place,
    head: ObjectId,
    intent: Option<&Intent>,
) -> Result<Option<EventKind>, Failure> {
    let commit = objects.commit(head)?;
    let parent = commit.parents.first().copied();
    // `commit --amend` replaces the parent that was judged against by that one's own parents.
    let follows = intent.filter(|intent| intent.parent == parent || is_amended(objects, intent, &commit.parents));
    if follows.is_some_and(|intent| intent.tree == commit.tree) || ctx.skipped() {
        return Ok(None);
    }
    let candidate = Candidate::of_commit(ctx, objects, head, parent)?;
    let others = Others::of(place, Vec::new());
    let in_hand = CommandInHand { name: "commit", prefix: Vec::new() };
    let judgement = commit::judge(ctx, objects, &place.target, &candidate, &others, &in_hand)?;
    let facts = CommitFacts { hook: String::new(), commit: Some(head), ..commit::facts("", &candidate, &judgement) };
    Ok(match follows {
        Some(_) => Some(EventKind::CommitChangedAfterCheck(facts)),
        None if judgement.blocks.is_empty() => None,
        None => Some(EventKind::CommitBypassed(facts)),
    })
}

fn is_amended(objects: &Objects, intent: &Intent, parents: &[ObjectId]) -> bool {
    let judged_on = intent.parent.and_then(|parent| objects.commit(parent).ok());
    judged_on.is_some_and(|judged_on| judged_on.parents == parents)
}
