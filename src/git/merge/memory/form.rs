//! What is remembered as bytes: a table of paths with the outlines of lines, with pairs in conflict and with attributes, which is
//! read at once; then what each line did and the overlaps of pairs that merge cleanly, most of it, which are read from where
//! they are kept when somebody looks at them; at the end what it holds for, and where the parts are.
//! Must not know: when something is remembered, where the bytes are kept.

use std::num::NonZero;
use std::sync::Arc;
use std::thread;

use foldhash::fast::RandomState;

use super::super::super::attributes::{Attributes, ByPath, Driver, Outside};
use super::super::super::bytes::{self, Reader, SUM, Writer};
use super::super::super::repository::joined;
use super::super::brought::{Account, Brought};
use super::super::evidence::packed;
use super::super::pair_answers::{Shelf, Standing};
use super::shelf::{KeptPair, Outline, Part, Place, Touching};
use super::source::Source;
use super::unread::{Row, Rows};
use crate::domain::path::RepoPath;
use reading::In;
use writing::Out;

pub(super) mod reading;
mod writing;

/// By number as written; never reordered without another format.
const DRIVERS: [Driver; 3] = [Driver::Text, Driver::Union, Driver::Binary];

/// Enough bytes for all that is no part: key, outside, lengths, sums.
const ROOM: usize = 4096;

/// How many parts there are: those that are read at once, and behind them those that are not.
const PARTS: usize = 6;

/// The place of the first that is not.
const AT_ONCE: usize = 3;

/// Fewer bytes are read sooner than asked for later.
const SMALL: u64 = 128 << 10;

/// The length of the end stands in the last bytes.
const LENGTH: usize = 4;

/// Pairs with the numbers of their lines, the first smaller.
pub(super) type Placed<'a> = ((usize, usize), Standing<'a>);

/// What was found at one time.
#[derive(Debug)]
pub(super) struct Volume {
    /// What it holds for.
    pub(super) key: Vec<u8>,
    /// Of the end, and with it of all parts.
    sum: [u8; SUM],
    pub(super) lines: Vec<Brought>,
    pub(super) touching: Touching,
    /// By the numbers of lines: those of a first volume, and then its own.
    pub(super) pairs: Vec<KeptPair>,
    /// The others, which merge cleanly.
    pub(super) clean: Vec<Rows>,
    /// Where the pairs' overlaps lie.
    pub(super) shelves: Vec<Arc<dyn Shelf>>,
    pub(super) attributes: ByPath,
    /// The numbers of the first volume's lines that were not asked about, of a further one.
    pub(super) absent: Vec<usize>,
    outside: Option<Outside>,
}

impl Volume {
    /// The key of what goes with it.
    pub(super) fn name(&self) -> Vec<u8> {
        [&self.key[..], &self.sum].concat()
    }

    /// Whether all its pairs are of lines that there are, after `lines` of a first volume.
    pub(super) fn fits(&self, lines: usize) -> bool {
        let fits = |pair: &KeptPair| pair.a < pair.b && (pair.b as usize) < lines + self.lines.len();
        self.pairs.iter().all(fits) && self.clean.iter().all(Rows::is_empty)
    }

    /// What its attributes come from besides the target, where they are known to be those of now.
    pub(super) fn outside(&self) -> Option<Outside> {
        self.outside.clone().filter(Outside::is_unchanged)
    }
}

/// What is to be kept, in the pieces in which it was written. Some megabytes are put together by whoever has the time.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Kept {
    key: Vec<u8>,
    outside: Vec<u8>,
    parts: Vec<Piece>,
}

/// One part, and before it the paths that it names.
#[derive(Clone, PartialEq, Eq, Debug)]
struct Piece {
    table: Vec<u8>,
    body: Vec<u8>,
}

impl Kept {
    /// The whole, as it is read again.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let of_parts = self.parts.iter().map(|part| part.table.len() + part.body.len()).sum::<usize>();
        let (mut whole, mut end) = (Vec::with_capacity(of_parts + ROOM), Writer::default());
        end.bytes(&self.key);
        end.bytes(&self.outside);
        for Piece { table, body } in &self.parts {
            let begins = whole.len();
            whole.extend_from_slice(table);
            whole.extend_from_slice(body);
            end.count(table.len());
            end.number(body.len() as u64);
            end.0.extend(bytes::sum(&whole[begins..]));
        }
        let end = bytes::sealed(end);
        whole.extend_from_slice(&end);
        whole.extend(u32::try_from(end.len()).unwrap_or(0).to_le_bytes());
        whole
    }
}

/// What a volume is to hold.
pub(super) struct Contents<'a> {
    pub(super) lines: &'a [&'a Brought],
    pub(super) pairs: &'a [Placed<'a>],
    /// Of these lines alone, sorted: those that are read one by one only when somebody wants to.
    pub(super) clean: &'a [Placed<'a>],
    pub(super) attributes: Vec<(&'a RepoPath, &'a Attributes)>,
    /// The numbers of the first volume's lines that were not asked about.
    pub(super) absent: &'a [usize],
    pub(super) outside: Option<Outside>,
}

/// A volume in pieces. `key` says what it holds for.
pub(super) fn write(mut contents: Contents<'_>, key: &[u8]) -> Kept {
    contents.attributes.sort_unstable_by(|a, b| a.0.cmp(b.0));
    let (halves, count) = (halves(contents.clean), contents.lines.len());
    let parts = thread::scope(|scope| {
        let begun = (!contents.clean.is_empty())
            .then(|| [halves.0, halves.1].map(|half| scope.spawn(move || Out::rows(half, count))));
        let (main, deeds) = Out::main(&contents);
        let done = begun.map(|halves| halves.map(|half| joined(half.join())));
        let [(first, of_first), (second, of_second)] =
            done.unwrap_or_else(|| [Out::rows(&[], count), Out::rows(&[], count)]);
        [main, of_first, of_second, deeds, first, second]
    });
    let outside = contents.outside.map(|outside| outside.to_bytes()).unwrap_or_default();
    Kept { key: key.to_vec(), outside, parts: parts.into() }
}

/// About the first half of the pairs, and the rest; those of one line stay together.
fn halves<'a, 'p>(pairs: &'p [Placed<'a>]) -> (&'p [Placed<'a>], &'p [Placed<'a>]) {
    let middle = pairs.get(pairs.len() / 2).map_or(0, |((line, _), _)| pairs.partition_point(|((a, _), _)| a < line));
    pairs.split_at(middle)
}

/// Reads a volume; `None` where it is damaged. Pairs that merge cleanly are read only when somebody looks at them, where they
/// are many and that is not to be told beforehand (`whole`).
pub(super) fn read(kept: &Source, id_len: usize, whole: bool) -> Option<Volume> {
    let End { key, outside, sum, places } = End::read(kept)?;
    let at_once = 0..places[AT_ONCE - 1].0.range.end;
    let read = Arc::new(kept.read(at_once)?);
    let part = |(place, table): &(Place, usize)| {
        let [from, to] = [place.range.start, place.range.end].map(|at| usize::try_from(at).ok());
        let range = from?..to?;
        let is_right = bytes::sum(read.get(range.clone())?) == place.sum;
        Part::here(&read, range, *table, id_len).filter(|_| is_right)
    };
    let parts = places[..AT_ONCE].iter().map(part).collect::<Option<Vec<_>>>()?;
    let later = places[AT_ONCE..].iter().map(|(place, table)| {
        let is_small = place.range.end - place.range.start <= SMALL;
        let part = Part::there(kept, place.clone(), *table, id_len);
        if (whole || is_small) && !part.is_whole() { None } else { Some(part) }
    });
    let later = later.collect::<Option<Vec<_>>>()?;
    let ([main, of_first, of_second], [deeds, first, second]) = (&parts[..], &later[..]) else { return None };
    let mut from = main.from(0)?;
    let (lines, touching) = lines(&mut from, (main, deeds))?;
    let pairs = pairs(&mut from.reader, main)?;
    let attributes = attributes(&mut from)?;
    let absent = from.list(|from| Some(from.reader.small()? as usize))?;
    let shelves = [main, first, second].map(|part| Arc::<Part>::clone(part) as Arc<dyn Shelf>).into();
    let rows = |(shelf, (part, index)): (u8, (&Arc<Part>, &Arc<Part>))| {
        let by_line = rows_of(index, lines.len())?;
        Some(Rows { part: Arc::clone(part), index: Arc::clone(index), shelf, by_line })
    };
    let clean = (1..).zip([(first, of_first), (second, of_second)]).map(rows).collect::<Option<_>>()?;
    let volume = Volume { key, sum, lines, touching, pairs, clean, shelves, attributes, absent, outside };
    from.reader.0.is_empty().then_some(volume)
}

/// What stands behind the parts.
struct End {
    key: Vec<u8>,
    outside: Option<Outside>,
    sum: [u8; SUM],
    /// Where each part is, and how long its table.
    places: Vec<(Place, usize)>,
}

impl End {
    fn read(kept: &Source) -> Option<Self> {
        let last = kept.read(kept.len().saturating_sub(ROOM as u64)..kept.len())?;
        let (last, length) = last.split_last_chunk::<LENGTH>()?;
        let length = usize::try_from(u32::from_le_bytes(*length)).ok()?;
        let behind = kept.len().checked_sub((length + LENGTH) as u64)?;
        let end = match last.len().checked_sub(length) {
            Some(from) => last[from..].to_vec(),
            None => kept.read(behind..behind + length as u64)?,
        };
        let mut reader = Reader(bytes::unsealed(&end)?);
        let key = reader.bytes().filter(|key| key.starts_with(&super::FORMAT))?.to_vec();
        let outside = Outside::from_bytes(reader.bytes()?);
        let (mut places, mut at) = (Vec::new(), 0u64);
        for _ in 0..PARTS {
            let (table, body) = (reader.number()?, reader.number()?);
            let to = at.checked_add(table)?.checked_add(body)?;
            let sum = *reader.take(SUM)?.first_chunk()?;
            places.push((Place { range: at..to, sum }, usize::try_from(table).ok()?));
            at = to;
        }
        let sum = *end.last_chunk()?;
        (reader.0.is_empty() && at == behind).then_some(Self { key, outside, sum, places })
    }
}

fn rows_of(part: &Part, lines: usize) -> Option<Vec<Row>> {
    let mut from = part.reader(0)?;
    let rows = from.list(|from| {
        let with_any = [from.small()?, from.small()?];
        let (with_later, place) = (from.small()?, from.small()?);
        Some(Row { with_any, with_later, place, listed: part.framed(from)? })
    })?;
    (from.0.is_empty() && rows.len() == lines).then_some(rows)
}

fn lines(from: &mut In<'_>, (main, deeds): (&Arc<Part>, &Arc<Part>)) -> Option<(Vec<Brought>, Touching)> {
    let lines = from.list(|from| {
        let line = from.line()?;
        let (is_eventful, touched) = (from.reader.flag()?, from.reader.small()? as usize);
        let (place, len) = (from.reader.small()?, from.reader.small()?);
        let sum = *from.reader.take(SUM)?.first_chunk()?;
        let (main, deeds) = (Arc::clone(main), Arc::clone(deeds));
        let outline = Outline { main, deeds, place, len, sum, touched, is_eventful };
        Some(Brought::from(Account { outline: Some(outline), ..line }))
    })?;
    let places = from.reader.list(|from| main.framed(from))?;
    Some((lines, Touching { part: Arc::clone(main), places }))
}

fn attributes(from: &mut In<'_>) -> Option<ByPath> {
    let count = from.reader.count()?;
    let mut attributes = ByPath::with_capacity_and_hasher(count, RandomState::default());
    for _ in 0..count {
        attributes.insert(from.path()?, from.attributes()?);
    }
    Some(attributes)
}

fn pairs(from: &mut Reader<'_>, part: &Part) -> Option<Vec<KeptPair>> {
    from.list(|from| {
        let (a, b) = (from.small()?, from.small()?);
        let (stacked, grade, may_block) = (from.flag()?, packed::grade(from)?, from.flag()?);
        let place = part.framed(from)?;
        let has_none = part.reader(place as usize)?.count()? == 0;
        let place = NonZero::new(place).filter(|_| !has_none);
        Some(KeptPair { a, b, place, shelf: 0, stacked, grade, may_block, turned: false })
    })
}
