//! From nobody to three hundred: no line is wider than the page, and the default screen stays a screen.
//! Must not know: how a screen is put together.

use unicode_width::UnicodeWidthStr as _;

use super::super::sample::{self, shared, shown};
use super::super::scan::View;
use super::super::style::Style;
use super::super::{home, scan};
use crate::domain::overlap::{ConflictKind, Grade};
use crate::domain::report::Survey;

/// `n` instances with long names; every neighbouring pair conflicts in one long path, every third merges cleanly too.
fn crowd(n: usize) -> Survey {
    let label = |n: usize| format!("agent/a-rather-long-branch-name-{n:03}");
    let mut survey = sample::survey();
    survey.instances =
        (0..n).map(|n| sample::worktree(&label(n), n % 40, i64::try_from(n).unwrap_or(0) * 700)).collect();
    survey.here = (n > 1).then_some(1);
    survey.target_conflicts.clear();
    let path = |n: usize| format!("client/src/features/Feedback/components/FeedbackForm{n}.test.tsx");
    let conflict = |n| shared(path(n), Some(ConflictKind::Content), &[(1000, 1200)], &[(1100, 1300)]);
    let conflicts = (1..n).map(|at| sample::pair(at - 1, at, (0..=at % 9).map(conflict).collect()));
    let clean = (3..n).step_by(3).map(|at| sample::pair(at - 3, at, vec![shared(path(1), None, &[(1, 2)], &[(9, 9)])]));
    survey.overlaps = conflicts.chain(clean).collect();
    survey
}

#[test]
fn no_line_is_wider_than_the_page_and_a_screen_stays_one() {
    for n in [0, 1, 2, 3, 30, 300] {
        for width in [80, 100, 140] {
            let style = Style::plain(width);
            let survey = crowd(n);
            let normal =
                shown(|out| scan::human(&survey, View { all: false, min_grade: Grade::Identical }, &style, out));
            let home = shown(|out| home::human(&survey, &style, out));
            let all = shown(|out| scan::human(&survey, View { all: true, min_grade: Grade::Identical }, &style, out));
            for line in normal.lines().chain(home.lines()).chain(all.lines()) {
                let command = line.trim_start().starts_with("see ");
                assert!(command || line.width() <= width, "{n} at {width} columns: {line}");
            }
            assert!(normal.lines().count() <= 60, "{n}: {normal}");
            assert!(home.lines().count() <= 24, "{n}: {home}");
        }
    }
}

#[test]
fn whoever_collides_is_among_the_rows() {
    let mut survey = crowd(300);
    survey.overlaps = survey.overlaps.into_all().into_iter().take(1).collect();
    survey.here = None;
    // The two youngest do not collide, and the two that do are the oldest.
    survey.overlaps[0].a = 298;
    survey.overlaps[0].b = 299;
    let normal =
        shown(|out| scan::human(&survey, View { all: false, min_grade: Grade::Identical }, &Style::plain(80), out));
    assert!(normal.contains("name-299  idle") && normal.contains("name-298  idle"), "{normal}");
}
