//! Judging many lines of work with what was found out before.
//! Must not know: whose lines they are.

use crate::domain::id::ObjectId;
use crate::failure::Failure;
use crate::git::merge::{self, Answer, Memory, Question};
use crate::git::objects::Objects;
use crate::ops::context::Context;

/// What was found out before about so many lines on this target; nothing where that would not be used. It takes a while,
/// in which something else can be done.
pub(super) fn recall(ctx: &Context, target: ObjectId, lines: usize) -> Option<Memory> {
    if lines < merge::WORTH_REMEMBERING {
        return None;
    }
    let kept = ctx.store.cached(&key(target))?;
    ctx.recall(target).read(&kept)
}

/// Answers the question; what did not change since it was last asked is not judged again.
///
/// # Errors
/// As [`merge::judge`].
pub(super) fn judge(
    ctx: &Context,
    objects: &Objects,
    question: &Question,
    memory: Option<Memory>,
) -> Result<Answer, Failure> {
    let judge = ctx.judge(objects);
    if !merge::is_remembered(&judge, question) {
        return Ok(merge::judge(&judge, question)?);
    }
    let (answer, keep) = merge::judge_again(&judge, question, memory)?;
    if let Some(keep) = keep {
        // Without it the next time takes longer, nothing more.
        let _ = ctx.store.cache(&key(question.target), &keep);
    }
    Ok(answer)
}

fn key(target: ObjectId) -> String {
    format!("verdicts on {target}")
}
