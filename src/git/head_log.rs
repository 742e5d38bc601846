//! The log of a worktree's HEAD: which commits were made in it.
//! Must not know: branches, what the commits hold.

use std::fs::File;
use std::io::{Read as _, Seek as _, SeekFrom};
use std::path::Path;

use crate::domain::id::ObjectId;

/// Nobody looks further back than this.
const TAIL: u64 = 256 << 10;

/// What git writes when somebody made a commit, and not when HEAD was moved to one that was there.
const MADE: [&[u8]; 4] = [b"commit", b"cherry-pick", b"revert", b"am"];

/// The end of the log of a worktree with this git dir; empty where nothing is logged.
#[must_use]
pub fn read(git_dir: &Path) -> Vec<u8> {
    let mut tail = Vec::new();
    let read = |tail: &mut Vec<u8>| {
        let mut log = File::open(git_dir.join("logs/HEAD"))?;
        let end = log.seek(SeekFrom::End(0))?;
        log.seek(SeekFrom::Start(end.saturating_sub(TAIL)))?;
        log.take(TAIL).read_to_end(tail)
    };
    if read(&mut tail).is_err() {
        tail.clear();
    }
    tail
}

/// The last commit that was made since HEAD last came to stand on `tip`.
#[must_use]
pub fn made_since(log: &[u8], tip: ObjectId) -> Option<ObjectId> {
    let mut made = None;
    for line in log.trim_ascii_end().rsplit(|&byte| byte == b'\n') {
        let mut ids = line.split(|&byte| byte == b' ');
        let (_, new) = (ids.next()?, ObjectId::from_hex(ids.next()?)?);
        if new == tip {
            return made;
        }
        let what = line.split(|&byte| byte == b'\t').nth(1).unwrap_or_default();
        if MADE.iter().any(|word| what.starts_with(word)) {
            made = made.or(Some(new));
        }
    }
    // HEAD came there before the log begins: nothing is known.
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(old: char, new: char, what: &str) -> String {
        let id = |digit: char| digit.to_string().repeat(40);
        format!("{} {} A <a@b> 1700000000 +0000\t{what}\n", id(old), id(new))
    }

    fn id(digit: u8) -> ObjectId {
        ObjectId::from_hex(&[digit; 40]).expect("hexadecimal")
    }

    #[test]
    fn only_commits_made_since_count() {
        let log = line('0', '1', "clone: from x") + &line('1', '2', "commit: a");
        assert_eq!(made_since(log.as_bytes(), id(b'1')), Some(id(b'2')));
        assert_eq!(made_since(log.as_bytes(), id(b'2')), None);
        let moved = log.clone() + &line('2', '3', "merge main: Fast-forward");
        assert_eq!(made_since(moved.as_bytes(), id(b'2')), None, "pulled, not made");
        let rebased = log + &line('2', '4', "rebase (start): checkout main") + &line('4', '5', "rebase (finish): x");
        assert_eq!(made_since(rebased.as_bytes(), id(b'1')), Some(id(b'2')));
        assert_eq!(made_since(rebased.as_bytes(), id(b'9')), None, "not in the log");
        assert_eq!(made_since(b"", id(b'1')), None);
    }
}
