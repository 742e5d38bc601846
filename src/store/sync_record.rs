//! What is published, as bytes and back: strict and bounded on the way in, as it comes from whoever may push.
//! Must not know: what carries the bytes, what is done with them.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::wire::{self, Oid, Text, Time};
use crate::domain::hunk::Hunk;
use crate::domain::id::RefName;
use crate::domain::instance::Kind;
use crate::domain::sync::{Publication, PublishedPath, SyncMode, Yield};

/// The format that this version writes.
const VERSION: u64 = 1;

/// The longest texts that somebody else chose.
const LONGEST_TEXT: usize = 200;
const LONGEST_TASK: usize = 400;
const LONGEST_BRANCH: usize = 1024;

/// So many paths and hunks are told, and believed.
pub const MOST_PATHS: usize = 20_000;
const MOST_HUNKS: usize = 20_000;

/// No file has more lines.
const LAST_LINE: u32 = 1 << 30;

#[derive(Serialize, Deserialize)]
pub(super) struct PublicationWire {
    coord: u64,
    mode: String,
    host: String,
    label: String,
    kind: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    task: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    branch: Option<Text>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    tip: Option<Oid>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    base: Option<Oid>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    touched: Option<Time>,
    at: Time,
    #[serde(default, skip_serializing_if = "is_zero")]
    withheld: u64,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    paths: Vec<PathWire>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    yielded: Vec<YieldWire>,
}

/// What was claimed, with which number, and who has it now.
pub(super) type YieldWire = (Text, u64, Text);

/// What is claimed and the ref of an instance are no longer.
const LONGEST_YIELDED: usize = 1024;

/// So many claims that were given up are told.
pub const MOST_YIELDED: usize = 20;

pub(super) fn yield_wire(one: &Yield) -> YieldWire {
    (Text(one.on.clone()), one.token, Text(one.to.as_bytes().to_vec()))
}

pub(super) fn into_yield((on, token, to): YieldWire) -> Yield {
    Yield { on: on.0, token, to: RefName::new(to.0) }
}

fn is_short((on, _, to): &YieldWire) -> bool {
    on.0.len().max(to.0.len()) <= LONGEST_YIELDED
}

#[derive(Serialize, Deserialize)]
struct PathWire {
    path: Text,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    committed: bool,
    mode: u32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    before: Option<Oid>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    after: Option<Oid>,
    /// First line and end in the base, then in the side, counted from 0.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    hunks: Option<Vec<[u32; 4]>>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it so")]
fn is_zero(number: &u64) -> bool {
    *number == 0
}

impl From<&Publication> for PublicationWire {
    fn from(told: &Publication) -> Self {
        Self {
            coord: VERSION,
            mode: told.mode.name().to_owned(),
            host: cut(&told.host, LONGEST_TEXT),
            label: cut(&told.label, LONGEST_TEXT),
            kind: told.kind.name().to_owned(),
            task: told.task.as_deref().map(|task| cut(task, LONGEST_TASK)),
            branch: told.branch.as_ref().map(|name| Text(name.as_bytes().to_vec())),
            tip: told.tip.map(Oid),
            base: told.base.map(Oid),
            touched: told.touched.map(Time),
            at: Time(told.at),
            withheld: told.withheld,
            paths: told.paths.iter().take(MOST_PATHS).map(path_wire).collect(),
            yielded: told.yielded.iter().take(MOST_YIELDED).map(yield_wire).collect(),
        }
    }
}

fn path_wire(told: &PublishedPath) -> PathWire {
    let hunk = |hunk: &Hunk| [hunk.base.start, hunk.base.end, hunk.side.start, hunk.side.end];
    PathWire {
        path: Text::from(&told.path),
        committed: told.committed,
        mode: told.mode,
        before: told.before.map(Oid),
        after: told.after.map(Oid),
        hunks: told.hunks.as_ref().filter(|all| all.len() <= MOST_HUNKS).map(|all| all.iter().map(hunk).collect()),
    }
}

/// Whether it is of the version that is known, before the rest is believed.
pub(super) fn known_version(fields: &Map<String, Value>, key: &str, known: u64) -> Result<(), String> {
    match fields.get(key).and_then(Value::as_u64) {
        Some(version) if version == known => Ok(()),
        Some(version) => Err(format!("it is of version {version}, which this coord does not know")),
        None => Err("it is no record of coord's".to_owned()),
    }
}

/// At most so many bytes of a text, whole characters.
pub(super) fn cut(text: &str, limit: usize) -> String {
    let end = (0..=limit.min(text.len())).rev().find(|&at| text.is_char_boundary(at)).unwrap_or(0);
    text[..end].to_owned()
}

/// A text that somebody else chose: not empty where it is a name, not endless.
pub(super) fn bounded(text: String, limit: usize, what: &str) -> Result<String, String> {
    if text.is_empty() || text.len() > limit { Err(format!("its {what} is empty or too long")) } else { Ok(text) }
}

impl PublicationWire {
    pub(super) fn into_publication(self) -> Result<Publication, String> {
        let mode = SyncMode::named(&self.mode).filter(|mode| *mode != SyncMode::Off);
        let kind = [Kind::Worktree, Kind::Branch, Kind::Session].into_iter().find(|kind| kind.name() == self.kind);
        if self.paths.len() > MOST_PATHS {
            return Err("it names too many paths".to_owned());
        }
        let branch = self.branch.map(|name| name.0);
        if branch.as_ref().is_some_and(|name| name.len() > LONGEST_BRANCH || !name.starts_with(b"refs/")) {
            return Err("its branch is none".to_owned());
        }
        Ok(Publication {
            mode: mode.ok_or("its mode is none")?,
            host: bounded(self.host, LONGEST_TEXT, "host")?,
            label: bounded(self.label, LONGEST_TEXT, "label")?,
            kind: kind.ok_or("its kind is none")?,
            task: self.task.filter(|task| !task.is_empty()).map(|task| cut(&task, LONGEST_TASK)),
            branch: branch.map(RefName::new),
            tip: self.tip.map(|id| id.0),
            base: self.base.map(|id| id.0),
            touched: self.touched.map(|time| time.0),
            at: self.at.0,
            withheld: self.withheld,
            paths: self.paths.into_iter().map(PathWire::into_path).collect::<Result<_, _>>()?,
            yielded: self.yielded.into_iter().filter(is_short).take(MOST_YIELDED).map(into_yield).collect(),
        })
    }
}

impl PathWire {
    fn into_path(self) -> Result<PublishedPath, String> {
        if ![0, 0o100_644, 0o100_755, 0o120_000, 0o160_000].contains(&self.mode) {
            return Err("a path has a mode that no file has".to_owned());
        }
        Ok(PublishedPath {
            path: self.path.into_path()?,
            committed: self.committed,
            mode: self.mode,
            before: self.before.map(|id| id.0),
            after: self.after.map(|id| id.0),
            hunks: self.hunks.map(hunks).transpose()?,
        })
    }
}

/// Lists that are sorted and grow on both sides alike; others would lead whoever walks them astray.
fn hunks(wire: Vec<[u32; 4]>) -> Result<Vec<Hunk>, String> {
    if wire.len() > MOST_HUNKS {
        return Err("a path has too many hunks".to_owned());
    }
    let (mut base_at, mut side_at) = (0, 0);
    let mut read = |[from, to, side_from, side_to]: [u32; 4]| {
        let sound = from <= to && side_from <= side_to && to <= LAST_LINE && side_to <= LAST_LINE;
        let kept = from.checked_sub(base_at).zip(side_from.checked_sub(side_at));
        if !sound || kept.is_none_or(|(base, side)| base != side) || (from == to && side_from == side_to) {
            return Err("a path has hunks that no text has".to_owned());
        }
        (base_at, side_at) = (to, side_to);
        Ok(Hunk { base: from..to, side: side_from..side_to })
    };
    wire.into_iter().map(&mut read).collect()
}

/// A publication as the bytes that are sent.
#[must_use]
pub fn encode(told: &Publication) -> Vec<u8> {
    // Nothing in it has keys that JSON does not take.
    serde_json::to_vec(&PublicationWire::from(told)).unwrap_or_default()
}

/// Reads what [`encode`] wrote, or what somebody wrote in its place.
///
/// # Errors
/// What is wrong with it, for people; it reads on after "it".
pub fn decode(bytes: &[u8]) -> Result<Publication, String> {
    let fields = wire::parse_object(bytes)?;
    known_version(&fields, "coord", VERSION)?;
    let wire: PublicationWire = serde_json::from_value(fields.into()).map_err(|error| error.to_string())?;
    wire.into_publication()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::id::ObjectId;
    use crate::domain::path::RepoPath;
    use crate::domain::time::Timestamp;

    fn publication() -> Publication {
        let id = ObjectId::from_bytes(&[7; 20]);
        Publication {
            mode: SyncMode::Paths,
            host: "build 7\u{202e}".into(),
            label: "search".into(),
            kind: Kind::Worktree,
            task: Some("Text search".into()),
            branch: Some(RefName::new(*b"refs/heads/caf\xe9")),
            tip: id,
            base: id,
            touched: Some(Timestamp(5)),
            at: Timestamp(1_769_869_800),
            paths: vec![PublishedPath {
                path: RepoPath::new(*b"src/caf\xe9").expect("valid"),
                committed: true,
                mode: 0o100_644,
                before: id,
                after: None,
                hunks: Some(vec![Hunk { base: 3..5, side: 3..4 }, Hunk { base: 9..9, side: 8..10 }]),
            }],
            withheld: 2,
            yielded: vec![Yield { on: b"src".to_vec(), token: 3, to: RefName::new("refs/coord/h/i") }],
        }
    }

    #[test]
    fn a_publication_survives_the_wire() {
        assert_eq!(decode(&encode(&publication())), Ok(publication()));
    }

    #[test]
    fn what_nobody_would_write_is_refused() {
        let good = String::from_utf8(encode(&publication())).expect("JSON");
        for (from, to) in [
            ("\"coord\":1", "\"coord\":2"),
            ("\"mode\":\"paths\"", "\"mode\":\"off\""),
            ("\"label\":\"search\"", "\"label\":\"\""),
            ("\"kind\":\"worktree\"", "\"kind\":\"remote\""),
            ("refs/heads", "../heads"),
            ("[3,5,3,4]", "[3,5,4,4]"),
            ("[3,5,3,4]", "[5,3,3,4]"),
            ("[3,5,3,4]", "[3,5,3,4294967295]"),
            ("[3,5,3,4]", "[10,11,10,11]"),
            ("33188", "16384"),
            ("}", ""),
            ("{", "[{"),
        ] {
            let wrong = if good.contains(from) { good.replacen(from, to, 1) } else { good.replace("Y2Fm", "Li4vLi4v") };
            assert!(decode(wrong.as_bytes()).is_err() || !good.contains(from), "{from} as {to}");
        }
        let long = good.replace("\"label\":\"search\"", &format!("\"label\":\"{}\"", "x".repeat(5000)));
        assert!(decode(long.as_bytes()).is_err());
    }
}
