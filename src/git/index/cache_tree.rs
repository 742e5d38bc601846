//! The index's cache of trees: which folders are some tree as a whole.
//! Must not know: the entries, how the index is read.

use crate::domain::id::ObjectId;

/// No folder of a path that a system takes lies deeper.
const DEEPEST: usize = 1024;

/// A folder in the cache of trees.
pub(super) struct Folder<'d> {
    name: &'d [u8],
    /// How many entries are below it, and the tree that they make; `None` where that is not known any more.
    pub(super) known: Option<(usize, ObjectId)>,
    folders: Vec<Folder<'d>>,
}

impl<'d> Folder<'d> {
    /// Reads a folder and all below it; gives what follows it too.
    pub(super) fn read(data: &'d [u8], id_len: usize, depth: usize) -> Option<(Self, &'d [u8])> {
        if depth > DEEPEST {
            return None;
        }
        let nul = data.iter().position(|&b| b == 0)?;
        let (name, rest) = (&data[..nul], &data[nul + 1..]);
        let end = rest.iter().position(|&b| b == b'\n')?;
        let mut words = std::str::from_utf8(&rest[..end]).ok()?.split(' ');
        let count: i64 = words.next()?.parse().ok()?;
        let below: usize = words.next()?.parse().ok()?;
        let mut rest = &rest[end + 1..];
        let known = match usize::try_from(count) {
            Ok(count) => {
                let id = ObjectId::from_bytes(rest.get(..id_len)?)?;
                rest = &rest[id_len..];
                Some((count, id))
            }
            Err(_) => None,
        };
        let mut folders = Vec::new();
        for _ in 0..below {
            let (folder, after) = Self::read(rest, id_len, depth + 1)?;
            folders.push(folder);
            rest = after;
        }
        Some((Self { name, known, folders }, rest))
    }

    pub(super) fn folder(&self, name: &[u8]) -> Option<&Self> {
        self.folders.iter().find(|folder| folder.name == name)
    }
}
