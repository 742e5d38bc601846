//! What the file system notes of a file, and renews whenever anything about it changes.
//! Must not know: what the file holds, what the stamps are compared for.

use crate::domain::time::{Seconds, Timestamp};

/// When the last change of a file was, and which file it is: the numbers that git's index holds of it (times in seconds and
/// billionths of them, inode, owner, size), each cut to 32 bits as there. No two states of a path have the same, but for
/// changes within one step of the file system's clock.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Stamp(pub(super) [u32; Stamp::LEN]);

/// What changed less than so long ago may change again without another stamp: some file systems count in two seconds.
pub(super) const SETTLED: Seconds = Seconds(3);

impl Stamp {
    pub(super) const LEN: usize = 8;

    /// Of a path where nothing lies.
    pub(super) const NOTHING: Self = Self([0; Self::LEN]);

    /// Equal to that of nothing that ever lay anywhere.
    pub(super) const NEVER: Self = Self([u32::MAX; Self::LEN]);

    /// Whether whatever changes after `now` will give another one. The time of the last change is the system's own: nobody
    /// sets that back, as they may the time of writing.
    pub(super) fn is_settled(self, now: Timestamp) -> bool {
        self == Self::NOTHING || now.since(Timestamp(i64::from(self.0[0]))) >= SETTLED
    }

    /// Itself where it is settled, else one that will never be met again.
    pub(super) fn settled(self, now: Timestamp) -> Self {
        if self.is_settled(now) { self } else { Self::NEVER }
    }
}

#[cfg(target_os = "linux")]
pub(super) use linux::{Top, of_file};

#[cfg(target_os = "linux")]
mod linux {
    use std::os::fd::OwnedFd;
    use std::path::Path;

    use rustix::fs::{AtFlags, CWD, FileType, Mode, OFlags, Stat, fstat, fstatfs, open, statat};
    use rustix::io::Errno;

    use super::Stamp;

    /// File systems of this machine alone, which renew a folder's times whenever something in it comes or goes, by the
    /// system's own clock (statfs(2)): ext2 to ext4, XFS, Btrfs, tmpfs, overlayfs, F2FS, ZFS, bcachefs. Others may too; of
    /// those over a network or behind a program nobody can tell.
    const TRUSTED: [u32; 8] =
        [0xef53, 0x5846_5342, 0x9123_683e, 0x0102_1994, 0x794c_7630, 0xf2f5_2010, 0x2fc1_2fc1, 0xca45_1a4e];

    /// A folder below which paths are looked at, as they are: no link is followed at their end.
    pub(in crate::git) struct Top {
        folder: OwnedFd,
        device: u64,
    }

    impl Top {
        /// `None` where it cannot be opened, or where stamps may not tell.
        pub(in crate::git) fn open(dir: &Path) -> Option<Self> {
            let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
            let folder = open(dir, flags, Mode::empty()).ok()?;
            let system = low(fstatfs(&folder).ok()?.f_type);
            let device = fstat(&folder).ok()?.st_dev;
            TRUSTED.contains(&system).then_some(Self { folder, device })
        }

        /// Of whatever lies at a path, or of nothing; `None` where that cannot be told.
        pub(in crate::git) fn stamp(&self, path: &[u8]) -> Option<Stamp> {
            told(statat(&self.folder, path, AtFlags::SYMLINK_NOFOLLOW))
        }

        /// Of a folder, the empty path being the top itself; `None` where there is none on the same file system.
        pub(in crate::git) fn folder(&self, path: &[u8]) -> Option<Stamp> {
            let path = if path.is_empty() { b"." } else { path };
            let found = statat(&self.folder, path, AtFlags::SYMLINK_NOFOLLOW).ok()?;
            let is_folder = FileType::from_raw_mode(found.st_mode) == FileType::Directory;
            (is_folder && found.st_dev == self.device).then(|| stamp(&found))
        }
    }

    /// Of the file that a path leads to, or of nothing; `None` where that cannot be told.
    pub(in crate::git) fn of_file(path: &Path) -> Option<Stamp> {
        told(statat(CWD, path, AtFlags::empty()))
    }

    fn told(found: Result<Stat, Errno>) -> Option<Stamp> {
        match found {
            Ok(found) => Some(stamp(&found)),
            Err(Errno::NOENT | Errno::NOTDIR) => Some(Stamp::NOTHING),
            Err(_) => None,
        }
    }

    fn stamp(found: &Stat) -> Stamp {
        Stamp([
            low(found.st_ctime),
            low(found.st_ctime_nsec),
            low(found.st_mtime),
            low(found.st_mtime_nsec),
            low(found.st_ino),
            low(found.st_uid),
            low(found.st_gid),
            low(found.st_size),
        ])
    }

    fn low(number: impl Into<i128>) -> u32 {
        u32::try_from(number.into() & i128::from(u32::MAX)).unwrap_or(0)
    }
}

#[cfg(not(target_os = "linux"))]
pub(super) struct Top;

#[cfg(not(target_os = "linux"))]
pub(super) fn of_file(_path: &std::path::Path) -> Option<Stamp> {
    None
}

/// Where it was not tried which file systems keep their word, nothing is told.
#[cfg(not(target_os = "linux"))]
impl Top {
    pub(super) fn open(_dir: &std::path::Path) -> Option<Self> {
        None
    }

    pub(super) fn stamp(&self, _path: &[u8]) -> Option<Stamp> {
        None
    }

    pub(super) fn folder(&self, _path: &[u8]) -> Option<Stamp> {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_may_still_change_unseen_is_never_met_again() {
        let changed = |at: u32| Stamp([at, 5, 900_000, 0, 7, 1, 1, 3]);
        let now = Timestamp(1_000_000);
        assert_eq!(changed(999_997).settled(now), changed(999_997));
        for young in [999_998, 1_000_000, 1_000_100] {
            assert_eq!(changed(young).settled(now), Stamp::NEVER, "{young}");
        }
        assert_eq!(Stamp::NOTHING.settled(now), Stamp::NOTHING);
    }
}
