//! Intents on disk: `intents/`, one file a running `git commit`.
//! Must not know: how a process is looked up, how a commit is judged.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::documents::{self, Document, Listing};
use super::error::Error;
use super::file::{self, Lasting};
use super::wire::{self, Oid, Process, Text, Time};
use super::{Locked, Store, Witness};
use crate::domain::id::{Identity, RefName};
use crate::domain::intent::Intent;
use crate::domain::process::ProcessId;

#[derive(Serialize, Deserialize)]
struct Fields {
    identity: Text,
    label: String,
    tree: Oid,
    parent: Option<Oid>,
    #[serde(default)]
    merged: Vec<Oid>,
    head: Option<Text>,
    #[serde(default)]
    paths: Vec<Text>,
    process: Process,
    at: Time,
}

impl Document for Intent {
    const FOLDER: &'static str = "intents";
    /// No process outlives a power loss, and so no intent needs to.
    const LASTING: Lasting = Lasting::Process;

    fn key(&self) -> Vec<u8> {
        key(&self.identity, &self.process)
    }

    fn to_fields(&self) -> Value {
        let fields = Fields {
            identity: Text(self.identity.key()),
            label: self.label.clone(),
            tree: Oid(self.tree),
            parent: self.parent.map(Oid),
            merged: self.merged.iter().copied().map(Oid).collect(),
            head: self.head.as_ref().map(|name| Text(name.as_bytes().to_vec())),
            paths: self.paths.iter().map(Text::from).collect(),
            process: Process::from(&self.process),
            at: Time(self.at),
        };
        serde_json::to_value(fields).unwrap_or_default()
    }

    fn from_fields(fields: Value) -> Result<Self, String> {
        let fields: Fields = serde_json::from_value(fields).map_err(|error| error.to_string())?;
        Ok(Self {
            identity: Identity::from_key(&fields.identity.0).ok_or("it names no instance")?,
            label: fields.label,
            tree: fields.tree.0,
            parent: fields.parent.map(|oid| oid.0),
            merged: fields.merged.into_iter().map(|oid| oid.0).collect(),
            head: fields.head.map(|name| RefName::new(name.0)),
            paths: wire::paths(fields.paths)?,
            process: fields.process.into(),
            at: fields.at.0,
        })
    }
}

/// One intent an instance and process: the same `git commit` that is judged again replaces its intent.
fn key(identity: &Identity, process: &ProcessId) -> Vec<u8> {
    let start = process.start.map_or_else(String::new, |start| start.to_string());
    [format!("{}-{start}-", process.pid).into_bytes(), identity.key()].concat()
}

impl Store {
    /// Every intent, those of ended processes too. Takes no lock; only [`Locked::intents`] is fit to judge by.
    ///
    /// # Errors
    /// Where the folder cannot be listed; a single intent that cannot be read is among the listing's faults.
    pub fn intents(&self) -> Result<Listing<Intent>, Error> {
        documents::read_all(self.dir())
    }
}

impl Store {
    /// How many intents were ever recorded here. Two equal readings, the first before the intents were listed, mean
    /// that none came in between. Takes no lock.
    ///
    /// # Errors
    /// Where the file is there and cannot be read, or holds no number.
    pub fn intents_ever(&self) -> Result<u64, Error> {
        let path = self.intent_count_file();
        let Some(bytes) = file::read(&path, file::LARGEST)? else { return Ok(0) };
        let text = std::str::from_utf8(&bytes).ok().map(str::trim);
        text.and_then(|text| text.parse().ok()).ok_or_else(|| Error::corrupt(&path, "it holds no number"))
    }

    fn intent_count_file(&self) -> PathBuf {
        self.dir().join("intents-ever")
    }
}

impl Locked<'_> {
    /// The intents that count now. Those that do not are removed, as are those that a power loss left unreadable.
    ///
    /// # Errors
    /// Where the folder cannot be listed. What could not be read or removed is among the listing's faults.
    pub fn intents(&self, witness: &Witness<'_>) -> Result<Listing<Intent>, Error> {
        documents::sweep_temporaries::<Intent>(self.dir())?;
        let all = self.store().intents()?;
        let mut counting = Listing { items: Vec::new(), faults: Vec::new() };
        for intent in all.items {
            if intent.counts((witness.liveness)(&intent.process), witness.now) {
                counting.items.push(intent);
            } else if let Err(error) = self.end_intent(&intent.identity, &intent.process) {
                counting.faults.push(error);
            }
        }
        for fault in all.faults {
            match fault {
                Error::Corrupt { path, .. } => drop(file::remove(&path)?),
                fault => counting.faults.push(fault),
            }
        }
        Ok(counting)
    }

    /// Records that this commit was let through. A crash leaves it recorded or not; the dead process ends it.
    ///
    /// # Errors
    /// Where it cannot be written: the commit is then unknown to those that are judged meanwhile.
    pub fn put_intent(&self, intent: &Intent) -> Result<(), Error> {
        documents::write(self.dir(), intent, self.mode())?;
        // After the intent itself: whoever reads the old count lists the intents later, and so sees this one.
        let path = self.store().intent_count_file();
        let ever = match self.store().intents_ever() {
            Err(Error::Corrupt { .. }) => 0,
            ever => ever?,
        };
        file::replace(&path, format!("{}\n", ever + 1).as_bytes(), self.mode() & 0o666, Lasting::Process)
    }

    /// Ends the intent of this process: the commit is made. `false` where there was none.
    ///
    /// # Errors
    /// Where it cannot be removed; it ends with its process all the same.
    pub fn end_intent(&self, identity: &Identity, process: &ProcessId) -> Result<bool, Error> {
        file::remove(&documents::path_of::<Intent>(self.dir(), &key(identity, process)))
    }
}
