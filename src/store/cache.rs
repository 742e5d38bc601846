//! A cache of what can be found out again, by key. It may be deleted at any time, by anybody.
//! Must not know: what is kept, whether it still holds; whoever reads it checks that.
//!
//! One file a key under `cache/v2/`, and under `cache/openings/` and `cache/statuses/` what nobody else may write. No lock is
//! taken: a file is put in place in one step, and of two writers the later one's stays. Another format has another folder.

use std::fs::{self, File, OpenOptions};
use std::io::{Read as _, Write as _};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use super::error::Error;
use super::{Store, file, platform};
use crate::domain::hash::hash;

/// A folder of the cache with bounds of its own.
#[derive(Clone, Copy)]
struct Shelf {
    /// Its name; another format has another.
    folder: &'static str,
    /// The most that is kept in all, in bytes; for a moment it may be a file more a writer.
    largest: u64,
    /// The most files.
    most: usize,
    /// The largest file that is kept.
    largest_file: u64,
    /// Whether only the user who kept it takes it back, and nobody else can write it.
    own: bool,
}

/// What was judged.
const JUDGED: Shelf = Shelf { folder: "v2", largest: 128 << 20, most: 16, largest_file: 48 << 20, own: false };

/// What git said of a place: one file a worktree, and one more for its hooks.
const OPENINGS: Shelf = Shelf { folder: "openings", largest: 8 << 20, most: 256, largest_file: 1 << 20, own: true };

/// What git said of what is not committed: one file a worktree, and more where its configuration or the environment differs.
const STATUSES: Shelf = Shelf { folder: "statuses", largest: 64 << 20, most: 512, largest_file: 8 << 20, own: true };

/// What was kept when it was opened, whatever is put in its place.
#[derive(Debug)]
pub struct Parts {
    file: Mutex<File>,
    len: u64,
}

impl Parts {
    /// How many bytes there are.
    #[must_use]
    pub fn len(&self) -> u64 {
        self.len
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Some of the bytes; nothing where they cannot be read.
    #[must_use]
    pub fn read(&self, range: Range<u64>) -> Option<Vec<u8>> {
        let wanted = range.end.checked_sub(range.start).filter(|_| range.end <= self.len)?;
        let mut bytes = vec![0; usize::try_from(wanted).ok()?];
        let file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        platform::read_at(&file, &mut bytes, range.start).ok()?;
        Some(bytes)
    }
}

impl Store {
    /// What is kept under this key. Whatever keeps it from being read, there is nothing.
    #[must_use]
    pub fn cached(&self, key: &str) -> Option<Vec<u8>> {
        self.taken(JUDGED, key)
    }

    /// What git said of a place, as this user kept it under this key.
    #[must_use]
    pub fn opening(&self, key: &str) -> Option<Vec<u8>> {
        self.taken(OPENINGS, key)
    }

    /// What git said of what is not committed in a worktree, as this user kept it under this key.
    #[must_use]
    pub fn status(&self, key: &str) -> Option<Vec<u8>> {
        self.taken(STATUSES, key)
    }

    /// The same, of which parts can be read.
    #[must_use]
    pub fn cached_parts(&self, key: &str) -> Option<Parts> {
        let (file, metadata) = file::open_known(&self.place(JUDGED, key), OpenOptions::new().read(true)).ok()??;
        (metadata.len() <= JUDGED.largest_file).then(|| Parts { file: Mutex::new(file), len: metadata.len() })
    }

    /// Keeps something under this key, and drops what was kept longest where that is too much. `false` where it could not
    /// be kept, which changes nothing but the speed.
    #[must_use]
    pub fn cache(&self, key: &str, bytes: &[u8]) -> bool {
        self.put(JUDGED, key, bytes)
    }

    /// Keeps what git said of a place, for this user alone.
    #[must_use]
    pub fn keep_opening(&self, key: &str, bytes: &[u8]) -> bool {
        self.put(OPENINGS, key, bytes)
    }

    /// Keeps what git said of what is not committed in a worktree, for this user alone.
    #[must_use]
    pub fn keep_status(&self, key: &str, bytes: &[u8]) -> bool {
        self.put(STATUSES, key, bytes)
    }

    fn folder(&self, on: Shelf) -> PathBuf {
        self.dir.join("cache").join(on.folder)
    }

    fn place(&self, on: Shelf, key: &str) -> PathBuf {
        self.folder(on).join(hash(key.as_bytes()))
    }

    fn taken(&self, on: Shelf, key: &str) -> Option<Vec<u8>> {
        let (mut file, metadata) = file::open_known(&self.place(on, key), OpenOptions::new().read(true)).ok()??;
        if metadata.len() > on.largest_file || on.own && !platform::is_own(&metadata) {
            return None;
        }
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes).ok()?;
        Some(bytes)
    }

    fn put(&self, on: Shelf, key: &str, bytes: &[u8]) -> bool {
        let kept = bytes.len() as u64 <= on.largest_file && self.put_in(on, key, bytes).is_ok();
        trim(&self.folder(on), on);
        kept
    }

    fn put_in(&self, on: Shelf, key: &str, bytes: &[u8]) -> Result<(), Error> {
        let dir = self.folder(on);
        file::make_folder(&self.dir, self.mode)?;
        file::make_folder(&self.dir.join("cache"), self.mode)?;
        file::make_folder(&dir, self.mode)?;
        let name = hash(key.as_bytes());
        let (path, temporary) = (dir.join(&name), dir.join(format!("tmp-{}-{name}", std::process::id())));
        let written = Self::write_new(&temporary, bytes, if on.own { 0o600 } else { self.mode & 0o666 })
            .and_then(|()| file::rename(&temporary, &path).map_err(|source| Error::io("replace", &path, source)));
        if written.is_err() {
            drop(fs::remove_file(&temporary));
        }
        written
    }

    fn write_new(path: &Path, bytes: &[u8], mode: u32) -> Result<(), Error> {
        let failed = |source| Error::io("write", path, source);
        // What a killed process of this number left is in the way.
        drop(fs::remove_file(path));
        let mut file = OpenOptions::new().write(true).create_new(true).open(path).map_err(failed)?;
        file.write_all(bytes).map_err(failed)?;
        platform::set_mode(path, mode).map_err(failed)
    }
}

/// Removes the oldest files until the rest is within its bounds. What cannot be removed stays.
fn trim(dir: &Path, on: Shelf) {
    let entries = fs::read_dir(dir).into_iter().flatten().flatten();
    let mut files: Vec<_> = entries
        .filter_map(|entry| {
            let metadata = entry.metadata().ok()?;
            Some((metadata.modified().ok()?, metadata.len(), entry.path()))
        })
        .collect();
    files.sort_unstable();
    let (mut bytes, mut count) = (files.iter().map(|(_, len, _)| len).sum::<u64>(), files.len());
    for (_, len, path) in files {
        if bytes <= on.largest && count <= on.most {
            break;
        }
        if fs::remove_file(path).is_ok() {
            bytes -= len;
            count -= 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn store() -> (tempfile::TempDir, Store) {
        let dir = tempfile::tempdir().expect("a temporary folder");
        let store = Store::open(dir.path()).expect("a folder");
        (dir, store)
    }

    #[test]
    fn keeps_and_replaces_and_survives_its_own_deletion() {
        let (dir, store) = store();
        assert_eq!(store.cached("k"), None);
        assert!(store.cache("k", b"one") && store.cache("other", b""));
        assert_eq!(store.cached("k").as_deref(), Some(&b"one"[..]));
        assert!(store.cache("k", b"two"));
        assert_eq!(store.cached("k").as_deref(), Some(&b"two"[..]));
        assert_eq!(store.cached("other").as_deref(), Some(&b""[..]));
        let two = store.cached_parts("k").expect("it is kept");
        assert!(store.cache("k", b"three"));
        assert_eq!((two.len(), two.read(1..3)), (3, Some(b"wo".to_vec())), "as it was");
        assert!(two.read(1..4).is_none() && store.cached_parts("none").is_none());
        fs::remove_dir_all(dir.path().join("coord/cache")).expect("ours");
        assert_eq!(store.cached("k"), None);
        assert!(store.cache("k", b"again"));
    }

    #[test]
    fn stays_within_its_bounds() {
        let (_dir, store) = store();
        for n in 0..JUDGED.most + 5 {
            assert!(store.cache(&n.to_string(), &[7; 100]));
        }
        assert_eq!(fs::read_dir(store.folder(JUDGED)).expect("it was made").count(), JUDGED.most);
        let large = vec![7; usize::try_from(JUDGED.largest_file).expect("it fits")];
        assert!((0..4).all(|n| store.cache(&format!("large {n}"), &large)));
        let kept = fs::read_dir(store.folder(JUDGED)).expect("it was made").flatten();
        assert!(kept.filter_map(|entry| entry.metadata().ok()).map(|file| file.len()).sum::<u64>() <= JUDGED.largest);
        assert!(!store.cache("too large", &[&large[..], b"x"].concat()));
    }

    #[test]
    fn where_nothing_can_be_written_nothing_is_kept() {
        let (dir, store) = store();
        fs::write(dir.path().join("coord"), b"in the way").expect("the folder is writable");
        assert!(!store.cache("k", b"one"));
        assert_eq!(store.cached("k"), None);
    }
}
