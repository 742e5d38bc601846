//! One self-contained HTML file: matrix, hot spots, each conflict with both sides' lines. It loads nothing and sends nothing.
//! Must not know: where the file will lie, any network.

use std::fmt::Write as _;
use std::io::{self, Write};

use serde_json::{Value, json};

use super::safe::is_treacherous;
use super::{finding, safe, scan, words};
use crate::domain::ci::{Excerpt, Group, Line, Report};
use crate::domain::finding::tally;
use crate::domain::overlap::{ConflictKind, Grade, PathOverlap};
use crate::domain::report::{Overlap, TargetConflict};
use crate::domain::weight::{by_weight, weigh};

const STYLE: &str = include_str!("html/page.css");
const SCRIPT: &str = include_str!("html/page.js");

/// What the page may do: show itself.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; base-uri 'none'; \
                      form-action 'none'";

/// How many paths of a request that needs a rebase are worth listing.
const MOST_BEHIND: usize = 5;

/// Writes the page. Everything that came from the repository lies in one block of JSON, which the page's script shows as
/// text and never as markup; the headline stands in the markup too, for readers without scripts.
pub fn write(report: &Report, version: &str, out: &mut impl Write) -> io::Result<()> {
    let headline = finding::headline(report, &tally(report));
    let title = escape(&format!("coord: {headline}"));
    writeln!(out, "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">")?;
    writeln!(out, "<meta http-equiv=\"Content-Security-Policy\" content=\"{POLICY}\">")?;
    writeln!(out, "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">")?;
    writeln!(out, "<meta name=\"color-scheme\" content=\"light dark\">\n<title>{title}</title>")?;
    writeln!(out, "<style>\n{STYLE}</style>\n</head>\n<body>\n<header><h1>{}</h1></header>", escape(&headline))?;
    writeln!(out, "<noscript><p>This page shows its matrix and conflicts with a script of its own.</p></noscript>")?;
    writeln!(out, "<main id=\"page\"></main>\n<footer>coord {}</footer>", escape(version))?;
    writeln!(out, "<script type=\"application/json\" id=\"report\">{}</script>", embedded(&data(report)))?;
    writeln!(out, "<script>\n{SCRIPT}</script>\n</body>\n</html>")
}

/// Text that means nothing to HTML, inside an element or a quoted attribute.
fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;").replace('\'', "&#39;")
}

/// JSON that cannot end its script element, begin a comment in it, or hide what it says.
fn embedded(value: &Value) -> String {
    value.to_string().chars().fold(String::new(), |mut out, c| {
        if matches!(c, '<' | '>' | '&') || is_treacherous(c) {
            let mut units = [0; 2];
            for unit in c.encode_utf16(&mut units) {
                let _ = write!(out, "\\u{unit:04x}");
            }
        } else {
            out.push(c);
        }
        out
    })
}

fn data(report: &Report) -> Value {
    let tally = tally(report);
    let notices: Vec<String> =
        (finding::source(report.source).map(str::to_owned).iter()).chain(&report.notices).map(safe::text).collect();
    let unknown: Vec<Value> =
        finding::unknown(report).into_iter().map(|(who, reason)| json!({"who": who, "reason": reason})).collect();
    json!({
        "besides": finding::besides(&tally),
        "notices": notices,
        "unknown": unknown,
        "at": report.now.0,
        "url": report.request_url,
        "groups": report.groups.iter().enumerate().map(|(number, of)| group(report, number, of)).collect::<Vec<_>>(),
    })
}

fn group(report: &Report, number: usize, group: &Group) -> Value {
    let subject = report.subject.filter(|subject| subject.group == number).map(|subject| subject.instance);
    let survey = &group.survey;
    let cells: Vec<Value> = survey.overlaps.iter().map(cell).collect();
    let ranked = by_weight(survey);
    json!({
        "base": safe::text(&group.base),
        "target": scan::target(survey),
        "subject": subject,
        "requests": (0..survey.instances.len()).map(|at| request(group, at)).collect::<Vec<_>>(),
        "cells": cells,
        "conflicts": ranked.iter().map(|overlap| conflict(group, overlap)).collect::<Vec<_>>(),
        "behind": survey.target_conflicts.iter().map(behind).collect::<Vec<_>>(),
        "spots": group.hot_spots.iter().map(|spot| json!({
            "path": safe::text(spot.path.as_bytes()),
            "share": finding::share(spot),
            "cent": spot.per_cent(),
            "advice": words::advice(spot),
        })).collect::<Vec<_>>(),
    })
}

fn request(group: &Group, at: usize) -> Value {
    let instance = &group.survey.instances[at];
    let entry = &group.entries[at];
    json!({
        "label": safe::text(&instance.label),
        "number": entry.request.number,
        "marks": finding::marks(entry),
        "draft": entry.request.draft,
        "bot": entry.request.bot,
        "state": instance.state.name(),
        "files": instance.working_set.changes.len(),
        "touched": instance.touched.map(|at| at.0),
    })
}

/// One cell of the matrix: the pair, its grade (0 identical, 1 clean, 2 conflict that does not count, 3 conflict), and how
/// many paths are in it.
fn cell(overlap: &Overlap) -> Value {
    let grade = match overlap.grade {
        _ if overlap.counts() => 3,
        Grade::Conflict => 2,
        Grade::Disjoint => 1,
        Grade::Identical => 0,
    };
    let paths = overlap.paths.iter().filter(|path| path.grade == overlap.grade).count();
    json!([overlap.a, overlap.b, grade, paths])
}

fn conflict(group: &Group, overlap: &Overlap) -> Value {
    let right = group.right_of_way(overlap);
    let weight = weigh(&group.survey, overlap);
    let index = group.survey.overlaps.iter().position(|other| std::ptr::eq(other, overlap));
    let paths: Vec<Value> = (overlap.paths.iter().enumerate())
        .filter(|(_, path)| path.grade == Grade::Conflict)
        .map(|(at, of)| {
            let excerpt = group.excerpts.iter().find(|excerpt| Some(excerpt.overlap) == index && excerpt.path == at);
            path(of, excerpt)
        })
        .collect();
    json!({
        "a": overlap.a,
        "b": overlap.b,
        "counts": overlap.counts(),
        "acknowledged": overlap.acknowledged,
        "first": right.first,
        "why": finding::why(right.why),
        "touches": words::part(&group.survey.instances[weight.smaller].label, weight),
        "paths": paths,
    })
}

fn path(path: &PathOverlap, excerpt: Option<&Excerpt>) -> Value {
    json!({
        "path": safe::text(path.path.as_bytes()),
        "kind": path.kind.map(ConflictKind::name),
        "blocks": path.blocks,
        "lines": words::both_lines(path),
        "excerpt": excerpt.map(|excerpt| json!({
            "a": lines(&excerpt.a),
            "base": lines(&excerpt.base),
            "b": lines(&excerpt.b),
            "cut": excerpt.cut,
        })),
    })
}

fn lines(lines: &[Line]) -> Vec<Value> {
    lines.iter().map(|line| json!([line.number, safe::line(&line.text), u8::from(line.changed)])).collect()
}

fn behind(conflict: &TargetConflict) -> Value {
    let paths: Vec<String> =
        conflict.paths.iter().take(MOST_BEHIND).map(|path| safe::text(path.path.as_bytes())).collect();
    json!({
        "at": conflict.instance,
        "paths": paths,
        "more": conflict.paths.len().saturating_sub(MOST_BEHIND),
        "complete": conflict.complete,
    })
}

#[cfg(test)]
mod tests;
