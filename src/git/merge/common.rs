//! Pairs of lines of work with commits in common that the target lacks. Git merges such a pair from the youngest of these,
//! so on the target with that one landed they are judged as lines of work that have nothing in common but it.
//! Must not know: how a pair is judged.

use std::collections::{BTreeSet, HashMap};

use foldhash::fast::RandomState;

use super::super::error::Error;
use super::super::history::Fork;
use super::super::id_map::IdSet;
use super::super::tree::{self, Entry};
use super::brought::Brought;
use super::findings::{Findings, Found, Pair};
use super::ground::Ground;
use super::kin::{Kin, PairSet};
use super::wanted::Wanted;
use super::{Question, Work, walk};
use crate::domain::id::ObjectId;
use crate::domain::path::RepoPath;

/// What came of pairs with commits in common.
#[derive(Default)]
pub(super) struct Settled {
    /// Of those that were judged.
    pub(super) found: Vec<Findings>,
    /// Those that were judged.
    pub(super) judged: PairSet,
    /// Those that only git can judge.
    pub(super) left: PairSet,
}

impl Settled {
    /// By line, whether any pair of it is still to be looked at, or to be described. Each pair has one of the `asking` lines.
    pub(super) fn open(&self, lines: usize, asking: &[usize]) -> Vec<bool> {
        if self.judged.is_empty() {
            return vec![true; lines];
        }
        let mut open = vec![false; lines];
        for &a in asking {
            for b in (0..lines).filter(|&b| b != a) {
                if !self.judged.contains((a.min(b), a.max(b))) {
                    (open[a], open[b]) = (true, true);
                }
            }
        }
        for (a, b) in self.found.iter().flat_map(Findings::asked) {
            (open[a], open[b]) = (true, true);
        }
        open
    }

    /// The pairs that git has to be asked about, wherever they meet.
    pub(super) fn left_to_git(&self) -> Findings {
        Findings::elsewhere(self.left.iter().map(|pair| (pair, Found::Ask)))
    }
}

/// Judges the wanted pairs that have commits in common, as far as they meet.
pub(super) fn settle(
    work: &Work<'_>,
    question: &Question,
    brought: &[Brought],
    (kin, wanted): (&Kin, &Wanted<'_>),
) -> Result<Settled, Error> {
    let mut settled = Settled::default();
    let mut common = Common { work, brought, wanted, has: HashMap::new(), changed: HashMap::default() };
    for (commit, pairs) in kin.by_common_commit(brought, wanted) {
        let (mut landing, mut lying) = (Vec::new(), Vec::new());
        for pair in pairs {
            if !wanted.has(pair) {
                settled.judged.insert(pair);
                continue;
            }
            if let Some(only) = &question.only {
                let shared = common.of(pair);
                if common.is_unnoticed(pair, &shared, only) {
                    continue;
                }
                if work.or_reason(common.are_apart(pair, (commit, &shared), only))?.unwrap_or(false) {
                    settled.judged.insert(pair);
                    continue;
                }
            }
            if brought[pair.0].lands() && brought[pair.1].lands() {
                landing.push(pair);
            } else {
                lying.push(pair);
            }
        }
        for (pairs, lands) in [(landing, true), (lying, false)] {
            work.breathe("the comparison of lines with commits in common")?;
            let ground = if pairs.is_empty() { Ok(None) } else { Ground::new(work, commit, lands) };
            match work.or_reason(ground)?.ok().flatten() {
                Some(ground) => ground.judge(work, question, brought, &pairs, &mut settled)?,
                None => pairs.iter().for_each(|&pair| settled.left.insert(pair)),
            }
        }
    }
    Ok(settled)
}

/// What two lines have in common, and whether that says anything of some paths.
struct Common<'w> {
    work: &'w Work<'w>,
    brought: &'w [Brought],
    wanted: &'w Wanted<'w>,
    /// By line that is asking, its own commits.
    has: HashMap<usize, IdSet>,
    /// By commit and the tree that it started from: whether it has another entry at one of the paths.
    changed: HashMap<(ObjectId, Option<ObjectId>), bool, RandomState>,
}

impl Common<'_> {
    /// The commits that both have.
    fn of(&mut self, (a, b): Pair) -> Vec<ObjectId> {
        let (one, other) = if self.wanted.asks(a) { (a, b) } else { (b, a) };
        let has = self.has.entry(one).or_insert_with(|| self.brought[one].own.iter().copied().collect());
        self.brought[other].own.iter().copied().filter(|commit| has.contains(commit)).collect()
    }

    /// Whether both start from the same place, and what they have in common changed none of these paths.
    fn is_unnoticed(&mut self, (a, b): Pair, shared: &[ObjectId], only: &BTreeSet<RepoPath>) -> bool {
        let (objects, base) = (self.work.judge.objects, self.brought[a].base);
        self.brought[a].fork == self.brought[b].fork
            && shared.iter().all(|&commit| {
                let changed = self.changed.entry((commit, base)).or_insert_with(|| {
                    let differs = objects.commit(commit).and_then(|at| walk::differs(objects, base, at.tree, only));
                    differs.unwrap_or(true)
                });
                !*changed
            })
    }

    /// Whether both go on from `youngest` alone, one of them left these paths as they are there, and the other added and
    /// deleted none of them since: then nothing meets there, and nothing moved from there or to there.
    fn are_apart(
        &self,
        (a, b): Pair,
        (youngest, shared): (ObjectId, &[ObjectId]),
        only: &BTreeSet<RepoPath>,
    ) -> Result<bool, Error> {
        let objects = self.work.judge.objects;
        let mut behind = IdSet::default();
        for commit in shared {
            behind.extend(objects.commit(*commit)?.parents.iter().copied());
        }
        let Fork::One(fork) = &self.brought[a].fork else { return Ok(false) };
        // Else git merges from more than `youngest`.
        let is_all = shared.iter().all(|commit| *commit == youngest || behind.contains(commit));
        if !is_all || !behind.contains(fork) || self.brought[a].fork != self.brought[b].fork {
            return Ok(false);
        }
        let tree = |commit: ObjectId| objects.commit(commit).map(|commit| commit.tree);
        let (common, trees) = (tree(youngest)?, [tree(self.brought[a].tip)?, tree(self.brought[b].tip)?]);
        let mut left_alone = [true; 2];
        for path in only {
            let before = tree::entry_at(objects, common, path)?;
            for (tree, left_alone) in trees.into_iter().zip(&mut left_alone) {
                let now = tree::entry_at(objects, tree, path)?;
                let is_file = |entry: Option<Entry>| entry.is_some_and(|entry| entry.is_file());
                if now != before && !(is_file(now) && is_file(before)) {
                    return Ok(false);
                }
                *left_alone &= now == before;
            }
        }
        Ok(left_alone.contains(&true))
    }
}
