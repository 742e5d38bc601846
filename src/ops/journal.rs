//! Writing to the event log from a use case: best effort, as no work stops because something cannot be noted.
//! Must not know: how an event is written down.

use crate::domain::event::{Event, EventKind};
use crate::ops::context::Context;
use crate::ops::{intents, memory};

/// Appends an event. What cannot be written is left out: the log is evidence, not a condition of work.
pub(super) fn note(ctx: &Context, actor: Option<&str>, kind: EventKind) {
    note_all(ctx, &[Event { at: ctx.now, actor: actor.map(str::to_owned), kind }]);
}

/// Appends events, and puts what is worth remembering into the memory.
pub(super) fn note_all(ctx: &Context, events: &[Event]) {
    drop(ctx.store.append(events, intents::wait(ctx)));
    memory::remember(ctx, events);
}
