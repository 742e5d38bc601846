//! Who is there: every worktree and branch with its label, without a look into any tree.
//! Must not know: working sets, verdicts.

use std::collections::BTreeSet;
use std::time::UNIX_EPOCH;

use crate::domain::id::{Identity, ObjectId, RefName};
use crate::domain::instance::Kind;
use crate::domain::time::Timestamp;
use crate::failure::{self, Failure};
use crate::git::names;
use crate::git::refs::{self, Ref};
use crate::git::worktrees::Worktree;
use crate::ops::context::Context;
use crate::ops::labels;

/// One instance by its names.
#[derive(Clone, Debug)]
pub struct Who {
    /// What it is, for ever.
    pub identity: Identity,
    /// Its label, unique among everybody.
    pub label: String,
    /// What stands behind it.
    pub kind: Kind,
    /// The branch it is on.
    pub branch: Option<RefName>,
    /// Its tip.
    pub tip: Option<ObjectId>,
    /// The worktree behind it.
    pub worktree: Option<Worktree>,
    /// When its branch last moved or its index was last written, which is what can be told without reading its tree.
    pub touched: Option<Timestamp>,
}

impl Who {
    /// What `git merge` and `git rebase` take to build on its committed work; `None` while unborn.
    #[must_use]
    pub fn build_on(&self) -> Option<Vec<u8>> {
        match (&self.branch, self.tip) {
            (Some(branch), Some(_)) => Some(branch.short().to_vec()),
            (None, Some(tip)) => Some(tip.short().into_bytes()),
            (_, None) => None,
        }
    }
}

/// Everybody, sorted by label: worktrees that are there, local branches without one, with `coord.remotes` remote branches.
/// What `coord.exclude` names is left out.
///
/// # Errors
/// Where git cannot list the refs.
pub fn everybody(ctx: &Context, worktrees: &[Worktree]) -> Result<Vec<Who>, Failure> {
    let owned: BTreeSet<&RefName> = worktrees.iter().filter_map(|worktree| worktree.branch.as_ref()).collect();
    let mut patterns = vec!["refs/heads"];
    if ctx.policy.remotes {
        patterns.push("refs/remotes");
    }
    let found = refs::list(&ctx.repository, &patterns)?;
    let branches = found.into_iter().filter(|branch| !owned.contains(&branch.name)).map(of_branch);
    let present = worktrees.iter().filter(|worktree| !worktree.vanished).map(of_worktree);
    let kept = |who: &Who| who.branch.as_ref().is_none_or(|branch| !ctx.leaves_out(branch));
    let mut everybody: Vec<Who> = present.chain(branches).filter(kept).collect();
    labels::make_unique(everybody.iter_mut().map(|who| (&who.identity, &mut who.label)));
    everybody.sort_by(|a, b| a.label.cmp(&b.label).then_with(|| a.identity.cmp(&b.identity)));
    Ok(everybody)
}

/// The one that somebody typed: by label, branch, full ref or folder.
///
/// # Errors
/// Where nobody is called so; the hint names those who are there.
pub fn find<'a>(everybody: &'a [Who], typed: &str) -> Result<&'a Who, Failure> {
    let is_called = |who: &&Who| {
        let branch = who.branch.as_ref().map(RefName::as_bytes);
        let folder = who.worktree.as_ref().map(|worktree| names::to_bytes(&worktree.path));
        who.label == typed
            || branch
                .is_some_and(|name| name == typed.as_bytes() || name == [b"refs/heads/", typed.as_bytes()].concat())
            || folder.is_some_and(|folder| folder == typed.trim_end_matches('/').as_bytes())
    };
    everybody.iter().find(|who| who.label == typed).or_else(|| everybody.iter().find(is_called)).ok_or_else(|| {
        let labels: Vec<_> = everybody.iter().map(|who| who.label.as_str()).take(20).collect();
        Failure::new(failure::Kind::Usage, format!("nobody here is called {typed}"))
            .hint(format!("at work are: {}", labels.join(", ")))
    })
}

fn of_branch(branch: Ref) -> Who {
    let remote = branch.name.as_bytes().starts_with(b"refs/remotes/");
    Who {
        identity: Identity::Ref(branch.name.clone()),
        label: String::from_utf8_lossy(branch.name.short()).into_owned(),
        kind: if remote { Kind::Remote } else { Kind::Branch },
        tip: Some(branch.oid),
        worktree: None,
        touched: Some(branch.committer_time),
        branch: Some(branch.name),
    }
}

fn of_worktree(worktree: &Worktree) -> Who {
    Who {
        identity: worktree.identity.clone(),
        label: labels::of_worktree(worktree),
        kind: Kind::Worktree,
        branch: worktree.branch.clone(),
        tip: worktree.head,
        touched: touched(worktree),
        worktree: Some(worktree.clone()),
    }
}

/// The latest of the times at which git last wrote the worktree's index and its HEAD's log.
fn touched(worktree: &Worktree) -> Option<Timestamp> {
    let of = |name: &str| {
        let changed = worktree.git_dir.join(name).symlink_metadata().ok()?.modified().ok()?;
        i64::try_from(changed.duration_since(UNIX_EPOCH).ok()?.as_secs()).ok().map(Timestamp)
    };
    ["index", "logs/HEAD", "HEAD"].into_iter().filter_map(of).max()
}
