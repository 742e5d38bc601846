//! The answers of `coord install`, `uninstall`, `doctor` and `config` as JSON.
//! Must not know: surveys.

use serde::Serialize;

use super::VERSION;
use super::text::Text;
use crate::domain::policy::Mode;
use crate::domain::setup::{
    Action, DoctorReport, Finding, HookChange, InstallReport, Level, Means, Setting, Snippet, Source, UninstallReport,
};

#[derive(Serialize)]
pub(super) struct WireHooks<'a> {
    version: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    means: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    folder: Option<Text<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    mode: Option<&'static str>,
    succeeded: bool,
    changes: Vec<WireChange<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    snippets: Vec<WireSnippet<'a>>,
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    notices: &'a [String],
}

#[derive(Serialize)]
struct WireChange<'a> {
    hook: &'a str,
    place: &'a str,
    action: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    behind: Option<Text<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'a str>,
}

#[derive(Serialize)]
struct WireSnippet<'a> {
    file: &'a str,
    what: &'a str,
    text: &'a str,
}

impl<'a> WireHooks<'a> {
    pub(super) fn installed(report: &'a InstallReport) -> Self {
        let (means, folder) = match &report.means {
            Means::Configuration => ("configuration", None),
            Means::Folder(folder) => ("folder", Some(folder)),
            Means::Tracked(folder) => ("tracked", Some(folder)),
        };
        Self {
            version: VERSION,
            means: Some(means),
            folder: folder.map(|folder| Text::of_os(folder.as_os_str())),
            mode: Some(mode(report.mode)),
            succeeded: report.succeeded(),
            changes: report.changes.iter().map(change).collect(),
            snippets: report.snippets.iter().map(snippet).collect(),
            notices: &report.notices,
        }
    }

    pub(super) fn uninstalled(report: &'a UninstallReport) -> Self {
        Self {
            version: VERSION,
            means: None,
            folder: None,
            mode: None,
            succeeded: report.succeeded(),
            changes: report.changes.iter().map(change).collect(),
            snippets: report.snippets.iter().map(snippet).collect(),
            notices: &report.notices,
        }
    }
}

fn mode(mode: Mode) -> &'static str {
    match mode {
        Mode::Enforce => "enforce",
        Mode::Warn => "warn",
        Mode::Monitor => "monitor",
    }
}

fn change(change: &HookChange) -> WireChange<'_> {
    let (action, behind, reason) = match &change.action {
        Action::Written => ("written", None, None),
        Action::Inserted => ("inserted", None, None),
        Action::Chained(behind) => ("chained", Some(Text::of_os(behind.as_os_str())), None),
        Action::Updated => ("updated", None, None),
        Action::Unchanged => ("unchanged", None, None),
        Action::Covered => ("covered", None, None),
        Action::ByHand => ("by_hand", None, None),
        Action::TakenOut => ("taken_out", None, None),
        Action::Deleted => ("deleted", None, None),
        Action::Restored => ("restored", None, None),
        Action::Failed(why) => ("failed", None, Some(why.as_str())),
    };
    WireChange { hook: &change.hook, place: &change.place, action, behind, reason }
}

fn snippet(snippet: &Snippet) -> WireSnippet<'_> {
    WireSnippet { file: &snippet.file, what: &snippet.what, text: &snippet.text }
}

#[derive(Serialize)]
pub(super) struct WireDoctor<'a> {
    version: u32,
    worst: &'static str,
    findings: Vec<WireFinding<'a>>,
}

#[derive(Serialize)]
struct WireFinding<'a> {
    level: &'static str,
    what: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    fix: Option<&'a str>,
}

impl<'a> WireDoctor<'a> {
    pub(super) fn of(report: &'a DoctorReport) -> Self {
        let finding = |finding: &'a Finding| WireFinding {
            level: level(finding.level),
            what: &finding.what,
            fix: finding.fix.as_deref(),
        };
        Self { version: VERSION, worst: level(report.worst()), findings: report.findings.iter().map(finding).collect() }
    }
}

fn level(level: Level) -> &'static str {
    match level {
        Level::Ok => "ok",
        Level::Warning => "warning",
        Level::Problem => "problem",
    }
}

#[derive(Serialize)]
pub(super) struct WireSettings<'a> {
    version: u32,
    settings: Vec<WireSetting<'a>>,
}

#[derive(Serialize)]
struct WireSetting<'a> {
    name: &'a str,
    value: &'a str,
    source: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    origin: Option<&'a str>,
    meaning: &'a str,
}

impl<'a> WireSettings<'a> {
    pub(super) fn of(settings: &'a [Setting]) -> Self {
        Self { version: VERSION, settings: settings.iter().map(setting).collect() }
    }
}

fn setting(setting: &Setting) -> WireSetting<'_> {
    let (source, origin) = match &setting.source {
        Source::Default => ("default", None),
        Source::Global(origin) => ("global", Some(origin.as_str())),
        Source::Team(origin) => ("team", Some(origin.as_str())),
        Source::Local(origin) => ("local", Some(origin.as_str())),
        Source::Environment(origin) => ("environment", Some(origin.as_str())),
        Source::Flag(origin) => ("flag", Some(origin.as_str())),
    };
    WireSetting { name: setting.name, value: &setting.value, source, origin, meaning: setting.meaning }
}
