//! Where remembered bytes are read from, a part at a time.
//! Must not know: what they mean, where they are kept.

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

/// Bytes that never change, wherever they are kept. What cannot be read reads as nothing.
#[derive(Clone)]
pub struct Source {
    len: u64,
    read: Arc<dyn Fn(Range<u64>) -> Option<Vec<u8>> + Send + Sync>,
}

impl Source {
    /// `len` bytes, of which `read` gives those asked for, or nothing.
    #[must_use]
    pub fn new(len: u64, read: impl Fn(Range<u64>) -> Option<Vec<u8>> + Send + Sync + 'static) -> Self {
        Self { len, read: Arc::new(read) }
    }

    /// How many there are.
    pub(super) fn len(&self) -> u64 {
        self.len
    }

    /// All those asked for; nothing where there are not so many.
    pub(super) fn read(&self, range: Range<u64>) -> Option<Vec<u8>> {
        if range.start > range.end || range.end > self.len {
            return None;
        }
        let wanted = range.end - range.start;
        (self.read)(range).filter(|bytes| bytes.len() as u64 == wanted)
    }
}

impl fmt::Debug for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Source").field("len", &self.len).finish_non_exhaustive()
    }
}
