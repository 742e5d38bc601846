//! The screens of `coord log` and `coord ack`: what happened, and what is known.
//! Must not know: where events and acknowledgements are kept.

use std::io::{self, Write};

use super::scan::command;
use super::style::{Ink, Style};
use super::table::{Cell, Column, Table};
use super::{safe, words};
use crate::domain::event::{
    AckFacts, ClaimFacts, CommitFacts, Event, EventKind, OverlapFacts, Resolution, SessionFacts,
};
use crate::domain::path::RepoPath;
use crate::domain::report::KnownOverlap;
use crate::domain::time::Timestamp;

/// Writes events, the oldest first.
pub fn events(events: &[Event], now: Timestamp, style: &Style, out: &mut impl Write) -> io::Result<()> {
    if events.is_empty() {
        return writeln!(out, "nothing logged.");
    }
    let mut table = Table::new(2, &[Column::Right, Column::CutMiddle, Column::Left, Column::Cut]);
    for event in events {
        let (ink, what, about) = tell(&event.kind);
        table.row(vec![
            Cell::new(Ink::Faint, words::span(now.since(event.at))),
            Cell::new(Ink::Strong, event.actor.as_deref().map(safe::text).unwrap_or_default()),
            Cell::new(ink, what),
            Cell::plain(about),
        ]);
    }
    table.write(style, out)
}

/// What happened, and to what.
pub(crate) fn tell(kind: &EventKind) -> (Ink, String, String) {
    let (ink, what, about) = match kind {
        EventKind::CommitBlocked(facts) => (Ink::Bad, "commit blocked", commit(facts)),
        EventKind::CommitWarned(facts) => (Ink::Caution, "commit warned", commit(facts)),
        EventKind::CommitPassed(facts) => (Ink::Plain, "commit passed", commit(facts)),
        EventKind::CommitSkipped(facts) => (Ink::Caution, "commit skipped coord", commit(facts)),
        EventKind::CommitBypassed(facts) => (Ink::Caution, "commit bypassed", commit(facts)),
        EventKind::CommitChangedAfterCheck(facts) => (Ink::Caution, "commit changed after check", commit(facts)),
        EventKind::FailedOpen { hook, reason } => {
            (Ink::Caution, "could not check", format!("{}: {}", safe::text(hook), safe::text(reason)))
        }
        EventKind::WorkingSetGrown(facts) => (Ink::Faint, "changed", paths(&facts.paths, facts.more_paths)),
        EventKind::OverlapAppeared(facts) => (Ink::Plain, "overlap appeared", overlap(facts)),
        EventKind::OverlapChanged(facts) => (Ink::Plain, "overlap changed", overlap(facts)),
        EventKind::OverlapGone(facts) => (Ink::Plain, "overlap gone", overlap(facts)),
        EventKind::ConflictAppeared(facts) => (Ink::Bad, "conflict appeared", overlap(facts)),
        EventKind::ConflictResolved(facts) => (Ink::Good, "conflict resolved", overlap(facts)),
        EventKind::ModeChanged { mode } => (Ink::Plain, "mode changed", format!("to {}", safe::text(mode))),
        EventKind::SessionStarted(facts) => (Ink::Plain, "session started", session(facts)),
        EventKind::SessionEnded(facts) => (Ink::Plain, "session ended", session(facts)),
        EventKind::SessionStale(facts) => (Ink::Plain, "session gone stale", session(facts)),
        EventKind::EntryAdopted { id } => (Ink::Plain, "entry adopted", safe::text(id)),
        EventKind::EntrySwept { id } => (Ink::Plain, "entry swept", safe::text(id)),
        EventKind::AckGiven(facts) => (Ink::Plain, "acknowledged", ack(facts)),
        EventKind::AckWithdrawn(facts) => (Ink::Plain, "withdrawn", ack(facts)),
        EventKind::ClaimGranted(facts) => (Ink::Plain, "claimed", claim(facts)),
        EventKind::ClaimRefused(facts) => (Ink::Caution, "claim refused", claim(facts)),
        EventKind::ClaimRenewed(facts) => (Ink::Plain, "claim renewed", claim(facts)),
        EventKind::ClaimEnded(facts) => (Ink::Plain, "claim over", claim(facts)),
        EventKind::Installed { mode } => (Ink::Good, "hooks installed", format!("mode {}", safe::text(mode))),
        EventKind::SyncNoted { reason } => (Ink::Caution, "sync", safe::text(reason)),
        EventKind::Uninstalled => (Ink::Plain, "hooks uninstalled", String::new()),
        EventKind::Unknown { name, .. } => (Ink::Faint, "unknown", safe::text(name)),
    };
    (ink, what.to_owned(), about)
}

fn commit(facts: &CommitFacts) -> String {
    let with = words::names(facts.with.iter().map(String::as_str));
    let at = paths(&facts.paths, facts.more_paths);
    match (with.is_empty(), at.is_empty()) {
        (true, _) => at,
        (false, true) => format!("with {with}"),
        (false, false) => format!("with {with} in {at}"),
    }
}

fn overlap(facts: &OverlapFacts) -> String {
    let at = paths(&facts.paths, facts.more_paths);
    let at = if at.is_empty() { String::new() } else { format!(" in {at}") };
    let how = match (facts.from, facts.how) {
        (Some(from), _) => format!(": {} → {}", from.name(), facts.grade.name()),
        (None, Some(how)) => format!(": {}", resolved(how)),
        (None, None) => String::new(),
    };
    let after = facts.after.map(|span| format!(" after {}", words::lasting(span))).unwrap_or_default();
    format!("with {}{at}{how}{after}", safe::text(&facts.with))
}

/// How a conflict was resolved, for people.
fn resolved(how: Resolution) -> &'static str {
    match how {
        Resolution::Landed => "one landed",
        other => other.name(),
    }
}

fn session(facts: &SessionFacts) -> String {
    let task = words::task(facts.task.as_deref()).map(|task| format!(" {task}")).unwrap_or_default();
    format!("{}{task}", safe::text(&facts.id))
}

fn claim(facts: &ClaimFacts) -> String {
    let with = words::names(facts.with.iter().map(String::as_str));
    let with = if with.is_empty() { with } else { format!(" held by {with}") };
    let why = safe::text(facts.why.replace('_', " "));
    let why = if why.is_empty() { why } else { format!(": {why}") };
    format!("{}{with}{why}", paths(&facts.paths, facts.more_paths))
}

fn ack(facts: &AckFacts) -> String {
    let at = paths(&facts.paths, facts.more_paths);
    let at = if at.is_empty() { String::new() } else { format!(" in {at}") };
    format!("with {}{at}{}", safe::text(&facts.with), why(&facts.why))
}

fn why(why: &str) -> String {
    words::task(Some(why)).map(|why| format!(": {why}")).unwrap_or_default()
}

fn paths(paths: &[RepoPath], more: u64) -> String {
    let Some(first) = paths.first() else { return String::new() };
    match u64::try_from(paths.len()).unwrap_or(u64::MAX).saturating_add(more) - 1 {
        0 => safe::text(first.as_bytes()),
        rest => format!("{} and {rest} more", safe::text(first.as_bytes())),
    }
}

/// Writes what is acknowledged, and how to take one back.
pub fn acks(known: &[KnownOverlap], now: Timestamp, style: &Style, out: &mut impl Write) -> io::Result<()> {
    let Some(first) = known.first() else {
        return writeln!(out, "nothing is acknowledged.");
    };
    let mut table = Table::new(2, &[Column::CutMiddle, Column::CutFront, Column::Left, Column::Cut]);
    for ack in known {
        let by = if ack.by_agent { format!("{} (agent)", safe::text(&ack.by)) } else { safe::text(&ack.by) };
        let at = paths(&ack.paths, 0);
        table.row(vec![
            Cell::new(Ink::Strong, format!("{} ↔ {}", safe::text(&ack.a), safe::text(&ack.b))),
            Cell::plain(if at.is_empty() { "every path".to_owned() } else { at }),
            Cell::plain(format!("{} left", left(now, ack.expires))),
            Cell::new(Ink::Faint, format!("{by}{}", why(&ack.why))),
        ]);
    }
    table.write(style, out)?;
    let withdraw = format!("coord ack --withdraw {}", safe::shell(&first.b));
    writeln!(out, "\n  {}", command("take one back:", &withdraw, style))
}

/// Writes that an acknowledgement was given.
pub fn acknowledged(ack: &KnownOverlap, now: Timestamp, style: &Style, out: &mut impl Write) -> io::Result<()> {
    let at = match paths(&ack.paths, 0) {
        at if at.is_empty() => "on every path".to_owned(),
        at => format!("in {at}"),
    };
    let said = format!("{} and {} know of each other {at}", safe::text(&ack.a), safe::text(&ack.b));
    writeln!(out, "{}     for {}", style.ink(Ink::Good, &said), left(now, ack.expires))
}

/// Writes that acknowledgements with `other` were withdrawn.
pub fn withdrawn(number: usize, other: &str, style: &Style, out: &mut impl Write) -> io::Result<()> {
    let other = safe::text(other);
    let said = match number {
        0 => format!("nothing was acknowledged with {other}"),
        1 => format!("overlaps with {other} count again"),
        n => format!("overlaps with {other} count again ({n} acknowledgements withdrawn)"),
    };
    writeln!(out, "{}", style.ink(Ink::Plain, &said))
}

fn left(now: Timestamp, expires: Timestamp) -> String {
    match words::span(expires.since(now)).as_str() {
        "now" => "less than a minute".to_owned(),
        span => span.to_owned(),
    }
}
