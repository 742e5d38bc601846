//! A worktree as it lies, as a commit in memory: uncommitted work counts as if it were committed.
//! Must not know: who else changed the same paths, what a conflict is.

use std::collections::{BTreeMap, BTreeSet};

use super::cleaning::{Cleaner, Found, Raw};
use super::contents::{self, LARGEST, Lying};
use super::error::Error;
use super::names;
use super::objects::{ObjectKind, Objects};
use super::repository::Repository;
use super::status::{Entry as Changed, SUBMODULE, Status};
use super::tree::{self, Entry};
use super::worktrees::Worktree;
use crate::domain::id::ObjectId;
use crate::domain::path::RepoPath;

/// Of one worktree, no more than so many bytes are held in memory; larger files are then judged by their ids.
const BUDGET: u64 = 256 << 20;

/// A worktree as it lies.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Snapshot {
    /// Its commit: HEAD where nothing differs, else one in memory on top of it. `None` while unborn and empty.
    pub commit: Option<ObjectId>,
    /// Paths that git calls changed and that hold what HEAD holds.
    pub same: BTreeSet<RepoPath>,
    /// Paths of which it is not sure what git would store, with the reason.
    pub unsure: BTreeMap<RepoPath, String>,
    /// Paths that were not read, as nobody is interested in them.
    pub unread: BTreeSet<RepoPath>,
}

/// Which changed paths are worth reading.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Interest {
    /// All of them.
    All,
    /// Those where another's work may meet them.
    Near(Near),
}

/// Paths that others changed, and what lies so near that a merge would look at it.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Near {
    paths: BTreeSet<RepoPath>,
    above: BTreeSet<RepoPath>,
    thinned: BTreeSet<RepoPath>,
}

impl Near {
    /// Notes a path that somebody changed.
    pub fn add(&mut self, path: &RepoPath) {
        self.above.extend(contents::ancestors(path));
        self.paths.insert(path.clone());
    }

    /// Notes a path that somebody deleted: its folders may have been renamed, and what lies in them may move along.
    pub fn add_deleted(&mut self, path: &RepoPath) {
        self.add(path);
        self.thinned.extend(contents::ancestors(path));
    }

    fn holds(&self, path: &RepoPath) -> bool {
        let met = |above: RepoPath| self.paths.contains(&above) || self.thinned.contains(&above);
        self.paths.contains(path) || self.above.contains(path) || contents::ancestors(path).into_iter().any(met)
    }
}

impl Interest {
    fn holds(&self, path: &RepoPath) -> bool {
        match self {
            Self::All => true,
            Self::Near(near) => near.holds(path),
        }
    }
}

/// Makes the commit of `worktree` as it lies, from what git says is changed in it: HEAD where nothing differs, an empty
/// commit while it is unborn and empty.
///
/// # Errors
/// Where a file or object cannot be read.
pub fn line(
    objects: &Objects,
    repository: &Repository,
    worktree: &Worktree,
    status: &Status,
) -> Result<ObjectId, Error> {
    match take(objects, repository, worktree, status, &Interest::All)?.commit {
        Some(commit) => Ok(commit),
        None => tree::synthetic_commit(objects, tree::overlay(objects, None, &BTreeMap::new())?, &[]),
    }
}

/// Takes `worktree` as it lies, from what git says is changed in it, reading only what is of interest.
///
/// # Errors
/// Where a file or object cannot be read.
pub fn take(
    objects: &Objects,
    repository: &Repository,
    worktree: &Worktree,
    status: &Status,
    interest: &Interest,
) -> Result<Snapshot, Error> {
    let mut taking = Taking::new(objects, repository, worktree)?;
    for (path, entry) in &status.entries {
        if interest.holds(path) {
            taking.changed(path, entry)?;
        } else {
            taking.snapshot.unread.insert(path.clone());
        }
    }
    taking.finish()
}

/// Makes the commit of `worktree` as it lies at the paths `only`, without a look at its index: what holds the raw bytes
/// of HEAD is clean, of the rest git knows what it would store. `None` while unborn and empty.
///
/// # Errors
/// Where a file or object cannot be read.
pub fn paths(
    objects: &Objects,
    repository: &Repository,
    worktree: &Worktree,
    only: &BTreeSet<RepoPath>,
) -> Result<Option<ObjectId>, Error> {
    let mut taking = Taking::new(objects, repository, worktree)?;
    let own = &repository.own_paths;
    let is_own = |path: &RepoPath| own.folders.iter().chain(&worktree.nested).any(|folder| path.is_within(folder));
    for path in only.iter().filter(|path| !is_own(path)) {
        taking.any(path)?;
    }
    taking.settle_missing()?;
    taking.settle_new()?;
    Ok(taking.finish()?.commit)
}

/// A snapshot in the making.
struct Taking<'a> {
    objects: &'a Objects,
    repository: &'a Repository,
    worktree: &'a Worktree,
    tree: Option<ObjectId>,
    file_mode: bool,
    links_are_files: bool,
    budget: u64,
    changes: BTreeMap<RepoPath, Option<Entry>>,
    files: BTreeMap<RepoPath, (u32, Found)>,
    missing: BTreeSet<RepoPath>,
    new: BTreeSet<RepoPath>,
    snapshot: Snapshot,
}

impl<'a> Taking<'a> {
    fn new(objects: &'a Objects, repository: &'a Repository, worktree: &'a Worktree) -> Result<Self, Error> {
        let tree = worktree.head.map(|head| objects.commit(head).map(|commit| commit.tree)).transpose()?;
        Ok(Self {
            objects,
            repository,
            worktree,
            tree,
            links_are_files: repository.config.boolean("core.symlinks") == Some(false),
            file_mode: repository.config.boolean("core.fileMode") != Some(false),
            budget: BUDGET,
            changes: BTreeMap::new(),
            files: BTreeMap::new(),
            missing: BTreeSet::new(),
            new: BTreeSet::new(),
            snapshot: Snapshot::default(),
        })
    }

    /// Takes a path that git says is changed.
    fn changed(&mut self, path: &RepoPath, entry: &Changed) -> Result<(), Error> {
        let head = entry.head_id.map(|id| Entry { mode: entry.head_mode, id });
        if entry.worktree_mode == SUBMODULE {
            let id = if entry.unstaged { self.submodule_head(path)? } else { entry.index_id };
            self.changes.insert(path.clone(), id.map(|id| Entry { mode: SUBMODULE, id }).or(head));
        } else if entry.unstaged || entry.untracked {
            let known = [entry.worktree_mode, entry.index_mode, entry.head_mode].into_iter().find(|&mode| mode != 0);
            self.take(path, head, known)?;
        } else {
            let staged = entry.index_id.filter(|_| entry.worktree_mode != 0);
            self.changes.insert(path.clone(), staged.map(|id| Entry { mode: entry.worktree_mode, id }));
        }
        Ok(())
    }

    /// Takes a path of which nothing is known.
    fn any(&mut self, path: &RepoPath) -> Result<(), Error> {
        let head = self.tree.map(|tree| tree::entry_at(self.objects, tree, path)).transpose()?.flatten();
        match head.map(|head| head.mode) {
            // A folder holds other paths; it is none itself, unless a file took its place.
            Some(0o040_000) if contents::is_folder(&self.worktree.path, path) => Ok(()),
            Some(0o040_000) => {
                self.take(path, None, None)?;
                if self.changes.get(path) == Some(&None) {
                    self.changes.remove(path);
                }
                Ok(())
            }
            Some(SUBMODULE) => {
                let moved = self.submodule_head(path)?.map(|id| Entry { mode: SUBMODULE, id });
                self.changes.extend(moved.map(|moved| (path.clone(), Some(moved))));
                Ok(())
            }
            known => {
                self.take(path, head, known)?;
                match (head, self.changes.get(path)) {
                    (Some(_), Some(None)) => drop(self.missing.insert(path.clone())),
                    (None, Some(None)) => drop(self.changes.remove(path)),
                    (None, _) => drop(self.new.insert(path.clone())),
                    _ => {}
                }
                Ok(())
            }
        }
    }

    /// Notes what lies at a path. `known` is the mode that git knows it to have.
    fn take(&mut self, path: &RepoPath, head: Option<Entry>, known: Option<u32>) -> Result<(), Error> {
        let (raw, executable) = match contents::look(&self.worktree.path, path, self.budget.min(LARGEST))? {
            Lying::Nothing => {
                self.changes.insert(path.clone(), None);
                return Ok(());
            }
            Lying::Blocked(above) => {
                self.changes.insert(path.clone(), None);
                return self.blocked_by(&above);
            }
            Lying::Link(text) => {
                let id = self.objects.add(ObjectKind::Blob, &text)?;
                self.changes.insert(path.clone(), Some(Entry { mode: 0o120_000, id }));
                return Ok(());
            }
            // Where the file system has no links, git checks their texts out as files.
            Lying::File { bytes, .. } if self.links_are_files && known == Some(0o120_000) => {
                let id = self.objects.add(ObjectKind::Blob, &bytes)?;
                self.changes.insert(path.clone(), Some(Entry { mode: 0o120_000, id }));
                return Ok(());
            }
            Lying::File { bytes, executable } => {
                self.budget = self.budget.saturating_sub(bytes.len() as u64);
                (Raw::Bytes(bytes), executable)
            }
            Lying::Large { executable } => (Raw::Large, executable),
        };
        let mode = self.mode(known, executable);
        let head = head.filter(|head| head.mode & 0o170_000 == 0o100_000).map(|head| head.id);
        self.files.insert(path.clone(), (mode, Found { raw, head }));
        Ok(())
    }

    /// A file or link lies where the path has a folder: it meets everything below.
    fn blocked_by(&mut self, above: &RepoPath) -> Result<(), Error> {
        if self.changes.contains_key(above) || self.files.contains_key(above) {
            return Ok(());
        }
        self.take(above, None, None)
    }

    /// The mode of a file: what the file system says, where it can say it.
    fn mode(&self, known: Option<u32>, executable: bool) -> u32 {
        let plain = if executable { 0o100_755 } else { 0o100_644 };
        let is_file = |mode: &u32| mode & 0o170_000 == 0o100_000;
        if self.file_mode { plain } else { known.filter(is_file).unwrap_or(0o100_644) }
    }

    /// The commit that a submodule stands on; `None` where it is not checked out.
    fn submodule_head(&self, path: &RepoPath) -> Result<Option<ObjectId>, Error> {
        let place = names::below(&self.worktree.path, path);
        if !place.join(".git").exists() {
            return Ok(None);
        }
        let output = self.repository.git.call(&place, "rev-parse").args(["--quiet", "--verify", "HEAD"]).output()?;
        Ok(ObjectId::from_hex(output.stdout.trim_ascii_end()).filter(|_| output.code == 0))
    }

    /// A file that is not there may be left out of a sparse checkout, or not be there yet.
    fn settle_missing(&mut self) -> Result<(), Error> {
        if !self.worktree.git_dir.join("index").exists() {
            self.changes.retain(|path, _| !self.missing.contains(path));
            return Ok(());
        }
        if self.missing.is_empty() || !self.worktree.git_dir.join("info/sparse-checkout").exists() {
            return Ok(());
        }
        let call = self.worktree.call(&self.worktree.git(self.repository)?, "ls-files").args(["-t", "-z", "--"]);
        let call = call.env("GIT_LITERAL_PATHSPECS", "1");
        let answer = call.args(self.missing.iter().map(|path| names::to_path(path.as_bytes()))).read()?;
        for record in answer.split(|&b| b == 0) {
            if let Some(Ok(path)) = record.strip_prefix(b"S ").map(RepoPath::new) {
                self.changes.remove(&path);
            }
        }
        Ok(())
    }

    /// A file that HEAD does not have may be ignored, and is nobody's work then.
    fn settle_new(&mut self) -> Result<(), Error> {
        let own = &self.repository.own_paths.untracked;
        self.files.retain(|path, _| !(self.new.contains(path) && own.contains(path)));
        self.new.retain(|path| self.files.contains_key(path) || self.changes.contains_key(path));
        if self.new.is_empty() {
            return Ok(());
        }
        let input: Vec<u8> = self.new.iter().flat_map(|path| [path.as_bytes(), b"\0"].concat()).collect();
        let call = self.worktree.call(&self.worktree.git(self.repository)?, "check-ignore");
        let output = call.args(["--no-index", "-z", "--stdin"]).stdin(input).output()?;
        if output.code > 1 {
            return Err(output.failed("check-ignore".into(), self.worktree.path.clone()));
        }
        for path in output.stdout.split(|&b| b == 0).filter_map(|path| RepoPath::new(path).ok()) {
            self.files.remove(&path);
            self.changes.remove(&path);
        }
        Ok(())
    }

    fn finish(mut self) -> Result<Snapshot, Error> {
        if !self.files.is_empty() {
            let cleaner = Cleaner::new(self.objects, self.repository, self.worktree)?;
            let modes: BTreeMap<RepoPath, u32> =
                self.files.iter().map(|(path, (mode, _))| (path.clone(), *mode)).collect();
            let files = std::mem::take(&mut self.files).into_iter().map(|(path, (_, found))| (path, found)).collect();
            for (path, stored) in cleaner.store(files)? {
                self.snapshot.unsure.extend(stored.unsure.map(|reason| (path.clone(), reason)));
                let mode = modes.get(&path).copied().unwrap_or(0o100_644);
                self.changes.insert(path, Some(Entry { mode, id: stored.id }));
            }
        }
        for (path, change) in &self.changes {
            let head = self.tree.map(|tree| tree::entry_at(self.objects, tree, path)).transpose()?.flatten();
            if head == *change {
                self.snapshot.same.insert(path.clone());
                self.snapshot.unsure.remove(path);
            }
        }
        self.changes.retain(|path, _| !self.snapshot.same.contains(path));
        self.snapshot.commit = self.commit_of_changes()?;
        Ok(self.snapshot)
    }
}

impl Taking<'_> {
    fn commit_of_changes(&self) -> Result<Option<ObjectId>, Error> {
        let merged = self.worktree.merge_heads();
        let head = self.worktree.head;
        if self.changes.is_empty() && (merged.is_empty() || head.is_none()) {
            return Ok(head);
        }
        let tree = tree::overlay(self.objects, self.tree, &self.changes)?;
        let parents: Vec<ObjectId> = head.into_iter().chain(merged).collect();
        tree::synthetic_commit(self.objects, tree, &parents).map(Some)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_lies_near_others_work_is_worth_reading() {
        let path = |text: &str| RepoPath::new(text).expect("valid");
        let mut near = Near::default();
        near.add(&path("src/a/b.rs"));
        near.add_deleted(&path("old/x/y.rs"));
        for text in ["src/a/b.rs", "src/a", "src", "src/a/b.rs/c", "old/x/new.rs", "old/z/new.rs", "old/x/y.rs"] {
            assert!(near.holds(&path(text)), "{text}");
        }
        for text in ["src/a/c.rs", "other", "src/b"] {
            assert!(!near.holds(&path(text)), "{text}");
        }
        assert!(Interest::All.holds(&path("x")) && !Interest::Near(near).holds(&path("x")));
    }
}
