//! What others said in coord's own files: acknowledgements, signs of life, what the remote knew. Read when first asked for.
//! Must not know: what git says of them.

use std::sync::OnceLock;

use super::Context;
use crate::domain::ack::Ack;
use crate::domain::id::Identity;
use crate::domain::path::RepoPath;
use crate::domain::process::Liveness;
use crate::domain::record::Record;
use crate::domain::sync::{SyncMode, SyncState};
use crate::failure::Failure;
use crate::os::process;
use crate::store;

/// What others left in coord's own files, read when first asked for.
#[derive(Debug, Default)]
pub(super) struct Said {
    acks: OnceLock<Result<Vec<Ack>, String>>,
    records: OnceLock<Vec<Record>>,
    sync: OnceLock<Result<Option<SyncState>, String>>,
}

impl Context {
    /// Whether somebody said that the two know of their overlap on `path`. What cannot be read was not said.
    #[must_use]
    pub fn acknowledged(&self, one: &Identity, other: &Identity, path: &RepoPath) -> bool {
        self.acks().iter().any(|ack| ack.covers(one, other, path, self.now))
    }

    /// The acknowledgements that count now; none where they cannot be read.
    #[must_use]
    pub fn acks(&self) -> &[Ack] {
        self.read_acks().as_deref().unwrap_or_default()
    }

    /// Why the acknowledgements, or one of them, cannot be read: nobody knows then whether a block was lifted. One that
    /// holds something else than coord wrote silences nothing, and is no such reason.
    #[must_use]
    pub fn acks_fault(&self) -> Option<&str> {
        self.read_acks().as_ref().err().map(String::as_str)
    }

    fn read_acks(&self) -> &Result<Vec<Ack>, String> {
        let told = |error: store::Error| Failure::from(error).whole_message();
        self.said.acks.get_or_init(|| {
            let listing = self.store.acks(self.now).map_err(told)?;
            let refused = |fault: &store::Error| fault.cause() != store::Cause::Content;
            match listing.faults.into_iter().find(refused) {
                Some(fault) => Err(told(fault)),
                None => Ok(listing.items),
            }
        })
    }

    /// What is known of the remote that machines meet at; nothing where they do not, or nobody asked it yet.
    ///
    /// # Errors
    /// Why it cannot be read, for people.
    pub fn sync_state(&self) -> Result<Option<&SyncState>, String> {
        if self.policy.sync == SyncMode::Off {
            return Ok(None);
        }
        let read = || self.store.sync_state().map_err(|error| Failure::from(error).whole_message());
        self.said.sync.get_or_init(read).as_ref().map(Option::as_ref).map_err(Clone::clone)
    }

    /// What instances and sessions said of themselves, as far as it can be read; by identity.
    #[must_use]
    pub fn records(&self) -> &[Record] {
        self.said.records.get_or_init(|| {
            let mut records = self.store.records().map(|listing| listing.items).unwrap_or_default();
            records.sort_by(|a, b| a.identity.cmp(&b.identity));
            records
        })
    }

    /// What an instance works on, as it or its youngest live session says.
    #[must_use]
    pub fn task_of(&self, identity: &Identity) -> Option<String> {
        let mut told: Vec<&Record> = self.live_records(identity).filter(|record| record.task.is_some()).collect();
        told.sort_by_key(|record| (record.session.is_some(), record.heartbeat));
        told.pop().and_then(|record| record.task.clone())
    }

    /// Whether somebody gave a sign of life for an instance, or a process stands for it.
    #[must_use]
    pub fn is_alive(&self, identity: &Identity) -> bool {
        let speaks = |record: &&Record| record.session.is_some() || record.process.is_some();
        self.live_records(identity).any(|record| speaks(&record))
    }

    fn live_records<'a>(&'a self, identity: &'a Identity) -> impl Iterator<Item = &'a Record> {
        let records = self.records();
        let first = records.partition_point(|record| record.identity < *identity);
        records[first..].iter().take_while(|record| record.identity == *identity).filter(|record| {
            let liveness = record.process.as_ref().map_or(Liveness::Unknown, process::is_alive);
            record.session.is_none() || !record.is_stale(liveness, self.now)
        })
    }
}
