//! Paths as somebody typed them, turned into paths of the repository.
//! Must not know: what lies at a path.

use std::path::{Component, Path};

use crate::domain::path::RepoPath;
use crate::failure::{Failure, Kind};
use crate::git::names;
use crate::ops::context::Context;

/// The repository path of what was typed in the working directory, lexically: links are not followed, and the file need
/// not be there.
///
/// # Errors
/// Where it lies outside the worktree, is the worktree itself, or is not a path that git can track.
pub fn in_repository(ctx: &Context, typed: &Path) -> Result<RepoPath, Failure> {
    let refuse = |why: &str| Failure::new(Kind::Usage, format!("{} {why}", typed.display()));
    let cwd = ctx.env.cwd.as_ref().map_err(|reason| refuse(&format!("cannot be placed: {reason}")))?;
    let top = ctx.repository.worktree.as_deref().unwrap_or(cwd);
    let mut parts: Vec<&std::ffi::OsStr> = Vec::new();
    let whole = cwd.join(typed);
    for component in whole.components() {
        match component {
            Component::Normal(part) => parts.push(part),
            Component::ParentDir => drop(parts.pop()),
            Component::CurDir | Component::RootDir | Component::Prefix(_) => {}
        }
    }
    let tops: Vec<&std::ffi::OsStr> = top.iter().filter(|part| *part != "/").collect();
    let below = parts
        .strip_prefix(tops.as_slice())
        .ok_or_else(|| refuse("lies outside this worktree").hint(format!("this worktree is {}", top.display())))?;
    let bytes = below.iter().map(|part| names::to_bytes(Path::new(part))).collect::<Vec<_>>().join(&b'/');
    RepoPath::new(bytes).map_err(|why| refuse(&format!("is not a path that git can track: {why}")))
}

/// Where the command was started, below the top of the worktree, with a `/` at its end; empty at the top.
///
/// # Errors
/// Where that is outside the worktree.
pub(super) fn prefix(ctx: &Context) -> Result<Vec<u8>, Failure> {
    let mut path = in_repository(ctx, Path::new("x"))?.as_bytes().to_vec();
    path.pop();
    Ok(path)
}
