//! What is remembered as bytes: what it holds for, lines, pairs and attributes, each with a table of its paths, and a sum.
//! Must not know: when something is remembered, where the bytes are kept.

use std::hash::BuildHasher as _;
use std::thread;

use foldhash::fast::FixedState;

use super::super::super::attributes::{ByPath, Driver};
use super::super::super::repository::joined;
use super::super::PairAnswer;
use super::super::landing::Brought;
use super::Memory;
use super::bytes::{Reader, Writer};
use crate::domain::overlap::{ConflictKind, Grade};
use reading::In;
use writing::Out;

mod reading;
mod writing;

/// By number as written; never reordered without another format.
const KINDS: [ConflictKind; 12] = [
    ConflictKind::Content,
    ConflictKind::ModifyDelete,
    ConflictKind::AddAdd,
    ConflictKind::RenameRename,
    ConflictKind::RenameDelete,
    ConflictKind::FileDirectory,
    ConflictKind::DirectoryRename,
    ConflictKind::Mode,
    ConflictKind::Submodule,
    ConflictKind::Binary,
    ConflictKind::Symlink,
    ConflictKind::CaseFold,
];
const GRADES: [Grade; 3] = [Grade::Identical, Grade::Disjoint, Grade::Conflict];
const DRIVERS: [Driver; 3] = [Driver::Text, Driver::Union, Driver::Binary];

/// How many bytes the checksum takes.
const CHECKSUM: usize = 8;

/// Pairs with the places of their lines among those written.
type Placed<'a> = (usize, usize, &'a PairAnswer);

/// Lines, pairs and attributes as bytes. `key` says what they hold for.
pub(super) fn write((lines, pairs, attributes): (&[&Brought], &[Placed<'_>], &ByPath), key: &[u8]) -> Vec<u8> {
    let mut attributes: Vec<_> = attributes.iter().collect();
    attributes.sort_unstable_by(|a, b| a.0.cmp(b.0));
    let halves = pairs.split_at(pairs.len() / 2);
    let parts = thread::scope(|scope| {
        let first = scope.spawn(|| Out::part(halves.0, Out::pair));
        let second = scope.spawn(|| Out::part(halves.1, Out::pair));
        let lines = Out::part(lines, |out, line| out.line(line));
        let attributes = Out::part(&attributes, |out, (path, attributes)| {
            out.path(path);
            out.attributes(**attributes);
        });
        [lines, joined(first.join()), joined(second.join()), attributes]
    });
    let mut whole = Writer::default();
    whole.bytes(key);
    for part in parts {
        whole.bytes(&part);
    }
    let sum = checksum(&whole.0);
    whole.0.extend_from_slice(&sum);
    whole.0
}

/// Something remembered, of which the larger parts are still to be read.
pub(super) struct Opened<'b> {
    key: &'b [u8],
    pub(super) attributes: ByPath,
    lines: &'b [u8],
    pairs: [&'b [u8]; 2],
    id_len: usize,
}

/// Begins to read; `None` where it is damaged.
pub(super) fn open(bytes: &[u8], id_len: usize) -> Option<Opened<'_>> {
    let (bytes, sum) = bytes.split_at_checked(bytes.len().checked_sub(CHECKSUM)?)?;
    if checksum(bytes) != *sum {
        return None;
    }
    let mut reader = Reader(bytes);
    let key = reader.bytes().filter(|key| key.starts_with(&super::FORMAT))?;
    let mut part = || reader.bytes();
    let (lines, pairs, attributes) = (part()?, [part()?, part()?], part()?);
    let attributes = In::part(attributes, id_len, |from| Some((from.path()?, from.attributes()?)))?;
    let attributes = ByPath::from_iter(attributes);
    reader.0.is_empty().then_some(Opened { key, attributes, lines, pairs, id_len })
}

impl Opened<'_> {
    /// Reads the rest; `None` where it is damaged.
    pub(super) fn whole(&self) -> Option<Memory> {
        let (first, second, lines) = thread::scope(|scope| {
            let [first, second] = self.pairs.map(|part| scope.spawn(move || In::part(part, self.id_len, In::pair)));
            let lines = In::part(self.lines, self.id_len, In::line);
            (joined(first.join()), joined(second.join()), lines)
        });
        let (mut pairs, lines) = (first?, lines?);
        pairs.extend(second?);
        let in_order = pairs.iter().all(|pair| pair.a < pair.b && pair.b < lines.len());
        let (key, attributes) = (self.key.to_vec(), self.attributes.clone());
        in_order.then_some(Memory { key, lines, pairs, attributes })
    }
}

fn checksum(bytes: &[u8]) -> [u8; CHECKSUM] {
    FixedState::with_seed(0).hash_one(bytes).to_le_bytes()
}
