//! What commits say of who wrote them and when, by id, for whoever lists the same refs again: it never changes.
//! Must not know: where it is kept, which ref leads to a commit.

use super::super::bytes::{self, Reader, Writer};
use super::super::id_map::IdMap;
use super::super::objects::Objects;
use crate::domain::id::ObjectId;
use crate::domain::time::Timestamp;

/// Another number for every change of what the bytes mean.
const FORMAT: [u8; 2] = [1, 0];

/// So many of those that were asked for may be new before it is worth being written anew, as a part of all,
const NEW: usize = 16;

/// besides these.
const FEW: usize = 8;

/// What is known of commits.
#[derive(Clone, Debug, Default)]
pub struct Tips {
    known: IdMap<Said>,
    /// Those that were asked for, in that order.
    asked: Vec<(ObjectId, Said)>,
    new: usize,
    /// Whether what commits say is what is written in them.
    is_plain: bool,
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
        self.is_plain && self.new > FEW + self.asked.len() / NEW
    }

    /// How many of these are not known.
    pub(super) fn unknown(&self, ids: impl Iterator<Item = ObjectId>) -> usize {
        ids.filter(|id| !self.known.contains_key(id)).count()
    }

    pub(super) fn get(&mut self, id: ObjectId) -> Option<Said> {
        let said = self.known.get(&id)?.clone();
        self.asked.push((id, said.clone()));
        Some(said)
    }

    pub(super) fn put(&mut self, id: ObjectId, said: Said) {
        self.asked.push((id, said));
        self.new += 1;
    }
}

fn read(kept: &[u8], id_len: usize) -> Option<IdMap<Said>> {
    let mut from = Reader(kept.strip_prefix(&FORMAT)?);
    let count = from.count()?;
    let mut known = IdMap::default();
    known.reserve(count);
    for _ in 0..count {
        let id = from.id(id_len)?;
        let time = Timestamp(from.number()?.cast_signed());
        known.insert(id, Said { time, author: from.bytes()?.to_vec() });
    }
    from.0.is_empty().then_some(known)
}
