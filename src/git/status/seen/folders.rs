//! The folders of a worktree that git looks into for files which the index does not hold.
//! Must not know: what git says of those files.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::PathBuf;

use super::told::Told;
use super::{On, Question, Unseen};
use crate::domain::path::RepoPath;
use crate::git::names;
use crate::git::stamp::{Stamp, Top};

/// Files with rules for the folder in which they lie, tracked or not.
const RULES: [&[u8]; 2] = [b".gitignore", b".gitattributes"];

/// What decides which folders are entered: what is left out, and what is ignored. Where everything is ignored that the index
/// does not hold, nobody has to look.
pub(super) type Among<'a> = (&'a On, &'a BTreeSet<Vec<u8>>);

/// Folders, and the files with rules in them.
#[derive(Debug, Default)]
pub(super) struct Found {
    pub(super) folders: BTreeMap<Vec<u8>, Stamp>,
    pub(super) rules: Vec<PathBuf>,
}

/// Finds the folder `from` and those below it that git looks into.
pub(super) fn enter(
    question: &Question,
    top: &Top,
    among: Among<'_>,
    from: Vec<u8>,
    found: &mut Found,
) -> Result<(), Unseen> {
    let mut to_enter = vec![from];
    while let Some(folder) = to_enter.pop() {
        // Before what is in it: whatever comes later gives another stamp.
        let stamp = top.folder(&folder).ok_or(Unseen::Ever)?;
        for (name, is_folder) in list(question, &folder).ok_or(Unseen::ThisTime)? {
            if name.eq_ignore_ascii_case(b".git") {
                if folder.is_empty() {
                    continue;
                }
                return Err(Unseen::Ever);
            }
            let path = joined(&folder, &name);
            if RULES.contains(&&*name) {
                found.rules.push(question.site.top.join(names::to_path(&path)));
            }
            if is_folder && is_entered(&path, among) {
                to_enter.push(path);
            }
        }
        found.folders.insert(folder, stamp.settled(question.at));
    }
    Ok(())
}

pub(super) fn is_entered(path: &[u8], (on, ignored): Among<'_>) -> bool {
    !is_left_out(path, on) && !ignored.contains(&[path, b"/"].concat())
}

/// Folders in which something came or went: what is in them now that was not known to be.
pub(super) struct Listings {
    /// Their stamps, from before anything of them was read.
    pub(super) stamps: BTreeMap<Vec<u8>, Stamp>,
    /// Names by folder, and whether they are folders; what is known goes.
    names: BTreeMap<Vec<u8>, BTreeSet<(Vec<u8>, bool)>>,
    /// What was there and is not any more.
    gone: BTreeSet<RepoPath>,
}

impl Listings {
    pub(super) fn of_changed(question: &Question, top: &Top, on: &On, told: &Told) -> Option<Self> {
        let mut all = Self { stamps: BTreeMap::new(), names: BTreeMap::new(), gone: BTreeSet::new() };
        for (folder, before) in &told.folders {
            match top.folder(folder) {
                Some(now) if now == *before => {}
                Some(now) => {
                    all.stamps.insert(folder.clone(), now.settled(question.at));
                    all.list(question, folder, on, told)?;
                }
                // The top has no path to ask about.
                None => drop(all.gone.insert(RepoPath::new(&**folder).ok()?)),
            }
        }
        Some(all)
    }

    fn list(&mut self, question: &Question, folder: &[u8], on: &On, told: &Told) -> Option<()> {
        let mut names: BTreeSet<(Vec<u8>, bool)> = list(question, folder)?.into_iter().collect();
        for path in untracked_in(folder, told) {
            // What lies there now may be something else.
            if !names.remove(&(path.file_name().to_vec(), false)) {
                self.gone.insert(path.clone());
            }
        }
        let is_known = |name: &[u8], is_folder: bool| {
            let path = joined(folder, name);
            if is_folder {
                let is_gits = folder.is_empty() && name == b".git";
                let is_ignored = || told.ignored.contains(&[&path, &b"/"[..]].concat());
                is_gits || is_left_out(&path, on) || told.folders.contains_key(&path) || is_ignored()
            } else {
                folder.is_empty() && name == b".git" || told.ignored.contains(&path)
            }
        };
        names.retain(|(name, is_folder)| !is_known(name, *is_folder));
        self.names.insert(folder.to_vec(), names);
        Some(())
    }

    /// The index holds this file.
    pub(super) fn know(&mut self, path: &[u8]) {
        if !self.names.is_empty()
            && let Some(names) = self.names.get_mut(parent(path))
        {
            names.remove(&(name_of(path).to_vec(), false));
        }
    }

    /// Adds all that is not known to be as it was; `None` where one has a name that no path has.
    pub(super) fn unknown(&mut self, changed: &mut BTreeSet<RepoPath>) -> Option<()> {
        changed.append(&mut self.gone);
        for (folder, names) in &self.names {
            for (name, _) in names {
                changed.insert(RepoPath::new(joined(folder, name)).ok()?);
            }
        }
        Some(())
    }
}

/// The files right in a folder that the index did not hold.
fn untracked_in<'t>(folder: &'t [u8], told: &'t Told) -> impl Iterator<Item = &'t RepoPath> {
    let from = RepoPath::new(folder).ok();
    let all = match &from {
        Some(from) => told.entries.range(from.clone()..),
        None => told.entries.range(..),
    };
    let is_below = move |path: &RepoPath| folder.is_empty() || path.as_bytes().starts_with(folder);
    all.take_while(move |(path, _)| is_below(path))
        .filter(move |(path, entry)| entry.untracked && parent(path.as_bytes()) == folder)
        .map(|(path, _)| path)
}

fn is_left_out(path: &[u8], on: &On) -> bool {
    on.own.iter().chain(&on.nested).any(|out| out.as_bytes() == path)
}

/// What is in a folder, and whether it is a folder; `None` where not all of it can be read.
fn list(question: &Question, folder: &[u8]) -> Option<Vec<(Vec<u8>, bool)>> {
    let dir = question.site.top.join(names::to_path(folder));
    let entry = |entry: std::io::Result<fs::DirEntry>| {
        let entry = entry.ok()?;
        Some((names::to_bytes(entry.file_name().as_ref()), entry.file_type().ok()?.is_dir()))
    };
    fs::read_dir(dir).ok()?.map(entry).collect()
}

pub(super) fn is_below(path: &[u8], folder: &[u8]) -> bool {
    path.strip_prefix(folder).is_some_and(|rest| rest.first().is_none_or(|&first| first == b'/'))
}

pub(super) fn parent(path: &[u8]) -> &[u8] {
    path.iter().rposition(|&b| b == b'/').map_or(&[], |slash| &path[..slash])
}

fn name_of(path: &[u8]) -> &[u8] {
    path.rsplit(|&b| b == b'/').next().unwrap_or(path)
}

fn joined(folder: &[u8], name: &[u8]) -> Vec<u8> {
    if folder.is_empty() { name.to_vec() } else { [folder, b"/", name].concat() }
}
