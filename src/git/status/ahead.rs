//! What git says of the asking worktree, asked for before it is known who else is there: nobody leaves that one out.
//! Must not know: what is made of it.

use std::thread::{self, JoinHandle};

use super::super::error::Error;
use super::super::program::Output;
use super::super::repository::{Repository, joined, option};
use super::super::worktrees::Worktree;
use super::{QUESTION, Status, by_one_thread};
use crate::domain::id::Identity;

/// A question on its way. Dropped, its answer is of no interest; git comes to its end by itself.
#[derive(Debug)]
pub struct Ahead {
    here: Identity,
    answer: JoinHandle<Result<Output, Error>>,
}

impl Ahead {
    /// Asks, where that can be done before the worktree is known better.
    #[must_use]
    pub fn ask(repository: &Repository) -> Option<Self> {
        let (here, top) = (repository.here.clone()?, repository.worktree.as_ref()?);
        if repository.config.differs_by_worktree() {
            return None;
        }
        let place = [option("--git-dir=", &repository.git_dir), option("--work-tree=", top)];
        let git = by_one_thread(&repository.git, &repository.git_dir);
        let call = git.call_with(top, &place, "status").args(QUESTION);
        Some(Self { here, answer: thread::spawn(|| call.output()) })
    }

    /// Whether it is about this worktree.
    #[must_use]
    pub fn is_of(&self, worktree: &Worktree) -> bool {
        self.here == worktree.identity
    }

    /// The answer about `worktree`, which it [`Ahead::is_of`].
    ///
    /// # Errors
    /// As [`super::read`].
    pub fn answer(self, repository: &Repository, worktree: &Worktree) -> Result<Status, Error> {
        let output = joined(self.answer.join());
        super::check_index(worktree)?;
        super::answered(repository, worktree, &output?)
    }
}
