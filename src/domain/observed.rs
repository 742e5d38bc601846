//! What was last seen of who collides with whom, and what a new look at it adds to the log: each thing once.
//! Must not know: how anybody is looked at, where the state is kept.

use std::collections::{BTreeMap, BTreeSet};

use super::event::{Event, EventKind, OverlapFacts, Resolution};
use super::id::{Identity, ObjectId};
use super::overlap::{Grade, PathOverlap};
use super::path::RepoPath;
use super::time::{Seconds, Timestamp};

/// So many paths of an overlap are kept; the others are counted.
const KEPT: usize = 40;

/// For so long must a conflict be away that only uncommitted work made go: hooks stash and unstash.
pub const HOLD: Seconds = Seconds(10);

/// Two instances, the smaller identity first.
pub type Pair = (Identity, Identity);

/// What was last seen of everybody.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Observed {
    /// `coord.mode`, as it last was.
    pub mode: Option<String>,
    /// Each pair with a path in common, or whose conflict is not known to be over.
    pub pairs: BTreeMap<Pair, Seen>,
}

/// What was last seen of two instances.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Seen {
    /// Their labels.
    pub labels: (String, String),
    /// Their tips.
    pub tips: (Option<ObjectId>, Option<ObjectId>),
    /// Whether these hold work that the target lacks.
    pub ahead: (bool, bool),
    /// Their grade.
    pub grade: Grade,
    /// Since when they overlap.
    pub since: Timestamp,
    /// Since when they conflict, if they do.
    pub conflict: Option<Timestamp>,
    /// Since when that cannot be seen any more, while it is not known to be over.
    pub calm: Option<Timestamp>,
    /// The paths, of a conflict those that conflict.
    pub paths: Vec<RepoPath>,
    /// How many there are beyond.
    pub more_paths: u64,
}

/// How one instance stands at a look.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Standing {
    /// Its label.
    pub label: String,
    /// Its tip.
    pub tip: Option<ObjectId>,
    /// Whether it could not be read, or git or a hook is in the middle of something there: what is away may come back.
    pub busy: bool,
    /// Whether its tip holds work that the target lacks.
    pub ahead: bool,
    /// Whether its work is in the target.
    pub landed: bool,
    /// Where it does not land on the target.
    pub target_conflicts: BTreeSet<RepoPath>,
    /// What it changes.
    pub paths: BTreeSet<RepoPath>,
}

/// What two instances have in common at a look, in the order of their pair.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Met {
    /// Who.
    pub pair: Pair,
    /// The worst grade that counts.
    pub grade: Grade,
    /// Whether it is a conflict that may block.
    pub conflicts: bool,
    /// Whether that is acknowledged.
    pub acknowledged: bool,
    /// The paths; of a conflict those that conflict.
    pub paths: Vec<RepoPath>,
}

/// One look at everybody, or at some.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Look {
    /// The moment.
    pub now: Timestamp,
    /// Those looked at that are there.
    pub standing: BTreeMap<Identity, Standing>,
    /// Whether everybody was looked at, so that who is missing is gone.
    pub complete: bool,
    /// Who meets whom.
    pub met: Vec<Met>,
    /// Pairs that could not be judged: nothing is known of them.
    pub unknown: BTreeSet<Pair>,
}

/// The two in the order of a pair, and whether that turned them round.
#[must_use]
pub fn pair(a: &Identity, b: &Identity) -> (Pair, bool) {
    if a <= b { ((a.clone(), b.clone()), false) } else { ((b.clone(), a.clone()), true) }
}

/// The paths of an overlap that tell: of a conflict those that conflict and may block.
#[must_use]
pub fn telling(paths: &[PathOverlap]) -> Vec<RepoPath> {
    let conflicts = |path: &&PathOverlap| path.grade == Grade::Conflict && path.blocks;
    let telling: Vec<RepoPath> = paths.iter().filter(conflicts).map(|path| path.path.clone()).collect();
    if telling.is_empty() { paths.iter().map(|path| path.path.clone()).collect() } else { telling }
}

impl Observed {
    /// Takes a look in: what is new in it, as events, oldest first. `is_in` tells whether a commit is in another's
    /// history, also of commits that nobody names any more.
    pub fn take(&mut self, look: &Look, is_in: &dyn Fn(ObjectId, ObjectId) -> bool) -> Vec<Event> {
        let mut news = Vec::new();
        let met: BTreeMap<&Pair, &Met> = look.met.iter().map(|met| (&met.pair, met)).collect();
        let known: Vec<Pair> = self.pairs.keys().cloned().collect();
        for pair in known.iter().filter(|pair| !met.contains_key(pair)) {
            self.miss(pair, look, is_in, &mut news);
        }
        for met in &look.met {
            self.meet(met, look, is_in, &mut news);
        }
        news
    }

    /// The former tip of an instance, where it held work that the target lacked.
    pub fn former_work<'a>(&'a self, who: &'a Identity) -> impl Iterator<Item = ObjectId> + 'a {
        let sides = self
            .pairs
            .iter()
            .flat_map(|((a, b), seen)| [(a, seen.tips.0, seen.ahead.0), (b, seen.tips.1, seen.ahead.1)]);
        sides.filter(move |(side, _, ahead)| *side == who && *ahead).filter_map(|(_, tip, _)| tip)
    }

    /// Notes a conflict that a hook saw between two, without a look at either's whole work.
    pub fn clash(&mut self, met: &Met, labels: (String, String), now: Timestamp) -> Vec<Event> {
        let standing = |label: String| Standing {
            label,
            tip: None,
            busy: false,
            ahead: false,
            landed: false,
            target_conflicts: BTreeSet::new(),
            paths: BTreeSet::new(),
        };
        let known = self.pairs.get(&met.pair);
        if known.is_some_and(|seen| seen.conflict.is_some()) {
            return Vec::new();
        }
        let (tips, ahead) = known.map_or(((None, None), (false, false)), |seen| (seen.tips, seen.ahead));
        let (a, b) = met.pair.clone();
        let standing = BTreeMap::from([(a, standing(labels.0)), (b, standing(labels.1))]);
        let look = Look { now, standing, complete: false, met: vec![met.clone()], unknown: BTreeSet::new() };
        let mut news = Vec::new();
        self.meet(met, &look, &|_, _| false, &mut news);
        if let Some(seen) = self.pairs.get_mut(&met.pair) {
            (seen.tips, seen.ahead) = (tips, ahead);
        }
        news
    }

    fn meet(&mut self, met: &Met, look: &Look, is_in: &dyn Fn(ObjectId, ObjectId) -> bool, news: &mut Vec<Event>) {
        let (Some(a), Some(b)) = (look.standing.get(&met.pair.0), look.standing.get(&met.pair.1)) else { return };
        let labels = (a.label.clone(), b.label.clone());
        let is_open = met.conflicts && !met.acknowledged;
        let Some(seen) = self.pairs.get_mut(&met.pair) else {
            let mut seen = Seen::new(met, labels, (a, b), look.now);
            news.push(seen.tell(look.now, EventKind::OverlapAppeared, |_| {}));
            if is_open {
                seen.conflict = Some(look.now);
                news.push(seen.tell(look.now, EventKind::ConflictAppeared, |_| {}));
            }
            self.pairs.insert(met.pair.clone(), seen);
            return;
        };
        let busy = a.busy || b.busy;
        if busy && met.grade < seen.grade {
            // Half of a rebase, or a hook that put work aside: nothing is over yet.
            return;
        }
        let over = seen.conflict.filter(|_| !is_open);
        if over.is_some() {
            let how = if met.conflicts { Some(Resolution::Acknowledged) } else { seen.ended(&met.pair, look, is_in) };
            let Some(how) = how else { return };
            news.push(seen.resolve(look.now, how));
        } else {
            seen.calm = None;
        }
        let from = seen.grade;
        seen.labels = labels;
        (seen.tips, seen.ahead) = ((a.tip, b.tip), (a.ahead, b.ahead));
        seen.grade = met.grade;
        seen.keep(&met.paths);
        if from != met.grade {
            news.push(seen.tell(look.now, EventKind::OverlapChanged, |facts| facts.from = Some(from)));
        }
        if is_open && seen.conflict.is_none() {
            seen.conflict = Some(look.now);
            news.push(seen.tell(look.now, EventKind::ConflictAppeared, |_| {}));
        }
    }

    /// The pair has nothing in common at this look.
    fn miss(&mut self, pair: &Pair, look: &Look, is_in: &dyn Fn(ObjectId, ObjectId) -> bool, news: &mut Vec<Event>) {
        let sides = [&pair.0, &pair.1].map(|side| look.standing.get(side));
        let unseen = sides.iter().any(Option::is_none) && !look.complete;
        let busy = sides.iter().flatten().any(|standing| standing.busy);
        let Some(seen) = self.pairs.get_mut(pair).filter(|_| !unseen && !busy && !look.unknown.contains(pair)) else {
            return;
        };
        if seen.conflict.is_some() {
            let Some(how) = seen.ended(pair, look, is_in) else { return };
            news.push(seen.resolve(look.now, how));
        }
        let after = look.now.since(seen.since);
        news.push(seen.tell(look.now, EventKind::OverlapGone, |facts| facts.after = Some(after)));
        self.pairs.remove(pair);
    }
}

impl Seen {
    fn new(met: &Met, labels: (String, String), (a, b): (&Standing, &Standing), now: Timestamp) -> Self {
        let mut seen = Self {
            labels,
            tips: (a.tip, b.tip),
            ahead: (a.ahead, b.ahead),
            grade: met.grade,
            since: now,
            conflict: None,
            calm: None,
            paths: Vec::new(),
            more_paths: 0,
        };
        seen.keep(&met.paths);
        seen
    }

    fn keep(&mut self, paths: &[RepoPath]) {
        let kept = paths.len().min(KEPT);
        self.paths = paths[..kept].to_vec();
        self.more_paths = (paths.len() - kept) as u64;
    }

    fn tell(&self, at: Timestamp, kind: fn(OverlapFacts) -> EventKind, more: impl FnOnce(&mut OverlapFacts)) -> Event {
        let mut facts = OverlapFacts {
            with: self.labels.1.clone(),
            grade: self.grade,
            from: None,
            how: None,
            after: None,
            paths: self.paths.clone(),
            more_paths: self.more_paths,
        };
        more(&mut facts);
        Event { at, actor: Some(self.labels.0.clone()), kind: kind(facts) }
    }

    /// The conflict is over: it was when it was first not seen.
    fn resolve(&mut self, now: Timestamp, how: Resolution) -> Event {
        let since = self.conflict.take().unwrap_or(now);
        let over = self.calm.take().unwrap_or(now);
        self.tell(now, EventKind::ConflictResolved, |facts| {
            (facts.how, facts.after) = (Some(how), Some(over.since(since)));
        })
    }

    /// How the conflict ended; `None` while that is not sure.
    fn ended(&mut self, pair: &Pair, look: &Look, is_in: &dyn Fn(ObjectId, ObjectId) -> bool) -> Option<Resolution> {
        let calm = *self.calm.get_or_insert(look.now);
        let (a, b) = (look.standing.get(&pair.0), look.standing.get(&pair.1));
        let landed = a.is_some_and(|a| a.landed) || b.is_some_and(|b| b.landed) || a.is_none() || b.is_none();
        let in_the_way = |side: Option<&Standing>| {
            side.is_some_and(|side| self.paths.iter().any(|path| side.target_conflicts.contains(path)))
        };
        if landed && (in_the_way(a) || in_the_way(b)) {
            // The one landed: what it changed is now in the other's way on the target.
            return None;
        }
        let built = [(a, self.tips.0, self.tips.1), (b, self.tips.1, self.tips.0)]
            .into_iter()
            .find_map(|(side, own, other)| built_on(side?.tip?, own, other, is_in));
        if let Some(how) = built {
            return Some(how);
        }
        if a.is_none() || b.is_none() {
            return Some(Resolution::Dropped);
        }
        if landed {
            return Some(Resolution::Landed);
        }
        let (a, b) = (a?, b?);
        let gave_up = |side: &Standing| !self.paths.iter().any(|path| side.paths.contains(path));
        let how = if gave_up(a) || gave_up(b) { Resolution::Dropped } else { Resolution::Edited };
        let committed = (a.tip, b.tip) != self.tips && self.tips != (None, None);
        (committed || look.now.since(calm) >= HOLD).then_some(how)
    }
}

/// Whether a tip has the other's former one, and how that came in.
fn built_on(
    tip: ObjectId,
    own: Option<ObjectId>,
    other: Option<ObjectId>,
    is_in: &dyn Fn(ObjectId, ObjectId) -> bool,
) -> Option<Resolution> {
    let (own, other) = (own?, other?);
    if own == tip || own == other || !is_in(other, tip) || is_in(other, own) {
        return None;
    }
    Some(if is_in(own, tip) { Resolution::Merged } else { Resolution::Rebased })
}

#[cfg(test)]
mod tests;
