//! Paths that the target lost, and files much like what lay there that a line of work adds: to git, such a file seems to have
//! moved. Whoever looks at one of the two paths only has to look at the other.
//! Must not know: which of them git would take for moved, verdicts.

use std::collections::BTreeSet;

use super::super::error::Error;
use super::super::rename;
use super::super::tree::{self, Entry};
use super::Work;
use super::brought::Brought;
use super::elsewhere::Elsewhere;
use super::moves;
use crate::domain::id::ObjectId;
use crate::domain::path::RepoPath;

/// What stands or stood at a path.
type Named = (RepoPath, Entry);

/// What a line changed and the target lost.
pub(super) fn lost(line: &Brought) -> impl Iterator<Item = (&RepoPath, Entry)> {
    let gone = line.touched.iter().filter(|touched| touched.ours.is_none());
    gone.filter_map(|touched| Some((&touched.path, touched.base?))).filter(|(_, base)| base.is_file())
}

/// Where anybody adds what is much like something that a line changed and the target lost, and where the target lost what is
/// much like something that a line adds.
pub(super) fn find(work: &Work<'_>, brought: &[Brought]) -> Result<Elsewhere, Error> {
    let mut found = Elsewhere::new();
    let changed: BTreeSet<Named> = brought.iter().flat_map(lost).map(|(path, gone)| (path.clone(), gone)).collect();
    if !changed.is_empty() {
        found.extend(alike(work, &changed, &added_by_all(work, brought)?)?);
    }
    let new = brought.iter().flat_map(|line| &line.touched).filter(|touched| touched.is_new());
    let new: BTreeSet<Named> =
        new.filter_map(|touched| Some((touched.path.clone(), touched.theirs.filter(Entry::is_file)?))).collect();
    if !new.is_empty() {
        let pairs = alike(work, &lost_since(work, brought)?, &new)?;
        found.extend(pairs.into_iter().map(|(gone, added)| (added, gone)));
    }
    Ok(found)
}

/// What any line adds, wherever it is.
fn added_by_all(work: &Work<'_>, brought: &[Brought]) -> Result<BTreeSet<Named>, Error> {
    let mut added = BTreeSet::new();
    for line in brought {
        work.breathe("the search for what seems to have moved")?;
        for change in tree::diff(work.judge.objects, line.base, line.tree)? {
            let new = change.after.filter(|after| change.before.is_none() && after.is_file());
            added.extend(new.map(|entry| (change.path, entry)));
        }
    }
    Ok(added)
}

/// The files that the target does not have any more and had when one of the lines left it. What it got and lost between two
/// of these times nobody has.
fn lost_since(work: &Work<'_>, brought: &[Brought]) -> Result<BTreeSet<Named>, Error> {
    let objects = work.judge.objects;
    let mut starts: BTreeSet<(i64, ObjectId)> = BTreeSet::new();
    for line in brought {
        let left = line.fork.commits().first().zip(line.base);
        if let Some((&fork, base)) = left.filter(|(_, base)| *base != work.target_tree) {
            starts.insert((objects.commit(fork)?.committer_time.0, base));
        }
    }
    let mut lost = BTreeSet::new();
    let trees: Vec<ObjectId> = starts.into_iter().map(|(_, tree)| tree).chain([work.target_tree]).collect();
    // From each to the next, as neighbours differ in little.
    for step in trees.windows(2) {
        work.breathe("the search for what seems to have moved")?;
        for change in tree::diff(objects, Some(step[0]), Some(step[1]))?.into_iter().filter(|c| c.after.is_none()) {
            if let Some(gone) = change.before.filter(Entry::is_file)
                && tree::entry_at(objects, work.target_tree, &change.path)?.is_none()
            {
                lost.insert((change.path, gone));
            }
        }
    }
    Ok(lost)
}

/// The paths of which the second seems to be where the first moved.
fn alike(work: &Work<'_>, gone: &BTreeSet<Named>, added: &BTreeSet<Named>) -> Result<Elsewhere, Error> {
    let by_content = gone.len().saturating_mul(added.len()) <= rename::MOST_COMPARED;
    let mut found = Elsewhere::new();
    for (from, old) in gone {
        for (to, new) in added {
            if old.id == new.id || by_content && moves::alike(work, *old, *new)? {
                found.insert((from.clone(), to.clone()));
            }
        }
    }
    Ok(found)
}
