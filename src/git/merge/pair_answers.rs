//! The pairs of an answer. Most of them take their form when their turn comes: there are a hundred thousand.
//! Must not know: what their overlaps are kept in, what is made of them.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::PairAnswer;
use super::memory::{KeptPair, Unread};
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
    /// Those of the known ones that merge cleanly, as far as nobody looked at them. On the same shelves.
    pub(super) unread: Option<Unread>,
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

    /// Whether it is of this grade, has overlaps, and is not stacked.
    fn overlaps(&self, grade: Grade) -> bool {
        match self {
            Self::Known(known, _) => known.overlaps(grade),
            Self::New(pair) => pair.overlaps(grade),
        }
    }

    /// Whether it has overlaps and no conflict.
    pub(super) fn merges_cleanly(&self) -> bool {
        self.overlaps(Grade::Disjoint) || self.overlaps(Grade::Identical)
    }

    fn answer(&self, shelves: &[Arc<dyn Shelf>]) -> PairAnswer {
        match self {
            Self::Known(known, _) => known.answer(shelves),
            Self::New(pair) => (*pair).clone(),
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
            Self::Known(KeptPair { place: Some(place), turned: false, .. }, kept) => {
                kept.choose(place.get(), &mut |_, _| true, show);
            }
            Self::Known(KeptPair { place: Some(place), .. }, kept) => {
                kept.choose(place.get(), &mut |_, _| true, &mut |overlap| show(&overlap.clone().turned()));
            }
            Self::Known(..) => {}
            Self::New(pair) => pair.paths.iter().for_each(show),
        }
    }
}

impl PairAnswers {
    /// The same with all of them read; `None` where they are.
    #[must_use]
    pub fn with_all_read(&self) -> Option<Self> {
        let unread = self.unread.as_ref()?;
        let mut known: Vec<KeptPair> = self.known.iter().copied().chain(unread.read()).collect();
        known.sort_unstable_by_key(KeptPair::pair);
        Some(Self { known, unread: None, shelves: self.shelves.clone(), new: self.new.clone() })
    }

    /// Whether those that merge cleanly are still what was kept of them.
    pub(super) fn can_be_read(&self) -> bool {
        self.unread.as_ref().is_none_or(Unread::is_whole)
    }

    /// Those that are read: two runs in order.
    pub(super) fn standing(&self) -> impl Iterator<Item = Standing<'_>> {
        let known = self.known.iter().map(|known| Standing::Known(known, &*self.shelves[usize::from(known.shelf)]));
        known.chain(self.new.iter().map(Standing::New))
    }

    /// These and others.
    #[must_use]
    pub(super) fn with(mut self, others: Self) -> Self {
        let shelves = self.shelves.len();
        self.shelves.extend(others.shelves);
        self.known.extend(others.known.into_iter().map(|pair| pair.on(shelves)));
        self.new.extend(others.new);
        // Runs that are sorted each: the stable sort just merges them.
        self.known.sort_by_key(KeptPair::pair);
        self.new.sort_by_key(|pair| (pair.a, pair.b));
        self
    }

    /// Forgets every pair of these lines.
    pub(super) fn leave_out(&mut self, lines: &BTreeSet<usize>) {
        let stays = |(a, b): (usize, usize)| !lines.contains(&a) && !lines.contains(&b);
        self.known.retain(|pair| stays(pair.pair()));
        self.new.retain(|pair| stays((pair.a, pair.b)));
        if let Some(unread) = &mut self.unread {
            unread.leave_out(lines);
        }
    }

    /// Those that could not be judged.
    pub fn unknown(&self) -> impl Iterator<Item = &PairAnswer> {
        self.new.iter().filter(|pair| pair.unknown.is_some())
    }

    /// How many of one grade have overlaps and are not stacked, of the lines that are `wanted`.
    pub fn count_overlaps(&self, grade: Grade, wanted: impl Fn(usize) -> bool) -> usize {
        let both = |a: usize, b: usize| wanted(a) && wanted(b);
        let known = self.known.iter().filter(|known| known.overlaps(grade) && both(known.a as usize, known.b as usize));
        let new = self.new.iter().filter(|new| new.overlaps(grade) && both(new.a, new.b));
        let unread = self.unread.iter().map(|unread| unread.count(grade, &wanted)).sum::<usize>();
        known.count() + new.count() + unread
    }

    /// Shows each of one grade that has overlaps and is not stacked, of the lines that are `wanted`, in order. Those that merge
    /// cleanly only as far as they are read.
    pub fn each_overlap(&self, grade: Grade, wanted: impl Fn(usize) -> bool, mut show: impl FnMut(PairAnswer)) {
        for standing in self.in_order() {
            let (a, b) = standing.pair();
            if standing.overlaps(grade) && wanted(a) && wanted(b) {
                show(standing.answer(&self.shelves));
            }
        }
    }

    /// Those that are read, in order.
    fn in_order(&self) -> impl Iterator<Item = Standing<'_>> {
        let standing = |known| Standing::Known(known, &*self.shelves[usize::from(known.shelf)]);
        let (mut known, mut new) = (self.known.iter().peekable(), self.new.iter().peekable());
        std::iter::from_fn(move || {
            let first_new = new.peek().map(|pair| (pair.a, pair.b));
            let before = |known: &&KeptPair| first_new.is_none_or(|first| known.pair() < first);
            known.next_if(before).map(standing).or_else(|| new.next().map(Standing::New))
        })
    }

    /// All of them, in order, each in its form.
    #[must_use]
    pub fn into_all(self) -> Vec<PairAnswer> {
        if self.known.is_empty() && self.unread.is_none() {
            return self.new;
        }
        let all = self.with_all_read().unwrap_or(self);
        all.in_order().map(|standing| standing.answer(&all.shelves)).collect()
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
