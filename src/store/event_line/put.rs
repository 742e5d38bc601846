//! What an event has, put into the fields of its line: texts that others chose are cut, paths are as many as can fit.
//! Must not know: JSON, how long a line may be.

use std::borrow::Cow;

use super::{LONGEST, Line};
use crate::domain::event::{AckFacts, ClaimFacts, CommitFacts, Event, EventKind, OverlapFacts};
use crate::domain::path::RepoPath;
use crate::domain::time::Seconds;
use crate::store::wire::{Bytes, Oid, Time};

type Fields<'a> = Line<Cow<'a, str>, Bytes<'a>>;

/// The most bytes of a text that somebody else chose: a task, a reason, a label.
const LONGEST_TEXT: usize = 400;

pub(super) fn line(event: &Event) -> Fields<'_> {
    let mut line = Fields {
        at: Some(Time(event.at)),
        kind: event.kind.name().into(),
        actor: event.actor.as_deref().map(cut),
        ..Fields::default()
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
        EventKind::ClaimGranted(facts)
        | EventKind::ClaimRefused(facts)
        | EventKind::ClaimRenewed(facts)
        | EventKind::ClaimEnded(facts) => put_claim(&mut line, facts),
        EventKind::Installed { mode } | EventKind::ModeChanged { mode } => line.mode = cut(mode),
        EventKind::SyncNoted { reason } => line.reason = cut(reason),
        EventKind::Uninstalled => {}
        EventKind::Unknown { name, .. } => line.kind = cut(name),
    }
    line
}

fn put_commit<'a>(line: &mut Fields<'a>, facts: &'a CommitFacts) {
    line.hook = cut(&facts.hook);
    (line.commit, line.tree, line.parent) = (facts.commit.map(Oid), facts.tree.map(Oid), facts.parent.map(Oid));
    line.with = facts.with.iter().take(LONGEST).map(|label| cut(label)).collect();
    put_paths(line, &facts.paths, facts.more_paths);
}

fn put_overlap<'a>(line: &mut Fields<'a>, facts: &'a OverlapFacts) {
    line.with = vec![cut(&facts.with)];
    line.grade = facts.grade.name().into();
    line.from = facts.from.map(|grade| grade.name().into()).unwrap_or_default();
    line.how = facts.how.map(|how| how.name().into()).unwrap_or_default();
    line.after = facts.after.map(|Seconds(span)| span);
    put_paths(line, &facts.paths, facts.more_paths);
}

fn put_ack<'a>(line: &mut Fields<'a>, facts: &'a AckFacts) {
    line.with = vec![cut(&facts.with)];
    (line.by, line.by_agent, line.why) = (cut(&facts.by), facts.by_agent, cut(&facts.why));
    line.expires = facts.expires.map(Time);
    put_paths(line, &facts.paths, facts.more_paths);
}

fn put_claim<'a>(line: &mut Fields<'a>, facts: &'a ClaimFacts) {
    (line.token, line.mode, line.why) = (facts.token, cut(&facts.mode), cut(&facts.why));
    (line.id, line.task) = (cut(&facts.session), facts.task.as_deref().map(cut));
    line.with = facts.with.iter().take(LONGEST).map(|label| cut(label)).collect();
    put_paths(line, &facts.paths, facts.more_paths);
}

/// No more paths than can fit, so that a huge commit does not serialise its whole list to throw it away.
fn put_paths<'a>(line: &mut Fields<'a>, paths: &'a [RepoPath], more: u64) {
    let kept = paths.len().min(LONGEST / 4);
    line.paths = paths[..kept].iter().map(|path| Bytes(path.as_bytes())).collect();
    line.more_paths = more + (paths.len() - kept) as u64;
}

fn cut(text: &str) -> Cow<'_, str> {
    if text.len() <= LONGEST_TEXT {
        return text.into();
    }
    let end = (0..=LONGEST_TEXT).rev().find(|&end| text.is_char_boundary(end)).unwrap_or(0);
    format!("{}…", &text[..end]).into()
}
