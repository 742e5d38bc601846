//! Bringing each line of work onto the target: does it land, and what does it leave there.
//! Must not know: other lines of work.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::thread;

use foldhash::fast::RandomState;

use super::super::attributes::{Attributes, Outside};
use super::super::error::Error;
use super::super::history::{self, Fork};
use super::super::merge_tree::{Conflicted, Merged};
use super::super::repository::joined;
use super::super::tree::{self, Entry};
use super::brought::Brought;
use super::content::Left;
use super::walk::{self, Touched};
use super::{Line, Outlook, Work, side_by_side};
use crate::domain::id::ObjectId;
use crate::domain::overlap::ConflictKind;
use crate::domain::path::RepoPath;

/// Up to so many lines of work every path that does not land is listed.
pub(super) const LISTED_IN_FULL: usize = 50;

impl Brought {
    /// Takes over what the walk found; true where only git can bring it onto the target.
    fn take(&mut self, course: Course) -> bool {
        (self.touched, self.adds, self.late) = (course.walked.touched, course.walked.adds, course.walked.late);
        (self.tree, self.base) = (Some(course.tree), course.base);
        course.odd
    }

    fn land(&mut self, landed: Landed) {
        (self.effective, self.conflicts) = (landed.effective, landed.conflicts);
        self.complete = !landed.stopped;
    }
}

/// Brings every line onto the target.
pub(super) fn bring(work: &Work<'_>, lines: &[Line], only: Option<&BTreeSet<RepoPath>>) -> Result<Vec<Brought>, Error> {
    let tips: Vec<ObjectId> = lines.iter().map(|line| line.tip).collect();
    let ways = history::ways(work.judge.objects, work.target, &tips, work.deadline())?;
    let mut brought: Vec<Brought> = lines.iter().map(Brought::new).collect();
    let mut odd = BTreeSet::new();
    for (line, way) in brought.iter_mut().zip(ways) {
        match work.or_reason(way)? {
            Ok(way) => (line.fork, line.own) = (way.fork, way.own),
            Err(reason) => line.unknown = Some(reason),
        }
    }
    let walked = side_by_side::map(work, &brought, |work, line| {
        work.breathe("the comparison with the target")?;
        if line.unknown.is_some() { Ok(None) } else { work.or_reason(walk(work, line, only)).map(Some) }
    })?;
    for (n, (line, walked)) in brought.iter_mut().zip(walked).enumerate() {
        match walked {
            Some(Ok(course)) => odd.extend(line.take(course).then_some(n)),
            Some(Err(reason)) => line.unknown = Some(reason),
            None => {}
        }
    }
    for (n, landed) in land(work, &brought, &odd)? {
        let line = &mut brought[n];
        match landed {
            Ok(landed) => {
                let only_git = landed.only_git;
                line.land(landed);
                if only_git {
                    odd.insert(n);
                } else if !line.complete {
                    odd.remove(&n);
                }
            }
            Err(reason) => line.unknown = Some(reason),
        }
    }
    by_git(work, &mut brought, &odd, only)?;
    Ok(brought)
}

/// What merging each line onto the target came to, or why that cannot be told. Hardly a path has attributes, so lines are
/// merged while git is asked for those, and the few that have such a path once more.
fn land(
    work: &Work<'_>,
    brought: &[Brought],
    odd: &BTreeSet<usize>,
) -> Result<BTreeMap<usize, Result<Landed, String>>, Error> {
    let (mut paths, source) = (wanted_attributes(brought), work.attribute_source());
    work.retain_unlearned(&mut paths);
    let readable: Vec<usize> = (0..brought.len()).filter(|&n| brought[n].unknown.is_none()).collect();
    let merge = |numbers: Vec<usize>| {
        let landed = side_by_side::map(work, &numbers, |work, &n| {
            work.breathe("the comparison with the target")?;
            let line = &brought[n];
            work.or_reason(merge_contents(work, line, odd.contains(&n), work.all_paths || line.judge_unlanded))
        })?;
        Ok::<_, Error>(numbers.into_iter().zip(landed))
    };
    let wanted = work.outside.borrow_mut().take_if(|outside| matches!(outside, Outlook::Wanted)).is_some();
    let is_untold = wanted && work.or_reason(work.is_untold(&paths))?.unwrap_or(false);
    // In this order, so that what changes between the two is noticed the next time.
    let ask = || {
        let outside = if wanted { Outside::look(&source) } else { None };
        // Where nothing is said of any path, git need not be asked about thousands.
        let is_untold = is_untold && outside.as_ref().is_some_and(Outside::is_nothing);
        (outside, if is_untold { Ok(source.unspecified(&paths)) } else { source.read(&paths) })
    };
    let (landed, (outside, attributes)) = if wanted || !paths.is_empty() {
        thread::scope(|scope| {
            let attributes = scope.spawn(ask);
            (merge(readable.clone()), joined(attributes.join()))
        })
    } else {
        (merge(readable.clone()), ask())
    };
    if let Some(outside) = outside {
        work.outside.replace(Some(Outlook::Seen(outside)));
    }
    let mut landed: BTreeMap<usize, _> = landed?.collect();
    let mut attributes = attributes?;
    work.take_attributes(attributes.clone());
    attributes.retain(|_, attributes| *attributes != Attributes::default());
    let concerned = |&n: &usize| brought[n].touched.iter().any(|touched| attributes.contains_key(&touched.path));
    landed.extend(merge(readable.into_iter().filter(concerned).collect())?);
    Ok(landed)
}

/// What a line changed.
struct Course {
    tree: ObjectId,
    base: Option<ObjectId>,
    walked: walk::Walked,
    /// Whether only git can bring it onto the target.
    odd: bool,
}

/// Finds what the line changed.
fn walk(work: &Work<'_>, line: &Brought, only: Option<&BTreeSet<RepoPath>>) -> Result<Course, Error> {
    let objects = work.judge.objects;
    let tip = objects.commit(line.tip)?.tree;
    let mut start = None;
    let bases = match &line.fork {
        Fork::One(fork) => vec![*fork],
        Fork::Several(forks) => forks.clone(),
        Fork::None => {
            let cut = objects.view().is_shallow();
            let why = if cut {
                "its history is cut off before it meets the target's (shallow clone)"
            } else {
                "it shares no history with the target"
            };
            return Err(Error::Repository(why.to_owned()));
        }
    };
    let mut walked: Option<walk::Walked> = None;
    for fork in &bases {
        let base = Some(objects.commit(*fork)?.tree);
        let from_here = match only {
            Some(only) => walk::paths(objects, base, Some(work.target_tree), Some(tip), only)?,
            None => walk::trees(objects, base, Some(work.target_tree), Some(tip))?,
        };
        match &mut walked {
            None => {
                start = base;
                walked = Some(from_here);
            }
            // Crosswise merged: its own is what differs from every place where it met the target.
            Some(walked) => {
                let also: BTreeSet<RepoPath> = from_here.touched.into_iter().map(|touched| touched.path).collect();
                walked.touched.retain(|touched| also.contains(&touched.path));
                walked.odd = true;
            }
        }
    }
    let walked = walked.unwrap_or_default();
    Ok(Course { tree: tip, base: start, odd: walked.odd || bases.len() > 1, walked })
}

/// Those whose content both the target and a line changed, and those that several lines changed.
fn wanted_attributes(brought: &[Brought]) -> BTreeSet<RepoPath> {
    let mut seen: HashMap<&RepoPath, bool, RandomState> = HashMap::default();
    for touched in brought.iter().flat_map(|line| &line.touched) {
        let again = |wanted: &mut bool| *wanted = true;
        seen.entry(&touched.path).and_modify(again).or_insert_with(|| touched.met());
    }
    seen.into_iter().filter(|(_, wanted)| *wanted).map(|(path, _)| path.clone()).collect()
}

/// What merging path by path came to.
#[derive(Default)]
struct Landed {
    effective: BTreeMap<RepoPath, Option<Entry>>,
    conflicts: BTreeMap<RepoPath, ConflictKind>,
    /// One conflict was enough.
    stopped: bool,
    /// Only git can bring the line there.
    only_git: bool,
}

impl Landed {
    fn only_git(self) -> Self {
        Self { only_git: true, ..self }
    }
}

/// Merges path by path. An odd line is looked at only for a conflict that is certain.
fn merge_contents(work: &Work<'_>, line: &Brought, odd: bool, in_full: bool) -> Result<Landed, Error> {
    let mut landed = Landed::default();
    if odd && (in_full || matches!(line.fork, Fork::Several(_))) {
        return Ok(landed.only_git());
    }
    for touched in &line.touched {
        let attributes = work.attributes(&touched.path);
        if attributes.ignored || work.judge.settings.ignores(&touched.path) {
            continue;
        }
        let left = if touched.met() {
            work.contents.merge([touched.base, touched.ours, touched.theirs], attributes)?
        } else {
            Left::Entry(touched.theirs)
        };
        match left {
            Left::Entry(entry) if entry != touched.ours => drop(landed.effective.insert(touched.path.clone(), entry)),
            Left::Entry(_) => {}
            Left::Ask if !odd && is_certain(touched) => {
                landed.conflicts.insert(touched.path.clone(), ConflictKind::ModifyDelete);
            }
            Left::Ask if odd => {}
            Left::Ask => return Ok(landed.only_git()),
            Left::Conflict(kind) => drop(landed.conflicts.insert(touched.path.clone(), kind)),
        }
        if !in_full && !landed.conflicts.is_empty() {
            landed.stopped = true;
            return Ok(landed);
        }
    }
    landed.only_git = odd;
    Ok(landed)
}

/// Deleted by a line that added nothing it could have renamed it to, and changed in the target.
fn is_certain(touched: &Touched) -> bool {
    matches!((touched.base, touched.ours, touched.theirs), (Some(_), Some(_), None))
}

fn by_git(
    work: &Work<'_>,
    brought: &mut [Brought],
    odd: &BTreeSet<usize>,
    only: Option<&BTreeSet<RepoPath>>,
) -> Result<(), Error> {
    let odd: Vec<usize> = odd.iter().copied().filter(|&n| brought[n].unknown.is_none()).collect();
    let pairs: Vec<_> = odd.iter().map(|&n| (work.target, brought[n].tip)).collect();
    for (n, answer) in odd.into_iter().zip(work.ask_git(&pairs)?) {
        let line = &mut brought[n];
        line.by_git = true;
        line.effective.clear();
        line.conflicts.clear();
        line.complete = true;
        let taken = answer.and_then(|merged| take(work, line, merged, only));
        if let Err(reason) = work.or_reason(taken)? {
            line.unknown = Some(reason);
        }
    }
    Ok(())
}

/// Takes over what git made of a line.
fn take(work: &Work<'_>, line: &mut Brought, merged: Merged, only: Option<&BTreeSet<RepoPath>>) -> Result<(), Error> {
    let changed = match only {
        None => tree::diff(work.judge.objects, Some(work.target_tree), Some(merged.tree))?,
        Some(only) => walk::paths(work.judge.objects, Some(work.target_tree), None, Some(merged.tree), only)?
            .touched
            .into_iter()
            .map(Touched::change)
            .collect(),
    };
    line.effective = changed.into_iter().map(|change| (change.path, change.after)).collect();
    let mut paths: BTreeSet<RepoPath> = line.effective.keys().cloned().collect();
    paths.extend(merged.conflicts.iter().map(|conflict| conflict.path.clone()));
    work.learn_attributes(paths)?;
    let bases = line.base_blobs().collect();
    for conflict in merged.conflicts {
        if only.is_some_and(|only| !conflict.concerns(only, &bases)) {
            continue;
        }
        line.effective.remove(&conflict.path);
        match work.without_driver(&conflict)? {
            Left::Entry(entry) => drop(line.effective.insert(conflict.path, entry)),
            Left::Conflict(_) | Left::Ask => drop(line.conflicts.insert(conflict.path, conflict.kind)),
        }
    }
    line.effective.retain(|path, _| !work.is_ignored(path));
    line.conflicts.retain(|path, _| !work.is_ignored(path));
    Ok(())
}

impl Work<'_> {
    /// What is left at a conflicting path. Of one with a merge driver, which was not run, what the built-in merge leaves.
    pub(super) fn without_driver(&self, conflict: &Conflicted) -> Result<Left, Error> {
        let attributes = self.attributes(&conflict.path);
        if attributes.custom && conflict.kind == ConflictKind::Content {
            let left = self.contents.merge(conflict.stages, attributes)?;
            if let Left::Entry(_) = left {
                return Ok(left);
            }
        }
        Ok(Left::Conflict(conflict.kind))
    }

    pub(super) fn is_ignored(&self, path: &RepoPath) -> bool {
        self.attributes(path).ignored || self.judge.settings.ignores(path)
    }
}
