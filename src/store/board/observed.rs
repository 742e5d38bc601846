//! What coord remembers of the board: what it published, and what others wrote onto it by hand, since when.
//! Must not know: the board's file, how much room there is on it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::entry::{Entry, is_more};
use super::fit::{Fitted, Shown};
use super::{Content, Text};
use crate::domain::board::{BoardEntry, BoardView, Folded, Published};
use crate::domain::process::{Liveness, ProcessId};
use crate::domain::time::{STALE_AFTER, Timestamp};
use crate::store::error::Error;
use crate::store::file::{self, Lasting};
use crate::store::wire::{self, Process, Time};
use crate::store::{Witness, board};

/// The format of the file.
const VERSION: u64 = 1;

/// The most that is read of the file: everything that a board of the largest size held, and as much again.
const LARGEST: u64 = 4 * file::LARGEST;

/// The memory of one board.
#[derive(Clone, Default, Serialize, Deserialize)]
pub(super) struct Observed {
    #[serde(default)]
    version: u64,
    /// The last two publishings, the newer last. A crash between the saving of this and the replacing of the board
    /// leaves the older on the board.
    #[serde(default)]
    published: Vec<Publishing>,
    /// What others wrote, by id.
    #[serde(default)]
    by_hand: BTreeMap<String, ByHand>,
    /// Keys of the board that coord does not know.
    #[serde(default)]
    extra: Map<String, Value>,
    /// Whether the last publishing had no room for keys that it should have shown.
    #[serde(default)]
    hides_extra: bool,
}

#[derive(Clone, Serialize, Deserialize)]
struct Publishing {
    generation: u64,
    entries: Vec<Value>,
}

/// An entry, or an addition to one of coord's own, that somebody wrote by hand.
#[derive(Clone, Serialize, Deserialize)]
struct ByHand {
    task: String,
    files: Vec<String>,
    started_at: String,
    status: String,
    extra: Map<String, Value>,
    changed_at: Time,
    process: Option<Process>,
}

impl Observed {
    /// Reads the memory. One that does not parse is put aside, and what is on the board counts as written by hand.
    pub(super) fn load(path: &Path, now: Timestamp) -> Result<Self, Error> {
        let Some(bytes) = file::read(path, LARGEST)? else { return Ok(Self::default()) };
        let parsed = wire::parse(&bytes);
        let version = parsed.as_ref().ok().and_then(|value| value.get("version")?.as_u64()).unwrap_or(VERSION);
        if version > VERSION {
            return Err(Error::Newer { path: path.to_owned(), version });
        }
        if let Some(observed) = parsed.ok().and_then(|value| serde_json::from_value(value).ok()) {
            return Ok(observed);
        }
        board::move_aside(path, now)?;
        Ok(Self::default())
    }

    /// Writes the memory where it differs from `before`.
    pub(super) fn save(&self, path: &Path, mode: u32, before: &Self) -> Result<(), Error> {
        let text = |observed: &Self| serde_json::to_vec(observed).unwrap_or_default();
        let new = text(&Self { version: VERSION, ..self.clone() });
        if new == text(before) {
            return Ok(());
        }
        file::replace(path, &new, mode & 0o666, Lasting::PowerLoss)
    }

    /// The keys of the board that coord does not know.
    pub(super) fn extra(&self) -> &Map<String, Value> {
        &self.extra
    }

    /// Takes over what somebody changed on the board since it was published.
    pub(super) fn observe(&mut self, content: &Content, witness: &Witness<'_>) -> Published {
        let (text, is_whole) = match content {
            Content::Missing => return Published::default(),
            Content::Whole(text) => (text, true),
            Content::Broken { usable, .. } => (usable, false),
        };
        let mut adopted = Vec::new();
        for entry in &text.entries {
            if let Some(former) = self.changed(text, entry) {
                if !self.by_hand.contains_key(&entry.id) {
                    adopted.push(entry.id.clone());
                }
                let old = self.by_hand.get(&entry.id);
                let mut new = ByHand::take(entry, former.as_ref(), old, witness);
                if let Some(old) = old.filter(|_| self.hides_extra) {
                    new.extra = old.extra.clone().into_iter().chain(new.extra).collect();
                }
                self.by_hand.insert(entry.id.clone(), new);
            }
        }
        if is_whole {
            self.forget_removed(text);
        }
        if is_whole && !self.hides_extra {
            self.extra.clone_from(&text.extra);
        } else {
            self.extra.extend(text.extra.clone());
        }
        adopted.sort_unstable();
        Published { adopted, ..Published::default() }
    }

    /// The publishing that the board goes back to.
    fn base(&self, text: &Text) -> Option<&Publishing> {
        self.published.iter().find(|publishing| Some(publishing.generation) == text.generation)
    }

    /// `None` where the entry is as coord published it, else what coord had published under its id.
    #[expect(clippy::option_option, reason = "unchanged, changed, and new are three answers")]
    fn changed(&self, text: &Text, entry: &Entry) -> Option<Option<Entry>> {
        let former = |publishing: &Publishing| {
            publishing.entries.iter().cloned().filter_map(Entry::parse).find(|former| former.id == entry.id)
        };
        let mut formers: Vec<Entry> = match self.base(text) {
            Some(base) => former(base).into_iter().collect(),
            None => self.published.iter().filter_map(former).collect(),
        };
        if formers.contains(entry) { None } else { Some(formers.pop()) }
    }

    /// Forgets entries that were published and that somebody took off. A board that does not go back to a publishing
    /// of ours says nothing about that: its writer may never have seen the others.
    fn forget_removed(&mut self, text: &Text) {
        let Some(base) = self.base(text) else { return };
        let id = |value: &Value| value.get("id").and_then(Value::as_str).map(str::to_owned);
        let mut gone: BTreeSet<String> = base.entries.iter().filter_map(id).collect();
        for entry in &text.entries {
            gone.remove(&entry.id);
        }
        self.by_hand.retain(|id, _| !gone.contains(id));
    }

    /// Drops what stands for nobody any more; returns the ids that leave the board with it. What is written about an
    /// instance that git shows stays with it, except for its files.
    pub(super) fn sweep(&mut self, view: &BoardView, witness: &Witness<'_>) -> Vec<String> {
        let shown: BTreeSet<&str> = view.entries.iter().map(|entry| entry.id.as_str()).collect();
        let mut swept = Vec::new();
        self.by_hand.retain(|id, by_hand| {
            by_hand.changed_at.0 = by_hand.changed_at.0.min(witness.now);
            if !by_hand.is_stale(witness) {
                return true;
            }
            if shown.contains(id.as_str()) {
                by_hand.files.clear();
                return !(by_hand.task.is_empty() && by_hand.extra.is_empty());
            }
            swept.push(id.clone());
            false
        });
        swept
    }

    /// Everything that is to be on the board, what weighs most first: what is in progress before what is not.
    pub(super) fn compose(&self, view: &BoardView) -> Vec<Shown> {
        let mut ids = BTreeSet::new();
        let mut shown: Vec<Shown> = Vec::new();
        // A second entry of one id, or one without, would make the board one that does not parse.
        for entry in view.entries.iter().filter(|entry| !entry.id.is_empty()) {
            if ids.insert(entry.id.as_str()) {
                shown.push(join(entry, self.by_hand.get(&entry.id)));
            }
        }
        for (id, by_hand) in self.by_hand.iter().filter(|(id, _)| !ids.contains(id.as_str())) {
            shown.push(by_hand.show(id));
        }
        shown.sort_by_key(|shown| match shown.entry.status.as_str() {
            "in_progress" => 0,
            "idle" => 1,
            "dormant" => 3,
            "landed" => 4,
            _ => 2,
        });
        shown
    }

    /// Remembers what is about to be published beside what is on the board, and makes the board's bytes of it.
    pub(super) fn number(&mut self, content: &Content, fitted: &Fitted, now: Timestamp) -> Vec<u8> {
        let generation = self.published.last().map_or(0, |last| last.generation).saturating_add(1);
        let on_board = if let Content::Whole(text) = content { text.generation } else { None };
        if self.published.iter().any(|publishing| Some(publishing.generation) == on_board) {
            self.published.retain(|publishing| Some(publishing.generation) == on_board);
        }
        self.published.push(Publishing { generation, entries: fitted.entries() });
        self.published.drain(..self.published.len().saturating_sub(2));
        self.hides_extra = fitted.hides_extra;
        fitted.bytes(generation, now)
    }
}

impl ByHand {
    /// What the hand added to `former`, which coord had published, and to what it had added before.
    fn take(entry: &Entry, former: Option<&Entry>, old: Option<&Self>, witness: &Witness<'_>) -> Self {
        let published: BTreeSet<&str> = former.iter().flat_map(|f| &f.files).map(String::as_str).collect();
        let now: BTreeSet<&str> = entry.files.iter().map(String::as_str).collect();
        let is_removed = |file: &str| published.contains(file) && !now.contains(file);
        let mut files = old.map_or_else(Vec::new, |old| old.files.clone());
        files.retain(|file| !is_removed(file));
        files.extend(entry.files.iter().filter(|f| !published.contains(f.as_str()) && !is_more(f)).cloned());
        files.sort_unstable();
        files.dedup();
        // What nobody said of a whole entry by hand, the moment says.
        let or = |said: &str, else_: &str| if former.is_none() && said.is_empty() { else_ } else { said }.to_owned();
        let choose = |new: &String, former: Option<&String>, old: Option<&String>| {
            if Some(new) == former { old.cloned().unwrap_or_default() } else { new.clone() }
        };
        Self {
            task: choose(&entry.task, former.map(|f| &f.task), old.map(|o| &o.task)),
            started_at: or(
                &choose(&entry.started_at, former.map(|f| &f.started_at), old.map(|o| &o.started_at)),
                &wire::time_text(witness.now),
            ),
            status: or(&choose(&entry.status, former.map(|f| &f.status), old.map(|o| &o.status)), "in_progress"),
            files,
            process: process(entry, witness).as_ref().map(Process::from),
            extra: entry.extra.clone(),
            changed_at: Time(witness.now),
        }
    }

    fn is_stale(&self, witness: &Witness<'_>) -> bool {
        let process = self.process.clone().map(ProcessId::from);
        let liveness = process.as_ref().map_or(Liveness::Unknown, witness.liveness);
        liveness != Liveness::Alive && witness.now.since(self.changed_at.0) >= STALE_AFTER
    }

    fn show(&self, id: &str) -> Shown {
        let entry = Entry {
            id: id.to_owned(),
            task: self.task.clone(),
            files: Vec::new(),
            started_at: self.started_at.clone(),
            status: self.status.clone(),
            conflicts_with: Vec::new(),
            extra: self.extra.clone(),
        };
        Shown::new(entry, &folded(&self.files))
    }
}

/// The process that an entry names by its number.
fn process(entry: &Entry, witness: &Witness<'_>) -> Option<ProcessId> {
    let pid = entry.extra.get("pid")?.as_u64()?;
    (witness.identify)(u32::try_from(pid).ok()?)
}

/// One of coord's own entries, with what a hand added to it.
fn join(entry: &BoardEntry, by_hand: Option<&ByHand>) -> Shown {
    let task = entry.task.clone().or_else(|| by_hand.map(|by_hand| by_hand.task.clone()));
    let shown = Entry {
        id: entry.id.clone(),
        task: task.unwrap_or_default(),
        files: Vec::new(),
        started_at: wire::time_text(entry.started_at),
        status: entry.status.clone(),
        conflicts_with: entry.conflicts_with.clone(),
        extra: by_hand.map_or_else(Map::new, |by_hand| by_hand.extra.clone()),
    };
    let mut files = folded(&entry.files);
    if let Some(by_hand) = by_hand.filter(|by_hand| !by_hand.files.is_empty()) {
        files.extend(folded(&by_hand.files));
        files.sort_unstable();
        files.dedup();
    }
    Shown::new(shown, &files)
}

fn folded(files: &[String]) -> Vec<Folded> {
    files.iter().map(|path| Folded { path: path.clone(), count: 1 }).collect()
}
