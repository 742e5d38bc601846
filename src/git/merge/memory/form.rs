//! What is remembered as bytes: what it holds for, lines, pairs and attributes, each with a table of its paths, and a sum.
//! Of lines and pairs only the outlines are read at once.
//! Must not know: when something is remembered, where the bytes are kept.

use std::num::NonZero;
use std::sync::Arc;
use std::thread;

use super::super::super::attributes::{Attributes, Driver, Outside};
use super::super::super::bytes::{self, Reader, SUM, Writer};
use super::super::super::repository::joined;
use super::super::brought::Brought;
use super::super::evidence::packed;
use super::super::pair_answers::{Shelf, Standing};
use super::shelf::{KeptPair, Outline, Part, Touching};
use super::unread::{Row, Rows};
use crate::domain::path::RepoPath;
use writing::Out;

pub(super) mod reading;
mod writing;

/// By number as written; never reordered without another format.
const DRIVERS: [Driver; 3] = [Driver::Text, Driver::Union, Driver::Binary];

/// Enough bytes for all that is no part: key, outside, lengths, sum.
const ROOM: usize = 4096;

/// Pairs with the numbers of their lines, the first smaller.
pub(super) type Placed<'a> = ((usize, usize), Standing<'a>);

/// What was found at one time.
#[derive(Debug)]
pub(super) struct Volume {
    /// What it holds for.
    pub(super) key: Vec<u8>,
    sum: [u8; SUM],
    pub(super) lines: Vec<Brought>,
    pub(super) touching: Touching,
    /// By the numbers of lines: those of a first volume, and then its own.
    pub(super) pairs: Vec<KeptPair>,
    /// The others, which merge cleanly.
    pub(super) clean: Vec<Rows>,
    /// Where the pairs' overlaps lie.
    pub(super) shelves: Vec<Arc<dyn Shelf>>,
    pub(super) attributes: Vec<(RepoPath, Attributes)>,
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
        let mut whole = Writer(Vec::with_capacity(of_parts + ROOM));
        whole.bytes(&self.key);
        whole.bytes(&self.outside);
        for Piece { table, body } in &self.parts {
            let mut length = Writer::default();
            length.count(table.len());
            whole.count(length.0.len() + table.len() + body.len());
            whole.bytes(table);
            whole.0.extend_from_slice(body);
        }
        bytes::sealed(whole)
    }
}

/// What a volume is to hold.
pub(super) struct Contents<'a> {
    pub(super) lines: &'a [&'a Brought],
    pub(super) pairs: &'a [Placed<'a>],
    /// Of these lines alone, sorted: those that are read one by one only when somebody wants to.
    pub(super) clean: &'a [Placed<'a>],
    pub(super) attributes: Vec<(&'a RepoPath, &'a Attributes)>,
    pub(super) outside: Option<Outside>,
}

/// A volume in pieces. `key` says what it holds for.
pub(super) fn write(contents: Contents<'_>, key: &[u8]) -> Kept {
    let Contents { lines, pairs, clean, mut attributes, outside } = contents;
    attributes.sort_unstable_by(|a, b| a.0.cmp(b.0));
    let (halves, count) = (halves(clean), lines.len());
    let parts = thread::scope(|scope| {
        let begun =
            (!clean.is_empty()).then(|| [halves.0, halves.1].map(|half| scope.spawn(move || Out::rows(half, count))));
        let (lines, pairs) = (Out::lines(lines), Out::part(pairs, Out::pair));
        let attributes = Out::part(&attributes, |out, (path, attributes)| {
            out.path(path);
            out.attributes(**attributes);
        });
        let done = begun.map(|halves| halves.map(|half| joined(half.join())));
        let [(first, of_first), (second, of_second)] =
            done.unwrap_or_else(|| [Out::rows(&[], count), Out::rows(&[], count)]);
        [lines, pairs, attributes, first, of_first, second, of_second]
    });
    let outside = outside.map(|outside| outside.to_bytes()).unwrap_or_default();
    Kept { key: key.to_vec(), outside, parts: parts.into() }
}

/// About the first half of the pairs, and the rest; those of one line stay together.
fn halves<'a, 'p>(pairs: &'p [Placed<'a>]) -> (&'p [Placed<'a>], &'p [Placed<'a>]) {
    let middle = pairs.get(pairs.len() / 2).map_or(0, |((line, _), _)| pairs.partition_point(|((a, _), _)| a < line));
    pairs.split_at(middle)
}

/// Reads a volume; `None` where it is damaged.
pub(super) fn read(kept: Vec<u8>, id_len: usize) -> Option<Volume> {
    let len = bytes::unsealed(&kept)?.len();
    let sum = kept[len..].try_into().ok()?;
    let whole = Arc::new(kept);
    let mut reader = Reader(&whole[..len]);
    let key = reader.bytes().filter(|key| key.starts_with(&super::FORMAT))?.to_vec();
    let outside = Outside::from_bytes(reader.bytes()?);
    let mut part = || {
        let bytes = reader.bytes()?;
        let end = len - reader.0.len();
        Part::open(&whole, end - bytes.len()..end, id_len)
    };
    let (of_lines, of_pairs, of_attributes) = (part()?, part()?, part()?);
    let (first, of_first, second, of_second) = (part()?, part()?, part()?, part()?);
    if !reader.0.is_empty() {
        return None;
    }
    let (lines, touching) = lines(&of_lines)?;
    let attributes = of_attributes.from(0)?.list(|from| Some((from.path()?, from.attributes()?)))?;
    let mut shelves: Vec<Arc<dyn Shelf>> = vec![Arc::<Part>::clone(&of_pairs)];
    let mut clean = Vec::new();
    for (shelf, (part, rows)) in (1..).zip([(first, of_first), (second, of_second)]) {
        shelves.push(Arc::<Part>::clone(&part));
        clean.push(Rows { part, shelf, by_line: rows_of(&rows, lines.len())? });
    }
    Some(Volume { key, sum, lines, touching, pairs: pairs(&of_pairs)?, clean, shelves, attributes, outside })
}

fn rows_of(part: &Part, lines: usize) -> Option<Vec<Row>> {
    let mut from = part.reader(0)?;
    let rows = from.list(|from| {
        let with_any = [from.small()?, from.small()?];
        Some(Row { with_any, with_later: from.small()?, place: from.small()? })
    })?;
    (from.0.is_empty() && rows.len() == lines).then_some(rows)
}

fn lines(part: &Arc<Part>) -> Option<(Vec<Brought>, Touching)> {
    let mut from = part.from(0)?;
    let lines = from.list(|from| {
        let line = from.line()?;
        let (is_eventful, touched) = (from.reader.flag()?, from.reader.count()?);
        let outline = Outline { part: Arc::clone(part), place: part.framed(&mut from.reader)?, touched, is_eventful };
        Some(Brought { outline: Some(outline), ..line })
    })?;
    let places = part.paths().iter().map(|_| part.framed(&mut from.reader)).collect::<Option<_>>()?;
    from.reader.0.is_empty().then(|| (lines, Touching { part: Arc::clone(part), places }))
}

fn pairs(part: &Part) -> Option<Vec<KeptPair>> {
    let mut from = part.reader(0)?;
    let pairs = from.list(|from| {
        let (a, b) = (from.small()?, from.small()?);
        let (stacked, grade, may_block) = (from.flag()?, packed::grade(from)?, from.flag()?);
        let place = part.framed(from)?;
        let has_none = part.reader(place as usize)?.count()? == 0;
        let place = NonZero::new(place).filter(|_| !has_none);
        Some(KeptPair { a, b, place, shelf: 0, stacked, grade, may_block, turned: false })
    })?;
    from.0.is_empty().then_some(pairs)
}
