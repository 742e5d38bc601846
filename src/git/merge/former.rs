//! Former names: where the target had a file before it moved it. Whoever looks at some paths only would not see that a line
//! of work from before the move changed the file at its old place, or one from after it at its new one. One move is followed.
//! Must not know: contents, verdicts.

use std::collections::{BTreeMap, BTreeSet};

use super::super::error::Error;
use super::super::history;
use super::super::rename;
use super::super::tree::{self, Entry};
use super::brought::Brought;
use super::findings::Pair;
use super::meeting::Group;
use super::walk::Touched;
use super::{Fork, Work};
use crate::domain::id::ObjectId;
use crate::domain::path::RepoPath;

/// The target's history is searched no further back than this many commits.
const SEARCHED: usize = 5000;

/// Where the target moved to what lines of work from before the move changed at its old place: whoever looks there only would
/// not see who changed it at its new one.
pub(super) fn moved_to(work: &Work<'_>, brought: &[Brought]) -> Result<BTreeSet<RepoPath>, Error> {
    let mut lost: BTreeMap<ObjectId, BTreeSet<&RepoPath>> = BTreeMap::new();
    for line in brought {
        let is_lost = |touched: &&Touched| touched.ours.is_none() && touched.base.is_some_and(|base| base.is_file());
        for touched in line.touched.iter().filter(is_lost) {
            lost.entry(line.base.unwrap_or(work.target_tree)).or_default().insert(&touched.path);
        }
    }
    let (objects, mut moved) = (work.judge.objects, BTreeSet::new());
    for (base, lost) in lost {
        let renames = rename::find(objects, &tree::diff(objects, Some(base), Some(work.target_tree))?)?;
        moved.extend(renames.into_iter().filter(|(from, _)| lost.contains(from)).map(|(_, to)| to));
    }
    Ok(moved)
}

/// The pairs of which one line changed a path that the target did not have when the other started, and the other changed
/// it where the target had it then.
pub(super) fn find(work: &Work<'_>, brought: &[Brought], groups: &[Group]) -> Result<Vec<Pair>, Error> {
    let mut found = Vec::new();
    if brought.iter().all(|line| line.late.is_empty()) {
        return Ok(found);
    }
    let mut names = Names::new(work, brought)?;
    for group in groups {
        for (n, line) in brought.iter().enumerate().filter(|(_, line)| line.late.contains(&group.path)) {
            if group.sides.iter().any(|side| side.line != n) && names.changed_there(line, &group.path)? {
                let others = group.sides.iter().map(|side| side.line).filter(|&other| other != n);
                found.extend(others.map(|other| (n.min(other), n.max(other))));
            }
        }
    }
    Ok(found)
}

/// The former names of paths, found out when somebody asks.
struct Names<'w> {
    work: &'w Work<'w>,
    /// The target's own commits, youngest first.
    trunk: Vec<ObjectId>,
    known: BTreeMap<RepoPath, Option<RepoPath>>,
}

impl<'w> Names<'w> {
    fn new(work: &'w Work<'w>, brought: &[Brought]) -> Result<Self, Error> {
        let objects = work.judge.objects;
        let mut oldest = i64::MAX;
        for line in brought.iter().filter(|line| !line.late.is_empty()) {
            if let Fork::One(fork) = line.fork {
                oldest = oldest.min(objects.commit(fork)?.committer_time.0);
            }
        }
        let trunk = history::trunk(objects, work.target, oldest, SEARCHED)?;
        Ok(Self { work, trunk, known: BTreeMap::new() })
    }

    /// Whether the line changed what the target has at `path` where it lay when the line started.
    fn changed_there(&mut self, line: &Brought, path: &RepoPath) -> Result<bool, Error> {
        let objects = self.work.judge.objects;
        let (Some(base), Some(tip)) = (line.base, line.tree) else { return Ok(false) };
        let Some(former) = self.former(path)? else { return Ok(false) };
        let before = tree::entry_at(objects, base, &former)?;
        Ok(before.is_some() && tree::entry_at(objects, tip, &former)? != before)
    }

    /// What the path was called before the commit that brought it; `None` where that is not known.
    fn former(&mut self, path: &RepoPath) -> Result<Option<RepoPath>, Error> {
        if let Some(known) = self.known.get(path) {
            return Ok(known.clone());
        }
        let former = self.look(path)?;
        self.known.insert(path.clone(), former.clone());
        Ok(former)
    }

    fn look(&self, path: &RepoPath) -> Result<Option<RepoPath>, Error> {
        let objects = self.work.judge.objects;
        let tree = |at: usize| objects.commit(self.trunk[at]).map(|commit| commit.tree);
        let has =
            |at: usize| Ok::<_, Error>(tree::entry_at(objects, tree(at)?, path)?.is_some_and(|e| !Entry::is_tree(&e)));
        // A name that came, went and came again counts from some of the times it came.
        let (mut with, mut without) = (0, self.trunk.len());
        while without - with > 1 {
            let middle = with + (without - with) / 2;
            if has(middle)? { with = middle } else { without = middle }
        }
        if without == self.trunk.len() || !has(with)? {
            return Ok(None);
        }
        let changes = tree::diff(objects, Some(tree(without)?), Some(tree(with)?))?;
        let moves = rename::find(objects, &changes)?;
        Ok(moves.into_iter().find(|(_, to)| to == path).map(|(from, _)| from))
    }
}
