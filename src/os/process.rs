//! Which process is which, and whether it still lives.
//! Must not know: how the system tells (`system`), what a process is looked up for.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::system;
use crate::domain::process::{Liveness, ProcessId};

/// A process as it was found.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Process {
    /// Which one it is.
    pub id: ProcessId,
    /// The name that the system gives it; at most 15 bytes on Linux.
    pub name: Vec<u8>,
    /// Its program's file, where that may be looked at.
    pub program: Option<PathBuf>,
    /// Its arguments, its own name first; empty for a process that hides or ended.
    pub arguments: Vec<Vec<u8>>,
}

/// How far up the ancestors are looked at. Real chains (shell, agent, terminal, login) are a dozen long.
const HIGHEST: usize = 64;

/// This process.
#[must_use]
pub fn current() -> ProcessId {
    system::current()
}

/// The process that has this number now, in our own pid namespace; `None` where there is none, or the system does not say.
#[must_use]
pub fn identify(pid: u32) -> Option<ProcessId> {
    system::look(pid).map(|(process, _)| process.id)
}

/// Whether the process still runs. A zombie is dead. Never [`Liveness::Dead`] for a process of another boot or
/// namespace: its number means nothing here.
#[must_use]
pub fn is_alive(process: &ProcessId) -> Liveness {
    system::liveness(process)
}

/// The ancestors of this process, its parent first. Empty where the system does not tell.
pub fn ancestors() -> impl Iterator<Item = Process> {
    let mut next = system::look(std::process::id()).map(|(_, parent)| parent);
    std::iter::from_fn(move || {
        let (process, parent) = system::look(next.filter(|&pid| pid != 0)?)?;
        next = Some(parent);
        Some(process)
    })
    .take(HIGHEST)
}

/// The `git` that runs the hook we are in: the nearest ancestor whose program is git. `None` where none is found.
#[must_use]
pub fn parent_git_commit() -> Option<ProcessId> {
    ancestors().find(Process::is_git).map(|process| process.id)
}

/// The nearest ancestor whose program, or script run by an interpreter, has one of these file names: the agent or
/// editor that a command was started from.
#[must_use]
pub fn parent_named(names: &[&str]) -> Option<Process> {
    ancestors().find(|process| names.iter().any(|name| process.is_called(name.as_bytes())))
}

/// Starts a program that goes on by itself: in a group of its own, so that no signal for ours reaches it, and with none of
/// our pipes, so that nobody who waits for our end waits for its. That it does not start is nobody's concern.
pub fn start_detached(program: &Path, arguments: &[&str], place: &Path, without: &[&str]) {
    let mut command = Command::new(program);
    command.args(arguments).current_dir(place).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    for name in without {
        command.env_remove(name);
    }
    #[cfg(unix)]
    std::os::unix::process::CommandExt::process_group(&mut command, 0);
    if let Ok(mut child) = command.spawn() {
        std::thread::spawn(move || drop(child.wait()));
    }
}

impl Process {
    /// Whether it is git itself at work on a repository: not `git coord`, which is coord, nor `git hook run`, whose
    /// caller is the one that commits.
    #[must_use]
    pub fn is_git(&self) -> bool {
        let own = self.arguments.first().map_or(self.name.as_slice(), |first| base_name(first));
        let is_git = own == b"git" || own == b"git.exe" || own.starts_with(b"git-");
        is_git && !own.starts_with(b"git-coord") && !matches!(self.subcommand(), Some(b"coord" | b"hook"))
    }

    /// The subcommand of a git: the first argument that is neither an option nor an option's value.
    #[must_use]
    pub fn subcommand(&self) -> Option<&[u8]> {
        let mut arguments = self.arguments.iter().skip(1).map(Vec::as_slice);
        while let Some(argument) = arguments.next() {
            match argument {
                b"-c" | b"-C" | b"--git-dir" | b"--work-tree" | b"--namespace" | b"--exec-path" | b"--config-env" => {
                    arguments.next();
                }
                option if option.starts_with(b"-") => {}
                subcommand => return Some(subcommand),
            }
        }
        None
    }

    fn is_called(&self, name: &[u8]) -> bool {
        self.name == name || self.arguments.iter().take(2).any(|argument| base_name(argument) == name)
    }
}

fn base_name(path: &[u8]) -> &[u8] {
    path.rsplit(|&b| b == b'/' || b == b'\\').next().unwrap_or(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn process(name: &str, arguments: &[&str]) -> Process {
        Process {
            id: ProcessId::bare(1),
            name: name.into(),
            program: None,
            arguments: arguments.iter().map(|a| a.as_bytes().to_vec()).collect(),
        }
    }

    #[test]
    fn a_git_that_commits_is_told_from_its_helpers() {
        assert!(process("git", &["git", "commit", "-m", "hook"]).is_git());
        assert!(process("git", &["/usr/bin/git", "-c", "coord", "-C", "x", "merge", "y"]).is_git());
        assert!(process("git", &[]).is_git());
        assert!(!process("git", &["git", "coord", "scan"]).is_git());
        assert!(!process("git", &["git", "hook", "run", "pre-commit"]).is_git());
        assert!(!process("git-coord", &["git-coord", "hook", "pre-commit"]).is_git());
        assert!(!process("sh", &["/bin/sh", ".git/hooks/pre-commit"]).is_git());
    }

    #[test]
    fn an_agent_is_found_behind_its_interpreter() {
        assert!(process("node", &["node", "/opt/bin/claude", "-p"]).is_called(b"claude"));
        assert!(!process("node", &["node", "/opt/claude/other.js"]).is_called(b"claude"));
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn life_and_death_are_told_apart() {
        let me = current();
        assert_eq!(is_alive(&me), Liveness::Alive);
        assert_eq!(identify(me.pid), Some(me.clone()));
        assert_eq!(is_alive(&ProcessId { start: me.start.map(|s| s + 1), ..me.clone() }), Liveness::Dead);
        assert_eq!(is_alive(&ProcessId { boot: Some("another".into()), ..me.clone() }), Liveness::Unknown);
        assert_eq!(is_alive(&ProcessId { pid_namespace: Some(1), ..me.clone() }), Liveness::Unknown);
        assert_eq!(is_alive(&ProcessId::bare(me.pid)), Liveness::Unknown);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_zombie_and_a_reaped_child_are_dead() {
        let mut child = Command::new("sleep").arg("60").spawn().expect("sleep starts");
        let id = identify(child.id()).expect("it runs");
        assert_eq!(is_alive(&id), Liveness::Alive);
        assert!(ancestors().all(|ancestor| ancestor.id != id));
        child.kill().expect("it is ours");
        while is_alive(&id) == Liveness::Alive {
            std::thread::yield_now();
        }
        child.wait().expect("it is ours");
        assert_eq!(is_alive(&id), Liveness::Dead);
    }
}
