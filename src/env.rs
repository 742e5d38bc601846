//! The environment, captured once at the start and passed on as a value.
//! Must not know: what anybody does with it.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::io::{self, IsTerminal as _};
use std::path::PathBuf;

/// Everything the program takes from its surroundings besides its arguments and the clock.
#[derive(Clone, Debug)]
pub struct Env {
    /// The working directory; an error where it is gone.
    pub cwd: Result<PathBuf, String>,
    /// All environment variables.
    pub variables: BTreeMap<OsString, OsString>,
    /// Whether standard output is a terminal.
    pub stdout_is_terminal: bool,
    /// Whether standard error is a terminal.
    pub stderr_is_terminal: bool,
    /// Where this program lies, as far as the system tells.
    pub program: Option<PathBuf>,
}

impl Env {
    /// Reads the process's surroundings.
    #[must_use]
    #[expect(clippy::disallowed_methods, reason = "this is the one place that captures the environment")]
    pub fn capture() -> Self {
        Self {
            cwd: std::env::current_dir().map_err(|error| error.to_string()),
            variables: std::env::vars_os().collect(),
            stdout_is_terminal: io::stdout().is_terminal(),
            stderr_is_terminal: io::stderr().is_terminal(),
            program: std::env::current_exe().ok(),
        }
    }

    /// A variable's value; `None` where it is unset or empty.
    #[must_use]
    pub fn variable(&self, name: &str) -> Option<&OsStr> {
        self.variables.get(OsStr::new(name)).map(OsString::as_os_str).filter(|value| !value.is_empty())
    }
}
