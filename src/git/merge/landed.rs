//! Which lines of work are in the target already, as merge, squash or rebase, even where the target moved on since.
//! Must not know: pairs of lines.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use super::super::error::Error;
use super::super::history::{self, Fork};
use super::super::tree::{self, Entry, TreeChange};
use super::brought::Brought;
use super::content::Left;
use super::landing;
use super::texts::Texts;
use super::{Work, side_by_side};
use crate::domain::hunk::Hunk;
use crate::domain::id::ObjectId;
use crate::domain::path::RepoPath;

/// The target's history is searched no further back than this many commits.
const SEARCHED: usize = 5000;

/// Marks the lines whose work is there. Of lines that were looked at on some paths only, those that do not land are
/// looked at again in full: what they lack may be what the target changed after them.
pub(super) fn find(work: &Work<'_>, brought: &mut [Brought], some_paths: bool) -> Result<(), Error> {
    find_merged(work, brought)?;
    let mut searched = Vec::new();
    for (n, line) in brought.iter_mut().enumerate() {
        if line.unknown.is_some() || line.own.is_empty() || line.already {
            continue;
        }
        if some_paths && line.conflicts.is_empty() {
            continue;
        }
        if line.lands() && line.effective.is_empty() && !some_paths {
            line.already = true;
        } else {
            searched.push(n);
        }
    }
    if some_paths && !searched.is_empty() {
        let lines: Vec<super::Line> =
            searched.iter().map(|&n| super::Line { tip: brought[n].tip, judge_unlanded: true }).collect();
        let mut whole = landing::bring(work, &lines, None)?;
        let all: Vec<usize> = (0..whole.len()).collect();
        search(work, &mut whole, &all)?;
        for (&n, line) in searched.iter().zip(whole) {
            brought[n].already = line.already || line.lands() && line.effective.is_empty();
        }
        return Ok(());
    }
    search(work, brought, &searched)
}

/// Those whose tip the target has, but not as one of its own commits, were merged. One that the target passed through
/// may as well be a branch that was just made.
fn find_merged(work: &Work<'_>, brought: &mut [Brought]) -> Result<(), Error> {
    let objects = work.judge.objects;
    let inside = |line: &Brought| line.unknown.is_none() && line.own.is_empty();
    let mut oldest = i64::MAX;
    for line in brought.iter().filter(|line| inside(line)) {
        oldest = oldest.min(objects.commit(line.tip)?.committer_time.0);
    }
    if oldest == i64::MAX {
        return Ok(());
    }
    let trunk: BTreeSet<ObjectId> = history::trunk(objects, work.target, oldest, usize::MAX)?.into_iter().collect();
    for line in brought.iter_mut().filter(|line| inside(line)) {
        line.already = !trunk.contains(&line.tip);
    }
    Ok(())
}

/// Looks for a commit of the target at which merging the line would have changed nothing, or whose change is the line's.
fn search(work: &Work<'_>, brought: &mut [Brought], lines: &[usize]) -> Result<(), Error> {
    let objects = work.judge.objects;
    let candidate = |line: &Brought| {
        // Where the target has most as the fork point had it, it never took the work over, or took it back again.
        let taken = line.touched.iter().filter(|touched| touched.met()).count();
        taken > 0 && taken * 2 >= line.touched.len() && matches!(line.fork, Fork::One(_))
    };
    let lines: Vec<usize> = lines.iter().copied().filter(|&n| candidate(&brought[n])).collect();
    let mut paths = BTreeSet::new();
    let mut oldest = i64::MAX;
    for &n in &lines {
        paths.extend(brought[n].touched.iter().map(|touched| touched.path.clone()));
        if let Fork::One(fork) = brought[n].fork {
            oldest = oldest.min(objects.commit(fork)?.committer_time.0);
        }
    }
    if lines.is_empty() {
        return Ok(());
    }
    // A hole in the target's history hides landings; it does not make any.
    let trunk = history::trunk(objects, work.target, oldest, SEARCHED);
    let Ok(trunk) = work.or_reason(trunk)? else { return Ok(()) };
    let Ok(record) = work.or_reason(Record::read(work, &trunk, &paths))? else { return Ok(()) };
    work.learn_attributes(paths)?;
    let found = side_by_side::map(work, &lines, |work, &n| {
        work.breathe("the search for landed work")?;
        work.or_reason(record.holds(work, &trunk, &brought[n]))
    })?;
    for (n, found) in lines.into_iter().zip(found) {
        brought[n].already = found.unwrap_or(false);
    }
    Ok(())
}

/// What the target's own commits did to some paths.
struct Record {
    /// By path: at which commit (counted from the tip) what became of it, youngest first.
    events: BTreeMap<RepoPath, Vec<(usize, TreeChange)>>,
}

impl Record {
    fn read(work: &Work<'_>, trunk: &[ObjectId], paths: &BTreeSet<RepoPath>) -> Result<Self, Error> {
        let steps: Vec<&[ObjectId]> = trunk.windows(2).collect();
        let changes = side_by_side::map(work, &steps, |work, step| {
            work.breathe("the search for landed work")?;
            let objects = work.judge.objects;
            let (after, before) = (objects.commit(step[0])?.tree, objects.commit(step[1])?.tree);
            let mut changes = tree::diff(objects, Some(before), Some(after))?;
            changes.retain(|change| paths.contains(&change.path));
            Ok(changes)
        })?;
        let mut events: BTreeMap<RepoPath, Vec<(usize, TreeChange)>> = BTreeMap::new();
        for (at, change) in
            changes.into_iter().enumerate().flat_map(|(at, all)| all.into_iter().map(move |one| (at, one)))
        {
            events.entry(change.path.clone()).or_default().push((at, change));
        }
        Ok(Self { events })
    }

    fn holds(&self, work: &Work<'_>, trunk: &[ObjectId], line: &Brought) -> Result<bool, Error> {
        let since = match line.fork {
            Fork::One(fork) => trunk.iter().position(|&commit| commit == fork).unwrap_or(trunk.len()),
            _ => return Ok(false),
        };
        let mut moments = BTreeSet::new();
        for touched in &line.touched {
            match self.events.get(&touched.path) {
                Some(events) => moments.extend(events.iter().map(|(at, _)| *at).filter(|&at| at < since)),
                None => return Ok(false),
            }
        }
        for &at in &moments {
            if self.nothing_to_merge(work, line, at)? || self.same_change(work, line, at)? {
                // What the target seems to have deleted too it may have moved; then a merge would stop there.
                let deletes = line.touched.iter().any(|touched| touched.theirs.is_none());
                if !deletes || changes_nothing(work, trunk[at], line.tip)? {
                    return Ok(true);
                }
            }
        }
        Ok(false)
    }

    /// What stood at the path right after that commit.
    fn state(&self, path: &RepoPath, at: usize) -> Option<Entry> {
        let events = self.events.get(path)?;
        match events.iter().find(|(when, _)| *when >= at) {
            Some((_, change)) => change.after,
            None => events.last()?.1.before,
        }
    }

    fn nothing_to_merge(&self, work: &Work<'_>, line: &Brought, at: usize) -> Result<bool, Error> {
        for touched in &line.touched {
            let there = self.state(&touched.path, at);
            if there == touched.theirs {
                continue;
            }
            if there == touched.base {
                return Ok(false);
            }
            let attributes = work.attributes(&touched.path);
            let left = work.contents.merge([touched.base, there, touched.theirs], attributes)?;
            if left != Left::Entry(there) {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Whether the commit did line for line what the line of work did in all.
    fn same_change(&self, work: &Work<'_>, line: &Brought, at: usize) -> Result<bool, Error> {
        for touched in &line.touched {
            let did = self.events.get(&touched.path).and_then(|events| events.iter().find(|(when, _)| *when == at));
            let Some((_, change)) = did else { return Ok(false) };
            if !same_patch(work, (change.before, change.after), (touched.base, touched.theirs))? {
                return Ok(false);
            }
        }
        Ok(true)
    }
}

/// Whether git, merging the tip into that commit, gives the commit's own tree.
fn changes_nothing(work: &Work<'_>, commit: ObjectId, tip: ObjectId) -> Result<bool, Error> {
    let tree = work.judge.objects.commit(commit)?.tree;
    let answers = work.ask_git(&[(commit, tip)])?;
    Ok(answers.into_iter().flatten().any(|merged| merged.clean && merged.tree == tree))
}

/// The lines around a change that belong to it, as for `git patch-id`.
const CONTEXT: u32 = 3;

type Step = (Option<Entry>, Option<Entry>);

fn same_patch(work: &Work<'_>, one: Step, other: Step) -> Result<bool, Error> {
    if one == other {
        return Ok(true);
    }
    let ((Some(a), Some(b)), (Some(c), Some(d))) = (one, other) else {
        return Ok(one.1 == other.1);
    };
    if a.mode != c.mode || b.mode != d.mode || !(a.is_file() && b.is_file()) {
        return Ok(false);
    }
    let texts = Texts::new(work.judge.objects);
    let patch = |from: Entry, to: Entry| -> Result<Option<Vec<_>>, Error> {
        let (Some(before), Some(changed)) = (texts.lines(Some(from.id))?, texts.changed(Some(from.id), Some(to.id))?)
        else {
            return Ok(None);
        };
        let part = |lines: &[u32], range: Range<u32>| lines[range.start as usize..range.end as usize].to_vec();
        let end = u32::try_from(before.len()).unwrap_or(u32::MAX);
        let step = |hunk: &Hunk| {
            // With what stands around it, as the same line may be added anywhere.
            let around = hunk.base.start.saturating_sub(CONTEXT)..(hunk.base.end + CONTEXT).min(end);
            (part(&before, around), part(&before, hunk.base.clone()), part(&changed.lines, hunk.side.clone()))
        };
        Ok(Some(changed.hunks.iter().map(step).collect()))
    };
    Ok(matches!((patch(a, b)?, patch(c, d)?), (Some(one), Some(other)) if one == other))
}
