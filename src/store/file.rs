//! Reading and replacing whole files so that nobody ever sees half of one, or loses one.
//! Must not know: what the files hold.

use std::fs::{self, File, Metadata, OpenOptions};
use std::io::{self, ErrorKind, Read as _, Write as _};
use std::path::{Path, PathBuf};

use super::error::Error;
use super::platform;

/// The most that is read of a file that coord writes whole.
pub(super) const LARGEST: u64 = 16 << 20;

/// What a replaced file has to outlive.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Lasting {
    /// A power loss: costs waiting for the disk.
    PowerLoss,
    /// The process alone. After a power loss the file may be empty.
    Process,
}

/// Reads a whole file of at most `limit` bytes. `None` means that there is no such file, and nothing else does.
///
/// # Errors
/// [`Error::NotOurs`] for anything but a plain file, [`Error::TooLarge`], [`Error::Io`].
pub(super) fn read(path: &Path, limit: u64) -> Result<Option<Vec<u8>>, Error> {
    let Some(file) = open(path, OpenOptions::new().read(true))? else { return Ok(None) };
    let bytes = file.metadata().map_err(|source| Error::io("read", path, source))?.len();
    if bytes > limit {
        return Err(Error::TooLarge { path: path.to_owned(), bytes, limit });
    }
    let mut content = Vec::with_capacity(usize::try_from(bytes).unwrap_or(0));
    // It may grow while it is read.
    file.take(limit + 1).read_to_end(&mut content).map_err(|source| Error::io("read", path, source))?;
    let bytes = content.len() as u64;
    if bytes > limit { Err(Error::TooLarge { path: path.to_owned(), bytes, limit }) } else { Ok(Some(content)) }
}

/// Opens a plain file without following a link in its place. `None` means that there is no such file.
///
/// # Errors
/// [`Error::NotOurs`] for anything but a plain file, else [`Error::Io`].
pub(super) fn open(path: &Path, options: &mut OpenOptions) -> Result<Option<File>, Error> {
    Ok(open_known(path, options)?.map(|(file, _)| file))
}

/// As [`open`], with what the system said of the file.
///
/// # Errors
/// As [`open`].
pub(super) fn open_known(path: &Path, options: &mut OpenOptions) -> Result<Option<(File, Metadata)>, Error> {
    platform::no_follow(options);
    match options.open(path) {
        Ok(file) => {
            let metadata = file.metadata().map_err(|source| Error::io("look at", path, source))?;
            check_plain(path, &metadata)?;
            Ok(Some((file, metadata)))
        }
        Err(error) if platform::was_link(&error) => Err(not_ours(path, "a symbolic link")),
        Err(source) => {
            // Opening a folder for writing, or a FIFO that nobody reads, fails with an error that says little.
            look(path)?;
            if source.kind() == ErrorKind::NotFound { Ok(None) } else { Err(Error::io("open", path, source)) }
        }
    }
}

/// Looks at what lies there without following it. `None` means that nothing does.
///
/// # Errors
/// [`Error::NotOurs`] for anything but a plain file, else [`Error::Io`].
pub(super) fn look(path: &Path) -> Result<Option<Metadata>, Error> {
    match fs::symlink_metadata(path) {
        Ok(metadata) => check_plain(path, &metadata).map(|()| Some(metadata)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(source) => Err(Error::io("look at", path, source)),
    }
}

fn check_plain(path: &Path, metadata: &Metadata) -> Result<(), Error> {
    let kind = metadata.file_type();
    if kind.is_file() {
        Ok(())
    } else if kind.is_symlink() {
        Err(not_ours(path, "a symbolic link"))
    } else if kind.is_dir() {
        Err(not_ours(path, "a folder"))
    } else {
        Err(not_ours(path, "no plain file"))
    }
}

pub(super) fn not_ours(path: &Path, what: &'static str) -> Error {
    Error::NotOurs { path: path.to_owned(), what }
}

/// Puts `bytes` in place of the file in one step: a reader, and whoever comes after a crash, finds the old content or
/// the new. The file gets the permission bits `mode`.
///
/// The caller holds the lock of the file's folder. A crash may leave one file `.NAME.tmp` behind, which the next
/// replacement of the same file removes.
///
/// # Errors
/// [`Error::Uncertain`] where the new content stands but is not durable; after all others the old stands.
pub(super) fn replace(path: &Path, bytes: &[u8], mode: u32, lasting: Lasting) -> Result<(), Error> {
    look(path)?;
    let temporary = temporary(path);
    let written = write_new(&temporary, bytes, mode, lasting)
        .and_then(|()| rename(&temporary, path).map_err(|source| Error::io("replace", path, source)));
    if let Err(error) = written {
        // It is only in the way of nobody: the next replacement removes it too.
        drop(fs::remove_file(&temporary));
        return Err(error);
    }
    if lasting == Lasting::PowerLoss
        && let Some(folder) = path.parent()
    {
        platform::sync_folder(folder).map_err(|source| Error::Uncertain { path: path.to_owned(), source })?;
    }
    Ok(())
}

fn temporary(path: &Path) -> PathBuf {
    let mut name = std::ffi::OsString::from(".");
    name.push(path.file_name().unwrap_or_default());
    name.push(".tmp");
    path.with_file_name(name)
}

fn write_new(path: &Path, bytes: &[u8], mode: u32, lasting: Lasting) -> Result<(), Error> {
    let failed = |operation| move |source| Error::io(operation, path, source);
    // Left by a crash, or planted: either way the name goes, never what it may point to.
    remove(path)?;
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    platform::no_follow(&mut options);
    let mut file = options.open(path).map_err(failed("create"))?;
    platform::set_mode(path, mode).map_err(failed("set the permissions of"))?;
    file.write_all(bytes).map_err(failed("write"))?;
    if lasting == Lasting::PowerLoss {
        // Not tried again where it fails: the system may have dropped the pages already.
        file.sync_all().map_err(failed("write"))?;
    }
    Ok(())
}

/// Renames over the target. Windows refuses while a scanner has the file open for a moment.
pub(super) fn rename(from: &Path, to: &Path) -> io::Result<()> {
    let mut tries = if cfg!(windows) { 20 } else { 1 };
    loop {
        tries -= 1;
        match fs::rename(from, to) {
            Err(error) if error.kind() == ErrorKind::PermissionDenied && tries > 0 => {
                std::thread::sleep(std::time::Duration::from_millis(50));
            }
            done => return done,
        }
    }
}

/// Removes a file or link; that there is none is what was wanted.
///
/// # Errors
/// [`Error::Io`].
pub(super) fn remove(path: &Path) -> Result<bool, Error> {
    match fs::remove_file(path) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(false),
        Err(source) => Err(Error::io("remove", path, source)),
    }
}

/// Whether a real folder lies there. `false` means that nothing does.
///
/// # Errors
/// [`Error::NotOurs`] for anything else, a link to a folder included; [`Error::Io`].
pub(super) fn is_folder(path: &Path) -> Result<bool, Error> {
    match fs::symlink_metadata(path) {
        Ok(metadata) if metadata.is_dir() => Ok(true),
        Ok(metadata) if metadata.is_symlink() => Err(not_ours(path, "a symbolic link")),
        Ok(_) => Err(not_ours(path, "no folder")),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(false),
        Err(source) => Err(Error::io("look at", path, source)),
    }
}

/// Makes the folder with the permission bits `mode` where it is missing. Its parent must be there.
///
/// # Errors
/// As [`is_folder`].
pub(super) fn make_folder(path: &Path, mode: u32) -> Result<(), Error> {
    if is_folder(path)? {
        return Ok(());
    }
    match fs::create_dir(path) {
        Ok(()) => platform::set_mode(path, mode).map_err(|source| Error::io("set the permissions of", path, source)),
        // Another coord was faster.
        Err(error) if error.kind() == ErrorKind::AlreadyExists => is_folder(path).map(drop),
        Err(source) => Err(Error::io("create", path, source)),
    }
}

/// The names in a folder that end with `suffix` and are UTF-8, sorted. Nothing where there is no such folder.
///
/// # Errors
/// As [`is_folder`].
pub(super) fn names(folder: &Path, suffix: &str) -> Result<Vec<String>, Error> {
    if !is_folder(folder)? {
        return Ok(Vec::new());
    }
    let failed = |source| Error::io("list", folder, source);
    let mut names = Vec::new();
    for entry in fs::read_dir(folder).map_err(failed)? {
        if let Ok(name) = entry.map_err(failed)?.file_name().into_string()
            && name.ends_with(suffix)
        {
            names.push(name);
        }
    }
    names.sort_unstable();
    Ok(names)
}
