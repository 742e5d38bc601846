//! Maps and sets by object id, which need no hashing of their own.
//! Must not know: what is kept by an id.

use std::collections::{HashMap, HashSet};
use std::hash::{BuildHasherDefault, Hasher};

use crate::domain::id::ObjectId;

/// Hashes object ids by their first bytes, which are as random as a hash gets.
#[derive(Clone, Copy, Debug, Default)]
pub(in crate::git) struct IdHasher(u64);

impl Hasher for IdHasher {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        if let Some(first) = bytes.first_chunk::<8>() {
            self.0 = self.0.rotate_left(21) ^ u64::from_le_bytes(*first);
        }
    }

    fn write_u8(&mut self, _: u8) {}
    fn write_usize(&mut self, _: usize) {}
}

/// A map by object id. Never iterated where order matters.
pub(super) type IdMap<V> = HashMap<ObjectId, V, BuildHasherDefault<IdHasher>>;

/// A set of object ids. Never iterated where order matters.
pub(super) type IdSet = HashSet<ObjectId, BuildHasherDefault<IdHasher>>;
