//! A file of which no more than a part is held.
//! Must not know: what it holds.

use std::fs::File;
use std::io::{Read as _, Seek as _, SeekFrom};
use std::path::Path;

/// How much of the file is held at a time on the way through it, and when single entries are looked up.
const ALONG: usize = 128 << 10;
const AROUND: usize = 4 << 10;

/// A part of a file that slides along.
pub(super) struct Window {
    file: File,
    /// How long the file is, and how much of it counts.
    pub(super) len: usize,
    from: usize,
    bytes: Vec<u8>,
    /// How much is read at a time.
    step: usize,
}

impl Window {
    pub(super) fn open(path: &Path) -> Option<Self> {
        let file = File::open(path).ok()?;
        let len = usize::try_from(file.metadata().ok()?.len()).ok()?;
        Some(Self { file, len, from: 0, bytes: Vec::new(), step: ALONG })
    }

    /// The bytes from `at` on: `least` of them and perhaps more; `None` where the file is shorter.
    pub(super) fn at(&mut self, at: usize, least: usize) -> Option<&[u8]> {
        let end = at.checked_add(least).filter(|&end| end <= self.len)?;
        if at < self.from || end > self.from + self.bytes.len() {
            self.file.seek(SeekFrom::Start(at as u64)).ok()?;
            self.from = at;
            self.bytes.resize(least.max(self.step).min(self.len - at), 0);
            self.file.read_exact(&mut self.bytes).ok()?;
        }
        self.bytes.get(at - self.from..)
    }

    /// From now on it is not gone through any more: single places are looked up.
    pub(super) fn settle(&mut self) {
        self.step = AROUND;
    }
}
