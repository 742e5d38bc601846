//! Everybody whose work the commit may meet: where each stands, committed and as it lies, at the paths in question.
//! Must not know: the verdict, the right of way.

use std::collections::{BTreeMap, BTreeSet};

use crate::domain::id::{Identity, ObjectId};
use crate::domain::intent::Intent;
use crate::domain::path::RepoPath;
use crate::failure::{self, Failure};
use crate::git::merge::{self, Answer, Question};
use crate::git::objects::Objects;
use crate::git::worktrees::Worktree;
use crate::git::{snapshot, tree};
use crate::ops::context::Context;
use crate::ops::sync;
use crate::ops::who::{self, Who, Whom};

/// One other instance.
#[derive(Clone, Debug)]
pub struct Other {
    /// Who it is.
    pub who: Who,
    /// Where it stands: its tip, or the commit it is making in this instant.
    pub committed: Option<ObjectId>,
    /// Its tree as it lies, as a commit in memory, where that differs from `committed` at the paths in question.
    pub as_it_lies: Option<ObjectId>,
}

/// Everybody else, and who could not be read.
#[derive(Debug, Default)]
pub struct Found {
    /// Those that could be read, sorted by label.
    pub others: Vec<Other>,
    /// Those that could not, and why.
    pub unknown: Vec<(Who, String)>,
}

/// What was asked about everybody else's work, and answered.
#[derive(Debug)]
pub struct Asked<T> {
    /// Everybody else.
    pub found: Found,
    /// What the question's lines are.
    pub lines: T,
    /// The engine's answer.
    pub answer: Answer,
}

/// Where others are looked for.
#[derive(Clone, Copy, Debug)]
pub struct Search<'a> {
    /// What the operation works with.
    pub ctx: &'a Context,
    /// The objects, additions in memory included.
    pub objects: &'a Objects,
    /// All worktrees, the asking one too.
    pub worktrees: &'a [Worktree],
    /// Who asks.
    pub me: &'a Identity,
    /// The commits that others make in this instant.
    pub intents: &'a [Intent],
}

impl Search<'_> {
    /// Asks about everybody else, who were found at `paths`. Where the target has or had these elsewhere too, they are looked
    /// for and asked about there as well. `ask` puts the question about those found, at the paths it is given.
    ///
    /// # Errors
    /// As [`Search::find`], `ask` and the engine.
    pub fn ask<T>(
        &self,
        mut found: Found,
        paths: &BTreeSet<RepoPath>,
        ask: impl Fn(&Found, BTreeSet<RepoPath>) -> Result<(Question, T), Failure>,
    ) -> Result<Asked<T>, Failure> {
        let mut paths = paths.clone();
        loop {
            let (question, lines) = ask(&found, paths.clone())?;
            let answer = merge::judge(&self.ctx.judge(self.objects), &question)?;
            let looked_at = paths.len();
            paths.extend(answer.elsewhere.iter().map(|(_, place)| place.clone()));
            if paths.len() == looked_at {
                return Ok(Asked { found, lines, answer });
            }
            found = self.find(&paths)?;
        }
    }

    /// Finds everybody else, looking only at `paths` in their trees.
    ///
    /// # Errors
    /// Where git cannot list who is there. One that cannot be read is among the unknown.
    pub fn find(&self, paths: &BTreeSet<RepoPath>) -> Result<Found, Failure> {
        let (ctx, objects, mut found) = (self.ctx, self.objects, Found::default());
        let making: BTreeMap<&Identity, &Intent> =
            self.intents.iter().map(|intent| (&intent.identity, intent)).collect();
        let everybody = who::everybody(ctx, objects, self.worktrees, &Whom::default())?;
        if let Some(reason) = everybody.unlisted {
            return Err(Failure::repository(reason));
        }
        // A branch that leads nowhere holds no work; `coord scan` names it.
        let is_other = |who: &Who| {
            who.identity != *self.me && !who.is_vanished() && (who.broken.is_none() || who.worktree.is_some())
        };
        for who in everybody.all.into_iter().filter(is_other) {
            let intent = making.get(&who.identity).copied();
            match read(ctx, objects, &who, paths, intent) {
                Ok((committed, as_it_lies)) => found.others.push(Other { who, committed, as_it_lies }),
                Err(failure) => found.unknown.push((who, failure.whole_message())),
            }
        }
        Ok(found)
    }
}

/// Where it stands, committed and as it lies.
fn read(
    ctx: &Context,
    objects: &Objects,
    who: &Who,
    paths: &BTreeSet<RepoPath>,
    making: Option<&Intent>,
) -> Result<(Option<ObjectId>, Option<ObjectId>), Failure> {
    if let Some(synced) = &who.synced {
        let stand = sync::stand(ctx, objects, synced, Some(paths));
        return match stand.unknown {
            Some(reason) => Err(Failure::repository(reason)),
            None => Ok((stand.committed, stand.as_it_lies)),
        };
    }
    let committed = match making {
        Some(intent) => Some(in_the_making(objects, intent)?),
        None => who.tip,
    };
    let Some(worktree) = &who.worktree else { return Ok((committed, None)) };
    if worktree.identity == Identity::MainWorktree && worktree.path == worktree.git_dir {
        // Nobody but the main worktree knows where its files are. What is uncommitted there could only warn.
        return Ok((committed, None));
    }
    if let Some(reason) = &worktree.broken {
        return Err(Failure::new(failure::Kind::Repository, reason.clone()));
    }
    let lies = snapshot::paths(objects, &ctx.repository, worktree, paths)?;
    Ok((committed, lies.filter(|lies| who.tip != Some(*lies))))
}

/// The commit that an intent is about to become.
fn in_the_making(objects: &Objects, intent: &Intent) -> Result<ObjectId, Failure> {
    let parents: Vec<_> = intent.parent.into_iter().chain(intent.merged.iter().copied()).collect();
    Ok(tree::synthetic_commit(objects, intent.tree, &parents)?)
}
