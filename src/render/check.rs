//! The screen of `coord check`: may I touch these paths?
//! Must not know: how the others' work was read.

use std::io::{self, Write};

use super::scan::command;
use super::style::{Ink, Style};
use super::table::{Cell, Column, Table};
use super::{collisions, safe, words};
use crate::domain::hunk::LineSpan;
use crate::domain::overlap::{ConflictKind, Grade};
use crate::domain::report::{Encounter, Facts, PathFacts};

/// Writes one answer a path, and who else is there.
pub fn human(facts: &Facts, style: &Style, out: &mut impl Write) -> io::Result<()> {
    for path in &facts.paths {
        answer(facts, path, style, out)?;
        let mut table = Table::new(4, &[Column::CutMiddle, Column::Left, Column::Cut, Column::Cut]);
        for encounter in &path.encounters {
            table.row(row(facts, encounter));
        }
        table.write(style, out)?;
    }
    let survey = &facts.survey;
    let worst = facts.paths.iter().flat_map(|path| path.encounters.iter().map(move |found| (path, found)));
    if let Some((path, found)) = worst.filter(|(_, found)| is_conflict(found)).max_by_key(|(_, found)| found.committed)
        && let Some(here) = &facts.here
    {
        let other = safe::shell(&survey.instances[found.other].label);
        let path = safe::shell_path(path.path.as_bytes());
        let diff = format!("coord diff {} {other} {path}", safe::shell(here));
        writeln!(out, "\n  {}", command("see it:", &diff, style))?;
    }
    for instance in survey.instances.iter().filter(|instance| instance.state.is_unknown()) {
        writeln!(out, "{} {} could not be read", style.ink(Ink::Caution, "?"), safe::text(&instance.label))?;
    }
    collisions::unknown(survey, false, style, out)?;
    collisions::notices(&survey.notices, style, out)
}

/// Whether what the asker has, or the lines asked about, would conflict.
fn is_conflict(encounter: &Encounter) -> bool {
    encounter.meets_lines.unwrap_or(encounter.overlap.grade == Grade::Conflict && encounter.overlap.blocks)
}

/// `src/api.rs conflicts with search`, `README.md is free: nobody else changed it`.
fn answer(facts: &Facts, path: &PathFacts, style: &Style, out: &mut impl Write) -> io::Result<()> {
    let name = style.ink(Ink::Strong, &safe::text(path.path.as_bytes()));
    let label = |encounter: &Encounter| facts.survey.instances[encounter.other].label.as_str();
    let bad: Vec<&str> = path.encounters.iter().filter(|found| is_conflict(found)).map(label).collect();
    let all = words::names(path.encounters.iter().map(label));
    let (ink, said) = match (&bad[..], path.lines) {
        ([], _) if path.claimed && path.encounters.is_empty() => (Ink::Bad, "is claimed".to_owned()),
        ([], _) if path.claimed => (Ink::Bad, format!("is claimed, and changed by {all} too: no conflict")),
        ([], None) if path.encounters.is_empty() => (Ink::Good, "is free: nobody else changed it".to_owned()),
        ([], Some(lines)) if path.encounters.is_empty() => {
            (Ink::Good, format!("{} free: nobody else changed the file", is_at(&[lines])))
        }
        ([], Some(lines)) => (Ink::Good, format!("{} free: {all} changed other lines", is_at(&[lines]))),
        ([], None) => (Ink::Plain, format!("is changed by {all} too: no conflict")),
        (bad, None) => (Ink::Bad, format!("conflicts with {}", words::names(bad.iter().copied()))),
        (bad, Some(lines)) => {
            let bad = words::names(bad.iter().copied());
            (Ink::Bad, format!("{}: an edit there conflicts with {bad}", words::at_lines(&[lines])))
        }
    };
    let mark = match (bad.is_empty() && !path.claimed, path.encounters.is_empty()) {
        (false, _) => "✗",
        (true, true) => "✓",
        (true, false) => "·",
    };
    writeln!(out, "{} {name} {}", style.ink(ink, mark), style.ink(ink, &said))
}

fn is_at(lines: &[LineSpan]) -> String {
    let one = lines.len() == 1 && lines[0].first >= lines[0].last;
    format!("{} {}", words::at_lines(lines), if one { "is" } else { "are" })
}

fn row(facts: &Facts, encounter: &Encounter) -> Vec<Cell> {
    let other = &facts.survey.instances[encounter.other];
    let ink = if is_conflict(encounter) { Ink::Bad } else { Ink::Plain };
    vec![
        Cell::new(ink, safe::text(&other.label)),
        Cell::plain(words::at_lines(&encounter.overlap.b_lines)),
        Cell::plain(evidence(encounter)),
        Cell::new(Ink::Faint, since(facts, encounter)),
    ]
}

fn evidence(encounter: &Encounter) -> String {
    let overlap = &encounter.overlap;
    match (encounter.meets_lines, overlap.grade, overlap.kind) {
        (Some(true), ..) => "meets these lines".to_owned(),
        (Some(false), ..) => "elsewhere".to_owned(),
        (None, Grade::Conflict, kind) => {
            let kind = kind.map_or("conflict", ConflictKind::name);
            let blocks = if overlap.blocks { "" } else { ", never blocks" };
            match words::lines(&overlap.a_lines) {
                lines if lines.is_empty() => format!("{kind}{blocks}"),
                lines => format!("{kind}, yours at {lines}{blocks}"),
            }
        }
        (None, Grade::Disjoint, _) => match overlap.gap {
            Some(gap) => format!("{} from yours", words::count(gap as usize, "line", "lines")),
            None if overlap.a_lines.is_empty() => String::new(),
            None => "merges cleanly with yours".to_owned(),
        },
        (None, Grade::Identical, _) => "the same change as yours".to_owned(),
    }
}

/// `"Full-text search", committed 3 h ago`.
fn since(facts: &Facts, encounter: &Encounter) -> String {
    let survey = &facts.survey;
    let state = if encounter.committed { "committed" } else { "not committed" };
    let when = encounter.since.map(|then| format!(" {}", words::ago(survey.now, then))).unwrap_or_default();
    let when = match encounter.committed {
        true => format!("{state}{when}"),
        false if when.is_empty() => state.to_owned(),
        false => format!("{state}, touched{when}"),
    };
    let task = words::task(survey.instances[encounter.other].task.as_deref());
    task.map_or(when.clone(), |task| format!("{when}, {task}"))
}
