//! The kernel lock that every writer of coord's files holds, and the bounded wait for it.
//! Must not know: what is written under it.

use std::collections::hash_map::RandomState;
use std::fs::{File, OpenOptions, TryLockError};
use std::hash::{BuildHasher as _, Hasher as _};
use std::io::{Read as _, Seek as _, Write as _};
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use super::error::Error;
use super::file;
use super::platform;

/// The first pause between two tries. It doubles, up to [`LONGEST_PAUSE`].
const FIRST_PAUSE: Duration = Duration::from_micros(100);

/// The longest pause. Short, and the same for all: kernel locks know no queue, and whoever paused longer the longer
/// it waits would be passed for ever by those who came last.
const LONGEST_PAUSE: Duration = Duration::from_millis(3);

/// Holds the lock while it lives. The kernel lets go of it when the process ends, however it ends.
#[derive(Debug)]
pub(super) struct Guard {
    _file: File,
}

/// Takes the lock on the file at `path`, which is made where it is missing and never removed: removing it would let
/// two holders lock two files of the same name.
///
/// # Errors
/// [`Error::Busy`] after `wait`, [`Error::NoLocks`] where the file system has none, else as for any file.
pub(super) fn acquire(path: &Path, mode: u32, wait: Duration) -> Result<Guard, Error> {
    let mut file = open(path, mode)?;
    let start = Instant::now();
    let mut pause = FIRST_PAUSE;
    let mut random = RandomState::new().build_hasher().finish();
    loop {
        match file.try_lock() {
            Ok(()) => break,
            Err(TryLockError::WouldBlock) => {}
            Err(TryLockError::Error(source)) if source.kind() == std::io::ErrorKind::Interrupted => continue,
            Err(TryLockError::Error(source)) if platform::is_without_locks(&source) => {
                return Err(Error::NoLocks { path: path.to_owned(), source });
            }
            Err(TryLockError::Error(source)) => return Err(Error::io("lock", path, source)),
        }
        let waited = start.elapsed();
        if waited >= wait {
            return Err(Error::Busy { path: path.to_owned(), waited, by: holder(&mut file) });
        }
        thread::sleep(jittered(pause, &mut random).min(wait.saturating_sub(waited)));
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
    sign(&mut file);
    Ok(Guard { _file: file })
}

fn open(path: &Path, mode: u32) -> Result<File, Error> {
    let mut existing = OpenOptions::new();
    if let Some(file) = file::open(path, existing.read(true).write(true))? {
        return Ok(file);
    }
    let mut new = OpenOptions::new();
    let file = file::open(path, new.read(true).write(true).create(true).truncate(false))?;
    platform::set_mode(path, mode).map_err(|source| Error::io("set the permissions of", path, source))?;
    file.ok_or_else(|| Error::io("create", path, std::io::ErrorKind::NotFound.into()))
}

/// Between half of `pause` and the whole, so that those who wait do not all come at once.
fn jittered(pause: Duration, random: &mut u64) -> Duration {
    *random ^= *random << 13;
    *random ^= *random >> 7;
    *random ^= *random << 17;
    let part = u32::try_from(*random % 512).unwrap_or(0);
    pause / 2 + pause * part / 1024
}

/// Writes our process number into the file, for the message of those who wait in vain. It says nothing about who
/// holds the lock, so that it may fail, on a full disk for one.
fn sign(file: &mut File) {
    let text = format!("{:<10}\n", std::process::id());
    drop(file.rewind().and_then(|()| file.write_all(text.as_bytes())));
}

fn holder(file: &mut File) -> Option<u32> {
    let mut text = [0; 10];
    file.rewind().ok()?;
    file.read_exact(&mut text).ok()?;
    std::str::from_utf8(&text).ok()?.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHORT: Duration = Duration::from_millis(20);

    #[test]
    fn a_held_lock_is_waited_for_and_named() {
        let dir = tempfile::tempdir().expect("a temporary folder");
        let path = dir.path().join("lock");
        let guard = acquire(&path, 0o644, SHORT).expect("free");
        match acquire(&path, 0o644, SHORT) {
            Err(Error::Busy { waited, by, .. }) => {
                assert!(waited >= SHORT);
                assert_eq!(by, Some(std::process::id()));
            }
            other => panic!("{other:?}"),
        }
        drop(guard);
        acquire(&path, 0o644, SHORT).expect("free again");
        assert!(path.exists());
    }

    #[cfg(unix)]
    #[test]
    fn a_lock_that_is_no_plain_file_is_refused() {
        let dir = tempfile::tempdir().expect("a temporary folder");
        let (folder, link, victim) = (dir.path().join("folder"), dir.path().join("link"), dir.path().join("victim"));
        std::fs::create_dir(&folder).expect("made");
        std::os::unix::fs::symlink(&victim, &link).expect("made");
        for path in [&folder, &link] {
            assert!(matches!(acquire(path, 0o644, SHORT), Err(Error::NotOurs { .. })));
        }
        assert!(!victim.exists());
    }
}
