//! All pairs of lines of work: those that meet at a path, those that only git can judge, and what comes of each.
//! Must not know: how one path is judged.

use std::collections::{BTreeMap, BTreeSet};

use super::super::error::Error;
use super::super::history;
use super::super::tree;
use super::brought::Brought;
use super::common::{self, Settled};
use super::content::Outcome;
use super::directories;
use super::drafts::Draft;
use super::evidence;
use super::findings::{self, Findings, Found, Pair};
use super::kin;
use super::landing;
use super::meeting::{self, Bench, Group};
use super::moves;
use super::pair_answers::PairAnswers;
use super::wanted::Wanted;
use super::{Question, Work, side_by_side};
use crate::domain::id::ObjectId;
use crate::domain::overlap::{ConflictKind, Grade, PathOverlap};
use crate::domain::path::RepoPath;

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

/// Judges the pairs that the question names and of which a line at least is among `new`, which is sorted.
pub(super) fn judge(
    work: &Work<'_>,
    question: &Question,
    brought: &[Brought],
    new: &[usize],
) -> Result<PairAnswers, Error> {
    let (found, groups) = find(work, question, brought, new)?;
    let (mut all, mut drafts) = findings::put_together(found);
    ask_git(work, question, brought, &groups, &mut drafts)?;
    let answers = drafts.into_iter().map(|(pair, draft)| draft.answer(pair));
    let told = answers.filter(|answer| answer.stacked || answer.unknown.is_some() || !answer.paths.is_empty());
    all.new = told.collect();
    Ok(all)
}

/// What is found of these pairs without asking git, and where they meet.
pub(super) fn find(
    work: &Work<'_>,
    question: &Question,
    brought: &[Brought],
    new: &[usize],
) -> Result<(Vec<Findings>, Vec<Group>), Error> {
    let kin = kin::find(brought);
    let wanted = Wanted::new(question, brought, new);
    let mut settled = common::settle(work, question, brought, (&kin, &wanted))?;
    let everybody: Vec<usize> = (0..brought.len()).collect();
    // Looked at on some paths only, what a line did there may tell of what others did elsewhere; and a line that leaves a
    // directory moves along what others changed of the target's there.
    let reaches_far = wanted.asking.iter().any(|&n| !brought[n].only_modifies());
    let near = if question.only.is_some() || reaches_far { &everybody } else { &wanted.asking };
    let groups = meeting::index(work, brought, near, &settled.open(brought.len(), &wanted.asking))?;
    let shared = groups.iter().filter(|group| group.sides.len() > 1);
    work.learn_attributes(shared.map(|group| group.path.clone()).collect())?;
    let met: Vec<&Group> = groups.iter().filter(|group| wanted.any(group) && !work.is_ignored(&group.path)).collect();
    let sides = met.iter().map(|group| group.sides.len()).sum();
    // What a side started from, mostly, and what it made of it.
    work.judge.objects.expect(2 * sides);
    let mut found = side_by_side::map_heavy(work, &met, sides, |work, group| {
        work.breathe("the comparison of pairs")?;
        judge_group(work, brought, group, (&settled, &wanted))
    })?;
    for mut elsewhere in [apart(work, question, brought, &groups)?, folded(work, &groups)] {
        elsewhere.retain(|pair| wanted.has(pair) && !settled.judged.contains(pair));
        found.push(elsewhere);
    }
    found.push(settled.left_to_git());
    found.append(&mut settled.found);
    let stacked = kin.stacked.iter().filter(|pair| wanted.has(**pair));
    found.push(Findings::elsewhere(stacked.map(|&pair| (pair, Found::Stacked))));
    Ok((found, groups))
}

/// Pairs that meet without sharing a path: only git can judge them.
fn apart(work: &Work<'_>, question: &Question, brought: &[Brought], groups: &[Group]) -> Result<Findings, Error> {
    let mut apart = directories::find(work, question, brought, groups)?;
    apart.extend(moves::find(work, brought, groups)?);
    Ok(Findings::elsewhere(apart.into_iter().map(|pair| (pair, Found::Ask))))
}

/// Paths that a file system which folds case takes for one.
fn folded(work: &Work<'_>, groups: &[Group]) -> Findings {
    if !work.judge.settings.ignore_case {
        return Findings::default();
    }
    let folded = directories::folded(groups).into_iter().filter(|(_, path)| !work.is_ignored(path));
    let overlap = |path: RepoPath| {
        let blocks = may_block(work, &path);
        Found::Folded(Box::new(bare(path, ConflictKind::CaseFold, blocks)))
    };
    Findings::elsewhere(folded.map(|(pair, path)| (pair, overlap(path))))
}

/// What each pair of the group's sides comes to at its path.
fn judge_group(
    work: &Work<'_>,
    brought: &[Brought],
    group: &Group,
    (settled, wanted): (&Settled, &Wanted<'_>),
) -> Result<Findings, Error> {
    let mut bench = Bench::new(work, brought, group);
    bench.prepare()?;
    let blocks = may_block(work, &group.path);
    let mut found = Findings::at(&group.path, wanted.count(group));
    for i in 0..group.sides.len() {
        for j in wanted.partners(group, i) {
            let pair = (group.sides[i].line, group.sides[j].line);
            if settled.judged.contains(pair) || !wanted.has(pair) {
                continue;
            }
            let by_git = brought[pair.0].by_git || brought[pair.1].by_git || settled.left.contains(pair);
            let judged = if by_git { Ok(Outcome::Ask) } else { bench.judge(i, j) };
            let kind = match work.or_reason(judged)? {
                Ok(Outcome::Conflict(kind)) => Some(kind),
                Ok(Outcome::Clean) => None,
                Ok(Outcome::Ask) => {
                    found.push(pair, Found::Ask);
                    None
                }
                Err(reason) => {
                    found.push(pair, Found::Unknown(reason));
                    continue;
                }
            };
            if kind.is_some() || bench.both_act(i, j) {
                let sides = (&group.sides[i], &group.sides[j]);
                let overlap = work.or_reason(evidence::overlap(&bench.texts, group, sides, kind, blocks))?;
                match overlap {
                    Ok(overlap) => found.overlap(pair, &overlap),
                    Err(reason) => found.push(pair, Found::Unknown(reason)),
                }
            }
        }
    }
    Ok(found)
}

/// Whether a conflict at the path may block anybody.
pub(super) fn may_block(work: &Work<'_>, path: &RepoPath) -> bool {
    let attributes = work.attributes(path);
    let lock = LOCK_FILES.contains(&path.file_name());
    !(attributes.custom || attributes.generated || lock || work.judge.settings.only_warns(path))
}

pub(super) fn bare(path: RepoPath, kind: ConflictKind, blocks: bool) -> PathOverlap {
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
    drafts: &mut [(Pair, Draft)],
) -> Result<(), Error> {
    let asked: Vec<(usize, usize)> = drafts.iter().filter(|(_, draft)| draft.ask).map(|(pair, _)| *pair).collect();
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
        let at = drafts.binary_search_by_key(&pair, |(pair, _)| *pair).expect("it was asked for");
        let draft = &mut drafts[at].1;
        let mut conflicts = Vec::new();
        for answer in answers[range].iter_mut().filter_map(Option::take) {
            match work.or_reason(answer)? {
                Ok(merged) => conflicts.extend(merged.conflicts),
                Err(reason) => drop(draft.unknown.get_or_insert(reason)),
            }
        }
        if let Some(only) = question.only.as_ref().filter(|_| !conflicts.is_empty()) {
            // Where it cannot be told what a conflict is about it counts.
            if let Ok(bases) = work.or_reason(base_blobs(work, brought, pair, only))? {
                conflicts.retain(|conflict| conflict.concerns(only, &bases));
            }
        }
        draft.take(work, brought, groups, pair, (conflicts, whole))?;
    }
    Ok(())
}

/// What two lines started from at these paths: where each left the target, and where they parted.
fn base_blobs(
    work: &Work<'_>,
    brought: &[Brought],
    (a, b): Pair,
    only: &BTreeSet<RepoPath>,
) -> Result<BTreeSet<ObjectId>, Error> {
    let objects = work.judge.objects;
    let mut blobs: BTreeSet<ObjectId> = [a, b].into_iter().flat_map(|n| brought[n].base_blobs()).collect();
    let parted = history::merge_base(objects, brought[a].tip, brought[b].tip, work.deadline())?;
    for commit in parted.commits() {
        let tree = objects.commit(*commit)?.tree;
        for path in only {
            blobs.extend(tree::entry_at(objects, tree, path)?.map(|entry| entry.id));
        }
    }
    Ok(blobs)
}

/// The target with a line landed on it, as commits in memory.
struct Landed {
    commits: BTreeMap<usize, ObjectId>,
}

impl Landed {
    /// Of lines that were looked at on some paths only, or long ago, the whole is needed here.
    fn new(work: &Work<'_>, question: &Question, brought: &[Brought], asked: &[(usize, usize)]) -> Result<Self, Error> {
        let needed: BTreeSet<usize> = asked.iter().flat_map(|&(a, b)| [a, b]).collect();
        let needed: Vec<usize> = needed.into_iter().collect();
        let whole;
        let incomplete = question.only.is_some() || needed.iter().any(|&n| brought[n].remembered);
        let lines: Vec<&Brought> = if incomplete {
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
