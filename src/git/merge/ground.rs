//! The target with one commit more landed on it, where lines of work that go on from that commit are judged.
//! Must not know: which lines of work those are, how a pair is judged.

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};

use super::super::error::Error;
use super::super::history::Fork;
use super::super::tree::{self, Entry};
use super::brought::Brought;
use super::common::Settled;
use super::findings::Pair;
use super::{Line, Pairs, Question, Work, landing, pairs};
use crate::domain::id::ObjectId;
use crate::domain::path::RepoPath;

/// Where pairs with a commit in common are judged.
pub(super) struct Ground<'w> {
    /// With that commit, or the target with it, for the target.
    work: Work<'w>,
    /// What the commit leaves on the target; nothing is said of it where it is the target itself.
    landed: Option<Brought>,
    commit: ObjectId,
}

impl<'w> Ground<'w> {
    /// The target with `commit` landed on it, if it lands; of lines that do not land themselves, the commit as it is.
    pub(super) fn new(work: &Work<'w>, commit: ObjectId, lands: bool) -> Result<Option<Self>, Error> {
        let objects = work.judge.objects;
        if !lands {
            let tree = objects.commit(commit)?.tree;
            return Ok(Some(Self { work: work.with_target(commit, tree), landed: None, commit }));
        }
        let line = Line { tip: commit, judge_unlanded: false };
        let landed = landing::bring(work, &[line], None)?.remove(0);
        if !landed.lands() {
            return Ok(None);
        }
        let tree = tree::overlay(objects, Some(work.target_tree), &landed.effective)?;
        let target = tree::synthetic_commit(objects, tree, &[work.target, commit])?;
        Ok(Some(Self { work: work.with_target(target, tree), landed: Some(landed), commit }))
    }

    /// Judges the pairs here, but for those that would not come to the same where the question has them judged.
    pub(super) fn judge(
        &self,
        work: &Work<'_>,
        question: &Question,
        brought: &[Brought],
        pairs: &[Pair],
        settled: &mut Settled,
    ) -> Result<(), Error> {
        let numbers: Vec<usize> =
            pairs.iter().flat_map(|&(a, b)| [a, b]).collect::<BTreeSet<_>>().into_iter().collect();
        let lines: Vec<Line> = numbers.iter().map(|&n| question.lines[n]).collect();
        let here = landing::bring(&self.work, &lines, question.only.as_ref())?;
        let same = self.same(work, question, brought, (&numbers, &here))?;
        let mut listed = Vec::with_capacity(pairs.len());
        for &(a, b) in pairs {
            if let (Some(&x), Some(&y)) = (same.get(&a), same.get(&b)) {
                settled.judged.insert((a, b));
                listed.push((x, y));
            } else {
                settled.left.insert((a, b));
            }
        }
        let all = listed.len() == numbers.len() * (numbers.len() - 1) / 2;
        let pairs = if all { Pairs::All } else { Pairs::Listed(listed) };
        let question = Question { target: self.work.target, lines, pairs, ..question.clone() };
        let everybody: Vec<usize> = (0..here.len()).collect();
        let (found, _) = pairs::find(&self.work, &question, &here, &everybody)?;
        work.learn_from(&self.work);
        let found = found.into_iter().filter(|found| !found.is_empty());
        settled.found.extend(found.map(|found| found.renumbered(&numbers)));
        Ok(())
    }

    /// Of lines with these numbers, brought here, those to which it is the same; and their places among them.
    fn same(
        &self,
        work: &Work<'_>,
        question: &Question,
        brought: &[Brought],
        (numbers, here): (&[usize], &[Brought]),
    ) -> Result<BTreeMap<usize, usize>, Error> {
        let there = on_target(work, question, brought, numbers)?;
        let mut same = BTreeMap::new();
        for (at, &n) in numbers.iter().enumerate() {
            let there = there.get(&n).unwrap_or(&brought[n]);
            let is_same = self.is_same(work, question.only.as_ref(), there, &here[at]);
            if work.or_reason(is_same)?.unwrap_or(false) {
                same.insert(n, at);
            }
        }
        Ok(same)
    }

    /// Whether a line starts here where it left the common commit, and leaves the same on the target whether or not that
    /// commit landed before it. Then whoever lands on top of it meets the same tree, from the same base.
    fn is_same(
        &self,
        work: &Work<'_>,
        only: Option<&BTreeSet<RepoPath>>,
        there: &Brought,
        here: &Brought,
    ) -> Result<bool, Error> {
        // Where the target moved a file to may only be told from where the line left the target.
        if here.fork != Fork::One(self.commit) || !here.lands() || !here.late.is_empty() {
            return Ok(false);
        }
        let Some(landed) = &self.landed else { return Ok(true) };
        let seen = |path: &RepoPath| only.is_none_or(|only| only.contains(path)) || there.touches(path);
        let common = landed.effective.iter().filter(|(path, _)| seen(path));
        let now =
            in_step(common, here.effective.iter()).filter_map(|(path, (common, here))| Some((path, here.or(common)?)));
        for (path, (before, now)) in in_step(there.effective.iter(), now) {
            if before == now {
                continue;
            }
            let targets =
                tree::entry_at(work.judge.objects, work.target_tree, path)?.filter(|entry| !Entry::is_tree(entry));
            if before.copied().unwrap_or(targets) != now.copied().unwrap_or(targets) {
                return Ok(false);
            }
        }
        Ok(true)
    }
}

/// Two maps side by side, by key; both are sorted.
fn in_step<K: Ord, X, Y>(
    xs: impl Iterator<Item = (K, X)>,
    ys: impl Iterator<Item = (K, Y)>,
) -> impl Iterator<Item = (K, (Option<X>, Option<Y>))> {
    let (mut xs, mut ys) = (xs.peekable(), ys.peekable());
    std::iter::from_fn(move || {
        let order = match (xs.peek(), ys.peek()) {
            (Some((x, _)), Some((y, _))) => x.cmp(y),
            (Some(_), None) => Ordering::Less,
            (None, _) => Ordering::Greater,
        };
        match order {
            Ordering::Less => xs.next().map(|(key, x)| (key, (Some(x), None))),
            Ordering::Greater => ys.next().map(|(key, y)| (key, (None, Some(y)))),
            Ordering::Equal => xs.next().zip(ys.next()).map(|((key, x), (_, y))| (key, (Some(x), Some(y)))),
        }
    })
}

/// Of lines that were brought onto the target long ago, what they leave there.
fn on_target(
    work: &Work<'_>,
    question: &Question,
    brought: &[Brought],
    numbers: &[usize],
) -> Result<BTreeMap<usize, Brought>, Error> {
    let old: Vec<usize> = numbers.iter().copied().filter(|&n| brought[n].remembered).collect();
    let lines: Vec<Line> = old.iter().map(|&n| question.lines[n]).collect();
    if lines.is_empty() {
        return Ok(BTreeMap::new());
    }
    Ok(old.into_iter().zip(landing::bring(work, &lines, question.only.as_ref())?).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sorted_maps_go_in_step() {
        let (xs, ys) = ([(1, 'a'), (3, 'b')], [(2, 'c'), (3, 'd')]);
        let both: Vec<_> = in_step(xs.into_iter(), ys.into_iter()).collect();
        assert_eq!(both, [(1, (Some('a'), None)), (2, (None, Some('c'))), (3, (Some('b'), Some('d')))]);
    }
}
