//! Where git looks for hooks, as seen from one worktree, and whose place that is.
//! Must not know: what lies there, whether coord may write to it on the user's word.

use std::path::{Component, Path, PathBuf};

use crate::git::names::to_path;
use crate::git::{Error, Git};

/// `core.hooksPath` as one worktree sees it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct HooksPath {
    /// The value, `~` resolved.
    pub value: PathBuf,
    /// `system`, `global`, `local` or `worktree`.
    pub scope: String,
    /// The file it stands in, as git names it.
    pub origin: String,
}

/// The folder that git takes hooks from, by whose it is.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Place {
    /// It belongs to this repository alone and git does not track it: `hooks` of the common dir, or what
    /// `core.hooksPath` names inside the repository.
    Own(PathBuf),
    /// Git tracks files in it: what is written there reaches everybody.
    Tracked(PathBuf),
    /// husky's: it runs the scripts in this tracked folder.
    Husky(PathBuf),
    /// Other repositories may use it too: never written to.
    Shared(PathBuf, HooksPath),
    /// No hook can run: the value is no folder.
    Off(HooksPath),
    /// A relative path, and this worktree has no such folder: no hook runs here.
    Missing(PathBuf, HooksPath),
}

impl Place {
    /// The folder in which hook files would be looked for, where there is one to write to.
    #[must_use]
    pub fn folder(&self) -> Option<&Path> {
        match self {
            Self::Own(dir) | Self::Tracked(dir) | Self::Husky(dir) => Some(dir),
            Self::Shared(..) | Self::Off(_) | Self::Missing(..) => None,
        }
    }
}

/// Finds the place for the worktree at `top`, or for the bare repository `common_dir` where there is none.
///
/// # Errors
/// Where git cannot be asked.
pub fn of(git: &Git, top: Option<&Path>, common_dir: &Path) -> Result<Place, Error> {
    let base = top.unwrap_or(common_dir);
    let Some(path) = hooks_path(git, base)? else { return own_or_tracked(git, &common_dir.join("hooks"), common_dir) };
    let dir = base.join(&path.value);
    if path.value.as_os_str().is_empty() || dir.exists() && !dir.is_dir() {
        return Ok(Place::Off(path));
    }
    if same(&dir, &common_dir.join("hooks")) {
        return own_or_tracked(git, &common_dir.join("hooks"), common_dir);
    }
    if dir.ends_with(".husky/_") {
        let husky = dir.parent().map(Path::to_owned).unwrap_or(dir.clone());
        return Ok(if dir.is_dir() { Place::Husky(husky) } else { Place::Missing(dir, path) });
    }
    if matches!(path.scope.as_str(), "system" | "global") && path.value.is_absolute() {
        return Ok(Place::Shared(dir, path));
    }
    if !dir.is_dir() {
        return Ok(if path.value.is_absolute() { Place::Off(path) } else { Place::Missing(dir, path) });
    }
    let inside = |of: &Path| resolved(&dir).starts_with(resolved(of));
    if !inside(common_dir)
        && !top.is_some_and(inside)
        && tree_of(git, &dir)?.is_none_or(|of| of != resolved(common_dir))
    {
        return Ok(Place::Shared(dir, path));
    }
    own_or_tracked(git, &dir, common_dir)
}

/// `core.hooksPath` as git in `dir` sees it, `git -c` aside.
///
/// # Errors
/// Where git cannot be asked, or answers in another form than documented.
pub fn hooks_path(git: &Git, dir: &Path) -> Result<Option<HooksPath>, Error> {
    let call = git.call(dir, "config").args(["--type=path", "--show-scope", "--show-origin", "-z"]);
    let output = call.args(["--get-all", "core.hooksPath"]).output()?;
    if output.code > 1 {
        return Err(output.failed("config".into(), dir.to_owned()));
    }
    let mut fields = output.stdout.split(|&b| b == 0);
    let mut found = None;
    while let (Some(scope), Some(origin), Some(value)) = (fields.next(), fields.next(), fields.next()) {
        if scope != b"command" {
            found = Some(HooksPath { value: to_path(value), scope: text(scope), origin: text(origin) });
        }
    }
    Ok(found)
}

/// A folder of this repository: tracked where git knows a file in it.
fn own_or_tracked(git: &Git, dir: &Path, common_dir: &Path) -> Result<Place, Error> {
    let at = resolved(dir);
    if at.starts_with(resolved(common_dir)) || !at.is_dir() {
        return Ok(Place::Own(dir.to_owned()));
    }
    let known = git.call(&at, "ls-files").args(["-z", "--", "."]).output()?;
    Ok(if known.code == 0 && !known.stdout.is_empty() { Place::Tracked(at) } else { Place::Own(dir.to_owned()) })
}

/// The common git dir of the working tree that a folder lies in.
fn tree_of(git: &Git, dir: &Path) -> Result<Option<PathBuf>, Error> {
    let output = git.call(dir, "rev-parse").args(["--path-format=absolute", "--git-common-dir"]).output()?;
    let line = output.stdout.strip_suffix(b"\n").unwrap_or(&output.stdout);
    Ok((output.code == 0 && !line.is_empty()).then(|| resolved(&to_path(line))))
}

fn same(a: &Path, b: &Path) -> bool {
    resolved(a) == resolved(b)
}

/// The path without links; where it does not exist, without `.` and `..` at least.
fn resolved(path: &Path) -> PathBuf {
    path.canonicalize().unwrap_or_else(|_| {
        let mut plain = PathBuf::new();
        for part in path.components() {
            match part {
                Component::CurDir => {}
                Component::ParentDir => drop(plain.pop()),
                part => plain.push(part),
            }
        }
        plain
    })
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}
