//! Refs as they lie in the repository's files, loose ones and those packed into one, read without starting git. Only what git
//! itself writes is understood: wherever anything else lies there, nothing is said, and git is to be asked.
//! Must not know: which refs anybody is interested in, objects.
//!
//! The form is that of git's `Documentation/gitrepository-layout` (refs, packed-refs); what a name may be that of
//! `git check-ref-format`. Loose files are read before the packed one, as git does: who packs refs writes the packed file
//! before the loose ones go, so that a ref may be found twice, and is never missed.

use std::collections::BTreeMap;
use std::fs::{self, Metadata};
use std::hash::BuildHasher as _;
use std::io::{ErrorKind, Read as _};
use std::path::{Path, PathBuf};

use foldhash::fast::FixedState;

use super::super::names;
use super::super::repository::Repository;
use super::Named;
use crate::domain::id::{ObjectId, RefName};

/// In a longer file git finds its way faster.
const LONGEST_PACKED: u64 = 16 << 20;

/// A loose ref is an id, or a name.
const LONGEST_LOOSE: usize = 4096;

/// Git follows few symbolic refs, and where there are more than this it is asked.
const LONGEST_CHAIN: usize = 3;

/// What a ref says.
#[derive(Clone, PartialEq, Eq, Debug)]
enum Value {
    Id(ObjectId, Stamp),
    Symbolic(Vec<u8>),
}

/// One state of a file of refs: git never writes into one, it puts another in its place. As long as it is the same, no ref
/// moved that is told by it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Stamp(pub(super) u64);

impl Stamp {
    fn of(file: &Metadata) -> Self {
        let written = [file.modified(), file.created()].map(Result::ok);
        Self(FixedState::with_seed(0).hash_one((file.len(), written)))
    }
}

/// Something lies there that git has to be asked about.
struct Odd;

/// The refs that match, sorted by name; `None` where git has to be asked.
pub(super) fn read(repository: &Repository, patterns: &[&str]) -> Option<Vec<Named>> {
    let is_plain =
        |pattern: &&str| *pattern == "refs/" || is_regular(pattern.strip_suffix('/').unwrap_or(pattern).as_bytes());
    if !repository.refs_in_files || patterns.is_empty() || !patterns.iter().all(is_plain) {
        return None;
    }
    let (found, elsewhere) = (BTreeMap::new(), BTreeMap::new());
    let hex_len = 2 * repository.store.format.id_len();
    Files { common_dir: &repository.common_dir, hex_len, found, elsewhere }.read(patterns).ok()
}

/// What was found so far.
struct Files<'a> {
    common_dir: &'a Path,
    hex_len: usize,
    /// What matches.
    found: BTreeMap<Vec<u8>, Value>,
    /// What symbolic refs lead to beyond that; nothing until the packed file says what it is.
    elsewhere: BTreeMap<Vec<u8>, Option<Value>>,
}

impl Files<'_> {
    fn read(mut self, patterns: &[&str]) -> Result<Vec<Named>, Odd> {
        for pattern in patterns {
            match pattern.strip_suffix('/') {
                Some(folder) => self.walk(folder.as_bytes())?,
                None if self.place(pattern.as_bytes()).is_dir() => self.walk(pattern.as_bytes())?,
                None => self.enter(pattern.as_bytes())?,
            }
        }
        self.follow()?;
        self.unpack(patterns)?;
        self.found.iter().map(|(name, value)| self.named(name, value)).collect()
    }

    fn place(&self, name: &[u8]) -> PathBuf {
        self.common_dir.join(names::to_path(name))
    }

    /// Reads the loose refs below `name`.
    fn walk(&mut self, name: &[u8]) -> Result<(), Odd> {
        let entries = match fs::read_dir(self.place(name)) {
            Ok(entries) => entries,
            Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => return Ok(()),
            Err(_) => return Err(Odd),
        };
        for entry in entries {
            let entry = entry.map_err(|_| Odd)?;
            let own = names::to_bytes(Path::new(&entry.file_name()));
            // What git passes over, too: its locks, and what is hidden.
            if own.starts_with(b".") || own.ends_with(b".lock") {
                continue;
            }
            let full = [name, b"/", &own].concat();
            match entry.file_type() {
                Ok(kind) if kind.is_dir() => self.walk(&full)?,
                Ok(kind) if kind.is_file() => self.enter(&full)?,
                _ => return Err(Odd),
            }
        }
        Ok(())
    }

    fn enter(&mut self, name: &[u8]) -> Result<(), Odd> {
        if let Some(value) = self.loose(name)? {
            self.found.insert(name.to_vec(), value);
        }
        Ok(())
    }

    /// What a loose ref says; nothing where there is none, or was one a moment ago.
    fn loose(&self, name: &[u8]) -> Result<Option<Value>, Odd> {
        let place = self.place(name);
        if !is_regular(name) || cfg!(not(unix)) && place.is_symlink() {
            return Err(Odd);
        }
        let mut file = match names::open_plain(&place) {
            Ok(file) => file,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(_) => return Err(Odd),
        };
        let stamp = Stamp::of(&file.metadata().map_err(|_| Odd)?);
        let mut text = [0; LONGEST_LOOSE];
        // So little comes at once, or else it is none.
        let read = file.read(&mut text).ok().filter(|read| *read < LONGEST_LOOSE).ok_or(Odd)?;
        let text = text[..read].strip_suffix(b"\n").ok_or(Odd)?;
        match text.strip_prefix(b"ref: ") {
            Some(other) if is_regular(other) => Ok(Some(Value::Symbolic(other.to_vec()))),
            Some(_) => Err(Odd),
            None => self.id(text, stamp).map(Some),
        }
    }

    /// An id that names something.
    fn id(&self, hex: &[u8], stamp: Stamp) -> Result<Value, Odd> {
        let id = ObjectId::from_hex(hex).filter(|id| hex.len() == self.hex_len && !id.is_null());
        id.map(|id| Value::Id(id, stamp)).ok_or(Odd)
    }

    /// Reads the loose refs that symbolic ones lead to.
    fn follow(&mut self) -> Result<(), Odd> {
        let leads_to = |value: &Value| if let Value::Symbolic(other) = value { Some(other.clone()) } else { None };
        let mut open: Vec<Vec<u8>> = self.found.values().filter_map(leads_to).collect();
        while let Some(name) = open.pop() {
            if !self.found.contains_key(&name) && !self.elsewhere.contains_key(&name) {
                let value = self.loose(&name)?;
                open.extend(value.as_ref().and_then(leads_to));
                self.elsewhere.insert(name, value);
            }
        }
        Ok(())
    }

    /// Takes in what is packed, and not loose.
    fn unpack(&mut self, patterns: &[&str]) -> Result<(), Odd> {
        let (text, stamp) = match fs::File::open(self.common_dir.join("packed-refs")) {
            Ok(file) => whole(&file)?,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
            Err(_) => return Err(Odd),
        };
        for line in text.split_inclusive(|&b| b == b'\n') {
            let line = line.strip_suffix(b"\n").ok_or(Odd)?;
            if line.starts_with(b"#") || line.starts_with(b"^") {
                continue;
            }
            let (hex, name) = line.split_at_checked(self.hex_len).ok_or(Odd)?;
            let name = name.strip_prefix(b" ").ok_or(Odd)?;
            if patterns.iter().any(|pattern| matches(pattern, name)) {
                if !is_regular(name) {
                    return Err(Odd);
                }
                let value = self.id(hex, stamp)?;
                self.found.entry(name.to_vec()).or_insert(value);
            } else if self.elsewhere.get(name).is_some_and(Option::is_none) {
                let value = self.id(hex, stamp)?;
                self.elsewhere.insert(name.to_vec(), Some(value));
            }
        }
        Ok(())
    }

    /// The ref with the id that it leads to in the end.
    fn named(&self, name: &[u8], value: &Value) -> Result<Named, Odd> {
        let (mut value, mut last) = (value, None);
        for _ in 0..=LONGEST_CHAIN {
            match value {
                Value::Id(id, stamp) => {
                    let (name, symbolic) = (RefName::new(name), last.map(RefName::new));
                    return Ok(Named { name, id: *id, symbolic, stamp: Some(*stamp) });
                }
                Value::Symbolic(other) => {
                    last = Some(other.as_slice());
                    let there = self.found.get(other).or_else(|| self.elsewhere.get(other)?.as_ref());
                    value = there.ok_or(Odd)?;
                }
            }
        }
        Err(Odd)
    }
}

/// The packed file.
fn whole(file: &fs::File) -> Result<(Vec<u8>, Stamp), Odd> {
    let metadata = file.metadata().map_err(|_| Odd)?;
    let len = metadata.len();
    if len > LONGEST_PACKED {
        return Err(Odd);
    }
    let mut text = Vec::with_capacity(usize::try_from(len).map_err(|_| Odd)? + 1);
    file.take(LONGEST_PACKED + 1).read_to_end(&mut text).map_err(|_| Odd)?;
    if text.len() as u64 > LONGEST_PACKED { Err(Odd) } else { Ok((text, Stamp::of(&metadata))) }
}

/// Whether the pattern is the name, or a beginning of it up to a `/`.
fn matches(pattern: &str, name: &[u8]) -> bool {
    let Some(rest) = name.strip_prefix(pattern.as_bytes()) else { return false };
    rest.is_empty() || pattern.ends_with('/') || rest.starts_with(b"/")
}

/// Whether git lets a ref be called so. Where the system may spell a name in more than one way, git knows them.
pub(in crate::git) fn is_regular(name: &[u8]) -> bool {
    let is_part =
        |part: &[u8]| !part.is_empty() && !part.starts_with(b".") && !part.ends_with(b".") && !part.ends_with(b".lock");
    let is_letter = |&byte: &u8| byte > b' ' && byte != 127 && !b"~^:?*[\\".contains(&byte);
    name.starts_with(b"refs/")
        && name.split(|&b| b == b'/').all(is_part)
        && name.iter().all(is_letter)
        && !name.windows(2).any(|two| two == b".." || two == b"@{")
        && (name.is_ascii() || !cfg!(target_os = "macos"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_that_git_lets_be() {
        for name in ["refs/heads/x", "refs/heads/feat/$(id)", "refs/heads/caf\u{e9}", "refs/x.y/@", "refs/heads/-x"] {
            assert!(is_regular(name.as_bytes()) || cfg!(target_os = "macos"), "{name}");
        }
        for name in [
            "HEAD",
            "refs/",
            "refs/heads/",
            "refs//x",
            "refs/heads/../x",
            "refs/a..b",
            "refs/.a",
            "refs/a.",
            "refs/a/b.lock",
            "refs/a b",
            "refs/a\tb",
            "refs/a~",
            "refs/a^",
            "refs/a:b",
            "refs/a?",
            "refs/*",
            "refs/a[b",
            "refs/a\\b",
            "refs/a@{b",
            "refs/a\u{7f}",
        ] {
            assert!(!is_regular(name.as_bytes()), "{name}");
        }
    }

    #[test]
    fn a_pattern_is_a_name_or_what_is_above_it() {
        assert!(matches("refs/heads/", b"refs/heads/a/b") && matches("refs/heads", b"refs/heads/a"));
        assert!(matches("refs/heads/a", b"refs/heads/a") && !matches("refs/heads/a", b"refs/heads/ab"));
        assert!(!matches("refs/heads/a/", b"refs/heads/a"));
    }
}
