//! What git says of the asking worktree, found out while others are judged: nobody leaves that one out.
//! Must not know: what is made of it.

use std::thread::{Scope, ScopedJoinHandle};

use super::SurveyOptions;
use crate::domain::id::Identity;
use crate::git;
use crate::git::status::Status;
use crate::git::worktrees::Worktree;
use crate::ops::context::Context;
use crate::ops::statuses;

/// A question on its way.
pub(super) struct Early<'scope> {
    pub(super) identity: Identity,
    pub(super) status: ScopedJoinHandle<'scope, Result<Status, git::Error>>,
}

impl<'scope> Early<'scope> {
    /// Asks, where an earlier answer is not known; does `first` before, in the same thread: of two processors the second
    /// would else be given to a third thread while somebody waits for what the second found.
    pub(super) fn start<'env>(
        scope: &'scope Scope<'scope, 'env>,
        (ctx, worktrees): (&'env Context, &'env [Worktree]),
        options: &SurveyOptions,
        first: impl FnOnce() + Send + 'scope,
    ) -> Option<Self> {
        let here = ctx.repository.here.as_ref().filter(|_| options.memo.is_none());
        let is_here = |worktree: &&Worktree| Some(&worktree.identity) == here && worktree.is_readable();
        let Some(worktree) = worktrees.iter().find(is_here) else {
            scope.spawn(first);
            return None;
        };
        let status = scope.spawn(|| {
            first();
            match ctx.status_ahead().filter(|ahead| ahead.is_of(worktree)) {
                Some(ahead) => ahead.answer(ctx, worktree),
                None => statuses::read(ctx, worktree),
            }
        });
        Some(Self { identity: worktree.identity.clone(), status })
    }
}
