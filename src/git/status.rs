//! What is not committed in one worktree: staged, unstaged, untracked, as git sees it.
//! Must not know: the content of any file, other worktrees.

mod again;
mod seen;
mod site;
mod staged;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use super::error::Error;
use super::program::Output;
use super::repository::{OwnPaths, Repository};
use super::worktrees::Worktree;
use crate::domain::id::ObjectId;
use crate::domain::path::RepoPath;
use crate::domain::working_set::{Layer, Status as Kind};

pub use again::read_on;
pub use seen::{Asked, Finding, Question, Surroundings};
pub use staged::staged;

use site::Site;

/// One path that differs from HEAD, in the index or in the worktree.
#[derive(Clone, PartialEq, Eq, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "they are independent facts, and there may be 100,000 entries")]
pub struct Entry {
    /// Its mode in HEAD; 0 where it is not there. The next two likewise.
    pub head_mode: u32,
    /// Its mode in the index.
    pub index_mode: u32,
    /// Its mode in the worktree.
    pub worktree_mode: u32,
    /// Its object in HEAD.
    pub head_id: Option<ObjectId>,
    /// Its object in the index.
    pub index_id: Option<ObjectId>,
    /// Whether the index differs from HEAD.
    pub staged: bool,
    /// Whether the worktree differs from the index.
    pub unstaged: bool,
    /// Whether a file lies there that the index does not hold.
    pub untracked: bool,
    /// Whether the index holds unmerged stages.
    pub unmerged: bool,
}

/// What is not committed in one worktree.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Status {
    /// The paths that differ.
    pub entries: BTreeMap<RepoPath, Entry>,
    /// What git could not look at, if anything: then `entries` may lack paths.
    pub partial: Option<String>,
}

/// Mode of a submodule's entry.
pub const SUBMODULE: u32 = 0o160_000;

impl Entry {
    const UNTRACKED: Self = Self {
        head_mode: 0,
        index_mode: 0,
        worktree_mode: 0,
        head_id: None,
        index_id: None,
        staged: false,
        unstaged: false,
        untracked: true,
        unmerged: false,
    };

    /// The layers in which it differs.
    pub fn layers(&self) -> impl Iterator<Item = Layer> {
        let layers =
            [(self.staged, Layer::Staged), (self.unstaged, Layer::Unstaged), (self.untracked, Layer::Untracked)];
        layers.into_iter().filter_map(|(is, layer)| is.then_some(layer))
    }

    /// What became of the path between HEAD and the worktree.
    #[must_use]
    pub fn kind(&self) -> Kind {
        let kind_of = |mode: u32| mode & 0o170_000;
        if self.unmerged {
            Kind::Unmerged
        } else if self.head_mode == 0 {
            Kind::Added
        } else if self.untracked {
            Kind::Modified
        } else if self.worktree_mode == 0 {
            Kind::Deleted
        } else if kind_of(self.head_mode) == kind_of(self.worktree_mode) {
            Kind::Modified
        } else {
            Kind::TypeChanged
        }
    }
}

/// Asks git for the state of `worktree`. Nothing is written, no lock is taken, no program is run.
///
/// # Errors
/// Where git cannot answer, or answers from an index that is not whole.
pub fn read(repository: &Repository, worktree: &Worktree) -> Result<Status, Error> {
    let site = Site::of(repository, worktree)?;
    site.check_index(worktree)?;
    Ok(site.answered(&site.question().output()?)?.status(repository, worktree))
}

/// What git said, of paths that are left out too.
#[derive(Clone, Debug, Default)]
struct Answer {
    entries: BTreeMap<RepoPath, Entry>,
    /// What is ignored, where that was asked for; folders end in a slash.
    ignored: BTreeSet<Vec<u8>>,
    partial: Option<String>,
}

impl Answer {
    fn status(mut self, repository: &Repository, worktree: &Worktree) -> Status {
        self.entries.retain(|path, entry| !is_left_out(path, entry, &worktree.nested, &repository.own_paths));
        Status { entries: self.entries, partial: self.partial }
    }
}

fn is_left_out(path: &RepoPath, entry: &Entry, nested: &[RepoPath], own: &OwnPaths) -> bool {
    let within = |dirs: &[RepoPath]| dirs.iter().any(|dir| path.is_within(dir));
    let tracked = entry.staged || entry.unstaged;
    within(&own.folders) || !tracked && (within(nested) || own.untracked.contains(path))
}

/// What git said it could not look at; it goes on without it and ends well.
fn complaint(output: &Output, top: &Path) -> Option<String> {
    let text = String::from_utf8_lossy(&output.stderr);
    let telling = |line: &&str| {
        ["could not open directory", "unable to access", "Permission denied", "unable to read"]
            .iter()
            .any(|sign| line.contains(sign))
    };
    let line = text.lines().find(telling)?;
    let line = line.strip_prefix("warning: ").or_else(|| line.strip_prefix("error: ")).unwrap_or(line);
    Some(format!("git could not look at all of {}: {line}", top.display()))
}

fn bad(what: impl Into<String>) -> Error {
    Error::Answer { operation: "status".into(), what: what.into() }
}

/// Reads `git status --porcelain=v2 -z`.
fn parse(answer: &[u8]) -> Result<Answer, Error> {
    let mut found = Answer::default();
    for record in answer.split(|&b| b == 0).filter(|record| !record.is_empty()) {
        let (path, entry) = match record[0] {
            b'1' => ordinary(record)?,
            b'u' => unmerged(record)?,
            b'?' => match untracked(record)? {
                Some(path) => (path, Entry::UNTRACKED),
                None => continue,
            },
            b'!' => {
                found.ignored.insert(record.get(2..).unwrap_or_default().to_vec());
                continue;
            }
            b'#' => continue,
            other => return Err(bad(format!("a record begins with {:?}", char::from(other)))),
        };
        // A path taken out of the index whose file still lies there comes twice.
        match found.entries.get_mut(&path) {
            Some(known) => known.untracked |= entry.untracked,
            None => drop(found.entries.insert(path, entry)),
        }
    }
    Ok(found)
}

/// An untracked file; `None` for a folder, which is a repository of its own.
fn untracked(record: &[u8]) -> Result<Option<RepoPath>, Error> {
    let path = record.get(2..).unwrap_or_default();
    if path.last() == Some(&b'/') { Ok(None) } else { named(path).map(Some) }
}

/// The path of a record. An index that was cut off gives entries without a name.
fn named(path: &[u8]) -> Result<RepoPath, Error> {
    RepoPath::new(path).map_err(|error| bad(format!("the index is truncated or damaged ({error})")))
}

/// The fields of a record: `count` words, and the rest, which is the path.
fn fields(record: &[u8], count: usize) -> Result<(Vec<&[u8]>, &[u8]), Error> {
    let mut words: Vec<&[u8]> = record.splitn(count + 1, |&b| b == b' ').collect();
    match words.pop() {
        Some(path) if words.len() == count => Ok((words, path)),
        _ => Err(bad("a record is too short")),
    }
}

fn mode(text: &[u8]) -> Result<u32, Error> {
    let text = std::str::from_utf8(text).ok();
    text.and_then(|text| u32::from_str_radix(text, 8).ok()).ok_or_else(|| bad("a mode is no octal number"))
}

fn id(text: &[u8]) -> Result<Option<ObjectId>, Error> {
    let id = ObjectId::from_hex(text).ok_or_else(|| bad("an object id is not whole"))?;
    Ok(Some(id).filter(|id| !id.is_null()))
}

/// `1 XY sub mH mI mW hH hI path`
fn ordinary(record: &[u8]) -> Result<(RepoPath, Entry), Error> {
    let (words, path) = fields(record, 8)?;
    let (&[x, y], path) = (words[1], named(path)?) else { return Err(bad("a record has no XY")) };
    let entry = Entry {
        head_mode: mode(words[3])?,
        index_mode: mode(words[4])?,
        worktree_mode: mode(words[5])?,
        head_id: id(words[6])?,
        index_id: id(words[7])?,
        staged: x != b'.',
        unstaged: y != b'.',
        untracked: false,
        unmerged: false,
    };
    // Only a path that is deleted, or merely intended to be added, may stand in no mode in the index.
    if entry.index_mode == 0 && !matches!(x, b'D' | b'.')
        || entry.head_mode | entry.index_mode | entry.worktree_mode == 0
    {
        return Err(bad("the index is truncated or damaged (an entry without a mode)"));
    }
    Ok((path, entry))
}

/// `u XY sub m1 m2 m3 mW h1 h2 h3 path`
fn unmerged(record: &[u8]) -> Result<(RepoPath, Entry), Error> {
    let (words, path) = fields(record, 10)?;
    let entry = Entry {
        head_mode: mode(words[4])?,
        index_mode: mode(words[4])?,
        worktree_mode: mode(words[6])?,
        head_id: id(words[8])?,
        index_id: None,
        staged: false,
        unstaged: true,
        untracked: false,
        unmerged: true,
    };
    Ok((named(path)?, entry))
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "0123456789abcdef0123456789abcdef01234567";
    const NONE: &str = "0000000000000000000000000000000000000000";

    fn path(bytes: &[u8]) -> RepoPath {
        RepoPath::new(bytes).expect("valid")
    }

    #[test]
    fn every_kind_of_record_is_read_with_hostile_names() {
        let mut answer = format!(
            "# stash 1\0\
             1 .M N... 100644 100644 100755 {ID} {ID} a b\n \x1b\0\
             1 A. N... 000000 100644 100644 {NONE} {ID} -new\0\
             1 .A N... 000000 000000 100644 {NONE} {NONE} intent\0\
             1 D. N... 100644 000000 000000 {ID} {NONE} kept\0\
             1 .T N... 100644 100644 120000 {ID} {ID} link\0\
             u UU N... 100644 100644 100644 100644 {ID} {ID} {ID} both\0\
             ? kept\0? nested/repo/\0? :(glob)*\0! ignored\0"
        )
        .into_bytes();
        answer.extend_from_slice(b"? caf\xe9\0");
        let Answer { entries, ignored, .. } = parse(&answer).expect("well formed");
        assert_eq!(entries.len(), 8);
        assert_eq!(ignored, BTreeSet::from([b"ignored".to_vec()]));
        assert_eq!(entries[&path(b"a b\n \x1b")].worktree_mode, 0o100_755);
        assert_eq!(entries[&path(b"-new")].kind(), Kind::Added);
        assert_eq!(entries[&path(b"intent")].layers().collect::<Vec<_>>(), [Layer::Unstaged]);
        let kept = &entries[&path(b"kept")];
        assert_eq!(kept.layers().collect::<Vec<_>>(), [Layer::Staged, Layer::Untracked]);
        assert_eq!(entries[&path(b"link")].kind(), Kind::TypeChanged);
        assert_eq!(entries[&path(b"both")].kind(), Kind::Unmerged);
        assert_eq!(entries[&path(b"caf\xe9")].kind(), Kind::Added);
    }

    #[test]
    fn a_truncated_index_is_an_error() {
        for record in [
            format!("1 A. N... 000000 000000 000000 {NONE} {NONE} ./"),
            format!("1 AD N... 000000 100644 000000 {NONE} {ID} "),
            format!("1 A. N... 000000 000000 000000 {NONE} {NONE} x"),
        ] {
            let error = parse(record.as_bytes()).expect_err("not whole").to_string();
            assert!(error.contains("truncated"), "{error}");
        }
    }

    #[test]
    fn torn_records_are_errors() {
        for record in ["1 .M N... 100644", "1 .M", "u UU N... 1 2 3", "x", "1 .M N... 9 100644 100644 a b c"] {
            assert!(parse(record.as_bytes()).is_err(), "{record}");
        }
    }

    #[test]
    fn own_files_and_nested_worktrees_are_left_out() {
        let own = OwnPaths { folders: vec![path(b".claude/runtime")], untracked: vec![path(b".claude/memory.md")] };
        let nested = [path(b".claude/worktrees/x")];
        let tracked = Entry { unstaged: true, untracked: false, ..Entry::UNTRACKED };
        let out = |name: &[u8], entry: &Entry| is_left_out(&path(name), entry, &nested, &own);
        assert!(out(b".claude/runtime/ACTIVE-TASKS.json", &tracked));
        assert!(out(b".claude/memory.md", &Entry::UNTRACKED));
        assert!(!out(b".claude/memory.md", &tracked));
        assert!(out(b".claude/worktrees/x/src/a.rs", &Entry::UNTRACKED));
        assert!(!out(b".claude/settings.json", &Entry::UNTRACKED));
    }
}
