//! What became known beside a first volume, as it stands: it is written by whoever has the time.
//! Must not know: when it is worth being kept, where the bytes are.

use std::cmp::Ordering;
use std::collections::BTreeSet;
use std::sync::Arc;

use super::super::brought::Brought;
use super::super::pair_answers::{PairAnswers, Shelf, Standing};
use super::super::{PairAnswer, Work};
use super::form::{self, Contents};
use super::shelf::{self, KeptPair};
use super::{Keep, Question, Volumes, keep, worth_keeping};
use crate::git::attributes::{ByPath, Outside};

/// Up to this part of the lines may stand in a volume of their own before all is written anew.
const PART: usize = 16;

/// Lines that the first volume does not hold, and their pairs.
#[derive(Clone, Debug)]
pub struct Later {
    /// What it belongs to.
    key: Vec<u8>,
    lines: Vec<Brought>,
    /// By the question's lines, their numbers among all that are remembered.
    numbers: Vec<Option<usize>>,
    known: Vec<KeptPair>,
    shelves: Vec<Arc<dyn Shelf>>,
    new: Vec<PairAnswer>,
    attributes: Arc<ByPath>,
    outside: Option<Outside>,
    /// The first volume's lines that were not asked about: nothing is known of them and these.
    absent: Vec<usize>,
}

/// What became known beside what `volumes` has; all where that is much, nothing where nothing did.
pub(in crate::git::merge) fn keep_new(
    work: &Work<'_>,
    question: &Question,
    brought: &mut [Brought],
    pairs: &PairAnswers,
    volumes: Volumes,
) -> Option<Keep> {
    let worth = worth_keeping(brought, pairs);
    let is_first = |n: usize| volumes.numbers[n].is_some_and(|number| number < volumes.lines);
    let later: Vec<usize> = (0..brought.len()).filter(|&n| worth[n] && !is_first(n)).collect();
    if later.iter().all(|&n| volumes.numbers[n].is_some()) {
        return None;
    }
    if later.len() > (volumes.lines / PART).max(1) {
        return keep(work, question, brought, pairs, volumes.outside);
    }
    let mut numbers: Vec<Option<usize>> =
        (0..brought.len()).map(|n| volumes.numbers[n].filter(|_| is_first(n))).collect();
    for (k, &n) in later.iter().enumerate() {
        numbers[n] = Some(volumes.lines + k);
    }
    let present: BTreeSet<usize> = numbers.iter().copied().flatten().collect();
    let absent = (0..volumes.lines).filter(|number| !present.contains(number)).collect();
    let is_in_first = |pair: &&KeptPair| is_first(pair.a as usize) && is_first(pair.b as usize);
    Some(Keep::Later(Later {
        lines: later.iter().map(|&n| brought[n].clone()).collect(),
        numbers,
        known: pairs.known.iter().filter(|pair| !is_in_first(pair)).copied().collect(),
        shelves: pairs.shelves.clone(),
        new: pairs.new.clone(),
        attributes: Arc::clone(&work.attributes.borrow()),
        outside: volumes.outside,
        absent,
        key: volumes.key,
    }))
}

impl Later {
    /// The whole, as it is read again.
    #[must_use]
    ///
    /// `None` where what it stands on cannot be read any more.
    pub fn to_bytes(mut self) -> Option<Vec<u8>> {
        if !shelf::read_all(&mut self.lines) {
            return None;
        }
        let known = self.known.into_iter().filter_map(|pair| pair.moved(&self.numbers));
        let known: Vec<_> = known.filter(|pair| pair.a < pair.b).collect();
        let new = self.new.into_iter();
        let new: Vec<_> = new.filter_map(|pair| in_order(self.numbers[pair.a]?, self.numbers[pair.b]?, pair)).collect();
        let of_known = known.iter().map(|pair| Standing::Known(pair, &*self.shelves[usize::from(pair.shelf)]));
        let placed: Vec<_> =
            of_known.chain(new.iter().map(Standing::New)).map(|standing| (standing.pair(), standing)).collect();
        let lines: Vec<&Brought> = self.lines.iter().collect();
        // Where nobody can tell whether they still hold, all of them are asked about.
        let attributes = match &self.outside {
            Some(_) => {
                let paths = lines.iter().flat_map(|line| line.paths());
                paths.filter_map(|path| self.attributes.get_key_value(path)).collect()
            }
            None => self.attributes.iter().collect(),
        };
        let outside = self.outside.clone();
        let absent = &self.absent;
        let contents = Contents { lines: &lines, pairs: &placed, clean: &[], attributes, absent, outside };
        Some(form::write(contents, &self.key).to_bytes())
    }
}

/// A pair by the numbers of its lines, in whichever order they are.
fn in_order(a: usize, b: usize, pair: PairAnswer) -> Option<PairAnswer> {
    match a.cmp(&b) {
        Ordering::Less => Some(PairAnswer { a, b, ..pair }),
        Ordering::Greater => Some(PairAnswer { a: b, b: a, paths: pair.paths.turned(), ..pair }),
        Ordering::Equal => None,
    }
}
