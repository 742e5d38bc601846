//! When refs were last moved, as their logs say.
//! Must not know: where refs stand, what is remembered of them.

use std::fs::File;
use std::io::{Read as _, Seek as _, SeekFrom};

use super::super::names;
use super::super::repository::Repository;
use crate::domain::id::RefName;
use crate::domain::time::Timestamp;

/// Hardly a branch's log is longer.
const USUAL_LOG: usize = 4096;

/// Hardly a line of a log is longer.
const USUAL_LINE: u64 = 512;

/// No line of a log is longer, or it tells nothing.
const LONGEST_LINE: u64 = 16 << 10;

/// When a ref was last moved in this repository, as its log says. The time of the log's file would not do: `git gc` writes
/// it anew. `None` where nothing is logged in files.
pub(super) fn moved(repository: &Repository, name: &RefName) -> Option<Timestamp> {
    let mut log = File::open(repository.common_dir.join("logs").join(names::to_path(name.as_bytes()))).ok()?;
    // Most logs are short, and there may be a thousand of them: one call reads the whole.
    let mut start = [0; USUAL_LOG];
    let read = log.read(&mut start).ok()?;
    if read < USUAL_LOG {
        return logged_at(&start[..read]);
    }
    let end = log.seek(SeekFrom::End(0)).ok()?;
    [USUAL_LINE, LONGEST_LINE].into_iter().find_map(|len| {
        let mut tail = vec![0; usize::try_from(end.min(len)).ok()?];
        log.seek(SeekFrom::Start(end.saturating_sub(len))).ok()?;
        log.read_exact(&mut tail).ok()?;
        let whole = end <= len || tail.trim_ascii_end().contains(&b'\n');
        if whole { logged_at(&tail) } else { None }
    })
}

/// The time in the last line of a log: `OLD NEW NAME <MAIL> SECONDS ZONE`, a tab and what was done.
fn logged_at(log: &[u8]) -> Option<Timestamp> {
    let last = log.trim_ascii_end().rsplit(|&b| b == b'\n').next()?;
    let who = last.split(|&b| b == b'\t').next()?;
    let seconds = who.rsplit(|&b| b == b' ').nth(1)?;
    std::str::from_utf8(seconds).ok()?.parse().ok().map(Timestamp)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "0123456789abcdef0123456789abcdef01234567";

    #[test]
    fn the_last_line_of_a_log_tells_when() {
        let line = |time: &str, what: &str| format!("{ID} {ID} A. B. <a@b> {time} +0100\t{what}\n");
        let log = line("100", "commit: x") + &line("1700000000", "commit: with <a> 1 +0000");
        assert_eq!(logged_at(log.as_bytes()), Some(Timestamp(1_700_000_000)));
        assert_eq!(logged_at(b""), None);
        assert_eq!(logged_at(b"torn"), None);
    }
}
