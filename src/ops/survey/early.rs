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
    /// Asks, where an earlier answer is not known.
    pub(super) fn start<'env>(
        scope: &'scope Scope<'scope, 'env>,
        ctx: &'env Context,
        worktrees: &'env [Worktree],
        options: &SurveyOptions,
    ) -> Option<Self> {
        let here = ctx.repository.here.as_ref().filter(|_| options.memo.is_none())?;
        let worktree = worktrees.iter().find(|worktree| worktree.identity == *here && worktree.is_readable())?;
        let ahead = ctx.status_ahead().filter(|ahead| ahead.is_of(worktree));
        let status = scope.spawn(|| match ahead {
            Some(ahead) => ahead.answer(ctx, worktree),
            None => statuses::read(ctx, worktree),
        });
        Some(Self { identity: here.clone(), status })
    }
}
