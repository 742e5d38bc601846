//! What a claim is on: a file, a directory or a glob, and whether two of them can name the same path.
//! Must not know: the file system, who claims, what paths there are.

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use super::path::{BadPath, RepoPath};
use automaton::Automaton;

mod automaton;

/// No pattern is longer, so that matching and comparing stay quick whatever somebody types.
pub const LONGEST: usize = 1024;
/// No pattern names more alternatives than this in its `{a,b}`.
pub const MOST_ALTERNATIVES: usize = 64;

/// A file or directory (which names everything below it too), or a glob (`*`, `?`, `[a-z]`, `{a,b}`, `**` as in gitignore).
#[derive(Clone)]
pub struct Pattern {
    text: Arc<[u8]>,
    form: Form,
}

#[derive(Clone)]
enum Form {
    Plain(RepoPath),
    /// `stem` is what every path it names begins with.
    Glob {
        stem: usize,
        automaton: Arc<Automaton>,
    },
}

/// Why some bytes are no pattern that can be claimed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadPattern {
    /// It names a place that no path of the repository can have.
    #[error(transparent)]
    Path(#[from] BadPath),
    /// It names the whole repository.
    #[error(
        "it covers the whole repository, so everybody else would have to wait; claim the folder or files you work on"
    )]
    TooBroad,
    /// It begins in every folder.
    #[error("it reaches into every folder of the repository; name the folder that you work in before the `**`")]
    EveryFolder,
    /// It is longer than [`LONGEST`] bytes.
    #[error("it is longer than {LONGEST} bytes")]
    TooLong,
    /// It has more than [`MOST_ALTERNATIVES`] alternatives.
    #[error("it has more than {MOST_ALTERNATIVES} alternatives")]
    TooManyAlternatives,
    /// Its brackets or braces do not close, or it ends in a backslash.
    #[error("its brackets or braces do not close")]
    Syntax,
}

impl Pattern {
    /// Reads what somebody typed, relative to the top of the repository. `./` before it and `/` behind it are dropped.
    pub fn parse(text: &[u8]) -> Result<Self, BadPattern> {
        if text.len() > LONGEST {
            return Err(BadPattern::TooLong);
        }
        if text.is_empty() {
            return Err(BadPath::Empty.into());
        }
        let text = trimmed(text);
        if text.is_empty() || text == b"." {
            return Err(BadPattern::TooBroad);
        }
        if !text.iter().any(|b| b"*?[{\\".contains(b)) {
            return Ok(Self::plain(RepoPath::new(text)?));
        }
        Self::glob(text)
    }

    /// A file or directory by its name, whatever characters it holds.
    #[must_use]
    pub fn plain(path: RepoPath) -> Self {
        Self { text: path.as_bytes().into(), form: Form::Plain(path) }
    }

    fn glob(text: &[u8]) -> Result<Self, BadPattern> {
        // The parts need not be whole file names, but none may be one that git cannot track.
        RepoPath::new(text)?;
        let automaton = Automaton::of_glob(text)?;
        let names_anything = [&b"\x01"[..], b"\x01/\x02", b"\x01/\x02/\x03"].iter().any(|p| automaton.accepts(p));
        if names_anything {
            return Err(BadPattern::TooBroad);
        }
        if text.strip_prefix(b"**/").is_some_and(|rest| rest.iter().any(|b| b"*?[{".contains(b))) {
            return Err(BadPattern::EveryFolder);
        }
        let stem = text.iter().position(|b| b"*?[{\\".contains(b)).unwrap_or(text.len());
        Ok(Self { text: text.into(), form: Form::Glob { stem, automaton: Arc::new(automaton) } })
    }

    /// The pattern as typed, normalised.
    #[must_use]
    pub fn text(&self) -> &[u8] {
        &self.text
    }

    /// The one file or directory it names; `None` for a glob.
    #[must_use]
    pub fn as_path(&self) -> Option<&RepoPath> {
        match &self.form {
            Form::Plain(path) => Some(path),
            Form::Glob { .. } => None,
        }
    }

    /// Whether it names `path`: the path itself, a directory above it, or a glob that fits.
    #[must_use]
    pub fn covers(&self, path: &RepoPath) -> bool {
        match &self.form {
            Form::Plain(own) => path.is_within(own),
            Form::Glob { stem, automaton } => {
                path.as_bytes().starts_with(&self.text[..*stem]) && automaton.accepts(path.as_bytes())
            }
        }
    }

    /// Whether there can be a path that both name.
    #[must_use]
    pub fn meets(&self, other: &Self) -> bool {
        match (&self.form, &other.form) {
            (Form::Plain(a), Form::Plain(b)) => a.is_within(b) || b.is_within(a),
            (Form::Glob { automaton, .. }, Form::Plain(path)) | (Form::Plain(path), Form::Glob { automaton, .. }) => {
                self.may_meet(other) && automaton.meets(&Automaton::of_path(path.as_bytes()))
            }
            (Form::Glob { automaton: a, .. }, Form::Glob { automaton: b, .. }) => self.may_meet(other) && a.meets(b),
        }
    }

    /// A quick no: one's fixed beginning is neither the beginning nor the continuation of the other's.
    fn may_meet(&self, other: &Self) -> bool {
        let (a, b) = (self.stem(), other.stem());
        let shared = a.len().min(b.len());
        a[..shared] == b[..shared]
    }

    fn stem(&self) -> &[u8] {
        match &self.form {
            Form::Plain(path) => path.as_bytes(),
            Form::Glob { stem, .. } => &self.text[..*stem],
        }
    }
}

fn trimmed(mut text: &[u8]) -> &[u8] {
    while let Some(rest) = text.strip_prefix(b"./") {
        text = rest;
    }
    match text.strip_suffix(b"/") {
        Some(rest) if !rest.is_empty() && !rest.ends_with(b"\\") => rest,
        _ => text,
    }
}

impl Pattern {
    fn key(&self) -> (&[u8], bool) {
        (&self.text, matches!(self.form, Form::Plain(_)))
    }
}

impl PartialEq for Pattern {
    fn eq(&self, other: &Self) -> bool {
        self.key() == other.key()
    }
}

impl Eq for Pattern {}

impl PartialOrd for Pattern {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Pattern {
    fn cmp(&self, other: &Self) -> Ordering {
        self.key().cmp(&other.key())
    }
}

impl Hash for Pattern {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.key().hash(state);
    }
}

impl fmt::Debug for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{}\"", self.text.escape_ascii())
    }
}

#[cfg(test)]
mod tests;
