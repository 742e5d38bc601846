//! What agents are told, in words: facts, never orders, as orders in a tool's result look like an attack.
//! Must not know: any agent's protocol, how the facts were found.

use super::{safe, words};
use crate::domain::agent::{Answer, Harm};
use crate::domain::briefing::{AtWork, Met, News, Reply, TheirPaths, Verdict};
use crate::domain::claim::Contest;
use crate::domain::path::RepoPath;
use crate::domain::time::Timestamp;

/// No more things are told at once; the rest is counted.
const MOST: usize = 12;
/// No more paths are named in one sentence.
const PATHS: usize = 5;

/// The answer as a text and a verdict.
#[must_use]
pub fn answer(reply: &Reply) -> Answer {
    if reply.news.is_empty() {
        return Answer::Silent;
    }
    let mut text: Vec<String> = reply.news.iter().take(MOST).map(|news| tell(news, reply.now)).collect();
    if reply.news.len() > MOST {
        text.push(format!("And {} more; `coord` shows all.", reply.news.len() - MOST));
    }
    let text = format!("[coord] {}", text.join("\n"));
    match reply.verdict {
        Verdict::Go => Answer::Fact(text),
        Verdict::Ask => Answer::Ask(text),
        Verdict::Deny => Answer::Deny(text),
    }
}

fn tell(news: &News, now: Timestamp) -> String {
    match news {
        News::AtWork(at_work) => others(at_work),
        News::Contested { path, why } => contested(path, why, now),
        News::Met(met) => self::met(met, now),
        News::Alert { alert, here } => format!(
            "{} of {} conflicts with the work here in {} ({}). `coord diff {} {} {}` shows both sides.",
            if alert.committed { "Committed work" } else { "New work" },
            safe::text(&alert.label),
            named(&alert.path),
            words::ago(now, alert.at),
            safe::shell(here),
            safe::shell(&alert.label),
            safe::shell_path(alert.path.as_bytes()),
        ),
        News::Sweeps { command, harm, theirs } => sweeps(command, *harm, theirs),
    }
}

fn others(at_work: &AtWork) -> String {
    let agents =
        if at_work.agents.is_empty() { String::new() } else { format!(" ({})", safe::text(at_work.agents.join(", "))) };
    let place = if at_work.same_checkout { "Another session in this same checkout" } else { "" };
    let who =
        if place.is_empty() { format!("{}{agents}", safe::text(&at_work.label)) } else { format!("{place}{agents}") };
    let task = words::task(at_work.task.as_deref()).map(|task| format!(", on {task}")).unwrap_or_default();
    let mut said = format!("{who} is at work{task}");
    if !at_work.paths.is_empty() {
        said.extend([", changing ", &paths(&at_work.paths, at_work.more_paths)]);
    }
    if !at_work.claims.is_empty() {
        let claims: Vec<String> = at_work.claims.iter().take(PATHS).map(safe::text).collect();
        said.extend(["; it has claimed ", &claims.join(", ")]);
    }
    said += ".";
    if !at_work.conflicts.is_empty() {
        said.extend([" Its work conflicts with the work here in ", &paths(&at_work.conflicts, 0), "."]);
    }
    said
}

fn contested(path: &RepoPath, why: &Contest, now: Timestamp) -> String {
    match why {
        Contest::Claimed(claim) => {
            let task = words::task(claim.task.as_deref()).map(|task| format!(" for {task}")).unwrap_or_default();
            format!(
                "{} is claimed by {}{task}, since {} (token {}). The claim ends by itself; `coord claims` shows when. A commit \
                 that changes the file meanwhile is stopped. Work on other files goes on as usual.",
                named(path),
                safe::text(&claim.label),
                words::ago(now, claim.since),
                claim.token.0
            )
        }
        Contest::Superseded { own, by } => format!(
            "The claim on {} held here (token {}) ran out, and {} has claimed it since (token {}). A commit that changes it is \
             stopped until `coord release {}` or a new `coord claim`.",
            named(path),
            own.token.0,
            safe::text(&by.label),
            by.token.0,
            own.token.0
        ),
    }
}

fn met(met: &Met, now: Timestamp) -> String {
    let label = safe::text(&met.label);
    let task = words::task(met.task.as_deref()).map(|task| format!(", working on {task},")).unwrap_or_default();
    let since = met.since.map(|since| format!(" {}", words::ago(now, since))).unwrap_or_default();
    let lines = if met.lines.is_empty() { String::new() } else { format!(" {}", words::at_lines(&met.lines)) };
    let how = if met.committed { "has committed a change to" } else { "has an uncommitted change in" };
    let fetched = met.fetched.map(|then| format!(", as fetched {}", words::ago(now, then))).unwrap_or_default();
    let mut said = format!("{label}{task} {how} {}{lines}{since}{fetched}.", named(&met.path));
    said += if met.conflicts {
        " This edit changes the same lines: git could not merge the two."
    } else {
        " This edit does not touch those lines; git would merge both."
    };
    if !met.hunk.is_empty() {
        let text: Vec<String> = met.hunk.iter().map(|line| format!("  {}", safe::line(line))).collect();
        said.extend([" Their lines are now:\n", &text.join("\n")]);
    }
    said
}

fn sweeps(command: &str, harm: Harm, theirs: &[TheirPaths]) -> String {
    let what = match harm {
        Harm::Switches => "would change the branch under",
        Harm::SweepsUp => "would take along",
        Harm::PutsAway => "would put into the stash",
        Harm::ThrowsAway => "would throw away",
    };
    let whose: Vec<String> = theirs
        .iter()
        .map(|their| {
            let agent = their.agent.as_deref().map(|agent| format!("{} ", safe::text(agent))).unwrap_or_default();
            let task = words::task(their.task.as_deref()).map(|task| format!(" on {task}")).unwrap_or_default();
            format!("{} of the {agent}session {}{task}", paths(&their.paths, 0), short(&their.session))
        })
        .collect();
    format!("`{command}` {what} uncommitted work of another session in this same checkout: {}.", whose.join("; "))
}

/// The beginning of a session's id, which is enough to tell a few apart.
fn short(id: &str) -> String {
    safe::text(id.chars().take(8).collect::<String>())
}

fn named(path: &RepoPath) -> String {
    safe::text(path.as_bytes())
}

fn paths(paths: &[RepoPath], more: usize) -> String {
    let shown: Vec<String> = paths.iter().take(PATHS).map(named).collect();
    let rest = paths.len().saturating_sub(PATHS) + more;
    if rest > 0 { format!("{} and {rest} more", shown.join(", ")) } else { shown.join(", ") }
}
