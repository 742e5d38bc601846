//! `coord install`, `uninstall`, `doctor`, `config`, `demo`: setting up, and seeing that it works.
//! Must not know: how hooks are put in, how a report is written down.

use clap::{Args, ValueEnum};

use super::Global;
use super::agents;
use super::screen::Screen;
use crate::domain::policy::Mode;
use crate::domain::setup::{Level, Setting};
use crate::env::Env;
use crate::exit::Exit;
use crate::failure::{Failure, Kind};
use crate::ops;
use crate::ops::context::open_repository;
use crate::ops::demo::{self, DemoOptions};
use crate::ops::install::InstallOptions;
use crate::ops::uninstall::UninstallOptions;
use crate::render;
use crate::render::style::Style;

/// Set up the hooks in this repository, for all its worktrees
///
/// Hooks that are there already stay and keep working. What git tracks is not changed unless --write-tracked is given;
/// the line to add is shown instead.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  coord install                         block conflicting commits
  coord install --mode warn             say it, let them through
  coord install --mode monitor          only record
  coord install --agent claude,codex    their agents know before they edit
  coord doctor                          see that the hooks really fire")]
pub(super) struct InstallArgs {
    /// What the hooks do
    #[arg(long, value_name = "MODE")]
    pub(super) mode: Option<ModeArg>,
    /// Leave no way round: block when coord fails too, and judge every update of a branch
    #[arg(long)]
    pub(super) strict: bool,
    /// Change hook files that git tracks (.husky/pre-commit)
    #[arg(long)]
    pub(super) write_tracked: bool,
    /// Set up these agents too: claude, codex, gemini, cursor, copilot, or all
    #[arg(long, value_name = "NAME", value_delimiter = ',')]
    pub(super) agent: Vec<String>,
    /// Put a short note for agents into AGENTS.md or CLAUDE.md
    #[arg(long)]
    pub(super) note: bool,
}

/// A mode as typed.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub(super) enum ModeArg {
    /// Block the commit that would make a conflict
    Enforce,
    /// Say it, let it through
    Warn,
    /// Record only
    Monitor,
}

impl From<ModeArg> for Mode {
    fn from(argument: ModeArg) -> Self {
        match argument {
            ModeArg::Enforce => Self::Enforce,
            ModeArg::Warn => Self::Warn,
            ModeArg::Monitor => Self::Monitor,
        }
    }
}

/// Take the hooks out again, and leave everything as it was
#[derive(Debug, Args)]
pub(super) struct UninstallArgs {
    /// Change hook files that git tracks (.husky/pre-commit)
    #[arg(long)]
    pub(super) write_tracked: bool,
}

/// Prove that the hooks would fire, in every worktree
///
/// Finds what is in the way (another hook manager, core.hooksPath, a missing program) and says how to mend it.
/// It runs coord's own hook and nobody else's.
#[derive(Debug, Args)]
#[command(
    after_long_help = "Exit code: 0 all is well or nearly, 1 a conflicting commit would go through unseen, 2 could not look."
)]
pub(super) struct DoctorArgs {
    /// Try the way to the remote too, with a ref that is removed again; done by itself where coord.sync is on
    #[arg(long)]
    pub(super) sync: bool,
}

/// Show every setting, where its value comes from and what it does; or set one
///
/// A flag beats the environment, that git's configuration, that coord.toml, that the default.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  coord config                          all of them
  coord config mode                     one of them
  coord config mode warn                set it for this repository
  coord config mode --unset             back to what it was")]
pub(super) struct ConfigArgs {
    /// The setting
    #[arg(value_name = "NAME")]
    pub(super) name: Option<String>,
    /// Its new value
    #[arg(value_name = "VALUE", requires = "name")]
    pub(super) value: Option<String>,
    /// Take the setting back
    #[arg(long, requires = "name", conflicts_with = "value")]
    pub(super) unset: bool,
}

/// See it work in a throwaway repository
///
/// Makes one with four worktrees that do real, conflicting work, scans it, shows the board, and makes a commit that the
/// installed hook blocks and one that passes.
#[derive(Debug, Args)]
pub(super) struct DemoArgs {
    /// Leave the repository where it is, to try things in
    #[arg(long)]
    pub(super) keep: bool,
}

pub(super) fn install(args: &InstallArgs, global: &Global, env: &Env, screen: &mut Screen) -> Result<Exit, Failure> {
    let ctx = super::open(env, global)?;
    let options =
        InstallOptions { mode: args.mode.map(Mode::from), strict: args.strict, write_tracked: args.write_tracked };
    let agents = agents::named(&args.agent)?;
    let mut report = ops::install::install(env, &ctx.repository, ctx.team.as_ref(), options)?;
    report.changes.extend(agents::put(&ctx, &agents));
    if args.note {
        report.changes.extend(agents::put_note(&ctx));
    }
    screen.reply(|out| render::json::install(&report, out), |style, out| render::setup::install(&report, style, out));
    Ok(if report.succeeded() { Exit::Clear } else { Exit::NoAnswer })
}

pub(super) fn uninstall(
    args: &UninstallArgs,
    global: &Global,
    env: &Env,
    screen: &mut Screen,
) -> Result<Exit, Failure> {
    let ctx = super::open(env, global)?;
    let options = UninstallOptions { write_tracked: args.write_tracked };
    let mut report = ops::uninstall::uninstall(env, &ctx.repository, options)?;
    report.changes.extend(agents::take(&ctx));
    report.changes.extend(agents::take_note(&ctx));
    screen
        .reply(|out| render::json::uninstall(&report, out), |style, out| render::setup::uninstall(&report, style, out));
    Ok(if report.succeeded() { Exit::Clear } else { Exit::NoAnswer })
}

pub(super) fn doctor(args: &DoctorArgs, global: &Global, env: &Env, screen: &mut Screen) -> Result<Exit, Failure> {
    let ctx = super::open(env, global)?;
    let mut report = ops::doctor::doctor(env, &ctx.repository, ctx.team.as_ref())?;
    report.findings.extend(agents::rehearse(&ctx, env));
    report.findings.extend(ops::sync::rehearse(&ctx, args.sync));
    screen.reply(|out| render::json::doctor(&report, out), |style, out| render::setup::doctor(&report, style, out));
    Ok(if report.worst() == Level::Problem { Exit::Found } else { Exit::Clear })
}

pub(super) fn config(args: &ConfigArgs, global: &Global, env: &Env, screen: &mut Screen) -> Result<Exit, Failure> {
    if let Some(name) = &args.name {
        change(name, args, env)?;
    }
    let ctx = super::open(env, global)?;
    let bare = |name: &str| name.to_ascii_lowercase().trim_start_matches("coord.").to_owned();
    let asked = |setting: &&Setting| args.name.as_ref().is_none_or(|name| bare(setting.name) == bare(name));
    let settings: Vec<Setting> = ctx.settings.iter().filter(asked).cloned().collect();
    if settings.is_empty() {
        let names: Vec<&str> = ctx.settings.iter().map(|setting| setting.name).collect();
        let name = args.name.as_deref().unwrap_or_default();
        let failure = Failure::new(Kind::Usage, format!("{name:?} is no setting of coord's"));
        return Err(failure.hint(format!("there are: {}", names.join(", "))));
    }
    screen.reply(|out| render::json::config(&settings, out), |style, out| render::setup::config(&settings, style, out));
    Ok(Exit::Clear)
}

/// Sets or unsets, without a look at the other settings: one that cannot be understood must not stand in the way of its repair.
fn change(name: &str, args: &ConfigArgs, env: &Env) -> Result<(), Failure> {
    match &args.value {
        Some(value) => ops::config::set(env, &open_repository(env, None)?, name, value).map(drop),
        None if args.unset => ops::config::unset(env, &open_repository(env, None)?, name).map(drop),
        None => Ok(()),
    }
}

pub(super) fn demo(args: &DemoArgs, env: &Env, screen: &mut Screen) -> Result<Exit, Failure> {
    let width = Some(screen.style.width).filter(|&width| width < Style::ENDLESS);
    let options = DemoOptions { keep: args.keep, colour: screen.style.colour, width };
    let mut scenes = Vec::new();
    demo::demo(env, &options, &mut |scene| {
        if screen.json {
            scenes.push(scene.clone());
        } else {
            screen.answer(|style, out| render::demo::human(scene, style, out));
        }
    })?;
    if screen.json {
        screen.answer(|_, out| render::json::demo(&scenes, out));
    }
    Ok(Exit::Clear)
}
