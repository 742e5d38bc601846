//! What `coord sync` did, and what its first push would show to others.
//! Must not know: how it was done.

use std::io::{self, Write};

use super::style::{Ink, Style};
use super::{safe, words};
use crate::domain::path::RepoPath;
use crate::domain::sync::{Disclosure, SyncMode, SyncReport};

/// So many names stand in a line.
const NAMED: usize = 12;

/// Writes it for people.
pub fn human(report: &SyncReport, style: &Style, out: &mut impl Write) -> io::Result<()> {
    let sent = match (report.published.len(), report.unchanged.len(), report.removed) {
        (0, 0, 0) => None,
        (0, same, 0) => {
            Some(format!("nothing new to publish ({} as before)", words::count(same, "instance", "instances")))
        }
        (_, _, gone) => {
            let gone = if gone > 0 { format!(", removed {gone} that ended") } else { String::new() };
            Some(format!("published {}{gone}", named(&report.published)))
        }
    };
    if let Some(sent) = sent {
        writeln!(out, "{sent} as {} at {}", safe::text(&report.host), safe::text(&report.remote))?;
    }
    if let Some(fetched) = &report.fetched {
        let news = if fetched.changed + fetched.gone > 0 {
            format!(" ({} new or changed, {} gone)", fetched.changed, fetched.gone)
        } else {
            String::new()
        };
        let others = if fetched.others.is_empty() { "nobody else there".to_owned() } else { named(&fetched.others) };
        writeln!(out, "fetched {others}{news}")?;
    }
    for notice in &report.notices {
        writeln!(out, "  {}", style.ink(Ink::Caution, &safe::text(notice)))?;
    }
    for trouble in &report.trouble {
        writeln!(out, "{} {}", style.ink(Ink::Bad, "✗"), safe::text(trouble))?;
    }
    Ok(())
}

fn named(labels: &[String]) -> String {
    if labels.is_empty() {
        return "nothing".to_owned();
    }
    let shown: Vec<String> = labels.iter().take(NAMED).map(safe::text).collect();
    let more = if labels.len() > NAMED { format!(" and {} more", labels.len() - NAMED) } else { String::new() };
    shown.join(", ") + &more
}

/// Writes what the first push would show, and to whom.
pub fn disclosure(asked: &Disclosure, style: &Style, out: &mut impl Write) -> io::Result<()> {
    let what = match asked.mode {
        SyncMode::Content => "your work as it lies, uncommitted files and unpushed commits included",
        _ => "which paths and lines you changed, and the ids of their contents; no content",
    };
    let remote = safe::text(&asked.remote);
    writeln!(out, "coord sync publishes {} to everybody who can read", style.ink(Ink::Strong, what))?;
    writeln!(out, "  {}", style.ink(Ink::Strong, &remote))?;
    writeln!(out)?;
    for (label, paths) in &asked.instances {
        writeln!(out, "  {}  {}", style.ink(Ink::Strong, &safe::text(label)), listed(paths))?;
    }
    if asked.withheld > 0 {
        let withheld = usize::try_from(asked.withheld).unwrap_or(usize::MAX);
        writeln!(out, "  {} here", words::count(withheld, "changed path stays", "changed paths stay"))?;
    }
    writeln!(out)?;
    writeln!(out, "What git ignores stays here, and so does what coord.syncExclude names.")
}

fn listed(paths: &[RepoPath]) -> String {
    let shown: Vec<String> = paths.iter().take(NAMED).map(|path| safe::text(path.as_bytes())).collect();
    match paths.len() {
        0 => "no changes".to_owned(),
        n if n > NAMED => format!("{} and {} more", shown.join(", "), n - NAMED),
        _ => shown.join(", "),
    }
}
