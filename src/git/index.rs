//! The index, as far as a commit needs it: where it differs from a tree. Folders that its cache of trees knows to be the
//! tree's own are stepped over. Plain indexes only; of the others nothing is said, and git has to be asked.
//! Must not know: the files in the worktree, how fresh the index is, who asks.

use std::cmp::Ordering;
use std::fs;
use std::ops::Range;
use std::path::Path;

use super::error::Error;
use super::objects::Objects;
use super::tree::{self, Entry, Listing, TreeChange};
use crate::domain::id::ObjectId;
use crate::domain::path::RepoPath;

/// What stands before the id in an entry: times, place, mode, owner, size.
const STAT: usize = 40;
/// Where the mode is in that.
const MODE: usize = 24;
/// Of the flags: there are more of them, the stage, the length of the name.
const EXTENDED: u16 = 0x4000;
const STAGE: u16 = 0x3000;
const NAME: u16 = 0x0fff;
/// Of the further flags: the path was only announced (`git add -N`).
const INTENT_TO_ADD: u16 = 0x2000;
/// No folder of a path that a system takes lies deeper.
const DEEPEST: usize = 1024;

/// What the commit of the index at `file` would change in `tree`, sorted by path; no tree is an empty one. `None` where
/// the index is not plain: split, sparse, unmerged, with paths that were only announced, of a form not known here, or not
/// there. The format is that of git's own `gitformat-index`; like git, it trusts the checksum.
///
/// # Errors
/// Where a tree cannot be read.
pub fn staged(objects: &Objects, file: &Path, tree: Option<ObjectId>) -> Result<Option<Vec<TreeChange>>, Error> {
    let Some(data) = fs::read(file).ok() else { return Ok(None) };
    let Some(index) = Index::read(&data, objects.format().id_len()) else { return Ok(None) };
    let mut comparison = Comparison { objects, index: &index, changes: Vec::new() };
    let whole = 0..index.entries.len();
    let plain = comparison.folder(None, whole, index.cache.as_ref(), tree)?;
    let mut changes = comparison.changes;
    changes.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(plain.then_some(changes))
}

/// An entry: where it begins, and where its name lies among the names. There may be many, so they are small.
#[derive(Clone, Copy)]
struct Slot {
    at: u32,
    name: (u32, u32),
}

impl Slot {
    /// `None` in an index of more than 4 GiB.
    fn new(at: usize, from: usize, to: usize) -> Option<Self> {
        let small = |n: usize| u32::try_from(n).ok();
        Some(Self { at: small(at)?, name: (small(from)?, small(to)?) })
    }

    fn name(self) -> Range<usize> {
        self.name.0 as usize..self.name.1 as usize
    }
}

struct Index<'d> {
    data: &'d [u8],
    id_len: usize,
    entries: Vec<Slot>,
    /// All names in one, where they are not whole in the file (version 4).
    names: Vec<u8>,
    cache: Option<Folder<'d>>,
}

/// A folder in the cache of trees.
struct Folder<'d> {
    name: &'d [u8],
    /// How many entries are below it, and the tree that they make; `None` where that is not known any more.
    known: Option<(usize, ObjectId)>,
    folders: Vec<Folder<'d>>,
}

fn number(data: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_be_bytes(*data.get(at..)?.first_chunk()?))
}

fn flags(data: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_be_bytes(*data.get(at..)?.first_chunk()?))
}

impl<'d> Index<'d> {
    fn read(data: &'d [u8], id_len: usize) -> Option<Self> {
        // What follows the trailing checksum's begin is no part of it.
        let data = data.get(..data.len().checked_sub(id_len)?)?;
        let version = number(data, 4).filter(|_| data.starts_with(b"DIRC"))?;
        if !(2..=4).contains(&version) {
            return None;
        }
        let count = usize::try_from(number(data, 8)?).ok()?;
        let room = count.min(data.len() / (STAT + id_len));
        let mut index = Self { data, id_len, entries: Vec::with_capacity(room), names: Vec::new(), cache: None };
        let mut at = 12;
        for _ in 0..count {
            at = index.entry(at, version)?;
        }
        index.extensions(at)?;
        Some(index)
    }

    /// Takes in the entry at `at`, and gives where the next one begins.
    fn entry(&mut self, at: usize, version: u32) -> Option<usize> {
        let flags_at = at + STAT + self.id_len;
        let bits = flags(self.data, flags_at)?;
        // A truncated index goes on in zeros.
        if !matches!(number(self.data, at + MODE)?, tree::FILE | tree::EXECUTABLE | tree::LINK | tree::SUBMODULE) {
            return None;
        }
        let mut name_at = flags_at + 2;
        if bits & EXTENDED != 0 {
            if flags(self.data, name_at)? & INTENT_TO_ADD != 0 {
                return None;
            }
            name_at += 2;
        }
        if bits & STAGE != 0 {
            return None;
        }
        if version == 4 {
            return self.shortened(at, name_at);
        }
        let len = match bits & NAME {
            NAME => self.data.get(name_at..)?.iter().position(|&b| b == 0)?,
            len => usize::from(len),
        };
        self.data.get(name_at..name_at + len)?;
        self.entries.push(Slot::new(at, name_at, name_at + len)?);
        // At least one NUL, and as many as make the entry's length a multiple of eight.
        Some(at + ((name_at + len - at + 8) & !7))
    }

    /// An entry whose name begins as the one before it.
    fn shortened(&mut self, at: usize, mut name_at: usize) -> Option<usize> {
        let mut byte = *self.data.get(name_at)?;
        let mut dropped = usize::from(byte & 0x7f);
        while byte & 0x80 != 0 {
            name_at += 1;
            byte = *self.data.get(name_at)?;
            dropped = dropped.checked_add(1)?.checked_mul(128)? + usize::from(byte & 0x7f);
        }
        name_at += 1;
        let len = self.data.get(name_at..)?.iter().position(|&b| b == 0)?;
        let before = self.entries.last().map_or(0..0, |slot| slot.name());
        let kept = before.start..before.end.checked_sub(dropped).filter(|&to| to >= before.start)?;
        let from = self.names.len();
        self.names.extend_from_within(kept);
        self.names.extend_from_slice(&self.data[name_at..name_at + len]);
        self.entries.push(Slot::new(at, from, self.names.len())?);
        Some(name_at + len + 1)
    }

    /// Reads the extensions. One that a reader must know is none that is known here: git names those in small letters.
    fn extensions(&mut self, mut at: usize) -> Option<()> {
        while at < self.data.len() {
            let name = self.data.get(at..at + 4)?;
            let len = usize::try_from(number(self.data, at + 4)?).ok()?;
            let content = self.data.get(at + 8..(at + 8).checked_add(len)?)?;
            if !name[0].is_ascii_uppercase() {
                return None;
            }
            if name == b"TREE" {
                self.cache = Some(Folder::read(content, self.id_len, 0)?.0);
            }
            at += 8 + len;
        }
        Some(())
    }

    fn name(&self, n: usize) -> &[u8] {
        let names = if self.names.is_empty() { self.data } else { &self.names };
        &names[self.entries[n].name()]
    }

    fn value(&self, n: usize) -> Option<Entry> {
        let at = self.entries[n].at as usize;
        let id = ObjectId::from_bytes(self.data.get(at + STAT..at + STAT + self.id_len)?)?;
        Some(Entry { mode: number(self.data, at + MODE)?, id })
    }

    /// The end of the entries from `from` on that lie below `folder`.
    fn end_of(&self, folder: &[u8], from: usize, to: usize) -> usize {
        let (mut inside, mut step) = (from, 1);
        let is_inside = |n: usize| self.name(n).strip_prefix(folder).is_some_and(|rest| rest.first() == Some(&b'/'));
        // By doubling steps, as most folders are small beside what follows them.
        while inside + step < to && is_inside(inside + step) {
            inside += step;
            step *= 2;
        }
        let mut beyond = (inside + step).min(to);
        while inside + 1 < beyond {
            let middle = inside.midpoint(beyond);
            if is_inside(middle) { inside = middle } else { beyond = middle }
        }
        beyond
    }
}

impl<'d> Folder<'d> {
    /// Reads a folder and all below it; gives what follows it too.
    fn read(data: &'d [u8], id_len: usize, depth: usize) -> Option<(Self, &'d [u8])> {
        if depth > DEEPEST {
            return None;
        }
        let nul = data.iter().position(|&b| b == 0)?;
        let (name, rest) = (&data[..nul], &data[nul + 1..]);
        let end = rest.iter().position(|&b| b == b'\n')?;
        let mut words = std::str::from_utf8(&rest[..end]).ok()?.split(' ');
        let count: i64 = words.next()?.parse().ok()?;
        let below: usize = words.next()?.parse().ok()?;
        let mut rest = &rest[end + 1..];
        let known = match usize::try_from(count) {
            Ok(count) => {
                let id = ObjectId::from_bytes(rest.get(..id_len)?)?;
                rest = &rest[id_len..];
                Some((count, id))
            }
            Err(_) => None,
        };
        let mut folders = Vec::new();
        for _ in 0..below {
            let (folder, after) = Self::read(rest, id_len, depth + 1)?;
            folders.push(folder);
            rest = after;
        }
        Some((Self { name, known, folders }, rest))
    }

    fn folder(&self, name: &[u8]) -> Option<&Self> {
        self.folders.iter().find(|folder| folder.name == name)
    }
}

/// An index beside a tree.
struct Comparison<'a> {
    objects: &'a Objects,
    index: &'a Index<'a>,
    changes: Vec<TreeChange>,
}

impl Comparison<'_> {
    /// Compares the entries `range`, which are all that lie in the folder `dir`, with `tree`. False where the index turns
    /// out not to be plain.
    fn folder(
        &mut self,
        dir: Option<&RepoPath>,
        range: Range<usize>,
        cache: Option<&Folder<'_>>,
        tree: Option<ObjectId>,
    ) -> Result<bool, Error> {
        let known = cache.and_then(|cache| cache.known);
        if known.is_some_and(|(count, id)| count == range.len() && Some(id) == tree) {
            return Ok(true);
        }
        let index = self.index;
        let listing = Listing::read(self.objects, tree)?;
        let skipped = dir.map_or(0, |dir| dir.as_bytes().len() + 1);
        let (mut here, mut there) = (range.start, 0);
        while here < range.end || there < listing.len() {
            let mine = (here < range.end).then(|| Name::of(&index.name(here)[skipped..]));
            let theirs = (there < listing.len())
                .then(|| Name { text: listing.name(there), is_tree: listing.entry(there).is_tree() });
            let which = match (mine, theirs) {
                (Some(mine), Some(theirs)) => mine.order(&theirs),
                (Some(_), None) => Ordering::Less,
                (None, _) => Ordering::Greater,
            };
            let Some(name) = mine.filter(|_| which.is_le()).or(theirs) else { break };
            let old = theirs.filter(|_| which.is_ge()).map(|_| listing.entry(there));
            let Some(path) = joined(dir, name.text) else { return Ok(false) };
            there += usize::from(which.is_ge());
            if name.is_tree {
                let end = if which.is_le() { index.end_of(path.as_bytes(), here, range.end) } else { here };
                let cache = cache.and_then(|cache| cache.folder(name.text));
                if !self.folder(Some(&path), here..end, cache, old.map(|entry| entry.id))? {
                    return Ok(false);
                }
                here = end;
            } else {
                let new = if which.is_le() { index.value(here) } else { None };
                here += usize::from(which.is_le());
                if old != new {
                    self.changes.push(TreeChange { path, before: old, after: new });
                }
            }
        }
        Ok(true)
    }
}

/// One component of a path, with what stands there.
#[derive(Clone, Copy)]
struct Name<'n> {
    text: &'n [u8],
    is_tree: bool,
}

impl<'n> Name<'n> {
    fn of(rest: &'n [u8]) -> Self {
        match rest.iter().position(|&b| b == b'/') {
            Some(slash) => Self { text: &rest[..slash], is_tree: true },
            None => Self { text: rest, is_tree: false },
        }
    }

    fn order(&self, other: &Name<'_>) -> Ordering {
        tree::order(self.text, self.is_tree, other.text, other.is_tree)
    }
}

/// A path below `dir`; `None` for a name that no file can have.
fn joined(dir: Option<&RepoPath>, name: &[u8]) -> Option<RepoPath> {
    match dir {
        Some(dir) => RepoPath::new([dir.as_bytes(), b"/", name].concat()),
        None => RepoPath::new(name),
    }
    .ok()
}
