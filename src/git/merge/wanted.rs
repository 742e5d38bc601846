//! Which pairs of lines of work are judged.
//! Must not know: what comes of them.

use std::cmp::Reverse;
use std::collections::BTreeSet;

use super::brought::Brought;
use super::meeting::Group;
use super::{Pairs, Question};

/// Which pairs are judged at all.
pub(super) struct Wanted<'q> {
    listed: Option<BTreeSet<(usize, usize)>>,
    brought: &'q [Brought],
    /// Some lines of which each pair has at least one; sorted.
    pub(super) asking: Vec<usize>,
    /// By line, whether it is among them.
    is_asking: Vec<bool>,
}

impl<'q> Wanted<'q> {
    pub(super) fn new(question: &Question, brought: &'q [Brought], new: &[usize]) -> Self {
        let (listed, asking) = match &question.pairs {
            Pairs::All => (None, new.to_vec()),
            Pairs::Listed(pairs) => {
                let is_new = |line: usize| new.binary_search(&line).is_ok();
                let listed: BTreeSet<(usize, usize)> = pairs.iter().map(|&(a, b)| (a.min(b), a.max(b))).collect();
                let listed: BTreeSet<_> = listed.into_iter().filter(|&(a, b)| is_new(a) || is_new(b)).collect();
                let asking = one_of_each(&listed, brought.len());
                (Some(listed), asking)
            }
        };
        let is_asking = (0..brought.len()).map(|n| asking.binary_search(&n).is_ok()).collect();
        Self { listed, brought, asking, is_asking }
    }

    /// Whether the line is among those that are asking.
    pub(super) fn asks(&self, line: usize) -> bool {
        self.is_asking[line]
    }

    /// Whether any pair at the path is.
    pub(super) fn any(&self, group: &Group) -> bool {
        group.sides.len() > 1 && group.sides.iter().any(|side| self.is_asking[side.line])
    }

    /// How many pairs at the path are, at most.
    pub(super) fn count(&self, group: &Group) -> usize {
        let asking = group.sides.iter().filter(|side| self.is_asking[side.line]).count();
        asking * (group.sides.len() - asking) + asking * asking.saturating_sub(1) / 2
    }

    /// The sides after this one at the path, of which one of the two lines is asking.
    pub(super) fn partners<'a>(&'a self, group: &'a Group, at: usize) -> impl Iterator<Item = usize> + 'a {
        let asks = |at: usize| self.is_asking[group.sides[at].line];
        let all = asks(at);
        (at + 1..group.sides.len()).filter(move |&other| all || asks(other))
    }

    pub(super) fn has(&self, pair: (usize, usize)) -> bool {
        if !self.asks(pair.0) && !self.asks(pair.1) {
            return false;
        }
        let (a, b) = (&self.brought[pair.0], &self.brought[pair.1]);
        let known = a.unknown.is_none() && b.unknown.is_none();
        let land = a.lands() && b.lands() || a.judge_unlanded && b.judge_unlanded;
        known && land && pair.0 != pair.1 && self.listed.as_ref().is_none_or(|listed| listed.contains(&pair))
    }
}

/// A few of `lines` lines of which each pair has at least one; sorted. Where lines branched off one after another, those that
/// did so first are in all pairs, and nobody has to look where the others meet.
fn one_of_each(pairs: &BTreeSet<(usize, usize)>, lines: usize) -> Vec<usize> {
    let mut others: Vec<Vec<usize>> = vec![Vec::new(); lines];
    for &(a, b) in pairs {
        others[a].push(b);
        others[b].push(a);
    }
    let mut by_pairs: Vec<usize> = (0..lines).collect();
    by_pairs.sort_by_key(|&line| Reverse(others[line].len()));
    let mut taken = vec![false; lines];
    for line in by_pairs {
        taken[line] = others[line].iter().any(|&other| !taken[other]);
    }
    (0..lines).filter(|&line| taken[line]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_pair_has_one_of_the_few() {
        // One that branched off first, and what the others have in common besides.
        assert_eq!(one_of_each(&[(0, 1), (1, 2), (1, 3)].into(), 4), [1]);
        assert_eq!(one_of_each(&[(0, 1), (0, 2), (1, 2)].into(), 3).len(), 2);
        assert!(one_of_each(&BTreeSet::new(), 3).is_empty());
    }
}
