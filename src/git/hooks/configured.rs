//! Hooks in git's configuration (git 2.54 or later): `hook.coord-<event>.command` in the repository's shared file.
//! Must not know: hook files, what `coord hook` does.

use std::ffi::OsString;
use std::path::Path;

use super::shim;
use crate::domain::setup::Action;
use crate::git::{Error, Git};

/// The first git that runs such hooks; an older one passes over the keys in silence.
pub const SINCE: (u32, u32) = (2, 54);

/// What the configuration holds for one hook.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Configured {
    /// The command that git would run.
    pub command: Vec<u8>,
    /// Whether it is bound to its event, and neither it nor the event is switched off.
    pub runs: bool,
}

/// Whether this git runs such hooks.
///
/// # Errors
/// Where git cannot be asked.
pub fn is_supported(git: &Git, dir: &Path) -> Result<bool, Error> {
    let answer = git.call(dir, "version").read()?;
    let text = String::from_utf8_lossy(&answer);
    let mut numbers = text.trim().strip_prefix("git version ").unwrap_or_default().split('.').map(str::parse);
    let (Some(Ok(major)), Some(Ok(minor))) = (numbers.next(), numbers.next()) else { return Ok(false) };
    Ok((major, minor) >= SINCE)
}

/// The section of a hook: one friendly name an event, as a name has one command, which must know its event.
#[must_use]
pub fn section(hook: &str) -> String {
    format!("hook.coord-{hook}")
}

/// What git in `dir` would run for the hook; `None` where coord's command is not there.
///
/// # Errors
/// Where git cannot be asked.
pub fn look(git: &Git, dir: &Path, hook: &str) -> Result<Option<Configured>, Error> {
    let section = section(hook);
    let Some(command) = values(git, dir, &[], &format!("{section}.command"))?.pop() else { return Ok(None) };
    let events = values(git, dir, &[], &format!("{section}.event"))?;
    let bound = events.iter().rev().take_while(|event| !event.is_empty()).any(|event| event == hook.as_bytes());
    let on = |key: String| {
        let off = values(git, dir, &["--type=bool"], &key).map(|values| values.last().is_some_and(|v| v == b"false"));
        off.map(|off| !off)
    };
    let runs = bound && on(format!("{section}.enabled"))? && on(format!("hook.{hook}.enabled"))?;
    Ok(Some(Configured { command, runs }))
}

/// Writes the hook into the configuration that all worktrees share.
///
/// # Errors
/// Where git cannot write it.
pub fn put(git: &Git, common_dir: &Path, hook: &str, program: &Path) -> Result<Action, Error> {
    let section = section(hook);
    let (command_key, event_key) = (format!("{section}.command"), format!("{section}.event"));
    let command = shim::command(hook, program);
    let (old, events) =
        (values(git, common_dir, &["--local"], &command_key)?, values(git, common_dir, &["--local"], &event_key)?);
    if old == [&*command] && events == [hook.as_bytes()] {
        return Ok(Action::Unchanged);
    }
    set(git, common_dir, &event_key, hook.into())?;
    set(git, common_dir, &command_key, shim::to_os(&command))?;
    Ok(if old.is_empty() && events.is_empty() { Action::Written } else { Action::Updated })
}

/// Takes the hook out of that configuration; `None` where it is not there.
///
/// # Errors
/// Where git cannot write it.
pub fn take(git: &Git, common_dir: &Path, hook: &str) -> Result<Option<Action>, Error> {
    let section = section(hook);
    let there = !values(git, common_dir, &["--local"], &format!("{section}.command"))?.is_empty()
        || !values(git, common_dir, &["--local"], &format!("{section}.event"))?.is_empty();
    if there {
        remove_section(git, common_dir, &section)?;
    }
    Ok(there.then_some(Action::Deleted))
}

/// Sets a key of the shared configuration to one value.
///
/// # Errors
/// Where git cannot write it.
pub fn set(git: &Git, common_dir: &Path, key: &str, value: OsString) -> Result<(), Error> {
    git.call(common_dir, "config").args(["--local", "--replace-all", key]).arg(value).read().map(drop)
}

/// Adds a value to a key of the shared configuration.
///
/// # Errors
/// Where git cannot write it.
pub fn add(git: &Git, common_dir: &Path, key: &str, value: OsString) -> Result<(), Error> {
    git.call(common_dir, "config").args(["--local", "--add", key]).arg(value).read().map(drop)
}

/// Removes a key of the shared configuration, and with the last key its section.
///
/// # Errors
/// Where git cannot write it.
pub fn unset(git: &Git, common_dir: &Path, key: &str) -> Result<(), Error> {
    let output = git.call(common_dir, "config").args(["--local", "--unset-all", key]).output()?;
    // 5: there was none.
    if matches!(output.code, 0 | 5) { Ok(()) } else { Err(output.failed("config".into(), common_dir.to_owned())) }
}

/// Removes a whole section of the shared configuration.
///
/// # Errors
/// Where git cannot write it.
pub fn remove_section(git: &Git, common_dir: &Path, section: &str) -> Result<(), Error> {
    git.call(common_dir, "config").args(["--local", "--remove-section", section]).read().map(drop)
}

/// Every value of a key, in git's order.
///
/// # Errors
/// Where git cannot be asked.
pub fn values(git: &Git, dir: &Path, options: &[&str], key: &str) -> Result<Vec<Vec<u8>>, Error> {
    let output = git.call(dir, "config").args(options).args(["-z", "--get-all", key]).output()?;
    match output.code {
        0 => Ok(output
            .stdout
            .strip_suffix(b"\0")
            .unwrap_or(&output.stdout)
            .split(|&b| b == 0)
            .map(<[u8]>::to_vec)
            .collect()),
        1 => Ok(Vec::new()),
        _ => Err(output.failed("config".into(), dir.to_owned())),
    }
}
