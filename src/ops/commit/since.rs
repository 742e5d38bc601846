//! Since when the other has what stands in the way.
//! Must not know: the verdict.

use std::fs;
use std::os::unix::ffi::OsStrExt as _;
use std::time::UNIX_EPOCH;

use crate::domain::id::ObjectId;
use crate::domain::path::RepoPath;
use crate::domain::time::Timestamp;
use crate::git::objects::Objects;
use crate::git::tree;

use super::others::Other;

/// No further than so many commits back is looked for the one that brought a path.
const FARTHEST: usize = 200;

/// When the other committed the path, or touched its file where it is not committed. `None` where that
/// cannot be told: it is for the message only, so no error is worth more than silence.
pub fn of(objects: &Objects, target: ObjectId, other: &Other, uncommitted: bool, path: &RepoPath) -> Option<Timestamp> {
    if uncommitted { touched(other, path) } else { committed(objects, target, other.committed?, path) }
}

fn touched(other: &Other, path: &RepoPath) -> Option<Timestamp> {
    let file = other.who.worktree.as_ref()?.path.join(std::ffi::OsStr::from_bytes(path.as_bytes()));
    let changed = fs::symlink_metadata(file).ok()?.modified().ok()?;
    let seconds = changed.duration_since(UNIX_EPOCH).ok()?.as_secs();
    i64::try_from(seconds).ok().map(Timestamp)
}

/// Walks back from `tip` along first parents to the commit since which the path is as it is.
fn committed(objects: &Objects, target: ObjectId, tip: ObjectId, path: &RepoPath) -> Option<Timestamp> {
    let at = |commit: ObjectId| {
        let commit = objects.commit(commit).ok()?;
        let entry = tree::entry_at(objects, commit.tree, path).ok()?;
        Some((commit, entry))
    };
    let (mut commit, entry) = at(tip)?;
    let mut changed = false;
    for _ in 0..FARTHEST {
        let Some(&parent) = commit.parents.first().filter(|parent| **parent != target) else { break };
        match at(parent) {
            Some((before, same)) if same == entry => commit = before,
            _ => {
                changed = true;
                break;
            }
        }
    }
    // What it never had it has elsewhere, where the target had moved it from.
    (changed || entry.is_some()).then_some(commit.committer_time)
}
