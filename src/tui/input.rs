//! Keys and sizes, read in a thread of their own, and silent while another program has the terminal.
//! Must not know: what a key means.

use std::sync::mpsc::{self, Receiver, Sender};
use std::thread;
use std::time::Duration;

use ratatui::crossterm::event::{self, Event, KeyCode, KeyEventKind, KeyModifiers};

use super::model::{Key, Message};

/// How long another program may have to wait for the terminal. Waiting for a key reads it, so that it cannot be one long
/// wait.
const TURN: Duration = Duration::from_millis(250);

/// Asks the thread to stop reading: it says when it has, and goes on when the other end is dropped.
type Stop = (Sender<()>, Receiver<()>);

/// The thread that reads keys.
#[derive(Debug)]
pub(super) struct Keys {
    stop: Sender<Stop>,
}

impl Keys {
    pub(super) fn start(send: Sender<Message>) -> Self {
        let (stop, stops) = mpsc::channel::<Stop>();
        thread::spawn(move || {
            loop {
                if let Ok((stopped, resume)) = stops.try_recv() {
                    let _ = stopped.send(());
                    let _ = resume.recv();
                }
                let event = match event::poll(TURN) {
                    Ok(true) => event::read(),
                    Ok(false) => continue,
                    Err(error) => Err(error),
                };
                let Ok(event) = event else { break };
                if message(&event).is_some_and(|message| send.send(message).is_err()) {
                    return;
                }
            }
            // The terminal is gone.
            drop(send.send(Message::Interrupt));
        });
        Self { stop }
    }

    /// No key is read while what this gives lives.
    pub(super) fn pause(&self) -> Sender<()> {
        let (stopped, wait) = mpsc::channel();
        let (resume, resumed) = mpsc::channel();
        if self.stop.send((stopped, resumed)).is_ok() {
            let _ = wait.recv();
        }
        resume
    }
}

fn message(event: &Event) -> Option<Message> {
    match event {
        Event::Key(key) if key.kind != KeyEventKind::Release => {
            let control = key.modifiers.contains(KeyModifiers::CONTROL);
            Some(Message::Key(match key.code {
                KeyCode::Char('c') if control => return Some(Message::Interrupt),
                KeyCode::Char('l') if control => Key::Redraw,
                KeyCode::Char(_) if control || key.modifiers.contains(KeyModifiers::ALT) => return None,
                KeyCode::Char(c) => Key::Char(c),
                KeyCode::Up => Key::Up,
                KeyCode::Down => Key::Down,
                KeyCode::PageUp => Key::PageUp,
                KeyCode::PageDown => Key::PageDown,
                KeyCode::Home => Key::Home,
                KeyCode::End => Key::End,
                KeyCode::Tab | KeyCode::Right => Key::Next,
                KeyCode::BackTab | KeyCode::Left => Key::Previous,
                KeyCode::Enter => Key::Enter,
                KeyCode::Esc => Key::Escape,
                KeyCode::Backspace => Key::Backspace,
                _ => return None,
            }))
        }
        Event::Resize(..) => Some(Message::Key(Key::Redraw)),
        _ => None,
    }
}
