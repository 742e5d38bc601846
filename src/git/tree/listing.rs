//! The entries of one tree, and what differs between two trees of which only one was taken apart.
//! Must not know: paths, what lies below a directory.

use std::cmp::Ordering;
use std::rc::Rc;

use super::{DIRECTORY, EXECUTABLE, Entry, FILE, LINK, REGULAR, SUBMODULE, TYPE_BITS};
use crate::domain::id::ObjectId;
use crate::domain::text::shared_prefix;
use crate::git::error::Error;
use crate::git::objects::{Objects, wrong};

/// A tree's entries with their names, in git's order. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub(in crate::git) struct Listing(Rc<Parsed>);

/// A tree's content, and where each name begins and ends in it.
#[derive(Debug)]
struct Parsed {
    data: Rc<[u8]>,
    entries: Vec<(usize, usize, Entry)>,
}

impl Default for Parsed {
    fn default() -> Self {
        Self { data: Rc::new([]), entries: Vec::new() }
    }
}

impl Listing {
    /// Reads a tree; of no tree, an empty one.
    pub(in crate::git) fn read(objects: &Objects, tree: Option<ObjectId>) -> Result<Self, Error> {
        tree.map_or_else(|| Ok(Self::default()), |id| objects.tree(id))
    }

    /// Reads a tree's content; `None` where it is damaged.
    pub(in crate::git) fn parse(data: Rc<[u8]>, id_len: usize) -> Option<Self> {
        let entries = parse(&data, id_len)?;
        Some(Self(Rc::new(Parsed { data, entries })))
    }

    /// About how many bytes it holds.
    pub(in crate::git) fn weight(&self) -> usize {
        self.0.data.len() + self.0.entries.len() * size_of::<(usize, usize, Entry)>()
    }

    pub(in crate::git) fn len(&self) -> usize {
        self.0.entries.len()
    }

    pub(in crate::git) fn name(&self, n: usize) -> &[u8] {
        let (from, to, _) = self.0.entries[n];
        &self.0.data[from..to]
    }

    pub(in crate::git) fn entry(&self, n: usize) -> Entry {
        self.0.entries[n].2
    }

    /// The entry of that name, whatever its type.
    pub(in crate::git) fn find(&self, name: &[u8]) -> Option<Entry> {
        self.find_mostly(name, false)
    }

    /// The same of a name that is mostly that of a directory, or mostly not.
    pub(in crate::git) fn find_mostly(&self, name: &[u8], tree: bool) -> Option<Entry> {
        self.find_as(name, tree).or_else(|| self.find_as(name, !tree))
    }

    fn find_as(&self, name: &[u8], tree: bool) -> Option<Entry> {
        let Parsed { data, entries } = &*self.0;
        let by_name = |&(from, to, entry): &(usize, usize, Entry)| order(&data[from..to], entry.is_tree(), name, tree);
        entries.binary_search_by(by_name).ok().map(|n| entries[n].2)
    }

    /// Where an entry begins in the tree's content; the content's end for the place after the last.
    fn start(&self, n: usize, id_len: usize) -> usize {
        n.checked_sub(1).map_or(0, |before| self.0.entries[before].1 + 1 + id_len)
    }
}

/// The content of a tree; none of no tree.
pub(in crate::git) fn content(objects: &Objects, tree: Option<ObjectId>) -> Result<Content, Error> {
    let id_len = objects.format().id_len();
    let data = tree.map_or_else(|| Ok(Rc::from([])), |id| objects.tree_content(id))?;
    Ok(Content { data, id_len })
}

/// A tree's content, not taken apart.
pub(in crate::git) struct Content {
    data: Rc<[u8]>,
    id_len: usize,
}

/// It is not what git writes.
#[derive(Clone, Copy, Debug)]
pub(in crate::git) struct Damaged;

pub(in crate::git) fn damaged(tree: Option<ObjectId>) -> Error {
    let why = "is a damaged tree";
    tree.map_or_else(|| Error::Repository(why.to_owned()), |id| wrong(id, why))
}

fn parse(data: &[u8], id_len: usize) -> Option<Vec<(usize, usize, Entry)>> {
    let (mut at, mut entries) = (0, Vec::with_capacity(data.len() / 32));
    while at < data.len() {
        let entry = parse_one(data, at, id_len)?;
        at = entry.1 + 1 + id_len;
        entries.push(entry);
    }
    Some(entries)
}

/// The entry that begins there, with the place of its name.
fn parse_one(data: &[u8], at: usize, id_len: usize) -> Option<(usize, usize, Entry)> {
    let space = at + data[at..].iter().position(|&b| b == b' ')?;
    let mode = data[at..space].iter().try_fold(0u32, |mode, &digit| {
        let digit = char::from(digit).to_digit(8)?;
        mode.checked_mul(8)?.checked_add(digit)
    })?;
    let nul = space + data[space..].iter().position(|&b| b == 0)?;
    let id = ObjectId::from_bytes(data.get(nul + 1..nul + 1 + id_len)?)?;
    Some((space + 1, nul, Entry { mode: canonical(mode), id }))
}

/// The mode that git sees where an old tool wrote another.
fn canonical(mode: u32) -> u32 {
    match mode & TYPE_BITS {
        REGULAR if mode & 0o100 != 0 => EXECUTABLE,
        REGULAR => FILE,
        LINK => LINK,
        DIRECTORY => DIRECTORY,
        _ => SUBMODULE,
    }
}

/// Git's order of names: a directory's counts as if it ended in `/`.
pub(in crate::git) fn order(a: &[u8], a_tree: bool, b: &[u8], b_tree: bool) -> Ordering {
    let shared = a.len().min(b.len());
    let after = |name: &[u8], tree: bool| name.get(shared).copied().unwrap_or(if tree { b'/' } else { 0 });
    a[..shared].cmp(&b[..shared]).then_with(|| after(a, a_tree).cmp(&after(b, b_tree))).then_with(|| {
        // Past the shared part one name may go on after the byte just compared.
        a.len().cmp(&b.len())
    })
}

/// What differs between two trees, in git's order: name, what the old one has, what the new one has. A file and a
/// directory of one name are two names.
///
/// Most of two versions of a directory is the same, byte for byte, so that is skipped in one piece.
pub(in crate::git) struct Differences<'l> {
    old: &'l Listing,
    new: &'l Content,
    /// The next entry of the old, by number.
    old_at: usize,
    /// The next entry of the new, by place.
    new_at: usize,
}

/// One of them.
type Difference<'l> = (&'l [u8], Option<Entry>, Option<Entry>);

impl<'l> Differences<'l> {
    pub(in crate::git) fn new(old: &'l Listing, new: &'l Content) -> Self {
        Self { old, new, old_at: 0, new_at: 0 }
    }

    /// Steps over the entries that are the same in both.
    fn skip(&mut self) {
        let id_len = self.new.id_len;
        let start = self.old.start(self.old_at, id_len);
        let same = shared_prefix(&self.old.0.data[start..], &self.new.data[self.new_at..]);
        let entries = &self.old.0.entries[self.old_at..];
        let skipped = entries.partition_point(|(_, name_end, _)| name_end + 1 + id_len <= start + same);
        self.old_at += skipped;
        self.new_at += self.old.start(self.old_at, id_len) - start;
    }
}

impl<'l> Iterator for Differences<'l> {
    type Item = Result<Difference<'l>, Damaged>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            self.skip();
            let (old, new): (&'l Listing, &'l Content) = (self.old, self.new);
            let before = (self.old_at < old.len()).then(|| (old.name(self.old_at), old.entry(self.old_at)));
            let after = if self.new_at < new.data.len() {
                let Some((from, to, entry)) = parse_one(&new.data, self.new_at, new.id_len) else {
                    self.new_at = new.data.len();
                    return Some(Err(Damaged));
                };
                Some((&new.data[from..to], entry, to + 1 + new.id_len))
            } else {
                None
            };
            let which = match (before, after) {
                (None, None) => return None,
                (Some(_), None) => Ordering::Less,
                (None, Some(_)) => Ordering::Greater,
                (Some(x), Some(y)) => order(x.0, x.1.is_tree(), y.0, y.1.is_tree()),
            };
            let (before, after) = (before.filter(|_| which.is_le()), after.filter(|_| which.is_ge()));
            self.old_at += usize::from(which.is_le());
            self.new_at = after.map_or(self.new_at, |(.., next)| next);
            let name = before.map(|(name, _)| name).or(after.map(|(name, ..)| name))?;
            let (before, after) = (before.map(|(_, entry)| entry), after.map(|(_, entry, _)| entry));
            // A mode that an old tool wrote otherwise is no difference.
            if before != after {
                return Some(Ok((name, before, after)));
            }
        }
    }
}
