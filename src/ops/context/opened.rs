//! Opening the repository: by what git answered before, where that holds, else by asking it.
//! Must not know: any setting of coord's, what the answers say.

use super::Context;
use crate::env::Env;
use crate::failure::{Failure, Kind};
use crate::git::Git;
use crate::git::opening::{Answers, Opening};
use crate::git::repository::{self, HookEnv, Repository};
use crate::store::Store;

/// What git was asked, and answered.
#[derive(Debug)]
pub(super) struct Asked {
    opening: Opening,
    answers: Answers,
}

/// Opens the repository around the working directory, without a look at any setting of coord's.
///
/// # Errors
/// Where there is no repository that git reads.
pub fn open_repository(env: &Env, hook: Option<&HookEnv>) -> Result<Repository, Failure> {
    open(env, hook).map(|(repository, _)| repository)
}

/// The like, with what git was asked for that, where the next one need not ask.
pub(super) fn open(env: &Env, hook: Option<&HookEnv>) -> Result<(Repository, Option<Asked>), Failure> {
    let gone = |reason: &String| Failure::new(Kind::Repository, format!("the working directory is gone: {reason}"));
    let cwd = env.cwd.as_deref().map_err(gone)?;
    let git = Git::find(env.variable("PATH"))?;
    let opening = Opening::plain(&git, cwd, hook, &env.variables);
    if let Some(answers) = opening.as_ref().and_then(recalled) {
        return Ok((Repository::answered(&git, &answers, hook, None)?, None));
    }
    let parameters = env.variable("GIT_CONFIG_PARAMETERS");
    let answers = repository::ask(&git, cwd, hook, parameters)?;
    let repository = Repository::answered(&git, &answers, hook, parameters)?;
    Ok((repository, opening.map(|opening| Asked { opening, answers })))
}

fn recalled(opening: &Opening) -> Option<Answers> {
    opening.recall(&Store::open(&opening.common_dir).ok()?.opening(&opening.key)?)
}

impl Asked {
    /// Keeps the answers beside whatever comes next. Where they cannot be kept, git is asked again.
    pub(super) fn keep(self, ctx: &Context) {
        let (repository, store, now) = (ctx.repository.clone(), ctx.store.clone(), ctx.now);
        ctx.meanwhile(move || {
            if let Some(kept) = self.opening.keep(&repository, &self.answers, now) {
                let _ = store.keep_opening(&self.opening.key, &kept);
            }
        });
    }
}
