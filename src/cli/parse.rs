//! What people type, read: spans of time, lines, paths.
//! Must not know: which command they were typed for.

use std::path::{Component, Path, PathBuf};

use crate::domain::hunk::LineSpan;
use crate::domain::path::RepoPath;
use crate::domain::time::Seconds;
use crate::failure::{Failure, Kind};

/// Reads `90s`, `30m`, `8h`, `14d`, `2w`.
pub(super) fn span(text: &str) -> Result<Seconds, String> {
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let unit = match &text[digits.len()..] {
        "s" => 1,
        "m" | "min" => 60,
        "h" => 3600,
        "d" => 24 * 3600,
        "w" => 7 * 24 * 3600,
        _ => return Err("a number with s, m, h, d or w, as in 8h".to_owned()),
    };
    let number: u64 = digits.parse().map_err(|_| "a number with s, m, h, d or w, as in 8h".to_owned())?;
    number.checked_mul(unit).filter(|&s| s > 0).map(Seconds).ok_or_else(|| "too long or too short".to_owned())
}

/// Reads `40-58` and `12`: lines from 1, both ends included.
pub(super) fn lines(text: &str) -> Result<LineSpan, String> {
    let number = |text: &str| text.parse::<u32>().ok().filter(|&n| n > 0);
    let (first, last) = text.split_once(['-', ',', '–']).unwrap_or((text, text));
    match (number(first), number(last)) {
        (Some(first), Some(last)) if first <= last => Ok(LineSpan { first, last }),
        _ => Err("lines from 1, as in 40-58".to_owned()),
    }
}

/// Reads a path as typed in `cwd`, below the worktree's `top`; `:/PATH` counts from the top, as with git.
pub(super) fn path(typed: &Path, cwd: &Path, top: &Path) -> Result<RepoPath, Failure> {
    let outside =
        || Failure::new(Kind::Usage, format!("{} is not a path in the worktree {}", typed.display(), top.display()));
    let full = match typed.to_str().and_then(|text| text.strip_prefix(":/")) {
        Some(rest) => top.join(rest),
        None => cwd.join(typed),
    };
    let full = normal(&full);
    let (real_top, real) = (top.canonicalize().unwrap_or_else(|_| top.to_owned()), real_folder(&full));
    let inner = real.strip_prefix(&real_top).or_else(|_| full.strip_prefix(top)).map_err(|_| outside())?;
    let parts: Vec<&[u8]> = inner.components().map(|part| part.as_os_str().as_encoded_bytes()).collect();
    RepoPath::new(parts.join(&b'/')).map_err(|why| Failure::new(Kind::Usage, format!("{}: {why}", typed.display())))
}

/// The path with its folder's links resolved as far as it exists, and its own name as it is: a link is looked at, not followed.
fn real_folder(full: &Path) -> PathBuf {
    let mut rest = PathBuf::new();
    let mut at = full;
    while let (Some(parent), Some(name)) = (at.parent(), at.file_name()) {
        rest = if rest.as_os_str().is_empty() { PathBuf::from(name) } else { Path::new(name).join(rest) };
        if let Ok(real) = parent.canonicalize() {
            return real.join(rest);
        }
        at = parent;
    }
    full.to_owned()
}

/// The path without `.` and `..`, by its letters alone.
fn normal(path: &Path) -> PathBuf {
    let mut out = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir => drop(out.pop()),
            other => out.push(other),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_of_time_need_a_unit() {
        assert_eq!(span("8h"), Ok(Seconds(8 * 3600)));
        assert_eq!(span("30m"), Ok(Seconds(1800)));
        assert_eq!(span("2w"), Ok(Seconds(1_209_600)));
        for wrong in ["", "8", "h", "-1h", "1.5h", "0s", "99999999999999999999d", "8 h"] {
            assert!(span(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn lines_count_from_one() {
        assert_eq!(lines("40-58"), Ok(LineSpan { first: 40, last: 58 }));
        assert_eq!(lines("12"), Ok(LineSpan { first: 12, last: 12 }));
        for wrong in ["", "0", "0-3", "5-4", "a-b", "-3", "1-"] {
            assert!(lines(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn paths_are_those_of_the_folder_one_stands_in() {
        let (cwd, top) = (Path::new("/no/such/top/src"), Path::new("/no/such/top"));
        let read = |typed: &str| path(Path::new(typed), cwd, top).ok();
        let repo = |text: &str| RepoPath::new(text).ok();
        assert_eq!(read("a.rs"), repo("src/a.rs"));
        assert_eq!(read("../b/./c.rs"), repo("b/c.rs"));
        assert_eq!(read(":/d.rs"), repo("d.rs"));
        assert_eq!(read("/no/such/top/e"), repo("e"));
        assert_eq!(read("../../f"), None);
        assert_eq!(read(".."), None);
        assert_eq!(read("../.git/config"), None);
    }
}
