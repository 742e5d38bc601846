//! Running `git` as a person would, hooks and all, in repositories that coord made for itself: the demonstration.
//! Must not know: any repository of the user's; whoever reads those goes through `program.rs`.

use std::ffi::{OsStr, OsString};
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::error::Error;

/// Programs run in an environment that knows nothing of the user's: own home, no configuration, a fixed author.
#[derive(Clone, Debug)]
pub struct Plain {
    path: OsString,
    variables: Vec<(OsString, OsString)>,
}

/// How a program ended and what it said.
#[derive(Clone, Debug)]
pub struct Ended {
    /// The exit code; -1 for a signal.
    pub code: i32,
    /// What it wrote: standard output, then standard error.
    pub said: Vec<u8>,
}

impl Plain {
    /// Programs are looked for in `first`, then in the absolute directories of `path`; `home` is theirs alone.
    ///
    /// # Errors
    /// Where a directory's name cannot stand in PATH.
    pub fn new(first: &Path, path: Option<&OsStr>, home: &Path) -> Result<Self, Error> {
        let rest = path.into_iter().flat_map(std::env::split_paths).filter(|dir| dir.is_absolute());
        let path = std::env::join_paths([first.to_owned()].into_iter().chain(rest)).map_err(|_| Error::NoGit)?;
        let mut plain = Self { path: path.clone(), variables: Vec::new() };
        for name in ["HOME", "XDG_CONFIG_HOME", "USERPROFILE"] {
            plain.set(name, home);
        }
        plain.set("PATH", path);
        for (name, value) in [
            ("GIT_CONFIG_NOSYSTEM", "1"),
            ("GIT_AUTHOR_NAME", "Ada"),
            ("GIT_AUTHOR_EMAIL", "ada@example.org"),
            ("GIT_COMMITTER_NAME", "Ada"),
            ("GIT_COMMITTER_EMAIL", "ada@example.org"),
            ("GIT_EDITOR", "true"),
            ("GIT_TERMINAL_PROMPT", "0"),
            ("LC_ALL", "C"),
        ] {
            plain.set(name, value);
        }
        Ok(plain)
    }

    /// Sets one more variable for every program.
    pub fn set(&mut self, name: &str, value: impl AsRef<OsStr>) {
        self.variables.push((name.into(), value.as_ref().to_owned()));
    }

    /// Runs `program` in `dir`, whatever code it ends with.
    ///
    /// # Errors
    /// Where it cannot be started.
    pub fn run(&self, dir: &Path, program: &str, args: &[&str]) -> Result<Ended, Error> {
        let found: Option<PathBuf> =
            std::env::split_paths(&self.path).map(|at| at.join(executable(program))).find(|file| file.is_file());
        let failed = |source| Error::Start { operation: args.first().unwrap_or(&program).to_string(), source };
        let output = Command::new(found.ok_or_else(|| failed(io::ErrorKind::NotFound.into()))?)
            .args(args)
            .env_clear()
            .envs(self.variables.iter().map(|(name, value)| (name, value)))
            .current_dir(dir)
            .stdin(Stdio::null())
            .output()
            .map_err(failed)?;
        let mut said = output.stdout;
        said.extend_from_slice(&output.stderr);
        Ok(Ended { code: output.status.code().unwrap_or(-1), said })
    }
}

fn executable(program: &str) -> String {
    format!("{program}{}", std::env::consts::EXE_SUFFIX)
}
