//! Events and acknowledgements as JSON.
//! Must not know: how they are kept on disk, which is a form of its own.

use serde::Serialize;

use super::VERSION;
use super::text::{Text, time};
use crate::domain::event::{
    AckFacts, ClaimFacts, CommitFacts, Event, EventKind, OverlapFacts, Resolution, SessionFacts,
};
use crate::domain::overlap::Grade;
use crate::domain::path::RepoPath;
use crate::domain::report::KnownOverlap;
use crate::domain::time::Seconds;

/// One event; what a kind does not have is left out.
#[derive(Serialize, Default)]
pub(super) struct WireEvent<'a> {
    version: u32,
    at: String,
    event: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    instance: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    hook: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    commit: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tree: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    parent: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    with: Vec<&'a str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    paths: Vec<Text<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    more_paths: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    session: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    task: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    agent: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    entry: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    by: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    by_agent: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    why: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    expires: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    mode: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    grade: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    from: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    how: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    after_seconds: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    token: Option<u64>,
}

impl<'a> WireEvent<'a> {
    pub(super) fn of(event: &'a Event) -> Self {
        let empty = Self {
            version: VERSION,
            at: time(event.at),
            event: event.kind.name(),
            instance: event.actor.as_deref(),
            ..Self::default()
        };
        match &event.kind {
            EventKind::CommitBlocked(facts)
            | EventKind::CommitWarned(facts)
            | EventKind::CommitPassed(facts)
            | EventKind::CommitSkipped(facts)
            | EventKind::CommitBypassed(facts)
            | EventKind::CommitChangedAfterCheck(facts) => empty.commit(facts),
            EventKind::FailedOpen { hook, reason } => Self { hook: Some(hook), reason: Some(reason), ..empty },
            EventKind::WorkingSetGrown(facts) => {
                Self { paths: paths(&facts.paths), more_paths: Some(facts.more_paths).filter(|&n| n > 0), ..empty }
            }
            EventKind::OverlapAppeared(facts)
            | EventKind::OverlapChanged(facts)
            | EventKind::OverlapGone(facts)
            | EventKind::ConflictAppeared(facts)
            | EventKind::ConflictResolved(facts) => empty.overlap(facts),
            EventKind::SessionStarted(facts) | EventKind::SessionEnded(facts) | EventKind::SessionStale(facts) => {
                empty.session(facts)
            }
            EventKind::EntryAdopted { id } | EventKind::EntrySwept { id } => Self { entry: Some(id), ..empty },
            EventKind::AckGiven(facts) | EventKind::AckWithdrawn(facts) => empty.ack(facts),
            EventKind::ClaimGranted(facts)
            | EventKind::ClaimRefused(facts)
            | EventKind::ClaimRenewed(facts)
            | EventKind::ClaimEnded(facts) => empty.claim(facts),
            EventKind::Installed { mode } | EventKind::ModeChanged { mode } => Self { mode: Some(mode), ..empty },
            EventKind::SyncNoted { reason } => Self { reason: Some(reason), ..empty },
            EventKind::Uninstalled | EventKind::Unknown { .. } => empty,
        }
    }

    fn commit(self, facts: &'a CommitFacts) -> Self {
        Self {
            hook: Some(facts.hook.as_str()).filter(|hook| !hook.is_empty()),
            commit: facts.commit.map(|id| id.to_string()),
            tree: facts.tree.map(|id| id.to_string()),
            parent: facts.parent.map(|id| id.to_string()),
            with: facts.with.iter().map(String::as_str).collect(),
            paths: paths(&facts.paths),
            more_paths: Some(facts.more_paths).filter(|&n| n > 0),
            ..self
        }
    }

    fn overlap(self, facts: &'a OverlapFacts) -> Self {
        Self {
            with: vec![&facts.with],
            paths: paths(&facts.paths),
            more_paths: Some(facts.more_paths).filter(|&n| n > 0),
            grade: Some(facts.grade.name()),
            from: facts.from.map(Grade::name),
            how: facts.how.map(Resolution::name),
            after_seconds: facts.after.map(|Seconds(span)| span),
            ..self
        }
    }

    fn session(self, facts: &'a SessionFacts) -> Self {
        Self { session: Some(&facts.id), task: facts.task.as_deref(), agent: facts.agent.as_deref(), ..self }
    }

    fn claim(self, facts: &'a ClaimFacts) -> Self {
        let said = |text: &'a str| Some(text).filter(|text| !text.is_empty());
        Self {
            token: Some(facts.token).filter(|&token| token > 0),
            mode: said(&facts.mode),
            session: said(&facts.session),
            task: facts.task.as_deref(),
            with: facts.with.iter().map(String::as_str).collect(),
            paths: paths(&facts.paths),
            more_paths: Some(facts.more_paths).filter(|&n| n > 0),
            why: said(&facts.why),
            ..self
        }
    }

    fn ack(self, facts: &'a AckFacts) -> Self {
        Self {
            with: vec![&facts.with],
            paths: paths(&facts.paths),
            more_paths: Some(facts.more_paths).filter(|&n| n > 0),
            by: Some(&facts.by),
            by_agent: Some(facts.by_agent),
            why: Some(facts.why.as_str()).filter(|why| !why.is_empty()),
            expires: facts.expires.map(time),
            ..self
        }
    }
}

fn paths<'a>(paths: impl IntoIterator<Item = &'a RepoPath>) -> Vec<Text<'a>> {
    paths.into_iter().map(|path| Text::of(path.as_bytes())).collect()
}

#[derive(Serialize)]
pub(super) struct WireAcks<'a> {
    version: u32,
    acknowledgements: Vec<WireAck<'a>>,
}

#[derive(Serialize)]
struct WireAck<'a> {
    a: &'a str,
    b: &'a str,
    paths: Vec<Text<'a>>,
    by: &'a str,
    by_agent: bool,
    why: &'a str,
    at: String,
    expires: String,
}

impl<'a> WireAcks<'a> {
    pub(super) fn of(known: &'a [KnownOverlap]) -> Self {
        Self { version: VERSION, acknowledgements: known.iter().map(ack).collect() }
    }
}

fn ack(known: &KnownOverlap) -> WireAck<'_> {
    WireAck {
        a: &known.a,
        b: &known.b,
        paths: paths(&known.paths),
        by: &known.by,
        by_agent: known.by_agent,
        why: &known.why,
        at: time(known.at),
        expires: time(known.expires),
    }
}

#[derive(Serialize)]
pub(super) struct WireWithdrawn<'a> {
    version: u32,
    instance: &'a str,
    withdrawn: usize,
}

impl<'a> WireWithdrawn<'a> {
    pub(super) fn of(instance: &'a str, withdrawn: usize) -> Self {
        Self { version: VERSION, instance, withdrawn }
    }
}
