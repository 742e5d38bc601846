//! The board as a short answer: who is at work on which files, and who conflicts with whom.
//! Must not know: the protocol, how it was found out.

use serde_json::{Value, json};

use crate::domain::board::{Folded, fold};
use crate::domain::instance::Instance;
use crate::domain::overlap::Grade;
use crate::domain::path::RepoPath;
use crate::domain::report::{Overlap, Survey};

/// No more entries for one line of work: a model reads all of it.
const FILES: usize = 12;
const PATHS: usize = 5;

pub(super) fn of(survey: &Survey) -> Value {
    let label = |at: usize| &*survey.instances[at].label;
    let conflict = |overlap: &Overlap| {
        let bad = overlap.paths.iter().filter(|path| path.grade == Grade::Conflict && path.blocks);
        let paths: Vec<String> = bad.map(|path| text(&path.path)).collect();
        json!({"a": label(overlap.a), "b": label(overlap.b), "count": paths.len(), "paths": &paths[..paths.len().min(PATHS)]})
    };
    json!({
        "version": 1,
        "here": survey.here.map(label),
        "target": survey.target.name.as_ref().map(|name| String::from_utf8_lossy(name.short()).into_owned()),
        "instances": survey.instances.iter().map(instance).collect::<Vec<_>>(),
        "conflicts": survey.counting().map(conflict).collect::<Vec<_>>(),
        "notices": survey.notices,
    })
}

fn instance(instance: &Instance) -> Value {
    let changed = instance.working_set.changes.keys();
    let paths: Vec<Folded> = changed.map(|path| Folded { path: text(path), count: 1 }).collect();
    let folded = fold(&paths, FILES);
    json!({
        "id": instance.label,
        "state": instance.state.name(),
        "task": instance.task,
        "files": folded.shown.iter().map(|shown| &shown.path).collect::<Vec<_>>(),
        "more": folded.more,
    })
}

fn text(path: &RepoPath) -> String {
    String::from_utf8_lossy(path.as_bytes()).into_owned()
}
