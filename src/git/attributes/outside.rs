//! The files that give paths attributes from outside of any tree, and whether they are as they were.
//! Must not know: what stands in them.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use super::super::names;
use super::Source;
use crate::domain::hash::hash;

/// Each file with what it held: nothing where it was not there. Where they lie follows from the environment and from
/// `core.attributesFile`; whoever keeps this takes care that those are the same.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Outside(Vec<(PathBuf, Option<String>)>);

/// What git calls the files of the machine and of the user.
const VARIABLES: [&str; 2] = ["GIT_ATTR_SYSTEM", "GIT_ATTR_GLOBAL"];

impl Outside {
    /// How things stand; `None` where that cannot be told, as with a git before 2.42.
    #[must_use]
    pub fn look(source: &Source<'_>) -> Option<Self> {
        let mut files = vec![source.common_dir.join("info/attributes")];
        for variable in VARIABLES {
            let answer = source.git.call(source.common_dir, "var").arg(variable).read().ok()?;
            let path = answer.strip_suffix(b"\n").filter(|path| !path.is_empty())?;
            files.push(source.common_dir.join(names::to_path(path)));
        }
        files.into_iter().map(|file| content(&file).map(|content| (file, content))).collect::<Option<_>>().map(Self)
    }

    /// Whether there is no such file.
    #[must_use]
    pub fn is_nothing(&self) -> bool {
        self.0.iter().all(|(_, held)| held.is_none())
    }

    /// Whether every file holds what it held.
    #[must_use]
    pub fn is_unchanged(&self) -> bool {
        self.0.iter().all(|(file, held)| content(file).is_some_and(|holds| holds == *held))
    }

    /// As bytes.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let one = |(file, held): &(PathBuf, Option<String>)| {
            [&names::to_bytes(file)[..], b"\0", held.as_deref().unwrap_or_default().as_bytes(), b"\0"].concat()
        };
        self.0.iter().flat_map(one).collect()
    }

    /// From bytes; `None` for nothing.
    #[must_use]
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let fields: Vec<&[u8]> = bytes.strip_suffix(b"\0")?.split(|&b| b == 0).collect();
        let one = |pair: &[&[u8]]| {
            let held = String::from_utf8(pair.get(1)?.to_vec()).ok()?;
            Some((names::to_path(pair[0]), Some(held).filter(|held| !held.is_empty())))
        };
        fields.chunks(2).map(one).collect::<Option<_>>().map(Self)
    }
}

/// What a file holds, as a hash; `None` where that cannot be told.
#[expect(clippy::option_option, reason = "the outer one says whether it could be told")]
fn content(file: &Path) -> Option<Option<String>> {
    match fs::read(file) {
        Ok(text) => Some(Some(hash(&text))),
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => Some(None),
        Err(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_changes_is_noticed_and_bytes_come_back() {
        let dir = tempfile::tempdir().expect("a temporary folder");
        let (here, gone) = (dir.path().join("here"), dir.path().join("not/there"));
        fs::write(&here, "*.x merge=union\n").expect("writable");
        let files = [&here, &gone].map(|file| (file.clone(), content(file).expect("readable")));
        let outside = Outside(files.into());
        assert!(outside.is_unchanged());
        assert_eq!(Outside::from_bytes(&outside.to_bytes()), Some(outside.clone()));
        assert_eq!(Outside::from_bytes(b""), None);
        fs::write(&here, "*.x merge=onion\n").expect("writable");
        assert!(!outside.is_unchanged());
        fs::write(&here, "*.x merge=union\n").expect("writable");
        assert!(outside.is_unchanged());
        fs::create_dir_all(gone.parent().expect("a folder")).expect("writable");
        fs::write(&gone, "").expect("writable");
        assert!(!outside.is_unchanged(), "an empty file is a file");
    }
}
