//! `coord log`: what coord saw and did.
//! Must not know: where events are kept, how they are shown.

use clap::Args;

use super::screen::Screen;
use super::{Global, parse};
use crate::domain::time::Seconds;
use crate::env::Env;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::ops;
use crate::ops::log::LogOptions;
use crate::render;

/// Show what was blocked, warned of, skipped and acknowledged
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  coord log                             the last 30 events
  coord log --since 7d --json           a week, one JSON object a line")]
pub(super) struct LogArgs {
    /// Only events younger than this: 8h, 7d
    #[arg(long, value_name = "TIME", value_parser = parse::span)]
    pub(super) since: Option<Seconds>,
    /// At most so many, the latest
    #[arg(short = 'n', long, value_name = "N", default_value_t = 30)]
    pub(super) number: usize,
}

pub(super) fn log(args: &LogArgs, global: &Global, env: &Env, screen: &mut Screen) -> Result<Exit, Failure> {
    let ctx = super::open(env, global)?;
    let events = ops::log::log(&ctx, LogOptions { since: args.since, number: args.number })?;
    screen.reply(
        |out| render::json::events(&events, out),
        |style, out| render::log::events(&events, ctx.now, style, out),
    );
    Ok(Exit::Clear)
}
