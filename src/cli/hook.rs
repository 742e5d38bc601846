//! `coord hook NAME`: what the shims in `githooks/` call. Exit code 0 or 1 only, messages on standard error.
//! Must not know: how a commit is judged, how a message reads.

use std::ffi::OsString;
use std::io::{self, Read as _, Write as _};

use clap::Args;

use super::screen::Screen;
use crate::env::Env;
use crate::exit::Exit;
use crate::ops;
use crate::ops::hook::HookCall;
use crate::render;

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

/// Hooks to which git writes on standard input; reading another's would wait for the terminal.
const READS_INPUT: &[&str] = &["pre-push", "reference-transaction", "post-rewrite"];

pub(super) fn hook(args: HookArgs, env: &Env, screen: &mut Screen) -> Exit {
    if let Some(reply) = ops::doctor::probe_answer(env, &args.name) {
        screen.answer(|_, out| out.write_all(reply.as_bytes()));
        return Exit::Clear;
    }
    let mut stdin = Vec::new();
    if READS_INPUT.contains(&args.name.as_str()) {
        // What could not be read cannot be judged; the hook itself says so, as its input is then cut off.
        let _ = io::stdin().lock().read_to_end(&mut stdin);
    }
    let answer = ops::hook::run(env, HookCall { name: args.name, arguments: args.arguments, stdin });
    screen.aside(|style, out| {
        if let Some(judgement) = &answer.judgement {
            render::hook::human(judgement, style, out)?;
        }
        answer.notices.iter().try_for_each(|notice| render::hook::notice(notice, style, out))
    });
    if answer.stop { Exit::Found } else { Exit::Clear }
}
