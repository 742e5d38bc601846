//! Who is there: worktrees, branches without one, refs that were asked for; each with its label.
//! Must not know: what anybody changed.

use std::collections::BTreeSet;
use std::fs;

use globset::{GlobBuilder, GlobMatcher};

use super::SurveyOptions;
use crate::domain::id::{Identity, ObjectId, RefName};
use crate::domain::instance::Kind;
use crate::domain::report::Target;
use crate::domain::time::Timestamp;
use crate::failure::{self, Failure};
use crate::git::names;
use crate::git::refs::{self, Ref, Refs};
use crate::git::worktrees::{self, Worktree};
use crate::ops::context::Context;
use crate::ops::labels;

/// One instance before its work is looked at.
#[derive(Clone, Debug)]
pub(super) struct Person {
    pub(super) identity: Identity,
    pub(super) label: String,
    pub(super) kind: Kind,
    pub(super) branch: Option<RefName>,
    pub(super) tip: Option<ObjectId>,
    pub(super) worktree: Option<Worktree>,
    /// When it last changed, without a look at its files.
    pub(super) touched: Option<Timestamp>,
    /// Why it cannot be read.
    pub(super) broken: Option<String>,
}

/// Everybody, sorted by label.
#[derive(Clone, Debug, Default)]
pub(super) struct People {
    pub(super) all: Vec<Person>,
    /// What could not be listed at all.
    pub(super) unlisted: Option<String>,
    pub(super) notices: Vec<String>,
}

/// Finds everybody that is to be looked at.
pub(super) fn find(ctx: &Context, options: &SurveyOptions, target: &Target) -> Result<People, Failure> {
    let mut people = People::default();
    let worktrees = worktrees::list(&ctx.repository)?;
    let left_out = |worktree: &&Worktree| worktree.branch.as_ref().is_some_and(|branch| ctx.leaves_out(branch));
    for worktree in worktrees.iter().filter(|worktree| !left_out(worktree)) {
        if worktree.vanished {
            let place = worktree.path.display();
            people.notices.push(format!("the worktree {place} is gone; git worktree prune forgets it"));
        }
        people.all.push(of_worktree(worktree));
    }
    let wanted = Wanted::new(ctx, options, target, &worktrees)?;
    match refs::list_all(&ctx.repository, &wanted.patterns()) {
        Ok(found) => people.all.extend(wanted.choose(ctx, found)),
        Err(error) => people.unlisted = Some(format!("the branches could not be listed: {error}")),
    }
    labels::make_unique(people.all.iter_mut().map(|person| (&person.identity, &mut person.label)));
    if options.here_only {
        // After the labels are made unique, so that it is called here as everywhere.
        people.all.retain(|person| Some(&person.identity) == ctx.repository.here.as_ref());
    }
    people.all.sort_by(|a, b| a.label.cmp(&b.label).then_with(|| a.identity.cmp(&b.identity)));
    Ok(people)
}

fn of_worktree(worktree: &Worktree) -> Person {
    Person {
        identity: worktree.identity.clone(),
        label: labels::of_worktree(worktree),
        kind: Kind::Worktree,
        branch: worktree.branch.clone(),
        tip: worktree.head,
        touched: worktree.touched(),
        broken: worktree.broken.clone(),
        worktree: Some(worktree.clone()),
    }
}

/// Which refs count as instances.
struct Wanted<'a> {
    branches: Vec<GlobMatcher>,
    refs: Vec<GlobMatcher>,
    remotes: bool,
    target: &'a Target,
    owned: BTreeSet<&'a RefName>,
}

impl<'a> Wanted<'a> {
    fn new(
        ctx: &Context,
        options: &SurveyOptions,
        target: &'a Target,
        worktrees: &'a [Worktree],
    ) -> Result<Self, Failure> {
        let present = worktrees.iter().filter(|worktree| !worktree.vanished);
        Ok(Self {
            branches: globs("--branches", &options.branches)?,
            refs: globs("--refs", &options.refs)?,
            remotes: ctx.policy.remotes,
            target,
            owned: present.filter_map(|worktree| worktree.branch.as_ref()).collect(),
        })
    }

    fn patterns(&self) -> Vec<&'static str> {
        match (self.refs.is_empty(), self.remotes) {
            (false, _) => vec!["refs/"],
            (true, true) => vec!["refs/heads/", "refs/remotes/"],
            (true, false) => vec!["refs/heads/"],
        }
    }

    /// Those that are wanted, with the ones that lead nowhere.
    fn choose(&self, ctx: &Context, found: Refs) -> Vec<Person> {
        let local = self.counted_locally(ctx, &found.good);
        let mut people = Vec::new();
        for found in found.good {
            let asked = self.is_asked_for(&found.name);
            if !self.is_candidate(ctx, &found.name) || is_twin(&found.name, &local) {
                continue;
            }
            let person = of_ref(ctx, found, asked);
            let dormant = person.touched.is_some_and(|at| ctx.now.since(at) > ctx.policy.active_within);
            if asked || !dormant {
                people.push(person);
            }
        }
        let broken = found.broken.into_iter().filter(|broken| {
            broken.name.as_bytes().starts_with(b"refs/heads/") && self.is_candidate(ctx, &broken.name)
        });
        people.extend(broken.map(|broken| {
            let label = String::from_utf8_lossy(broken.name.short()).into_owned();
            let reason = format!("the branch cannot be used: {}", broken.reason);
            Person { broken: Some(reason), label, ..of_name(broken.name) }
        }));
        people
    }

    /// The short names of the local branches that count themselves, in a worktree or without one, and of the target: a
    /// remote branch of the same name is the same work, even where it is asked for.
    fn counted_locally(&self, ctx: &Context, found: &[Ref]) -> BTreeSet<Vec<u8>> {
        let counts = |found: &&Ref| {
            let dormant = ctx.now.since(found.committer_time) > ctx.policy.active_within;
            self.is_candidate(ctx, &found.name) && (!dormant || self.is_asked_for(&found.name))
        };
        let names = found.iter().filter(counts).map(|found| &found.name);
        let names = names.chain(self.owned.iter().copied()).chain(self.target.name.as_ref());
        names.filter_map(|name| name.as_bytes().strip_prefix(b"refs/heads/")).map(<[u8]>::to_vec).collect()
    }

    /// Whether a glob names it.
    fn is_asked_for(&self, name: &RefName) -> bool {
        let is = |globs: &[GlobMatcher], name: &[u8]| globs.iter().any(|glob| glob.is_match(names::to_path(name)));
        let is_branch = name.as_bytes().starts_with(b"refs/heads/");
        is(&self.refs, name.as_bytes())
            || is_branch && (is(&self.branches, name.short()) || is(&self.branches, name.as_bytes()))
    }

    /// Whether it may count at all: what work lands on does not, and what a worktree has counts there.
    fn is_candidate(&self, ctx: &Context, name: &RefName) -> bool {
        if Some(name) == self.target.name.as_ref() || self.owned.contains(name) || ctx.leaves_out(name) {
            return false;
        }
        let by_rule = match name.as_bytes() {
            name if name.starts_with(b"refs/heads/") => self.branches.is_empty(),
            name if name.starts_with(b"refs/remotes/") => self.remotes,
            _ => false,
        };
        by_rule || self.is_asked_for(name)
    }
}

/// Globs of names; `*` matches `/` too, as branches are rarely asked for by level.
fn globs(flag: &str, texts: &[String]) -> Result<Vec<GlobMatcher>, Failure> {
    let wrong = |error| Failure::new(failure::Kind::Usage, format!("{flag}: {error}"));
    texts.iter().map(|text| Ok(GlobBuilder::new(text).build().map_err(wrong)?.compile_matcher())).collect()
}

/// Whether a remote branch only repeats a local one.
fn is_twin(name: &RefName, local: &BTreeSet<Vec<u8>>) -> bool {
    let Some(short) = name.as_bytes().strip_prefix(b"refs/remotes/") else { return false };
    let at = short.iter().position(|&b| b == b'/').map_or(short.len(), |at| at + 1);
    local.contains(&short[at..])
}

fn of_name(name: RefName) -> Person {
    let is_branch = name.as_bytes().starts_with(b"refs/heads/");
    Person {
        identity: Identity::Ref(name.clone()),
        label: String::new(),
        kind: if is_branch { Kind::Branch } else { Kind::Remote },
        branch: Some(name),
        tip: None,
        worktree: None,
        touched: None,
        broken: None,
    }
}

/// A ref that was asked for by a glob goes by its full name.
fn of_ref(ctx: &Context, found: Ref, asked: bool) -> Person {
    let name = if asked { found.name.as_bytes() } else { found.name.short() };
    let log = ctx.repository.common_dir.join("logs").join(names::to_path(found.name.as_bytes()));
    let moved = fs::symlink_metadata(log).ok().and_then(|meta| names::written_at(&meta));
    Person {
        label: String::from_utf8_lossy(name).into_owned(),
        tip: Some(found.oid),
        touched: moved.max(Some(found.committer_time)),
        ..of_name(found.name)
    }
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
