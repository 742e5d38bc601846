//! Claims: who holds which paths, and what came of asking for some.
//! Must not know: how claims are kept, who may take one.

use serde::Serialize;

use super::VERSION;
use super::text::{Text, time};
use crate::domain::report::{ClaimReport, ClaimRow, SomePaths};

#[derive(Serialize)]
pub(super) struct Wire<'a> {
    version: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    granted: Option<bool>,
    claims: Vec<WireClaim<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    already_changed: Vec<WireChanged<'a>>,
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    notices: &'a [String],
}

#[derive(Serialize)]
struct WireClaim<'a> {
    token: u64,
    holder: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    session: Option<&'a str>,
    paths: Vec<Text<'a>>,
    mode: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    task: Option<&'a str>,
    since: String,
    seconds_left: u64,
    mine: bool,
}

/// Somebody who changed claimed paths before, and is not bound there.
#[derive(Serialize)]
struct WireChanged<'a> {
    instance: &'a str,
    first: Text<'a>,
    count: usize,
}

impl<'a> Wire<'a> {
    pub(super) fn list(rows: &'a [ClaimRow]) -> Self {
        Self::new(None, rows.iter(), &[])
    }

    /// The claim that was granted, or those in its way.
    pub(super) fn of(report: &'a ClaimReport) -> Self {
        match report {
            ClaimReport::Granted { row, already, notices } => {
                Self { notices, ..Self::new(Some(true), std::iter::once(&**row), already) }
            }
            ClaimReport::Refused { rows, .. } => Self::new(Some(false), rows.iter(), &[]),
        }
    }

    fn new(
        granted: Option<bool>,
        rows: impl Iterator<Item = &'a ClaimRow>,
        already: &'a [(String, SomePaths)],
    ) -> Self {
        let changed = |(instance, paths): &'a (String, SomePaths)| WireChanged {
            instance,
            first: Text::of(paths.first.as_bytes()),
            count: paths.count,
        };
        Self {
            version: VERSION,
            granted,
            claims: rows.map(WireClaim::of).collect(),
            already_changed: already.iter().map(changed).collect(),
            notices: &[],
        }
    }
}

impl<'a> WireClaim<'a> {
    fn of(row: &'a ClaimRow) -> Self {
        Self {
            token: row.claim.token.0,
            holder: &row.claim.label,
            session: row.claim.holder.session.as_deref(),
            paths: row.claim.patterns.iter().map(|pattern| Text::of(pattern.text())).collect(),
            mode: row.claim.mode.name(),
            task: row.claim.task.as_deref(),
            since: time(row.claim.since),
            seconds_left: row.left.0,
            mine: row.mine,
        }
    }
}
