//! Pairs of lines of work that meet without sharing a path: a file where the other has a directory, a file added to a
//! directory that the other moved away, names that differ only in case.
//! Must not know: contents, verdicts.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use foldhash::fast::RandomState;

use super::super::error::Error;
use super::super::objects::Objects;
use super::super::tree::{self, Entry, Listing};
use super::brought::Brought;
use super::findings::Pair;
use super::meeting::{Group, Side};
use super::{Question, Work, gone};
use crate::domain::path::RepoPath;

fn pair(a: usize, b: usize) -> Pair {
    (a.min(b), a.max(b))
}

/// The pairs that git has to judge because of where their paths lie.
pub(super) fn find(
    work: &Work<'_>,
    question: &Question,
    brought: &[Brought],
    groups: &[Group],
) -> Result<BTreeSet<Pair>, Error> {
    let mut found = BTreeSet::new();
    file_and_directory(groups, &mut found);
    if question.only.is_some() {
        left_directories_of_paths(work, brought, groups, &mut found)?;
        return Ok(found);
    }
    let mut left: HashMap<Vec<u8>, Vec<usize>> = HashMap::new();
    for (n, line) in brought.iter().enumerate().filter(|(_, line)| line.lands() || line.judge_unlanded) {
        let dirs = left_directories(work, line);
        for dir in work.or_reason(dirs)?.unwrap_or_default() {
            left.entry(dir).or_default().push(n);
        }
    }
    for group in groups.iter().filter(|_| !left.is_empty()) {
        for &leaver in directories(&group.path).filter_map(|dir| left.get(dir)).flatten() {
            let is_late = is_late(work, &brought[leaver], group)?;
            let meets = |side: &&Side| side.line != leaver && (is_late || added(group, side));
            found.extend(group.sides.iter().filter(meets).map(|side| pair(side.line, leaver)));
        }
    }
    Ok(found)
}

fn adds(group: &Group, side: &Side) -> bool {
    group.target.is_none() && (side.effective.is_some() || side.fails)
}

/// Whether the side added the path since it started, even where the target took it over since: whoever moves the
/// directory away moves the target's along.
fn added(group: &Group, side: &Side) -> bool {
    adds(group, side) || side.fork.is_none() && side.tip.is_some()
}

/// Whether the target has got the path since the line left it: whoever moves the directory away moves it along, and with it
/// what others made of it.
fn is_late(work: &Work<'_>, line: &Brought, group: &Group) -> Result<bool, Error> {
    let Some(base) = line.base.filter(|_| group.target.is_some()) else { return Ok(false) };
    let before = tree::entry_at(work.judge.objects, base, &group.path);
    // Where it cannot be told git may know.
    Ok(work.or_reason(before)?.map_or(true, |entry| entry.is_none()))
}

/// The directories above a path, innermost first.
fn directories(path: &RepoPath) -> impl Iterator<Item = &[u8]> {
    let bytes = path.as_bytes();
    let slashes = bytes.iter().enumerate().rev().filter(|&(_, &b)| b == b'/');
    slashes.map(|(at, _)| &bytes[..at])
}

/// One line has a file at a path below which another has one.
fn file_and_directory(groups: &[Group], found: &mut BTreeSet<Pair>) {
    let by_path: HashMap<&[u8], &Group, RandomState> =
        groups.iter().map(|group| (group.path.as_bytes(), group)).collect();
    let there = |side: &&Side| side.effective.is_some() || side.fails;
    for group in groups {
        for above in directories(&group.path).filter_map(|dir| by_path.get(dir)) {
            for file in above.sides.iter().filter(there) {
                let below = group.sides.iter().filter(there).filter(|side| side.line != file.line);
                found.extend(below.map(|side| pair(file.line, side.line)));
            }
        }
    }
}

/// The directories of which a line leaves nothing: of those it started with, as the target may have lost them too and
/// somebody made them anew, and of the target's.
fn left_directories(work: &Work<'_>, line: &Brought) -> Result<BTreeSet<Vec<u8>>, Error> {
    let mut left = left_on_target(work, line)?;
    let mut seen = BTreeSet::new();
    for touched in line.touched.iter().filter(|touched| touched.theirs.is_none()) {
        if seen.insert(directory_of(touched.path.as_bytes())) {
            let gone = gone::from_tree(work.judge.objects, line.base, line.tree, &touched.path)?;
            left.extend(gone.map(|dir| dir.as_bytes().to_vec()));
        }
    }
    Ok(left)
}

fn left_on_target(work: &Work<'_>, line: &Brought) -> Result<BTreeSet<Vec<u8>>, Error> {
    if line.effective.values().all(Option::is_some) {
        return Ok(BTreeSet::new());
    }
    let mut gone: BTreeMap<Vec<u8>, BTreeSet<Vec<u8>>> = BTreeMap::new();
    let mut kept: BTreeSet<&[u8]> = BTreeSet::new();
    for (path, entry) in &line.effective {
        if entry.is_none() {
            let name = path.file_name().to_vec();
            gone.entry(directory_of(path.as_bytes()).to_vec()).or_default().insert(name);
        } else {
            kept.extend(directories(path));
        }
    }
    let mut left = BTreeSet::new();
    // Innermost first, so that an emptied directory counts as gone from the one above it.
    let mut waiting: BTreeSet<(usize, Vec<u8>)> = gone.keys().map(|dir| (depth(dir), dir.clone())).collect();
    while let Some((_, dir)) = waiting.pop_last() {
        if dir.is_empty() || kept.contains(&dir[..]) || !all_gone(work, &dir, &gone[&dir])? {
            continue;
        }
        let above = directory_of(&dir).to_vec();
        let name = dir[if above.is_empty() { 0 } else { above.len() + 1 }..].to_vec();
        gone.entry(above.clone()).or_default().insert(name);
        waiting.insert((depth(&above), above));
        left.insert(dir);
    }
    Ok(left)
}

fn depth(dir: &[u8]) -> usize {
    if dir.is_empty() { 0 } else { dir.split(|&b| b == b'/').count() }
}

fn directory_of(path: &[u8]) -> &[u8] {
    &path[..path.iter().rposition(|&b| b == b'/').unwrap_or(0)]
}

fn all_gone(work: &Work<'_>, dir: &[u8], gone: &BTreeSet<Vec<u8>>) -> Result<bool, Error> {
    let Ok(path) = RepoPath::new(dir) else { return Ok(false) };
    let Some(entry) = tree::entry_at(work.judge.objects, work.target_tree, &path)?.filter(Entry::is_tree) else {
        return Ok(false);
    };
    let listing = Listing::read(work.judge.objects, Some(entry.id))?;
    Ok((0..listing.len()).all(|n| gone.contains(listing.name(n))))
}

/// The like for a few paths: somebody adds one where another's tree has lost the directory, or somebody's directory of
/// one is gone and another changed it.
fn left_directories_of_paths(
    work: &Work<'_>,
    brought: &[Brought],
    groups: &[Group],
    found: &mut BTreeSet<Pair>,
) -> Result<(), Error> {
    let objects = work.judge.objects;
    for group in groups {
        for side in &group.sides {
            let mine = &brought[side.line];
            let left = match side.tip {
                None => left_above(work, mine, &group.path),
                Some(_) => Ok(None),
            };
            let left = work.or_reason(left)?.unwrap_or(None);
            for (n, line) in brought.iter().enumerate() {
                if n == side.line || line.unknown.is_some() {
                    continue;
                }
                let meets = match &left {
                    Some(dir) => changes_directory(objects, line, dir),
                    None if added(group, side) || line.late.contains(&group.path) => {
                        left_above(work, line, &group.path).map(|dir| dir.is_some())
                    }
                    None => Ok(false),
                };
                // Where it cannot be told git may know.
                if work.or_reason(meets)?.unwrap_or(true) {
                    found.insert(pair(side.line, n));
                }
            }
        }
    }
    Ok(())
}

/// The outermost directory above `path` that a line left, by itself or as what the target had left of it.
fn left_above(work: &Work<'_>, line: &Brought, path: &RepoPath) -> Result<Option<RepoPath>, Error> {
    let objects = work.judge.objects;
    match gone::from_tree(objects, line.base, line.tree, path)? {
        Some(dir) => Ok(Some(dir)),
        None => gone::from_both(objects, line.base, (Some(work.target_tree), line.tree), path),
    }
}

fn changes_directory(objects: &Objects, line: &Brought, dir: &RepoPath) -> Result<bool, Error> {
    let at = |tree: Option<_>| match tree {
        Some(tree) => tree::entry_at(objects, tree, dir),
        None => Ok(None),
    };
    let after = at(line.tree)?;
    Ok(after.is_some() && after != at(line.base)?)
}

/// Paths that two lines add, different but for their case.
pub(super) fn folded(groups: &[Group]) -> Vec<(Pair, RepoPath)> {
    let mut by_fold: BTreeMap<String, Vec<&Group>> = BTreeMap::new();
    for group in groups.iter().filter(|group| group.sides.iter().any(|side| adds(group, side))) {
        by_fold.entry(String::from_utf8_lossy(group.path.as_bytes()).to_lowercase()).or_default().push(group);
    }
    let mut found = BTreeSet::new();
    for alike in by_fold.values().filter(|alike| alike.len() > 1) {
        for (n, one) in alike.iter().enumerate() {
            for other in &alike[n + 1..] {
                for x in one.sides.iter().filter(|side| adds(one, side)) {
                    for y in other.sides.iter().filter(|side| adds(other, side) && side.line != x.line) {
                        found.insert((pair(x.line, y.line), one.path.clone()));
                    }
                }
            }
        }
    }
    found.into_iter().collect()
}
