//! `observed.json`: what was last seen of who collides with whom, so that many processes tell each thing once.
//! Must not know: what is worth telling.

use serde::{Deserialize, Serialize};

use super::error::Error;
use super::event_line;
use super::file::{self, Lasting};
use super::wire::{self, Oid, Text, Time};
use super::{Locked, Store};
use crate::domain::id::Identity;
use crate::domain::observed::{Observed, Pair, Seen};

const NAME: &str = "observed.json";

#[derive(Serialize, Deserialize, Default)]
struct Wire {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    mode: Option<String>,
    #[serde(default)]
    pairs: Vec<WirePair>,
}

#[derive(Serialize, Deserialize)]
struct WirePair {
    a: Text,
    b: Text,
    labels: (String, String),
    tips: (Option<Oid>, Option<Oid>),
    #[serde(default)]
    ahead: (bool, bool),
    grade: String,
    since: Time,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    conflict: Option<Time>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    calm: Option<Time>,
    #[serde(default)]
    paths: Vec<Text>,
    #[serde(default)]
    more_paths: u64,
}

impl Store {
    /// What was last seen; nothing where that does not parse, as it is evidence of the moment alone.
    ///
    /// # Errors
    /// Where the file is there and cannot be read.
    pub fn observed(&self) -> Result<Observed, Error> {
        let Some(bytes) = file::read(&self.dir.join(NAME), file::LARGEST)? else { return Ok(Observed::default()) };
        let wire: Wire = serde_json::from_slice(&bytes).unwrap_or_default();
        Ok(Observed { mode: wire.mode, pairs: wire.pairs.into_iter().filter_map(from_wire).collect() })
    }
}

impl Locked<'_> {
    /// Keeps what was seen for the next one who looks.
    ///
    /// # Errors
    /// Where it cannot be written.
    pub fn put_observed(&self, observed: &Observed) -> Result<(), Error> {
        let path = self.dir().join(NAME);
        let pairs = observed.pairs.iter().map(|(pair, seen)| to_wire(pair, seen)).collect();
        let wire = Wire { mode: observed.mode.clone(), pairs };
        let bytes = serde_json::to_vec(&wire).map_err(|error| Error::corrupt(&path, error.to_string()))?;
        file::replace(&path, &bytes, self.mode() & 0o666, Lasting::Process)
    }
}

fn to_wire(pair: &Pair, seen: &Seen) -> WirePair {
    WirePair {
        a: Text(pair.0.key()),
        b: Text(pair.1.key()),
        labels: seen.labels.clone(),
        tips: (seen.tips.0.map(Oid), seen.tips.1.map(Oid)),
        ahead: seen.ahead,
        grade: seen.grade.name().to_owned(),
        since: Time(seen.since),
        conflict: seen.conflict.map(Time),
        calm: seen.calm.map(Time),
        paths: seen.paths.iter().map(Text::from).collect(),
        more_paths: seen.more_paths,
    }
}

fn from_wire(wire: WirePair) -> Option<(Pair, Seen)> {
    let pair = (Identity::from_key(&wire.a.0)?, Identity::from_key(&wire.b.0)?);
    let seen = Seen {
        labels: wire.labels,
        tips: (wire.tips.0.map(|oid| oid.0), wire.tips.1.map(|oid| oid.0)),
        ahead: wire.ahead,
        grade: event_line::grade(&wire.grade)?,
        since: wire.since.0,
        conflict: wire.conflict.map(|time| time.0),
        calm: wire.calm.map(|time| time.0),
        paths: wire::paths(wire.paths).ok()?,
        more_paths: wire.more_paths,
    };
    Some((pair, seen))
}
