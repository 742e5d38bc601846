//! Claims on disk: `claims.json`, the whole table in one file, so that a change of it happens whole or not at all.
//! Must not know: when a claim is over, who asks.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::documents;
use super::error::Error;
use super::file::{self, Lasting};
use super::wire::{Oid, Process, Text, Time};
use super::{Locked, Store};
use crate::domain::claim::{Claim, ClaimMode, Holder, Lapsed, Lease, Moment, Replacement, Stand, Table, Token};
use crate::domain::id::Identity;
use crate::domain::pattern::Pattern;
use crate::domain::time::Seconds;

/// The format that this version writes.
const VERSION: u64 = 1;
const FILE: &str = "claims.json";

#[derive(Serialize, Deserialize)]
struct TableWire {
    version: u64,
    /// Written before anybody learns of the token, as it stands in the same file as the claim.
    last_token: u64,
    #[serde(default)]
    live: Vec<ClaimWire>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    lapsed: Vec<LapsedWire>,
}

#[derive(Serialize, Deserialize)]
struct LapsedWire {
    claim: ClaimWire,
    #[serde(default)]
    replaced_by: Vec<ReplacementWire>,
}

#[derive(Serialize, Deserialize)]
struct ReplacementWire {
    token: u64,
    identity: Text,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    session: Option<String>,
    label: String,
    on: Vec<PatternWire>,
}

#[derive(Serialize, Deserialize)]
struct ClaimWire {
    token: u64,
    identity: Text,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    session: Option<String>,
    label: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    process: Option<Process>,
    on: Vec<PatternWire>,
    exclusive: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    task: Option<String>,
    since: Time,
    boot: String,
    from: u64,
    span: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    seen: Option<(String, u64)>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    tip: Option<Oid>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    unlanded: bool,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    exempt: Vec<(Text, Vec<Text>)>,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum PatternWire {
    Path(Text),
    Glob(Text),
}

impl From<&Pattern> for PatternWire {
    fn from(pattern: &Pattern) -> Self {
        let text = Text(pattern.text().to_vec());
        if pattern.as_path().is_some() { Self::Path(text) } else { Self::Glob(text) }
    }
}

impl PatternWire {
    pub(super) fn into_pattern(self) -> Result<Pattern, String> {
        match self {
            Self::Path(text) => text.into_path().map(Pattern::plain),
            Self::Glob(text) => Pattern::parse(&text.0).map_err(|error| error.to_string()),
        }
    }
}

fn patterns(wire: Vec<PatternWire>) -> Result<Vec<Pattern>, String> {
    wire.into_iter().map(PatternWire::into_pattern).collect()
}

impl From<&Claim> for ClaimWire {
    fn from(claim: &Claim) -> Self {
        let exempt = claim.exempt.iter().map(|(who, paths)| (Text(who.key()), paths.iter().map(Text::from).collect()));
        Self {
            token: claim.token.0,
            identity: Text(claim.holder.identity.key()),
            session: claim.holder.session.clone(),
            label: claim.label.clone(),
            process: claim.process.as_ref().map(Process::from),
            on: claim.patterns.iter().map(PatternWire::from).collect(),
            exclusive: claim.mode == ClaimMode::Exclusive,
            task: claim.task.clone(),
            since: Time(claim.since),
            boot: claim.lease.from.boot.to_string(),
            from: claim.lease.from.seconds,
            span: claim.lease.span.0,
            seen: claim.lease.seen.as_ref().map(|seen| (seen.boot.to_string(), seen.seconds)),
            tip: claim.tip.map(|stand| Oid(stand.tip)),
            unlanded: claim.tip.is_some_and(|stand| stand.unlanded),
            exempt: exempt.collect(),
        }
    }
}

impl ClaimWire {
    fn into_claim(self) -> Result<Claim, String> {
        let identity = |key: &Text| Identity::from_key(&key.0).ok_or("it names no instance");
        let mut exempt = BTreeMap::new();
        for (who, paths) in self.exempt {
            exempt.insert(identity(&who)?, super::wire::paths(paths)?.into_iter().collect());
        }
        let moment = |(boot, seconds): (String, u64)| Moment { boot: boot.into(), seconds };
        Ok(Claim {
            token: Token(self.token),
            holder: Holder { identity: identity(&self.identity)?, session: self.session },
            label: self.label,
            process: self.process.map(Into::into),
            patterns: patterns(self.on)?,
            mode: if self.exclusive { ClaimMode::Exclusive } else { ClaimMode::Shared },
            task: self.task,
            since: self.since.0,
            lease: Lease {
                from: moment((self.boot, self.from)),
                span: Seconds(self.span),
                seen: self.seen.map(moment),
            },
            tip: self.tip.map(|tip| Stand { tip: tip.0, unlanded: self.unlanded }),
            exempt,
        })
    }
}

fn to_wire(table: &Table) -> TableWire {
    let lapsed = |old: &Lapsed| LapsedWire {
        claim: ClaimWire::from(&old.claim),
        replaced_by: old.replaced_by.iter().map(replacement).collect(),
    };
    TableWire {
        version: VERSION,
        last_token: table.last_token,
        live: table.live.values().map(ClaimWire::from).collect(),
        lapsed: table.lapsed.values().map(lapsed).collect(),
    }
}

fn replacement(by: &Replacement) -> ReplacementWire {
    ReplacementWire {
        token: by.token.0,
        identity: Text(by.holder.identity.key()),
        session: by.holder.session.clone(),
        label: by.label.clone(),
        on: by.patterns.iter().map(PatternWire::from).collect(),
    }
}

fn from_wire(wire: TableWire) -> Result<Table, String> {
    let mut table = Table { last_token: wire.last_token, ..Table::default() };
    for claim in wire.live {
        let claim = claim.into_claim()?;
        table.live.insert(claim.token, claim);
    }
    for old in wire.lapsed {
        let claim = old.claim.into_claim()?;
        let read = |by: ReplacementWire| {
            let identity = Identity::from_key(&by.identity.0).ok_or("it names no instance")?;
            let holder = Holder { identity, session: by.session };
            Ok::<_, String>(Replacement { token: Token(by.token), holder, label: by.label, patterns: patterns(by.on)? })
        };
        let replaced_by = old.replaced_by.into_iter().map(read).collect::<Result<_, _>>()?;
        table.lapsed.insert(claim.token, Lapsed { claim, replaced_by });
    }
    // Whatever else happened to the file: a token never comes twice.
    let greatest = table.live.keys().chain(table.lapsed.keys()).max().map_or(0, |token| token.0);
    table.last_token = table.last_token.max(greatest);
    Ok(table)
}

impl Store {
    /// All claims as they were last written. Takes no lock.
    ///
    /// # Errors
    /// Where they are there and cannot be read: that never means that there are none.
    pub fn claims(&self) -> Result<Table, Error> {
        let path = self.dir().join(FILE);
        let Some(bytes) = file::read(&path, file::LARGEST)? else { return Ok(Table::default()) };
        let wire: TableWire = documents::versioned(&path, &bytes, VERSION)?;
        from_wire(wire).map_err(|what| Error::corrupt(&path, what))
    }
}

impl Locked<'_> {
    /// Writes all claims. A crash leaves the former table or this one. The caller read the former one under this lock.
    ///
    /// # Errors
    /// Where it cannot be written; nothing was granted then.
    pub fn write_claims(&self, table: &Table) -> Result<(), Error> {
        let path = self.dir().join(FILE);
        let mut bytes =
            serde_json::to_vec(&to_wire(table)).map_err(|error| Error::corrupt(&path, error.to_string()))?;
        bytes.push(b'\n');
        if bytes.len() as u64 > file::LARGEST {
            return Err(Error::TooLarge { path, bytes: bytes.len() as u64, limit: file::LARGEST });
        }
        file::replace(&path, &bytes, self.mode() & 0o666, Lasting::PowerLoss)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::time::Duration;

    use super::*;
    use crate::domain::claim::Request;
    use crate::domain::path::RepoPath;
    use crate::domain::process::ProcessId;
    use crate::domain::time::Timestamp;

    fn request(worktree: &[u8], pattern: &[u8]) -> Request {
        let old = RepoPath::new(*b"src/caf\xe9").expect("a valid path");
        Request {
            holder: Holder { identity: Identity::Worktree(worktree.into()), session: Some("s".into()) },
            label: "auth".into(),
            process: Some(ProcessId { pid: 7, start: Some(1), boot: Some("b".into()), pid_namespace: None }),
            patterns: vec![Pattern::parse(pattern).expect("a valid pattern"), Pattern::plain(old.clone())],
            mode: ClaimMode::Exclusive,
            task: Some("t".into()),
            since: Timestamp(1_769_869_800),
            span: Seconds(10),
            tip: crate::domain::id::ObjectId::from_bytes(&[7; 20]).map(|tip| Stand { tip, unlanded: true }),
            exempt: BTreeMap::from([(Identity::MainWorktree, BTreeSet::from([old]))]),
            force: BTreeSet::new(),
        }
    }

    fn moment(seconds: u64) -> Moment {
        Moment { boot: "b".into(), seconds }
    }

    #[test]
    fn a_table_survives_the_disk() {
        let dir = tempfile::tempdir().expect("a temporary folder");
        let store = Store::open(dir.path()).expect("a folder");
        assert_eq!(store.claims().expect("nothing yet"), Table::default());
        let mut table = Table::default();
        table.grant(request(b"a", b"src/*.rs"), &moment(1)).expect("free");
        table.sweep(&moment(50), |_| None);
        let other =
            Request { holder: Holder { identity: Identity::MainWorktree, session: None }, ..request(b"", b"src") };
        table.grant(other, &moment(51)).expect("it ran out");
        table.see(&Moment { boot: "c".into(), seconds: 3 });
        store.lock(Duration::ZERO).expect("free").write_claims(&table).expect("written");
        assert_eq!(store.claims().expect("ours"), table);
    }

    #[test]
    fn what_cannot_be_read_is_no_empty_table() {
        let dir = tempfile::tempdir().expect("a temporary folder");
        let store = Store::open(dir.path()).expect("a folder");
        drop(store.lock(Duration::ZERO).expect("free"));
        let file = store.dir().join(FILE);
        for text in ["", "{", "[]", r#"{"version":1}"#, r#"{"version":1,"last_token":1,"last_token":2}"#] {
            std::fs::write(&file, text).expect("written");
            assert!(matches!(store.claims(), Err(Error::Corrupt { .. })), "{text}");
        }
        std::fs::write(&file, r#"{"version":2,"tokens":{}}"#).expect("written");
        assert!(matches!(store.claims(), Err(Error::Newer { version: 2, .. })));
    }
}
