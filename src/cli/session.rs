//! `coord session start|beat|end`: for programs, to say that somebody is at work.
//! Must not know: where sessions are kept.

use clap::{Args, Subcommand};

use super::Global;
use super::screen::Screen;
use crate::env::Env;
use crate::exit::Exit;
use crate::failure::{Failure, Kind};
use crate::ops::place::Place;
use crate::ops::session::{self, Said};

/// Say that somebody is at work (for programs; agents' hooks do it by themselves)
#[derive(Debug, Subcommand)]
pub(super) enum SessionCommand {
    /// A session begins: others see it until it ends or falls silent
    Start(SessionArgs),
    /// It is still there
    Beat(SessionArgs),
    /// It ends: its claims end too
    End(SessionArgs),
}

/// Which session.
#[derive(Debug, Args)]
pub(super) struct SessionArgs {
    /// Its id; the session that asks where it is not given
    #[arg(value_name = "ID")]
    pub(super) id: Option<String>,
    /// What it works on
    #[arg(long, value_name = "TEXT")]
    pub(super) task: Option<String>,
    /// Which agent it is
    #[arg(long, value_name = "NAME")]
    pub(super) agent: Option<String>,
    /// The process that stands for it: while it lives, no heartbeat is needed
    #[arg(long, value_name = "PID")]
    pub(super) pid: Option<u32>,
}

pub(super) fn session(
    command: &SessionCommand,
    global: &Global,
    env: &Env,
    screen: &mut Screen,
) -> Result<Exit, Failure> {
    let ctx = super::open(env, global)?;
    let (SessionCommand::Start(args) | SessionCommand::Beat(args) | SessionCommand::End(args)) = command;
    let Some(id) = args.id.clone().or_else(|| session::asking(&ctx)) else {
        return Err(Failure::new(Kind::Usage, "which session? give an id, or set COORD_SESSION"));
    };
    if matches!(command, SessionCommand::End(_)) {
        let was_there = session::end(&ctx, &id)?;
        screen.answer(|_, out| writeln_json(global, out, &id, if was_there { "ended" } else { "unknown" }));
        return Ok(Exit::Clear);
    }
    let place = Place::find(&ctx)?;
    let said = Said { id: id.clone(), task: args.task.clone(), agent: args.agent.clone(), pid: args.pid };
    session::beat(&ctx, &place.me, &said)?;
    screen.answer(|_, out| writeln_json(global, out, &id, "here"));
    Ok(Exit::Clear)
}

fn writeln_json(global: &Global, out: &mut Vec<u8>, id: &str, state: &str) -> std::io::Result<()> {
    use std::io::Write as _;
    // An id is a plain word: nothing in it needs escaping.
    if global.json {
        writeln!(out, r#"{{"version": 1, "session": "{id}", "state": "{state}"}}"#)
    } else {
        writeln!(out, "{id} {state}")
    }
}
