//! Running the program `git` so that it tells the truth and touches nothing (BAD-INPUTS.md section 2).
//! Must not know: what any subcommand's answer means.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use super::error::Error;

mod pipes;

/// Variables that would make git look at another repository, index or configuration than the one asked about:
/// `git rev-parse --local-env-vars`, and those that trace, page or prompt.
const CLEARED: &[&str] = &[
    "GIT_ALTERNATE_OBJECT_DIRECTORIES",
    "GIT_CONFIG",
    "GIT_CONFIG_PARAMETERS",
    "GIT_CONFIG_COUNT",
    "GIT_OBJECT_DIRECTORY",
    "GIT_DIR",
    "GIT_WORK_TREE",
    "GIT_IMPLICIT_WORK_TREE",
    "GIT_GRAFT_FILE",
    "GIT_INDEX_FILE",
    "GIT_NO_REPLACE_OBJECTS",
    "GIT_REPLACE_REF_BASE",
    "GIT_PREFIX",
    "GIT_SHALLOW_FILE",
    "GIT_COMMON_DIR",
    "GIT_NAMESPACE",
    "GIT_EXTERNAL_DIFF",
    "GIT_DIFF_OPTS",
    "GIT_TRACE",
    "GIT_TRACE2",
    "GIT_TRACE2_EVENT",
    "GIT_TRACE2_PERF",
    "GIT_TRACE_SETUP",
    "GIT_TRACE_PACKET",
    "GIT_PAGER",
    "GIT_EDITOR",
    "GIT_ATTR_SOURCE",
    "GIT_LITERAL_PATHSPECS",
    "GIT_GLOB_PATHSPECS",
    "GIT_NOGLOB_PATHSPECS",
    "GIT_ICASE_PATHSPECS",
    "GIT_REF_PARANOIA",
    "GIT_QUARANTINE_PATH",
];

/// Set for every call: no locks taken, no network, no prompts, messages that can be matched.
const SET: &[(&str, &str)] = &[
    ("GIT_OPTIONAL_LOCKS", "0"),
    ("GIT_NO_LAZY_FETCH", "1"),
    ("GIT_TERMINAL_PROMPT", "0"),
    ("GIT_ASKPASS", ""),
    ("SSH_ASKPASS", ""),
    ("GIT_PROTOCOL_FROM_USER", "0"),
    ("LC_ALL", "C"),
];

/// Configuration that would start a program or write something, overridden for every call.
const OVERRIDDEN: &[&str] = &[
    "core.hooksPath=/dev/null",
    "core.quotePath=true",
    "gc.auto=0",
    "maintenance.auto=false",
    "submodule.recurse=false",
    "diff.external=",
    "log.showSignature=false",
    "protocol.allow=never",
    "core.alternateRefsCommand=",
];

/// How long a child that was asked to end may take before coord goes on without it. It is never killed: a git that
/// dies in the middle of a write leaves a lock behind.
const GRACE: Duration = Duration::from_millis(200);

/// Until when an answer is of use.
#[derive(Clone, Copy, Debug, Default)]
pub struct Deadline(Option<Instant>);

impl Deadline {
    /// No end.
    pub const NEVER: Self = Self(None);

    /// `span` from now.
    #[must_use]
    pub fn within(span: Duration) -> Self {
        Self(Instant::now().checked_add(span))
    }

    /// What is left; `None` for no end.
    #[must_use]
    pub fn left(self) -> Option<Duration> {
        self.0.map(|at| at.saturating_duration_since(Instant::now()))
    }

    /// Whether it has passed.
    #[must_use]
    pub fn passed(self) -> bool {
        self.left() == Some(Duration::ZERO)
    }
}

/// The program `git`, resolved once to an absolute path, and how to call it.
#[derive(Clone, Debug)]
pub struct Git {
    program: PathBuf,
    overrides: Vec<OsString>,
    values: Vec<(OsString, OsString)>,
    left_away: Vec<&'static str>,
    deadline: Deadline,
    largest_file: Option<u64>,
}

/// What a call gave.
#[derive(Debug)]
pub struct Output {
    /// The exit code; -1 for a signal.
    pub code: i32,
    /// Standard output.
    pub stdout: Vec<u8>,
    /// Standard error.
    pub stderr: Vec<u8>,
}

/// One call in the making.
#[derive(Debug)]
pub struct Call {
    command: Command,
    operation: String,
    dir: PathBuf,
    stdin: Option<Vec<u8>>,
    deadline: Deadline,
}

impl Git {
    /// Finds `git` in the directories of `path` (the value of PATH), taking absolute ones only, so that a program of
    /// that name in a working tree is never run.
    ///
    /// # Errors
    /// [`Error::NoGit`] where none is found.
    pub fn find(path: Option<&OsStr>) -> Result<Self, Error> {
        let name = format!("git{}", std::env::consts::EXE_SUFFIX);
        let program = path
            .into_iter()
            .flat_map(std::env::split_paths)
            .filter(|dir| dir.is_absolute())
            .map(|dir| dir.join(&name))
            .find(|candidate| candidate.is_file())
            .ok_or(Error::NoGit)?;
        Ok(Self {
            program,
            overrides: Vec::new(),
            values: Vec::new(),
            left_away: Vec::new(),
            deadline: Deadline::NEVER,
            largest_file: None,
        })
    }

    /// The same git, whose calls end at `deadline`.
    #[must_use]
    pub fn until(&self, deadline: Deadline) -> Self {
        Self { deadline, ..self.clone() }
    }

    /// The same git, which fails to write a file that is larger than so many bytes, where the system knows of that.
    #[must_use]
    pub fn writing_at_most(&self, bytes: u64) -> Self {
        Self { largest_file: Some(bytes), ..self.clone() }
    }

    /// The program, behind a shell that sets the limit where there is one: the standard library has no way to it.
    fn command(&self) -> Command {
        let Some(bytes) = self.largest_file.filter(|_| cfg!(unix)) else { return Command::new(&self.program) };
        let mut command = Command::new("/bin/sh");
        // Counted in blocks of 512 bytes. What is ignored here is ignored in git, which then fails to write, and says so.
        command.args(["-c", "trap '' XFSZ; ulimit -f \"$0\" && exec \"$@\"", &(bytes / 512).to_string()]);
        command.arg(&self.program);
        command
    }

    /// The same git with one more `-c name=value` on every call: `core.fsmonitor=false`, disarmed filters and drivers.
    #[must_use]
    pub fn overriding(&self, setting: impl Into<OsString>) -> Self {
        let mut git = self.clone();
        git.overrides.push(setting.into());
        git
    }

    /// The same git that leaves one of its own overrides away.
    pub(super) fn without_overriding(&self, name: &'static str) -> Self {
        let mut git = self.clone();
        git.left_away.push(name);
        git
    }

    /// The same git with one more setting on every call, whatever characters the key holds: `-c` would end it at a `=`.
    #[must_use]
    pub fn overriding_value(&self, key: impl Into<OsString>, value: impl Into<OsString>) -> Self {
        let mut git = self.clone();
        git.values.push((key.into(), value.into()));
        git
    }

    /// Whether every call of this git carries its own value for `key`, given as git prints keys.
    pub(crate) fn overrides_key(&self, key: &[u8]) -> bool {
        let is = |setting: &[u8]| setting.eq_ignore_ascii_case(key);
        let name = |setting: &str| setting.split('=').next().unwrap_or_default().to_owned();
        OVERRIDDEN.iter().any(|setting| is(name(setting).as_bytes()))
            || self.overrides.iter().any(|setting| is(name(&setting.to_string_lossy()).as_bytes()))
            || self.values.iter().any(|(setting, _)| is(setting.as_encoded_bytes()))
    }

    /// Whether its calls do not see this variable.
    pub(super) fn clears(name: &str) -> bool {
        CLEARED.contains(&name)
    }

    /// Where it lies.
    #[must_use]
    pub fn program(&self) -> &Path {
        &self.program
    }

    /// The deadline of its calls.
    #[must_use]
    pub fn deadline(&self) -> Deadline {
        self.deadline
    }

    /// Begins a call of `git SUBCOMMAND` in `dir`, with a clean environment.
    #[must_use]
    pub fn call(&self, dir: &Path, subcommand: &str) -> Call {
        self.call_with(dir, &[] as &[&str], subcommand)
    }

    /// Begins a call with options of git itself before the subcommand (`--git-dir=…`, `--attr-source=…`).
    #[must_use]
    pub fn call_with<S: AsRef<OsStr>>(&self, dir: &Path, options: &[S], subcommand: &str) -> Call {
        let mut command = self.command();
        for name in CLEARED {
            command.env_remove(name);
        }
        command.envs(SET.iter().copied()).current_dir(dir).arg("--no-pager");
        let is_left_away = |setting: &str| self.left_away.iter().any(|name| setting.split('=').next() == Some(name));
        for setting in OVERRIDDEN.iter().filter(|setting| !is_left_away(setting)) {
            command.arg("-c").arg(setting);
        }
        for setting in &self.overrides {
            command.arg("-c").arg(setting);
        }
        for (n, (key, value)) in self.values.iter().enumerate() {
            command.env(format!("GIT_CONFIG_KEY_{n}"), key).env(format!("GIT_CONFIG_VALUE_{n}"), value);
        }
        if !self.values.is_empty() {
            command.env("GIT_CONFIG_COUNT", self.values.len().to_string());
        }
        command.args(options).arg(subcommand);
        Call { command, operation: subcommand.to_owned(), dir: dir.to_owned(), stdin: None, deadline: self.deadline }
    }
}

impl Call {
    /// Adds an argument.
    #[must_use]
    pub fn arg(mut self, arg: impl AsRef<OsStr>) -> Self {
        self.command.arg(arg);
        self
    }

    /// Adds arguments.
    #[must_use]
    pub fn args<S: AsRef<OsStr>>(mut self, args: impl IntoIterator<Item = S>) -> Self {
        self.command.args(args);
        self
    }

    /// Sets a variable for this call alone, such as the index of the commit being judged.
    #[must_use]
    pub fn env(mut self, name: &str, value: impl AsRef<OsStr>) -> Self {
        self.command.env(name, value);
        self
    }

    /// What the call reads from its standard input; nothing where this is not said.
    #[must_use]
    pub fn stdin(mut self, bytes: Vec<u8>) -> Self {
        self.stdin = Some(bytes);
        self
    }

    /// Runs the call, whatever code it ends with.
    ///
    /// # Errors
    /// Where the program cannot be started, or the deadline passes; the child is then asked to end (SIGTERM).
    pub fn output(mut self) -> Result<Output, Error> {
        if self.deadline.passed() {
            return Err(self.timed_out());
        }
        let stdin = if self.stdin.is_some() { Stdio::piped() } else { Stdio::null() };
        self.command.stdin(stdin).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child =
            self.command.spawn().map_err(|source| Error::Start { operation: self.operation.clone(), source })?;
        pipes::feed(&mut child, self.stdin.take());
        let Some((stdout, stderr)) = pipes::read(&mut child, self.deadline) else {
            end(child);
            return Err(self.timed_out());
        };
        let status = child.wait().map_err(|source| Error::Start { operation: self.operation.clone(), source })?;
        Ok(Output { code: status.code().unwrap_or(-1), stdout, stderr })
    }

    /// Runs the call and gives its standard output.
    ///
    /// # Errors
    /// As [`Call::output`], and [`Error::Failed`] where it ends with another code than 0.
    pub fn read(self) -> Result<Vec<u8>, Error> {
        let (operation, dir) = (self.operation.clone(), self.dir.clone());
        let output = self.output()?;
        if output.code == 0 { Ok(output.stdout) } else { Err(output.failed(operation, dir)) }
    }

    fn timed_out(&self) -> Error {
        Error::TimedOut { operation: self.operation.clone() }
    }
}

impl Output {
    /// Turns the output into the error that says how the call ended.
    #[must_use]
    pub fn failed(&self, operation: String, dir: PathBuf) -> Error {
        let text = String::from_utf8_lossy(&self.stderr);
        let message = text.lines().map(str::trim).filter(|l| !l.is_empty()).take(3).collect::<Vec<_>>().join("; ");
        Error::Failed { operation, dir, code: self.code, message }
    }
}

/// Asks the child to end and gives it a moment. A child that does not end is left behind rather than killed.
fn end(mut child: Child) {
    #[cfg(unix)]
    if let Some(pid) = i32::try_from(child.id()).ok().and_then(rustix::process::Pid::from_raw) {
        // A child that is gone already is what was wanted.
        let _ = rustix::process::kill_process(pid, rustix::process::Signal::TERM);
    }
    #[cfg(not(unix))]
    drop(child.kill());
    let (send, receive) = mpsc::channel();
    thread::spawn(move || drop(send.send(child.wait())));
    drop(receive.recv_timeout(GRACE));
}
