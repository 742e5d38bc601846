//! Standard output and standard error: what is written where, how wide, in colour or not, and how the program ends.
//! Must not know: any command, any report.

use std::io::{self, BufWriter, StdoutLock, Write};

use terminal_size::{Width, terminal_size_of};

use super::Color;
use crate::env::Env;
use crate::exit::Exit;
use crate::failure::{Failure, Kind};
use crate::render::safe::{self, GithubLog};
use crate::render::style::{Ink, Style};

/// So much JSON is written at a time.
const CHUNK: usize = 64 << 10;

/// Where a command puts its answer.
#[derive(Debug)]
pub(super) struct Screen {
    /// How standard output is styled.
    pub(super) style: Style,
    /// How standard error is styled.
    pub(super) err_style: Style,
    /// Whether a program reads the answer.
    pub(super) json: bool,
    /// Whether somebody watches standard error.
    pub(super) watched: bool,
    github: bool,
    broken: Option<io::Error>,
    gone: Option<io::ErrorKind>,
}

impl Screen {
    pub(super) fn of(env: &Env, color: Color, json: bool) -> Self {
        let columns = env.variable("COLUMNS").and_then(|text| text.to_str()?.parse().ok()).filter(|&n: &usize| n > 0);
        let width = |size: Option<(Width, _)>| columns.or(size.map(|(Width(width), _)| usize::from(width)));
        let style = |terminal: bool, size| Style {
            colour: colour(env, color, terminal),
            width: width(size).filter(|_| terminal || columns.is_some()).unwrap_or(Style::ENDLESS),
        };
        Self {
            style: style(env.stdout_is_terminal, terminal_size_of(io::stdout())),
            err_style: style(env.stderr_is_terminal, terminal_size_of(io::stderr())),
            json,
            watched: env.stderr_is_terminal && !json,
            github: env.variable("GITHUB_ACTIONS").is_some(),
            broken: None,
            gone: None,
        }
    }

    /// Writes the answer to standard output, as `write` puts it.
    pub(super) fn answer(&mut self, write: impl FnOnce(&Style, &mut Vec<u8>) -> io::Result<()>) {
        let mut text = Vec::new();
        let written = write(&self.style, &mut text);
        let guarded = self.github && !self.json;
        self.note(written.and_then(|()| put(&text, guarded, io::stdout().lock())));
    }

    /// Writes the answer for a program or for people, whoever asked.
    pub(super) fn reply(
        &mut self,
        json: impl FnOnce(&mut BufWriter<StdoutLock<'static>>) -> io::Result<()>,
        human: impl FnOnce(&Style, &mut Vec<u8>) -> io::Result<()>,
    ) {
        if self.json {
            // It may be twenty megabytes, and nothing in it has to be guarded.
            let mut out = BufWriter::with_capacity(CHUNK, io::stdout().lock());
            let written = json(&mut out).and_then(|()| out.flush());
            self.note(written);
        } else {
            self.answer(human);
        }
    }

    /// Writes to standard output a document for a program, byte for byte: GitHub's commands among others.
    pub(super) fn document(&mut self, text: &[u8]) {
        self.note(put(text, false, io::stdout().lock()));
    }

    /// Writes to standard error what is no answer: the hooks' messages, warnings.
    pub(super) fn aside(&mut self, write: impl FnOnce(&Style, &mut Vec<u8>) -> io::Result<()>) {
        let mut text = Vec::new();
        let written = write(&self.err_style, &mut text);
        self.note(written.and_then(|()| put(&text, self.github, io::stderr().lock())));
    }

    /// Whether the reader went away, or nothing can be written to it: what goes on for ever ends then.
    pub(super) fn is_gone(&self) -> bool {
        self.gone.is_some()
    }

    /// Keeps the first failed write. A reader that went away (`coord scan | head`) is no failure of coord's.
    fn note(&mut self, written: io::Result<()>) {
        self.gone = self.gone.or(written.as_ref().err().map(io::Error::kind));
        let failed = written.err().filter(|error| error.kind() != io::ErrorKind::BrokenPipe);
        self.broken = self.broken.take().or(failed);
    }

    /// Says how a command ended, and with which code: the answer's own, whoever still listens.
    pub(super) fn end(mut self, answer: Result<Exit, Failure>) -> Exit {
        match (answer, self.broken.take()) {
            (Ok(Exit::Clear), Some(error)) => {
                self.fail(&Failure::new(Kind::Bug, format!("could not write the answer: {error}")))
            }
            (Ok(exit), _) => exit,
            (Err(failure), _) => self.fail(&failure),
        }
    }

    fn fail(&mut self, failure: &Failure) -> Exit {
        let said = failure.whole_message();
        self.aside(|style, out| {
            writeln!(out, "{} {}", style.ink(Ink::Bad, "coord:"), safe::text(&said))?;
            failure.hints.iter().try_for_each(|hint| writeln!(out, "  {}", safe::text(hint)))
        });
        match failure.kind {
            Kind::Interrupted => Exit::Interrupted,
            Kind::Usage | Kind::Config | Kind::Repository | Kind::Store | Kind::Bug => Exit::NoAnswer,
        }
    }

    /// Shows what clap has to say: help and version on standard output, a misuse on standard error.
    pub(super) fn usage(mut self, error: &clap::Error) -> Exit {
        let styled = error.render();
        let text = |colour: bool| if colour { styled.ansi().to_string() } else { styled.to_string() };
        if error.use_stderr() {
            self.aside(|style, out| write!(out, "{}", text(style.colour)));
            return Exit::NoAnswer;
        }
        self.answer(|style, out| write!(out, "{}", text(style.colour)));
        self.end(Ok(Exit::Clear))
    }
}

fn put(text: &[u8], guarded: bool, mut out: impl Write) -> io::Result<()> {
    if guarded {
        let mut log = GithubLog::new(&mut out);
        log.write_all(text)?;
        log.flush()?;
    } else {
        out.write_all(text)?;
    }
    out.flush()
}

/// `--color`, then NO_COLOR, CLICOLOR_FORCE, CLICOLOR and the terminal, in this order.
fn colour(env: &Env, color: Color, terminal: bool) -> bool {
    let set = |name: &str| env.variable(name).is_some_and(|value| value != "0");
    match color {
        Color::Always => true,
        Color::Never => false,
        Color::Auto if env.variable("NO_COLOR").is_some() => false,
        Color::Auto if set("CLICOLOR_FORCE") => true,
        Color::Auto => {
            let refused = env.variable("CLICOLOR").is_some_and(|value| value == "0");
            terminal && !refused && env.variable("TERM").is_none_or(|term| term != "dumb")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn env(variables: &[(&str, &str)]) -> Env {
        Env {
            cwd: Err(String::new()),
            variables: variables.iter().map(|(name, value)| (name.into(), value.into())).collect(),
            stdout_is_terminal: false,
            stderr_is_terminal: false,
            program: None,
        }
    }

    #[test]
    fn colours_come_as_the_flag_then_the_environment_then_the_terminal_say() {
        for (variables, color, terminal, expected) in [
            (&[][..], Color::Auto, true, true),
            (&[], Color::Auto, false, false),
            (&[], Color::Always, false, true),
            (&[], Color::Never, true, false),
            (&[("NO_COLOR", "1")], Color::Auto, true, false),
            (&[("NO_COLOR", "1")], Color::Always, true, true),
            (&[("NO_COLOR", "1"), ("CLICOLOR_FORCE", "1")], Color::Auto, true, false),
            (&[("CLICOLOR", "0")], Color::Auto, true, false),
            (&[("CLICOLOR_FORCE", "1")], Color::Auto, false, true),
            (&[("TERM", "dumb")], Color::Auto, true, false),
        ] {
            assert_eq!(colour(&env(variables), color, terminal), expected, "{variables:?} {color:?} {terminal}");
        }
    }

    #[test]
    fn a_reader_that_went_away_changes_no_verdict() {
        let mut screen = Screen::of(&env(&[]), Color::Auto, false);
        screen.note(Err(io::Error::from(io::ErrorKind::BrokenPipe)));
        assert_eq!(screen.end(Ok(Exit::Clear)), Exit::Clear);
    }
}
