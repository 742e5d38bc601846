//! What the screen shows, and how news and keys change it. Values in, values out.
//! Must not know: the terminal, where news come from.

mod keys;

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
    /// News of the coordinator's wait to be taken.
    Post,
    /// So much of so much of the first look is done.
    Looking(usize, usize),
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
    Repaint,
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
    /// How much of the first look is done, in percent.
    pub(super) looking: usize,
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
    /// Whose lines `detail` shows, or will.
    compared: Option<(Identity, Identity)>,
    /// Whether there is room for them beside the lists, as last drawn.
    pub(super) roomy: bool,
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
            looking: 0,
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
            compared: None,
            roomy: false,
            said: None,
            trouble: None,
            page: 10,
        }
    }

    /// Takes in what happened; what is to be done about it, if anything.
    pub(super) fn update(&mut self, message: Message) -> Option<Effect> {
        match message {
            Message::Post => {}
            Message::Looking(done, of) => self.looking = self.looking.max(done * 100 / of.max(1)),
            Message::Survey(survey, took) => self.take(survey, took),
            Message::Claims(claims) => self.claims = claims,
            Message::Events(events) => self.hear(events),
            Message::Compared(comparison) => self.learn(comparison),
            Message::Trouble(what) => self.trouble = Some(what),
            Message::Said(what) => self.said = Some(what),
            Message::Tick(now) => self.now = self.now.max(now),
            Message::Interrupt => return Some(Effect::Interrupted),
            Message::Key(key) => return self.key(key).or_else(|| self.wanted()),
        }
        self.wanted()
    }

    /// The lines of the collision at hand, where they are shown and not known yet.
    pub(super) fn wanted(&mut self) -> Option<Effect> {
        if !self.roomy && self.over != Over::Detail {
            return None;
        }
        let (a, b, _) = self.selected()?;
        let (a, b) = (Box::new(a.clone()), Box::new(b.clone()));
        let pair = Some((a.identity.clone(), b.identity.clone()));
        if self.compared == pair {
            return None;
        }
        self.compared = pair;
        Some(Effect::Compare(a, b))
    }

    /// What came back for a pair that is not at hand any more is of no use.
    fn learn(&mut self, comparison: Arc<Comparison>) {
        let is_at_hand = self
            .selected()
            .is_some_and(|(a, b, _)| (&a.label, &b.label) == (&comparison.labels.0, &comparison.labels.1));
        if is_at_hand {
            self.detail = Some(comparison);
        }
    }

    /// A new survey: the selection stays on the pair that it was on.
    fn take(&mut self, survey: Arc<Survey>, took: Duration) {
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
        // Perhaps their lines changed.
        self.compared = None;
        if self.over == Over::Detail && self.selected().is_none() {
            self.over = Over::Nothing;
            self.said = Some("they have nothing in common any more".into());
        }
    }

    fn hear(&mut self, events: Vec<Event>) {
        let follows = self.follows();
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

    /// Whether the latest event is selected, and the next one is to be.
    fn follows(&self) -> bool {
        self.log.at + 1 >= self.shown_events().len()
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

    /// Whether the lines that are known are those of the collision at hand.
    pub(super) fn detail_at_hand(&self) -> Option<&Comparison> {
        let (a, b, _) = self.selected()?;
        self.detail.as_deref().filter(|of| (&a.label, &b.label) == (&of.labels.0, &of.labels.1))
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
