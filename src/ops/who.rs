//! Who is there: every worktree, branch without one and ref that was asked for, each with its label. The one place that
//! finds people, so that all front doors call them the same. Must not know: working sets, verdicts.

mod selection;
mod wanted;

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::domain::id::{Identity, ObjectId, RefName};
use crate::domain::instance::Kind;
use crate::domain::sync::{Origin, SyncMode, Synced};
use crate::domain::time::Timestamp;
use crate::failure::{self, Failure};
use crate::git::names;
use crate::git::objects::Objects;
use crate::git::refs::Refs;
use crate::git::worktrees::Worktree;
use crate::ops::context::Context;
use crate::ops::labels::{self, Claim};
use crate::ops::sync;

use wanted::Wanted;
pub use wanted::Whom;

/// One instance by its names, before its work is looked at.
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
    pub worktree: Option<Box<Worktree>>,
    /// When it last changed, as far as that can be told without a look at its files.
    pub touched: Option<Timestamp>,
    /// Why it cannot be read.
    pub broken: Option<String>,
    /// What it published, of an instance of another machine.
    pub synced: Option<Arc<Synced>>,
}

/// Everybody that was found.
#[derive(Clone, Debug, Default)]
pub struct Everybody {
    /// Those that are wanted, sorted by label.
    pub all: Vec<Who>,
    /// Why the branches could not be listed.
    pub unlisted: Option<String>,
    /// What somebody should know of it.
    pub notices: Vec<String>,
}

/// One that was found, with what its label stands on, and whether it is wanted.
struct Candidate {
    who: Who,
    claim: Claim,
    wanted: bool,
}

impl Who {
    /// What `git merge` and `git rebase` take to build on its committed work; `None` while unborn.
    #[must_use]
    pub fn build_on(&self) -> Option<Vec<u8>> {
        if self.synced.is_some() {
            return None;
        }
        match (&self.branch, self.tip) {
            (Some(branch), Some(_)) => Some(branch.short().to_vec()),
            (None, Some(tip)) => Some(tip.short().into_bytes()),
            (_, None) => None,
        }
    }

    /// What stands behind it for the right of way: a branch that nobody has checked out stays one on another machine.
    #[must_use]
    pub fn rank(&self) -> Kind {
        match &self.synced {
            Some(synced) if synced.publication.kind == Kind::Branch => Kind::Branch,
            _ => self.kind,
        }
    }

    /// Whether its text stays on its machine.
    #[must_use]
    pub fn is_by_lines(&self) -> bool {
        self.synced.as_ref().is_some_and(|synced| synced.publication.mode == SyncMode::Paths)
    }

    /// What it works on, if anybody said so.
    #[must_use]
    pub fn task(&self, ctx: &Context) -> Option<String> {
        match &self.synced {
            Some(synced) => synced.publication.task.clone(),
            None => ctx.task_of(&self.identity),
        }
    }

    /// Where it comes from, of an instance of another machine.
    #[must_use]
    pub fn origin(&self, ctx: &Context) -> Option<Origin> {
        self.synced.as_ref().map(|synced| Origin {
            host: synced.host.clone(),
            mode: synced.publication.mode,
            seen: synced.seen,
            fetched: ctx.sync_state().ok().flatten().and_then(|state| state.fetched),
        })
    }

    /// Whether it is a worktree whose folder is gone.
    #[must_use]
    pub fn is_vanished(&self) -> bool {
        self.worktree.as_ref().is_some_and(|worktree| worktree.vanished)
    }
}

/// Everybody: all worktrees, and the branches and refs that are wanted. What `coord.exclude` names is left out. Labels do
/// not depend on what is wanted.
///
/// # Errors
/// Where a glob cannot be understood, or no target is found to tell from the work that lands on it.
pub fn everybody(
    ctx: &Context,
    objects: &Objects,
    worktrees: &[Worktree],
    whom: &Whom<'_>,
) -> Result<Everybody, Failure> {
    let wanted = Wanted::new(ctx, whom)?;
    let (found, unlisted) = match ctx.refs(objects, &wanted.patterns()) {
        Ok(found) => (found, None),
        Err(error) => (Refs::default(), Some(format!("the branches could not be listed: {error}"))),
    };
    let mut everybody = Everybody { unlisted, ..Everybody::default() };
    let mut candidates = Vec::new();
    for worktree in worktrees {
        let excluded = ctx.leaves_out_worktree(worktree);
        if worktree.vanished && !excluded {
            let place = worktree.path.display();
            everybody.notices.push(format!("the worktree {place} is gone; git worktree prune forgets it"));
        }
        let (who, claim) = of_worktree(worktree);
        let wanted = !excluded && !wanted.is_old(&who);
        candidates.push(Candidate { who, claim, wanted });
    }
    // What a vanished one committed is its branch's.
    let present = worktrees.iter().filter(|worktree| !worktree.vanished);
    let owned: BTreeSet<&RefName> = present.filter_map(|worktree| worktree.branch.as_ref()).collect();
    let synced = of_other_machines(ctx, &mut everybody.notices);
    candidates.extend(wanted.candidates(found, &owned, &synced));
    candidates.extend(wanted.other_machines(synced));
    labels::make_unique(candidates.iter_mut().map(|one| (one.claim, &one.who.identity, &mut one.who.label)));
    everybody.all = candidates.into_iter().filter_map(|one| one.wanted.then_some(one.who)).collect();
    everybody.all.sort_by(|a, b| a.label.cmp(&b.label).then_with(|| a.identity.cmp(&b.identity)));
    Ok(everybody)
}

/// Everybody that somebody may name: dormant branches and the target too.
///
/// # Errors
/// Where git cannot list them.
pub fn anybody(ctx: &Context, worktrees: &[Worktree]) -> Result<Vec<Who>, Failure> {
    let found = everybody(ctx, &ctx.repository.objects()?, worktrees, &Whom { all: true, ..Whom::default() })?;
    match found.unlisted {
        Some(reason) => Err(Failure::repository(reason)),
        None => Ok(found.all),
    }
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

/// What other machines published, as last fetched. That it cannot be read is said.
fn of_other_machines(ctx: &Context, notices: &mut Vec<String>) -> Vec<Arc<Synced>> {
    match ctx.sync_state() {
        Ok(None) => Vec::new(),
        Ok(Some(state)) if state.others.is_empty() => Vec::new(),
        Ok(Some(state)) => {
            notices.push(sync::told(ctx, state));
            state.others.values().cloned().map(Arc::new).collect()
        }
        Err(reason) => {
            notices.push(format!("the instances of other machines could not be read: {reason}"));
            Vec::new()
        }
    }
}

fn of_worktree(worktree: &Worktree) -> (Who, Claim) {
    let claim = labels::claim_of_worktree(worktree);
    let who = Who {
        identity: worktree.identity.clone(),
        label: labels::of_worktree(worktree),
        kind: Kind::Worktree,
        branch: worktree.branch.clone(),
        tip: worktree.head,
        touched: worktree.touched(),
        broken: worktree.broken.clone(),
        worktree: Some(Box::new(worktree.clone())),
        synced: None,
    };
    (who, claim)
}
