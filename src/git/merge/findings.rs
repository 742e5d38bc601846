//! What is found of pairs of lines of work path by path: packed where it was found, and put in order pair by pair without
//! being moved. Must not know: how one path is judged, what becomes of a pair of which more than overlaps was found.

use std::fmt;
use std::num::NonZero;
use std::ops::Range;
use std::sync::Arc;
use std::thread;

use super::super::bytes::{Reader, Writer};
use super::super::repository::joined;
use super::drafts::Draft;
use super::evidence::packed;
use super::memory::KeptPair;
use super::pair_answers::{PairAnswers, Shelf};
use crate::domain::overlap::{Grade, PathOverlap};
use crate::domain::path::RepoPath;
use crate::domain::path_overlaps::{Evidence, Wanted, worst};

/// The places of two lines, the first smaller.
pub(super) type Pair = (usize, usize);

/// There is room for so many findings at a path from the beginning; what is not taken of it is no memory yet.
const ROOM: usize = 1 << 16;

/// Most overlaps take about so many bytes.
const AN_OVERLAP: usize = 16;

/// What was found of pairs at one path, or of one sort.
#[derive(Default)]
pub(super) struct Findings {
    path: Option<RepoPath>,
    all: Vec<(Pair, Found)>,
    /// The overlaps, packed.
    packed: Writer,
}

impl Findings {
    /// None yet, at a path where so many pairs meet.
    pub(super) fn at(path: &RepoPath, pairs: usize) -> Self {
        let room = pairs.min(ROOM);
        let packed = Writer(Vec::with_capacity(room * AN_OVERLAP));
        Self { path: Some(path.clone()), all: Vec::with_capacity(room), packed }
    }

    /// None yet that are of any path.
    pub(super) fn elsewhere(all: impl IntoIterator<Item = (Pair, Found)>) -> Self {
        Self { all: all.into_iter().collect(), ..Self::default() }
    }

    pub(super) fn push(&mut self, pair: Pair, found: Found) {
        self.all.push((pair, found));
    }

    /// An overlap at the path.
    pub(super) fn overlap(&mut self, pair: Pair, overlap: &PathOverlap) {
        let from = small(self.packed.0.len());
        packed::pack(overlap, &mut self.packed);
        let (to, grade, blocks) = (small(self.packed.0.len()), overlap.grade, overlap.blocks);
        self.all.push((pair, Found::Overlap(Packed { from, to, grade, blocks })));
    }

    pub(super) fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    /// The same, of lines that have other places.
    pub(super) fn renumbered(mut self, numbers: &[usize]) -> Self {
        for (pair, _) in &mut self.all {
            *pair = (numbers[pair.0], numbers[pair.1]);
        }
        self
    }

    /// The pairs that git has to be asked about.
    pub(super) fn asked(&self) -> impl Iterator<Item = Pair> {
        self.all.iter().filter(|(_, found)| matches!(found, Found::Ask)).map(|(pair, _)| *pair)
    }

    pub(super) fn retain(&mut self, wanted: impl Fn(Pair) -> bool) {
        self.all.retain(|(pair, _)| wanted(*pair));
    }

    fn bytes(&self, packed: Packed) -> &[u8] {
        &self.packed.0[packed.from as usize..packed.to as usize]
    }

    /// It was packed here, so it can be read.
    pub(super) fn unpacked(&self, packed: Packed) -> Option<PathOverlap> {
        packed::unpack(&mut Reader(self.bytes(packed)), self.path.as_ref()?)
    }
}

/// What can be said of a pair at one path.
pub(super) enum Found {
    Ask,
    Unknown(String),
    Overlap(Packed),
    /// The names differ only in case; that counts where nothing else is known of the path.
    Folded(Box<PathOverlap>),
    /// One builds on the other.
    Stacked,
}

/// Where an overlap lies among those of its path, and what it comes to.
#[derive(Clone, Copy)]
pub(super) struct Packed {
    from: u32,
    to: u32,
    grade: Grade,
    blocks: bool,
}

/// More findings are put in order by several threads.
const MANY: usize = 10_000;

/// What was found path by path, and in which order it belongs to the pairs.
struct InOrder {
    found: Arc<Vec<Findings>>,
    /// Of each pair, where its findings stand.
    order: Vec<Place>,
    /// Of each pair, where its part of the order begins; and the end.
    starts: Vec<u32>,
}

/// Where a finding stands: in which list, and where there.
type Place = (u32, u32);

/// Pairs in order: those of which nothing but overlaps was found, as what stands on shelves, and drafts of the others. Of
/// one pair what was found first is entered first.
pub(super) fn put_together(found: Vec<Findings>) -> (PairAnswers, Vec<(Pair, Draft)>) {
    let count: usize = found.iter().map(|found| found.all.len()).sum();
    let lines = found.iter().flat_map(|found| &found.all).map(|(pair, _)| pair.0 + 1).max().unwrap_or(0);
    let found = Arc::new(found);
    let sorted = if count <= MANY {
        vec![Sorted::new(&found, 0..lines)]
    } else {
        // The first of many lines have the most pairs.
        let middle = lines * 3 / 10;
        thread::scope(|scope| {
            let later = scope.spawn(|| Sorted::new(&found, middle..lines));
            vec![Sorted::new(&found, 0..middle), joined(later.join())]
        })
    };
    let (mut answers, mut drafts) = (PairAnswers::default(), Vec::new());
    for Sorted { in_order, plain, others } in sorted {
        let shelf = answers.shelves.len();
        answers.shelves.push(Arc::new(in_order));
        if answers.known.is_empty() {
            answers.known = plain;
        } else {
            answers.known.extend(plain.into_iter().map(|pair| pair.on(shelf)));
        }
        drafts.extend(others);
    }
    (answers, drafts)
}

/// The findings of some lines in order.
struct Sorted {
    in_order: InOrder,
    plain: Vec<KeptPair>,
    others: Vec<(Pair, Draft)>,
}

impl Sorted {
    /// Of the pairs whose first line is one of these.
    fn new(found: &Arc<Vec<Findings>>, lines: Range<usize>) -> Self {
        let by_line = by_first_line(found, &lines);
        let in_order = InOrder { found: Arc::clone(found), order: Vec::with_capacity(by_line.len()), starts: vec![0] };
        let mut sorted = Self { in_order, plain: Vec::with_capacity(by_line.len()), others: Vec::new() };
        for of_pair in by_line.chunk_by(|x, y| x.0 == y.0) {
            sorted.enter(of_pair);
        }
        sorted
    }

    fn enter(&mut self, of_pair: &[((u32, u32), Place)]) {
        let Self { in_order, plain, others } = self;
        let ((a, b), _) = of_pair[0];
        let packed = |(_, place): &(_, Place)| match in_order.found_at(*place) {
            (_, Found::Overlap(packed)) => Some(*packed),
            _ => None,
        };
        if !of_pair.iter().all(|one| packed(one).is_some()) {
            let mut draft = Draft::default();
            for (_, place) in of_pair {
                let (findings, found) = in_order.found_at(*place);
                draft.note(findings, found);
            }
            others.push(((a as usize, b as usize), draft));
            return;
        }
        let comes_to = of_pair.iter().filter_map(packed).map(|packed| (packed.grade, packed.blocks));
        let may_block = comes_to.clone().any(|one| one == (Grade::Conflict, true));
        let grade = worst(comes_to);
        in_order.order.extend(of_pair.iter().map(|(_, place)| *place));
        in_order.starts.push(small(in_order.order.len()));
        let place = NonZero::new(small(in_order.starts.len() - 1));
        plain.push(KeptPair { a, b, place, shelf: 0, stacked: false, grade, may_block, turned: false });
    }
}

/// Where the findings of these first lines stand, sorted by pair and then as they were found.
fn by_first_line(found: &[Findings], lines: &Range<usize>) -> Vec<((u32, u32), Place)> {
    let all = || {
        let lists = (0..).zip(found);
        lists.flat_map(|(list, found)| {
            (0..)
                .zip(&found.all)
                .filter(|(_, (pair, _))| lines.contains(&pair.0))
                .map(move |(n, (pair, _))| (pair, (list, n)))
        })
    };
    let mut next = vec![0; lines.len() + 1];
    for (pair, _) in all() {
        next[pair.0 - lines.start + 1] += 1;
    }
    for n in 1..next.len() {
        next[n] += next[n - 1];
    }
    let bounds = next.clone();
    let mut sorted = vec![((0, 0), (0, 0)); bounds.last().copied().unwrap_or(0)];
    for (pair, place) in all() {
        let at = &mut next[pair.0 - lines.start];
        sorted[*at] = ((small(pair.0), small(pair.1)), place);
        *at += 1;
    }
    for line in bounds.windows(2) {
        sorted[line[0]..line[1]].sort_unstable();
    }
    sorted
}

fn small(number: usize) -> u32 {
    u32::try_from(number).expect("there are not that many lines or findings")
}

impl InOrder {
    fn found_at(&self, (list, n): Place) -> (&Findings, &Found) {
        let findings = &self.found[list as usize];
        (findings, &findings.all[n as usize].1)
    }

    /// Where the findings of a pair stand, all of them overlaps.
    fn places(&self, place: u32) -> &[Place] {
        let pair = place as usize;
        &self.order[self.starts[pair - 1] as usize..self.starts[pair] as usize]
    }

    /// The overlaps of a pair.
    fn at(&self, place: u32) -> impl Iterator<Item = (&Findings, Packed)> {
        self.places(place).iter().filter_map(|place| match self.found_at(*place) {
            (findings, Found::Overlap(packed)) => Some((findings, *packed)),
            _ => None,
        })
    }
}

impl Evidence for InOrder {
    fn read(&self, place: u32) -> Vec<PathOverlap> {
        self.at(place).filter_map(|(findings, packed)| findings.unpacked(packed)).collect()
    }

    fn count(&self, place: u32) -> usize {
        self.places(place).len()
    }

    fn choose(&self, place: u32, wanted: &mut Wanted<'_>, show: &mut dyn FnMut(&PathOverlap)) {
        for (findings, packed) in self.at(place) {
            let Some((path, grade)) = findings.path.as_ref().zip(packed::grade_of(findings.bytes(packed))) else {
                continue;
            };
            if wanted(path, grade) {
                findings.unpacked(packed).iter().for_each(&mut *show);
            }
        }
    }
}

impl Shelf for InOrder {
    fn packed(&self, place: u32, show: &mut dyn FnMut(&RepoPath, &[u8])) {
        for (findings, packed) in self.at(place) {
            findings.path.iter().for_each(|path| show(path, findings.bytes(packed)));
        }
    }
}

impl fmt::Debug for InOrder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("InOrder").field("pairs", &self.starts.len()).finish_non_exhaustive()
    }
}
