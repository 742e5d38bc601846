//! `coord plan`: in which order to land.
//! Must not know: how the order is found, how it is written down.

use clap::Args;

use super::Global;
use super::screen::Screen;
use crate::env::Env;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::ops::plan;
use crate::ops::survey::{self, SurveyOptions};
use crate::render::{self, json};

/// Say in which order to land, and who must rebase on whom
///
/// The largest batches are found on the graph of conflicts, and each is then landed in memory, one after another, by the
/// merge that git would do. So three branches that only conflict together are found too.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  coord plan                            worktrees and local branches
  coord plan --refs 'refs/remotes/origin/*'
  coord plan --json | jq -r '.batches[0].steps[].id'")]
pub(super) struct PlanArgs {
    /// Only local branches that match
    #[arg(long, value_name = "GLOB", num_args = 1..)]
    branches: Vec<String>,
    /// Other refs too, by their full names
    #[arg(long, value_name = "GLOB", num_args = 1..)]
    refs: Vec<String>,
    /// Fold nothing
    #[arg(long)]
    all: bool,
}

pub(super) fn plan(args: &PlanArgs, global: &Global, env: &Env, screen: &mut Screen) -> Result<Exit, Failure> {
    let ctx = super::open_for_survey(env, global)?;
    let options =
        SurveyOptions { branches: args.branches.clone(), refs: args.refs.clone(), ..SurveyOptions::default() };
    let survey = survey::survey(&ctx, &options)?;
    let plan = plan::plan(&ctx, &survey)?;
    if screen.json {
        screen.answer(|_, out| json::plan(&survey, &plan, out));
    } else {
        screen.answer(|style, out| render::plan::human(&survey, &plan, args.all, style, out));
    }
    Ok(if plan.unknown.is_empty() { Exit::Clear } else { Exit::NoAnswer })
}
