//! A cache of answers that never change, by key. It may be deleted at any time, by anybody.
//! Must not know: what the answers mean.
//!
//! One file an answer under `cache/v1/`. No lock is taken: an answer is put in place in one step, two writers of one
//! key write the same, and a file that is torn or of another key counts as none.

use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

use super::documents::hash;
use super::error::Error;
use super::{Store, file, platform};

/// The format of the files; another version has another folder.
const VERSION: u32 = 1;

/// How many folders the answers spread over, one hexadecimal digit each.
const SHARDS: u64 = 16;

/// The most that the whole cache holds, in bytes; for a moment it may be an answer more a writer.
const LARGEST: u64 = 64 << 20;

/// The most files in it.
const MOST_FILES: usize = 32 * 1024;

/// The largest answer that is kept.
const LARGEST_ANSWER: usize = 4 << 20;

/// How many writes share one trimming.
const TRIM_EVERY: u8 = 16;

/// The cache of one repository.
#[derive(Clone, Debug)]
pub struct Cache {
    store: Store,
    dir: PathBuf,
}

impl Store {
    /// The repository's cache. Nothing is made before something is put.
    #[must_use]
    pub fn cache(&self) -> Cache {
        Cache { dir: self.dir.join("cache").join(format!("v{VERSION}")), store: self.clone() }
    }
}

impl Cache {
    /// The answer kept for this key. Whatever keeps it from being read, there is none.
    #[must_use]
    pub fn look_up(&self, key: &[u8]) -> Option<Vec<u8>> {
        let limit = LARGEST_ANSWER + key.len() + 64;
        let mut bytes = file::read(&self.path(key), limit as u64).ok()??;
        let head = head(key);
        let checksum = bytes.len().checked_sub(32)?;
        let is_whole = bytes.starts_with(&head) && hash(&bytes[..checksum]).as_bytes() == &bytes[checksum..];
        if !is_whole {
            return None;
        }
        bytes.truncate(checksum);
        bytes.drain(..head.len());
        Some(bytes)
    }

    /// Keeps an answer for this key. `false` where it could not be stored, which changes nothing but the speed.
    #[must_use]
    pub fn keep(&self, key: &[u8], answer: &[u8]) -> bool {
        answer.len() <= LARGEST_ANSWER && self.write(key, answer).is_ok()
    }

    fn write(&self, key: &[u8], answer: &[u8]) -> Result<(), Error> {
        static COUNTER: AtomicU32 = AtomicU32::new(0);
        let path = self.path(key);
        let Some(shard) = path.parent() else { return Ok(()) };
        let mut bytes = [head(key).as_slice(), answer].concat();
        let checksum = hash(&bytes);
        bytes.extend_from_slice(checksum.as_bytes());
        self.make_folders(shard)?;
        let temporary = shard.join(format!("tmp-{}-{}", std::process::id(), COUNTER.fetch_add(1, Ordering::Relaxed)));
        let written = self
            .write_new(&temporary, &bytes)
            .and_then(|()| file::rename(&temporary, &path).map_err(|source| Error::io("replace", &path, source)));
        if written.is_err() {
            drop(fs::remove_file(&temporary));
        }
        if checksum.as_bytes()[0].is_multiple_of(TRIM_EVERY) {
            trim(shard);
        }
        written
    }

    fn make_folders(&self, shard: &Path) -> Result<(), Error> {
        if shard.is_dir() {
            return Ok(());
        }
        let mode = self.store.mode;
        file::make_folder(&self.store.dir, mode)?;
        file::make_folder(&self.store.dir.join("cache"), mode)?;
        file::make_folder(&self.dir, mode)?;
        file::make_folder(shard, mode)
    }

    fn write_new(&self, path: &Path, bytes: &[u8]) -> Result<(), Error> {
        let failed = |source| Error::io("write", path, source);
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        let mut file = options.open(path).map_err(failed)?;
        file.write_all(bytes).map_err(failed)?;
        platform::set_mode(path, self.store.mode & 0o666).map_err(failed)
    }

    fn path(&self, key: &[u8]) -> PathBuf {
        let hash = hash(key);
        self.dir.join(&hash[..1]).join(&hash[1..])
    }
}

/// What stands before the answer: the key itself, as two keys may share a file name.
fn head(key: &[u8]) -> Vec<u8> {
    [format!("coord {VERSION} {}\n", key.len()).as_bytes(), key].concat()
}

/// Removes the oldest files of a shard until it is well below its share. What cannot be removed stays.
fn trim(shard: &Path) {
    let Ok(entries) = fs::read_dir(shard) else { return };
    let mut files: Vec<_> = entries
        .filter_map(|entry| {
            let entry = entry.ok()?;
            let metadata = entry.metadata().ok()?;
            Some((metadata.modified().ok()?, metadata.len(), entry.path()))
        })
        .collect();
    let (most_bytes, most_files) = (LARGEST / SHARDS, MOST_FILES / usize::try_from(SHARDS).unwrap_or(1));
    let mut bytes: u64 = files.iter().map(|(_, len, _)| len).sum();
    let mut count = files.len();
    if bytes <= most_bytes && count <= most_files {
        return;
    }
    files.sort_unstable();
    for (_, len, path) in files {
        if bytes <= most_bytes / 4 * 3 && count <= most_files / 4 * 3 {
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

    fn cache() -> (tempfile::TempDir, Cache) {
        let dir = tempfile::tempdir().expect("a temporary folder");
        let cache = Store::open(dir.path()).expect("a folder").cache();
        (dir, cache)
    }

    #[test]
    fn keeps_answers_and_survives_its_own_deletion() {
        let (dir, cache) = cache();
        assert_eq!(cache.look_up(b"k"), None);
        assert!(cache.keep(b"k", b"answer") && cache.keep(b"", b""));
        assert_eq!(cache.look_up(b"k").as_deref(), Some(&b"answer"[..]));
        assert_eq!(cache.look_up(b"").as_deref(), Some(&b""[..]));
        fs::remove_dir_all(dir.path().join("coord/cache")).expect("ours");
        assert_eq!(cache.look_up(b"k"), None);
        assert!(cache.keep(b"k", b"again"));
    }

    #[test]
    fn a_torn_or_foreign_file_is_no_answer() {
        let (_dir, cache) = cache();
        assert!(cache.keep(b"key", b"answer"));
        let path = cache.path(b"key");
        let whole = fs::read(&path).expect("just kept");
        for len in 0..whole.len() {
            fs::write(&path, &whole[..len]).expect("ours");
            assert_eq!(cache.look_up(b"key"), None, "cut to {len}");
        }
        for at in 0..whole.len() {
            let mut flipped = whole.clone();
            flipped[at] ^= 1;
            fs::write(&path, flipped).expect("ours");
            assert_eq!(cache.look_up(b"key"), None, "flipped at {at}");
        }
    }

    #[test]
    fn stays_within_its_bounds_and_stores_nothing_where_it_cannot() {
        let (dir, cache) = cache();
        let answer = vec![7; 1 << 20];
        for n in 0..200_u32 {
            assert!(cache.keep(&n.to_be_bytes(), &answer));
        }
        for shard in fs::read_dir(&cache.dir).expect("made") {
            trim(&shard.expect("listed").path());
        }
        let size: u64 = fs::read_dir(&cache.dir)
            .expect("made")
            .flat_map(|shard| fs::read_dir(shard.expect("listed").path()).expect("made"))
            .map(|file| file.expect("listed").metadata().expect("there").len())
            .sum();
        assert!(size <= LARGEST, "{size}");
        assert!(!cache.keep(b"k", &vec![0; LARGEST_ANSWER + 1]));
        fs::remove_dir_all(dir.path().join("coord")).expect("ours");
        fs::write(dir.path().join("coord"), "in the way").expect("ours");
        assert!(!cache.keep(b"k", b"answer"));
    }
}
