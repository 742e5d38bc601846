//! Where a repository lies, as `git rev-parse` tells it, and what its refusal means.
//! Must not know: what is configured there.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use super::super::error::Error;
use super::super::names;
use super::super::objects::ObjectFormat;
use super::super::program::{Git, Output};

/// The oldest git that can be relied on: the first with `merge-tree --write-tree`.
const OLDEST: (u32, u32) = (2, 38);

/// Asks `git rev-parse` where refs are. A git before 2.44 does not know it.
const REF_FORMAT: &str = "--show-ref-format";

/// Ends a path in the answer of `git rev-parse`, which echoes options that it does not know.
pub(in crate::git) const END_OF_PATH: &str = "--coord-end-of-path";

/// What `git rev-parse` tells about the place.
pub(super) struct Place {
    pub(super) common_dir: PathBuf,
    pub(super) git_dir: PathBuf,
    pub(super) format: ObjectFormat,
    /// Where refs are, in git's word; `None` where git is too old to say so.
    pub(super) refs: Option<Vec<u8>>,
    pub(super) bare: bool,
    pub(super) shallow: bool,
    pub(super) worktree: Option<PathBuf>,
}

/// What git answers about the place; sure to be an answer.
pub(super) fn ask(git: &Git, cwd: &Path, options: &[OsString]) -> Result<Vec<u8>, Error> {
    let output = git
        .call_with(cwd, options, "rev-parse")
        .args(["--path-format=absolute", "--show-object-format", REF_FORMAT])
        .args(["--is-bare-repository", "--is-shallow-repository"])
        .args(["--git-common-dir", END_OF_PATH, "--git-dir", END_OF_PATH, "--show-toplevel", END_OF_PATH])
        .output()?;
    if Place::parse(&output.stdout).is_some() { Ok(output.stdout) } else { Err(refusal(&output, cwd)) }
}

impl Place {
    /// Reads the answer; the last path is missing where there is no worktree, and then the call fails after the others.
    pub(super) fn parse(answer: &[u8]) -> Option<Self> {
        let mut lines = answer.splitn(5, |&b| b == b'\n');
        let format = match lines.next()? {
            b"sha1" => ObjectFormat::Sha1,
            b"sha256" => ObjectFormat::Sha256,
            _ => return None,
        };
        let refs = Some(lines.next()?).filter(|word| *word != REF_FORMAT.as_bytes()).map(<[u8]>::to_vec);
        let (bare, shallow) = (lines.next()? == b"true", lines.next()? == b"true");
        let end = format!("\n{END_OF_PATH}\n");
        let mut rest = lines.next()?;
        let mut path = || {
            let at = rest.windows(end.len()).position(|window| window == end.as_bytes())?;
            let path = names::to_path(&rest[..at]);
            rest = &rest[at + end.len()..];
            Some(path)
        };
        Some(Self { format, refs, bare, shallow, common_dir: path()?, git_dir: path()?, worktree: path() })
    }
}

/// Whether git knew all that it was asked, which one before 2.44 does not.
pub(in crate::git) fn is_young(answer: &[u8]) -> bool {
    Place::parse(answer).is_some_and(|place| place.refs.is_some())
}

/// What git's refusal means for the user.
fn refusal(output: &Output, cwd: &Path) -> Error {
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    let lines: Vec<&str> = text.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    let fatal = lines.iter().position(|line| line.starts_with("fatal: ")).unwrap_or(0);
    let advice = lines.iter().find(|line| line.starts_with("git config")).map(|line| (*line).to_owned());
    let said = lines.get(fatal..).unwrap_or_default().iter().filter(|line| !line.starts_with("git config"));
    let message = said.map(|line| line.strip_prefix("fatal: ").unwrap_or(line)).collect::<Vec<_>>().join(" ");
    if message.starts_with("not a git repository") {
        return Error::NotARepository { dir: cwd.to_owned() };
    }
    if message.is_empty() {
        return Error::Answer { operation: "rev-parse".into(), what: "it has not the lines asked for".into() };
    }
    Error::Refused { message, advice }
}

/// Whether git is one that can be relied on.
pub(super) fn check_version(git: &Git, cwd: &Path) -> Result<(), Error> {
    let answer = git.call(cwd, "version").read()?;
    let text = String::from_utf8_lossy(&answer).trim().to_owned();
    match version(&text) {
        Some(found) if found < OLDEST => Err(Error::TooOld { version: text }),
        // A version that cannot be read is newer than the form known here.
        _ => Ok(()),
    }
}

fn version(text: &str) -> Option<(u32, u32)> {
    let mut numbers = text.strip_prefix("git version ")?.split('.').map(str::parse);
    Some((numbers.next()?.ok()?, numbers.next()?.ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_may_hold_anything_but_the_end_mark() {
        let answer =
            format!("sha256\nreftable\nfalse\ntrue\n/a\nsha1\n{END_OF_PATH}\n/b\n\n{END_OF_PATH}\n/t\n{END_OF_PATH}\n");
        let place = Place::parse(answer.as_bytes()).expect("complete");
        assert_eq!(place.common_dir, Path::new("/a\nsha1"));
        assert_eq!(place.git_dir, Path::new("/b\n"));
        assert_eq!(place.worktree.as_deref(), Some(Path::new("/t")));
        assert!(place.shallow && !place.bare && place.format == ObjectFormat::Sha256);
        assert_eq!(place.refs.as_deref(), Some(&b"reftable"[..]));
    }

    #[test]
    fn a_bare_repository_has_no_worktree() {
        let answer = format!("sha1\n{REF_FORMAT}\ntrue\nfalse\n/a\n{END_OF_PATH}\n/a\n{END_OF_PATH}\n");
        let place = Place::parse(answer.as_bytes()).expect("complete");
        assert_eq!((place.worktree, place.refs), (None, None));
        assert!(Place::parse(b"").is_none());
    }

    #[test]
    fn versions_of_every_vendor_are_read() {
        assert_eq!(version("git version 2.47.3"), Some((2, 47)));
        assert_eq!(version("git version 2.39.5 (Apple Git-154)"), Some((2, 39)));
        assert_eq!(version("git version 2.45.1.windows.1"), Some((2, 45)));
        assert_eq!(version("else"), None);
    }
}
