//! Where a commit is being made: by which instance, onto which branch, beside whom.
//! Must not know: what the commit holds.

use std::fs;
use std::io;

use crate::domain::id::{Identity, ObjectId};
use crate::domain::report::Target;
use crate::failure::{Failure, Kind};
use crate::git::worktrees::Worktree;
use crate::ops::context::Context;
use crate::ops::labels;

/// The committing instance among all worktrees.
#[derive(Clone, Debug)]
pub struct Place {
    /// All worktrees, the committing one too.
    pub worktrees: Vec<Worktree>,
    /// The committing worktree.
    pub me: Worktree,
    /// Its label.
    pub label: String,
    /// What work lands on.
    pub target: Target,
    /// Whether the commit goes to the target branch itself.
    pub on_target: bool,
}

/// The committing worktree's label, unique among the worktrees as in every other answer.
fn label(worktrees: &[Worktree], me: &Worktree) -> String {
    let mut labels: Vec<(labels::Claim, &Identity, String)> =
        worktrees.iter().map(|one| (labels::claim_of_worktree(one), &one.identity, labels::of_worktree(one))).collect();
    labels::make_unique(labels.iter_mut().map(|(claim, identity, label)| (*claim, *identity, label)));
    let mine = labels.into_iter().find(|(_, identity, _)| **identity == me.identity);
    mine.map_or_else(|| labels::of_worktree(me), |(.., label)| label)
}

impl Place {
    /// Finds the worktree that the command runs in.
    ///
    /// # Errors
    /// Where git does not list it, or no target can be found.
    pub fn find(ctx: &Context) -> Result<Self, Failure> {
        let worktrees = ctx.worktrees()?;
        let here = ctx.repository.here.as_ref();
        let me = worktrees
            .iter()
            .find(|worktree| Some(&worktree.identity) == here)
            .ok_or_else(|| Failure::new(Kind::Repository, "git lists no worktree for this folder".to_owned()))?
            .clone();
        let target = ctx.target()?;
        let on_target = me.branch.is_some() && me.branch == target.name;
        Ok(Self { label: label(&worktrees, &me), worktrees, me, target, on_target })
    }

    /// The identity of the committing instance.
    #[must_use]
    pub fn identity(&self) -> &Identity {
        &self.me.identity
    }

    /// What is being merged: from MERGE_HEAD, which `git commit` concludes, else from the variables that `git merge` sets
    /// before it has written that file (`GITHEAD_<id>`, builtin/merge.c).
    ///
    /// # Errors
    /// Where MERGE_HEAD is there and cannot be read.
    pub fn merge_heads(&self, ctx: &Context) -> Result<Vec<ObjectId>, Failure> {
        let file = self.me.git_dir.join("MERGE_HEAD");
        match fs::read(&file) {
            Ok(bytes) => Ok(bytes.split(|&byte| byte == b'\n').filter_map(ObjectId::from_hex).collect()),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(ctx
                .env
                .variables
                .keys()
                .filter_map(|name| name.to_str()?.strip_prefix("GITHEAD_"))
                .filter_map(|hex| ObjectId::from_hex(hex.as_bytes()))
                .collect()),
            Err(error) => Err(Failure::new(Kind::Repository, format!("could not read {}: {error}", file.display()))),
        }
    }
}
