//! How a worktree stood when git said what is not committed in it: for as long as it stands so, git need not be asked again.
//! Must not know: where that is kept, what is made of the answer.
//!
//! What git says of a worktree follows from HEAD, the index, the rules about what is ignored and how contents are compared,
//! the files that the index holds, and the folders that it looks into for others. All of these have stamps, which are
//! looked at here; where some files and folders are not as they were, git is asked about them alone. What changed so short
//! a time before git was asked that it may change again unseen is asked about the next time. An index that is not plain,
//! repositories inside the worktree, and file systems of which nobody knows whether their stamps tell are for git alone.

use std::path::PathBuf;

use super::site::Site;
use super::{Answer, Status, again};
use crate::domain::id::ObjectId;
use crate::domain::path::RepoPath;
use crate::domain::time::Timestamp;
use crate::git::error::Error;
use crate::git::objects::ObjectFormat;
use crate::git::program::Output;
use crate::git::repository::Repository;
use crate::git::stamp::{self, Stamp};
use crate::git::worktrees::Worktree;
use look::Look;
use told::Told;

mod folders;
mod form;
mod look;
mod rules;
mod told;

pub use rules::Surroundings;

/// What is kept of one look at a worktree.
#[derive(Clone, PartialEq, Eq, Debug)]
struct Seen {
    on: On,
    what: What,
}

/// What everything that was seen belongs to.
#[derive(Clone, PartialEq, Eq, Debug)]
struct On {
    head: Option<ObjectId>,
    index: Stamp,
    /// Folders of coord's own, which nobody looks into.
    own: Vec<RepoPath>,
    /// Other worktrees inside this one, likewise.
    nested: Vec<RepoPath>,
}

#[derive(Clone, PartialEq, Eq, Debug)]
enum What {
    /// Only that somebody looked: who looks a second time at the same index may come again, and it is worth keeping more.
    Marked,
    /// It cannot be told from stamps.
    Untellable,
    /// What git said, and what from.
    Told(Told),
}

/// A worktree to ask git about, or to look at.
#[derive(Clone, Debug)]
pub struct Question {
    site: Site,
    format: ObjectFormat,
    common_dir: PathBuf,
    surroundings: Surroundings,
    /// What is not to be taken for settled: whatever changed shortly before, or later.
    at: Timestamp,
    /// What the answer is kept under.
    pub key: String,
}

/// What became of a question.
#[derive(Debug)]
pub struct Asked {
    question: Question,
    index: Stamp,
    way: Way,
}

#[derive(Debug)]
enum Way {
    /// Git was not asked: it may say what it said.
    Kept(On, Box<Told>),
    /// Git was asked about everything; `is_second` where the index stood so at a former look too.
    Wholly { answer: Result<Output, Error>, is_second: bool },
}

/// An answer, and what is new of it.
type Answered = (Answer, Option<News>);

/// What is to be kept, as far as it is known before it is written down.
#[derive(Debug)]
pub struct Finding {
    question: Question,
    on: On,
    news: News,
}

#[derive(Debug)]
enum News {
    Marked,
    Partly(Box<(Told, Look, Answer)>),
    Wholly(Answer),
}

impl Question {
    /// About the asking worktree, of which nothing more is known yet.
    #[must_use]
    pub fn here(repository: &Repository, surroundings: Surroundings, at: Timestamp) -> Option<Self> {
        Some(Self::new(Site::here(repository)?, repository, surroundings, at))
    }

    /// About any worktree.
    ///
    /// # Errors
    /// Where its configuration cannot be read.
    pub fn of(
        repository: &Repository,
        worktree: &Worktree,
        surroundings: Surroundings,
        at: Timestamp,
    ) -> Result<Self, Error> {
        Ok(Self::new(Site::of(repository, worktree)?, repository, surroundings, at))
    }

    fn new(site: Site, repository: &Repository, surroundings: Surroundings, at: Timestamp) -> Self {
        let key = form::key(&site, repository, &surroundings);
        let common_dir = repository.common_dir.clone();
        Self { site, format: repository.store.format, common_dir, surroundings, at, key }
    }

    /// Asks git, where what was kept cannot hold: it takes a while, and may be done before more is known.
    #[must_use]
    pub fn ask(self, kept: Option<&[u8]>) -> Asked {
        // Of one that cannot be told, none is ever the same.
        let index = self.index().unwrap_or(Stamp::NEVER).settled(self.at);
        let seen = kept.and_then(|kept| form::read(kept, &self.key, self.format));
        let seen = seen.filter(|seen| index != Stamp::NEVER && seen.on.index == index);
        let (on, what) = seen.map(|seen| (seen.on, seen.what)).unzip();
        let way = match (on, what) {
            (Some(on), Some(What::Told(told))) => Way::Kept(on, Box::new(told)),
            (_, what) => {
                let is_second = what == Some(What::Marked);
                Way::Wholly { answer: self.wholly(is_second), is_second }
            }
        };
        Asked { question: self, index, way }
    }

    /// Looks whether what was kept holds, and asks git about the rest.
    fn look_again(&self, on: &On, told: Told) -> Result<Answered, Error> {
        let look = told.look(self, on).filter(|_| self.index() == Some(on.index));
        let look = look.filter(|look| look.changed.is_empty() || again::can_ask(&self.site, &look.changed));
        let Some(look) = look else { return self.answered(&self.wholly(true)?, true) };
        if look.changed.is_empty() {
            return Ok((told.answer(), None));
        }
        let output = again::about(self.site.question_with_ignored(), &look.changed).output()?;
        let mut answer = self.site.answered(&output)?;
        again::carry_over(&mut answer, &told.entries, &look.changed);
        Ok((answer.clone(), Some(News::Partly(Box::new((told, look, answer))))))
    }

    fn wholly(&self, is_second: bool) -> Result<Output, Error> {
        let question = if is_second { self.site.question_with_ignored() } else { self.site.question() };
        question.output()
    }

    fn answered(&self, output: &Output, is_second: bool) -> Result<Answered, Error> {
        let answer = self.site.answered(output)?;
        let news = if is_second { News::Wholly(answer.clone()) } else { News::Marked };
        Ok((answer, Some(news)))
    }

    fn index(&self) -> Option<Stamp> {
        stamp::of_file(&self.site.index())
    }
}

impl Asked {
    /// What is not committed in `worktree`, which the question was about, and what is to be kept of that. Looks at all its
    /// files and folders where what was kept may hold.
    ///
    /// # Errors
    /// As [`super::read`].
    pub fn answer(self, repository: &Repository, worktree: &Worktree) -> Result<(Status, Option<Finding>), Error> {
        let Self { question, index, way } = self;
        question.site.check_index(worktree)?;
        let on = On {
            head: worktree.head,
            index,
            own: repository.own_paths.folders.clone(),
            nested: worktree.nested.clone(),
        };
        let (answer, news) = match way {
            Way::Kept(known, told) if known == on => question.look_again(&on, *told)?,
            Way::Kept(..) => question.answered(&question.wholly(false)?, false)?,
            Way::Wholly { answer, is_second } => question.answered(&answer?, is_second)?,
        };
        let may_keep = answer.partial.is_none() && index != Stamp::NEVER;
        let news = news.filter(|_| may_keep);
        Ok((answer.status(repository, worktree), news.map(|news| Finding { question, on, news })))
    }
}

impl Finding {
    /// What it is kept under.
    #[must_use]
    pub fn key(&self) -> &str {
        &self.question.key
    }

    /// What is to be kept; `None` where that was not to be seen this time. Looks at all files and folders of the worktree
    /// where git was asked about all, and asks git where its rules are.
    #[must_use]
    pub fn written(self) -> Option<Vec<u8>> {
        let Self { question, on, news } = self;
        let what = match news {
            News::Marked => What::Marked,
            News::Partly(all) => {
                let (told, look, answer) = *all;
                What::Told(told.with(&question, &on, look, answer)?)
            }
            News::Wholly(answer) => match Told::new(&question, &on, answer) {
                Ok(told) => What::Told(told),
                Err(Unseen::Ever) => What::Untellable,
                Err(Unseen::ThisTime) => return None,
            },
        };
        // What changed meanwhile is not what git spoke of.
        let is_same = question.index() == Some(on.index);
        is_same.then(|| form::written(&question.key, &Seen { on, what }))
    }
}

/// Why nothing is kept of an answer.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Unseen {
    /// Something changed too short a time before, or could not be looked at.
    ThisTime,
    /// There is more to it than stamps tell.
    Ever,
}
