//! reference-transaction, installed by `--strict`: judges every update of a local branch, so that no way leads round.
//! Must not know: how others are read, how the judgement is shown.

use std::ffi::OsString;

use crate::domain::event::EventKind;
use crate::domain::id::{Identity, ObjectId, RefName};
use crate::domain::judgement::Judgement;
use crate::failure::Failure;
use crate::git::objects::Objects;
use crate::ops::commit::{self, Candidate, CommandInHand, Others};
use crate::ops::context::Context;
use crate::ops::place::Place;
use crate::ops::{intents, journal};

use super::HookAnswer;

/// One line of the input: `<old id> <new id> <ref>` (githooks(5)).
struct Update {
    old: Option<ObjectId>,
    new: ObjectId,
    name: RefName,
}

/// Answers reference-transaction. Only the state `prepared` can still be vetoed.
pub(super) fn before(ctx: &Context, arguments: &[OsString], stdin: &[u8]) -> Result<HookAnswer, Failure> {
    if arguments.first().is_none_or(|state| state != "prepared") || ctx.skipped() {
        return Ok(HookAnswer::default());
    }
    let updates: Vec<_> = stdin.split(|&byte| byte == b'\n').filter_map(read_line).collect();
    if updates.is_empty() {
        return Ok(HookAnswer::default());
    }
    let place = Place::find(ctx)?;
    let objects = ctx.repository.objects()?;
    for update in &updates {
        if was_judged(ctx, &objects, update)? {
            continue;
        }
        let (judgement, candidate, label) = judge(ctx, &objects, &place, update)?;
        if judgement.stops() {
            let facts = commit::facts("reference-transaction", &candidate, &judgement);
            journal::note(ctx, Some(&label), EventKind::CommitBlocked(facts));
            return Ok(HookAnswer { stop: true, judgement: Some(judgement), notices: Vec::new() });
        }
    }
    Ok(HookAnswer::default())
}

fn read_line(line: &[u8]) -> Option<Update> {
    let mut fields = line.splitn(3, |&byte| byte == b' ');
    let old = ObjectId::from_hex(fields.next()?).filter(|old| !old.is_null());
    let new = ObjectId::from_hex(fields.next()?).filter(|new| !new.is_null())?;
    let name = RefName::new(fields.next()?);
    name.as_bytes().starts_with(b"refs/heads/").then_some(Update { old, new, name })
}

/// Whether pre-commit let exactly this tree through a moment ago.
fn was_judged(ctx: &Context, objects: &Objects, update: &Update) -> Result<bool, Failure> {
    let tree = objects.commit(update.new)?.tree;
    let seen = intents::look(&ctx.store, ctx.now)?;
    Ok(seen.intents.iter().any(|intent| intent.tree == tree && intent.head.as_ref() == Some(&update.name)))
}

fn judge(
    ctx: &Context,
    objects: &Objects,
    place: &Place,
    update: &Update,
) -> Result<(Judgement, Candidate, String), Failure> {
    let owner = place.worktrees.iter().find(|worktree| worktree.branch.as_ref() == Some(&update.name));
    let identity = owner.map_or_else(|| Identity::Ref(update.name.clone()), |owner| owner.identity.clone());
    let before = match update.old {
        Some(old) => Some(old),
        None => commit::fork_point(ctx, objects, &place.target, update.new)?,
    };
    let candidate = Candidate::of_commit(ctx, objects, update.new, before)?;
    let others = Others {
        worktrees: &place.worktrees,
        me: &identity,
        on_target: place.target.name.as_ref() == Some(&update.name),
        intents: Vec::new(),
        claims: None,
    };
    let in_hand = CommandInHand { name: "commit", prefix: Vec::new() };
    let judgement = commit::judge(ctx, objects, &place.target, &candidate, &others, &in_hand)?;
    let label = String::from_utf8_lossy(update.name.short()).into_owned();
    Ok((judgement, candidate, label))
}
