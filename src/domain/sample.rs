//! Small surveys for the tests of this floor and of the renderers.
//! Must not know: anything but the words of this floor.

use super::ci::{Entry, Forge, Group, Report, Request, Source};
use super::hotspot::hot_spots;
use super::hunk::{LineSpan, Spans};
use super::id::{Identity, ObjectId, RefName};
use super::instance::{Instance, Kind, State};
use super::overlap::{ConflictKind, Grade, PathOverlap};
use super::path::RepoPath;
use super::report::{Overlap, Survey, Target};
use super::time::Timestamp;
use super::working_set::{Change, Layer, Status, WorkingSet};

/// A path of a test.
pub(crate) fn path(name: &str) -> RepoPath {
    RepoPath::new(name).expect("a valid path")
}

/// An object id made of one byte.
pub(crate) fn oid(byte: u8) -> ObjectId {
    ObjectId::from_bytes(&[byte; 20]).expect("twenty bytes")
}

/// An instance that committed changes to `paths`.
pub(crate) fn instance(label: &str, paths: &[&str]) -> Instance {
    let change =
        |name: &&str| (path(name), Change { layers: [Layer::Committed].into(), status: Status::Modified, from: None });
    Instance {
        identity: Identity::Ref(RefName::new(format!("refs/heads/{label}"))),
        label: label.to_owned(),
        kind: Kind::Branch,
        branch: Some(RefName::new(format!("refs/heads/{label}"))),
        tip: Some(oid(7)),
        worktree: None,
        fork_point: Some(oid(1)),
        state: State::Idle,
        operation: None,
        task: None,
        touched: Some(Timestamp(1_000)),
        working_set: WorkingSet {
            changes: paths.iter().map(change).collect(),
            added_lines: Some(3),
            deleted_lines: Some(1),
        },
    }
}

/// A content conflict on `name`, in line 10 of either side.
pub(crate) fn conflict(name: &str) -> PathOverlap {
    let at = |first, last| Spans::from_iter([LineSpan { first, last }]);
    PathOverlap {
        path: path(name),
        grade: Grade::Conflict,
        kind: Some(ConflictKind::Content),
        blocks: true,
        a_lines: at(10, 12),
        b_lines: at(12, 12),
        a_own: at(10, 14),
        b_own: at(13, 13),
        gap: None,
    }
}

/// A survey of instances with their paths, and of pairs with the paths on which they conflict.
pub(crate) fn survey(instances: &[(&str, &[&str])], conflicts: &[(usize, usize, &[&str])]) -> Survey {
    let overlap = |&(a, b, paths): &(usize, usize, &[&str])| Overlap {
        a,
        b,
        grade: Grade::Conflict,
        acknowledged: false,
        paths: paths.iter().map(|name| conflict(name)).collect(),
    };
    Survey {
        now: Timestamp(2_000),
        target: Target { name: Some(RefName::new("refs/heads/main")), tip: Some(oid(1)) },
        here: None,
        instances: instances.iter().map(|(label, paths)| instance(label, paths)).collect(),
        target_conflicts: Vec::new(),
        overlaps: conflicts.iter().map(overlap).collect(),
        unknown_pairs: Vec::new(),
        notices: Vec::new(),
    }
}

/// A group whose requests are numbered from 1 in the survey's order.
pub(crate) fn group(survey: Survey) -> Group {
    let entry = |(index, instance): (usize, &Instance)| Entry {
        request: Request {
            number: Some(index as u64 + 1),
            head: instance.label.clone(),
            base: Some("main".to_owned()),
            author: Some(format!("author of {}", instance.label)),
            ..Request::default()
        },
        since: Some(Timestamp(500)),
        stacked_on: None,
    };
    let entries = survey.instances.iter().enumerate().map(entry).collect();
    let hot_spots = hot_spots(&survey);
    Group { base: "main".to_owned(), survey, entries, hot_spots, excerpts: Vec::new() }
}

/// A report of one group, about all its pairs.
pub(crate) fn report(survey: Survey) -> Report {
    Report {
        now: Timestamp(2_000),
        forge: Forge::GitHub,
        source: Source::List,
        subject: None,
        request_url: None,
        groups: vec![group(survey)],
        unknown: Vec::new(),
        notices: Vec::new(),
    }
}
