//! Whether a tree gives any path attributes at all.
//! Must not know: what attributes there are, what they mean.

use super::super::error::Error;
use super::super::objects::Objects;
use super::super::tree::{Entry, Listing};
use crate::domain::id::ObjectId;
use crate::domain::path::RepoPath;

/// The file that says it of the paths beside and below it (gitattributes(5)).
const NAME: &[u8] = b".gitattributes";

/// Whether no folder of the tree above one of the paths, which are sorted, has such a file.
///
/// # Errors
/// Where a tree cannot be read.
pub fn says_nothing<'p>(
    objects: &Objects,
    tree: ObjectId,
    paths: impl Iterator<Item = &'p RepoPath>,
) -> Result<bool, Error> {
    let paths: Vec<&[u8]> = paths.map(RepoPath::as_bytes).collect();
    says_nothing_below(objects, tree, &paths)
}

fn says_nothing_below(objects: &Objects, tree: ObjectId, paths: &[&[u8]]) -> Result<bool, Error> {
    let listing = Listing::read(objects, Some(tree))?;
    if (0..listing.len()).any(|n| listing.name(n).eq_ignore_ascii_case(NAME)) {
        return Ok(false);
    }
    let below: Vec<(&[u8], &[u8])> = paths.iter().filter_map(|path| in_folder(path)).collect();
    for paths in below.chunk_by(|one, other| one.0 == other.0) {
        let Some(folder) = listing.find(paths[0].0).filter(Entry::is_tree) else { continue };
        let paths: Vec<&[u8]> = paths.iter().map(|(_, path)| *path).collect();
        if !says_nothing_below(objects, folder.id, &paths)? {
            return Ok(false);
        }
    }
    Ok(true)
}

/// The outermost folder of a path, and the path in there; `None` of a path that is in no folder.
fn in_folder(path: &[u8]) -> Option<(&[u8], &[u8])> {
    let end = path.iter().position(|&b| b == b'/')?;
    Some((&path[..end], &path[end + 1..]))
}
