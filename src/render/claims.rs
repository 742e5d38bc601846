//! The screens of `coord claim`, `release`, `renew` and `claims`.
//! Must not know: how claims are kept, who may take one.

use std::io::{self, Write};

use super::style::{Ink, Style};
use super::table::{Cell, Column, Table};
use super::{safe, words};
use crate::domain::claim::{Claim, ClaimMode};
use crate::domain::report::{ClaimReport, ClaimRow};
use crate::domain::time::Timestamp;

/// Writes what came of a claim.
pub fn claimed(report: &ClaimReport, now: Timestamp, style: &Style, out: &mut impl Write) -> io::Result<()> {
    match report {
        ClaimReport::Granted { row, already, notices } => {
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
            notices.iter().try_for_each(|said| writeln!(out, "  {}", style.ink(Ink::Caution, &safe::text(said))))
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
