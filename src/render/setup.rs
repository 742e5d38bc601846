//! The screens of `coord install`, `uninstall`, `doctor` and `config`.
//! Must not know: how hooks are put in, where settings stand.

use std::io::{self, Write};

use super::scan::command;
use super::style::{Ink, Style};
use super::table::{Cell, Column, Table};
use super::{collisions, safe, words};
use crate::domain::policy::Mode;
use crate::domain::setup::{
    Action, DoctorReport, HookChange, InstallReport, Level, Means, Setting, Snippet, Source, UninstallReport,
};

/// Writes what `coord install` did, what is left to do by hand, and how to see that it works.
pub fn install(report: &InstallReport, style: &Style, out: &mut impl Write) -> io::Result<()> {
    let (ink, said) = match (report.succeeded(), report.changes.iter().all(|change| is_by_hand(&change.action))) {
        (false, _) => (Ink::Bad, "not every hook could be set up".to_owned()),
        (true, true) if !report.changes.is_empty() => {
            (Ink::Caution, "nothing changed yet: add these lines by hand".to_owned())
        }
        (true, _) => (Ink::Good, format!("hooks are set up: {}", mode(report.mode))),
    };
    writeln!(out, "{}", words::beside((ink, &said), &means(&report.means), style))?;
    let folder = match &report.means {
        Means::Folder(folder) | Means::Tracked(folder) => folder.to_str().unwrap_or_default(),
        Means::Configuration => "",
    };
    changes(&report.changes, folder, style, out)?;
    snippets(&report.snippets, style, out)?;
    collisions::notices(&report.notices, style, out)?;
    writeln!(out, "\n  {}", command("see that they fire:", "coord doctor", style))
}

/// Writes what `coord uninstall` took out.
pub fn uninstall(report: &UninstallReport, style: &Style, out: &mut impl Write) -> io::Result<()> {
    let (ink, said) = match (report.succeeded(), report.changes.is_empty()) {
        (false, _) => (Ink::Bad, "not every hook could be taken out"),
        (true, true) => (Ink::Plain, "no hooks of coord's were set up here"),
        (true, false) => (Ink::Good, "hooks are taken out; the rest is as it was"),
    };
    writeln!(out, "{}", style.ink(ink, said))?;
    changes(&report.changes, "", style, out)?;
    snippets(&report.snippets, style, out)?;
    collisions::notices(&report.notices, style, out)
}

fn mode(mode: Mode) -> &'static str {
    match mode {
        Mode::Enforce => "a conflicting commit is blocked",
        Mode::Warn => "a conflicting commit is warned of",
        Mode::Monitor => "conflicting commits are recorded",
    }
}

fn means(means: &Means) -> String {
    match means {
        Means::Configuration => "in git's configuration".to_owned(),
        Means::Folder(folder) | Means::Tracked(folder) => {
            format!("in {}", safe::text(folder.as_os_str().as_encoded_bytes()))
        }
    }
}

fn is_by_hand(action: &Action) -> bool {
    matches!(action, Action::ByHand | Action::Failed(_))
}

/// One row a hook, hooks with the same fate in the same place together; the folder that was `said` already is left out.
fn changes(changes: &[HookChange], said: &str, style: &Style, out: &mut impl Write) -> io::Result<()> {
    let mut table = Table::new(2, &[Column::Left, Column::Cut, Column::Cut]);
    let mut rest = changes;
    while let Some(first) = rest.first() {
        let alike =
            |change: &&HookChange| change.action == first.action && folder(&change.place) == folder(&first.place);
        let n = rest.iter().take_while(alike).count();
        let hooks: Vec<&str> = rest[..n].iter().map(|change| change.hook.as_str()).collect();
        let (ink, did) = action(&first.action);
        let place = safe::text(if n == 1 { first.place.as_str() } else { folder(&first.place) });
        let place = if n > 1 && folder(&first.place) == said { String::new() } else { place };
        let place = match &first.action {
            Action::Chained(behind) => format!("{place}, then {}", safe::text(behind.as_os_str().as_encoded_bytes())),
            Action::Failed(why) => format!("{place}: {}", safe::text(why)),
            _ => place,
        };
        table.row(vec![Cell::new(ink, did), Cell::plain(safe::text(hooks.join(", "))), Cell::new(Ink::Faint, place)]);
        rest = &rest[n..];
    }
    table.write(style, out)
}

/// The folder of a file; a configuration key as it is, without the hook's part.
fn folder(place: &str) -> &str {
    place.rsplit_once(['/', '\\']).map_or("", |(folder, _)| folder)
}

fn action(action: &Action) -> (Ink, &'static str) {
    match action {
        Action::Written => (Ink::Good, "added"),
        Action::Inserted => (Ink::Good, "put in front"),
        Action::Chained(_) => (Ink::Good, "chained"),
        Action::Updated => (Ink::Good, "updated"),
        Action::Unchanged => (Ink::Faint, "stands already"),
        Action::Covered => (Ink::Faint, "called already"),
        Action::ByHand => (Ink::Caution, "by hand"),
        Action::TakenOut => (Ink::Good, "taken out"),
        Action::Deleted => (Ink::Good, "removed"),
        Action::Restored => (Ink::Good, "restored"),
        Action::Failed(_) => (Ink::Bad, "failed"),
    }
}

/// Lines to copy, each file's by itself. They are coord's own, so they are written as they are.
fn snippets(snippets: &[Snippet], style: &Style, out: &mut impl Write) -> io::Result<()> {
    for snippet in snippets {
        writeln!(out, "\n{}: {}", style.ink(Ink::Strong, &safe::text(&snippet.file)), safe::text(&snippet.what))?;
        for line in snippet.text.lines() {
            writeln!(out, "    {}", style.ink(Ink::Command, &safe::line(line.as_bytes())))?;
        }
    }
    Ok(())
}

/// Writes the doctor's findings: the answer, then each finding with what mends it.
pub fn doctor(report: &DoctorReport, style: &Style, out: &mut impl Write) -> io::Result<()> {
    let number = |level| report.findings.iter().filter(|finding| finding.level == level).count();
    let (problems, warnings) = (number(Level::Problem), number(Level::Warning));
    let (ink, said) = match (problems, warnings) {
        (0, 0) => (Ink::Good, "the hooks fire; nothing is in the way".to_owned()),
        (0, n) => {
            (Ink::Caution, format!("the hooks fire, with {}", words::count(n, "thing to know", "things to know")))
        }
        (n, _) => (
            Ink::Bad,
            format!("{}: a conflicting commit could go through unseen", words::count(n, "problem", "problems")),
        ),
    };
    writeln!(out, "{}\n", style.ink(ink, &said))?;
    for finding in &report.findings {
        let (ink, mark) = match finding.level {
            Level::Ok => (Ink::Good, "ok"),
            Level::Warning => (Ink::Caution, "note"),
            Level::Problem => (Ink::Bad, "problem"),
        };
        writeln!(out, "  {}{} {}", style.ink(ink, mark), " ".repeat(8 - mark.len()), safe::text(&finding.what))?;
        if let Some(fix) = &finding.fix {
            writeln!(out, "           {}", style.ink(Ink::Command, &safe::text(fix)))?;
        }
    }
    Ok(())
}

/// Writes every setting: its value, where that came from, and what it does.
pub fn config(settings: &[Setting], style: &Style, out: &mut impl Write) -> io::Result<()> {
    for setting in settings {
        let ink = if setting.source == Source::Default { Ink::Plain } else { Ink::Good };
        let (value, from) = (style.ink(ink, &value(&setting.value)), style.ink(Ink::Faint, &source(&setting.source)));
        writeln!(out, "{} = {value}     {from}", style.ink(Ink::Strong, setting.name))?;
        writeln!(out, "  {}", setting.meaning)?;
    }
    if settings.len() > 1 {
        writeln!(out, "\n  {}", command("set one for this repository:", "coord config mode warn", style))?;
    }
    Ok(())
}

fn value(value: &str) -> String {
    if value.is_empty() { "-".to_owned() } else { safe::text(value) }
}

fn source(source: &Source) -> String {
    match source {
        Source::Default => "default".to_owned(),
        Source::Global(file) | Source::Local(file) | Source::Team(file) => safe::text(file),
        Source::Environment(name) => format!("environment {}", safe::text(name)),
        Source::Flag(name) => format!("flag {}", safe::text(name)),
    }
}
