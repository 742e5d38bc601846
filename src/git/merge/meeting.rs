//! One path that several lines of work changed, and what comes of each two of them there.
//! Must not know: other paths, git's own answers.

use std::collections::{HashMap, HashSet};

use foldhash::fast::RandomState;

use super::super::attributes::{Attributes, Driver};
use super::super::error::Error;
use super::super::history::{self, Fork};
use super::super::tree::{self, Entry};
use super::brought::Brought;
use super::content::{self, Outcome, Renames};
use super::texts::{Changed, Texts};
use super::walk::Touched;
use super::{Work, pairs, side_by_side};
use crate::domain::overlap::ConflictKind;
use crate::domain::path::RepoPath;
use crate::domain::verdict;

/// What one line of work has at the path.
#[derive(Clone, Debug)]
pub(super) struct Side {
    pub(super) line: usize,
    /// Where it started.
    pub(super) fork: Option<Entry>,
    /// In its own tree.
    pub(super) tip: Option<Entry>,
    /// Brought onto the target.
    pub(super) effective: Option<Entry>,
    /// Whether it does not land here.
    pub(super) fails: bool,
}

/// A path and the lines of work that changed it, in their order.
#[derive(Clone, Debug)]
pub(super) struct Group {
    pub(super) path: RepoPath,
    pub(super) target: Option<Entry>,
    /// What the question's target has: in that file lines are told.
    pub(super) told_in: Option<Entry>,
    pub(super) sides: Vec<Side>,
}

/// The paths that the `near` ones among the lines changed and those that the target lacks, which may meet at other paths
/// too, with all `open` lines that changed them; sorted.
pub(super) fn index(work: &Work<'_>, brought: &[Brought], near: &[usize], open: &[bool]) -> Result<Vec<Group>, Error> {
    let all = near.len() == brought.len();
    let near = if all { &[] } else { near };
    let near: HashSet<&RepoPath, RandomState> = near.iter().flat_map(|&n| brought[n].paths()).collect();
    let wanted = |touched: &Touched| all || touched.ours.is_none() || near.contains(&touched.path);
    let lines: Vec<usize> = (0..brought.len()).filter(|&n| open[n] && brought[n].unknown.is_none()).collect();
    // Putting more parts together would take as long as it saves.
    let (first, second) = lines.split_at(lines.len() / 2);
    let touched: usize = lines.iter().map(|&n| brought[n].touched.len()).sum();
    let halves = side_by_side::map_heavy(work, &[first, second], touched / A_LINE, |work, lines| {
        let mut groups = Groups::default();
        lines.iter().try_for_each(|&line| groups.enter(work, brought, line, wanted))?;
        Ok(groups)
    })?;
    let mut groups = halves.into_iter().reduce(Groups::and).unwrap_or_default().sorted();
    if work.target != work.original {
        let tree = work.judge.objects.commit(work.original)?.tree;
        for group in groups.iter_mut().filter(|group| group.sides.len() > 1) {
            group.told_in = tree::entry_at(work.judge.objects, tree, &group.path)?.filter(|entry| !entry.is_tree());
        }
    }
    Ok(groups)
}

/// About so many paths entered take as long as a light piece of work.
const A_LINE: usize = 10;

/// About so many lines change a path.
const FEW: usize = 4;

/// The groups in the making.
#[derive(Default)]
struct Groups {
    all: Vec<Group>,
    at: HashMap<RepoPath, usize, RandomState>,
}

impl Groups {
    /// What the line has at the paths that are wanted.
    fn enter(
        &mut self,
        work: &Work<'_>,
        brought: &[Brought],
        n: usize,
        wanted: impl Fn(&Touched) -> bool,
    ) -> Result<(), Error> {
        let line = &brought[n];
        for touched in line.touched.iter().filter(|touched| wanted(touched)) {
            let (path, target) = (&touched.path, touched.ours);
            let side = Side {
                line: n,
                fork: touched.base,
                tip: touched.theirs,
                effective: line.effective.get(path).copied().unwrap_or(target),
                fails: line.conflicts.contains_key(path),
            };
            self.add(path, target, side);
        }
        // What git made of a line may be elsewhere than where the line made it.
        let elsewhere = line.effective.keys().chain(line.conflicts.keys());
        for path in elsewhere.filter(|_| line.by_git) {
            if self.last_at(path) == Some(n) {
                continue;
            }
            let at = |tree: Option<_>| match tree {
                Some(tree) => tree::entry_at(work.judge.objects, tree, path),
                None => Ok(None),
            };
            let target = at(Some(work.target_tree))?.filter(|entry| !entry.is_tree());
            let side = Side {
                line: n,
                fork: at(line.base)?.filter(|entry| !entry.is_tree()),
                tip: at(line.tree)?.filter(|entry| !entry.is_tree()),
                effective: line.effective.get(path).copied().unwrap_or(target),
                fails: line.conflicts.contains_key(path),
            };
            self.add(path, target, side);
        }
        Ok(())
    }

    /// These and those of later lines.
    fn and(mut self, later: Self) -> Self {
        for group in later.all {
            if let Some(&at) = self.at.get(&group.path) {
                self.all[at].sides.extend(group.sides);
            } else {
                self.at.insert(group.path.clone(), self.all.len());
                self.all.push(group);
            }
        }
        self
    }

    fn add(&mut self, path: &RepoPath, target: Option<Entry>, side: Side) {
        if let Some(&at) = self.at.get(path) {
            self.all[at].sides.push(side);
            return;
        }
        self.at.insert(path.clone(), self.all.len());
        let mut sides = Vec::with_capacity(FEW);
        sides.push(side);
        self.all.push(Group { path: path.clone(), target, told_in: target, sides });
    }

    /// The last line that was added at the path.
    fn last_at(&self, path: &RepoPath) -> Option<usize> {
        self.all[*self.at.get(path)?].sides.last().map(|side| side.line)
    }

    fn sorted(mut self) -> Vec<Group> {
        self.all.sort_unstable_by(|a, b| a.path.cmp(&b.path));
        self.all
    }
}

/// Judges the pairs of one group.
pub(super) struct Bench<'w> {
    work: &'w Work<'w>,
    brought: &'w [Brought],
    pub(super) group: &'w Group,
    pub(super) texts: Texts<'w>,
    attributes: Attributes,
    /// By side: what it changed of the target's text.
    changed: Vec<Option<Changed>>,
}

impl<'w> Bench<'w> {
    pub(super) fn new(work: &'w Work<'w>, brought: &'w [Brought], group: &'w Group) -> Self {
        let (texts, attributes) = (Texts::new(work.judge.objects), work.attributes(&group.path));
        Self { work, brought, group, texts, attributes, changed: Vec::with_capacity(group.sides.len()) }
    }

    /// Reads the sides' hunks on the target. A side that cannot be read has none; its pairs will say why.
    pub(super) fn prepare(&mut self) -> Result<(), Error> {
        let file = |entry: Option<Entry>| entry.filter(Entry::is_file).map(|entry| entry.id);
        let base = file(self.group.target);
        for side in &self.group.sides {
            let changed = match (base, file(side.effective)) {
                (Some(base), Some(id)) if id != base => self.texts.changed(Some(base), Some(id)),
                _ => Ok(None),
            };
            self.changed.push(self.work.or_reason(changed)?.unwrap_or(None));
        }
        Ok(())
    }

    /// Whether both make something of the target's path, or at least tried.
    pub(super) fn both_act(&self, i: usize, j: usize) -> bool {
        let acts = |side: &Side| side.fails || side.effective != self.group.target;
        acts(&self.group.sides[i]) && acts(&self.group.sides[j])
    }

    /// What comes of the two sides: each landing on top of the other, or where one does not land, of their tips.
    pub(super) fn judge(&self, i: usize, j: usize) -> Result<Outcome, Error> {
        let (x, y) = (&self.group.sides[i], &self.group.sides[j]);
        if x.fails || y.fails {
            return self.judge_tips(x, y);
        }
        if self.moves_on(x, y) || self.moves_on(y, x) {
            return Ok(Outcome::Ask);
        }
        let still = |side: &Side| side.fork == self.group.target;
        if still(x)
            && still(y)
            && let Some(outcome) = self.by_hunks(i, j)
        {
            return Ok(outcome);
        }
        let first = self.on_top(x, y)?;
        if first == Outcome::Clean { self.on_top(y, x) } else { Ok(first) }
    }

    /// Whether one side takes away what the target and the other side both have since the other started: perhaps all three
    /// moved the same file, the one side further.
    fn moves_on(&self, one: &Side, other: &Side) -> bool {
        let both_have = self.group.target.is_some() && other.fork.is_none() && other.tip.is_some();
        both_have && one.effective.is_none()
    }

    /// The common case: both started from the text that the target still has.
    fn by_hunks(&self, i: usize, j: usize) -> Option<Outcome> {
        let same = self.group.sides[i].effective == self.group.sides[j].effective;
        let (a, b) = (self.changed[i].as_ref()?, self.changed[j].as_ref()?);
        let settings = &self.work.judge.settings;
        if same || self.attributes.driver != Driver::Text || settings.contents_by_git {
            return None;
        }
        let stops = verdict::conflicts(a.side(), b.side(), settings.rule);
        Some(if stops { Outcome::Conflict(ConflictKind::Content) } else { Outcome::Clean })
    }

    /// `later` landing on the target with `first`.
    fn on_top(&self, first: &Side, later: &Side) -> Result<Outcome, Error> {
        // It takes a look at the whole target, for what is gone there alone.
        let target_adds = || pairs::target_adds(self.work, &self.brought[later.line]);
        let renames = Renames {
            ours_add: self.brought[first.line].adds || first.effective.is_none() && target_adds()?,
            theirs_add: self.brought[later.line].adds,
        };
        self.outcome([later.fork, first.effective, later.tip], renames)
    }

    fn judge_tips(&self, x: &Side, y: &Side) -> Result<Outcome, Error> {
        let objects = self.work.judge.objects;
        let (a, b) = (&self.brought[x.line], &self.brought[y.line]);
        let Fork::One(base) = history::merge_base(objects, a.tip, b.tip, self.work.deadline())? else {
            return Ok(Outcome::Ask);
        };
        let base = tree::entry_at(objects, objects.commit(base)?.tree, &self.group.path)?;
        if base.is_some_and(|base| base.is_tree()) {
            return Ok(Outcome::Ask);
        }
        // What either side did elsewhere since that base was not looked at.
        self.outcome([base, x.tip, y.tip], Renames { ours_add: true, theirs_add: true })
    }

    fn outcome(&self, entries: [Option<Entry>; 3], renames: Renames) -> Result<Outcome, Error> {
        content::outcome(&self.texts, &self.work.judge.settings, self.attributes, entries, renames)
    }
}
