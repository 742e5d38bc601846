//! The commit that is about to be made, as an object in memory.
//! Must not know: anybody else's work.

use std::collections::{BTreeMap, BTreeSet};

use crate::domain::id::ObjectId;
use crate::domain::path::RepoPath;
use crate::failure::Failure;
use crate::git::objects::Objects;
use crate::git::tree::{self, TreeChange};
use crate::git::{self, status};
use crate::ops::context::Context;

/// A commit being judged. `commit` may exist in memory only.
#[derive(Clone, Debug)]
pub struct Candidate {
    /// What the branch has now: what the commit is compared with. `None` for the first commit.
    pub head: Option<ObjectId>,
    /// The commit itself: `head` and the other parents of a merge as parents.
    pub commit: ObjectId,
    /// Its tree: what an intent names.
    pub tree: ObjectId,
    /// The other parents, where it concludes a merge.
    pub merged: Vec<ObjectId>,
    /// Every path on which it differs from `head`.
    pub paths: BTreeSet<RepoPath>,
}

impl Candidate {
    /// The commit that git would make of the index in use, on top of `head`. That is the index of the hook's environment,
    /// which `commit -a` and `commit PATH` set to a temporary one.
    ///
    /// # Errors
    /// Where the index or an object cannot be read.
    pub fn of_index(
        ctx: &Context,
        objects: &Objects,
        head: Option<ObjectId>,
        merged: Vec<ObjectId>,
    ) -> Result<Self, Failure> {
        let changes = status::staged(&ctx.repository, objects, head)?;
        let tree = tree::overlay(objects, tree_of(objects, head)?, &after(&changes))?;
        let parents: Vec<_> = head.into_iter().chain(merged.iter().copied()).collect();
        let commit = tree::synthetic_commit(objects, tree, &parents)?;
        Ok(Self { head, commit, tree, merged, paths: changes.into_iter().map(|change| change.path).collect() })
    }

    /// A commit that exists, compared with what the branch had before it.
    ///
    /// # Errors
    /// Where an object cannot be read.
    pub fn of_commit(objects: &Objects, commit: ObjectId, before: Option<ObjectId>) -> Result<Self, Failure> {
        let made = objects.commit(commit)?;
        let (tree, merged) = (made.tree, made.parents.iter().copied().skip(1).collect());
        let changes = tree::diff(objects, tree_of(objects, before)?, Some(tree))?;
        Ok(Self { head: before, commit, tree, merged, paths: changes.into_iter().map(|change| change.path).collect() })
    }
}

fn tree_of(objects: &Objects, commit: Option<ObjectId>) -> Result<Option<ObjectId>, git::Error> {
    commit.map(|commit| objects.commit(commit).map(|commit| commit.tree)).transpose()
}

fn after(changes: &[TreeChange]) -> BTreeMap<RepoPath, Option<tree::Entry>> {
    changes.iter().map(|change| (change.path.clone(), change.after)).collect()
}
