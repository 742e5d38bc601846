//! How the text of a setting becomes a value, and a value text. Each error reads on after "NAME = TEXT in PLACE: ".
//! Must not know: which setting a text belongs to.

use crate::domain::path::RepoPath;
use crate::domain::policy::Mode;
use crate::domain::sync::SyncMode;
use crate::domain::time::Seconds;

/// Units of time, longest first, in milliseconds.
const UNITS: &[(&str, u64)] =
    &[("w", 604_800_000), ("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1000), ("ms", 1)];

/// Units of sizes, largest first.
const SIZES: &[(&str, u64)] = &[("g", 1 << 30), ("m", 1 << 20), ("k", 1 << 10)];

/// The one value of a setting that has one.
pub(super) fn one<T>(values: &[String], parse: impl Fn(&str) -> Result<T, String>) -> Result<T, String> {
    match values {
        [value] => parse(value.trim()),
        _ => Err("it takes one value".to_owned()),
    }
}

pub(super) fn mode(text: &str) -> Result<Mode, String> {
    match text.to_ascii_lowercase().as_str() {
        "enforce" => Ok(Mode::Enforce),
        "warn" => Ok(Mode::Warn),
        "monitor" => Ok(Mode::Monitor),
        _ => Err("it must be enforce, warn or monitor".to_owned()),
    }
}

pub(super) fn sync_mode(text: &str) -> Result<SyncMode, String> {
    SyncMode::named(&text.to_ascii_lowercase()).ok_or_else(|| "it must be off, paths or content".to_owned())
}

/// The name of a remote. An address would let a tracked file choose where work is sent to.
pub(super) fn remote(text: &str) -> Result<String, String> {
    let plain = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_' | '.');
    if text.is_empty() || text.starts_with(['-', '.']) || !text.chars().all(plain) {
        return Err("it must be the name of a remote, as `git remote` lists them".to_owned());
    }
    Ok(text.to_owned())
}

/// As it is written in a setting.
pub(crate) fn mode_name(mode: Mode) -> &'static str {
    match mode {
        Mode::Enforce => "enforce",
        Mode::Warn => "warn",
        Mode::Monitor => "monitor",
    }
}

/// One of two words; whether it is the second.
pub(super) fn either(text: &str, first: &str, second: &str) -> Result<bool, String> {
    match text.to_ascii_lowercase() {
        word if word == first => Ok(false),
        word if word == second => Ok(true),
        _ => Err(format!("it must be {first} or {second}")),
    }
}

/// As git reads a truth value.
pub(super) fn boolean(text: &str) -> Result<bool, String> {
    match text.to_ascii_lowercase().as_str() {
        "true" | "yes" | "on" => Ok(true),
        "false" | "no" | "off" | "" => Ok(false),
        number => number.parse::<i64>().map(|n| n != 0).map_err(|_| "it must be true or false".to_owned()),
    }
}

/// A span of time: a whole number and a unit; seconds where there is none.
pub(super) fn milliseconds(text: &str) -> Result<u64, String> {
    let wrong = || "it must be a span of time: 500ms, 2s, 5m, 8h, 14d, 2w".to_owned();
    let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let number: u64 = text[..digits].parse().map_err(|_| wrong())?;
    let unit = text[digits..].trim().to_ascii_lowercase();
    let unit = if unit.is_empty() { "s" } else { &unit };
    let (_, factor) = UNITS.iter().find(|(name, _)| *name == unit).ok_or_else(wrong)?;
    number.checked_mul(*factor).ok_or_else(wrong)
}

pub(super) fn seconds(text: &str) -> Result<Seconds, String> {
    milliseconds(text).map(|ms| Seconds(ms / 1000))
}

pub(super) fn number(text: &str) -> Result<u64, String> {
    text.parse().map_err(|_| "it must be a whole number".to_owned())
}

/// A size as git writes it: a whole number, and perhaps k, m or g.
pub(super) fn size(text: &str) -> Result<u64, String> {
    let wrong = || "it must be a size: 500m, 2g".to_owned();
    let lower = text.to_ascii_lowercase();
    let found = SIZES.iter().find_map(|(unit, factor)| Some((lower.strip_suffix(unit)?, *factor)));
    let (digits, factor) = found.unwrap_or((&lower, 1));
    digits.parse::<u64>().ok().and_then(|number| number.checked_mul(factor)).ok_or_else(wrong)
}

/// The size in the largest unit that holds it whole.
pub(crate) fn show_size(bytes: u64) -> String {
    let fits = |factor: u64| bytes > 0 && bytes.is_multiple_of(factor);
    match SIZES.iter().find(|(_, factor)| fits(*factor)) {
        Some((unit, factor)) => format!("{}{unit}", bytes / factor),
        None => bytes.to_string(),
    }
}

/// The span in the largest unit that holds it whole.
pub(super) fn show_milliseconds(span: u64) -> String {
    let (unit, factor) = UNITS
        .iter()
        .copied()
        .find(|(unit, factor)| *unit != "w" && span > 0 && span.is_multiple_of(*factor))
        .unwrap_or(("s", 1000));
    format!("{}{unit}", span / factor)
}

/// A name that git can resolve and that cannot pass for an option.
pub(super) fn reference(text: &str) -> Result<String, String> {
    if text.is_empty() || text.starts_with('-') || text.chars().any(|c| c.is_control() || c == ' ') {
        return Err("it must be the name of a branch".to_owned());
    }
    Ok(text.to_owned())
}

/// A folder inside the repository.
pub(super) fn folder(text: &str) -> Result<String, String> {
    let text = text.trim_end_matches('/');
    RepoPath::new(text).map_err(|why| format!("it must be a folder inside the main worktree: {why}"))?;
    Ok(text.to_owned())
}

pub(super) fn globs(values: &[String]) -> Result<Vec<String>, String> {
    for value in values {
        globset::Glob::new(value).map_err(|error| format!("{value:?} is no glob: {}", error.kind()))?;
    }
    Ok(values.to_vec())
}

/// ", perhaps NAME is meant", where one of the names is close in its last word.
pub(super) fn nearest(name: &str, names: impl Iterator<Item = String>) -> String {
    let last = |name: &str| name.rsplit('.').next().unwrap_or(name).to_ascii_lowercase();
    let close = names.map(|known| (distance(&last(&known), &last(name)), known)).min();
    let close = close.filter(|(distance, _)| *distance <= 2);
    close.map(|(_, known)| format!(", perhaps {known} is meant")).unwrap_or_default()
}

/// In how many letters two words differ.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.chars().enumerate() {
        let mut corner = row[0];
        row[0] = i + 1;
        for (j, y) in b.iter().enumerate() {
            let change = corner + usize::from(x != *y);
            corner = row[j + 1];
            row[j + 1] = change.min(row[j] + 1).min(corner + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_read_and_shown_alike() {
        for (text, bytes) in [("1g", 1 << 30), ("500m", 500 << 20), ("3k", 3 << 10), ("17", 17)] {
            assert_eq!(size(text), Ok(bytes));
            assert_eq!(show_size(bytes), text);
        }
        assert!(size("much").is_err() && size("-1").is_err() && size("99999999999g").is_err());
    }

    #[test]
    fn spans_are_read_and_shown_alike() {
        for (text, ms) in [("2s", 2000), ("500ms", 500), ("14d", 1_209_600_000), ("90m", 5_400_000), ("0s", 0)] {
            assert_eq!(milliseconds(text), Ok(ms));
            assert_eq!(show_milliseconds(ms), text);
        }
        assert_eq!(milliseconds("3"), Ok(3000));
        for wrong in ["", "soon", "-1s", "2y", "1.5h", "99999999999999999999d", "9999999999999999d", "２s"] {
            assert!(milliseconds(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_folder_stays_inside() {
        assert_eq!(folder(".claude/runtime/"), Ok(".claude/runtime".to_owned()));
        for wrong in ["", "/tmp", "../x", ".git/hooks", "."] {
            assert!(folder(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn near_names_are_offered() {
        let names = || ["coord.target", "coord.mode"].into_iter().map(String::from);
        assert_eq!(nearest("coord.mod", names()), ", perhaps coord.mode is meant");
        assert_eq!(nearest("coord.somethingelse", names()), "");
    }
}
