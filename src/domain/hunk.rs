//! Which lines a side changed. The verdict on two lists of them stands in `verdict.rs`.
//! Must not know: files, objects, paths.

use std::ops::Range;

use smallvec::SmallVec;

/// One changed run of lines between a base text and a side's text: `base` was replaced by `side`.
///
/// Lines are counted from 0 and ranges are half-open; an empty `base` is a pure insertion before that line,
/// an empty `side` a pure deletion. Lists of hunks are sorted, and two neighbours have at least one unchanged line between.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Hunk {
    /// Lines of the base.
    pub base: Range<u32>,
    /// Lines of the side.
    pub side: Range<u32>,
}

/// Lines of a file as people count them: from 1, both ends included. `last < first` is the place before `first`
/// where lines were inserted or from where they were deleted.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct LineSpan {
    /// The first line, from 1.
    pub first: u32,
    /// The last line, included.
    pub last: u32,
}

/// Some lines of a file, ascending. Most changes are one run of lines or two, and there are overlaps by the hundred thousand.
pub type Spans = SmallVec<[LineSpan; 2]>;

impl LineSpan {
    /// Turns a half-open range counted from 0 into lines as people count them.
    #[must_use]
    pub fn of(range: &Range<u32>) -> Self {
        Self { first: range.start + 1, last: range.end }
    }
}
