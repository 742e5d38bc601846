//! Where else the target has, or had, what lies at the paths looked at. Whoever looks at some paths only would not see that
//! a line of work from before a move changed the file at its old place, or one from after it at its new one.
//! Must not know: contents, verdicts.

use std::collections::{BTreeMap, BTreeSet};

use super::super::error::Error;
use super::super::history;
use super::super::rename;
use super::super::tree::{self, Entry};
use super::brought::Brought;
use super::{Work, gone, lookalikes};
use crate::domain::id::ObjectId;
use crate::domain::path::RepoPath;

/// The target's history is searched no further back than this many commits.
const SEARCHED: usize = 5000;

/// What moved, as (from, to).
type Moves = Vec<(RepoPath, RepoPath)>;

/// Paths, each with another where the target has or had the same.
pub(super) type Elsewhere = BTreeSet<(RepoPath, RepoPath)>;

/// The places of what any of the lines changed, as far as the target moved it since one of them left.
pub(super) fn find(work: &Work<'_>, brought: &[Brought]) -> Result<Elsewhere, Error> {
    let mut places = moved_to(work, brought)?;
    places.extend(moved_from(work, brought, &places)?);
    places.extend(lookalikes::find(work, brought)?);
    Ok(places)
}

/// What lines from before a move of the target did where it has nothing any more.
#[derive(Default)]
struct Left<'b> {
    /// Changed files.
    changed: BTreeSet<&'b RepoPath>,
    /// Files added to directories that are gone.
    added: BTreeSet<&'b RepoPath>,
}

/// Where the target moved to what lines from before the move changed at its old place, or added there.
fn moved_to(work: &Work<'_>, brought: &[Brought]) -> Result<Elsewhere, Error> {
    let (objects, target) = (work.judge.objects, Some(work.target_tree));
    let mut by_base: BTreeMap<ObjectId, Left<'_>> = BTreeMap::new();
    for line in brought {
        let Some(base) = line.base else { continue };
        for (path, _) in lookalikes::lost(line) {
            by_base.entry(base).or_default().changed.insert(path);
        }
        for touched in line.touched.iter().filter(|touched| touched.is_new()) {
            if gone::from_tree(objects, line.base, target, &touched.path)?.is_some() {
                by_base.entry(base).or_default().added.insert(&touched.path);
            }
        }
    }
    let mut moved = Elsewhere::new();
    for (base, left) in by_base {
        for (from, to) in rename::find(objects, &tree::diff(objects, Some(base), target)?)? {
            let along = left.added.iter().filter_map(|path| Some(((*path).clone(), along(path, &from, &to)?)));
            moved.extend(along);
            if left.changed.contains(&from) {
                moved.insert((from, to));
            }
        }
    }
    Ok(moved)
}

/// Where a path would be that moved along with a directory above it, if one that both are in became another with this move.
fn along(path: &RepoPath, from: &RepoPath, to: &RepoPath) -> Option<RepoPath> {
    let (mut old, mut new) = (from.parent(), to.parent());
    loop {
        let dir = old?;
        let below = path.as_bytes().strip_prefix(dir.as_bytes()).and_then(|rest| rest.strip_prefix(b"/"));
        if let Some(rest) = below {
            let place = new.map_or_else(|| rest.to_vec(), |new| [new.as_bytes(), b"/", rest].concat());
            return RepoPath::new(place).ok();
        }
        let goes_on = new.filter(|new| new.file_name() == dir.file_name())?;
        (old, new) = (dir.parent(), goes_on.parent());
    }
}

/// What the target called what one line changed, or the directory that it added something to, at a time since which another
/// line did not see it move. `places` are those where it lies now: what one saw at its first place another may have seen
/// at its second.
fn moved_from(work: &Work<'_>, brought: &[Brought], places: &Elsewhere) -> Result<Elsewhere, Error> {
    let (objects, target) = (work.judge.objects, Some(work.target_tree));
    let late: BTreeSet<&RepoPath> = brought.iter().flat_map(|line| &line.late).collect();
    let mut since: BTreeSet<ObjectId> =
        brought.iter().filter(|line| !line.late.is_empty()).filter_map(|line| line.fork.one()).collect();
    let touched = || brought.iter().flat_map(|line| &line.touched);
    let now = places.iter().map(|(_, to)| to);
    let changed: BTreeSet<&RepoPath> =
        touched().map(|touched| &touched.path).chain(now).filter(|path| late.contains(path)).collect();
    let new: BTreeSet<&RepoPath> = touched().filter(|touched| touched.is_new()).map(|touched| &touched.path).collect();
    let start = |line: &Brought| Some((line.base?, line.fork.one()?));
    let starts: BTreeSet<(ObjectId, ObjectId)> =
        if new.is_empty() { BTreeSet::new() } else { brought.iter().filter_map(start).collect() };
    let mut added = BTreeSet::new();
    for (base, fork) in starts {
        for &path in &new {
            if let Some(dir) = gone::from_tree(objects, target, Some(base), path)? {
                since.insert(fork);
                added.insert((path, dir));
            }
        }
    }
    let mut names = BTreeSet::new();
    if changed.is_empty() && added.is_empty() {
        return Ok(names);
    }
    let past = Past::of(work, &since)?;
    for path in changed {
        past.names(path, &mut names)?;
    }
    for (path, dir) in added {
        let moves = past.moves_to(&dir, 0)?.map_or_else(Vec::new, |(moves, _)| moves);
        let places = moves.iter().filter(|(_, to)| to.is_within(&dir)).filter_map(|(from, to)| along(path, to, from));
        names.extend(places.map(|place| (path.clone(), place)));
    }
    Ok(names)
}

/// The target's own commits since some of its commits, youngest first.
struct Past<'w> {
    work: &'w Work<'w>,
    trunk: Vec<ObjectId>,
}

impl<'w> Past<'w> {
    fn of(work: &'w Work<'w>, since: &BTreeSet<ObjectId>) -> Result<Self, Error> {
        let objects = work.judge.objects;
        let mut oldest = i64::MAX;
        for &commit in since {
            oldest = oldest.min(objects.commit(commit)?.committer_time.0);
        }
        Ok(Self { work, trunk: history::trunk(objects, work.target, oldest, SEARCHED)? })
    }

    /// What the path was called before each commit that moved it.
    fn names(&self, path: &RepoPath, names: &mut Elsewhere) -> Result<(), Error> {
        let (mut name, mut at) = (path.clone(), 0);
        while let Some((former, before)) = self.former(&name, at)? {
            names.insert((path.clone(), former.clone()));
            (name, at) = (former, before);
        }
        Ok(())
    }

    /// What a path was called before the commit that brought it, which is the one at `at` or one before it, and the place of
    /// the commit that had it so; `None` where that is not known.
    fn former(&self, path: &RepoPath, at: usize) -> Result<Option<(RepoPath, usize)>, Error> {
        let Some((moves, before)) = self.moves_to(path, at)? else { return Ok(None) };
        Ok(moves.into_iter().find(|(_, to)| to == path).map(|(from, _)| (from, before)))
    }

    /// What moved with the commit that brought a path, which may be a directory's; and the place of the commit before it.
    fn moves_to(&self, path: &RepoPath, at: usize) -> Result<Option<(Moves, usize)>, Error> {
        let Some(is_tree) = self.is_tree(at, path)? else { return Ok(None) };
        let has = |at| self.is_tree(at, path).map(|found| found == Some(is_tree));
        // A name that came, went and came again counts from some of the times it came.
        let (mut with, mut without) = (at, self.trunk.len());
        while without - with > 1 {
            let middle = with + (without - with) / 2;
            if has(middle)? { with = middle } else { without = middle }
        }
        if without == self.trunk.len() {
            return Ok(None);
        }
        let changes = tree::diff(self.work.judge.objects, Some(self.tree(without)?), Some(self.tree(with)?))?;
        Ok(Some((rename::find(self.work.judge.objects, &changes)?, without)))
    }

    /// Whether the path is a directory in the commit at `at`; `None` where it is not there.
    fn is_tree(&self, at: usize, path: &RepoPath) -> Result<Option<bool>, Error> {
        let entry = tree::entry_at(self.work.judge.objects, self.tree(at)?, path)?;
        Ok(entry.as_ref().map(Entry::is_tree))
    }

    fn tree(&self, at: usize) -> Result<ObjectId, Error> {
        self.work.judge.objects.commit(self.trunk[at]).map(|commit| commit.tree)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_moves_along_with_a_directory() {
        let path = |text: &str| RepoPath::new(text).expect("a path");
        let place = |at: &str, from: &str, to: &str| along(&path(at), &path(from), &path(to));
        assert_eq!(place("d/new", "d/one", "e/one"), Some(path("e/new")));
        assert_eq!(place("d/new", "d/sub/one", "e/sub/one"), Some(path("e/new")));
        assert_eq!(place("d/sub/new", "d/sub/one", "new"), Some(path("new")));
        assert_eq!(place("d/new", "d/sub/one", "e/other/one"), None, "another directory moved");
        assert_eq!(place("x/d", "x/d/one", "y/d/one"), Some(path("y/d")), "a file in a directory's place");
        assert_eq!(place("f", "one", "e/one"), None);
    }
}
