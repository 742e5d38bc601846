//! `coord install --agent …`: coord's entries in agents' configurations, and the note in AGENTS.md and CLAUDE.md.
//! Must not know: how a file is written, what git's hooks are.

use crate::agent::config;
use crate::domain::setup::{Action, Finding, HookChange, Level};
use crate::env::Env;
use crate::failure::{Failure, Kind};
use crate::ops::agents_setup;
use crate::ops::context::Context;

const BEGIN: &str = "<!-- coord:begin -->";
const END: &str = "<!-- coord:end -->";

/// What agents without hooks should know.
const NOTE: &str = "\
Several people and agents work on this repository at once, in worktrees beside each other. `coord` shows whether your work
collides with anybody's, `coord check PATH` who else changes a file, `coord claim PATH` keeps others off it for a while.
A commit that git could not merge with somebody else's committed work is stopped, with the ways out; ask your user before
you acknowledge one with `coord ack`.";

/// The agents that were named; `all` stands for every one.
pub(super) fn named(typed: &[String]) -> Result<Vec<&'static str>, Failure> {
    if typed.iter().any(|name| name == "all") {
        return Ok(config::NAMES.to_vec());
    }
    let known = |name: &String| {
        config::NAMES.into_iter().find(|known| known == name).ok_or_else(|| {
            Failure::new(Kind::Usage, format!("{name:?} is no agent that coord can set up"))
                .hint(format!("there are: {}, all", config::NAMES.join(", ")))
        })
    };
    typed.iter().map(known).collect()
}

/// Puts coord's entries into the agents' configurations.
pub(super) fn put(ctx: &Context, agents: &[&'static str]) -> Vec<HookChange> {
    let change = |agent: &&'static str| {
        entry(ctx, agent, |text| config::put(agent, text).map(Some).map_err(|error| error.to_string()))
    };
    agents.iter().filter_map(change).collect()
}

/// Takes them out wherever they are.
pub(super) fn take(ctx: &Context) -> Vec<HookChange> {
    let change = |agent: &&'static str| {
        entry(ctx, agent, |text| match text {
            Some(text) => config::take(agent, text).map_err(|error| error.to_string()),
            None => Ok(None),
        })
    };
    config::NAMES.iter().filter_map(change).filter(|change| change.action != Action::Unchanged).collect()
}

fn entry(
    ctx: &Context,
    agent: &str,
    change: impl FnOnce(Option<&str>) -> Result<Option<String>, String>,
) -> Option<HookChange> {
    let path = agents_setup::place(ctx, config::file(agent)?);
    let place = path.as_ref().map_or_else(|_| String::new(), |path| path.display().to_string());
    let action = path.and_then(|path| agents_setup::change(&path, change));
    let action = action.unwrap_or_else(|failure| Action::Failed(failure.whole_message()));
    Some(HookChange { hook: format!("agent {agent}"), place, action })
}

/// Puts the note into the files that agents read: those of the two that are there, else AGENTS.md.
pub(super) fn put_note(ctx: &Context) -> Vec<HookChange> {
    let there = |file: &&str| agents_setup::place(ctx, file).is_ok_and(|path| path.is_file());
    let mut files: Vec<&str> = ["AGENTS.md", "CLAUDE.md"].into_iter().filter(there).collect();
    if files.is_empty() {
        files.push("AGENTS.md");
    }
    files.iter().map(|file| note(ctx, file, |text| Some(with_note(text.unwrap_or_default())))).collect()
}

/// Takes the note out again.
pub(super) fn take_note(ctx: &Context) -> Vec<HookChange> {
    let changes = ["AGENTS.md", "CLAUDE.md"].iter().map(|file| {
        note(ctx, file, |text| {
            let left = without_note(text?);
            (!left.is_empty()).then_some(left)
        })
    });
    changes.filter(|change| change.action != Action::Unchanged).collect()
}

fn note(ctx: &Context, file: &str, change: impl FnOnce(Option<&str>) -> Option<String>) -> HookChange {
    let done = agents_setup::place(ctx, file).and_then(|path| agents_setup::change(&path, |text| Ok(change(text))));
    let action = done.unwrap_or_else(|failure| Action::Failed(failure.whole_message()));
    HookChange { hook: "note".to_owned(), place: file.to_owned(), action }
}

fn with_note(text: &str) -> String {
    let block = format!("{BEGIN}\n{NOTE}\n{END}\n");
    match (text.find(BEGIN), text.find(END)) {
        (Some(start), Some(end)) if start < end => {
            let behind = &text[end + END.len()..];
            format!("{}{block}{}", &text[..start], behind.strip_prefix('\n').unwrap_or(behind))
        }
        _ if text.is_empty() => block,
        // One end of line, whether it ends the last line or makes an empty one: just that is taken out again.
        _ => format!("{text}\n{block}"),
    }
}

/// Without the block, and without the end of line that was put before it at the end of the file.
fn without_note(text: &str) -> String {
    let (Some(start), Some(end)) = (text.find(BEGIN), text.find(END)) else { return text.to_owned() };
    if end < start {
        return text.to_owned();
    }
    let mut end = end + END.len();
    end += usize::from(text[end..].starts_with('\n'));
    let before = &text[..start];
    let before = if end == text.len() { before.strip_suffix('\n').unwrap_or(before) } else { before };
    format!("{before}{}", &text[end..])
}

/// Calls what each set-up agent would call, with a recorded payload, and shows the answer.
pub(super) fn rehearse(ctx: &Context, env: &Env) -> Vec<Finding> {
    let set_up = |agent: &&&str| {
        let path = config::file(agent).and_then(|file| agents_setup::place(ctx, file).ok());
        let text = path.and_then(|path| agents_setup::read(&path).ok().flatten());
        text.is_some_and(|text| config::is_put(agent, &text))
    };
    config::NAMES.iter().filter(set_up).map(|agent| rehearse_one(ctx, env, agent)).collect()
}

fn rehearse_one(ctx: &Context, env: &Env, agent: &str) -> Finding {
    let cwd = ctx.repository.worktree.as_deref().map(|top| top.to_string_lossy().into_owned()).unwrap_or_default();
    let payload = |event: usize| config::rehearsal(agent, event, &cwd);
    let answer = agents_setup::rehearse(env, agent, &payload(0));
    drop(agents_setup::rehearse(env, agent, &payload(1)));
    match answer {
        Ok(answer) => {
            let short: String = answer.chars().take(120).collect();
            let said = if short.is_empty() { "nothing to say".to_owned() } else { short };
            Finding { level: Level::Ok, what: format!("{agent} calls coord, which answers: {said}"), fix: None }
        }
        Err(failure) => Finding {
            level: Level::Warning,
            what: failure.whole_message(),
            fix: Some("put coord's folder on PATH".to_owned()),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_note_goes_in_and_out_byte_for_byte() {
        for text in ["# Mine\n", "# Mine", "a\n\n", "\n"] {
            let put = with_note(text);
            assert!(put.contains(NOTE));
            assert_eq!(with_note(&put), put);
            assert_eq!(without_note(&put), text);
        }
        assert_eq!(without_note("# Mine\n"), "# Mine\n");
        assert_eq!(without_note(&with_note("")), "");
    }
}
