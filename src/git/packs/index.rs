//! A pack's index: where in the pack each object stands. Of a large one only those parts are read that are asked for, as
//! there may be ten million names in it.
//! Must not know: what stands there.

use std::borrow::Cow;
use std::cmp::Ordering;
use std::fs::File;
use std::path::Path;
use std::sync::OnceLock;

use super::data::read_up_to;
use crate::domain::id::ObjectId;

/// The indexes that are held have no more bytes than this together: those of two million objects. Of the others each part
/// is read anew.
pub(super) const HELD: u64 = 64 << 20;

const SIGNATURE: &[u8; 8] = b"\xfftOc\0\0\0\x02";

/// For every first byte of a name how many begin with it or a smaller one.
const FANOUT: usize = 256 * 4;

/// So many names are read at once, or less.
const LARGEST: usize = 256;
const SMALLEST: usize = 32;

/// So many bytes has the longest sort of name.
const LONGEST: usize = 32;

/// So often the next block is looked at before it is half of those that are left.
const NEAR: usize = 2;

/// An index in git's second format.
#[derive(Debug)]
pub(super) struct Index {
    file: File,
    /// The signature and the fanout.
    head: [u8; SIGNATURE.len() + FANOUT],
    count: usize,
    id_len: usize,
    /// So many names are read at once.
    block: usize,
    /// Names with their places, so many at a time; nothing where there is no room.
    held: Vec<OnceLock<Option<Block>>>,
}

/// Some names in their order, each with its place behind it: whoever finds the one has read the other.
#[derive(Clone, Debug)]
struct Block {
    bytes: Vec<u8>,
    id_len: usize,
}

/// How many bytes of a place there are behind a name.
const PLACE: usize = 4;

impl Index {
    /// Opens it; `None` where it is in another format or damaged. It is held where there is `room`.
    pub(super) fn open(path: &Path, id_len: usize, room: &mut u64) -> Option<Self> {
        let file = File::open(path).ok()?;
        let len = file.metadata().ok()?.len();
        let mut index =
            Self { file, head: [0; SIGNATURE.len() + FANOUT], count: 0, id_len, block: SMALLEST, held: Vec::new() };
        let read = read_up_to(&index.file, &mut index.head, 0)?;
        if read < index.head.len() || !index.head.starts_with(SIGNATURE) {
            return None;
        }
        index.count = index.up_to(255);
        index.block = block_of(index.count);
        let ascending = (1..=255u8).all(|first| index.up_to(first - 1) <= index.up_to(first));
        if !ascending || len < index.large_offsets() + 2 * id_len as u64 {
            return None;
        }
        if len <= *room {
            *room -= len;
            index.held.resize_with(index.count.div_ceil(index.block), OnceLock::new);
        }
        Some(index)
    }

    /// Where the object begins in the pack.
    pub(super) fn find(&self, id: ObjectId) -> Option<u64> {
        let name = id.as_bytes();
        let first = *name.first()?;
        let (from, to) = (first.checked_sub(1).map_or(0, |before| self.up_to(before)), self.up_to(first));
        let (mut low, mut high) = (from / self.block, to.checked_sub(1).filter(|last| from <= *last)? / self.block);
        // Names are hashes, so the next bytes say about how far it is.
        let next = u32::from_be_bytes(*name.get(1..)?.first_chunk()?);
        let far = (u64::from(next) * (to - from) as u64) >> 32;
        let about = from + usize::try_from(far).ok()?;
        let mut at = about / self.block;
        for tried in 0.. {
            let block = self.block(at)?;
            if let Some(place) = block.place(name, about.saturating_sub(at * self.block)) {
                return self.offset(place);
            }
            let near = match block.compare(name)? {
                Ordering::Equal => return None,
                Ordering::Less => {
                    high = at.checked_sub(1)?;
                    high
                }
                Ordering::Greater => {
                    low = at + 1;
                    low
                }
            };
            if low > high {
                break;
            }
            at = if tried < NEAR { near } else { usize::midpoint(low, high) };
        }
        None
    }

    /// How many objects' names begin with this byte or a smaller one.
    fn up_to(&self, first: u8) -> usize {
        number(&self.head, SIGNATURE.len() + 4 * usize::from(first)).map_or(0, |count| count as usize)
    }

    fn block(&self, at: usize) -> Option<Cow<'_, Block>> {
        match self.held.get(at) {
            Some(held) => held.get_or_init(|| self.read(at)).as_ref().map(Cow::Borrowed),
            None => self.read(at).map(Cow::Owned),
        }
    }

    fn read(&self, at: usize) -> Option<Block> {
        let first = at * self.block;
        let count = self.count.checked_sub(first)?.min(self.block);
        let (mut names, mut places) = ([0; LARGEST * LONGEST], [0; LARGEST * PLACE]);
        let (names, places) = (names.get_mut(..count * self.id_len)?, &mut places[..count * PLACE]);
        let names_at = (SIGNATURE.len() + FANOUT + first * self.id_len) as u64;
        let places_at = self.offsets() + (PLACE * first) as u64;
        let whole = read_up_to(&self.file, names, names_at)? == names.len()
            && read_up_to(&self.file, places, places_at)? == places.len();
        whole.then(|| Block::of(names, places, self.id_len))
    }

    /// Behind the names stand as many checksums, then the places.
    fn offsets(&self) -> u64 {
        (SIGNATURE.len() + FANOUT) as u64 + self.count as u64 * (self.id_len as u64 + 4)
    }

    fn large_offsets(&self) -> u64 {
        self.offsets() + self.count as u64 * 4
    }

    /// What a place means: far behind in a large pack it stands in a table of its own.
    fn offset(&self, place: u32) -> Option<u64> {
        if place & 0x8000_0000 == 0 {
            return Some(u64::from(place));
        }
        let mut far = [0; 8];
        let at = self.large_offsets() + 8 * u64::from(place & 0x7fff_ffff);
        (read_up_to(&self.file, &mut far, at)? == far.len()).then(|| u64::from_be_bytes(far))
    }
}

/// So many names that where one is to be expected is mostly in the same block: of those with one first byte, as hashes
/// are spread, half of their number's root before or behind.
fn block_of(count: usize) -> usize {
    (4 * (count / 256).isqrt()).next_power_of_two().clamp(SMALLEST, LARGEST)
}

impl Block {
    fn of(names: &[u8], places: &[u8], id_len: usize) -> Self {
        let mut bytes = Vec::with_capacity(names.len() + places.len());
        for (name, place) in names.chunks_exact(id_len).zip(places.chunks_exact(PLACE)) {
            bytes.extend_from_slice(name);
            bytes.extend_from_slice(place);
        }
        Self { bytes, id_len }
    }

    fn names(&self) -> usize {
        self.bytes.len() / (self.id_len + PLACE)
    }

    fn name(&self, n: usize) -> Option<&[u8]> {
        self.bytes.get(n * (self.id_len + PLACE)..)?.get(..self.id_len)
    }

    /// How the name begins, as a number of the same order.
    fn start(&self, n: usize) -> Option<u32> {
        number(&self.bytes, n * (self.id_len + PLACE))
    }

    /// Whether the name would stand before these, among them, or after.
    fn compare(&self, name: &[u8]) -> Option<Ordering> {
        if name < self.name(0)? {
            return Some(Ordering::Less);
        }
        Some(if name > self.name(self.names().checked_sub(1)?)? { Ordering::Greater } else { Ordering::Equal })
    }

    /// The place of a name that is `about` there; `None` where it is not among these.
    fn place(&self, name: &[u8], about: usize) -> Option<u32> {
        let (start, mut n) = (number(name, 0)?, about.min(self.names()));
        while n.checked_sub(1).and_then(|before| self.start(before)).is_some_and(|before| before >= start) {
            n -= 1;
        }
        while self.start(n)? < start {
            n += 1;
        }
        while self.start(n)? == start {
            if self.name(n)? == name {
                return number(&self.bytes, n * (self.id_len + PLACE) + self.id_len);
            }
            n += 1;
        }
        None
    }
}

fn number(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_be_bytes(*bytes.get(at..)?.first_chunk()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An index of these names, sorted; the last ones' objects stand far behind in the pack.
    fn written(names: &[[u8; 20]]) -> Vec<u8> {
        let far = names.len().saturating_sub(3);
        let mut bytes = SIGNATURE.to_vec();
        for first in 0..=255u8 {
            let up_to = names.iter().filter(|name| name[0] <= first).count();
            bytes.extend(u32::try_from(up_to).expect("few").to_be_bytes());
        }
        bytes.extend(names.as_flattened());
        bytes.extend(vec![0; 4 * names.len()]);
        for n in 0..names.len() {
            let place = u32::try_from(n).expect("few");
            let large = 0x8000_0000 | place.wrapping_sub(u32::try_from(far).expect("few"));
            bytes.extend(if n < far { place * 100 } else { large }.to_be_bytes());
        }
        for n in far..names.len() {
            bytes.extend((n as u64 + (5 << 32)).to_be_bytes());
        }
        bytes.extend([0; 40]);
        bytes
    }

    fn find_all(names: &[[u8; 20]], absent: &[[u8; 20]]) {
        let dir = tempfile::tempdir().expect("a temporary directory");
        let path = dir.path().join("pack-x.idx");
        std::fs::write(&path, written(names)).expect("writable");
        for mut room in [0, HELD] {
            let index = Index::open(&path, 20, &mut room).expect("an index");
            for (n, name) in names.iter().enumerate() {
                let place = if n + 3 < names.len() { n as u64 * 100 } else { n as u64 + (5 << 32) };
                assert_eq!(index.find(ObjectId::from_bytes(name).expect("20 bytes")), Some(place), "{n}");
            }
            for name in absent {
                assert_eq!(index.find(ObjectId::from_bytes(name).expect("20 bytes")), None);
            }
        }
    }

    #[test]
    fn every_name_is_found_wherever_it_stands() {
        let spread = |n: u32| {
            let mut name = [0; 20];
            name[..4].copy_from_slice(&n.wrapping_mul(0x9e37_79b1).to_be_bytes());
            name[19] = 1;
            name
        };
        let mut names: Vec<_> = (0..5000).map(spread).collect();
        names.sort_unstable();
        let absent: Vec<_> = (5000..6000).map(spread).chain([[0; 20], [255; 20]]).collect();
        find_all(&names, &absent);
        find_all(&names[..1], &absent);
        find_all(&[], &absent);
    }

    #[test]
    fn names_may_stand_where_nobody_expects_them() {
        let close = |n: u16| {
            let mut name = [7; 20];
            name[18..].copy_from_slice(&(2 * n + 1).to_be_bytes());
            name
        };
        let names: Vec<_> = (0..3000).map(close).collect();
        let between = |n: u16| {
            let mut name = close(n);
            name[19] -= 1;
            name
        };
        let absent: Vec<_> = (0..3001).map(between).chain([[6; 20], [8; 20]]).collect();
        find_all(&names, &absent);
    }
}
