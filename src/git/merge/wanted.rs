//! Which pairs of lines of work are judged.
//! Must not know: what comes of them.

use std::collections::BTreeSet;

use super::brought::Brought;
use super::meeting::Group;
use super::{Pairs, Question};

/// Which pairs are judged at all.
pub(super) struct Wanted<'q> {
    listed: Option<BTreeSet<(usize, usize)>>,
    brought: &'q [Brought],
    /// By line.
    is_new: Vec<bool>,
}

impl<'q> Wanted<'q> {
    pub(super) fn new(question: &Question, brought: &'q [Brought], new: &[usize]) -> Self {
        let listed = match &question.pairs {
            Pairs::All => None,
            Pairs::Listed(pairs) => Some(pairs.iter().map(|&(a, b)| (a.min(b), a.max(b))).collect()),
        };
        let is_new = (0..brought.len()).map(|n| new.binary_search(&n).is_ok()).collect();
        Self { listed, brought, is_new }
    }

    /// Whether any pair at the path is.
    pub(super) fn any(&self, group: &Group) -> bool {
        group.sides.len() > 1 && group.sides.iter().any(|side| self.is_new[side.line])
    }

    /// The sides after this one at the path, of which one of the two lines is new.
    pub(super) fn partners<'a>(&'a self, group: &'a Group, at: usize) -> impl Iterator<Item = usize> + 'a {
        let is_new = |at: usize| self.is_new[group.sides[at].line];
        let all = is_new(at);
        (at + 1..group.sides.len()).filter(move |&other| all || is_new(other))
    }

    pub(super) fn has(&self, pair: (usize, usize)) -> bool {
        if !self.is_new[pair.0] && !self.is_new[pair.1] {
            return false;
        }
        let (a, b) = (&self.brought[pair.0], &self.brought[pair.1]);
        let known = a.unknown.is_none() && b.unknown.is_none();
        let land = a.lands() && b.lands() || a.judge_unlanded && b.judge_unlanded;
        known && land && pair.0 != pair.1 && self.listed.as_ref().is_none_or(|listed| listed.contains(&pair))
    }
}
