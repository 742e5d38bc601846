//! What is remembered and not read yet: lines of work and overlaps stay bytes until somebody looks at them.
//! Must not know: how the bytes are laid out, beyond where each one begins.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashSet};
use std::fmt;
use std::num::NonZero;
use std::ops::Range;
use std::sync::{Arc, OnceLock};
use std::thread;

use foldhash::fast::RandomState;

use super::form::reading::{self, In};
use super::source::Source;
use crate::domain::overlap::{Grade, PathOverlap};
use crate::domain::path::RepoPath;
use crate::domain::path_overlaps::{Evidence, PathOverlaps, Wanted};
use crate::git::bytes::{self, Reader, SUM};
use crate::git::merge::PairAnswer;
use crate::git::merge::brought::Brought;
use crate::git::merge::evidence::packed;
use crate::git::merge::pair_answers::Shelf;
use crate::git::merge::walk::Touched;
use crate::git::repository::joined;
use crate::git::tree::{Entry, TreeChange};

/// One part of what was kept, with the paths that it names.
pub(in crate::git::merge) struct Part {
    held: Held,
    /// How many of the bytes name its paths; the rest follows.
    table: usize,
    paths: OnceLock<Vec<RepoPath>>,
    id_len: usize,
}

/// Where a part's bytes are.
enum Held {
    /// Read, and as they were written.
    Here(Arc<Vec<u8>>, Range<usize>),
    /// Where they were kept, until somebody looks.
    There(Source, Place, OnceLock<Vec<u8>>),
}

/// Where a part was kept, and the sum of its bytes.
#[derive(Clone)]
pub(super) struct Place {
    pub(super) range: Range<u64>,
    pub(super) sum: [u8; SUM],
}

impl Held {
    /// The bytes; none where they cannot be read any more.
    fn bytes(&self) -> &[u8] {
        match self {
            Self::Here(all, range) => &all[range.clone()],
            Self::There(source, place, read) => read.get_or_init(|| {
                source.read(place.range.clone()).filter(|bytes| bytes::sum(bytes) == place.sum).unwrap_or_default()
            }),
        }
    }
}

impl Part {
    /// The part that lies there in what was read, its paths taking so many bytes.
    pub(super) fn here(all: &Arc<Vec<u8>>, range: Range<usize>, table: usize, id_len: usize) -> Option<Arc<Self>> {
        (all.len() >= range.end && range.len() >= table)
            .then(|| Self::held(Held::Here(Arc::clone(all), range), table, id_len))
    }

    /// The part that was kept there.
    pub(super) fn there(source: &Source, place: Place, table: usize, id_len: usize) -> Arc<Self> {
        Self::held(Held::There(source.clone(), place, OnceLock::new()), table, id_len)
    }

    fn held(held: Held, table: usize, id_len: usize) -> Arc<Self> {
        Arc::new(Self { held, table, paths: OnceLock::new(), id_len })
    }

    /// Some of its bytes that have a sum of their own, without reading the others.
    fn piece(&self, place: u32, len: u32, sum: [u8; SUM]) -> Option<Cow<'_, [u8]>> {
        let from = self.table + place as usize;
        let piece = match &self.held {
            Held::There(source, whole, read) if read.get().is_none() => {
                let from = whole.range.start + from as u64;
                let range = from..from + u64::from(len);
                Cow::Owned(source.read(range.clone()).filter(|_| range.end <= whole.range.end)?)
            }
            held => Cow::Borrowed(held.bytes().get(from..from + len as usize)?),
        };
        (bytes::sum(&piece) == sum).then_some(piece)
    }

    /// Whether its bytes are those that were written; reads them.
    pub(super) fn is_whole(&self) -> bool {
        match &self.held {
            Held::Here(..) => true,
            Held::There(_, place, _) => self.held.bytes().len() as u64 == place.range.end - place.range.start,
        }
    }

    /// The paths that it names. It has a sum that was right, so what cannot be read was never written.
    pub(super) fn paths(&self) -> &[RepoPath] {
        let read = || reading::paths(&mut Reader(self.held.bytes().get(..self.table)?));
        self.paths.get_or_init(|| read().unwrap_or_default())
    }

    fn body(&self) -> &[u8] {
        self.held.bytes().get(self.table..).unwrap_or_default()
    }

    /// Its bytes from a place on, to be read without its paths.
    pub(super) fn reader(&self, place: usize) -> Option<Reader<'_>> {
        Some(Reader(self.body().get(place..)?))
    }

    /// Its bytes from a place on.
    pub(super) fn from(&self, place: usize) -> Option<In<'_>> {
        Some(In { reader: self.reader(place)?, id_len: self.id_len, paths: self.paths() })
    }

    /// Passes over something with its length before it; where it begins.
    pub(super) fn framed(&self, from: &mut Reader<'_>) -> Option<u32> {
        let len = from.count()?;
        let place = u32::try_from(self.body().len().checked_sub(from.0.len())?).ok()?;
        from.take(len).map(|_| place)
    }
}

impl fmt::Debug for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Part").field("table", &self.table).finish_non_exhaustive()
    }
}

impl Evidence for Part {
    /// It has a sum that was right, so what cannot be read was never written.
    fn read(&self, place: u32) -> Vec<PathOverlap> {
        self.from(place as usize).and_then(|mut from| from.list(In::overlap)).unwrap_or_default()
    }

    fn count(&self, place: u32) -> usize {
        self.reader(place as usize).and_then(|mut from| from.count()).unwrap_or_default()
    }

    fn choose(&self, place: u32, wanted: &mut Wanted<'_>, show: &mut dyn FnMut(&PathOverlap)) {
        self.packed(place, &mut |path, packed| {
            if packed::grade_of(packed).is_some_and(|grade| wanted(path, grade)) {
                packed::unpack(&mut Reader(packed), path).iter().for_each(&mut *show);
            }
        });
    }
}

impl Shelf for Part {
    fn packed(&self, place: u32, show: &mut dyn FnMut(&RepoPath, &[u8])) {
        let Some(mut from) = self.from(place as usize) else { return };
        for _ in 0..from.reader.count().unwrap_or_default() {
            let Some((path, packed)) = from.packed_overlap() else { return };
            show(path, packed);
        }
    }
}

/// So many lines are worth a second thread.
const MANY: usize = 300;

/// What a line did, still to be read.
#[derive(Clone, Debug)]
pub(in crate::git::merge) struct Outline {
    /// Where its paths are named.
    pub(super) main: Arc<Part>,
    /// Where it lies: at which place, how long it is, and its sum.
    pub(super) deeds: Arc<Part>,
    pub(super) place: u32,
    pub(super) len: u32,
    pub(super) sum: [u8; SUM],
    /// How many paths it changed.
    pub(super) touched: usize,
    /// Whether it may meet others elsewhere than at the paths that both changed.
    pub(super) is_eventful: bool,
}

/// What a line changed, and what it made of the target.
pub(super) type Deeds = (Vec<Touched>, BTreeMap<RepoPath, Option<Entry>>);

impl Outline {
    /// How many paths the line changed.
    pub(in crate::git::merge) fn len(&self) -> usize {
        self.touched
    }

    /// What the line did at the paths with these numbers.
    fn read(&self, wanted: impl Fn(usize) -> bool) -> Option<Deeds> {
        let piece = self.deeds.piece(self.place, self.len, self.sum)?;
        In { reader: Reader(&piece), id_len: self.main.id_len, paths: self.main.paths() }.deeds(wanted)
    }

    /// What the line changed, sorted by path.
    pub(in crate::git::merge) fn changes(&self) -> Vec<TreeChange> {
        let touched = self.read(|_| true).map(|(touched, _)| touched).unwrap_or_default();
        touched.into_iter().map(Touched::change).collect()
    }
}

/// Reads what one of the `new` lines may meet: of lines that do nothing but to change files that everybody has what they did
/// where one of those acted, where these do nothing else either; else all of a line. `false` where one cannot be read any more.
pub(super) fn read_near<'l>(
    lines: impl Iterator<Item = &'l mut Brought>,
    touching: &[&Touching],
    new: &[Brought],
) -> bool {
    if new.is_empty() {
        return true;
    }
    let near = if new.iter().all(Brought::only_modifies) {
        let paths = new.iter().flat_map(|line| &line.touched).map(|touched| touched.path.as_bytes()).collect();
        touching.iter().map(|touching| touching.near(&paths)).collect::<Option<Vec<_>>>()
    } else {
        None
    };
    let met = |line: &'l mut Brought| {
        let outline = line.outline.as_ref()?;
        let near = match &near {
            Some(near) if !outline.is_eventful => Some(near.iter().find(|near| near.holds(outline))?),
            _ => None,
        };
        Some((line, near))
    };
    let mut met: Vec<(&mut Brought, Option<&Near>)> = lines.filter_map(met).collect();
    let read_some = |met: &mut [(&mut Brought, Option<&Near>)]| {
        met.iter_mut().all(|(line, near)| match near {
            Some(near) => near.read(line),
            None => read(line),
        })
    };
    if met.len() < MANY {
        return read_some(&mut met);
    }
    let middle = met.len() / 2;
    let (some, others) = met.split_at_mut(middle);
    thread::scope(|scope| {
        let others = scope.spawn(|| read_some(others));
        read_some(some) & joined(others.join())
    })
}

/// Reads all lines in full, at once; `false` where one cannot be read any more.
pub(super) fn read_all(lines: &mut [Brought]) -> bool {
    let is_whole = |line: &Brought| line.outline.as_ref().is_none_or(|outline| outline.deeds.is_whole());
    lines.iter().all(is_whole) && lines.iter_mut().all(read)
}

/// Reads a line in full; `false` where it cannot be read any more.
fn read(line: &mut Brought) -> bool {
    let Some(outline) = &line.outline else { return true };
    let Some(deeds) = outline.read(|_| true) else { return false };
    (line.touched, line.effective) = deeds;
    line.outline = None;
    true
}

/// Some of the paths that a part names, and its lines that touched one of them.
struct Near<'p> {
    part: &'p Arc<Part>,
    /// By number, whether it is one of them.
    paths: Vec<bool>,
    /// By the places of what they did.
    lines: HashSet<u32, RandomState>,
}

impl Near<'_> {
    fn holds(&self, outline: &Outline) -> bool {
        Arc::ptr_eq(self.part, &outline.main) && self.lines.contains(&outline.place)
    }

    /// Reads what a line did at these paths, which its outline tells of still; `false` where that cannot be read any more.
    fn read(&self, line: &mut Brought) -> bool {
        let Some(outline) = &line.outline else { return true };
        let Some(deeds) = outline.read(|path| self.paths.get(path).is_some_and(|near| *near)) else { return false };
        (line.touched, line.effective) = deeds;
        true
    }
}

/// Which lines touched which paths.
#[derive(Debug)]
pub(super) struct Touching {
    pub(super) part: Arc<Part>,
    /// By the part's paths, where in the part their lines are listed.
    pub(super) places: Vec<u32>,
}

impl Touching {
    /// What touched any of the paths.
    fn near(&self, paths: &HashSet<&[u8], RandomState>) -> Option<Near<'_>> {
        let (part, mut lines) = (&self.part, HashSet::default());
        let paths: Vec<bool> = part.paths().iter().map(|path| paths.contains(path.as_bytes())).collect();
        for (&place, _) in self.places.iter().zip(&paths).filter(|(_, near)| **near) {
            lines.extend(part.from(place as usize)?.list(|from| from.reader.small())?);
        }
        Some(Near { part, paths, lines })
    }
}

/// A pair as it is remembered.
#[derive(Clone, Copy, Debug)]
pub(in crate::git::merge) struct KeptPair {
    pub(in crate::git::merge) a: u32,
    pub(in crate::git::merge) b: u32,
    /// Where its overlaps begin; `None` where it has none.
    pub(in crate::git::merge) place: Option<NonZero<u32>>,
    /// On which shelf they lie.
    pub(in crate::git::merge) shelf: u8,
    pub(in crate::git::merge) stacked: bool,
    pub(in crate::git::merge) grade: Grade,
    pub(in crate::git::merge) may_block: bool,
    /// Whether its sides have changed places since.
    pub(in crate::git::merge) turned: bool,
}

impl KeptPair {
    /// Its lines' places, the first smaller.
    pub(in crate::git::merge) fn pair(&self) -> (usize, usize) {
        (self.a as usize, self.b as usize)
    }

    /// Whether it is of this grade, has overlaps, and is not stacked.
    pub(in crate::git::merge) fn overlaps(&self, grade: Grade) -> bool {
        self.grade == grade && !self.stacked && self.place.is_some()
    }

    /// On a shelf further on.
    pub(in crate::git::merge) fn on(self, shelves: usize) -> Self {
        Self { shelf: self.shelf + u8::try_from(shelves).unwrap_or(u8::MAX), ..self }
    }

    /// By the places that its lines have now.
    pub(super) fn moved(self, place: &[Option<usize>]) -> Option<Self> {
        let at = |line: u32| place[line as usize].and_then(|at| u32::try_from(at).ok());
        let (a, b) = (at(self.a)?, at(self.b)?);
        Some(Self { a: a.min(b), b: a.max(b), turned: self.turned != (b < a), ..self })
    }

    pub(in crate::git::merge) fn answer(&self, shelves: &[Arc<dyn Shelf>]) -> PairAnswer {
        let kept = |place: NonZero<u32>| {
            let evidence: Arc<dyn Evidence> = Arc::<dyn Shelf>::clone(&shelves[usize::from(self.shelf)]);
            let paths = PathOverlaps::kept(evidence, place.get(), self.may_block);
            if self.turned { paths.turned() } else { paths }
        };
        let paths = self.place.map(kept).unwrap_or_default();
        let (a, b) = self.pair();
        PairAnswer { a, b, stacked: self.stacked, grade: self.grade, paths, unknown: None }
    }
}
