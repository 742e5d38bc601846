//! What a line's fields say, taken for an event: what a later version wrote is an event of its own, not lost.
//! Must not know: JSON.

use super::{Line, unknown};
use crate::domain::event::{
    AckFacts, ClaimFacts, CommitFacts, Event, EventKind, GrowthFacts, OverlapFacts, Resolution, SessionFacts,
};
use crate::domain::overlap::Grade;
use crate::domain::time::Seconds;
use crate::store::wire::{self, Text};

pub(super) fn event(fields: Line<String, Text>, line: &[u8]) -> Option<Event> {
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
        "claim_granted" => EventKind::ClaimGranted(claim(fields)?),
        "claim_refused" => EventKind::ClaimRefused(claim(fields)?),
        "claim_renewed" => EventKind::ClaimRenewed(claim(fields)?),
        "claim_ended" => EventKind::ClaimEnded(claim(fields)?),
        "installed" => EventKind::Installed { mode: fields.mode },
        "sync_noted" => EventKind::SyncNoted { reason: fields.reason },
        "uninstalled" => EventKind::Uninstalled,
        _ => unknown(name, line),
    };
    Some(Event { at, actor, kind })
}

fn commit(line: Line<String, Text>) -> Option<CommitFacts> {
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

fn growth(line: Line<String, Text>) -> Option<GrowthFacts> {
    Some(GrowthFacts { paths: wire::paths(line.paths).ok()?, more_paths: line.more_paths })
}

fn overlap(name: &str, line: Line<String, Text>) -> Option<EventKind> {
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
pub(in crate::store) fn grade(name: &str) -> Option<Grade> {
    [Grade::Identical, Grade::Disjoint, Grade::Conflict].into_iter().find(|grade| grade.name() == name)
}

fn resolution(name: &str) -> Option<Resolution> {
    Resolution::ALL.into_iter().find(|how| how.name() == name)
}

fn session(line: Line<String, Text>) -> SessionFacts {
    SessionFacts { id: line.id, task: line.task, agent: line.agent }
}

fn ack(line: Line<String, Text>) -> Option<AckFacts> {
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

fn claim(line: Line<String, Text>) -> Option<ClaimFacts> {
    Some(ClaimFacts {
        token: line.token,
        paths: wire::paths(line.paths).ok()?,
        more_paths: line.more_paths,
        mode: line.mode,
        session: line.id,
        task: line.task,
        with: line.with,
        why: line.why,
    })
}
