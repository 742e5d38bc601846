//! What a survey or a hook saw of who collides with whom, held against what was last seen: the news of it, each once.
//! Must not know: what follows from news, how they are written down.

use std::collections::{BTreeMap, BTreeSet};

use crate::domain::event::{Event, EventKind};
use crate::domain::id::{Identity, ObjectId};
use crate::domain::instance::{Instance, State};
use crate::domain::judgement::{Judgement, Reason};
use crate::domain::observed::{self, Look, Met, Standing};
use crate::domain::overlap::Grade;
use crate::domain::path::RepoPath;
use crate::domain::report::{Overlap, Survey};
use crate::domain::working_set::Layer;
use crate::git::history;
use crate::ops::alerts::Found;
use crate::ops::context::Context;
use crate::ops::place::Place;
use crate::ops::settings::mode_name;
use crate::ops::{alerts, intents, journal, who};
use crate::store::{self, Locked};

/// Holds a survey against what was last seen, and keeps it for the next.
pub(super) fn survey(
    ctx: &Context,
    locked: &Locked<'_>,
    survey: &Survey,
    complete: bool,
) -> Result<Vec<Event>, store::Error> {
    let mut observed = ctx.store.observed()?;
    let before = observed.clone();
    let mut news = Vec::new();
    let mode = mode_name(ctx.policy.mode);
    if observed.mode.as_deref() != Some(mode) {
        observed.mode = Some(mode.to_owned());
        news.push(Event { at: ctx.now, actor: None, kind: EventKind::ModeChanged { mode: mode.to_owned() } });
    }
    let objects = ctx.repository.objects().ok();
    let is_in = |ancestor: ObjectId, descendant: ObjectId| {
        objects.as_ref().is_some_and(|objects| history::is_ancestor(objects, ancestor, descendant).unwrap_or(false))
    };
    let mut look = look(ctx, survey, complete);
    for (who, standing) in &mut look.standing {
        // What the target took in without a merge of its own leaves no work that could be called landed.
        let is_there = |tip: ObjectId| survey.target.tip.is_some_and(|target| is_in(tip, target));
        standing.landed |= !standing.ahead && before.former_work(who).any(is_there);
    }
    news.extend(observed.take(&look, &is_in));
    if observed != before {
        locked.put_observed(&observed)?;
        alerts::follow(ctx, locked, (&before, &observed), Found::Survey(survey))?;
    }
    Ok(news)
}

/// Those whose conflict with `me` is not known to be over.
pub(super) fn partners(ctx: &Context, me: &Identity) -> BTreeSet<Identity> {
    let observed = ctx.store.observed().unwrap_or_default();
    let open = observed.pairs.into_iter().filter(|(_, seen)| seen.conflict.is_some());
    open.filter_map(|((a, b), _)| if a == *me { Some(b) } else { Some(a).filter(|_| b == *me) }).collect()
}

/// With whom everybody conflicts, as labels, as far as it was seen.
pub(super) fn open_conflicts(ctx: &Context) -> BTreeMap<Identity, Vec<String>> {
    let mut conflicts: BTreeMap<Identity, Vec<String>> = BTreeMap::new();
    let open = ctx.store.observed().unwrap_or_default().pairs;
    for ((a, b), seen) in open.into_iter().filter(|(_, seen)| seen.conflict.is_some()) {
        conflicts.entry(a).or_default().push(seen.labels.1);
        conflicts.entry(b).or_default().push(seen.labels.0);
    }
    conflicts
}

/// Notes the conflicts that a hook saw. Best effort, as all that goes into the log.
pub(super) fn judgement(ctx: &Context, place: &Place, judgement: &Judgement) {
    let findings = judgement.blocks.iter().chain(&judgement.warnings);
    let conflicts = findings.filter(|finding| !matches!(finding.reason, Reason::Claimed | Reason::PathOnlyWarns));
    let mut met: BTreeMap<&str, BTreeSet<RepoPath>> = BTreeMap::new();
    for finding in conflicts {
        let paths = finding.clashes.iter().map(|clash| clash.path.clone());
        met.entry(&finding.other).or_default().extend(paths);
    }
    // Most of what hooks see is known: then there is nothing to lock, and nobody to ask for.
    let known = known(ctx, place.identity());
    met.retain(|label, _| !known.contains(*label));
    if !met.is_empty() {
        clash(ctx, place, &met);
    }
}

/// The labels of those with whom `me` is known to conflict.
fn known(ctx: &Context, me: &Identity) -> BTreeSet<String> {
    let observed = ctx.store.observed().unwrap_or_default();
    let open = observed.pairs.into_iter().filter(|(_, seen)| seen.conflict.is_some());
    let other = |((a, b), seen): (observed::Pair, observed::Seen)| {
        if a == *me { Some(seen.labels.1) } else { Some(seen.labels.0).filter(|_| b == *me) }
    };
    open.filter_map(other).collect()
}

fn clash(ctx: &Context, place: &Place, met: &BTreeMap<&str, BTreeSet<RepoPath>>) {
    let Ok(everybody) = who::anybody(ctx, &place.worktrees) else { return };
    let Ok(locked) = ctx.store.lock(intents::wait(ctx)) else { return };
    let Ok(mut observed) = ctx.store.observed() else { return };
    let before = observed.clone();
    let mut news = Vec::new();
    for (label, paths) in met {
        let Some(other) = everybody.iter().find(|who| who.label == *label) else { continue };
        let (pair, turned) = observed::pair(place.identity(), &other.identity);
        let labels = if turned {
            (other.label.clone(), place.label.clone())
        } else {
            (place.label.clone(), other.label.clone())
        };
        let paths = paths.iter().cloned().collect();
        let met = Met { pair, grade: Grade::Conflict, conflicts: true, acknowledged: false, paths };
        news.extend(observed.clash(&met, labels, ctx.now));
    }
    // What is not kept would be told again by the next.
    if !news.is_empty() && locked.put_observed(&observed).is_ok() {
        drop(alerts::follow(ctx, &locked, (&before, &observed), Found::Commit(place.identity())));
        drop(locked);
        journal::note_all(ctx, &news);
    }
}

fn look(ctx: &Context, survey: &Survey, complete: bool) -> Look {
    // A hook that puts work aside runs within a commit.
    let committing: BTreeSet<Identity> = intents::look(&ctx.store, ctx.now)
        .map(|seen| seen.intents.into_iter().map(|intent| intent.identity).collect())
        .unwrap_or_default();
    let mut standing: BTreeMap<Identity, Standing> = survey
        .instances
        .iter()
        .map(|instance| (instance.identity.clone(), standing(instance, committing.contains(&instance.identity))))
        .collect();
    for conflict in &survey.target_conflicts {
        let identity = &survey.instances[conflict.instance].identity;
        if let Some(standing) = standing.get_mut(identity) {
            standing.target_conflicts.extend(conflict.paths.iter().map(|path| path.path.clone()));
        }
    }
    let identity = |at: usize| &survey.instances[at].identity;
    let pairs = survey.unknown_pairs.iter().filter_map(|unknown| match unknown.instances[..] {
        [a, b] => Some(observed::pair(identity(a), identity(b)).0),
        _ => None,
    });
    Look {
        now: ctx.now,
        standing,
        // Where the branches could not be listed, who is missing is not gone.
        complete: complete && survey.unknown_pairs.iter().all(|unknown| !unknown.instances.is_empty()),
        // Of two branches that nobody stands on only a conflict is worth remembering: there may be half a million pairs.
        met: survey.overlaps.iter().filter(|overlap| is_telling(survey, overlap)).map(|o| met(survey, o)).collect(),
        unknown: pairs.collect(),
    }
}

fn is_telling(survey: &Survey, overlap: &Overlap) -> bool {
    overlap.grade == Grade::Conflict || [overlap.a, overlap.b].iter().any(|&at| survey.instances[at].worktree.is_some())
}

fn standing(instance: &Instance, committing: bool) -> Standing {
    Standing {
        label: instance.label.clone(),
        tip: instance.tip,
        busy: committing || instance.operation.is_some() || instance.state.is_unknown(),
        ahead: instance.working_set.changes.values().any(|change| change.layers.contains(&Layer::Committed)),
        landed: instance.state == State::Landed,
        target_conflicts: BTreeSet::new(),
        paths: instance.working_set.changes.keys().cloned().collect(),
    }
}

fn met(survey: &Survey, overlap: &Overlap) -> Met {
    let identity = |at: usize| &survey.instances[at].identity;
    Met {
        pair: observed::pair(identity(overlap.a), identity(overlap.b)).0,
        grade: overlap.grade,
        conflicts: overlap.paths.iter().any(|path| path.grade == Grade::Conflict && path.blocks),
        acknowledged: overlap.acknowledged,
        paths: observed::telling(&overlap.paths),
    }
}
