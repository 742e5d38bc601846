//! What was read of refs, for whoever lists the same again: what commits say of who wrote them and when, which never changes,
//! and when refs were last moved, which holds as long as the file that tells where they stand is the same.
//! Must not know: where it is kept, which refs anybody is interested in.

use std::collections::HashMap;
use std::hash::BuildHasher as _;

use foldhash::fast::{FixedState, RandomState};

use super::super::bytes::{self, Reader, Writer};
use super::super::id_map::IdMap;
use super::super::objects::Objects;
use super::super::repository::Repository;
use super::{Named, Stamp, logs};
use crate::domain::id::{ObjectId, RefName};
use crate::domain::time::Timestamp;

/// Another number for every change of what the bytes mean.
const FORMAT: [u8; 2] = [2, 0];

/// So many of those that were asked for may be new before it is worth being written anew, as a part of all,
const NEW: usize = 128;

/// besides these.
const FEW: usize = 8;

/// What is known of the tips of refs.
#[derive(Clone, Debug, Default)]
pub struct Tips {
    known: Known,
    /// The commits that were asked for, in that order.
    asked: Vec<(ObjectId, Said)>,
    /// The refs in files that were asked for, in that order.
    asked_moves: Vec<(u64, Option<Timestamp>)>,
    new: usize,
    /// Whether what commits say is what is written in them.
    is_plain: bool,
}

#[derive(Clone, Debug, Default)]
struct Known {
    said: IdMap<Said>,
    /// By the ref in its file; `None` where nothing is logged.
    moved: HashMap<u64, Option<Timestamp>, RandomState>,
}

/// What a commit says.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Said {
    /// When it was committed.
    pub(super) time: Timestamp,
    /// Name and address of its author.
    pub(super) author: Vec<u8>,
}

impl Tips {
    /// Reads what [`Tips::to_bytes`] made. Nothing where it is damaged, or where git has another view of the objects than is
    /// written in them.
    #[must_use]
    pub fn from_bytes(kept: &[u8], objects: &Objects) -> Self {
        let (id_len, is_plain) = (objects.format().id_len(), objects.view().is_plain());
        let known = bytes::unsealed(kept).filter(|_| is_plain).and_then(|kept| read(kept, id_len));
        Self { known: known.unwrap_or_default(), is_plain, ..Self::default() }
    }

    /// As bytes: all that was asked for, and nothing else.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = Writer(FORMAT.to_vec());
        out.count(self.asked_moves.len());
        for (place, moved) in &self.asked_moves {
            out.0.extend_from_slice(&place.to_le_bytes());
            out.flag(moved.is_some());
            out.number(moved.map_or(0, |moved| moved.0.cast_unsigned()));
        }
        out.count(self.asked.len());
        for (id, said) in &self.asked {
            out.0.extend_from_slice(id.as_bytes());
            out.number(said.time.0.cast_unsigned());
            out.bytes(&said.author);
        }
        bytes::sealed(out)
    }

    /// Whether so much is new that it is worth being kept.
    #[must_use]
    pub fn is_outdated(&self) -> bool {
        self.is_plain && self.new > FEW + self.asked.len().max(self.asked_moves.len()) / NEW
    }

    /// How many of these are not known.
    pub(super) fn unknown(&self, ids: impl Iterator<Item = ObjectId>) -> usize {
        ids.filter(|id| !self.known.said.contains_key(id)).count()
    }

    pub(super) fn get(&mut self, id: ObjectId) -> Option<Said> {
        let said = self.known.said.get(&id)?.clone();
        self.asked.push((id, said.clone()));
        Some(said)
    }

    pub(super) fn put(&mut self, id: ObjectId, said: Said) {
        self.asked.push((id, said));
        self.new += 1;
    }

    /// When a local branch was last moved, as far as that is logged in files.
    pub(super) fn moved(&mut self, repository: &Repository, named: &Named) -> Option<Timestamp> {
        if !named.name.as_bytes().starts_with(b"refs/heads/") {
            return None;
        }
        let Some(stamp) = named.stamp else { return logs::moved(repository, &named.name) };
        let place = place(&named.name, stamp);
        let known = self.known.moved.get(&place).copied();
        self.new += usize::from(known.is_none());
        let moved = known.unwrap_or_else(|| logs::moved(repository, &named.name));
        self.asked_moves.push((place, moved));
        moved
    }
}

/// Tells a ref in one state of its file from all others.
fn place(name: &RefName, Stamp(stamp): Stamp) -> u64 {
    FixedState::with_seed(stamp).hash_one(name.as_bytes())
}

fn read(kept: &[u8], id_len: usize) -> Option<Known> {
    let mut from = Reader(kept.strip_prefix(&FORMAT)?);
    let mut known = Known::default();
    let count = from.count()?;
    known.moved.reserve(count);
    for _ in 0..count {
        let place = u64::from_le_bytes(*from.take(8)?.first_chunk()?);
        let (is_logged, time) = (from.flag()?, from.number()?);
        known.moved.insert(place, is_logged.then_some(Timestamp(time.cast_signed())));
    }
    let count = from.count()?;
    known.said.reserve(count);
    for _ in 0..count {
        let id = from.id(id_len)?;
        let time = Timestamp(from.number()?.cast_signed());
        known.said.insert(id, Said { time, author: from.bytes()?.to_vec() });
    }
    from.0.is_empty().then_some(known)
}
