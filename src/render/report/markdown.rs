//! The report as Markdown, for an issue or a wiki.
//! Must not know: how the answer was computed.

use std::io::{self, Write};

use super::{QUESTIONS, advice, day, evidence, threshold, told};
use crate::domain::checklist::Checklist;
use crate::domain::event::Resolution;
use crate::render::{safe, words};

/// Writes the report as Markdown.
///
/// # Errors
/// Where `out` cannot be written.
pub fn write(report: &Checklist, out: &mut impl Write) -> io::Result<()> {
    let counts = &report.counts;
    writeln!(out, "## Is coordination worth enforcing here?\n")?;
    let since = counts.since.map(|since| format!(" since {}", day(since))).unwrap_or_default();
    writeln!(
        out,
        "{}{since}; {} are needed.\n",
        words::number(counts.sessions, "session"),
        report.thresholds.sessions
    )?;
    for (at, question) in QUESTIONS.iter().enumerate() {
        let mark = if report.checked[at] { "x" } else { " " };
        let (evidence, threshold) = (evidence(report, at), threshold(report, at));
        writeln!(out, "- [{mark}] {} {evidence} (threshold: {threshold}; `{}`)", question.long, question.setting)?;
    }
    let (said, command) = advice(report);
    let command = command.map(|command| format!(" `{command}`")).unwrap_or_default();
    writeln!(out, "\n**{said}**{command}\n")?;
    told(report).iter().try_for_each(|line| writeln!(out, "{line}.  "))?;
    if !counts.hot.is_empty() {
        writeln!(out, "\n| path | conflicts |\n|---|---:|")?;
        for (path, times) in &counts.hot {
            writeln!(out, "| {} | {times} |", text(&safe::text(path.as_bytes())))?;
        }
    }
    if !counts.pairs.is_empty() {
        writeln!(out, "\n| who | with | overlaps | conflicts |\n|---|---|---:|---:|")?;
        for (a, b, overlaps, conflicts) in &counts.pairs {
            writeln!(out, "| {} | {} | {overlaps} | {conflicts} |", text(&safe::text(a)), text(&safe::text(b)))?;
        }
    }
    if !counts.resolutions.is_empty() {
        let ends = Resolution::ALL.iter().filter(|how| counts.ended(**how) > 0);
        let ends: Vec<String> = ends.map(|how| format!("{} {}", counts.ended(*how), how.name())).collect();
        writeln!(out, "\nHow conflicts ended: {}.", ends.join(", "))?;
    }
    Ok(())
}

/// Names of files and branches mean nothing to Markdown or to HTML in it.
fn text(text: &str) -> String {
    text.chars().fold(String::new(), |mut out, c| {
        match c {
            '<' => out.push_str("&lt;"),
            '&' => out.push_str("&amp;"),
            '@' => out.push_str("&#64;"),
            '\\' | '`' | '*' | '_' | '[' | ']' | '|' | '~' | '#' | '!' => out.extend(['\\', c]),
            c => out.push(c),
        }
        out
    })
}
