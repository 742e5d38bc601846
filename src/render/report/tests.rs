//! The report in each of its forms.
//! Must not know: the log.

use super::*;
use crate::domain::checklist::{Counts, Usefulness};
use crate::domain::path::RepoPath;
use crate::domain::policy::Thresholds;
use crate::domain::time::Seconds;
use crate::render::browser;

fn path(text: &str) -> RepoPath {
    RepoPath::new(text).expect("valid")
}

fn sample() -> Checklist {
    let counts = Counts {
        since: Some(Timestamp(1_759_363_200)),
        sessions: 23,
        overlapping_sessions: 4,
        conflicts: 9,
        resolutions: [(Resolution::Rebased, 6), (Resolution::Dropped, 3)].into(),
        lifetimes: vec![Seconds(600), Seconds(7800), Seconds(90_000)],
        acknowledgements: 2,
        bypasses: 1,
        alarms: Usefulness { spoke: 14, changed: 11, acknowledged: 2, bypassed: 1 },
        hot: vec![(path("src/api.rs"), 5), (path("CHANGELOG.md"), 3), (path("</svg><script>alert(1)</script>"), 1)],
        pairs: vec![("auth".into(), "search|`x`".into(), 7, 5)],
        weeks: vec![(Timestamp(1_758_758_400), 4), (Timestamp(1_759_363_200), 0), (Timestamp(1_759_968_000), 5)],
        ..Counts::default()
    };
    Checklist {
        now: Timestamp(1_760_000_000),
        counts,
        thresholds: Thresholds::default(),
        checked: [true, true, false, false],
        mode: Mode::Monitor,
        installed: true,
        advice: Advice::Warn(5),
        unreadable: 0,
        hindsight: None,
    }
}

fn text(write: impl Fn(&mut Vec<u8>) -> io::Result<()>) -> String {
    let mut out = Vec::new();
    write(&mut out).expect("memory takes everything");
    String::from_utf8(out).expect("UTF-8")
}

#[test]
fn the_screen_is_as_promised() {
    let shown = text(|out| human(&sample(), &Style::plain(80), out));
    let expected = "\
Is coordination worth enforcing here?     23 sessions since 2025-10-02 (20 needed)

  [x]  conflicts occurred           9 conflicts in 23 sessions
  [x]  resolving them takes time    median 2 h 10 min open, 6 cost a rebase
  [ ]  planned tasks overlap often  4 of 23 sessions (from 33 %)
  [ ]  coordination by hand         2 acknowledgements, 1 bypass (from 25 %)

  Two boxes: warn now; enforce after 5 more sessions if it helps.
  coord config mode warn

  coord spoke 14 times: 11 led to a change, 2 were acknowledged, 1 bypassed
  precision as used: 78 %
";
    assert!(shown.starts_with(expected), "{shown}");
    assert!(shown.contains("CHANGELOG.md (3: merge=union would end these)"));
}

#[test]
fn the_page_holds_its_charts_and_obeys_no_name() {
    let page = text(|out| html(&sample(), out));
    assert_eq!(page.matches("<svg").count(), 4);
    assert_eq!(page.matches("</svg>").count(), 4, "a path ended a chart");
    for forbidden in ["<script", "http://", "https://", "url(", "src=", "@import"] {
        assert!(!page.contains(forbidden), "{forbidden}");
    }
}

#[test]
fn a_browser_draws_the_charts_and_runs_no_name() {
    let Some(chromium) = browser::chromium() else { return };
    let page = text(|out| html(&sample(), out));
    let dom = browser::browse(&chromium, "report", &page, &["--dump-dom"]);
    assert_eq!(dom.matches("<svg").count(), 4, "{dom}");
    assert_eq!(dom.matches("<rect").count(), page.matches("<rect").count(), "a bar lies outside of its chart: {dom}");
    assert!(dom.contains("Conflicts by week") && dom.contains("coord config mode warn"), "{dom}");
    assert!(dom.contains("<title>coord report</title>") && !dom.contains("<script"), "{dom}");
    let told = |end: &str| dom.matches(end).count();
    assert_eq!(told("</svg>"), 4, "a path ended a chart: {dom}");
}

#[test]
fn without_hooks_it_says_so_and_how_to_begin() {
    let bare = Checklist { installed: false, ..sample() };
    assert_eq!(advice(&bare).1.as_deref(), Some("coord install --mode warn"));
    let early = Checklist { advice: Advice::TooEarly(20), ..bare };
    let (said, command) = advice(&early);
    assert!(said.contains("not installed here") && said.contains("20 more sessions"), "{said}");
    assert_eq!(command.as_deref(), Some("coord install --mode monitor"));
}

#[test]
fn markdown_obeys_no_name() {
    let shown = text(|out| markdown(&sample(), out));
    assert!(shown.contains("- [x] Have conflicts occurred in actual execution? 9 conflicts in 23 sessions"));
    assert!(shown.contains("search\\|\\`x\\`") && !shown.contains("<script"), "{shown}");
}

#[test]
fn an_empty_log_is_too_early() {
    let empty = Checklist {
        counts: Counts::default(),
        checked: [false; 4],
        advice: Advice::TooEarly(20),
        mode: Mode::Enforce,
        ..sample()
    };
    let shown = text(|out| human(&empty, &Style::plain(80), out));
    assert!(shown.contains("Too early to tell: 20 more sessions"), "{shown}");
    assert!(shown.contains("coord has not spoken yet"));
    assert!(!text(|out| html(&empty, out)).contains("<svg"));
}
