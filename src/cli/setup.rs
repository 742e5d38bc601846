//! `coord install`, `uninstall`, `doctor`, `config`, `demo`: setting up, and seeing that it works.
//! Must not know: how hooks are put in, how a report is written down.

use clap::{Args, ValueEnum};

use super::Global;
use super::screen::Screen;
use crate::domain::policy::Mode;
use crate::env::Env;
use crate::exit::Exit;
use crate::failure::Failure;

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
pub(super) struct UninstallArgs {}

/// Prove that the hooks would fire, in every worktree
///
/// Finds what is in the way (another hook manager, core.hooksPath, a missing program) and says how to mend it.
/// It runs coord's own hook and nobody else's.
#[derive(Debug, Args)]
#[command(
    after_long_help = "Exit code: 0 all is well or nearly, 1 a conflicting commit would go through unseen, 2 could not look."
)]
pub(super) struct DoctorArgs {}

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
pub(super) struct DemoArgs {}

pub(super) fn install(args: &InstallArgs, global: &Global, env: &Env, screen: &mut Screen) -> Result<Exit, Failure> {
    let _ = args;
    super::not_wired(global, env, screen)
}

pub(super) fn uninstall(global: &Global, env: &Env, screen: &mut Screen) -> Result<Exit, Failure> {
    super::not_wired(global, env, screen)
}

pub(super) fn doctor(global: &Global, env: &Env, screen: &mut Screen) -> Result<Exit, Failure> {
    super::not_wired(global, env, screen)
}

pub(super) fn config(args: &ConfigArgs, global: &Global, env: &Env, screen: &mut Screen) -> Result<Exit, Failure> {
    let _ = args;
    super::not_wired(global, env, screen)
}

pub(super) fn demo(global: &Global, env: &Env, screen: &mut Screen) -> Result<Exit, Failure> {
    super::not_wired(global, env, screen)
}
