//! The screen of `coord diff`: both sides' hunks, and the merged text with git's markers.
//! Must not know: where the texts came from, how the merge was made.

use std::io::{self, Write};

use similar::{Algorithm, DiffOp, DiffTag, capture_diff_slices, group_diff_ops};

use super::safe;
use super::style::{Ink, Style};
use super::words;
use crate::domain::overlap::{ConflictKind, Grade, PathOverlap};
use crate::domain::report::{Comparison, MergedLine, PathDiff};

/// Unchanged lines shown around a change.
const CONTEXT: usize = 3;

/// Writes every conflicting path in full, the others in a line; one path alone in full always.
pub fn human(comparison: &Comparison, style: &Style, out: &mut impl Write) -> io::Result<()> {
    let (a, b) = (safe::text(&comparison.labels.0), safe::text(&comparison.labels.1));
    if comparison.paths.is_empty() {
        return writeln!(out, "{a} and {b} share no changed path.");
    }
    let alone = comparison.paths.len() == 1;
    let (full, brief): (Vec<&PathDiff>, Vec<&PathDiff>) =
        comparison.paths.iter().partition(|path| alone || path.overlap.grade == Grade::Conflict);
    for (n, path) in full.iter().enumerate() {
        if n > 0 {
            writeln!(out)?;
        }
        show(path, &a, &b, style, out)?;
    }
    if !full.is_empty() && !brief.is_empty() {
        writeln!(out)?;
    }
    for path in &brief {
        let shown = safe::text(path.overlap.path.as_bytes());
        writeln!(out, "{}", style.ink(Ink::Faint, &format!("· {shown}: {}", lower(&path.overlap))))?;
    }
    Ok(())
}

fn lower(overlap: &PathOverlap) -> String {
    match (overlap.grade, overlap.gap) {
        (Grade::Identical, _) => "the same change on both sides".to_owned(),
        (_, Some(gap)) => format!("{} apart, merges cleanly", words::count(gap as usize, "line", "lines")),
        (_, None) => "merges cleanly".to_owned(),
    }
}

fn show(path: &PathDiff, a: &str, b: &str, style: &Style, out: &mut impl Write) -> io::Result<()> {
    let overlap = &path.overlap;
    let (ink, verdict) = match (overlap.grade, overlap.kind) {
        (Grade::Conflict, Some(kind)) => (Ink::Bad, format!("conflict, {}", kind.name())),
        (Grade::Conflict, None) => (Ink::Bad, "conflict".to_owned()),
        _ => (Ink::Good, lower(overlap)),
    };
    let mark = if overlap.grade == Grade::Conflict { "✗" } else { "·" };
    let name = style.ink(Ink::Strong, &safe::text(overlap.path.as_bytes()));
    writeln!(out, "{} {name}     {}", style.ink(ink, mark), style.ink(ink, &verdict))?;
    let base = lines(&path.base);
    for (label, text, at) in [(a, &path.a, &path.a_path), (b, &path.b, &path.b_path)] {
        let deleted = text.is_empty() && !base.is_empty() && overlap.kind != Some(ConflictKind::Binary);
        let did = if deleted { "deleted it" } else { "changed" };
        let moved = if *at == overlap.path { String::new() } else { format!(" {}", safe::text(at.as_bytes())) };
        writeln!(out, "\n  {}", style.ink(Ink::Strong, &format!("{label} {did}{moved}")))?;
        if !deleted {
            side(&base, &lines(text), style, out)?;
        }
    }
    // Only in a text that both still have does git leave markers.
    let marked = matches!(overlap.kind, Some(ConflictKind::Content | ConflictKind::AddAdd));
    if marked && path.merged.iter().any(|line| !matches!(line, MergedLine::Merged(_))) {
        writeln!(out, "\n  {}", style.ink(Ink::Strong, "a merge would leave"))?;
        merged(&path.merged, a, b, style, out)?;
    }
    Ok(())
}

fn lines(text: &[u8]) -> Vec<&[u8]> {
    text.split_inclusive(|&byte| byte == b'\n').collect()
}

/// One side against the base, as hunks. Every line stands behind a sign, never at the start of the line.
fn side(base: &[&[u8]], side: &[&[u8]], style: &Style, out: &mut impl Write) -> io::Result<()> {
    let groups = group_diff_ops(capture_diff_slices(Algorithm::Histogram, base, side), CONTEXT);
    if groups.is_empty() {
        return writeln!(out, "    {}", style.ink(Ink::Faint, "no text of its own to show"));
    }
    for group in &groups {
        writeln!(out, "    {}", style.ink(Ink::Faint, &hunk_header(group)))?;
        for op in group {
            let (_, old, new) = op.as_tag_tuple();
            if op.tag() == DiffTag::Equal {
                code(' ', Ink::Plain, &side[new], style, out)?;
                continue;
            }
            code('-', Ink::Bad, &base[old], style, out)?;
            code('+', Ink::Good, &side[new], style, out)?;
        }
    }
    Ok(())
}

fn hunk_header(group: &[DiffOp]) -> String {
    let start = group.first().map_or(0, |op| op.new_range().start);
    let end = group.last().map_or(0, |op| op.new_range().end);
    match end.saturating_sub(start) {
        0 => format!("at line {}", start + 1),
        1 => format!("line {end}"),
        _ => format!("lines {}–{end}", start + 1),
    }
}

fn code(sign: char, ink: Ink, lines: &[&[u8]], style: &Style, out: &mut impl Write) -> io::Result<()> {
    lines.iter().try_for_each(|line| {
        let said = format!("{sign} {}", safe::line(line));
        writeln!(out, "    {}", style.ink(ink, said.trim_end()))
    })
}

/// The merged text around its conflicts, with the markers that git would leave.
fn merged(merged: &[MergedLine], a: &str, b: &str, style: &Style, out: &mut impl Write) -> io::Result<()> {
    let conflicting = |at: usize| !matches!(merged[at], MergedLine::Merged(_));
    let near = |at: usize| (at.saturating_sub(CONTEXT)..(at + CONTEXT + 1).min(merged.len())).any(conflicting);
    let (begin, base, end) = (format!("<<<<<<< {a}"), "||||||| base".to_owned(), format!(">>>>>>> {b}"));
    let mut before = 0;
    let mut skipped = false;
    for (at, line) in merged.iter().enumerate().filter(|(at, _)| near(*at)) {
        skipped |= at > 0 && !near(at - 1);
        if std::mem::take(&mut skipped) {
            writeln!(out, "    {}", style.ink(Ink::Faint, "…"))?;
        }
        let (part, text, ink) = match line {
            MergedLine::Merged(text) => (0, text, Ink::Plain),
            MergedLine::A(text) => (1, text, Ink::Good),
            MergedLine::Base(text) => (2, text, Ink::Faint),
            MergedLine::B(text) => (3, text, Ink::Bad),
        };
        for marker in markers(before, part) {
            let marker = [&begin, &base, "=======", &end][marker];
            writeln!(out, "    {}", style.ink(Ink::Caution, marker))?;
        }
        before = part;
        writeln!(out, "    {}", style.ink(ink, safe::line(text).trim_end()))?;
    }
    let rest = markers(before, 0);
    rest.into_iter().try_for_each(|marker| {
        let marker = [&begin, &base, "=======", &end][marker];
        writeln!(out, "    {}", style.ink(Ink::Caution, marker))
    })
}

/// Which markers (`<<<`, `|||`, `===`, `>>>`) stand between a line of one part (0 outside, 1 a, 2 base, 3 b) and the next.
fn markers(from: usize, to: usize) -> Vec<usize> {
    let ends = from != 0 && (to == 0 || to < from);
    let mut between = Vec::new();
    if ends {
        between.extend(if from < 3 { vec![2, 3] } else { vec![3] });
    }
    let from = if ends { 0 } else { from };
    match (from, to) {
        (0, 1) => between.push(0),
        (0, 2) => between.extend([0, 1]),
        (0, 3) => between.extend([0, 2]),
        (1, 2) => between.push(1),
        (1 | 2, 3) => between.push(2),
        _ => {}
    }
    between
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markers_stand_as_git_sets_them() {
        for (from, to, expected) in [
            (0, 0, &[][..]),
            (0, 1, &[0]),
            (1, 1, &[]),
            (1, 3, &[2]),
            (1, 2, &[1]),
            (2, 3, &[2]),
            (3, 0, &[3]),
            (1, 0, &[2, 3]),
            (0, 3, &[0, 2]),
            (3, 1, &[3, 0]),
        ] {
            assert_eq!(markers(from, to), expected, "{from} to {to}");
        }
    }
}
