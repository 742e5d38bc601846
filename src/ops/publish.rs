//! Keeping records and board current: what was seen of everybody, or of the instance at work, for others to read.
//! Must not know: how the board is written, who reads it.

use std::path::Path;

use crate::domain::board::{BoardEntry, BoardView, Published};
use crate::domain::event::EventKind;
use crate::domain::instance::{Instance, Kind, State};
use crate::domain::record::Record;
use crate::domain::report::Survey;
use crate::failure::Failure;
use crate::ops::context::Context;
use crate::ops::install;
use crate::ops::intents;
use crate::ops::journal;
use crate::ops::survey::{self, SurveyOptions};
use crate::os::process;
use crate::store::{self, Board, Locked, Witness};

/// A record lists so many paths; the rest is a count.
const LISTED: usize = 400;

/// Records what a survey of everybody showed and publishes the board. What could not be recorded is told, in one line
/// each: the answer stands without it.
pub fn everybody(ctx: &Context, survey: &Survey, asked: &SurveyOptions) -> Vec<String> {
    let complete = asked.branches.is_empty() && asked.refs.is_empty() && !asked.here_only;
    match record(ctx, survey, complete) {
        Ok(published) => tell(ctx, published),
        Err(error) => vec![format!("could not record this: {error}")],
    }
}

/// Looks at the instance at work alone, records it and publishes the board: what hooks do afterwards.
///
/// # Errors
/// Where the instance cannot be read, or nothing can be written.
pub fn refresh(ctx: &Context) -> Result<(), Failure> {
    let options = SurveyOptions { here_only: true, ..SurveyOptions::default() };
    let survey = survey::survey(ctx, &options)?;
    tell(ctx, record(ctx, &survey, false)?);
    Ok(())
}

fn record(ctx: &Context, survey: &Survey, complete: bool) -> Result<Published, store::Error> {
    let board = match &ctx.repository.main_worktree {
        Some(top) => Board::in_worktree(top, &ctx.policy.runtime_dir)?,
        None => Board::in_store(&ctx.store),
    };
    if ctx.repository.main_worktree.is_some() {
        let patterns = install::patterns(&ctx.repository.own_paths);
        if !ctx.store.is_excluded(&patterns)? {
            ctx.store.lock(intents::wait(ctx))?.ensure_excluded(&patterns)?;
        }
    }
    let locked = ctx.store.lock(intents::wait(ctx))?;
    let former = ctx.store.records()?.items;
    let seen: Vec<Record> = survey.instances.iter().map(|instance| of_instance(ctx, instance, &former)).collect();
    for record in &seen {
        let same = |old: &&Record| old.key() == record.key() && is_same(old, record);
        if !former.iter().any(|old| same(&old)) {
            locked.write_record(record)?;
        }
    }
    let (kept, gone) = sort_out(former, &seen, complete);
    for record in &gone {
        locked.remove_record(&record.identity, record.session.as_deref())?;
    }
    publish(ctx, &locked, &board, seen.iter().chain(&kept))
}

/// The former records that still stand beside those seen now, and those whose worktree or branch is no more.
fn sort_out(former: Vec<Record>, seen: &[Record], complete: bool) -> (Vec<Record>, Vec<Record>) {
    let unseen = former.into_iter().filter(|old| !seen.iter().any(|record| record.key() == old.key()));
    unseen.partition(|old| old.session.is_some() || !complete && old.worktree.as_deref().is_none_or(Path::exists))
}

fn publish<'a>(
    ctx: &Context,
    locked: &Locked<'_>,
    board: &Board,
    records: impl Iterator<Item = &'a Record>,
) -> Result<Published, store::Error> {
    let mut entries: Vec<BoardEntry> = records.filter(|record| is_at_work(record)).map(entry).collect();
    entries.sort_by(|a, b| a.id.cmp(&b.id));
    entries.dedup_by(|a, b| a.id == b.id);
    let witness = Witness { now: ctx.now, liveness: &process::is_alive, identify: &process::identify };
    locked.publish(board, &BoardView { entries }, &witness)
}

/// Whether the board names it: it has work outstanding that is not over.
fn is_at_work(record: &Record) -> bool {
    let over = matches!(record.state, State::Landed | State::Dormant);
    record.session.is_some() || !over && (!record.paths.is_empty() || record.task.is_some())
}

fn entry(record: &Record) -> BoardEntry {
    BoardEntry {
        id: record.label.clone(),
        task: record.task.clone(),
        files: record.paths.iter().map(|path| String::from_utf8_lossy(path.as_bytes()).into_owned()).collect(),
        started_at: record.started_at,
        status: record.state.name().to_owned(),
    }
}

fn of_instance(ctx: &Context, instance: &Instance, former: &[Record]) -> Record {
    let old = former.iter().find(|old| old.identity == instance.identity && old.session.is_none());
    let paths = &instance.working_set.changes;
    Record {
        identity: instance.identity.clone(),
        session: None,
        label: instance.label.clone(),
        kind: instance.kind,
        task: old.and_then(|old| old.task.clone()),
        agent: old.and_then(|old| old.agent.clone()),
        process: None,
        worktree: instance.worktree.clone(),
        branch: instance.branch.clone(),
        tip: instance.tip,
        started_at: old.map_or_else(|| instance.touched.unwrap_or(ctx.now), |old| old.started_at),
        heartbeat: instance.touched.unwrap_or(ctx.now),
        state: instance.state.clone(),
        paths: paths.keys().take(LISTED).cloned().collect(),
        more_paths: u64::try_from(paths.len().saturating_sub(LISTED)).unwrap_or(u64::MAX),
    }
}

/// Whether writing the record again would say nothing new.
fn is_same(old: &Record, new: &Record) -> bool {
    let told = |record: &Record| Record { heartbeat: new.heartbeat, ..record.clone() };
    told(old) == told(new) && (old.kind != Kind::Worktree || old.heartbeat == new.heartbeat)
}

/// Notes in the log what publishing did, and tells what somebody should know of it.
fn tell(ctx: &Context, published: Published) -> Vec<String> {
    for id in published.adopted {
        journal::note(ctx, None, EventKind::EntryAdopted { id });
    }
    for id in published.swept {
        journal::note(ctx, None, EventKind::EntrySwept { id });
    }
    let aside = published.moved_aside.map(|path| format!("the board did not parse; it is kept as {}", path.display()));
    aside.into_iter().collect()
}
