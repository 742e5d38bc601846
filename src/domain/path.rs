//! A path inside the repository, as git stores it: bytes, not text.
//! Must not know: the file system, any working tree, how a path is shown to anybody.

use std::fmt;
use std::sync::Arc;

/// A repository-relative path: non-empty bytes, `/` between components, no empty, `.` or `..` component and no NUL.
///
/// Ordering is by bytes, as git sorts index entries. The bytes need not be UTF-8. Cheap to clone: one path is in the working
/// sets and overlaps of many.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RepoPath(Arc<[u8]>);

/// Why some bytes are not a [`RepoPath`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadPath {
    /// There were no bytes.
    #[error("the path is empty")]
    Empty,
    /// It begins with `/` and so names a place outside any repository.
    #[error("the path is absolute")]
    Absolute,
    /// A component is empty, `.`, `..` or `.git` (in any case).
    #[error("the path has a component that git cannot track")]
    Component,
    /// It holds a NUL byte.
    #[error("the path holds a NUL byte")]
    Nul,
}

impl RepoPath {
    /// Takes bytes as git prints them with `-z`.
    ///
    /// # Errors
    /// Names the first rule of the type that the bytes break.
    pub fn new(bytes: impl AsRef<[u8]>) -> Result<Self, BadPath> {
        let bytes = bytes.as_ref();
        if bytes.is_empty() {
            return Err(BadPath::Empty);
        }
        if bytes[0] == b'/' {
            return Err(BadPath::Absolute);
        }
        if memchr::memchr(0, bytes).is_some() {
            return Err(BadPath::Nul);
        }
        // Hardly any path needs a closer look: one where a component begins with a dot, or is empty.
        let begins_oddly = |at: usize| matches!(bytes.get(at), None | Some(b'.' | b'/'));
        let is_odd = begins_oddly(0) || memchr::memchr_iter(b'/', bytes).any(|slash| begins_oddly(slash + 1));
        let untrackable =
            |part: &[u8]| part.is_empty() || part == b"." || part == b".." || part.eq_ignore_ascii_case(b".git");
        if is_odd && bytes.split(|&b| b == b'/').any(untrackable) {
            return Err(BadPath::Component);
        }
        Ok(Self(bytes.into()))
    }

    /// The path's bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// The components, outermost first.
    pub fn components(&self) -> impl Iterator<Item = &[u8]> {
        self.0.split(|&b| b == b'/')
    }

    /// The last component.
    #[must_use]
    pub fn file_name(&self) -> &[u8] {
        self.components().last().unwrap_or(&self.0)
    }

    /// The directory that holds the path; `None` at the top.
    #[must_use]
    pub fn parent(&self) -> Option<Self> {
        let slash = self.0.iter().rposition(|&b| b == b'/')?;
        Some(Self(self.0[..slash].into()))
    }

    /// Whether the path is `dir` itself or lies below it.
    #[must_use]
    pub fn is_within(&self, dir: &Self) -> bool {
        self.0.starts_with(&dir.0) && (self.0.len() == dir.0.len() || self.0[dir.0.len()] == b'/')
    }
}

impl fmt::Debug for RepoPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{}\"", self.0.escape_ascii())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_that_git_cannot_track_are_refused() {
        for (bytes, why) in [
            (&b""[..], BadPath::Empty),
            (b"/etc/passwd", BadPath::Absolute),
            (b"a//b", BadPath::Component),
            (b"a/../b", BadPath::Component),
            (b"./a", BadPath::Component),
            (b"a/", BadPath::Component),
            (b"x/.GIT/config", BadPath::Component),
            (b"a\0b", BadPath::Nul),
        ] {
            assert_eq!(RepoPath::new(bytes), Err(why), "{}", bytes.escape_ascii());
        }
    }

    #[test]
    fn within_respects_component_borders() {
        let path = |s: &str| RepoPath::new(s).expect("a valid path");
        assert!(path("src/a.rs").is_within(&path("src")));
        assert!(path("src").is_within(&path("src")));
        assert!(!path("srcs/a.rs").is_within(&path("src")));
        assert_eq!(path("a/b/c").parent(), Some(path("a/b")));
        assert_eq!(path("a").parent(), None);
        assert_eq!(path("a/b").file_name(), b"b");
    }
}
