//! A pack's bytes, held in memory where they are few.
//! Must not know: what they mean.

use std::fs::{self, File};
use std::path::Path;

/// The packs that are held in memory have no more bytes than this together. Larger ones are read object by object.
pub(super) const HELD: u64 = 32 << 20;

const SIGNATURE: &[u8; 8] = b"PACK\0\0\0\x02";

/// A pack, as it was when it was opened.
#[derive(Debug)]
pub(super) enum PackData {
    Held(Vec<u8>),
    OnDisk(File),
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
        let len = fs::metadata(path).ok()?.len();
        let data = if len <= *room {
            *room -= len;
            Self::Held(fs::read(path).ok()?)
        } else {
            Self::OnDisk(File::open(path).ok()?)
        };
        let mut buffer = Buffer::default();
        let whole = data.part((0, 0), SIGNATURE.len(), &mut buffer)? == SIGNATURE;
        whole.then_some(data)
    }

    /// `len` bytes from a place on, fewer at the pack's end. `from` is the pack's number and the place.
    pub(super) fn part<'b>(&'b self, from: (usize, u64), len: usize, buffer: &'b mut Buffer) -> Option<&'b [u8]> {
        match self {
            Self::Held(bytes) => {
                let rest = bytes.get(usize::try_from(from.1).ok()?..)?;
                Some(&rest[..rest.len().min(len)])
            }
            Self::OnDisk(file) => {
                if buffer.from != Some(from) || buffer.bytes.len() < len {
                    buffer.from = None;
                    buffer.bytes.resize(len, 0);
                    let there = read_up_to(file, &mut buffer.bytes, from.1)?;
                    buffer.bytes.truncate(there);
                    buffer.from = Some(from);
                }
                Some(&buffer.bytes[..buffer.bytes.len().min(len)])
            }
        }
    }
}

/// Reads as much as there is, up to the buffer's length.
#[cfg(unix)]
fn read_up_to(file: &File, buffer: &mut [u8], offset: u64) -> Option<usize> {
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
fn read_up_to(_: &File, _: &mut [u8], _: u64) -> Option<usize> {
    None
}
