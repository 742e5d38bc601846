//! What one clone keeps about the remote: who it is there (`sync/host.json`), what it knows (`sync/state.json`), and the lock
//! of those who talk, apart from the one lock of all writers as the network may take its time.
//! Must not know: the network, what a state leads to.

mod claim_record;

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::documents;
use super::error::Error;
use super::file::{self, Lasting};
use super::sync_record::{PublicationWire, YieldWire, into_yield, yield_wire};
use super::wire::{Oid, Text, Time};
use super::{Store, lock, platform};
use crate::domain::id::RefName;
use crate::domain::sync::{Host, LeftOut, Own, SyncMode, SyncState, Synced};

use claim_record::{ForeignWire, OwnWire};
pub use claim_record::{decode as decode_claim, encode as encode_claim};

const FOLDER: &str = "sync";
const HOST: &str = "host.json";
const STATE: &str = "state.json";

/// Written anew when other machines have news, so that whoever watches hears of nothing else. From coord's own folder.
pub const NEWS: &str = "sync/news.json";
const LOCK: &str = "lock";
const VERSION: u64 = 1;

/// No state is larger: whoever takes in what others published keeps it well below.
const LARGEST: u64 = 128 << 20;

/// The right to talk to the remote in this clone's name, while it lives.
#[derive(Debug)]
pub struct Talking<'a> {
    store: &'a Store,
    _guard: lock::Guard,
}

#[derive(Serialize, Deserialize)]
struct HostWire {
    id: String,
    name: String,
    /// What `COORD_HOST` said, where it said anything.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    asked: Option<String>,
    /// Where this was written: a copy of the whole clone is another one.
    place: Text,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    file: Option<(u64, u64)>,
}

#[derive(Serialize, Deserialize)]
struct StateWire {
    version: u64,
    remote: String,
    consent: String,
    #[serde(default)]
    own: Vec<OwnInstanceWire>,
    #[serde(default)]
    others: Vec<SyncedWire>,
    #[serde(default)]
    claims: Vec<(Text, ForeignWire)>,
    #[serde(default)]
    leases: Vec<(Text, OwnWire)>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    left_out: Vec<(Text, LeftOutWire)>,
    #[serde(default)]
    last_token: u64,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    yielded: Vec<(Text, Vec<YieldWire>)>,
    fetched: Option<Time>,
    tried: Option<Time>,
    #[serde(default)]
    failures: u32,
    trouble: Option<String>,
    refused: Option<String>,
}

#[derive(Serialize, Deserialize)]
struct LeftOutWire {
    oid: Oid,
    why: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    limit: Option<u64>,
}

#[derive(Serialize, Deserialize)]
struct OwnInstanceWire {
    name: Text,
    oid: Option<Oid>,
    says: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    sent: Vec<Oid>,
}

#[derive(Serialize, Deserialize)]
struct SyncedWire {
    name: Text,
    oid: Oid,
    host: String,
    told: PublicationWire,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    committed: Option<Oid>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    dirty: bool,
    seen: Time,
}

impl From<&Synced> for SyncedWire {
    fn from(other: &Synced) -> Self {
        Self {
            name: Text(other.name.as_bytes().to_vec()),
            oid: Oid(other.oid),
            host: other.host.clone(),
            told: PublicationWire::from(&other.publication),
            committed: other.committed.map(Oid),
            dirty: other.dirty,
            seen: Time(other.seen),
        }
    }
}

impl SyncedWire {
    fn into_synced(self) -> Result<Synced, String> {
        Ok(Synced {
            name: RefName::new(self.name.0),
            oid: self.oid.0,
            host: self.host,
            publication: self.told.into_publication()?,
            committed: self.committed.map(|id| id.0),
            dirty: self.dirty,
            seen: self.seen.0,
        })
    }
}

fn to_wire(state: &SyncState) -> StateWire {
    let text = |name: &RefName| Text(name.as_bytes().to_vec());
    let own = |(name, own): (&RefName, &Own)| OwnInstanceWire {
        name: text(name),
        oid: own.oid.map(Oid),
        says: own.says.clone(),
        sent: own.sent.iter().copied().map(Oid).collect(),
    };
    let left_out = |(name, left): (&RefName, &LeftOut)| {
        (text(name), LeftOutWire { oid: Oid(left.oid), why: left.why.clone(), limit: left.limit })
    };
    StateWire {
        version: VERSION,
        remote: state.remote.clone(),
        consent: state.consent.name().to_owned(),
        own: state.own.iter().map(own).collect(),
        others: state.others.values().map(SyncedWire::from).collect(),
        claims: state.claims.iter().map(|(name, claim)| (text(name), ForeignWire::from(claim))).collect(),
        leases: state.leases.iter().map(|(name, lease)| (text(name), OwnWire::from(lease))).collect(),
        left_out: state.left_out.iter().map(left_out).collect(),
        last_token: state.last_token,
        yielded: state.yielded.iter().map(|(who, all)| (text(who), all.iter().map(yield_wire).collect())).collect(),
        fetched: state.fetched.map(Time),
        tried: state.tried.map(Time),
        failures: state.failures,
        trouble: state.trouble.clone(),
        refused: state.refused.clone(),
    }
}

fn from_wire(wire: StateWire) -> Result<SyncState, String> {
    let name = |text: Text| RefName::new(text.0);
    let own = |wire: OwnInstanceWire| {
        let sent = wire.sent.into_iter().map(|id| id.0).collect();
        (name(wire.name), Own { oid: wire.oid.map(|id| id.0), says: wire.says, sent })
    };
    let left_out =
        |(text, wire): (Text, LeftOutWire)| (name(text), LeftOut { oid: wire.oid.0, why: wire.why, limit: wire.limit });
    let mut others = BTreeMap::new();
    for other in wire.others {
        let other = other.into_synced()?;
        others.insert(other.name.clone(), other);
    }
    let claims = wire.claims.into_iter().map(|(text, claim)| Ok((name(text), claim.into_claim()?)));
    let leases = wire.leases.into_iter().map(|(text, lease)| Ok((name(text), lease.into_lease()?)));
    Ok(SyncState {
        remote: wire.remote,
        consent: SyncMode::named(&wire.consent).unwrap_or_default(),
        own: wire.own.into_iter().map(own).collect(),
        others,
        claims: claims.collect::<Result<_, String>>()?,
        leases: leases.collect::<Result<_, String>>()?,
        left_out: wire.left_out.into_iter().map(left_out).collect(),
        last_token: wire.last_token,
        yielded: wire
            .yielded
            .into_iter()
            .map(|(who, all)| (name(who), all.into_iter().map(into_yield).collect()))
            .collect(),
        fetched: wire.fetched.map(|time| time.0),
        tried: wire.tried.map(|time| time.0),
        failures: wire.failures,
        trouble: wire.trouble,
        refused: wire.refused,
    })
}

impl Store {
    /// What is known of the remote; nothing where nobody asked it yet. Takes no lock.
    ///
    /// # Errors
    /// Where it is there and cannot be read.
    pub fn sync_state(&self) -> Result<Option<SyncState>, Error> {
        let path = self.dir().join(FOLDER).join(STATE);
        let Some(bytes) = file::read(&path, LARGEST)? else { return Ok(None) };
        let wire: StateWire = documents::versioned(&path, &bytes, VERSION)?;
        from_wire(wire).map(Some).map_err(|what| Error::corrupt(&path, what))
    }

    /// Takes the right to talk to the remote, waiting for at most `wait`.
    ///
    /// # Errors
    /// As [`Store::lock`].
    pub fn talk(&self, wait: Duration) -> Result<Talking<'_>, Error> {
        let folder = self.dir().join(FOLDER);
        file::make_folder(self.dir(), self.mode)?;
        file::make_folder(&folder, self.mode)?;
        let guard = lock::acquire(&folder.join(LOCK), self.mode & 0o666, wait)?;
        Ok(Talking { store: self, _guard: guard })
    }

    /// Who this clone is at the remote; `None` where it never said so, or where this is a copy of the clone that did.
    ///
    /// # Errors
    /// Where it is there and cannot be read.
    pub fn sync_host(&self, asked: Option<&str>) -> Result<Option<Host>, Error> {
        let path = self.dir().join(FOLDER).join(HOST);
        let Some(bytes) = file::read(&path, LARGEST)? else { return Ok(None) };
        let wire: HostWire =
            serde_json::from_slice(&bytes).map_err(|error| Error::corrupt(&path, error.to_string()))?;
        // A folder that moved keeps its number, one that was restored its place; a copy has neither.
        let same_place = wire.place == place(&self.common_dir);
        let same_file = wire.file.is_some() && wire.file == number(&self.common_dir);
        let known = (same_place || same_file) && wire.asked.as_deref() == asked;
        Ok(known.then_some(Host { id: wire.id, name: wire.name }))
    }
}

fn place(common_dir: &Path) -> Text {
    super::wire::from_os_path(common_dir)
}

fn number(common_dir: &Path) -> Option<(u64, u64)> {
    platform::file_number(&std::fs::metadata(common_dir).ok()?)
}

impl Talking<'_> {
    /// Keeps what is known of the remote.
    ///
    /// # Errors
    /// Where it cannot be written.
    pub fn put_state(&self, state: &SyncState) -> Result<(), Error> {
        self.put(STATE, &to_wire(state))
    }

    /// Says that other machines have news.
    ///
    /// # Errors
    /// Where it cannot be written.
    pub fn put_news(&self) -> Result<(), Error> {
        self.put("news.json", &serde_json::json!({}))
    }

    /// Keeps who this clone is.
    ///
    /// # Errors
    /// Where it cannot be written.
    pub fn put_host(&self, host: &Host, asked: Option<&str>) -> Result<(), Error> {
        let common_dir = &self.store.common_dir;
        let wire = HostWire {
            id: host.id.clone(),
            name: host.name.clone(),
            asked: asked.map(str::to_owned),
            place: place(common_dir),
            file: number(common_dir),
        };
        self.put(HOST, &wire)
    }

    fn put(&self, name: &str, wire: &impl Serialize) -> Result<(), Error> {
        let path = self.store.dir().join(FOLDER).join(name);
        let mut bytes = serde_json::to_vec(wire).map_err(|error| Error::corrupt(&path, error.to_string()))?;
        bytes.push(b'\n');
        if bytes.len() as u64 > LARGEST {
            return Err(Error::TooLarge { path, bytes: bytes.len() as u64, limit: LARGEST });
        }
        file::replace(&path, &bytes, self.store.mode & 0o666, Lasting::Process)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::id::ObjectId;
    use crate::domain::instance::Kind;
    use crate::domain::sync::Publication;
    use crate::domain::time::Timestamp;

    const WAIT: Duration = Duration::from_secs(1);

    #[test]
    fn a_state_survives_the_disk() {
        let dir = tempfile::tempdir().expect("a temporary folder");
        let store = Store::open(dir.path()).expect("a folder");
        assert_eq!(store.sync_state().expect("readable"), None);
        let id = ObjectId::from_bytes(&[7; 20]).expect("20 bytes");
        let publication = Publication {
            mode: SyncMode::Content,
            host: "h".into(),
            label: "l".into(),
            kind: Kind::Branch,
            task: None,
            branch: None,
            tip: None,
            base: None,
            touched: None,
            at: Timestamp(0),
            paths: Vec::new(),
            withheld: 0,
            yielded: Vec::new(),
        };
        let name = RefName::new("refs/coord/h/i");
        let other = Synced {
            name: name.clone(),
            oid: id,
            host: "h".into(),
            publication,
            committed: Some(id),
            dirty: true,
            seen: Timestamp(9),
        };
        let state = SyncState {
            remote: "origin (x)".into(),
            consent: SyncMode::Content,
            own: BTreeMap::from([(name.clone(), Own { oid: Some(id), says: "s".into(), sent: vec![id] })]),
            others: BTreeMap::from([(name, other)]),
            left_out: BTreeMap::from([(
                RefName::new("refs/coord/evil/i"),
                LeftOut { oid: id, why: "w".into(), limit: Some(1 << 30) },
            )]),
            fetched: Some(Timestamp(1)),
            failures: 2,
            refused: Some("hidden".into()),
            ..SyncState::default()
        };
        store.talk(WAIT).expect("free").put_state(&state).expect("writable");
        assert_eq!(store.sync_state().expect("readable"), Some(state));
    }

    #[test]
    fn a_copy_of_the_clone_is_somebody_else() {
        let dir = tempfile::tempdir().expect("a temporary folder");
        let (one, two) = (dir.path().join("one"), dir.path().join("two"));
        std::fs::create_dir(&one).expect("made");
        let host = Host { id: "h-1".into(), name: "h".into() };
        let store = Store::open(&one).expect("a folder");
        store.talk(WAIT).expect("free").put_host(&host, None).expect("writable");
        assert_eq!(store.sync_host(None).expect("readable"), Some(host.clone()));
        assert_eq!(store.sync_host(Some("else")).expect("readable"), None);
        std::fs::create_dir_all(two.join("coord/sync")).expect("made");
        std::fs::copy(one.join("coord/sync/host.json"), two.join("coord/sync/host.json")).expect("copied");
        assert_eq!(Store::open(&two).expect("a folder").sync_host(None).expect("readable"), None);
        std::fs::remove_dir_all(&two).expect("ours");
        std::fs::rename(&one, &two).expect("moved");
        assert_eq!(Store::open(&two).expect("a folder").sync_host(None).expect("readable"), Some(host));
    }
}
