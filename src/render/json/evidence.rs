//! The answers of `coord check --json` and `coord diff --json`.
//! Must not know: the survey's own form.

use serde::Serialize;

use super::VERSION;
use super::survey::{WirePath, path_overlap};
use super::text::{Text, time};
use crate::domain::instance::State;
use crate::domain::report::{Comparison, Encounter, Facts, MergedLine, PathDiff, PathFacts};

#[derive(Serialize)]
pub(super) struct WireFacts<'a> {
    version: u32,
    paths: Vec<WirePathFacts<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    unknown: Vec<WireUnknown<'a>>,
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    notices: &'a [String],
}

#[derive(Serialize)]
struct WirePathFacts<'a> {
    path: Text<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    lines: Option<[u32; 2]>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    claimed: bool,
    others: Vec<WireEncounter<'a>>,
}

/// In the evidence `a` is the asker's side and `b` the other's.
#[derive(Serialize)]
struct WireEncounter<'a> {
    instance: &'a str,
    kind_of_instance: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    worktree: Option<Text<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    task: Option<&'a str>,
    committed: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    since: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    meets_lines: Option<bool>,
    #[serde(flatten)]
    evidence: WirePath<'a>,
}

#[derive(Serialize)]
struct WireUnknown<'a> {
    instance: &'a str,
    reason: &'a str,
}

impl<'a> WireFacts<'a> {
    pub(super) fn of(facts: &'a Facts) -> Self {
        let unknown = facts.survey.instances.iter().filter_map(|instance| match &instance.state {
            State::Unknown { reason } => Some(WireUnknown { instance: &instance.label, reason }),
            _ => None,
        });
        Self {
            version: VERSION,
            paths: facts.paths.iter().map(|path| path_facts(facts, path)).collect(),
            unknown: unknown.collect(),
            notices: &facts.survey.notices,
        }
    }
}

fn path_facts<'a>(facts: &'a Facts, path: &'a PathFacts) -> WirePathFacts<'a> {
    WirePathFacts {
        path: Text::of(path.path.as_bytes()),
        lines: path.lines.map(|lines| [lines.first, lines.last]),
        claimed: path.claimed,
        others: path.encounters.iter().map(|found| encounter(facts, found)).collect(),
    }
}

fn encounter<'a>(facts: &'a Facts, encounter: &'a Encounter) -> WireEncounter<'a> {
    let other = &facts.survey.instances[encounter.other];
    WireEncounter {
        instance: &other.label,
        kind_of_instance: other.kind.name(),
        worktree: other.worktree.as_ref().map(|dir| Text::of_os(dir.as_os_str())),
        task: other.task.as_deref(),
        committed: encounter.committed,
        since: encounter.since.map(time),
        meets_lines: encounter.meets_lines,
        evidence: path_overlap(&encounter.overlap),
    }
}

#[derive(Serialize)]
pub(super) struct WireComparison<'a> {
    version: u32,
    a: &'a str,
    b: &'a str,
    paths: Vec<WireDiff<'a>>,
}

#[derive(Serialize)]
struct WireDiff<'a> {
    #[serde(flatten)]
    evidence: WirePath<'a>,
    /// What each side calls the path, where that differs.
    #[serde(skip_serializing_if = "Option::is_none")]
    a_path: Option<Text<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    b_path: Option<Text<'a>>,
    base_text: Text<'a>,
    a_text: Text<'a>,
    b_text: Text<'a>,
    merged: Vec<WireLine<'a>>,
}

/// One line of the merged text; `side` is left out where both agree or one alone changed it.
#[derive(Serialize)]
struct WireLine<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    side: Option<&'static str>,
    text: Text<'a>,
}

impl<'a> WireComparison<'a> {
    pub(super) fn of(comparison: &'a Comparison) -> Self {
        Self {
            version: VERSION,
            a: &comparison.labels.0,
            b: &comparison.labels.1,
            paths: comparison.paths.iter().map(diff).collect(),
        }
    }
}

fn diff(path: &PathDiff) -> WireDiff<'_> {
    WireDiff {
        evidence: path_overlap(&path.overlap),
        a_path: (path.a_path != path.overlap.path).then(|| Text::of(path.a_path.as_bytes())),
        b_path: (path.b_path != path.overlap.path).then(|| Text::of(path.b_path.as_bytes())),
        base_text: Text::of(&path.base),
        a_text: Text::of(&path.a),
        b_text: Text::of(&path.b),
        merged: path.merged.iter().map(line).collect(),
    }
}

fn line(line: &MergedLine) -> WireLine<'_> {
    let (side, text) = match line {
        MergedLine::Merged(text) => (None, text),
        MergedLine::A(text) => (Some("a"), text),
        MergedLine::Base(text) => (Some("base"), text),
        MergedLine::B(text) => (Some("b"), text),
    };
    WireLine { side, text: Text::of(text) }
}
