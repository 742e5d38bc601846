//! Columns that fit the page: cut where they must be, dropped where they are empty.
//! Must not know: what the cells say.

use std::io::{self, Write};

use unicode_width::{UnicodeWidthChar as _, UnicodeWidthStr as _};

use super::style::{Ink, Style};

/// A piece of text, safe for a terminal already, and its ink.
#[derive(Clone, Debug, Default)]
pub(crate) struct Cell {
    text: String,
    ink: Ink,
}

impl Cell {
    pub(crate) fn new(ink: Ink, text: impl Into<String>) -> Self {
        Self { text: text.into(), ink }
    }

    pub(crate) fn plain(text: impl Into<String>) -> Self {
        Self::new(Ink::Plain, text)
    }
}

/// How a column behaves.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Column {
    /// Never cut, to the left.
    Left,
    /// Never cut, to the right.
    Right,
    /// Cut at its end where the page is narrow.
    Cut,
    /// Cut at its beginning: a path, whose end says most.
    CutFront,
    /// Cut in its middle: a name, whose beginning and end both tell it from others.
    CutMiddle,
}

/// Rows of cells under common columns.
#[derive(Clone, Debug)]
pub(crate) struct Table {
    columns: Vec<Column>,
    rows: Vec<Vec<Cell>>,
    indent: usize,
}

const GAP: usize = 2;
const NARROWEST: usize = 8;

impl Table {
    pub(crate) fn new(indent: usize, columns: &[Column]) -> Self {
        Self { columns: columns.to_vec(), rows: Vec::new(), indent }
    }

    /// Adds a row; missing cells at its end are empty.
    pub(crate) fn row(&mut self, cells: Vec<Cell>) {
        self.rows.push(cells);
    }

    /// How wide the rows come out on this page.
    pub(crate) fn width(&self, style: &Style) -> usize {
        total(self.indent, &self.widths(style.width))
    }

    fn widths(&self, page: usize) -> Vec<usize> {
        let natural = |at: usize| self.rows.iter().filter_map(|row| row.get(at)).map(|c| c.text.width()).max();
        let mut widths: Vec<usize> = (0..self.columns.len()).map(|at| natural(at).unwrap_or(0)).collect();
        loop {
            let over = total(self.indent, &widths).saturating_sub(page);
            let cuttable = |at: &usize| !matches!(self.columns[*at], Column::Left | Column::Right);
            let widest = (0..widths.len()).filter(cuttable).max_by_key(|&at| widths[at]);
            let Some(at) = widest.filter(|&at| over > 0 && widths[at] > NARROWEST) else { return widths };
            widths[at] -= 1;
        }
    }

    /// Writes the rows.
    pub(crate) fn write(&self, style: &Style, out: &mut impl Write) -> io::Result<()> {
        let widths = self.widths(style.width);
        for row in &self.rows {
            let mut line = " ".repeat(self.indent);
            let mut owed = 0;
            for (at, cell) in row.iter().enumerate().filter(|(at, _)| widths[*at] > 0) {
                let text = cut(&cell.text, widths[at], self.columns[at]);
                let room = widths[at] - text.width().min(widths[at]);
                let before = if self.columns[at] == Column::Right { room } else { 0 };
                if !text.is_empty() {
                    line.push_str(&" ".repeat(owed + before));
                    line.push_str(&style.ink(cell.ink, &text));
                    owed = 0;
                }
                owed += GAP + if text.is_empty() { widths[at] } else { room - before };
            }
            writeln!(out, "{}", line.trim_end())?;
        }
        Ok(())
    }
}

fn total(indent: usize, widths: &[usize]) -> usize {
    let used = widths.iter().filter(|&&w| w > 0);
    indent + used.clone().sum::<usize>() + GAP * used.count().saturating_sub(1)
}

fn cut(text: &str, width: usize, column: Column) -> String {
    match column {
        Column::CutFront => cut_front(text, width),
        Column::CutMiddle => cut_middle(text, width),
        Column::Cut => cut_end(text, width),
        Column::Left | Column::Right => text.to_owned(),
    }
}

/// The beginning of `text` in at most `width` columns, `…` where something went.
pub(crate) fn cut_end(text: &str, width: usize) -> String {
    if text.width() <= width {
        return text.to_owned();
    }
    let mut kept = String::new();
    take(text.chars(), width).for_each(|c| kept.push(c));
    kept + "…"
}

/// The end of `text` in at most `width` columns, `…` where something went.
pub(crate) fn cut_front(text: &str, width: usize) -> String {
    if text.width() <= width {
        return text.to_owned();
    }
    let kept: Vec<char> = take(text.chars().rev(), width).collect();
    std::iter::once('…').chain(kept.into_iter().rev()).collect()
}

/// The beginning and the end of `text` in at most `width` columns, `…` where something went.
pub(crate) fn cut_middle(text: &str, width: usize) -> String {
    if text.width() <= width {
        return text.to_owned();
    }
    let front: String = take(text.chars(), width.div_ceil(2)).collect();
    let back: Vec<char> = take(text.chars().rev(), width - front.width()).collect();
    front.chars().chain(std::iter::once('…')).chain(back.into_iter().rev()).collect()
}

fn take(chars: impl Iterator<Item = char>, width: usize) -> impl Iterator<Item = char> {
    let mut room = width.saturating_sub(1);
    chars.map_while(move |c| {
        room = room.checked_sub(c.width().unwrap_or(0))?;
        Some(c)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(table: &Table, width: usize) -> String {
        let mut out = Vec::new();
        table.write(&Style::plain(width), &mut out).expect("in memory");
        String::from_utf8(out).expect("UTF-8")
    }

    #[test]
    fn columns_line_up_and_are_cut_only_where_they_must() {
        let mut table = Table::new(2, &[Column::Left, Column::Right, Column::CutFront, Column::Left]);
        table.row(vec![
            Cell::plain("a"),
            Cell::plain("7 files"),
            Cell::plain("src/very/long/path.rs"),
            Cell::default(),
        ]);
        table.row(vec![Cell::plain("日本"), Cell::plain("12 files"), Cell::plain("x")]);
        assert_eq!(shown(&table, 80), "  a      7 files  src/very/long/path.rs\n  日本  12 files  x\n");
        assert_eq!(shown(&table, 30), "  a      7 files  …ong/path.rs\n  日本  12 files  x\n");
        assert_eq!(table.width(&Style::plain(30)), 30);
        assert_eq!(shown(&Table::new(2, &[]), 80), "");
    }

    #[test]
    fn cutting_counts_columns_not_bytes() {
        assert_eq!(cut_end("日本語", 5), "日本…");
        assert_eq!(cut_end("日本語", 6), "日本語");
        assert_eq!(cut_front("src/lib.rs", 7), "…lib.rs");
        assert_eq!(cut_middle("agent/refunds", 9), "agen…unds");
    }
}
