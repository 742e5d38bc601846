//! A worktree looked at again: git is asked about the paths that changed, where no others can have changed with them.
//! Must not know: how changes are noticed, how git's answer is read.

use std::collections::BTreeSet;

use super::{Status, answered, call, read};
use crate::domain::path::RepoPath;
use crate::git::error::Error;
use crate::git::repository::Repository;
use crate::git::worktrees::Worktree;
use crate::git::{contents, names};

/// Up to so many paths git is asked about one by one.
const FEW: usize = 200;

/// What `worktree` holds now that only the paths `changed` may differ from what `before` says, with all that lies below
/// them. Costs what reading the index does, however many files there are.
///
/// # Errors
/// As [`super::read`].
pub fn read_on(
    repository: &Repository,
    worktree: &Worktree,
    before: &Status,
    changed: &BTreeSet<RepoPath>,
) -> Result<Status, Error> {
    let paths = changed.iter().map(|path| names::to_path(path.as_bytes()));
    if changed.len() > FEW || !stands_alone(repository, worktree) || changed.iter().any(|path| leads_on(worktree, path))
    {
        return read(repository, worktree);
    }
    let call = call(repository, worktree)?.env("GIT_LITERAL_PATHSPECS", "1").arg("--").args(paths);
    let mut status = answered(repository, worktree, &call.output()?)?;
    let is_kept = |path: &RepoPath| !changed.iter().any(|changed| path == changed || path.is_within(changed));
    let kept = before.entries.iter().filter(|(path, _)| is_kept(path));
    status.entries.extend(kept.map(|(path, entry)| (path.clone(), entry.clone())));
    Ok(status)
}

/// Whether git calls paths by the names that the file system has for them, and looks at no others for them.
fn stands_alone(repository: &Repository, worktree: &Worktree) -> bool {
    let folds = ["core.ignoreCase", "core.precomposeUnicode"];
    let is_folded = folds.iter().any(|name| repository.config.boolean(name) == Some(true));
    !is_folded && worktree.git_dir.join("index").exists() && !worktree.git_dir.join("info/sparse-checkout").exists()
}

/// Whether more than the path itself may be other than it was: with rules of git's own, or in another repository.
fn leads_on(worktree: &Worktree, path: &RepoPath) -> bool {
    let is_gits = |name: &[u8]| name.starts_with(b".git");
    path.as_bytes().split(|&byte| byte == b'/').any(is_gits)
        || contents::ancestors(path)
            .iter()
            .chain([path])
            .any(|above| names::below(&worktree.path, above).join(".git").exists())
}
