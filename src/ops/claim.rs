//! Claims: taking, renewing, giving back and listing them, and rule 1 of the right of way.
//! Must not know: how a claim is kept, how an answer is shown.

mod others;
mod release;
mod sweep;
mod taking;

use std::collections::BTreeSet;
use std::path::Path;
use std::time::Duration;

use crate::domain::claim::{
    Claim, ClaimMode, Contest, Contested, DEFAULT_SPAN, End, Holder, LONGEST_SPAN, Moment, Refusal, Request, Table,
    Token,
};
use crate::domain::event::{ClaimFacts, EventKind};
use crate::domain::path::RepoPath;
use crate::domain::pattern::Pattern;
use crate::domain::report::{ClaimReport, ClaimRow};
use crate::domain::time::Seconds;
use crate::failure::{Failure, Kind};
use crate::git::names;
use crate::git::worktrees::Worktree;
use crate::ops::context::Context;
use crate::ops::place::Place;
use crate::ops::sync::leases;
use crate::ops::{intents, journal, paths, session};
use crate::store::{Locked, exclude};

pub use others::AlreadyChanged;
pub use release::release_of;
pub(super) use taking::yielded;

/// What is wanted.
#[derive(Clone, Debug)]
pub struct ClaimOptions {
    /// Files, directories or globs, as typed where the command was started.
    pub patterns: Vec<Vec<u8>>,
    /// Whether others may share it.
    pub mode: ClaimMode,
    /// For how long; [`DEFAULT_SPAN`] where nobody said.
    pub span: Option<Seconds>,
    /// What for.
    pub task: Option<String>,
    /// How long to wait for somebody else's claim to end.
    pub wait: Option<Seconds>,
    /// The tokens of others' claims that are to be taken by force.
    pub force: BTreeSet<Token>,
}

/// Takes a claim.
///
/// # Errors
/// Where a pattern cannot be claimed, or nothing can be recorded: a claim that is not on disk was not granted.
pub fn claim(ctx: &Context, options: &ClaimOptions) -> Result<ClaimReport, Failure> {
    let place = Place::find(ctx)?;
    let patterns = patterns(ctx, &options.patterns)?;
    if options.span.is_some_and(|span| span > LONGEST_SPAN) {
        return Err(Failure::new(Kind::Usage, "a claim lasts at most 24h; `coord renew` lengthens it"));
    }
    let holder = session::holder(ctx, place.identity());
    let already = others::already_changed(ctx, &place, &patterns);
    let recorded = holder.session.as_deref().and_then(|id| session::record(ctx, id));
    let task = options.task.clone().or_else(|| recorded.and_then(|record| record.task.clone()));
    let request = Request {
        label: place.label.clone(),
        process: recorded.and_then(|record| record.process.clone()),
        patterns,
        mode: options.mode,
        task,
        since: ctx.now,
        span: options.span.unwrap_or(DEFAULT_SPAN),
        tip: sweep::stand(ctx, &place),
        exempt: others::exempt(&already),
        force: options.force.clone(),
        holder,
    };
    taking::take(ctx, &place, &request, options.wait, &already)
}

/// Changes the table under the lock: sweeps it, lets `act` change it, writes it where that changed anything, and publishes
/// the lock files. `act` is told the boot clock.
fn change<T>(
    ctx: &Context,
    worktrees: &[Worktree],
    act: impl FnOnce(&mut Table, &Moment, &Locked<'_>) -> T,
) -> Result<T, Failure> {
    let landed = sweep::landed(ctx, worktrees, &ctx.store.claims()?);
    let locked = ctx.store.lock(intents::wait(ctx).max(Duration::from_secs(5)))?;
    let before = ctx.store.claims()?;
    let mut table = before.clone();
    let now = session::boot_clock(ctx);
    table.see(&now);
    let ended = sweep::sweep(ctx, worktrees, &landed, &mut table, &now);
    let answer = act(&mut table, &now, &locked);
    if table != before {
        locked.write_claims(&table)?;
    }
    publish(ctx, &locked, &table, &now);
    drop(locked);
    note_ended(ctx, &ended);
    Ok(answer)
}

/// The readable copies. What cannot be published is missing there; the claims count all the same.
fn publish(ctx: &Context, locked: &Locked<'_>, table: &Table, now: &Moment) {
    let runtime = match &ctx.repository.main_worktree {
        Some(main) => main.join(&ctx.policy.runtime_dir),
        None => ctx.store.dir().to_owned(),
    };
    let pattern = exclude::folder_pattern(&ctx.policy.runtime_dir);
    let excluded = std::fs::read_to_string(ctx.repository.common_dir.join("info/exclude")).unwrap_or_default();
    if !table.live.is_empty() && !excluded.lines().any(|line| line == pattern) {
        drop(locked.ensure_excluded(&[pattern]));
    }
    drop(locked.publish_locks(&runtime, table, (ctx.now, now)));
}

fn note_ended(ctx: &Context, ended: &[(Claim, End)]) {
    for (claim, end) in ended {
        let facts = ClaimFacts { why: end.name().to_owned(), ..facts(claim) };
        journal::note(ctx, Some(&claim.label), EventKind::ClaimEnded(facts));
    }
}

fn facts(claim: &Claim) -> ClaimFacts {
    ClaimFacts {
        token: claim.token.0,
        paths: as_paths(&claim.patterns),
        more_paths: 0,
        mode: claim.mode.name().to_owned(),
        session: claim.holder.session.clone().unwrap_or_default(),
        task: claim.task.clone(),
        with: Vec::new(),
        why: String::new(),
    }
}

fn refused(request: &Request, refusals: &[Refusal]) -> ClaimFacts {
    ClaimFacts {
        paths: as_paths(&request.patterns),
        mode: request.mode.name().to_owned(),
        session: request.holder.session.clone().unwrap_or_default(),
        task: request.task.clone(),
        with: refusals.iter().map(|refusal| refusal.by.label.clone()).collect(),
        ..ClaimFacts::default()
    }
}

fn as_paths(patterns: &[Pattern]) -> Vec<RepoPath> {
    patterns.iter().filter_map(|pattern| RepoPath::new(pattern.text()).ok()).collect()
}

/// Patterns as typed: relative to where the command was started; what names a file that is there means that file, whatever
/// characters its name has.
fn patterns(ctx: &Context, typed: &[Vec<u8>]) -> Result<Vec<Pattern>, Failure> {
    let mut patterns = BTreeSet::new();
    for typed in typed {
        let refuse = |why: String| Failure::new(Kind::Usage, format!("cannot claim {}: {why}", typed.escape_ascii()));
        let top = ctx.repository.worktree.as_deref();
        let path = names::to_path(typed);
        let absolute = path.is_absolute() || typed.split(|&byte| byte == b'/').any(|part| part == b"..");
        let text = match typed.strip_prefix(b":/") {
            Some(rest) => rest.to_vec(),
            None if absolute => paths::in_repository(ctx, Path::new(&path))?.as_bytes().to_vec(),
            None => [&paths::prefix(ctx)?[..], typed].concat(),
        };
        let literal = RepoPath::new(text.strip_suffix(b"/").unwrap_or(&text)).ok();
        let there = |path: &RepoPath| top.is_some_and(|top| names::below(top, path).symlink_metadata().is_ok());
        let pattern = match literal.filter(there) {
            Some(path) => Pattern::plain(path),
            None if is_on_a_drive(typed) => return Err(refuse("it is a place on another system's disk".to_owned())),
            None => Pattern::parse(&text).map_err(|why| refuse(why.to_string()))?,
        };
        patterns.insert(pattern);
    }
    Ok(patterns.into_iter().collect())
}

/// `C:\x`, `c:/x`: absolute where it was typed, even where it is a name here.
fn is_on_a_drive(typed: &[u8]) -> bool {
    matches!(typed, [letter, b':', b'/' | b'\\', ..] if letter.is_ascii_alphabetic())
}

/// Which of one's claims are meant.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Which {
    /// All of one's own.
    Mine,
    /// Those with these tokens.
    Tokens(BTreeSet<Token>),
    /// One's own that name any of these patterns, as typed.
    On(Vec<Vec<u8>>),
}

/// Gives claims back; with `force` also somebody else's, by token. Returns what ended.
///
/// # Errors
/// Where a token is not one's own, or nothing can be written.
pub fn release(ctx: &Context, which: &Which, force: bool) -> Result<Vec<ClaimRow>, Failure> {
    let place = Place::find(ctx)?;
    let holder = session::holder(ctx, place.identity());
    let wanted = wanted(ctx, which)?;
    let ended = change(ctx, &place.worktrees, |table, _, _| {
        let tokens = select(table, &holder, &wanted);
        tokens.into_iter().map(|token| table.release(token, &holder, force)).collect::<Result<Vec<_>, _>>()
    })?;
    let ended = ended.map_err(|error| Failure::new(Kind::Usage, error.to_string()))?;
    note_ended(ctx, &ended);
    tell_others(ctx);
    Ok(ended.into_iter().map(|(claim, _)| ClaimRow { claim, left: Seconds(0), mine: true }).collect())
}

/// Lengthens claims from now on. Returns them as they are now.
///
/// # Errors
/// Where one is not one's own or was taken by somebody else meanwhile, or nothing can be written.
pub fn renew(ctx: &Context, which: &Which, span: Option<Seconds>) -> Result<Vec<ClaimRow>, Failure> {
    let place = Place::find(ctx)?;
    let holder = session::holder(ctx, place.identity());
    let wanted = wanted(ctx, which)?;
    let renewed = change(ctx, &place.worktrees, |table, now, _| {
        let tokens = select(table, &holder, &wanted);
        tokens.into_iter().map(|token| table.renew(token, &holder, now, span)).collect::<Result<Vec<_>, _>>()
    })?;
    let renewed = renewed.map_err(|error| Failure::new(Kind::Usage, error.to_string()).hint("coord claims"))?;
    for claim in &renewed {
        journal::note(ctx, Some(&claim.label), EventKind::ClaimRenewed(facts(claim)));
    }
    tell_others(ctx);
    Ok(renewed.into_iter().filter_map(|claim| row(ctx, claim, true)).collect())
}

/// Tells other machines of what changed here. What they cannot be told now, the next `coord sync` tells them.
fn tell_others(ctx: &Context) {
    if let Ok(table) = ctx.store.claims() {
        drop(leases::tell(ctx, &table.live));
    }
}

enum Wanted {
    Mine,
    Tokens(BTreeSet<Token>),
    On(Vec<Pattern>),
}

fn wanted(ctx: &Context, which: &Which) -> Result<Wanted, Failure> {
    Ok(match which {
        Which::Mine => Wanted::Mine,
        Which::Tokens(tokens) => Wanted::Tokens(tokens.clone()),
        Which::On(typed) => Wanted::On(patterns(ctx, typed)?),
    })
}

fn select(table: &Table, holder: &Holder, wanted: &Wanted) -> Vec<Token> {
    let own = table.tokens_of(holder);
    match wanted {
        Wanted::Mine => own,
        Wanted::Tokens(tokens) => tokens.iter().copied().collect(),
        Wanted::On(patterns) => {
            let names = |token: &Token| {
                let claim = table.live.get(token).or_else(|| table.lapsed.get(token).map(|old| &old.claim));
                claim.is_some_and(|claim| claim.patterns.iter().any(|own| patterns.contains(own)))
            };
            own.into_iter().filter(names).collect()
        }
    }
}

fn row(ctx: &Context, claim: Claim, mine: bool) -> Option<ClaimRow> {
    Some(ClaimRow { left: claim.lease.left(&session::boot_clock(ctx))?, mine, claim })
}

/// Lists the claims, sweeping what is over as far as it can be written.
///
/// # Errors
/// Where they cannot be read.
pub fn list(ctx: &Context) -> Result<Vec<ClaimRow>, Failure> {
    let worktrees = ctx.worktrees()?;
    let table = ctx.store.claims()?;
    let swept = if table.live.is_empty() { Ok(table) } else { change(ctx, &worktrees, |table, _, _| table.clone()) };
    let table = swept.or_else(|_| ctx.store.claims())?;
    let holder = ctx.repository.here.as_ref().map(|identity| session::holder(ctx, identity));
    let listed =
        |claim: &Claim| row(ctx, claim.clone(), holder.as_ref().is_some_and(|holder| claim.holder.is_same(holder)));
    let now = session::boot_clock(ctx);
    let elsewhere = leases::foreign(ctx, &now).into_iter().filter_map(|claim| row(ctx, claim.as_claim(ctx.now), false));
    Ok(table.live.values().filter_map(listed).chain(elsewhere).collect())
}

/// Ends every claim of a session.
///
/// # Errors
/// Where they cannot be read or written.
pub fn end_session(ctx: &Context, id: &str, end: End) -> Result<(), Failure> {
    let of_it = |claim: &Claim| claim.holder.session.as_deref() == Some(id);
    if !ctx.store.claims()?.live.values().any(of_it) {
        return Ok(());
    }
    let ended = change(ctx, &[], |table, _, _| {
        let tokens: Vec<Token> = table.live.values().filter(|claim| of_it(claim)).map(|claim| claim.token).collect();
        tokens.iter().filter_map(|token| table.live.remove(token)).map(|claim| (claim, end)).collect::<Vec<_>>()
    })?;
    note_ended(ctx, &ended);
    Ok(())
}

/// Rule 1: the paths that `holder` must keep off. Looks at nothing but the claims' file where nobody claims any of them.
///
/// # Errors
/// Where the claims cannot be read.
pub fn contested(ctx: &Context, holder: &Holder, paths: &BTreeSet<RepoPath>) -> Result<Vec<Contested>, Failure> {
    let table = ctx.store.claims()?;
    Ok(contested_in(ctx, &table, holder, paths))
}

/// A line for each of `paths` that the asking worktree must keep off.
///
/// # Errors
/// Where the claims cannot be read.
pub fn told(ctx: &Context, paths: &BTreeSet<RepoPath>) -> Result<Vec<(RepoPath, String)>, Failure> {
    let Some(identity) = &ctx.repository.here else { return Ok(Vec::new()) };
    let line = |contested: Contested| {
        let path = contested.path.as_bytes().escape_ascii();
        let line = match contested.why {
            Contest::Claimed(claim) => {
                let task = claim.task.map(|task| format!(" for {task}")).unwrap_or_default();
                format!("{path} is claimed by {}{task} (token {})", claim.label, claim.token.0)
            }
            Contest::Superseded { own, by } => {
                format!(
                    "{path}: your claim (token {}) ran out and {} took it (token {})",
                    own.token.0, by.label, by.token.0
                )
            }
        };
        (contested.path, line)
    };
    Ok(contested(ctx, &session::holder(ctx, identity), paths)?.into_iter().map(line).collect())
}

/// As [`contested`], of a table that was read already. A claim whose holder is provably gone does not count, even where
/// nobody swept it yet.
#[must_use]
pub fn contested_in(ctx: &Context, table: &Table, holder: &Holder, paths: &BTreeSet<RepoPath>) -> Vec<Contested> {
    let now = session::boot_clock(ctx);
    let mut contested = table.contested(holder, &now, paths);
    if !contested.is_empty() {
        let mut swept = table.clone();
        let worktrees = ctx.worktrees().unwrap_or_default();
        let landed = sweep::landed(ctx, &worktrees, table);
        sweep::sweep(ctx, &worktrees, &landed, &mut swept, &now);
        contested = swept.contested(holder, &now, paths);
    }
    contested.extend(taking::contested_elsewhere(ctx, holder, paths, &now));
    contested
}

/// Lengthens the holder's claims on `paths` as its commit goes through, under the lock that the caller holds and has read
/// the claims under.
///
/// # Errors
/// Where they cannot be written.
pub fn renew_for_commit(
    ctx: &Context,
    locked: &Locked<'_>,
    before: &Table,
    holder: &Holder,
    paths: &[RepoPath],
) -> Result<(), crate::store::Error> {
    let mut table = before.clone();
    table.renew_for_commit(holder, &session::boot_clock(ctx), paths);
    if table != *before {
        locked.write_claims(&table)?;
    }
    Ok(())
}
