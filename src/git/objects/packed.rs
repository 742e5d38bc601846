//! The packs of the object directories, opened where so many objects are read that they are worth it.
//! Must not know: what the objects are, that there are others.

use std::cell::{Cell, OnceCell};
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::sync::{Arc, OnceLock};

use super::ObjectKind;
use crate::domain::id::ObjectId;
use crate::git::packs::{PackFiles, Packs};

/// So many objects are read one by one before anybody asks whether the packs are worth being opened.
const FEW_READS: usize = 16;

/// To open a pack takes as long as so many objects take longer without that.
const A_PACK: usize = 4;

/// The packs once they are open, for all threads.
pub(super) type Opened = Arc<OnceLock<Arc<PackFiles>>>;

/// The packs of some object directories. For one thread.
pub(super) struct Packed {
    dirs: Vec<PathBuf>,
    id_len: usize,
    /// How many objects were read one by one, and of how many on the packs are worth being opened.
    reads: Cell<usize>,
    many: OnceCell<usize>,
    opened: Opened,
    /// The same for this thread.
    packs: OnceCell<Packs>,
}

impl Packed {
    pub(super) fn new(dir: PathBuf, id_len: usize) -> Self {
        Self {
            dirs: vec![dir],
            id_len,
            reads: Cell::default(),
            many: OnceCell::new(),
            opened: Arc::default(),
            packs: OnceCell::new(),
        }
    }

    /// The same packs in another thread, opened once for both.
    pub(super) fn shared(self, opened: Opened) -> Self {
        Self { opened, ..self }
    }

    pub(super) fn opened(&self) -> Opened {
        Arc::clone(&self.opened)
    }

    /// Those of a further directory too.
    pub(super) fn add(&mut self, dir: PathBuf) {
        self.dirs.push(dir);
    }

    /// An object, where the packs are open or have become worth being opened.
    pub(super) fn read(&self, id: ObjectId) -> Option<(ObjectKind, Rc<[u8]>)> {
        if let Some(packs) = self.packs.get() {
            return packs.read(id);
        }
        let reads = self.reads.get() + 1;
        self.reads.set(reads);
        if !self.is_worth(reads) {
            return None;
        }
        let files = self.opened.get_or_init(|| Arc::new(PackFiles::open(self.dirs(), self.id_len)));
        self.packs.get_or_init(|| Packs::new(Arc::clone(files))).read(id)
    }

    /// So many objects will be read.
    pub(super) fn expect(&self, count: usize) {
        let reads = self.reads.get() + count;
        if self.is_worth(reads) {
            self.reads.set(reads);
        }
    }

    /// Whether so many reads are worth it: once they cost as much as opening the packs does.
    fn is_worth(&self, reads: usize) -> bool {
        let many = || *self.many.get_or_init(|| PackFiles::count(self.dirs()) * A_PACK);
        self.opened.get().is_some() || reads >= FEW_READS && reads >= many()
    }

    fn dirs(&self) -> impl Iterator<Item = &Path> {
        self.dirs.iter().map(PathBuf::as_path)
    }
}
