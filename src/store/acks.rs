//! Acknowledgements on disk: `acks/`, one file a pair and set of paths.
//! Must not know: what an acknowledgement silences.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::documents::{self, Document, Listing};
use super::error::Error;
use super::file::{self, Lasting};
use super::wire::{self, Text, Time};
use super::{Locked, Store};
use crate::domain::ack::Ack;
use crate::domain::id::Identity;
use crate::domain::path::RepoPath;
use crate::domain::time::Timestamp;

#[derive(Serialize, Deserialize)]
struct Fields {
    a: Text,
    b: Text,
    #[serde(default)]
    paths: Vec<Text>,
    by: String,
    by_agent: bool,
    why: String,
    at: Time,
    expires: Time,
}

impl Document for Ack {
    const FOLDER: &'static str = "acks";
    const LASTING: Lasting = Lasting::PowerLoss;

    fn key(&self) -> Vec<u8> {
        let (a, b) = self.pair();
        let paths = self.paths.iter().flat_map(|path| [b"\0", path.as_bytes()].concat());
        [a.key(), b"\0".to_vec(), b.key()].concat().into_iter().chain(paths).collect()
    }

    fn to_fields(&self) -> Value {
        let (a, b) = self.pair();
        let fields = Fields {
            a: Text(a.key()),
            b: Text(b.key()),
            paths: self.paths.iter().map(Text::from).collect(),
            by: self.by.clone(),
            by_agent: self.by_agent,
            why: self.why.clone(),
            at: Time(self.at),
            expires: Time(self.expires),
        };
        serde_json::to_value(fields).unwrap_or_default()
    }

    fn from_fields(fields: Value) -> Result<Self, String> {
        let fields: Fields = serde_json::from_value(fields).map_err(|error| error.to_string())?;
        let identity = |key: &Text| Identity::from_key(&key.0).ok_or("it names no instance");
        Ok(Self {
            a: identity(&fields.a)?,
            b: identity(&fields.b)?,
            paths: wire::paths(fields.paths)?.into_iter().collect(),
            by: fields.by,
            by_agent: fields.by_agent,
            why: fields.why,
            at: fields.at.0,
            expires: fields.expires.0,
        })
    }
}

impl Store {
    /// The acknowledgements that have not expired, oldest first. Takes no lock.
    ///
    /// # Errors
    /// Where the folder cannot be listed. One that cannot be read is among the listing's faults and silences nothing.
    pub fn acks(&self, now: Timestamp) -> Result<Listing<Ack>, Error> {
        let mut listing: Listing<Ack> = documents::read_all(self.dir())?;
        listing.items.retain(|ack| !ack.is_expired(now));
        listing.items.sort_by_key(|ack| ack.at);
        Ok(listing)
    }
}

impl Locked<'_> {
    /// Records an acknowledgement. One for the same pair and the same paths is replaced.
    ///
    /// # Errors
    /// Where it cannot be written; it does not count then.
    pub fn put_ack(&self, ack: &Ack) -> Result<(), Error> {
        documents::write(self.dir(), ack, self.mode())
    }

    /// Withdraws what was acknowledged between two instances: everything where `paths` is empty, else these paths,
    /// out of acknowledgements that list them. One that is about all paths stays, as what is left of it could not be
    /// said. Returns what was withdrawn, each with the paths it lost.
    ///
    /// # Errors
    /// Where the acknowledgements cannot be listed, or one cannot be changed; those before it are changed then.
    pub fn withdraw_acks(
        &self,
        one: &Identity,
        other: &Identity,
        paths: &BTreeSet<RepoPath>,
    ) -> Result<Vec<Ack>, Error> {
        let mut withdrawn = Vec::new();
        for ack in self.all_acks()?.into_iter().filter(|ack| ack.is_about(one, other)) {
            if paths.is_empty() {
                self.remove_ack(&ack)?;
                withdrawn.push(ack);
                continue;
            }
            let (lost, kept): (BTreeSet<_>, BTreeSet<_>) = ack.paths.iter().cloned().partition(|p| paths.contains(p));
            if lost.is_empty() {
                continue;
            }
            if !kept.is_empty() {
                self.put_ack(&Ack { paths: kept, ..ack.clone() })?;
            }
            self.remove_ack(&ack)?;
            withdrawn.push(Ack { paths: lost, ..ack });
        }
        Ok(withdrawn)
    }

    /// Removes the acknowledgements that have expired, and returns them.
    ///
    /// # Errors
    /// Where the acknowledgements cannot be listed, or one cannot be removed.
    pub fn sweep_acks(&self, now: Timestamp) -> Result<Vec<Ack>, Error> {
        documents::sweep_temporaries::<Ack>(self.dir())?;
        let expired: Vec<Ack> = self.all_acks()?.into_iter().filter(|ack| ack.is_expired(now)).collect();
        for ack in &expired {
            self.remove_ack(ack)?;
        }
        Ok(expired)
    }

    fn all_acks(&self) -> Result<Vec<Ack>, Error> {
        documents::read_all::<Ack>(self.dir()).map(|listing| listing.items)
    }

    fn remove_ack(&self, ack: &Ack) -> Result<bool, Error> {
        file::remove(&documents::path_of::<Ack>(self.dir(), &Document::key(ack)))
    }
}
