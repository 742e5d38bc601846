//! What keys do to the screen.
//! Must not know: how anything is drawn or done.

use super::{Effect, Key, Model, Over, Pane};
use crate::domain::id::Identity;
use crate::domain::instance::Instance;
use crate::render::words;

impl Model {
    pub(super) fn key(&mut self, key: Key) -> Option<Effect> {
        let (filter, follows) = (self.filter.clone(), self.follows());
        let effect = if self.typing {
            self.type_filter(key);
            None
        } else {
            self.act(key)
        };
        // Who followed what happens goes on with it, however many lines a filter leaves.
        if follows && self.filter != filter {
            self.log.at = usize::MAX;
        }
        self.clamp();
        effect
    }

    fn act(&mut self, key: Key) -> Option<Effect> {
        self.said = None;
        let asked = self.asked.take();
        match key {
            Key::Char('q') if self.over == Over::Nothing => return Some(Effect::Quit),
            Key::Char('q') | Key::Escape if self.over != Over::Nothing => self.cover(Over::Nothing),
            Key::Escape => self.filter.clear(),
            Key::Redraw => return Some(Effect::Repaint),
            Key::Char('?') => self.toggle(Over::Help),
            Key::Char('m') => self.toggle(Over::Matrix),
            Key::Char('/') => (self.typing, self.over) = (true, Over::Nothing),
            Key::Enter => self.drill(),
            Key::Char('a') => return self.with_selected(Effect::Acknowledge),
            Key::Char('r') if self.pane == Pane::Instances && self.over == Over::Nothing => {
                return self.release(asked.as_ref());
            }
            Key::Char('r') => return self.with_selected(Effect::Withdraw),
            Key::Char('e') => return self.edit(),
            Key::Next => self.turn(1),
            Key::Previous => self.turn(2),
            Key::Up | Key::Char('k') => self.step(-1),
            Key::Down | Key::Char('j') => self.step(1),
            Key::PageUp => self.step(-(isize::try_from(self.page).unwrap_or(10))),
            Key::PageDown | Key::Char(' ') => self.step(isize::try_from(self.page).unwrap_or(10)),
            Key::Home | Key::Char('g') => self.step(isize::MIN),
            Key::End | Key::Char('G') => self.step(isize::MAX),
            _ => {}
        }
        None
    }

    fn type_filter(&mut self, key: Key) {
        match key {
            Key::Char(c) => self.filter.push(c),
            Key::Backspace => drop(self.filter.pop()),
            Key::Enter => self.typing = false,
            Key::Escape => {
                self.typing = false;
                self.filter.clear();
            }
            _ => {}
        }
    }

    fn cover(&mut self, over: Over) {
        (self.over, self.scroll) = (over, 0);
    }

    fn toggle(&mut self, over: Over) {
        self.cover(if self.over == over { Over::Nothing } else { over });
    }

    fn drill(&mut self) {
        match self.pane {
            Pane::Collisions => {
                if self.selected().is_some() {
                    self.cover(Over::Detail);
                } else {
                    self.said = Some("no collision is selected".into());
                }
            }
            // An instance's own collisions: the filter says whose.
            Pane::Instances => {
                let label = self.shown_instances().get(self.instances.at).map(|instance| instance.label.clone());
                self.filter = label.unwrap_or_default();
                (self.pane, self.collisions.at) = (Pane::Collisions, 0);
            }
            Pane::Events => {
                let event = self.shown_events().get(self.log.at).map(|event| event.actor.clone().unwrap_or_default());
                self.filter = event.unwrap_or_default();
            }
        }
    }

    fn with_selected(&mut self, effect: impl Fn(Box<Instance>, Box<Instance>) -> Effect) -> Option<Effect> {
        let found = self.selected().map(|(a, b, _)| effect(Box::new(a.clone()), Box::new(b.clone())));
        if found.is_none() {
            self.said = Some("no collision is selected".into());
        }
        found
    }

    /// The claims of the selected instance, at the second time of asking: they are perhaps somebody else's.
    fn release(&mut self, asked: Option<&Identity>) -> Option<Effect> {
        let instance = self.shown_instances().get(self.instances.at).map(|instance| (*instance).clone())?;
        let claimed = self.claimed(&instance);
        if claimed.is_empty() {
            self.said = Some(format!("{} holds no claim", words::label(&instance.label)));
        } else if asked == Some(&instance.identity) {
            return Some(Effect::Release(Box::new(instance)));
        } else {
            self.said = Some(format!("{} holds {claimed}: r again releases it", words::label(&instance.label)));
            self.asked = Some(instance.identity);
        }
        None
    }

    /// The first path of the selected collision, where the first of the two has it on disk.
    fn edit(&mut self) -> Option<Effect> {
        let file = self.selected().and_then(|(a, b, overlap)| {
            let path = overlap.paths.iter().rev().max_by_key(|path| path.grade)?;
            let top = a.worktree.as_ref().or(b.worktree.as_ref())?;
            Some(top.join(String::from_utf8_lossy(path.path.as_bytes()).as_ref()))
        });
        if file.is_none() {
            self.said = Some("no file to open: select a collision of a worktree".into());
        }
        file.map(Effect::Edit)
    }

    fn turn(&mut self, by: usize) {
        const ORDER: [Pane; 3] = [Pane::Collisions, Pane::Instances, Pane::Events];
        let at = ORDER.iter().position(|pane| *pane == self.pane).unwrap_or(0);
        self.pane = ORDER[(at + by) % ORDER.len()];
    }

    fn step(&mut self, by: isize) {
        let moved = |at: usize| at.saturating_add_signed(by);
        if self.over != Over::Nothing {
            self.scroll = if by == isize::MAX { usize::MAX } else { moved(self.scroll) };
            return;
        }
        let cursor = match self.pane {
            Pane::Collisions => &mut self.collisions,
            Pane::Instances => &mut self.instances,
            Pane::Events => &mut self.log,
        };
        cursor.at = moved(cursor.at);
    }
}
