//! What is worth remembering of what happened, one line each, for the memory that people and agents read.
//! Must not know: how the memory's file is written.

use std::fmt::Write as _;
use std::path::Path;

use crate::domain::event::{Event, EventKind, OverlapFacts, SessionFacts};
use crate::domain::time::{Seconds, Timestamp};
use crate::ops::context::Context;
use crate::ops::intents;
use crate::store::Memory;

/// The memory's name beside the board, where git tracks the one that is set.
const BESIDE: &str = "memory.md";

/// The most characters of a text that somebody else chose.
const LONGEST: usize = 120;

/// Puts what is worth remembering at the top of the memory, the newest first. Best effort.
pub(super) fn remember(ctx: &Context, events: &[Event]) {
    let lines: Vec<String> = events.iter().rev().filter_map(line).collect();
    if !lines.is_empty() {
        drop(ctx.store.remember(&place(ctx), &lines, intents::wait(ctx)));
    }
}

/// Where the memory lies: never in a file that git tracks.
pub(super) fn place(ctx: &Context) -> Memory {
    match &ctx.repository.main_worktree {
        None => Memory::in_worktree(ctx.store.dir(), BESIDE),
        Some(top) if is_tracked(ctx, top) => Memory::in_worktree(top, &format!("{}/{BESIDE}", ctx.policy.runtime_dir)),
        Some(top) => Memory::in_worktree(top, &ctx.policy.memory),
    }
}

/// Whether the memory keeps it.
pub(super) fn is_worth_it(event: &Event) -> bool {
    line(event).is_some()
}

/// That the memory lies elsewhere than expected, said as long as nothing is in it yet.
pub(super) fn notice(ctx: &Context) -> Option<String> {
    let top = ctx.repository.main_worktree.as_ref()?;
    let beside = top.join(&ctx.policy.runtime_dir).join(BESIDE);
    (!beside.exists() && is_tracked(ctx, top)).then(|| {
        format!("git tracks {}, so the memory is kept in {}/{BESIDE}", ctx.policy.memory, ctx.policy.runtime_dir)
    })
}

fn is_tracked(ctx: &Context, top: &Path) -> bool {
    let file = top.join(&ctx.policy.memory);
    if !file.exists() {
        return false;
    }
    let listed = ctx.repository.git.call(top, "ls-files").args(["-z", "--", &ctx.policy.memory]).read();
    // What cannot be told is not written to.
    listed.is_ok_and(|listed| !listed.is_empty())
}

/// One line for one event; `None` for what is not worth it.
fn line(event: &Event) -> Option<String> {
    let actor = event.actor.as_deref().map(text).unwrap_or_default();
    let what = match &event.kind {
        EventKind::SessionStarted(facts) => format!("{} started{}", session(facts, &actor), task(facts)),
        EventKind::SessionEnded(facts) => format!("{} ended{}", session(facts, &actor), task(facts)),
        EventKind::SessionStale(facts) => format!("{} went without a word{}", session(facts, &actor), task(facts)),
        EventKind::ConflictAppeared(facts) => format!("{actor} and {} conflict{}", text(&facts.with), places(facts)),
        EventKind::ConflictResolved(facts) => {
            let how = facts.how.map_or("resolved", |how| how.name());
            let after = facts.after.map(|span| format!(" after {}", lasting(span))).unwrap_or_default();
            format!("conflict of {actor} and {}{} {how}{after}", text(&facts.with), places(facts))
        }
        _ => return None,
    };
    Some(format!("- {} {what}", day(event.at)))
}

fn session(facts: &SessionFacts, actor: &str) -> String {
    let agent = facts.agent.as_deref().map(|agent| format!(" ({})", text(agent))).unwrap_or_default();
    format!("session {}{agent} in {actor}", text(&facts.id))
}

fn task(facts: &SessionFacts) -> String {
    facts.task.as_deref().map(|task| format!(": {}", text(task))).unwrap_or_default()
}

fn places(facts: &OverlapFacts) -> String {
    let mut said = String::new();
    for (at, path) in facts.paths.iter().take(3).enumerate() {
        let lead = if at == 0 { " in " } else { ", " };
        let _ = write!(said, "{lead}`{}`", text(&String::from_utf8_lossy(path.as_bytes())));
    }
    match (facts.paths.len() as u64 + facts.more_paths).saturating_sub(3) {
        0 => said,
        more => format!("{said} and {more} more"),
    }
}

/// On one line, and without what Markdown or a terminal would obey.
fn text(text: &str) -> String {
    let plain = |c: char| {
        if c.is_control() || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}') { ' ' } else { c }
    };
    let plain = text.chars().map(plain).take(LONGEST);
    plain.fold(String::new(), |mut out, c| {
        match c {
            '<' => out.push_str("&lt;"),
            '`' => out.push('\''),
            c => out.push(c),
        }
        out
    })
}

fn lasting(Seconds(span): Seconds) -> String {
    match span {
        0..60 => format!("{span} s"),
        60..3600 => format!("{} min", span / 60),
        3600..172_800 => format!("{} h {} min", span / 3600, span % 3600 / 60),
        _ => format!("{} days", span / 86_400),
    }
}

/// `2026-01-31 14:30`, in UTC as in the log.
fn day(at: Timestamp) -> String {
    chrono::DateTime::from_timestamp(at.0, 0).map(|time| time.format("%Y-%m-%d %H:%M").to_string()).unwrap_or_default()
}
