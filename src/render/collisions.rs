//! The pairs that collide, worst first, with lines and kinds; what is not worth a row, in one line.
//! Must not know: the table of instances, which command shows it.

use std::collections::BTreeSet;
use std::io::{self, Write};

use super::safe;
use super::style::{Ink, Style};
use super::table::{Cell, Column, Table, cut_end, cut_middle};
use super::words;
use crate::domain::hotspot::hottest;
use crate::domain::instance::Instance;
use crate::domain::overlap::{Grade, PathOverlap};
use crate::domain::report::{Overlap, Survey, Unknown};
use crate::domain::weight::weigh;

/// How many pairs, and how many paths of each, stand before the rest is folded.
const PAIRS: usize = 11;
const PATHS: usize = 5;
/// How many of those who could not be judged are named, and why.
const DOUBTS: usize = 5;
/// From how many columns on a row says how much of the smaller side it touches.
const WIDE: usize = 100;
/// How many columns each label of a pair gets, so that both stay readable.
const LABEL: usize = 24;

/// Writes a row for each path of each conflict that counts; with `all`, of every overlap.
pub(crate) fn write(survey: &Survey, all: bool, style: &Style, out: &mut impl Write) -> io::Result<()> {
    let counting: Vec<&Overlap> = if all { survey.overlaps.iter().collect() } else { survey.counting().collect() };
    let pairs = if all { counting.len() } else { PAIRS };
    let paths = match counting.len() {
        _ if all => usize::MAX,
        0..=4 => PATHS,
        _ => 2,
    };
    let mut table = Table::new(0, &[Column::Cut, Column::CutFront, Column::Left, Column::Cut]);
    for overlap in counting.iter().take(pairs) {
        rows(survey, overlap, paths, style.width >= WIDE, &mut table);
    }
    table.write(style, out)?;
    if counting.len() > pairs {
        let more = words::count(counting.len() - pairs, "more pair in conflict", "more pairs in conflict");
        writeln!(out, "  {}", style.ink(Ink::Bad, &more))?;
    }
    Ok(())
}

fn rows(survey: &Survey, overlap: &Overlap, most: usize, wide: bool, table: &mut Table) {
    let all = most == usize::MAX;
    let worth = |path: &&PathOverlap| all || (path.grade == Grade::Conflict && path.blocks);
    let worth: Vec<&PathOverlap> = overlap.paths.iter().filter(worth).collect();
    let (a, b) = (&survey.instances[overlap.a], &survey.instances[overlap.b]);
    for (n, path) in worth.iter().take(most).enumerate() {
        let touches = (n == 0 && wide && overlap.grade == Grade::Conflict).then(|| touches(survey, overlap));
        let label = |of: &Instance| if all { safe::text(&of.label) } else { cut_middle(&safe::text(&of.label), LABEL) };
        let pair = format!("{} ↔ {}", label(a), label(b));
        table.row(vec![
            if n == 0 { mark(overlap, &pair) } else { Cell::default() },
            Cell::plain(safe::text(path.path.as_bytes())),
            Cell::plain(words::both_lines(path)),
            Cell::new(Ink::Faint, words::evidence(path, a, b) + &touches.unwrap_or_default()),
        ]);
    }
    if worth.len() > most {
        let more = format!("and {}", words::count(worth.len() - most, "more path", "more paths"));
        table.row(vec![Cell::default(), Cell::new(Ink::Faint, more)]);
    }
}

/// How much of the smaller side the conflict touches: `, 2 of auth's 14 files`.
fn touches(survey: &Survey, overlap: &Overlap) -> String {
    let weight = weigh(survey, overlap);
    let label = cut_middle(&safe::text(&survey.instances[weight.smaller].label), LABEL);
    match weight.of {
        1 => format!(", {label}'s only file"),
        of => format!(", {} of {label}'s {of} files", weight.paths),
    }
}

/// Writes the path that causes most of the conflicts, where there are enough to speak of, and what would end them.
pub(crate) fn hot_spots(survey: &Survey, style: &Style, out: &mut impl Write) -> io::Result<()> {
    for spot in hottest(survey).iter().filter(|spot| spot.pairs > 0).take(1) {
        let mut table = Table::new(2, &[Column::Left, Column::CutFront, Column::Left]);
        table.row(vec![
            Cell::plain("hot:"),
            Cell::new(Ink::Strong, safe::text(spot.path.as_bytes())),
            Cell::plain(format!("in {} of {} conflicts", spot.pairs, spot.of_pairs)),
        ]);
        table.write(style, out)?;
        let advice = cut_end(&words::advice(spot), style.width.saturating_sub(8));
        writeln!(out, "        {}", style.ink(Ink::Faint, &advice))?;
    }
    Ok(())
}

/// The pair with a mark that repeats its grade.
fn mark(overlap: &Overlap, pair: &str) -> Cell {
    match overlap.grade {
        _ if overlap.counts() => Cell::new(Ink::Bad, format!("✗ {pair}")),
        Grade::Conflict if overlap.acknowledged => Cell::plain(format!("✓ {pair}, acknowledged")),
        Grade::Conflict => Cell::new(Ink::Caution, format!("~ {pair}")),
        Grade::Disjoint => Cell::plain(format!("· {pair}")),
        Grade::Identical => Cell::plain(format!("= {pair}")),
    }
}

/// What [`write`] leaves out, one fact a line: conflicts that never block, acknowledged ones, lower overlaps.
pub(crate) fn folded(survey: &Survey, more: &str) -> Vec<String> {
    let quiet: Vec<&Overlap> = survey.conflicts().iter().filter(|overlap| !overlap.counts()).collect();
    let mut lines = Vec::new();
    match quiet.iter().filter(|overlap| overlap.acknowledged).count() {
        0 => {}
        n => lines
            .push(format!("{} (coord ack --list)", words::count(n, "conflict acknowledged", "conflicts acknowledged"))),
    }
    if let Some(harmless) = harmless(&quiet) {
        lines.push(harmless);
    }
    let clean = survey.overlaps.count(Grade::Disjoint);
    let same = survey.overlaps.count(Grade::Identical);
    let mut lower = Vec::new();
    if clean > 0 {
        let more = if survey.counting().next().is_some() { "more " } else { "" };
        let verb = if clean == 1 { "overlap merges cleanly" } else { "overlaps merge cleanly" };
        lower.push(format!("{clean} {more}{verb}"));
    }
    if same > 0 {
        lower.push(words::count(same, "pair made the same change", "pairs made the same changes"));
    }
    if !lower.is_empty() {
        lines.push(format!("{} ({more})", lower.join(", ")));
    }
    lines
}

/// Conflicts on paths that never block: generated files, lock files, `[paths] warn`.
fn harmless(quiet: &[&Overlap]) -> Option<String> {
    let pairs: Vec<&&Overlap> = quiet.iter().filter(|overlap| !overlap.acknowledged).collect();
    let paths = pairs.iter().flat_map(|overlap| &overlap.paths).filter(|path| path.grade == Grade::Conflict);
    let names: BTreeSet<String> =
        paths.map(|path| String::from_utf8_lossy(path.path.as_bytes()).into_owned()).collect();
    let said = words::count(pairs.len(), "pair conflicts", "pairs conflict");
    (!pairs.is_empty())
        .then(|| format!("{said} only in {}, which never blocks", words::names(names.iter().map(String::as_str))))
}

/// Writes who could not be judged against whom.
pub(crate) fn unknown(survey: &Survey, all: bool, style: &Style, out: &mut impl Write) -> io::Result<()> {
    let line = |unknown: &Unknown| {
        let who: Vec<String> = unknown.instances.iter().map(|&at| safe::text(&survey.instances[at].label)).collect();
        format!("{} could not be judged: {}", who.join(" ↔ "), safe::text(&unknown.reason))
    };
    let more = |n| format!("{} could not be judged (coord scan --all)", words::count(n, "more pair", "more pairs"));
    doubts(survey.unknown_pairs.iter().map(line), all, more, style, out)
}

/// Writes what is not known, a line each; past the first few only how many `more` there are, unless `all` is asked for.
pub(crate) fn doubts(
    lines: impl ExactSizeIterator<Item = String>,
    all: bool,
    more: impl Fn(usize) -> String,
    style: &Style,
    out: &mut impl Write,
) -> io::Result<()> {
    let (count, mark) = (lines.len(), style.ink(Ink::Caution, "?"));
    let fit = if all || count <= DOUBTS + 1 { count } else { DOUBTS };
    for line in lines.take(fit) {
        writeln!(out, "{mark} {line}")?;
    }
    if count > fit { writeln!(out, "{mark} {}", more(count - fit)) } else { Ok(()) }
}

/// Writes notices, each on its own line.
pub(crate) fn notices(notices: &[String], style: &Style, out: &mut impl Write) -> io::Result<()> {
    for notice in notices {
        writeln!(out, "{} {}", style.ink(Ink::Caution, "note:"), safe::text(notice))?;
    }
    Ok(())
}
