//! A side that changed one run of lines, told without the histogram that would come to the same.
//! Must not know: bytes, files, merging, how the histogram is searched.

use super::super::hunk::Hunk;
use super::super::text::Line;
use super::number;

/// So many lines next to the change are tried for one that occurs once.
const NEAR: usize = 16;

/// More new lines than this are left to the histogram.
const MOST: usize = 64;

/// What the histogram alignment of `base` and `side` comes to where they differ in one run of lines and it is plain that
/// it finds just that; `None` where it has to be asked.
///
/// With `before` and `after` for what both texts begin and end with: any other match of a line of these is off the
/// diagonals of both, so its line occurs in the base twice at least, while a line that occurs once lets the histogram
/// match all of `before` or `after`. It does so first with one, then with the other, and is left with the change, in which
/// nothing is alike. New lines must not disturb that: each occurs not at all in what was replaced, and not just once on
/// either side of it. Afterwards the run stays where it is: if both texts have lines there, it is where the two meet, and
/// if one has none, a run that could move would have made `before` or `after` longer.
pub(super) fn find(base: &[Line], side: &[Line]) -> Option<Vec<Hunk>> {
    if base == side {
        return Some(Vec::new());
    }
    let start = base.iter().zip(side).take_while(|(x, y)| x == y).count();
    let alike = base.iter().rev().zip(side.iter().rev()).take_while(|(x, y)| x == y).count();
    if start + alike > base.len().min(side.len()) {
        return None;
    }
    let (base_end, side_end) = (base.len() - alike, side.len() - alike);
    let (before, after) = (&base[..start], &base[base_end..]);
    let plain = holds(base, before.iter().rev())
        && holds(base, after.iter())
        && apart(before, &base[start..base_end], after, &side[start..side_end]);
    plain.then(|| vec![Hunk { base: number(start)..number(base_end), side: number(start)..number(side_end) }])
}

/// Whether a line of these, of which the first are tried, occurs once in the base; or there are none.
fn holds<'l>(base: &[Line], mut lines: impl ExactSizeIterator<Item = &'l Line>) -> bool {
    lines.len() == 0 || lines.by_ref().take(NEAR).any(|line| count(base, *line) == 1)
}

fn apart(before: &[Line], replaced: &[Line], after: &[Line], new: &[Line]) -> bool {
    let fits = |line: &Line| !replaced.contains(line) && count(before, *line) != 1 && count(after, *line) != 1;
    new.len() <= MOST && new.iter().all(fits)
}

fn count(lines: &[Line], line: Line) -> usize {
    lines.iter().filter(|&&other| other == line).count()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::align;
    use super::*;

    fn check(base: &[Line], side: &[Line]) -> bool {
        let found = find(base, side);
        if let Some(hunks) = &found {
            assert_eq!(*hunks, align(base, side).hunks(), "{base:?} {side:?}");
        }
        found.is_some()
    }

    /// Every text of up to so many lines of an alphabet of so many.
    fn texts(most: usize, alphabet: Line) -> Vec<Vec<Line>> {
        let mut texts = vec![Vec::new()];
        let mut from = 0;
        for _ in 0..most {
            let until = texts.len();
            for at in from..until {
                texts.extend((0..alphabet).map(|line| [&texts[at][..], &[line]].concat()).collect::<Vec<_>>());
            }
            from = until;
        }
        texts
    }

    #[test]
    fn it_is_what_the_histogram_finds_for_all_short_texts() {
        for (most, alphabet) in [(5, 3), (4, 5)] {
            let texts = texts(most, alphabet);
            let told = texts.iter().flat_map(|base| texts.iter().filter(move |side| check(base, side))).count();
            assert!(told > texts.len() * 4, "{told} of {} x {0}", texts.len());
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(4_000))]
        #[test]
        fn it_is_what_the_histogram_finds(
            base in prop::collection::vec(0..12_u32, 0..24),
            at in 0..24_usize, gone in 0..6_usize,
            new in prop::collection::vec(0..16_u32, 0..6),
        ) {
            let start = at.min(base.len());
            let end = (start + gone).min(base.len());
            let side = [&base[..start], &new, &base[end..]].concat();
            check(&base, &side);
        }
    }

    #[test]
    fn common_edits_need_no_histogram() {
        let base: Vec<Line> = [1, 2, 0, 3, 4, 9, 0, 5, 6, 9, 0].to_vec();
        let with = |start: usize, end: usize, new: &[Line]| [&base[..start], new, &base[end..]].concat();
        for side in [with(3, 4, &[20]), with(3, 3, &[20, 9]), with(3, 5, &[]), with(0, 1, &[]), with(11, 11, &[20])] {
            assert!(check(&base, &side), "{side:?}");
        }
        // A line that occurs once and is written again; a line that occurs twice is added next to one of them.
        for side in [with(7, 7, &[1]), with(6, 6, &[0])] {
            assert!(!check(&base, &side), "{side:?}");
        }
    }
}
