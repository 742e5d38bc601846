//! `coord log`: the latest events, oldest first.
//! Must not know: how events are kept or shown.

use std::time::Duration;

use crate::domain::event::Event;
use crate::domain::path::RepoPath;
use crate::domain::time::{Seconds, Timestamp};
use crate::failure::Failure;
use crate::ops::context::Context;
use crate::os::changes::Watcher;
use crate::store::{EventFilter, Tail};

/// Where there is no log yet nothing tells of its coming.
const LOOK_AGAIN: Duration = Duration::from_secs(2);

/// Which events are wanted.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct LogOptions {
    /// Only those younger than this.
    pub since: Option<Seconds>,
    /// At most so many, the latest.
    pub number: usize,
    /// Only those of or with one of these instances.
    pub instances: Vec<String>,
    /// Only those about one of these paths, or about what is in one of these folders.
    pub paths: Vec<RepoPath>,
    /// Only these kinds; a beginning of the name does.
    pub kinds: Vec<String>,
}

impl LogOptions {
    /// Whether the event is wanted, whatever its age.
    #[must_use]
    pub fn wants(&self, event: &Event) -> bool {
        let of = |label: &String| event.actor.as_ref() == Some(label) || event.kind.with().contains(label);
        let about = |path: &RepoPath| event.kind.paths().iter().any(|of_event| of_event.is_within(path));
        (self.instances.is_empty() || self.instances.iter().any(of))
            && (self.paths.is_empty() || self.paths.iter().any(about))
            && (self.kinds.is_empty() || self.kinds.iter().any(|kind| event.kind.name().starts_with(&**kind)))
    }
}

/// Reads the latest events, oldest first. Lines that are torn or foreign are passed over.
///
/// # Errors
/// Where the log is there and cannot be read.
pub fn log(ctx: &Context, options: &LogOptions) -> Result<Vec<Event>, Failure> {
    let since = options.since.map(|Seconds(span)| Timestamp(ctx.now.0.saturating_sub_unsigned(span)));
    Ok(ctx.store.latest(&EventFilter { since }, options.number, &|event| options.wants(event))?)
}

/// The log as it grows: the events that were there, and then each as it comes.
#[derive(Debug)]
pub struct Follow {
    tail: Tail,
    watcher: Watcher,
    known: Vec<Event>,
    options: LogOptions,
}

impl Follow {
    /// Begins to follow; gives what was there.
    ///
    /// # Errors
    /// Where the log is there and cannot be read.
    pub fn begin(ctx: &Context, options: &LogOptions) -> Result<(Self, Vec<Event>), Failure> {
        let tail = ctx.store.tail()?;
        let known = log(ctx, options)?;
        let mut watcher = Watcher::new();
        watcher.add(ctx.store.dir());
        Ok((Self { tail, watcher, known: known.clone(), options: options.clone() }, known))
    }

    /// Waits for the next events that are wanted.
    ///
    /// # Errors
    /// Where the log is there and cannot be read.
    pub fn read(&mut self) -> Result<Vec<Event>, Failure> {
        loop {
            let mut events = self.tail.read()?;
            // What was written between the opening of the tail and the first reading was given already.
            let known = std::mem::take(&mut self.known);
            events.retain(|event| self.options.wants(event) && !known.contains(event));
            if !events.is_empty() {
                return Ok(events);
            }
            let _ = self.watcher.wait(Some(LOOK_AGAIN));
        }
    }
}
