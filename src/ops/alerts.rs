//! Alerts: when somebody's new work begins to conflict with another's, the other hears of it, once.
//! Must not know: who listens, how it is told.

use crate::domain::alert::{Alert, LASTS};
use crate::domain::id::Identity;
use crate::domain::instance::Instance;
use crate::domain::observed::{Observed, Pair, Seen};
use crate::domain::path::RepoPath;
use crate::domain::report::Survey;
use crate::domain::time::Timestamp;
use crate::domain::working_set::Layer;
use crate::ops::context::Context;
use crate::store::{self, Locked};

/// More paths of two instances than this say nothing more.
const NAMED: usize = 3;

/// By what a conflict was found.
#[derive(Clone, Copy)]
pub(super) enum Found<'a> {
    /// A look at everybody: whoever touched anything last made it.
    Survey(&'a Survey),
    /// A commit of this one.
    Commit(&'a Identity),
}

/// The alerts that count, for one instance.
pub(super) fn for_whom(ctx: &Context, whom: &Identity) -> Vec<Alert> {
    let mut all = ctx.store.alerts().map(|listing| listing.items).unwrap_or_default();
    all.retain(|alert| alert.to == *whom && is_young(ctx, alert));
    all.sort();
    all
}

fn is_young(ctx: &Context, alert: &Alert) -> bool {
    ctx.now.since(alert.at) < LASTS
}

/// Leaves an alert for each conflict that `after` has and `before` has not, and takes away those of conflicts that are
/// over, and those that nobody needs any more.
pub(super) fn follow(
    ctx: &Context,
    locked: &Locked<'_>,
    (before, after): (&Observed, &Observed),
    found: Found<'_>,
) -> Result<(), store::Error> {
    let open = |observed: &Observed, pair: &Pair| observed.pairs.get(pair).is_some_and(|seen| seen.conflict.is_some());
    for (pair, seen) in after.pairs.iter().filter(|(pair, _)| open(after, pair) && !open(before, pair)) {
        of(ctx, pair, seen, found).iter().try_for_each(|alert| locked.put_alert(alert))?;
    }
    let ended: Vec<&Pair> = before.pairs.keys().filter(|pair| open(before, pair) && !open(after, pair)).collect();
    if ended.is_empty() {
        return Ok(());
    }
    let is_over = |alert: &&Alert| {
        let between = |(a, b): &&Pair| (alert.to == *a && alert.from == *b) || (alert.to == *b && alert.from == *a);
        ended.iter().any(between) || !is_young(ctx, alert)
    };
    ctx.store.alerts()?.items.iter().filter(is_over).try_for_each(|alert| locked.remove_alert(alert).map(drop))
}

/// One for each of the first paths, for whoever did not make the conflict.
fn of(ctx: &Context, (a, b): &Pair, seen: &Seen, found: Found<'_>) -> Vec<Alert> {
    let a_made_it = match found {
        Found::Commit(maker) => a == maker,
        // In the same second it was whoever looks now.
        Found::Survey(survey) if touched(survey, a) == touched(survey, b) => ctx.repository.here.as_ref() == Some(a),
        Found::Survey(survey) => touched(survey, a) > touched(survey, b),
    };
    let (from, to, label) = if a_made_it { (a, b, &seen.labels.0) } else { (b, a, &seen.labels.1) };
    // A branch without a worktree has nobody who could hear.
    if matches!(to, Identity::Ref(_)) {
        return Vec::new();
    }
    let alert = |path: &RepoPath| Alert {
        to: to.clone(),
        from: from.clone(),
        label: label.clone(),
        path: path.clone(),
        committed: is_committed(found, from, path),
        at: ctx.now,
    };
    seen.paths.iter().take(NAMED).map(alert).collect()
}

fn instance<'a>(survey: &'a Survey, who: &Identity) -> Option<&'a Instance> {
    survey.instances.iter().find(|instance| instance.identity == *who)
}

fn touched(survey: &Survey, who: &Identity) -> Option<Timestamp> {
    instance(survey, who)?.touched
}

fn is_committed(found: Found<'_>, who: &Identity, path: &RepoPath) -> bool {
    // A commit in the making may yet be stopped.
    let Found::Survey(survey) = found else { return false };
    let change = instance(survey, who).and_then(|instance| instance.working_set.changes.get(path));
    change.is_some_and(|change| change.layers.iter().all(|layer| *layer == Layer::Committed))
}
