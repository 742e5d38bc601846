//! GitLab's Code Quality report.
//! Must not know: how GitLab is told where it lies.

use std::io::{self, Write};

use serde_json::{Value, json};

use super::{finding, safe};
use crate::domain::ci::Report;
use crate::domain::finding::{Finding, Level, findings};

/// Writes a check's findings; an empty list is a report too.
pub fn write(report: &Report, out: &mut impl Write) -> io::Result<()> {
    let entries: Vec<Value> = findings(report).iter().map(|found| entry(found, report.subject.is_some())).collect();
    serde_json::to_writer_pretty(&mut *out, &entries)?;
    writeln!(out)
}

fn entry(found: &Finding<'_>, of_subject: bool) -> Value {
    let severity = match found.level {
        Level::Error => "major",
        Level::Warning => "minor",
        Level::Note => "info",
    };
    json!({
        "description": finding::message(found, of_subject),
        "check_name": format!("coord/{}", found.rule.name()),
        "fingerprint": finding::fingerprint(found),
        "severity": severity,
        "location": {
            "path": path(found),
            "lines": {"begin": found.lines.first().map_or(1, |lines| lines.first.max(1))},
        },
    })
}

/// GitLab matches the path against those of the diff, so a name that is text stays as it is: JSON escapes what it must.
fn path(found: &Finding<'_>) -> String {
    std::str::from_utf8(found.path.as_bytes()).map_or_else(|_| safe::text(found.path.as_bytes()), str::to_owned)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::domain::sample;

    fn entries(report: &Report) -> Vec<Value> {
        let mut out = Vec::new();
        write(report, &mut out).expect("in memory");
        serde_json::from_slice::<Vec<Value>>(&out).expect("a JSON list")
    }

    #[test]
    fn every_entry_has_what_gitlab_requires() {
        let all: &[&str] = &["p", "q\n<script>"];
        let survey = sample::survey(&[("a", all), ("b", all), ("::c", all)], &[(0, 1, all), (1, 2, all)]);
        let entries = entries(&sample::report(survey));
        assert_eq!(entries.len(), 4);
        let mut fingerprints = BTreeSet::new();
        for entry in &entries {
            for field in ["description", "check_name", "fingerprint"] {
                assert!(entry[field].as_str().is_some_and(|text| !text.is_empty()), "{field}: {entry}");
            }
            assert!(
                ["info", "minor", "major", "critical", "blocker"].contains(&entry["severity"].as_str().expect("text"))
            );
            assert!(entry["location"]["path"].as_str().is_some_and(|path| !path.starts_with("./")));
            assert!(entry["location"]["lines"]["begin"].as_u64().is_some_and(|line| line >= 1));
            assert!(fingerprints.insert(entry["fingerprint"].to_string()), "each fingerprint once: {entry}");
        }
    }

    #[test]
    fn nothing_found_is_an_empty_list() {
        assert!(entries(&sample::report(sample::survey(&[("a", &["p"])], &[]))).is_empty());
    }
}
