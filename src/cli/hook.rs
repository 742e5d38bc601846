//! `coord hook NAME`: what the shims in `githooks/` call. Exit code 0 or 1 only, messages on standard error.
//! Must not know: how a commit is judged, how a message reads.

use std::ffi::OsString;
use std::io::{self, Read as _};

use clap::Args;

use super::screen::Screen;
use crate::env::Env;
use crate::exit::Exit;
use crate::ops::hook::HookCall;
use crate::{ops, render};

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
    let stdin = if takes_input(&args.name) { read_input() } else { Vec::new() };
    let answer = ops::hook::run(env, HookCall { name: args.name, arguments: args.arguments, stdin });
    screen.aside(|style, out| {
        if let Some(judgement) = &answer.judgement {
            render::hook::human(judgement, style, out)?;
        }
        answer.notices.iter().try_for_each(|notice| render::hook::notice(notice, style, out))
    });
    if answer.stop { Exit::Found } else { Exit::Clear }
}

/// The hooks that git feeds (githooks(5)). The others inherit whatever the user's terminal or pipe is, which is not theirs.
fn takes_input(hook: &str) -> bool {
    matches!(hook, "pre-push" | "post-rewrite" | "reference-transaction")
}

/// All of standard input; what cannot be read is missing, as a hook has no better way to say so.
fn read_input() -> Vec<u8> {
    let mut bytes = Vec::new();
    drop(io::stdin().lock().read_to_end(&mut bytes));
    bytes
}
