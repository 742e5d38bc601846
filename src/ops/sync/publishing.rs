//! What would be published of each instance of this clone, as objects in memory.
//! Must not know: the network, what was published before.

use std::collections::{BTreeMap, BTreeSet};

use globset::{Glob, GlobSet, GlobSetBuilder};

use super::Talk;
use crate::domain::hash::hash;
use crate::domain::id::{ObjectId, RefName};
use crate::domain::instance::Kind;
use crate::domain::path::RepoPath;
use crate::domain::sync::{Host, Publication, PublishedPath, SyncMode, Yield, ref_of};
use crate::domain::text::{self, LineTable};
use crate::domain::time::Timestamp;
use crate::failure::Failure;
use crate::git::objects::{ObjectKind, Objects};
use crate::git::tree::{self, Entry, SUBMODULE, TreeChange};
use crate::git::{self, names, publication};
use crate::ops::context::Context;
use crate::ops::survey::{self, Lying};
use crate::ops::who::{self, Who, Whom};
use crate::store::sync_record;

/// Larger files stay here.
const LARGEST: usize = 20 << 20;

/// Larger files are not diffed for their lines.
const LARGEST_DIFFED: usize = 1 << 20;

/// One instance as it would be published.
#[derive(Clone, Debug)]
pub(super) struct Draft {
    pub(super) name: RefName,
    pub(super) label: String,
    pub(super) commit: ObjectId,
    /// What it says, but for the time.
    pub(super) says: String,
    /// The paths that others get to see as changed.
    pub(super) paths: Vec<RepoPath>,
    pub(super) withheld: u64,
}

/// All drafts, and who could not be read.
#[derive(Debug, Default)]
pub(super) struct Drafts {
    pub(super) drafts: Vec<Draft>,
    pub(super) unread: Vec<(RefName, String)>,
}

/// Looks at every instance of this clone.
pub(super) fn drafts(talk: &Talk<'_>, objects: &Objects, remote: &str) -> Result<Drafts, Failure> {
    let (ctx, host) = (talk.ctx, &talk.host);
    let worktrees = ctx.worktrees()?;
    let mut people = who::everybody(ctx, objects, &worktrees, &Whom::default())?;
    if let Some(reason) = people.unlisted {
        return Err(Failure::repository(reason));
    }
    let own = |who: &Who| matches!(who.kind, Kind::Worktree | Kind::Branch) && !who.is_vanished();
    people.all.retain(own);
    let target = ctx.target()?;
    let lying = survey::lying(ctx, objects, &target, &people);
    let tips: Vec<Option<ObjectId>> = people.all.iter().map(|who| who.tip).collect();
    let forks = survey::forks(objects, &target, &tips);
    let desk = Desk { ctx, objects, host, exclude: excluded(ctx)?, remote, yielded: &talk.state.yielded };
    let mut drafts = Drafts::default();
    for ((who, lying), fork) in people.all.iter().zip(&lying).zip(forks) {
        // A branch that holds nothing of its own has nobody at work.
        if who.kind == Kind::Branch && fork == who.tip {
            continue;
        }
        match desk.draft(who, lying, fork) {
            Ok(draft) => drafts.drafts.push(draft),
            Err(failure) => {
                drafts
                    .unread
                    .push((ref_of(host, &who.identity), format!("{}: {}", who.label, failure.whole_message())));
            }
        }
    }
    Ok(drafts)
}

struct Desk<'a> {
    ctx: &'a Context,
    objects: &'a Objects,
    host: &'a Host,
    exclude: GlobSet,
    remote: &'a str,
    yielded: &'a BTreeMap<RefName, Vec<Yield>>,
}

/// A tree for others to see, and what is left of history below it.
struct Shown {
    tree: ObjectId,
    parents: Vec<ObjectId>,
    withheld: u64,
}

impl Desk<'_> {
    fn draft(&self, who: &Who, lying: &Lying, fork: Option<ObjectId>) -> Result<Draft, Failure> {
        if let Some(reason) = &lying.unknown {
            return Err(Failure::repository(reason.clone()));
        }
        let line = lying.line.ok_or_else(|| Failure::repository("it has no commit yet"))?;
        let shown = match self.ctx.policy.sync {
            SyncMode::Content => self.shown(who.tip, line, fork)?,
            _ => None,
        };
        let mode = if shown.is_some() { SyncMode::Content } else { SyncMode::Paths };
        let mut told = self.told(who, mode, fork);
        let (tree, parents, paths) = if let Some(shown) = shown {
            told.withheld = shown.withheld + lying.unread;
            let paths = self.changes(fork, shown.tree)?.into_iter().map(|change| change.path).collect();
            (shown.tree, shown.parents, paths)
        } else {
            self.tell_paths(&mut told, who.tip, line, fork)?;
            told.withheld += lying.unread;
            let paths = told.paths.iter().map(|told| told.path.clone()).collect();
            (self.objects.add(ObjectKind::Tree, b"")?, Vec::new(), paths)
        };
        let message = sync_record::encode(&told);
        let timeless = sync_record::encode(&Publication { at: Timestamp(0), touched: None, ..told.clone() });
        let says = [tree.to_string(), format!("{parents:?}"), hash(&timeless)].concat();
        Ok(Draft {
            name: ref_of(self.host, &who.identity),
            label: who.label.clone(),
            commit: publication::commit(self.objects, tree, &parents, &message, told.at)?,
            says: hash(says.as_bytes()),
            paths,
            withheld: told.withheld,
        })
    }

    fn told(&self, who: &Who, mode: SyncMode, fork: Option<ObjectId>) -> Publication {
        Publication {
            mode,
            host: self.host.name.clone(),
            label: who.label.clone(),
            kind: who.kind,
            task: who.task(self.ctx),
            branch: who.branch.clone(),
            tip: who.tip,
            base: fork,
            touched: who.touched,
            at: self.ctx.now,
            paths: Vec::new(),
            withheld: 0,
            yielded: self.yielded.get(&ref_of(self.host, &who.identity)).cloned().unwrap_or_default(),
        }
    }

    fn tree_of(&self, commit: Option<ObjectId>) -> Result<Option<ObjectId>, git::Error> {
        commit.map(|id| self.objects.commit(id).map(|commit| commit.tree)).transpose()
    }

    fn changes(&self, from: Option<ObjectId>, tree: ObjectId) -> Result<Vec<TreeChange>, git::Error> {
        match self.tree_of(from)? {
            Some(from) => tree::diff(self.objects, Some(from), Some(tree)),
            None => Ok(Vec::new()),
        }
    }

    fn is_excluded(&self, path: &RepoPath) -> bool {
        !self.exclude.is_empty() && self.exclude.is_match(names::to_path(path.as_bytes()))
    }

    /// The work as others may see it; `None` where it cannot be shown without what must not leave.
    fn shown(&self, tip: Option<ObjectId>, line: ObjectId, fork: Option<ObjectId>) -> Result<Option<Shown>, Failure> {
        let commit = self.objects.commit(line)?;
        let parents = if Some(line) == tip { tip.into_iter().collect() } else { commit.parents.clone() };
        let (tree, withheld) = self.without(self.tree_of(tip)?, commit.tree)?;
        if !self.holds_excluded(tip)? {
            return Ok(Some(Shown { tree, parents, withheld }));
        }
        // What was committed and must not leave cannot be sent with its history: one commit stands for it.
        let (Some(fork), Some(tip)) = (fork.filter(|fork| Some(*fork) != tip), tip) else { return Ok(None) };
        if self.holds_excluded(Some(fork))? {
            return Ok(None);
        }
        let below = self.tree_of(Some(fork))?;
        let (committed, _) = self.without(below, self.objects.commit(tip)?.tree)?;
        let (tree, withheld) = self.without(below, commit.tree)?;
        let committed = tree::synthetic_commit(self.objects, committed, &[fork])?;
        Ok(Some(Shown { tree, parents: vec![committed], withheld }))
    }

    /// `tree` with what must not or cannot leave as it is in `below`, and how many paths that is.
    fn without(&self, below: Option<ObjectId>, tree: ObjectId) -> Result<(ObjectId, u64), Failure> {
        let mut back = BTreeMap::new();
        for change in tree::diff(self.objects, below, Some(tree))? {
            if self.is_excluded(&change.path) || !self.may_be_sent(change.after) {
                back.insert(change.path, change.before);
            }
        }
        let count = back.len() as u64;
        Ok((if back.is_empty() { tree } else { tree::overlay(self.objects, Some(tree), &back)? }, count))
    }

    fn may_be_sent(&self, entry: Option<Entry>) -> bool {
        let Some(entry) = entry.filter(|entry| entry.mode != SUBMODULE) else { return true };
        self.objects.blob_len(entry.id).is_ok_and(|len| len <= LARGEST)
    }

    /// Whether a commit that the remote does not have yet changes a path that must not leave.
    fn holds_excluded(&self, tip: Option<ObjectId>) -> Result<bool, Failure> {
        let Some(tip) = tip.filter(|_| !self.exclude.is_empty()) else { return Ok(false) };
        let call = self.ctx.repository.call("log").args(["--format=", "--name-only", "-z", "--no-renames", "-m"]);
        let call = call.arg(tip.to_string()).arg("--not").arg(format!("--remotes={}", self.remote)).arg("--");
        let listed = call.read()?;
        let paths = listed.split(|&b| b == 0 || b == b'\n').filter_map(|path| RepoPath::new(path).ok());
        Ok(paths.into_iter().any(|path| self.is_excluded(&path)))
    }

    /// Puts in which paths and lines differ from the fork point, and no content.
    fn tell_paths(
        &self,
        told: &mut Publication,
        tip: Option<ObjectId>,
        line: ObjectId,
        fork: Option<ObjectId>,
    ) -> Result<(), Failure> {
        let lying = self.objects.commit(line)?.tree;
        let dirty: BTreeSet<RepoPath> = match self.tree_of(tip)? {
            Some(tip) => {
                tree::diff(self.objects, Some(tip), Some(lying))?.into_iter().map(|change| change.path).collect()
            }
            None => BTreeSet::new(),
        };
        for change in self.changes(fork, lying)? {
            if self.is_excluded(&change.path) || told.paths.len() >= sync_record::MOST_PATHS {
                told.withheld += 1;
                continue;
            }
            told.paths.push(PublishedPath {
                committed: !dirty.contains(&change.path),
                mode: change.after.map_or(0, |entry| entry.mode),
                before: change.before.map(|entry| entry.id),
                after: change.after.map(|entry| entry.id),
                hunks: self.hunks(&change)?,
                path: change.path,
            });
        }
        Ok(())
    }

    fn hunks(&self, change: &TreeChange) -> Result<Option<Vec<crate::domain::hunk::Hunk>>, git::Error> {
        let text = |entry: Option<Entry>| {
            let Some(entry) = entry.filter(Entry::is_file) else { return Ok(None) };
            if self.objects.blob_len(entry.id)? > LARGEST_DIFFED { Ok(None) } else { self.objects.text(entry.id) }
        };
        let (Some(before), Some(after)) = (text(change.before)?, text(change.after)?) else {
            // That a file is new says all that lines could say.
            return Ok((change.before.is_none() && text(change.after)?.is_some()).then(Vec::new));
        };
        let mut table = LineTable::new();
        Ok(Some(text::hunks(&table.lines(&before), &table.lines(&after))))
    }
}

fn excluded(ctx: &Context) -> Result<GlobSet, Failure> {
    let wrong = |error: globset::Error| Failure::config(format!("coord.syncExclude: {error}"));
    let mut globs = GlobSetBuilder::new();
    for glob in &ctx.policy.sync_exclude {
        let anchored = glob.trim_matches('/');
        for form in [anchored.to_owned(), format!("{anchored}/**")] {
            globs.add(Glob::new(&form).map_err(wrong)?);
        }
    }
    globs.build().map_err(wrong)
}
