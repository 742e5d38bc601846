//! A pack's index: where in the pack each object stands.
//! Must not know: what stands there.

use std::fs;
use std::path::Path;

use crate::domain::id::ObjectId;

/// The indexes that are held have no more bytes than this together: those of two million objects.
pub(super) const LARGEST: usize = 64 << 20;

const SIGNATURE: &[u8; 8] = b"\xfftOc\0\0\0\x02";
const FANOUT: usize = 256 * 4;

/// An index in git's second format, whole.
#[derive(Debug)]
pub(super) struct Index {
    bytes: Vec<u8>,
    count: usize,
    id_len: usize,
}

impl Index {
    /// Reads it; `None` where it is in another format, damaged, or there is no `room` for it.
    pub(super) fn read(path: &Path, id_len: usize, room: &mut usize) -> Option<Self> {
        let len = usize::try_from(fs::metadata(path).ok()?.len()).ok().filter(|len| *len <= *room)?;
        let bytes = fs::read(path).ok()?;
        let mut index = Self { bytes, count: 0, id_len };
        if !index.bytes.starts_with(SIGNATURE) {
            return None;
        }
        index.count = index.up_to(255)?;
        let ascending = (1..=255u8).all(|first| index.up_to(first - 1) <= index.up_to(first));
        let whole = index.large_offsets() + 2 * id_len <= index.bytes.len();
        *room -= len;
        (ascending && whole).then_some(index)
    }

    /// Where the object begins in the pack.
    pub(super) fn find(&self, id: ObjectId) -> Option<u64> {
        let first = *id.as_bytes().first()?;
        let mut from = first.checked_sub(1).map_or(Some(0), |before| self.up_to(before))?;
        let mut to = self.up_to(first)?;
        while from < to {
            let middle = usize::midpoint(from, to);
            match self.name(middle)?.cmp(id.as_bytes()) {
                std::cmp::Ordering::Less => from = middle + 1,
                std::cmp::Ordering::Greater => to = middle,
                std::cmp::Ordering::Equal => return self.offset(middle),
            }
        }
        None
    }

    /// How many objects' names begin with this byte or a smaller one.
    fn up_to(&self, first: u8) -> Option<usize> {
        self.number(SIGNATURE.len() + 4 * usize::from(first)).map(|count| count as usize)
    }

    fn number(&self, at: usize) -> Option<u32> {
        Some(u32::from_be_bytes(*self.bytes.get(at..)?.first_chunk()?))
    }

    fn name(&self, n: usize) -> Option<&[u8]> {
        let at = SIGNATURE.len() + FANOUT + n * self.id_len;
        self.bytes.get(at..at + self.id_len)
    }

    /// Behind the names stand as many checksums, then the places.
    fn offsets(&self) -> usize {
        SIGNATURE.len() + FANOUT + self.count * (self.id_len + 4)
    }

    fn large_offsets(&self) -> usize {
        self.offsets() + self.count * 4
    }

    fn offset(&self, n: usize) -> Option<u64> {
        let offset = self.number(self.offsets() + 4 * n)?;
        if offset & 0x8000_0000 == 0 {
            return Some(u64::from(offset));
        }
        let at = self.large_offsets() + 8 * (offset & 0x7fff_ffff) as usize;
        Some(u64::from_be_bytes(*self.bytes.get(at..)?.first_chunk()?))
    }
}
