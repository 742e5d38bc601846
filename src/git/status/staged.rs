//! What the commit in the making would bring: the index against HEAD.
//! Must not know: the files of the worktree.

use super::super::error::Error;
use super::super::index;
use super::super::objects::{ObjectFormat, Objects};
use super::super::repository::{Repository, option};
use super::super::tree::{self, TreeChange};
use super::{bad, id, mode, named};
use crate::domain::id::ObjectId;

/// The changes that the commit in the making would bring, sorted by path: the index of the hook's environment, else the
/// asking worktree's own, against `head`.
///
/// # Errors
/// Where the index cannot be read, or is not whole.
pub fn staged(repository: &Repository, objects: &Objects, head: Option<ObjectId>) -> Result<Vec<TreeChange>, Error> {
    let own = || repository.git_dir.join("index");
    let index = repository.index_file.clone().unwrap_or_else(own);
    let tree = head.map(|head| objects.commit(head).map(|commit| commit.tree)).transpose()?;
    match index::staged(objects, &index, tree)? {
        Some(changes) => Ok(changes),
        None => staged_by_git(repository, head),
    }
}

/// As [`staged`], of whatever index git can read.
fn staged_by_git(repository: &Repository, head: Option<ObjectId>) -> Result<Vec<TreeChange>, Error> {
    let top = repository.worktree.as_deref().unwrap_or(&repository.git_dir);
    let mut call = repository
        .git
        .call_with(top, &[option("--git-dir=", &repository.git_dir), option("--work-tree=", top)], "diff-index")
        .args(["--cached", "--raw", "-z", "--no-abbrev", "--no-renames", "--full-index", "--ignore-submodules=dirty"]);
    if let Some(index) = &repository.index_file {
        call = call.env("GIT_INDEX_FILE", index);
    }
    let head = head.map_or_else(|| empty_tree(repository.store.format).to_owned(), |head| head.to_string());
    parse_raw(&call.arg(head).arg("--").read()?)
}

/// The id of the tree without entries, which git knows without having it.
fn empty_tree(format: ObjectFormat) -> &'static str {
    match format {
        ObjectFormat::Sha1 => "4b825dc642cb6eb9a060e54bf8d69288fbee4904",
        ObjectFormat::Sha256 => "6ef19b41225c5369f1c104d45d8d85efa9b057b53b14b4b9b939dd74decc5321",
    }
}

/// Reads `git diff-index --raw -z`: `:mode mode id id status`, NUL, path, NUL.
fn parse_raw(answer: &[u8]) -> Result<Vec<TreeChange>, Error> {
    let mut fields = answer.split(|&b| b == 0);
    let mut changes = Vec::new();
    while let Some(record) = fields.next().filter(|record| !record.is_empty()) {
        let words: Vec<&[u8]> = record.strip_prefix(b":").unwrap_or_default().split(|&b| b == b' ').collect();
        let [before, after, before_id, after_id, kind] = words[..] else { return Err(bad("a record is too short")) };
        let path = named(fields.next().unwrap_or_default())?;
        // An unmerged path comes once more for each side; git refuses to commit it anyway.
        if kind.starts_with(b"U") {
            continue;
        }
        let change = TreeChange { path, before: side(before, before_id)?, after: side(after, after_id)? };
        if change.before.is_none() && change.after.is_none() {
            return Err(bad("the index is truncated or damaged (an entry without a mode)"));
        }
        changes.push(change);
    }
    changes.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(changes)
}

fn side(mode_text: &[u8], id_text: &[u8]) -> Result<Option<tree::Entry>, Error> {
    let (mode, id) = (mode(mode_text)?, id(id_text)?);
    Ok(id.filter(|_| mode != 0).map(|id| tree::Entry { mode, id }))
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "0123456789abcdef0123456789abcdef01234567";
    const NONE: &str = "0000000000000000000000000000000000000000";

    #[test]
    fn staged_changes_are_read_with_both_sides() {
        let answer = format!(
            ":100644 100755 {ID} {ID} M\0a\nb\0:000000 100644 {NONE} {ID} A\0new\0:100644 000000 {ID} {NONE} D\0gone\0\
             :000000 000000 {NONE} {NONE} U\0both\0"
        );
        let changes = parse_raw(answer.as_bytes()).expect("well formed");
        let names: Vec<&[u8]> = changes.iter().map(|change| change.path.as_bytes()).collect();
        assert_eq!(names, [&b"a\nb"[..], b"gone", b"new"]);
        assert!(changes[1].after.is_none() && changes[2].before.is_none());
        assert_eq!(changes[0].after.map(|entry| entry.mode), Some(0o100_755));
        assert!(parse_raw(format!(":000000 000000 {NONE} {NONE} A\0./\0").as_bytes()).is_err());
        assert!(parse_raw(format!(":000000 000000 {NONE} {NONE} A\0x\0").as_bytes()).is_err());
        assert!(parse_raw(b":100644\0x\0").is_err());
    }
}
