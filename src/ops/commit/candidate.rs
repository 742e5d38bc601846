//! The commit that is about to be made, as an object in memory.
//! Must not know: anybody else's work.

use std::collections::{BTreeMap, BTreeSet};

use crate::domain::id::ObjectId;
use crate::domain::path::RepoPath;
use crate::failure::Failure;
use crate::git::history;
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
    /// The others that what it merges has changed: left as they are, that is taken back, and others may go on from it.
    left: BTreeSet<RepoPath>,
}

impl Candidate {
    /// The paths on which it may meet somebody whom `head` does not meet.
    pub fn where_it_may_meet(&self) -> BTreeSet<RepoPath> {
        self.paths.union(&self.left).cloned().collect()
    }

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
        let left = brought_in(ctx, objects, head, &merged)?;
        Ok(Self { head, commit, tree, merged, paths: paths_of(changes), left })
    }

    /// A commit that exists, compared with what the branch had before it.
    ///
    /// # Errors
    /// Where an object cannot be read.
    pub fn of_commit(
        ctx: &Context,
        objects: &Objects,
        commit: ObjectId,
        before: Option<ObjectId>,
    ) -> Result<Self, Failure> {
        let made = objects.commit(commit)?;
        let (tree, merged): (_, Vec<_>) = (made.tree, made.parents.iter().copied().skip(1).collect());
        let paths = paths_of(tree::diff(objects, tree_of(objects, before)?, Some(tree))?);
        let left = if before == made.parents.first().copied() {
            brought_in(ctx, objects, before, &merged)?
        } else {
            BTreeSet::new()
        };
        Ok(Self { head: before, commit, tree, merged, paths, left })
    }
}

fn paths_of(changes: Vec<TreeChange>) -> BTreeSet<RepoPath> {
    changes.into_iter().map(|change| change.path).collect()
}

/// What the merged commits changed since they and `head` had all in common.
fn brought_in(
    ctx: &Context,
    objects: &Objects,
    head: Option<ObjectId>,
    merged: &[ObjectId],
) -> Result<BTreeSet<RepoPath>, Failure> {
    let mut paths = BTreeSet::new();
    let Some(head) = head else { return Ok(paths) };
    for &other in merged {
        for &base in history::merge_base(objects, head, other, ctx.deadline())?.commits() {
            let changes = tree::diff(objects, tree_of(objects, Some(base))?, tree_of(objects, Some(other))?)?;
            paths.extend(paths_of(changes));
        }
    }
    Ok(paths)
}

fn tree_of(objects: &Objects, commit: Option<ObjectId>) -> Result<Option<ObjectId>, git::Error> {
    commit.map(|commit| objects.commit(commit).map(|commit| commit.tree)).transpose()
}

fn after(changes: &[TreeChange]) -> BTreeMap<RepoPath, Option<tree::Entry>> {
    changes.iter().map(|change| (change.path.clone(), change.after)).collect()
}
