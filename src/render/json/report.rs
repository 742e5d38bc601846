//! The report as JSON.
//! Must not know: how it was computed.

use std::collections::BTreeMap;

use serde::Serialize;

use super::VERSION;
use super::text::{Text, time};
use crate::domain::checklist::Checklist;
use crate::domain::event::Resolution;
use crate::domain::hindsight::{Alarm, Hindsight};
use crate::domain::time::Seconds;
use crate::render::report::{QUESTIONS, advice, evidence, mode_name, threshold};

#[derive(Serialize)]
pub(super) struct WireReport<'a> {
    version: u32,
    since: Option<String>,
    sessions: u64,
    sessions_needed: u64,
    checklist: Vec<WireBox>,
    mode: &'static str,
    installed: bool,
    recommendation: &'static str,
    reason: String,
    command: Option<String>,
    conflicts: WireConflicts,
    sessions_overlapping: u64,
    acknowledgements: u64,
    bypasses: u64,
    claims: WireClaims,
    commits_blocked: u64,
    failed_open: u64,
    alarms: WireAlarms,
    hot: Vec<WireHot<'a>>,
    pairs: Vec<WirePair<'a>>,
    weeks: Vec<WireWeek>,
    unreadable_lines: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    history: Option<WireHindsight<'a>>,
}

#[derive(Serialize)]
struct WireAlarm<'a> {
    first: &'a str,
    other: &'a str,
    paths: Vec<Text<'a>>,
    at: String,
    came_true: Option<bool>,
}

#[derive(Serialize)]
struct WireHindsight<'a> {
    weeks: u64,
    merges: u64,
    commits_without_a_merge: u64,
    pairs: u64,
    alarms: u64,
    right: u64,
    wrong: u64,
    unknown: u64,
    precision_percent: Option<u64>,
    median_lead_seconds: Option<u64>,
    resolved_by_hand: u64,
    foreseen: u64,
    told: Vec<WireAlarm<'a>>,
}

impl<'a> WireAlarm<'a> {
    fn of(alarm: &'a Alarm) -> Self {
        Self {
            first: &alarm.first,
            other: &alarm.other,
            paths: alarm.paths.iter().map(|path| Text::of(path.as_bytes())).collect(),
            at: time(alarm.at),
            came_true: alarm.came_true,
        }
    }
}

impl<'a> WireHindsight<'a> {
    fn of(past: &'a Hindsight) -> Self {
        Self {
            weeks: past.span.0.div_ceil(7 * 24 * 3600),
            merges: past.merged,
            commits_without_a_merge: past.unmerged,
            pairs: past.pairs,
            alarms: past.alarms,
            right: past.right,
            wrong: past.wrong,
            unknown: past.unknown,
            precision_percent: past.precision(),
            median_lead_seconds: past.lead().map(|Seconds(span)| span),
            resolved_by_hand: past.resolved,
            foreseen: past.foreseen,
            told: past.told.iter().map(WireAlarm::of).collect(),
        }
    }
}

#[derive(Serialize)]
struct WireBox {
    question: &'static str,
    checked: bool,
    evidence: String,
    threshold: String,
    setting: &'static str,
}

#[derive(Serialize)]
struct WireConflicts {
    appeared: u64,
    open: u64,
    resolved: BTreeMap<&'static str, u64>,
    median_seconds: Option<u64>,
    longest_seconds: Option<u64>,
}

#[derive(Serialize)]
struct WireClaims {
    granted: u64,
    refused: u64,
    forced: u64,
}

#[derive(Serialize)]
struct WireAlarms {
    spoke: u64,
    changed: u64,
    acknowledged: u64,
    bypassed: u64,
    precision_percent: Option<u64>,
}

#[derive(Serialize)]
struct WireHot<'a> {
    path: Text<'a>,
    conflicts: u64,
}

#[derive(Serialize)]
struct WirePair<'a> {
    a: &'a str,
    b: &'a str,
    overlaps: u64,
    conflicts: u64,
}

#[derive(Serialize)]
struct WireWeek {
    from: String,
    conflicts: u64,
}

impl<'a> WireReport<'a> {
    pub(super) fn of(report: &'a Checklist) -> Self {
        let counts = &report.counts;
        let (reason, command) = advice(report);
        let resolved = Resolution::ALL.into_iter().filter(|how| counts.ended(*how) > 0);
        let seconds = |Seconds(span): Seconds| span;
        let alarms = counts.alarms;
        Self {
            version: VERSION,
            since: counts.since.map(time),
            sessions: counts.sessions,
            sessions_needed: report.thresholds.sessions,
            checklist: (0..QUESTIONS.len()).map(|at| WireBox::of(report, at)).collect(),
            mode: mode_name(report.mode),
            installed: report.installed,
            recommendation: mode_name(report.advice.mode()),
            reason,
            command,
            conflicts: WireConflicts {
                appeared: counts.conflicts,
                open: counts.open(),
                resolved: resolved.map(|how| (how.name(), counts.ended(how))).collect(),
                median_seconds: counts.median().map(seconds),
                longest_seconds: counts.lifetimes.last().copied().map(seconds),
            },
            sessions_overlapping: counts.overlapping_sessions,
            acknowledgements: counts.acknowledgements,
            bypasses: counts.bypasses,
            claims: WireClaims { granted: counts.claims, refused: counts.claims_refused, forced: counts.claims_forced },
            commits_blocked: counts.blocked,
            failed_open: counts.failed_open,
            alarms: WireAlarms {
                spoke: alarms.spoke,
                changed: alarms.changed,
                acknowledged: alarms.acknowledged,
                bypassed: alarms.bypassed,
                precision_percent: alarms.precision(),
            },
            hot: counts
                .hot
                .iter()
                .map(|(path, n)| WireHot { path: Text::of(path.as_bytes()), conflicts: *n })
                .collect(),
            pairs: counts
                .pairs
                .iter()
                .map(|(a, b, overlaps, conflicts)| WirePair { a, b, overlaps: *overlaps, conflicts: *conflicts })
                .collect(),
            weeks: counts.weeks.iter().map(|(from, n)| WireWeek { from: time(*from), conflicts: *n }).collect(),
            unreadable_lines: report.unreadable,
            history: report.hindsight.as_ref().map(WireHindsight::of),
        }
    }
}

impl WireBox {
    fn of(report: &Checklist, at: usize) -> Self {
        Self {
            question: QUESTIONS[at].long,
            checked: report.checked[at],
            evidence: evidence(report, at),
            threshold: threshold(report, at),
            setting: QUESTIONS[at].setting,
        }
    }
}
