//! Pairs of lines of work that meet because git would take what one adds for the new name of what the target lost.
//! Must not know: directories, contents beyond likeness, verdicts.

use std::collections::BTreeSet;

use super::super::error::Error;
use super::super::rename;
use super::super::tree::{self, Entry};
use super::brought::Brought;
use super::meeting::Group;
use super::{Work, gone};

/// Git's threshold is 50; coord's sums differ a little from git's, and asking once too often does no harm.
const PERHAPS_ALIKE: usize = 35;

/// The pairs of one line that changed or deleted a path which the target lost since, or that added one to a directory
/// which it lost, and another that adds a file much like what was lost. On top of the other the path, or the directory,
/// seems to have moved there.
pub(super) fn find(work: &Work<'_>, brought: &[Brought], groups: &[Group]) -> Result<BTreeSet<(usize, usize)>, Error> {
    let mut lost: Vec<(usize, Entry)> = Vec::new();
    for (n, line) in brought.iter().enumerate().filter(|(_, line)| line.lands()) {
        let gone = line.touched.iter().filter(|touched| touched.ours.is_none()).filter_map(|touched| touched.base);
        lost.extend(gone.filter(Entry::is_file).map(|entry| (n, entry)));
        // Where it cannot be told the line's own merge was git's, and said so.
        let left = work.or_reason(left_beside(work, line))?.unwrap_or_default();
        lost.extend(left.into_iter().map(|entry| (n, entry)));
    }
    let mut found = BTreeSet::new();
    for group in groups.iter().filter(|group| group.target.is_none() && !lost.is_empty()) {
        work.breathe("the search for moves")?;
        for side in group.sides.iter().filter(|side| brought[side.line].lands()) {
            let Some(added) = side.effective.filter(Entry::is_file) else { continue };
            for &(line, gone) in lost.iter().filter(|(line, _)| *line != side.line) {
                let pair = (line.min(side.line), line.max(side.line));
                if !found.contains(&pair) && alike(work, gone, added)? {
                    found.insert(pair);
                }
            }
        }
    }
    Ok(found)
}

/// What lay in directories that the target lost since and that the line adds something to.
fn left_beside(work: &Work<'_>, line: &Brought) -> Result<BTreeSet<Entry>, Error> {
    let (objects, target) = (work.judge.objects, Some(work.target_tree));
    let mut directories = BTreeSet::new();
    for touched in line.touched.iter().filter(|touched| touched.is_new()) {
        directories.extend(gone::from_tree(objects, line.base, target, &touched.path)?);
    }
    let mut left = BTreeSet::new();
    for directory in directories {
        let Some(base) = line.base else { continue };
        let tree = tree::entry_at(objects, base, &directory)?.filter(Entry::is_tree);
        let files = tree::diff(objects, tree.map(|tree| tree.id), None)?;
        left.extend(files.into_iter().filter_map(|file| file.before).filter(Entry::is_file));
    }
    Ok(left)
}

/// Whether git might take the one for the other's new content. Where it cannot be told, git may know.
pub(super) fn alike(work: &Work<'_>, gone: Entry, added: Entry) -> Result<bool, Error> {
    if gone.id == added.id {
        return Ok(true);
    }
    let likeness = rename::likeness(work.judge.objects, gone, added);
    Ok(work.or_reason(likeness)?.unwrap_or(100) >= PERHAPS_ALIKE)
}
