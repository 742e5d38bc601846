//! Trees: what stands at a path, what differs between two, and new trees made in memory.
//! Must not know: commits' meaning, merging, renames.

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::rc::Rc;

use super::error::Error;
use super::objects::{ObjectKind, Objects, wrong};
use crate::domain::id::ObjectId;
use crate::domain::path::RepoPath;

/// The mode of a directory.
pub const DIRECTORY: u32 = 0o040_000;
/// The mode of a symbolic link.
pub const LINK: u32 = 0o120_000;
/// The mode of a submodule.
pub const SUBMODULE: u32 = 0o160_000;
/// The mode of a file that is not executable.
pub const FILE: u32 = 0o100_644;
/// The mode of an executable file.
pub const EXECUTABLE: u32 = 0o100_755;

const TYPE_BITS: u32 = 0o170_000;
const REGULAR: u32 = 0o100_000;

/// What stands at a path.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Entry {
    /// Type and permissions.
    pub mode: u32,
    /// The blob, tree or submodule commit.
    pub id: ObjectId,
}

impl Entry {
    /// Whether it is a directory.
    #[must_use]
    pub fn is_tree(&self) -> bool {
        self.mode & TYPE_BITS == DIRECTORY
    }

    /// Whether it is a file, executable or not.
    #[must_use]
    pub fn is_file(&self) -> bool {
        self.mode & TYPE_BITS == REGULAR
    }

    /// Whether both are of one type: file, link, submodule, directory.
    #[must_use]
    pub fn same_type(&self, other: &Self) -> bool {
        self.mode & TYPE_BITS == other.mode & TYPE_BITS
    }
}

/// What became of one path between two trees. Never a directory.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct TreeChange {
    /// The path.
    pub path: RepoPath,
    /// What stood there.
    pub before: Option<Entry>,
    /// What stands there now.
    pub after: Option<Entry>,
}

/// A tree's entries with their names, in git's order. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub(super) struct Listing(Rc<Parsed>);

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
    pub(super) fn read(objects: &Objects, tree: Option<ObjectId>) -> Result<Self, Error> {
        tree.map_or_else(|| Ok(Self::default()), |id| objects.tree(id))
    }

    /// Reads a tree's content; `None` where it is damaged.
    pub(super) fn parse(data: Rc<[u8]>, id_len: usize) -> Option<Self> {
        let entries = parse(&data, id_len)?;
        Some(Self(Rc::new(Parsed { data, entries })))
    }

    /// About how many bytes it holds.
    pub(super) fn weight(&self) -> usize {
        self.0.data.len() + self.0.entries.len() * size_of::<(usize, usize, Entry)>()
    }

    pub(super) fn len(&self) -> usize {
        self.0.entries.len()
    }

    pub(super) fn name(&self, n: usize) -> &[u8] {
        let (from, to, _) = self.0.entries[n];
        &self.0.data[from..to]
    }

    pub(super) fn entry(&self, n: usize) -> Entry {
        self.0.entries[n].2
    }

    /// The entry of that name, whatever its type.
    pub(super) fn find(&self, name: &[u8]) -> Option<Entry> {
        self.find_as(name, false).or_else(|| self.find_as(name, true))
    }

    fn find_as(&self, name: &[u8], tree: bool) -> Option<Entry> {
        let Parsed { data, entries } = &*self.0;
        let by_name = |&(from, to, entry): &(usize, usize, Entry)| order(&data[from..to], entry.is_tree(), name, tree);
        entries.binary_search_by(by_name).ok().map(|n| entries[n].2)
    }
}

fn parse(data: &[u8], id_len: usize) -> Option<Vec<(usize, usize, Entry)>> {
    let (mut at, mut entries) = (0, Vec::with_capacity(data.len() / 32));
    while at < data.len() {
        let space = at + data[at..].iter().position(|&b| b == b' ')?;
        let mode = data[at..space].iter().try_fold(0u32, |mode, &digit| {
            let digit = char::from(digit).to_digit(8)?;
            mode.checked_mul(8)?.checked_add(digit)
        })?;
        let nul = space + data[space..].iter().position(|&b| b == 0)?;
        let id = ObjectId::from_bytes(data.get(nul + 1..nul + 1 + id_len)?)?;
        entries.push((space + 1, nul, Entry { mode: canonical(mode), id }));
        at = nul + 1 + id_len;
    }
    Some(entries)
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
pub(super) fn order(a: &[u8], a_tree: bool, b: &[u8], b_tree: bool) -> Ordering {
    let shared = a.len().min(b.len());
    let after = |name: &[u8], tree: bool| name.get(shared).copied().unwrap_or(if tree { b'/' } else { 0 });
    a[..shared].cmp(&b[..shared]).then_with(|| after(a, a_tree).cmp(&after(b, b_tree))).then_with(|| {
        // Past the shared part one name may go on after the byte just compared.
        a.len().cmp(&b.len())
    })
}

/// A path below `dir`; a name that git cannot check out makes the tree unreadable.
pub(super) fn join(dir: Option<&RepoPath>, name: &[u8], tree: ObjectId) -> Result<RepoPath, Error> {
    let bytes = match dir {
        Some(dir) => [dir.as_bytes(), b"/", name].concat(),
        None => name.to_vec(),
    };
    RepoPath::new(bytes).map_err(|_| wrong(tree, "is under a name that no file can have"))
}

/// What stands at `path` in `tree`, a directory included.
pub fn entry_at(objects: &Objects, tree: ObjectId, path: &RepoPath) -> Result<Option<Entry>, Error> {
    let mut found = Entry { mode: DIRECTORY, id: tree };
    for name in path.components() {
        if !found.is_tree() {
            return Ok(None);
        }
        match Listing::read(objects, Some(found.id))?.find(name) {
            Some(entry) => found = entry,
            None => return Ok(None),
        }
    }
    Ok(Some(found))
}

/// What differs between two trees, sorted by path. Equal subtrees are not read.
pub fn diff(objects: &Objects, from: Option<ObjectId>, to: Option<ObjectId>) -> Result<Vec<TreeChange>, Error> {
    let mut changes = Vec::new();
    if from != to {
        diff_below(objects, None, from, to, &mut changes)?;
    }
    Ok(changes)
}

fn diff_below(
    objects: &Objects,
    dir: Option<&RepoPath>,
    from: Option<ObjectId>,
    to: Option<ObjectId>,
    changes: &mut Vec<TreeChange>,
) -> Result<(), Error> {
    let (old, new) = (Listing::read(objects, from)?, Listing::read(objects, to)?);
    for (name, before, after) in Both::new(&old, &new) {
        let Some(either) = before.or(after).filter(|_| before != after) else { continue };
        let path = join(dir, name, either.id)?;
        if either.is_tree() {
            diff_below(objects, Some(&path), before.map(|e| e.id), after.map(|e| e.id), changes)?;
        } else {
            changes.push(TreeChange { path, before, after });
        }
    }
    Ok(())
}

/// Two listings side by side, in git's order. A file and a directory of one name are two names.
pub(super) struct Both<'l> {
    old: &'l Listing,
    new: &'l Listing,
    at: (usize, usize),
}

impl<'l> Both<'l> {
    pub(super) fn new(old: &'l Listing, new: &'l Listing) -> Self {
        Self { old, new, at: (0, 0) }
    }
}

impl<'l> Iterator for Both<'l> {
    type Item = (&'l [u8], Option<Entry>, Option<Entry>);

    fn next(&mut self) -> Option<Self::Item> {
        let side = |list: &'l Listing, n: usize| (n < list.len()).then(|| (list.name(n), list.entry(n)));
        let (old, new) = (side(self.old, self.at.0), side(self.new, self.at.1));
        let which = match (old, new) {
            (None, None) => return None,
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            (Some(old), Some(new)) => order(old.0, old.1.is_tree(), new.0, new.1.is_tree()),
        };
        self.at = (self.at.0 + usize::from(which.is_le()), self.at.1 + usize::from(which.is_ge()));
        let (old, new) = (old.filter(|_| which.is_le()), new.filter(|_| which.is_ge()));
        let name = old.or(new)?.0;
        Some((name, old.map(|(_, entry)| entry), new.map(|(_, entry)| entry)))
    }
}

/// A new tree in memory: `tree` with some paths changed or, where they map to `None`, gone.
pub fn overlay(
    objects: &Objects,
    tree: Option<ObjectId>,
    changes: &BTreeMap<RepoPath, Option<Entry>>,
) -> Result<ObjectId, Error> {
    let changes: Vec<Change<'_>> = changes.iter().map(|(path, entry)| (path.as_bytes(), *entry)).collect();
    match overlay_below(objects, tree, &changes)? {
        Some(id) => Ok(id),
        None => objects.add(ObjectKind::Tree, b""),
    }
}

/// What is to stand at a path relative to some directory.
type Change<'p> = (&'p [u8], Option<Entry>);

/// The changes are below one directory, their paths relative to it. `None` where nothing is left.
fn overlay_below(objects: &Objects, tree: Option<ObjectId>, changes: &[Change<'_>]) -> Result<Option<ObjectId>, Error> {
    let old = Listing::read(objects, tree)?;
    let mut entries: BTreeMap<Vec<u8>, Entry> = (0..old.len()).map(|n| (old.name(n).to_vec(), old.entry(n))).collect();
    let mut below: BTreeMap<&[u8], Vec<Change<'_>>> = BTreeMap::new();
    for &(path, entry) in changes {
        match path.iter().position(|&b| b == b'/') {
            Some(slash) => below.entry(&path[..slash]).or_default().push((&path[slash + 1..], entry)),
            // A directory that makes way for a file is gone by its own files' changes.
            None => match entry {
                Some(entry) => drop(entries.insert(path.to_vec(), entry)),
                None if entries.get(path).is_some_and(|old| !old.is_tree()) => drop(entries.remove(path)),
                None => {}
            },
        }
    }
    for (name, changes) in below {
        let old = entries.get(name).filter(|entry| entry.is_tree()).map(|entry| entry.id);
        match overlay_below(objects, old, &changes)? {
            Some(id) => drop(entries.insert(name.to_vec(), Entry { mode: DIRECTORY, id })),
            None if entries.get(name).is_some_and(Entry::is_tree) => drop(entries.remove(name)),
            None => {}
        }
    }
    if entries.is_empty() { Ok(None) } else { write(objects, &entries).map(Some) }
}

fn write(objects: &Objects, entries: &BTreeMap<Vec<u8>, Entry>) -> Result<ObjectId, Error> {
    let mut sorted: Vec<(&Vec<u8>, &Entry)> = entries.iter().collect();
    sorted.sort_by(|(a, x), (b, y)| order(a, x.is_tree(), b, y.is_tree()));
    let mut data = Vec::new();
    for (name, entry) in sorted {
        data.extend_from_slice(format!("{:o} ", entry.mode).as_bytes());
        data.extend_from_slice(name);
        data.push(0);
        data.extend_from_slice(entry.id.as_bytes());
    }
    objects.add(ObjectKind::Tree, &data)
}

/// A commit in memory. It depends on nothing but its arguments: the author is fixed and the time is its youngest
/// parent's, so the same content has the same id at any time.
pub fn synthetic_commit(objects: &Objects, tree: ObjectId, parents: &[ObjectId]) -> Result<ObjectId, Error> {
    let mut time = 0;
    let mut lines = vec![format!("tree {tree}\n")];
    for parent in parents {
        time = time.max(objects.commit(*parent)?.committer_time.0);
        lines.push(format!("parent {parent}\n"));
    }
    for role in ["author", "committer"] {
        lines.push(format!("{role} coord <coord@localhost> {time} +0000\n"));
    }
    lines.push("\n".to_owned());
    objects.add(ObjectKind::Commit, lines.concat().as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::git::objects::{ObjectFormat, ObjectStore};

    fn path(text: &str) -> RepoPath {
        RepoPath::new(text).expect("a valid path")
    }

    fn objects() -> (tempfile::TempDir, Objects) {
        let dir = tempfile::tempdir().expect("a temporary directory");
        let store = ObjectStore { objects_dir: dir.path().to_owned(), format: ObjectFormat::Sha1 };
        let objects = Objects::open(&store).expect("an empty object directory opens");
        (dir, objects)
    }

    /// `files` are paths whose content is their last character; `-` in front of it means gone.
    fn tree(objects: &Objects, from: Option<ObjectId>, files: &[&str]) -> ObjectId {
        let entry = |text: &str| objects.add(ObjectKind::Blob, text.as_bytes()).map(|id| Entry { mode: FILE, id });
        let changes = files.iter().map(|file| match file.strip_prefix('-') {
            Some(gone) => (path(gone), None),
            None => (path(file), Some(entry(file).expect("hashing works"))),
        });
        overlay(objects, from, &changes.collect()).expect("trees in memory")
    }

    #[test]
    fn trees_are_built_in_gits_order() {
        let (_dir, objects) = objects();
        let built = tree(&objects, None, &["a", "a.b", "a-b/x", "a0", "b/c/d"]);
        let listed = diff(&objects, None, Some(built)).expect("trees in memory");
        let names: Vec<_> = listed.iter().map(|change| change.path.as_bytes().to_vec()).collect();
        assert!(names.is_sorted());
        assert_eq!(names.len(), 5);
        for change in listed {
            assert_eq!(entry_at(&objects, built, &change.path).expect("trees in memory"), change.after);
        }
    }

    #[test]
    fn a_file_can_become_a_directory_and_back() {
        let (_dir, objects) = objects();
        let file = tree(&objects, None, &["x", "y"]);
        let dir = tree(&objects, Some(file), &["-x", "x/a", "x/b"]);
        assert_eq!(diff(&objects, Some(file), Some(dir)).expect("trees in memory").len(), 3);
        let back = tree(&objects, Some(dir), &["x", "-x/a", "-x/b"]);
        assert_eq!(back, file);
    }

    #[test]
    fn a_directory_without_files_is_gone() {
        let (_dir, objects) = objects();
        let full = tree(&objects, None, &["a/b/c", "d"]);
        let less = tree(&objects, Some(full), &["-a/b/c"]);
        assert_eq!(entry_at(&objects, less, &path("a")).expect("trees in memory"), None);
        assert_eq!(less, tree(&objects, None, &["d"]));
    }

    #[test]
    fn the_same_commit_has_the_same_id() {
        let (_dir, objects) = objects();
        let root = synthetic_commit(&objects, tree(&objects, None, &["a"]), &[]).expect("in memory");
        let again = synthetic_commit(&objects, tree(&objects, None, &["a"]), &[]).expect("in memory");
        assert_eq!(root, again);
        let next = synthetic_commit(&objects, tree(&objects, None, &["b"]), &[root]).expect("in memory");
        assert_eq!(objects.commit(next).expect("in memory").parents, [root]);
    }
}
