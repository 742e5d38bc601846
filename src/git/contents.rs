//! What lies at a path of a worktree: bytes, a link's text, nothing. No link is followed, no pipe is opened.
//! Must not know: what git would store for it.

use std::fs::{self, Metadata};
use std::io::{self, Read as _};
use std::path::Path;

use super::error::Error;
use super::names;
use crate::domain::path::RepoPath;

/// Larger files are not read whole: git tells their ids, and they are judged as binary.
pub(crate) const LARGEST: u64 = 64 << 20;

/// How often a file that changes while it is read is tried again.
const TRIES: usize = 3;

/// What lies at a path.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Lying {
    /// Nothing that git would track: no file, a folder, a pipe.
    Nothing,
    /// Nothing, as something that is no folder lies at one of the folders above.
    Blocked(RepoPath),
    /// A symbolic link with its text.
    Link(Vec<u8>),
    /// A file with its bytes.
    File { bytes: Vec<u8>, executable: bool },
    /// A file of more bytes than were to be read.
    Large { executable: bool },
}

/// Looks at `path` below `top`, reading at most `limit` bytes.
pub(crate) fn look(top: &Path, path: &RepoPath, limit: u64) -> Result<Lying, Error> {
    for above in ancestors(path) {
        match fs::symlink_metadata(names::below(top, &above)) {
            Ok(meta) if meta.is_dir() => {}
            Ok(_) => return Ok(Lying::Blocked(above)),
            Err(error) => return absent(error, top, path),
        }
    }
    let place = names::below(top, path);
    for _ in 0..TRIES {
        let meta = match fs::symlink_metadata(&place) {
            Ok(meta) => meta,
            Err(error) => return absent(error, top, path),
        };
        match read(&place, &meta, limit) {
            Ok(Some(lying)) => return Ok(lying),
            Ok(None) => {}
            Err(error) => return absent(error, top, path),
        }
    }
    let source = io::Error::other("it changes while it is read");
    Err(Error::File { operation: "read", path: place, source })
}

/// Whether nothing but a folder, or nothing at all, lies at `path`.
pub(crate) fn is_folder(top: &Path, path: &RepoPath) -> bool {
    fs::symlink_metadata(names::below(top, path)).map_or(true, |meta| meta.is_dir())
}

/// Missing is an answer; everything else is not.
fn absent(error: io::Error, top: &Path, path: &RepoPath) -> Result<Lying, Error> {
    match error.kind() {
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => Ok(Lying::Nothing),
        _ => Err(Error::File { operation: "read", path: names::below(top, path), source: error }),
    }
}

/// Reads what `meta` describes; `None` where it changed meanwhile.
fn read(place: &Path, meta: &Metadata, limit: u64) -> io::Result<Option<Lying>> {
    let Some(mode) = names::mode_of(meta, true) else { return Ok(Some(Lying::Nothing)) };
    if meta.file_type().is_symlink() {
        return Ok(Some(Lying::Link(names::to_bytes(&fs::read_link(place)?))));
    }
    let executable = mode == 0o100_755;
    if meta.len() > limit.min(LARGEST) {
        return Ok(Some(Lying::Large { executable }));
    }
    let mut bytes = Vec::new();
    names::open_plain(place)?.take(meta.len() + 1).read_to_end(&mut bytes)?;
    let after = fs::symlink_metadata(place)?;
    let same =
        after.len() == meta.len() && after.len() == bytes.len() as u64 && after.modified()? == meta.modified()?;
    Ok(same.then_some(Lying::File { bytes, executable }))
}

/// The folders above a path, outermost first.
pub(crate) fn ancestors(path: &RepoPath) -> Vec<RepoPath> {
    let mut above: Vec<RepoPath> = std::iter::successors(path.parent(), RepoPath::parent).collect();
    above.reverse();
    above
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;
    use std::os::unix::fs::{PermissionsExt as _, symlink};

    fn path(text: &str) -> RepoPath {
        RepoPath::new(text).expect("valid")
    }

    #[test]
    fn links_are_not_followed_and_pipes_not_opened() {
        let dir = tempfile::tempdir().expect("a folder");
        let top = dir.path();
        fs::create_dir(top.join("real")).expect("made");
        fs::write(top.join("real/a"), "x").expect("written");
        fs::set_permissions(top.join("real/a"), fs::Permissions::from_mode(0o755)).expect("set");
        symlink("real", top.join("link")).expect("made");
        symlink("/etc/passwd", top.join("out")).expect("made");
        let fifo = top.join("fifo");
        let made = std::process::Command::new("mkfifo").arg(&fifo).status().expect("mkfifo runs");
        assert!(made.success());
        let at = |text: &str| look(top, &path(text), 100).expect("readable");
        assert_eq!(at("real/a"), Lying::File { bytes: b"x".to_vec(), executable: true });
        assert_eq!(at("link/a"), Lying::Blocked(path("link")));
        assert_eq!(at("out"), Lying::Link(b"/etc/passwd".to_vec()));
        assert_eq!(at("fifo"), Lying::Nothing);
        assert_eq!(at("real"), Lying::Nothing);
        assert_eq!(at("real/a/b"), Lying::Blocked(path("real/a")));
        assert_eq!(at("none/b"), Lying::Nothing);
    }
}
