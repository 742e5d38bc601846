//! `coord ack`: we know of this overlap.
//! Must not know: where acknowledgements are kept, how they are shown.

use std::path::PathBuf;

use clap::Args;

use super::screen::Screen;
use super::{Global, parse};
use crate::domain::report::KnownOverlap;
use crate::domain::time::Seconds;
use crate::env::Env;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::ops;
use crate::ops::ack::{AckOptions, Acknowledged};
use crate::render;

/// Say that an overlap is known: it stops nobody until it expires
///
/// An acknowledgement holds between this worktree and INSTANCE, both ways, for these paths or for all. It ends by itself.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  coord ack search src/api.rs --for 8h --why 'Ana rebases after lunch'
  coord ack search                      every path, for 8 hours
  coord ack --list                      what is acknowledged, until when
  coord ack --withdraw search           it counts again")]
pub(super) struct AckArgs {
    /// The other, as `coord scan` names it
    #[arg(value_name = "INSTANCE", required_unless_present_any = ["list", "withdraw"])]
    pub(super) instance: Option<String>,
    /// Only these paths, from where you stand
    #[arg(value_name = "PATH")]
    pub(super) paths: Vec<PathBuf>,
    /// How long: 30m, 8h, 2d
    #[arg(long = "for", value_name = "TIME", default_value = "8h", value_parser = parse::span)]
    pub(super) span: Seconds,
    /// What makes it all right, for whoever reads it later
    #[arg(long, value_name = "TEXT")]
    pub(super) why: Option<String>,
    /// Show what is acknowledged
    #[arg(long, conflicts_with_all = ["instance", "withdraw", "why"])]
    pub(super) list: bool,
    /// Take back what was acknowledged with INSTANCE
    #[arg(long, value_name = "INSTANCE", conflicts_with_all = ["instance", "why"])]
    pub(super) withdraw: Option<String>,
}

pub(super) fn ack(args: &AckArgs, global: &Global, env: &Env, screen: &mut Screen) -> Result<Exit, Failure> {
    let ctx = super::open(env, global)?;
    if let Some(other) = &args.withdraw {
        let number = ops::ack::withdraw(&ctx, other)?;
        screen.reply(
            |out| render::json::withdrawn(number, other, out),
            |style, out| render::log::withdrawn(number, other, style, out),
        );
        return Ok(Exit::Clear);
    }
    let Some(other) = &args.instance else {
        let known: Vec<KnownOverlap> = ops::ack::list(&ctx)?.into_iter().map(known).collect();
        screen
            .reply(|out| render::json::acks(&known, out), |style, out| render::log::acks(&known, ctx.now, style, out));
        return Ok(Exit::Clear);
    };
    let paths = args.paths.iter().map(|typed| parse::path(&ctx, typed)).collect::<Result<_, _>>()?;
    let why = args.why.clone().unwrap_or_default();
    let given = known(ops::ack::give(&ctx, &AckOptions { other: other.clone(), paths, lasts: args.span, why })?);
    screen.reply(
        |out| render::json::acks(std::slice::from_ref(&given), out),
        |style, out| render::log::acknowledged(&given, ctx.now, style, out),
    );
    Ok(Exit::Clear)
}

fn known(given: Acknowledged) -> KnownOverlap {
    let (a, b) = given.labels;
    let ack = given.ack;
    KnownOverlap {
        a,
        b,
        paths: ack.paths.into_iter().collect(),
        by: ack.by,
        by_agent: ack.by_agent,
        why: ack.why,
        at: ack.at,
        expires: ack.expires,
    }
}
