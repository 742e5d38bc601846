//! Writing to the event log from a use case: best effort, as no work stops because something cannot be noted.
//! Must not know: how an event is written down.

use crate::domain::event::{Event, EventKind};
use crate::ops::context::Context;
use crate::ops::intents;

/// Appends an event. What cannot be written is left out: the log is evidence, not a condition of work.
pub(super) fn note(ctx: &Context, actor: Option<&str>, kind: EventKind) {
    let event = Event { at: ctx.now, actor: actor.map(str::to_owned), kind };
    drop(ctx.store.append(&[event], intents::wait(ctx)));
}
