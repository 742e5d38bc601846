//! What the index notes of the files in the worktree, by which git sees that they did not change.
//! Must not know: how the files stand.

use std::path::Path;

use super::window::Window;
use super::{EXTENDED, Index, MODE, STAT, flags, number};
use crate::git::objects::ObjectFormat;
use crate::git::stamp::Stamp;
use crate::git::tree;

/// Of the flags: the file is taken to be as it was (`git update-index --assume-unchanged`).
const ASSUMED: u16 = 0x8000;
/// Of the further flags: the file is not wanted in the worktree.
const NOT_WANTED: u16 = 0x4000;

/// Gives each path of the index at `file`, in its order, with what the index notes of the file there. `None` where an index
/// is not plain (as for [`super::staged`]), where git would not look at a file, or looks into a submodule, and where `each`
/// ends it.
pub(in crate::git) fn stamps(
    file: &Path,
    format: ObjectFormat,
    mut each: impl FnMut(&[u8], Stamp) -> Option<()>,
) -> Option<()> {
    let index = Index::read(Window::open(file)?, format.id_len())?;
    for n in 0..index.entries.len() {
        let name = index.name(n)?;
        each(&name, index.stamp(n)?)?;
    }
    Some(())
}

impl Index {
    fn stamp(&self, n: usize) -> Option<Stamp> {
        let mut window = self.window.borrow_mut();
        let data = window.at(self.entries[n] as usize, STAT + self.id_len + 4)?;
        let bits = flags(data, STAT + self.id_len)?;
        let further = if bits & EXTENDED != 0 { flags(data, STAT + self.id_len + 2)? } else { 0 };
        if bits & ASSUMED != 0 || further & NOT_WANTED != 0 || number(data, MODE)? == tree::SUBMODULE {
            return None;
        }
        // Left out: the device, which git does not go by, and the mode, whose change the first time tells.
        let at = |word: usize| number(data, word * 4);
        Some(Stamp([at(0)?, at(1)?, at(2)?, at(3)?, at(5)?, at(7)?, at(8)?, at(9)?]))
    }
}
