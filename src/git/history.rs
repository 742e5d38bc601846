//! History. (Stands in until the engine's file is merged.)
//! Must not know: refs, worktrees.

use std::collections::BTreeSet;

use super::error::Error;
use super::objects::Objects;
use crate::domain::id::ObjectId;

/// is ancestor
pub fn is_ancestor(objects: &Objects, ancestor: ObjectId, descendant: ObjectId) -> Result<bool, Error> {
    let mut seen = BTreeSet::new();
    let mut todo = vec![descendant];
    while let Some(id) = todo.pop() {
        if id == ancestor {
            return Ok(true);
        }
        if seen.insert(id) {
            todo.extend(objects.commit(id)?.parents);
        }
    }
    Ok(false)
}
