//! Names between git's bytes and the system's paths: what only Unix has about names and file kinds sits here.
//! Must not know: what any name means.

use std::fs::{File, Metadata};
use std::io;
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use crate::domain::path::RepoPath;
use crate::domain::time::Timestamp;

/// The system's path for bytes as git prints them.
#[cfg(unix)]
#[must_use]
pub fn to_path(bytes: &[u8]) -> PathBuf {
    use std::os::unix::ffi::OsStrExt as _;
    PathBuf::from(std::ffi::OsStr::from_bytes(bytes))
}

/// The system's path for bytes as git prints them.
#[cfg(not(unix))]
#[must_use]
pub fn to_path(bytes: &[u8]) -> PathBuf {
    PathBuf::from(String::from_utf8_lossy(bytes).into_owned())
}

/// A system path as the bytes that git would print.
#[cfg(unix)]
#[must_use]
pub fn to_bytes(path: &Path) -> Vec<u8> {
    use std::os::unix::ffi::OsStrExt as _;
    path.as_os_str().as_bytes().to_vec()
}

/// A system path as the bytes that git would print.
#[cfg(not(unix))]
#[must_use]
pub fn to_bytes(path: &Path) -> Vec<u8> {
    path.to_string_lossy().replace('\\', "/").into_bytes()
}

/// Where a path of the repository lies below the top of a worktree.
#[must_use]
pub fn below(top: &Path, path: &RepoPath) -> PathBuf {
    top.join(to_path(path.as_bytes()))
}

/// The mode git gives a file that it has not seen before; `None` for what it does not track (pipes, sockets, devices)
/// and for folders.
#[must_use]
pub fn mode_of(meta: &Metadata, file_mode: bool) -> Option<u32> {
    if meta.file_type().is_symlink() {
        return Some(0o120_000);
    }
    meta.file_type().is_file().then(|| if file_mode && is_executable(meta) { 0o100_755 } else { 0o100_644 })
}

#[cfg(unix)]
fn is_executable(meta: &Metadata) -> bool {
    use std::os::unix::fs::PermissionsExt as _;
    meta.permissions().mode() & 0o100 != 0
}

#[cfg(not(unix))]
fn is_executable(_meta: &Metadata) -> bool {
    false
}

/// Opens a file for reading, never through a link, and never waiting for the other end of a pipe.
pub(crate) fn open_plain(path: &Path) -> io::Result<File> {
    let mut options = File::options();
    options.read(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        let flags = rustix::fs::OFlags::NOFOLLOW | rustix::fs::OFlags::NONBLOCK | rustix::fs::OFlags::CLOEXEC;
        options.custom_flags(flags.bits().cast_signed());
    }
    options.open(path)
}

/// When a file was last written, as far as the file system tells.
#[must_use]
pub fn written_at(meta: &Metadata) -> Option<Timestamp> {
    let span = meta.modified().ok()?.duration_since(UNIX_EPOCH).ok()?;
    i64::try_from(span.as_secs()).ok().map(Timestamp)
}
