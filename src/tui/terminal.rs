//! The terminal: taken over while the screen lives, and given back however it ends.
//! Must not know: what is drawn.

use std::io::{self, Stdout, Write as _};
use std::panic;

use ratatui::Frame;
use ratatui::Terminal;
use ratatui::backend::CrosstermBackend;
use ratatui::crossterm::cursor::Show;
use ratatui::crossterm::execute;
use ratatui::crossterm::terminal::{EnterAlternateScreen, LeaveAlternateScreen, disable_raw_mode, enable_raw_mode};

/// The terminal in our hands.
pub(super) struct Screen {
    terminal: Terminal<CrosstermBackend<Stdout>>,
}

impl Screen {
    /// Takes the terminal over. A panic anywhere gives it back before it says what it has to say.
    pub(super) fn open() -> io::Result<Self> {
        let former = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            restore();
            former(info);
        }));
        take()?;
        match Terminal::new(CrosstermBackend::new(io::stdout())) {
            Ok(terminal) => Ok(Self { terminal }),
            Err(error) => {
                restore();
                Err(error)
            }
        }
    }

    pub(super) fn draw(&mut self, draw: impl FnOnce(&mut Frame<'_>)) -> io::Result<()> {
        self.terminal.draw(draw).map(drop)
    }

    /// Lends the terminal to another program.
    pub(super) fn leave() -> io::Result<()> {
        restore();
        io::stdout().flush()
    }

    /// Takes it back.
    pub(super) fn enter(&mut self) -> io::Result<()> {
        take()?;
        self.terminal.clear()
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        restore();
    }
}

fn take() -> io::Result<()> {
    enable_raw_mode()?;
    execute!(io::stdout(), EnterAlternateScreen).inspect_err(|_| restore())
}

/// Best effort: there is nobody left to tell.
fn restore() {
    drop(disable_raw_mode());
    drop(execute!(io::stdout(), LeaveAlternateScreen, Show));
}
