//! Where git looks for files of its own, as it says itself.
//! Must not know: what is in them.

use std::path::PathBuf;

use super::names;
use super::program::Call;

/// The files that `call`, which is of `git var`, names under `name`, there or not; `None` of a git that does not say.
pub(super) fn files(call: Call, name: &str) -> Option<Vec<PathBuf>> {
    let output = call.arg(name).output().ok()?;
    let lines = output.stdout.split(|&b| b == b'\n').filter(|line| !line.is_empty());
    let files: Vec<PathBuf> = lines.map(names::to_path).collect();
    // One that is switched off ends so too, and says nothing.
    let is_told = output.code == 0 || files.is_empty() && output.stderr.is_empty();
    (is_told && files.iter().all(|file| file.is_absolute())).then_some(files)
}
