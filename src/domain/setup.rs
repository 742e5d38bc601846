//! What setting up found and did: hooks put in and taken out, findings of the doctor, settings with their source.
//! Must not know: git, files, how a report is printed.

use std::path::PathBuf;

use super::policy::Mode;

/// How git is brought to call coord.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Means {
    /// `hook.coord-<event>.command` in the repository's configuration (git 2.54 or later).
    Configuration,
    /// Scripts in this folder, chained with what was there.
    Folder(PathBuf),
    /// Lines in files that git tracks, in this folder (`.husky`, a tracked `core.hooksPath`).
    Tracked(PathBuf),
}

/// What happened to one hook in one place.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Action {
    /// There was none; it was written.
    Written,
    /// A script was there; coord's block was put behind its first line.
    Inserted,
    /// Something else was there; it was moved here and runs after coord.
    Chained(PathBuf),
    /// An older block or command of coord's was replaced.
    Updated,
    /// It stood already.
    Unchanged,
    /// The tool that runs hooks here calls coord by its own configuration, so nothing was put in.
    Covered,
    /// It would change a tracked file: the lines to add by hand are among the report's snippets.
    ByHand,
    /// coord's part was taken out; the rest stays.
    TakenOut,
    /// The file was coord's alone and is gone.
    Deleted,
    /// What was there before is back.
    Restored,
    /// It could not be done, and why.
    Failed(String),
}

/// One hook in one place, and what happened to it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct HookChange {
    /// The hook's name: `pre-commit`.
    pub hook: String,
    /// The file, or the configuration key, that holds it.
    pub place: String,
    /// What happened.
    pub action: Action,
}

/// Lines for somebody to put into a file that coord does not write by itself.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Snippet {
    /// The file, relative to the working tree where it lies in it.
    pub file: String,
    /// Where in it, and why coord does not do it: one sentence.
    pub what: String,
    /// The lines, ending with a newline.
    pub text: String,
}

/// The answer of `coord install`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct InstallReport {
    /// How git is brought to call coord.
    pub means: Means,
    /// Every hook, in git's order, place by place.
    pub changes: Vec<HookChange>,
    /// What is to be added by hand.
    pub snippets: Vec<Snippet>,
    /// The mode the hooks run in now.
    pub mode: Mode,
    /// What the reader should know besides.
    pub notices: Vec<String>,
}

impl InstallReport {
    /// Whether every hook is in place or in somebody's hands.
    #[must_use]
    pub fn succeeded(&self) -> bool {
        !self.changes.iter().any(|change| matches!(change.action, Action::Failed(_)))
    }
}

/// The answer of `coord uninstall`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct UninstallReport {
    /// Every hook that something was done to.
    pub changes: Vec<HookChange>,
    /// Lines that somebody added by hand and only they should take out.
    pub snippets: Vec<Snippet>,
    /// What the reader should know besides: what stays, and how to be rid of it.
    pub notices: Vec<String>,
}

impl UninstallReport {
    /// Whether nothing of coord's is left that it put in.
    #[must_use]
    pub fn succeeded(&self) -> bool {
        !self.changes.iter().any(|change| matches!(change.action, Action::Failed(_)))
    }
}

/// How much a finding matters.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Level {
    /// It is as it should be.
    Ok,
    /// coord works, but not everywhere or not for everybody.
    Warning,
    /// A conflicting commit would go through unseen.
    Problem,
}

/// One thing that the doctor looked at.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Finding {
    /// How much it matters.
    pub level: Level,
    /// What was found, one sentence without a full stop.
    pub what: String,
    /// The command or the change that mends it.
    pub fix: Option<String>,
}

/// The answer of `coord doctor`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct DoctorReport {
    /// In the order looked at.
    pub findings: Vec<Finding>,
}

impl DoctorReport {
    /// The worst level found.
    #[must_use]
    pub fn worst(&self) -> Level {
        self.findings.iter().map(|finding| finding.level).max().unwrap_or(Level::Ok)
    }
}

/// Where a setting's value came from, weakest first.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Source {
    /// Nobody set it.
    Default,
    /// git's configuration for this person or machine, with the file.
    Global(String),
    /// The team's `coord.toml`, with where it was read.
    Team(String),
    /// git's configuration for this repository or worktree, with the file.
    Local(String),
    /// An environment variable, with its name.
    Environment(String),
    /// A flag, with its name.
    Flag(String),
}

/// One setting: its value, where that came from, and what it does.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Setting {
    /// Its name: `coord.mode`, `paths.warn`.
    pub name: &'static str,
    /// The value in force, as it would be written; several are separated by a comma and a space.
    pub value: String,
    /// Where it came from.
    pub source: Source,
    /// What it does, one sentence without a full stop.
    pub meaning: &'static str,
}
