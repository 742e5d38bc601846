//! The engine's answer about pairs, as the overlaps of a survey. One that builds on the other does not collide with it, and
//! what has landed with nobody. Must not know: how a verdict is found, how anything was read.

use std::sync::{Arc, OnceLock};

use super::reading::Taken;
use crate::domain::instance::State;
use crate::domain::lazy::Lazy;
use crate::domain::overlap::Grade;
use crate::domain::overlaps::Overlaps;
use crate::domain::path::RepoPath;
use crate::domain::path_overlaps::PathOverlaps;
use crate::domain::report::{Overlap, Survey, Unknown};
use crate::git::merge::{PairAnswer, PairAnswers};
use crate::ops::context::Context;

/// The pairs in conflict, whoever they are of. `people` says which instance each line is of.
pub(super) fn conflicts(people: &[usize], pairs: &PairAnswers) -> Vec<Overlap> {
    let mut conflicts = Vec::with_capacity(pairs.count_overlaps(Grade::Conflict, |_| true));
    pairs.each_overlap(Grade::Conflict, |_| true, |pair| conflicts.push(overlap(people, pair)));
    conflicts
}

/// Enters what the pairs came to, of which the [`conflicts`] are told already. A hundred thousand pairs that merge cleanly are
/// counted, and put together when somebody looks at them.
pub(super) fn enter(
    ctx: &Context,
    survey: &mut Survey,
    (people, taken): (&[usize], &[Taken]),
    (pairs, mut conflicts): (PairAnswers, Vec<Overlap>),
) {
    let landed: Vec<bool> = survey.instances.iter().map(|instance| instance.state == State::Landed).collect();
    conflicts.retain(|overlap| !landed[overlap.a] && !landed[overlap.b]);
    let book = Book { people: people.to_vec(), landed, pairs, read: OnceLock::new() };
    for (a, b, reason) in book.unknown() {
        survey.unknown_pairs.push(Unknown { instances: vec![a, b], reason });
    }
    if ctx.acks().is_empty() && taken.iter().all(|taken| taken.snapshot.unsure.is_empty()) {
        survey.overlaps = book.counted(conflicts);
    } else {
        let mut overlaps = book.all_sure(conflicts, survey, taken);
        for overlap in &mut overlaps {
            overlap.acknowledged = acknowledged(ctx, survey, overlap);
        }
        survey.overlaps = overlaps.into();
    }
    survey.unknown_pairs.sort_by(|one, other| one.instances.cmp(&other.instances));
}

struct Book {
    /// By line, whose it is.
    people: Vec<usize>,
    /// By instance, whether its work is in the target.
    landed: Vec<bool>,
    pairs: PairAnswers,
    /// The same with all of them read, where they were not and somebody wants them.
    read: OnceLock<Option<PairAnswers>>,
}

impl Book {
    /// Whether a line can collide with anybody.
    fn collides(&self, line: usize) -> bool {
        !self.landed[self.people[line]]
    }

    /// The pairs that could not be judged, by their instances, and why.
    fn unknown(&self) -> Vec<(usize, usize, String)> {
        let of = |pair: &PairAnswer| {
            let reason =
                pair.unknown.clone().filter(|_| !pair.stacked && self.collides(pair.a) && self.collides(pair.b))?;
            let (a, b) = (self.people[pair.a], self.people[pair.b]);
            Some((a.min(b), a.max(b), reason))
        };
        self.pairs.unknown().filter_map(of).collect()
    }

    fn all(&self) -> &PairAnswers {
        self.read.get_or_init(|| self.pairs.with_all_read()).as_ref().unwrap_or(&self.pairs)
    }

    /// Those that merge cleanly in this way.
    fn of_grade(&self, grade: Grade) -> Vec<Overlap> {
        let pairs = self.all();
        let mut overlaps = Vec::with_capacity(pairs.count_overlaps(grade, |line| self.collides(line)));
        pairs.each_overlap(grade, |line| self.collides(line), |pair| overlaps.push(overlap(&self.people, pair)));
        overlaps
    }

    fn counted(self, conflicts: Vec<Overlap>) -> Overlaps {
        let book = Arc::new(self);
        let later = |grade: Grade| {
            let count = book.pairs.count_overlaps(grade, |line| book.collides(line));
            let book = Arc::clone(&book);
            Lazy::new(count, move || book.of_grade(grade))
        };
        let clean = Overlaps::default().with(Grade::Disjoint, later(Grade::Disjoint));
        clean.with(Grade::Identical, later(Grade::Identical)).with(Grade::Conflict, conflicts.into())
    }

    /// All of them, but for paths that were not wholly read: those make a pair unknown.
    fn all_sure(&self, conflicts: Vec<Overlap>, survey: &mut Survey, taken: &[Taken]) -> Vec<Overlap> {
        let mut overlaps = conflicts;
        for grade in [Grade::Disjoint, Grade::Identical] {
            overlaps.extend(self.of_grade(grade));
        }
        for overlap in &mut overlaps {
            if let Some(reason) = leave_out_unsure((overlap.a, overlap.b), &mut overlap.paths, taken) {
                survey.unknown_pairs.push(Unknown { instances: vec![overlap.a, overlap.b], reason });
                overlap.grade = overlap.paths.worst();
            }
        }
        overlaps.retain(|overlap| !overlap.paths.is_empty());
        overlaps
    }
}

/// The overlap that a pair came to; its instances in the survey's order.
fn overlap(people: &[usize], pair: PairAnswer) -> Overlap {
    let PairAnswer { grade, paths, .. } = pair;
    let (a, b) = (people[pair.a], people[pair.b]);
    let (a, b, paths) = if a < b { (a, b, paths) } else { (b, a, paths.turned()) };
    Overlap { a, b, grade, acknowledged: false, paths }
}

/// Leaves out the paths that were not wholly read on one of the sides; why, where there are any.
fn leave_out_unsure((a, b): (usize, usize), paths: &mut PathOverlaps, taken: &[Taken]) -> Option<String> {
    if taken[a].snapshot.unsure.is_empty() && taken[b].snapshot.unsure.is_empty() {
        return None;
    }
    let unsure = |path: &RepoPath| [a, b].iter().find_map(|&at| taken[at].snapshot.unsure.get(path));
    let (path, why) = paths.iter().find_map(|overlap| Some((&overlap.path, unsure(&overlap.path)?)))?;
    let reason = format!("{}: {why}", String::from_utf8_lossy(path.as_bytes()));
    paths.retain(|overlap| unsure(&overlap.path).is_none());
    Some(reason)
}

/// Whether somebody acknowledged all conflicts of it.
fn acknowledged(ctx: &Context, survey: &Survey, overlap: &Overlap) -> bool {
    let [a, b] = [overlap.a, overlap.b].map(|at| &survey.instances[at].identity);
    if !ctx.acks().iter().any(|ack| ack.is_about(a, b)) {
        return false;
    }
    let mut conflicts = overlap.paths.iter().filter(|path| path.grade == Grade::Conflict).peekable();
    conflicts.peek().is_some() && conflicts.all(|path| ctx.acknowledged(a, b, &path.path))
}
