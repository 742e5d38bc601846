//! Trees. (Stands in until the engine's file is merged.)
//! Must not know: refs, worktrees.

use std::collections::BTreeMap;

use super::error::Error;
use super::objects::{ObjectFormat, ObjectKind, Objects};
use crate::domain::id::ObjectId;
use crate::domain::path::RepoPath;

/// entry
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Entry {
    /// mode
    pub mode: u32,
    /// id
    pub id: ObjectId,
}

/// change
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct TreeChange {
    /// path
    pub path: RepoPath,
    /// before
    pub before: Option<Entry>,
    /// after
    pub after: Option<Entry>,
}

fn entries(objects: &Objects, id: ObjectId) -> Result<BTreeMap<Vec<u8>, Entry>, Error> {
    let data = objects.read(id)?.data;
    let len = if objects.format() == ObjectFormat::Sha1 { 20 } else { 32 };
    let mut rest = &data[..];
    let mut out = BTreeMap::new();
    while !rest.is_empty() {
        let space = rest.iter().position(|&b| b == b' ').unwrap_or(0);
        let nul = rest.iter().position(|&b| b == 0).unwrap_or(0);
        let mode = u32::from_str_radix(&String::from_utf8_lossy(&rest[..space]), 8).unwrap_or(0);
        let id = ObjectId::from_bytes(&rest[nul + 1..nul + 1 + len]).ok_or_else(|| Error::Repository("tree".into()))?;
        out.insert(rest[space + 1..nul].to_vec(), Entry { mode, id });
        rest = &rest[nul + 1 + len..];
    }
    Ok(out)
}

/// at
pub fn entry_at(objects: &Objects, tree: ObjectId, path: &RepoPath) -> Result<Option<Entry>, Error> {
    let mut at = Entry { mode: 0o40000, id: tree };
    for part in path.components() {
        if at.mode != 0o40000 {
            return Ok(None);
        }
        match entries(objects, at.id)?.get(part) {
            Some(entry) => at = *entry,
            None => return Ok(None),
        }
    }
    Ok(Some(at))
}

fn flatten(objects: &Objects, tree: ObjectId, prefix: &[u8], out: &mut BTreeMap<RepoPath, Entry>) -> Result<(), Error> {
    for (name, entry) in entries(objects, tree)? {
        let path = [prefix, &name].concat();
        if entry.mode == 0o40000 {
            flatten(objects, entry.id, &[&path[..], b"/"].concat(), out)?;
        } else {
            out.insert(RepoPath::new(path).map_err(|e| Error::Repository(e.to_string()))?, entry);
        }
    }
    Ok(())
}

/// diff
pub fn diff(objects: &Objects, from: Option<ObjectId>, to: Option<ObjectId>) -> Result<Vec<TreeChange>, Error> {
    let (mut a, mut b) = (BTreeMap::new(), BTreeMap::new());
    if let Some(t) = from {
        flatten(objects, t, b"", &mut a)?;
    }
    if let Some(t) = to {
        flatten(objects, t, b"", &mut b)?;
    }
    let mut keys: Vec<_> = a.keys().chain(b.keys()).cloned().collect();
    keys.sort();
    keys.dedup();
    Ok(keys
        .into_iter()
        .filter(|k| a.get(k) != b.get(k))
        .map(|k| TreeChange { before: a.get(&k).copied(), after: b.get(&k).copied(), path: k })
        .collect())
}

/// overlay
pub fn overlay(
    objects: &Objects,
    tree: Option<ObjectId>,
    changes: &BTreeMap<RepoPath, Option<Entry>>,
) -> Result<ObjectId, Error> {
    let mut all = BTreeMap::new();
    if let Some(t) = tree {
        flatten(objects, t, b"", &mut all)?;
    }
    for (p, c) in changes {
        match c {
            Some(e) => drop(all.insert(p.clone(), *e)),
            None => drop(all.remove(p)),
        }
    }
    let flat: Vec<(Vec<u8>, Entry)> = all.into_iter().map(|(p, e)| (p.as_bytes().to_vec(), e)).collect();
    write(objects, &flat)
}

fn write(objects: &Objects, flat: &[(Vec<u8>, Entry)]) -> Result<ObjectId, Error> {
    let mut dirs: BTreeMap<Vec<u8>, Vec<(Vec<u8>, Entry)>> = BTreeMap::new();
    let mut items: Vec<(Vec<u8>, Vec<u8>, Entry)> = Vec::new();
    for (p, e) in flat {
        match p.iter().position(|&b| b == b'/') {
            Some(at) => dirs.entry(p[..at].to_vec()).or_default().push((p[at + 1..].to_vec(), *e)),
            None => items.push((p.clone(), p.clone(), *e)),
        }
    }
    for (d, sub) in dirs {
        let id = write(objects, &sub)?;
        items.push(([&d[..], b"/"].concat(), d, Entry { mode: 0o40000, id }));
    }
    items.sort_by(|a, b| a.0.cmp(&b.0));
    let mut data = Vec::new();
    for (_, name, e) in items {
        data.extend_from_slice(format!("{:o} ", e.mode).as_bytes());
        data.extend_from_slice(&name);
        data.push(0);
        data.extend_from_slice(e.id.as_bytes());
    }
    objects.add(ObjectKind::Tree, &data)
}

/// synthetic
pub fn synthetic_commit(objects: &Objects, tree: ObjectId, parents: &[ObjectId]) -> Result<ObjectId, Error> {
    let mut text = format!("tree {tree}\n");
    for p in parents {
        text += "parent ";
        text += &p.to_string();
        text += "\n";
    }
    text += "author c <c> 0 +0000\ncommitter c <c> 0 +0000\n\nx\n";
    objects.add(ObjectKind::Commit, text.as_bytes())
}
