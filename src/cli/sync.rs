//! `coord sync`: telling other machines what is worked on here, and learning what is there, once or again and again.
//! Must not know: how a remote is talked to, what is published.

use std::io::{self, BufRead as _, IsTerminal as _, Write as _};
use std::time::Duration;

use clap::{Args, ValueEnum};

use super::screen::Screen;
use super::{Global, parse};
use crate::domain::sync::{Disclosure, SyncReport};
use crate::domain::time::Seconds;
use crate::env::Env;
use crate::exit::Exit;
use crate::failure::{Failure, Kind};
use crate::ops::sync::{self, Occasion, SyncOptions, Synced};
use crate::render;

/// Share with other machines, through the git remote, who works on what
///
/// Publishes each instance of this clone as a ref of its own, refs/coord/HOST/INSTANCE, and fetches everybody else's. From then
/// on `scan`, `check` and the hooks see those as they see the worktrees here. Off until `coord config sync paths` (which
/// paths and lines, no content) or `coord config sync content` (the work as it lies, so that conflicts are exact).
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  coord sync                    publish and fetch
  coord sync --yes              the first time, without being asked
  coord sync pull               only fetch
  coord sync --watch --every 5s keep it fresh
  coord sync --forget ci-7      remove what a machine left behind that is gone")]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of its own")]
pub(super) struct SyncArgs {
    /// Only one of the two
    #[arg(value_name = "push|pull", value_enum)]
    pub(super) what: Option<What>,
    /// The remote, instead of coord.syncRemote
    #[arg(long, value_name = "REMOTE")]
    pub(super) remote: Option<String>,
    /// Agree to what the first push shows to others
    #[arg(long, short = 'y')]
    pub(super) yes: bool,
    /// Again and again, until it is interrupted
    #[arg(long)]
    pub(super) watch: bool,
    /// How often, with --watch; coord.syncEvery where it is not given
    #[arg(long, value_name = "TIME", value_parser = parse::span, requires = "watch")]
    pub(super) every: Option<Seconds>,
    /// Remove what this machine published and cannot remove itself any more
    #[arg(long, value_name = "HOST", conflicts_with_all = ["what", "watch"])]
    pub(super) forget: Option<String>,
    /// What is due, for hooks
    #[arg(long, hide = true)]
    pub(super) background: bool,
    /// Also when the last one is young
    #[arg(long, hide = true, requires = "background")]
    pub(super) now: bool,
}

/// One half of it.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub(super) enum What {
    /// Publish
    Push,
    /// Fetch
    Pull,
}

pub(super) fn sync(args: &SyncArgs, global: &Global, env: &Env, screen: &mut Screen) -> Result<Exit, Failure> {
    let mut options = SyncOptions {
        push: args.what != Some(What::Pull),
        pull: args.what != Some(What::Push),
        remote: args.remote.clone(),
        agreed: args.yes,
        occasion: match (args.background, args.now) {
            (false, _) => Occasion::Asked,
            (true, false) => Occasion::Due,
            (true, true) => Occasion::Committed,
        },
    };
    let ctx = super::open(env, global)?;
    if let Some(host) = &args.forget {
        let report = sync::forget(&ctx, host, args.remote.as_deref())?;
        return Ok(tell(&report, screen));
    }
    if args.background {
        // Nobody listens.
        sync::sync(&ctx, &options)?;
        return Ok(Exit::Clear);
    }
    let every = args.every.unwrap_or(ctx.policy.sync_every);
    let mut last = match sync::sync(&ctx, &options)? {
        Synced::Done(report) => *report,
        Synced::Asks(disclosure) => {
            show(&disclosure, screen);
            if !agrees(screen) {
                return Err(
                    Failure::usage("nothing was sent: the first push wants your consent").hint("coord sync --yes")
                );
            }
            options.agreed = true;
            again(env, global, &options)?
        }
    };
    let mut exit = tell(&last, screen);
    while args.watch && !screen.is_gone() {
        // Nothing is waited for here but time itself: what changes elsewhere can only be asked about.
        std::thread::sleep(Duration::from_secs(every.0.max(1)));
        exit = match again(env, global, &options) {
            // A program may count the rounds; people hear what is new.
            Ok(report) => {
                let exit = if screen.json || report.is_news(&last) { tell(&report, screen) } else { outcome(&report) };
                last = report;
                exit
            }
            // Another talk of this clone hangs, or a disk is full: the next round may find it otherwise.
            Err(failure) if matches!(failure.kind, Kind::Store | Kind::Repository) => {
                let text = render::safe::text(failure.whole_message());
                screen.aside(|_, out| writeln!(out, "coord: {text}"));
                Exit::NoAnswer
            }
            Err(failure) => return Err(failure),
        };
    }
    Ok(exit)
}

/// One more round, from how things stand now.
fn again(env: &Env, global: &Global, options: &SyncOptions) -> Result<SyncReport, Failure> {
    let ctx = super::open(env, global)?;
    match sync::sync(&ctx, options)? {
        Synced::Done(report) => Ok(*report),
        // The setting shows more than was agreed to.
        Synced::Asks(_) => Err(Failure::usage("coord.sync shows more now than you agreed to").hint("coord sync --yes")),
    }
}

fn tell(report: &SyncReport, screen: &mut Screen) -> Exit {
    screen.reply(|out| render::json::sync(report, out), |style, out| render::sync::human(report, style, out));
    outcome(report)
}

fn outcome(report: &SyncReport) -> Exit {
    if report.trouble.is_empty() { Exit::Clear } else { Exit::NoAnswer }
}

fn show(disclosure: &Disclosure, screen: &mut Screen) {
    if screen.json {
        screen.answer(|_, out| render::json::disclosure(disclosure, out));
    } else {
        screen.aside(|style, out| render::sync::disclosure(disclosure, style, out));
    }
}

/// Asks whoever sits there; nobody does where input or output is no terminal.
fn agrees(screen: &mut Screen) -> bool {
    if screen.json || !screen.watched || !io::stdin().is_terminal() {
        return false;
    }
    screen.aside(|_, out| out.write_all(b"\nSend it? [y/N] "));
    let mut answer = String::new();
    io::stdin().lock().read_line(&mut answer).is_ok() && matches!(answer.trim(), "y" | "Y" | "yes")
}
