//! Where two lines of work meet in a file: which lines, in whose file, how far apart.
//! Must not know: whether they conflict as trees; that was decided before.

pub(super) mod packed;

use std::ops::Range;

use smallvec::SmallVec;

use super::super::error::Error;
use super::super::tree::Entry;
use super::meeting::{Group, Side};
use super::texts::{Changed, Texts};
use crate::domain::hunk::{Hunk, LineSpan, Spans};
use crate::domain::id::ObjectId;
use crate::domain::overlap::{ConflictKind, Grade, PathOverlap};
use crate::domain::text::map_range;
use crate::domain::verdict::{self, Block, Outcome, Rule};

/// Describes the meeting of `a` and `b` at a path. `kind` is said of a conflict only.
pub(super) fn overlap(
    texts: &Texts<'_>,
    group: &Group,
    (a, b): (&Side, &Side),
    kind: Option<ConflictKind>,
    blocks: bool,
) -> Result<PathOverlap, Error> {
    let grade = match kind {
        Some(_) => Grade::Conflict,
        None if a.effective == b.effective => Grade::Identical,
        None => Grade::Disjoint,
    };
    let mut overlap = PathOverlap::without_lines(group.path.clone(), grade, kind, blocks);
    if let Some(meeting) = Meeting::find(texts, group, a, b, grade)? {
        overlap.gap = meeting.gap;
        (overlap.a_lines, overlap.b_lines) = (spans(&meeting.a.target), spans(&meeting.b.target));
        (overlap.a_own, overlap.b_own) = (spans(&meeting.a.own), spans(&meeting.b.own));
    }
    Ok(overlap)
}

fn spans(ranges: &[Range<u32>]) -> Spans {
    ranges.iter().map(LineSpan::of).collect()
}

/// Lines of a file. Most changes are one run of lines or two.
type Ranges = SmallVec<[Range<u32>; 2]>;

/// One side's lines.
#[derive(Debug, Default)]
struct Lines {
    /// In the file as the target has it.
    target: Ranges,
    /// In the side's own file.
    own: Ranges,
}

type Hunks<'h> = SmallVec<[&'h Hunk; 2]>;

struct Meeting {
    a: Lines,
    b: Lines,
    gap: Option<u32>,
}

impl Meeting {
    /// `None` where lines say nothing: not all are text files.
    fn find(texts: &Texts<'_>, group: &Group, a: &Side, b: &Side, grade: Grade) -> Result<Option<Self>, Error> {
        let file = |entry: Option<Entry>| entry.filter(Entry::is_file).map(|entry| entry.id);
        let Some(target) = file(group.target) else { return Ok(None) };
        // Where a side does not land here, its file is its own, not what it leaves on the target.
        let there = |side: &Side| file(if side.fails { side.tip } else { side.effective });
        let (Some(a_there), Some(b_there)) = (there(a), there(b)) else { return Ok(None) };
        let (Some(from_a), Some(from_b)) =
            (texts.changed(Some(target), Some(a_there))?, texts.changed(Some(target), Some(b_there))?)
        else {
            return Ok(None);
        };
        let (mut in_a, mut in_b): (Hunks<'_>, Hunks<'_>) =
            (from_a.hunks.iter().collect(), from_b.hunks.iter().collect());
        if grade == Grade::Conflict {
            let met: Vec<Block> = verdict::blocks(from_a.side(), from_b.side(), Rule::Zealous)
                .filter(|block| block.outcome == Outcome::Conflict)
                .collect();
            // None where they conflict only because the target moved under one of them: then all hunks are told.
            if !met.is_empty() {
                in_a = met.iter().flat_map(|block| &from_a.hunks[block.a_hunks.clone()]).collect();
                in_b = met.iter().flat_map(|block| &from_b.hunks[block.b_hunks.clone()]).collect();
            }
        }
        let gap = (grade == Grade::Disjoint).then(|| verdict::gap(&from_a.hunks, &from_b.hunks)).flatten();
        let (mut a, mut b) = (lines(texts, &in_a, a_there, a.tip)?, lines(texts, &in_b, b_there, b.tip)?);
        if group.told_in != group.target {
            let back = match file(group.told_in) {
                Some(told_in) => texts.changed(Some(target), Some(told_in))?,
                None => None,
            };
            for side in [&mut a, &mut b] {
                side.target = taken_back(back.as_ref(), &side.target);
            }
        }
        Ok(Some(Self { a, b, gap }))
    }
}

/// Lines in the file from which `back` leads, in the one it leads to; none where that is no text.
fn taken_back(back: Option<&Changed>, lines: &[Range<u32>]) -> Ranges {
    back.map_or_else(Ranges::new, |back| lines.iter().map(|range| map_range(&back.hunks, range)).collect())
}

/// The hunks' lines, those of the side taken back into its own file where that differs from what is left on the target.
fn lines(texts: &Texts<'_>, hunks: &[&Hunk], there: ObjectId, tip: Option<Entry>) -> Result<Lines, Error> {
    let target = hunks.iter().map(|hunk| hunk.base.clone()).collect();
    let own = hunks.iter().map(|hunk| hunk.side.clone());
    let back = match tip.filter(|tip| tip.is_file() && tip.id != there) {
        Some(tip) => texts.changed(Some(there), Some(tip.id))?,
        None => return Ok(Lines { target, own: own.collect() }),
    };
    let own = back.map_or_else(Ranges::new, |back| own.map(|range| map_range(&back.hunks, &range)).collect());
    Ok(Lines { target, own })
}
