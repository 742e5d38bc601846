//! Judging many lines of work with what was found out before.
//! Must not know: whose lines they are.

use crate::domain::id::ObjectId;
use crate::failure::Failure;
use crate::git::merge::{self, Again, Begun, Keep, LineAnswer, Memory, PairAnswers, Question, Recall, Rest, Source};
use crate::git::objects::Objects;
use crate::ops::context::Context;

/// What was found out before about up to so many lines on this target; nothing where that would not be used. It takes a while,
/// in which something else can be done. `whole` says that pairs which merge cleanly will be looked at one by one.
pub(super) fn recall(ctx: &Context, target: ObjectId, lines: usize, whole: bool) -> Option<Memory> {
    if lines < merge::WORTH_REMEMBERING {
        return None;
    }
    let kept = |key: &str| {
        let parts = ctx.store.cached_parts(key)?;
        Some(Source::new(parts.len(), move |range| parts.read(range)))
    };
    let first = kept(&key(target))?;
    Recall { whole, ..ctx.recall(target) }.read(&first, kept(&later(target)).as_ref())
}

/// What was found of lines and of pairs of them.
#[derive(Debug, Default)]
pub(super) struct Verdicts {
    /// One for each line, in the question's order.
    pub(super) lines: Vec<LineAnswer>,
    /// The pairs that share a path, are stacked, or could not be judged.
    pub(super) pairs: PairAnswers,
    /// What is to be remembered of it.
    pub(super) keep: Option<Keep>,
    /// What of the lines nobody asks for any more.
    pub(super) rest: Rest,
}

/// Answers the question as far as lines stand where it is expected; nothing where that would not be used. What stands in the way
/// is met again by whoever judges.
pub(super) fn begin(ctx: &Context, objects: &Objects, question: &Question, memory: Option<Memory>) -> Option<Begun> {
    let judge = ctx.judge(objects);
    if !merge::is_remembered(&judge, question) {
        return None;
    }
    merge::begin(&judge, question, memory).ok()?
}

/// Answers the question; what did not change since it was last asked, or was answered already, is not judged again.
///
/// # Errors
/// As [`merge::judge`].
pub(super) fn judge(
    ctx: &Context,
    objects: &Objects,
    question: &Question,
    (memory, begun): (Option<Memory>, Option<Begun>),
) -> Result<Verdicts, Failure> {
    let judge = ctx.judge(objects);
    if !merge::is_remembered(&judge, question) {
        let answer = merge::judge(&judge, question)?;
        return Ok(Verdicts { lines: answer.lines, pairs: answer.pairs.into(), ..Verdicts::default() });
    }
    let finished = begun.map(|begun| begun.finish(&judge, question)).transpose()?.flatten();
    let Again { lines, pairs, keep, rest } = match finished {
        Some(again) => again,
        None => merge::judge_again(&judge, question, memory)?,
    };
    Ok(Verdicts { lines, pairs, keep, rest })
}

/// Remembers what was found about a target, while other things are done; until then processors have better to do than to take
/// the `rest` apart.
pub(super) fn remember(ctx: &Context, target: ObjectId, keep: Keep, rest: Rest) {
    let store = ctx.store.clone();
    ctx.meanwhile(move || {
        let _later = rest;
        // Without it the next time takes longer, nothing more.
        let _ = match keep {
            Keep::First(kept) => store.cache(&key(target), &kept.to_bytes()),
            Keep::Later(kept) => kept.to_bytes().is_some_and(|kept| store.cache(&later(target), &kept)),
        };
    });
}

fn key(target: ObjectId) -> String {
    format!("verdicts on {target}")
}

fn later(target: ObjectId) -> String {
    format!("later verdicts on {target}")
}
