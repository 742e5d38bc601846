//! What the coordinator tells, waiting for whoever draws: of each kind the latest alone, so that a terminal that takes
//! nothing for hours neither holds the coordinator up nor fills the memory. Must not know: what is drawn.

use std::sync::mpsc::Sender;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::EVENTS;
use super::model::Message;
use crate::domain::event::Event;

/// Where news wait. All clones are one.
#[derive(Clone, Debug)]
pub(super) struct Post {
    waiting: Arc<Mutex<Waiting>>,
    send: Sender<Message>,
}

#[derive(Debug, Default)]
struct Waiting {
    looking: Option<Message>,
    claims: Option<Message>,
    /// A survey or trouble: whichever came last is how things stand.
    look: Option<Message>,
    events: Vec<Event>,
    /// Whether whoever draws knows that something waits.
    is_told: bool,
}

impl Post {
    pub(super) fn new(send: Sender<Message>) -> Self {
        Self { waiting: Arc::default(), send }
    }

    /// Leaves a message in place of an older one that it makes out of date; `false` where nobody takes any.
    pub(super) fn leave(&self, message: Message) -> bool {
        let mut waiting = self.waiting();
        match message {
            Message::Looking(..) => waiting.looking = Some(message),
            Message::Claims(_) => waiting.claims = Some(message),
            Message::Events(events) => {
                waiting.events.extend(events);
                let old = waiting.events.len().saturating_sub(EVENTS);
                waiting.events.drain(..old);
            }
            message => waiting.look = Some(message),
        }
        std::mem::replace(&mut waiting.is_told, true) || self.send.send(Message::Post).is_ok()
    }

    /// Says something beside the news; not for what comes again and again.
    pub(super) fn say(&self, what: String) {
        // Where nobody listens there is nobody to tell.
        drop(self.send.send(Message::Said(what)));
    }

    /// Takes all that waits.
    pub(super) fn take(&self) -> Vec<Message> {
        let waiting = std::mem::take(&mut *self.waiting());
        let events = (!waiting.events.is_empty()).then_some(Message::Events(waiting.events));
        [waiting.looking, waiting.claims, waiting.look, events].into_iter().flatten().collect()
    }

    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;
    use crate::domain::event::EventKind;
    use crate::domain::time::Timestamp;

    #[test]
    fn what_nobody_takes_does_not_pile_up() {
        let (send, receive) = mpsc::channel();
        let post = Post::new(send);
        for round in 0..5000 {
            let event = Event { at: Timestamp(round), actor: None, kind: EventKind::Uninstalled };
            assert!(post.leave(Message::Events(vec![event])));
            assert!(post.leave(Message::Trouble(round.to_string())));
        }
        assert_eq!(receive.try_iter().count(), 1, "told once");
        let taken = post.take();
        assert!(matches!(&taken[..], [Message::Trouble(last), Message::Events(events)]
            if last == "4999" && events.len() == EVENTS && events[EVENTS - 1].at == Timestamp(4999)));
        assert!(post.leave(Message::Claims(Vec::new())));
        assert_eq!(receive.try_iter().count(), 1, "told again");
        drop(receive);
        post.take();
        assert!(!post.leave(Message::Claims(Vec::new())), "nobody listens");
    }
}
