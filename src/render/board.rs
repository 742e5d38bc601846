//! The table of instances: who is at work, how much, since when.
//! Must not know: the collisions, which command shows it.

use std::collections::BTreeMap;
use std::io::{self, Write};

use super::collisions;
use super::safe;
use super::style::{Ink, Style};
use super::table::{Cell, Column, Table};
use super::words;
use crate::domain::instance::{Instance, State};
use crate::domain::report::{Survey, TargetConflict};

/// How many rows stand before the rest is folded.
const ROWS: usize = 20;

/// The table, and what was folded out of it.
pub(crate) struct Board {
    table: Table,
    folded: Vec<String>,
    unreadable: Vec<String>,
    all: bool,
}

impl Board {
    /// Chooses the rows: everybody with work, those in a conflict first where there are too many.
    pub(crate) fn of(survey: &Survey, all: bool) -> Self {
        let unlanded: BTreeMap<usize, &TargetConflict> =
            survey.target_conflicts.iter().map(|conflict| (conflict.instance, conflict)).collect();
        let needs_rebase = |at: usize| unlanded.get(&at).copied();
        let (mut shown, hidden): (Vec<usize>, Vec<usize>) =
            (0..survey.instances.len()).partition(|&at| all || is_shown(survey, at, needs_rebase(at).is_some()));
        let total = shown.len();
        if !all && total > ROWS {
            let colliding = colliding(survey);
            shown.sort_by_key(|&at| (!colliding[at], youngest_first(survey, at)));
            shown.truncate(ROWS);
        }
        shown.sort_by_key(|&at| youngest_first(survey, at));
        let mut table = Table::new(
            0,
            &[Column::CutMiddle, Column::Left, Column::Right, Column::Right, Column::Right, Column::Cut, Column::Left],
        );
        for &at in &shown {
            table.row(row(survey, at, needs_rebase(at)));
        }
        Self { table, folded: folded(survey, &hidden, total - shown.len()), unreadable: unreadable(survey), all }
    }

    /// How wide the table comes out.
    pub(crate) fn width(&self, style: &Style) -> usize {
        self.table.width(style)
    }

    /// Writes the table; `more` is the command that shows what was folded.
    pub(crate) fn write(&self, more: &str, style: &Style, out: &mut impl Write) -> io::Result<()> {
        self.table.write(style, out)?;
        if !self.folded.is_empty() {
            let said = format!("also {} ({more})", self.folded.join(", "));
            writeln!(out, "  {}", style.ink(Ink::Faint, &said))?;
        }
        let unreadable = self.unreadable.iter().cloned();
        collisions::doubts(unreadable, self.all, |n| format!("{n} more are unknown ({more})"), style, out)
    }
}

fn youngest_first(survey: &Survey, at: usize) -> (std::cmp::Reverse<Option<i64>>, usize) {
    (std::cmp::Reverse(survey.instances[at].touched.map(|t| t.0)), at)
}

/// By instance, whether it has a conflict that counts, or asks.
fn colliding(survey: &Survey) -> Vec<bool> {
    let mut colliding = vec![false; survey.instances.len()];
    for at in survey.counting().flat_map(|overlap| [overlap.a, overlap.b]).chain(survey.here) {
        colliding[at] = true;
    }
    colliding
}

fn is_shown(survey: &Survey, at: usize, needs_rebase: bool) -> bool {
    let instance = &survey.instances[at];
    let live = !matches!(instance.state, State::Dormant | State::Landed | State::Unknown { .. });
    survey.here == Some(at) || is_at_work(instance) || (live && needs_rebase)
}

fn row(survey: &Survey, at: usize, needs_rebase: Option<&TargetConflict>) -> Vec<Cell> {
    let instance = &survey.instances[at];
    let state = words::state(instance, needs_rebase.is_some());
    let ink = match state {
        "in progress" => Ink::Good,
        "needs rebase" | "unknown" => Ink::Caution,
        "idle" | "dormant" | "landed" => Ink::Faint,
        _ => Ink::Plain,
    };
    let files = instance.working_set.changes.len();
    let lines = |count: Option<u32>, sign: char| count.filter(|_| files > 0).map(|n| format!("{sign}{n}"));
    vec![
        Cell::new(
            Ink::Strong,
            format!("{} {}", if survey.here == Some(at) { '*' } else { ' ' }, safe::text(&instance.label)),
        ),
        Cell::new(ink, state),
        Cell::plain(match files {
            0 if instance.state.is_unknown() => String::new(),
            0 => "no changes".to_owned(),
            files => words::count(files, "file", "files"),
        }),
        Cell::new(Ink::Good, lines(instance.working_set.added_lines, '+').unwrap_or_default()),
        Cell::new(Ink::Bad, lines(instance.working_set.deleted_lines, '−').unwrap_or_default()),
        about(instance, needs_rebase),
        Cell::new(Ink::Faint, instance.touched.map(|then| words::span(survey.now.since(then))).unwrap_or_default()),
    ]
}

/// What to know of an instance besides numbers: where it does not land, else its task, else its branch.
fn about(instance: &Instance, needs_rebase: Option<&TargetConflict>) -> Cell {
    if let Some([first, rest @ ..]) = needs_rebase.map(|conflict| &conflict.paths[..]) {
        let more = if rest.is_empty() { String::new() } else { format!(" and {} more", rest.len()) };
        return Cell::plain(safe::text(first.path.as_bytes()) + &more);
    }
    match words::task(instance.task.as_deref()) {
        Some(task) => Cell::plain(task),
        None => Cell::new(Ink::Faint, words::place(instance)),
    }
}

fn folded(survey: &Survey, hidden: &[usize], cut: usize) -> Vec<String> {
    let states = [("with no changes", State::Idle), ("landed", State::Landed), ("dormant", State::Dormant)];
    let mut folded = Vec::new();
    if cut > 0 {
        folded.push(format!("{cut} more at work"));
    }
    for (said, state) in states {
        let alike = |at: &&usize| match &survey.instances[**at].state {
            State::InProgress => state == State::Idle,
            other => *other == state,
        };
        match hidden.iter().filter(alike).count() {
            0 => {}
            n => folded.push(format!("{n} {said}")),
        }
    }
    folded
}

fn unreadable(survey: &Survey) -> Vec<String> {
    let reason = |instance: &Instance| match &instance.state {
        State::Unknown { reason } => {
            Some(format!("{} is unknown: {}", safe::text(&instance.label), safe::text(reason)))
        }
        _ => None,
    };
    survey.instances.iter().filter_map(reason).collect()
}

/// How many are at work.
pub(crate) fn at_work(survey: &Survey) -> usize {
    survey.instances.iter().filter(|instance| is_at_work(instance)).count()
}

/// Whether the instance has work of its own, a task, or git in the middle of something, and is not over.
pub(crate) fn is_at_work(instance: &Instance) -> bool {
    let over = matches!(instance.state, State::Dormant | State::Landed | State::Unknown { .. });
    !over && (!instance.working_set.is_empty() || instance.task.is_some() || instance.operation.is_some())
}
