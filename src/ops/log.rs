//! `coord log`: the latest events, oldest first.
//! Must not know: how events are kept or shown.

use std::collections::VecDeque;

use crate::domain::event::Event;
use crate::domain::time::{Seconds, Timestamp};
use crate::failure::Failure;
use crate::ops::context::Context;
use crate::store::EventFilter;

/// Which events are wanted.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct LogOptions {
    /// Only those younger than this.
    pub since: Option<Seconds>,
    /// At most so many, the latest.
    pub number: usize,
}

/// Reads the latest events, oldest first. Lines that are torn or foreign are passed over.
///
/// # Errors
/// Where the log is there and cannot be read.
pub fn log(ctx: &Context, options: LogOptions) -> Result<Vec<Event>, Failure> {
    let since = options.since.map(|Seconds(span)| Timestamp(ctx.now.0.saturating_sub_unsigned(span)));
    let mut latest = VecDeque::new();
    for event in ctx.store.events(&EventFilter { since })? {
        latest.push_back(event?);
        if latest.len() > options.number {
            latest.pop_front();
        }
    }
    Ok(latest.into())
}
