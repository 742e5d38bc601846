//! The order in which to land: the largest batches without a conflict inside, and who must rebase on whom.
//! Must not know: how conflicts were found, how a plan is proved or shown.

use std::collections::{BTreeMap, BTreeSet};

use super::path::RepoPath;

/// Who conflicts with whom, by index. The indexes' order is the order of preference: the one to land first is first.
#[derive(Clone, Debug, Default)]
pub struct Graph {
    neighbours: Vec<BTreeSet<usize>>,
}

impl Graph {
    /// A graph of `nodes` that do not conflict.
    #[must_use]
    pub fn new(nodes: usize) -> Self {
        Self { neighbours: vec![BTreeSet::new(); nodes] }
    }

    /// Says that two of them conflict.
    pub fn conflict(&mut self, a: usize, b: usize) {
        if a != b {
            self.neighbours[a].insert(b);
            self.neighbours[b].insert(a);
        }
    }

    /// Says that `upper` is built on `lower`: whatever conflicts with `lower` conflicts with `upper`, which brings
    /// `lower`'s work along. So no largest batch holds `upper` without `lower`. To be called after all conflicts.
    pub fn stack(&mut self, upper: usize, lower: usize) {
        for other in self.neighbours[lower].clone() {
            if other != upper {
                self.conflict(upper, other);
            }
        }
        self.neighbours[upper].remove(&lower);
        self.neighbours[lower].remove(&upper);
    }

    /// How many nodes it has.
    #[must_use]
    pub fn len(&self) -> usize {
        self.neighbours.len()
    }

    /// Whether it has no nodes.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.neighbours.is_empty()
    }

    /// With whom one conflicts.
    #[must_use]
    pub fn conflicts_of(&self, node: usize) -> &BTreeSet<usize> {
        &self.neighbours[node]
    }

    /// The largest batch that can be had from those `left`, found exactly in parts of up to 64 that conflict among
    /// themselves (within a bounded search), else greedily. The same graph gives the same batch.
    #[must_use]
    pub fn largest_batch(&self, left: &BTreeSet<usize>) -> Vec<usize> {
        let mut batch: Vec<usize> = self.parts(left).iter().flat_map(|part| self.largest(part)).collect();
        batch.sort_unstable();
        batch
    }

    /// The connected parts of the graph among `left`.
    fn parts(&self, left: &BTreeSet<usize>) -> Vec<Vec<usize>> {
        let mut unseen = left.clone();
        let mut parts = Vec::new();
        while let Some(start) = unseen.pop_first() {
            let mut part = vec![start];
            let mut next = 0;
            while next < part.len() {
                for &neighbour in &self.neighbours[part[next]] {
                    if unseen.remove(&neighbour) {
                        part.push(neighbour);
                    }
                }
                next += 1;
            }
            part.sort_unstable();
            parts.push(part);
        }
        parts
    }

    fn largest(&self, part: &[usize]) -> Vec<usize> {
        let greedy = self.greedy(part);
        if part.len() > EXACT_UP_TO {
            return greedy;
        }
        let masks = part.iter().map(|&node| {
            (part.iter().enumerate())
                .filter(|(_, other)| self.neighbours[node].contains(other))
                .fold(0, |mask, (bit, _)| mask | 1 << bit)
        });
        let mut search = Search { masks: masks.collect(), best: 0, best_len: greedy.len(), steps: SEARCH_STEPS };
        search.extend(u64::MAX >> (64 - part.len()), 0);
        if search.best == 0 {
            return greedy;
        }
        (part.iter().enumerate()).filter(|(bit, _)| search.best >> bit & 1 == 1).map(|(_, &node)| node).collect()
    }

    /// Takes, again and again, the one with the fewest conflicts among those left, the first of equals.
    fn greedy(&self, part: &[usize]) -> Vec<usize> {
        let mut degree: Vec<(usize, usize)> = Vec::new();
        let mut left: BTreeSet<usize> = part.iter().copied().collect();
        let mut taken = Vec::new();
        while !left.is_empty() {
            degree.clear();
            degree.extend(left.iter().map(|&node| (self.neighbours[node].intersection(&left).count(), node)));
            let Some(&(_, node)) = degree.iter().min() else { break };
            left.remove(&node);
            left.retain(|other| !self.neighbours[node].contains(other));
            taken.push(node);
        }
        taken.sort_unstable();
        taken
    }
}

/// Parts up to this size are searched exactly: a set of them is one machine word.
const EXACT_UP_TO: usize = 64;

/// How many sets a search looks at before it settles for the best so far: some tens of milliseconds.
const SEARCH_STEPS: u32 = 200_000;

struct Search {
    masks: Vec<u64>,
    best: u64,
    best_len: usize,
    steps: u32,
}

impl Search {
    /// Branch and bound: `open` may still be taken, `taken` is. Nodes without an open neighbour are taken at once.
    fn extend(&mut self, open: u64, taken: u64) {
        let count = |set: u64| set.count_ones() as usize;
        if self.steps == 0 || count(taken) + count(open) <= self.best_len {
            return;
        }
        self.steps -= 1;
        let bits = (0..self.masks.len()).filter(|bit| open >> bit & 1 == 1);
        // The one with the most open conflicts splits the search best; `rev` makes it the first of equals.
        let Some(bit) = bits.rev().max_by_key(|&bit| count(self.masks[bit] & open)) else {
            (self.best, self.best_len) = (taken, count(taken));
            return;
        };
        let node = 1 << bit;
        if self.masks[bit] & open == 0 {
            (self.best, self.best_len) = (taken | open, count(taken | open));
            return;
        }
        self.extend(open & !node & !self.masks[bit], taken | node);
        self.extend(open & !node, taken);
    }
}

/// One instance in the plan.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Step {
    /// The instance's index in the survey.
    pub instance: usize,
    /// Those of earlier batches that it conflicts with: it must be rebased on them once they landed.
    pub rebase_on: Vec<usize>,
    /// Where it conflicts with them, sorted; where it was found by landing, all paths that failed.
    pub paths: Vec<RepoPath>,
    /// Whether no single one of `rebase_on` conflicts with it, only several together.
    pub only_together: bool,
}

/// Instances that land together, in this order.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Batch {
    /// The steps, in landing order.
    pub steps: Vec<Step>,
    /// Whether they were landed one after another on the target, in memory, and all landed.
    pub proved: bool,
}

/// The answer of `coord plan`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Plan {
    /// The batches: the first lands as it is, each later one after its steps were rebased.
    pub batches: Vec<Batch>,
    /// Those that do not land on the target by themselves, as indexes into the survey's target conflicts.
    pub behind: Vec<usize>,
    /// Those that could not be judged, with the reason.
    pub unknown: Vec<(usize, String)>,
    /// Those whose work is in the target already.
    pub landed: Vec<usize>,
}

/// What stopped one node when a batch was landed one after another; `None` where it landed.
pub type Stopped = Option<Vec<RepoPath>>;

/// Splits a graph's nodes into batches and proves each: `land` lands nodes one after another, in the order given, and says
/// what stopped each. Who is stopped although it conflicts with none of the batch alone waits for a later batch.
/// `touching` says whether a node changes a path. Nodes that stop although they land first are in no batch.
///
/// # Errors
/// Those of `land`.
pub fn arrange<E>(
    graph: &Graph,
    mut land: impl FnMut(&[usize]) -> Result<Vec<Stopped>, E>,
    touching: impl Fn(usize, &RepoPath) -> bool,
) -> Result<Vec<Batch>, E> {
    let mut left: BTreeSet<usize> = (0..graph.len()).collect();
    let mut together: BTreeMap<usize, (BTreeSet<usize>, Vec<RepoPath>)> = BTreeMap::new();
    let mut earlier: BTreeSet<usize> = BTreeSet::new();
    let mut batches = Vec::new();
    while !left.is_empty() {
        let order = graph.largest_batch(&left);
        let mut landed: Vec<usize> = Vec::new();
        for (&node, stopped) in order.iter().zip(land(&order)?) {
            let Some(paths) = stopped else {
                landed.push(node);
                continue;
            };
            let (others, at) = together.entry(node).or_default();
            others.extend(landed.iter().filter(|&&other| paths.iter().any(|path| touching(other, path))));
            at.extend(paths);
        }
        if landed.is_empty() {
            break;
        }
        let step = |&node: &usize| {
            let alone: BTreeSet<usize> = graph.conflicts_of(node).intersection(&earlier).copied().collect();
            let (others, paths) = together.get(&node).cloned().unwrap_or_default();
            let only_together = alone.is_empty() && others.len() > 1;
            Step { instance: node, rebase_on: alone.union(&others).copied().collect(), paths, only_together }
        };
        batches.push(Batch { steps: landed.iter().map(step).collect(), proved: true });
        left.retain(|node| !landed.contains(node));
        earlier.extend(landed);
    }
    Ok(batches)
}

#[cfg(test)]
mod tests;
