//! A worktree looked at again: git is asked about the paths that changed, where no others can have changed with them.
//! Must not know: how changes are noticed, how git's answer is read.

use std::collections::{BTreeMap, BTreeSet};

use super::site::Site;
use super::{Answer, Entry, Status, read};
use crate::domain::path::RepoPath;
use crate::git::error::Error;
use crate::git::program::Call;
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
    let site = Site::of(repository, worktree)?;
    if !can_ask(&site, changed) {
        return read(repository, worktree);
    }
    let mut answer = site.answered(&about(site.question(), changed).output()?)?;
    carry_over(&mut answer, &before.entries, changed);
    Ok(answer.status(repository, worktree))
}

/// Whether git may be asked about these paths alone: it calls paths by the names that the file system has for them, looks
/// at no others for them, and they are few.
pub(super) fn can_ask(site: &Site, changed: &BTreeSet<RepoPath>) -> bool {
    changed.len() <= FEW
        && !site.folds_names
        && site.index().exists()
        && !site.git_dir.join("info/sparse-checkout").exists()
        && !changed.iter().any(|path| leads_on(site, path))
}

/// The question, about these paths alone.
pub(super) fn about(question: Call, changed: &BTreeSet<RepoPath>) -> Call {
    let paths = changed.iter().map(|path| names::to_path(path.as_bytes()));
    question.env("GIT_LITERAL_PATHSPECS", "1").arg("--").args(paths)
}

/// Takes in what was known of all other paths.
pub(super) fn carry_over(answer: &mut Answer, before: &BTreeMap<RepoPath, Entry>, changed: &BTreeSet<RepoPath>) {
    let kept = before.iter().filter(|(path, _)| !is_among(path, changed));
    answer.entries.extend(kept.map(|(path, entry)| (path.clone(), entry.clone())));
}

/// Whether a path is one of these, or lies below one.
pub(super) fn is_among(path: &RepoPath, changed: &BTreeSet<RepoPath>) -> bool {
    changed.iter().any(|changed| path.is_within(changed))
}

/// Whether more than the path itself may be other than it was: with rules of git's own, or in another repository.
fn leads_on(site: &Site, path: &RepoPath) -> bool {
    let is_gits = |name: &[u8]| name.starts_with(b".git");
    path.as_bytes().split(|&byte| byte == b'/').any(is_gits)
        || contents::ancestors(path)
            .iter()
            .chain([path])
            .any(|above| names::below(&site.top, above).join(".git").exists())
}
