//! Packed objects read straight from the packs, for whoever reads them by the ten thousand: libgit2 takes six
//! microseconds for a small one, most of it to set the decompression up. What is not found here, or is not as it should
//! be, is for libgit2 to find or to complain about.
//! Must not know: loose objects, alternates, what an object holds.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::sync::Arc;

use foldhash::fast::RandomState;
use libdeflater::Decompressor;

use super::kinds::ObjectKind;
use crate::domain::id::ObjectId;

mod data;
mod delta;
mod index;

use data::{Buffer, PackData};
use index::Index;

/// A larger object is left to libgit2.
const LARGEST: usize = 64 << 20;

/// How many bytes of objects are kept that others are told as differences to.
const BASES: usize = 16 << 20;

/// Git makes no longer chains of differences than this.
const DEEPEST: usize = 4096;

/// So much is looked at at first: most objects are smaller.
const FIRST: usize = 1024;

/// An object's header and the compression's own bytes are no longer than this.
const OVERHEAD: usize = 128;

/// The packs of one object directory, as they were when they were opened. For all threads.
#[derive(Debug)]
pub(super) struct PackFiles {
    packs: Vec<Pack>,
    id_len: usize,
}

#[derive(Debug)]
struct Pack {
    index: Index,
    data: PackData,
}

impl PackFiles {
    /// Opens those below the object directories that can be read; the others' objects are not found here.
    pub(super) fn open<'d>(object_dirs: impl Iterator<Item = &'d Path>, id_len: usize) -> Self {
        let mut found: Vec<_> = indexes(object_dirs).collect();
        found.sort();
        Self::of(&found, id_len, (index::HELD, data::HELD))
    }

    /// How many there are.
    pub(super) fn count<'d>(object_dirs: impl Iterator<Item = &'d Path>) -> usize {
        indexes(object_dirs).count()
    }

    /// Holds indexes and packs of up to so many bytes in memory.
    fn of(indexes: &[PathBuf], id_len: usize, (mut of_indexes, mut of_packs): (u64, u64)) -> Self {
        let open = |path: &PathBuf| {
            let data = PackData::open(&path.with_extension("pack"), &mut of_packs)?;
            Some(Pack { index: Index::open(path, id_len, &mut of_indexes)?, data })
        };
        Self { packs: indexes.iter().filter_map(open).collect(), id_len }
    }
}

fn indexes<'d>(object_dirs: impl Iterator<Item = &'d Path>) -> impl Iterator<Item = PathBuf> {
    let entries = object_dirs.flat_map(|dir| fs::read_dir(dir.join("pack")).into_iter().flatten().flatten());
    entries.map(|entry| entry.path()).filter(|path| path.extension().is_some_and(|extension| extension == "idx"))
}

/// Reads objects from packs. For one thread.
pub(super) struct Packs {
    files: Arc<PackFiles>,
    /// The pack in which the last object was.
    last: Cell<usize>,
    bases: RefCell<HashMap<(usize, u64), Object, RandomState>>,
    bytes: Cell<usize>,
    inflate: RefCell<Inflate>,
    buffer: RefCell<Buffer>,
}

/// Small deltas and trees are packed by the code that the format gives, other things by codes of their own, each of which
/// takes the place of the last: kept apart, the given one is set up once.
#[derive(Default)]
struct Inflate {
    given: Decompressor,
    own: Decompressor,
}

impl Inflate {
    /// By how the first block of what is compressed is coded, behind the two bytes that zlib puts before it (RFC 1951, 3.2.3).
    fn of(&mut self, packed: &[u8]) -> &mut Decompressor {
        let given = packed.get(2).is_some_and(|first| first >> 1 & 3 == 1);
        if given { &mut self.given } else { &mut self.own }
    }
}

type Object = (ObjectKind, Rc<[u8]>);

/// How an object stands in its pack.
enum Form {
    Whole(ObjectKind),
    /// As what differs from the one at this place.
    Delta(u64),
}

impl Packs {
    pub(super) fn new(files: Arc<PackFiles>) -> Self {
        let (last, bytes, bases, inflate, buffer) = Default::default();
        Self { files, last, bases, bytes, inflate, buffer }
    }

    /// An object; `None` where it is not in these packs, is very large, or cannot be read.
    pub(super) fn read(&self, id: ObjectId) -> Option<Object> {
        if id.as_bytes().len() != self.files.id_len {
            return None;
        }
        let (pack, offset) = self.find(id)?;
        self.at(pack, offset, 0)
    }

    fn find(&self, id: ObjectId) -> Option<(usize, u64)> {
        let packs = &self.files.packs;
        let last = self.last.get();
        if let Some(offset) = packs.get(last).and_then(|pack| pack.index.find(id)) {
            return Some((last, offset));
        }
        let mut others = packs.iter().enumerate().filter(|(at, _)| *at != last);
        let found = others.find_map(|(at, pack)| Some((at, pack.index.find(id)?)))?;
        self.last.set(found.0);
        Some(found)
    }

    fn at(&self, pack: usize, offset: u64, depth: usize) -> Option<Object> {
        let (form, content) = self.unpack(pack, offset).filter(|_| depth <= DEEPEST)?;
        match form {
            Form::Whole(kind) => Some((kind, content)),
            Form::Delta(base) => {
                let (kind, base) = self.base(pack, base, depth + 1)?;
                Some((kind, delta::apply(&base, &content, LARGEST)?))
            }
        }
    }

    fn unpack(&self, pack: usize, offset: u64) -> Option<(Form, Rc<[u8]>)> {
        let (data, from) = (&self.files.packs[pack].data, (pack, offset));
        let mut buffer = self.buffer.borrow_mut();
        let (form, size, start) = self.header(pack, offset, data.part(from, FIRST, &mut buffer)?)?;
        if size > LARGEST {
            return None;
        }
        // What is compressed can be a little longer than what it holds.
        let most = start + size + size / 1000 + OVERHEAD;
        let packed = data.part(from, most, &mut buffer)?.get(start..)?;
        let mut content: Rc<[u8]> = std::iter::repeat_n(0, size).collect();
        let written = self.inflate.borrow_mut().of(packed).zlib_decompress(packed, Rc::get_mut(&mut content)?).ok()?;
        (written == size).then_some((form, content))
    }

    /// An object that others are told as differences to; there will be more of them.
    fn base(&self, pack: usize, offset: u64, depth: usize) -> Option<Object> {
        if let Some(base) = self.bases.borrow().get(&(pack, offset)) {
            return Some(base.clone());
        }
        let base = self.at(pack, offset, depth)?;
        let mut bases = self.bases.borrow_mut();
        if self.bytes.get() + base.1.len() > BASES {
            bases.clear();
            self.bytes.set(0);
        }
        self.bytes.set(self.bytes.get() + base.1.len());
        bases.insert((pack, offset), base.clone());
        Some(base)
    }

    /// Form, size when unpacked, and where in `head` the compressed part begins.
    fn header(&self, pack: usize, offset: u64, head: &[u8]) -> Option<(Form, usize, usize)> {
        let first = *head.first()?;
        let (mut size, mut shift, mut at) = (u64::from(first & 15), 4, 1);
        let mut more = first & 128 != 0;
        while more {
            let byte = *head.get(at)?;
            size |= u64::from(byte & 127).checked_shl(shift).filter(|_| shift < 57)?;
            (more, shift, at) = (byte & 128 != 0, shift + 7, at + 1);
        }
        let form = match (first >> 4) & 7 {
            1 => Form::Whole(ObjectKind::Commit),
            2 => Form::Whole(ObjectKind::Tree),
            3 => Form::Whole(ObjectKind::Blob),
            4 => Form::Whole(ObjectKind::Tag),
            6 => {
                let mut byte = *head.get(at)?;
                let mut back = u64::from(byte & 127);
                at += 1;
                while byte & 128 != 0 {
                    byte = *head.get(at)?;
                    back = (back + 1).checked_mul(128)? | u64::from(byte & 127);
                    at += 1;
                }
                Form::Delta(offset.checked_sub(back).filter(|_| back > 0)?)
            }
            7 => {
                let base = ObjectId::from_bytes(head.get(at..at + self.files.id_len)?)?;
                at += self.files.id_len;
                Form::Delta(self.files.packs[pack].index.find(base)?)
            }
            _ => return None,
        };
        Some((form, usize::try_from(size).ok()?, at))
    }
}

#[cfg(test)]
mod tests;
