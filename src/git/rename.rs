//! Which deleted and added paths of one line of work are one file that moved, for showing it.
//! Must not know: verdicts. Where a rename decides whether a merge is clean, git itself is asked.

use std::borrow::Cow;
use std::collections::{BTreeSet, HashMap};

use memchr::memmem;

use super::error::Error;
use super::objects::Objects;
use super::tree::{Entry, TreeChange};
use crate::domain::path::RepoPath;
use crate::domain::text;

/// More combinations of deleted and added files than this are not compared by content.
pub(super) const MOST_COMPARED: usize = 400;

/// The renames among the changes as (from, to), sorted: equal content first, then content that is at least half equal.
pub fn find(objects: &Objects, changes: &[TreeChange]) -> Result<Vec<(RepoPath, RepoPath)>, Error> {
    let file = |entry: Option<Entry>| entry.filter(|entry| !entry.is_tree());
    let gone: Vec<_> =
        changes.iter().filter(|c| c.after.is_none()).filter_map(|c| Some((&c.path, file(c.before)?))).collect();
    let new: Vec<_> =
        changes.iter().filter(|c| c.before.is_none()).filter_map(|c| Some((&c.path, file(c.after)?))).collect();
    let (mut renames, mut taken) = (Vec::new(), (BTreeSet::new(), BTreeSet::new()));
    let mut pair = |from: &RepoPath, to: &RepoPath, taken: &mut (BTreeSet<RepoPath>, BTreeSet<RepoPath>)| {
        if !taken.0.contains(from) && !taken.1.contains(to) {
            taken.0.insert(from.clone());
            taken.1.insert(to.clone());
            renames.push((from.clone(), to.clone()));
        }
    };
    for (to, entry) in &new {
        let same = |(from, old): &&(&RepoPath, Entry)| old.id == entry.id && !taken.0.contains(*from);
        let by_name = gone.iter().filter(same).find(|(from, _)| from.file_name() == to.file_name());
        if let Some((from, _)) = by_name.or_else(|| gone.iter().find(same)) {
            pair(from, to, &mut taken);
        }
    }
    for (_, from, to) in alike(objects, &gone, &new, &taken)? {
        pair(from, to, &mut taken);
    }
    renames.sort();
    Ok(renames)
}

type Named<'p> = (&'p RepoPath, Entry);
type Taken = (BTreeSet<RepoPath>, BTreeSet<RepoPath>);

/// The combinations that are at least half alike, most alike first.
fn alike<'p>(
    objects: &Objects,
    gone: &[Named<'p>],
    new: &[Named<'p>],
    taken: &Taken,
) -> Result<Vec<(usize, &'p RepoPath, &'p RepoPath)>, Error> {
    let gone: Vec<_> = gone.iter().filter(|(path, entry)| entry.is_file() && !taken.0.contains(*path)).collect();
    let new: Vec<_> = new.iter().filter(|(path, entry)| entry.is_file() && !taken.1.contains(*path)).collect();
    let mut found = Vec::new();
    if gone.len() * new.len() > MOST_COMPARED {
        return Ok(found);
    }
    for (from, old) in &gone {
        for (to, entry) in &new {
            let percent = likeness(objects, *old, *entry)?;
            if percent >= 50 {
                found.push((percent, *from, *to));
            }
        }
    }
    found.sort_by_key(|&(percent, from, to)| (usize::MAX - percent, from, to));
    Ok(found)
}

/// How much of the larger file the two have in common, in percent of its bytes. Told by the same pieces as git tells
/// it, lines or 64 bytes of a longer one, though not by the same sums.
pub(super) fn likeness(objects: &Objects, old: Entry, new: Entry) -> Result<usize, Error> {
    let (old_len, new_len) = (objects.blob_len(old.id)?, objects.blob_len(new.id)?);
    let (less, more) = (old_len.min(new_len), old_len.max(new_len));
    // The common part is at most the smaller file.
    if less * 2 < more || more > TOO_LARGE {
        return Ok(0);
    }
    let (old, new) = (objects.blob(old.id)?, objects.blob(new.id)?);
    let (old, new) = (without_returns(&old), without_returns(&new));
    let mut left: HashMap<&[u8], usize> = HashMap::new();
    for piece in pieces(&old) {
        *left.entry(piece).or_default() += 1;
    }
    let common: usize = pieces(&new)
        .filter(|piece| left.get_mut(piece).is_some_and(|n| std::mem::replace(n, n.saturating_sub(1)) > 0))
        .map(<[u8]>::len)
        .sum();
    Ok(common * 100 / more.max(1))
}

/// Larger files are not compared.
const TOO_LARGE: usize = 16 << 20;

/// A text with the line ends of Unix: git compares no others.
fn without_returns(content: &[u8]) -> Cow<'_, [u8]> {
    let is_return = |at: usize| content[at] == b'\r' && content.get(at + 1) == Some(&b'\n');
    if memmem::find(content, b"\r\n").is_none() || text::is_binary(content) {
        return Cow::Borrowed(content);
    }
    (0..content.len()).filter(|&at| !is_return(at)).map(|at| content[at]).collect()
}

fn pieces(content: &[u8]) -> impl Iterator<Item = &[u8]> {
    text::split(content).flat_map(|line| line.chunks(64))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::git::objects::{ObjectFormat, ObjectKind, ObjectStore};
    use crate::git::tree::FILE;

    #[test]
    fn files_that_moved_are_found() {
        let dir = tempfile::tempdir().expect("a temporary directory");
        let store = ObjectStore { objects_dir: dir.path().to_owned(), format: ObjectFormat::Sha1 };
        let objects = Objects::open(&store).expect("an empty object directory opens");
        let path = |text: &str| RepoPath::new(text).expect("a valid path");
        let entry = |text: &str| {
            Some(Entry { mode: FILE, id: objects.add(ObjectKind::Blob, text.as_bytes()).expect("in memory") })
        };
        let gone = |name: &str, text: &str| TreeChange { path: path(name), before: entry(text), after: None };
        let new = |name: &str, text: &str| TreeChange { path: path(name), before: None, after: entry(text) };
        let changes = [
            gone("a", "1\n2\n3\n4\n"),
            new("b", "1\n2\n3\n5\n"),
            gone("c/x", "same\n"),
            new("d/y", "same\n"),
            new("e/x", "same\n"),
            new("f", "something else\n"),
            gone("g", "gone for good\n"),
            gone("h", "11\n12\n13\n"),
            new("i", "11\r\n12\r\n13\r\n"),
        ];
        let found = find(&objects, &changes).expect("all is in memory");
        assert_eq!(found, [(path("a"), path("b")), (path("c/x"), path("d/y")), (path("h"), path("i"))]);
    }
}
