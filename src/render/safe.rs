//! Untrusted names and texts made harmless: for the terminal, for a shell command to copy, for a CI log.
//! Must not know: what the text means, colours, layout.

use std::fmt::Write as _;
use std::io::{self, Write};

/// Whether a character could steer a terminal or hide what a line says: C0, DEL, C1, line and paragraph separators,
/// bidirectional controls, zero-width and tag characters.
#[must_use]
pub fn is_treacherous(c: char) -> bool {
    matches!(c,
        '\0'..='\x1f' | '\x7f'..='\u{9f}' | '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}'
        | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}'
        | '\u{e0000}'..='\u{e007f}')
}

/// Returns `bytes` as one line that a terminal shows and nothing else: what is treacherous or not UTF-8 is spelled out
/// (`\n`, `\x1b`, `\u202e`, `\xe9`).
#[must_use]
pub fn text(bytes: impl AsRef<[u8]>) -> String {
    let mut out = String::new();
    for chunk in bytes.as_ref().utf8_chunks() {
        chunk.valid().chars().for_each(|c| push(&mut out, c));
        for byte in chunk.invalid() {
            let _ = write!(out, "\\x{byte:02x}");
        }
    }
    out
}

fn push(out: &mut String, c: char) {
    let code = u32::from(c);
    let _ = match c {
        '\n' => out.write_str("\\n"),
        '\r' => out.write_str("\\r"),
        '\t' => out.write_str("\\t"),
        c if !is_treacherous(c) => out.write_char(c),
        _ if code < 0x80 => write!(out, "\\x{code:02x}"),
        _ if code <= 0xffff => write!(out, "\\u{code:04x}"),
        _ => write!(out, "\\u{{{code:x}}}"),
    };
}

/// Returns a line of a file's content: its line ending cut off, tabs as four spaces, the rest as [`text`].
#[must_use]
pub fn line(bytes: &[u8]) -> String {
    let bytes = bytes.strip_suffix(b"\n").unwrap_or(bytes);
    let bytes = bytes.strip_suffix(b"\r").unwrap_or(bytes);
    text(bytes).replace("\\t", "    ")
}

/// Returns `bytes` as one word of a POSIX-like shell, to be copied into a command: bare where that is safe, else quoted;
/// with bytes a terminal cannot show, in the `$'…'` form that bash, zsh and ksh read.
#[must_use]
pub fn shell(bytes: impl AsRef<[u8]>) -> String {
    let bytes = bytes.as_ref();
    let bare = |b: &u8| b.is_ascii_alphanumeric() || b"_./@:,+=%-".contains(b);
    let Ok(text) = std::str::from_utf8(bytes) else { return ansi_c(bytes) };
    if text.chars().any(is_treacherous) {
        return ansi_c(bytes);
    }
    if !bytes.is_empty() && bytes.iter().all(|b| bare(b) || *b >= 0x80) {
        return text.to_owned();
    }
    format!("'{}'", text.replace('\'', "'\\''"))
}

fn ansi_c(bytes: &[u8]) -> String {
    let mut out = String::from("$'");
    for &byte in bytes {
        let _ = match byte {
            b'\'' | b'\\' => write!(out, "\\{}", char::from(byte)),
            0x20..=0x7e => write!(out, "{}", char::from(byte)),
            _ => write!(out, "\\x{byte:02x}"),
        };
    }
    out.push('\'');
    out
}

/// Returns a path of the repository as a word of a git or coord command that is typed at the top of the worktree.
/// A first `-` or `:` would be read as an option or as pathspec magic.
#[must_use]
pub fn shell_path(path: &[u8]) -> String {
    match path.first() {
        Some(b'-' | b':') => shell([b"./", path].concat()),
        _ => shell(path),
    }
}

/// Keeps untrusted text from giving commands to GitHub's log reader: it takes `::command::` at the start of a line, after
/// spaces too, and `##[command]` anywhere. Wraps the output of everything meant for people where `GITHUB_ACTIONS` is set.
#[derive(Debug)]
pub struct GithubLog<W: Write> {
    inner: W,
    line: Vec<u8>,
}

impl<W: Write> GithubLog<W> {
    /// Wraps `inner`. Only whole lines are passed on; the rest comes with [`Write::flush`].
    pub fn new(inner: W) -> Self {
        Self { inner, line: Vec::new() }
    }

    fn pass_on(&mut self) -> io::Result<()> {
        let line = std::mem::take(&mut self.line);
        let line = String::from_utf8_lossy(&line).replace("##[", "#\\x23[");
        let start = line.len() - line.trim_start().len();
        let (space, rest) = line.split_at(start);
        let rest = rest.strip_prefix("::").map_or_else(|| rest.to_owned(), |rest| format!("\\x3a:{rest}"));
        write!(self.inner, "{space}{rest}")
    }
}

impl<W: Write> Write for GithubLog<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        for part in bytes.split_inclusive(|&b| b == b'\n') {
            self.line.extend_from_slice(part);
            if part.ends_with(b"\n") {
                self.pass_on()?;
            }
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.pass_on()?;
        self.inner.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_steers_a_terminal_is_spelled_out() {
        for (bytes, shown) in [
            (&b"src/a b.rs"[..], "src/a b.rs"),
            ("größe/日本.rs".as_bytes(), "größe/日本.rs"),
            (b"caf\xe9.txt", "caf\\xe9.txt"),
            (b"a\nb\tc\rd", "a\\nb\\tc\\rd"),
            (b"\x1b[31mred\x07\x7f", "\\x1b[31mred\\x07\\x7f"),
            ("\u{9b}31m\u{202e}evil\u{200b}\u{e0041}".as_bytes(), "\\u009b31m\\u202eevil\\u200b\\u{e0041}"),
            (b"", ""),
        ] {
            assert_eq!(text(bytes), shown);
            assert!(!text(bytes).chars().any(is_treacherous));
        }
        assert_eq!(line(b"\tif x {\r\n"), "    if x {");
    }

    #[test]
    fn words_for_a_shell_come_back_as_they_were() {
        for (bytes, word) in [
            (&b"src/api.rs"[..], "src/api.rs"),
            (b"a b", "'a b'"),
            (b"x$(id)", "'x$(id)'"),
            (b"it's", "'it'\\''s'"),
            (b"", "''"),
            (b"~root", "'~root'"),
            (b"caf\xe9'\\", "$'caf\\xe9\\'\\\\'"),
            (b"a\nb", "$'a\\x0ab'"),
        ] {
            assert_eq!(shell(bytes), word);
        }
        assert_eq!(shell_path(b"-x"), "./-x");
        assert_eq!(shell_path(b":(top)x"), "'./:(top)x'");
    }

    #[test]
    fn a_ci_log_gets_no_commands() {
        let mut out = Vec::new();
        let mut log = GithubLog::new(&mut out);
        write!(log, "::error file=x::pwn\n  ::add-mask::x\na ##[group]\nstd::fs ok\n::tail").expect("in memory");
        log.flush().expect("in memory");
        assert_eq!(
            String::from_utf8(out).expect("UTF-8"),
            "\\x3a:error file=x::pwn\n  \\x3a:add-mask::x\na #\\x23[group]\nstd::fs ok\n\\x3a:tail"
        );
    }
}
