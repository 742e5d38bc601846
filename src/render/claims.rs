//! The screens of `coord claim`, `release`, `renew` and `claims`.
//! Must not know: how claims are kept, who may take one.

use std::io::{self, Write};

use serde::Serialize;

use super::style::{Ink, Style};
use super::table::{Cell, Column, Table};
use super::{safe, words};
use crate::domain::claim::{Claim, ClaimMode};
use crate::domain::report::{ClaimReport, ClaimRow};
use crate::domain::time::Timestamp;

/// Writes what came of a claim.
pub fn claimed(report: &ClaimReport, now: Timestamp, style: &Style, out: &mut impl Write) -> io::Result<()> {
    match report {
        ClaimReport::Granted { row, already } => {
            let what = names(&row.claim);
            let shared = if row.claim.mode == ClaimMode::Shared { ", shared" } else { "" };
            let left = words::span(row.left);
            writeln!(
                out,
                "{} {what} for {left}{shared} (token {})",
                style.ink(Ink::Good, "claimed"),
                row.claim.token.0
            )?;
            for (label, paths) in already {
                let said = format!("{} has changed {paths} already and is not bound there", safe::text(label));
                writeln!(out, "  {}", style.ink(Ink::Caution, &said))?;
            }
            Ok(())
        }
        ClaimReport::Refused { rows, not_waited } => {
            writeln!(out, "{}: somebody else holds it", style.ink(Ink::Bad, "not claimed"))?;
            rows.iter().try_for_each(|row| writeln!(out, "  {}", held(row, now)))?;
            let tokens: Vec<String> = rows.iter().map(|row| format!("--force {}", row.claim.token.0)).collect();
            if *not_waited {
                writeln!(
                    out,
                    "  not waited for, as you hold a claim yourself: release it first, then claim all in one"
                )?;
            }
            writeln!(out, "  take it all the same, if they agree: {}", tokens.join(" "))
        }
    }
}

/// `src/auth/** by auth "Login" for 12m more (token 3)`.
fn held(row: &ClaimRow, now: Timestamp) -> String {
    let task = words::task(row.claim.task.as_deref()).map(|task| format!(" {task}")).unwrap_or_default();
    format!(
        "{} by {}{task}, claimed {}, for {} more (token {})",
        names(&row.claim),
        safe::text(&row.claim.label),
        words::ago(now, row.claim.since),
        words::span(row.left),
        row.claim.token.0
    )
}

fn names(claim: &Claim) -> String {
    let texts: Vec<String> = claim.patterns.iter().map(|pattern| safe::text(pattern.text())).collect();
    match texts.as_slice() {
        [a, b, c, rest @ ..] if !rest.is_empty() => format!("{a}, {b}, {c} and {} more", rest.len()),
        all => all.join(", "),
    }
}

/// Writes every claim.
pub fn list(rows: &[ClaimRow], style: &Style, out: &mut impl Write) -> io::Result<()> {
    if rows.is_empty() {
        return writeln!(out, "nothing is claimed.");
    }
    let mut table =
        Table::new(0, &[Column::Right, Column::CutFront, Column::CutMiddle, Column::Left, Column::Left, Column::Cut]);
    for row in rows {
        let who =
            if row.mine { format!("{} (you)", safe::text(&row.claim.label)) } else { safe::text(&row.claim.label) };
        table.row(vec![
            Cell::new(Ink::Faint, row.claim.token.0.to_string()),
            Cell::new(Ink::Strong, names(&row.claim)),
            Cell::plain(who),
            Cell::plain(row.claim.mode.name()),
            Cell::plain(format!("{} left", words::span(row.left))),
            Cell::new(Ink::Faint, words::task(row.claim.task.as_deref()).unwrap_or_default()),
        ]);
    }
    table.write(style, out)
}

/// Writes what was given back or lengthened (`verb`).
pub fn changed(verb: &str, rows: &[ClaimRow], style: &Style, out: &mut impl Write) -> io::Result<()> {
    if rows.is_empty() {
        return writeln!(out, "nothing of yours is claimed there.");
    }
    rows.iter().try_for_each(|row| {
        writeln!(out, "{} {} (token {})", style.ink(Ink::Good, verb), names(&row.claim), row.claim.token.0)
    })
}

#[derive(Serialize)]
struct Wire<'a> {
    version: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    granted: Option<bool>,
    claims: Vec<WireClaim<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    already_changed: Vec<(&'a str, usize)>,
}

#[derive(Serialize)]
struct WireClaim<'a> {
    token: u64,
    holder: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    session: Option<&'a str>,
    paths: Vec<String>,
    mode: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    task: Option<&'a str>,
    since: i64,
    seconds_left: u64,
    mine: bool,
}

impl<'a> WireClaim<'a> {
    fn of(row: &'a ClaimRow) -> Self {
        Self {
            token: row.claim.token.0,
            holder: &row.claim.label,
            session: row.claim.holder.session.as_deref(),
            paths: row.claim.patterns.iter().map(|p| String::from_utf8_lossy(p.text()).into_owned()).collect(),
            mode: row.claim.mode.name(),
            task: row.claim.task.as_deref(),
            since: row.claim.since.0,
            seconds_left: row.left.0,
            mine: row.mine,
        }
    }
}

/// Writes claims as JSON; with `granted` where one was asked for.
pub fn json(rows: &[ClaimRow], granted: Option<bool>, out: &mut impl Write) -> io::Result<()> {
    let wire =
        Wire { version: 1, granted, claims: rows.iter().map(WireClaim::of).collect(), already_changed: Vec::new() };
    serde_json::to_writer_pretty(&mut *out, &wire)?;
    writeln!(out)
}

/// Writes what came of a claim as JSON: the claim, or those in its way.
pub fn claimed_json(report: &ClaimReport, out: &mut impl Write) -> io::Result<()> {
    match report {
        ClaimReport::Granted { row, already } => {
            let already_changed = already.iter().map(|(label, paths)| (label.as_str(), paths.count)).collect();
            let wire = Wire { version: 1, granted: Some(true), claims: vec![WireClaim::of(row)], already_changed };
            serde_json::to_writer_pretty(&mut *out, &wire)?;
            writeln!(out)
        }
        ClaimReport::Refused { rows, .. } => json(rows, Some(false), out),
    }
}
