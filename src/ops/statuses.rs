//! What git says of worktrees, asked only where it might not say what it said before.
//! Must not know: how git's answer is seen to hold, what is made of it.

use std::thread::{self, JoinHandle};

use super::context::Context;
use crate::domain::id::Identity;
use crate::domain::time::Timestamp;
use crate::env::Env;
use crate::git;
use crate::git::repository::{Repository, joined};
use crate::git::status::{Asked, Finding, Question, Status, Surroundings};
use crate::git::worktrees::Worktree;
use crate::store::Store;

/// What git says of the asking worktree, asked for before it is known who else is there, if it has to be asked: nobody leaves
/// that one out. Dropped, its answer is of no interest; git comes to its end by itself.
#[derive(Debug)]
pub(super) struct Ahead {
    here: Identity,
    asked: JoinHandle<Asked>,
}

impl Ahead {
    /// Asks, where that can be done before the worktree is known better.
    #[must_use]
    pub(super) fn ask(env: &Env, repository: &Repository, store: &Store, now: Timestamp) -> Option<Self> {
        let here = repository.here.clone()?;
        let question = Question::here(repository, Surroundings::of(&env.variables), now)?;
        let store = store.clone();
        Some(Self { here, asked: thread::spawn(move || ask(&store, question)) })
    }

    /// Whether it is about this worktree.
    #[must_use]
    pub(super) fn is_of(&self, worktree: &Worktree) -> bool {
        self.here == worktree.identity
    }

    /// The answer about `worktree`, which it [`Ahead::is_of`].
    ///
    /// # Errors
    /// As [`read`].
    pub(super) fn answer(self, ctx: &Context, worktree: &Worktree) -> Result<Status, git::Error> {
        Ok(keep(ctx, joined(self.asked.join()).answer(&ctx.repository, worktree)?))
    }
}

/// What is not committed in `worktree`.
///
/// # Errors
/// Where git cannot answer, or answers from an index that is not whole.
pub(super) fn read(ctx: &Context, worktree: &Worktree) -> Result<Status, git::Error> {
    let question = Question::of(&ctx.repository, worktree, Surroundings::of(&ctx.env.variables), ctx.now)?;
    Ok(keep(ctx, ask(&ctx.store, question).answer(&ctx.repository, worktree)?))
}

fn ask(store: &Store, question: Question) -> Asked {
    let kept = store.status(&question.key);
    question.ask(kept.as_deref())
}

/// Keeps what was found beside whatever comes next. Where it cannot be kept, git is asked again.
fn keep(ctx: &Context, (status, finding): (Status, Option<Finding>)) -> Status {
    if let Some(finding) = finding {
        let store = ctx.store.clone();
        ctx.meanwhile(move || {
            let key = finding.key().to_owned();
            if let Some(bytes) = finding.written() {
                let _ = store.keep_status(&key, &bytes);
            }
        });
    }
    status
}
