//! pre-push: what is about to leave, against everybody's committed work. It warns; it blocks only where `coord.strict` says so.
//! Must not know: how others are read, how the judgement is shown.

use crate::domain::id::{ObjectId, RefName};
use crate::domain::judgement::Judgement;
use crate::failure::Failure;
use crate::git::objects::Objects;
use crate::ops::commit::{self, Candidate, CommandInHand, Others};
use crate::ops::context::Context;
use crate::ops::place::Place;

use super::HookAnswer;

/// One line of pre-push's input: `<local ref> <local id> <remote ref> <remote id>` (githooks(5)).
struct Pushed {
    name: RefName,
    tip: ObjectId,
}

/// Answers pre-push.
pub(super) fn before(ctx: &Context, stdin: &[u8]) -> Result<HookAnswer, Failure> {
    if ctx.skipped() {
        return Ok(HookAnswer::default());
    }
    let place = Place::find(ctx)?;
    let objects = ctx.repository.objects()?;
    let mut worst: Option<Judgement> = None;
    for pushed in stdin.split(|&byte| byte == b'\n').filter_map(read_line) {
        let judgement = judge(ctx, &objects, &place, &pushed)?;
        if !judgement.blocks.is_empty()
            && worst.as_ref().is_none_or(|worst| worst.blocks.len() < judgement.blocks.len())
        {
            worst = Some(judgement);
        }
    }
    let stop = ctx.policy.strict && worst.as_ref().is_some_and(Judgement::stops);
    Ok(HookAnswer { stop, judgement: worst, notices: Vec::new() })
}

fn read_line(line: &[u8]) -> Option<Pushed> {
    let mut fields = line.split(|&byte| byte == b' ');
    let name = RefName::new(fields.next()?);
    let tip = ObjectId::from_hex(fields.next()?).filter(|tip| !tip.is_null())?;
    name.as_bytes().starts_with(b"refs/heads/").then_some(Pushed { name, tip })
}

/// Judges all that the branch has beyond the target, as one commit.
fn judge(ctx: &Context, objects: &Objects, place: &Place, pushed: &Pushed) -> Result<Judgement, Failure> {
    let mut place = place.clone();
    if let Some(owner) = place.worktrees.iter().find(|worktree| worktree.branch.as_ref() == Some(&pushed.name)) {
        place.me = owner.clone();
    }
    place.on_target = place.target.name.as_ref() == Some(&pushed.name);
    let fork = commit::fork_point(ctx, objects, &place.target, pushed.tip)?;
    let candidate = Candidate::of_commit(ctx, objects, pushed.tip, fork)?;
    let in_hand = CommandInHand { name: "push", prefix: Vec::new() };
    commit::judge(ctx, objects, &place.target, &candidate, &Others::of(&place, Vec::new()), &in_hand)
}
