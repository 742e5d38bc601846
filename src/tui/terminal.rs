//! The terminal: taken over while the screen lives, and given back however it ends.
//! Must not know: what is drawn.

use std::io::{self, Stdout, Write as _};
use std::panic;
use std::sync::atomic::{AtomicBool, Ordering};

use ratatui::Frame;
use ratatui::Terminal;
use ratatui::backend::CrosstermBackend;
use ratatui::crossterm::cursor::{MoveTo, Show};
use ratatui::crossterm::execute;
use ratatui::crossterm::terminal::{
    Clear, ClearType, EnterAlternateScreen, LeaveAlternateScreen, disable_raw_mode, enable_raw_mode,
};
use ratatui::layout::{Position, Rect};

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
        self.repaint()
    }

    /// Forgets what is shown, so that all of it is drawn again. Not `clear`, which asks the terminal where its cursor is and
    /// fails where it does not answer in time.
    pub(super) fn repaint(&mut self) -> io::Result<()> {
        let area = Rect::from((Position::ORIGIN, self.terminal.size()?));
        self.terminal.resize(area)
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        restore();
    }
}

/// Whether the terminal is ours, so that it is given back once: a panic does it before what it unwinds does.
static TAKEN: AtomicBool = AtomicBool::new(false);

fn take() -> io::Result<()> {
    TAKEN.store(true, Ordering::Release);
    enable_raw_mode()?;
    execute!(io::stdout(), EnterAlternateScreen).inspect_err(|_| restore())
}

/// Best effort: there is nobody left to tell.
fn restore() {
    if TAKEN.swap(false, Ordering::AcqRel) {
        drop(disable_raw_mode());
        // Where it was resized meanwhile, tmux would show the lines of ours that it has no other for.
        drop(execute!(io::stdout(), Clear(ClearType::All), MoveTo(0, 0), LeaveAlternateScreen, Show));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Runs this very test program on a terminal and tells what it left of it.
    const ON_A_TERMINAL: &str = r#"
import os, pty, sys, termios
child, terminal = pty.fork()
if child == 0:
    os.execv(sys.argv[1], [sys.argv[1], "--exact", "tui::terminal::tests::a_panic_on_a_terminal", "--ignored", "--nocapture"])
before, shown = termios.tcgetattr(terminal), b""
while True:
    try:
        part = os.read(terminal, 65536)
    except OSError:
        break
    if not part:
        break
    shown += part
os.waitpid(child, 0)
left, said = shown.find(b"\x1b[?1049l"), shown.find(b"a planted panic")
print("entered", b"\x1b[?1049h" in shown, "left first", 0 <= left < said, "restored", termios.tcgetattr(terminal) == before)
"#;

    #[test]
    #[ignore = "only on the terminal that the test below makes for it"]
    fn a_panic_on_a_terminal() {
        let _screen = Screen::open().expect("there is a terminal");
        panic!("a planted panic");
    }

    #[cfg(unix)]
    #[test]
    fn a_panic_gives_the_terminal_back_before_it_speaks() {
        let program = std::env::current_exe().expect("it runs");
        let output = std::process::Command::new("python3").args(["-c", ON_A_TERMINAL]).arg(program).output();
        let Ok(output) = output else {
            crate::render::browser::skip("no python3");
            return;
        };
        let said = String::from_utf8_lossy(&output.stdout);
        assert_eq!(said.trim(), "entered True left first True restored True", "{output:?}");
    }
}
