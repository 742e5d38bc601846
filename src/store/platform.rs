//! What only Unix has of files: opening without following links, permission bits, making a rename durable.
//! Must not know: what the files hold.

use std::fs::{File, Metadata, OpenOptions};
use std::io;
use std::path::Path;

/// Makes an opening fail on a symbolic link, and not hang on a FIFO.
#[cfg(unix)]
pub(super) fn no_follow(options: &mut OpenOptions) {
    use std::os::unix::fs::OpenOptionsExt as _;
    let flags = rustix::fs::OFlags::NOFOLLOW | rustix::fs::OFlags::NONBLOCK;
    // The bits are C's int; rustix keeps them unsigned.
    options.custom_flags(flags.bits().cast_signed());
}

#[cfg(not(unix))]
pub(super) fn no_follow(_options: &mut OpenOptions) {}

/// Whether an opening failed because of [`no_follow`].
#[cfg(unix)]
pub(super) fn was_link(error: &io::Error) -> bool {
    error.raw_os_error() == Some(rustix::io::Errno::LOOP.raw_os_error())
}

#[cfg(not(unix))]
pub(super) fn was_link(_error: &io::Error) -> bool {
    false
}

/// The permission bits; what a plain user makes, where the system has none.
#[cfg(unix)]
pub(super) fn mode(metadata: &Metadata) -> u32 {
    use std::os::unix::fs::PermissionsExt as _;
    metadata.permissions().mode() & 0o7777
}

#[cfg(not(unix))]
pub(super) fn mode(_metadata: &Metadata) -> u32 {
    0o755
}

/// Whether the file is this user's, and nobody else can read or write it.
#[cfg(unix)]
pub(super) fn is_own(metadata: &Metadata) -> bool {
    use std::os::unix::fs::MetadataExt as _;
    metadata.uid() == rustix::process::geteuid().as_raw() && mode(metadata).trailing_zeros() >= 6
}

#[cfg(not(unix))]
pub(super) fn is_own(_metadata: &Metadata) -> bool {
    false
}

/// Gives the file or folder these permission bits, whatever the umask made of them.
#[cfg(unix)]
pub(super) fn set_mode(path: &Path, bits: u32) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    if mode(&std::fs::symlink_metadata(path)?) == bits {
        return Ok(());
    }
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(bits))
}

#[cfg(not(unix))]
pub(super) fn set_mode(_path: &Path, _bits: u32) -> io::Result<()> {
    Ok(())
}

/// Makes what was renamed within the folder survive a power loss.
#[cfg(unix)]
pub(super) fn sync_folder(folder: &Path) -> io::Result<()> {
    match File::open(folder)?.sync_all() {
        // Some network file systems cannot; they order renames themselves.
        Err(error) if matches!(error.kind(), io::ErrorKind::InvalidInput | io::ErrorKind::Unsupported) => Ok(()),
        done => done,
    }
}

#[cfg(not(unix))]
pub(super) fn sync_folder(_folder: &Path) -> io::Result<()> {
    Ok(())
}

/// Fills `bytes` with what stands at `offset`.
#[cfg(unix)]
pub(super) fn read_at(file: &File, bytes: &mut [u8], offset: u64) -> io::Result<()> {
    std::os::unix::fs::FileExt::read_exact_at(file, bytes, offset)
}

#[cfg(not(unix))]
pub(super) fn read_at(mut file: &File, bytes: &mut [u8], offset: u64) -> io::Result<()> {
    use std::io::{Read as _, Seek as _, SeekFrom};
    file.seek(SeekFrom::Start(offset))?;
    file.read_exact(bytes)
}

/// What tells one file from another on this machine; `None` where the system has no such number.
#[cfg(unix)]
#[expect(clippy::unnecessary_wraps, reason = "other systems have none")]
pub(super) fn file_number(metadata: &Metadata) -> Option<(u64, u64)> {
    use std::os::unix::fs::MetadataExt as _;
    Some((metadata.dev(), metadata.ino()))
}

#[cfg(not(unix))]
pub(super) fn file_number(_metadata: &Metadata) -> Option<(u64, u64)> {
    None
}

/// Whether taking a lock failed because the file system has none.
pub(super) fn is_without_locks(error: &io::Error) -> bool {
    #[cfg(unix)]
    if [rustix::io::Errno::NOLCK, rustix::io::Errno::OPNOTSUPP, rustix::io::Errno::NOSYS]
        .iter()
        .any(|errno| error.raw_os_error() == Some(errno.raw_os_error()))
    {
        return true;
    }
    error.kind() == io::ErrorKind::Unsupported
}
