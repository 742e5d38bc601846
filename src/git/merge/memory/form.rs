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
use crate::domain::path::RepoPath;
use reading::In;
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
        self.pairs.iter().all(|pair| pair.a < pair.b && (pair.b as usize) < lines + self.lines.len())
    }

    /// What its attributes come from besides the target, where they are known to be those of now.
    pub(super) fn outside(&self) -> Option<Outside> {
        self.outside.clone().filter(Outside::is_unchanged)
    }
}

/// What a volume is to hold.
pub(super) struct Contents<'a> {
    pub(super) lines: &'a [&'a Brought],
    pub(super) pairs: &'a [Placed<'a>],
    pub(super) attributes: Vec<(&'a RepoPath, &'a Attributes)>,
    pub(super) outside: Option<Outside>,
}

/// A volume as bytes. `key` says what it holds for.
pub(super) fn write(contents: Contents<'_>, key: &[u8]) -> Vec<u8> {
    let Contents { lines, pairs, mut attributes, outside } = contents;
    attributes.sort_unstable_by(|a, b| a.0.cmp(b.0));
    let halves = pairs.split_at(pairs.len() / 2);
    let parts = thread::scope(|scope| {
        let first = scope.spawn(|| Out::part(halves.0, Out::pair));
        let second = scope.spawn(|| Out::part(halves.1, Out::pair));
        let lines = Out::lines(lines);
        let attributes = Out::part(&attributes, |out, (path, attributes)| {
            out.path(path);
            out.attributes(**attributes);
        });
        [lines, joined(first.join()), joined(second.join()), attributes]
    });
    let mut whole = Writer(Vec::with_capacity(parts.iter().map(Vec::len).sum::<usize>() + ROOM));
    whole.bytes(key);
    whole.bytes(&outside.map(|outside| outside.to_bytes()).unwrap_or_default());
    for part in parts {
        whole.bytes(&part);
    }
    bytes::sealed(whole)
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
    let (of_lines, of_pairs, of_attributes) = (part()?, [part()?, part()?], part()?);
    if !reader.0.is_empty() {
        return None;
    }
    let (lines, touching) = lines(&of_lines)?;
    let [mut first, mut second] = [of_pairs[0].from(0)?, of_pairs[1].from(0)?];
    let counts = (first.reader.count()?, second.reader.count()?);
    let mut all = Vec::with_capacity(counts.0 + counts.1);
    for (shelf, (count, from)) in (0..).zip([(counts.0, &mut first), (counts.1, &mut second)]) {
        pairs(&of_pairs[usize::from(shelf)], (shelf, count), from, &mut all)?;
    }
    let attributes = of_attributes.from(0)?.list(|from| Some((from.path()?, from.attributes()?)))?;
    let shelves = of_pairs.map(|part| part as Arc<dyn Shelf>).into();
    Some(Volume { key, sum, lines, touching, pairs: all, shelves, attributes, outside })
}

fn lines(part: &Arc<Part>) -> Option<(Vec<Brought>, Touching)> {
    let mut from = part.from(0)?;
    let lines = from.list(|from| {
        let line = from.line()?;
        let (is_eventful, touched) = (from.reader.flag()?, from.reader.count()?);
        let outline = Outline { part: Arc::clone(part), place: framed(part, from)?, touched, is_eventful };
        Some(Brought { outline: Some(outline), ..line })
    })?;
    let places = part.paths.iter().map(|_| framed(part, &mut from)).collect::<Option<_>>()?;
    from.reader.0.is_empty().then(|| (lines, Touching { part: Arc::clone(part), places }))
}

fn pairs(part: &Part, (shelf, count): (u8, usize), from: &mut In<'_>, all: &mut Vec<KeptPair>) -> Option<()> {
    for _ in 0..count {
        let (a, b) = (from.reader.small()?, from.reader.small()?);
        let (stacked, grade, may_block) = (from.reader.flag()?, packed::grade(&mut from.reader)?, from.reader.flag()?);
        let place = framed(part, from)?;
        let has_none = part.from(place as usize)?.reader.count()? == 0;
        let place = NonZero::new(place).filter(|_| !has_none);
        all.push(KeptPair { a, b, place, shelf, stacked, grade, may_block, turned: false });
    }
    from.reader.0.is_empty().then_some(())
}

/// Passes over something with its length before it; where it begins.
fn framed(part: &Part, from: &mut In<'_>) -> Option<u32> {
    let len = from.reader.count()?;
    let place = part.place(from)?;
    from.reader.take(len).map(|_| place)
}
