//! What can go wrong with coord's own files, with the operation and the path.
//! Must not know: which exit code that means, whether a commit goes through all the same.

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// A failure of this floor. Unless a variant says otherwise, what was there before is still there, untouched.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The system refused.
    #[error("could not {operation} {}", path.display())]
    Io {
        /// What was tried.
        operation: &'static str,
        /// On which path.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// Something else lies where a file or folder of coord's belongs; it was neither followed nor replaced.
    #[error("{} is {what}, which coord does not follow", path.display())]
    NotOurs {
        /// On which path.
        path: PathBuf,
        /// What lies there: "a symbolic link".
        what: &'static str,
    },
    /// The file is larger than any that coord writes; it was not read.
    #[error("{} has {bytes} bytes, more than the {limit} that coord reads", path.display())]
    TooLarge {
        /// On which path.
        path: PathBuf,
        /// Its size.
        bytes: u64,
        /// The most that is read.
        limit: u64,
    },
    /// The file does not hold what coord writes.
    #[error("{} cannot be understood: {what}", path.display())]
    Corrupt {
        /// On which path.
        path: PathBuf,
        /// What was wrong with it.
        what: String,
    },
    /// A later version of coord wrote the file; it is read, never overwritten.
    #[error("{} was written by a later version of coord (format {version})", path.display())]
    Newer {
        /// On which path.
        path: PathBuf,
        /// Its format version.
        version: u64,
    },
    /// Somebody else held the lock for as long as we may wait.
    #[error("{} was held by another coord{} for {waited:?}", path.display(), holder(*.by))]
    Busy {
        /// The lock's file.
        path: PathBuf,
        /// How long was waited.
        waited: Duration,
        /// The holder's process number, as far as it said so.
        by: Option<u32>,
    },
    /// The file system knows no locks, so that nothing can be written safely.
    #[error("the file system of {} supports no locks", path.display())]
    NoLocks {
        /// The lock's file.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// The new content is in place, but the system could not promise that it survives a power loss.
    #[error("{} was written, but may not survive a power loss", path.display())]
    Uncertain {
        /// On which path.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
}

/// Why something could not be read or recorded, in the coarse kinds that the edge tells apart.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Cause {
    /// The file system is read-only.
    ReadOnly,
    /// The disk or the quota is full.
    NoSpace,
    /// This user may not.
    Permission,
    /// Another coord was in the way; trying again helps.
    Busy,
    /// What lies there is not what coord left there, or a later version left it.
    Content,
    /// Anything else.
    Other,
}

fn holder(by: Option<u32>) -> String {
    by.map_or_else(String::new, |pid| format!(" (process {pid})"))
}

impl Error {
    /// Takes an error of the system.
    pub(crate) fn io(operation: &'static str, path: &Path, source: io::Error) -> Self {
        Self::Io { operation, path: path.to_owned(), source }
    }

    /// Says that a file's content is wrong.
    pub(crate) fn corrupt(path: &Path, what: impl Into<String>) -> Self {
        Self::Corrupt { path: path.to_owned(), what: what.into() }
    }

    /// The path it is about.
    #[must_use]
    pub fn path(&self) -> &Path {
        match self {
            Self::Io { path, .. }
            | Self::NotOurs { path, .. }
            | Self::TooLarge { path, .. }
            | Self::Corrupt { path, .. }
            | Self::Newer { path, .. }
            | Self::Busy { path, .. }
            | Self::NoLocks { path, .. }
            | Self::Uncertain { path, .. } => path,
        }
    }

    /// Its coarse kind.
    #[must_use]
    pub fn cause(&self) -> Cause {
        match self {
            Self::Io { source, .. } | Self::Uncertain { source, .. } => match source.kind() {
                io::ErrorKind::ReadOnlyFilesystem => Cause::ReadOnly,
                io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Cause::NoSpace,
                io::ErrorKind::PermissionDenied => Cause::Permission,
                _ => Cause::Other,
            },
            Self::Busy { .. } => Cause::Busy,
            Self::NotOurs { .. } | Self::TooLarge { .. } | Self::Corrupt { .. } | Self::Newer { .. } => Cause::Content,
            Self::NoLocks { .. } => Cause::Other,
        }
    }
}
