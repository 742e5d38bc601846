//! The screen at several sizes, and what keys do to it.
//! Must not know: any real terminal.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use ratatui::Terminal;
use ratatui::backend::TestBackend;

use super::model::{Key, Over, Pane};
use super::*;
use crate::domain::claim::{Claim, ClaimMode, Holder, Lease, Moment, Token};
use crate::domain::event::{Event, EventKind, OverlapFacts};
use crate::domain::id::{Identity, RefName};
use crate::domain::instance::{Kind as InstanceKind, State};
use crate::domain::overlap::{ConflictKind, Grade, PathOverlap};
use crate::domain::path::RepoPath;
use crate::domain::pattern::Pattern;
use crate::domain::report::{ClaimRow, Overlap, Survey, Target};
use crate::domain::time::Timestamp;
use crate::domain::working_set::{Change, Layer, Status, WorkingSet};

const NOW: Timestamp = Timestamp(1_000_000);

fn path(text: &str) -> RepoPath {
    RepoPath::new(text).expect("valid")
}

fn instance(label: &str, at: u8) -> Instance {
    let change = Change { layers: BTreeSet::from([Layer::Committed]), status: Status::Modified, from: None };
    let changes = BTreeMap::from([(path("src/api.rs"), change)]);
    Instance {
        identity: Identity::Worktree(vec![at].into()),
        label: label.into(),
        kind: InstanceKind::Worktree,
        branch: None,
        tip: None,
        worktree: Some(PathBuf::from("/work").join(label)),
        fork_point: None,
        state: State::InProgress,
        operation: None,
        task: Some(format!("Work on {label}")),
        touched: Some(NOW),
        working_set: WorkingSet { changes: changes.into(), added_lines: Some(3), deleted_lines: Some(1) },
        origin: None,
    }
}

fn overlap(a: usize, b: usize, grade: Grade) -> Overlap {
    let kind = (grade == Grade::Conflict).then_some(ConflictKind::Content);
    let path = PathOverlap::without_lines(path("src/api.rs"), grade, kind, true);
    Overlap { a, b, grade, acknowledged: false, paths: vec![path].into() }
}

fn survey(number: u8) -> Survey {
    let instances: Vec<Instance> = (0..number).map(|n| instance(&format!("worker-{n:03}"), n)).collect();
    let last = usize::from(number) - 1;
    Survey {
        now: NOW,
        target: Target { name: Some(RefName::new(*b"refs/heads/main")), tip: None },
        here: None,
        instances,
        target_conflicts: Vec::new(),
        overlaps: vec![overlap(0, 1, Grade::Disjoint), overlap(0, last, Grade::Conflict)].into(),
        unknown_pairs: Vec::new(),
        notices: Vec::new(),
    }
}

fn model(number: u8) -> Model {
    let mut model = Model::new(NOW, false);
    model.update(Message::Survey(Arc::new(survey(number)), Duration::from_millis(12)));
    let facts = OverlapFacts {
        with: "worker-002".into(),
        grade: Grade::Conflict,
        from: None,
        how: None,
        after: None,
        paths: vec![path("src/api.rs")],
        more_paths: 0,
    };
    let kind = EventKind::ConflictAppeared(facts);
    model.update(Message::Events(vec![Event { at: NOW, actor: Some("worker-000".into()), kind }]));
    model
}

fn shown(model: &mut Model, width: u16, height: u16) -> String {
    let mut terminal = Terminal::new(TestBackend::new(width, height)).expect("a backend in memory");
    terminal.draw(|frame| view::draw(model, frame)).expect("drawn");
    terminal.backend().to_string()
}

fn press(model: &mut Model, keys: &[Key]) -> Option<Effect> {
    let mut last = None;
    for key in keys {
        last = model.update(Message::Key(*key));
    }
    last
}

#[test]
fn everything_that_matters_is_there_at_every_size() {
    for (width, height) in [(80, 24), (120, 40), (250, 60)] {
        for number in [3, 100] {
            let text = shown(&mut model(number), width, height);
            for part in ["1 conflict", "worker-000", "src/api.rs", "conflict appeared", "collisions", "events"] {
                assert!(text.contains(part), "{part} at {width}x{height} with {number}:\n{text}");
            }
            let row = text.lines().find(|line| line.contains("worker-000 ↔")).expect("a row").to_owned();
            assert!(row.contains("conflict"), "the conflict comes first:\n{text}");
        }
    }
}

#[test]
fn no_size_is_too_small_to_survive() {
    for (width, height) in [(1, 1), (10, 3), (20, 6), (500, 2), (3, 200)] {
        for over in [Over::Nothing, Over::Detail, Over::Matrix, Over::Help] {
            let mut model = model(100);
            model.over = over;
            shown(&mut model, width, height);
        }
    }
    shown(&mut Model::new(NOW, true), 80, 24);
}

#[test]
fn keys_drill_down_filter_and_come_back() {
    let mut model = model(100);
    match press(&mut model, &[Key::Enter]) {
        Some(Effect::Compare(a, b)) => assert_eq!((&*a.label, &*b.label), ("worker-000", "worker-099")),
        other => panic!("{other:?}"),
    }
    assert_eq!(model.over, Over::Detail);
    assert_eq!(press(&mut model, &[Key::Char('q')]), None, "q closes what lies over first");
    assert_eq!(model.over, Over::Nothing);
    press(&mut model, &[Key::Char('/'), Key::Char('0'), Key::Char('0'), Key::Char('1'), Key::Enter]);
    assert_eq!(model.shown_overlaps().len(), 1);
    assert_eq!(model.shown_instances().len(), 1);
    press(&mut model, &[Key::Escape, Key::Next, Key::Down, Key::Down, Key::Up]);
    assert_eq!((model.pane, model.instances.at, model.shown_instances().len()), (Pane::Instances, 1, 100));
    press(&mut model, &[Key::Enter]);
    assert_eq!((model.pane, &*model.filter), (Pane::Collisions, "worker-001"));
    assert_eq!(press(&mut model, &[Key::Char('q')]), Some(Effect::Quit));
    assert_eq!(model.update(Message::Interrupt), Some(Effect::Interrupted));
}

#[test]
fn events_are_followed_through_a_filter_and_back() {
    let mut model = model(3);
    let event = |actor: &str| Event { at: NOW, actor: Some(actor.into()), kind: EventKind::Uninstalled };
    model.update(Message::Events((0..30).map(|n| event(if n % 3 == 0 { "auth" } else { "search" })).collect()));
    let is_last = |model: &Model| model.log.at + 1 == model.shown_events().len();
    assert!(is_last(&model));
    press(&mut model, &[Key::Char('/'), Key::Char('a'), Key::Char('u'), Key::Enter]);
    assert!(is_last(&model) && model.shown_events().len() == 10);
    press(&mut model, &[Key::Escape]);
    assert!(is_last(&model) && model.shown_events().len() > 30);
    press(&mut model, &[Key::Previous, Key::Up, Key::Char('/'), Key::Char('a'), Key::Escape]);
    assert!(!is_last(&model), "who looks at an older one is left there");
}

#[test]
fn the_selected_collision_is_acknowledged_and_opened() {
    let mut model = model(3);
    assert!(matches!(press(&mut model, &[Key::Char('a')]), Some(Effect::Acknowledge(..))));
    assert!(matches!(press(&mut model, &[Key::Char('r')]), Some(Effect::Withdraw(..))));
    let file = PathBuf::from("/work/worker-000/src/api.rs");
    assert_eq!(press(&mut model, &[Key::Char('e')]), Some(Effect::Edit(file)));
    let mut empty = Model::new(NOW, false);
    assert_eq!(press(&mut empty, &[Key::Char('a'), Key::Char('e'), Key::Enter, Key::Down, Key::Char('G')]), None);
}

#[test]
fn claims_are_shown_and_released_at_the_second_asking() {
    let mut model = model(3);
    let claim = Claim {
        token: Token(7),
        holder: Holder { identity: Identity::Worktree(vec![1].into()), session: None },
        label: "worker-001".into(),
        process: None,
        patterns: vec![Pattern::plain(path("src/db.rs"))],
        mode: ClaimMode::Exclusive,
        task: None,
        since: NOW,
        lease: Lease::new(Moment { boot: "b".into(), seconds: 1 }, Seconds(1800)),
        tip: None,
        exempt: BTreeMap::new(),
    };
    model.update(Message::Claims(vec![ClaimRow { claim, left: Seconds(1800), mine: false }]));
    let text = shown(&mut model, 80, 24);
    let row = text.lines().find(|line| line.contains("worker-001") && line.contains("claims")).expect("a row");
    assert!(row.contains("claims src/db.rs"), "{text}");
    assert_eq!(press(&mut model, &[Key::Next, Key::Char('r')]), None);
    assert_eq!(model.said.as_deref(), Some("worker-000 holds no claim"));
    assert_eq!(press(&mut model, &[Key::Down, Key::Char('r')]), None);
    assert_eq!(model.said.as_deref(), Some("worker-001 holds src/db.rs: r again releases it"));
    assert_eq!(press(&mut model, &[Key::Down, Key::Up, Key::Char('r')]), None, "another key in between");
    match press(&mut model, &[Key::Char('r')]) {
        Some(Effect::Release(who)) => assert_eq!(who.label, "worker-001"),
        other => panic!("{other:?}"),
    }
}

#[test]
fn the_selection_stays_on_its_pair_and_the_detail_follows() {
    let mut model = model(5);
    press(&mut model, &[Key::Down]);
    let pair = |model: &Model| model.selected().map(|(a, b, _)| (a.label.clone(), b.label.clone()));
    let before = pair(&model);
    let mut changed = survey(5);
    changed.overlaps = std::iter::once(overlap(2, 3, Grade::Conflict)).chain(changed.overlaps.into_all()).collect();
    model.update(Message::Survey(Arc::new(changed), Duration::ZERO));
    assert_eq!(pair(&model), before);
    press(&mut model, &[Key::Enter]);
    let again = model.update(Message::Survey(Arc::new(survey(5)), Duration::ZERO));
    assert!(matches!(again, Some(Effect::Compare(..))), "the lines are read again");
    let nobody = Survey { overlaps: Vec::new().into(), ..survey(5) };
    assert_eq!(model.update(Message::Survey(Arc::new(nobody), Duration::ZERO)), None);
    assert_eq!(model.over, Over::Nothing);
}

#[test]
fn names_are_shown_and_not_obeyed() {
    let mut survey = survey(3);
    survey.instances[0].label = "\u{1b}[2Jevil\u{202e}".into();
    survey.instances[0].task = Some("\u{7}bell\nline".into());
    let mut model = Model::new(NOW, true);
    model.update(Message::Survey(Arc::new(survey), Duration::ZERO));
    let text = shown(&mut model, 120, 30);
    assert!(!text.contains('\u{1b}') && !text.contains('\u{202e}') && !text.contains('\u{7}'), "{text}");
}
