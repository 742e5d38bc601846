//! GitHub's workflow commands: annotations at lines, within the limits of a step.
//! Must not know: the log around them, the step summary.

use std::io::{self, Write};

use super::finding;
use crate::domain::ci::Report;
use crate::domain::finding::{Finding, Level, Rule, findings};

/// GitHub keeps ten annotations of each level a step, and drops the rest without a word.
const MOST_OF_A_LEVEL: usize = 10;

/// Writes a check's findings as annotations. Where there are more than GitHub keeps, the last one of its level says so.
pub fn write(report: &Report, out: &mut impl Write) -> io::Result<()> {
    let all = findings(report);
    for (level, command) in [(Level::Error, "error"), (Level::Warning, "warning"), (Level::Note, "notice")] {
        let of_level: Vec<&Finding<'_>> = all.iter().filter(|found| found.level == level).collect();
        let fit = if of_level.len() > MOST_OF_A_LEVEL { MOST_OF_A_LEVEL - 1 } else { of_level.len() };
        for found in &of_level[..fit] {
            annotation(command, found, report.subject.is_some(), out)?;
        }
        if fit < of_level.len() {
            writeln!(out, "::{command} title=coord::{} more: see the summary of this step", of_level.len() - fit)?;
        }
    }
    Ok(())
}

fn annotation(command: &str, found: &Finding<'_>, of_subject: bool, out: &mut impl Write) -> io::Result<()> {
    let title = match found.rule {
        Rule::Conflict => "Conflict with another request",
        Rule::NeedsRebase => "Needs a rebase",
        Rule::Identical => "The same change in another request",
    };
    write!(out, "::{command} ")?;
    // A name that is no UTF-8 cannot be said in a property; the message then stands without a place.
    if let Ok(path) = std::str::from_utf8(found.path.as_bytes()) {
        write!(out, "file={},", property(path))?;
        if let Some(lines) = found.lines.first() {
            let first = lines.first.max(1);
            write!(out, "line={first},endLine={},", lines.last.max(first))?;
        }
    }
    writeln!(out, "title={}::{}", property(title), data(&finding::message(found, of_subject)))
}

/// A command's message: everything that could end it.
fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// A command's property: everything that could end it or begin another.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
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
    fn an_annotation_stands_on_the_heads_own_lines() {
        let mut report = sample::report(sample::survey(&[("a", &["p"]), ("b", &["p"])], &[(0, 1, &["src/p.rs"])]));
        report.subject = Some(Subject { group: 0, instance: 1 });
        assert_eq!(
            written(&report),
            "::error file=src/p.rs,line=13,endLine=13,title=Conflict with another request::conflicts with a (by author of a) \
             at its lines 10–14, content; touches the only file of a. a goes first (opened first): this one will have to \
             rebase on it.\n"
        );
    }

    #[test]
    fn hostile_names_stay_inside_their_command() {
        let name = "::error file=x::pwn,\n::add-mask::%0A\r\u{202e}";
        let mut survey = sample::survey(&[("a", &[]), (name, &[])], &[(0, 1, &[name])]);
        survey.instances[0].label = name.to_owned();
        let text = written(&sample::report(survey));
        assert_eq!(text.lines().count(), 1, "{text}");
        assert!(
            text.starts_with(
                "::error file=%3A%3Aerror file=x%3A%3Apwn%2C%0A%3A%3Aadd-mask%3A%3A%250A%0D\u{202e},line="
            ),
            "{text}"
        );
        let message = text.splitn(3, "::").nth(2).expect("a message");
        assert!(message.contains("\\n::add-mask::%250A\\r\\u202e"), "{message}");
    }

    #[test]
    fn a_step_keeps_to_ten_of_each_level() {
        let names: Vec<String> = (0..40).map(|n| format!("p{n}")).collect();
        let paths: Vec<&str> = names.iter().map(String::as_str).collect();
        let mut survey = sample::survey(&[("a", &paths), ("b", &paths)], &[(0, 1, &paths)]);
        for path in &mut survey.overlaps[0].paths[..15] {
            path.blocks = false;
        }
        let text = written(&sample::report(survey));
        let lines = |command: &str| text.lines().filter(|line| line.starts_with(command)).count();
        assert_eq!((lines("::error "), lines("::notice ")), (10, 10));
        assert!(text.contains("::error title=coord::16 more: see the summary of this step\n"), "{text}");
    }
}
