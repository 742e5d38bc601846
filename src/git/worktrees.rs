//! The worktrees of a repository: who stands where, on what, in the middle of which operation.
//! Must not know: what their files hold.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::ErrorKind;
use std::path::{Component, Path, PathBuf};

use super::config::{self, Config};
use super::error::Error;
use super::names;
use super::program::{Call, Git};
use super::refs::Names;
use super::repository::{Repository, disarm, option};
use crate::domain::id::{Identity, ObjectId, RefName};
use crate::domain::instance::Operation;
use crate::domain::path::RepoPath;
use crate::domain::time::Timestamp;
use listed::{Listed, bad, parse};

mod listed;
mod stored;

/// One worktree, as git and its own folder describe it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Worktree {
    /// What it is, for ever.
    pub identity: Identity,
    /// Its top folder; its git dir where git does not record where it lies.
    pub path: PathBuf,
    /// Its own git dir.
    pub git_dir: PathBuf,
    /// The commit it stands on; `None` while unborn.
    pub head: Option<ObjectId>,
    /// The branch it is on, or owns while a rebase or bisect has it detached.
    pub branch: Option<RefName>,
    /// Whether its HEAD names a commit rather than a branch.
    pub detached: bool,
    /// Whether its folder is gone, and nothing says that it will come back.
    pub vanished: bool,
    /// Why it is locked; empty where no reason was given.
    pub locked: Option<String>,
    /// Why git would forget it.
    pub prunable: Option<String>,
    /// What git is in the middle of there.
    pub operation: Option<Operation>,
    /// Why it cannot be read.
    pub broken: Option<String>,
    /// Other worktrees that lie inside it.
    pub nested: Vec<RepoPath>,
}

/// Lists all worktrees, the main one first, the others by identity; broken and vanished ones too.
///
/// # Errors
/// Where git cannot list them at all.
pub fn list(repository: &Repository) -> Result<Vec<Worktree>, Error> {
    let answer = repository.call("worktree").args(["list", "--porcelain", "-z"]).read()?;
    looked_at(repository, parse(&answer)?)
}

/// The same without starting git, by every local branch as files say it ([`super::refs::in_files`]); `None` where git has to
/// be asked.
#[must_use]
pub fn in_files(repository: &Repository, branches: &Names) -> Option<Vec<Worktree>> {
    looked_at(repository, stored::read(repository, branches)?).ok()
}

fn looked_at(repository: &Repository, listed: Vec<Listed>) -> Result<Vec<Worktree>, Error> {
    let mut listed = listed.into_iter();
    let main = listed.next().ok_or_else(|| bad("it lists no main worktree"))?;
    let mut found: Vec<Worktree> = Vec::new();
    let has_no_folder = main.bare || repository.bare && main.path == repository.common_dir;
    if !has_no_folder {
        found.push(main_worktree(repository, main));
    }
    found.extend(linked(repository, listed.collect())?);
    nest(&mut found);
    Ok(found)
}

impl Listed {
    fn into_worktree(self, identity: Identity, git_dir: PathBuf) -> Worktree {
        Worktree {
            identity,
            git_dir,
            vanished: false,
            path: self.path,
            head: self.head,
            branch: self.branch,
            detached: self.detached,
            locked: self.locked,
            prunable: self.prunable,
            operation: None,
            broken: None,
            nested: Vec::new(),
        }
    }
}

fn main_worktree(repository: &Repository, listed: Listed) -> Worktree {
    let mut worktree = listed.into_worktree(Identity::MainWorktree, repository.common_dir.clone());
    match &repository.main_worktree {
        Some(path) if path.is_dir() => path.clone_into(&mut worktree.path),
        Some(path) => {
            path.clone_into(&mut worktree.path);
            worktree.broken = Some(format!("its folder {} is not there", path.display()));
        }
        None => {
            worktree.path.clone_from(&worktree.git_dir);
            worktree.broken = Some("git does not record where its folder is; run coord scan there once".into());
        }
    }
    look_around(repository, &mut worktree);
    worktree
}

/// The linked worktrees, by their folders under the common git dir: git leaves out those whose `gitdir` file is empty.
fn linked(repository: &Repository, listed: Vec<Listed>) -> Result<Vec<Worktree>, Error> {
    let mut by_path: BTreeMap<PathBuf, Listed> = BTreeMap::new();
    for entry in listed {
        by_path.insert(real(&entry.path), entry.clone());
        // A git that does not know relative links prints them as they are.
        by_path.entry(entry.path.clone()).or_insert(entry);
    }
    let mut found = Vec::new();
    for git_dir in folders(&repository.common_dir.join("worktrees"))? {
        let identity = Identity::Worktree(names::to_bytes(Path::new(git_dir.file_name().unwrap_or_default())).into());
        let recorded = recorded_place(&git_dir);
        let place = recorded.clone().map(|path| tidy(&git_dir.join(path)));
        let entry = match (&recorded, &place) {
            (Ok(recorded), Ok(place)) => by_path.get(&real(place)).or_else(|| by_path.get(recorded)).cloned(),
            _ => None,
        };
        let known = entry.is_some();
        let path = place.as_ref().map_or_else(|_| git_dir.clone(), Clone::clone);
        let mut worktree = Listed { path, ..entry.unwrap_or_default() }.into_worktree(identity, git_dir);
        match place {
            Err(reason) => worktree.broken = Some(reason),
            Ok(_) if !known => worktree.broken = Some("git does not list it".into()),
            Ok(_) => check_link(&mut worktree),
        }
        look_around(repository, &mut worktree);
        found.push(worktree);
    }
    Ok(found)
}

fn folders(dir: &Path) -> Result<BTreeSet<PathBuf>, Error> {
    let failed = |source| Error::File { operation: "list", path: dir.to_owned(), source };
    let entries = match fs::read_dir(dir) {
        Ok(entries) => entries,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(BTreeSet::new()),
        Err(error) => return Err(failed(error)),
    };
    let mut found = BTreeSet::new();
    for entry in entries {
        let path = entry.map_err(failed)?.path();
        if path.is_dir() {
            found.insert(path);
        }
    }
    Ok(found)
}

/// A path without `..`, where it has any.
fn tidy(path: &Path) -> PathBuf {
    if path.components().any(|part| part == Component::ParentDir) { real(path) } else { path.to_owned() }
}

/// Where the `gitdir` file says that the worktree lies; perhaps relative to the folder of that file.
fn recorded_place(git_dir: &Path) -> Result<PathBuf, String> {
    let file = git_dir.join("gitdir");
    let bytes = fs::read(&file).map_err(|error| format!("{} cannot be read: {error}", file.display()))?;
    let recorded = bytes.trim_ascii_end();
    if recorded.is_empty() {
        return Err(format!("{} is empty", file.display()));
    }
    let link = names::to_path(recorded);
    if link.file_name().is_some_and(|name| name == ".git") {
        link.parent().map(Path::to_owned).ok_or_else(|| format!("{} names no folder", file.display()))
    } else {
        Ok(link)
    }
}

/// The path without links and `..`, as far as it exists, so that two spellings of one place are equal.
fn real(path: &Path) -> PathBuf {
    if let Ok(real) = path.canonicalize() {
        return real;
    }
    match (path.parent(), path.file_name()) {
        (Some(parent), Some(name)) => real(parent).join(name),
        _ => path.to_owned(),
    }
}

/// Whether the `.git` file in the folder `top` leads to `git_dir`.
#[must_use]
pub fn leads_to(top: &Path, git_dir: &Path) -> bool {
    let text = fs::read(top.join(".git")).unwrap_or_default();
    let place = text.trim_ascii().strip_prefix(b"gitdir:").map(|path| names::to_path(path.trim_ascii()));
    place.is_some_and(|place| real(&top.join(place)) == real(git_dir))
}

/// Whether the folder is there and its `.git` file leads back here.
fn check_link(worktree: &mut Worktree) {
    let link = worktree.path.join(".git");
    let target = fs::read(&link);
    match &target {
        Ok(_) if !leads_to(&worktree.path, &worktree.git_dir) => {
            worktree.broken = Some(format!("{} leads to another place than its git dir", link.display()));
        }
        Ok(_) => {}
        Err(_) if !worktree.path.is_dir() => match &worktree.locked {
            Some(_) => worktree.broken = Some(format!("its folder {} is not mounted", worktree.path.display())),
            None => worktree.vanished = true,
        },
        Err(error) => worktree.broken = Some(format!("{} cannot be read: {error}", link.display())),
    }
}

/// What git is in the middle of, and the branch that it will go back to.
fn look_around(repository: &Repository, worktree: &mut Worktree) {
    let dir = &worktree.git_dir;
    let has = |name: &str| dir.join(name).exists();
    let rebasing = has("rebase-merge") || has("rebase-apply");
    let pseudo = |name: &str| has(name) || !repository.refs_in_files && resolves(repository, dir, name);
    worktree.operation = if rebasing {
        Some(Operation::Rebase)
    } else if has("MERGE_HEAD") {
        Some(Operation::Merge)
    } else if pseudo("CHERRY_PICK_HEAD") {
        Some(Operation::CherryPick)
    } else if pseudo("REVERT_HEAD") {
        Some(Operation::Revert)
    } else {
        has("BISECT_LOG").then_some(Operation::Bisect)
    };
    if worktree.branch.is_none() {
        worktree.branch = owned_branch(dir);
    }
    // A HEAD that names neither a branch nor a commit; git lists it with no object and goes on.
    if worktree.broken.is_none() && worktree.head.is_none() && worktree.branch.is_none() {
        worktree.broken = Some("its HEAD names neither a branch nor a commit".into());
    }
}

fn resolves(repository: &Repository, git_dir: &Path, name: &str) -> bool {
    let call = repository.git.call_with(&repository.common_dir, &[option("--git-dir=", git_dir)], "rev-parse");
    call.args(["--quiet", "--verify", name]).output().is_ok_and(|output| output.code == 0)
}

/// The branch that a rebase or bisect started from.
fn owned_branch(git_dir: &Path) -> Option<RefName> {
    for (file, prefix) in
        [("rebase-merge/head-name", ""), ("rebase-apply/head-name", ""), ("BISECT_START", "refs/heads/")]
    {
        let Ok(text) = fs::read(git_dir.join(file)) else { continue };
        let name = [prefix.as_bytes(), text.trim_ascii()].concat();
        let is_id = ObjectId::from_hex(text.trim_ascii()).is_some();
        if name.starts_with(b"refs/heads/") && name.len() > "refs/heads/".len() && !is_id {
            return Some(RefName::new(name));
        }
    }
    None
}

/// Notes which worktrees lie inside which.
fn nest(worktrees: &mut [Worktree]) {
    let places: BTreeSet<PathBuf> =
        worktrees.iter().filter(|w| w.path != w.git_dir).map(|worktree| real(&worktree.path)).collect();
    for worktree in worktrees {
        let top = real(&worktree.path);
        let inside = places.range(top.clone()..).take_while(|place| place.starts_with(&top)).skip(1);
        worktree.nested =
            inside.filter_map(|place| RepoPath::new(names::to_bytes(place.strip_prefix(&top).ok()?)).ok()).collect();
    }
}

impl Worktree {
    /// The program `git` for this worktree, with whatever its own configuration names disarmed too.
    ///
    /// # Errors
    /// Where its configuration cannot be read.
    pub fn git(&self, repository: &Repository) -> Result<Git, Error> {
        match self.config(repository)? {
            Cow::Borrowed(_) => Ok(repository.git.clone()),
            Cow::Owned(own) => Ok(disarm(&repository.git, &own)),
        }
    }

    /// The configuration as this worktree sees it.
    ///
    /// # Errors
    /// Where it cannot be read.
    pub fn config<'a>(&self, repository: &'a Repository) -> Result<Cow<'a, Config>, Error> {
        if !repository.config.differs_by_worktree() {
            return Ok(Cow::Borrowed(&repository.config));
        }
        Ok(Cow::Owned(config::read(&repository.git, &self.path, &self.place(), None)?))
    }

    /// When somebody last did something here, as far as its git dir tells: no file of the worktree is looked at.
    #[must_use]
    pub fn touched(&self) -> Option<Timestamp> {
        let at =
            |name: &str| fs::symlink_metadata(self.git_dir.join(name)).ok().and_then(|meta| names::written_at(&meta));
        ["index", "logs/HEAD", "HEAD", "reftable/tables.list"].iter().filter_map(|name| at(name)).max()
    }

    /// Begins a call that looks at this worktree, without looking for a repository around it.
    #[must_use]
    pub fn call(&self, git: &Git, subcommand: &str) -> Call {
        git.call_with(&self.path, &self.place(), subcommand)
    }

    fn place(&self) -> [std::ffi::OsString; 2] {
        [option("--git-dir=", &self.git_dir), option("--work-tree=", &self.path)]
    }

    /// Whether its files can be looked at.
    #[must_use]
    pub fn is_readable(&self) -> bool {
        self.broken.is_none() && !self.vanished
    }

    /// The commits that a merge in progress will make parents, besides HEAD.
    #[must_use]
    pub fn merge_heads(&self) -> Vec<ObjectId> {
        let text = fs::read(self.git_dir.join("MERGE_HEAD")).unwrap_or_default();
        text.split(|&b| b == b'\n').filter_map(ObjectId::from_hex).collect()
    }
}
