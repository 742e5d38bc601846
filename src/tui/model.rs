//! What the screen shows, and how news and keys change it. Values in, values out.
//! Must not know: the terminal, where news come from.

use std::collections::VecDeque;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use crate::domain::event::{Event, EventKind};
use crate::domain::id::Identity;
use crate::domain::instance::Instance;
use crate::domain::overlap::Grade;
use crate::domain::report::{ClaimRow, Comparison, Overlap, Survey};
use crate::domain::time::Timestamp;
use crate::render::{safe, words};

/// So many events are kept.
const EVENTS: usize = 500;

/// A key, as far as any means something.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Key {
    Char(char),
    Up,
    Down,
    PageUp,
    PageDown,
    Home,
    End,
    Next,
    Previous,
    Enter,
    Escape,
    Backspace,
    Redraw,
}

/// What happened to the screen.
#[derive(Clone, Debug)]
pub(super) enum Message {
    Survey(Arc<Survey>, Duration),
    Claims(Vec<ClaimRow>),
    Events(Vec<Event>),
    Compared(Arc<Comparison>),
    Trouble(String),
    Said(String),
    Key(Key),
    Tick(Timestamp),
    Interrupt,
}

/// What the model wants done.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Effect {
    Quit,
    Interrupted,
    Compare(Box<Instance>, Box<Instance>),
    Acknowledge(Box<Instance>, Box<Instance>),
    Withdraw(Box<Instance>, Box<Instance>),
    Release(Box<Instance>),
    Edit(PathBuf),
}

/// The lists of the screen, in the order of the Tab key.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Pane {
    Collisions,
    Instances,
    Events,
}

/// What lies over the lists.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Over {
    Nothing,
    Detail,
    Matrix,
    Help,
}

/// A list's selected line.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(super) struct Cursor {
    pub(super) at: usize,
}

/// All that the screen shows.
#[derive(Debug)]
pub(super) struct Model {
    pub(super) now: Timestamp,
    pub(super) colour: bool,
    pub(super) survey: Option<Arc<Survey>>,
    pub(super) took: Duration,
    pub(super) claims: Vec<ClaimRow>,
    /// Whose claims the next `r` releases.
    asked: Option<Identity>,
    pub(super) events: VecDeque<Event>,
    pub(super) pane: Pane,
    pub(super) over: Over,
    pub(super) collisions: Cursor,
    pub(super) instances: Cursor,
    pub(super) log: Cursor,
    /// Lines, and columns, scrolled past in what lies over the lists.
    pub(super) scroll: usize,
    pub(super) filter: String,
    pub(super) typing: bool,
    pub(super) detail: Option<Arc<Comparison>>,
    pub(super) said: Option<String>,
    pub(super) trouble: Option<String>,
    /// Lines of a page, as last drawn.
    pub(super) page: usize,
}

impl Model {
    pub(super) fn new(now: Timestamp, colour: bool) -> Self {
        Self {
            now,
            colour,
            survey: None,
            took: Duration::ZERO,
            claims: Vec::new(),
            asked: None,
            events: VecDeque::new(),
            pane: Pane::Collisions,
            over: Over::Nothing,
            collisions: Cursor::default(),
            instances: Cursor::default(),
            log: Cursor::default(),
            scroll: 0,
            filter: String::new(),
            typing: false,
            detail: None,
            said: None,
            trouble: None,
            page: 10,
        }
    }

    /// Takes in what happened; what is to be done about it, if anything.
    pub(super) fn update(&mut self, message: Message) -> Option<Effect> {
        match message {
            Message::Survey(survey, took) => return self.take(survey, took),
            Message::Claims(claims) => self.claims = claims,
            Message::Events(events) => self.hear(events),
            Message::Compared(comparison) => self.detail = Some(comparison),
            Message::Trouble(what) => self.trouble = Some(what),
            Message::Said(what) => self.said = Some(what),
            Message::Tick(now) => self.now = self.now.max(now),
            Message::Interrupt => return Some(Effect::Interrupted),
            Message::Key(key) => return self.key(key),
        }
        None
    }

    /// A new survey: the selection stays on the pair that it was on.
    fn take(&mut self, survey: Arc<Survey>, took: Duration) -> Option<Effect> {
        let names = |model: &Self| model.selected().map(|(a, b, _)| (a.identity.clone(), b.identity.clone()));
        let before = names(self);
        (self.now, self.took, self.trouble) = (survey.now, took, None);
        self.survey = Some(survey);
        if let Some(before) = before {
            let at = self.shown_overlaps().iter().position(|overlap| {
                let survey = self.survey.as_deref();
                let identity = |at: usize| survey.map(|survey| &survey.instances[at].identity);
                identity(overlap.a) == Some(&before.0) && identity(overlap.b) == Some(&before.1)
            });
            self.collisions.at = at.unwrap_or(self.collisions.at);
        }
        self.clamp();
        match (self.over, self.selected()) {
            (Over::Detail, Some((a, b, _))) => Some(Effect::Compare(Box::new(a.clone()), Box::new(b.clone()))),
            (Over::Detail, None) => {
                self.over = Over::Nothing;
                self.said = Some("they have nothing in common any more".into());
                None
            }
            _ => None,
        }
    }

    fn hear(&mut self, events: Vec<Event>) {
        let follows = self.log.at + 1 >= self.shown_events().len();
        if let Some(text) = events.iter().rev().find_map(alert) {
            self.said = Some(text);
        }
        self.events.extend(events);
        while self.events.len() > EVENTS {
            self.events.pop_front();
        }
        if follows {
            self.log.at = usize::MAX;
        }
        self.clamp();
    }

    fn key(&mut self, key: Key) -> Option<Effect> {
        if self.typing {
            self.type_filter(key);
            return None;
        }
        self.said = None;
        let asked = self.asked.take();
        match key {
            Key::Char('q') if self.over == Over::Nothing => return Some(Effect::Quit),
            Key::Char('q') | Key::Escape if self.over != Over::Nothing => self.cover(Over::Nothing),
            Key::Escape => self.filter.clear(),
            Key::Char('?') => self.toggle(Over::Help),
            Key::Char('m') => self.toggle(Over::Matrix),
            Key::Char('/') => (self.typing, self.over) = (true, Over::Nothing),
            Key::Enter => return self.drill(),
            Key::Char('a') => return self.with_selected(Effect::Acknowledge),
            Key::Char('r') if self.pane == Pane::Instances && self.over == Over::Nothing => return self.release(asked),
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
        self.clamp();
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
        self.clamp();
    }

    fn cover(&mut self, over: Over) {
        (self.over, self.scroll) = (over, 0);
    }

    fn toggle(&mut self, over: Over) {
        self.cover(if self.over == over { Over::Nothing } else { over });
    }

    fn drill(&mut self) -> Option<Effect> {
        match self.pane {
            Pane::Collisions => {
                self.detail = None;
                let effect = self.with_selected(Effect::Compare);
                if effect.is_some() {
                    self.cover(Over::Detail);
                }
                effect
            }
            // An instance's own collisions: the filter says whose.
            Pane::Instances => {
                let label = self.shown_instances().get(self.instances.at).map(|instance| instance.label.clone());
                self.filter = label.unwrap_or_default();
                (self.pane, self.collisions.at) = (Pane::Collisions, 0);
                None
            }
            Pane::Events => {
                let event = self.shown_events().get(self.log.at).map(|event| event.actor.clone().unwrap_or_default());
                self.filter = event.unwrap_or_default();
                None
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
    fn release(&mut self, asked: Option<Identity>) -> Option<Effect> {
        let instance = self.shown_instances().get(self.instances.at).map(|instance| (*instance).clone())?;
        let claimed = self.claimed(&instance);
        if claimed.is_empty() {
            self.said = Some(format!("{} holds no claim", words::label(&instance.label)));
        } else if asked.as_ref() == Some(&instance.identity) {
            return Some(Effect::Release(Box::new(instance)));
        } else {
            self.said = Some(format!("{} holds {claimed}: r again releases it", words::label(&instance.label)));
            self.asked = Some(instance.identity);
        }
        None
    }

    /// What an instance claims, in short; empty where it claims nothing.
    pub(super) fn claimed(&self, instance: &Instance) -> String {
        let own = self.claims.iter().filter(|row| row.claim.holder.identity == instance.identity);
        let patterns: Vec<_> = own.flat_map(|row| &row.claim.patterns).collect();
        match &*patterns {
            [] => String::new(),
            [one] => safe::text(one.text()),
            [one, others @ ..] => format!("{} and {} more", safe::text(one.text()), others.len()),
        }
    }

    /// The first path of the selected collision, where the first of the two has it on disk.
    fn edit(&mut self) -> Option<Effect> {
        let file = self.selected().and_then(|(a, b, overlap)| {
            let path = overlap.paths.iter().max_by_key(|path| path.grade)?;
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

    fn clamp(&mut self) {
        let last = |len: usize| len.saturating_sub(1);
        self.collisions.at = self.collisions.at.min(last(self.shown_overlaps().len()));
        self.instances.at = self.instances.at.min(last(self.shown_instances().len()));
        self.log.at = self.log.at.min(last(self.shown_events().len()));
    }

    fn matches(&self, text: &str) -> bool {
        self.filter.is_empty() || text.to_lowercase().contains(&self.filter.to_lowercase())
    }

    /// The overlaps that the filter lets through, conflicts first.
    pub(super) fn shown_overlaps(&self) -> Vec<&Overlap> {
        let Some(survey) = &self.survey else { return Vec::new() };
        let wanted = |overlap: &&Overlap| {
            let path = |path: &[u8]| self.matches(&String::from_utf8_lossy(path));
            self.matches(&survey.instances[overlap.a].label)
                || self.matches(&survey.instances[overlap.b].label)
                || overlap.paths.iter().any(|overlap| path(overlap.path.as_bytes()))
        };
        let mut shown: Vec<&Overlap> = survey.overlaps.iter().filter(wanted).collect();
        shown.sort_by_key(|overlap| (!overlap.counts(), overlap.grade != Grade::Conflict));
        shown
    }

    /// The instances that the filter lets through: those with work, then the others.
    pub(super) fn shown_instances(&self) -> Vec<&Instance> {
        let Some(survey) = &self.survey else { return Vec::new() };
        let wanted = |instance: &&Instance| {
            self.matches(&instance.label) || instance.task.as_deref().is_some_and(|task| self.matches(task))
        };
        let mut shown: Vec<&Instance> = survey.instances.iter().filter(wanted).collect();
        shown.sort_by_key(|instance| instance.working_set.changes.is_empty());
        shown
    }

    /// The events that the filter lets through, oldest first.
    pub(super) fn shown_events(&self) -> Vec<&Event> {
        let of = |event: &&Event| {
            event.actor.as_deref().is_some_and(|actor| self.matches(actor))
                || event.kind.with().iter().any(|with| self.matches(with))
                || event.kind.paths().iter().any(|path| self.matches(&String::from_utf8_lossy(path.as_bytes())))
                || self.matches(event.kind.name())
        };
        self.events.iter().filter(of).collect()
    }

    /// The collision at hand, and its two.
    pub(super) fn selected(&self) -> Option<(&Instance, &Instance, &Overlap)> {
        let survey = self.survey.as_deref()?;
        let overlap = self.shown_overlaps().get(self.collisions.at).copied()?;
        Some((&survey.instances[overlap.a], &survey.instances[overlap.b], overlap))
    }
}

/// What is worth telling somebody who looks elsewhere.
pub(super) fn alert(event: &Event) -> Option<String> {
    let actor = event.actor.as_deref().unwrap_or_default();
    match &event.kind {
        EventKind::ConflictAppeared(facts) => {
            let path = facts.paths.first().map(|path| String::from_utf8_lossy(path.as_bytes()).into_owned());
            let place = path.map(|path| format!(" in {path}")).unwrap_or_default();
            Some(format!("{} and {} conflict{place}", words::label(actor), words::label(&facts.with)))
        }
        EventKind::CommitBlocked(facts) => {
            let with = words::names(facts.with.iter().map(String::as_str));
            Some(format!("a commit of {} was stopped: it conflicts with {with}", words::label(actor)))
        }
        _ => None,
    }
}
