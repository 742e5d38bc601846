//! The index, as far as a commit needs it: where it differs from a tree. Folders that its cache of trees knows to be the
//! tree's own are stepped over. Plain indexes only; of the others nothing is said, and git has to be asked.
//! Must not know: the files in the worktree, how fresh the index is, who asks.

use std::cell::RefCell;
use std::cmp::Ordering;
use std::ops::Range;
use std::path::Path;

use super::error::Error;
use super::objects::Objects;
use super::tree::{self, Entry, Listing, TreeChange};
use crate::domain::id::ObjectId;
use crate::domain::path::RepoPath;
use cache_tree::Folder;
use window::Window;

mod cache_tree;
mod stamps;
mod window;

pub(super) use stamps::stamps;

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
/// No name that a system takes is longer.
const LONGEST: usize = 16 << 10;

/// What the commit of the index at `file` would change in `tree`, sorted by path; no tree is an empty one. `None` where
/// the index is not plain: split, sparse, unmerged, with paths that were only announced, of a form not known here, or not
/// there. The format is that of git's own `gitformat-index`; like git, it trusts the checksum.
///
/// # Errors
/// Where a tree cannot be read.
pub fn staged(objects: &Objects, file: &Path, tree: Option<ObjectId>) -> Result<Option<Vec<TreeChange>>, Error> {
    let Some(mut index) = Window::open(file).and_then(|window| Index::read(window, objects.format().id_len())) else {
        return Ok(None);
    };
    index.window.get_mut().settle();
    let cache = index.cache.take();
    let cache = cache.as_deref().map(|cache| Folder::read(cache, index.id_len, 0));
    // A cache that cannot be read is a damaged index.
    let Ok(cache) = cache.map_or(Ok(None), |cache| cache.map(|(cache, _)| Some(cache)).ok_or(())) else {
        return Ok(None);
    };
    let mut comparison = Comparison { objects, index: &index, changes: Vec::new() };
    let whole = 0..index.entries.len();
    let plain = comparison.folder(None, whole, cache.as_ref(), tree)?;
    let mut changes = comparison.changes;
    changes.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(plain.then_some(changes))
}

/// An index in its file, of which no more than a window is held: it may be large, and fresh memory is what costs.
struct Index {
    window: RefCell<Window>,
    id_len: usize,
    /// Where each entry begins.
    entries: Vec<u32>,
    /// Version 4 has no whole names in its file: here they are in one, and where each ends.
    names: Option<(Vec<u8>, Vec<u32>)>,
    /// The cache of trees, as it is stored.
    cache: Option<Vec<u8>>,
}

fn number(data: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_be_bytes(*data.get(at..)?.first_chunk()?))
}

fn flags(data: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_be_bytes(*data.get(at..)?.first_chunk()?))
}

/// The head of an entry: its mode, id and name's length, and where that begins.
struct Head {
    mode: u32,
    id: ObjectId,
    name_at: usize,
    /// `None` where it is longer than the head can say.
    len: Option<usize>,
}

impl Head {
    /// `None` of one that only git should judge: unmerged, announced, or of no mode that is committed, as where a
    /// truncated index goes on in zeros.
    fn read(data: &[u8], id_len: usize) -> Option<Self> {
        let mode = number(data, MODE)?;
        if !matches!(mode, tree::FILE | tree::EXECUTABLE | tree::LINK | tree::SUBMODULE) {
            return None;
        }
        let bits = flags(data, STAT + id_len)?;
        let extended = bits & EXTENDED != 0;
        if bits & STAGE != 0 || extended && flags(data, STAT + id_len + 2)? & INTENT_TO_ADD != 0 {
            return None;
        }
        let name_at = STAT + id_len + if extended { 4 } else { 2 };
        let len = Some(bits & NAME).filter(|&len| len != NAME).map(usize::from);
        Some(Self { mode, id: ObjectId::from_bytes(data.get(STAT..STAT + id_len)?)?, name_at, len })
    }

    /// How many bytes of an entry hold it.
    fn len(id_len: usize) -> usize {
        STAT + id_len + 4
    }
}

impl Index {
    fn read(mut window: Window, id_len: usize) -> Option<Self> {
        // What follows the trailing checksum's begin is no part of it.
        window.len = window.len.checked_sub(id_len)?;
        let head = window.at(0, 12)?;
        let version = number(head, 4).filter(|_| head.starts_with(b"DIRC"))?;
        if !(2..=4).contains(&version) {
            return None;
        }
        let count = usize::try_from(number(head, 8)?).ok()?;
        let room = count.min(window.len / Head::len(id_len));
        let names = (version == 4).then(|| (Vec::new(), Vec::with_capacity(room)));
        let entries = Vec::with_capacity(room);
        let mut index = Self { window: RefCell::new(window), id_len, entries, names, cache: None };
        let mut at = 12;
        for _ in 0..count {
            at = index.entry(at)?;
        }
        index.extensions(at)?;
        Some(index)
    }

    /// Takes in the entry at `at`, and gives where the next one begins.
    fn entry(&mut self, at: usize) -> Option<usize> {
        let window = self.window.get_mut();
        let head = Head::read(window.at(at, Head::len(self.id_len))?, self.id_len)?;
        let name_at = at + head.name_at;
        self.entries.push(u32::try_from(at).ok()?);
        if let Some(names) = &mut self.names {
            return shortened(window, name_at, names);
        }
        let len = match head.len {
            Some(len) => len,
            None => long_name(window, name_at)?.len(),
        };
        // At least one NUL, and as many as make the entry's length a multiple of eight.
        Some(at + ((head.name_at + len + 8) & !7)).filter(|&next| next <= window.len)
    }

    /// Reads the extensions. One that a reader must know is none that is known here: git names those in small letters.
    fn extensions(&mut self, mut at: usize) -> Option<()> {
        let window = self.window.get_mut();
        while at < window.len {
            let head = window.at(at, 8)?;
            let (is_cache, len) = (head.starts_with(b"TREE"), usize::try_from(number(head, 4)?).ok()?);
            if !head[0].is_ascii_uppercase() {
                return None;
            }
            if is_cache {
                self.cache = Some(window.at(at + 8, len)?[..len].to_vec());
            }
            at = at.checked_add(8 + len).filter(|&next| next <= window.len)?;
        }
        Some(())
    }

    fn name(&self, n: usize) -> Option<Vec<u8>> {
        if let Some((names, ends)) = &self.names {
            let from = if n == 0 { 0 } else { ends[n - 1] as usize };
            return Some(names[from..ends[n] as usize].to_vec());
        }
        let (mut window, at) = (self.window.borrow_mut(), self.entries[n] as usize);
        let head = Head::read(window.at(at, Head::len(self.id_len))?, self.id_len)?;
        let name_at = at + head.name_at;
        match head.len {
            Some(len) => Some(window.at(name_at, len)?[..len].to_vec()),
            None => long_name(&mut window, name_at),
        }
    }

    fn value(&self, n: usize) -> Option<Entry> {
        let mut window = self.window.borrow_mut();
        let head = Head::read(window.at(self.entries[n] as usize, Head::len(self.id_len))?, self.id_len)?;
        Some(Entry { mode: head.mode, id: head.id })
    }

    /// The end of the entries from `from` on that lie below `folder`, which are perhaps `count`.
    fn end_of(
        &self,
        folder: &[u8],
        Range { start: from, end: to }: Range<usize>,
        count: Option<usize>,
    ) -> Option<usize> {
        let is_inside = |n: usize| {
            let name = self.name(n)?;
            Some(name.strip_prefix(folder).is_some_and(|rest| rest.first() == Some(&b'/')))
        };
        if let Some(end) = count.map(|count| from + count).filter(|&end| end > from && end <= to)
            && is_inside(end - 1)?
            && (end == to || !is_inside(end)?)
        {
            return Some(end);
        }
        let (mut inside, mut step) = (from, 1);
        // By doubling steps, as most folders are small beside what follows them.
        while inside + step < to && is_inside(inside + step)? {
            inside += step;
            step *= 2;
        }
        let mut beyond = (inside + step).min(to);
        while inside + 1 < beyond {
            let middle = inside.midpoint(beyond);
            if is_inside(middle)? { inside = middle } else { beyond = middle }
        }
        Some(beyond)
    }
}

/// A name that ends at a NUL.
fn long_name(window: &mut Window, at: usize) -> Option<Vec<u8>> {
    let left = window.len.checked_sub(at)?;
    let text = window.at(at, left.min(LONGEST))?;
    let len = text.iter().position(|&b| b == 0)?;
    Some(text[..len].to_vec())
}

/// Takes in a name that begins as the one before it, and gives where it ends.
fn shortened(window: &mut Window, at: usize, (names, ends): &mut (Vec<u8>, Vec<u32>)) -> Option<usize> {
    let left = window.len.checked_sub(at)?;
    let data = window.at(at, left.min(LONGEST))?;
    let mut used = 0;
    let mut byte = *data.first()?;
    let mut dropped = usize::from(byte & 0x7f);
    while byte & 0x80 != 0 {
        used += 1;
        byte = *data.get(used)?;
        dropped = dropped.checked_add(1)?.checked_mul(128)? + usize::from(byte & 0x7f);
    }
    let rest = &data[used + 1..];
    let len = rest.iter().position(|&b| b == 0)?;
    let before = if ends.len() < 2 { 0 } else { ends[ends.len() - 2] as usize };
    let kept = before..names.len().checked_sub(dropped).filter(|&to| to >= before)?;
    names.extend_from_within(kept);
    names.extend_from_slice(&rest[..len]);
    ends.push(u32::try_from(names.len()).ok()?);
    Some(at + used + 1 + len + 1)
}

/// An index beside a tree.
struct Comparison<'a> {
    objects: &'a Objects,
    index: &'a Index,
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
            let mine = if here < range.end { index.name(here) } else { Some(Vec::new()) };
            let Some(mine) = mine.filter(|mine| here == range.end || mine.len() > skipped) else { return Ok(false) };
            let mine = (here < range.end).then(|| Name::of(&mine[skipped..]));
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
                let cache = cache.and_then(|cache| cache.folder(name.text));
                let count = cache.and_then(|cache| cache.known).map(|(count, _)| count);
                let end =
                    if which.is_le() { index.end_of(path.as_bytes(), here..range.end, count) } else { Some(here) };
                let Some(end) = end else { return Ok(false) };
                if !self.folder(Some(&path), here..end, cache, old.map(|entry| entry.id))? {
                    return Ok(false);
                }
                here = end;
            } else {
                let new = which.is_le().then(|| index.value(here));
                if new == Some(None) {
                    return Ok(false);
                }
                let new = new.flatten();
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
