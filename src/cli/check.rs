//! `coord check` and `coord diff`: may I touch these paths, and what does the conflict look like?
//! Must not know: how others' work is read, how an answer is written down.

use std::path::PathBuf;

use clap::Args;

use super::screen::Screen;
use super::{Global, parse, verdict};
use crate::domain::hunk::LineSpan;
use crate::domain::path::RepoPath;
use crate::env::Env;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::ops;
use crate::ops::check::CheckOptions;
use crate::render;

/// Ask whether these paths can be touched without a conflict
///
/// Looks at these paths alone, in every other worktree and branch, so it is fast enough to ask before every edit.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  coord check src/api.rs                who else changed it, and does it conflict with what I have
  coord check src/api.rs --lines 40-58  would an edit of these lines conflict
  coord check src/api.rs src/db.rs --json

Exit code: 0 no conflict, 1 what lies in my worktree conflicts (with --lines: an edit there would), 2 could not answer.")]
pub(super) struct CheckArgs {
    /// Paths, from where you stand; :/PATH counts from the top
    #[arg(required = true, value_name = "PATH")]
    pub(super) paths: Vec<PathBuf>,
    /// The lines about to be edited, in the file as it lies here
    #[arg(long, value_name = "A-B", value_parser = parse::lines)]
    pub(super) lines: Option<LineSpan>,
}

/// Show the conflict itself: both sides' changes and the merged text
///
/// A and B are names as `coord scan` shows them, or branches.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  coord diff auth search                every path the two changed
  coord diff auth search src/api.rs     one path, also where it merges cleanly")]
pub(super) struct DiffArgs {
    /// One instance
    #[arg(value_name = "A")]
    pub(super) a: String,
    /// The other
    #[arg(value_name = "B")]
    pub(super) b: String,
    /// One path, from where you stand
    #[arg(value_name = "PATH")]
    pub(super) path: Option<PathBuf>,
}

pub(super) fn check(args: &CheckArgs, global: &Global, env: &Env, screen: &mut Screen) -> Result<Exit, Failure> {
    let ctx = super::open(env, global)?;
    let paths: Vec<RepoPath> = args.paths.iter().map(|typed| parse::path(&ctx, typed)).collect::<Result<_, _>>()?;
    let facts = ops::check::check(&ctx, &CheckOptions { paths, lines: args.lines })?;
    screen.reply(|out| render::json::facts(&facts, out), |style, out| render::check::human(&facts, style, out));
    super::suggest_install(&ctx, env, screen);
    Ok(verdict::of_facts(&facts))
}

/// Shows, and judges nothing: 0 whatever it shows.
pub(super) fn diff(args: &DiffArgs, global: &Global, env: &Env, screen: &mut Screen) -> Result<Exit, Failure> {
    let ctx = super::open(env, global)?;
    let path = args.path.as_ref().map(|typed| parse::path(&ctx, typed)).transpose()?;
    let comparison = ops::diff::diff(&ctx, &args.a, &args.b, path.as_ref())?;
    screen.reply(
        |out| render::json::comparison(&comparison, out),
        |style, out| render::diff::human(&comparison, style, out),
    );
    Ok(Exit::Clear)
}
