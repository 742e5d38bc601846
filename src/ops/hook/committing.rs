//! pre-commit and pre-merge-commit: judge the tree the commit would make, and record it as an intent if it may go on.
//! Must not know: how others are read, how the judgement is shown.

use std::borrow::Cow;

use crate::domain::event::{CommitFacts, EventKind};
use crate::domain::intent::Intent;
use crate::domain::judgement::Judgement;
use crate::domain::policy::Mode;
use crate::failure::{Failure, Kind};
use crate::ops::commit::{self, Candidate, CommandInHand, Others};
use crate::ops::context::Context;
use crate::ops::intents::{self, Seen};
use crate::ops::place::Place;
use crate::ops::{journal, observe, sync};
use crate::os::process;

use super::{HookAnswer, shared};

/// So often is a commit judged again because somebody else recorded an intent meanwhile; then it counts as not checked,
/// which takes as many commits by others in one instant.
const ROUNDS: usize = 8;

/// Answers pre-commit (`command` is `commit`) and pre-merge-commit (`merge`).
///
/// Two commits at once: each is judged outside the lock against the intents that were there; under the lock its own is
/// recorded only if none came meanwhile, else it is judged again. So of two that conflict the later one sees the other.
pub(super) fn before(ctx: &Context, command: &'static str) -> Result<HookAnswer, Failure> {
    sync::start_in_background(ctx);
    let mut notices = Vec::new();
    for round in 0..ROUNDS {
        let ctx = if round == 0 { Cow::Borrowed(ctx) } else { Cow::Owned(ctx.looking_again()) };
        let ctx = ctx.as_ref();
        let seen = seen_intents(ctx, &mut notices);
        let place = Place::find(ctx)?;
        if ctx.skipped() {
            let facts =
                CommitFacts { hook: hook_name(command).to_owned(), parent: place.me.head, ..CommitFacts::default() };
            journal::note(ctx, Some(&place.label), EventKind::CommitSkipped(facts));
            return Ok(HookAnswer::default());
        }
        let (candidate, mut judgement) = judge(ctx, &place, &seen, command)?;
        let swept = shared::told(ctx, &place, &candidate);
        let stopped = judgement.stops() || (!swept.is_empty() && ctx.policy.shared_checkout_blocks);
        judgement.notices.extend(swept);
        let facts = commit::facts(hook_name(command), &candidate, &judgement);
        if stopped {
            observe::judgement(ctx, &place, &judgement);
            journal::note(ctx, Some(&place.label), EventKind::CommitBlocked(facts));
            return Ok(HookAnswer { stop: true, judgement: Some(judgement), notices });
        }
        if record(ctx, &place, &candidate, &seen, &mut notices) {
            observe::judgement(ctx, &place, &judgement);
            journal::note(ctx, Some(&place.label), passed(facts, &judgement));
            let told = (judgement.mode != Mode::Monitor).then_some(judgement);
            return Ok(HookAnswer { stop: false, judgement: told, notices });
        }
    }
    Err(Failure::new(Kind::Store, "others keep committing in the same instant".to_owned()))
}

fn judge(ctx: &Context, place: &Place, seen: &Seen, command: &'static str) -> Result<(Candidate, Judgement), Failure> {
    let objects = ctx.repository.objects()?;
    let merged = place.merge_heads(ctx)?;
    let candidate = Candidate::of_index(ctx, &objects, place.me.head, merged)?;
    let others = Others { claims: seen.claims.clone(), ..Others::of(place, seen.others_than(&place.me.identity)) };
    let in_hand = CommandInHand { name: command, prefix: ctx.prefix() };
    let judgement = commit::judge(ctx, &objects, &place.target, &candidate, &others, &in_hand)?;
    Ok((candidate, judgement))
}

/// The intents that count now; none where they cannot be read, which is said.
fn seen_intents(ctx: &Context, notices: &mut Vec<String>) -> Seen {
    let now = || intents::look(&ctx.store, ctx.now).map_err(|error| error.to_string());
    ctx.first_look().seen.clone().unwrap_or_else(now).unwrap_or_else(|error| {
        say_once(notices, format!("could not see what others commit in this instant: {error}"));
        Seen::default()
    })
}

/// Records the commit as an intent; `false` where somebody else's came since `seen`, so that it must be judged again.
/// Where nothing can be recorded the commit goes on, and that is said.
fn record(ctx: &Context, place: &Place, candidate: &Candidate, seen: &Seen, notices: &mut Vec<String>) -> bool {
    let Some(process) = process::parent_git_commit() else { return true };
    let intent = Intent {
        identity: place.me.identity.clone(),
        label: place.label.clone(),
        tree: candidate.tree,
        parent: candidate.head,
        merged: candidate.merged.clone(),
        head: place.me.branch.clone(),
        paths: candidate.paths.iter().cloned().collect(),
        process,
        at: ctx.now,
    };
    intents::record(ctx, &intent, seen).unwrap_or_else(|error| {
        say_once(notices, format!("could not record this commit for others: {error}"));
        true
    })
}

/// One line is enough: where commits of this instant cannot be seen, mostly none can be recorded either.
fn say_once(notices: &mut Vec<String>, line: String) {
    if notices.is_empty() {
        notices.push(line);
    }
}

fn hook_name(command: &str) -> &'static str {
    if command == "merge" { "pre-merge-commit" } else { "pre-commit" }
}

fn passed(facts: CommitFacts, judgement: &Judgement) -> EventKind {
    if judgement.blocks.is_empty() && judgement.warnings.is_empty() {
        EventKind::CommitPassed(facts)
    } else {
        EventKind::CommitWarned(facts)
    }
}
