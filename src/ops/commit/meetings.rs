//! Where the commit meets others: the engine's evidence, turned into rulings and a judgement.
//! Must not know: how others were found, how the judgement is shown.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::domain::claim::Table;
use crate::domain::id::{Identity, ObjectId};
use crate::domain::intent::Intent;
use crate::domain::judgement::{Finding, Judgement, Reason};
use crate::domain::overlap::{Grade, PathOverlap};
use crate::domain::path::RepoPath;
use crate::domain::report::Target;
use crate::domain::right_of_way::{self, Meeting, Ruling};
use crate::failure::Failure;
use crate::git::merge::{self, Answer, Landing, Line, PairAnswer, Pairs, Question};
use crate::git::objects::Objects;
use crate::git::worktrees::Worktree;
use crate::ops::context::Context;
use crate::ops::sync;

use super::candidate::Candidate;
use super::others::{Asked, Found, Other, Search};
use super::{claims, since, telling, ways_out};
use crate::ops::place::Place;

/// The git command that makes the commit, as the message names it.
#[derive(Clone, Debug)]
pub struct CommandInHand {
    /// `commit`, `merge`, `push`.
    pub name: &'static str,
    /// Where it was typed, below the top of the worktree, with a `/` at the end; empty at the top.
    pub prefix: Vec<u8>,
}

/// Everybody that the commit is judged against.
#[derive(Debug)]
pub struct Others<'a> {
    /// All worktrees, the committing one too.
    pub worktrees: &'a [Worktree],
    /// The committing instance.
    pub me: &'a Identity,
    /// Whether the commit goes to the target branch itself.
    pub on_target: bool,
    /// What others are committing in this instant.
    pub intents: Vec<Intent>,
    /// The claims, where they were read with those.
    pub claims: Option<Arc<Table>>,
}

impl<'a> Others<'a> {
    /// Everybody beside the instance at `place`.
    #[must_use]
    pub fn of(place: &'a Place, intents: Vec<Intent>) -> Self {
        let (me, on_target) = (place.identity(), place.on_target);
        Self { worktrees: &place.worktrees, me, on_target, intents, claims: None }
    }
}

/// At which lines of the question one other stands.
struct Standing {
    committed: Option<usize>,
    as_it_lies: Option<usize>,
}

const CANDIDATE: usize = 0;

/// Judges the commit against everybody else, at the paths it changes.
///
/// # Errors
/// Where nothing can be said at all. One other that cannot be read or judged is named in the judgement's notices.
pub fn judge(
    ctx: &Context,
    objects: &Objects,
    target: &Target,
    candidate: &Candidate,
    others: &Others<'_>,
    command: &CommandInHand,
) -> Result<Judgement, Failure> {
    let mut judgement =
        Judgement::clear(ctx.now, ctx.policy.mode, command.name, command.prefix.clone(), ctx.target_name(target));
    judgement.by_agent = ctx.is_agent();
    let paths = candidate.where_it_may_meet();
    let Some(tip) = target.tip.filter(|_| !paths.is_empty()) else { return Ok(judgement) };
    let search = Search { ctx, objects, worktrees: others.worktrees, me: others.me, intents: &others.intents };
    let ask = |found: &Found, paths| Ok(ask(candidate, &found.others, tip, paths));
    let asked = search.ask(search.find(&paths)?, &paths, ask)?;
    let Asked { found: Found { others: found, unknown }, lines: places, answer } = asked;
    judgement.notices.extend(unknown.iter().map(|(who, reason)| could_not_judge(&who.label, reason)));
    let evidence = Evidence::of(&answer, candidate, &found);
    if !others.on_target {
        judgement.needs_rebase = evidence.needs_rebase(&answer);
    }
    for (other, place) in found.iter().zip(&places) {
        let met = meet(ctx, objects, tip, others, &evidence, other, place)?;
        judgement.notices.extend(met.unknown.iter().map(|reason| could_not_judge(&other.who.label, reason)));
        for (reason, blocks, overlaps) in met.findings {
            let finding = Finding {
                other: other.who.label.clone(),
                task: other.who.task(ctx),
                reason,
                since: overlaps
                    .first()
                    .and_then(|overlap| since::of(objects, tip, other, reason == Reason::Uncommitted, &overlap.path)),
                clashes: telling::clashes(ctx, objects, tip, candidate, (other, reason), &overlaps)?,
            };
            if blocks { judgement.blocks.push(finding) } else { judgement.warnings.push(finding) }
        }
    }
    let unread = |reason: String| could_not_judge("other machines", &reason);
    judgement.notices.extend(ctx.sync_state().err().map(unread));
    judgement.notices.extend(how_old(ctx, &found, &judgement));
    claims::judge(ctx, others, candidate, &mut judgement);
    if judgement.stops()
        && let Some(fault) = ctx.acks_fault()
    {
        // A block that an acknowledgement may have lifted is not a verified one.
        return Err(Failure::store(format!("it cannot be seen what was acknowledged: {fault}")));
    }
    let here = others.worktrees.iter().find(|worktree| worktree.identity == *others.me);
    let busy = here.is_some_and(|worktree| worktree.operation.is_some());
    let remote = sync::remote_name(ctx, None).ok();
    let index = ctx.repository.index_file.as_deref();
    judgement.ways_out = ways_out::of(&judgement, candidate, &found, index, busy, remote.as_deref());
    Ok(judgement)
}

/// How old what is known of other machines is, where it matters.
fn how_old(ctx: &Context, others: &[Other], judgement: &Judgement) -> Option<String> {
    let mut told = judgement.blocks.iter().chain(&judgement.warnings);
    let is_told = |other: &&Other| told.any(|finding| finding.other == other.who.label);
    let other = others.iter().filter(|other| other.who.synced.is_some()).find(is_told)?;
    Some(format!("{}: {}", other.who.label, sync::age(ctx)))
}

fn could_not_judge(label: &str, reason: &str) -> String {
    format!("could not judge against {label}: {reason}")
}

/// One question for all: the commit and HEAD, each against every other, committed and as it lies.
fn ask(
    candidate: &Candidate,
    others: &[Other],
    target: ObjectId,
    paths: BTreeSet<RepoPath>,
) -> (Question, Vec<Standing>) {
    let line = |tip| Line { tip, judge_unlanded: true };
    let mut lines = vec![line(candidate.commit)];
    lines.extend(candidate.head.map(line));
    let ours = lines.len();
    let mut pairs = Vec::new();
    let mut add = |tip: ObjectId| {
        lines.push(line(tip));
        let at = lines.len() - 1;
        pairs.extend((0..ours).map(|own| (own, at)));
        at
    };
    let places = others
        .iter()
        .map(|other| Standing { committed: other.committed.map(&mut add), as_it_lies: other.as_it_lies.map(&mut add) })
        .collect();
    (Question { target, lines, pairs: Pairs::Listed(pairs), only: Some(paths), all_paths: true }, places)
}

/// The engine's answer, by pair.
struct Evidence<'a> {
    pairs: BTreeMap<(usize, usize), &'a PairAnswer>,
    has_head: bool,
    /// Whether HEAD is another's tip too: then it is what both go on from, and nobody's work here.
    starts_there: bool,
}

impl<'a> Evidence<'a> {
    const HEAD: usize = 1;

    fn of(answer: &'a Answer, candidate: &Candidate, others: &[Other]) -> Self {
        let has_head = candidate.head.is_some();
        let starts_there = has_head && others.iter().any(|other| other.committed == candidate.head);
        Self { pairs: answer.pairs.iter().map(|pair| ((pair.a, pair.b), pair)).collect(), has_head, starts_there }
    }

    fn with_candidate(&self, other: usize) -> Option<&'a PairAnswer> {
        self.pairs.get(&(CANDIDATE, other)).copied()
    }

    fn with_head(&self, other: usize) -> Option<&'a PairAnswer> {
        self.has_head.then(|| self.pairs.get(&(Self::HEAD, other)).copied()).flatten()
    }

    /// Whether the commit builds on the other.
    fn stacked(&self, other: usize) -> bool {
        self.with_candidate(other).is_some_and(|pair| pair.stacked)
    }

    /// Whether the other builds on what the commit goes on from, or takes back.
    fn built_on(&self, other: usize) -> bool {
        !self.starts_there && self.with_head(other).is_some_and(|pair| pair.stacked)
    }

    fn conflicts(pair: Option<&'a PairAnswer>) -> BTreeMap<&'a RepoPath, &'a PathOverlap> {
        let paths = pair.into_iter().flat_map(|pair| &pair.paths);
        paths.filter(|overlap| overlap.grade == Grade::Conflict).map(|overlap| (&overlap.path, overlap)).collect()
    }

    /// The paths on which the commit stops landing on the target, where HEAD still lands there.
    fn needs_rebase(&self, answer: &Answer) -> Vec<RepoPath> {
        let unlanded = |line: usize| match answer.lines.get(line).map(|line| &line.landing) {
            Some(Landing::Conflicts { paths, .. }) => paths.iter().map(|conflict| conflict.path.clone()).collect(),
            _ => Vec::new(),
        };
        let before = if self.has_head { unlanded(Self::HEAD) } else { Vec::new() };
        unlanded(CANDIDATE).into_iter().filter(|path| !before.contains(path)).collect()
    }
}

/// What one meeting came to: by reason, whether it blocks, and the overlaps.
#[derive(Default)]
struct Met<'a> {
    findings: Vec<(Reason, bool, Vec<&'a PathOverlap>)>,
    unknown: Option<String>,
}

fn meet<'a>(
    ctx: &Context,
    objects: &Objects,
    target: ObjectId,
    others: &Others<'_>,
    evidence: &Evidence<'a>,
    other: &Other,
    place: &Standing,
) -> Result<Met<'a>, Failure> {
    let at = |place: Option<usize>| place.and_then(|at| evidence.with_candidate(at));
    let before = |place: Option<usize>| place.and_then(|at| evidence.with_head(at));
    let (committed, lying) = (Evidence::conflicts(at(place.committed)), Evidence::conflicts(at(place.as_it_lies)));
    let mut met = Met { findings: Vec::new(), unknown: unknown_of(at(place.committed), at(place.as_it_lies)) };
    let stacked = place.committed.is_some_and(|at| evidence.stacked(at));
    if stacked || (committed.is_empty() && lying.is_empty()) || is_over(ctx, objects, target, other)? {
        return Ok(met);
    }
    let (had_committed, had_lying) =
        (Evidence::conflicts(before(place.committed)), Evidence::conflicts(before(place.as_it_lies)));
    let mut by_reason: BTreeMap<(bool, Reason), Vec<&PathOverlap>> = BTreeMap::new();
    for path in committed.keys().chain(lying.keys().filter(|path| !committed.contains_key(*path))) {
        let (overlap, had) = match committed.get(path) {
            Some(overlap) => (*overlap, had_committed.get(path)),
            None => (lying[path], had_lying.get(path)),
        };
        let meeting = Meeting {
            other: other.who.rank(),
            committed: committed.contains_key(path),
            effect: right_of_way::effect(had.copied(), overlap),
            on_target: others.on_target,
            may_block: overlap.blocks,
            by_lines: other.who.is_by_lines(),
            stacked,
            built_on: place.committed.is_some_and(|at| evidence.built_on(at)),
            acknowledged: ctx.acknowledged(others.me, &other.who.identity, path),
            over: false,
        };
        match right_of_way::rule(&meeting, &ctx.policy) {
            Ruling::Silent => {}
            Ruling::Warn(reason) => by_reason.entry((false, reason)).or_default().push(overlap),
            Ruling::Block(reason) => by_reason.entry((true, reason)).or_default().push(overlap),
        }
    }
    met.findings = by_reason.into_iter().map(|((blocks, reason), overlaps)| (reason, blocks, overlaps)).collect();
    Ok(met)
}

fn unknown_of(committed: Option<&PairAnswer>, lying: Option<&PairAnswer>) -> Option<String> {
    [committed, lying].into_iter().flatten().find_map(|pair| pair.unknown.clone())
}

/// Whether the other's work is over: dormant, or in the target already. Asked only of those in conflict, as the second
/// needs a look at all that the other changed.
pub(in crate::ops) fn is_over(
    ctx: &Context,
    objects: &Objects,
    target: ObjectId,
    other: &Other,
) -> Result<bool, Failure> {
    let dormant = other.who.touched.is_some_and(|touched| ctx.now.since(touched) > ctx.policy.active_within);
    if dormant {
        return Ok(true);
    }
    let (Some(tip), None) = (other.committed, other.as_it_lies) else { return Ok(false) };
    is_there(ctx, objects, target, tip)
}

/// Whether a line of work is in the target already, in whatever form.
pub(in crate::ops) fn is_there(
    ctx: &Context,
    objects: &Objects,
    target: ObjectId,
    tip: ObjectId,
) -> Result<bool, Failure> {
    let question = Question {
        target,
        lines: vec![Line { tip, judge_unlanded: false }],
        pairs: Pairs::Listed(Vec::new()),
        only: None,
        all_paths: false,
    };
    let answer = merge::judge(&ctx.judge(objects), &question)?;
    Ok(matches!(answer.lines.first().map(|line| &line.landing), Some(Landing::AlreadyThere)))
}
