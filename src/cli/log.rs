//! `coord log`: what coord saw and did.
//! Must not know: where events are kept, how they are shown.

use std::path::PathBuf;

use clap::Args;

use super::screen::Screen;
use super::{Global, parse};
use crate::domain::event::Event;
use crate::domain::time::{Seconds, Timestamp};
use crate::env::Env;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::ops;
use crate::ops::log::{Follow, LogOptions};
use crate::render;

/// Show what happened: conflicts that came and went, commits that were stopped
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  coord log                             the last 30 events
  coord log --kind conflict --since 7d  conflicts that appeared and were resolved
  coord log --instance auth --path src  what auth did below src, or with it
  coord log --follow                    as it happens
  coord log --since 7d --json           a week, one JSON object a line")]
pub(super) struct LogArgs {
    /// Only events younger than this: 8h, 7d
    #[arg(long, value_name = "TIME", value_parser = parse::span)]
    pub(super) since: Option<Seconds>,
    /// Only events of this instance, or with it
    #[arg(long, value_name = "NAME")]
    pub(super) instance: Vec<String>,
    /// Only events about this path, or what is in this folder
    #[arg(long, value_name = "PATH")]
    pub(super) path: Vec<PathBuf>,
    /// Only events of this kind, or whose kinds begin so: conflict,commit_blocked
    #[arg(long, value_delimiter = ',', value_name = "KIND")]
    pub(super) kind: Vec<String>,
    /// Go on with what happens, until interrupted
    #[arg(short, long)]
    pub(super) follow: bool,
    /// At most so many, the latest
    #[arg(short = 'n', long, value_name = "N", default_value_t = 30)]
    pub(super) number: usize,
}

pub(super) fn log(args: &LogArgs, global: &Global, env: &Env, screen: &mut Screen) -> Result<Exit, Failure> {
    let ctx = super::open(env, global)?;
    let options = LogOptions {
        since: args.since,
        number: args.number,
        instances: args.instance.clone(),
        paths: args.path.iter().map(|path| parse::path(&ctx, path)).collect::<Result<_, _>>()?,
        kinds: args.kind.clone(),
    };
    if !args.follow {
        let events = ops::log::log(&ctx, &options)?;
        show(&events, ctx.now, global, screen);
        return Ok(Exit::Clear);
    }
    let (mut follow, mut events) = Follow::begin(&ctx, &options)?;
    loop {
        if !events.is_empty() {
            let now = events.last().map_or(ctx.now, |event| event.at);
            show(&events, now.max(ctx.now), global, screen);
        }
        if screen.is_gone() {
            return Ok(Exit::Clear);
        }
        events = follow.read()?;
    }
}

fn show(events: &[Event], now: Timestamp, global: &Global, screen: &mut Screen) {
    screen.answer(|style, out| {
        if global.json { render::json::events(events, out) } else { render::log::events(events, now, style, out) }
    });
}
