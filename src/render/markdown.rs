//! Markdown, as a step summary shows it: the answer, hot spots, conflicts, who waits for what.
//! Must not know: where the summary lies, any terminal.

use std::io::{self, Write};

use super::{finding, safe, words};
use crate::domain::ci::{Entry, Group, Report};
use crate::domain::finding::tally;
use crate::domain::overlap::{Grade, PathOverlap};
use crate::domain::report::Overlap;
use crate::domain::weight::{by_weight, weigh};

/// A step's summary may be 1 MiB; more and GitHub shows nothing of it. Room is left for others that write to it too.
const MOST_BYTES: usize = 900 * 1024;
/// How many rows of a table anybody reads.
const MOST_SPOTS: usize = 10;
const MOST_CONFLICTS: usize = 200;
const MOST_PATHS: usize = 4;
const MOST_NAMES: usize = 50;

/// Writes the whole summary, never more than GitHub takes.
pub fn write(report: &Report, out: &mut impl Write) -> io::Result<()> {
    let tally = tally(report);
    let mut page = Page { report, text: String::new(), full: false };
    page.line(&format!("## coord: {}", plain(&finding::headline(report, &tally))));
    page.line("");
    if let Some(besides) = finding::besides(&tally) {
        page.line(&format!("{}.", plain(&besides)));
        page.line("");
    }
    for group in &report.groups {
        page.group(group);
    }
    page.unknown();
    let source = finding::source(report.source).map(str::to_owned);
    for notice in source.iter().chain(&report.notices) {
        page.line(&format!("> {}", plain(&safe::text(notice))));
    }
    out.write_all(page.text.as_bytes())
}

struct Page<'a> {
    report: &'a Report,
    text: String,
    full: bool,
}

impl Page<'_> {
    fn line(&mut self, line: &str) {
        if self.full {
            return;
        }
        if self.text.len() + line.len() > MOST_BYTES {
            self.full = true;
            self.text.push_str("\n\nThe rest does not fit here: `coord ci --format html` has it all.\n");
            return;
        }
        self.text.push_str(line);
        self.text.push('\n');
    }

    fn group(&mut self, group: &Group) {
        let ours = |overlap: &&Overlap| self.report.overlaps().any(|(_, other)| std::ptr::eq(other, *overlap));
        let conflicts: Vec<&Overlap> = by_weight(&group.survey).into_iter().filter(ours).collect();
        if self.report.groups.len() > 1 && !(conflicts.is_empty() && group.survey.target_conflicts.is_empty()) {
            self.line(&format!("### On {}\n", code(&group.base)));
        }
        self.hot_spots(group);
        self.conflicts(group, &conflicts);
        self.needing_rebase(group);
    }

    fn hot_spots(&mut self, group: &Group) {
        let spots: Vec<_> = group.hot_spots.iter().filter(|spot| spot.is_hot()).collect();
        if self.report.subject.is_some() || spots.is_empty() {
            return;
        }
        self.line("| hot spot | | what would help |\n|---|---|---|");
        for spot in spots.iter().take(MOST_SPOTS) {
            let row = (code(&safe::text(spot.path.as_bytes())), finding::share(spot), advice(&words::advice(spot)));
            self.line(&format!("| {} | {} | {} |", row.0, row.1, row.2));
        }
        self.line("");
    }

    fn conflicts(&mut self, group: &Group, conflicts: &[&Overlap]) {
        if conflicts.is_empty() {
            return;
        }
        self.line("| conflict | where | goes first | touches |\n|---|---|---|---|");
        for overlap in conflicts.iter().take(MOST_CONFLICTS) {
            let row = self.conflict(group, overlap);
            self.line(&row);
        }
        if conflicts.len() > MOST_CONFLICTS {
            let more = conflicts.len() - MOST_CONFLICTS;
            self.line(&format!("\nand {more} more: `coord ci --format html` has them all"));
        }
        self.line("");
    }

    fn conflict(&self, group: &Group, overlap: &Overlap) -> String {
        let right = group.right_of_way(overlap);
        let weight = weigh(&group.survey, overlap);
        let first = if overlap.acknowledged {
            "acknowledged".to_owned()
        } else {
            format!("{}, {}", self.name(group, right.first), finding::why(right.why))
        };
        let touches = words::part("", weight);
        format!(
            "| {} ↔ {} | {} | {first} | {}{} |",
            self.request(group, overlap.a),
            self.request(group, overlap.b),
            places(overlap),
            touches.trim_end_matches("of ").trim_end(),
            format_args!(" of {}", self.name(group, weight.smaller)),
        )
    }

    fn needing_rebase(&mut self, group: &Group) {
        let about = |instance: usize| match self.report.subject {
            Some(subject) => {
                std::ptr::eq(&raw const self.report.groups[subject.group], group) && subject.instance == instance
            }
            None => true,
        };
        let behind: Vec<_> = group.survey.target_conflicts.iter().filter(|behind| about(behind.instance)).collect();
        if behind.is_empty() {
            return;
        }
        let requests = words::count(behind.len(), "request needs a rebase", "requests need a rebase");
        self.line(&format!("<details><summary>{requests} on {}</summary>\n", html(&safe::text(&group.base))));
        for conflict in behind.iter().take(MOST_NAMES) {
            let at = conflict.paths.first().map(|path| format!(": {}", code(&safe::text(path.path.as_bytes()))));
            let line = format!("- {}{}", self.request(group, conflict.instance), at.unwrap_or_default());
            self.line(&line);
        }
        if behind.len() > MOST_NAMES {
            self.line(&format!("- and {} more", behind.len() - MOST_NAMES));
        }
        self.line("\n</details>\n");
    }

    fn unknown(&mut self) {
        let line = |(who, reason): &(String, String)| format!("- {}: {}", code(who), plain(reason));
        let lines: Vec<String> = finding::unknown(self.report).iter().map(line).collect();
        if lines.is_empty() {
            return;
        }
        self.line("Could not be judged:\n");
        for line in lines.iter().take(MOST_NAMES) {
            self.line(line);
        }
        if lines.len() > MOST_NAMES {
            self.line(&format!("- and {} more", lines.len() - MOST_NAMES));
        }
        self.line("");
    }

    /// A request with what is to be known of it.
    fn request(&self, group: &Group, instance: usize) -> String {
        let marks = finding::marks(&group.entries[instance]);
        let marks = if marks.is_empty() { String::new() } else { format!(" ({})", plain(&marks.join(", "))) };
        format!("{}{marks}", self.name(group, instance))
    }

    /// A request by its label, as a link where its address is known.
    fn name(&self, group: &Group, instance: usize) -> String {
        let label = code(&safe::text(&group.survey.instances[instance].label));
        match (&self.report.request_url, entry(group, instance).request.number) {
            (Some(url), Some(number)) => format!("[{label}]({url}{number})"),
            _ => label,
        }
    }
}

fn entry(group: &Group, instance: usize) -> &Entry {
    &group.entries[instance]
}

/// The conflicting paths of a pair, with their lines in the base and kinds.
fn places(overlap: &Overlap) -> String {
    let conflicting: Vec<&PathOverlap> = overlap.paths.iter().filter(|path| path.grade == Grade::Conflict).collect();
    let mut said: Vec<String> = conflicting.iter().take(MOST_PATHS).map(|path| place(path)).collect();
    if conflicting.len() > MOST_PATHS {
        said.push(format!("and {} more", conflicting.len() - MOST_PATHS));
    }
    said.join("<br>")
}

fn place(path: &PathOverlap) -> String {
    let lines = words::both_lines(path);
    let kind = path.kind.map_or("", crate::domain::overlap::ConflictKind::name);
    let never = if path.blocks { "" } else { ", never blocks" };
    format!("{} {lines} {kind}{never}", code(&safe::text(path.path.as_bytes())))
}

/// Text that means nothing to Markdown or HTML: it must be harmless for a terminal already, so it is one line.
fn plain(text: &str) -> String {
    html(text).chars().fold(String::new(), |mut out, c| {
        if "\\`*_{}[]#!|~@".contains(c) {
            out.push('\\');
        }
        out.push(c);
        out
    })
}

/// Advice holds the line to write between backticks; the rest is plain.
fn advice(text: &str) -> String {
    match text.split_once('`').and_then(|(before, rest)| Some((before, rest.rsplit_once('`')?))) {
        Some((before, (line, after))) => format!("{}{}{}", plain(before), code(line), plain(after)),
        None => plain(text),
    }
}

/// A code span, fenced by more backticks than the text has in a row. In a table a `|` ends the cell even in code.
fn code(text: &str) -> String {
    let longest = text.split(|c| c != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat(longest + 1);
    let space = if text.is_empty() || text.starts_with(['`', ' ']) || text.ends_with(['`', ' ']) { " " } else { "" };
    format!("{fence}{space}{}{space}{fence}", text.replace('|', "\\|"))
}

fn html(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::ci::Subject;
    use crate::domain::sample;

    fn written(report: &Report) -> String {
        let mut out = Vec::new();
        write(report, &mut out).expect("in memory");
        String::from_utf8(out).expect("UTF-8")
    }

    #[test]
    fn the_answer_comes_first_then_hot_spots_then_conflicts() {
        let all: &[&str] = &["CHANGELOG.md"];
        let survey = sample::survey(
            &[("a", all), ("b", &["CHANGELOG.md", "q"]), ("c", all)],
            &[(0, 1, all), (0, 2, all), (1, 2, &["CHANGELOG.md", "q"])],
        );
        let mut report = sample::report(survey);
        report.request_url = Some("https://forge.example/pull/".to_owned());
        let text = written(&report);
        assert!(text.starts_with("## coord: 3 conflicts: 3 open requests on main\n"), "{text}");
        assert!(
            text.contains("| `CHANGELOG.md` | 3 of 3 conflicts (100 %), 3 requests | land one of them soon |"),
            "{text}"
        );
        assert!(text.contains("| [`a`](https://forge.example/pull/1) (by author of a) ↔ [`c`]"), "{text}");
        assert!(text.contains("| the only file of [`a`](https://forge.example/pull/1) |"), "{text}");
        assert!(text.contains("goes first"), "{text}");
    }

    #[test]
    fn hostile_names_stay_in_their_cells() {
        let name = "a|b`c``d</summary><script>alert(1)</script>\n## [x](http:evil) @team";
        let mut survey = sample::survey(&[("a", &[name]), ("b", &[name])], &[(0, 1, &[name])]);
        survey.instances[0].label = name.to_owned();
        let mut report = sample::report(survey);
        report.groups[0].entries[0].request.author = Some(name.to_owned());
        report.subject = Some(Subject { group: 0, instance: 0 });
        let text = written(&report);
        assert_eq!(text.lines().filter(|line| line.starts_with('#')).count(), 1, "{text}");
        let row = text.lines().find(|line| line.contains('↔')).expect("a row");
        let cells = row.replace("\\|", "").matches('|').count();
        assert_eq!(cells, 5, "{row}");
        let outside = row.split("```").step_by(2).collect::<String>();
        assert!(!outside.contains("<script>") && !outside.contains("[x](") && !outside.contains(" @team"), "{outside}");
    }

    #[test]
    fn a_summary_never_outgrows_its_bound() {
        let long = "x".repeat(4_000);
        let names: Vec<String> = (0..1_000).map(|n| format!("{long}{n}")).collect();
        let paths: Vec<&str> = names.iter().map(String::as_str).collect();
        let survey = sample::survey(
            &vec![("a", &paths[..1]); 400],
            &(1..400).map(|n| (0, n, &paths[n..=n])).collect::<Vec<_>>(),
        );
        let text = written(&sample::report(survey));
        assert!(text.len() < 1024 * 1024, "{}", text.len());
        assert!(text.contains("has it all") || text.contains("has them all"));
    }
}
