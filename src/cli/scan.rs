//! `coord` alone, `coord scan` and `coord status`: who is at work, and what will collide.
//! Must not know: how a survey is made, how it is written down.

use clap::{Args, ValueEnum};

use super::progress::Progress;
use super::screen::Screen;
use super::verdict::{self, FailOnArg};
use super::{Global, parse};
use crate::domain::overlap::Grade;
use crate::domain::policy::FailOn;
use crate::domain::report::Survey;
use crate::domain::time::Seconds;
use crate::env::Env;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::ops;
use crate::ops::context::Context;
use crate::ops::survey::{Clean, SurveyOptions};
use crate::render;
use crate::render::scan::View;

/// Show everybody at work, and which of them collide
///
/// Looks at every worktree, uncommitted files included, and at every local branch that somebody touched lately. Each pair
/// that changed a path in common is judged by the merge that git would do: `conflict`, `disjoint` (merges cleanly) or
/// `identical` (the same change twice).
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  coord scan                            everybody, conflicts first
  coord scan --all                      nothing folded
  coord scan --branches 'feature/*'     only these local branches, and the worktrees
  coord scan --refs 'refs/remotes/origin/*' --since 30d --path src
  coord scan --json | jq '.overlaps[] | select(.grade == \"conflict\")'
  coord scan --fail-on never            exit code 0 whatever is found

Exit code: 0 clear, 1 found what --fail-on names, 2 nothing found but something could not be read.")]
pub(super) struct ScanArgs {
    /// Only local branches that match
    #[arg(long, value_name = "GLOB", num_args = 1..)]
    pub(super) branches: Vec<String>,
    /// Other refs too, by their full names
    #[arg(long, value_name = "GLOB", num_args = 1..)]
    pub(super) refs: Vec<String>,
    /// Leave out whose work nobody touched for longer: 30d
    #[arg(long, value_name = "TIME", value_parser = parse::span)]
    pub(super) since: Option<Seconds>,
    /// Only branches and refs whose tip was written by NAME, or part of a name or address
    #[arg(long, value_name = "NAME", num_args = 1..)]
    pub(super) author: Vec<String>,
    /// Leave out branches and refs that match
    #[arg(long, value_name = "GLOB", num_args = 1..)]
    pub(super) exclude: Vec<String>,
    /// Only overlaps in these paths, counted from the top
    #[arg(long, value_name = "GLOB", num_args = 1..)]
    pub(super) path: Vec<String>,
    /// Fold nothing: every instance, every overlap
    #[arg(long)]
    pub(super) all: bool,
    /// Judge branches that do not land on the target pair by pair too
    #[arg(long)]
    pub(super) all_pairs: bool,
    /// List every path that does not land on the target
    #[arg(long)]
    pub(super) all_paths: bool,
    /// Leave out what is less bad
    #[arg(long, value_name = "GRADE", default_value = "identical", hide_possible_values = true)]
    pub(super) min_grade: GradeArg,
    /// What makes the exit code 1
    #[arg(long, value_name = "FINDING", default_value = "conflict")]
    pub(super) fail_on: FailOnArg,
}

/// A grade as typed.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub(super) enum GradeArg {
    /// The same change on both sides
    Identical,
    /// The same path, merges cleanly
    Disjoint,
    /// A merge would stop
    Conflict,
}

impl From<GradeArg> for Grade {
    fn from(argument: GradeArg) -> Self {
        match argument {
            GradeArg::Identical => Self::Identical,
            GradeArg::Disjoint => Self::Disjoint,
            GradeArg::Conflict => Self::Conflict,
        }
    }
}

/// Show the board: who works on what, since when
///
/// The board is also published as a file for agents, in the main worktree: .claude/runtime/ACTIVE-TASKS.json.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  coord status                          the board, and how many overlaps there are
  coord status --json                   for a program")]
pub(super) struct StatusArgs {}

pub(super) fn home(global: &Global, env: &Env, screen: &mut Screen) -> Result<Exit, Failure> {
    let (_ctx, survey) = survey(&SurveyOptions::default(), global, env, screen)?;
    screen.reply(
        |out| render::json::survey(&survey, Grade::Identical, out),
        |style, out| render::home::human(&survey, style, out),
    );
    Ok(verdict::of(&survey, FailOn::Grade(Grade::Conflict), survey.here))
}

pub(super) fn scan(args: &ScanArgs, global: &Global, env: &Env, screen: &mut Screen) -> Result<Exit, Failure> {
    let options = SurveyOptions {
        branches: args.branches.clone(),
        refs: args.refs.clone(),
        since: args.since,
        authors: args.author.clone(),
        exclude: args.exclude.clone(),
        paths: args.path.clone(),
        all_pairs: args.all_pairs,
        all_paths: args.all_paths,
        clean: if args.all || screen.json { Clean::Each } else { Clean::Count },
        ..SurveyOptions::default()
    };
    let (_ctx, survey) = survey(&options, global, env, screen)?;
    let view = View { all: args.all, min_grade: args.min_grade.into() };
    screen.reply(
        |out| render::json::survey(&survey, view.min_grade, out),
        |style, out| render::scan::human(&survey, view, style, out),
    );
    let exit = verdict::of(&survey, args.fail_on.into(), None);
    // The process ends: a hundred thousand overlaps need not be taken apart before.
    std::mem::forget(survey);
    Ok(exit)
}

/// The board says who works on what; it exits with 0 whatever collides, as `coord scan` answers that.
pub(super) fn status(global: &Global, env: &Env, screen: &mut Screen) -> Result<Exit, Failure> {
    let (_ctx, survey) = survey(&SurveyOptions::default(), global, env, screen)?;
    screen.reply(
        |out| render::json::survey(&survey, Grade::Identical, out),
        |style, out| render::scan::status(&survey, style, out),
    );
    Ok(verdict::of(&survey, FailOn::Never, None))
}

/// Surveys everybody, with a line of progress where it takes long and somebody watches. The context is to live until the
/// answer is shown, as it waits for what is remembered meanwhile.
fn survey(
    options: &SurveyOptions,
    global: &Global,
    env: &Env,
    screen: &mut Screen,
) -> Result<(Context, Survey), Failure> {
    let ctx = super::open_for_survey(env, global)?;
    let progress = Progress::start(screen.watched);
    let options = SurveyOptions { progress: Some(progress.callback()), ..options.clone() };
    let mut survey = ops::survey::survey(&ctx, &options)?;
    let told = ops::publish::everybody(&ctx, &survey, &options);
    survey.notices.extend(told);
    drop(progress);
    super::suggest_install(&ctx, env, screen);
    Ok((ctx, survey))
}
