//! Records on disk: `records/`, one file an instance or session.
//! Must not know: how an instance is read from git, how a process is looked up.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::documents::{self, Document, Listing};
use super::error::Error;
use super::file::{self, Lasting};
use super::wire::{self, Oid, Process, Text, Time};
use super::{Locked, Store, Witness};
use crate::domain::id::{Identity, RefName};
use crate::domain::instance::{Kind, State};
use crate::domain::process::Liveness;
use crate::domain::record::{Record, record_key};
use crate::domain::time::STALE_AFTER;

/// The most paths that a record keeps, so that it stays small beside its instance; the others are counted.
const MOST_PATHS: usize = 20_000;

#[derive(Serialize, Deserialize)]
struct Fields {
    identity: Text,
    session: Option<String>,
    label: String,
    kind: String,
    task: Option<String>,
    agent: Option<String>,
    process: Option<Process>,
    worktree: Option<Text>,
    branch: Option<Text>,
    tip: Option<Oid>,
    started_at: Time,
    heartbeat: Time,
    status: String,
    reason: Option<String>,
    #[serde(default)]
    paths: Vec<Text>,
    #[serde(default)]
    more_paths: u64,
}

impl Document for Record {
    const FOLDER: &'static str = "records";
    const LASTING: Lasting = Lasting::PowerLoss;

    fn key(&self) -> Vec<u8> {
        Self::key(self)
    }

    fn to_fields(&self) -> Value {
        let kept = self.paths.len().min(MOST_PATHS);
        let fields = Fields {
            identity: Text(self.identity.key()),
            session: self.session.clone(),
            label: self.label.clone(),
            kind: self.kind.name().to_owned(),
            task: self.task.clone(),
            agent: self.agent.clone(),
            process: self.process.as_ref().map(Process::from),
            worktree: self.worktree.as_deref().map(wire::from_os_path),
            branch: self.branch.as_ref().map(|name| Text(name.as_bytes().to_vec())),
            tip: self.tip.map(Oid),
            started_at: Time(self.started_at),
            heartbeat: Time(self.heartbeat),
            status: self.state.name().to_owned(),
            reason: if let State::Unknown { reason } = &self.state { Some(reason.clone()) } else { None },
            paths: self.paths[..kept].iter().map(Text::from).collect(),
            more_paths: self.more_paths + (self.paths.len() - kept) as u64,
        };
        serde_json::to_value(fields).unwrap_or_default()
    }

    fn from_fields(fields: Value) -> Result<Self, String> {
        let fields: Fields = serde_json::from_value(fields).map_err(|error| error.to_string())?;
        Ok(Self {
            identity: Identity::from_key(&fields.identity.0).ok_or("it names no instance")?,
            session: fields.session,
            label: fields.label,
            kind: kind(&fields.kind)?,
            task: fields.task,
            agent: fields.agent,
            process: fields.process.map(Into::into),
            worktree: fields.worktree.map(wire::into_os_path),
            branch: fields.branch.map(|name| RefName::new(name.0)),
            tip: fields.tip.map(|oid| oid.0),
            started_at: fields.started_at.0,
            heartbeat: fields.heartbeat.0,
            state: state(&fields.status, fields.reason),
            paths: wire::paths(fields.paths)?,
            more_paths: fields.more_paths,
        })
    }
}

fn kind(name: &str) -> Result<Kind, String> {
    [Kind::Worktree, Kind::Branch, Kind::Remote, Kind::Session, Kind::Synced]
        .into_iter()
        .find(|kind| kind.name() == name)
        .ok_or_else(|| format!("{name:?} is no kind of instance"))
}

fn state(name: &str, reason: Option<String>) -> State {
    [State::InProgress, State::Idle, State::Dormant, State::Landed]
        .into_iter()
        .find(|state| state.name() == name)
        .unwrap_or_else(|| State::Unknown { reason: reason.unwrap_or_else(|| format!("its state is {name:?}")) })
}

impl Store {
    /// Every record, sorted by file name. Takes no lock.
    ///
    /// # Errors
    /// Where the folder cannot be listed; a single record that cannot be read is among the listing's faults.
    pub fn records(&self) -> Result<Listing<Record>, Error> {
        documents::read_all(self.dir())
    }

    /// One record. Takes no lock.
    ///
    /// # Errors
    /// Where it is there and cannot be read.
    pub fn record(&self, identity: &Identity, session: Option<&str>) -> Result<Option<Record>, Error> {
        documents::read(&documents::path_of::<Record>(self.dir(), &record_key(identity, session)))
    }
}

impl Locked<'_> {
    /// Writes a record in place of the instance's former one; fields that a later version added to that are kept.
    /// A crash leaves the former record or this one.
    ///
    /// # Errors
    /// [`Error::Newer`] where a later version wrote the former one; nothing is lost then.
    pub fn write_record(&self, record: &Record) -> Result<(), Error> {
        documents::write(self.dir(), record, self.mode())
    }

    /// Removes a record. `false` where there was none.
    ///
    /// # Errors
    /// Where it cannot be removed.
    pub fn remove_record(&self, identity: &Identity, session: Option<&str>) -> Result<bool, Error> {
        file::remove(&documents::path_of::<Record>(self.dir(), &record_key(identity, session)))
    }

    /// Removes the records of sessions whose holder is gone, and returns them. A heartbeat that lies in the future
    /// by more than clocks differ is set to now, so that no jump of the clock makes a session immortal.
    ///
    /// # Errors
    /// Where the records cannot be listed or one cannot be removed.
    pub fn sweep_sessions(&self, witness: &Witness<'_>) -> Result<Vec<Record>, Error> {
        documents::sweep_temporaries::<Record>(self.dir())?;
        let mut swept = Vec::new();
        for mut record in self.store().records()?.items {
            if record.session.is_none() {
                continue;
            }
            let liveness = record.process.as_ref().map_or(Liveness::Unknown, witness.liveness);
            if record.is_stale(liveness, witness.now) {
                self.remove_record(&record.identity, record.session.as_deref())?;
                swept.push(record);
            } else if record.heartbeat.since(witness.now) > STALE_AFTER {
                record.heartbeat = witness.now;
                self.write_record(&record)?;
            }
        }
        Ok(swept)
    }
}
