//! The histogram alignment of two lists of lines, exactly as git's merge aligns them: the rarest common run splits the
//! texts, and so on in both parts; afterwards every changed run is moved to its one canonical place.
//! Must not know: bytes, files, merging.

mod one_change;

use imara_diff::{Algorithm, Diff, Token};

use super::hunk::Hunk;
use super::text::Line;

/// A line that occurs more often than this never splits a text.
const COMMONPLACE: u32 = 64;

/// Which lines of either text have no partner in the other.
#[derive(Debug)]
struct Alignment {
    removed: Vec<bool>,
    added: Vec<bool>,
}

/// What changed from `base` to `side`, in order.
pub(super) fn hunks(base: &[Line], side: &[Line]) -> Vec<Hunk> {
    one_change::find(base, side).unwrap_or_else(|| align(base, side).hunks())
}

/// Aligns `base` and `side`.
fn align(base: &[Line], side: &[Line]) -> Alignment {
    let mut search = Search::new(base, side);
    let mut regions = vec![Region { base: (0, len(base)), side: (0, len(side)) }];
    while let Some(region) = regions.pop() {
        match search.split(&region) {
            Split::Apart => search.mark(&region),
            Split::Commonplace => search.mark_by_shortest_script(&region),
            Split::At(run) => {
                let (base_end, side_end) = (run.base + run.len, run.side + run.len);
                regions.push(Region { base: (base_end, region.base.1), side: (side_end, region.side.1) });
                regions.push(Region { base: (region.base.0, run.base), side: (region.side.0, run.side) });
            }
        }
    }
    let mut alignment = search.found;
    settle(base, &mut alignment.removed, &alignment.added);
    settle(side, &mut alignment.added, &alignment.removed);
    alignment
}

fn len(lines: &[Line]) -> u32 {
    u32::try_from(lines.len()).expect("no text has four thousand million lines")
}

impl Alignment {
    /// The changed runs in order.
    fn hunks(&self) -> Vec<Hunk> {
        let (mut base, mut side, mut hunks) = (0, 0, Vec::new());
        loop {
            let removed = run_end(&self.removed, base);
            let added = run_end(&self.added, side);
            if removed > base || added > side {
                hunks.push(Hunk { base: number(base)..number(removed), side: number(side)..number(added) });
            }
            if removed == self.removed.len() && added == self.added.len() {
                return hunks;
            }
            (base, side) = (removed + 1, added + 1);
        }
    }
}

fn number(index: usize) -> u32 {
    u32::try_from(index).expect("no text has four thousand million lines")
}

/// A part of both texts that is still to be aligned, half-open.
#[derive(Debug)]
struct Region {
    base: (u32, u32),
    side: (u32, u32),
}

/// A run of equal lines.
#[derive(Clone, Copy, Debug)]
struct Run {
    base: u32,
    side: u32,
    len: u32,
    /// How often its rarest line occurs in the region's base.
    rarity: u32,
}

#[derive(Debug)]
enum Split {
    /// The parts have no line in common.
    Apart,
    /// All common lines are commonplace.
    Commonplace,
    At(Run),
}

const NOWHERE: u32 = u32::MAX;

struct Search<'t> {
    base: &'t [Line],
    side: &'t [Line],
    found: Alignment,
    /// By line: how often it occurs in the region's base, and where first.
    count: Vec<u32>,
    first: Vec<u32>,
    /// By place in the base: where the same line occurs next within the region.
    next: Vec<u32>,
}

impl<'t> Search<'t> {
    fn new(base: &'t [Line], side: &'t [Line]) -> Self {
        let lines = base.iter().chain(side).max().map_or(0, |&line| line as usize + 1);
        Self {
            base,
            side,
            found: Alignment { removed: vec![false; base.len()], added: vec![false; side.len()] },
            count: vec![0; lines],
            first: vec![NOWHERE; lines],
            next: vec![NOWHERE; base.len()],
        }
    }

    fn split(&mut self, region: &Region) -> Split {
        if region.base.0 == region.base.1 || region.side.0 == region.side.1 {
            return Split::Apart;
        }
        self.tally(region);
        let best = self.rarest_run(region);
        self.forget(region);
        best
    }

    fn tally(&mut self, region: &Region) {
        for at in (region.base.0..region.base.1).rev() {
            let line = self.base[at as usize] as usize;
            self.next[at as usize] = self.first[line];
            self.first[line] = at;
            self.count[line] += 1;
        }
    }

    fn forget(&mut self, region: &Region) {
        for &line in &self.base[region.base.0 as usize..region.base.1 as usize] {
            self.count[line as usize] = 0;
            self.first[line as usize] = NOWHERE;
        }
    }

    /// Tries every line of the side in order. A run wins by being rarer or longer than the best so far; on a tie the
    /// first one stays.
    fn rarest_run(&self, region: &Region) -> Split {
        let mut best = Run { base: 0, side: 0, len: 0, rarity: COMMONPLACE + 1 };
        let (mut common, mut at) = (false, region.side.0);
        while at < region.side.1 {
            let line = self.side[at as usize] as usize;
            let mut resume = at + 1;
            common |= self.count[line] > 0;
            if self.count[line] > 0 && self.count[line] <= best.rarity {
                let mut place = self.first[line];
                while place != NOWHERE {
                    let run = self.grow(region, place, at);
                    resume = resume.max(run.side + run.len);
                    if run.len > best.len || run.rarity < best.rarity {
                        best = run;
                    }
                    // Places inside the run just seen would only give parts of it.
                    while place != NOWHERE && place < run.base + run.len {
                        place = self.next[place as usize];
                    }
                }
            }
            at = resume;
        }
        match (common, best.rarity > COMMONPLACE) {
            (false, _) => Split::Apart,
            (true, true) => Split::Commonplace,
            (true, false) => Split::At(best),
        }
    }

    fn grow(&self, region: &Region, base: u32, side: u32) -> Run {
        let same = |b: u32, s: u32| self.base[b as usize] == self.side[s as usize];
        let count = |b: u32| self.count[self.base[b as usize] as usize];
        let (mut run, mut end) = (Run { base, side, len: 0, rarity: count(base) }, base + 1);
        while run.base > region.base.0 && run.side > region.side.0 && same(run.base - 1, run.side - 1) {
            (run.base, run.side) = (run.base - 1, run.side - 1);
            run.rarity = run.rarity.min(count(run.base));
        }
        while end < region.base.1 && end - base + side < region.side.1 && same(end, end - base + side) {
            run.rarity = run.rarity.min(count(end));
            end += 1;
        }
        Run { len: end - run.base, ..run }
    }

    fn mark(&mut self, region: &Region) {
        self.found.removed[region.base.0 as usize..region.base.1 as usize].fill(true);
        self.found.added[region.side.0 as usize..region.side.1 as usize].fill(true);
    }

    fn mark_by_shortest_script(&mut self, region: &Region) {
        let tokens = |lines: &[Line], (start, end): (u32, u32)| -> Vec<Token> {
            lines[start as usize..end as usize].iter().map(|&line| Token(line)).collect()
        };
        let mut diff = Diff::default();
        let (base, side) = (tokens(self.base, region.base), tokens(self.side, region.side));
        diff.compute_with(Algorithm::Myers, &base, &side, u32::try_from(self.count.len()).unwrap_or(u32::MAX));
        for hunk in diff.hunks() {
            self.mark(&Region {
                base: (region.base.0 + hunk.before.start, region.base.0 + hunk.before.end),
                side: (region.side.0 + hunk.after.start, region.side.0 + hunk.after.end),
            });
        }
    }
}

fn run_end(changed: &[bool], from: usize) -> usize {
    changed[from..].iter().position(|&c| !c).map_or(changed.len(), |n| from + n)
}

fn run_start(changed: &[bool], end: usize) -> usize {
    changed[..end].iter().rposition(|&c| !c).map_or(0, |n| n + 1)
}

/// Moves every changed run of one text to its canonical place. A run whose last line equals the line before it can
/// move up by one, and the like down, without changing what it means. Runs that meet become one. A run goes to the
/// lowest place where the other text has a changed run too, else to the lowest place of all.
fn settle(lines: &[Line], changed: &mut [bool], other: &[bool]) {
    let mut run = Place { start: 0, end: run_end(changed, 0) };
    let mut partner = Place { start: 0, end: run_end(other, 0) };
    loop {
        if !run.is_empty() {
            settle_run(lines, changed, other, &mut run, &mut partner);
        }
        if run.end == lines.len() {
            return;
        }
        run = Place { start: run.end + 1, end: run_end(changed, run.end + 1) };
        partner.forward(other);
    }
}

/// A run between two unchanged lines, perhaps empty.
#[derive(Debug)]
struct Place {
    start: usize,
    end: usize,
}

impl Place {
    fn is_empty(&self) -> bool {
        self.start == self.end
    }

    fn forward(&mut self, changed: &[bool]) {
        self.start = self.end + 1;
        self.end = run_end(changed, self.start);
    }

    fn back(&mut self, changed: &[bool]) {
        self.end = self.start - 1;
        self.start = run_start(changed, self.end);
    }

    fn up(&mut self, lines: &[Line], changed: &mut [bool]) -> bool {
        let can = self.start > 0 && lines[self.start - 1] == lines[self.end - 1];
        if can {
            changed[self.start - 1] = true;
            changed[self.end - 1] = false;
            self.end -= 1;
            self.start = run_start(changed, self.start - 1);
        }
        can
    }

    fn down(&mut self, lines: &[Line], changed: &mut [bool]) -> bool {
        let can = self.end < lines.len() && lines[self.start] == lines[self.end];
        if can {
            changed[self.start] = false;
            changed[self.end] = true;
            self.start += 1;
            self.end = run_end(changed, self.end + 1);
        }
        can
    }
}

fn settle_run(lines: &[Line], changed: &mut [bool], other: &[bool], run: &mut Place, partner: &mut Place) {
    let (highest_end, meets) = loop {
        let size = run.end - run.start;
        while run.up(lines, changed) {
            partner.back(other);
        }
        let highest_end = run.end;
        let mut meets = !partner.is_empty();
        while run.down(lines, changed) {
            partner.forward(other);
            meets |= !partner.is_empty();
        }
        // A run that grew by meeting another may be able to move further up than before.
        if run.end - run.start == size {
            break (highest_end, meets);
        }
    };
    if run.end > highest_end && meets {
        while partner.is_empty() && run.up(lines, changed) {
            partner.back(other);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::text::{LineTable, hunks};

    fn check(base: &str, side: &str, expected: &[(u32, u32, u32, u32)]) {
        let (base, side) = (base.replace(' ', "\n"), side.replace(' ', "\n"));
        let mut table = LineTable::new();
        let (base, side) = (table.lines(base.as_bytes()), table.lines(side.as_bytes()));
        let found: Vec<_> = hunks(&base, &side)
            .into_iter()
            .map(|hunk| (hunk.base.start, hunk.base.end, hunk.side.start, hunk.side.end))
            .collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn changes_are_found_where_they_are() {
        check("", "", &[]);
        check("a b c ", "a b c ", &[]);
        check("a b c ", "a X c ", &[(1, 2, 1, 2)]);
        check("a b c ", "a c ", &[(1, 2, 1, 1)]);
        check("a c ", "a b c ", &[(1, 1, 1, 2)]);
        check("", "a ", &[(0, 0, 0, 1)]);
        check("a ", "", &[(0, 1, 0, 0)]);
    }

    #[test]
    fn a_missing_newline_at_the_end_is_a_change() {
        check("a b ", "a b", &[(1, 2, 1, 2)]);
    }

    #[test]
    fn a_run_that_can_move_goes_down() {
        check("a x b ", "a x x b ", &[(2, 2, 2, 3)]);
        check("a x x b ", "a x b ", &[(2, 3, 2, 2)]);
    }

    #[test]
    fn an_added_run_moves_to_where_lines_were_removed() {
        check("a y x b ", "a x x b ", &[(1, 2, 1, 2)]);
    }
}
