//! The screen of `coord report`, and what all its forms say alike: the questions, their evidence, the advice.
//! Must not know: the log, how the answer was computed.

mod html;
mod markdown;

use std::io::{self, Write};

use super::style::{Ink, Style};
use super::table::{Cell, Column, Table};
use super::{safe, words};
use crate::domain::checklist::{Advice, Checklist, TRIAL};
use crate::domain::event::Resolution;
use crate::domain::policy::Mode;
use crate::domain::time::Timestamp;

pub use html::write as html;
pub use markdown::write as markdown;

/// How many paths a headline names.
const NAMED: usize = 3;

/// A question: as the screen says it, as the plan asks it, and the setting of its threshold.
pub(crate) struct Question {
    pub(crate) short: &'static str,
    pub(crate) long: &'static str,
    pub(crate) setting: &'static str,
}

/// The four questions, in the plan's order.
pub(crate) const QUESTIONS: [Question; 4] = [
    Question {
        short: "conflicts occurred",
        long: "Have conflicts occurred in actual execution?",
        setting: "coord.reportConflicts",
    },
    Question {
        short: "resolving them takes time",
        long: "Is conflict resolution taking significant time?",
        setting: "coord.reportOpen",
    },
    Question {
        short: "planned tasks overlap often",
        long: "Do planned tasks regularly overlap?",
        setting: "coord.reportOverlap",
    },
    Question {
        short: "coordination by hand",
        long: "Is manual coordination becoming a bottleneck?",
        setting: "coord.reportManual",
    },
];

/// What the log says to a question.
pub(crate) fn evidence(report: &Checklist, question: usize) -> String {
    let counts = &report.counts;
    let sessions = words::number(counts.sessions, "session");
    match question {
        0 => {
            let open = match counts.open() {
                0 => String::new(),
                open => format!(", {open} still open"),
            };
            format!("{} in {sessions}{open}", words::number(counts.conflicts, "conflict"))
        }
        1 => match counts.median() {
            None => "none was resolved yet".to_owned(),
            Some(median) => {
                let rebased = counts.ended(Resolution::Rebased);
                let cost = if rebased > 0 { format!(", {rebased} cost a rebase") } else { String::new() };
                format!("median {} open{cost}", words::lasting(median))
            }
        },
        2 => format!("{} of {sessions}", counts.overlapping_sessions),
        _ => {
            let acknowledged = words::number(counts.acknowledgements, "acknowledgement");
            let bypasses = if counts.bypasses == 1 { "bypass" } else { "bypasses" };
            format!("{acknowledged}, {} {bypasses}{}", counts.bypasses, claims(report))
        }
    }
}

/// The claims, where anybody takes any.
fn claims(report: &Checklist) -> String {
    let counts = &report.counts;
    let tried = counts.claims + counts.claims_refused;
    let ends = [(counts.claims_refused, "refused"), (counts.claims_forced, "forced")];
    let ends: Vec<String> = ends.iter().filter(|end| end.0 > 0).map(|(n, how)| format!("{n} {how}")).collect();
    match (tried + counts.claims_forced, &*ends) {
        (0, _) => String::new(),
        (_, []) => format!(", {}", words::number(tried, "claim")),
        (_, ends) => format!(", {} ({})", words::number(tried, "claim"), ends.join(", ")),
    }
}

/// From where on the question's box is checked.
pub(crate) fn threshold(report: &Checklist, question: usize) -> String {
    let thresholds = &report.thresholds;
    match question {
        0 => words::number(thresholds.conflicts, "conflict"),
        1 => format!("median {}", words::lasting(thresholds.open)),
        2 => format!("{} % of sessions", thresholds.overlap_percent),
        _ => format!("{} % of sessions", thresholds.manual_percent),
    }
}

/// What to do, in a sentence, and the command for it where it is not so already.
pub(crate) fn advice(report: &Checklist) -> (String, Option<String>) {
    let boxes = match report.checked.iter().filter(|&&checked| checked).count() {
        0 => "No box".to_owned(),
        1 => "One box".to_owned(),
        2 => "Two boxes".to_owned(),
        3 => "Three boxes".to_owned(),
        _ => "All four boxes".to_owned(),
    };
    let said = match report.advice {
        Advice::TooEarly(1) => "Too early to tell: 1 more session; monitor until then.".to_owned(),
        Advice::TooEarly(missing) => format!("Too early to tell: {missing} more sessions; monitor until then."),
        Advice::Monitor => format!("{boxes}: stay on monitor."),
        Advice::Warn(0) => {
            format!("{boxes}: warn; {TRIAL} sessions with it have not shown yet that it helps.")
        }
        Advice::Warn(more) => {
            format!("{boxes}: warn now; enforce after {} if it helps.", words::number(more, "more session"))
        }
        Advice::Enforce => format!("{boxes}, and warning has led to changes: enforce."),
    };
    let mode = report.advice.mode();
    if !report.installed {
        return (uninstalled(report, &boxes), Some(format!("coord install --mode {}", mode_name(mode))));
    }
    let command = (mode != report.mode).then(|| format!("coord config mode {}", mode_name(mode)));
    (said, command)
}

/// Where there are no hooks there is no mode to change, and perhaps nothing was ever observed.
fn uninstalled(report: &Checklist, boxes: &str) -> String {
    match report.advice {
        Advice::TooEarly(missing) => {
            let missing = words::number(missing, "more session");
            format!("coord is not installed here: install it to monitor, and ask again after {missing}.")
        }
        Advice::Monitor => format!("{boxes}; coord is not installed here: monitoring is enough."),
        Advice::Warn(_) => format!("{boxes}; coord is not installed here: install it to warn, enforce if that helps."),
        Advice::Enforce => format!("{boxes}, and warning had led to changes: install it again."),
    }
}

pub(crate) fn mode_name(mode: Mode) -> &'static str {
    match mode {
        Mode::Enforce => "enforce",
        Mode::Warn => "warn",
        Mode::Monitor => "monitor",
    }
}

/// How useful coord itself was.
pub(crate) fn usefulness(report: &Checklist) -> Vec<String> {
    let alarms = report.counts.alarms;
    if alarms.spoke == 0 {
        return vec!["coord has not spoken yet".to_owned()];
    }
    let times = if alarms.spoke == 1 { "once".to_owned() } else { format!("{} times", alarms.spoke) };
    let mut parts = vec![format!("{} led to a change", alarms.changed)];
    let were = |n: u64| if n == 1 { "was" } else { "were" };
    if alarms.acknowledged > 0 {
        parts.push(format!("{} {} acknowledged", alarms.acknowledged, were(alarms.acknowledged)));
    }
    if alarms.bypassed > 0 {
        parts.push(format!("{} bypassed", alarms.bypassed));
    }
    match alarms.spoke - alarms.changed - alarms.acknowledged - alarms.bypassed {
        0 => {}
        open => parts.push(format!("{open} still open")),
    }
    let precision = alarms.precision().map(|percent| format!("precision as used: {percent} %"));
    std::iter::once(format!("coord spoke {times}: {}", parts.join(", "))).chain(precision).collect()
}

/// How useful coord was; of history, how useful it would have been.
pub(crate) fn told(report: &Checklist) -> Vec<String> {
    let Some(past) = &report.hindsight else { return usefulness(report) };
    let weeks = past.span.0.div_ceil(7 * 24 * 3600);
    if past.merged == 0 {
        let squashed = words::number(past.unmerged, "commit");
        return vec![
            format!("no merge in {}; {squashed} without one", words::number(weeks, "week")),
            "what was open when is lost with squashed and rebased work: this says nothing about it".to_owned(),
        ];
    }
    let mut lines = vec![format!(
        "{} in {}, {} open at the same time; coord would have spoken of {}",
        words::number(past.merged, "merge"),
        words::number(weeks, "week"),
        words::number(past.pairs, "pair"),
        past.alarms
    )];
    if let (Some(precision), Some(lead)) = (past.precision(), past.lead()) {
        let lead = words::lasting(lead);
        lines.push(format!(
            "right {}, wrong {} ({precision} %), {lead} before the merge in the median",
            past.right, past.wrong
        ));
    }
    lines.push(format!(
        "{} had to be resolved by hand, {} of them foreseen",
        words::number(past.resolved, "merge"),
        past.foreseen
    ));
    if past.unmerged > 0 {
        lines.push(format!("{} without a merge cannot be rebuilt", words::number(past.unmerged, "commit")));
    }
    if past.unknown > 0 {
        lines.push(format!("{} pairs or merges could not be judged", past.unknown));
    }
    lines
}

/// The week's first day, in UTC.
pub(crate) fn day(Timestamp(at): Timestamp) -> String {
    chrono::DateTime::from_timestamp(at, 0).map(|time| time.format("%Y-%m-%d").to_string()).unwrap_or_default()
}

/// Writes the report for people.
///
/// # Errors
/// Where `out` cannot be written.
pub fn human(report: &Checklist, style: &Style, out: &mut impl Write) -> io::Result<()> {
    let counts = &report.counts;
    let since = counts.since.map(|since| format!(" since {}", day(since))).unwrap_or_default();
    let seen = format!("{}{since} ({} needed)", words::number(counts.sessions, "session"), report.thresholds.sessions);
    writeln!(out, "{}     {seen}\n", style.ink(Ink::Strong, "Is coordination worth enforcing here?"))?;
    let mut table = Table::new(2, &[Column::Left, Column::Left, Column::Cut]);
    for (at, question) in QUESTIONS.iter().enumerate() {
        let checked = report.checked[at];
        let (mark, ink) = if checked { ("[x]", Ink::Caution) } else { ("[ ]", Ink::Faint) };
        let limit = threshold(report, at);
        let limit = limit.strip_suffix(" of sessions").unwrap_or(&limit);
        let limit = if checked { String::new() } else { format!(" (from {limit})") };
        let evidence = format!("{}{limit}", evidence(report, at));
        table.row(vec![Cell::new(ink, mark), Cell::plain(question.short), Cell::plain(evidence)]);
    }
    table.write(style, out)?;
    let (said, command) = advice(report);
    write!(out, "\n  {}", style.ink(Ink::Strong, &said))?;
    if let Some(command) = command {
        let fits = said.chars().count() + command.len() + 8 <= style.width;
        write!(out, "{}{}", if fits { "      " } else { "\n  " }, style.ink(Ink::Command, &command))?;
    }
    writeln!(out, "\n")?;
    told(report).iter().try_for_each(|line| writeln!(out, "  {line}"))?;
    if !counts.hot.is_empty() {
        let hot: Vec<String> = counts
            .hot
            .iter()
            .take(NAMED)
            .map(|(path, times)| format!("{} ({times}{})", safe::text(path.as_bytes()), remedy(path.as_bytes())))
            .collect();
        writeln!(out, "  hot: {}", hot.join(", "))?;
    }
    if let Some((a, b, overlaps, conflicts)) = counts.pairs.first() {
        let conflicts = words::number(*conflicts, "conflict");
        let overlaps = words::number(*overlaps, "overlap");
        writeln!(out, "  most often together: {} and {} ({overlaps}, {conflicts})", safe::text(a), safe::text(b))?;
    }
    if counts.failed_open > 0 {
        writeln!(
            out,
            "  {} could not be checked (coord log --kind failed_open)",
            words::number(counts.failed_open, "commit")
        )?;
    }
    if report.unreadable > 0 {
        writeln!(
            out,
            "  {} of the log could not be read and count for nothing",
            words::number(report.unreadable, "line")
        )?;
    }
    let settings: Vec<&str> = QUESTIONS.iter().filter_map(|question| question.setting.strip_prefix("coord.")).collect();
    writeln!(out, "\n  thresholds: coord config {} VALUE", settings.join("|"))
}

/// What would end the conflicts of a file that everybody adds lines to.
fn remedy(path: &[u8]) -> &'static str {
    let name = path.rsplit(|&byte| byte == b'/').next().unwrap_or_default().to_ascii_lowercase();
    let grows = [&b"changelog"[..], b"changes", b"news", b"history", b"authors", b"contributors"];
    if grows.iter().any(|grown| name.starts_with(grown)) { ": merge=union would end these" } else { "" }
}

#[cfg(test)]
mod tests;
