//! The pairs of an answer. Those that are remembered take their form when their turn comes: there are a hundred thousand.
//! Must not know: what they are kept in, what is made of them.

use std::borrow::Cow;
use std::sync::Arc;

use super::PairAnswer;
use super::memory::KeptPair;
use crate::domain::overlap::Grade;
use crate::domain::path_overlaps::Evidence;

/// Pairs of lines, sorted by them.
#[derive(Clone, Debug, Default)]
pub struct PairAnswers {
    /// Sorted.
    pub(super) known: Vec<KeptPair>,
    /// Where the known ones' overlaps lie.
    pub(super) shelves: Vec<Arc<dyn Evidence>>,
    /// Sorted; none of them is known.
    pub(super) new: Vec<PairAnswer>,
}

impl PairAnswers {
    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.known.len() + self.new.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// All of them, in order.
    pub fn iter(&self) -> impl Iterator<Item = Cow<'_, PairAnswer>> {
        let (mut known, mut new) = (self.known.iter().peekable(), self.new.iter().peekable());
        std::iter::from_fn(move || {
            let first_new = new.peek().map(|pair| (pair.a, pair.b));
            let before = |known: &&KeptPair| first_new.is_none_or(|first| known.pair() < first);
            match known.next_if(before) {
                Some(known) => Some(Cow::Owned(known.answer(&self.shelves))),
                None => new.next().map(Cow::Borrowed),
            }
        })
    }

    /// Hands over those of one grade, in order. What they hold is gone then.
    pub fn take(&mut self, grade: Grade, mut to: impl FnMut(PairAnswer)) {
        let mut known = self.known.iter().filter(|known| known.grade == grade).peekable();
        for pair in self.new.iter_mut().filter(|pair| pair.grade == grade) {
            while let Some(before) = known.next_if(|known| known.pair() < (pair.a, pair.b)) {
                to(before.answer(&self.shelves));
            }
            let (paths, unknown) = (std::mem::take(&mut pair.paths), pair.unknown.take());
            to(PairAnswer { paths, unknown, ..*pair });
        }
        known.for_each(|known| to(known.answer(&self.shelves)));
    }

    /// All of them, in order, each in its form.
    #[must_use]
    pub fn into_all(self) -> Vec<PairAnswer> {
        if self.known.is_empty() { self.new } else { self.iter().map(Cow::into_owned).collect() }
    }
}

impl From<Vec<PairAnswer>> for PairAnswers {
    fn from(new: Vec<PairAnswer>) -> Self {
        Self { new, ..Self::default() }
    }
}
