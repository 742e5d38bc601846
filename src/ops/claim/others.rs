//! Who has changed what is being claimed already: they are warned of, and not bound there.
//! Must not know: the claims' table.

use std::collections::{BTreeMap, BTreeSet};

use crate::domain::id::{Identity, ObjectId};
use crate::domain::instance::{Kind, State};
use crate::domain::path::RepoPath;
use crate::domain::pattern::Pattern;
use crate::domain::report::SomePaths;
use crate::failure::Failure;
use crate::git::merge::{Line, Pairs, Question};
use crate::git::names;
use crate::ops::commit::{Asked, Found, Other, Search, is_over};
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
    let file = |pattern: &Pattern| {
        let path = pattern.as_path()?;
        let file = names::below(&place.me.path, path).symlink_metadata().ok()?;
        (!file.is_dir()).then(|| path.clone())
    };
    // Files are looked up one by one; only what may name more needs everybody's whole work.
    match patterns.iter().map(file).collect() {
        Some(files) => on_files(ctx, place, &files).unwrap_or_default(),
        None => anywhere(ctx, place, patterns),
    }
}

fn on_files(ctx: &Context, place: &Place, files: &BTreeSet<RepoPath>) -> Result<Vec<AlreadyChanged>, Failure> {
    let Some(target) = place.target.tip else { return Ok(Vec::new()) };
    let objects = ctx.repository.objects()?;
    let search = Search { ctx, objects: &objects, worktrees: &place.worktrees, me: place.identity(), intents: &[] };
    let ask = |found: &Found, files| Ok(ask(target, &found.others, files));
    let Asked { lines: others, answer, .. } = search.ask(search.find(files)?, files, ask)?;
    let mut already = Vec::new();
    for (other, line) in others.iter().zip(answer.lines).filter(|(_, line)| !line.changes.is_empty()) {
        if other.who.kind != Kind::Remote && !is_over(ctx, &objects, target, other)? {
            already.push(AlreadyChanged {
                identity: other.who.identity.clone(),
                label: other.who.label.clone(),
                task: ctx.task_of(&other.who.identity),
                paths: line.changes.into_inner().into_iter().map(|change| change.path).collect(),
            });
        }
    }
    Ok(already)
}

/// What everybody who has anything made of the files.
fn ask(target: ObjectId, others: &[Other], files: BTreeSet<RepoPath>) -> (Question, Vec<Other>) {
    let standing = others.iter().filter_map(|other| Some((other.clone(), other.as_it_lies.or(other.committed)?)));
    let (others, tips): (Vec<Other>, Vec<ObjectId>) = standing.unzip();
    let lines = tips.into_iter().map(|tip| Line { tip, judge_unlanded: false }).collect();
    (Question { target, lines, pairs: Pairs::Listed(Vec::new()), only: Some(files), all_paths: false }, others)
}

fn anywhere(ctx: &Context, place: &Place, patterns: &[Pattern]) -> Vec<AlreadyChanged> {
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
