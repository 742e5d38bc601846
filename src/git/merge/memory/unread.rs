//! Pairs that merge cleanly as they are remembered: most of all, and hardly one is looked at. They are counted by line, and
//! read when somebody wants them one by one.
//! Must not know: how they are written, beyond where each line's pairs begin; what is said of them.

use std::collections::BTreeSet;
use std::num::NonZero;
use std::sync::Arc;

use super::shelf::{KeptPair, Part};
use crate::domain::overlap::Grade;

/// The grades of such pairs, in the order in which they are counted.
pub(super) const CLEAN: [Grade; 2] = [Grade::Disjoint, Grade::Identical];

/// So many bits of what is told of a pair are grade and whether it may block; the rest says how much further its second line
/// is than that of the pair before.
pub(super) const KIND: u32 = 2;

/// What is known of one line's pairs without reading their overlaps.
#[derive(Clone, Copy, Default, Debug)]
pub(super) struct Row {
    /// By grade, how many it has with any other line.
    pub(super) with_any: [u32; 2],
    /// How many it has with later lines,
    pub(super) with_later: u32,
    /// where their overlaps begin in their part,
    pub(super) place: u32,
    /// and where in the index it is told which they are.
    pub(super) listed: u32,
}

/// The pairs of some lines with all later ones.
#[derive(Debug)]
pub(super) struct Rows {
    /// Their overlaps.
    pub(super) part: Arc<Part>,
    /// Which they are.
    pub(super) index: Arc<Part>,
    /// On which shelf their overlaps lie.
    pub(super) shelf: u8,
    /// By line.
    pub(super) by_line: Vec<Row>,
}

impl Rows {
    /// Whether there are none.
    pub(super) fn is_empty(&self) -> bool {
        self.by_line.iter().all(|row| row.with_later == 0)
    }

    /// The pairs of one line with later ones; what was not written so reads as none.
    fn of(&self, line: usize) -> impl Iterator<Item = KeptPair> {
        let mut from = self.part.reader(self.by_line[line].place as usize);
        self.listed(line).map_while(move |pair| {
            let place = self.part.framed(from.as_mut()?)?;
            Some(KeptPair { place: NonZero::new(place), ..pair })
        })
    }

    /// The same without their overlaps.
    fn listed(&self, line: usize) -> impl Iterator<Item = KeptPair> {
        let row = self.by_line[line];
        let (mut from, mut last) = (self.index.reader(row.listed as usize), line);
        (0..row.with_later).map_while(move |_| {
            let number = from.as_mut()?.number()?;
            let (grade, may_block) = (*CLEAN.get(usize::from(number & 2 != 0))?, number & 1 != 0);
            last = usize::try_from(number >> KIND).ok()?.checked_add(last)?;
            let b = u32::try_from(last).ok().filter(|_| line < last && last < self.by_line.len())?;
            let a = u32::try_from(line).ok()?;
            Some(KeptPair { a, b, place: None, shelf: self.shelf, stacked: false, grade, may_block, turned: false })
        })
    }
}

/// The pairs of a volume that merge cleanly.
#[derive(Clone, Debug)]
pub(in crate::git::merge) struct Unread {
    all: Arc<Vec<Rows>>,
    /// By the volume's lines, where they stand in the question.
    place: Arc<Vec<Option<usize>>>,
}

impl Unread {
    pub(super) fn new(all: Vec<Rows>, place: Vec<Option<usize>>) -> Self {
        Self { all: Arc::new(all), place: Arc::new(place) }
    }

    /// Forgets every pair of these lines, by their places in the question.
    pub(in crate::git::merge) fn leave_out(&mut self, lines: &BTreeSet<usize>) {
        for place in Arc::make_mut(&mut self.place) {
            *place = place.filter(|place| !lines.contains(place));
        }
    }

    /// How many of one grade there are, of the lines that are `wanted`.
    pub(in crate::git::merge) fn count(&self, grade: Grade, wanted: impl Fn(usize) -> bool) -> usize {
        let Some(at) = CLEAN.iter().position(|clean| *clean == grade) else { return 0 };
        let is_out = |line: usize| self.place[line].is_none_or(|place| !wanted(place));
        self.all.iter().map(|rows| rows.count((grade, at), is_out)).sum()
    }

    /// Whether their overlaps are still what was kept; reads them.
    pub(in crate::git::merge) fn is_whole(&self) -> bool {
        self.all.iter().all(|rows| rows.part.is_whole())
    }

    /// All of them by the places that their lines have in the question, in no order.
    pub(in crate::git::merge) fn read(&self) -> impl Iterator<Item = KeptPair> {
        let pairs = self.all.iter().flat_map(|rows| (0..rows.by_line.len()).flat_map(|line| rows.of(line)));
        pairs.filter_map(|pair| pair.moved(&self.place))
    }
}

impl Rows {
    /// How many of one grade there are without the lines that are out: each of these takes all of its own with it, and two
    /// of them have one in common.
    fn count(&self, (grade, at): (Grade, usize), is_out: impl Fn(usize) -> bool) -> usize {
        let twice: u32 = self.by_line.iter().map(|row| row.with_any[at]).sum();
        let (mut gone, mut among) = (0, 0);
        for (line, row) in self.by_line.iter().enumerate().filter(|(line, _)| is_out(*line)) {
            gone += row.with_any[at] as usize;
            among += self.listed(line).filter(|pair| pair.grade == grade && is_out(pair.b as usize)).count();
        }
        (twice as usize / 2 + among).saturating_sub(gone)
    }
}
