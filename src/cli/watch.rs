//! `coord watch`: everybody's work, live.
//! Must not know: how anything is followed or drawn.

use std::io::{IsTerminal as _, Write as _};

use clap::Args;

use super::Global;
use super::screen::Screen;
use crate::env::Env;
use crate::exit::Exit;
use crate::failure::{Failure, Kind};
use crate::ops::context::OpenOptions;
use crate::ops::coordinate::{Coordinator, News, Notifier};
use crate::render;
use crate::tui;
use crate::tui::Left;

/// Watch everybody's work as it changes, on one screen
///
/// Follows the files, so that a save is judged within a moment; while nothing changes it uses no processor. It also sweeps
/// what is stale and keeps the board current. Nothing depends on it: without it, hooks and checks work as before.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  coord watch                           the screen; ? shows its keys
  coord watch --notify                  and a notification of the desktop for each conflict
  coord watch --json                    every event as a line of JSON, as it happens")]
pub(super) struct WatchArgs {
    /// Tell conflicts through the desktop too
    #[arg(long)]
    pub(super) notify: bool,
}

pub(super) fn watch(args: &WatchArgs, global: &Global, env: &Env, screen: &mut Screen) -> Result<Exit, Failure> {
    let flags = global.target.iter().map(|target| ("target", target.clone())).collect();
    let open = OpenOptions { flags, ..OpenOptions::default() };
    if global.json {
        return stream(args, env, &open, screen);
    }
    if !env.stdout_is_terminal || !std::io::stdin().is_terminal() {
        return Err(Failure::new(Kind::Usage, "coord watch needs a terminal")
            .hint("coord watch --json writes events as lines".to_owned()));
    }
    let options = tui::Options { colour: screen.style.colour, notify: args.notify };
    match tui::watch(env, &open, options)? {
        Left::Quit => Ok(Exit::Clear),
        Left::Interrupted => Ok(Exit::Interrupted),
    }
}

fn stream(args: &WatchArgs, env: &Env, open: &OpenOptions, screen: &mut Screen) -> Result<Exit, Failure> {
    let (mut coordinator, _) = Coordinator::begin(env, open, 0)?;
    let mut notifier = args.notify.then(Notifier::default);
    while !screen.is_gone() {
        match coordinator.news() {
            News::Survey(..) | News::Claims(_) => {}
            News::Events(events) => {
                if let Some(why) = notifier.as_mut().and_then(|notifier| tui::notify(notifier, &events)) {
                    screen.aside(|_, out| writeln!(out, "coord: {}", render::safe::text(&why)));
                }
                screen.answer(|_, out| render::json::events(&events, out));
            }
            News::Trouble(what) => screen.aside(|_, out| writeln!(out, "coord: {}", render::safe::text(&what))),
            News::Woken => break,
        }
    }
    Ok(Exit::Clear)
}
