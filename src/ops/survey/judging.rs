//! The engine's answer about everybody, as a survey: states, working sets, collisions, worst first.
//! Must not know: how anything was read, how a verdict is found.

use std::collections::{BTreeMap, BTreeSet};
use std::thread;

use super::SurveyOptions;
use super::overlaps;
use super::reading::{self, Taken};
use super::work;
use crate::domain::id::{Identity, ObjectId};
use crate::domain::instance::{Instance, Kind, State};
use crate::domain::overlaps::Overlaps;
use crate::domain::process::Liveness;
use crate::domain::record::Record;
use crate::domain::report::{Survey, Target, TargetConflict, Unknown};
use crate::domain::time::{STALE_AFTER, Timestamp};
use crate::domain::working_set::WorkingSet;
use crate::failure::Failure;
use crate::git::merge::{Begun, Landing, Line, LineAnswer, Memory, Pairs, Question};
use crate::git::names;
use crate::git::objects::Objects;
use crate::git::repository::joined;
use crate::git::tree::TreeChange;
use crate::ops::context::Context;
use crate::ops::verdicts::{self, Verdicts};
use crate::ops::who::{Everybody, Who};
use crate::os::process;

/// Up to so many lines of work, every path that does not land is listed.
const FEW: usize = 50;

/// So many files are diffed for the sizes of working sets,
const SIZED: usize = 2000;

/// of no more than so many instances, besides worktrees: nobody looks at the sizes of a thousand branches.
const SIZED_BRANCHES: usize = 100;

/// No more files than this are asked for their times.
const TIMED: usize = 1000;

/// Judges everybody and puts the answer together; what is to be remembered of it is written meanwhile.
pub(super) fn judge(
    ctx: &Context,
    objects: &Objects,
    options: &SurveyOptions,
    target: Target,
    people: Everybody,
    (taken, known): (&[Taken], (Option<Memory>, Option<Begun>)),
) -> Result<Survey, Failure> {
    let asked = Asked::of(&people, taken, options);
    let mut answer = match target.tip {
        Some(tip) if !asked.lines.is_empty() => {
            verdicts::judge(ctx, objects, &question(tip, asked.lines.clone(), options), known)?
        }
        _ => Verdicts::default(),
    };
    let (tip, keep, rest) = (target.tip, answer.keep.take(), std::mem::take(&mut answer.rest));
    let survey = put_together(ctx, objects, target, people, (taken, &asked, answer));
    // Not before: it would take a processor that somebody waits for.
    if let Some((target, keep)) = tip.zip(keep) {
        verdicts::remember(ctx, target, keep, rest);
    }
    Ok(survey)
}

/// What is asked about these lines.
pub(super) fn question(target: ObjectId, lines: Vec<Line>, options: &SurveyOptions) -> Question {
    let all_paths = options.all_paths || lines.len() <= FEW;
    Question { target, lines, pairs: Pairs::All, only: None, all_paths }
}

/// What is asked of somebody whose work this commit stands for.
pub(super) fn line(tip: ObjectId, person: &Who, options: &SurveyOptions) -> Line {
    Line { tip, judge_unlanded: options.all_pairs || person.kind == Kind::Worktree }
}

fn put_together(
    ctx: &Context,
    objects: &Objects,
    target: Target,
    people: Everybody,
    (taken, asked, answer): (&[Taken], &Asked, Verdicts),
) -> Survey {
    let committed = committed(objects, &target, &people, taken);
    let sized = people.all.len() <= SIZED_BRANCHES;
    let mut portrait = Portrait { ctx, objects, alive: alive(ctx), sized, budget: SIZED };
    let target_conflicts = target_conflicts(asked, &answer.lines);
    let mut lines: Vec<Option<LineAnswer>> = answer.lines.into_iter().map(Some).collect();
    let mut instances = Vec::with_capacity(people.all.len());
    let conflicts = thread::scope(|scope| {
        let conflicts = scope.spawn(|| overlaps::conflicts(&asked.people, &answer.pairs));
        for (at, person) in people.all.iter().enumerate() {
            let line = asked.line_of.get(&at).and_then(|&line| lines.get_mut(line)?.take());
            instances.push(portrait.of(person, &taken[at], committed[at].as_deref(), line));
        }
        joined(conflicts.join())
    });
    let here = instances.iter().position(|instance| Some(&instance.identity) == ctx.repository.here.as_ref());
    let mut survey = Survey {
        now: ctx.now,
        target,
        here,
        target_conflicts,
        overlaps: Overlaps::default(),
        unknown_pairs: people.unlisted.map(|reason| Unknown { instances: Vec::new(), reason }).into_iter().collect(),
        notices: people.notices.into_iter().chain(ctx.warnings.iter().cloned()).collect(),
        instances,
    };
    overlaps::enter(ctx, &mut survey, (&asked.people, taken), (answer.pairs, conflicts));
    survey.notices.extend(missing(ctx, &survey));
    survey
}

/// What to do where something could not be judged in a partial clone.
pub(in crate::ops) fn missing(ctx: &Context, survey: &Survey) -> Option<String> {
    let what = "this is a partial clone, for which coord fetches nothing: git fetch --refetch --no-filter brings what is \
                missing";
    (ctx.repository.partial && survey.unknown() > 0).then(|| what.to_owned())
}

/// Puts what is known of one instance together.
struct Portrait<'a> {
    ctx: &'a Context,
    objects: &'a Objects,
    alive: BTreeSet<Identity>,
    /// Whether the sizes of branches are wanted.
    sized: bool,
    budget: usize,
}

impl Portrait<'_> {
    /// `committed` is what the tip changed, where that is not all.
    fn of(
        &mut self,
        person: &Who,
        taken: &Taken,
        committed: Option<&[TreeChange]>,
        line: Option<LineAnswer>,
    ) -> Instance {
        let mut size = None;
        // Sizes are for the eye alone: what cannot be counted is left out.
        if self.sized || person.kind == Kind::Worktree {
            let changes = line.as_ref().map(|line| line.changes.as_slice()).unwrap_or_default();
            size = work::lines(self.objects, taken, changes, &mut self.budget).unwrap_or_default();
        }
        let touched = touched(person, taken);
        let alive = self.alive.contains(&person.identity);
        let state = state(self.ctx, person, taken, line.as_ref(), alive, touched);
        let fork_point = line.as_ref().and_then(|line| line.fork.one());
        let (added_lines, deleted_lines) = size.unzip();
        let working_set = WorkingSet { added_lines, deleted_lines, ..work::set(taken, committed, line) };
        Instance {
            identity: person.identity.clone(),
            label: person.label.clone(),
            kind: person.kind,
            branch: person.branch.clone(),
            tip: person.tip,
            worktree: person.worktree.as_ref().map(|worktree| worktree.path.clone()),
            fork_point,
            state,
            operation: person.worktree.as_ref().and_then(|worktree| worktree.operation),
            task: person.task(self.ctx),
            touched,
            working_set,
            origin: person.origin(self.ctx),
        }
    }
}

/// The lines of work that are judged, and whose they are.
struct Asked {
    lines: Vec<Line>,
    people: Vec<usize>,
    line_of: BTreeMap<usize, usize>,
}

impl Asked {
    fn of(people: &Everybody, taken: &[Taken], options: &SurveyOptions) -> Self {
        let mut asked = Self { lines: Vec::new(), people: Vec::new(), line_of: BTreeMap::new() };
        for (at, person) in people.all.iter().enumerate() {
            let Some(tip) = taken[at].line.filter(|_| !person.is_vanished()) else { continue };
            asked.line_of.insert(at, asked.lines.len());
            asked.people.push(at);
            asked.lines.push(line(tip, person, options));
        }
        asked
    }
}

/// What the tips of worktrees changed that hold more than their tips.
fn committed(objects: &Objects, target: &Target, people: &Everybody, taken: &[Taken]) -> Vec<Option<Vec<TreeChange>>> {
    let dirty = people.all.iter().zip(taken).map(|(person, taken)| person.tip.filter(|_| taken.line != person.tip));
    let dirty: Vec<Option<ObjectId>> = dirty.collect();
    if dirty.iter().all(Option::is_none) {
        return vec![None; dirty.len()];
    }
    let forks = reading::forks(objects, target, &dirty);
    let changes = |(tip, fork): (Option<ObjectId>, Option<ObjectId>)| match (tip, fork) {
        (Some(_), Some(_)) => reading::changes(objects, fork, tip).ok(),
        (Some(_), None) => Some(Vec::new()),
        (None, _) => None,
    };
    dirty.into_iter().zip(forks).map(changes).collect()
}

/// When somebody last did something, as far as git and the files tell.
fn touched(person: &Who, taken: &Taken) -> Option<Timestamp> {
    let top = person.worktree.as_ref().map(|worktree| &worktree.path);
    let files = taken.status.entries.keys().take(TIMED).filter_map(|path| {
        let meta = names::below(top?, path).symlink_metadata().ok()?;
        names::written_at(&meta)
    });
    files.max().max(person.touched)
}

fn state(
    ctx: &Context,
    person: &Who,
    taken: &Taken,
    line: Option<&LineAnswer>,
    alive: bool,
    touched: Option<Timestamp>,
) -> State {
    let unknown = match line.map(|line| &line.landing) {
        Some(Landing::Unknown(reason)) => Some(reason),
        _ => None,
    };
    if person.is_vanished() {
        return State::Dormant;
    }
    if let Some(reason) = taken.unknown.as_ref().or(unknown) {
        return State::Unknown { reason: reason.clone() };
    }
    let landed = line.is_some_and(|line| match line.landing {
        Landing::AlreadyThere => true,
        // A branch that holds nothing of its own any more has no one at work either.
        _ => person.worktree.is_none() && line.changes.is_empty(),
    });
    // Making a worktree is no change yet.
    let at_work = !taken.status.entries.is_empty()
        || line.is_some_and(|line| !line.changes.is_empty())
        || person.worktree.as_ref().is_some_and(|worktree| worktree.operation.is_some());
    let age = touched.map(|touched| ctx.now.since(touched));
    if alive {
        State::InProgress
    } else if landed && taken.status.entries.is_empty() {
        State::Landed
    } else if at_work && age.is_some_and(|age| age < STALE_AFTER) {
        State::InProgress
    } else if age.is_some_and(|age| age > ctx.policy.active_within) {
        State::Dormant
    } else {
        State::Idle
    }
}

/// The instances of which a session gave a sign of life, or for which a process stands. What cannot be read said nothing.
fn alive(ctx: &Context) -> BTreeSet<Identity> {
    let lives = |record: &&Record| {
        let liveness = record.process.as_ref().map_or(Liveness::Unknown, process::is_alive);
        (record.session.is_some() || record.process.is_some()) && !record.is_stale(liveness, ctx.now)
    };
    ctx.records().iter().filter(lives).map(|record| record.identity.clone()).collect()
}

fn target_conflicts(asked: &Asked, lines: &[LineAnswer]) -> Vec<TargetConflict> {
    let of_line = |(at, line): (usize, &LineAnswer)| match &line.landing {
        Landing::Conflicts { paths, complete } => {
            let mut paths = paths.clone();
            paths.sort();
            Some(TargetConflict { instance: asked.people[at], complete: *complete, paths })
        }
        _ => None,
    };
    let mut conflicts: Vec<TargetConflict> = lines.iter().enumerate().filter_map(of_line).collect();
    conflicts.sort_by_key(|conflict| conflict.instance);
    conflicts
}
