//! Who meets whom, one letter a pair.
//! Must not know: keys, the rest of the screen.

use ratatui::text::{Line, Span};

use super::{cut, fit, style};
use crate::domain::overlap::Grade;
use crate::domain::report::Overlap;
use crate::render::style::Ink;
use crate::render::words;
use crate::tui::model::Model;

/// The matrix of those that meet anybody, in so many columns; whom it has no room for, in a line.
pub(super) fn lines(model: &Model, width: usize) -> Vec<Line<'static>> {
    let Some(survey) = &model.survey else { return Vec::new() };
    let overlaps = model.shown_overlaps();
    let mut who: Vec<usize> = overlaps.iter().flat_map(|overlap| [overlap.a, overlap.b]).collect();
    who.sort_unstable();
    who.dedup();
    if who.is_empty() {
        return vec![Line::styled(" nobody meets anybody", style(model, Ink::Faint))];
    }
    // Those in most conflicts first, so that they are shown where there is no room for all.
    let weight = |at: usize| overlaps.iter().filter(|o| (o.a == at || o.b == at) && o.counts()).count();
    who.sort_by_key(|&at| std::cmp::Reverse(weight(at)));
    let name = (width / 3).clamp(10, 32);
    let columns = (width.saturating_sub(name + 5) / 3).max(1);
    let left_out = who.len().saturating_sub(columns);
    who.truncate(columns);
    let find =
        |a: usize, b: usize| overlaps.iter().copied().find(|overlap| (overlap.a, overlap.b) == (a.min(b), a.max(b)));
    let numbers = (1..=who.len()).map(|n| Span::styled(format!("{n:>3}"), style(model, Ink::Faint)));
    let mut lines = vec![std::iter::once(Span::raw(" ".repeat(name + 4))).chain(numbers).collect::<Line<'_>>()];
    for (row, &a) in who.iter().enumerate() {
        let label = fit(&words::label(&survey.instances[a].label), name);
        let mut spans = vec![
            Span::styled(format!("{:>3} ", row + 1), style(model, Ink::Faint)),
            Span::styled(label, style(model, Ink::Strong)),
        ];
        spans.extend(who.iter().map(|&b| cell(model, a, b, find(a, b))));
        lines.push(Line::from(spans));
    }
    lines.push(Line::default());
    let legend = " X conflict  a acknowledged  . merges cleanly  = same change";
    lines.push(Line::styled(cut(legend, width), style(model, Ink::Faint)));
    if left_out > 0 {
        let more = format!(" and {} for which there is no room", words::count(left_out, "other", "others"));
        lines.push(Line::styled(cut(&more, width), style(model, Ink::Faint)));
    }
    lines
}

fn cell(model: &Model, a: usize, b: usize, overlap: Option<&Overlap>) -> Span<'static> {
    let (ink, sign) = match overlap {
        _ if a == b => (Ink::Faint, "  \\"),
        None => (Ink::Plain, "   "),
        Some(overlap) if overlap.counts() => (Ink::Bad, "  X"),
        Some(overlap) if overlap.acknowledged => (Ink::Caution, "  a"),
        Some(overlap) if overlap.grade == Grade::Identical => (Ink::Faint, "  ="),
        Some(_) => (Ink::Plain, "  ."),
    };
    Span::styled(sign, style(model, ink))
}
