//! `coord log`: what coord saw and did.
//! Must not know: where events are kept, how they are shown.

use clap::Args;

use super::screen::Screen;
use super::{Global, parse};
use crate::domain::time::Seconds;
use crate::env::Env;
use crate::exit::Exit;
use crate::failure::Failure;

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
    let _ = args;
    super::not_wired(global, env, screen)
}
