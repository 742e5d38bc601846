//! Sessions: who said that they are here, which of them is asking, and what is remembered of each.
//! Must not know: any agent's protocol, how a session is shown.

use std::collections::BTreeSet;

use crate::domain::briefing::TheirPaths;
use crate::domain::claim::{End, Holder, Moment};
use crate::domain::event::{EventKind, SessionFacts};
use crate::domain::id::Identity;
use crate::domain::instance::{Kind, State};
use crate::domain::path::RepoPath;
use crate::domain::process::Liveness;
use crate::domain::record::Record;
use crate::domain::session::{Memory, Whose, whose};
use crate::domain::time::Seconds;
use crate::failure::{Failure, Kind as Fault};
use crate::git::worktrees::Worktree;
use crate::ops::claim;
use crate::ops::context::Context;
use crate::ops::{intents, journal, labels};
use crate::os::{clock, process};

/// Variables in which agents tell the programs that they start the session's id.
const SESSION_VARIABLES: &[&str] =
    &["COORD_SESSION", "CLAUDE_CODE_SESSION_ID", "CODEX_THREAD_ID", "GEMINI_SESSION_ID", "CURSOR_CONVERSATION_ID"];

/// The programs that a session's process may be.
const AGENTS: &[&str] = &["claude", "codex", "gemini", "cursor", "cursor-agent", "copilot", "opencode"];

/// A heartbeat is written no more often than this: it is good for [`crate::domain::time::STALE_AFTER`].
const BEAT: Seconds = Seconds(30);

/// What a session says of itself.
#[derive(Clone, Debug, Default)]
pub struct Said {
    /// Its id.
    pub id: String,
    /// What it works on; `None` leaves what it said before.
    pub task: Option<String>,
    /// Which agent it is.
    pub agent: Option<String>,
    /// The process that stands for it, where the caller knows better than its ancestry tells.
    pub pid: Option<u32>,
}

/// The boot clock now. Where the system has none, the wall clock stands in for it, as a boot of its own.
#[must_use]
pub fn boot_clock(ctx: &Context) -> Moment {
    match (clock::since_boot(), process::current().boot) {
        (Some(seconds), Some(boot)) => Moment { boot: boot.into(), seconds: seconds.0 },
        _ => Moment { boot: "wall".into(), seconds: u64::try_from(ctx.now.0).unwrap_or(0) },
    }
}

/// The sessions that are there: a heartbeat within 5 minutes, or a process that lives.
pub fn live(ctx: &Context) -> impl Iterator<Item = &Record> {
    ctx.records().iter().filter(|record| record.session.is_some() && is_live(ctx, record))
}

fn is_live(ctx: &Context, record: &Record) -> bool {
    match record.process.as_ref().map_or(Liveness::Unknown, process::is_alive) {
        Liveness::Alive => true,
        Liveness::Dead => false,
        liveness @ Liveness::Unknown => !record.is_stale(liveness, ctx.now),
    }
}

/// Which session is asking: by the id in its environment, else by the session whose process is an ancestor of ours.
/// `None` where that cannot be told.
#[must_use]
pub fn asking(ctx: &Context) -> Option<String> {
    let named = SESSION_VARIABLES.iter().find_map(|name| ctx.env.variable(name)?.to_str().map(str::to_owned));
    named.or_else(|| {
        let sessions: Vec<&Record> = live(ctx).filter(|record| record.process.is_some()).collect();
        if sessions.is_empty() {
            return None;
        }
        let ours = |process: &process::Process| {
            sessions.iter().find(|record| record.process.as_ref() == Some(&process.id)).and_then(|r| r.session.clone())
        };
        process::ancestors().find_map(|ancestor| ours(&ancestor))
    })
}

/// The asking worktree and session, as a holder of claims.
#[must_use]
pub fn holder(ctx: &Context, identity: &Identity) -> Holder {
    Holder { identity: identity.clone(), session: asking(ctx) }
}

/// The session's record, if it is there.
pub(super) fn record<'a>(ctx: &'a Context, id: &str) -> Option<&'a Record> {
    ctx.records().iter().find(|record| record.session.as_deref() == Some(id))
}

/// Says that a session is here: its first word and every later one. Written only where it is news.
///
/// # Errors
/// Where it cannot be written.
pub fn beat(ctx: &Context, me: &Worktree, said: &Said) -> Result<Record, Failure> {
    check_id(&said.id)?;
    let old = record(ctx, &said.id);
    let process = || process::parent_named(AGENTS).map(|process| process.id);
    let new = Record {
        identity: me.identity.clone(),
        session: Some(said.id.clone()),
        label: labels::of_worktree(me),
        kind: Kind::Session,
        task: said.task.clone().or_else(|| old.and_then(|old| old.task.clone())),
        agent: said.agent.clone().or_else(|| old.and_then(|old| old.agent.clone())),
        process: said
            .pid
            .and_then(process::identify)
            .or_else(|| old.and_then(|old| old.process.clone()))
            .or_else(process),
        worktree: Some(me.path.clone()),
        branch: me.branch.clone(),
        tip: me.head,
        started_at: old.map_or(ctx.now, |old| old.started_at),
        heartbeat: ctx.now,
        state: State::InProgress,
        paths: old.map_or_else(Vec::new, |old| old.paths.clone()),
        more_paths: 0,
    };
    let same = |old: &Record| {
        let fresh = ctx.now.since(old.heartbeat) < BEAT && old.heartbeat <= ctx.now;
        fresh && Record { heartbeat: old.heartbeat, ..new.clone() } == *old
    };
    if old.is_some_and(same) {
        return Ok(new);
    }
    ctx.store.lock(intents::wait(ctx))?.write_record(&new)?;
    if old.is_none() {
        journal::note(ctx, Some(&new.label), EventKind::SessionStarted(facts(&new)));
    }
    Ok(new)
}

/// Ends a session: its record, its memory and its claims go. `false` where there was none.
///
/// # Errors
/// Where it cannot be removed.
pub fn end(ctx: &Context, id: &str) -> Result<bool, Failure> {
    check_id(id)?;
    let Some(old) = record(ctx, id).cloned() else { return Ok(false) };
    let locked = ctx.store.lock(intents::wait(ctx))?;
    locked.remove_record(&old.identity, Some(id))?;
    locked.remove_memory(id)?;
    drop(locked);
    claim::end_session(ctx, id, End::HolderGone)?;
    journal::note(ctx, Some(&old.label), EventKind::SessionEnded(facts(&old)));
    Ok(true)
}

fn facts(record: &Record) -> SessionFacts {
    SessionFacts {
        id: record.session.clone().unwrap_or_default(),
        task: record.task.clone(),
        agent: record.agent.clone(),
    }
}

fn check_id(id: &str) -> Result<(), Failure> {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_.:".contains(c);
    if !id.is_empty() && id.len() <= 200 && id.chars().all(plain) {
        return Ok(());
    }
    Err(Failure::new(Fault::Usage, "a session's id is a word of letters, digits and -_.: of at most 200 characters"))
}

/// The live sessions of one worktree, each with what is remembered of it.
#[must_use]
pub fn sharing<'a>(ctx: &'a Context, identity: &Identity) -> Vec<(&'a Record, Memory)> {
    let here = live(ctx).filter(|record| record.identity == *identity);
    let memory = |record: &'a Record| Some((record, ctx.store.memory(record.session.as_deref()?).ok()?));
    here.filter_map(memory).collect()
}

/// Those of `paths` which, of all live sessions of this checkout, another one than `me` alone changed, by session. Nothing
/// where it cannot be told who `me` is, or whose a path is.
#[must_use]
pub fn of_others(ctx: &Context, identity: &Identity, me: Option<&str>, paths: &BTreeSet<RepoPath>) -> Vec<TheirPaths> {
    let Some(me) = me else { return Vec::new() };
    let sharing = sharing(ctx, identity);
    let memories: Vec<Memory> = sharing.iter().map(|(_, memory)| memory.clone()).collect();
    let mut theirs = Vec::new();
    for (record, _) in sharing.iter().filter(|(record, _)| record.session.as_deref() != Some(me)) {
        let id = record.session.clone().unwrap_or_default();
        let alone = |path: &&RepoPath| whose(&memories, identity, path) == Whose::One(id.clone());
        let paths: Vec<RepoPath> = paths.iter().filter(alone).cloned().collect();
        if !paths.is_empty() {
            theirs.push(TheirPaths {
                session: id.clone(),
                agent: record.agent.clone(),
                task: record.task.clone(),
                paths,
            });
        }
    }
    theirs
}
