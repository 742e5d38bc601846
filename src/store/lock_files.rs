//! Lock files: a readable copy of each claim under `.claude/runtime/locks/`, named after its path, for people and other
//! tools. Nothing is ever decided by them.
//! Must not know: who may claim what, when a claim is over.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde::Serialize;

use super::error::Error;
use super::file::{self, Lasting};
use super::wire::{Text, Time};
use super::{Locked, wire};
use crate::domain::claim::{Claim, Moment, Table};
use crate::domain::hash::hash;
use crate::domain::pattern::Pattern;
use crate::domain::time::Timestamp;

const FOLDER: &str = "locks";
const SUFFIX: &str = ".lock";
/// The longest name that is made of the path itself.
const LONGEST_NAME: usize = 160;

#[derive(Serialize)]
struct Fields {
    owner: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    session: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    task: Option<String>,
    path: Text,
    paths: Vec<Text>,
    mode: &'static str,
    since: Time,
    expires: Time,
    token: u64,
}

impl Locked<'_> {
    /// Makes the lock files in `runtime` (the board's folder) those of `table`. Files of claims that are gone are
    /// removed; those of a claim that did not change stay as they are.
    ///
    /// # Errors
    /// Where one cannot be written or removed. The claims themselves do not depend on it.
    pub fn publish_locks(&self, runtime: &Path, table: &Table, now: (Timestamp, &Moment)) -> Result<(), Error> {
        let folder = runtime.join(FOLDER);
        if table.live.is_empty() && !file::is_folder(&folder)? {
            return Ok(());
        }
        std::fs::create_dir_all(runtime).map_err(|source| Error::io("create", runtime, source))?;
        file::make_folder(&folder, 0o755)?;
        let wanted = names(table);
        for name in file::names(&folder, SUFFIX)? {
            if !wanted.contains_key(&name) && is_ours(&folder.join(&name)) {
                file::remove(&folder.join(name))?;
            }
        }
        for (name, (claim, pattern)) in wanted {
            let path = folder.join(name);
            let bytes = content(claim, pattern, now);
            if file::read(&path, file::LARGEST).is_ok_and(|old| old.is_some_and(|old| says_the_same(&old, &bytes))) {
                continue;
            }
            file::replace(&path, &bytes, 0o644, Lasting::Process)?;
        }
        Ok(())
    }
}

/// The times when a lease ends may differ by a second from one computing to the next.
fn says_the_same(old: &[u8], new: &[u8]) -> bool {
    let parts = |bytes: &[u8]| {
        let map = wire::parse_object(bytes).ok()?;
        let expires = map.get("expires")?.as_str().and_then(wire::parse_time)?;
        let rest: BTreeMap<String, String> =
            map.into_iter().filter(|(key, _)| key != "expires").map(|(key, value)| (key, value.to_string())).collect();
        Some((expires, rest))
    };
    match (parts(old), parts(new)) {
        (Some((a, old)), Some((b, new))) => old == new && a.0.abs_diff(b.0) <= 1,
        _ => false,
    }
}

/// Only what coord wrote is removed by coord.
fn is_ours(path: &Path) -> bool {
    let bytes = file::read(path, file::LARGEST).ok().flatten();
    bytes.and_then(|bytes| wire::parse_object(&bytes).ok()).is_some_and(|map| map.contains_key("token"))
}

fn content(claim: &Claim, pattern: &Pattern, (now, boot): (Timestamp, &Moment)) -> Vec<u8> {
    let text = |pattern: &Pattern| Text(pattern.text().to_vec());
    let fields = Fields {
        owner: claim.label.clone(),
        session: claim.holder.session.clone(),
        task: claim.task.clone(),
        path: text(pattern),
        paths: claim.patterns.iter().map(text).collect(),
        mode: claim.mode.name(),
        since: Time(claim.since),
        expires: Time(claim.lease.left(boot).map_or(now, |left| now.plus(left))),
        token: claim.token.0,
    };
    let mut bytes = serde_json::to_vec_pretty(&fields).unwrap_or_default();
    bytes.push(b'\n');
    bytes
}

/// Each pattern's file name: the path with `_` for `/`. Where several would share a name, each gets a hash.
fn names(table: &Table) -> BTreeMap<String, (&Claim, &Pattern)> {
    let pairs = || table.live.values().flat_map(|claim| claim.patterns.iter().map(move |pattern| (claim, pattern)));
    let mut seen = BTreeSet::new();
    let mut shared = BTreeSet::new();
    for (_, pattern) in pairs() {
        let name = plain_name(pattern.text()).to_lowercase();
        if !seen.insert(name.clone()) {
            shared.insert(name);
        }
    }
    let name = |claim: &Claim, pattern: &Pattern| {
        let plain = plain_name(pattern.text());
        if plain.len() <= LONGEST_NAME && !shared.contains(&plain.to_lowercase()) {
            return plain + SUFFIX;
        }
        let key = [&claim.token.0.to_be_bytes()[..], pattern.text()].concat();
        let cut: String = plain.chars().take(LONGEST_NAME / 4).collect();
        format!("{cut}-{}{SUFFIX}", &hash(&key)[..12])
    };
    pairs().map(|(claim, pattern)| (name(claim, pattern), (claim, pattern))).collect()
}

fn plain_name(path: &[u8]) -> String {
    let keep = |c: char| {
        if c.is_control() || r#"/\:*?"<>|"#.contains(c) || c == char::REPLACEMENT_CHARACTER { '_' } else { c }
    };
    String::from_utf8_lossy(path).chars().map(keep).collect()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::super::Store;
    use super::*;
    use crate::domain::claim::{ClaimMode, Holder, Request};
    use crate::domain::id::Identity;
    use crate::domain::time::Seconds;

    fn grant(table: &mut Table, patterns: &[&str]) {
        let patterns = patterns.iter().map(|p| Pattern::parse(p.as_bytes()).expect("a valid pattern")).collect();
        let request = Request {
            holder: Holder { identity: Identity::MainWorktree, session: None },
            label: "auth".into(),
            process: None,
            patterns,
            mode: ClaimMode::Shared,
            task: None,
            since: Timestamp(0),
            span: Seconds(60),
            tip: None,
            exempt: BTreeMap::new(),
            force: BTreeSet::new(),
        };
        table.grant(request, &moment()).expect("free");
    }

    fn moment() -> Moment {
        Moment { boot: "b".into(), seconds: 1 }
    }

    fn listed(dir: &Path) -> Vec<String> {
        file::names(&dir.join(FOLDER), "").expect("a folder")
    }

    #[test]
    fn each_claim_has_a_file_named_after_its_path_and_others_files_stay() {
        let dir = tempfile::tempdir().expect("a temporary folder");
        let store = Store::open(dir.path()).expect("a folder");
        let locked = store.lock(Duration::ZERO).expect("free");
        let runtime = dir.path().join("deep/runtime");
        let mut table = Table::default();
        let publish =
            |table: &Table| locked.publish_locks(&runtime, table, (Timestamp(100), &moment())).expect("written");
        publish(&table);
        assert!(!runtime.exists(), "nothing is made for nothing");
        grant(&mut table, &["src/auth/login.rs", "src/**/x"]);
        publish(&table);
        assert_eq!(listed(&runtime), ["src____x.lock", "src_auth_login.rs.lock"]);
        let text = std::fs::read_to_string(runtime.join("locks/src_auth_login.rs.lock")).expect("there");
        assert!(text.contains(r#""expires": "1970-01-01T00:02:40Z""#), "{text}");
        std::fs::write(runtime.join("locks/mine.lock"), "by hand").expect("written");
        table.live.clear();
        publish(&table);
        assert_eq!(listed(&runtime), ["mine.lock"]);
    }

    #[test]
    fn paths_that_would_share_a_name_are_told_apart() {
        let mut table = Table::default();
        grant(&mut table, &["a/b", "a_b", "A_B", "c"]);
        grant(&mut table, &["a/b"]);
        let names: Vec<String> = names(&table).into_keys().collect();
        assert_eq!(names.len(), 5, "{names:?}");
        assert_eq!(names.iter().filter(|name| name.to_lowercase().starts_with("a_b-")).count(), 4);
    }
}
