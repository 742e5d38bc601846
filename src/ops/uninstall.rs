//! `coord uninstall`: takes coord out of git's hooks again and leaves everything else as it is, byte for byte.
//! Must not know: what the hooks decide, printing.

use std::path::Path;

use crate::domain::event::EventKind;
use crate::domain::setup::{Action, HookChange, Snippet, UninstallReport};
use crate::env::Env;
use crate::failure::Failure;
use crate::git::hooks::place::{self, Place};
use crate::git::hooks::{self, configured, files, shim};
use crate::git::names;
use crate::git::repository::Repository;
use crate::store::Store;

use super::install::{self, Site, WAIT, change, take_everywhere};
use super::receipt::Receipt;

/// What was asked for.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct UninstallOptions {
    /// Allows changing files that git tracks, where `coord install` did not change them itself.
    pub write_tracked: bool,
}

/// Takes the hooks out.
///
/// # Errors
/// Where git's configuration cannot be read or written. A file that could not be changed is told in the report.
pub fn uninstall(env: &Env, repository: &Repository, options: UninstallOptions) -> Result<UninstallReport, Failure> {
    let site = Site::new(env, repository)?;
    let receipt = Receipt::read(&site.git, site.common_dir())?;
    let mut changes = Vec::new();
    for hook in hooks::all() {
        if let Some(action) = configured::take(&site.git, site.common_dir(), hook)? {
            changes.push(HookChange { hook: hook.to_owned(), place: configured::section(hook), action });
        }
    }
    changes.extend(take_everywhere(&site)?);
    if receipt.made_folder {
        files::remove_empty(&site.common_dir().join("hooks"));
    }
    let mut snippets = Vec::new();
    for top in site.tops()? {
        let place = place::of(&site.git, Some(&top), site.common_dir())?;
        if let Place::Tracked(dir) | Place::Husky(dir) = place {
            lines(&dir, receipt.tracked || options.write_tracked, &mut changes, &mut snippets);
        }
    }
    if changes.iter().all(|change| !matches!(change.action, Action::Failed(_))) {
        receipt.undo(&site.git, site.common_dir())?;
    }
    let mut notices = Vec::new();
    notices.extend(show(repository));
    let records = site.common_dir().join("coord");
    if records.is_dir() {
        if !changes.is_empty() {
            install::note(repository, EventKind::Uninstalled);
        }
        notices.push(format!(
            "coord's records and log stay in {}; delete the folder to be rid of them",
            records.display()
        ));
    }
    Ok(UninstallReport { changes, snippets, notices })
}

/// Takes coord's block out of `info/exclude`; gives what should be said of the files that git sees then.
fn show(repository: &Repository) -> Option<String> {
    let store = Store::open(&repository.common_dir).ok()?;
    let there = std::fs::read(repository.common_dir.join("info/exclude")).ok()?;
    // The lock is a file too: none is made where there is nothing to take out.
    if !there.windows(7).any(|window| window == b"# coord") {
        return None;
    }
    if let Err(error) = store.lock(WAIT).and_then(|locked| locked.remove_excluded()) {
        return Some(format!("coord's block stays in info/exclude: {error}"));
    }
    let top = repository.main_worktree.as_deref()?;
    let left = repository.own_paths.folders.iter().map(|folder| names::below(top, folder)).find(|dir| dir.is_dir())?;
    let left = left.display();
    Some(format!("what coord published stays in {left}, where git sees it now; delete the folder to be rid of it"))
}

fn lines(dir: &Path, write: bool, changes: &mut Vec<HookChange>, snippets: &mut Vec<Snippet>) {
    for hook in hooks::all() {
        let (path, lines) = (dir.join(hook), shim::shared_lines(hook));
        if write {
            match files::take_lines(&path, &lines) {
                Ok(None) => {}
                Ok(Some(action)) => changes.push(change(hook, &path, Ok(action))),
                Err(error) => changes.push(change(hook, &path, Err(error))),
            }
        } else if files::has_lines(&path, &lines).unwrap_or(false) {
            let what = "git tracks the file: take these lines out by hand, or with --write-tracked".to_owned();
            snippets.push(Snippet { file: path.display().to_string(), what, text: lines });
            changes.push(change(hook, &path, Ok(Action::ByHand)));
        }
    }
}
