//! A survey on the wire: the answer of `coord scan --json`.
//! Must not know: any other report.

use serde::{Serialize, Serializer};

use super::VERSION;
use super::hot_spot::{WireSpot, spot};
use super::text::{Ranges, Text, time};
use crate::domain::hotspot::HotSpot;
use crate::domain::instance::{Instance, State};
use crate::domain::overlap::{ConflictKind, Grade, PathConflict, PathOverlap};
use crate::domain::path::RepoPath;
use crate::domain::report::{Overlap, Survey, Target, TargetConflict, Unknown};
use crate::domain::working_set::Change;

#[derive(Serialize)]
pub(super) struct Wire<'a> {
    version: u32,
    target: WireTarget<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    here: Option<&'a str>,
    instances: Vec<WireInstance<'a>>,
    target_conflicts: Vec<WireTargetConflict<'a>>,
    overlaps: Overlaps<'a>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    unknown_pairs: Vec<WireUnknown<'a>>,
    /// Empty where whoever asked tells of them in another place.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    hot_spots: Vec<WireSpot<'a>>,
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    notices: &'a [String],
    summary: Summary,
}

#[derive(Serialize)]
pub(super) struct WireTarget<'a> {
    r#ref: Option<Text<'a>>,
    oid: Option<String>,
}

#[derive(Serialize)]
pub(super) struct WireInstance<'a> {
    id: &'a str,
    kind: &'static str,
    r#ref: Option<Text<'a>>,
    oid: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    worktree: Option<Text<'a>>,
    fork_point: Option<String>,
    state: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    task: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    origin: Option<WireOrigin<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    touched: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    added_lines: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    deleted_lines: Option<u32>,
    paths: Vec<WireChange<'a>>,
}

/// Of an instance of another machine: where it comes from, what it publishes, and how old that is.
#[derive(Serialize)]
struct WireOrigin<'a> {
    host: &'a str,
    sync: &'static str,
    seen: String,
    fetched: Option<String>,
}

#[derive(Serialize)]
struct WireChange<'a> {
    path: Text<'a>,
    layers: Vec<&'static str>,
    status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    from: Option<Text<'a>>,
}

#[derive(Serialize)]
pub(super) struct WireTargetConflict<'a> {
    instance: &'a str,
    complete: bool,
    paths: Vec<WireConflict<'a>>,
}

#[derive(Serialize)]
struct WireConflict<'a> {
    path: Text<'a>,
    kind: &'static str,
}

/// The overlaps that are told. Of a hundred thousand each is put into its form when its turn comes.
struct Overlaps<'a> {
    survey: &'a Survey,
    min_grade: Grade,
}

impl Serialize for Overlaps<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self { survey, min_grade } = *self;
        let told = survey.overlaps.at_least(min_grade);
        serializer.collect_seq(told.map(|overlap| Told { survey, overlap, min_grade }))
    }
}

/// One of them.
struct Told<'a> {
    survey: &'a Survey,
    overlap: &'a Overlap,
    min_grade: Grade,
}

impl Serialize for Told<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self { survey, overlap, min_grade } = *self;
        let paths = overlap.paths.look();
        let wire = WireOverlap {
            a: &survey.instances[overlap.a].label,
            b: &survey.instances[overlap.b].label,
            grade: overlap.grade.name(),
            acknowledged: overlap.acknowledged,
            paths: paths.iter().filter(|path| path.grade >= min_grade).map(path_overlap).collect(),
        };
        wire.serialize(serializer)
    }
}

#[derive(Serialize)]
struct WireOverlap<'a> {
    a: &'a str,
    b: &'a str,
    grade: &'static str,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    acknowledged: bool,
    paths: Vec<WirePath<'a>>,
}

#[derive(Serialize)]
pub(super) struct WirePath<'a> {
    path: Text<'a>,
    grade: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    kind: Option<&'static str>,
    blocks: bool,
    a_lines: Ranges<'a>,
    b_lines: Ranges<'a>,
    a_own: Ranges<'a>,
    b_own: Ranges<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    gap: Option<u32>,
}

#[derive(Serialize)]
struct WireUnknown<'a> {
    instances: Vec<&'a str>,
    reason: &'a str,
}

#[derive(Serialize)]
struct Summary {
    instances: usize,
    pairs: usize,
    overlapping: usize,
    conflicting: usize,
    unknown: usize,
}

impl<'a> Wire<'a> {
    pub(super) fn of(survey: &'a Survey, min_grade: Grade) -> Self {
        let label = |at: usize| survey.instances[at].label.as_str();
        let unknown = survey.unknown();
        Self {
            version: VERSION,
            target: target(&survey.target),
            here: survey.here.map(label),
            instances: survey.instances.iter().map(instance).collect(),
            target_conflicts: survey
                .target_conflicts
                .iter()
                .map(|conflict| target_conflict(survey, conflict))
                .collect(),
            overlaps: Overlaps { survey, min_grade },
            unknown_pairs: survey.unknown_pairs.iter().map(|pair| unknown_pair(survey, pair)).collect(),
            hot_spots: Vec::new(),
            notices: &survey.notices,
            summary: Summary {
                instances: survey.instances.len(),
                pairs: survey.pairs(),
                overlapping: survey.overlaps.len(),
                conflicting: survey.conflicts().len(),
                unknown,
            },
        }
    }

    /// With the paths that cause the collisions.
    pub(super) fn with(self, spots: &'a [HotSpot]) -> Self {
        Self { hot_spots: spots.iter().map(spot).collect(), ..self }
    }
}

pub(super) fn target(target: &Target) -> WireTarget<'_> {
    let name = target.name.as_ref().map(|name| Text::of(name.as_bytes()));
    WireTarget { r#ref: name, oid: target.tip.map(|tip| tip.to_string()) }
}

pub(super) fn instance(instance: &Instance) -> WireInstance<'_> {
    let reason = match &instance.state {
        State::Unknown { reason } => Some(reason.as_str()),
        _ => None,
    };
    WireInstance {
        id: &instance.label,
        kind: instance.kind.name(),
        r#ref: instance.branch.as_ref().map(|name| Text::of(name.as_bytes())),
        oid: instance.tip.map(|tip| tip.to_string()),
        worktree: instance.worktree.as_ref().map(|dir| Text::of_os(dir.as_os_str())),
        fork_point: instance.fork_point.map(|id| id.to_string()),
        state: instance.state.name(),
        reason,
        task: instance.task.as_deref(),
        origin: instance.origin.as_ref().map(|origin| WireOrigin {
            host: &origin.host,
            sync: origin.mode.name(),
            seen: time(origin.seen),
            fetched: origin.fetched.map(time),
        }),
        touched: instance.touched.map(time),
        added_lines: instance.working_set.added_lines,
        deleted_lines: instance.working_set.deleted_lines,
        paths: instance.working_set.changes.iter().map(|(path, found)| change(path, found)).collect(),
    }
}

fn change<'a>(path: &'a RepoPath, change: &'a Change) -> WireChange<'a> {
    WireChange {
        path: Text::of(path.as_bytes()),
        layers: change.layers.iter().map(|layer| layer.name()).collect(),
        status: change.status.name(),
        from: change.from.as_ref().map(|from| Text::of(from.as_bytes())),
    }
}

fn target_conflict<'a>(survey: &'a Survey, conflict: &'a TargetConflict) -> WireTargetConflict<'a> {
    let wire = |path: &'a PathConflict| WireConflict { path: Text::of(path.path.as_bytes()), kind: path.kind.name() };
    WireTargetConflict {
        instance: &survey.instances[conflict.instance].label,
        complete: conflict.complete,
        paths: conflict.paths.iter().map(wire).collect(),
    }
}

pub(super) fn path_overlap(overlap: &PathOverlap) -> WirePath<'_> {
    WirePath {
        path: Text::of(overlap.path.as_bytes()),
        grade: overlap.grade.name(),
        kind: overlap.kind.map(ConflictKind::name),
        blocks: overlap.blocks,
        a_lines: Ranges(&overlap.a_lines),
        b_lines: Ranges(&overlap.b_lines),
        a_own: Ranges(&overlap.a_own),
        b_own: Ranges(&overlap.b_own),
        gap: overlap.gap,
    }
}

fn unknown_pair<'a>(survey: &'a Survey, pair: &'a Unknown) -> WireUnknown<'a> {
    let label = |&at: &usize| survey.instances[at].label.as_str();
    WireUnknown { instances: pair.instances.iter().map(label).collect(), reason: &pair.reason }
}
