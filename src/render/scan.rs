//! The screen of `coord scan` and of `coord status`: who is at work, and what will collide.
//! Must not know: how it was found out.

use std::io::{self, Write};

use unicode_width::UnicodeWidthStr as _;

use super::board::{self, Board};
use super::style::{Ink, Style};
use super::table::cut_end;
use super::{collisions, safe, words};
use crate::domain::overlap::Grade;
use crate::domain::report::Survey;

/// No more pairs are named on the board.
const PAIRS: usize = 8;

/// What the reader asked to see of it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct View {
    /// Nothing folded.
    pub all: bool,
    /// Whether only conflicts are worth a word (`--min-grade conflict`).
    pub min_grade: Grade,
}

/// Writes the screen of `coord scan`.
pub fn human(survey: &Survey, view: View, style: &Style, out: &mut impl Write) -> io::Result<()> {
    let board = Board::of(survey, view.all);
    headline(survey, board.width(style), style, out)?;
    if !survey.instances.is_empty() {
        writeln!(out)?;
        board.write("coord scan --all", style, out)?;
    }
    if view.all && !survey.overlaps.is_empty() || survey.counting().next().is_some() || !survey.unknown_pairs.is_empty()
    {
        writeln!(out)?;
        collisions::write(survey, view.all, style, out)?;
        collisions::unknown(survey, view.all, style, out)?;
    }
    collisions::hot_spots(survey, style, out)?;
    footer(survey, view, style, out)?;
    collisions::notices(&survey.notices, style, out)
}

/// Writes the screen of `coord status`: the board, and how many overlaps of each grade there are.
pub fn status(survey: &Survey, style: &Style, out: &mut impl Write) -> io::Result<()> {
    let board = Board::of(survey, true);
    headline(survey, board.width(style), style, out)?;
    if !survey.instances.is_empty() {
        writeln!(out)?;
        board.write("coord status", style, out)?;
    }
    if !survey.overlaps.is_empty() {
        writeln!(out)?;
        writeln!(out, "  {}", overlap_counts(survey))?;
        conflicts_by_name(survey, style, out)?;
        writeln!(out, "  {}", command("see them:", "coord scan", style))?;
    }
    collisions::notices(&survey.notices, style, out)
}

/// Who conflicts with whom: on the board everybody finds what concerns them without asking further.
fn conflicts_by_name(survey: &Survey, style: &Style, out: &mut impl Write) -> io::Result<()> {
    let label = |at: usize| safe::text(&survey.instances[at].label);
    let conflicts: Vec<_> = survey.counting().collect();
    for overlap in conflicts.iter().take(PAIRS) {
        let mut bad = overlap.paths.iter().filter(|path| path.grade == Grade::Conflict && path.blocks);
        let first = bad.next().map(|path| safe::text(path.path.as_bytes())).unwrap_or_default();
        let more = match bad.count() {
            0 => String::new(),
            n => format!(" and {n} more"),
        };
        let said = format!("{} conflicts with {} in {first}{more}", label(overlap.a), label(overlap.b));
        writeln!(out, "    {}", style.ink(Ink::Bad, &cut_end(&said, style.width.saturating_sub(4))))?;
    }
    match conflicts.len().saturating_sub(PAIRS) {
        0 => Ok(()),
        n => writeln!(out, "    {}", style.ink(Ink::Bad, &words::count(n, "more pair", "more pairs"))),
    }
}

fn overlap_counts(survey: &Survey) -> String {
    let number = |grade| survey.overlaps.count(grade);
    let said = [
        (number(Grade::Conflict), "conflict", "conflicts"),
        (number(Grade::Disjoint), "overlap that merges cleanly", "overlaps that merge cleanly"),
        (number(Grade::Identical), "pair with the same change", "pairs with the same changes"),
    ];
    let said: Vec<String> = said.iter().filter(|s| s.0 > 0).map(|&(n, one, many)| words::count(n, one, many)).collect();
    said.join(" · ")
}

/// `5 at work on main (4f2c91e)                2 conflicts`.
fn headline(survey: &Survey, width: usize, style: &Style, out: &mut impl Write) -> io::Result<()> {
    let left = match board::at_work(survey) {
        0 => format!("nobody at work on {}", target(survey)),
        n => format!("{n} at work on {}", target(survey)),
    };
    let (ink, right) = verdict(survey);
    let room = width.max(60).min(style.width).saturating_sub(left.width() + right.width()).max(3);
    writeln!(out, "{left}{}{}", " ".repeat(room), style.ink(ink, &right))
}

/// The answer itself, in two or three words.
fn verdict(survey: &Survey) -> (Ink, String) {
    let conflicts = survey.counting().count();
    let unknown = match survey.unknown() {
        0 => String::new(),
        unknown => format!(", {unknown} unknown"),
    };
    match (conflicts, unknown.is_empty()) {
        (0, true) => (Ink::Good, "no conflicts".to_owned()),
        (0, false) => (Ink::Caution, format!("no conflicts found{unknown}")),
        (n, _) => (Ink::Bad, words::count(n, "conflict", "conflicts") + &unknown),
    }
}

/// `main (4f2c91e)`, `main (no commit yet)`.
pub(crate) fn target(survey: &Survey) -> String {
    match (&survey.target.name, survey.target.tip) {
        (Some(name), Some(tip)) => format!("{} ({})", safe::text(name.short()), tip.short()),
        (Some(name), None) => format!("{} (no commit yet)", safe::text(name.short())),
        (None, Some(tip)) => tip.short(),
        (None, None) => "nothing yet".to_owned(),
    }
}

fn footer(survey: &Survey, view: View, style: &Style, out: &mut impl Write) -> io::Result<()> {
    let mut lines = Vec::new();
    if !view.all && view.min_grade < Grade::Conflict {
        lines.extend(collisions::folded(survey, "coord scan --all"));
    }
    if let Some(worst) = survey.counting().next() {
        let label = |at: usize| safe::shell(&survey.instances[at].label);
        let diff = format!("coord diff {} {}", label(worst.a), label(worst.b));
        lines.push(command("see one:", &diff, style));
    }
    if !lines.is_empty() {
        writeln!(out)?;
    }
    lines.iter().try_for_each(|line| writeln!(out, "  {line}"))
}

/// A next step: what for, and the command to copy.
pub(crate) fn command(what: &str, command: &str, style: &Style) -> String {
    format!("{what} {}", style.ink(Ink::Command, command))
}
