//! Refs and the commits they stand on.
//! Must not know: worktrees, which refs anybody is interested in.

use std::rc::Rc;

use super::error::Error;
use super::objects::{ObjectKind, Objects};
use super::repository::Repository;
use crate::domain::id::{ObjectId, RefName};
use crate::domain::time::Timestamp;
use tips::Said;

mod logs;
mod stored;
mod tips;

pub use stored::Stamp;
pub(super) use stored::is_regular;
pub use tips::Tips;

/// A ref that leads to a commit.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Ref {
    /// Its full name.
    pub name: RefName,
    /// The commit it leads to, through annotated tags.
    pub oid: ObjectId,
    /// When that commit was made.
    pub committer_time: Timestamp,
    /// Who wrote it: name and address, as the commit has them.
    pub author: Vec<u8>,
    /// When the ref was last moved in this repository, of a local branch, as far as that is logged in files.
    pub moved: Option<Timestamp>,
}

/// A ref that leads nowhere.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct BrokenRef {
    /// Its full name.
    pub name: RefName,
    /// Why it cannot be used.
    pub reason: String,
}

/// Refs by name.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Refs {
    /// Those that lead to a commit.
    pub good: Vec<Ref>,
    /// Those that lead nowhere; refs to trees and blobs are in neither list.
    pub broken: Vec<BrokenRef>,
}

/// Refs by name, before a look at any object.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Names {
    /// Those that name an object, sorted by name.
    pub named: Vec<Named>,
    /// Those that git complains of.
    pub broken: Vec<BrokenRef>,
}

/// One line of `git for-each-ref`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Named {
    /// Its full name.
    pub name: RefName,
    /// The object, not peeled.
    pub id: ObjectId,
    /// The ref that it stands for, where it is a symbolic one.
    pub symbolic: Option<RefName>,
    /// The file that it was read from as it was, where git was not asked.
    pub stamp: Option<Stamp>,
}

impl Names {
    /// The ref of this full name.
    #[must_use]
    pub fn get(&self, name: impl AsRef<[u8]>) -> Option<&Named> {
        let at = self.named.binary_search_by(|named| named.name.as_bytes().cmp(name.as_ref())).ok()?;
        Some(&self.named[at])
    }

    /// Those whose full names begin so.
    #[must_use]
    pub fn below(&self, prefix: &str) -> Self {
        let is = |name: &RefName| name.as_bytes().starts_with(prefix.as_bytes());
        Self {
            named: self.named.iter().filter(|named| is(&named.name)).cloned().collect(),
            broken: self.broken.iter().filter(|broken| is(&broken.name)).cloned().collect(),
        }
    }
}

/// The refs that match `patterns` (whole names, name beginnings up to a `/`, or globs), sorted by name. Symbolic refs,
/// as they only repeat another, are left out.
///
/// # Errors
/// Where git cannot list them.
pub fn list(repository: &Repository, objects: &Objects, patterns: &[&str]) -> Result<Refs, Error> {
    Ok(read(repository, objects, names(repository, patterns)?, &mut Tips::default()))
}

/// Reads the commits behind names and the logs of local branches, but for what `tips` knows, which learns the rest. A name
/// that leads nowhere is among the broken.
#[must_use]
pub fn read(repository: &Repository, objects: &Objects, Names { named, mut broken }: Names, tips: &mut Tips) -> Refs {
    objects.expect(tips.unknown(named.iter().map(|named| named.id)));
    let mut good = Vec::with_capacity(named.len());
    for named in named.into_iter().filter(|named| named.symbolic.is_none()) {
        let moved = tips.moved(repository, &named);
        if let Some(Said { time, author }) = tips.get(named.id) {
            good.push(Ref { name: named.name, oid: named.id, committer_time: time, author, moved });
            continue;
        }
        match peel(objects, named.id) {
            Ok(Some((oid, data))) => {
                // Whoever lists refs looks at where they start from next.
                objects.keep_commit(oid, &data);
                let found = Ref { moved, ..read_commit(named.name, oid, &data) };
                if oid == named.id {
                    tips.put(oid, Said { time: found.committer_time, author: found.author.clone() });
                }
                good.push(found);
            }
            Ok(None) => {}
            Err(error) => broken.push(BrokenRef { name: named.name, reason: error.to_string() }),
        }
    }
    Refs { good, broken }
}

/// The names that match, without a look at any object: from the files that they lie in, where all is as git writes it, else
/// git lists them.
///
/// # Errors
/// Where git cannot list them.
pub fn names(repository: &Repository, patterns: &[&str]) -> Result<Names, Error> {
    match in_files(repository, patterns) {
        Some(names) => Ok(names),
        None => listed(repository, patterns),
    }
}

/// The same without starting git; `None` where git has to be asked.
#[must_use]
pub fn in_files(repository: &Repository, patterns: &[&str]) -> Option<Names> {
    Some(Names { named: stored::read(repository, patterns)?, broken: Vec::new() })
}

/// The same as git lists them.
///
/// # Errors
/// Where it cannot.
pub fn listed(repository: &Repository, patterns: &[&str]) -> Result<Names, Error> {
    let call = repository.call("for-each-ref").arg("--format=%(refname)%00%(objectname)%00%(symref)").arg("--");
    let output = call.args(patterns).output()?;
    if output.code != 0 {
        return Err(output.failed("for-each-ref".into(), repository.common_dir.clone()));
    }
    Ok(Names { named: parse(&output.stdout)?, broken: complaints(&output.stderr) })
}

fn parse(answer: &[u8]) -> Result<Vec<Named>, Error> {
    let bad = |what: &str| Error::Answer { operation: "for-each-ref".into(), what: what.into() };
    let line = |line: &[u8]| {
        let fields: Vec<&[u8]> = line.split(|&b| b == 0).collect();
        let [name, id, symbolic] = fields[..] else { return Err(bad("a line has not three fields")) };
        let id = ObjectId::from_hex(id).ok_or_else(|| bad("an object id is not whole"))?;
        let symbolic = Some(symbolic).filter(|s| !s.is_empty()).map(RefName::new);
        Ok(Named { name: RefName::new(name), id, symbolic, stamp: None })
    };
    answer.split(|&b| b == b'\n').filter(|l| !l.is_empty()).map(line).collect()
}

/// Refs that git left out with a warning.
fn complaints(stderr: &[u8]) -> Vec<BrokenRef> {
    let broken = |line: &[u8]| {
        let (name, reason) = match line.strip_prefix(b"warning: ignoring broken ref ") {
            Some(name) => (name, "it names no object"),
            None => (line.strip_prefix(b"warning: ignoring dangling symref ")?, "it names no ref"),
        };
        Some(BrokenRef { name: RefName::new(name), reason: reason.to_owned() })
    };
    stderr.split(|&b| b == b'\n').filter_map(broken).collect()
}

/// The commit behind `id`, through annotated tags; `None` for a tree or blob.
pub(crate) fn commit_behind(objects: &Objects, id: ObjectId) -> Result<Option<ObjectId>, Error> {
    Ok(peel(objects, id)?.map(|(id, _)| id))
}

/// A commit with its bytes.
type Bytes = (ObjectId, Rc<[u8]>);

/// The commit behind `id`; `None` for a tree or blob.
fn peel(objects: &Objects, id: ObjectId) -> Result<Option<Bytes>, Error> {
    let mut id = id;
    loop {
        let object = objects.read(id)?;
        match object.kind {
            ObjectKind::Commit => return Ok(Some((id, object.data))),
            ObjectKind::Tree | ObjectKind::Blob => return Ok(None),
            ObjectKind::Tag => {
                let line = object.data.split(|&b| b == b'\n').next().unwrap_or_default();
                let bad = || Error::Object { id: id.to_string(), what: "the tag names no object".into() };
                id = line.strip_prefix(b"object ").and_then(ObjectId::from_hex).ok_or_else(bad)?;
            }
        }
    }
}

fn read_commit(name: RefName, oid: ObjectId, data: &[u8]) -> Ref {
    let time = header(data, b"committer ").and_then(|line| words(line).into_iter().nth(1)).unwrap_or_default();
    let time = std::str::from_utf8(&time).ok().and_then(|text| text.parse().ok()).unwrap_or(0);
    Ref { name, oid, committer_time: Timestamp(time), author: author(data), moved: None }
}

/// Who wrote a commit, by its bytes: name and address; empty where they do not say.
#[must_use]
pub fn author(commit: &[u8]) -> Vec<u8> {
    header(commit, b"author ").and_then(|line| words(line).pop()).unwrap_or_default()
}

fn header<'d>(commit: &'d [u8], key: &[u8]) -> Option<&'d [u8]> {
    let mut lines = commit.split(|&b| b == b'\n').take_while(|line| !line.is_empty());
    lines.find_map(|line| line.strip_prefix(key))
}

/// The last words of a line, last first, and what stands before them.
fn words(line: &[u8]) -> Vec<Vec<u8>> {
    line.rsplitn(3, |&b| b == b' ').map(<[u8]>::to_vec).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "0123456789abcdef0123456789abcdef01234567";

    #[test]
    fn names_may_be_any_bytes() {
        let mut answer =
            format!("refs/heads/$(id)\0{ID}\0\nrefs/remotes/origin/HEAD\0{ID}\0refs/remotes/origin/main\n");
        answer.push_str("refs/heads/\u{202e}x\0");
        let mut answer = answer.into_bytes();
        answer.extend_from_slice(format!("{ID}\0\nrefs/heads/caf").as_bytes());
        answer.extend_from_slice(b"\xe9\0");
        answer.extend_from_slice(format!("{ID}\0\n").as_bytes());
        let found = parse(&answer).expect("well formed");
        assert_eq!(found.len(), 4);
        assert_eq!(found[1].symbolic, Some(RefName::new("refs/remotes/origin/main")));
        assert_eq!(found[3].name, RefName::new(*b"refs/heads/caf\xe9"));
        assert!(parse(b"refs/heads/x\0abc\0\n").is_err());
        assert!(parse(b"refs/heads/x\n").is_err());
    }

    #[test]
    fn a_broken_ref_is_told_from_the_warning() {
        let found = complaints(b"warning: ignoring broken ref refs/heads/x\nwarning: else\n");
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].name, RefName::new("refs/heads/x"));
    }

    #[test]
    fn a_commit_tells_its_author_and_its_time() {
        let id = ObjectId::from_hex(ID.as_bytes()).expect("whole");
        let data = b"tree x\nauthor A B <a@b> 1 +0000\ncommitter C <c@d> 1700000000 -0100\n\nauthor no\n";
        let found = read_commit(RefName::new("refs/heads/x"), id, data);
        assert_eq!((&*found.author, found.committer_time), (&b"A B <a@b>"[..], Timestamp(1_700_000_000)));
        assert_eq!(read_commit(RefName::new("r"), id, b"").committer_time, Timestamp(0));
    }
}
