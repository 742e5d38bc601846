//! Cases of the verdict, and laws that hold for any texts.
//! Must not know: git; that the verdict equals git's is held by `tests/differential.rs`.

use proptest::prelude::{Strategy, prop, prop_assert, prop_assert_eq, proptest};

use super::{MergedLine, Outcome, Rule, Side, blocks, gap, merged_text, three_way, union_text};
use crate::domain::hunk::Hunk;
use crate::domain::text;

/// Words stand for lines. In `expected`, `<a|b>` stands for a conflict.
fn check(base: &str, a: &str, b: &str, expected: &str) {
    assert_eq!(merge(base, a, b, Rule::Zealous), expected, "{base} / {a} / {b}");
    let swap = |text: &str| {
        let sides = text.split(['<', '>']).enumerate().map(|(n, part)| match part.split_once('|') {
            Some((x, y)) if n % 2 == 1 => format!("<{y}|{x}>"),
            _ => part.to_owned(),
        });
        sides.collect::<String>()
    };
    assert_eq!(merge(base, b, a, Rule::Zealous), swap(expected), "turned round: {base} / {b} / {a}");
}

fn lines(words: &str) -> Vec<u8> {
    words.split_whitespace().flat_map(|word| [word.as_bytes(), b"\n"].concat()).collect()
}

fn merge(base: &str, a: &str, b: &str, rule: Rule) -> String {
    let merged = three_way(&lines(base), &lines(a), &lines(b), rule);
    let (mut text, mut ours, mut theirs) = (Vec::new(), Vec::new(), Vec::new());
    let mut blocks = merged.blocks.iter().filter(|block| block.outcome == Outcome::Conflict).count();
    let word = |line: &[u8]| String::from_utf8_lossy(line).trim().to_owned();
    let flush = |text: &mut Vec<String>, ours: &mut Vec<String>, theirs: &mut Vec<String>| {
        if !ours.is_empty() || !theirs.is_empty() {
            text.push(format!("<{}|{}>", ours.join(" "), theirs.join(" ")));
            ours.clear();
            theirs.clear();
        }
    };
    for line in &merged.lines {
        match line {
            MergedLine::Merged(line) => {
                flush(&mut text, &mut ours, &mut theirs);
                text.push(word(line));
            }
            MergedLine::A(line) => ours.push(word(line)),
            MergedLine::B(line) => theirs.push(word(line)),
            MergedLine::Base(_) => {}
        }
    }
    flush(&mut text, &mut ours, &mut theirs);
    blocks = blocks.min(1);
    assert_eq!(blocks == 1, text.iter().any(|word| word.starts_with('<')));
    text.join(" ")
}

#[test]
fn changes_with_a_line_between_are_independent() {
    check("1 2 3", "A 2 3", "1 2 B", "A 2 B");
    check("1 2 3", "0 1 2 3", "1 2 3 4", "0 1 2 3 4");
    check("1 2 3", "2 3", "1 2", "2");
}

#[test]
fn changes_that_touch_conflict() {
    check("1 2", "A 2", "1 B", "<A 2|1 B>");
    check("1 2 3", "1 A 2 3", "1 B 2 3", "1 <A|B> 2 3");
    check("1 2 3", "1 A 3", "1 B 3", "1 <A|B> 3");
    check("1 2 3", "1 3", "1 B 3", "1 <|B> 3");
    check("1 2 3", "1 2 A 3", "1 2 B", "1 2 <A 3|B>");
}

#[test]
fn the_same_change_agrees() {
    check("1 2 3", "1 A 3", "1 A 3", "1 A 3");
    check("1 2 3", "1 3", "1 3", "1 3");
    check("1 2 3 4 5", "1 A 3 4 X", "1 A 3 4 5", "1 A 3 4 X");
    check("1 2 3", "1 A B 3", "1 A C 3", "1 A <B|C> 3");
}

#[test]
fn a_block_of_several_hunks_conflicts_as_a_whole() {
    check("1 2 3 4 5", "A 2 C 4 5", "1 x y 4 5", "<A 2 C|1 x y> 4 5");
}

#[test]
fn texts_from_nothing_conflict_unless_equal() {
    check("", "A", "B", "<A|B>");
    check("", "A B", "A B", "A B");
}

#[test]
fn union_keeps_both() {
    let merged = union_text(&lines("1 2 3"), &lines("1 A 2 3"), &lines("1 B 2 3"));
    assert_eq!(merged, lines("1 A B 2 3"));
}

#[test]
fn an_equal_block_from_different_hunks_agrees_only_zealously() {
    // Both end with the same text, but one changed lines 2 and 4 and the other replaced lines 2 to 4 as a whole.
    let base: Vec<u32> = vec![1, 2, 3, 4, 5];
    let text: Vec<u32> = vec![1, 8, 3, 9, 5];
    let hunk = |base: std::ops::Range<u32>, side: std::ops::Range<u32>| Hunk { base, side };
    let (fine, coarse) = ([hunk(1..2, 1..2), hunk(3..4, 3..4)], [hunk(1..4, 1..4)]);
    for (rule, outcome) in [(Rule::Zealous, Outcome::Agreed), (Rule::Eager, Outcome::Conflict)] {
        let (a, b) = (Side { lines: &text, hunks: &fine }, Side { lines: &text, hunks: &coarse });
        let found: Vec<_> = blocks(a, b, rule).collect();
        assert_eq!(found.len(), 1);
        assert_eq!((found[0].outcome, found[0].base.clone()), (outcome, 1..4));
    }
    assert_eq!(base.len(), text.len());
}

#[test]
fn the_gap_counts_unchanged_lines() {
    let list = |ranges: &[(u32, u32)]| -> Vec<Hunk> {
        ranges.iter().map(|&(start, end)| Hunk { base: start..end, side: start..end }).collect()
    };
    for (a, b, expected) in [
        (list(&[(0, 1)]), list(&[(4, 5)]), Some(3)),
        (list(&[(4, 5)]), list(&[(0, 1)]), Some(3)),
        (list(&[(0, 1), (20, 21)]), list(&[(10, 11), (23, 24)]), Some(2)),
        (list(&[(3, 3)]), list(&[(3, 3)]), Some(0)),
        (list(&[(3, 6)]), list(&[(4, 5)]), Some(0)),
        (list(&[]), list(&[(1, 2)]), None),
    ] {
        assert_eq!(gap(&a, &b), expected, "{a:?} {b:?}");
    }
}

fn texts() -> impl Strategy<Value = [Vec<u8>; 3]> {
    let line = prop::sample::select(vec!["a\n", "b\n", "c\n", "d\n", "\n"]);
    let edit = (0..12usize, 0..3usize, prop::collection::vec(line.clone(), 0..3));
    let edits = prop::collection::vec(edit, 0..3);
    (prop::collection::vec(line, 0..12), edits.clone(), edits).prop_map(|(base, a, b)| {
        let apply = |edits: &[(usize, usize, Vec<&'static str>)]| {
            let mut text = base.clone();
            for (at, gone, new) in edits {
                let at = (*at).min(text.len());
                text.splice(at..(at + gone).min(text.len()), new.iter().copied());
            }
            text.concat().into_bytes()
        };
        [base.concat().into_bytes(), apply(&a), apply(&b)]
    })
}

/// Hunks by side and index.
type Members = Vec<(usize, usize)>;

/// The rule of the verdict told the slow way: a line of the base or the place before it belongs to a side's change or
/// not, places that both sides' changes reach make one block, and so on.
fn naive_conflict(base: &[u8], a: &[u8], b: &[u8]) -> bool {
    let mut table = text::LineTable::new();
    let numbered = [base, a, b].map(|text| table.lines(text));
    let hunks = [text::hunks(&numbered[0], &numbered[1]), text::hunks(&numbered[0], &numbered[2])];
    // Group the hunks of both sides by touching, transitively, by repeated merging.
    let mut groups: Vec<(u32, u32, Members)> = Vec::new();
    for (side, list) in hunks.iter().enumerate() {
        for (n, hunk) in list.iter().enumerate() {
            groups.push((hunk.base.start, hunk.base.end, vec![(side, n)]));
        }
    }
    while let Some((i, j)) = (0..groups.len())
        .flat_map(|i| (i + 1..groups.len()).map(move |j| (i, j)))
        .find(|&(i, j)| groups[i].0 <= groups[j].1 && groups[j].0 <= groups[i].1)
    {
        let other = groups.remove(j);
        let group = &mut groups[i];
        (group.0, group.1) = (group.0.min(other.0), group.1.max(other.1));
        group.2.extend(other.2);
    }
    let text_of = |side: usize, from: u32, to: u32, members: &[(usize, usize)]| {
        let mut text = Vec::new();
        let mut at = from;
        let mut own: Vec<&Hunk> = members.iter().filter(|m| m.0 == side).map(|m| &hunks[side][m.1]).collect();
        own.sort_by_key(|hunk| hunk.base.start);
        for hunk in own {
            text.extend_from_slice(&numbered[0][at as usize..hunk.base.start as usize]);
            text.extend_from_slice(&numbered[side + 1][hunk.side.start as usize..hunk.side.end as usize]);
            at = hunk.base.end;
        }
        text.extend_from_slice(&numbered[0][at as usize..to as usize]);
        text
    };
    groups.iter().any(|(from, to, members)| {
        members.iter().any(|m| m.0 == 0)
            && members.iter().any(|m| m.0 == 1)
            && text_of(0, *from, *to, members) != text_of(1, *from, *to, members)
    })
}

proptest! {
    #[test]
    fn hunks_rebuild_the_side([base, side, _] in texts()) {
        let mut table = text::LineTable::new();
        let (base, side) = (table.lines(&base), table.lines(&side));
        let (mut rebuilt, mut at) = (Vec::new(), 0);
        for hunk in text::hunks(&base, &side) {
            prop_assert!(hunk.base.start as usize > at || at == 0);
            rebuilt.extend_from_slice(&base[at..hunk.base.start as usize]);
            prop_assert_eq!(rebuilt.len(), hunk.side.start as usize);
            rebuilt.extend_from_slice(&side[hunk.side.start as usize..hunk.side.end as usize]);
            at = hunk.base.end as usize;
        }
        rebuilt.extend_from_slice(&base[at..]);
        prop_assert_eq!(rebuilt, side);
    }

    #[test]
    fn the_verdict_is_symmetric([base, a, b] in texts()) {
        prop_assert_eq!(merged_text(&base, &a, &b, Rule::Zealous), merged_text(&base, &b, &a, Rule::Zealous));
        let turned = |merge: super::Merge| merge.blocks.iter().map(|b| (b.base.clone(), b.outcome == Outcome::Conflict)).collect::<Vec<_>>();
        prop_assert_eq!(turned(three_way(&base, &a, &b, Rule::Eager)), turned(three_way(&base, &b, &a, Rule::Eager)));
    }

    #[test]
    fn the_verdict_is_the_naive_one([base, a, b] in texts()) {
        prop_assert_eq!(three_way(&base, &a, &b, Rule::Zealous).conflicts(), naive_conflict(&base, &a, &b));
    }

    #[test]
    fn one_sided_and_equal_changes_merge_to_the_side([base, a, _] in texts()) {
        prop_assert_eq!(merged_text(&base, &a, &base, Rule::Eager), Some(a.clone()));
        prop_assert_eq!(merged_text(&base, &a, &a, Rule::Eager), Some(a));
    }
}
