//! Events as lines and back, hostile ones too.
//! Must not know: the log.

use super::*;
use crate::domain::event::{AckFacts, ClaimFacts, CommitFacts, GrowthFacts, OverlapFacts, Resolution, SessionFacts};
use crate::domain::id::ObjectId;
use crate::domain::overlap::Grade;
use crate::domain::path::RepoPath;
use crate::domain::time::{Seconds, Timestamp};

fn event(kind: EventKind) -> Event {
    Event { at: Timestamp(1_769_869_800), actor: Some("auth".into()), kind }
}

fn facts() -> CommitFacts {
    let oid = ObjectId::from_bytes(&[7; 20]);
    CommitFacts {
        hook: "pre-commit".into(),
        commit: None,
        tree: oid,
        parent: oid,
        with: vec!["search".into()],
        paths: vec![RepoPath::new(*b"caf\xe9").expect("a valid path")],
        more_paths: 3,
    }
}

#[test]
fn every_kind_survives_its_line() {
    let session = || SessionFacts { id: "s1".into(), task: Some("t\n\u{9b}".into()), agent: None };
    let ack = || AckFacts {
        with: "search".into(),
        by: "ada".into(),
        by_agent: true,
        why: "known".into(),
        expires: Some(Timestamp(9)),
        ..AckFacts::default()
    };
    let overlap = || OverlapFacts {
        with: "search".into(),
        grade: Grade::Conflict,
        from: None,
        how: None,
        after: None,
        paths: facts().paths,
        more_paths: 0,
    };
    for kind in [
        EventKind::ClaimGranted(ClaimFacts { token: 7, mode: "shared".into(), ..ClaimFacts::default() }),
        EventKind::ClaimRefused(ClaimFacts { with: vec!["search".into()], ..ClaimFacts::default() }),
        EventKind::ClaimRenewed(ClaimFacts { session: "s1".into(), ..ClaimFacts::default() }),
        EventKind::ClaimEnded(ClaimFacts { token: 7, why: "expired".into(), ..ClaimFacts::default() }),
        EventKind::CommitBlocked(facts()),
        EventKind::CommitWarned(facts()),
        EventKind::CommitPassed(CommitFacts::default()),
        EventKind::CommitSkipped(facts()),
        EventKind::CommitBypassed(facts()),
        EventKind::CommitChangedAfterCheck(facts()),
        EventKind::FailedOpen { hook: "pre-commit".into(), reason: "too slow".into() },
        EventKind::WorkingSetGrown(GrowthFacts { paths: facts().paths, more_paths: 2 }),
        EventKind::OverlapAppeared(overlap()),
        EventKind::OverlapChanged(OverlapFacts { from: Some(Grade::Disjoint), ..overlap() }),
        EventKind::OverlapGone(OverlapFacts { after: Some(Seconds(7)), ..overlap() }),
        EventKind::ConflictAppeared(overlap()),
        EventKind::ConflictResolved(OverlapFacts { how: Some(Resolution::Rebased), ..overlap() }),
        EventKind::ModeChanged { mode: "warn".into() },
        EventKind::SessionStarted(session()),
        EventKind::SessionEnded(session()),
        EventKind::SessionStale(session()),
        EventKind::EntryAdopted { id: "x".into() },
        EventKind::EntrySwept { id: "x".into() },
        EventKind::AckGiven(ack()),
        EventKind::AckWithdrawn(ack()),
        EventKind::Installed { mode: "warn".into() },
        EventKind::SyncNoted { reason: "r".into() },
        EventKind::Uninstalled,
    ] {
        let event = event(kind);
        let line = write(&event);
        assert_eq!(line.split(|&b| b == b'\n').count(), 2);
        assert!(line.starts_with(MARK), "readers know by it where a line begins");
        assert!(is_before(&line, "2026-01-31T14:30:01Z") && !is_before(&line, "2026-01-31T14:30:00Z"));
        assert_eq!(parse(line.trim_ascii()), Some(event));
    }
}

#[test]
fn a_line_stays_short_and_its_paths_add_up() {
    let paths: Vec<_> = (0..5000).map(|n| RepoPath::new(format!("src/\u{1}{n}")).expect("a valid path")).collect();
    let hostile = CommitFacts { paths, with: vec!["\u{1}".repeat(9000); 50], hook: "h".repeat(9000), ..facts() };
    let line = write(&event(EventKind::CommitBlocked(hostile)));
    assert!(line.len() <= LONGEST);
    let Some(Event { kind: EventKind::CommitBlocked(read), .. }) = parse(&line) else { panic!("it is one") };
    assert_eq!(read.paths.len() as u64 + read.more_paths, 5003);
}

#[test]
fn no_text_of_ours_looks_like_the_beginning_of_a_line() {
    let mark = String::from_utf8_lossy(MARK).into_owned();
    let session = SessionFacts { id: mark.clone(), task: Some(format!("{mark}2026\"}}")), agent: Some(mark.clone()) };
    let told = Event { actor: Some(mark), ..event(EventKind::SessionStarted(session)) };
    let line = write(&told);
    assert_eq!(marks(&line).count(), 0);
    let torn = [&line[..line.len() / 2], &line[..40], &line[..]].concat();
    assert_eq!(read(torn.trim_ascii()), (Some(told), true));
}

#[test]
fn kinds_and_fields_of_a_later_version_are_unknown_not_lost() {
    for line in [
        r#"{"at":"2026-01-31T14:30:00Z","kind":"ref_granted","actor":"auth","token":7}"#,
        r#"{"at":"2026-01-31T14:30:00Z","kind":"commit_blocked","actor":"auth","with":{"new":"form"}}"#,
    ] {
        let event = parse(line.as_bytes()).expect("an event");
        assert!(matches!(&event.kind, EventKind::Unknown { line: kept, .. } if kept == line));
        assert_eq!((event.at, event.actor.as_deref()), (Timestamp(1_769_869_800), Some("auth")));
    }
    for line in ["{}", "[]", "1", r#"{"kind":"x"}"#, r#"{"at":5,"kind":"x"}"#, r#"{"at":"soon","kind":"x"}"#] {
        assert_eq!(parse(line.as_bytes()), None, "{line}");
    }
}
