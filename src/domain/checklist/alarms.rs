//! What became of the times that coord spoke: which led to a change, which were waved through.
//! Must not know: anything else of the log.

use std::collections::BTreeMap;

use super::Usefulness;

/// Alarms that have not ended, by who was told and of whom; and those that have, counted. Of a pair one is open at most,
/// as the same thing said again is no other alarm.
#[derive(Clone, Debug, Default)]
pub(super) struct Alarms {
    open: BTreeMap<String, BTreeMap<String, Alarm>>,
    ended: Usefulness,
}

#[derive(Clone, Copy, Debug)]
struct Alarm {
    /// Whether it stopped a commit: one that then passes has changed.
    stopped: bool,
}

impl Alarms {
    /// `actor` was told of `with`.
    pub(super) fn raise(&mut self, actor: &str, with: &[String], stopped: bool) {
        if with.is_empty() {
            return;
        }
        if !self.open.contains_key(actor) {
            self.open.insert(actor.to_owned(), BTreeMap::new());
        }
        let Some(open) = self.open.get_mut(actor) else { return };
        for other in with {
            if let Some(alarm) = open.get_mut(other) {
                alarm.stopped |= stopped;
            } else {
                self.ended.spoke += 1;
                open.insert(other.clone(), Alarm { stopped });
            }
        }
    }

    /// A commit of `actor` passed without a word: what had been stopped was changed.
    pub(super) fn passed(&mut self, actor: &str) {
        let Some(open) = self.open.get_mut(actor) else { return };
        let before = open.len();
        open.retain(|_, alarm| !alarm.stopped);
        self.ended.changed += (before - open.len()) as u64;
    }

    /// `actor` went round coord.
    pub(super) fn bypass(&mut self, actor: &str) {
        self.ended.bypassed += self.open.remove(actor).map_or(0, |open| open.len() as u64);
    }

    /// Somebody said that the two know of each other.
    pub(super) fn acknowledge(&mut self, one: &str, other: &str) {
        self.ended.acknowledged += self.take(one, other);
    }

    /// The two conflict no longer.
    pub(super) fn resolve(&mut self, one: &str, other: &str) {
        self.ended.changed += self.take(one, other);
    }

    pub(super) fn ended(&self) -> Usefulness {
        self.ended
    }

    fn take(&mut self, one: &str, other: &str) -> u64 {
        let mut remove = |a: &str, b: &str| self.open.get_mut(a).and_then(|open| open.remove(b)).is_some();
        u64::from(remove(one, other)) + u64::from(remove(other, one))
    }
}
