//! Telling whoever is not looking: a conflict that a save or a commit made is left as an alert for the other side, which an
//! agent hears of at its next call. Must not know: how an alert is worded or heard.

use std::collections::BTreeMap;

use crate::domain::alert::Alert;
use crate::domain::id::Identity;
use crate::domain::instance::{Instance, Kind};
use crate::domain::overlap::Grade;
use crate::domain::path::RepoPath;
use crate::domain::report::{Overlap, Survey};
use crate::domain::working_set::Layer;
use crate::ops::context::Context;
use crate::ops::intents;
use crate::store;

/// More paths of two instances than this say nothing more.
const NAMED: usize = 3;

/// The alerts that stand, by who should hear of whom, and where.
pub(super) type Standing = BTreeMap<(Identity, Identity, RepoPath), Alert>;

/// Leaves an alert for each conflict that is new, and takes away those that are over.
///
/// # Errors
/// Where they cannot be written; they are tried again with the next look.
pub(super) fn deliver(ctx: &Context, survey: &Survey, standing: &mut Standing) -> Result<(), store::Error> {
    let now: Standing = survey
        .overlaps
        .iter()
        .filter(|overlap| overlap.counts())
        .flat_map(|overlap| alerts(ctx, survey, overlap))
        .map(|alert| ((alert.to.clone(), alert.from.clone(), alert.path.clone()), alert))
        .collect();
    let fresh: Vec<&Alert> =
        now.iter().filter(|(key, _)| !standing.contains_key(key)).map(|(_, alert)| alert).collect();
    let over: Vec<&Alert> = standing.iter().filter(|(key, _)| !now.contains_key(key)).map(|(_, alert)| alert).collect();
    if !fresh.is_empty() || !over.is_empty() {
        let locked = ctx.store.lock(intents::wait(ctx))?;
        fresh.iter().try_for_each(|alert| locked.put_alert(alert))?;
        over.iter().try_for_each(|alert| locked.remove_alert(alert).map(drop))?;
    }
    *standing = now;
    Ok(())
}

/// For the one who did not touch anything last: whoever did is at the keyboard, and is told there.
fn alerts<'a>(ctx: &'a Context, survey: &'a Survey, overlap: &'a Overlap) -> impl Iterator<Item = Alert> + 'a {
    let (a, b) = (&survey.instances[overlap.a], &survey.instances[overlap.b]);
    let (to, from) = if a.touched > b.touched { (b, a) } else { (a, b) };
    let conflicts = overlap.paths.iter().filter(|path| path.grade == Grade::Conflict && path.blocks);
    let conflicts = conflicts.filter(move |_| to.kind == Kind::Worktree).take(NAMED);
    conflicts.map(move |path| Alert {
        to: to.identity.clone(),
        from: from.identity.clone(),
        label: from.label.clone(),
        path: path.path.clone(),
        committed: is_committed(from, &path.path),
        at: ctx.now,
    })
}

fn is_committed(instance: &Instance, path: &RepoPath) -> bool {
    let change = instance.working_set.changes.get(path);
    change.is_some_and(|change| change.layers.iter().all(|layer| *layer == Layer::Committed))
}
