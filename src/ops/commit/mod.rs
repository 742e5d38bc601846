//! Judging one commit: the tree it would make, against everybody else's work (DESIGN.md section 4).
//! Must not know: which hook asks, what its exit code is, how the judgement is shown.

mod candidate;
mod claims;
mod meetings;
mod noted;
mod others;
pub mod since;
mod telling;
mod ways_out;

pub use candidate::Candidate;
pub use meetings::{CommandInHand, Others, judge};
pub(super) use meetings::{is_over, is_there};
pub use noted::facts;
pub use others::{Asked, Found, Other, Search};

use crate::domain::id::ObjectId;
use crate::domain::report::Target;
use crate::failure::Failure;
use crate::git::history;
use crate::git::objects::Objects;
use crate::ops::context::Context;

/// Where `tip` left the target: what a branch's work as a whole is compared with. `None` where there is no one such place.
///
/// # Errors
/// Where a commit cannot be read.
pub fn fork_point(
    ctx: &Context,
    objects: &Objects,
    target: &Target,
    tip: ObjectId,
) -> Result<Option<ObjectId>, Failure> {
    let Some(target) = target.tip else { return Ok(None) };
    Ok(history::merge_base(objects, target, tip, ctx.deadline())?.commits().first().copied())
}
