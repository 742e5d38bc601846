//! `coord agent NAME`: what agents' hooks call. Their JSON in, an answer in their own protocol out, exit code 0 always.
//! Must not know: what is judged, how an answer is worded.

use std::io::{self, Read as _, Write as _};

use clap::Args;

use super::screen::Screen;
use crate::agent;
use crate::env::Env;
use crate::exit::Exit;
use crate::ops;
use crate::render;

/// Answer an agent's hook (called by the configuration that `coord install --agent` writes)
#[derive(Debug, Args)]
pub(super) struct AgentArgs {
    /// The agent: claude, codex, gemini, cursor, copilot
    #[arg(value_name = "NAME")]
    pub(super) name: String,
}

/// Whatever goes wrong is silence: an agent's work never stops because of an error of coord's.
pub(super) fn agent(args: &AgentArgs, env: &Env, screen: &mut Screen) -> Exit {
    let mut input = Vec::new();
    let read = io::stdin().lock().take(agent::LONGEST_INPUT + 1).read_to_end(&mut input);
    if read.is_err() || input.len() as u64 > agent::LONGEST_INPUT {
        return Exit::Clear;
    }
    let in_cursor = env.variable("CURSOR_VERSION").is_some();
    let Some(call) = agent::read(&args.name, &input, in_cursor) else { return Exit::Clear };
    let reply = ops::agent::answer(env, &call.event);
    let output = agent::write(&call, &render::agent::answer(&reply));
    screen.answer(|_, out| out.write_all(&output));
    Exit::Clear
}
