//! Pairs of lines of work of which more than overlaps was found: those that git is asked about, that build on each other,
//! or that could not be judged. Must not know: how one path is judged, which pairs are asked about.

use std::collections::BTreeMap;

use super::super::error::Error;
use super::super::merge_tree::Conflicted;
use super::brought::Brought;
use super::content::Left;
use super::evidence;
use super::findings::{Findings, Found, Pair};
use super::meeting::Group;
use super::{PairAnswer, Work, pairs};
use crate::domain::overlap::{ConflictKind, Grade, PathOverlap};
use crate::domain::path::RepoPath;
use crate::domain::path_overlaps::PathOverlaps;

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

impl Draft {
    pub(super) fn note(&mut self, findings: &Findings, found: &Found) {
        match found {
            Found::Ask => self.ask = true,
            Found::Unknown(reason) => drop(self.unknown.get_or_insert_with(|| reason.clone())),
            Found::Overlap(packed) => findings.unpacked(*packed).into_iter().for_each(|overlap| self.put(overlap)),
            Found::Folded(overlap) => {
                if self.at(&overlap.path).is_err() {
                    self.put((**overlap).clone());
                }
            }
            Found::Stacked => self.stacked = true,
        }
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

    /// Takes over git's answer. Where both lines land it is the whole truth, else it is so of the paths that do not land.
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
        let fails = |path: &RepoPath| [pair.0, pair.1].iter().any(|&n| brought[n].conflicts.contains_key(path));
        for overlap in &mut self.paths {
            let wrongly = overlap.grade == Grade::Conflict && overlap.kind != Some(ConflictKind::CaseFold);
            let told = whole || fails(&overlap.path);
            if told && wrongly && !found.contains_key(&overlap.path) && self.unknown.is_none() {
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
    let blocks = pairs::may_block(work, path);
    let group = groups.binary_search_by(|group| group.path.cmp(path)).ok().map(|n| &groups[n]);
    let side = |line: usize| group.and_then(|group| group.sides.iter().find(|side| side.line == line));
    let (Some(group), Some(x), Some(y)) = (group, side(a), side(b)) else {
        return Ok(pairs::bare(path.clone(), kind, blocks));
    };
    let texts = super::texts::Texts::new(work.judge.objects);
    let described = evidence::overlap(&texts, group, (x, y), Some(kind), blocks);
    Ok(work.or_reason(described)?.unwrap_or_else(|_| pairs::bare(path.clone(), kind, blocks)))
}
