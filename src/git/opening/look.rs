//! A look at folders and files that tells, later, whether anything about them changed.
//! Must not know: what they are looked at for.

use std::path::{Path, PathBuf};

use crate::domain::time::Timestamp;

/// How folders and files stood.
pub(super) struct Look {
    /// Equal for two looks where nothing changed in between, but for what changed within the clock's last step.
    pub(super) told: Vec<u8>,
    /// When the last of the files changed.
    pub(super) youngest: Timestamp,
}

/// The one device that holds a configuration: none.
const NOTHING: &str = "/dev/null";

/// Looks at folders, of which only which one it is counts, and whose, and at files, there or not. `None` where a folder
/// belongs to somebody else or is none, or where a file cannot be looked at or is something else.
#[cfg(unix)]
pub(super) fn at(folders: &[&Path], files: &[PathBuf]) -> Option<Look> {
    use std::io::ErrorKind;
    use std::os::unix::fs::MetadataExt as _;

    let me = rustix::process::geteuid().as_raw();
    let mut look = Look { told: Vec::new(), youngest: Timestamp(i64::MIN) };
    let mut tell = |numbers: &[u64]| look.told.extend(numbers.iter().flat_map(|number| number.to_le_bytes()));
    for folder in folders {
        let found = folder.metadata().ok().filter(|found| found.is_dir() && found.uid() == me)?;
        tell(&[found.dev(), found.ino()]);
    }
    for file in files {
        let found = match file.metadata() {
            Ok(found) => found,
            // As good as none for git too.
            Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {
                tell(&[0]);
                continue;
            }
            Err(_) => return None,
        };
        if found.is_file() {
            let [changed, written] = [found.ctime(), found.mtime()];
            let parts = [found.ctime_nsec(), found.mtime_nsec()].map(i64::cast_unsigned);
            tell(&[1, found.dev(), found.ino(), found.len(), u64::from(found.mode()), u64::from(found.uid())]);
            tell(&[changed.cast_unsigned(), parts[0], written.cast_unsigned(), parts[1]]);
            look.youngest = look.youngest.max(Timestamp(changed.max(written)));
        } else if found.is_dir() && file.ends_with(".git") {
            tell(&[2, found.dev(), found.ino(), u64::from(found.uid() == me)]);
        } else if file == Path::new(NOTHING) {
            tell(&[3]);
        } else {
            return None;
        }
    }
    Some(look)
}

/// Where nothing tells which file is which, nothing can be told.
#[cfg(not(unix))]
pub(super) fn at(_folders: &[&Path], _files: &[PathBuf]) -> Option<Look> {
    None
}
