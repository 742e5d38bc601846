//! One event as one line of JSON, and back.
//! Must not know: the log's files.

mod put;
mod take;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::wire::{self, Oid, Text, Time};
use crate::domain::event::{Event, EventKind};

pub(super) use take::grade;

/// The most bytes of a line, its end included: what every system appends in one piece.
pub(super) const LONGEST: usize = 4096;

/// Most lines are shorter.
const USUAL: usize = 512;

/// Every field that an event may have; the kind says which it has. `at` stands first, so that [`MARK`] tells where one begins.
/// `S` is a text and `P` a path: borrowed to be written, owned where they are read.
#[derive(Serialize, Deserialize, Default)]
#[serde(bound(
    serialize = "S: Serialize + AsRef<str>, P: Serialize",
    deserialize = "S: Deserialize<'de> + Default, P: Deserialize<'de>"
))]
struct Line<S, P> {
    at: Option<Time>,
    kind: S,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    actor: Option<S>,
    #[serde(default, skip_serializing_if = "is_empty")]
    hook: S,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    commit: Option<Oid>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    tree: Option<Oid>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    parent: Option<Oid>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    with: Vec<S>,
    #[serde(default, skip_serializing_if = "is_empty")]
    reason: S,
    #[serde(default, skip_serializing_if = "is_empty")]
    id: S,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    task: Option<S>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    agent: Option<S>,
    #[serde(default, skip_serializing_if = "is_empty")]
    by: S,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    by_agent: bool,
    #[serde(default, skip_serializing_if = "is_empty")]
    why: S,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    expires: Option<Time>,
    #[serde(default, skip_serializing_if = "is_empty")]
    mode: S,
    #[serde(default, skip_serializing_if = "is_empty")]
    grade: S,
    #[serde(default, skip_serializing_if = "is_empty")]
    from: S,
    #[serde(default, skip_serializing_if = "is_empty")]
    how: S,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    after: Option<u64>,
    #[serde(default, skip_serializing_if = "is_zero")]
    token: u64,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    paths: Vec<P>,
    #[serde(default, skip_serializing_if = "is_zero")]
    more_paths: u64,
}

fn is_empty(text: &impl AsRef<str>) -> bool {
    text.as_ref().is_empty()
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it with a reference")]
fn is_zero(number: &u64) -> bool {
    *number == 0
}

/// The event as a line, its end included, in at most [`LONGEST`] bytes: long texts are cut, then paths are counted
/// instead of named, the last first.
pub(super) fn write(event: &Event) -> Vec<u8> {
    let mut line = put::line(event);
    loop {
        let mut bytes = Vec::with_capacity(USUAL);
        // Writing to memory does not fail, and a line has nothing that JSON cannot say.
        drop(serde_json::to_writer(&mut bytes, &line));
        bytes.push(b'\n');
        if bytes.len() <= LONGEST {
            return bytes;
        }
        if line.paths.is_empty() {
            // Labels are short; a list of them that long is as good as its beginning.
            line.with.truncate(line.with.len() / 2);
            continue;
        }
        let kept = line.paths.len() / 2;
        line.more_paths += (line.paths.len() - kept) as u64;
        line.paths.truncate(kept);
    }
}

/// What every line of ours begins with, and what stands nowhere else in it: within a text its quotes are escaped.
const MARK: &[u8] = br#"{"at":""#;

/// In so many pieces at most is a line taken to be torn; who wrote more of them wrote no log.
const PIECES: usize = 16;

/// Whether the whole line is of a moment before `since`, without reading more of it than that takes.
pub(super) fn is_before(line: &[u8], since: &str) -> bool {
    let is_early = |text: &[u8]| {
        let time = text.strip_prefix(MARK).and_then(|text| text.get(..20));
        time.is_some_and(|time| time[4] == b'-' && time[19] == b'Z' && time < since.as_bytes())
    };
    is_early(line) && marks(line).next().is_none_or(|at| is_early(&line[at..]))
}

/// Reads a line: the event in it, if any, and whether something in it is none. Where a writer was cut off, the next one's
/// line stands behind what it left.
pub(super) fn read(line: &[u8]) -> (Option<Event>, bool) {
    match parse(line) {
        Some(event) => (Some(event), false),
        None => (marks(line).take(PIECES).find_map(|at| parse(&line[at..])), true),
    }
}

/// Where lines may begin within this one, the last first.
fn marks(line: &[u8]) -> impl Iterator<Item = usize> {
    let begins = |at: &usize| line[*at] == b'{' && line[*at..].starts_with(MARK);
    (1..line.len()).rev().filter(begins)
}

/// Reads what should be one event and nothing else; `None` where it is not.
fn parse(line: &[u8]) -> Option<Event> {
    match serde_json::from_slice::<Line<String, Text>>(line) {
        Ok(fields) => take::event(fields, line),
        // A later version may give a field another form; that much can still be told.
        Err(_) => foreign(line),
    }
}

fn foreign(line: &[u8]) -> Option<Event> {
    let fields: Value = serde_json::from_slice(line).ok()?;
    let text = |name: &str| fields.get(name).and_then(Value::as_str);
    let kind = unknown(text("kind")?.to_owned(), line);
    Some(Event { at: wire::parse_time(text("at")?)?, actor: text("actor").map(str::to_owned), kind })
}

fn unknown(name: String, line: &[u8]) -> EventKind {
    EventKind::Unknown { name, line: String::from_utf8_lossy(line).into_owned() }
}

#[cfg(test)]
mod tests;
