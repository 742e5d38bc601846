//! `coord report`: is coordination worth enforcing here?
//! Must not know: the log, how the answer is computed or written down.

use clap::{Args, ValueEnum};

use super::progress::Progress;
use super::screen::Screen;
use super::{Global, parse};
use crate::domain::time::Seconds;
use crate::env::Env;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::ops;
use crate::render;

/// Decide from the log whether to monitor, warn or enforce
///
/// Four questions: did conflicts occur, does resolving them take time, do tasks overlap often, is much coordinated by hand?
/// Two or more yes after 20 sessions: warn, and enforce once that has shown that it helps. Each threshold is a setting.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  coord report                          the four boxes, and what follows
  coord report --since 4w               from the last four weeks alone
  coord report --history 12w            what coord would have said, from the merges of 12 weeks
  coord report --format html > report.html
  coord report --format markdown        for an issue or a wiki")]
pub(super) struct ReportArgs {
    /// Only what is younger than this: 14d, 4w
    #[arg(long, value_name = "TIME", value_parser = parse::span)]
    pub(super) since: Option<Seconds>,
    /// Instead of the log, look back over so much of the target's history: 12w
    #[arg(long, value_name = "TIME", value_parser = parse::span, conflicts_with = "since")]
    pub(super) history: Option<Seconds>,
    /// How it is written
    #[arg(long, value_name = "FORM", default_value = "text")]
    pub(super) format: Format,
}

/// How a report is written.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub(super) enum Format {
    /// For the terminal
    Text,
    /// For a program
    Json,
    /// For an issue or a wiki
    Markdown,
    /// One file, with charts
    Html,
}

pub(super) fn report(args: &ReportArgs, global: &Global, env: &Env, screen: &mut Screen) -> Result<Exit, Failure> {
    let ctx = super::open_for_survey(env, global)?;
    let report = match args.history {
        Some(span) => {
            let progress = Progress::start(screen.watched);
            ops::hindsight::look_back(&ctx, span, &progress.callback())?
        }
        None => ops::report::report(&ctx, args.since)?,
    };
    let format = if global.json { Format::Json } else { args.format };
    screen.answer(|style, out| match format {
        Format::Text => render::report::human(&report, style, out),
        Format::Json => render::json::report(&report, out),
        Format::Markdown => render::report::markdown(&report, out),
        Format::Html => render::report::html(&report, out),
    });
    Ok(Exit::Clear)
}
