//! `coord hook NAME`: what the shims in `githooks/` call. Exit code 0 or 1 only, messages on standard error.
//! Must not know: how a commit is judged, how a message reads.

use std::ffi::OsString;

use clap::Args;

use super::screen::Screen;
use crate::env::Env;
use crate::exit::Exit;

/// Answer one of git's hooks (called by the shims that `coord install` sets up)
#[derive(Debug, Args)]
#[command(disable_help_flag = true)]
pub(super) struct HookArgs {
    /// The hook: pre-commit, post-checkout, …
    #[arg(value_name = "NAME")]
    pub(super) name: String,
    /// What git gave it
    #[arg(value_name = "ARGS", trailing_var_arg = true, allow_hyphen_values = true)]
    pub(super) arguments: Vec<OsString>,
}

pub(super) fn hook(args: HookArgs, env: &Env, screen: &mut Screen) -> Exit {
    let _ = (args, env, screen);
    Exit::Clear
}
