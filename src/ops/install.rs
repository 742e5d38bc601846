//! `coord install`: has git call coord, beside whatever hooks are there, and notes what it did so that it can be undone.
//! Must not know: what the hooks decide, printing.

mod refusal;
mod site;

use std::collections::BTreeSet;
use std::path::Path;
use std::time::Duration;

use crate::domain::event::{Event, EventKind};
use crate::domain::path::RepoPath;
use crate::domain::policy::Mode;
use crate::domain::setup::{Action, HookChange, InstallReport, Means, Snippet};
use crate::env::Env;
use crate::failure::{Failure, Kind};
use crate::git;
use crate::git::hooks::place::Place;
use crate::git::hooks::runners::{self, Runner};
use crate::git::hooks::{self, configured, files, shim};
use crate::git::repository::{OwnPaths, Repository};
use crate::os::clock;
use crate::store::{Store, exclude};

use super::receipt::Receipt;
use super::settings::{self, TeamFile};

pub(crate) use refusal::{missing, shared, switched_off, unwritable};
pub(crate) use site::{Site, on_path, program};

/// How long to wait for coord's own lock.
pub(crate) const WAIT: Duration = Duration::from_secs(5);

/// What was asked for.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct InstallOptions {
    /// Sets `coord.mode` for this repository.
    pub mode: Option<Mode>,
    /// Adds the hook that leaves no way round, and has an error of coord's own block too (`coord.strict`).
    pub strict: bool,
    /// Allows changing files that git tracks.
    pub write_tracked: bool,
}

/// Puts the hooks in, or brings them up to date.
///
/// # Errors
/// Where git's hooks lie in a place that coord never writes to, or nothing can be written. A single hook that could not
/// be put in is told in the report instead.
pub fn install(
    env: &Env,
    repository: &Repository,
    team: Option<&TeamFile>,
    options: InstallOptions,
) -> Result<InstallReport, Failure> {
    let site = Site::new(env, repository)?;
    let program = program(env)?;
    let strict = options.strict || has_strict(&site)?;
    let hooks: Vec<&str> = hooks::all().filter(|hook| strict || *hook != hooks::STRICT).collect();
    let mut receipt = Receipt::read(&site.git, site.common_dir())?;
    let (means, changes, snippets, mut notices) = if site.configurable {
        by_configuration(&site, &hooks, &program)?
    } else {
        by_files(&site, &hooks, &program, options, &mut receipt)?
    };
    if let Some(mode) = options.mode {
        receipt.set(&site.git, site.common_dir(), "mode", settings::mode_name(mode))?;
    }
    if options.strict {
        receipt.set(&site.git, site.common_dir(), "strict", "true")?;
    }
    receipt.write(&site.git, site.common_dir())?;
    notices.extend(exclude(repository));
    let config =
        git::config::read::<&str>(&site.git, repository.worktree.as_deref().unwrap_or(site.common_dir()), &[], None)?;
    let mode = match settings::policy(env, &config, team, &[]) {
        Ok(settled) => settled.policy.mode,
        Err(failure) => {
            notices.push(format!("coord's settings cannot be read, so nothing is blocked: {}", failure.message));
            Mode::Monitor
        }
    };
    if options.mode.is_some() || changes.iter().any(|change| change.action != Action::Unchanged) {
        note(repository, EventKind::Installed { mode: settings::mode_name(mode).to_owned() });
    }
    Ok(InstallReport { means, changes, snippets, mode, notices })
}

/// Notes in the log what was set up. Best effort, as all that goes there.
pub(crate) fn note(repository: &Repository, kind: EventKind) {
    if let Ok(store) = Store::open(&repository.common_dir) {
        drop(store.append(&[Event { at: clock::now(), actor: None, kind }], WAIT));
    }
}

/// What git is to leave out of sight, from the paths that coord calls its own.
pub(crate) fn patterns(own: &OwnPaths) -> Vec<String> {
    let text = |path: &RepoPath| String::from_utf8_lossy(path.as_bytes()).into_owned();
    let folders = own.folders.iter().map(|folder| exclude::folder_pattern(&text(folder)));
    let files = own.untracked.iter().map(|file| exclude::file_pattern(&text(file)));
    // Claude Code itself never commits this one, where `coord install --agent claude` puts its entries.
    folders.chain(files).chain(std::iter::once(exclude::file_pattern(".claude/settings.local.json"))).collect()
}

/// Keeps what coord publishes out of git's sight; gives what should be said where that cannot be.
fn exclude(repository: &Repository) -> Option<String> {
    let patterns = patterns(&repository.own_paths);
    if patterns.is_empty() {
        return None;
    }
    let store = Store::open(&repository.common_dir).ok()?;
    match store.lock(WAIT).and_then(|locked| locked.ensure_excluded(&patterns)) {
        Ok(_) => None,
        Err(error) => Some(format!("git may show coord's own files as untracked: {error}")),
    }
}

type Done = (Means, Vec<HookChange>, Vec<Snippet>, Vec<String>);

/// Whether the hook that leaves no way round was put in before.
fn has_strict(site: &Site<'_>) -> Result<bool, Failure> {
    if configured::look(&site.git, site.common_dir(), hooks::STRICT)?.is_some() {
        return Ok(true);
    }
    let file = site.common_dir().join("hooks").join(hooks::STRICT);
    Ok(matches!(files::look(&file), Ok(files::Lying::Block { .. })))
}

fn by_configuration(site: &Site<'_>, hooks: &[&str], program: &Path) -> Result<Done, Failure> {
    let mut changes = Vec::new();
    let mut notices = Vec::new();
    for hook in hooks {
        let action = configured::put(&site.git, site.common_dir(), hook, program)?;
        changes.push(HookChange { hook: (*hook).to_owned(), place: configured::section(hook), action });
        if configured::look(&site.git, site.common_dir(), hook)?.is_some_and(|found| !found.runs) {
            notices.push(format!("the configuration switches {hook} hooks off: see `git config --get-regexp ^hook`"));
        }
    }
    // Blocks that an older git needed would call coord a second time.
    changes.extend(take_everywhere(site)?);
    Ok((Means::Configuration, changes, Vec::new(), notices))
}

fn by_files(
    site: &Site<'_>,
    hooks: &[&str],
    program: &Path,
    options: InstallOptions,
    receipt: &mut Receipt,
) -> Result<Done, Failure> {
    let here = site.here()?;
    let mut done = match &here {
        Place::Own(dir) => (Means::Folder(dir.clone()), Vec::new(), Vec::new(), Vec::new()),
        Place::Tracked(dir) | Place::Husky(dir) => by_lines(site, &here, dir, hooks, options, receipt)?,
        Place::Shared(dir, path) => return Err(shared(site, dir, path)),
        Place::Off(path) => return Err(switched_off(path)),
        Place::Missing(dir, path) => return Err(missing(dir, path)),
    };
    // Where the files of this worktree are everybody's, another worktree may still have a folder of its own.
    let folders = if matches!(here, Place::Own(_)) { site.own_folders()? } else { BTreeSet::new() };
    for dir in &folders {
        receipt.made_folder |= files::make_folder(dir).map_err(unwritable)?;
        if !files::is_writable(dir) {
            return Err(Failure::new(Kind::Repository, format!("{} cannot be written to", dir.display()))
                .hint("run coord install outside of the sandbox, or as the user who owns the repository"));
        }
        into_folder(site, dir, hooks, program, &mut done);
    }
    for hook in hooks {
        // Left by a newer git, they would call coord a second time once it is back.
        configured::take(&site.git, site.common_dir(), hook)?;
    }
    Ok(done)
}

fn into_folder(site: &Site<'_>, dir: &Path, hooks: &[&str], program: &Path, done: &mut Done) {
    let (_, changes, snippets, notices) = done;
    let configured = site.repository.worktree.as_deref().map(runners::configured).unwrap_or_default();
    let mut rewritten: Vec<&str> = Vec::new();
    for hook in hooks {
        let path = dir.join(hook);
        let maker = std::fs::read(&path).ok().and_then(|text| Runner::made(&text));
        let by_maker = configured.iter().find(|found| Some(found.runner) == maker);
        let action = if by_maker.is_some_and(|found| found.calls_coord(hook)) {
            files::take(dir, hook).map(|_| Action::Covered)
        } else {
            drop(files::take(dir, &format!("{hook}.legacy")));
            if maker.is_some() || configured.iter().any(|found| found.will_write(hook) && !found.calls_coord(hook)) {
                rewritten.push(hook);
            }
            files::put(dir, hook, &shim::block(hook, program))
        };
        changes.push(change(hook, &path, action));
    }
    if let Some(found) = configured.first() {
        // Set up in this clone later, it would write the hook in which commits are judged.
        let judging = hooks::HOOKS[0];
        if !rewritten.contains(&judging) && !found.calls_coord(judging) {
            rewritten.insert(0, judging);
        }
        if !rewritten.is_empty() {
            snippets.push(found.snippet(&rewritten));
        }
    } else if !rewritten.is_empty() {
        notices.push(format!(
            "another program writes {} too; after it did, run coord install again",
            rewritten.join(", ")
        ));
    }
    snippets.extend(site.repository.worktree.as_deref().and_then(for_husky));
}

/// The line for husky where it is not set up in this clone yet; once it is, git looks for hooks there alone.
fn for_husky(top: &Path) -> Option<Snippet> {
    let (folder, hook) = (top.join(".husky"), hooks::HOOKS[0]);
    let lines = shim::shared_lines(hook);
    if !folder.is_dir() || files::has_lines(&folder.join(hook), &lines).unwrap_or(true) {
        return None;
    }
    let what = "to go first in the file, for when husky is set up here (`npx husky`)".to_owned();
    Some(Snippet { file: format!(".husky/{hook}"), what, text: lines })
}

fn by_lines(
    site: &Site<'_>,
    here: &Place,
    dir: &Path,
    hooks: &[&str],
    options: InstallOptions,
    receipt: &mut Receipt,
) -> Result<Done, Failure> {
    let (mut changes, mut snippets, mut notices) = (Vec::new(), Vec::new(), Vec::new());
    let who = if matches!(here, Place::Husky(_)) { "husky runs it" } else { "core.hooksPath leads to it" };
    for hook in hooks {
        let path = dir.join(hook);
        if *hook == hooks::STRICT && matches!(here, Place::Husky(_)) {
            notices.push(format!("husky does not run {hook} hooks; git 2.54 or later can have one beside it"));
            continue;
        }
        let lines = shim::shared_lines(hook);
        let action = if options.write_tracked {
            receipt.tracked = true;
            files::put_lines(&path, &lines)
        } else if files::has_lines(&path, &lines).map_err(Failure::from)? {
            Ok(Action::Unchanged)
        } else {
            let what = format!(
                "to go first in the file; git tracks it and {who}, so coord changes it only with --write-tracked"
            );
            snippets.push(Snippet { file: relative(site, &path), what, text: lines });
            Ok(Action::ByHand)
        };
        changes.push(change(hook, &path, action));
    }
    Ok((Means::Tracked(dir.to_owned()), changes, snippets, notices))
}

/// Takes every block of coord's out of every folder that is this repository's, in use or not.
pub(crate) fn take_everywhere(site: &Site<'_>) -> Result<Vec<HookChange>, git::Error> {
    let mut folders = site.own_folders()?;
    folders.insert(site.common_dir().join("hooks"));
    Ok(folders.iter().flat_map(|dir| take_all(dir)).collect())
}

/// Takes every block of coord's out of a folder, also where another program gave the file a new name.
fn take_all(dir: &Path) -> Vec<HookChange> {
    let mut changes = Vec::new();
    for hook in hooks::all() {
        for name in [hook.to_owned(), format!("{hook}.legacy"), format!("{hook}.old")] {
            match files::take(dir, &name) {
                Ok(None) => {}
                Ok(Some(action)) => changes.push(change(hook, &dir.join(name), Ok(action))),
                Err(error) => changes.push(change(hook, &dir.join(name), Err(error))),
            }
        }
    }
    changes
}

pub(crate) fn change(hook: &str, path: &Path, action: Result<Action, git::Error>) -> HookChange {
    let action = action.unwrap_or_else(|error| Action::Failed(Failure::from(error).whole_message()));
    HookChange { hook: hook.to_owned(), place: path.display().to_string(), action }
}

fn relative(site: &Site<'_>, path: &Path) -> String {
    let top = site.repository.worktree.as_deref().and_then(|top| top.canonicalize().ok());
    let path = top.as_deref().and_then(|top| path.strip_prefix(top).ok()).unwrap_or(path);
    path.display().to_string()
}
