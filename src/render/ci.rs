//! The answer of `coord ci` on a terminal or in a log: the answer, hot spots, conflicts, then the rest in counts.
//! Must not know: annotations, summaries, files.

use std::io::{self, Write};

use super::style::{Ink, Style};
use super::table::{Cell, Column, Table};
use super::{finding, safe, words};
use crate::domain::ci::{Group, Report, Request};
use crate::domain::finding::{Tally, tally};
use crate::domain::overlap::{Grade, PathOverlap};
use crate::domain::report::Overlap;
use crate::domain::weight::{by_weight, weigh};

/// How much stands before the rest is folded, so that a thousand requests fit a screen.
const CONFLICTS: usize = 10;
const PATHS: usize = 2;
const SPOTS: usize = 3;
const BEHIND: usize = 3;

/// Writes the screen; `all` folds nothing.
pub fn human(report: &Report, all: bool, style: &Style, out: &mut impl Write) -> io::Result<()> {
    let tally = tally(report);
    let ink = match (tally.conflicts, tally.unknown) {
        (0, 0) => Ink::Good,
        (0, _) => Ink::Caution,
        _ => Ink::Bad,
    };
    writeln!(out, "{}", style.ink(ink, &finding::headline(report, &tally)))?;
    let mut folded = 0;
    for group in &report.groups {
        folded += of_group(report, group, all, style, out)?;
    }
    unknown(report, all, style, out)?;
    footer(report, folded, style, out)
}

/// The name of a request that could not be looked at.
pub(crate) fn name(request: &Request) -> String {
    match request.number {
        Some(number) if request.head.is_empty() => format!("#{number}"),
        Some(number) => format!("#{number} {}", request.head),
        None => request.head.clone(),
    }
}

fn of_group(report: &Report, group: &Group, all: bool, style: &Style, out: &mut impl Write) -> io::Result<usize> {
    let ours: Vec<*const Overlap> = report.overlaps().map(|(_, overlap)| std::ptr::from_ref(overlap)).collect();
    let conflicts: Vec<&Overlap> =
        by_weight(&group.survey).into_iter().filter(|overlap| ours.contains(&std::ptr::from_ref(*overlap))).collect();
    if report.groups.len() > 1 && !conflicts.is_empty() {
        writeln!(out, "\non {}", style.ink(Ink::Strong, &safe::text(&group.base)))?;
    }
    if report.subject.is_none() {
        hot_spots(group, all, style, out)?;
    }
    let fit = if all { conflicts.len() } else { CONFLICTS };
    if !conflicts.is_empty() {
        writeln!(out)?;
    }
    for overlap in conflicts.iter().take(fit) {
        conflict(group, overlap, all, style, out)?;
    }
    needing_rebase(report, group, all, style, out)?;
    Ok(conflicts.len().saturating_sub(fit))
}

fn hot_spots(group: &Group, all: bool, style: &Style, out: &mut impl Write) -> io::Result<()> {
    let spots: Vec<_> = group.hot_spots.iter().filter(|spot| spot.is_hot()).collect();
    if spots.is_empty() {
        return Ok(());
    }
    writeln!(out)?;
    let fit = if all { spots.len() } else { SPOTS };
    for spot in spots.iter().take(fit) {
        let path = style.ink(Ink::Strong, &safe::text(spot.path.as_bytes()));
        writeln!(out, "  hot: {path}   {}", finding::share(spot))?;
        writeln!(out, "       {}", style.ink(Ink::Faint, &words::advice(spot)))?;
    }
    Ok(())
}

fn conflict(group: &Group, overlap: &Overlap, all: bool, style: &Style, out: &mut impl Write) -> io::Result<()> {
    let label = |at: usize| group.survey.instances[at].label.as_str();
    let (a, b) = (label(overlap.a), label(overlap.b));
    let pair = format!("{} ↔ {}", safe::text(a), safe::text(b));
    let (mark, ink) = if overlap.counts() { ('✗', Ink::Bad) } else { ('~', Ink::Caution) };
    let first = if overlap.acknowledged {
        "acknowledged".to_owned()
    } else {
        finding::right_of_way((a, b), group.right_of_way(overlap), overlap.a)
    };
    let weight = weigh(&group.survey, overlap);
    let touches = words::part(label(weight.smaller), weight);
    writeln!(out, "{} {pair}   {first}; touches {touches}", style.ink(ink, &mark.to_string()))?;
    let conflicting: Vec<&PathOverlap> = overlap.paths.iter().filter(|path| path.grade == Grade::Conflict).collect();
    let fit = if all { conflicting.len() } else { PATHS };
    let mut table = Table::new(4, &[Column::CutFront, Column::Left, Column::Cut]);
    let (a, b) = (&group.survey.instances[overlap.a], &group.survey.instances[overlap.b]);
    for path in conflicting.iter().take(fit) {
        table.row(vec![
            Cell::plain(safe::text(path.path.as_bytes())),
            Cell::plain(words::both_lines(path)),
            Cell::new(Ink::Faint, words::evidence(path, a, b)),
        ]);
    }
    table.write(style, out)?;
    if conflicting.len() > fit {
        writeln!(out, "    and {}", words::count(conflicting.len() - fit, "more path", "more paths"))?;
    }
    Ok(())
}

fn needing_rebase(report: &Report, group: &Group, all: bool, style: &Style, out: &mut impl Write) -> io::Result<()> {
    let about = |instance: usize| match report.subject {
        Some(subject) => subject.instance == instance && std::ptr::eq(&raw const report.groups[subject.group], group),
        None => true,
    };
    let behind: Vec<_> = group.survey.target_conflicts.iter().filter(|behind| about(behind.instance)).collect();
    if behind.is_empty() {
        return Ok(());
    }
    let fit = if all { behind.len() } else { BEHIND };
    let count = words::count(behind.len(), "needs a rebase", "need a rebase");
    writeln!(out, "\n  {} on {}:", style.ink(Ink::Caution, &count), safe::text(&group.base))?;
    for conflict in behind.iter().take(fit) {
        let label = safe::text(&group.survey.instances[conflict.instance].label);
        let at = conflict.paths.first().map(|path| safe::text(path.path.as_bytes())).unwrap_or_default();
        writeln!(out, "    {label}   {at}")?;
    }
    if behind.len() > fit {
        writeln!(out, "    and {} more (--full)", behind.len() - fit)?;
    }
    Ok(())
}

fn unknown(report: &Report, all: bool, style: &Style, out: &mut impl Write) -> io::Result<()> {
    let lines = finding::unknown(report);
    let fit = if all { lines.len() } else { CONFLICTS };
    for (who, reason) in lines.iter().take(fit) {
        writeln!(out, "{} {who} could not be judged: {reason}", style.ink(Ink::Caution, "?"))?;
    }
    if lines.len() > fit {
        writeln!(out, "  and {} more could not be judged (--full)", lines.len() - fit)?;
    }
    Ok(())
}

fn footer(report: &Report, folded: usize, style: &Style, out: &mut impl Write) -> io::Result<()> {
    let mut lines = Vec::new();
    if folded > 0 {
        lines.push(format!(
            "{} (--full, or --output html=coord.html)",
            words::count(folded, "more conflict", "more conflicts")
        ));
    }
    // Who needs a rebase is named above.
    lines.extend(finding::besides(&Tally { needing_rebase: 0, ..tally(report) }));
    if !lines.is_empty() {
        writeln!(out)?;
    }
    for line in lines {
        writeln!(out, "  {line}")?;
    }
    let source = finding::source(report.source).map(str::to_owned);
    for notice in source.iter().chain(&report.notices) {
        writeln!(out, "{} {}", style.ink(Ink::Caution, "note:"), safe::text(notice))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::ci::{Source, Subject};
    use crate::domain::sample;

    fn shown(report: &Report, all: bool) -> String {
        let mut out = Vec::new();
        human(report, all, &Style::plain(100), &mut out).expect("in memory");
        String::from_utf8(out).expect("UTF-8")
    }

    #[test]
    fn a_check_of_one_request_says_who_goes_first() {
        let survey =
            sample::survey(&[("a", &["src/p.rs", "q"]), ("b", &["src/p.rs", "q", "r"])], &[(0, 1, &["src/p.rs"])]);
        let mut report = sample::report(survey);
        report.subject = Some(Subject { group: 0, instance: 1 });
        assert_eq!(
            shown(&report, false),
            "1 conflict: b against 1 other request on main\n\n\
             ✗ a ↔ b   a goes first, opened first; touches 1 of the 2 files of a\n    \
             src/p.rs  10–12 / 12  content\n"
        );
    }

    #[test]
    fn a_clear_check_says_so_in_a_line() {
        let mut report = sample::report(sample::survey(&[("a", &["p"]), ("b", &["q"])], &[]));
        report.source = Source::RemoteBranches;
        let text = shown(&report, false);
        assert!(text.starts_with("no conflicts: 2 open requests on main\nnote: no list of open requests"), "{text}");
    }

    #[test]
    fn hundreds_of_conflicts_fit_a_screen() {
        let names: Vec<String> = (0..300).map(|n| format!("b{n:03}")).collect();
        let all: &[&str] = &["CHANGELOG.md", "x", "y", "z"];
        let instances: Vec<(&str, &[&str])> = names.iter().map(|name| (name.as_str(), all)).collect();
        let conflicts: Vec<(usize, usize, &[&str])> = (1..300).map(|n| (0, n, all)).collect();
        let report = sample::report(sample::survey(&instances, &conflicts));
        let text = shown(&report, false);
        assert!(text.lines().count() <= 60, "{text}");
        assert!(text.contains("289 more conflicts"), "{text}");
        assert!(shown(&report, true).lines().count() > 900);
    }
}
