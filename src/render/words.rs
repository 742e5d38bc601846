//! How counts, ages, lines and evidence read. Every screen says them alike.
//! Must not know: any layout, any one screen.

use unicode_width::UnicodeWidthStr as _;

use super::safe;
use super::style::{Ink, Style};
use super::table::{cut_end, cut_middle};
use crate::domain::hotspot::{Advice, HotSpot};
use crate::domain::hunk::LineSpan;
use crate::domain::instance::{Instance, Kind, Operation, State};
use crate::domain::overlap::{ConflictKind, Grade, PathOverlap};
use crate::domain::time::{Seconds, Timestamp};
use crate::domain::weight::Weight;
use crate::domain::working_set::{Change, Status};

/// A task or reason is shown up to this many columns, however long somebody made it.
pub(crate) const LONGEST_QUOTE: usize = 60;

/// `1 file`, `2 files`.
pub(crate) fn count(n: usize, one: &str, many: &str) -> String {
    format!("{n} {}", if n == 1 { one } else { many })
}

/// `now`, `2 min`, `3 h`, `6 d`, `5 months`, `2 years`.
pub(crate) fn span(Seconds(seconds): Seconds) -> String {
    const DAY: u64 = 24 * 3600;
    match seconds {
        0..60 => "now".to_owned(),
        60..3600 => format!("{} min", seconds / 60),
        3600..DAY => format!("{} h", seconds / 3600),
        _ if seconds < 60 * DAY => format!("{} d", seconds / DAY),
        _ if seconds < 730 * DAY => format!("{} months", seconds / (30 * DAY)),
        _ => format!("{} years", seconds / (365 * DAY)),
    }
}

/// `1 session`, `3 sessions`.
pub(crate) fn number(n: u64, one: &str) -> String {
    if n == 1 { format!("1 {one}") } else { format!("{n} {one}s") }
}

/// How long something lasted: `40 s`, `2 h 10 min`, `3 d 4 h`.
pub(crate) fn lasting(Seconds(seconds): Seconds) -> String {
    const DAY: u64 = 24 * 3600;
    let two = |big: u64, unit: &str, small: u64, part: &str| match small {
        0 => format!("{big} {unit}"),
        small => format!("{big} {unit} {small} {part}"),
    };
    match seconds {
        0..60 => format!("{seconds} s"),
        60..3600 => format!("{} min", seconds / 60),
        3600..DAY => two(seconds / 3600, "h", seconds % 3600 / 60, "min"),
        _ => two(seconds / DAY, "d", seconds % DAY / 3600, "h"),
    }
}

/// `just now`, `3 h ago`.
pub(crate) fn ago(now: Timestamp, then: Timestamp) -> String {
    match span(now.since(then)).as_str() {
        "now" => "just now".to_owned(),
        age => format!("{age} ago"),
    }
}

/// A task in quotes, harmless and not too long; nothing where there is none.
pub(crate) fn task(task: Option<&str>) -> Option<String> {
    let task = task.map(str::trim).filter(|task| !task.is_empty())?;
    Some(format!("\"{}\"", cut_end(&safe::text(task), LONGEST_QUOTE)))
}

/// `40–58`, `12`, `at 7` for a place where lines went in or out; the first three of many.
pub(crate) fn lines(spans: &[LineSpan]) -> String {
    let one = |span: &LineSpan| match span {
        LineSpan { first, last } if last < first => format!("at {first}"),
        LineSpan { first, last } if last == first => first.to_string(),
        LineSpan { first, last } => format!("{first}–{last}"),
    };
    let shown: Vec<String> = spans.iter().take(3).map(one).collect();
    let more = spans.len().saturating_sub(shown.len());
    if more > 0 { format!("{} and {more} more", shown.join(", ")) } else { shown.join(", ") }
}

/// `line 12`, `lines 40–58`; nothing where lines say nothing.
pub(crate) fn at_lines(spans: &[LineSpan]) -> String {
    match spans {
        [] => String::new(),
        [LineSpan { first, last }] if first >= last => format!("line {first}"),
        spans => format!("lines {}", lines(spans)),
    }
}

/// Both sides' lines: `40–58 both`, or `40–58 / 44–46` in the pair's order.
pub(crate) fn both_lines(overlap: &PathOverlap) -> String {
    match (&overlap.a_lines[..], &overlap.b_lines[..]) {
        ([], []) => String::new(),
        (a, b) if a == b => format!("{} both", lines(a)),
        (a, []) | ([], a) => lines(a),
        (a, b) => format!("{} / {}", lines(a), lines(b)),
    }
}

/// What the evidence says of one path: `content`, `deleted in auth`, `content, uncommitted in search`,
/// `clean, 31 lines apart`.
pub(crate) fn evidence(overlap: &PathOverlap, a: &Instance, b: &Instance) -> String {
    match (overlap.grade, overlap.gap) {
        (Grade::Identical, _) => "the same change".to_owned(),
        (Grade::Disjoint, Some(gap)) => format!("clean, {} apart", count(gap as usize, "line", "lines")),
        (Grade::Disjoint, None) => "merges cleanly".to_owned(),
        (Grade::Conflict, _) => conflict(overlap, a, b),
    }
}

fn conflict(overlap: &PathOverlap, a: &Instance, b: &Instance) -> String {
    let sides = [a, b].map(|side| (side, side.working_set.changes.get(&overlap.path)));
    let the_one = |is_so: &dyn Fn(&Change) -> bool| match sides.map(|(_, change)| change.is_some_and(is_so)) {
        [true, false] => Some(label(&a.label)),
        [false, true] => Some(label(&b.label)),
        _ => None,
    };
    let mut said = Vec::new();
    match (overlap.kind, the_one(&|change| change.status == Status::Deleted)) {
        (Some(ConflictKind::ModifyDelete), Some(who)) => said.push(format!("deleted in {who}")),
        (kind, _) => said.push(kind.map_or("conflict", ConflictKind::name).to_owned()),
    }
    if let Some(who) = the_one(&Change::is_uncommitted) {
        said.push(format!("uncommitted in {who}"));
    } else if sides.iter().all(|(_, change)| change.is_some_and(Change::is_uncommitted)) {
        said.push("uncommitted".to_owned());
    }
    if !overlap.blocks {
        said.push("never blocks".to_owned());
    }
    said.join(", ")
}

/// The answer with an aside behind it, on a line of its own where both do not fit into one.
pub(crate) fn beside(answer: (Ink, &str), aside: &str, style: &Style) -> String {
    let fits = answer.1.width() + 5 + aside.width() <= style.width;
    let gap = if fits { "     " } else { "\n  " };
    format!("{}{gap}{}", style.ink(answer.0, answer.1), style.ink(Ink::Faint, aside))
}

/// The one word for how an instance stands.
pub(crate) fn state(instance: &Instance, needs_rebase: bool) -> &'static str {
    match (&instance.state, instance.operation) {
        (State::Unknown { .. }, _) => "unknown",
        (_, Some(Operation::Merge)) => "merging",
        (_, Some(Operation::Rebase)) => "rebasing",
        (_, Some(Operation::CherryPick)) => "cherry-picking",
        (_, Some(Operation::Revert)) => "reverting",
        (_, Some(Operation::Bisect)) => "bisecting",
        _ if needs_rebase => "needs rebase",
        (State::InProgress, _) => "in progress",
        (State::Idle, _) => "idle",
        (State::Dormant, _) => "dormant",
        (State::Landed, _) => "landed",
    }
}

/// Where the instance's work is, when its label does not say so: `on feature/x`, `detached at 4f2c91e`.
pub(crate) fn place(instance: &Instance) -> String {
    match (&instance.branch, instance.tip) {
        (Some(branch), _) if branch.short() != instance.label.as_bytes() && instance.kind == Kind::Worktree => {
            format!("on {}", safe::text(branch.short()))
        }
        (None, Some(tip)) => format!("detached at {}", tip.short()),
        _ => String::new(),
    }
}

/// A label in a sentence gets so many columns, so that the sentence stays a line.
const LABEL: usize = 24;

/// A label for a sentence: harmless and not too long.
pub(crate) fn label(label: &str) -> String {
    cut_middle(&safe::text(label), LABEL)
}

/// `a`, `a and b`, `a, b and 3 others`; of long names only the first.
pub(crate) fn names<'a>(names: impl IntoIterator<Item = &'a str>) -> String {
    let all: Vec<String> = names.into_iter().map(label).collect();
    match &all[..] {
        [] => String::new(),
        [one] => one.clone(),
        [a, rest @ ..] if all.iter().take(3).map(|name| name.width()).sum::<usize>() > LABEL => {
            format!("{a} and {}", count(rest.len(), "other", "others"))
        }
        [a, b] => format!("{a} and {b}"),
        [a, b, c] => format!("{a}, {b} and {c}"),
        [a, b, rest @ ..] => format!("{a}, {b} and {} others", rest.len()),
    }
}

/// `3 of the 5 files of search`, `all 3 files of search`.
pub(crate) fn part(label: &str, weight: Weight) -> String {
    let label = safe::text(label);
    if weight.is_all() {
        return match weight.of {
            1 => format!("the only file of {label}"),
            2 => format!("both files of {label}"),
            n => format!("all {n} files of {label}"),
        };
    }
    format!("{} of the {} of {label}", weight.paths, count(weight.of, "file", "files"))
}

/// What would end a hot spot, with the line to write.
pub(crate) fn advice(spot: &HotSpot) -> String {
    let path = safe::text(spot.path.as_bytes());
    match spot.advice {
        Advice::Union => {
            format!("write `{} merge=union` into .gitattributes: everybody only adds to it", attribute(&path))
        }
        Advice::Generated => {
            format!("if a program makes it, write `{} linguist-generated` into .gitattributes", attribute(&path))
        }
        Advice::Regenerate => "generated: make it anew after merging; it blocks nobody".to_owned(),
        Advice::Split => "split it, or keep one file an entry: too many meet here".to_owned(),
        Advice::LandOne => "land one of them soon".to_owned(),
    }
}

/// A path as .gitattributes takes it: quoted where it holds spaces or quotes.
fn attribute(path: &str) -> String {
    if path.contains([' ', '"', '\\']) {
        format!("\"{}\"", path.replace('\\', "\\\\").replace('"', "\\\""))
    } else {
        path.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ages_read_as_people_say_them() {
        for (seconds, said) in [
            (0, "now"),
            (59, "now"),
            (60, "1 min"),
            (7199, "1 h"),
            (86_400, "1 d"),
            (59 * 86_400, "59 d"),
            (60 * 86_400, "2 months"),
            (800 * 86_400, "2 years"),
        ] {
            assert_eq!(span(Seconds(seconds)), said);
        }
        assert_eq!(ago(Timestamp(100), Timestamp(160)), "just now");
        assert_eq!(ago(Timestamp(7300), Timestamp(100)), "2 h ago");
    }

    #[test]
    fn lines_read_as_people_count_them() {
        let span = |first, last| LineSpan { first, last };
        assert_eq!(lines(&[span(40, 58), span(60, 60)]), "40–58, 60");
        assert_eq!(lines(&[span(7, 6)]), "at 7");
        assert_eq!(lines(&[1, 3, 5, 7, 9].map(|n| span(n, n))), "1, 3, 5 and 2 more");
    }

    #[test]
    fn lists_of_names_stay_short() {
        assert_eq!(names(["a"]), "a");
        assert_eq!(names(["a", "b", "c"]), "a, b and c");
        assert_eq!(names(["a", "b", "c", "d"]), "a, b and 2 others");
        assert_eq!(task(Some("  ")), None);
        assert_eq!(task(Some("a\x1b[1m\nb")).as_deref(), Some("\"a\\x1b[1m\\nb\""));
        assert!(task(Some(&"x".repeat(10_000))).is_some_and(|t| t.chars().count() <= LONGEST_QUOTE + 2));
    }
}
