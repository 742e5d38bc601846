//! The verdict on two sides that changed one text: which changes are independent, which agree, which conflict.
//! Must not know: files, objects, git; where the hunks came from.

use std::ops::Range;

use super::hunk::Hunk;
use super::report::MergedLine;
use super::text::{self, Line, LineTable};

/// How much two changes of one place may have in common and still be merged.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Rule {
    /// Git's default: a block of which both sides have the same text is merged.
    Zealous,
    /// With `merge.conflictStyle=diff3` or `zdiff3`: only a change that both made line for line is merged.
    Eager,
}

/// One side of a three-way merge: its lines, and what it changed against the base.
#[derive(Clone, Copy, Debug)]
pub struct Side<'t> {
    /// Its lines, numbered by the table that numbered the base's.
    pub lines: &'t [Line],
    /// Its hunks against the base.
    pub hunks: &'t [Hunk],
}

/// What became of a part of the base.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Outcome {
    /// Only the first side changed it.
    TakeA,
    /// Only the second side changed it.
    TakeB,
    /// Both made the same of it.
    Agreed,
    /// They made different things of it.
    Conflict,
}

/// A changed part of the base, with at least one unchanged line to the next.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Block {
    /// What became of it.
    pub outcome: Outcome,
    /// The part, in the base.
    pub base: Range<u32>,
    /// The same part in the first side.
    pub a: Range<u32>,
    /// The same part in the second side.
    pub b: Range<u32>,
    /// The first side's hunks in it, by index.
    pub a_hunks: Range<usize>,
    /// The second side's hunks in it, by index.
    pub b_hunks: Range<usize>,
}

/// The changed parts of the base in order.
///
/// Hunks with an unchanged line between are independent; those that touch or overlap grow into one block. A block that
/// is one and the same hunk on both sides agrees; any other agrees only under [`Rule::Zealous`], where both sides' text
/// of it is equal.
#[must_use]
pub fn blocks<'t>(a: Side<'t>, b: Side<'t>, rule: Rule) -> Blocks<'t> {
    Blocks { a, b, rule, at: (0, 0) }
}

/// Whether the merge stops anywhere.
#[must_use]
pub fn conflicts(a: Side<'_>, b: Side<'_>, rule: Rule) -> bool {
    blocks(a, b, rule).any(|block| block.outcome == Outcome::Conflict)
}

/// The unchanged lines between the nearest changes of the two sides; 0 where they meet, `None` where one has none.
#[must_use]
pub fn gap(a: &[Hunk], b: &[Hunk]) -> Option<u32> {
    let (mut i, mut j, mut nearest) = (0, 0, None);
    while let (Some(x), Some(y)) = (a.get(i), b.get(j)) {
        let x_first = x.base.end <= y.base.start;
        let lines = if x_first { y.base.start - x.base.end } else { x.base.start.saturating_sub(y.base.end) };
        nearest = Some(nearest.map_or(lines, |least: u32| least.min(lines)));
        if x.base.end <= y.base.end {
            i += 1;
        } else {
            j += 1;
        }
    }
    nearest
}

/// The iterator behind [`blocks`].
#[derive(Debug)]
pub struct Blocks<'t> {
    a: Side<'t>,
    b: Side<'t>,
    rule: Rule,
    at: (usize, usize),
}

impl Iterator for Blocks<'_> {
    type Item = Block;

    fn next(&mut self) -> Option<Block> {
        let from = self.at;
        let base = self.grow()?;
        let (a_hunks, b_hunks) = (from.0..self.at.0, from.1..self.at.1);
        let a = in_side(self.a.hunks, &a_hunks, &base);
        let b = in_side(self.b.hunks, &b_hunks, &base);
        let outcome = match (a_hunks.len(), b_hunks.len()) {
            (_, 0) => Outcome::TakeA,
            (0, _) => Outcome::TakeB,
            (n, m) => self.judge((&a, &b), n == 1 && m == 1 && self.same_place(from)),
        };
        Some(Block { outcome, base, a, b, a_hunks, b_hunks })
    }
}

impl Blocks<'_> {
    /// Takes the next hunk and all that touch it, directly or through others.
    fn grow(&mut self) -> Option<Range<u32>> {
        let (a, b) = (self.a.hunks.get(self.at.0), self.b.hunks.get(self.at.1));
        let start = match (a, b) {
            (Some(a), Some(b)) => a.base.start.min(b.base.start),
            (Some(one), None) | (None, Some(one)) => one.base.start,
            (None, None) => return None,
        };
        let mut end = start;
        loop {
            let touching = |hunk: &&Hunk| hunk.base.start <= end;
            if let Some(hunk) = self.a.hunks.get(self.at.0).filter(touching) {
                self.at.0 += 1;
                end = end.max(hunk.base.end);
            } else if let Some(hunk) = self.b.hunks.get(self.at.1).filter(touching) {
                self.at.1 += 1;
                end = end.max(hunk.base.end);
            } else {
                return Some(start..end);
            }
        }
    }

    fn same_place(&self, (i, j): (usize, usize)) -> bool {
        self.a.hunks[i].base == self.b.hunks[j].base
    }

    fn judge(&self, (a, b): (&Range<u32>, &Range<u32>), one_hunk: bool) -> Outcome {
        let alike = (one_hunk || self.rule == Rule::Zealous) && a.len() == b.len();
        if alike && part(self.a, a) == part(self.b, b) { Outcome::Agreed } else { Outcome::Conflict }
    }
}

fn part<'t>(side: Side<'t>, range: &Range<u32>) -> &'t [Line] {
    &side.lines[range.start as usize..range.end as usize]
}

/// The part of a side that stands for the block `base`. The lines of it outside of the hunks are the base's own.
fn in_side(hunks: &[Hunk], taken: &Range<usize>, base: &Range<u32>) -> Range<u32> {
    if let (Some(first), Some(last)) = (hunks.get(taken.start), taken.end.checked_sub(1).and_then(|n| hunks.get(n)))
        && !taken.is_empty()
    {
        let start = first.side.start - (first.base.start - base.start);
        return start..last.side.end + (base.end - last.base.end);
    }
    let shift = |at: u32| match taken.start.checked_sub(1).map(|n| &hunks[n]) {
        Some(hunk) => at - hunk.base.end + hunk.side.end,
        None => at,
    };
    shift(base.start)..shift(base.end)
}

/// The result of merging three texts.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Merge {
    /// The merged text, with both sides' texts where they conflict.
    pub lines: Vec<MergedLine>,
    /// The changed parts, in order.
    pub blocks: Vec<Block>,
}

impl Merge {
    /// Whether any part conflicts.
    #[must_use]
    pub fn conflicts(&self) -> bool {
        self.blocks.iter().any(|block| block.outcome == Outcome::Conflict)
    }
}

/// Merges two texts that both started from `base`.
#[must_use]
pub fn three_way(base: &[u8], a: &[u8], b: &[u8], rule: Rule) -> Merge {
    let (numbered, hunks) = changed(base, [a, b]);
    let side = |n: usize| Side { lines: &numbered[n], hunks: &hunks[n] };
    let blocks: Vec<Block> = blocks(side(0), side(1), rule).collect();
    let texts = [base, a, b].map(|text| text::split(text).collect::<Vec<_>>());
    Merge { lines: write(&texts, &blocks), blocks }
}

/// The sides' lines, and what each changed.
fn changed(base: &[u8], sides: [&[u8]; 2]) -> ([Vec<Line>; 2], [Vec<Hunk>; 2]) {
    let mut table = LineTable::new();
    let from = table.lines(base);
    let numbered = sides.map(|text| table.lines_like(text, (base, &from)));
    let hunks = [0, 1].map(|n: usize| text::hunks(&from, &numbered[n]));
    (numbered, hunks)
}

/// The merged text where all of it merges; `None` where it conflicts.
#[must_use]
pub fn merged_text(base: &[u8], a: &[u8], b: &[u8], rule: Rule) -> Option<Vec<u8>> {
    let (numbered, hunks) = changed(base, [a, b]);
    let side = |n: usize| Side { lines: &numbered[n], hunks: &hunks[n] };
    let texts = [base, a, b];
    let starts = texts.map(line_starts);
    let part = |which: usize, range: &Range<u32>| {
        &texts[which][starts[which][range.start as usize]..starts[which][range.end as usize]]
    };
    let (mut merged, mut at) = (Vec::with_capacity(a.len().max(b.len())), 0);
    for block in blocks(side(0), side(1), rule) {
        merged.extend_from_slice(part(0, &(at..block.base.start)));
        match block.outcome {
            Outcome::TakeA | Outcome::Agreed => merged.extend_from_slice(part(1, &block.a)),
            Outcome::TakeB => merged.extend_from_slice(part(2, &block.b)),
            Outcome::Conflict => return None,
        }
        at = block.base.end;
    }
    merged.extend_from_slice(&base[starts[0][at as usize]..]);
    Some(merged)
}

/// Where each line begins, and the text's end.
fn line_starts(text: &[u8]) -> Vec<usize> {
    let mut starts = vec![0];
    starts.extend(text::split(text).scan(0, |at, line| {
        *at += line.len();
        Some(*at)
    }));
    starts
}

/// Both sides' texts one after the other where they conflict, as `merge=union` leaves them.
#[must_use]
pub fn union_text(base: &[u8], a: &[u8], b: &[u8]) -> Vec<u8> {
    let merge = three_way(base, a, b, Rule::Zealous);
    let mut text = Vec::new();
    for line in &merge.lines {
        if let MergedLine::Merged(line) | MergedLine::A(line) | MergedLine::B(line) = line {
            text.extend_from_slice(line);
        }
    }
    text
}

fn write(texts: &[Vec<&[u8]>; 3], blocks: &[Block]) -> Vec<MergedLine> {
    let [base, a, b] = texts;
    let mut lines = Vec::new();
    let mut at = 0;
    for block in blocks {
        take(base, &(at..block.base.start), MergedLine::Merged, &mut lines);
        match block.outcome {
            Outcome::TakeA | Outcome::Agreed => take(a, &block.a, MergedLine::Merged, &mut lines),
            Outcome::TakeB => take(b, &block.b, MergedLine::Merged, &mut lines),
            Outcome::Conflict => write_conflict(texts, block, &mut lines),
        }
        at = block.base.end;
    }
    let end = u32::try_from(base.len()).expect("no text has four thousand million lines");
    take(base, &(at..end), MergedLine::Merged, &mut lines);
    lines
}

/// What both sides' texts begin or end with alike is no part of the conflict.
fn write_conflict([base, a, b]: &[Vec<&[u8]>; 3], block: &Block, lines: &mut Vec<MergedLine>) {
    let part = |text: &'_ [&[u8]], range: &Range<u32>| -> Vec<Vec<u8>> {
        text[range.start as usize..range.end as usize].iter().map(|line| line.to_vec()).collect()
    };
    let (ours, theirs) = (part(a, &block.a), part(b, &block.b));
    let most = ours.len().min(theirs.len());
    let head = ours.iter().zip(&theirs).take_while(|(x, y)| x == y).count();
    let tail = ours.iter().rev().zip(theirs.iter().rev()).take(most - head).take_while(|(x, y)| x == y).count();
    lines.extend(ours[..head].iter().cloned().map(MergedLine::Merged));
    lines.extend(ours[head..ours.len() - tail].iter().cloned().map(MergedLine::A));
    lines.extend(part(base, &block.base).into_iter().map(MergedLine::Base));
    lines.extend(theirs[head..theirs.len() - tail].iter().cloned().map(MergedLine::B));
    lines.extend(ours[ours.len() - tail..].iter().cloned().map(MergedLine::Merged));
}

fn take(text: &[&[u8]], range: &Range<u32>, as_line: fn(Vec<u8>) -> MergedLine, lines: &mut Vec<MergedLine>) {
    lines.extend(text[range.start as usize..range.end as usize].iter().map(|line| as_line(line.to_vec())));
}

#[cfg(test)]
mod tests;
