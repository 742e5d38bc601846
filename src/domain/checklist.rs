//! The decision: is coordination worth enforcing here? Four questions, answered from what the log tells, event by event.
//! Must not know: where events come from, how the answer is written down.

use std::collections::BTreeMap;

use super::claim::End;
use super::event::{Event, EventKind, OverlapFacts, Resolution};
use super::hindsight::Hindsight;
use super::path::RepoPath;
use super::policy::{Mode, Thresholds};
use super::time::{Seconds, Timestamp};

mod alarms;

use alarms::Alarms;

/// Where nobody declares sessions, work of an instance that rested for longer is another session.
const REST: Seconds = Seconds(4 * 3600);

/// So many further sessions show whether warning helps.
pub const TRIAL: u64 = 5;

/// From so many boxes on the plan says to warn.
pub const BOXES: usize = 2;

/// A week, the width of a bar of the charts.
const WEEK: i64 = 7 * 24 * 3600;

/// No more than so many of a list are of use.
const LISTED: usize = 20;

/// Upper ends of the classes of lifetimes; the last class is everything longer.
pub const CLASSES: [Seconds; 5] =
    [Seconds(600), Seconds(3600), Seconds(4 * 3600), Seconds(24 * 3600), Seconds(7 * 24 * 3600)];

/// What the log says, added up.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Counts {
    /// The first event's time.
    pub since: Option<Timestamp>,
    /// Sessions observed: declared ones, and stretches of work where none was declared.
    pub sessions: u64,
    /// Those that overlapped with another.
    pub overlapping_sessions: u64,
    /// Conflicts that appeared.
    pub conflicts: u64,
    /// How those that are over ended.
    pub resolutions: BTreeMap<Resolution, u64>,
    /// How long they were open, shortest first.
    pub lifetimes: Vec<Seconds>,
    /// Acknowledgements given.
    pub acknowledgements: u64,
    /// Commits that skipped coord, or went round it.
    pub bypasses: u64,
    /// Claims granted.
    pub claims: u64,
    /// Claims refused, as somebody else's was in the way.
    pub claims_refused: u64,
    /// Claims that somebody else ended by force.
    pub claims_forced: u64,
    /// Commits that were stopped.
    pub blocked: u64,
    /// Hooks that could not judge.
    pub failed_open: u64,
    /// How coord's alarms ended.
    pub alarms: Usefulness,
    /// Paths by how often they were in a conflict, most often first.
    pub hot: Vec<(RepoPath, u64)>,
    /// Pairs by how often they overlapped and conflicted, most often first.
    pub pairs: Vec<(String, String, u64, u64)>,
    /// Conflicts that appeared, week by week from the first, weeks without any included.
    pub weeks: Vec<(Timestamp, u64)>,
    /// Sessions observed since the mode became another than `monitor`; `None` while it is not.
    pub on_trial: Option<u64>,
}

/// What became of the times that coord spoke.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Usefulness {
    /// Alarms in all: one for each pair, until it ends.
    pub spoke: u64,
    /// Those that led to a change.
    pub changed: u64,
    /// Those that were acknowledged.
    pub acknowledged: u64,
    /// Those that were skipped or bypassed.
    pub bypassed: u64,
}

impl Usefulness {
    /// Those of which the end is known that led to a change, of a hundred; `None` where no end is known.
    #[must_use]
    pub fn precision(&self) -> Option<u64> {
        let ended = self.changed + self.acknowledged + self.bypassed;
        (ended > 0).then(|| self.changed * 100 / ended)
    }
}

/// The answer of `coord report`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Checklist {
    /// The moment it was computed.
    pub now: Timestamp,
    /// What it stands on.
    pub counts: Counts,
    /// From where on a box is checked.
    pub thresholds: Thresholds,
    /// Which of the four are.
    pub checked: [bool; 4],
    /// How far the hooks go now.
    pub mode: Mode,
    /// Whether there are hooks at all.
    pub installed: bool,
    /// How far they should.
    pub advice: Advice,
    /// Lines of the log that hold no event.
    pub unreadable: u64,
    /// Where it was computed from history that has no log: what coord would have said.
    pub hindsight: Option<Hindsight>,
}

/// What to do.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Advice {
    /// Go on watching: so many sessions are missing for an answer.
    TooEarly(u64),
    /// Stay on `monitor`: fewer than two boxes.
    Monitor,
    /// Warn; `enforce` after so many more sessions, if it helps until then.
    Warn(u64),
    /// Enforce: warning has led to changes.
    Enforce,
}

impl Advice {
    /// The mode that it comes to.
    #[must_use]
    pub fn mode(self) -> Mode {
        match self {
            Self::TooEarly(_) | Self::Monitor => Mode::Monitor,
            Self::Warn(_) => Mode::Warn,
            Self::Enforce => Mode::Enforce,
        }
    }
}

/// Adds events up; each is looked at once.
#[derive(Clone, Debug, Default)]
pub struct Tally {
    counts: Counts,
    stretches: BTreeMap<String, Stretch>,
    hot: BTreeMap<RepoPath, u64>,
    pairs: BTreeMap<(String, String), (u64, u64)>,
    weeks: BTreeMap<i64, u64>,
    alarms: Alarms,
    trial_from: Option<u64>,
}

/// One session of an instance.
#[derive(Clone, Copy, Debug)]
struct Stretch {
    last: Timestamp,
    declared: bool,
    overlapped: bool,
}

impl Tally {
    /// Adds one event. Events come in the order of the log; a clock that went backwards counts as standing still.
    pub fn add(&mut self, event: &Event) {
        let counts = &mut self.counts;
        counts.since = Some(counts.since.map_or(event.at, |since| since.min(event.at)));
        let actor = event.actor.as_deref().unwrap_or_default();
        match &event.kind {
            EventKind::SessionStarted(_) => self.begin(actor, event.at),
            EventKind::SessionEnded(_) | EventKind::SessionStale(_) => {
                if let Some(stretch) = self.stretches.get_mut(actor) {
                    (stretch.declared, stretch.last) = (false, event.at);
                }
            }
            EventKind::WorkingSetGrown(_) => self.touch(actor, event.at),
            EventKind::OverlapAppeared(facts) => self.overlap(actor, facts, event.at),
            EventKind::ConflictAppeared(facts) => self.conflict(actor, facts, event.at),
            EventKind::ConflictResolved(facts) => self.resolved(actor, facts),
            EventKind::AckGiven(facts) => {
                counts.acknowledgements += 1;
                self.alarms.acknowledge(actor, &facts.with);
            }
            EventKind::CommitBlocked(_)
            | EventKind::CommitWarned(_)
            | EventKind::CommitPassed(_)
            | EventKind::CommitSkipped(_)
            | EventKind::CommitBypassed(_)
            | EventKind::CommitChangedAfterCheck(_) => self.commit(actor, event),
            EventKind::ClaimGranted(_) => counts.claims += 1,
            EventKind::ClaimRefused(_) => counts.claims_refused += 1,
            EventKind::ClaimEnded(facts) if facts.why == End::Forced.name() => counts.claims_forced += 1,
            EventKind::FailedOpen { .. } => counts.failed_open += 1,
            EventKind::ModeChanged { mode } | EventKind::Installed { mode } => self.mode(mode),
            _ => {}
        }
    }

    fn commit(&mut self, actor: &str, event: &Event) {
        self.touch(actor, event.at);
        match &event.kind {
            EventKind::CommitBlocked(facts) => {
                self.counts.blocked += 1;
                self.alarms.raise(actor, &facts.with, true);
            }
            EventKind::CommitWarned(facts) => self.alarms.raise(actor, &facts.with, false),
            EventKind::CommitPassed(_) => self.alarms.passed(actor),
            EventKind::CommitSkipped(_) | EventKind::CommitBypassed(_) => {
                self.counts.bypasses += 1;
                self.alarms.bypass(actor);
            }
            _ => {}
        }
    }

    fn mode(&mut self, mode: &str) {
        match mode {
            "monitor" => self.trial_from = None,
            _ => self.trial_from = self.trial_from.or(Some(self.counts.sessions)),
        }
    }

    fn begin(&mut self, actor: &str, at: Timestamp) {
        match self.stretches.get_mut(actor) {
            // What was seen of it before it said who it is belongs to it.
            Some(stretch) if !stretch.declared && at.since(stretch.last) < REST => {
                (stretch.declared, stretch.last) = (true, at);
            }
            _ => {
                self.counts.sessions += 1;
                self.stretches.insert(actor.to_owned(), Stretch { last: at, declared: true, overlapped: false });
            }
        }
    }

    fn touch(&mut self, label: &str, at: Timestamp) {
        match self.stretches.get_mut(label) {
            Some(stretch) if stretch.declared || at.since(stretch.last) < REST => stretch.last = stretch.last.max(at),
            _ if label.is_empty() => {}
            _ => {
                self.counts.sessions += 1;
                self.stretches.insert(label.to_owned(), Stretch { last: at, declared: false, overlapped: false });
            }
        }
    }

    fn overlap(&mut self, actor: &str, facts: &OverlapFacts, at: Timestamp) {
        for label in [actor, &facts.with] {
            self.touch(label, at);
            if let Some(stretch) = self.stretches.get_mut(label)
                && !stretch.overlapped
            {
                stretch.overlapped = true;
                self.counts.overlapping_sessions += 1;
            }
        }
        self.pairs.entry(pair(actor, &facts.with)).or_default().0 += 1;
    }

    fn conflict(&mut self, actor: &str, facts: &OverlapFacts, at: Timestamp) {
        self.counts.conflicts += 1;
        *self.weeks.entry(at.0.div_euclid(WEEK)).or_default() += 1;
        self.pairs.entry(pair(actor, &facts.with)).or_default().1 += 1;
        for path in &facts.paths {
            match self.hot.get_mut(path) {
                Some(count) => *count += 1,
                None => drop(self.hot.insert(path.clone(), 1)),
            }
        }
    }

    fn resolved(&mut self, actor: &str, facts: &OverlapFacts) {
        let Some(how) = facts.how else { return };
        *self.counts.resolutions.entry(how).or_default() += 1;
        if how == Resolution::Acknowledged {
            self.alarms.acknowledge(actor, &facts.with);
        } else {
            self.counts.lifetimes.extend(facts.after);
            self.alarms.resolve(actor, &facts.with);
        }
    }

    /// The decision, from all that was added.
    #[must_use]
    pub fn decide(self, now: Timestamp, mode: Mode, thresholds: Thresholds) -> Checklist {
        let mut counts = self.counts;
        counts.lifetimes.sort_unstable();
        counts.alarms = self.alarms.ended();
        counts.on_trial = self.trial_from.map(|from| counts.sessions - from);
        counts.hot = most(self.hot.into_iter().collect(), |(_, count)| *count);
        let pairs = self.pairs.into_iter().map(|((a, b), (overlaps, conflicts))| (a, b, overlaps, conflicts));
        counts.pairs = most(pairs.collect(), |(_, _, overlaps, conflicts)| *overlaps.max(conflicts) + conflicts * 2);
        counts.weeks = weeks(&self.weeks);
        let checked = checked(&counts, &thresholds);
        let advice = advise(&counts, checked, mode, &thresholds);
        Checklist { now, counts, thresholds, checked, mode, installed: true, advice, unreadable: 0, hindsight: None }
    }
}

impl Counts {
    /// How long conflicts are open, in the median.
    #[must_use]
    pub fn median(&self) -> Option<Seconds> {
        self.lifetimes.get(self.lifetimes.len().checked_sub(1)? / 2).copied()
    }

    /// Conflicts that are not known to be over.
    #[must_use]
    pub fn open(&self) -> u64 {
        self.conflicts.saturating_sub(self.resolutions.values().sum())
    }

    /// How many ended so.
    #[must_use]
    pub fn ended(&self, how: Resolution) -> u64 {
        self.resolutions.get(&how).copied().unwrap_or(0)
    }

    /// How often people had to step in: to say that they know, to go round coord, or because a claim was in the way. A
    /// claim that is granted costs nobody anything.
    #[must_use]
    pub fn by_hand(&self) -> u64 {
        self.acknowledgements + self.bypasses + self.claims_refused + self.claims_forced
    }

    /// Lifetimes by [`CLASSES`].
    #[must_use]
    pub fn classes(&self) -> [u64; CLASSES.len() + 1] {
        let mut classes = [0; CLASSES.len() + 1];
        for lifetime in &self.lifetimes {
            classes[CLASSES.iter().position(|end| lifetime < end).unwrap_or(CLASSES.len())] += 1;
        }
        classes
    }
}

fn pair(a: &str, b: &str) -> (String, String) {
    if a <= b { (a.to_owned(), b.to_owned()) } else { (b.to_owned(), a.to_owned()) }
}

fn most<T>(mut all: Vec<T>, weight: impl Fn(&T) -> u64) -> Vec<T> {
    // Stable, so that equals stay in the order of their names.
    all.sort_by_key(|item| std::cmp::Reverse(weight(item)));
    all.truncate(LISTED);
    all
}

/// At most ten years of weeks, so that one event with a mad clock does not make a chart of millions.
fn weeks(counted: &BTreeMap<i64, u64>) -> Vec<(Timestamp, u64)> {
    let Some((&last, _)) = counted.last_key_value() else { return Vec::new() };
    let first = counted.keys().copied().find(|&week| last - week < 520).unwrap_or(last);
    (first..=last).map(|week| (Timestamp(week * WEEK), counted.get(&week).copied().unwrap_or(0))).collect()
}

fn checked(counts: &Counts, thresholds: &Thresholds) -> [bool; 4] {
    let share = |part: u64, percent: u64| part > 0 && part * 100 >= percent * counts.sessions;
    [
        counts.conflicts >= thresholds.conflicts.max(1),
        counts.median().is_some_and(|median| median >= thresholds.open),
        share(counts.overlapping_sessions, thresholds.overlap_percent),
        share(counts.by_hand(), thresholds.manual_percent),
    ]
}

fn advise(counts: &Counts, checked: [bool; 4], mode: Mode, thresholds: &Thresholds) -> Advice {
    let missing = thresholds.sessions.saturating_sub(counts.sessions);
    if missing > 0 {
        return Advice::TooEarly(missing);
    }
    if checked.iter().filter(|&&checked| checked).count() < BOXES {
        return Advice::Monitor;
    }
    let tried = if mode == Mode::Monitor { 0 } else { counts.on_trial.unwrap_or(0) };
    let helps = counts.alarms.precision().is_some_and(|precision| precision >= 50);
    if tried >= TRIAL && helps { Advice::Enforce } else { Advice::Warn(TRIAL.saturating_sub(tried)) }
}

#[cfg(test)]
mod tests;
