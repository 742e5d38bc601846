//! Floor 2: the only writer of coord's own files (DESIGN.md section 5). Wire types live here and go no further.
//! Must not know: git, processes, clocks (both come in as a [`Witness`]), who is blocked, how anything is shown.
//!
//! Reading ([`Store`]) takes no lock and makes nothing; it works where nothing can be written. Writing needs the lock
//! ([`Store::lock`]) and is offered by [`Locked`] alone, except for events, which have a lock of their own.

mod acks;
mod board;
mod cache;
mod claims;
mod documents;
mod error;
mod event_line;
mod events;
pub mod exclude;
mod file;
mod intents;
mod latest;
mod lock;
mod lock_files;
mod memories;
mod memory;
mod observed;
mod platform;
mod records;
pub mod sync;
pub mod sync_record;
mod tail;
mod wire;

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

pub use board::{Board, LARGEST_BOARD};
pub use documents::Listing;
pub use error::{Cause, Error};
pub use events::{EventFilter, Events, LONGEST_LINE};
pub use memory::{LARGEST_BLOCK, Memory};
pub use tail::Tail;

use crate::domain::process::{Liveness, ProcessId};
use crate::domain::time::Timestamp;

/// The folder of coord's own files in the common git dir.
const FOLDER: &str = "coord";

/// The file that the lock is on.
const LOCK: &str = "lock";

/// Where the files of one repository lie.
#[derive(Clone, Debug)]
pub struct Store {
    common_dir: PathBuf,
    dir: PathBuf,
    /// The permission bits of folders made here; files get their read and write bits.
    mode: u32,
    log: Arc<Mutex<events::Held>>,
}

/// The right to write, while it lives. The kernel takes it back when the process ends, however it ends.
#[derive(Debug)]
pub struct Locked<'a> {
    store: &'a Store,
    _guard: lock::Guard,
}

/// What the store has to be told about the world: the time, and who lives.
#[derive(Clone, Copy)]
pub struct Witness<'a> {
    /// The wall clock now.
    pub now: Timestamp,
    /// What is known of a process's life.
    pub liveness: &'a dyn Fn(&ProcessId) -> Liveness,
    /// The process that has this number now, if any.
    pub identify: &'a dyn Fn(u32) -> Option<ProcessId>,
}

impl fmt::Debug for Witness<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Witness").field("now", &self.now).finish_non_exhaustive()
    }
}

impl Store {
    /// The store of the repository with this common git dir. Nothing is made before something is written.
    ///
    /// Whoever may write in the common git dir may write here: what is made takes over its permission bits, and with
    /// them what `core.sharedRepository` says.
    ///
    /// # Errors
    /// [`Error::NotOurs`] where something other than a folder lies in its place, [`Error::Io`] where the common git
    /// dir cannot be looked at.
    pub fn open(common_dir: &Path) -> Result<Self, Error> {
        let metadata = std::fs::metadata(common_dir).map_err(|source| Error::io("look at", common_dir, source))?;
        let dir = common_dir.join(FOLDER);
        file::is_folder(&dir)?;
        Ok(Self { common_dir: common_dir.to_owned(), dir, mode: platform::mode(&metadata), log: Arc::default() })
    }

    /// The folder of coord's own files; perhaps not made yet.
    #[must_use]
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// Takes the lock that every writer takes, waiting for at most `wait`. Not for a process that holds it already:
    /// it would wait for itself.
    ///
    /// # Errors
    /// [`Error::Busy`] after `wait`, [`Error::NoLocks`] where the file system has none, and [`Error::Io`] where
    /// nothing can be written ([`Error::cause`] says why).
    pub fn lock(&self, wait: Duration) -> Result<Locked<'_>, Error> {
        file::make_folder(&self.dir, self.mode)?;
        let guard = lock::acquire(&self.dir.join(LOCK), self.mode & 0o666, wait)?;
        Ok(Locked { store: self, _guard: guard })
    }
}

impl Locked<'_> {
    /// The store that is locked, for reading.
    #[must_use]
    pub fn store(&self) -> &Store {
        self.store
    }

    /// Removes everything that coord keeps in the common git dir, the lock last. For the uninstalling; whoever comes
    /// after makes it anew. Links inside are removed, never followed.
    ///
    /// # Errors
    /// Where something cannot be removed; the rest may be gone then.
    pub fn delete_everything(self) -> Result<(), Error> {
        let dir = self.dir();
        let failed = |source| Error::io("remove", dir, source);
        for entry in std::fs::read_dir(dir).map_err(failed)? {
            let entry = entry.map_err(failed)?;
            let is_folder = entry.file_type().map_err(failed)?.is_dir();
            if is_folder {
                std::fs::remove_dir_all(entry.path()).map_err(failed)?;
            } else if entry.file_name() != LOCK {
                file::remove(&entry.path())?;
            }
        }
        std::fs::remove_dir_all(dir).map_err(failed)
    }

    fn dir(&self) -> &Path {
        &self.store.dir
    }

    fn mode(&self) -> u32 {
        self.store.mode
    }
}
