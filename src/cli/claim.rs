//! `coord claim`, `release`, `renew`, `claims`: leases on paths, taken on purpose.
//! Must not know: where claims are kept, when one is over.

use std::ffi::OsString;

use clap::Args;

use super::screen::Screen;
use super::{Global, parse};
use crate::domain::claim::{ClaimMode, Token};
use crate::domain::report::ClaimReport;
use crate::domain::time::Seconds;
use crate::env::Env;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::ops::claim::{self, ClaimOptions, Which};
use crate::render;

/// Keep others off some paths for a while
///
/// A claim is a lease: while it lasts, nobody else's commit may change what it names, and their agents are told before they
/// edit. It is granted whole or not at all, and ends by itself: when its time is over, its session is gone, its branch has
/// landed or its worktree is removed. Who had changed a path before is not bound there.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  coord claim src/auth --ttl 1h --task 'Login rewrite'
  coord claim 'src/**/schema.sql' docs --shared
  coord claim src/api.rs --wait 60s     wait for the holder to finish
  coord claim src/api.rs --force 12     take over the claim with token 12")]
pub(super) struct ClaimArgs {
    /// Files, directories or globs, from where you stand
    #[arg(value_name = "PATTERN", required = true)]
    pub(super) patterns: Vec<OsString>,
    /// Let others hold a shared claim too
    #[arg(long)]
    pub(super) shared: bool,
    /// How long: 30m (default), 2h, at most 24h
    #[arg(long, value_name = "TIME", value_parser = parse::span)]
    pub(super) ttl: Option<Seconds>,
    /// What for
    #[arg(long, value_name = "TEXT")]
    pub(super) task: Option<String>,
    /// Wait so long for another's claim to end
    #[arg(long, value_name = "TIME", value_parser = parse::span)]
    pub(super) wait: Option<Seconds>,
    /// Take over the claim with this token
    #[arg(long, value_name = "TOKEN")]
    pub(super) force: Vec<u64>,
}

/// Give claims back
#[derive(Debug, Args)]
pub(super) struct ReleaseArgs {
    /// Tokens, or patterns as they were claimed; all of yours where none is given
    #[arg(value_name = "TOKEN|PATTERN")]
    pub(super) which: Vec<OsString>,
    /// Also somebody else's, by token
    #[arg(long, requires = "which")]
    pub(super) force: bool,
}

/// Make claims last longer, from now on
#[derive(Debug, Args)]
pub(super) struct RenewArgs {
    /// Tokens, or patterns as they were claimed; all of yours where none is given
    #[arg(value_name = "TOKEN|PATTERN")]
    pub(super) which: Vec<OsString>,
    /// How long; as long as before where it is not given
    #[arg(long, value_name = "TIME", value_parser = parse::span)]
    pub(super) ttl: Option<Seconds>,
}

/// Who has claimed what, and until when
#[derive(Debug, Args)]
pub(super) struct ClaimsArgs {}

pub(super) fn claim(args: &ClaimArgs, global: &Global, env: &Env, screen: &mut Screen) -> Result<Exit, Failure> {
    let ctx = super::open(env, global)?;
    let options = ClaimOptions {
        patterns: args.patterns.iter().map(|typed| typed.as_encoded_bytes().to_vec()).collect(),
        mode: if args.shared { ClaimMode::Shared } else { ClaimMode::Exclusive },
        span: args.ttl,
        task: args.task.clone(),
        wait: args.wait,
        force: args.force.iter().copied().map(Token).collect(),
    };
    let report = claim::claim(&ctx, &options)?;
    screen.reply(
        |out| render::json::claimed(&report, out),
        |style, out| render::claims::claimed(&report, ctx.now, style, out),
    );
    Ok(if matches!(report, ClaimReport::Granted { .. }) { Exit::Clear } else { Exit::Found })
}

pub(super) fn release(args: &ReleaseArgs, global: &Global, env: &Env, screen: &mut Screen) -> Result<Exit, Failure> {
    let ctx = super::open(env, global)?;
    let rows = claim::release(&ctx, &which(&args.which), args.force)?;
    screen.reply(
        |out| render::json::claims(&rows, out),
        |style, out| render::claims::changed("released", &rows, style, out),
    );
    Ok(Exit::Clear)
}

pub(super) fn renew(args: &RenewArgs, global: &Global, env: &Env, screen: &mut Screen) -> Result<Exit, Failure> {
    let ctx = super::open(env, global)?;
    let rows = claim::renew(&ctx, &which(&args.which), args.ttl)?;
    screen.reply(
        |out| render::json::claims(&rows, out),
        |style, out| render::claims::changed("renewed", &rows, style, out),
    );
    Ok(Exit::Clear)
}

pub(super) fn claims(global: &Global, env: &Env, screen: &mut Screen) -> Result<Exit, Failure> {
    let ctx = super::open(env, global)?;
    let rows = claim::list(&ctx)?;
    screen.reply(|out| render::json::claims(&rows, out), |style, out| render::claims::list(&rows, style, out));
    Ok(Exit::Clear)
}

/// Numbers are tokens; anything else is a pattern, and `./12` a file of that name.
fn which(typed: &[OsString]) -> Which {
    let tokens: Option<_> = typed.iter().map(|typed| typed.to_str()?.parse().ok().map(Token)).collect();
    match tokens {
        _ if typed.is_empty() => Which::Mine,
        Some(tokens) => Which::Tokens(tokens),
        None => Which::On(typed.iter().map(|typed| typed.as_encoded_bytes().to_vec()).collect()),
    }
}
