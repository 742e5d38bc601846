//! Keeping records and board current: what was seen of everybody, or of the instance at work, for others to read.
//! Must not know: how the board is written, who reads it.

use std::collections::BTreeMap;
use std::path::Path;

use crate::domain::board::{BoardEntry, BoardView, Published};
use crate::domain::claim::End;
use crate::domain::event::{Event, EventKind, GrowthFacts, SessionFacts};
use crate::domain::id::Identity;
use crate::domain::instance::{Instance, Kind, State};
use crate::domain::path::RepoPath;
use crate::domain::record::Record;
use crate::domain::report::Survey;
use crate::failure::Failure;
use crate::ops::context::Context;
use crate::ops::survey::{self, SurveyOptions};
use crate::ops::{claim, install, intents, journal, memory, observe};
use crate::os::process;
use crate::store::{self, Board, Locked, Witness};

/// A record lists so many paths; the rest is a count.
const LISTED: usize = 400;

/// Records what a survey of everybody showed and publishes the board. What could not be recorded is told, in one line
/// each: the answer stands without it.
pub fn everybody(ctx: &Context, survey: &Survey, asked: &SurveyOptions) -> Vec<String> {
    if !asked.branches.is_empty() || !asked.refs.is_empty() {
        // A look at what somebody named, dormant work too, is not how things stand.
        return Vec::new();
    }
    let narrowed = !asked.authors.is_empty() || !asked.exclude.is_empty() || asked.since.is_some() || asked.here_only;
    let complete = !narrowed;
    // Where only some paths were asked for, what is missing is not gone.
    let seen = if asked.paths.is_empty() { Seen::Whole { complete } } else { Seen::Part };
    match record(ctx, survey, seen) {
        Ok(done) => tell(ctx, done),
        Err(error) => vec![format!("could not record this: {error}")],
    }
}

/// Looks at the instance at work alone, and at those that it conflicts with, records them and publishes the board: what
/// hooks do afterwards.
///
/// # Errors
/// Where the instance cannot be read, or nothing can be written.
pub fn refresh(ctx: &Context) -> Result<(), Failure> {
    let also = ctx.repository.here.as_ref().map(|here| observe::partners(ctx, here)).unwrap_or_default();
    let options = SurveyOptions { here_only: true, also, ..SurveyOptions::default() };
    let survey = survey::survey(ctx, &options)?;
    tell(ctx, record(ctx, &survey, Seen::Whole { complete: false })?);
    Ok(())
}

/// What recording did: to the board, and what is new for the log.
struct Done {
    published: Published,
    news: Vec<Event>,
    /// The sessions that are gone.
    swept: Vec<String>,
}

/// How much a survey shows.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Seen {
    /// All that its instances have in common; `complete` where these are everybody.
    Whole { complete: bool },
    /// What lies in some paths.
    Part,
}

fn record(ctx: &Context, survey: &Survey, scope: Seen) -> Result<Done, store::Error> {
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
    let witness = Witness { now: ctx.now, liveness: &process::is_alive, identify: &process::identify };
    let swept = locked.sweep_sessions(&witness)?;
    for session in swept.iter().filter_map(|gone| gone.session.as_deref()) {
        locked.remove_memory(session)?;
    }
    let mut news: Vec<Event> = swept.iter().map(|gone| stale(ctx, gone)).collect();
    let former = ctx.store.records()?.items;
    let seen: Vec<Record> = survey.instances.iter().map(|instance| of_instance(ctx, instance, &former)).collect();
    for record in &seen {
        let same = |old: &&Record| old.key() == record.key() && is_same(old, record);
        if !former.iter().any(|old| same(&old)) {
            locked.write_record(record)?;
        }
        news.extend(grown(ctx, former.iter().find(|old| old.key() == record.key()), record));
    }
    let (kept, gone) = sort_out(former, &seen, scope == Seen::Whole { complete: true });
    for record in &gone {
        locked.remove_record(&record.identity, record.session.as_deref())?;
    }
    // Under the lock to the end, so that of many who notice the same thing one tells it.
    if let Seen::Whole { complete } = scope {
        news.extend(observe::survey(ctx, &locked, survey, complete)?);
    }
    let published = publish(ctx, &locked, &board, seen.iter().chain(&kept))?;
    let swept = swept.into_iter().filter_map(|gone| gone.session).collect();
    Ok(Done { published, news, swept })
}

fn stale(ctx: &Context, record: &Record) -> Event {
    let id = record.session.clone().unwrap_or_default();
    let facts = SessionFacts { id, task: record.task.clone(), agent: record.agent.clone() };
    Event { at: ctx.now, actor: Some(record.label.clone()), kind: EventKind::SessionStale(facts) }
}

/// The paths that an instance had not changed when it was last recorded. Where not all of them were listed, nothing can
/// be said beyond the last that was.
fn grown(ctx: &Context, old: Option<&Record>, new: &Record) -> Option<Event> {
    let known: &[RepoPath] = old.map(|old| &*old.paths).unwrap_or_default();
    let end = old.filter(|old| old.more_paths > 0).and_then(|old| old.paths.last());
    let fresh = |path: &&RepoPath| known.binary_search(path).is_err() && end.is_none_or(|end| *path < end);
    let paths: Vec<RepoPath> = new.paths.iter().filter(fresh).cloned().collect();
    let more_paths = if old.is_none() { new.more_paths } else { 0 };
    let facts = GrowthFacts { paths, more_paths };
    let kind = (!facts.paths.is_empty()).then_some(EventKind::WorkingSetGrown(facts))?;
    Some(Event { at: ctx.now, actor: Some(new.label.clone()), kind })
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
    let conflicts = observe::open_conflicts(ctx);
    let at_work = records.filter(|record| is_at_work(record));
    let mut entries: Vec<BoardEntry> = at_work.map(|record| entry(record, &conflicts)).collect();
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

fn entry(record: &Record, conflicts: &BTreeMap<Identity, Vec<String>>) -> BoardEntry {
    BoardEntry {
        id: record.label.clone(),
        task: record.task.clone(),
        files: record.paths.iter().map(|path| String::from_utf8_lossy(path.as_bytes()).into_owned()).collect(),
        conflicts_with: conflicts.get(&record.identity).cloned().unwrap_or_default(),
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
fn tell(ctx: &Context, done: Done) -> Vec<String> {
    let Done { published, mut news, swept } = done;
    for session in &swept {
        // What cannot be written now ends with its lease.
        drop(claim::end_session(ctx, session, End::HolderGone));
    }
    let notice = if news.iter().any(memory::is_worth_it) { memory::notice(ctx) } else { None };
    let of_board = |kind| Event { at: ctx.now, actor: None, kind };
    news.extend(published.adopted.into_iter().map(|id| of_board(EventKind::EntryAdopted { id })));
    news.extend(published.swept.into_iter().map(|id| of_board(EventKind::EntrySwept { id })));
    journal::note_all(ctx, &news);
    let aside = published.moved_aside.map(|path| format!("the board did not parse; it is kept as {}", path.display()));
    aside.into_iter().chain(notice).collect()
}
