//! Running coord's own entry of a hook, and nothing else, to see that it fires.
//! Must not know: where entries are found, what is done about one that stays silent.

use std::ffi::OsStr;
use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use super::shim;
use crate::git::Error;

/// Set to a word of the doctor's choice, it makes `coord hook` answer [`answer`] and end.
pub const VARIABLE: &str = "COORD_PROBE";

/// How long an entry may take to answer.
const LIMIT: Duration = Duration::from_secs(10);

/// What `coord hook` prints when it is probed.
#[must_use]
pub fn answer(hook: &str, word: &str) -> String {
    format!("coord-probe {hook} {word} {}\n", env!("CARGO_PKG_VERSION"))
}

/// What became of a probe.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Reply {
    /// coord answered: the version of the program that did.
    Fires(String),
    /// Something else came, or nothing: the exit code, and the first line of what was said.
    Silent(i32, String),
    /// No answer in time.
    Late,
}

/// Finds the shell that hooks are written for, in the folders of `path`; absolute ones only.
#[must_use]
pub fn shell(path: Option<&OsStr>) -> Option<PathBuf> {
    let name = format!("sh{}", std::env::consts::EXE_SUFFIX);
    let on_path = path.into_iter().flat_map(std::env::split_paths).filter(|dir| dir.is_absolute());
    on_path.chain([PathBuf::from("/bin")]).map(|dir| dir.join(&name)).find(|program| program.is_file())
}

/// Runs an entry (a block, or a configured command) as git in `dir` would, with the probe variable set to `word`.
///
/// # Errors
/// Where the shell cannot be started.
pub fn run(shell: &Path, entry: &[u8], hook: &str, dir: &Path, word: &str) -> Result<Reply, Error> {
    let mut command = Command::new(shell);
    // The name stands where the block would begin the script anew for what follows it: the user's part, which is not run.
    command.arg("-c").arg(shim::to_os(entry)).arg("true").args(arguments(hook)).current_dir(dir);
    for name in ["COORD_SKIP", "COORD_FED", "COORD_STRICT"] {
        command.env_remove(name);
    }
    command.env(VARIABLE, word).env("COORD_FOREGROUND", "1");
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let start = |source| Error::Start { operation: format!("hook {hook}"), source };
    let mut child = command.spawn().map_err(start)?;
    if let Some(mut pipe) = child.stdin.take() {
        // Most hooks read no input; that the pipe closes early is no error.
        drop(pipe.write_all(input(hook).as_bytes()));
    }
    let (send, receive) = mpsc::channel();
    let (mut stdout, mut stderr) = (child.stdout.take(), child.stderr.take());
    thread::spawn(move || {
        let (mut out, mut err) = (Vec::new(), Vec::new());
        drop(stdout.as_mut().map(|pipe| pipe.read_to_end(&mut out)));
        drop(stderr.as_mut().map(|pipe| pipe.read_to_end(&mut err)));
        drop(send.send((out, err)));
    });
    let Ok((out, err)) = receive.recv_timeout(LIMIT) else {
        drop(child.kill());
        return Ok(Reply::Late);
    };
    let code = child.wait().map_err(start)?.code().unwrap_or(-1);
    Ok(read(&out, &err, code, hook, word))
}

fn read(out: &[u8], err: &[u8], code: i32, hook: &str, word: &str) -> Reply {
    let (out, err) = (String::from_utf8_lossy(out), String::from_utf8_lossy(err));
    let begin = format!("coord-probe {hook} {word} ");
    match out.lines().find_map(|line| line.strip_prefix(&begin)) {
        Some(version) if code == 0 => Reply::Fires(version.trim().to_owned()),
        _ => Reply::Silent(code, err.lines().chain(out.lines()).next().unwrap_or_default().to_owned()),
    }
}

/// Arguments that make the shim go all the way to coord.
fn arguments(hook: &str) -> &'static [&'static str] {
    match hook {
        "reference-transaction" => &["prepared"],
        "pre-push" => &["coord-probe", "coord-probe"],
        "post-rewrite" => &["amend"],
        _ => &[],
    }
}

fn input(hook: &str) -> &'static str {
    if hook == "reference-transaction" { "0 0 refs/heads/coord-probe\n" } else { "" }
}
