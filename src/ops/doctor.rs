//! `coord doctor`: proves that git would really call coord, in every worktree, and names what is in the way.
//! Must not know: what the hooks decide, printing. It runs coord's own entries and nobody else's hooks.

mod entry;
mod landing;
mod rehearsal;

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use crate::domain::policy::Mode;
use crate::domain::setup::{DoctorReport, Finding, Level};
use crate::env::Env;
use crate::failure::Failure;
use crate::git;
use crate::git::hooks::place::{self, Place};
use crate::git::hooks::probe::{self, Reply};
use crate::git::hooks::{self, files};
use crate::git::repository::Repository;
use crate::store::Store;

use super::install::{self, Site};
use super::settings::{self, TeamFile};

use entry::Entry;

/// So many worktrees are named.
const NAMED: usize = 20;

/// Looks at everything that a hook needs.
///
/// # Errors
/// Where git cannot be asked at all.
pub fn doctor(env: &Env, repository: &Repository, team: Option<&TeamFile>) -> Result<DoctorReport, Failure> {
    let site = Site::new(env, repository)?;
    let mut findings = vec![git_version(&site)?, program(env)];
    findings.extend(in_force(env, &site, team)?);
    findings.extend(folders(&site)?);
    findings.extend(claims(&site));
    findings.extend(hooks_in_worktrees(env, &site)?);
    findings.push(rehearsal::rehearse(env, &site));
    Ok(DoctorReport { findings })
}

/// Whether git would not call coord before a commit in the asking worktree; `false` where that cannot be told.
#[must_use]
pub fn hooks_are_missing(env: &Env, repository: &Repository) -> bool {
    let look = || -> Result<bool, Failure> {
        let site = Site::new(env, repository)?;
        let top = repository.worktree.as_deref().unwrap_or(&repository.common_dir);
        let place = place::of(&site.git, repository.worktree.as_deref(), &repository.common_dir)?;
        Ok(matches!(entry::of(&site, top, &place, "pre-commit")?, Entry::None(_)))
    };
    look().unwrap_or(false)
}

/// What `coord hook NAME` answers, and nothing else, while the doctor probes it; `None` where nobody does.
#[must_use]
pub fn probe_answer(env: &Env, hook: &str) -> Option<String> {
    env.variable(probe::VARIABLE).map(|word| probe::answer(hook, &word.to_string_lossy()))
}

fn ok(what: impl Into<String>) -> Finding {
    Finding { level: Level::Ok, what: what.into(), fix: None }
}

fn finding(level: Level, what: impl Into<String>, fix: &str) -> Finding {
    Finding { level, what: what.into(), fix: (!fix.is_empty()).then(|| fix.to_owned()) }
}

/// A failure told as a finding.
fn from_failure(level: Level, failure: &Failure) -> Finding {
    let fix = (!failure.hints.is_empty()).then(|| failure.hints.join(" && "));
    Finding { level, what: failure.whole_message(), fix }
}

fn git_version(site: &Site<'_>) -> Result<Finding, Failure> {
    let answer = site.git.call(site.common_dir(), "version").read()?;
    let how =
        if site.configurable { "which takes hooks from its configuration" } else { "which takes hooks from files" };
    Ok(ok(format!("{}, {how}", String::from_utf8_lossy(&answer).trim())))
}

fn program(env: &Env) -> Finding {
    match (install::on_path(env), install::program(env)) {
        (Some(found), Ok(own)) if found == own => ok(format!("coord on PATH is {}", found.display())),
        (Some(found), Ok(own)) => finding(
            Level::Warning,
            format!("the hooks call {}, which is first on PATH, not {}", found.display(), own.display()),
            "put the folder of the one that is meant first on PATH",
        ),
        (Some(found), Err(_)) => ok(format!("coord on PATH is {}", found.display())),
        (None, _) => finding(
            Level::Warning,
            "coord is not on PATH; the hooks find it where it lay at install, people and agents do not",
            "put its folder on PATH",
        ),
    }
}

fn in_force(env: &Env, site: &Site<'_>, team: Option<&TeamFile>) -> Result<Vec<Finding>, Failure> {
    let dir = site.repository.worktree.as_deref().unwrap_or(site.common_dir());
    let config = git::config::read::<&str>(&site.git, dir, &[], None)?;
    let settled = match settings::policy(env, &config, team, &[]) {
        Ok(settled) => settled,
        Err(failure) => return Ok(vec![from_failure(Level::Problem, &failure)]),
    };
    let mut found: Vec<Finding> = settled.warnings.iter().map(|what| finding(Level::Warning, what, "")).collect();
    found.push(match settled.policy.mode {
        Mode::Enforce => ok("coord.mode is enforce: what would conflict with committed work is blocked"),
        Mode::Warn => finding(Level::Warning, "coord.mode is warn: nothing is blocked", "coord config mode enforce"),
        Mode::Monitor => {
            finding(Level::Warning, "coord.mode is monitor: nothing is blocked or said", "coord config mode enforce")
        }
    });
    // Where it cannot be told, the commands that need the target say why.
    found.extend(landing::behind(site.repository, &settled.policy).unwrap_or_default());
    if env.variable("COORD_SKIP").is_some_and(|value| value != "0") {
        let what = "COORD_SKIP is set here: no commit from this shell is checked";
        found.push(finding(Level::Problem, what, "unset COORD_SKIP"));
    }
    Ok(found)
}

/// Whether what must be written can be written from here (an agent's sandbox often forbids it).
fn folders(site: &Site<'_>) -> Result<Vec<Finding>, Failure> {
    let mut found = Vec::new();
    if !files::is_writable(site.common_dir()) {
        let what = format!(
            "{} cannot be written to from here: answers come, and nothing can be recorded",
            site.common_dir().display()
        );
        found.push(finding(Level::Warning, what, "allow the sandbox to write there"));
    }
    for dir in site.own_folders()?.iter().filter(|dir| dir.is_dir() && !files::is_writable(dir)) {
        let what = format!("{} cannot be written to from here: coord install cannot work", dir.display());
        found.push(finding(Level::Warning, what, "run coord install outside of the sandbox"));
    }
    found.extend(out_of_sight(site));
    Ok(found)
}

/// Whether what coord publishes is kept out of git's sight.
fn out_of_sight(site: &Site<'_>) -> Option<Finding> {
    let patterns = install::patterns(&site.repository.own_paths);
    if patterns.is_empty() {
        return None;
    }
    let store = match Store::open(site.common_dir()) {
        Ok(store) => store,
        Err(error) => return Some(finding(Level::Warning, error.to_string(), "")),
    };
    match store.is_excluded(&patterns) {
        Ok(true) => None,
        Ok(false) => {
            let what = "info/exclude does not name what coord publishes, so git shows it as untracked";
            Some(finding(Level::Warning, what, "coord install"))
        }
        Err(error) => Some(finding(Level::Warning, error.to_string(), "")),
    }
}

/// Whether the claims can be read: while they cannot, they stop nobody, and none is granted.
fn claims(site: &Site<'_>) -> Option<Finding> {
    let error = Store::open(site.common_dir()).ok()?.claims().err()?;
    let fix = "move that file away: the claims in it are given up, and may be taken again";
    Some(finding(Level::Problem, format!("the claims stop nobody: {error}"), fix))
}

/// Proves every hook in every worktree, and tells what worked everywhere in one line.
fn hooks_in_worktrees(env: &Env, site: &Site<'_>) -> Result<Vec<Finding>, Failure> {
    let Some(shell) = probe::shell(env.variable("PATH")) else {
        return Ok(vec![finding(Level::Problem, "no program `sh` found, which runs hooks", "install git's own sh")]);
    };
    let mut tops = site.tops()?;
    if tops.is_empty() {
        tops.push(site.common_dir().to_owned());
    }
    let mut proof = Proof { shell, word: format!("{:x}", std::process::id()), proven: BTreeSet::new() };
    let (mut found, mut good) = (Vec::new(), Vec::new());
    for top in &tops {
        let told = proof.worktree(site, top)?;
        if told.iter().all(|finding| finding.level < Level::Problem) {
            good.push(top.file_name().unwrap_or(top.as_os_str()).to_string_lossy());
        }
        found.extend(told);
    }
    if !good.is_empty() {
        let of = if good.len() == tops.len() {
            "every worktree".to_owned()
        } else {
            format!("{} of {} worktrees", good.len(), tops.len())
        };
        found.insert(
            0,
            ok(format!("git calls coord before a commit in {of} ({} tried): {}", tops.len(), listed(&good))),
        );
    }
    Ok(found)
}

/// Names in a row, the last of very many as a number.
fn listed(names: &[Cow<'_, str>]) -> String {
    let shown = names[..names.len().min(NAMED)].join(", ");
    if names.len() > NAMED { format!("{shown} and {} more", names.len() - NAMED) } else { shown }
}

/// What was tried so far. An entry that answered once answers in the next worktree too; the one that judges a commit is
/// tried in each all the same.
struct Proof {
    shell: PathBuf,
    word: String,
    proven: BTreeSet<Vec<u8>>,
}

impl Proof {
    fn worktree(&mut self, site: &Site<'_>, top: &Path) -> Result<Vec<Finding>, Failure> {
        let mut faults: Vec<(Finding, Vec<&str>)> = Vec::new();
        let bare = site.repository.worktree.is_none() && top == site.common_dir();
        let place = place::of(&site.git, (!bare).then_some(top), site.common_dir())?;
        for hook in hooks::all() {
            let Some(fault) = self.hook(site, top, &place, hook)? else { continue };
            match faults.iter_mut().find(|(known, _)| known.what == fault.what) {
                Some((known, hooks)) => {
                    known.level = known.level.max(fault.level);
                    hooks.push(hook);
                }
                None => faults.push((fault, vec![hook])),
            }
        }
        let tell = |(fault, hooks): (Finding, Vec<&str>)| {
            let hooks = if hooks.len() >= hooks::HOOKS.len() { "every hook".to_owned() } else { hooks.join(", ") };
            Finding { what: format!("{hooks} in {}: {}", top.display(), fault.what), ..fault }
        };
        Ok(faults.into_iter().map(tell).collect())
    }

    /// What keeps one hook from calling coord in one worktree.
    fn hook(
        &mut self,
        site: &Site<'_>,
        top: &Path,
        place: &Place,
        hook: &'static str,
    ) -> Result<Option<Finding>, Failure> {
        let judges = matches!(hook, "pre-commit" | "pre-merge-commit");
        let worst = if judges { Level::Problem } else { Level::Warning };
        let (text, fault) = match entry::of(site, top, place, hook)? {
            Entry::Runs(text) => (text, None),
            Entry::Behind(text, what) => (text, Some(finding(Level::Warning, what, ""))),
            Entry::Untried(what) => return Ok(Some(finding(Level::Warning, what, ""))),
            Entry::NotWanted => return Ok(None),
            Entry::None(failure) => return Ok(Some(from_failure(worst, &failure))),
        };
        if hook != "pre-commit" && self.proven.contains(&text) {
            return Ok(fault);
        }
        let reply = probe::run(&self.shell, &text, hook, top, &self.word)?;
        Ok(match reply {
            Reply::Fires(version) if version == env!("CARGO_PKG_VERSION") => {
                self.proven.insert(text);
                fault
            }
            Reply::Fires(version) => {
                let what = format!("the hook calls coord {version}, and this is {}", env!("CARGO_PKG_VERSION"));
                Some(finding(Level::Warning, what, "coord install"))
            }
            Reply::Silent(code, said) => {
                let said = if said.is_empty() { String::new() } else { format!(" and said: {said}") };
                let what = format!("the hook is there, and coord does not answer; it ended with {code}{said}");
                Some(finding(worst, what, "coord install"))
            }
            Reply::Late => Some(finding(worst, "the hook is there, and coord did not answer in 10 s", "")),
        })
    }
}
