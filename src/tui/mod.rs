//! Floor 5: `coord watch`, the coordinator on a terminal. What is shown follows what the coordinator tells.
//! Must not know: git, files, how anything is found out.
//!
//! One thread follows the repository, one reads keys, one waits for signals; this one draws. All of them sleep until
//! something happens.

mod input;
mod model;
mod post;
mod terminal;
mod view;

use std::io;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::thread;
use std::time::Duration;

use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

use crate::domain::event::Event;
use crate::domain::instance::Instance;
use crate::domain::time::Seconds;
use crate::env::Env;
use crate::failure::{Failure, Kind};
use crate::ops;
use crate::ops::context::{Context, OpenOptions};
use crate::ops::coordinate::{Coordinator, News, Notifier};
use crate::render::style::Style;
use crate::render::words;
use model::{Effect, Message, Model};
use post::Post;
use terminal::Screen;

/// Ages on the screen grow by minutes.
const MINUTE: Duration = Duration::from_secs(60);

/// An acknowledgement given with a key lasts so long.
const LASTS: Seconds = Seconds(8 * 3600);

/// So many events are kept to scroll through.
const EVENTS: usize = 500;

/// How the screen was left.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Left {
    /// Somebody was done.
    Quit,
    /// Ctrl-C, or a signal.
    Interrupted,
}

/// How the screen is made.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Options {
    /// Whether colours are shown.
    pub(crate) colour: bool,
    /// Whether conflicts are told by the desktop too.
    pub(crate) notify: bool,
}

/// Shows the repository around the working directory until somebody leaves.
pub(crate) fn watch(env: &Env, open: &OpenOptions, options: Options) -> Result<Left, Failure> {
    let failed = |error: io::Error| Failure::new(Kind::Bug, format!("could not use the terminal: {error}"));
    let (mut coordinator, events) = Coordinator::begin(env, open, EVENTS)?;
    let waker = coordinator.waker();
    let (send, receive) = mpsc::channel();
    let post = Post::new(send.clone());
    let tell = post.clone();
    coordinator.tell_progress(Arc::new(move |done, of| {
        tell.leave(Message::Looking(done, of));
    }));
    let mut screen = Screen::open().map_err(failed)?;
    follow(coordinator, options.notify, post.clone());
    signals(send.clone()).map_err(failed)?;
    let keys = input::Keys::start(send.clone());
    let mut model = Model::new(ops::coordinate::now(), options.colour);
    model.update(Message::Events(events));
    let mut run = Run { env, open, send, post, keys, model, screen: &mut screen };
    let left = run.until_left(&receive).map_err(failed);
    waker.wake();
    drop(screen);
    left
}

/// Follows the repository for as long as somebody listens.
fn follow(mut coordinator: Coordinator, notifies: bool, post: Post) {
    let mut desktop = notifies.then(Notifier::default);
    thread::spawn(move || {
        loop {
            let mut mute = None;
            let message = match coordinator.news() {
                News::Survey(survey, took) => Message::Survey(survey, took),
                News::Events(events) => {
                    mute = desktop.as_mut().and_then(|desktop| notify(desktop, &events));
                    Message::Events(events)
                }
                News::Claims(claims) => Message::Claims(claims),
                News::Trouble(what) => Message::Trouble(what),
                News::Woken => return,
            };
            if !post.leave(message) {
                return;
            }
            if let Some(why) = mute {
                post.say(why);
            }
        }
    });
}

fn signals(send: Sender<Message>) -> io::Result<()> {
    let mut signals = Signals::new([SIGTERM, SIGHUP, SIGINT])?;
    thread::spawn(move || {
        if signals.forever().next().is_some() {
            drop(send.send(Message::Interrupt));
        }
    });
    Ok(())
}

/// What draws, and what does as the model says.
struct Run<'a> {
    env: &'a Env,
    open: &'a OpenOptions,
    send: Sender<Message>,
    post: Post,
    keys: input::Keys,
    model: Model,
    screen: &'a mut Screen,
}

impl Run<'_> {
    fn until_left(&mut self, receive: &Receiver<Message>) -> io::Result<Left> {
        loop {
            self.screen.draw(|frame| view::draw(&mut self.model, frame))?;
            if let Some(effect) = self.model.wanted() {
                self.perform(effect)?;
            }
            let message = match receive.recv_timeout(MINUTE) {
                Ok(message) => message,
                Err(RecvTimeoutError::Timeout) => Message::Tick(ops::coordinate::now()),
                Err(RecvTimeoutError::Disconnected) => return Ok(Left::Quit),
            };
            let mut effect = self.hear(message);
            // A burst is drawn once.
            while effect.is_none() {
                let Ok(message) = receive.try_recv() else { break };
                effect = self.hear(message);
            }
            match effect {
                None => {}
                Some(Effect::Quit) => return Ok(Left::Quit),
                Some(Effect::Interrupted) => return Ok(Left::Interrupted),
                Some(effect) => self.perform(effect)?,
            }
        }
    }

    fn hear(&mut self, message: Message) -> Option<Effect> {
        let messages = if let Message::Post = message { self.post.take() } else { vec![message] };
        // News ask for nothing but the lines at hand, which the last of them knows best.
        messages.into_iter().filter_map(|message| self.model.update(message)).last()
    }

    fn perform(&mut self, effect: Effect) -> io::Result<()> {
        match effect {
            Effect::Compare(a, b) => self.compare(a, b),
            Effect::Acknowledge(a, b) => {
                let said = self.context().and_then(|ctx| ops::ack::between(&ctx, &a, &b, LASTS, "coord watch"));
                let done = format!("{} and {} know of each other for 8 h; r takes it back", a.label, b.label);
                self.say(said.map(|()| done));
            }
            Effect::Withdraw(a, b) => {
                let said = self.context().and_then(|ctx| ops::ack::withdraw_between(&ctx, &a, &b));
                self.say(said.map(|number| match number {
                    0 => format!("nothing was acknowledged between {} and {}", a.label, b.label),
                    _ => format!("{} and {} count again", a.label, b.label),
                }));
            }
            Effect::Release(who) => {
                let said = self.context().and_then(|ctx| ops::claim::release_of(&ctx, &who.identity));
                self.say(
                    said.map(|number| format!("{} of {} released", words::count(number, "claim", "claims"), who.label)),
                );
            }
            Effect::Edit(file) => self.edit(&file)?,
            Effect::Repaint => self.screen.repaint()?,
            Effect::Quit | Effect::Interrupted => {}
        }
        Ok(())
    }

    fn context(&self) -> Result<Context, Failure> {
        Context::open(self.env, self.open)
    }

    fn say(&mut self, said: Result<String, Failure>) {
        let message = match said {
            Ok(said) => Message::Said(said),
            Err(failure) => Message::Trouble(failure.whole_message()),
        };
        self.model.update(message);
    }

    /// Beside the drawing, as it may take a while.
    fn compare(&self, a: Box<Instance>, b: Box<Instance>) {
        let (env, open, send) = (self.env.clone(), self.open.clone(), self.send.clone());
        thread::spawn(move || {
            let compared = Context::open(&env, &open).and_then(|ctx| ops::diff::diff(&ctx, &a.label, &b.label, None));
            drop(send.send(match compared {
                Ok(comparison) => Message::Compared(Arc::new(comparison)),
                Err(failure) => Message::Trouble(failure.whole_message()),
            }));
        });
    }

    /// The editor has the terminal until it ends.
    fn edit(&mut self, file: &Path) -> io::Result<()> {
        let editor = ["GIT_EDITOR", "VISUAL", "EDITOR"].iter().find_map(|name| self.env.variable(name));
        let editor = editor.map_or_else(|| "vi".into(), std::ffi::OsStr::to_os_string);
        let pause = self.keys.pause();
        Screen::leave()?;
        // As git does it: the variable may hold options, so that a shell takes it apart; the file is an argument.
        let mut line = editor.clone();
        line.push(" \"$@\"");
        let ended = Command::new("sh").arg("-c").arg(line).arg("coord").arg(file).status();
        self.screen.enter()?;
        drop(pause);
        if let Err(error) = ended {
            self.model.update(Message::Trouble(format!("could not start {}: {error}", editor.to_string_lossy())));
        }
        Ok(())
    }
}

/// Tells what is worth it through the desktop; why it cannot, once.
pub(crate) fn notify(notifier: &mut Notifier, events: &[Event]) -> Option<String> {
    events.iter().filter_map(model::alert).find_map(|text| notifier.show(&text))
}

/// How a comparison is set on a page of this width.
fn page(width: u16) -> Style {
    Style::plain(usize::from(width))
}

#[cfg(test)]
mod tests;
