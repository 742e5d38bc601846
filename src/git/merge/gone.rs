//! Directories that are gone: from a side's tree, or from what is left of two sides together.
//! Must not know: where they went, what that means for anybody.

use super::super::error::Error;
use super::super::objects::Objects;
use super::super::tree::{Entry, Listing};
use crate::domain::id::ObjectId;
use crate::domain::path::RepoPath;

/// The outermost directory above `path` that is in `base` and not in `tree`.
pub(super) fn from_tree(
    objects: &Objects,
    base: Option<ObjectId>,
    tree: Option<ObjectId>,
    path: &RepoPath,
) -> Result<Option<RepoPath>, Error> {
    let (mut base, mut tree, mut end) = (base, tree, 0);
    let names: Vec<&[u8]> = path.components().collect();
    for name in &names[..names.len() - 1] {
        if base == tree {
            return Ok(None);
        }
        let below = |tree: Option<ObjectId>| -> Result<Option<ObjectId>, Error> {
            let entry = Listing::read(objects, tree)?.find(name);
            Ok(entry.filter(Entry::is_tree).map(|entry| entry.id))
        };
        (base, tree) = (below(base)?, below(tree)?);
        end += name.len() + usize::from(end > 0);
        match (base, tree) {
            (Some(_), None) => return Ok(RepoPath::new(&path.as_bytes()[..end]).ok()),
            (None, _) => return Ok(None),
            _ => {}
        }
    }
    Ok(None)
}

/// The outermost directory above `path` that is in `base` and in `ours`, and of which nothing is left once what `theirs` did
/// to it is done to `ours`.
pub(super) fn from_both(
    objects: &Objects,
    base: Option<ObjectId>,
    (ours, theirs): (Option<ObjectId>, Option<ObjectId>),
    path: &RepoPath,
) -> Result<Option<RepoPath>, Error> {
    let (mut base, mut ours, mut theirs, mut end) = (base, ours, theirs, 0);
    let names: Vec<&[u8]> = path.components().collect();
    for name in &names[..names.len() - 1] {
        if base == theirs {
            return Ok(None);
        }
        let below = |tree: Option<ObjectId>| -> Result<Option<ObjectId>, Error> {
            Ok(tree_of(Listing::read(objects, tree)?.find(name)))
        };
        (base, ours, theirs) = (below(base)?, below(ours)?, below(theirs)?);
        end += name.len() + usize::from(end > 0);
        if base.is_none() || ours.is_none() {
            return Ok(None);
        }
        if base != theirs && leaves_nothing(objects, base, ours, theirs)? {
            return Ok(RepoPath::new(&path.as_bytes()[..end]).ok());
        }
    }
    Ok(None)
}

fn tree_of(entry: Option<Entry>) -> Option<ObjectId> {
    entry.filter(Entry::is_tree).map(|entry| entry.id)
}

/// Whether what one side has of a directory is just what the other took away.
fn leaves_nothing(
    objects: &Objects,
    base: Option<ObjectId>,
    ours: Option<ObjectId>,
    theirs: Option<ObjectId>,
) -> Result<bool, Error> {
    if ours == base || theirs == base {
        return Ok(if ours == base { theirs.is_none() } else { ours.is_none() });
    }
    let read = |tree| Listing::read(objects, tree);
    let (base, ours, theirs) = (read(base)?, read(ours)?, read(theirs)?);
    for (one, other) in [(&ours, &theirs), (&theirs, &ours)] {
        for n in 0..one.len() {
            let (was, has, others) = (base.find(one.name(n)), one.entry(n), other.find(one.name(n)));
            let is_left = match others {
                _ if has.is_tree() => !leaves_nothing(objects, tree_of(was), Some(has.id), tree_of(others))?,
                Some(_) => true,
                None => was != Some(has),
            };
            if is_left {
                return Ok(false);
            }
        }
    }
    Ok(true)
}
