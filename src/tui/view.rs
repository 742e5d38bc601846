//! The model, drawn: lists side by side or one below the other, as the terminal is wide, and what lies over them.
//! Must not know: keys, where news come from.

mod matrix;

use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::style::{Color, Modifier, Style};
use ratatui::text::{Line, Span};
use ratatui::widgets::{Block, Borders, Paragraph};
use unicode_width::UnicodeWidthChar as _;

use super::model::{Model, Over, Pane};
use super::page;
use crate::domain::instance::{Instance, State};
use crate::domain::overlap::Grade;
use crate::domain::report::{Overlap, Survey};
use crate::render::style::Ink;
use crate::render::{diff, log, safe, words};

/// From this width on the matrix stands beside the lists.
const WIDE: u16 = 140;

/// From this height on the collision at hand stands below the lists.
const TALL: u16 = 36;

/// From this width on an instance's row says how many lines it changed.
const ROOMY: usize = 100;

const HELP: &[&str] = &[
    " Tab, ←, →     another list",
    " ↑, ↓, j, k    up, down",
    " PgUp, PgDn    a page",
    " g, G          first, last",
    " Enter         both sides' lines of a collision; the collisions of an instance",
    " m             who meets whom, as a matrix",
    " /             only names, paths and kinds with this in them",
    " a             acknowledge the selected collision for 8 h",
    " r             release an acknowledgement, or the selected instance's claims",
    " e             open its file in your editor",
    " Esc           back; show all",
    " q             leave",
    "",
    " Nothing depends on this screen: hooks and checks work without it.",
];

/// Draws all of it.
pub(super) fn draw(model: &mut Model, frame: &mut Frame<'_>) {
    let area = frame.area();
    let [top, middle, bottom] =
        Layout::vertical([Constraint::Length(1), Constraint::Min(1), Constraint::Length(1)]).areas(area);
    frame.render_widget(Paragraph::new(headline(model, usize::from(top.width))), top);
    match model.over {
        Over::Nothing => lists(model, frame, middle),
        Over::Detail => over(model, frame, middle, "what collides", detail(model, middle.width)),
        Over::Matrix => {
            let lines = matrix::lines(model, usize::from(middle.width.saturating_sub(2)));
            over(model, frame, middle, "who meets whom", lines);
        }
        Over::Help => over(model, frame, middle, "keys", HELP.iter().map(|line| Line::raw(*line)).collect()),
    }
    frame.render_widget(Paragraph::new(footer(model)), bottom);
}

/// A style for an ink: colour only where there is any, as everywhere it repeats what a word says.
pub(super) fn style(model: &Model, ink: Ink) -> Style {
    let style = match ink {
        Ink::Strong => Style::new().add_modifier(Modifier::BOLD),
        Ink::Faint if model.colour => Style::new().add_modifier(Modifier::DIM),
        _ => Style::new(),
    };
    let colour = match ink {
        Ink::Bad => Color::Red,
        Ink::Caution => Color::Yellow,
        Ink::Good => Color::Green,
        Ink::Command => Color::Cyan,
        Ink::Plain | Ink::Strong | Ink::Faint => return style,
    };
    if model.colour { style.fg(colour) } else { style }
}

fn headline(model: &Model, width: usize) -> Line<'static> {
    let Some(survey) = &model.survey else {
        let done = if model.looking == 0 { String::new() } else { format!(" {} %", model.looking) };
        return Line::raw(format!(" coord: looking…{done}"));
    };
    let target = survey.target.name.as_ref().map(|name| safe::text(name.short())).unwrap_or_default();
    let at_work = survey.instances.iter().filter(|instance| !instance.working_set.changes.is_empty()).count();
    let conflicts = survey.counting().count();
    let (ink, found) = match conflicts {
        0 => (Ink::Good, "no conflicts".to_owned()),
        n => (Ink::Bad, words::count(n, "conflict", "conflicts")),
    };
    let left = format!(" {at_work} at work on {target}   ");
    let right = format!("looked {} in {} ms ", words::ago(model.now, survey.now), model.took.as_millis());
    let used = left.chars().count() + found.len() + right.chars().count();
    let mut spans = vec![Span::styled(left, style(model, Ink::Strong)), Span::styled(found, style(model, ink))];
    if used < width {
        spans.push(Span::raw(" ".repeat(width - used)));
        spans.push(Span::styled(right, style(model, Ink::Faint)));
    }
    Line::from(spans)
}

fn footer(model: &Model) -> Line<'static> {
    if model.typing {
        return Line::raw(format!(" filter: {}▏", safe::text(&model.filter)));
    }
    if let Some(what) = &model.trouble {
        return Line::styled(format!(" could not look: {}", safe::text(what)), style(model, Ink::Caution));
    }
    if let Some(said) = &model.said {
        return Line::styled(format!(" {}", safe::text(said)), style(model, Ink::Strong));
    }
    let filter = match &*model.filter {
        "" => String::new(),
        filter => format!("only {:?}, Esc shows all   ", safe::text(filter)),
    };
    let keys = "? help  Tab list  Enter lines  m matrix  / filter  a acknowledge  q leave";
    Line::styled(format!(" {filter}{keys}"), style(model, Ink::Faint))
}

fn lists(model: &mut Model, frame: &mut Frame<'_>, area: Rect) {
    model.roomy = area.width >= WIDE || area.height >= TALL;
    let left = if area.width >= WIDE {
        let [left, right] = Layout::horizontal([Constraint::Percentage(58), Constraint::Percentage(42)]).areas(area);
        beside(model, frame, right);
        left
    } else if model.roomy {
        let [above, below] = Layout::vertical([Constraint::Min(3), Constraint::Percentage(35)]).areas(area);
        at_hand(model, frame, below);
        above
    } else {
        area
    };
    let collisions = u16::try_from(model.shown_overlaps().len()).unwrap_or(u16::MAX);
    let instances = u16::try_from(model.shown_instances().len()).unwrap_or(u16::MAX);
    // Each gets what it needs, the collisions first; events take the rest, and at least a few lines.
    let room = left.height.saturating_sub(5);
    let for_collisions = collisions.saturating_add(2).clamp(3, (room / 2).max(3));
    let for_instances = instances.saturating_add(2).clamp(3, room.saturating_sub(for_collisions).max(3));
    let [first, second, third] =
        Layout::vertical([Constraint::Length(for_collisions), Constraint::Length(for_instances), Constraint::Min(3)])
            .areas(left);
    model.page = usize::from(first.height.saturating_sub(3)).max(1);
    let width = usize::from(left.width.saturating_sub(4));
    let rows = model.shown_overlaps().iter().map(|overlap| collision(model, overlap, width)).collect();
    list(model, frame, first, Pane::Collisions, "collisions", rows);
    let rows = model.shown_instances().iter().map(|instance| instance_row(model, instance, width)).collect();
    list(model, frame, second, Pane::Instances, "instances", rows);
    let rows = model.shown_events().iter().map(|event| event_row(model, event, width)).collect();
    list(model, frame, third, Pane::Events, "events", rows);
}

/// The matrix, and the collision at hand below it.
fn beside(model: &Model, frame: &mut Frame<'_>, area: Rect) {
    let lines = matrix::lines(model, usize::from(area.width.saturating_sub(2)));
    let needed = u16::try_from(lines.len()).unwrap_or(u16::MAX).saturating_add(2);
    let [above, below] =
        Layout::vertical([Constraint::Length(needed.min(area.height / 2)), Constraint::Min(3)]).areas(area);
    let block = Block::new().borders(Borders::ALL).title(" who meets whom ");
    frame.render_widget(Paragraph::new(lines).block(block), above);
    at_hand(model, frame, below);
}

/// Both sides' lines of the collision at hand, as far as there is room.
fn at_hand(model: &Model, frame: &mut Frame<'_>, area: Rect) {
    let pair = model.selected().map(|(a, b, _)| format!("{} ↔ {}", words::label(&a.label), words::label(&b.label)));
    let height = usize::from(area.height.saturating_sub(2));
    let lines = detail(model, area.width);
    let more = if lines.len() > height { ", Enter for all" } else { "" };
    let title = pair.map_or_else(|| " at hand: nothing ".to_owned(), |pair| format!(" at hand: {pair}{more} "));
    let lines: Vec<Line<'static>> = lines.into_iter().take(height).collect();
    frame.render_widget(Paragraph::new(lines).block(Block::new().borders(Borders::ALL).title(title)), area);
}

fn list(model: &Model, frame: &mut Frame<'_>, area: Rect, pane: Pane, title: &str, rows: Vec<Line<'static>>) {
    let cursor = match pane {
        Pane::Collisions => model.collisions,
        Pane::Instances => model.instances,
        Pane::Events => model.log,
    };
    let focused = model.pane == pane;
    let height = usize::from(area.height.saturating_sub(2));
    let first = (cursor.at + 1).saturating_sub(height);
    let total = rows.len();
    let shown: Vec<Line<'static>> = rows
        .into_iter()
        .enumerate()
        .skip(first)
        .take(height)
        .map(|(at, row)| {
            let is_here = focused && at == cursor.at;
            let mark = Span::raw(if is_here { "> " } else { "  " });
            let line = std::iter::once(mark).chain(row.spans).collect::<Line<'_>>();
            if is_here { line.style(Style::new().add_modifier(Modifier::REVERSED)) } else { line }
        })
        .collect();
    let more = if total > height {
        format!(", {}–{} of {total}", first + 1, (first + height).min(total))
    } else {
        String::new()
    };
    let block = Block::new().borders(Borders::ALL).title(format!(" {title}{more} ")).border_style(if focused {
        Style::new()
    } else {
        style(model, Ink::Faint)
    });
    let empty = shown.is_empty();
    let paragraph = if empty { Paragraph::new(nothing(model, pane)) } else { Paragraph::new(shown) };
    frame.render_widget(paragraph.block(block), area);
}

fn nothing(model: &Model, pane: Pane) -> Line<'static> {
    Line::styled(
        match pane {
            _ if model.survey.is_none() => "  looking…",
            _ if !model.filter.is_empty() => "  nothing of that name",
            Pane::Collisions => "  nobody changes what another changes",
            Pane::Instances => "  nobody is at work",
            Pane::Events => "  nothing happened yet",
        },
        style(model, Ink::Faint),
    )
}

fn collision(model: &Model, overlap: &Overlap, width: usize) -> Line<'static> {
    let Some(survey) = &model.survey else { return Line::default() };
    let (a, b) = (&survey.instances[overlap.a], &survey.instances[overlap.b]);
    let (ink, what) = grade(overlap);
    let pair = format!("{} ↔ {}", words::label(&a.label), words::label(&b.label));
    let worst = overlap.paths.iter().rev().max_by_key(|path| (path.grade, path.blocks));
    let path = worst.map(|path| safe::text(path.path.as_bytes())).unwrap_or_default();
    let lines = worst.map(words::both_lines).unwrap_or_default();
    let more = match overlap.paths.len() {
        0 | 1 => String::new(),
        n => format!(" and {} more", n - 1),
    };
    let pair = fit(&pair, (width / 3).max(20));
    let rest = [path, lines].join(" ").trim_end().to_owned() + &more;
    let room = width.saturating_sub((width / 3).max(20) + 18);
    Line::from(vec![
        Span::styled(fit(what, 16), style(model, ink)),
        Span::styled(pair, style(model, Ink::Strong)),
        Span::raw("  "),
        Span::raw(cut(&rest, room)),
    ])
}

pub(super) fn grade(overlap: &Overlap) -> (Ink, &'static str) {
    match overlap.grade {
        Grade::Conflict if overlap.acknowledged => (Ink::Caution, "acknowledged"),
        Grade::Conflict if overlap.counts() => (Ink::Bad, "conflict"),
        Grade::Conflict => (Ink::Caution, "conflict, warns"),
        Grade::Disjoint => (Ink::Plain, "merges cleanly"),
        Grade::Identical => (Ink::Faint, "same change"),
    }
}

fn needs_rebase(survey: &Survey, instance: &Instance) -> bool {
    survey.target_conflicts.iter().any(|conflict| survey.instances[conflict.instance].identity == instance.identity)
}

fn instance_row(model: &Model, instance: &Instance, width: usize) -> Line<'static> {
    let behind = model.survey.as_ref().is_some_and(|survey| needs_rebase(survey, instance));
    let ink = match instance.state {
        _ if behind => Ink::Caution,
        State::InProgress => Ink::Good,
        State::Unknown { .. } => Ink::Caution,
        State::Idle => Ink::Plain,
        State::Dormant | State::Landed => Ink::Faint,
    };
    let files = words::count(instance.working_set.changes.len(), "file", "files");
    let size = match (instance.working_set.added_lines, instance.working_set.deleted_lines) {
        (Some(added), Some(deleted)) => format!("+{added} −{deleted}"),
        _ => String::new(),
    };
    let since = instance.touched.map(|touched| words::span(model.now.since(touched))).unwrap_or_default();
    let claimed = model.claimed(instance);
    let claimed = if claimed.is_empty() { claimed } else { format!("claims {claimed}  ") };
    let task = words::task(instance.task.as_deref()).unwrap_or_default();
    let name = (width / 4).clamp(14, 40);
    // On a narrow screen the room is better spent on what it is about.
    let for_size = if width < ROOMY { 0 } else { 13 };
    Line::from(vec![
        Span::styled(fit(&words::label(&instance.label), name), style(model, Ink::Strong)),
        Span::raw("  "),
        Span::styled(fit(words::state(instance, behind), 14), style(model, ink)),
        Span::raw(fit(&files, 10)),
        Span::raw(fit(&size, for_size)),
        Span::styled(fit(&since, 9), style(model, Ink::Faint)),
        Span::raw(cut(&format!("{claimed}{task}"), width.saturating_sub(name + 35 + for_size))),
    ])
}

fn event_row(model: &Model, event: &crate::domain::event::Event, width: usize) -> Line<'static> {
    let (ink, what, about) = log::tell(&event.kind);
    let name = (width / 5).clamp(10, 30);
    let actor = event.actor.as_deref().map(safe::text).unwrap_or_default();
    Line::from(vec![
        Span::styled(fit(&words::span(model.now.since(event.at)), 9), style(model, Ink::Faint)),
        Span::styled(fit(&actor, name), style(model, Ink::Strong)),
        Span::raw("  "),
        Span::styled(fit(&what, 18), style(model, ink)),
        Span::raw(cut(&about, width.saturating_sub(name + 29))),
    ])
}

fn over(model: &mut Model, frame: &mut Frame<'_>, area: Rect, title: &str, lines: Vec<Line<'static>>) {
    let height = usize::from(area.height.saturating_sub(2));
    model.page = height.saturating_sub(1).max(1);
    model.scroll = model.scroll.min(lines.len().saturating_sub(height));
    let more = match lines.len().saturating_sub(model.scroll + height) {
        0 => String::new(),
        n => format!(", {n} more below"),
    };
    let block = Block::new().borders(Borders::ALL).title(format!(" {title}{more}, Esc back "));
    let shown: Vec<Line<'static>> = lines.into_iter().skip(model.scroll).take(height).collect();
    frame.render_widget(Paragraph::new(shown).block(block), area);
}

/// Both sides' hunks of the collision at hand, as `coord diff` shows them.
fn detail(model: &Model, width: u16) -> Vec<Line<'static>> {
    if model.selected().is_none() {
        return Vec::new();
    }
    let Some(comparison) = model.detail_at_hand() else { return vec![Line::raw(" reading…")] };
    let mut text = Vec::new();
    if diff::human(comparison, &page(width.saturating_sub(2)), &mut text).is_err() {
        return Vec::new();
    }
    let ink = |line: &str| match line.trim_start().bytes().next() {
        Some(b'+') => Ink::Good,
        Some(b'-') => Ink::Bad,
        Some(b'<' | b'>' | b'=' | b'|') => Ink::Caution,
        _ => Ink::Plain,
    };
    let text = String::from_utf8_lossy(&text).into_owned();
    text.lines().map(|line| Line::styled(line.to_owned(), style(model, ink(line)))).collect()
}

/// In exactly so many columns.
fn fit(text: &str, width: usize) -> String {
    let cut = cut(text, width.saturating_sub(1));
    let used: usize = cut.chars().map(|c| c.width().unwrap_or(0)).sum();
    format!("{cut}{}", " ".repeat(width.saturating_sub(used)))
}

/// In at most so many columns.
fn cut(text: &str, width: usize) -> String {
    if width == 0 {
        return String::new();
    }
    let mut used = 0;
    let mut out = String::new();
    for c in text.chars() {
        let wide = c.width().unwrap_or(0);
        if used + wide > width {
            out.pop();
            out.push('…');
            return out;
        }
        used += wide;
        out.push(c);
    }
    out
}
