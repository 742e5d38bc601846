//! A pack's bytes, held in memory where they are few.
//! Must not know: what they mean.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

/// The packs that are held in memory have no more bytes than this together. Larger ones are read object by object.
pub(super) const HELD: u64 = 32 << 20;

/// One object read by itself takes about as long as so many bytes of the whole pack.
const AN_OBJECT: u64 = 2048;

const SIGNATURE: &[u8; 8] = b"PACK\0\0\0\x02";

/// A pack, as it was when it was opened.
#[derive(Debug)]
pub(super) struct PackData {
    path: PathBuf,
    file: File,
    len: u64,
    /// Whether there is room to hold it.
    small: bool,
    /// How many objects were read by themselves.
    reads: AtomicU64,
    /// All of it, from when on that is worth it; `None` where it could not be read.
    held: OnceLock<Option<Vec<u8>>>,
}

/// What was read last from a disk, and from where.
#[derive(Debug, Default)]
pub(super) struct Buffer {
    from: Option<(usize, u64)>,
    bytes: Vec<u8>,
}

impl PackData {
    /// Opens it; `None` where it cannot be read, or is in another format.
    pub(super) fn open(path: &Path, room: &mut u64) -> Option<Self> {
        let file = File::open(path).ok()?;
        let len = file.metadata().ok()?.len();
        let small = len <= *room;
        *room -= if small { len } else { 0 };
        let (reads, held) = (AtomicU64::new(0), OnceLock::new());
        let data = Self { path: path.to_owned(), file, len, small, reads, held };
        let mut buffer = Buffer::default();
        let whole = data.part((0, 0), SIGNATURE.len(), &mut buffer)? == SIGNATURE;
        whole.then_some(data)
    }

    /// `len` bytes from a place on, fewer at the pack's end. `from` is the pack's number and the place.
    pub(super) fn part<'b>(&'b self, from: (usize, u64), len: usize, buffer: &'b mut Buffer) -> Option<&'b [u8]> {
        if let Some(bytes) = self.held() {
            let rest = bytes.get(usize::try_from(from.1).ok()?..)?;
            return Some(&rest[..rest.len().min(len)]);
        }
        if buffer.from != Some(from) || buffer.bytes.len() < len {
            buffer.from = None;
            buffer.bytes.resize(len, 0);
            let there = read_up_to(&self.file, &mut buffer.bytes, from.1)?;
            buffer.bytes.truncate(there);
            buffer.from = Some(from);
        }
        Some(&buffer.bytes[..buffer.bytes.len().min(len)])
    }

    /// The whole pack, where so many of its objects were read that the rest is worth it. A pack never changes, so the file
    /// of that name is still the same.
    fn held(&self) -> Option<&[u8]> {
        if !self.small {
            return None;
        }
        let worth = self.len / AN_OBJECT;
        if self.held.get().is_none() && self.reads.fetch_add(1, Ordering::Relaxed) < worth {
            return None;
        }
        let read = || fs::read(&self.path).ok().filter(|bytes| bytes.len() as u64 == self.len);
        self.held.get_or_init(read).as_deref()
    }
}

/// Reads as much as there is, up to the buffer's length.
#[cfg(unix)]
pub(super) fn read_up_to(file: &File, buffer: &mut [u8], offset: u64) -> Option<usize> {
    use std::os::unix::fs::FileExt;
    let mut filled = 0;
    while filled < buffer.len() {
        match file.read_at(&mut buffer[filled..], offset + filled as u64) {
            Ok(0) => break,
            Ok(read) => filled += read,
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            Err(_) => return None,
        }
    }
    Some(filled)
}

/// Where a file cannot be read at a place without moving all its readers, libgit2 reads it.
#[cfg(not(unix))]
pub(super) fn read_up_to(_: &File, _: &mut [u8], _: u64) -> Option<usize> {
    None
}
