//! A line of work by itself against the target: what it changed, whether it lands, what it leaves there.
//! Must not know: other lines of work, how any of that is found out.

use std::collections::BTreeMap;
use std::ops::{Deref, DerefMut};

use super::super::history::Fork;
use super::super::tree::Entry;
use super::memory::Outline;
use super::walk::Touched;
use super::{Landing, Line};
use crate::domain::id::ObjectId;
use crate::domain::overlap::{ConflictKind, PathConflict};
use crate::domain::path::RepoPath;

/// A line of work brought onto the target. There may be a thousand, handed on five
/// times, so each has a piece of memory of its own.
#[derive(Clone, Debug)]
pub(super) struct Brought(Box<Account>);

/// What is known of it.
#[derive(Clone, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each is a finding of its own; no two exclude each other")]
pub(super) struct Account {
    pub(super) tip: ObjectId,
    pub(super) tree: Option<ObjectId>,
    pub(super) judge_unlanded: bool,
    pub(super) fork: Fork,
    /// Its commits that the target has not.
    pub(super) own: Vec<ObjectId>,
    /// The tree it started from.
    pub(super) base: Option<ObjectId>,
    /// What it changed, sorted by path, beside what the target has there.
    pub(super) touched: Vec<Touched>,
    /// Of the paths that were looked at alone, those that the target got since it left.
    pub(super) late: Vec<RepoPath>,
    /// Whether it added a path; said too where that is not known.
    pub(super) adds: bool,
    /// Whether git had to bring it there.
    pub(super) by_git: bool,
    /// Where it does not land.
    pub(super) conflicts: BTreeMap<RepoPath, ConflictKind>,
    pub(super) complete: bool,
    /// What it makes of the target, where that differs from the target, the conflicting paths left out.
    pub(super) effective: BTreeMap<RepoPath, Option<Entry>>,
    /// Whether its work is in the target already.
    pub(super) already: bool,
    pub(super) unknown: Option<String>,
    /// What of its changes are moves, where somebody looked for them already.
    pub(super) renames: Option<Vec<(RepoPath, RepoPath)>>,
    /// From an earlier time: contents that were merged then are not in memory now.
    pub(super) remembered: bool,
    /// What it touched and made of the target, where not all of that was read.
    pub(super) outline: Option<Outline>,
}

impl Deref for Brought {
    type Target = Account;

    fn deref(&self) -> &Account {
        &self.0
    }
}

impl DerefMut for Brought {
    fn deref_mut(&mut self) -> &mut Account {
        &mut self.0
    }
}

impl From<Account> for Brought {
    fn from(account: Account) -> Self {
        Self(Box::new(account))
    }
}

impl Brought {
    pub(super) fn new(line: &Line) -> Self {
        Self::from(Account {
            tip: line.tip,
            tree: None,
            judge_unlanded: line.judge_unlanded,
            fork: Fork::None,
            own: Vec::new(),
            base: None,
            touched: Vec::new(),
            late: Vec::new(),
            adds: false,
            by_git: false,
            conflicts: BTreeMap::new(),
            complete: true,
            effective: BTreeMap::new(),
            already: false,
            unknown: None,
            renames: None,
            remembered: false,
            outline: None,
        })
    }

    /// What it started from at the paths it changed.
    pub(super) fn base_blobs(&self) -> impl Iterator<Item = ObjectId> {
        self.touched.iter().filter_map(|touched| touched.base).map(|base| base.id)
    }

    pub(super) fn touches(&self, path: &RepoPath) -> bool {
        self.touched.binary_search_by(|touched| touched.path.cmp(path)).is_ok()
    }

    /// What it added or deleted, of which some may be moves.
    pub(super) fn moved(&self) -> impl Iterator<Item = &Touched> {
        self.touched.iter().filter(|touched| touched.base.is_none() || touched.theirs.is_none())
    }

    /// Whether it does nothing but to change files that base and target have too: then it meets others at its own paths alone.
    pub(super) fn only_modifies(&self) -> bool {
        let everywhere =
            |touched: &Touched| touched.base.is_some() && touched.ours.is_some() && touched.theirs.is_some();
        self.lands() && !self.by_git && self.touched.iter().all(everywhere)
    }

    /// Where it did something, as far as that is known.
    pub(super) fn paths(&self) -> impl Iterator<Item = &RepoPath> {
        self.touched.iter().map(|touched| &touched.path).chain(self.effective.keys()).chain(self.conflicts.keys())
    }

    pub(super) fn lands(&self) -> bool {
        self.unknown.is_none() && self.conflicts.is_empty()
    }

    pub(super) fn landing(&self) -> Landing {
        if let Some(reason) = &self.unknown {
            return Landing::Unknown(reason.clone());
        }
        if self.already {
            return Landing::AlreadyThere;
        }
        if self.conflicts.is_empty() {
            return Landing::Clean;
        }
        let conflict = |(path, kind): (&RepoPath, &ConflictKind)| PathConflict { path: path.clone(), kind: *kind };
        Landing::Conflicts { paths: self.conflicts.iter().map(conflict).collect(), complete: self.complete }
    }
}
