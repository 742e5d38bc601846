//! The pairs of an answer. Most of them take their form when their turn comes: there are a hundred thousand.
//! Must not know: what their overlaps are kept in, what is made of them.

use std::borrow::Cow;
use std::sync::Arc;

use super::PairAnswer;
use super::memory::KeptPair;
use crate::domain::overlap::{Grade, PathOverlap};
use crate::domain::path::RepoPath;
use crate::domain::path_overlaps::Evidence;

/// Where overlaps lie packed.
pub(super) trait Shelf: Evidence {
    /// Shows of each overlap at this place its path and its packed form.
    fn packed(&self, place: u32, show: &mut dyn FnMut(&RepoPath, &[u8]));
}

/// Pairs of lines, sorted by them.
#[derive(Clone, Debug, Default)]
pub struct PairAnswers {
    /// Sorted.
    pub(super) known: Vec<KeptPair>,
    /// Where their overlaps lie.
    pub(super) shelves: Vec<Arc<dyn Shelf>>,
    /// Sorted; those of which more than overlaps is to be said.
    pub(super) new: Vec<PairAnswer>,
}

/// A pair as it stands.
#[derive(Clone, Copy)]
pub(super) enum Standing<'a> {
    Known(&'a KeptPair, &'a dyn Shelf),
    New(&'a PairAnswer),
}

impl Standing<'_> {
    /// Its lines' places, the first smaller.
    pub(super) fn pair(&self) -> (usize, usize) {
        match self {
            Self::Known(known, _) => known.pair(),
            Self::New(pair) => (pair.a, pair.b),
        }
    }

    pub(super) fn stacked(&self) -> bool {
        match self {
            Self::Known(known, _) => known.stacked,
            Self::New(pair) => pair.stacked,
        }
    }

    pub(super) fn grade(&self) -> Grade {
        match self {
            Self::Known(known, _) => known.grade,
            Self::New(pair) => pair.grade,
        }
    }

    pub(super) fn may_block(&self) -> bool {
        match self {
            Self::Known(known, _) => known.may_block,
            Self::New(pair) => pair.paths.may_block(),
        }
    }

    /// How many overlaps it has.
    pub(super) fn count(&self) -> usize {
        match self {
            Self::Known(known, kept) => known.place.map_or(0, |place| kept.count(place.get())),
            Self::New(pair) => pair.paths.len(),
        }
    }

    /// Where its overlaps lie packed as they are to be told, and at which place.
    pub(super) fn shelf(&self) -> Option<(&dyn Shelf, u32)> {
        match self {
            Self::Known(KeptPair { place: Some(place), turned: false, .. }, kept) => Some((*kept, place.get())),
            _ => None,
        }
    }

    /// Shows each of its overlaps in turn.
    pub(super) fn visit(&self, show: &mut dyn FnMut(&PathOverlap)) {
        match self {
            Self::Known(KeptPair { place: Some(place), turned: false, .. }, kept) => kept.visit(place.get(), show),
            Self::Known(KeptPair { place: Some(place), .. }, kept) => {
                kept.visit(place.get(), &mut |overlap| show(&overlap.clone().turned()));
            }
            Self::Known(..) => {}
            Self::New(pair) => pair.paths.iter().for_each(show),
        }
    }
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

    /// All of them: two runs in order.
    pub(super) fn standing(&self) -> impl Iterator<Item = Standing<'_>> {
        let known = self.known.iter().map(|known| Standing::Known(known, &*self.shelves[usize::from(known.shelf)]));
        known.chain(self.new.iter().map(Standing::New))
    }

    /// These and others.
    #[must_use]
    pub(super) fn with(mut self, others: Self) -> Self {
        if self.is_empty() {
            return others;
        }
        let shelves = self.shelves.len();
        self.shelves.extend(others.shelves);
        self.known.extend(others.known.into_iter().map(|pair| pair.on(shelves)));
        self.new.extend(others.new);
        // Runs that are sorted each: the stable sort just merges them.
        self.known.sort_by_key(KeptPair::pair);
        self.new.sort_by_key(|pair| (pair.a, pair.b));
        self
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

    /// Those that could not be judged.
    pub fn unknown(&self) -> impl Iterator<Item = &PairAnswer> {
        self.new.iter().filter(|pair| pair.unknown.is_some())
    }

    /// How many of one grade have overlaps and are not stacked, of the lines that are `wanted`.
    pub fn count_overlaps(&self, grade: Grade, wanted: impl Fn(usize, usize) -> bool) -> usize {
        let known =
            self.known.iter().filter(|known| known.overlaps(grade) && wanted(known.a as usize, known.b as usize));
        known.count() + self.new.iter().filter(|new| new.overlaps(grade) && wanted(new.a, new.b)).count()
    }

    /// Shows each of one grade that has overlaps and is not stacked, of the lines that are `wanted`, in order.
    pub fn each_overlap(&self, grade: Grade, wanted: impl Fn(usize, usize) -> bool, mut show: impl FnMut(PairAnswer)) {
        let mut known = self
            .known
            .iter()
            .filter(|known| known.overlaps(grade) && wanted(known.a as usize, known.b as usize))
            .peekable();
        for pair in self.new.iter().filter(|new| new.overlaps(grade) && wanted(new.a, new.b)) {
            while let Some(before) = known.next_if(|known| known.pair() < (pair.a, pair.b)) {
                show(before.answer(&self.shelves));
            }
            show(pair.clone());
        }
        known.for_each(|known| show(known.answer(&self.shelves)));
    }

    /// All of them, in order, each in its form.
    #[must_use]
    pub fn into_all(self) -> Vec<PairAnswer> {
        if self.known.is_empty() { self.new } else { self.iter().map(Cow::into_owned).collect() }
    }
}

impl PairAnswer {
    fn overlaps(&self, grade: Grade) -> bool {
        self.grade == grade && !self.stacked && !self.paths.is_empty()
    }
}

impl From<Vec<PairAnswer>> for PairAnswers {
    fn from(new: Vec<PairAnswer>) -> Self {
        Self { new, ..Self::default() }
    }
}
