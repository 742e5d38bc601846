//! Which branches and other refs count as instances.
//! Must not know: worktrees, beyond the branches that they own.

use std::collections::BTreeSet;
use std::sync::Arc;

use globset::GlobSet;

use super::selection::{Selection, globs};
use super::{Candidate, Who};
use crate::domain::id::{Identity, RefName};
use crate::domain::instance::Kind;
use crate::domain::sync::Synced;
use crate::domain::time::Seconds;
use crate::failure::Failure;
use crate::git::names;
use crate::git::refs::{Ref, Refs};
use crate::ops::context::Context;
use crate::ops::labels::Claim;

/// Who is wanted besides the worktrees.
#[derive(Clone, Copy, Debug, Default)]
pub struct Whom<'a> {
    /// Only local branches whose short or full names match one of these globs, dormant ones too; all that are not dormant
    /// where this is empty.
    pub branches: &'a [String],
    /// Other refs too, whose full names match.
    pub refs: &'a [String],
    /// Leaves out whose work nobody touched for longer, and then takes dormant branches that are not that old.
    pub since: Option<Seconds>,
    /// Leaves out branches and refs whose tip was written by nobody whose name or address holds one of these.
    pub authors: &'a [String],
    /// Leaves out branches and refs whose short or full names match.
    pub exclude: &'a [String],
    /// Dormant branches and the target too, as for a name that somebody typed.
    pub all: bool,
}

/// The choice, ready to be made.
pub(super) struct Wanted<'a> {
    ctx: &'a Context,
    branches: GlobSet,
    refs: GlobSet,
    all: bool,
    target: Option<RefName>,
    selection: Selection,
}

impl<'a> Wanted<'a> {
    pub(super) fn new(ctx: &'a Context, whom: &Whom<'_>) -> Result<Self, Failure> {
        Ok(Self {
            ctx,
            branches: globs("--branches", whom.branches)?,
            refs: globs("--refs", whom.refs)?,
            all: whom.all,
            target: if whom.all { None } else { ctx.target()?.name },
            selection: Selection::new(whom)?,
        })
    }

    /// Whether a worktree is too old for what was asked; nobody leaves out the one that they work in.
    pub(super) fn is_old(&self, worktree: &Who) -> bool {
        Some(&worktree.identity) != self.ctx.repository.here.as_ref()
            && self.selection.is_old(self.ctx.now, worktree.touched, None)
    }

    pub(super) fn patterns(&self) -> Vec<&'static str> {
        match (self.refs.is_empty(), self.ctx.policy.remotes) {
            (false, _) => vec!["refs/"],
            (true, true) => vec!["refs/heads/", "refs/remotes/"],
            (true, false) => vec!["refs/heads/"],
        }
    }

    /// All of them, those that lead nowhere too, but for what a worktree owns, which counts there.
    pub(super) fn candidates(&self, found: Refs, owned: &BTreeSet<&RefName>, synced: &[Arc<Synced>]) -> Vec<Candidate> {
        let mut local = self.counted_locally(&found.good, owned);
        // What its owner publishes himself is told by that, not by the remote branch of the same name.
        let published = synced.iter().filter_map(|other| other.publication.branch.as_ref());
        local.extend(published.filter_map(|name| name.as_bytes().strip_prefix(b"refs/heads/")).map(<[u8]>::to_vec));
        let mut candidates = Vec::new();
        for found in found.good.into_iter().filter(|found| !owned.contains(&found.name)) {
            let asked = self.is_asked_for(&found.name);
            let twin = is_twin(&found.name, &local);
            let left_out = self.selection.leaves_out(&found.name, &found.author);
            let who = of_ref(found, asked);
            let dormant = (!asked).then_some(self.ctx.policy.active_within);
            let old = self.selection.is_old(self.ctx.now, who.touched, dormant);
            let wanted = self.may_count(&who) && (self.all || !twin && !left_out && !old);
            candidates.push(Candidate { claim: claim(&who), who, wanted });
        }
        for broken in found.broken.into_iter().filter(|broken| !owned.contains(&broken.name)) {
            let label = String::from_utf8_lossy(broken.name.short()).into_owned();
            let reason = format!("the branch cannot be used: {}", broken.reason);
            let who = Who { broken: Some(reason), label, ..of_name(broken.name) };
            let wanted = who.kind == Kind::Branch && self.may_count(&who);
            candidates.push(Candidate { claim: claim(&who), who, wanted });
        }
        candidates
    }

    /// The instances of other machines, all of them but where branches are named.
    pub(super) fn other_machines(&self, synced: Vec<Arc<Synced>>) -> Vec<Candidate> {
        let candidate = |other: Arc<Synced>| {
            let branch = other.publication.branch.clone();
            let left_out = branch.as_ref().is_some_and(|name| {
                self.ctx.leaves_out(name) || self.selection.leaves_out(name, other.publication.host.as_bytes())
            });
            let touched = Some(other.touched());
            let old = self.selection.is_old(self.ctx.now, touched, Some(self.ctx.policy.active_within));
            let who = Who {
                label: other.label(),
                kind: Kind::Synced,
                branch,
                tip: other.committed,
                touched,
                synced: Some(Arc::clone(&other)),
                ..of_name(other.name.clone())
            };
            let wanted = self.all || self.branches.is_empty() && !left_out && !old;
            Candidate { claim: Claim::Elsewhere, who, wanted }
        };
        synced.into_iter().map(candidate).collect()
    }

    /// The short names of the local branches that count themselves, in a worktree or without one, and of the target: a
    /// remote branch of the same name is the same work, even where it is asked for.
    fn counted_locally(&self, found: &[Ref], owned: &BTreeSet<&RefName>) -> BTreeSet<Vec<u8>> {
        let counts = |found: &&Ref| {
            let dormant = self.ctx.now.since(found.committer_time) > self.ctx.policy.active_within;
            self.is_eligible(&found.name) && (!dormant || self.is_asked_for(&found.name))
        };
        let names = found.iter().filter(counts).map(|found| &found.name);
        let names = names.chain(owned.iter().copied()).chain(&self.target);
        names.filter_map(|name| name.as_bytes().strip_prefix(b"refs/heads/")).map(<[u8]>::to_vec).collect()
    }

    /// Whether a glob names it.
    fn is_asked_for(&self, name: &RefName) -> bool {
        let is_branch = name.as_bytes().starts_with(b"refs/heads/");
        matches(&self.refs, name.as_bytes())
            || is_branch && (matches(&self.branches, name.short()) || matches(&self.branches, name.as_bytes()))
    }

    fn may_count(&self, who: &Who) -> bool {
        who.branch.as_ref().is_some_and(|name| self.is_eligible(name))
    }

    /// Whether it may count at all: what work lands on does not.
    fn is_eligible(&self, name: &RefName) -> bool {
        if Some(name) == self.target.as_ref() || self.ctx.leaves_out(name) {
            return false;
        }
        let by_rule = match name.as_bytes() {
            name if name.starts_with(b"refs/heads/") => self.branches.is_empty(),
            name if name.starts_with(b"refs/remotes/") => self.ctx.policy.remotes,
            _ => false,
        };
        by_rule || self.is_asked_for(name)
    }
}

fn matches(globs: &GlobSet, name: &[u8]) -> bool {
    globs.is_match(names::to_path(name))
}

/// Whether a remote branch only repeats a local one.
fn is_twin(name: &RefName, local: &BTreeSet<Vec<u8>>) -> bool {
    let Some(short) = name.as_bytes().strip_prefix(b"refs/remotes/") else { return false };
    let at = short.iter().position(|&b| b == b'/').map_or(short.len(), |at| at + 1);
    local.contains(&short[at..])
}

fn of_name(name: RefName) -> Who {
    let is_branch = name.as_bytes().starts_with(b"refs/heads/");
    Who {
        identity: Identity::Ref(name.clone()),
        label: String::new(),
        kind: if is_branch { Kind::Branch } else { Kind::Remote },
        branch: Some(name),
        tip: None,
        worktree: None,
        touched: None,
        broken: None,
        synced: None,
    }
}

/// A ref of somebody else's that was asked for by a glob goes by its full name.
fn of_ref(found: Ref, asked: bool) -> Who {
    let is_branch = found.name.as_bytes().starts_with(b"refs/heads/");
    let name = if asked && !is_branch { found.name.as_bytes() } else { found.name.short() };
    Who {
        label: String::from_utf8_lossy(name).into_owned(),
        tip: Some(found.oid),
        touched: found.moved.max(Some(found.committer_time)),
        ..of_name(found.name)
    }
}

fn claim(who: &Who) -> Claim {
    if who.kind == Kind::Branch { Claim::Branch } else { Claim::Elsewhere }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_remote_branch_repeats_the_local_one_of_its_name() {
        let local = BTreeSet::from([b"feat/a".to_vec()]);
        let twin = |name: &str| is_twin(&RefName::new(name), &local);
        assert!(twin("refs/remotes/origin/feat/a"));
        assert!(!twin("refs/remotes/origin/feat"));
        assert!(!twin("refs/remotes/origin/a"));
        assert!(!twin("refs/heads/feat/a"));
    }
}
