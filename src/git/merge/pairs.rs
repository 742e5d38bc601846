//! All pairs of lines of work: those that meet at a path, those that only git can judge, and what comes of each.
//! Must not know: how one path is judged.

use std::collections::{BTreeMap, BTreeSet};

use super::super::error::Error;
use super::super::merge_tree::Conflicted;
use super::super::tree;
use super::content::{Left, Outcome};
use super::directories;
use super::evidence;
use super::kin::{self, Kin};
use super::landing::{self, Brought};
use super::meeting::{self, Bench, Group};
use super::moves;
use super::{PairAnswer, Pairs, Question, Work, side_by_side};
use crate::domain::id::ObjectId;
use crate::domain::overlap::{ConflictKind, Grade, PathOverlap};
use crate::domain::path::RepoPath;

/// The places of two lines, the first smaller.
type Pair = (usize, usize);

/// The pairs in the making.
type Drafts = BTreeMap<Pair, Draft>;

/// A pair in the making.
#[derive(Debug, Default)]
struct Draft {
    /// Sorted by path.
    paths: Vec<PathOverlap>,
    /// Git has to be asked.
    ask: bool,
    unknown: Option<String>,
}

/// Lock files, which tools write and nobody reads.
const LOCK_FILES: &[&[u8]] = &[
    b"Cargo.lock",
    b"package-lock.json",
    b"yarn.lock",
    b"pnpm-lock.yaml",
    b"Gemfile.lock",
    b"composer.lock",
    b"poetry.lock",
    b"uv.lock",
    b"go.sum",
    b"flake.lock",
];

/// Judges the pairs that the question names.
pub(super) fn judge(work: &Work<'_>, question: &Question, brought: &[Brought]) -> Result<Vec<PairAnswer>, Error> {
    let kin = kin::find(brought);
    let wanted = Wanted::new(question, brought);
    let groups = meeting::index(work, brought)?;
    let shared = groups.iter().filter(|group| group.sides.len() > 1);
    work.learn_attributes(shared.map(|group| group.path.clone()).collect())?;
    let met: Vec<&Group> =
        groups.iter().filter(|group| group.sides.len() > 1 && !work.is_ignored(&group.path)).collect();
    let found = side_by_side::map(work, &met, |work, group| {
        work.breathe("the comparison of pairs")?;
        judge_group(work, brought, group, (&kin, &wanted))
    })?;
    let mut drafts = drafts(found);
    let mut apart = directories::find(work, question, brought, &groups)?;
    apart.extend(moves::find(work, brought, &groups)?);
    for pair in apart {
        if wanted.has(pair) {
            drafts.entry(pair).or_default().ask = true;
        }
    }
    if work.judge.settings.ignore_case {
        for (pair, path) in directories::folded(&groups) {
            if wanted.has(pair) && !work.is_ignored(&path) {
                let blocks = may_block(work, &path);
                let overlap = bare(path, ConflictKind::CaseFold, blocks);
                let draft = drafts.entry(pair).or_default();
                if draft.at(&overlap.path).is_err() {
                    draft.put(overlap);
                }
            }
        }
    }
    ask_git(work, question, brought, &groups, &mut drafts)?;
    for &pair in kin.stacked.iter().filter(|&&pair| wanted.has(pair)) {
        drafts.entry(pair).or_default();
    }
    let answers = drafts.into_iter().map(|(pair, draft)| draft.answer(pair, kin.stacked.contains(&pair)));
    Ok(answers.filter(|answer| answer.stacked || answer.unknown.is_some() || !answer.paths.is_empty()).collect())
}

/// The pairs' findings, which come path by path, put together pair by pair.
fn drafts(found: Vec<Vec<(Pair, Found)>>) -> Drafts {
    let mut found: Vec<(Pair, Option<Found>)> =
        found.into_iter().flatten().map(|(pair, found)| (pair, Some(found))).collect();
    // Only the order is sorted, as the findings are large.
    let mut order: Vec<(Pair, usize)> = found.iter().enumerate().map(|(at, (pair, _))| (*pair, at)).collect();
    order.sort_unstable();
    let mut drafts: Vec<(Pair, Draft)> = Vec::new();
    for (pair, at) in order {
        if drafts.last().is_none_or(|(last, _)| *last != pair) {
            drafts.push((pair, Draft::default()));
        }
        if let (Some((_, draft)), Some(found)) = (drafts.last_mut(), found[at].1.take()) {
            draft.note(found);
        }
    }
    drafts.into_iter().collect()
}

/// Which pairs are judged at all.
struct Wanted<'q> {
    listed: Option<BTreeSet<(usize, usize)>>,
    brought: &'q [Brought],
}

impl<'q> Wanted<'q> {
    fn new(question: &Question, brought: &'q [Brought]) -> Self {
        let listed = match &question.pairs {
            Pairs::All => None,
            Pairs::Listed(pairs) => Some(pairs.iter().map(|&(a, b)| (a.min(b), a.max(b))).collect()),
        };
        Self { listed, brought }
    }

    fn has(&self, pair: (usize, usize)) -> bool {
        let (a, b) = (&self.brought[pair.0], &self.brought[pair.1]);
        let known = a.unknown.is_none() && b.unknown.is_none();
        let land = a.lands() && b.lands() || a.judge_unlanded && b.judge_unlanded;
        known && land && pair.0 != pair.1 && self.listed.as_ref().is_none_or(|listed| listed.contains(&pair))
    }
}

/// What one path says of a pair.
enum Found {
    Ask,
    Unknown(String),
    Overlap(PathOverlap),
}

/// What each pair of the group's sides comes to at its path.
fn judge_group(
    work: &Work<'_>,
    brought: &[Brought],
    group: &Group,
    (kin, wanted): (&Kin, &Wanted<'_>),
) -> Result<Vec<(Pair, Found)>, Error> {
    let mut bench = Bench::new(work, brought, group);
    bench.prepare()?;
    let blocks = may_block(work, &group.path);
    let mut found = Vec::new();
    for i in 0..group.sides.len() {
        for j in i + 1..group.sides.len() {
            let pair = (group.sides[i].line, group.sides[j].line);
            if !wanted.has(pair) {
                continue;
            }
            let by_git = brought[pair.0].by_git || brought[pair.1].by_git || kin.shared.contains(&pair);
            let judged = if by_git { Ok(Outcome::Ask) } else { bench.judge(i, j) };
            let kind = match work.or_reason(judged)? {
                Ok(Outcome::Conflict(kind)) => Some(kind),
                Ok(Outcome::Clean) => None,
                Ok(Outcome::Ask) => {
                    found.push((pair, Found::Ask));
                    None
                }
                Err(reason) => {
                    found.push((pair, Found::Unknown(reason)));
                    continue;
                }
            };
            if kind.is_some() || bench.both_act(i, j) {
                let sides = (&group.sides[i], &group.sides[j]);
                let overlap = work.or_reason(evidence::overlap(&bench.texts, group, sides, kind, blocks))?;
                found.push((pair, overlap.map_or_else(Found::Unknown, Found::Overlap)));
            }
        }
    }
    Ok(found)
}

/// Whether a conflict at the path may block anybody.
fn may_block(work: &Work<'_>, path: &RepoPath) -> bool {
    let attributes = work.attributes(path);
    let lock = LOCK_FILES.contains(&path.file_name());
    !(attributes.custom || attributes.generated || lock || work.judge.settings.only_warns(path))
}

fn bare(path: RepoPath, kind: ConflictKind, blocks: bool) -> PathOverlap {
    PathOverlap::without_lines(path, Grade::Conflict, Some(kind), blocks)
}

/// Whether the target added any path since the line left it.
pub(super) fn target_adds(work: &Work<'_>, line: &Brought) -> Result<bool, Error> {
    if line.base == Some(work.target_tree) {
        return Ok(false);
    }
    if let Some(&known) = line.base.and_then(|base| work.target_adds.borrow().get(&base).copied()).as_ref() {
        return Ok(known);
    }
    let changes = tree::diff(work.judge.objects, line.base, Some(work.target_tree))?;
    let adds = changes.iter().any(|change| change.before.is_none());
    work.target_adds.borrow_mut().extend(line.base.map(|base| (base, adds)));
    Ok(adds)
}

/// Has git judge what only git can judge, all in one process.
fn ask_git(
    work: &Work<'_>,
    question: &Question,
    brought: &[Brought],
    groups: &[Group],
    drafts: &mut Drafts,
) -> Result<(), Error> {
    let asked: Vec<(usize, usize)> = drafts.iter().filter(|(_, draft)| draft.ask).map(|(&pair, _)| pair).collect();
    if asked.is_empty() {
        return Ok(());
    }
    let landed = Landed::new(work, question, brought, &asked)?;
    let (mut todo, mut plan) = (Vec::new(), Vec::new());
    for &(a, b) in &asked {
        let first = todo.len();
        match (landed.with(a), landed.with(b)) {
            (Some(with_a), Some(with_b)) => {
                todo.push((with_a, brought[b].tip));
                todo.push((with_b, brought[a].tip));
            }
            _ => todo.push((brought[a].tip, brought[b].tip)),
        }
        plan.push(first..todo.len());
    }
    let mut answers: Vec<_> = work.ask_git(&todo)?.into_iter().map(Some).collect();
    for (pair, range) in asked.into_iter().zip(plan) {
        let whole = range.len() == 2;
        let draft = drafts.get_mut(&pair).expect("it was asked for");
        let mut conflicts = Vec::new();
        for answer in answers[range].iter_mut().filter_map(Option::take) {
            match work.or_reason(answer)? {
                Ok(merged) => conflicts.extend(merged.conflicts),
                Err(reason) => drop(draft.unknown.get_or_insert(reason)),
            }
        }
        if let Some(only) = &question.only {
            let bases = [pair.0, pair.1].into_iter().flat_map(|n| brought[n].base_blobs()).collect();
            conflicts.retain(|conflict| conflict.concerns(only, &bases));
        }
        draft.take(work, brought, groups, pair, (conflicts, whole))?;
    }
    Ok(())
}

fn changed(line: &Brought, path: &RepoPath) -> bool {
    line.touched.binary_search_by(|touched| touched.path.cmp(path)).is_ok()
}

impl Draft {
    fn note(&mut self, found: Found) {
        match found {
            Found::Ask => self.ask = true,
            Found::Unknown(reason) => drop(self.unknown.get_or_insert(reason)),
            Found::Overlap(overlap) => self.put(overlap),
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

    /// Takes over git's answer. Where both lines land it is the whole truth.
    fn take(
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
            let own = |n: usize| conflict.names().any(|path| changed(&brought[n], path));
            let foreign = !own(pair.0) || !own(pair.1);
            if foreign && !whole {
                continue;
            }
            if !work.is_ignored(&conflict.path) && work.without_driver(&conflict)? == Left::Conflict(conflict.kind) {
                found.entry(conflict.path).or_insert(conflict.kind);
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

    fn answer(self, (a, b): (usize, usize), stacked: bool) -> PairAnswer {
        let paths = self.paths;
        let worst = |may_block: bool| paths.iter().filter(|p| p.blocks || !may_block).map(|p| p.grade).max();
        let grade = worst(true).or(worst(false)).unwrap_or(Grade::Identical);
        PairAnswer { a, b, stacked, grade, paths, unknown: self.unknown }
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

/// The target with a line landed on it, as commits in memory.
struct Landed {
    commits: BTreeMap<usize, ObjectId>,
}

impl Landed {
    /// Of lines that were looked at on some paths only the whole is needed here.
    fn new(work: &Work<'_>, question: &Question, brought: &[Brought], asked: &[(usize, usize)]) -> Result<Self, Error> {
        let needed: BTreeSet<usize> = asked.iter().flat_map(|&(a, b)| [a, b]).collect();
        let needed: Vec<usize> = needed.into_iter().collect();
        let whole;
        let lines: Vec<&Brought> = if question.only.is_some() {
            let lines: Vec<_> = needed.iter().map(|&n| question.lines[n]).collect();
            whole = landing::bring(work, &lines, None)?;
            whole.iter().collect()
        } else {
            needed.iter().map(|&n| &brought[n]).collect()
        };
        let mut commits = BTreeMap::new();
        for (n, line) in needed.into_iter().zip(lines).filter(|(_, line)| line.lands()) {
            let made = tree::overlay(work.judge.objects, Some(work.target_tree), &line.effective)
                .and_then(|tree| tree::synthetic_commit(work.judge.objects, tree, &[work.target, line.tip]));
            commits.extend(work.or_reason(made)?.ok().map(|commit| (n, commit)));
        }
        Ok(Self { commits })
    }

    fn with(&self, line: usize) -> Option<ObjectId> {
        self.commits.get(&line).copied()
    }
}
