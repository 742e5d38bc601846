//! What `git worktree list` would say, from the files that it reads. Only what git itself writes is understood: wherever
//! anything else lies there, or git would forget a worktree, nothing is said, and git is to be asked.
//! Must not know: whether a worktree can be read.

use std::fs;
use std::io::ErrorKind;
use std::path::Path;

use super::super::names;
use super::super::refs::{self, Names};
use super::super::repository::Repository;
use super::folders;
use super::listed::Listed;
use crate::domain::id::{ObjectId, RefName};

/// All worktrees, the main one first. `branches` is every local branch, from files too.
pub(super) fn read(repository: &Repository, branches: &Names) -> Option<Vec<Listed>> {
    let top = repository.main_worktree.as_ref().filter(|_| !repository.bare && branches.broken.is_empty())?;
    let main = Listed { path: top.clone(), ..head(&repository.common_dir, branches)? };
    let mut found = vec![main];
    for git_dir in folders(&repository.common_dir.join("worktrees")).ok()? {
        found.push(linked(&git_dir, branches)?);
    }
    Some(found)
}

fn linked(git_dir: &Path, branches: &Names) -> Option<Listed> {
    let recorded = fs::read(git_dir.join("gitdir")).ok()?;
    let recorded = recorded.strip_suffix(b"\n")?;
    let link = names::to_path(recorded);
    // One whose folder is gone may be forgotten by git, and one that may be spelled in two ways is git's to tell.
    let is_there = link.is_absolute() && fs::symlink_metadata(&link).is_ok_and(|data| data.is_file());
    let path = names::to_path(recorded.strip_suffix(b"/.git").filter(|_| is_there && !recorded.contains(&b'\n'))?);
    let locked = match fs::read(git_dir.join("locked")) {
        Ok(reason) => Some(String::from_utf8_lossy(reason.trim_ascii()).into_owned()),
        Err(error) if error.kind() == ErrorKind::NotFound => None,
        Err(_) => return None,
    };
    Some(Listed { path, locked, ..head(git_dir, branches)? })
}

/// Where the HEAD in this git dir stands.
fn head(git_dir: &Path, branches: &Names) -> Option<Listed> {
    let file = git_dir.join("HEAD");
    let text = fs::read(&file).ok().filter(|_| !file.is_symlink())?;
    let text = text.strip_suffix(b"\n")?;
    let Some(name) = text.strip_prefix(b"ref: ") else {
        let id = ObjectId::from_hex(text).filter(|id| !id.is_null())?;
        return Some(Listed { head: Some(id), detached: true, ..Listed::default() });
    };
    let name = RefName::new(name.strip_prefix(b"refs/heads/").map(|_| name)?);
    let head = match branches.get(name.as_bytes()) {
        Some(branch) if branch.symbolic.is_none() => Some(branch.id),
        // Not born yet, as long as it may be called so.
        None if refs::is_regular(name.as_bytes()) => None,
        _ => return None,
    };
    Some(Listed { head, branch: Some(name), ..Listed::default() })
}
