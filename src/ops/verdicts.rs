//! Judging many lines of work with what was found out before.
//! Must not know: whose lines they are.

use crate::failure::Failure;
use crate::git::merge::{self, Answer, Question};
use crate::git::objects::Objects;
use crate::ops::context::Context;

/// Answers the question; what did not change since it was last asked is not judged again.
///
/// # Errors
/// As [`merge::judge`].
pub(super) fn judge(ctx: &Context, objects: &Objects, question: &Question) -> Result<Answer, Failure> {
    let judge = ctx.judge(objects);
    if !merge::is_remembered(&judge, question) {
        return Ok(merge::judge(&judge, question)?);
    }
    let key = format!("verdicts on {}", question.target);
    let kept = ctx.store.cached(&key);
    let (answer, keep) = merge::judge_again(&judge, question, kept.as_deref())?;
    if let Some(keep) = keep {
        // Without it the next time takes longer, nothing more.
        let _ = ctx.store.cache(&key, &keep);
    }
    Ok(answer)
}
