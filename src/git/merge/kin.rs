//! Lines of work that share commits which the target has not.
//! Must not know: paths, verdicts.

use std::collections::{BTreeSet, HashSet};

use super::super::id_map::IdMap;
use super::brought::Brought;

/// Which pairs share commits.
#[derive(Debug, Default)]
pub(super) struct Kin {
    /// Pairs whose real merge base is not the target's fork point. `a < b`.
    pub(super) shared: BTreeSet<(usize, usize)>,
    /// Pairs of which one's tip is among the other's commits.
    pub(super) stacked: BTreeSet<(usize, usize)>,
}

/// Finds them by the lines' own commits.
pub(super) fn find(brought: &[Brought]) -> Kin {
    let mut holders: IdMap<Vec<usize>> = IdMap::default();
    for (n, line) in brought.iter().enumerate() {
        for &commit in &line.own {
            holders.entry(commit).or_default().push(n);
        }
    }
    let mut kin = Kin::default();
    let mut seen: HashSet<&[usize]> = HashSet::new();
    // In the lines' order, as a map has none.
    for commit in brought.iter().flat_map(|line| &line.own) {
        let group = holders[commit].as_slice();
        if group.len() > 1 && seen.insert(group) {
            for (k, &a) in group.iter().enumerate() {
                kin.shared.extend(group[k + 1..].iter().map(|&b| (a, b)));
            }
        }
    }
    for (n, line) in brought.iter().enumerate() {
        for &other in holders.get(&line.tip).into_iter().flatten().filter(|&&other| other != n) {
            kin.stacked.insert((n.min(other), n.max(other)));
        }
    }
    kin
}
