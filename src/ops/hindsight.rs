//! `coord report --history`: takes the merges of some weeks, rebuilds what was open at the same time, and judges it as it
//! stood then. Must not know: how the answer is shown.

mod landed;

use std::collections::BTreeSet;

use crate::domain::checklist::{Checklist, Tally};
use crate::domain::event::{Event, EventKind, OverlapFacts, Resolution, SessionFacts};
use crate::domain::hindsight::{Alarm, Hindsight};
use crate::domain::id::ObjectId;
use crate::domain::observed;
use crate::domain::overlap::Grade;
use crate::domain::time::{Seconds, Timestamp};
use crate::failure::{Failure, Kind};
use crate::git::history;
use crate::git::merge::{self, Landing, Line, PairAnswer, Pairs, Question};
use crate::git::objects::Objects;
use crate::ops::context::Context;
use crate::ops::doctor;
use crate::ops::survey::Progress;
use landed::Landed;

/// Work that was open for longer was forgotten rather than open.
const LONGEST: Seconds = Seconds(180 * 24 * 3600);

/// Looks back over `span`, telling how far it is.
///
/// # Errors
/// Where the target's history cannot be read.
pub fn look_back(ctx: &Context, span: Seconds, progress: &Progress) -> Result<Checklist, Failure> {
    let target = ctx.target()?.tip.ok_or_else(|| Failure::new(Kind::Repository, "the target has no commit yet"))?;
    let mut found = Hindsight { span, ..Hindsight::default() };
    // Found, landed, held against the others.
    let part = |part: usize, done: usize, of: usize| progress(part * of + done + 1, of * 3);
    let landed = landed::all(ctx, target, span, &mut found, &|done, of| part(0, done, of))?;
    let objects = ctx.repository.objects()?;
    let merge = |(at, work)| {
        part(1, at, landed.len());
        lands(ctx, &objects, work)
    };
    let merges: Vec<Option<bool>> = landed.iter().enumerate().map(merge).collect::<Result<_, _>>()?;
    let mut events = Vec::new();
    let mut foreseen = BTreeSet::new();
    for (at, first) in landed.iter().enumerate() {
        part(2, at, landed.len());
        events.extend(course(first));
        let open: Vec<Open> =
            landed.iter().enumerate().skip(at + 1).filter_map(|(later, other)| open_at(first, later, other)).collect();
        found.pairs += open.len() as u64;
        // Most have nothing to do with each other, which their paths tell without a merge.
        let open: Vec<Open> = open.into_iter().filter(|(later, ..)| first.may_meet(&landed[*later])).collect();
        for (pair, (later, _, since)) in judge(ctx, &objects, first, &open, &mut found)? {
            let other = &landed[later];
            let stood = since.max(first.steps.last().map_or(first.at, |step| step.0));
            events.extend(meeting(first, other, &pair, stood));
            if pair.grade == Grade::Conflict && pair.paths.iter().any(|path| path.blocks) {
                let paths = observed::telling(&pair.paths);
                let came_true = came_true(&objects, first, (other, merges[later]))?;
                found.leads.push(other.at.since(stood));
                let (first, other) = (first.label.clone(), other.label.clone());
                found.told.push(Alarm { first, other, paths, at: stood, came_true });
                foreseen.insert(later);
            }
        }
    }
    for (at, merges) in merges.iter().enumerate() {
        match merges {
            Some(true) => {}
            Some(false) => {
                found.resolved += 1;
                found.foreseen += u64::from(foreseen.contains(&at));
            }
            None => found.unknown += 1,
        }
    }
    let told = |is: bool| found.told.iter().filter(|alarm| alarm.came_true == Some(is)).count() as u64;
    (found.alarms, found.right, found.wrong) = (found.told.len() as u64, told(true), told(false));
    found.leads.sort_unstable();
    events.sort_by_key(|event| event.at);
    let mut tally = Tally::default();
    for event in &events {
        tally.add(event);
    }
    let mut report = tally.decide(ctx.now, ctx.policy.mode, ctx.policy.report);
    report.installed = !doctor::hooks_are_missing(&ctx.env, &ctx.repository);
    report.hindsight = Some(found);
    Ok(report)
}

/// How the other stood when the first landed, if it was open then: its last commit by that time.
fn open_at(first: &Landed, later: usize, other: &Landed) -> Option<(usize, ObjectId, Timestamp)> {
    let open = other.steps.iter().take_while(|(at, _)| *at <= first.at).last()?;
    let began = other.steps.first()?.0;
    (other.at > first.at && first.at.since(began) <= LONGEST).then_some((later, open.1, open.0))
}

type Open = (usize, ObjectId, Timestamp);

/// Judges the first against all that were open when it landed, on the target as it was before.
fn judge(
    ctx: &Context,
    objects: &Objects,
    first: &Landed,
    open: &[Open],
    found: &mut Hindsight,
) -> Result<Vec<(PairAnswer, Open)>, Failure> {
    if open.is_empty() {
        return Ok(Vec::new());
    }
    // What does not land by itself conflicts with the target, not with the others (DESIGN.md, section 3).
    let line = |tip| Line { tip, judge_unlanded: false };
    let question = Question {
        target: first.onto,
        lines: std::iter::once(first.tip).chain(open.iter().map(|other| other.1)).map(line).collect(),
        pairs: Pairs::Listed((1..=open.len()).map(|other| (0, other)).collect()),
        only: None,
        all_paths: false,
    };
    let answer = merge::judge(&ctx.judge(objects), &question)?;
    found.unknown += answer.pairs.iter().filter(|pair| pair.unknown.is_some()).count() as u64;
    let told = answer.pairs.into_iter().filter(|pair| pair.unknown.is_none() && !pair.stacked);
    Ok(told.map(|pair| (open[pair.b - 1], pair)).map(|(open, pair)| (pair, open)).collect())
}

/// Whether coord was right to speak: it was where the other did not merge by itself, or had taken the first in by then.
fn came_true(
    objects: &Objects,
    first: &Landed,
    (other, merges): (&Landed, Option<bool>),
) -> Result<Option<bool>, Failure> {
    let taken_in = history::is_ancestor(objects, first.merge, other.tip)?;
    Ok(if taken_in { Some(true) } else { merges.map(|merges| !merges) })
}

/// Whether git makes the merge by itself; `None` where that could not be told.
fn lands(ctx: &Context, objects: &Objects, work: &Landed) -> Result<Option<bool>, Failure> {
    let question = Question {
        target: work.onto,
        lines: vec![Line { tip: work.tip, judge_unlanded: false }],
        pairs: Pairs::All,
        only: None,
        all_paths: false,
    };
    let answer = merge::judge(&ctx.judge(objects), &question)?;
    Ok(match answer.lines.first().map(|line| &line.landing) {
        Some(Landing::Clean | Landing::AlreadyThere) => Some(true),
        Some(Landing::Conflicts { .. }) => Some(false),
        Some(Landing::Unknown(_)) | None => None,
    })
}

/// The work's course, as the log would have told it.
fn course(work: &Landed) -> [Event; 2] {
    let facts = || SessionFacts { id: work.label.clone(), task: None, agent: None };
    let began = work.steps.first().map_or(work.at, |step| step.0);
    let event = |at, kind| Event { at, actor: Some(work.label.clone()), kind };
    [event(began, EventKind::SessionStarted(facts())), event(work.at, EventKind::SessionEnded(facts()))]
}

/// What the log would have told of the two.
fn meeting(first: &Landed, other: &Landed, pair: &PairAnswer, at: Timestamp) -> Vec<Event> {
    let conflicts = pair.grade == Grade::Conflict && pair.paths.iter().any(|path| path.blocks);
    let facts = |how: Option<Resolution>| OverlapFacts {
        with: other.label.clone(),
        grade: pair.grade,
        from: None,
        how,
        after: how.map(|_| other.at.since(at)),
        paths: observed::telling(&pair.paths),
        more_paths: 0,
    };
    let event = |at, kind| Event { at, actor: Some(first.label.clone()), kind };
    let mut events = vec![event(at, EventKind::OverlapAppeared(facts(None)))];
    if conflicts {
        events.push(event(at, EventKind::ConflictAppeared(facts(None))));
        events.push(event(other.at, EventKind::ConflictResolved(facts(Some(Resolution::Merged)))));
    }
    events
}
