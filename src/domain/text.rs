//! A text as a list of lines, and which lines a side changed.
//! Must not know: files, objects, what a changed line means for anybody else.

use std::hash::BuildHasher;
use std::ops::Range;

use foldhash::fast::RandomState;
use hashbrown::HashTable;

use super::histogram;
use super::hunk::Hunk;

/// A line by number: equal lines of one [`LineTable`] have equal numbers, so that lines compare like integers.
pub type Line = u32;

/// How far into a file git looks for a NUL byte before it calls the file text.
const BINARY_PREFIX: usize = 8000;

/// Whether git would take the content for binary: a NUL byte among the first 8000.
#[must_use]
pub fn is_binary(content: &[u8]) -> bool {
    memchr::memchr(0, &content[..content.len().min(BINARY_PREFIX)]).is_some()
}

/// The lines of a text with their ends, so that a missing newline at the end is a difference and CR is content.
pub fn split(text: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let end = memchr::memchr(b'\n', rest).map_or(rest.len(), |at| at + 1);
        let (line, after) = rest.split_at(end);
        rest = after;
        Some(line).filter(|line| !line.is_empty())
    })
}

/// Numbers the lines of the texts that are compared with each other.
#[derive(Debug, Default)]
pub struct LineTable {
    numbers: HashTable<Line>,
    hasher: RandomState,
    known: Known,
}

/// Lines one behind the other, as most are too short for a piece of memory each.
#[derive(Debug, Default)]
struct Known {
    bytes: Vec<u8>,
    ends: Vec<usize>,
}

impl Known {
    fn line(&self, number: Line) -> &[u8] {
        let at = number as usize;
        &self.bytes[at.checked_sub(1).map_or(0, |before| self.ends[before])..self.ends[at]]
    }

    fn push(&mut self, line: &[u8]) -> Line {
        let number = Line::try_from(self.ends.len()).expect("no text has four thousand million lines");
        self.bytes.extend_from_slice(line);
        self.ends.push(self.bytes.len());
        number
    }
}

impl LineTable {
    /// An empty table.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The lines of `text`, by number.
    pub fn lines(&mut self, text: &[u8]) -> Vec<Line> {
        let mut lines = Vec::with_capacity(newlines(text) + 1);
        self.number(text, &mut lines);
        lines
    }

    /// The lines of `text`, of which most are those of `like`, whose lines were numbered before: what both begin and end
    /// with alike is not looked at again.
    pub fn lines_like(&mut self, text: &[u8], (like, numbered): (&[u8], &[Line])) -> Vec<Line> {
        let head = whole_lines(&text[..shared_prefix(text, like)]);
        let room = text.len().min(like.len()) - head.bytes;
        let (rest, rest_of_like) = (&text[text.len() - room..], &like[like.len() - room..]);
        let tail = tail_lines(&rest[room - shared_suffix(rest, rest_of_like)..]);
        let mut lines = Vec::with_capacity(numbered.len() + 1);
        lines.extend_from_slice(&numbered[..head.count]);
        self.number(&text[head.bytes..text.len() - tail.bytes], &mut lines);
        lines.extend_from_slice(&numbered[numbered.len() - tail.count..]);
        lines
    }

    fn number(&mut self, text: &[u8], lines: &mut Vec<Line>) {
        let Self { numbers, hasher, known } = self;
        if numbers.is_empty() {
            numbers.reserve(lines.capacity(), |_| 0);
            known.ends.reserve(lines.capacity());
            known.bytes.reserve(text.len());
        }
        lines.extend(split(text).map(|line| {
            let hash = hasher.hash_one(line);
            let same = |number: &Line| known.line(*number) == line;
            if let Some(number) = numbers.find(hash, same) {
                return *number;
            }
            let number = known.push(line);
            numbers.insert_unique(hash, number, |number| hasher.hash_one(known.line(*number)));
            number
        }));
    }
}

/// Some whole lines at a text's beginning or end.
struct Whole {
    bytes: usize,
    count: usize,
}

/// The whole lines that a text begins with.
fn whole_lines(text: &[u8]) -> Whole {
    let bytes = text.iter().rposition(|&b| b == b'\n').map_or(0, |at| at + 1);
    Whole { bytes, count: newlines(&text[..bytes]) }
}

/// The whole lines that a text ends with, without its first, which may have begun before it.
fn tail_lines(text: &[u8]) -> Whole {
    let bytes = text.iter().position(|&b| b == b'\n').map_or(0, |at| text.len() - at - 1);
    let tail = &text[text.len() - bytes..];
    Whole { bytes, count: newlines(tail) + usize::from(tail.last().is_some_and(|&b| b != b'\n')) }
}

fn newlines(text: &[u8]) -> usize {
    memchr::memchr_iter(b'\n', text).count()
}

/// Compared in steps of this many bytes, each without a call.
const STEP: usize = 64;

/// How many bytes two texts begin with alike.
#[must_use]
pub fn shared_prefix(a: &[u8], b: &[u8]) -> usize {
    let steps = a.as_chunks::<STEP>().0.iter().zip(b.as_chunks::<STEP>().0);
    let whole = steps.take_while(|(x, y)| x == y).count() * STEP;
    whole + a[whole..].iter().zip(&b[whole..]).take_while(|(x, y)| x == y).count()
}

/// How many bytes two texts end with alike.
fn shared_suffix(a: &[u8], b: &[u8]) -> usize {
    let steps = a.as_rchunks::<STEP>().1.iter().rev().zip(b.as_rchunks::<STEP>().1.iter().rev());
    let whole = steps.take_while(|(x, y)| x == y).count() * STEP;
    let (a, b) = (&a[..a.len() - whole], &b[..b.len() - whole]);
    whole + a.iter().rev().zip(b.iter().rev()).take_while(|(x, y)| x == y).count()
}

/// What a side changed against its base, aligned as git's own merge aligns it (histogram, hunks moved to where they
/// meet the other side's, else down).
#[must_use]
pub fn hunks(base: &[Line], side: &[Line]) -> Vec<Hunk> {
    histogram::hunks(base, side)
}

/// Where lines of the base stand in the side. Lines that a hunk changed stand for all of the hunk's lines there.
#[must_use]
pub fn map_range(hunks: &[Hunk], range: &Range<u32>) -> Range<u32> {
    let offset = |at: u32, last: Option<&Hunk>| last.map_or(at, |hunk| at - hunk.base.end + hunk.side.end);
    let before = hunks.partition_point(|hunk| hunk.base.end <= range.start);
    let start = match hunks.get(before) {
        Some(hunk) if hunk.base.start < range.start => hunk.side.start,
        _ => offset(range.start, hunks[..before].last()),
    };
    let until = hunks.partition_point(|hunk| hunk.base.start < range.end);
    let end = match hunks[..until].last() {
        Some(hunk) if hunk.base.end > range.end => hunk.side.end,
        last => offset(range.end, last),
    };
    start..end.max(start)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_keep_their_ends() {
        assert_eq!(split(b"a\r\nb").collect::<Vec<_>>(), [&b"a\r\n"[..], b"b"]);
        assert_eq!(split(b"").count(), 0);
        assert_eq!(split(b"\n\n").count(), 2);
    }

    #[test]
    fn lines_like_anothers_are_the_texts_own() {
        // Every text of up to five bytes of this alphabet, each like each.
        let mut texts: Vec<Vec<u8>> = vec![Vec::new()];
        for len in 1..=5 {
            let longer = texts
                .iter()
                .filter(|text| text.len() == len - 1)
                .flat_map(|text| [b'a', b'b', b'\n'].map(|byte| [text.as_slice(), &[byte]].concat()));
            texts.extend(longer.collect::<Vec<_>>());
        }
        let mut table = LineTable::new();
        for like in &texts {
            let numbered = table.lines(like);
            for text in &texts {
                let expected = table.lines(text);
                assert_eq!(table.lines_like(text, (like, &numbered)), expected, "{text:?} like {like:?}");
            }
        }
    }

    #[test]
    fn only_a_nul_in_the_first_part_makes_a_file_binary() {
        assert!(is_binary(b"a\0b"));
        let mut late = vec![b'x'; BINARY_PREFIX];
        late.push(0);
        assert!(!is_binary(&late));
        assert!(!is_binary("caf\u{e9} \u{202e}".as_bytes()));
    }

    #[test]
    fn ranges_follow_the_lines() {
        // Two lines added before line 1, line 4 replaced by three, line 6 gone.
        let hunks = [(1..1, 1..3), (4..5, 6..9), (6..7, 10..10)].map(|(base, side)| Hunk { base, side });
        for (range, expected) in [
            (0..1, 0..1),
            (1..2, 3..4),
            (0..2, 0..4),
            (4..5, 6..9),
            (3..6, 5..10),
            (6..7, 10..10),
            (7..9, 10..12),
            (5..5, 9..9),
        ] {
            assert_eq!(map_range(&hunks, &range), expected, "{range:?}");
        }
    }
}
