//! The page as text, and in headless Chromium where that is there.
//! Must not know: anything but the written page.

use super::*;
use crate::domain::ci::Line;
use crate::domain::sample;
use crate::render::browser::{browse, chromium};

fn written(report: &Report) -> String {
    let mut out = Vec::new();
    write(report, "0.1.0", &mut out).expect("in memory");
    String::from_utf8(out).expect("UTF-8")
}

const HOSTILE: &str = "</script><script>document.title='pwned'</script><img src=x onerror=alert(1)>\u{202e}\n<!--";

fn hostile() -> Report {
    let mut survey = sample::survey(&[("a", &[]), ("b", &[])], &[(0, 1, &["x"])]);
    survey.overlaps[0].paths[0].path = crate::domain::path::RepoPath::new(HOSTILE).expect("a valid path");
    for instance in &mut survey.instances {
        instance.label = HOSTILE.to_owned();
    }
    let mut report = sample::report(survey);
    report.groups[0].base = HOSTILE.to_owned();
    report.notices.push(HOSTILE.to_owned());
    for entry in &mut report.groups[0].entries {
        entry.request.author = Some(HOSTILE.to_owned());
    }
    let line = Line { number: 1, text: HOSTILE.as_bytes().to_vec(), changed: true };
    report.groups[0].excerpts.push(Excerpt {
        overlap: 0,
        path: 0,
        a: vec![line.clone()],
        b: vec![line],
        base: Vec::new(),
        cut: false,
    });
    report
}

/// `n` requests in clusters, one file that a third of them meet in.
fn crowd(n: usize) -> Report {
    const WORDS: &[&str] =
        &["login-rework", "fix-retry", "search-index", "docs", "rename-api", "bump-parser", "metrics"];
    let names: Vec<String> = (0..n).map(|i| format!("#{} {}-{i}", 400 + i, WORDS[i % WORDS.len()])).collect();
    let instances: Vec<(&str, &[&str])> =
        names.iter().map(|name| (name.as_str(), &["src/api.rs", "src/user.rs", "CHANGELOG.md"][..])).collect();
    let mut conflicts: Vec<(usize, usize, &[&str])> = Vec::new();
    for a in 0..n {
        for b in a + 1..n {
            if a % 3 == 0 && b % 3 == 0 && a * 7 % 5 != b % 5 {
                conflicts.push((a, b, &["CHANGELOG.md"]));
            } else if a / 8 == b / 8 && (a + b) % 4 == 0 {
                conflicts.push((a, b, &["src/api.rs", "src/user.rs"]));
            }
        }
    }
    let mut survey = sample::survey(&instances, &conflicts);
    for overlap in survey.overlaps.iter_mut().filter(|overlap| (overlap.a + overlap.b) % 7 == 3) {
        overlap.grade = Grade::Disjoint;
        overlap.paths.iter_mut().for_each(|path| path.grade = Grade::Disjoint);
    }
    let mut report = sample::report(survey);
    let line = |number, text: &str, changed| Line { number, text: text.as_bytes().to_vec(), changed };
    report.groups[0].excerpts.push(Excerpt {
        overlap: 0,
        path: 0,
        a: vec![line(39, "", false), line(40, "fn route(req: Request, user: &User) -> Reply {", true)],
        b: vec![line(39, "", false), line(40, "fn route(req: Request, index: &Index) -> Reply {", true)],
        base: vec![line(39, "", false), line(40, "fn route(req: Request) -> Reply {", true)],
        cut: false,
    });
    for (at, entry) in report.groups[0].entries.iter_mut().enumerate() {
        entry.request.draft = at % 6 == 5;
        entry.request.bot = at % 11 == 10;
    }
    report
}

#[test]
fn no_name_becomes_markup() {
    let page = written(&hostile());
    assert_eq!(page.matches("<script").count(), 2, "the data and the page's own script");
    assert_eq!(page.matches("</script").count(), 2);
    assert!(!page.contains("<img") && !page.contains("<!--") && !page.contains('\u{202e}'), "{page}");
}

#[test]
fn nothing_is_loaded_from_anywhere() {
    let page = written(&sample::report(sample::survey(&[("a", &["p"])], &[])));
    for loading in ["src=", "@import", "url(", "fetch(", "XMLHttpRequest", "<link", "http://", "https://"] {
        assert!(!page.contains(loading), "{loading}");
    }
    assert!(page.contains("default-src 'none'"));
}

#[test]
fn a_browser_shows_the_report_and_runs_no_name() {
    let Some(chromium) = chromium() else { return };
    let dom = browse(&chromium, "ci", &written(&hostile()), &["--dump-dom"]);
    assert!(dom.contains("<details class=\"conflict\">"), "{dom}");
    assert!(!dom.contains("<title>pwned") && !dom.contains("<img"), "{dom}");
    let dom = browse(&chromium, "ci", &written(&crowd(300)), &["--dump-dom"]);
    assert_eq!(dom.matches("<details class=\"conflict\">").count(), 60, "the first of many");
    assert!(dom.contains("<canvas role=\"img\"") && dom.contains("Hot spots"));
    let dom =
        browse(&chromium, "ci", &written(&sample::report(sample::survey(&[("a", &["p"])], &[]))), &["--dump-dom"]);
    assert!(dom.contains("No conflicts."), "{dom}");
}
