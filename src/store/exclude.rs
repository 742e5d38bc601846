//! The marked block in `info/exclude` that keeps what coord publishes out of git's sight.
//! Must not know: what is published, any other ignore file.

use std::fs;
use std::path::PathBuf;

use super::error::Error;
use super::file::{self, Lasting};
use super::{Locked, Store, platform};

/// Begins the block.
const BEGIN: &[u8] = b"# coord: begin (kept by coord; `coord uninstall` removes it)\n";

/// Begins it where the line before had no end, which is then given back when the block goes.
const BEGIN_UNENDED: &[u8] = b"# coord: begin (kept by coord; `coord uninstall` removes it; no line end before)\n";

/// Begins it where there was no such file, which then goes with it.
const BEGIN_NEW: &[u8] = b"# coord: begin (kept by coord; `coord uninstall` removes it; no file before)\n";

/// Ends it.
const END: &[u8] = b"# coord: end\n";

/// The ignore pattern of a folder relative to the top of a worktree, and of nothing else.
#[must_use]
pub fn folder_pattern(folder: &str) -> String {
    format!("{}/", file_pattern(folder.trim_end_matches('/')))
}

/// The ignore pattern of a file relative to the top of a worktree, and of nothing else.
#[must_use]
pub fn file_pattern(file: &str) -> String {
    let mut pattern = String::from("/");
    for c in file.trim_start_matches("./").chars() {
        if matches!(c, '*' | '?' | '[' | ']' | '\\') || (c == ' ' && file.ends_with(' ')) {
            pattern.push('\\');
        }
        pattern.push(c);
    }
    pattern
}

impl Store {
    /// Whether `info/exclude` holds exactly this block already, so that nothing needs to be written.
    ///
    /// # Errors
    /// Where the file is there and cannot be read.
    pub fn is_excluded(&self, patterns: &[String]) -> Result<bool, Error> {
        let text = file::read(&self.exclude_file(), file::LARGEST)?;
        Ok(text.is_some() && Some(with_block(text.as_deref(), patterns)) == text)
    }

    fn exclude_file(&self) -> PathBuf {
        self.common_dir.join("info").join("exclude")
    }
}

impl Locked<'_> {
    /// Puts the patterns into coord's block, which is made at the end of the file where it is missing. Every other
    /// byte of the file stays. `false` where nothing had to be changed.
    ///
    /// # Errors
    /// Where the file cannot be read or replaced, or is no plain file; it is untouched then.
    pub fn ensure_excluded(&self, patterns: &[String]) -> Result<bool, Error> {
        self.rewrite_exclude(|text| Some(with_block(text, patterns)))
    }

    /// Removes coord's block: the file is as it would be had coord never touched it. `false` where there was none.
    ///
    /// # Errors
    /// As [`Locked::ensure_excluded`].
    pub fn remove_excluded(&self) -> Result<bool, Error> {
        self.rewrite_exclude(|text| text.and_then(without_blocks))
    }

    /// Puts what `change` makes of the file in its place; of no file, or into none, where that is `None`.
    fn rewrite_exclude(&self, change: impl Fn(Option<&[u8]>) -> Option<Vec<u8>>) -> Result<bool, Error> {
        let path = self.store.exclude_file();
        let old = file::read(&path, file::LARGEST)?;
        let new = change(old.as_deref());
        if new == old {
            return Ok(false);
        }
        let Some(new) = new else { return file::remove(&path) };
        let mode = match fs::symlink_metadata(&path) {
            Ok(metadata) => platform::mode(&metadata),
            Err(_) => self.mode() & 0o666,
        };
        file::make_folder(&self.store.common_dir.join("info"), self.mode())?;
        file::replace(&path, &new, mode, Lasting::PowerLoss)?;
        Ok(true)
    }
}

/// A block in the text: where it begins, where it ends, and its first line, which tells what was there before.
struct Block {
    start: usize,
    end: usize,
    begin: &'static [u8],
}

/// The first line of a block, if the line is one.
fn begin(line: &[u8]) -> Option<&'static [u8]> {
    [BEGIN, BEGIN_UNENDED, BEGIN_NEW].into_iter().find(|begin| *begin == line)
}

/// The first block. One without an end is its first line alone: what follows is the user's.
fn find_block(text: &[u8]) -> Option<Block> {
    let mut at = 0;
    let mut open: Option<Block> = None;
    for line in text.split_inclusive(|&b| b == b'\n') {
        let end = at + line.len();
        match (&mut open, begin(line)) {
            (None, Some(begin)) => open = Some(Block { start: at, end, begin }),
            (Some(_), Some(_)) => break,
            (Some(block), None) if line == END || line == END.trim_ascii_end() => {
                block.end = end;
                break;
            }
            _ => {}
        }
        at = end;
    }
    open
}

fn with_block(text: Option<&[u8]>, patterns: &[String]) -> Vec<u8> {
    let lines: Vec<u8> = patterns.iter().flat_map(|pattern| [pattern.as_bytes(), b"\n"].concat()).collect();
    let Some(text) = text else { return [BEGIN_NEW, &lines, END].concat() };
    let Some(block) = find_block(text) else {
        let (line_end, begin): (&[u8], _) =
            if text.is_empty() || text.ends_with(b"\n") { (b"", BEGIN) } else { (b"\n", BEGIN_UNENDED) };
        return [text, line_end, begin, &lines, END].concat();
    };
    let rest = without_blocks(&text[block.end..]).unwrap_or_default();
    [&text[..block.start], block.begin, &lines, END, &rest].concat()
}

/// `None` where nothing is left of a file that coord made.
fn without_blocks(text: &[u8]) -> Option<Vec<u8>> {
    let mut kept = text.to_vec();
    let mut is_ours = false;
    while let Some(block) = find_block(&kept) {
        // Lines that the user added behind the block keep their line of their own.
        let is_last = block.end == kept.len();
        let start = if block.begin == BEGIN_UNENDED && is_last { block.start.saturating_sub(1) } else { block.start };
        kept.drain(start..block.end);
        is_ours |= block.begin == BEGIN_NEW;
    }
    if is_ours && kept.is_empty() { None } else { Some(kept) }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{any, prop, prop_assert, prop_assert_eq, proptest};

    use super::*;

    fn patterns() -> Vec<String> {
        vec![folder_pattern(".claude/runtime"), file_pattern(".claude/memory.md")]
    }

    #[test]
    fn special_signs_in_names_are_taken_literally() {
        assert_eq!(folder_pattern(".claude/runtime/"), "/.claude/runtime/");
        assert_eq!(file_pattern("a*b[c]"), "/a\\*b\\[c\\]");
    }

    #[test]
    fn other_patterns_replace_the_block_where_it_stands() {
        let text = with_block(Some(b"mine\n"), &["/old/".into()]);
        let text = [&text[..], b"behind\n"].concat();
        let new = with_block(Some(&text), &patterns());
        assert!(new.starts_with(b"mine\n# coord: begin") && new.ends_with(b"# coord: end\nbehind\n"));
        assert!(!new.windows(5).any(|w| w == b"/old/"));
        assert_eq!(without_blocks(&new), Some(b"mine\nbehind\n".to_vec()));
    }

    #[test]
    fn a_block_without_an_end_costs_the_user_nothing() {
        let torn = [b"mine\n", BEGIN, b"theirs\n"].concat();
        assert_eq!(without_blocks(&torn), Some(b"mine\ntheirs\n".to_vec()));
        let twice = [BEGIN, b"x\n", BEGIN, b"y\n", END].concat();
        assert_eq!(without_blocks(&twice), Some(b"x\n".to_vec()));
    }

    #[test]
    fn a_file_of_our_own_goes_with_its_block_and_stays_for_what_others_added() {
        let made = with_block(None, &patterns());
        assert_eq!(with_block(Some(&made), &patterns()), made);
        assert_eq!(without_blocks(&made), None);
        assert_eq!(without_blocks(&[&made[..], b"mine"].concat()), Some(b"mine".to_vec()));
    }

    proptest! {
        #[test]
        fn comes_and_goes_without_a_trace(text in prop::collection::vec(any::<u8>(), 0..200), line_ends in any::<bool>()) {
            let text = if line_ends { [&text[..], b"\r\nx\n\n"].concat() } else { text };
            let with = with_block(Some(&text), &patterns());
            prop_assert!(with.starts_with(&text));
            prop_assert_eq!(&with_block(Some(&with), &patterns()), &with);
            prop_assert_eq!(without_blocks(&with), Some(text));
        }
    }
}
