//! What `git worktree list` says.
//! Must not know: the worktrees' own folders.

use std::path::PathBuf;

use super::super::error::Error;
use super::super::names;
use crate::domain::id::{ObjectId, RefName};

/// What `git worktree list` says of one.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(super) struct Listed {
    pub(super) path: PathBuf,
    pub(super) head: Option<ObjectId>,
    pub(super) branch: Option<RefName>,
    pub(super) detached: bool,
    pub(super) bare: bool,
    pub(super) locked: Option<String>,
    pub(super) prunable: Option<String>,
}

pub(super) fn bad(what: &str) -> Error {
    Error::Answer { operation: "worktree list".into(), what: what.into() }
}

/// Reads `git worktree list --porcelain -z`.
pub(super) fn parse(answer: &[u8]) -> Result<Vec<Listed>, Error> {
    let mut found: Vec<Listed> = Vec::new();
    let mut begun = false;
    for field in answer.split(|&b| b == 0) {
        let (name, value) = match field.iter().position(|&b| b == b' ') {
            Some(at) => (&field[..at], &field[at + 1..]),
            None => (field, &b""[..]),
        };
        if name == b"worktree" && !begun {
            found.push(Listed { path: names::to_path(value), ..Listed::default() });
            begun = true;
            continue;
        }
        begun &= !field.is_empty();
        if let (true, Some(entry)) = (begun, found.last_mut()) {
            entry.take(name, value)?;
        } else if !field.is_empty() {
            return Err(bad("a line stands outside any worktree"));
        }
    }
    Ok(found)
}

impl Listed {
    fn take(&mut self, name: &[u8], value: &[u8]) -> Result<(), Error> {
        let text = || String::from_utf8_lossy(value).into_owned();
        match name {
            b"HEAD" => {
                let id = ObjectId::from_hex(value).ok_or_else(|| bad("a HEAD is no object id"))?;
                self.head = Some(id).filter(|id| !id.is_null());
            }
            b"branch" => self.branch = Some(RefName::new(value)),
            b"detached" => self.detached = true,
            b"bare" => self.bare = true,
            b"locked" => self.locked = Some(text()),
            b"prunable" => self.prunable = Some(text()),
            // Git may say more some day.
            _ => {}
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    const ID: &str = "0123456789abcdef0123456789abcdef01234567";

    #[test]
    fn the_list_is_read_with_any_name() {
        let answer = format!(
            "worktree /a\0HEAD {ID}\0branch refs/heads/caf\u{e9}\0\0worktree /b\nworktree /c\x1b\0HEAD {}\0detached\0\
             locked why not\nthis\0prunable gone\0new-word x\0\0worktree /d\0HEAD {ID}\0detached\0locked\0\0",
            "0".repeat(40)
        );
        let found = parse(answer.as_bytes()).expect("well formed");
        assert_eq!(found.len(), 3);
        assert_eq!(found[0].branch, Some(RefName::new("refs/heads/caf\u{e9}")));
        assert_eq!(found[1].path, Path::new("/b\nworktree /c\x1b"));
        assert_eq!((found[1].head, found[1].detached), (None, true));
        assert_eq!(found[1].locked.as_deref(), Some("why not\nthis"));
        assert_eq!(found[1].prunable.as_deref(), Some("gone"));
        assert_eq!(found[2].locked.as_deref(), Some(""));
    }

    #[test]
    fn a_list_of_another_form_is_an_error() {
        assert!(parse(b"HEAD x\0").is_err());
        assert!(parse(b"worktree /a\0HEAD x\0\0").is_err());
        assert_eq!(parse(b"").expect("empty"), []);
    }
}
