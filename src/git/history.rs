//! Where lines of work left the target: the fork points of many tips in one walk of the target's history.
//! Must not know: trees, paths, merging.

use std::collections::{BTreeSet, BinaryHeap};

use super::error::Error;
use super::id_map::{IdMap, IdSet};
use super::objects::Objects;
use super::program::Deadline;
use crate::domain::id::ObjectId;

/// The best common ancestors of a tip and the target.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Fork {
    /// They share no history.
    None,
    /// The usual case.
    One(ObjectId),
    /// They were merged crosswise. Sorted.
    Several(Vec<ObjectId>),
}

impl Fork {
    /// The commit, in the usual case.
    #[must_use]
    pub fn one(&self) -> Option<ObjectId> {
        if let Self::One(commit) = self { Some(*commit) } else { None }
    }

    /// All of them, sorted.
    #[must_use]
    pub fn commits(&self) -> &[ObjectId] {
        match self {
            Self::None => &[],
            Self::One(commit) => std::slice::from_ref(commit),
            Self::Several(commits) => commits,
        }
    }
}

/// A tip's way from its fork point.
#[derive(Clone, Debug)]
pub struct Way {
    /// Where it left the target.
    pub fork: Fork,
    /// Its commits that the target has not, youngest first.
    pub own: Vec<ObjectId>,
}

/// How far a parent may be younger than its child before it is taken note of: clocks differ, and time zones were
/// forgotten.
const SKEW: i64 = 24 * 3600;

/// With clocks known to be wrong all of the history is looked at.
const ANY: i64 = i64::MAX / 4;

/// How far behind a commit that seems too old to matter its parents' clocks are looked at.
const SOUNDED: usize = 32;

/// How many commits are walked between two looks at the clock.
const BREATH: usize = 1024;

/// The fork point of each tip.
pub fn fork_points(objects: &Objects, target: ObjectId, tips: &[ObjectId]) -> Result<Vec<Fork>, Error> {
    let ways = ways(objects, target, tips, Deadline::NEVER)?;
    ways.into_iter().map(|way| way.map(|way| way.fork)).collect()
}

/// The way of each tip. A tip whose history cannot be read is an error of its own.
pub fn ways(
    objects: &Objects,
    target: ObjectId,
    tips: &[ObjectId],
    deadline: Deadline,
) -> Result<Vec<Result<Way, Error>>, Error> {
    let mut paint = Paint::new(objects, target, deadline);
    loop {
        let skew = paint.skew;
        let mut ways = Vec::with_capacity(tips.len());
        for &tip in tips {
            match paint.way(tip) {
                Err(error @ Error::TimedOut { .. }) => return Err(error),
                way => ways.push(way),
            }
        }
        let painted_since = |way: &Result<Way, Error>| {
            way.as_ref().is_ok_and(|way| way.own.iter().any(|commit| paint.painted.contains(commit)))
        };
        // A clock that went backwards further than was known can have hidden that a commit is the target's.
        if paint.skew == skew && !ways.iter().any(painted_since) {
            return Ok(ways);
        }
    }
}

/// Whether `ancestor` can be reached from `descendant`, or is it.
pub fn is_ancestor(objects: &Objects, ancestor: ObjectId, descendant: ObjectId) -> Result<bool, Error> {
    let mut paint = Paint::new(objects, descendant, Deadline::NEVER);
    let time = objects.commit(ancestor)?.committer_time.0;
    paint.reaches(ancestor, time)
}

/// The best common ancestors of two commits.
pub fn merge_base(objects: &Objects, a: ObjectId, b: ObjectId, deadline: Deadline) -> Result<Fork, Error> {
    Paint::new(objects, a, deadline).way(b).map(|way| way.fork)
}

/// The commits of the target itself, youngest first and `most` of them, until they are older than `oldest`: each the
/// first parent of the one before.
pub fn trunk(objects: &Objects, target: ObjectId, oldest: i64, most: usize) -> Result<Vec<ObjectId>, Error> {
    let (mut next, mut trunk, mut older) = (Some(target), Vec::new(), 0);
    while let Some(id) = next.filter(|_| trunk.len() < most && older < SOUNDED) {
        trunk.push(id);
        let commit = objects.commit(id)?;
        // One that seems too old may only have had a wrong clock.
        older = if commit.committer_time.0 < oldest.saturating_sub(SKEW) { older + 1 } else { 0 };
        next = commit.parents.first().copied();
    }
    Ok(trunk)
}

/// What of the target's history has been seen so far, from its tip down to some time.
struct Paint<'o> {
    objects: &'o Objects,
    deadline: Deadline,
    painted: IdSet,
    heap: BinaryHeap<(i64, ObjectId)>,
    /// The target's own commits with their distance from its tip, and the next of them.
    trunk: IdMap<usize>,
    trunk_next: Option<ObjectId>,
    skew: i64,
    /// Commits behind which nobody looked yet, with their times.
    unsounded: Vec<(i64, ObjectId)>,
    breath: usize,
}

impl<'o> Paint<'o> {
    fn new(objects: &'o Objects, target: ObjectId, deadline: Deadline) -> Self {
        Self {
            objects,
            deadline,
            painted: std::iter::once(target).collect(),
            // Taken first whatever its time, and only read then.
            heap: std::iter::once((i64::MAX, target)).collect(),
            trunk: IdMap::default(),
            trunk_next: Some(target),
            skew: SKEW,
            unsounded: Vec::new(),
            breath: 0,
        }
    }

    fn breathe(&mut self) -> Result<(), Error> {
        self.breath += 1;
        if self.breath.is_multiple_of(BREATH) && self.deadline.passed() {
            return Err(Error::TimedOut { operation: "walk of the history".to_owned() });
        }
        Ok(())
    }

    /// Sees all of the target's commits that are not older than `time`.
    fn advance(&mut self, time: i64) -> Result<(), Error> {
        loop {
            while let Some(&(at, id)) = self.heap.peek() {
                if at < time.saturating_sub(self.skew) {
                    break;
                }
                self.breathe()?;
                // Read before it is taken off, so that who comes next meets the same error.
                let commit = self.objects.commit(id)?;
                let parents = commit.parents.iter().map(|&p| Ok((self.time(p, commit.committer_time.0)?, p)));
                let parents = parents.collect::<Result<Vec<_>, Error>>()?;
                self.heap.pop();
                if self.trunk_next == Some(id) {
                    self.trunk.insert(id, self.trunk.len());
                    self.trunk_next = commit.parents.first().copied();
                }
                for (time, parent) in parents {
                    self.note_clocks(time, commit.committer_time.0);
                    if self.painted.insert(parent) {
                        self.heap.push((time, parent));
                        self.unsounded.push((time, parent));
                    }
                }
            }
            let skew = self.skew;
            self.sound(time)?;
            if self.skew == skew {
                return Ok(());
            }
        }
    }

    fn note_clocks(&mut self, parent: i64, child: i64) {
        if parent.saturating_sub(child) > SKEW {
            self.skew = ANY;
        }
    }

    /// Looks behind the commits that were left for being older than `time`: a clock that was wrong for a while would
    /// hide all that lies behind it.
    fn sound(&mut self, time: i64) -> Result<(), Error> {
        for (at, id) in std::mem::take(&mut self.unsounded) {
            if at >= time.saturating_sub(self.skew) {
                continue;
            }
            let mut next = Some(id);
            for _ in 0..SOUNDED {
                let Some(id) = next.filter(|_| self.skew != ANY) else { break };
                // A hole there is met by who needs what lies behind it.
                let Ok(commit) = self.objects.commit(id) else { break };
                next = commit.parents.first().copied();
                for &parent in &commit.parents {
                    let parent = self.time(parent, commit.committer_time.0)?;
                    self.note_clocks(parent, commit.committer_time.0);
                }
            }
        }
        Ok(())
    }

    /// A commit's time. That of a commit which is missing is told by its child, so that only who gets there fails.
    fn time(&self, id: ObjectId, child: i64) -> Result<i64, Error> {
        match self.objects.commit(id) {
            Ok(commit) => Ok(commit.committer_time.0),
            Err(Error::Object { .. }) => Ok(child),
            Err(error) => Err(error),
        }
    }

    fn reaches(&mut self, commit: ObjectId, time: i64) -> Result<bool, Error> {
        self.advance(time)?;
        Ok(self.painted.contains(&commit))
    }

    fn way(&mut self, tip: ObjectId) -> Result<Way, Error> {
        let (mut own, mut met) = (Vec::new(), Vec::new());
        let mut seen: IdSet = std::iter::once(tip).collect();
        let mut heap: BinaryHeap<_> = std::iter::once((self.objects.commit(tip)?.committer_time.0, tip)).collect();
        while let Some((time, id)) = heap.pop() {
            self.breathe()?;
            if self.reaches(id, time)? {
                met.push(id);
                continue;
            }
            own.push(id);
            let commit = self.objects.commit(id)?;
            for &parent in &commit.parents {
                let parent_time = self.time(parent, time)?;
                self.note_clocks(parent_time, time);
                if seen.insert(parent) {
                    heap.push((parent_time, parent));
                }
            }
        }
        if met.is_empty() && self.skew != ANY {
            // Nothing in common at all is rare enough to be made sure of.
            self.skew = ANY;
            return self.way(tip);
        }
        let mut best = self.best(met)?;
        best.sort();
        let fork = match best[..] {
            [] => Fork::None,
            [one] => Fork::One(one),
            _ => Fork::Several(best),
        };
        Ok(Way { fork, own })
    }

    /// Those that are no ancestors of others among them.
    fn best(&mut self, mut met: Vec<ObjectId>) -> Result<Vec<ObjectId>, Error> {
        // Of the target's own commits the youngest has all others behind it.
        let youngest = met.iter().filter_map(|id| self.trunk.get(id)).min().copied();
        met.retain(|id| self.trunk.get(id).is_none_or(|&at| Some(at) == youngest));
        if met.len() < 2 {
            return Ok(met);
        }
        let mut left: BTreeSet<ObjectId> = met.iter().copied().collect();
        let mut seen = IdSet::default();
        let mut heap = BinaryHeap::new();
        for &id in &met {
            self.push_parents(id, &mut seen, &mut heap)?;
        }
        while let Some((time, id)) = heap.pop() {
            self.breathe()?;
            left.remove(&id);
            let mut oldest = i64::MAX;
            for &id in &left {
                oldest = oldest.min(self.objects.commit(id)?.committer_time.0);
            }
            if left.len() < 2 || time < oldest.saturating_sub(self.skew) {
                break;
            }
            self.push_parents(id, &mut seen, &mut heap)?;
        }
        met.retain(|id| left.contains(id));
        Ok(met)
    }

    fn push_parents(
        &self,
        id: ObjectId,
        seen: &mut IdSet,
        heap: &mut BinaryHeap<(i64, ObjectId)>,
    ) -> Result<(), Error> {
        let commit = self.objects.commit(id)?;
        for &parent in &commit.parents {
            if seen.insert(parent) {
                heap.push((self.time(parent, commit.committer_time.0)?, parent));
            }
        }
        Ok(())
    }
}
