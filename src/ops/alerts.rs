//! Alerts: when somebody's new work begins to conflict with another's, the other hears of it, once.
//! Must not know: who listens, how it is told.

use crate::domain::alert::{Alert, LASTS};
use crate::domain::id::Identity;
use crate::domain::observed::{Observed, Pair, Seen};
use crate::ops::context::Context;
use crate::store::{self, Locked};

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

/// Leaves alerts, but for those of a conflict that the other was told of already.
pub(super) fn leave(ctx: &Context, locked: &Locked<'_>, alerts: &[Alert]) -> Result<(), store::Error> {
    let there = ctx.store.alerts()?.items;
    let same = |a: &Alert, b: &Alert| a.to == b.to && a.from == b.from && a.path == b.path;
    let news = |alert: &&Alert| !there.iter().any(|known| same(known, alert) && is_young(ctx, known));
    alerts.iter().filter(news).try_for_each(|alert| locked.put_alert(alert))
}

/// Leaves an alert for each conflict that `after` has and `before` has not, for whoever is not at work here, and takes away
/// those of conflicts that are over.
pub(super) fn follow(
    ctx: &Context,
    locked: &Locked<'_>,
    before: &Observed,
    after: &Observed,
) -> Result<(), store::Error> {
    let open = |observed: &Observed, pair: &Pair| observed.pairs.get(pair).is_some_and(|seen| seen.conflict.is_some());
    let began = after.pairs.iter().filter(|(pair, seen)| seen.conflict.is_some() && !open(before, pair));
    let alerts: Vec<Alert> = began.flat_map(|(pair, seen)| of(ctx, pair, seen)).collect();
    if !alerts.is_empty() {
        leave(ctx, locked, &alerts)?;
    }
    let ended: Vec<&Pair> = before.pairs.keys().filter(|pair| open(before, pair) && !open(after, pair)).collect();
    if ended.is_empty() {
        return Ok(());
    }
    let is_over = |alert: &Alert| {
        ended.iter().any(|(a, b)| (alert.to == *a && alert.from == *b) || (alert.to == *b && alert.from == *a))
    };
    ctx.store.alerts()?.items.iter().filter(|alert| is_over(alert)).try_for_each(|alert| {
        locked.remove_alert(alert)?;
        Ok(())
    })
}

/// One for each path and each of the two that is not at work here.
fn of(ctx: &Context, (a, b): &Pair, seen: &Seen) -> Vec<Alert> {
    let sides = [(a, b, &seen.labels.1), (b, a, &seen.labels.0)];
    let others = sides.into_iter().filter(|(to, ..)| ctx.repository.here.as_ref() != Some(*to));
    let alert = |(to, from, label): (&Identity, &Identity, &String)| {
        let one = |path: &_| Alert {
            to: to.clone(),
            from: from.clone(),
            label: label.clone(),
            path: Clone::clone(path),
            at: ctx.now,
        };
        seen.paths.iter().map(one).collect::<Vec<_>>()
    };
    others.flat_map(alert).collect()
}
