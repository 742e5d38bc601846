//! Names of things: git objects and instances. Values only.
//! Must not know: git2, how an id is looked up, how a label is shown.

use std::fmt;

/// A git object id, SHA-1 (20 bytes) or SHA-256 (32 bytes). Ordered by bytes.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ObjectId {
    bytes: [u8; 32],
    len: u8,
}

impl ObjectId {
    /// Takes 20 or 32 raw bytes; `None` for any other length.
    #[must_use]
    pub fn from_bytes(raw: &[u8]) -> Option<Self> {
        if raw.len() != 20 && raw.len() != 32 {
            return None;
        }
        let mut bytes = [0; 32];
        bytes[..raw.len()].copy_from_slice(raw);
        Some(Self { bytes, len: u8::try_from(raw.len()).ok()? })
    }

    /// Takes 40 or 64 hexadecimal digits; `None` for anything else, so an abbreviated id is never accepted.
    #[must_use]
    pub fn from_hex(hex: &[u8]) -> Option<Self> {
        if hex.len() != 40 && hex.len() != 64 {
            return None;
        }
        let mut bytes = [0; 32];
        for (byte, pair) in bytes.iter_mut().zip(hex.chunks_exact(2)) {
            let digit = |d: u8| char::from(d).to_digit(16);
            *byte = u8::try_from(digit(pair[0])? * 16 + digit(pair[1])?).ok()?;
        }
        Some(Self { bytes, len: u8::try_from(hex.len() / 2).ok()? })
    }

    /// The raw bytes, 20 or 32 of them.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes[..usize::from(self.len)]
    }

    /// Whether it is git's "no object", all zeros.
    #[must_use]
    pub fn is_null(&self) -> bool {
        self.as_bytes().iter().all(|&b| b == 0)
    }

    /// The first seven digits, for people.
    #[must_use]
    pub fn short(&self) -> String {
        self.to_string()[..7].to_owned()
    }
}

impl fmt::Display for ObjectId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // In one piece: ids are written by the million.
        const DIGITS: &[u8; 16] = b"0123456789abcdef";
        let mut text = [0; 64];
        for (pair, byte) in text.chunks_exact_mut(2).zip(self.as_bytes()) {
            pair.copy_from_slice(&[DIGITS[usize::from(byte >> 4)], DIGITS[usize::from(byte & 15)]]);
        }
        f.write_str(std::str::from_utf8(&text[..2 * self.as_bytes().len()]).unwrap_or_default())
    }
}

impl fmt::Debug for ObjectId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// A full ref name (`refs/heads/main`): bytes, as git allows names that are not UTF-8.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RefName(Box<[u8]>);

impl RefName {
    /// Takes a full name as git prints it; the caller has it from git, so it is not checked again.
    #[must_use]
    pub fn new(bytes: impl Into<Vec<u8>>) -> Self {
        Self(bytes.into().into_boxed_slice())
    }

    /// The name's bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// The name without `refs/heads/`, `refs/remotes/` or `refs/`, as people say it.
    #[must_use]
    pub fn short(&self) -> &[u8] {
        let strip = |prefix: &[u8]| self.0.strip_prefix(prefix);
        strip(b"refs/heads/").or_else(|| strip(b"refs/remotes/")).or_else(|| strip(b"refs/")).unwrap_or(&self.0)
    }
}

impl fmt::Debug for RefName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0.escape_ascii())
    }
}

/// What an instance is, for ever: git's worktree id, or the full ref of a branch without a worktree.
/// It survives `git switch` and a detached HEAD; people see a label instead.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Identity {
    /// The main worktree.
    MainWorktree,
    /// A linked worktree, by the name of its folder under `worktrees/` in the common git dir.
    Worktree(Box<[u8]>),
    /// A branch, remote branch or request ref.
    Ref(RefName),
}

impl Identity {
    /// One line of bytes that differs for different identities, for file names and records: `main`, `wt:ID`, `ref:NAME`.
    #[must_use]
    pub fn key(&self) -> Vec<u8> {
        match self {
            Self::MainWorktree => b"main".to_vec(),
            Self::Worktree(id) => [b"wt:", &**id].concat(),
            Self::Ref(name) => [b"ref:", name.as_bytes()].concat(),
        }
    }

    /// Reads what [`Identity::key`] wrote; `None` for anything else.
    #[must_use]
    pub fn from_key(key: &[u8]) -> Option<Self> {
        if key == b"main" {
            return Some(Self::MainWorktree);
        }
        if let Some(id) = key.strip_prefix(b"wt:") {
            return Some(Self::Worktree(id.into()));
        }
        Some(Self::Ref(RefName::new(key.strip_prefix(b"ref:")?)))
    }

    /// Whether a folder with files stands behind it.
    #[must_use]
    pub fn is_worktree(&self) -> bool {
        !matches!(self, Self::Ref(_))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn object_ids_take_whole_ids_only() {
        let hex = b"0123456789abcdef0123456789abcdef01234567";
        assert_eq!(ObjectId::from_hex(hex).expect("forty digits").to_string().as_bytes(), hex);
        assert_eq!(ObjectId::from_hex(&hex[..39]), None);
        assert_eq!(ObjectId::from_hex(&[b'g'; 40]), None);
        assert_eq!(ObjectId::from_hex(&[b'a'; 64]).expect("64 digits").as_bytes().len(), 32);
    }

    #[test]
    fn an_identity_survives_its_key() {
        for identity in [
            Identity::MainWorktree,
            Identity::Worktree((*b"main").into()),
            Identity::Ref(RefName::new(*b"refs/heads/caf\xe9")),
        ] {
            assert_eq!(Identity::from_key(&identity.key()), Some(identity));
        }
        assert_eq!(Identity::from_key(b"else"), None);
    }
}
