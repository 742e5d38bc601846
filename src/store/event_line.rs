//! One event as one line of JSON, and back.
//! Must not know: the log's files.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::wire::{self, Oid, Text, Time};
use crate::domain::event::{
    AckFacts, CommitFacts, Event, EventKind, GrowthFacts, OverlapFacts, Resolution, SessionFacts,
};
use crate::domain::overlap::Grade;
use crate::domain::path::RepoPath;
use crate::domain::time::Seconds;

/// The most bytes of a line, its end included: what every system appends in one piece.
pub(super) const LONGEST: usize = 4096;

/// The most bytes of a text that somebody else chose: a task, a reason, a label.
const LONGEST_TEXT: usize = 400;

/// Every field that an event may have; the kind says which it has. `at` stands first, so that [`time_of`] finds it.
#[derive(Serialize, Deserialize, Default)]
struct Line {
    at: Option<Time>,
    kind: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    actor: Option<String>,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    hook: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    commit: Option<Oid>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    tree: Option<Oid>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    parent: Option<Oid>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    with: Vec<String>,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    reason: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    id: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    task: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    agent: Option<String>,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    by: String,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    by_agent: bool,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    why: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    expires: Option<Time>,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    mode: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    grade: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    from: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    how: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    after: Option<u64>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    paths: Vec<Text>,
    #[serde(default, skip_serializing_if = "is_zero")]
    more_paths: u64,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it with a reference")]
fn is_zero(number: &u64) -> bool {
    *number == 0
}

/// The event as a line, its end included, in at most [`LONGEST`] bytes: long texts are cut, then paths are counted
/// instead of named, the last first.
pub(super) fn write(event: &Event) -> Vec<u8> {
    let mut line = to_line(event);
    loop {
        let mut bytes = serde_json::to_vec(&line).unwrap_or_default();
        bytes.push(b'\n');
        if bytes.len() <= LONGEST {
            return bytes;
        }
        if line.paths.is_empty() {
            // Labels are short; a list of them that long is as good as its beginning.
            line.with.truncate(line.with.len() / 2);
            continue;
        }
        let kept = line.paths.len() / 2;
        line.more_paths += (line.paths.len() - kept) as u64;
        line.paths.truncate(kept);
    }
}

/// The line's time as it is written, without reading the rest; `None` where the line does not begin as ours do.
pub(super) fn time_of(line: &[u8]) -> Option<&[u8]> {
    let time = line.strip_prefix(br#"{"at":""#)?.get(..20)?;
    (time[4] == b'-' && time[19] == b'Z').then_some(time)
}

/// Reads a line; `None` where it holds no event.
pub(super) fn parse(line: &[u8]) -> Option<Event> {
    match serde_json::from_slice::<Line>(line) {
        Ok(fields) => from_line(fields, line),
        // A later version may give a field another form; that much can still be told.
        Err(_) => foreign(line),
    }
}

fn foreign(line: &[u8]) -> Option<Event> {
    let fields: Value = serde_json::from_slice(line).ok()?;
    let text = |name: &str| fields.get(name).and_then(Value::as_str);
    let kind = unknown(text("kind")?.to_owned(), line);
    Some(Event { at: wire::parse_time(text("at")?)?, actor: text("actor").map(str::to_owned), kind })
}

fn unknown(name: String, line: &[u8]) -> EventKind {
    EventKind::Unknown { name, line: String::from_utf8_lossy(line).into_owned() }
}

fn to_line(event: &Event) -> Line {
    let mut line = Line {
        at: Some(Time(event.at)),
        kind: event.kind.name().to_owned(),
        actor: event.actor.as_deref().map(cut),
        ..Line::default()
    };
    match &event.kind {
        EventKind::CommitBlocked(facts)
        | EventKind::CommitWarned(facts)
        | EventKind::CommitPassed(facts)
        | EventKind::CommitSkipped(facts)
        | EventKind::CommitBypassed(facts)
        | EventKind::CommitChangedAfterCheck(facts) => put_commit(&mut line, facts),
        EventKind::FailedOpen { hook, reason } => (line.hook, line.reason) = (cut(hook), cut(reason)),
        EventKind::WorkingSetGrown(facts) => put_paths(&mut line, &facts.paths, facts.more_paths),
        EventKind::OverlapAppeared(facts)
        | EventKind::OverlapChanged(facts)
        | EventKind::OverlapGone(facts)
        | EventKind::ConflictAppeared(facts)
        | EventKind::ConflictResolved(facts) => put_overlap(&mut line, facts),
        EventKind::SessionStarted(facts) | EventKind::SessionEnded(facts) | EventKind::SessionStale(facts) => {
            line.id = cut(&facts.id);
            line.task = facts.task.as_deref().map(cut);
            line.agent = facts.agent.as_deref().map(cut);
        }
        EventKind::EntryAdopted { id } | EventKind::EntrySwept { id } => line.id = cut(id),
        EventKind::AckGiven(facts) | EventKind::AckWithdrawn(facts) => put_ack(&mut line, facts),
        EventKind::Installed { mode } | EventKind::ModeChanged { mode } => line.mode = cut(mode),
        EventKind::Uninstalled => {}
        EventKind::Unknown { name, .. } => line.kind = cut(name),
    }
    line
}

fn put_commit(line: &mut Line, facts: &CommitFacts) {
    line.hook = cut(&facts.hook);
    (line.commit, line.tree, line.parent) = (facts.commit.map(Oid), facts.tree.map(Oid), facts.parent.map(Oid));
    line.with = facts.with.iter().take(LONGEST).map(|label| cut(label)).collect();
    put_paths(line, &facts.paths, facts.more_paths);
}

fn put_overlap(line: &mut Line, facts: &OverlapFacts) {
    line.with = vec![cut(&facts.with)];
    facts.grade.name().clone_into(&mut line.grade);
    line.from = facts.from.map(|grade| grade.name().to_owned()).unwrap_or_default();
    line.how = facts.how.map(|how| how.name().to_owned()).unwrap_or_default();
    line.after = facts.after.map(|Seconds(span)| span);
    put_paths(line, &facts.paths, facts.more_paths);
}

fn put_ack(line: &mut Line, facts: &AckFacts) {
    line.with = vec![cut(&facts.with)];
    (line.by, line.by_agent, line.why) = (cut(&facts.by), facts.by_agent, cut(&facts.why));
    line.expires = facts.expires.map(Time);
    put_paths(line, &facts.paths, facts.more_paths);
}

/// No more paths than can fit, so that a huge commit does not serialise its whole list to throw it away.
fn put_paths(line: &mut Line, paths: &[RepoPath], more: u64) {
    let kept = paths.len().min(LONGEST / 4);
    line.paths = paths[..kept].iter().map(Text::from).collect();
    line.more_paths = more + (paths.len() - kept) as u64;
}

fn cut(text: &str) -> String {
    let end = (0..=text.len().min(LONGEST_TEXT)).rev().find(|&end| text.is_char_boundary(end)).unwrap_or(0);
    let mut kept = text[..end].to_owned();
    if end < text.len() {
        kept.push('…');
    }
    kept
}

fn from_line(fields: Line, line: &[u8]) -> Option<Event> {
    let (at, actor, name) = (fields.at?.0, fields.actor.clone(), fields.kind.clone());
    let kind = match name.as_str() {
        "commit_blocked" => EventKind::CommitBlocked(commit(fields)?),
        "commit_warned" => EventKind::CommitWarned(commit(fields)?),
        "commit_passed" => EventKind::CommitPassed(commit(fields)?),
        "commit_skipped" => EventKind::CommitSkipped(commit(fields)?),
        "commit_bypassed" => EventKind::CommitBypassed(commit(fields)?),
        "commit_changed_after_check" => EventKind::CommitChangedAfterCheck(commit(fields)?),
        "failed_open" => EventKind::FailedOpen { hook: fields.hook, reason: fields.reason },
        "working_set_grown" => EventKind::WorkingSetGrown(growth(fields)?),
        // A later version may know more grades and ways; then it is an event of its own.
        "overlap_appeared" | "overlap_changed" | "overlap_gone" | "conflict_appeared" | "conflict_resolved" => {
            overlap(&name, fields).unwrap_or_else(|| unknown(name, line))
        }
        "mode_changed" => EventKind::ModeChanged { mode: fields.mode },
        "session_started" => EventKind::SessionStarted(session(fields)),
        "session_ended" => EventKind::SessionEnded(session(fields)),
        "session_stale" => EventKind::SessionStale(session(fields)),
        "entry_adopted" => EventKind::EntryAdopted { id: fields.id },
        "entry_swept" => EventKind::EntrySwept { id: fields.id },
        "ack_given" => EventKind::AckGiven(ack(fields)?),
        "ack_withdrawn" => EventKind::AckWithdrawn(ack(fields)?),
        "installed" => EventKind::Installed { mode: fields.mode },
        "uninstalled" => EventKind::Uninstalled,
        _ => unknown(name, line),
    };
    Some(Event { at, actor, kind })
}

fn commit(line: Line) -> Option<CommitFacts> {
    Some(CommitFacts {
        hook: line.hook,
        commit: line.commit.map(|oid| oid.0),
        tree: line.tree.map(|oid| oid.0),
        parent: line.parent.map(|oid| oid.0),
        with: line.with,
        paths: wire::paths(line.paths).ok()?,
        more_paths: line.more_paths,
    })
}

fn growth(line: Line) -> Option<GrowthFacts> {
    Some(GrowthFacts { paths: wire::paths(line.paths).ok()?, more_paths: line.more_paths })
}

fn overlap(name: &str, line: Line) -> Option<EventKind> {
    let facts = OverlapFacts {
        grade: grade(&line.grade)?,
        from: if line.from.is_empty() { None } else { Some(grade(&line.from)?) },
        how: if line.how.is_empty() { None } else { Some(resolution(&line.how)?) },
        after: line.after.map(Seconds),
        with: line.with.into_iter().next().unwrap_or_default(),
        paths: wire::paths(line.paths).ok()?,
        more_paths: line.more_paths,
    };
    Some(match name {
        "overlap_appeared" => EventKind::OverlapAppeared(facts),
        "overlap_changed" => EventKind::OverlapChanged(facts),
        "overlap_gone" => EventKind::OverlapGone(facts),
        "conflict_appeared" => EventKind::ConflictAppeared(facts),
        _ => EventKind::ConflictResolved(facts),
    })
}

/// The grade of that name.
pub(super) fn grade(name: &str) -> Option<Grade> {
    [Grade::Identical, Grade::Disjoint, Grade::Conflict].into_iter().find(|grade| grade.name() == name)
}

fn resolution(name: &str) -> Option<Resolution> {
    Resolution::ALL.into_iter().find(|how| how.name() == name)
}

fn session(line: Line) -> SessionFacts {
    SessionFacts { id: line.id, task: line.task, agent: line.agent }
}

fn ack(line: Line) -> Option<AckFacts> {
    Some(AckFacts {
        with: line.with.into_iter().next().unwrap_or_default(),
        paths: wire::paths(line.paths).ok()?,
        more_paths: line.more_paths,
        by: line.by,
        by_agent: line.by_agent,
        why: line.why,
        expires: line.expires.map(|time| time.0),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::id::ObjectId;
    use crate::domain::time::Timestamp;

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
            EventKind::Uninstalled,
        ] {
            let event = event(kind);
            let line = write(&event);
            assert_eq!(line.split(|&b| b == b'\n').count(), 2);
            assert_eq!(time_of(&line), Some(&b"2026-01-31T14:30:00Z"[..]));
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
    fn kinds_and_fields_of_a_later_version_are_unknown_not_lost() {
        for line in [
            r#"{"at":"2026-01-31T14:30:00Z","kind":"claim_granted","actor":"auth","token":7}"#,
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
}
