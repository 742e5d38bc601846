//! What people type, read: spans of time, lines, paths.
//! Must not know: which command they were typed for.

use std::path::Path;

use crate::domain::hunk::LineSpan;
use crate::domain::path::RepoPath;
use crate::domain::time::Seconds;
use crate::failure::Failure;
use crate::ops;
use crate::ops::context::Context;

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

/// Reads a path as typed where the command was started; `:/PATH` counts from the top of the worktree, as with git.
pub(super) fn path(ctx: &Context, typed: &Path) -> Result<RepoPath, Failure> {
    let bytes = typed.as_os_str().as_encoded_bytes();
    match (bytes.strip_prefix(b":/"), &ctx.repository.worktree, typed.to_str()) {
        (Some(_), Some(top), Some(text)) => ops::paths::in_repository(ctx, &top.join(&text[2..])),
        _ => ops::paths::in_repository(ctx, typed),
    }
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
}
