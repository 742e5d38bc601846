//! Agents' configuration files on disk: read, changed as told, replaced in one step; and a rehearsal of what they call.
//! Must not know: any agent's format.

use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::domain::setup::Action;
use crate::env::Env;
use crate::failure::{Failure, Kind};
use crate::ops::context::Context;

/// No configuration is larger.
const LARGEST: u64 = 4 << 20;

/// Where an agent's file lies: below the main worktree, which every worktree's agent reads or is made from; in a bare
/// repository below the asking one.
///
/// # Errors
/// Where there is no worktree at all.
pub fn place(ctx: &Context, file: &str) -> Result<PathBuf, Failure> {
    let top = ctx.repository.main_worktree.as_ref().or(ctx.repository.worktree.as_ref());
    let top =
        top.ok_or_else(|| Failure::new(Kind::Usage, "agents are set up in a worktree, and there is none here"))?;
    Ok(top.join(file))
}

/// Reads a file; `None` where there is none.
///
/// # Errors
/// Where it is there and cannot be read as text, or is something else than a plain file.
pub fn read(path: &Path) -> Result<Option<String>, Failure> {
    let wrong = |why: String| Failure::new(Kind::Config, format!("{} is left as it is: {why}", path.display()));
    let metadata = match fs::symlink_metadata(path) {
        Ok(metadata) => metadata,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(wrong(error.to_string())),
    };
    if !metadata.is_file() || metadata.len() > LARGEST {
        return Err(wrong("it is no plain file of a usual size".to_owned()));
    }
    fs::read_to_string(path).map(Some).map_err(|error| wrong(error.to_string()))
}

/// Changes a file as `change` says: from its text (`None` where it is missing) to its new text, or to nothing.
///
/// # Errors
/// Where it cannot be read or replaced, or `change` refuses; the old content stands then.
pub fn change(
    path: &Path,
    change: impl FnOnce(Option<&str>) -> Result<Option<String>, String>,
) -> Result<Action, Failure> {
    let old = read(path)?;
    let wrong = |why: String| Failure::new(Kind::Config, format!("{} is left as it is: {why}", path.display()));
    let new = change(old.as_deref()).map_err(wrong)?;
    match (&old, new) {
        (None, None) => Ok(Action::Unchanged),
        (Some(old), Some(new)) if *old == new => Ok(Action::Unchanged),
        (Some(_), None) => {
            fs::remove_file(path).map_err(|error| wrong(error.to_string()))?;
            // Its folders were made for it where nothing else is in them; none other can be removed like that.
            drop(path.ancestors().skip(1).take(2).try_for_each(fs::remove_dir));
            Ok(Action::Deleted)
        }
        (old, Some(new)) => {
            replace(path, &new).map_err(|error| wrong(error.to_string()))?;
            Ok(if old.is_some() { Action::Updated } else { Action::Written })
        }
    }
}

fn replace(path: &Path, text: &str) -> io::Result<()> {
    let folder = path.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(folder)?;
    let mut file = tempfile::NamedTempFile::new_in(folder)?;
    file.write_all(text.as_bytes())?;
    if let Ok(old) = fs::metadata(path) {
        file.as_file().set_permissions(old.permissions())?;
    } else {
        open_to_all(file.as_file())?;
    }
    file.persist(path).map(drop).map_err(|error| error.error)
}

/// As any editor would make it, not as a temporary file is made.
fn open_to_all(file: &fs::File) -> io::Result<()> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        file.set_permissions(fs::Permissions::from_mode(0o644))?;
    }
    #[cfg(not(unix))]
    let _ = file;
    Ok(())
}

/// Calls `coord agent NAME` as the agent would, by PATH, and gives back what it answers.
///
/// # Errors
/// Where it cannot be started or ends with anything but 0: the agent would go on without being told anything.
pub fn rehearse(env: &Env, agent: &str, payload: &str) -> Result<String, Failure> {
    let failed = |why: String| Failure::new(Kind::Config, format!("coord agent {agent} does not answer: {why}"));
    let mut command = Command::new("coord");
    command.args(["agent", agent]).env_clear().envs(&env.variables);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut child = command.spawn().map_err(|error| failed(error.to_string()))?;
    if let Some(mut input) = child.stdin.take() {
        drop(input.write_all(payload.as_bytes()));
    }
    let output = child.wait_with_output().map_err(|error| failed(error.to_string()))?;
    if !output.status.success() {
        return Err(failed(output.status.to_string()));
    }
    Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}
