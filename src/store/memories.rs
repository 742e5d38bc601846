//! What is remembered of sessions, and the alerts that wait for them: `sessions/` and `alerts/`, one file each.
//! Must not know: what an alert says, when a session is over.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::documents::{self, Document, Listing};
use super::error::Error;
use super::file::{self, Lasting};
use super::wire::{Text, Time};
use super::{Locked, Store};
use crate::domain::alert::{Alert, LASTS};
use crate::domain::id::Identity;
use crate::domain::session::Memory;
use crate::domain::time::Timestamp;

#[derive(Serialize, Deserialize)]
struct MemoryFields {
    session: String,
    #[serde(default)]
    touched: Vec<(Text, Text, i64)>,
    #[serde(default)]
    told: Vec<String>,
}

impl Document for Memory {
    const FOLDER: &'static str = "sessions";
    /// Losing it costs a fact told twice.
    const LASTING: Lasting = Lasting::Process;

    fn key(&self) -> Vec<u8> {
        self.session.clone().into_bytes()
    }

    fn to_fields(&self) -> Value {
        let touched = self.touched.iter().map(|((who, path), at)| (Text(who.key()), Text::from(path), at.0));
        let fields = MemoryFields {
            session: self.session.clone(),
            touched: touched.collect(),
            told: self.told.iter().cloned().collect(),
        };
        serde_json::to_value(fields).unwrap_or_default()
    }

    fn from_fields(fields: Value) -> Result<Self, String> {
        let fields: MemoryFields = serde_json::from_value(fields).map_err(|error| error.to_string())?;
        let mut memory = Self::new(fields.session);
        for (who, path, at) in fields.touched {
            let who = Identity::from_key(&who.0).ok_or("it names no instance")?;
            memory.touched.insert((who, path.into_path()?), Timestamp(at));
        }
        memory.told = fields.told.into_iter().collect();
        Ok(memory)
    }
}

#[derive(Serialize, Deserialize)]
struct AlertFields {
    to: Text,
    from: Text,
    label: String,
    path: Text,
    committed: bool,
    at: Time,
}

impl Document for Alert {
    const FOLDER: &'static str = "alerts";
    const LASTING: Lasting = Lasting::Process;

    fn key(&self) -> Vec<u8> {
        [&self.to.key()[..], b"\0", &self.from.key(), b"\0", self.path.as_bytes()].concat()
    }

    fn to_fields(&self) -> Value {
        let fields = AlertFields {
            to: Text(self.to.key()),
            from: Text(self.from.key()),
            label: self.label.clone(),
            path: Text::from(&self.path),
            committed: self.committed,
            at: Time(self.at),
        };
        serde_json::to_value(fields).unwrap_or_default()
    }

    fn from_fields(fields: Value) -> Result<Self, String> {
        let fields: AlertFields = serde_json::from_value(fields).map_err(|error| error.to_string())?;
        let identity = |key: &Text| Identity::from_key(&key.0).ok_or("it names no instance");
        Ok(Self {
            to: identity(&fields.to)?,
            from: identity(&fields.from)?,
            label: fields.label,
            path: fields.path.into_path()?,
            committed: fields.committed,
            at: fields.at.0,
        })
    }
}

impl Store {
    /// What is remembered of one session; nothing where it is new. Takes no lock.
    ///
    /// # Errors
    /// Where it is there and cannot be read.
    pub fn memory(&self, session: &str) -> Result<Memory, Error> {
        let path = documents::path_of::<Memory>(self.dir(), session.as_bytes());
        Ok(documents::read(&path)?.unwrap_or_else(|| Memory::new(session)))
    }

    /// The alerts that wait. Takes no lock.
    ///
    /// # Errors
    /// Where the folder cannot be listed.
    pub fn alerts(&self) -> Result<Listing<Alert>, Error> {
        documents::read_all(self.dir())
    }
}

impl Locked<'_> {
    /// Writes what is remembered of a session.
    ///
    /// # Errors
    /// Where it cannot be written.
    pub fn write_memory(&self, memory: &Memory) -> Result<(), Error> {
        documents::write(self.dir(), memory, self.mode())
    }

    /// Forgets a session.
    ///
    /// # Errors
    /// Where it cannot be removed.
    pub fn remove_memory(&self, session: &str) -> Result<bool, Error> {
        file::remove(&documents::path_of::<Memory>(self.dir(), session.as_bytes()))
    }

    /// Leaves an alert. One about the same path between the same two stands for a day, so that nobody hears of one conflict
    /// twice.
    ///
    /// # Errors
    /// Where it cannot be written.
    pub fn put_alert(&self, alert: &Alert) -> Result<(), Error> {
        let there = documents::read::<Alert>(&documents::path_of::<Alert>(self.dir(), &Document::key(alert)));
        if there.is_ok_and(|there| there.is_some_and(|there| alert.at.since(there.at) < LASTS)) {
            return Ok(());
        }
        documents::write(self.dir(), alert, self.mode())
    }

    /// Takes an alert away.
    ///
    /// # Errors
    /// Where it cannot be removed.
    pub fn remove_alert(&self, alert: &Alert) -> Result<bool, Error> {
        file::remove(&documents::path_of::<Alert>(self.dir(), &Document::key(alert)))
    }
}
