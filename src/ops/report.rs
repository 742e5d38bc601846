//! `coord report`: the log, added up to a decision.
//! Must not know: what the questions are, how the answer is shown.

use crate::domain::checklist::{Checklist, Tally};
use crate::domain::time::{Seconds, Timestamp};
use crate::failure::Failure;
use crate::ops::context::Context;
use crate::ops::doctor;
use crate::store::EventFilter;

/// Adds up the log, or what is younger than `since` of it.
///
/// # Errors
/// Where the log is there and cannot be read.
pub fn report(ctx: &Context, since: Option<Seconds>) -> Result<Checklist, Failure> {
    let since = since.map(|Seconds(span)| Timestamp(ctx.now.0.saturating_sub_unsigned(span)));
    let mut tally = Tally::default();
    let mut events = ctx.store.events(&EventFilter { since })?;
    for event in events.by_ref() {
        tally.add(&event?);
    }
    let unreadable = events.unreadable();
    let installed = !doctor::hooks_are_missing(&ctx.env, &ctx.repository);
    Ok(Checklist { installed, unreadable, ..tally.decide(ctx.now, ctx.policy.mode, ctx.policy.report) })
}
