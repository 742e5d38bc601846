//! What was seen of a worktree, as bytes, and back.
//! Must not know: where they are kept, whether they still hold.

use super::told::Told;
use super::{On, Seen, Surroundings, What};
use crate::domain::id::ObjectId;
use crate::domain::path::RepoPath;
use crate::git::bytes::{Reader, Writer, sealed, unsealed};
use crate::git::names;
use crate::git::objects::ObjectFormat;
use crate::git::repository::Repository;
use crate::git::stamp::Stamp;
use crate::git::status::Entry;
use crate::git::status::site::Site;

/// Grows with what git is asked, and with how it is written down.
const FORMAT: u8 = 1;

/// All that decides what git says, but for what has stamps.
pub(super) fn key(site: &Site, repository: &Repository, surroundings: &Surroundings) -> String {
    let place = names::to_bytes(&site.git_dir).escape_ascii().to_string();
    format!("status {FORMAT} {place} {} {surroundings:?}", repository.config.fingerprint())
}

/// As bytes, under this key.
pub(super) fn written(key: &str, seen: &Seen) -> Vec<u8> {
    let mut to = Writer(vec![FORMAT]);
    to.bytes(key.as_bytes());
    id(&mut to, seen.on.head);
    stamp(&mut to, seen.on.index);
    for paths in [&seen.on.own, &seen.on.nested] {
        to.count(paths.len());
        for path in paths {
            to.bytes(path.as_bytes());
        }
    }
    match &seen.what {
        What::Marked => to.number(0),
        What::Untellable => to.number(1),
        What::Told(told) => {
            to.number(2);
            write_told(&mut to, told);
        }
    }
    sealed(to)
}

/// What was written under this key; `None` of anything else.
pub(super) fn read(bytes: &[u8], key: &str, format: ObjectFormat) -> Option<Seen> {
    let mut from = Reader(unsealed(bytes)?);
    if from.byte()? != FORMAT || from.bytes()? != key.as_bytes() {
        return None;
    }
    let on = On {
        head: read_id(&mut from, format)?,
        index: read_stamp(&mut from)?,
        own: from.list(path)?,
        nested: from.list(path)?,
    };
    let what = match from.number()? {
        0 => What::Marked,
        1 => What::Untellable,
        2 => What::Told(read_told(&mut from, format)?),
        _ => return None,
    };
    from.0.is_empty().then_some(Seen { on, what })
}

fn write_told(to: &mut Writer, told: &Told) {
    to.count(told.rules.len());
    for (file, value) in &told.rules {
        to.bytes(&names::to_bytes(file));
        stamp(to, *value);
    }
    for stamps in [&told.folders, &told.files] {
        to.count(stamps.len());
        for (path, value) in stamps {
            to.bytes(path);
            stamp(to, *value);
        }
    }
    to.count(told.ignored.len());
    for path in &told.ignored {
        to.bytes(path);
    }
    to.count(told.entries.len());
    for (path, value) in &told.entries {
        to.bytes(path.as_bytes());
        entry(to, value);
    }
}

fn read_told(from: &mut Reader<'_>, format: ObjectFormat) -> Option<Told> {
    let file = |from: &mut Reader<'_>| Some((names::to_path(from.bytes()?), read_stamp(from)?));
    let stamped = |from: &mut Reader<'_>| Some((from.bytes()?.to_vec(), read_stamp(from)?));
    Some(Told {
        rules: from.list(file)?.into_iter().collect(),
        folders: from.list(stamped)?.into_iter().collect(),
        files: from.list(stamped)?.into_iter().collect(),
        ignored: from.list(|from| from.bytes().map(<[u8]>::to_vec))?.into_iter().collect(),
        entries: from.list(|from| Some((path(from)?, read_entry(from, format)?)))?.into_iter().collect(),
    })
}

fn path(from: &mut Reader<'_>) -> Option<RepoPath> {
    RepoPath::new(from.bytes()?).ok()
}

fn stamp(to: &mut Writer, stamp: Stamp) {
    for number in stamp.0 {
        to.0.extend_from_slice(&number.to_le_bytes());
    }
}

fn read_stamp(from: &mut Reader<'_>) -> Option<Stamp> {
    let mut numbers = [0; Stamp::LEN];
    for number in &mut numbers {
        *number = u32::from_le_bytes(*from.take(4)?.first_chunk()?);
    }
    Some(Stamp(numbers))
}

fn id(to: &mut Writer, id: Option<ObjectId>) {
    to.flag(id.is_some());
    to.0.extend_from_slice(id.as_ref().map_or(&[], ObjectId::as_bytes));
}

#[expect(clippy::option_option, reason = "one that cannot be read, and none")]
fn read_id(from: &mut Reader<'_>, format: ObjectFormat) -> Option<Option<ObjectId>> {
    if from.flag()? { from.id(format.id_len()).map(Some) } else { Some(None) }
}

fn entry(to: &mut Writer, entry: &Entry) {
    for mode in [entry.head_mode, entry.index_mode, entry.worktree_mode] {
        to.number(mode.into());
    }
    id(to, entry.head_id);
    id(to, entry.index_id);
    for flag in [entry.staged, entry.unstaged, entry.untracked, entry.unmerged] {
        to.flag(flag);
    }
}

fn read_entry(from: &mut Reader<'_>, format: ObjectFormat) -> Option<Entry> {
    Some(Entry {
        head_mode: from.small()?,
        index_mode: from.small()?,
        worktree_mode: from.small()?,
        head_id: read_id(from, format)?,
        index_id: read_id(from, format)?,
        staged: from.flag()?,
        unstaged: from.flag()?,
        untracked: from.flag()?,
        unmerged: from.flag()?,
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    fn seen(what: What) -> Seen {
        let named = |name: &str| RepoPath::new(name).expect("valid");
        let on = On {
            head: ObjectId::from_hex(b"0123456789abcdef0123456789abcdef01234567"),
            index: Stamp([1, 2, 3, 4, 5, 6, 7, 8]),
            own: vec![named(".claude/runtime")],
            nested: vec![],
        };
        Seen { on, what }
    }

    fn told() -> Told {
        let path = RepoPath::new("src/caf\u{e9}").expect("valid");
        let entry = Entry { head_mode: 0o100_644, worktree_mode: 0o100_755, unstaged: true, ..Entry::UNTRACKED };
        Told {
            rules: BTreeMap::from([("/etc/gitattributes".into(), Stamp::NOTHING)]),
            folders: BTreeMap::from([(Vec::new(), Stamp([9; Stamp::LEN])), (b"src".to_vec(), Stamp::NEVER)]),
            files: BTreeMap::from([(b"src/a\n".to_vec(), Stamp([3; Stamp::LEN]))]),
            ignored: [b"target/".to_vec()].into(),
            entries: BTreeMap::from([(path, entry)]),
        }
    }

    #[test]
    fn what_was_written_comes_back_under_its_own_key_only() {
        for what in [What::Marked, What::Untellable, What::Told(told())] {
            let seen = seen(what);
            let bytes = written("key", &seen);
            assert_eq!(read(&bytes, "key", ObjectFormat::Sha1), Some(seen));
            assert_eq!(read(&bytes, "other", ObjectFormat::Sha1), None);
            assert_eq!(read(&bytes, "key", ObjectFormat::Sha256), None, "ids of another length");
            for len in 0..bytes.len() {
                assert_eq!(read(&bytes[..len], "key", ObjectFormat::Sha1), None, "cut to {len}");
            }
        }
    }
}
