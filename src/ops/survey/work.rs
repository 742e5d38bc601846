//! The working set of one instance: what its commits and its files changed since the fork point, by path and layer.
//! Must not know: anybody else's work.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use super::reading::Taken;
use crate::domain::lazy::Lazy;
use crate::domain::path::RepoPath;
use crate::domain::text::{self, LineTable};
use crate::domain::working_set::{Change, Layer, Status as Kind, WorkingSet};
use crate::git::merge::LineAnswer;
use crate::git::objects::Objects;
use crate::git::tree::{Entry, TreeChange};
use crate::git::{self, status};

/// Larger files are not diffed for their size alone.
const LARGEST: usize = 512 << 10;

/// Puts the layers together. `committed` is what the tip changed, where that is not all that `answer` says; the answer's
/// is what the worktree as it lies changed.
pub(super) fn set(taken: &Taken, committed: Option<&[TreeChange]>, answer: Option<LineAnswer>) -> WorkingSet {
    let known = answer.is_some();
    let (all, renames) = answer.map(|answer| (answer.changes, answer.renames)).unwrap_or_default();
    let as_committed = committed.is_none() && taken.status.entries.is_empty();
    if as_committed && renames.is_empty() {
        let changes = Lazy::new(all.len(), move || all.iter().cloned().map(entered).collect());
        return WorkingSet { changes, added_lines: None, deleted_lines: None };
    }
    let mut changes = if as_committed {
        all.into_inner().into_iter().map(entered).collect()
    } else {
        layered(taken, committed.unwrap_or(&all), known.then_some(&all))
    };
    for (from, to) in renames {
        if let Some(change) = changes.get_mut(&to) {
            change.status = Kind::Renamed;
            change.from = Some(from);
        }
    }
    WorkingSet { changes: changes.into(), added_lines: None, deleted_lines: None }
}

fn entered(change: TreeChange) -> (RepoPath, Change) {
    let status = kind(&change);
    (change.path, Change { layers: BTreeSet::from([Layer::Committed]), status, from: None })
}

fn layered(taken: &Taken, committed: &[TreeChange], all: Option<&Vec<TreeChange>>) -> BTreeMap<RepoPath, Change> {
    let mut changes: BTreeMap<RepoPath, Change> = committed.iter().cloned().map(entered).collect();
    let net: BTreeMap<&RepoPath, Kind> = all.into_iter().flatten().map(|change| (&change.path, kind(change))).collect();
    let read = |path: &RepoPath| !taken.snapshot.unread.contains(path);
    for (path, entry) in &taken.status.entries {
        // Brought by a merge in progress, or called changed for its time alone: nobody's own work.
        let own = net.contains_key(path) || changes.contains_key(path) || all.is_none() || !read(path);
        let same = taken.snapshot.same.contains(path) && !changes.contains_key(path);
        if own && !same || entry.unmerged {
            entry.layers().for_each(|layer| add(&mut changes, path, layer, entry.kind()));
        }
    }
    for (path, change) in &mut changes {
        if let Some(&kind) = net.get(path)
            && change.status != Kind::Unmerged
        {
            change.status = kind;
        }
    }
    changes
}

fn add(changes: &mut BTreeMap<RepoPath, Change>, path: &RepoPath, layer: Layer, status: Kind) {
    let new = || Change { layers: BTreeSet::new(), status, from: None };
    changes.entry(path.clone()).or_insert_with(new).layers.insert(layer);
}

/// What became of a path between two trees.
fn kind(change: &TreeChange) -> Kind {
    match (change.before, change.after) {
        (None, _) => Kind::Added,
        (Some(_), None) => Kind::Deleted,
        (Some(before), Some(after)) if before.mode & 0o170_000 == after.mode & 0o170_000 => Kind::Modified,
        _ => Kind::TypeChanged,
    }
}

/// Lines added and deleted in all, taking from `budget` a unit for each file; `None` where that is not enough, or not
/// everything was read.
pub(super) fn lines(
    objects: &Objects,
    taken: &Taken,
    changes: &[TreeChange],
    budget: &mut usize,
) -> Result<Option<(u32, u32)>, git::Error> {
    if changes.len() > *budget || !taken.snapshot.unread.is_empty() {
        return Ok(None);
    }
    *budget -= changes.len();
    let (mut added, mut deleted) = (0, 0);
    for change in changes {
        let (before, after) = (content(objects, change.before)?, content(objects, change.after)?);
        let (Some(before), Some(after)) = (before, after) else { continue };
        let mut table = LineTable::new();
        let (before, after) = (table.lines(&before), table.lines(&after));
        for hunk in text::hunks(&before, &after) {
            added += hunk.side.end - hunk.side.start;
            deleted += hunk.base.end - hunk.base.start;
        }
    }
    Ok(Some((added, deleted)))
}

/// The text of an entry; empty where there is none, `None` where it has no lines to count.
fn content(objects: &Objects, entry: Option<Entry>) -> Result<Option<Rc<[u8]>>, git::Error> {
    let Some(entry) = entry else { return Ok(Some(Rc::default())) };
    if entry.mode == status::SUBMODULE || objects.blob_len(entry.id)? > LARGEST {
        return Ok(None);
    }
    Ok(Some(objects.blob(entry.id)?).filter(|data| !text::is_binary(data)))
}
