//! The one survey that every renderer's tests show, hostile names included.
//! Must not know: any renderer.

use std::path::PathBuf;

use crate::domain::hunk::{LineSpan, Spans};
use crate::domain::id::{Identity, ObjectId, RefName};
use crate::domain::instance::{Instance, Kind, State};
use crate::domain::judgement::{Clash, Finding, Judgement, Reason, Taken, WayOut};
use crate::domain::overlap::{ConflictKind, Grade, PathConflict, PathOverlap};
use crate::domain::path::RepoPath;
use crate::domain::policy::Mode;
use crate::domain::report::{
    Comparison, Encounter, Facts, MergedLine, Overlap, PathDiff, PathFacts, Survey, Target, TargetConflict,
};
use crate::domain::time::Timestamp;
use crate::domain::working_set::{Change, Layer, Status, WorkingSet};

pub(crate) const NOW: Timestamp = Timestamp(1_769_868_000);

pub(crate) fn path(text: impl AsRef<[u8]>) -> RepoPath {
    RepoPath::new(text.as_ref()).expect("a valid path")
}

pub(crate) fn oid(digit: u8) -> ObjectId {
    ObjectId::from_bytes(&[digit; 20]).expect("twenty bytes")
}

pub(crate) fn change(layers: &[Layer], status: Status) -> Change {
    Change { layers: layers.iter().copied().collect(), status, from: None }
}

/// A worktree on the branch of its name, with `files` committed changes.
pub(crate) fn worktree(label: &str, files: usize, age: i64) -> Instance {
    let changes = (0..files).map(|n| (path(format!("{label}/{n}.rs")), change(&[Layer::Committed], Status::Modified)));
    let lines = u32::try_from(files).expect("few files");
    Instance {
        identity: Identity::Worktree(label.as_bytes().into()),
        label: label.to_owned(),
        kind: Kind::Worktree,
        branch: Some(RefName::new(format!("refs/heads/{label}"))),
        tip: Some(oid(0x11)),
        worktree: Some(PathBuf::from(format!("/work/{label}"))),
        fork_point: Some(oid(0x22)),
        state: if age < 300 { State::InProgress } else { State::Idle },
        operation: None,
        task: None,
        touched: Some(Timestamp(NOW.0 - age)),
        working_set: WorkingSet {
            changes: changes.collect(),
            added_lines: Some(lines * 10),
            deleted_lines: Some(lines * 3),
        },
        origin: None,
    }
}

pub(crate) fn spans(spans: &[(u32, u32)]) -> Spans {
    spans.iter().map(|&(first, last)| LineSpan { first, last }).collect()
}

pub(crate) fn shared(
    at: impl AsRef<[u8]>,
    kind: Option<ConflictKind>,
    a: &[(u32, u32)],
    b: &[(u32, u32)],
) -> PathOverlap {
    let grade = if kind.is_some() { Grade::Conflict } else { Grade::Disjoint };
    let gap = kind.is_none().then_some(31);
    let (a, b) = (spans(a), spans(b));
    PathOverlap {
        path: path(at),
        grade,
        kind,
        blocks: true,
        a_lines: a.clone(),
        b_lines: b.clone(),
        a_own: a,
        b_own: b,
        gap,
    }
}

pub(crate) fn pair(a: usize, b: usize, paths: Vec<PathOverlap>) -> Overlap {
    let grade = paths.iter().map(|p| p.grade).max().expect("a pair shares a path");
    Overlap { a, b, grade, acknowledged: false, paths: paths.into() }
}

/// Five at work, two of them colliding twice, one that needs a rebase.
pub(crate) fn survey() -> Survey {
    let mut auth = worktree("auth", 12, 120);
    auth.task = Some("Login rework".to_owned());
    let deleted = change(&[Layer::Committed], Status::Deleted);
    auth.working_set.changes.insert(path("src/user.rs"), deleted);
    auth.working_set.changes.insert(path("src/session.rs"), change(&[Layer::Committed], Status::Modified));
    let mut payments = worktree("payments", 3, 5);
    payments.task = Some("Refunds".to_owned());
    payments.working_set.changes.insert(path("src/session.rs"), change(&[Layer::Unstaged], Status::Modified));
    let mut search = worktree("search", 21, 3 * 3600);
    search.working_set.changes.insert(path("src/user.rs"), change(&[Layer::Committed], Status::Modified));
    let instances = vec![auth, worktree("docs", 2, 86_400), worktree("legacy-fix", 4, 6 * 86_400), payments, search];
    let content = Some(ConflictKind::Content);
    Survey {
        now: NOW,
        target: Target { name: Some(RefName::new("refs/heads/main")), tip: Some(oid(0x4f)) },
        here: Some(3),
        instances,
        target_conflicts: vec![TargetConflict {
            instance: 2,
            complete: true,
            paths: vec![PathConflict { path: path("src/db.rs"), kind: ConflictKind::Content }],
        }],
        overlaps: vec![
            pair(
                0,
                4,
                vec![
                    shared("src/api.rs", content, &[(40, 58)], &[(40, 58)]),
                    shared("src/user.rs", Some(ConflictKind::ModifyDelete), &[], &[]),
                ],
            ),
            pair(0, 3, vec![shared("src/session.rs", content, &[(12, 12)], &[(12, 14)])]),
            pair(3, 4, vec![shared("src/pay.rs", None, &[(1, 2)], &[(34, 40)])]),
        ]
        .into(),
        unknown_pairs: Vec::new(),
        notices: Vec::new(),
    }
}

/// Two instances and a path whose names try everything a terminal, a CI log and a reader can be tricked with.
pub(crate) fn hostile() -> Survey {
    let mut evil = worktree("evil", 1, 10);
    evil.label = "::error::x\x1b[31m\u{202e}\u{9b}0m##[group]".to_owned();
    evil.branch = Some(RefName::new(*b"refs/heads/caf\xe9"));
    evil.task = Some("t\r\n::add-mask::secret\u{200b}".to_owned());
    let mut broken = worktree("broken", 0, 10);
    broken.state = State::Unknown { reason: "index is\ntruncated\x1b]0;x\x07".to_owned() };
    let mut survey = survey();
    survey.here = None;
    survey.instances = vec![broken, evil, worktree("good", 1, 20)];
    survey.target_conflicts.clear();
    survey.overlaps =
        vec![pair(1, 2, vec![shared(b"caf\xe9\n::error::/\x7f", Some(ConflictKind::Content), &[(1, 1)], &[(1, 1)])])]
            .into();
    survey
}

/// What a screen wrote, as text.
pub(crate) fn shown(write: impl FnOnce(&mut Vec<u8>) -> std::io::Result<()>) -> String {
    let mut out = Vec::new();
    write(&mut out).expect("in memory");
    let text = String::from_utf8(out).expect("screens are UTF-8");
    assert!(!text.chars().any(|c| c != '\n' && crate::render::safe::is_treacherous(c)), "{text:?}");
    assert!(text.lines().all(|line| line.trim_end() == line), "spaces at the end of a line:\n{text}");
    text
}

fn clash(at: &str, kind: ConflictKind, own: &[(u32, u32)], theirs: &[(u32, u32)]) -> Clash {
    Clash { path: path(at), kind, own: spans(own), theirs: spans(theirs), own_line: None, their_line: None }
}

/// A commit in `auth` that search's committed work stops, and that meets payments' uncommitted work.
pub(crate) fn judgement() -> Judgement {
    let api = Clash {
        own_line: Some(b"\tfn route(req: Request, user: &User) -> Reply {\n".to_vec()),
        their_line: Some(b"\tfn route(req: Request, index: &Index) -> Reply {\r\n".to_vec()),
        ..clash("src/api.rs", ConflictKind::Content, &[(40, 58)], &[(41, 60)])
    };
    let finding = |other: &str, task: Option<&str>, reason, clashes| Finding {
        other: other.to_owned(),
        task: task.map(str::to_owned),
        reason,
        since: Some(Timestamp(NOW.0 - 3 * 3600)),
        clashes,
    };
    Judgement {
        now: NOW,
        mode: Mode::Enforce,
        command: "commit",
        prefix: Vec::new(),
        by_agent: false,
        blocks: vec![finding("search", Some("Full-text search"), Reason::Committed, vec![api])],
        warnings: vec![finding(
            "payments",
            None,
            Reason::Uncommitted,
            vec![clash("src/session.rs", ConflictKind::Content, &[(12, 14)], &[(12, 12)])],
        )],
        ways_out: vec![
            WayOut::Unstage(vec![path("src/api.rs")]),
            WayOut::Rebase(b"search".to_vec()),
            WayOut::Acknowledge("search".to_owned(), vec![path("src/api.rs")]),
            WayOut::SkipOnce(Taken::Staged),
        ],
        needs_rebase: Vec::new(),
        target: "main".to_owned(),
        notices: Vec::new(),
    }
}

/// What search and docs have on three paths that payments asks about.
pub(crate) fn facts() -> Facts {
    let survey = survey();
    let content = Some(ConflictKind::Content);
    let encounter = |other, overlap, committed, meets_lines| Encounter {
        other,
        overlap,
        since: Some(Timestamp(NOW.0 - 7200)),
        committed,
        meets_lines,
    };
    Facts {
        here: Some("payments".to_owned()),
        survey,
        paths: vec![
            PathFacts {
                path: path("src/session.rs"),
                lines: None,
                claimed: false,
                encounters: vec![
                    encounter(0, shared("src/session.rs", content, &[(12, 14)], &[(12, 12)]), true, None),
                    encounter(4, shared("src/session.rs", None, &[(12, 14)], &[(45, 50)]), false, None),
                ],
            },
            PathFacts { path: path("README.md"), lines: None, claimed: false, encounters: Vec::new() },
        ],
    }
}

/// One conflicting file of auth and search.
pub(crate) fn comparison() -> Comparison {
    let text = |changed: &str| {
        let lines: Vec<String> =
            (1..=12).map(|n| if n == 6 { format!("{changed}\n") } else { format!("line {n}\n") }).collect();
        lines.concat().into_bytes()
    };
    let mut merged: Vec<MergedLine> = (1..=5).map(|n| MergedLine::Merged(format!("line {n}\n").into_bytes())).collect();
    merged.push(MergedLine::A(b"ours\n".to_vec()));
    merged.push(MergedLine::B(b"theirs\n".to_vec()));
    merged.extend((7..=12).map(|n| MergedLine::Merged(format!("line {n}\n").into_bytes())));
    Comparison {
        labels: ("auth".to_owned(), "search".to_owned()),
        paths: vec![PathDiff {
            overlap: shared("src/api.rs", Some(ConflictKind::Content), &[(6, 6)], &[(6, 6)]),
            a_path: path("src/api.rs"),
            b_path: path("src/api.rs"),
            base: text("line 6"),
            a: text("ours"),
            b: text("theirs"),
            merged,
        }],
    }
}
