//! Who has changed what is being claimed already: they are warned of, and not bound there.
//! Must not know: the claims' table.

use std::collections::{BTreeMap, BTreeSet};

use crate::domain::id::Identity;
use crate::domain::instance::State;
use crate::domain::path::RepoPath;
use crate::domain::pattern::Pattern;
use crate::domain::report::SomePaths;
use crate::ops::context::Context;
use crate::ops::place::Place;
use crate::ops::survey::{self, SurveyOptions};

/// The most paths that one claim keeps exempt for one instance. Beyond it the others are bound there, which a block says.
const MOST: usize = 2_000;

/// Somebody else's changes under a claim.
#[derive(Clone, Debug)]
pub struct AlreadyChanged {
    /// Who.
    pub identity: Identity,
    /// Their label.
    pub label: String,
    /// What they work on.
    pub task: Option<String>,
    /// What they changed, sorted.
    pub paths: BTreeSet<RepoPath>,
}

/// Everybody else whose working set has a path that `patterns` name. Nobody, where that cannot be told.
pub(super) fn already_changed(ctx: &Context, place: &Place, patterns: &[Pattern]) -> Vec<AlreadyChanged> {
    let Ok(survey) = survey::survey(ctx, &SurveyOptions::default()) else { return Vec::new() };
    let counts = |state: &State| !matches!(state, State::Landed | State::Dormant);
    let others = survey
        .instances
        .into_iter()
        .filter(|instance| instance.identity != *place.identity() && counts(&instance.state));
    let changed = others.map(|instance| {
        let named = |path: &&RepoPath| patterns.iter().any(|pattern| pattern.covers(path));
        let paths = instance.working_set.changes.keys().filter(named).take(MOST).cloned().collect();
        AlreadyChanged { identity: instance.identity, label: instance.label, task: instance.task, paths }
    });
    changed.filter(|already| !already.paths.is_empty()).collect()
}

pub(super) fn told(already: &AlreadyChanged) -> (String, SomePaths) {
    let first = already.paths.first().expect("nobody is listed without a path").clone();
    (already.label.clone(), SomePaths { first, count: already.paths.len() })
}

pub(super) fn exempt(already: &[AlreadyChanged]) -> BTreeMap<Identity, BTreeSet<RepoPath>> {
    already.iter().map(|already| (already.identity.clone(), already.paths.clone())).collect()
}
