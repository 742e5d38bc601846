//! Why hooks are not put in, and the commands that lead to a place where they can be.
//! Must not know: how hooks are put in.

use std::path::Path;

use super::Site;
use crate::failure::{Failure, Kind};
use crate::git;
use crate::git::hooks::place::HooksPath;
use crate::git::hooks::shim;

pub(crate) fn unwritable(error: git::Error) -> Failure {
    Failure::from(error).hint("run coord install outside of the sandbox, or as the user who owns the repository")
}

/// Hooks in a folder that other repositories use too: coord there would be a gate for the whole machine.
pub(crate) fn shared(site: &Site<'_>, dir: &Path, path: &HooksPath) -> Failure {
    let own = site.common_dir().join("hooks");
    let quoted = |path: &Path| String::from_utf8_lossy(&shim::quote(path)).into_owned();
    let mut failure = Failure::new(
        Kind::Repository,
        format!(
            "core.hooksPath ({}, {}) leads to {}, which other repositories may use too; coord never writes there",
            path.scope,
            path.origin,
            dir.display()
        ),
    )
    .hint("git 2.54 or later needs none of this: coord install would put its hooks beside those")
    .hint("else give this repository hooks of its own that run those too:");
    for entry in std::fs::read_dir(dir).into_iter().flatten().flatten() {
        let (from, to) = (entry.path(), own.join(entry.file_name()));
        if entry.path().extension().is_none() && from.is_file() && !to.exists() {
            failure = failure.hint(format!("ln -s {} {}", quoted(&from), quoted(&to)));
        }
    }
    failure.hint(format!("git config --local core.hooksPath {}", quoted(&own))).hint("coord install")
}

pub(crate) fn switched_off(path: &HooksPath) -> Failure {
    let value = path.value.display();
    let option = if path.scope == "local" || path.scope == "worktree" || path.scope == "global" {
        format!("git config --{} --unset-all core.hooksPath", path.scope)
    } else {
        "sudo git config --system --unset-all core.hooksPath".to_owned()
    };
    Failure::new(
        Kind::Repository,
        format!("core.hooksPath = {value} ({}, {}) is no folder, so git runs no hooks at all", path.scope, path.origin),
    )
    .hint(option)
    .hint("coord install")
}

pub(crate) fn missing(dir: &Path, path: &HooksPath) -> Failure {
    let failure = Failure::new(
        Kind::Repository,
        format!(
            "core.hooksPath = {} is looked for in every worktree, and this one has no {}, so no hook runs here",
            path.value.display(),
            dir.display()
        ),
    );
    if path.value.ends_with(".husky/_") {
        failure.hint("npx husky").hint("coord install")
    } else {
        failure.hint(format!("make the folder here, or: git config --{} --unset-all core.hooksPath", path.scope))
    }
}
