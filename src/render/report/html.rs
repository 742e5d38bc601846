//! The report as one HTML file: it runs nothing, loads nothing and sends nothing; the charts are drawn in it.
//! Must not know: how the answer was computed, where the file will lie.

use std::io::{self, Write};

use super::{QUESTIONS, advice, day, evidence, threshold, told};
use crate::domain::checklist::{CLASSES, Checklist};
use crate::domain::event::Resolution;
use crate::render::{safe, words};

/// What the page may do: show itself.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'";

const STYLE: &str = include_str!("page.css");

/// Width of a chart, in its own units.
const WIDTH: u64 = 720;

/// Height of the bars of an upright chart.
const HEIGHT: u64 = 140;

/// Writes the page.
///
/// # Errors
/// Where `out` cannot be written.
pub fn write(report: &Checklist, out: &mut impl Write) -> io::Result<()> {
    let counts = &report.counts;
    let (said, command) = advice(report);
    writeln!(out, "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">")?;
    writeln!(out, "<meta http-equiv=\"Content-Security-Policy\" content=\"{POLICY}\">")?;
    writeln!(out, "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">")?;
    writeln!(out, "<meta name=\"color-scheme\" content=\"light dark\">\n<title>coord report</title>")?;
    writeln!(out, "<style>\n{STYLE}</style>\n</head>\n<body>\n<h1>Is coordination worth enforcing here?</h1>")?;
    let since = counts.since.map(|since| format!(" since {}", day(since))).unwrap_or_default();
    let sessions = words::number(counts.sessions, "session");
    writeln!(
        out,
        "<p class=\"seen\">{sessions}{since}; {} are needed.</p>\n<ul class=\"boxes\">",
        report.thresholds.sessions
    )?;
    for (at, question) in QUESTIONS.iter().enumerate() {
        let (class, mark) = if report.checked[at] { ("checked", "yes") } else { ("open", "no") };
        writeln!(
            out,
            "<li class=\"{class}\"><b>{mark}</b> <span>{}</span> <em>{}</em> <small>threshold {}, {}</small></li>",
            question.long,
            escape(&evidence(report, at)),
            escape(&threshold(report, at)),
            question.setting
        )?;
    }
    writeln!(out, "</ul>\n<p class=\"advice\">{}</p>", escape(&said))?;
    if let Some(command) = command {
        writeln!(out, "<pre>{}</pre>", escape(&command))?;
    }
    told(report).iter().try_for_each(|line| writeln!(out, "<p>{}.</p>", escape(line)))?;
    let weeks: Vec<(String, u64)> = counts.weeks.iter().map(|(week, count)| (day(*week), *count)).collect();
    upright("Conflicts by week", &weeks, out)?;
    upright("How long conflicts were open", &classes(report), out)?;
    let ends = Resolution::ALL.iter().map(|how| (how.name().to_owned(), counts.ended(*how)));
    level("How conflicts ended", &ends.filter(|end| end.1 > 0).collect::<Vec<_>>(), out)?;
    let hot: Vec<_> = counts.hot.iter().map(|(path, times)| (safe::text(path.as_bytes()), *times)).collect();
    level("Paths by conflicts", &hot, out)?;
    pairs(report, out)?;
    writeln!(out, "<footer>coord {}</footer>\n</body>\n</html>", env!("CARGO_PKG_VERSION"))
}

fn pairs(report: &Checklist, out: &mut impl Write) -> io::Result<()> {
    if report.counts.pairs.is_empty() {
        return Ok(());
    }
    writeln!(
        out,
        "<h2>Who meets whom</h2>\n<table><tr><th>who<th>with<th class=\"n\">overlaps<th class=\"n\">conflicts</tr>"
    )?;
    for (a, b, overlaps, conflicts) in &report.counts.pairs {
        let (a, b) = (escape(&safe::text(a)), escape(&safe::text(b)));
        writeln!(out, "<tr><td>{a}<td>{b}<td class=\"n\">{overlaps}<td class=\"n\">{conflicts}</tr>")?;
    }
    writeln!(out, "</table>")
}

fn classes(report: &Checklist) -> Vec<(String, u64)> {
    let counted = report.counts.classes();
    if report.counts.lifetimes.is_empty() {
        return Vec::new();
    }
    let below = CLASSES.iter().map(|end| format!("< {}", words::lasting(*end)));
    let longer = CLASSES.last().map(|end| format!("{} and more", words::lasting(*end)));
    below.chain(longer).zip(counted).collect()
}

/// Bars that stand side by side, each with its number; as many names below as fit.
fn upright(title: &str, bars: &[(String, u64)], out: &mut impl Write) -> io::Result<()> {
    let most = bars.iter().map(|bar| bar.1).max().unwrap_or(0);
    if most == 0 {
        return Ok(());
    }
    let step = WIDTH / bars.len().max(1) as u64;
    let (step, every) = (step.max(1), 84u64.div_ceil(step.max(1)));
    let width = step * bars.len() as u64;
    writeln!(
        out,
        "<h2>{}</h2>\n<svg viewBox=\"0 0 {width} {}\" role=\"img\" aria-label=\"{}\">",
        escape(title),
        HEIGHT + 40,
        escape(title)
    )?;
    for (at, (name, count)) in bars.iter().enumerate() {
        let x = at as u64 * step;
        let height = (count * HEIGHT).div_ceil(most);
        let y = HEIGHT + 16 - height;
        let wide = (step * 8 / 10).clamp(1, 80);
        writeln!(
            out,
            "<rect x=\"{x}\" y=\"{y}\" width=\"{wide}\" height=\"{height}\"><title>{}: {count}</title></rect>",
            escape(name)
        )?;
        if *count > 0 && step >= 18 {
            writeln!(out, "<text x=\"{}\" y=\"{}\" class=\"mid\">{count}</text>", x + wide / 2, y - 4)?;
        }
        if (at as u64).is_multiple_of(every) {
            writeln!(out, "<text x=\"{x}\" y=\"{}\">{}</text>", HEIGHT + 34, escape(name))?;
        }
    }
    writeln!(out, "</svg>")
}

/// Bars that lie one below the other, each with its name.
fn level(title: &str, bars: &[(String, u64)], out: &mut impl Write) -> io::Result<()> {
    let Some(most) = bars.iter().map(|bar| bar.1).max().filter(|&most| most > 0) else { return Ok(()) };
    let height = bars.len() * 24 + 4;
    writeln!(
        out,
        "<h2>{}</h2>\n<svg viewBox=\"0 0 {WIDTH} {height}\" role=\"img\" aria-label=\"{}\">",
        escape(title),
        escape(title)
    )?;
    for (at, (name, count)) in bars.iter().enumerate() {
        let y = at * 24;
        let long = (count * 340).div_ceil(most);
        let shown: String = if name.chars().count() > 44 {
            let skip = name.chars().count() - 43;
            std::iter::once('…').chain(name.chars().skip(skip)).collect()
        } else {
            name.clone()
        };
        writeln!(
            out,
            "<text x=\"330\" y=\"{}\" class=\"end\">{}<title>{}</title></text>",
            y + 16,
            escape(&shown),
            escape(name)
        )?;
        writeln!(out, "<rect x=\"338\" y=\"{}\" width=\"{long}\" height=\"18\"></rect>", y + 2)?;
        writeln!(out, "<text x=\"{}\" y=\"{}\">{count}</text>", 344 + long, y + 16)?;
    }
    writeln!(out, "</svg>")
}

/// Text that means nothing to HTML, inside an element or a quoted attribute.
fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;").replace('\'', "&#39;")
}
