//! SARIF read back through types made from the published schema: a field the schema does not know would get lost.
//! Must not know: anything but the written text.

use serde_json::Value;

use super::*;
use crate::domain::ci::{Request, Subject};
use crate::domain::overlap::{ConflictKind, PathConflict};
use crate::domain::report::TargetConflict;
use crate::domain::sample;

fn written(report: &Report) -> Value {
    let mut out = Vec::new();
    write(report, "0.1.0", "feature/x", &mut out).expect("in memory");
    let value: Value = serde_json::from_slice(&out).expect("valid JSON");
    let typed: serde_sarif::sarif::Sarif = serde_json::from_value(value.clone()).expect("fits the published schema");
    assert_eq!(serde_json::to_value(typed).expect("JSON"), value, "a field is unknown to the published schema");
    value
}

const HOSTILE: &str = "::error [x](http:evil)\n<script>\u{202e}/caf%é:a.rs";

fn hostile() -> Report {
    let mut survey = sample::survey(&[("a", &[HOSTILE]), ("b", &[HOSTILE])], &[(0, 1, &[HOSTILE, "p"])]);
    survey.instances[0].label = HOSTILE.to_owned();
    survey.overlaps[0].paths[1].path = RepoPath::new(*b"caf\xe9").expect("a valid path");
    survey.target_conflicts.push(TargetConflict {
        instance: 1,
        complete: true,
        paths: vec![PathConflict { path: sample::path("p"), kind: ConflictKind::ModifyDelete }],
    });
    let mut report = sample::report(survey);
    report.unknown.push((Request { number: Some(9), ..Request::default() }, "no such commit".to_owned()));
    report
}

#[test]
fn every_report_fits_the_published_schema() {
    written(&sample::report(sample::survey(&[], &[])));
    let mut report = hostile();
    written(&report);
    report.subject = Some(Subject { group: 0, instance: 1 });
    written(&report);
}

#[test]
fn what_github_requires_is_there() {
    let sarif = written(&hostile());
    let run = &sarif["runs"][0];
    let rules = run["tool"]["driver"]["rules"].as_array().expect("rules");
    let results = run["results"].as_array().expect("results");
    assert_eq!(results.len(), 3);
    for result in results {
        let index = usize::try_from(result["ruleIndex"].as_u64().expect("a number")).expect("small");
        assert_eq!(rules[index]["id"], result["ruleId"]);
        let place = &result["locations"][0]["physicalLocation"];
        let uri = place["artifactLocation"]["uri"].as_str().expect("a uri");
        assert!(uri.bytes().all(|b| b.is_ascii_graphic()) && !uri.contains(':'), "{uri}");
        assert!(place["region"]["startLine"].as_u64().expect("a number") >= 1);
        assert!(place["region"]["endLine"].as_u64() >= place["region"]["startLine"].as_u64());
        let text = result["message"]["text"].as_str().expect("a message");
        assert!(!text.is_empty() && !text.contains(['\n', '\u{202e}']) && !text.contains("x](http"), "{text}");
        let print = result["partialFingerprints"]["primaryLocationLineHash"].as_str().expect("a fingerprint");
        assert_eq!(print.len(), 32);
    }
    assert_eq!(run["automationDetails"]["id"], "coord/feature/x/");
    assert_eq!(run["invocations"][0]["executionSuccessful"], false, "somebody could not be judged");
    assert!(no_empty_strings(&sarif));
}

fn no_empty_strings(value: &Value) -> bool {
    match value {
        Value::String(text) => !text.is_empty(),
        Value::Array(values) => values.iter().all(no_empty_strings),
        Value::Object(fields) => fields.values().all(no_empty_strings),
        _ => true,
    }
}

#[test]
fn a_path_keeps_every_byte_in_its_uri() {
    for (bytes, expected) in [
        (&b"src/a b.rs"[..], "src/a%20b.rs"),
        (b"caf\xe9", "caf%E9"),
        (b"http:x", "http%3Ax"),
        (b"app/[id]/p.tsx", "app/%5Bid%5D/p.tsx"),
        (b"100%", "100%25"),
    ] {
        assert_eq!(uri(&RepoPath::new(bytes).expect("a valid path")), expected);
    }
}

#[test]
fn a_fingerprint_does_not_follow_the_lines() {
    let survey = sample::survey(&[("a", &["p"]), ("b", &["p"])], &[(0, 1, &["p"])]);
    let before = written(&sample::report(survey.clone()))["runs"][0]["results"][0]["partialFingerprints"].clone();
    let mut moved = survey;
    moved.overlaps[0].paths[0].a_lines[0].first = 2;
    let after = written(&sample::report(moved))["runs"][0]["results"][0].clone();
    assert_eq!(after["partialFingerprints"], before);
    assert_eq!(after["locations"][0]["physicalLocation"]["region"]["startLine"], 2);
}
