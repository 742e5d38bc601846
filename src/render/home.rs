//! The screen of `coord` alone: is my worktree clear?
//! Must not know: how it was found out.

use std::io::{self, Write};

use super::scan::{self, View, command};
use super::style::{Ink, Style};
use super::table::{Cell, Column, Table, cut_end, cut_front};
use super::{board, collisions, safe, words};
use crate::domain::instance::{Instance, State};
use crate::domain::overlap::{Grade, PathOverlap};
use crate::domain::report::{Overlap, Survey, TargetConflict};

/// How many lower overlaps are worth a line here.
const LOWER: usize = 3;
/// How many columns a path in a sentence gets.
const PATH: usize = 60;
/// How many conflicting paths are shown.
const CONFLICTS: usize = 8;

/// Writes the one screen. Where the command was not run inside an instance, everybody's.
pub fn human(survey: &Survey, style: &Style, out: &mut impl Write) -> io::Result<()> {
    let Some(here) = survey.here else {
        return scan::human(survey, View { all: false, min_grade: Grade::Identical }, style, out);
    };
    let mine: Vec<Meeting<'_>> =
        survey.overlaps.iter().filter_map(|overlap| Meeting::of(survey, here, overlap)).collect();
    let needs_rebase = survey.target_conflicts.iter().find(|conflict| conflict.instance == here);
    answer(survey, here, &mine, needs_rebase, style, out)?;
    conflicts(survey, here, &mine, style, out)?;
    if let Some(conflict) = needs_rebase {
        writeln!(out, "{} {}", style.ink(Ink::Caution, "✗"), rebase(survey, conflict))?;
    }
    lower(survey, &mine, style, out)?;
    if let Some(first) = mine.iter().find(|meeting| meeting.overlap.counts()) {
        let label = |instance: &Instance| safe::shell(&instance.label);
        let diff = format!("coord diff {} {}", label(&survey.instances[here]), label(first.other));
        writeln!(out, "\n  {}", command("see it:", &diff, style))?;
    }
    collisions::unknown(survey, false, style, out)?;
    collisions::notices(&survey.notices, style, out)
}

/// An overlap of the asking instance, from its side.
struct Meeting<'a> {
    other: &'a Instance,
    overlap: &'a Overlap,
}

impl<'a> Meeting<'a> {
    fn of(survey: &'a Survey, here: usize, overlap: &'a Overlap) -> Option<Self> {
        let other = match (overlap.a == here, overlap.b == here) {
            (true, _) => overlap.b,
            (_, true) => overlap.a,
            _ => return None,
        };
        Some(Self { other: &survey.instances[other], overlap })
    }

    fn conflicts(&self) -> impl Iterator<Item = &'a PathOverlap> {
        self.overlap.paths.iter().filter(|path| path.grade == Grade::Conflict && path.blocks)
    }
}

/// `payments is clear of conflicts.     3 files changed · 2 others at work`.
fn answer(
    survey: &Survey,
    here: usize,
    mine: &[Meeting<'_>],
    needs_rebase: Option<&TargetConflict>,
    style: &Style,
    out: &mut impl Write,
) -> io::Result<()> {
    let me = &survey.instances[here];
    let name = words::label(&me.label);
    let others: Vec<&str> =
        mine.iter().filter(|meeting| meeting.overlap.counts()).map(|meeting| meeting.other.label.as_str()).collect();
    let (ink, said) = match (&me.state, &others[..]) {
        (State::Unknown { reason }, _) => (Ink::Caution, format!("{name} is unknown: {}", safe::text(reason))),
        (_, []) if needs_rebase.is_some() => (Ink::Caution, format!("{name} needs a rebase.")),
        (_, []) if me.working_set.is_empty() => (Ink::Good, format!("{name} has no changes.")),
        (_, []) => (Ink::Good, format!("{name} is clear of conflicts.")),
        (_, others) => (Ink::Bad, format!("{name} conflicts with {}.", words::names(others.iter().copied()))),
    };
    writeln!(out, "{}", words::beside((ink, &said), &aside(survey, me), style))
}

fn aside(survey: &Survey, me: &Instance) -> String {
    let mut facts = Vec::new();
    match me.working_set.changes.len() {
        0 => {}
        n => facts.push(words::count(n, "file changed", "files changed")),
    }
    facts.push(match board::at_work(survey) - usize::from(board::is_at_work(me)) {
        0 => "nobody else at work".to_owned(),
        n => words::count(n, "other at work", "others at work"),
    });
    facts.join(" · ")
}

fn conflicts(
    survey: &Survey,
    here: usize,
    mine: &[Meeting<'_>],
    style: &Style,
    out: &mut impl Write,
) -> io::Result<()> {
    let mut table = Table::new(0, &[Column::CutMiddle, Column::CutFront, Column::Left, Column::Cut]);
    let counting = || mine.iter().filter(|meeting| meeting.overlap.counts());
    let all: Vec<(&Meeting<'_>, &PathOverlap)> =
        counting().flat_map(|meeting| meeting.conflicts().map(move |path| (meeting, path))).collect();
    for (meeting, path) in all.iter().take(CONFLICTS) {
        let (a, b) = (&survey.instances[meeting.overlap.a], &survey.instances[meeting.overlap.b]);
        table.row(vec![
            Cell::new(Ink::Bad, format!("✗ {}", safe::text(&meeting.other.label))),
            Cell::plain(safe::text(path.path.as_bytes())),
            Cell::plain(my_lines(path, meeting.overlap.a == here)),
            Cell::new(Ink::Faint, words::evidence(path, a, b)),
        ]);
    }
    if !all.is_empty() {
        writeln!(out)?;
    }
    table.write(style, out)?;
    if all.len() > CONFLICTS {
        let more = words::count(all.len() - CONFLICTS, "more path", "more paths");
        writeln!(out, "  and {more} ({})", style.ink(Ink::Command, "coord scan --all"))?;
    }
    Ok(())
}

/// The lines in one's own file, which are those one can look at.
fn my_lines(path: &PathOverlap, is_a: bool) -> String {
    words::at_lines(if is_a { &path.a_own } else { &path.b_own })
}

/// `src/db.rs no longer merges into main (4f2c91e)`.
fn rebase(survey: &Survey, conflict: &TargetConflict) -> String {
    let paths = conflict.paths.iter().map(|path| String::from_utf8_lossy(path.path.as_bytes()).into_owned());
    let paths: Vec<String> = paths.collect();
    let verb = if conflict.complete && paths.len() > 1 { "no longer merge into" } else { "no longer merges into" };
    let more = if conflict.complete { "" } else { " and more" };
    format!("{}{more} {verb} {}", words::names(paths.iter().map(String::as_str)), scan::target(survey))
}

/// `search edits src/api.rs too, 31 lines away: merges cleanly`.
fn lower(survey: &Survey, mine: &[Meeting<'_>], style: &Style, out: &mut impl Write) -> io::Result<()> {
    let all: Vec<String> = mine
        .iter()
        .flat_map(|meeting| meeting.overlap.paths.iter().map(move |path| (meeting, path)))
        .filter_map(|(meeting, path)| lower_line(meeting, path))
        .collect();
    for line in all.iter().take(LOWER) {
        writeln!(out, "{}", style.ink(Ink::Faint, &cut_end(line, style.width)))?;
    }
    if all.len() > LOWER {
        let more = words::count(all.len() - LOWER, "more overlap", "more overlaps");
        writeln!(out, "{}", style.ink(Ink::Faint, &format!("· and {more} that need nothing (coord scan --all)")))?;
    }
    let elsewhere = survey.counting().count() - mine.iter().filter(|meeting| meeting.overlap.counts()).count();
    if elsewhere > 0 {
        let said = words::count(elsewhere, "conflict between others", "conflicts between others");
        writeln!(out, "{}", style.ink(Ink::Faint, &format!("· {said} (coord scan)")))?;
    }
    Ok(())
}

fn lower_line(meeting: &Meeting<'_>, path: &PathOverlap) -> Option<String> {
    let other = words::label(&meeting.other.label);
    let at = cut_front(&safe::text(path.path.as_bytes()), PATH);
    match (path.grade, path.gap) {
        (Grade::Conflict, _) if meeting.overlap.acknowledged => {
            Some(format!("· {other} conflicts in {at}: acknowledged"))
        }
        (Grade::Conflict, _) if path.blocks => None,
        (Grade::Conflict, _) => Some(format!("· {other} conflicts in {at}, which never blocks")),
        (Grade::Disjoint, Some(gap)) => {
            let lines = words::count(gap as usize, "line", "lines");
            Some(format!("· {other} edits {at} too, {lines} away: merges cleanly"))
        }
        (Grade::Disjoint, None) => Some(format!("· {other} edits {at} too: merges cleanly")),
        (Grade::Identical, _) => Some(format!("· {other} made the same change to {at}")),
    }
}
