//! Lines of work that have commits in common which the target has not.
//! Must not know: paths, verdicts.

use std::collections::{BTreeMap, BTreeSet};
use std::hash::BuildHasherDefault;

use smallvec::SmallVec;

use super::super::id_map::IdMap;
use super::brought::Brought;
use super::findings::Pair;
use super::wanted::Wanted;
use crate::domain::id::ObjectId;

/// Which lines have commits in common.
#[derive(Debug, Default)]
pub(super) struct Kin {
    /// Pairs of which one's tip is among the other's commits.
    pub(super) stacked: BTreeSet<Pair>,
    /// The lines that have a commit, for each of those that several have; each list once, sorted.
    holders: Vec<Vec<usize>>,
    /// By such a commit, which list.
    held_by: IdMap<usize>,
}

/// Finds them by the lines' own commits.
pub(super) fn find(brought: &[Brought]) -> Kin {
    let commits = brought.iter().map(|line| line.own.len()).sum();
    // Hardly a commit has two.
    let mut holders: IdMap<SmallVec<[usize; 2]>> =
        IdMap::with_capacity_and_hasher(commits, BuildHasherDefault::default());
    for (n, line) in brought.iter().enumerate() {
        for &commit in &line.own {
            holders.entry(commit).or_default().push(n);
        }
    }
    let mut kin = Kin::default();
    for (n, line) in brought.iter().enumerate() {
        for &other in holders.get(&line.tip).into_iter().flatten().filter(|&&other| other != n) {
            kin.stacked.insert((n.min(other), n.max(other)));
        }
    }
    let mut known: BTreeMap<Vec<usize>, usize> = BTreeMap::new();
    // In the lines' order, as a map has none.
    for commit in brought.iter().flat_map(|line| &line.own) {
        let Some(group) = holders.remove(commit).filter(|group| group.len() > 1) else { continue };
        let next = known.len();
        kin.held_by.insert(*commit, *known.entry(group.into_vec()).or_insert(next));
    }
    kin.holders = vec![Vec::new(); known.len()];
    for (group, at) in known {
        kin.holders[at] = group;
    }
    kin
}

impl Kin {
    /// The pairs of those who are asking that have commits in common, by the youngest of these; in the order of the lines.
    pub(super) fn by_common_commit(&self, brought: &[Brought], wanted: &Wanted<'_>) -> Vec<(ObjectId, Vec<Pair>)> {
        let mut found: Vec<(ObjectId, Vec<Pair>)> = Vec::new();
        let mut at: BTreeMap<ObjectId, usize> = BTreeMap::new();
        let mut met = vec![usize::MAX; brought.len()];
        for &n in &wanted.asking {
            let mut seen = BTreeSet::new();
            for commit in &brought[n].own {
                let Some(list) = self.held_by.get(commit).filter(|list| seen.insert(**list)) else { continue };
                let once = |other: &&usize| **other > n || **other < n && !wanted.asks(**other);
                for &other in self.holders[*list].iter().filter(once) {
                    if std::mem::replace(&mut met[other], n) == n {
                        continue;
                    }
                    let at = *at.entry(*commit).or_insert(found.len());
                    if at == found.len() {
                        found.push((*commit, Vec::new()));
                    }
                    found[at].1.push((n.min(other), n.max(other)));
                }
            }
        }
        found
    }
}

/// A set of pairs of lines, of which there may be as many as pairs.
#[derive(Debug, Default)]
pub(super) struct PairSet {
    /// By the first line, a bit for each second one.
    rows: Vec<Vec<u64>>,
}

impl PairSet {
    pub(super) fn insert(&mut self, (a, b): Pair) {
        let (word, bit) = (b / 64, 1 << (b % 64));
        if self.rows.len() <= a {
            self.rows.resize(a + 1, Vec::new());
        }
        let row = &mut self.rows[a];
        if row.len() <= word {
            row.resize(word + 1, 0);
        }
        row[word] |= bit;
    }

    pub(super) fn contains(&self, (a, b): Pair) -> bool {
        self.rows.get(a).and_then(|row| row.get(b / 64)).is_some_and(|word| word & (1 << (b % 64)) != 0)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// All of them, in order.
    pub(super) fn iter(&self) -> impl Iterator<Item = Pair> {
        let words = self.rows.iter().enumerate().flat_map(|(a, row)| row.iter().enumerate().map(move |at| (a, at)));
        words.flat_map(|(a, (word, &bits))| {
            (0..64).filter(move |bit| bits & (1 << bit) != 0).map(move |bit| (a, word * 64 + bit))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_of_pairs_has_what_was_put_in() {
        let mut set = PairSet::default();
        for pair in [(3, 200), (0, 64), (3, 4), (0, 64)] {
            set.insert(pair);
        }
        assert_eq!(set.iter().collect::<Vec<_>>(), [(0, 64), (3, 4), (3, 200)]);
        assert!(
            set.contains((3, 200)) && !set.contains((3, 201)) && !set.contains((0, 63)) && !set.contains((900, 901))
        );
    }
}
