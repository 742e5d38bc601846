//! SARIF 2.1.0, as GitHub code scanning takes it.
//! Must not know: how it is uploaded, what any other format says.

use std::fmt::Write as _;
use std::io::{self, Write};

use serde_json::{Map, Value, json};

use super::{finding, safe};
use crate::domain::ci::Report;
use crate::domain::finding::{Finding, Level, Rule, findings, tally};
use crate::domain::hunk::LineSpan;
use crate::domain::path::RepoPath;

/// GitHub shows no more than these of one run; the worst come first.
const MOST_RESULTS: usize = 5_000;

/// Writes a check's findings; `head` is the branch that they are uploaded for, and names their category.
pub fn write(report: &Report, version: &str, head: &str, out: &mut impl Write) -> io::Result<()> {
    let all = findings(report);
    let results: Vec<Value> =
        all.iter().take(MOST_RESULTS).map(|found| result(found, report.subject.is_some())).collect();
    let rules = [Rule::Conflict, Rule::NeedsRebase, Rule::Identical].map(rule);
    let sarif = json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": {"driver": {
                "name": "coord",
                "semanticVersion": version,
                "rules": rules,
            }},
            "automationDetails": {"id": format!("coord/{}/", safe::text(head))},
            "invocations": [{
                "executionSuccessful": tally(report).unknown == 0,
                "toolExecutionNotifications": notifications(report, all.len()),
            }],
            "columnKind": "unicodeCodePoints",
            "results": results,
        }],
    });
    serde_json::to_writer_pretty(&mut *out, &sarif)?;
    writeln!(out)
}

fn rule(rule: Rule) -> Value {
    let (short, full, help, severity) = match rule {
        Rule::Conflict => (
            "Two requests would conflict",
            "Both requests land on the base cleanly, but whichever lands second does not merge any more.",
            "Who has the right of way lands first; the other rebases on it. `coord diff` shows both sides.",
            "error",
        ),
        Rule::NeedsRebase => (
            "The request does not land on its base",
            "The base moved on, and merging the request into it stops at a conflict.",
            "Rebase the request on its base, or merge the base into it.",
            "warning",
        ),
        Rule::Identical => (
            "Two requests make the same change",
            "Both requests change the path to the same content: no conflict, but perhaps duplicated work.",
            "Ask whether both requests are needed.",
            "recommendation",
        ),
    };
    json!({
        "id": rule.name(),
        "shortDescription": {"text": short},
        "fullDescription": {"text": full},
        "help": {"text": help},
        "properties": {"problem.severity": severity, "precision": "very-high", "tags": ["merge"]},
    })
}

fn result(found: &Finding<'_>, of_subject: bool) -> Value {
    let level = match found.level {
        Level::Error => "error",
        Level::Warning => "warning",
        Level::Note => "note",
    };
    let mut result = Map::new();
    result.insert("ruleId".into(), found.rule.name().into());
    result.insert("ruleIndex".into(), (found.rule as u8).into());
    result.insert("level".into(), level.into());
    result.insert("message".into(), json!({"text": message(&finding::message(found, of_subject))}));
    result.insert("locations".into(), json!([location(found.path, found.lines.first())]));
    if let Some(other) = found.other_label() {
        let text = format!("in {}", safe::text(other));
        let place = |(id, lines): (usize, &LineSpan)| {
            let mut place = location(found.path, Some(lines));
            place["id"] = id.into();
            place["message"] = json!({"text": message(&text)});
            place
        };
        let related: Vec<Value> = found.other_lines.iter().take(MOST_RELATED).enumerate().map(place).collect();
        if !related.is_empty() {
            result.insert("relatedLocations".into(), related.into());
        }
    }
    result.insert("partialFingerprints".into(), json!({"primaryLocationLineHash": finding::fingerprint(found)}));
    Value::Object(result)
}

/// Enough places of the other side for anybody to read.
const MOST_RELATED: usize = 10;

fn location(path: &RepoPath, lines: Option<&LineSpan>) -> Value {
    let mut physical = json!({"artifactLocation": {"uri": uri(path), "uriBaseId": "%SRCROOT%"}});
    let first = lines.map_or(1, |lines| lines.first.max(1));
    physical["region"] = json!({"startLine": first, "endLine": lines.map_or(first, |lines| lines.last.max(first))});
    json!({"physicalLocation": physical})
}

/// A relative URI reference: every byte but those that are plain in a path is `%XX`, so any bytes at all come through, a
/// `:` cannot make a scheme, and a leading `/` cannot make an authority.
fn uri(path: &RepoPath) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte);
    path.as_bytes().iter().fold(String::new(), |mut uri, &byte| {
        if plain(byte) {
            uri.push(char::from(byte));
        } else {
            let _ = write!(uri, "%{byte:02X}");
        }
        uri
    })
}

/// A plain-text message may hold links, `[text](target)`: untrusted names make none.
fn message(text: &str) -> String {
    text.replace("](", "\\](")
}

fn notifications(report: &Report, found: usize) -> Vec<Value> {
    let note = |text: String| json!({"level": "warning", "message": {"text": message(&text)}});
    let unknown =
        finding::unknown(report).into_iter().map(|(who, reason)| format!("{who} could not be judged: {reason}"));
    let left = (found > MOST_RESULTS).then(|| format!("{} more findings are left out", found - MOST_RESULTS));
    unknown.chain(left).map(note).collect()
}

#[cfg(test)]
mod tests;
