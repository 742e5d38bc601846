//! Git objects by id, read raw from the object database, with additions that live in memory only.
//! Must not know: refs, the index, working trees; what a merge is.

use std::cell::{Cell, OnceCell, RefCell};
use std::fs;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::sync::Once;

use git2::{Odb, Oid};
use tempfile::TempDir;

use super::commit::Commit;
use super::commit_graph::CommitGraph;
use super::error::Error;
use super::id_map::IdMap;
use super::loose::loose;
use super::tree::Listing;
use super::view::View;
use crate::domain::id::ObjectId;
use crate::domain::process::scratch_prefix;
use crate::domain::text;

pub use super::kinds::{ObjectFormat, ObjectKind, ObjectStore};

mod packed;
mod seed;

use packed::Packed;
pub(super) use seed::{Added, Seed};

/// An object's content.
#[derive(Clone, Debug)]
pub struct Object {
    /// Its type.
    pub kind: ObjectKind,
    /// Its bytes, without git's header.
    pub data: Rc<[u8]>,
}

/// A file that is larger is not read to be merged: git would take for ever over it too.
const TOO_LARGE: usize = 512 << 20;

/// How many bytes of trees are kept for being read again.
const TREE_CACHE: usize = 24 << 20;

/// So many commits are read one by one before the commit-graph is.
const WORTH_THE_GRAPH: usize = 500;

/// The objects of one repository. For one thread; open another for the next.
pub struct Objects {
    odb: Odb<'static>,
    format: ObjectFormat,
    view: View,
    added: RefCell<IdMap<Object>>,
    commits: RefCell<IdMap<Rc<Commit>>>,
    trees: RefCell<IdMap<Listing>>,
    tree_bytes: Cell<usize>,
    place: PathBuf,
    /// How many commits were read one by one, and the graph once that is many.
    commits_read: Cell<usize>,
    graph: OnceCell<Option<CommitGraph>>,
    annex: OnceCell<TempDir>,
    packed: Packed,
    /// Where further objects lie that are none of the repository's.
    further: Vec<PathBuf>,
}

impl std::fmt::Debug for Objects {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Objects")
            .field("format", &self.format)
            .field("added", &self.added.borrow().len())
            .finish_non_exhaustive()
    }
}

impl Objects {
    /// Opens the objects below `store`, and those of its alternates.
    pub fn open(store: &ObjectStore) -> Result<Self, Error> {
        static SETTINGS: Once = Once::new();
        SETTINGS.call_once(|| {
            // Git does not hash what it reads again either, and it is most of the time.
            git2::opts::strict_hash_verification(false);
            // What is read more than once is kept here, in the form in which it is needed.
            git2::opts::enable_caching(false);
        });
        let fault = |error: &git2::Error| Error::Repository(format!("objects: {}", error.message()));
        let odb = Odb::new_ext(store.format.of_library()).map_err(|e| fault(&e))?;
        let objects = Self {
            odb,
            format: store.format,
            view: View::default(),
            added: RefCell::default(),
            commits: RefCell::default(),
            trees: RefCell::default(),
            tree_bytes: Cell::default(),
            place: store.objects_dir.clone(),
            commits_read: Cell::default(),
            graph: OnceCell::new(),
            annex: OnceCell::new(),
            packed: Packed::new(store.objects_dir.clone(), store.format.id_len()),
            further: Vec::new(),
        };
        objects.add_directory(&store.objects_dir)?;
        Ok(objects)
    }

    /// The same objects seen as git sees them in a shallow repository, or with grafts or replacements.
    #[must_use]
    pub fn seen_through(mut self, view: View) -> Self {
        self.view = view;
        self
    }

    /// The same objects, and those in a further directory.
    pub fn also_in(mut self, dir: PathBuf) -> Result<Self, Error> {
        self.add_directory(&dir)?;
        self.packed.add(dir.clone());
        self.further.push(dir);
        Ok(self)
    }

    /// The further directories.
    #[must_use]
    pub fn further(&self) -> &[PathBuf] {
        &self.further
    }

    /// The view they are seen through.
    #[must_use]
    pub fn view(&self) -> &View {
        &self.view
    }

    /// How these objects are named.
    #[must_use]
    pub fn format(&self) -> ObjectFormat {
        self.format
    }

    /// A temporary object directory for git to write to, whose objects are found here too. It is removed with `self`.
    ///
    /// There is one for all questions, as libgit2 tells directories apart by their inodes: it would take a second one for
    /// the first, once that is removed and its inode given anew, and find nothing of what it holds.
    pub(super) fn annex(&self) -> Result<&Path, Error> {
        if self.annex.get().is_none() {
            let made = tempfile::Builder::new().prefix(&scratch_prefix(std::process::id())).tempdir();
            let fault = |source| Error::File { operation: "make a directory in", path: std::env::temp_dir(), source };
            let made = made.map_err(fault)?;
            self.add_directory(made.path())?;
            drop(self.annex.set(made));
        }
        Ok(self.annex.get().expect("it was just made").path())
    }

    fn add_directory(&self, dir: &Path) -> Result<(), Error> {
        let text = dir
            .to_str()
            .ok_or_else(|| Error::Repository(format!("the path of the objects is not UTF-8: {}", dir.display())))?;
        self.odb
            .add_disk_alternate(text)
            .map_err(|error| Error::Repository(format!("objects in {text}: {}", error.message())))
    }

    /// Reads an object.
    pub fn read(&self, id: ObjectId) -> Result<Object, Error> {
        let id = self.view.replacement(id);
        if let Some(object) = self.added.borrow().get(&id) {
            return Ok(object.clone());
        }
        if let Some((kind, data)) = self.packed.read(id) {
            return Ok(Object { kind, data });
        }
        self.by_library(id)
    }

    fn by_library(&self, id: ObjectId) -> Result<Object, Error> {
        let raw = self.odb.read(self.oid(id)?).map_err(|error| unreadable(id, &error))?;
        let kind = ObjectKind::from_library(raw.kind()).ok_or_else(|| wrong(id, "is of an unknown type"))?;
        Ok(Object { kind, data: raw.data().into() })
    }

    /// The content of a file or the target of a link.
    pub fn blob(&self, id: ObjectId) -> Result<Rc<[u8]>, Error> {
        self.of_kind(id, ObjectKind::Blob)
    }

    /// The content of a blob that git would merge line by line; `None` where it is binary or too large to be read.
    pub fn text(&self, id: ObjectId) -> Result<Option<Rc<[u8]>>, Error> {
        let packed = self.packed.read(self.view.replacement(id)).filter(|(kind, _)| *kind == ObjectKind::Blob);
        let content = match packed {
            Some((_, content)) => content,
            None if self.blob_len(id)? > TOO_LARGE => return Ok(None),
            None => self.blob(id)?,
        };
        Ok(Some(content).filter(|content| !text::is_binary(content)))
    }

    /// How long a blob is, without reading it.
    pub fn blob_len(&self, id: ObjectId) -> Result<usize, Error> {
        let id = self.view.replacement(id);
        if let Some(object) = self.added.borrow().get(&id) {
            return Ok(object.data.len());
        }
        self.odb.read_header(self.oid(id)?).map(|(len, _)| len).map_err(|error| unreadable(id, &error))
    }

    /// So many objects will be read.
    pub(super) fn expect(&self, count: usize) {
        self.packed.expect(count);
    }

    /// A commit's tree, parents and time.
    pub fn commit(&self, id: ObjectId) -> Result<Rc<Commit>, Error> {
        if let Some(commit) = self.commits.borrow().get(&id) {
            return Ok(Rc::clone(commit));
        }
        if let Some(commit) = self.commit_of_graph(id) {
            let commit = Rc::new(commit);
            self.commits.borrow_mut().insert(id, Rc::clone(&commit));
            return Ok(commit);
        }
        let data = self.of_kind(id, ObjectKind::Commit)?;
        self.keep_commit(id, &data).ok_or_else(|| wrong(id, "is no readable commit"))
    }

    /// Keeps what a commit's bytes say, so that they need not be read again; `None` where they say nothing.
    pub(super) fn keep_commit(&self, id: ObjectId, data: &[u8]) -> Option<Rc<Commit>> {
        let mut commit = Commit::parse(data)?;
        if let Some(parents) = self.view.parents(id) {
            commit.parents = parents.to_vec();
        }
        let commit = Rc::new(commit);
        self.commits.borrow_mut().insert(id, Rc::clone(&commit));
        Some(commit)
    }

    /// The commit by git's commit-graph. That is a whole file to read, so only a walk of many commits makes it worth it.
    fn commit_of_graph(&self, id: ObjectId) -> Option<Commit> {
        self.commits_read.set(self.commits_read.get() + 1);
        if self.commits_read.get() < WORTH_THE_GRAPH || !self.view.is_plain() {
            return None;
        }
        let graph = self.graph.get_or_init(|| CommitGraph::read(&self.place, self.format.id_len()));
        graph.as_ref()?.commit(id)
    }

    /// A tree's entries.
    pub(super) fn tree(&self, id: ObjectId) -> Result<Listing, Error> {
        if let Some(tree) = self.trees.borrow().get(&id) {
            return Ok(tree.clone());
        }
        let data = self.tree_content(id)?;
        let tree = Listing::parse(data, self.format.id_len()).ok_or_else(|| wrong(id, "is a damaged tree"))?;
        let kept = self.tree_bytes.get() + tree.weight();
        if kept > TREE_CACHE {
            self.trees.borrow_mut().clear();
        }
        self.tree_bytes.set(if kept > TREE_CACHE { tree.weight() } else { kept });
        self.trees.borrow_mut().insert(id, tree.clone());
        Ok(tree)
    }

    /// A tree's content, for whoever looks at it once.
    pub(super) fn tree_content(&self, id: ObjectId) -> Result<Rc<[u8]>, Error> {
        self.of_kind(id, ObjectKind::Tree)
    }

    /// Whether the object is here.
    #[must_use]
    pub fn has(&self, id: ObjectId) -> bool {
        let id = self.view.replacement(id);
        self.added.borrow().contains_key(&id) || self.oid(id).is_ok_and(|oid| self.odb.exists(oid))
    }

    /// Adds an object in memory; nothing is written to the repository.
    pub fn add(&self, kind: ObjectKind, data: &[u8]) -> Result<ObjectId, Error> {
        let oid = Oid::hash_object_ext(kind.of_library(), data, self.format.of_library())
            .map_err(|error| Error::Object { id: "new".into(), what: error.message().to_owned() })?;
        let id =
            ObjectId::from_bytes(oid.as_bytes()).ok_or_else(|| Error::Repository("a hash without length".into()))?;
        self.added.borrow_mut().entry(id).or_insert_with(|| Object { kind, data: data.into() });
        Ok(id)
    }

    /// Writes the objects in memory as loose objects below `dir`, for git to read.
    pub fn spill(&self, dir: &Path) -> Result<(), Error> {
        let mut ids: Vec<ObjectId> = self.added.borrow().keys().copied().collect();
        ids.sort();
        for id in ids {
            let object = self.added.borrow()[&id].clone();
            let hex = id.to_string();
            let path = dir.join(&hex[..2]).join(&hex[2..]);
            if !path.exists() {
                let fault = |source| Error::File { operation: "write", path: path.clone(), source };
                fs::create_dir_all(dir.join(&hex[..2])).map_err(fault)?;
                // Whoever reads meanwhile, or comes after a crash, finds all of it or nothing.
                let half = path.with_extension(format!("{}.tmp", std::process::id()));
                fs::write(&half, loose(object.kind, &object.data)).map_err(fault)?;
                fs::rename(&half, &path).map_err(fault)?;
            }
        }
        Ok(())
    }

    fn of_kind(&self, id: ObjectId, kind: ObjectKind) -> Result<Rc<[u8]>, Error> {
        let object = self.read(id)?;
        if object.kind == kind {
            Ok(object.data)
        } else {
            Err(wrong(id, &format!("is a {}, not a {}", object.kind.name(), kind.name())))
        }
    }

    fn oid(&self, id: ObjectId) -> Result<Oid, Error> {
        if id.as_bytes().len() != self.format.id_len() {
            return Err(wrong(id, "is named in another format than this repository's"));
        }
        Oid::from_bytes(id.as_bytes()).map_err(|error| wrong(id, error.message()))
    }
}

fn unreadable(id: ObjectId, error: &git2::Error) -> Error {
    if error.code() == git2::ErrorCode::NotFound { wrong(id, "is missing") } else { wrong(id, error.message()) }
}

pub(super) fn wrong(id: ObjectId, what: &str) -> Error {
    Error::Object { id: id.to_string(), what: what.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::super::loose::STORED_BLOCK;
    use super::*;

    fn empty(format: ObjectFormat) -> (TempDir, Objects) {
        let dir = tempfile::tempdir().expect("a temporary directory");
        let objects = Objects::open(&ObjectStore { objects_dir: dir.path().to_owned(), format });
        (dir, objects.expect("an empty object directory opens"))
    }

    #[test]
    fn ids_are_gits_own() {
        let (_dir, objects) = empty(ObjectFormat::Sha1);
        let id = objects.add(ObjectKind::Blob, b"").expect("hashing works");
        assert_eq!(id.to_string(), "e69de29bb2d1d6434b8b29ae775ad8c2e48c5391");
        let (_dir, objects) = empty(ObjectFormat::Sha256);
        let id = objects.add(ObjectKind::Tree, b"").expect("hashing works");
        assert_eq!(id.to_string(), "6ef19b41225c5369f1c104d45d8d85efa9b057b53b14b4b9b939dd74decc5321");
    }

    #[test]
    fn what_is_spilled_can_be_read_as_loose_objects() {
        let (_dir, objects) = empty(ObjectFormat::Sha1);
        for len in [0, 1, STORED_BLOCK - 10, 3 * STORED_BLOCK] {
            let data: Vec<u8> = (0..len).map(|n| u8::try_from(n % 251).expect("below 251")).collect();
            let id = objects.add(ObjectKind::Blob, &data).expect("hashing works");
            let (dir, fresh) = empty(ObjectFormat::Sha1);
            objects.spill(dir.path()).expect("the directory is writable");
            assert_eq!(&*fresh.blob(id).expect("it was spilled"), &data[..]);
            assert_eq!(fresh.blob_len(id).expect("it was spilled"), len);
        }
    }

    #[test]
    fn a_missing_object_is_named() {
        let (_dir, objects) = empty(ObjectFormat::Sha1);
        let id = ObjectId::from_bytes(&[7; 20]).expect("20 bytes");
        let error = objects.read(id).expect_err("there is none").to_string();
        assert_eq!(error, format!("object {id}: is missing"));
        assert!(!objects.has(id));
        assert!(objects.read(ObjectId::from_bytes(&[7; 32]).expect("32 bytes")).is_err());
    }
}
