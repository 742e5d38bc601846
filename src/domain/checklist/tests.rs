//! Histories as the log tells them, and what they come to.
//! Must not know: how the answer is shown.

use super::*;
use crate::domain::event::{AckFacts, ClaimFacts, CommitFacts, GrowthFacts, SessionFacts};
use crate::domain::overlap::Grade;

const HOUR: i64 = 3600;

struct Log(Tally);

impl Log {
    fn new() -> Self {
        Self(Tally::default())
    }

    fn add(&mut self, at: i64, actor: &str, kind: EventKind) -> &mut Self {
        self.0.add(&Event { at: Timestamp(at), actor: Some(actor.into()), kind });
        self
    }

    fn decide(&self, mode: Mode) -> Checklist {
        self.0.clone().decide(Timestamp(1_000_000), mode, Thresholds::default())
    }
}

fn overlap(with: &str, how: Option<Resolution>, after: u64) -> OverlapFacts {
    let paths = vec![RepoPath::new("src/api.rs").expect("valid")];
    let after = how.map(|_| Seconds(after));
    OverlapFacts { with: with.into(), grade: Grade::Conflict, from: None, how, after, paths, more_paths: 0 }
}

fn commit(with: &[&str]) -> CommitFacts {
    CommitFacts { with: with.iter().map(|&label| label.to_owned()).collect(), ..CommitFacts::default() }
}

fn started(id: usize) -> EventKind {
    EventKind::SessionStarted(SessionFacts { id: format!("s{id}"), task: None, agent: None })
}

fn ended(id: usize) -> EventKind {
    EventKind::SessionEnded(SessionFacts { id: format!("s{id}"), task: None, agent: None })
}

/// So many sessions, of which every third conflicts with `search` for two hours.
fn busy(sessions: usize) -> Log {
    let mut log = Log::new();
    for n in 0..sessions {
        let at = i64::try_from(n).expect("small") * 10 * HOUR;
        let actor = format!("w{n}");
        log.add(at, &actor, started(n));
        if n % 3 == 0 {
            log.add(at + 1, &actor, EventKind::OverlapAppeared(overlap("search", None, 0)));
            log.add(at + 1, &actor, EventKind::ConflictAppeared(overlap("search", None, 0)));
            let how = Some(Resolution::Rebased);
            log.add(at + 2 * HOUR, &actor, EventKind::ConflictResolved(overlap("search", how, 7200)));
        }
        log.add(at + 3 * HOUR, &actor, ended(n));
    }
    log
}

#[test]
fn nothing_is_recommended_before_enough_was_seen() {
    assert_eq!(Log::new().decide(Mode::Monitor).advice, Advice::TooEarly(20));
    let early = busy(3).decide(Mode::Enforce);
    assert_eq!(early.advice.mode(), Mode::Monitor);
}

#[test]
fn two_boxes_say_warn_and_five_sessions_that_helped_say_enforce() {
    let report = busy(24).decide(Mode::Monitor);
    assert_eq!(report.counts.conflicts, 8);
    assert_eq!(report.counts.median(), Some(Seconds(7200)));
    assert_eq!(report.checked, [true, true, true, false]);
    assert_eq!(report.advice, Advice::Warn(5));
    let mut log = busy(24);
    log.add(900_000, "", EventKind::ModeChanged { mode: "warn".into() });
    for n in 0..5 {
        log.add(900_001, &format!("late{n}"), started(100 + n));
    }
    assert_eq!(log.decide(Mode::Warn).advice, Advice::Warn(0), "nobody heeded a warning yet");
    log.add(900_002, "late1", EventKind::CommitWarned(commit(&["search"])));
    log.add(900_003, "late1", EventKind::ConflictResolved(overlap("search", Some(Resolution::Merged), 60)));
    assert_eq!(log.decide(Mode::Warn).advice, Advice::Enforce);
    assert_eq!(log.decide(Mode::Monitor).advice, Advice::Warn(5), "it was turned off again");
}

#[test]
fn work_without_sessions_counts_by_stretches() {
    let grown = || EventKind::WorkingSetGrown(GrowthFacts::default());
    let mut log = Log::new();
    log.add(0, "auth", grown()).add(HOUR, "auth", grown()).add(2 * HOUR, "auth", started(1)).add(
        9 * HOUR,
        "auth",
        grown(),
    );
    assert_eq!(log.decide(Mode::Monitor).counts.sessions, 1);
    log.add(9 * HOUR, "auth", ended(1)).add(10 * HOUR, "auth", grown()).add(20 * HOUR, "auth", grown());
    assert_eq!(log.decide(Mode::Monitor).counts.sessions, 2);
    log.add(0, "auth", grown());
    assert_eq!(log.decide(Mode::Monitor).counts.sessions, 2, "the clock went back");
}

#[test]
fn an_alarm_ends_once_in_a_change_an_acknowledgement_or_a_bypass() {
    let mut log = Log::new();
    for at in [1, 2, 3] {
        log.add(at, "a", EventKind::CommitBlocked(commit(&["b"])));
    }
    log.add(4, "a", EventKind::CommitPassed(commit(&[])));
    log.add(5, "a", EventKind::CommitBlocked(commit(&["b", "c"])));
    log.add(6, "a", EventKind::AckGiven(AckFacts { with: "b".into(), ..AckFacts::default() }));
    log.add(7, "a", EventKind::ConflictResolved(overlap("b", Some(Resolution::Acknowledged), 1)));
    log.add(8, "a", EventKind::CommitSkipped(commit(&[])));
    log.add(9, "d", EventKind::CommitWarned(commit(&["a"])));
    log.add(10, "d", EventKind::CommitPassed(commit(&[])));
    let report = log.decide(Mode::Monitor);
    let told = report.counts.alarms;
    assert_eq!(told, Usefulness { spoke: 4, changed: 1, acknowledged: 1, bypassed: 1 });
    assert_eq!(told.precision(), Some(33));
    assert_eq!((report.counts.acknowledgements, report.counts.bypasses, report.counts.blocked), (1, 1, 4));
}

#[test]
fn a_claim_is_coordination_by_hand_where_it_is_in_the_way() {
    let claim = |why: &str| ClaimFacts { why: why.into(), ..ClaimFacts::default() };
    let mut log = Log::new();
    log.add(0, "a", started(1)).add(1, "a", EventKind::ClaimGranted(claim("")));
    log.add(2, "a", EventKind::ClaimEnded(claim("released")));
    let calm = log.decide(Mode::Monitor);
    assert_eq!((calm.counts.claims, calm.counts.by_hand(), calm.checked[3]), (1, 0, false));
    log.add(3, "b", EventKind::ClaimRefused(claim(""))).add(4, "a", EventKind::ClaimEnded(claim("forced")));
    let strife = log.decide(Mode::Monitor);
    assert_eq!((strife.counts.claims_refused, strife.counts.claims_forced, strife.counts.by_hand()), (1, 1, 2));
    assert!(strife.checked[3]);
}

#[test]
fn what_is_hot_comes_first_and_empty_weeks_are_there() {
    let mut log = Log::new();
    log.add(0, "a", EventKind::ConflictAppeared(overlap("b", None, 0)));
    log.add(3 * WEEK, "b", EventKind::ConflictAppeared(overlap("a", None, 0)));
    log.add(i64::MIN, "z", EventKind::ConflictAppeared(overlap("y", None, 0)));
    let counts = log.decide(Mode::Monitor).counts;
    assert_eq!(counts.hot[0].1, 3);
    assert_eq!(counts.pairs[0], ("a".into(), "b".into(), 0, 2));
    assert_eq!(counts.weeks.iter().map(|week| week.1).collect::<Vec<_>>(), [1, 0, 0, 1]);
    assert_eq!(counts.open(), 3);
}
