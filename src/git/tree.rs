//! Trees: what stands at a path, what differs between two, and new trees made in memory.
//! Must not know: commits' meaning, merging, renames.

use std::collections::BTreeMap;

use smallvec::SmallVec;

use super::error::Error;
use super::objects::{ObjectKind, Objects, wrong};
use crate::domain::id::ObjectId;
use crate::domain::path::RepoPath;

mod listing;

pub(super) use listing::{Differences, Listing, content, damaged, order};

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

/// Most paths are no longer.
const MOSTLY: usize = 256;

/// A path below `dir`; a name that git cannot check out makes the tree unreadable.
pub(super) fn join(dir: Option<&RepoPath>, name: &[u8], tree: ObjectId) -> Result<RepoPath, Error> {
    let mut bytes = SmallVec::<[u8; MOSTLY]>::new();
    if let Some(dir) = dir {
        bytes.extend_from_slice(dir.as_bytes());
        bytes.push(b'/');
    }
    bytes.extend_from_slice(name);
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
    let (old, new) = (Listing::read(objects, from)?, content(objects, to)?);
    for difference in Differences::new(&old, &new) {
        let (name, before, after) = difference.map_err(|_| damaged(to))?;
        let Some(either) = before.or(after) else { continue };
        let path = join(dir, name, either.id)?;
        if either.is_tree() {
            diff_below(objects, Some(&path), before.map(|e| e.id), after.map(|e| e.id), changes)?;
        } else {
            changes.push(TreeChange { path, before, after });
        }
    }
    Ok(())
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
