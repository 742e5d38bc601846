//! What is found of pairs of lines of work path by path, put together pair by pair.
//! Must not know: how one path is judged, which pairs are asked about.

use std::collections::BTreeMap;
use std::thread;

use super::super::error::Error;
use super::super::merge_tree::Conflicted;
use super::super::repository::joined;
use super::content::Left;
use super::evidence;
use super::landing::Brought;
use super::meeting::Group;
use super::pairs::{bare, may_block};
use super::{PairAnswer, Work};
use crate::domain::overlap::{ConflictKind, Grade, PathOverlap};
use crate::domain::path::RepoPath;
use crate::domain::path_overlaps::PathOverlaps;

/// The places of two lines, the first smaller.
pub(super) type Pair = (usize, usize);

/// What one path says of a pair.
pub(super) type Finding = (Pair, Found);

/// A pair in the making.
#[derive(Debug, Default)]
pub(super) struct Draft {
    /// Sorted by path.
    paths: Vec<PathOverlap>,
    /// Whether one builds on the other's tip.
    stacked: bool,
    /// Git has to be asked.
    pub(super) ask: bool,
    pub(super) unknown: Option<String>,
}

/// What can be said of a pair at one path.
pub(super) enum Found {
    Ask,
    Unknown(String),
    Overlap(PathOverlap),
    /// The names differ only in case; that counts where nothing else is known of the path.
    Folded(PathOverlap),
    /// One builds on the other.
    Stacked,
}

/// More findings are put together by several threads.
const MANY: usize = 10_000;

/// The drafts, sorted by pair. Of one pair what was found first is entered first.
pub(super) fn put_together(mut found: Vec<Vec<Finding>>) -> Vec<(Pair, Draft)> {
    let count: usize = found.iter().map(Vec::len).sum();
    if count <= MANY || found.len() < 2 {
        return sorted(found);
    }
    let mut first = 0;
    let middle = found.iter().take_while(|found| {
        first += found.len();
        first <= count / 2
    });
    let middle = middle.count().max(1);
    let later = found.split_off(middle);
    let (first, later) = thread::scope(|scope| {
        let later = scope.spawn(|| sorted(later));
        (sorted(found), joined(later.join()))
    });
    merged(first, later)
}

fn sorted(mut found: Vec<Vec<Finding>>) -> Vec<(Pair, Draft)> {
    // Only the order is sorted, as the findings are large, and by the first line at once, as there are few.
    let lines = found.iter().flatten().map(|(pair, _)| pair.0 + 1).max().unwrap_or(0);
    let mut of_line: Vec<Vec<(usize, usize, usize)>> = vec![Vec::new(); lines];
    for (path, found) in found.iter().enumerate() {
        for (n, ((a, b), _)) in found.iter().enumerate() {
            of_line[*a].push((*b, path, n));
        }
    }
    let mut drafts = Vec::new();
    for (a, mut order) in of_line.into_iter().enumerate() {
        order.sort_unstable();
        for findings in order.chunk_by(|x, y| x.0 == y.0) {
            let mut draft = Draft { paths: Vec::with_capacity(findings.len()), ..Draft::default() };
            for &(_, path, n) in findings {
                draft.note(std::mem::replace(&mut found[path][n].1, Found::Ask));
            }
            drafts.push(((a, findings[0].0), draft));
        }
    }
    drafts
}

/// Two runs as one.
fn merged(first: Vec<(Pair, Draft)>, later: Vec<(Pair, Draft)>) -> Vec<(Pair, Draft)> {
    let mut all: Vec<(Pair, Draft)> = Vec::with_capacity(first.len() + later.len());
    let mut later = later.into_iter().peekable();
    for (pair, mut draft) in first {
        while let Some(other) = later.next_if(|(other, _)| *other < pair) {
            all.push(other);
        }
        if let Some((_, more)) = later.next_if(|(other, _)| *other == pair) {
            draft.add(more);
        }
        all.push((pair, draft));
    }
    all.extend(later);
    all
}

impl Draft {
    fn note(&mut self, found: Found) {
        match found {
            Found::Ask => self.ask = true,
            Found::Unknown(reason) => drop(self.unknown.get_or_insert(reason)),
            Found::Overlap(overlap) => self.put(overlap),
            Found::Folded(overlap) => {
                if self.at(&overlap.path).is_err() {
                    self.put(overlap);
                }
            }
            Found::Stacked => self.stacked = true,
        }
    }

    /// Adds what was found later.
    fn add(&mut self, later: Self) {
        for overlap in later.paths {
            if overlap.kind == Some(ConflictKind::CaseFold) {
                self.note(Found::Folded(overlap));
            } else {
                self.put(overlap);
            }
        }
        self.stacked |= later.stacked;
        self.ask |= later.ask;
        self.unknown = self.unknown.take().or(later.unknown);
    }

    /// Where the path is, or belongs.
    fn at(&self, path: &RepoPath) -> Result<usize, usize> {
        self.paths.binary_search_by(|overlap| overlap.path.cmp(path))
    }

    /// Enters what is known of a path, in place of what was.
    fn put(&mut self, overlap: PathOverlap) {
        match self.at(&overlap.path) {
            Ok(at) => self.paths[at] = overlap,
            Err(at) => self.paths.insert(at, overlap),
        }
    }

    /// Takes over git's answer. Where both lines land it is the whole truth.
    pub(super) fn take(
        &mut self,
        work: &Work<'_>,
        brought: &[Brought],
        groups: &[Group],
        pair: (usize, usize),
        (conflicts, whole): (Vec<Conflicted>, bool),
    ) -> Result<(), Error> {
        work.learn_attributes(conflicts.iter().map(|conflict| conflict.path.clone()).collect())?;
        let mut found: BTreeMap<RepoPath, ConflictKind> = BTreeMap::new();
        for conflict in conflicts {
            // Of tips that were merged as they are, what one line has from the target is not its own work.
            let own = |n: usize| conflict.names().any(|path| brought[n].touches(path));
            let foreign = !own(pair.0) || !own(pair.1);
            if foreign && !whole {
                continue;
            }
            if !work.is_ignored(&conflict.path) && work.without_driver(&conflict)? == Left::Conflict(conflict.kind) {
                // The two landing orders may say different things; which comes first must not depend on who is named first.
                let kind = conflict.kind;
                found.entry(conflict.path).and_modify(|known| *known = kind.min(*known)).or_insert(kind);
            }
        }
        for (path, kind) in &found {
            self.put(describe(work, groups, pair, path, *kind)?);
        }
        for overlap in &mut self.paths {
            let wrongly = overlap.grade == Grade::Conflict && overlap.kind != Some(ConflictKind::CaseFold);
            if whole && wrongly && !found.contains_key(&overlap.path) && self.unknown.is_none() {
                (overlap.grade, overlap.kind) = (Grade::Disjoint, None);
            }
        }
        Ok(())
    }

    pub(super) fn answer(self, (a, b): Pair) -> PairAnswer {
        let paths = PathOverlaps::from(self.paths);
        PairAnswer { a, b, stacked: self.stacked, grade: paths.worst(), paths, unknown: self.unknown }
    }
}

fn describe(
    work: &Work<'_>,
    groups: &[Group],
    (a, b): (usize, usize),
    path: &RepoPath,
    kind: ConflictKind,
) -> Result<PathOverlap, Error> {
    let blocks = may_block(work, path);
    let group = groups.binary_search_by(|group| group.path.cmp(path)).ok().map(|n| &groups[n]);
    let side = |line: usize| group.and_then(|group| group.sides.iter().find(|side| side.line == line));
    let (Some(group), Some(x), Some(y)) = (group, side(a), side(b)) else {
        return Ok(bare(path.clone(), kind, blocks));
    };
    let texts = super::texts::Texts::new(work.judge.objects);
    let described = evidence::overlap(&texts, group, (x, y), Some(kind), blocks);
    Ok(work.or_reason(described)?.unwrap_or_else(|_| bare(path.clone(), kind, blocks)))
}
