//! Where an instance of another machine stands, as lines of work that the engine judges like any other.
//! Must not know: how it was fetched, the verdict.

use std::collections::{BTreeMap, BTreeSet};

use crate::domain::hunk::Hunk;
use crate::domain::id::ObjectId;
use crate::domain::path::RepoPath;
use crate::domain::sync::{Publication, PublishedPath, SyncMode, Synced};
use crate::domain::text;
use crate::git::objects::{ObjectKind, Objects};
use crate::git::status::Entry as Uncommitted;
use crate::git::tree::{self, Entry};
use crate::git::{self, publication};
use crate::ops::context::Context;
use crate::store::sync_record;

/// Where it stands.
#[derive(Clone, Debug, Default)]
pub struct Stand {
    /// What it has committed.
    pub committed: Option<ObjectId>,
    /// What lies there, where that is more.
    pub as_it_lies: Option<ObjectId>,
    /// What of it is not committed; only where all paths were asked about.
    pub entries: BTreeMap<RepoPath, Uncommitted>,
    /// Why it cannot be told.
    pub unknown: Option<String>,
}

/// Where `synced` stands, at the paths `only` where these alone are asked about.
#[must_use]
pub fn of(ctx: &Context, objects: &Objects, synced: &Synced, only: Option<&BTreeSet<RepoPath>>) -> Stand {
    let unknown = |reason: String| Stand { unknown: Some(reason), ..Stand::default() };
    if !objects.has(synced.oid) {
        return unknown("what it published is not here; coord sync pull fetches it".to_owned());
    }
    let found = match synced.publication.mode {
        SyncMode::Content => Ok(by_content(objects, synced, only)),
        _ => by_lines(ctx, objects, synced, only),
    };
    found.unwrap_or_else(unknown)
}

fn by_content(objects: &Objects, synced: &Synced, only: Option<&BTreeSet<RepoPath>>) -> Stand {
    let as_it_lies = (synced.dirty || synced.committed.is_none()).then_some(synced.oid);
    let mut stand = Stand { committed: synced.committed, as_it_lies, ..Stand::default() };
    if let (None, Some(_)) = (only, as_it_lies) {
        match uncommitted(objects, synced) {
            Ok(entries) => stand.entries = entries,
            Err(error) => stand.unknown = Some(error.to_string()),
        }
    }
    stand
}

fn uncommitted(objects: &Objects, synced: &Synced) -> Result<BTreeMap<RepoPath, Uncommitted>, git::Error> {
    let before = synced.committed.map(|id| objects.commit(id)).transpose()?.map(|commit| commit.tree);
    let after = objects.commit(synced.oid)?.tree;
    let changes = tree::diff(objects, before, Some(after))?;
    Ok(changes.into_iter().map(|change| (change.path, entry(change.before, change.after))).collect())
}

fn entry(before: Option<Entry>, after: Option<Entry>) -> Uncommitted {
    let mode = |entry: Option<Entry>| entry.map_or(0, |entry| entry.mode);
    let id = before.map(|entry| entry.id);
    Uncommitted {
        head_mode: mode(before),
        index_mode: mode(before),
        worktree_mode: mode(after),
        head_id: id,
        index_id: id,
        staged: false,
        unstaged: before.is_some(),
        untracked: before.is_none(),
        unmerged: false,
    }
}

/// What is told by lines alone becomes texts in which these lines are others', whatever they say.
fn by_lines(
    ctx: &Context,
    objects: &Objects,
    synced: &Synced,
    only: Option<&BTreeSet<RepoPath>>,
) -> Result<Stand, String> {
    let told = publication::message(objects, synced.oid).map_err(|error| error.to_string())?;
    let told = sync_record::decode(&told)?;
    let base = base(ctx, objects, &told)?;
    let below = objects.commit(base).map_err(|error| error.to_string())?.tree;
    let (mut changes, mut entries) = (BTreeMap::new(), BTreeMap::new());
    for path in told.paths.iter().filter(|told| only.is_none_or(|only| only.contains(&told.path))) {
        let before = tree::entry_at(objects, below, &path.path).map_err(|error| error.to_string())?;
        let after = after(objects, before, path).map_err(|error| error.to_string())?;
        if !path.committed && only.is_none() {
            entries.insert(path.path.clone(), entry(before, after));
        }
        changes.insert(path.path.clone(), after);
    }
    if changes.is_empty() {
        return Ok(Stand { as_it_lies: Some(base), ..Stand::default() });
    }
    let made = tree::overlay(objects, Some(below), &changes)
        .and_then(|tree| tree::synthetic_commit(objects, tree, &[base]))
        .map_err(|error| error.to_string())?;
    Ok(Stand { as_it_lies: Some(made), entries, ..Stand::default() })
}

fn base(ctx: &Context, objects: &Objects, told: &Publication) -> Result<ObjectId, String> {
    let base = told.base.ok_or("it shares no commit with the target, so that its lines say nothing")?;
    if objects.has(base) {
        return Ok(base);
    }
    let remote = super::remote_name(ctx, None).unwrap_or_else(|_| "origin".to_owned());
    Err(format!("it builds on {}, which is not in this clone: git fetch {remote}", base.short()))
}

/// What stands for the path: its real content where it happens to be here, else a text made up from its lines.
fn after(objects: &Objects, before: Option<Entry>, told: &PublishedPath) -> Result<Option<Entry>, git::Error> {
    let Some(id) = told.after.filter(|_| told.mode != 0) else { return Ok(None) };
    if told.mode == tree::SUBMODULE || objects.has(id) {
        return Ok(Some(Entry { mode: told.mode, id }));
    }
    let is_base = before.map(|entry| entry.id) == told.before;
    let content = match (&told.hunks, before) {
        (Some(hunks), Some(before)) if is_base && before.is_file() => made_up(&objects.blob(before.id)?, hunks, id),
        // A file of which nothing is told but that it is there meets whatever lies at its path.
        (Some(_), None) => line(0, id),
        _ => [b"\0", &line(0, id)[..]].concat(),
    };
    let id = objects.add(ObjectKind::Blob, &content)?;
    Ok(Some(Entry { mode: told.mode, id }))
}

fn line(number: u32, of: ObjectId) -> Vec<u8> {
    format!("\u{1a}coord: line {number} of {of}, which stays on its machine\n").into_bytes()
}

fn made_up(base: &[u8], hunks: &[Hunk], of: ObjectId) -> Vec<u8> {
    let lines: Vec<&[u8]> = text::split(base).collect();
    let at = |line: u32| usize::try_from(line).unwrap_or(usize::MAX).min(lines.len());
    let (mut made, mut from) = (Vec::new(), 0);
    for hunk in hunks {
        made.extend(lines[from..at(hunk.base.start).max(from)].concat());
        // No more lines are made up than anybody would look at.
        let end = hunk.side.end.min(hunk.side.start.saturating_add(100_000));
        made.extend((hunk.side.start..end).flat_map(|number| line(number, of)));
        from = at(hunk.base.end).max(from);
    }
    made.extend(lines[from..].concat());
    made
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_lines_that_are_told_differ() {
        let id = ObjectId::from_bytes(&[7; 20]).expect("20 bytes");
        let base = b"1\n2\n3\n4\n";
        let hunks = [Hunk { base: 1..2, side: 1..3 }, Hunk { base: 4..4, side: 5..6 }];
        let made = String::from_utf8(made_up(base, &hunks, id)).expect("text");
        let lines: Vec<&str> = made.lines().collect();
        assert_eq!((lines.len(), lines[0], lines[3], lines[4]), (6, "1", "3", "4"));
        assert!(lines[1].contains("line 1 of") && lines[2].contains("line 2 of") && lines[5].contains("line 5 of"));
        let beyond = [Hunk { base: 90..95, side: 90..91 }];
        assert!(made_up(base, &beyond, id).starts_with(base));
    }
}
