//! Finding coord's own entry among what git would run for one hook in one worktree, without running any of it.
//! Must not know: whether the entry works.

use std::path::Path;

use crate::failure::{Failure, Kind};
use crate::git::hooks::files::{self, Lying};
use crate::git::hooks::place::Place;
use crate::git::hooks::runners::{self, Runner};
use crate::git::hooks::{self, configured, shim};
use crate::ops::install::{self, Site};

/// coord's part of a hook, and whether git would get to it.
pub(super) enum Entry {
    /// Git runs this first.
    Runs(Vec<u8>),
    /// Git runs this if what stands before it lets it.
    Behind(Vec<u8>, String),
    /// Another program calls coord in its own way, which cannot be tried without running the others' hooks.
    Untried(String),
    /// It is not there, and need not be.
    NotWanted,
    /// It is not there, or git does not run it.
    None(Failure),
}

/// Finds the entry of `hook` for the worktree at `top`.
pub(super) fn of(site: &Site<'_>, top: &Path, place: &Place, hook: &str) -> Result<Entry, Failure> {
    if site.configurable
        && let Some(found) = configured::look(&site.git, top, hook)?
    {
        return Ok(if found.runs {
            // As git does it.
            Entry::Runs([&*found.command, br#" "$@""#].concat())
        } else {
            none("git's configuration switches it off", "see git config --show-origin --get-regexp ^hook")
        });
    }
    let wanted = hook != hooks::STRICT;
    let found = match place {
        Place::Husky(dir) => match in_stub(&dir.join("_").join(hook)) {
            Some(reason) => reason,
            None => in_file(&dir.join(hook), hook, top),
        },
        Place::Own(dir) | Place::Tracked(dir) => in_file(&dir.join(hook), hook, top),
        Place::Shared(dir, path) => match in_file(&dir.join(hook), hook, top) {
            Entry::None(_) => {
                let mut failure = install::shared(site, dir, path);
                failure.hints = vec!["coord install says how".to_owned()];
                Entry::None(failure)
            }
            found => found,
        },
        Place::Off(path) => Entry::None(install::switched_off(path)),
        Place::Missing(dir, path) => Entry::None(install::missing(dir, path)),
    };
    Ok(if !wanted && matches!(found, Entry::None(_)) { Entry::NotWanted } else { found })
}

fn none(what: impl Into<String>, hint: &str) -> Entry {
    Entry::None(Failure::new(Kind::Repository, what).hint(hint))
}

/// husky's stub, which runs the tracked script; `None` where it does.
fn in_stub(stub: &Path) -> Option<Entry> {
    match files::look(stub) {
        Ok(Lying::Foreign { runs: true, .. } | Lying::Block { runs: true, .. }) => None,
        _ => Some(none("husky has not written its part of the hook here", "npx husky")),
    }
}

fn in_file(path: &Path, hook: &str, top: &Path) -> Entry {
    let shown = path.display();
    let lying = match files::look(path) {
        Ok(lying) => lying,
        Err(error) => return Entry::None(Failure::from(error)),
    };
    let husky = path.parent().is_some_and(|dir| dir.ends_with(".husky"));
    match lying {
        Lying::Nothing => none("there is no such hook", "coord install"),
        Lying::Block { runs: false, .. } => {
            none(format!("{shown} is not executable, so git passes over it"), "coord install")
        }
        Lying::Block { text, .. } => in_block(&text, &shown.to_string()),
        Lying::Foreign { runs: false, .. } if !husky => {
            none(format!("{shown} is not coord's, and not executable, so git passes over it"), "coord install")
        }
        Lying::Foreign { text, .. } => in_foreign(&text, hook, top, &shown.to_string()),
    }
}

fn in_block(text: &[u8], shown: &str) -> Entry {
    let Some(at) = shim::find(text) else { return none("coord's block in it is torn", "coord install") };
    let before = text[..at.start].split(|&b| b == b'\n').skip(1);
    let block = text[at.clone()].to_vec();
    match before.map(<[u8]>::trim_ascii).find(|line| !line.is_empty() && !line.starts_with(b"#")) {
        None => Entry::Runs(block),
        Some(line) => {
            let line = String::from_utf8_lossy(line).into_owned();
            Entry::Behind(block, format!("in {shown}, `{line}` stands before coord's block and may end the hook"))
        }
    }
}

fn in_foreign(text: &[u8], hook: &str, top: &Path, shown: &str) -> Entry {
    let lines = shim::shared_lines(hook);
    let whole = String::from_utf8_lossy(text);
    if whole.contains(&lines) {
        return Entry::Runs(lines.into_bytes());
    }
    let maker = Runner::made(text);
    let configured = runners::configured(top);
    if let Some(by) = configured.iter().find(|found| Some(found.runner) == maker && found.calls_coord(hook)) {
        return Entry::Untried(format!("{} calls coord by its {}; that was not tried", by.runner.name(), by.file));
    }
    if whole.contains(&format!("coord hook {hook}")) {
        return Entry::Untried(format!("{shown} calls coord in its own way; that was not tried"));
    }
    match maker {
        Some(maker) => none(
            format!("{shown} was written by {} (`{}`), which left coord out", maker.name(), maker.rewrites_with()),
            "coord install",
        ),
        None => none(format!("{shown} does not call coord"), "coord install"),
    }
}
