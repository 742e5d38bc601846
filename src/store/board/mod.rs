//! The board: `ACTIVE-TASKS.json`, the published view, which anybody may write to by hand.
//! Must not know: how instances are read from git, what is said about them elsewhere.
//!
//! The file is replaced in one step, so that readers need no lock. It never has more than [`LARGEST_BOARD`] bytes.
//! What people and agents wrote into it is taken over ([`observed`]) and published again with the rest ([`fit`]).

mod entry;
mod fit;
mod observed;

use std::fs::{self, Metadata};
use std::path::{Component, Path, PathBuf};
use std::time::{Duration, SystemTime};

use serde_json::{Map, Value};

pub use fit::LARGEST_BOARD;

use self::entry::Entry;
use self::observed::Observed;
use super::error::Error;
use super::file::{self, Lasting};
use super::wire;
use super::{Locked, Store, Witness, platform};
use crate::domain::board::{BoardView, Posted, PostedEntry, Published};
use crate::domain::time::{Seconds, Timestamp};

/// The board's file name.
const NAME: &str = "ACTIVE-TASKS.json";

/// How old `last_updated` may become while nothing else changes.
const REFRESH_AFTER: Seconds = Seconds(30);

/// How often publishing begins again because somebody wrote to the board meanwhile.
const TRIES: u32 = 5;

/// How long, and how often, somebody who writes the file in place is given to finish.
const FINISH: Duration = Duration::from_millis(20);
const PATIENCE: u32 = 3;

/// Where the board of a repository lies.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Board {
    /// The folder that is there: the main worktree, or the common git dir.
    root: PathBuf,
    /// The folders below it that lead to the file, outermost first.
    folders: Vec<String>,
}

impl Board {
    /// The board in `folder` (`.claude/runtime`) of the worktree at `top`.
    ///
    /// # Errors
    /// [`Error::NotOurs`] where the folder is not one inside the worktree: absolute, with `..`, or in `.git`.
    pub fn in_worktree(top: &Path, folder: &str) -> Result<Self, Error> {
        let outside = || file::not_ours(&top.join(folder), "no folder inside the worktree");
        let mut folders = Vec::new();
        for component in Path::new(folder).components() {
            match component {
                Component::CurDir => {}
                Component::Normal(name) if !name.eq_ignore_ascii_case(".git") => {
                    folders.push(name.to_str().ok_or_else(outside)?.to_owned());
                }
                _ => return Err(outside()),
            }
        }
        Ok(Self { root: top.to_owned(), folders })
    }

    /// The board of a bare repository, among coord's own files.
    #[must_use]
    pub fn in_store(store: &Store) -> Self {
        Self { root: store.common_dir.clone(), folders: vec![super::FOLDER.to_owned()] }
    }

    /// The board's file.
    #[must_use]
    pub fn file(&self) -> PathBuf {
        self.folders.iter().fold(self.root.clone(), |path, name| path.join(name)).join(NAME)
    }

    /// Reads what stands on the board. Takes no lock. Empty where there is no board.
    ///
    /// # Errors
    /// [`Error::Corrupt`] where it does not parse, [`Error::NotOurs`] where a link or something else lies in place of
    /// the file or of a folder above it, and whatever keeps it from being read.
    pub fn read(&self) -> Result<Posted, Error> {
        match self.look()?.content {
            Content::Missing => Ok(Posted::default()),
            Content::Whole(text) => Ok(text.posted()),
            Content::Broken { what, .. } => Err(Error::corrupt(&self.file(), what)),
        }
    }

    /// Refuses links in the folders' place: a repository may track one that points anywhere.
    fn check_folders(&self) -> Result<bool, Error> {
        let mut path = self.root.clone();
        for name in &self.folders {
            path.push(name);
            if !file::is_folder(&path)? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn make_folders(&self) -> Result<u32, Error> {
        let root = fs::metadata(&self.root).map_err(|source| Error::io("look at", &self.root, source))?;
        let mode = platform::mode(&root) & 0o777;
        let mut path = self.root.clone();
        for name in &self.folders {
            path.push(name);
            file::make_folder(&path, mode)?;
        }
        Ok(mode)
    }

    fn look(&self) -> Result<Found, Error> {
        let path = self.file();
        if !self.check_folders()? {
            return Ok(Found { content: Content::Missing, stamp: None });
        }
        let stamp = Stamp::of(file::look(&path)?.as_ref());
        let content = match file::read(&path, file::LARGEST) {
            Ok(None) => Content::Missing,
            Ok(Some(bytes)) => Text::parse(&bytes),
            Err(Error::TooLarge { bytes, .. }) => {
                Content::Broken { what: format!("it has {bytes} bytes"), usable: Text::default() }
            }
            Err(error) => return Err(error),
        };
        Ok(Found { content, stamp })
    }
}

/// What was found in the board's place.
struct Found {
    content: Content,
    stamp: Option<Stamp>,
}

enum Content {
    Missing,
    Whole(Text),
    /// It is not what a board holds; perhaps some entries of it are.
    Broken {
        what: String,
        usable: Text,
    },
}

/// Tells whether a file was replaced or written since it was looked at.
#[derive(PartialEq, Eq)]
struct Stamp {
    number: Option<(u64, u64)>,
    len: u64,
    modified: Option<SystemTime>,
}

impl Stamp {
    fn of(metadata: Option<&Metadata>) -> Option<Self> {
        let metadata = metadata?;
        Some(Self { number: platform::file_number(metadata), len: metadata.len(), modified: metadata.modified().ok() })
    }
}

/// A board's text, taken apart.
#[derive(Clone, Debug, Default)]
struct Text {
    last_updated: Option<Timestamp>,
    /// Which publishing it goes back to.
    generation: Option<u64>,
    entries: Vec<Entry>,
    more_instances: u64,
    /// The keys beyond these.
    extra: Map<String, Value>,
    /// All of it but `last_updated`, to compare.
    rest: Map<String, Value>,
}

impl Text {
    fn parse(bytes: &[u8]) -> Content {
        let broken = |what: String| Content::Broken { what, usable: Self::default() };
        let mut map = match wire::parse_object(bytes) {
            Ok(map) => map,
            Err(what) => return broken(what),
        };
        let last_updated = map.shift_remove("last_updated");
        let mut text = Self {
            last_updated: last_updated.as_ref().and_then(Value::as_str).and_then(wire::parse_time),
            rest: map.clone(),
            ..Self::default()
        };
        text.generation = map.shift_remove("generation").as_ref().and_then(Value::as_u64);
        text.more_instances = map.shift_remove("more_instances").as_ref().and_then(Value::as_u64).unwrap_or(0);
        let list = match map.shift_remove("active_instances") {
            None | Some(Value::Null) => Vec::new(),
            Some(Value::Array(list)) => list,
            Some(_) => return broken("`active_instances` is no list".into()),
        };
        text.extra = map;
        let count = list.len();
        text.entries = entry::unique(list.into_iter().filter_map(Entry::parse));
        if text.entries.len() == count {
            Content::Whole(text)
        } else {
            Content::Broken { what: "an entry of `active_instances` is none, or there twice".into(), usable: text }
        }
    }

    fn posted(self) -> Posted {
        let entry = |entry: Entry| PostedEntry {
            started_at: wire::parse_time(&entry.started_at),
            id: entry.id,
            task: entry.task,
            files: entry.files,
            status: entry.status,
        };
        Posted {
            last_updated: self.last_updated,
            entries: self.entries.into_iter().map(entry).collect(),
            more_instances: self.more_instances,
        }
    }
}

impl Locked<'_> {
    /// Publishes the board: coord's view, and what others wrote onto it by hand and still stands for something.
    /// Nothing is written where that would change nothing.
    ///
    /// An entry by hand counts as alive for 5 minutes after it was last seen changed, and as long as the process of
    /// its number `pid`, if it names one, lives. Keys that coord does not know are kept, on the board as far as there
    /// is room. A board that does not parse is put aside under the name `ACTIVE-TASKS.json.corrupt-TIME`.
    ///
    /// A crash leaves the former board or the new one, and perhaps one file `.ACTIVE-TASKS.json.tmp`.
    ///
    /// # Errors
    /// Where the board is there and cannot be read, is no plain file, or cannot be written. It is untouched then.
    pub fn publish(&self, board: &Board, view: &BoardView, witness: &Witness<'_>) -> Result<Published, Error> {
        let state = self.dir().join("board.json");
        let before = Observed::load(&state, witness.now)?;
        let mut patience = PATIENCE;
        for _ in 0..TRIES {
            let mut found = board.look()?;
            while matches!(found.content, Content::Broken { .. }) && found.is_fresh(witness.now) && patience > 0 {
                patience -= 1;
                std::thread::sleep(FINISH);
                found = board.look()?;
            }
            let mut next = before.clone();
            let mut published = next.observe(&found.content, witness);
            published.swept = next.sweep(view, witness);
            let fitted = fit::fit(&next.compose(view), next.extra());
            if !found.needs(&fitted, witness.now) {
                next.save(&state, self.mode(), &before)?;
                return Ok(published);
            }
            let bytes = next.number(&found.content, &fitted, witness.now);
            next.save(&state, self.mode(), &before)?;
            let mode = board.make_folders()?;
            if Stamp::of(file::look(&board.file())?.as_ref()) != found.stamp {
                // Somebody wrote to it: what they wrote has to be seen first.
                continue;
            }
            if matches!(found.content, Content::Broken { .. }) {
                published.moved_aside = Some(move_aside(&board.file(), witness.now)?);
            }
            file::replace(&board.file(), &bytes, mode & 0o666, Lasting::PowerLoss)?;
            published.written = true;
            return Ok(published);
        }
        Err(Error::Busy { path: board.file(), waited: Duration::ZERO, by: None })
    }
}

impl Locked<'_> {
    /// Takes coord's own entries off the board. Where nothing that others wrote is left, the file goes, and the
    /// folders that lead to it as far as they are empty. `true` where it went, or there was none.
    ///
    /// # Errors
    /// As [`Locked::publish`].
    pub fn unpublish(&self, board: &Board, witness: &Witness<'_>) -> Result<bool, Error> {
        if matches!(board.look()?.content, Content::Missing) {
            return Ok(true);
        }
        self.publish(board, &BoardView::default(), witness)?;
        let Content::Whole(text) = board.look()?.content else { return Ok(false) };
        if !text.entries.is_empty() || text.more_instances > 0 || !text.extra.is_empty() {
            return Ok(false);
        }
        let file = board.file();
        file::remove(&file)?;
        // A folder that holds something else refuses to go, and so do those above it.
        let mut folders = file.ancestors().skip(1).take(board.folders.len());
        drop(folders.try_for_each(fs::remove_dir));
        Ok(true)
    }
}

impl Found {
    /// Whether it was written so lately that its writer may not be done.
    fn is_fresh(&self, now: Timestamp) -> bool {
        let modified = self.stamp.as_ref().and_then(|stamp| stamp.modified);
        let seconds = modified.and_then(|time| time.duration_since(SystemTime::UNIX_EPOCH).ok());
        seconds.and_then(|span| i64::try_from(span.as_secs()).ok()).is_some_and(|at| (now.0 - at).abs() <= 1)
    }

    /// Whether the board has to be written to say what was composed.
    fn needs(&self, fitted: &fit::Fitted, now: Timestamp) -> bool {
        let Content::Whole(text) = &self.content else { return true };
        let mut rest = text.rest.clone();
        rest.shift_remove("generation");
        let is_due = |updated: Timestamp| now.since(updated) >= REFRESH_AFTER || updated > now;
        rest != *fitted.rest() || text.last_updated.is_none_or(is_due)
    }
}

/// Gives a file that does not parse another name beside its own, which nothing has yet.
pub(super) fn move_aside(path: &Path, now: Timestamp) -> Result<PathBuf, Error> {
    let time: String = wire::time_text(now).chars().filter(char::is_ascii_alphanumeric).collect();
    let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let free = (1..1000_u32)
        .map(|n| if n == 1 { format!("{name}.corrupt-{time}") } else { format!("{name}.corrupt-{time}-{n}") })
        .map(|name| path.with_file_name(name))
        .find(|aside| fs::symlink_metadata(aside).is_err());
    let Some(aside) = free else { return Err(Error::corrupt(path, "and too many such were put aside already")) };
    file::rename(path, &aside).map_err(|source| Error::io("put aside", path, source))?;
    Ok(aside)
}

#[cfg(test)]
mod tests;
