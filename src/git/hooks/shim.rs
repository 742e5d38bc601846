//! The shell text that calls coord from a git hook: rendered, found in a script, put in, taken out. Text only.
//! Must not know: where hooks live, what lies in any file.

use std::ffi::OsString;
use std::ops::Range;
use std::path::Path;

use crate::git::names;

/// The template of every hook (see the file): `@NAME@`, `@PROGRAM@` and `@AGAIN@` are filled in.
const TEMPLATE: &str = include_str!("../../../githooks/hook.sh");

/// Grows when the template changes, so that people see which one they have. Replacing compares the whole text.
const VERSION: u32 = 1;

/// The first words of the first line of a block.
const BEGIN: &[u8] = b"# >>> coord hook ";

/// The last line of a block.
const END: &[u8] = b"# <<< coord hook <<<";

/// What the first line of a script says when a shell that reads this template runs it.
const SHELLS: &[&str] = &["sh", "bash", "dash", "ksh", "zsh", "ash", "mksh"];

/// Where a hook that is no shell script is moved, beside itself. It keeps its name, as some look at it.
pub const CHAINED: &str = "coord-chained";

/// The block of coord's in a hook script, from its first line to its last.
pub fn block(hook: &str, program: &Path) -> Vec<u8> {
    let again = br#"printf '%s\n' "$coord_in" | COORD_FED=1 "$0" "$@"; exit $?"#;
    let mut text = BEGIN.to_vec();
    text.extend(format!("{VERSION}: {hook} >>> `coord install` wrote it, `coord uninstall` takes it out\n").bytes());
    text.extend(fill(hook, program, again));
    text.extend(END);
    text.push(b'\n');
    text
}

/// The value of `hook.coord-<event>.command`: git appends `"$@"` to it, and gives every hook its own input.
pub fn command(hook: &str, program: &Path) -> Vec<u8> {
    let mut text = fill(hook, program, b":");
    text.push(b':');
    text
}

/// A whole hook file around a block.
pub fn script(block: &[u8]) -> Vec<u8> {
    [b"#!/bin/sh\n", block].concat()
}

/// What follows the block in a file that stands in for a hook that was moved.
pub fn chain(hook: &str) -> Vec<u8> {
    format!("[ ! -x \"${{0%/*}}/{CHAINED}/{hook}\" ] || exec \"${{0%/*}}/{CHAINED}/{hook}\" \"$@\"\n").into_bytes()
}

/// The lines that call coord from a file that others share: nothing of this machine in them, and silent where coord is
/// not there. Complete for a shell script, to go first in it.
pub fn shared_lines(hook: &str) -> String {
    match hook {
        "pre-push" => {
            "if command -v coord >/dev/null 2>&1; then # coord\n  coord_in=$(cat)\n  printf '%s\\n' \"$coord_in\" | \
             coord hook pre-push \"$@\" || [ $? -ne 1 ] || exit 1\n  exec <<COORD\n$coord_in\nCOORD\nfi\n"
                .to_owned()
        }
        _ if hook.starts_with("post-") => format!(
            "if command -v coord >/dev/null 2>&1; then coord hook {hook} \"$@\" </dev/null >/dev/null 2>&1 & fi # coord\n"
        ),
        _ => format!(
            "if command -v coord >/dev/null 2>&1; then coord hook {hook} \"$@\" </dev/null || [ $? -ne 1 ] || exit 1; \
             fi # coord\n"
        ),
    }
}

/// Where coord's block lies in a script.
pub fn find(text: &[u8]) -> Option<Range<usize>> {
    let begin = line_start(text, 0, |line| line.starts_with(BEGIN))?;
    let last = line_start(text, begin, |line| line.trim_ascii_end() == END)?;
    Some(begin..next_line(text, last))
}

/// Whether a block begins that does not end: somebody cut it, so nobody can say what is coord's.
pub fn is_torn(text: &[u8]) -> bool {
    find(text).is_none() && line_start(text, 0, |line| line.starts_with(BEGIN)).is_some()
}

/// The script without coord's blocks.
pub fn without(text: &[u8]) -> Vec<u8> {
    let mut rest = text.to_vec();
    while let Some(at) = find(&rest) {
        rest.drain(at);
    }
    rest
}

/// The script with `insert` behind its `#!` line; `None` where it is not a shell script to whose lines lines can be added.
pub fn with(text: &[u8], insert: &[u8]) -> Option<Vec<u8>> {
    is_shell(text).then(|| {
        let at = next_line(text, 0);
        [&text[..at], insert, &text[at..]].concat()
    })
}

/// Whether the first line names a shell, is whole, and ends as Unix lines do.
pub fn is_shell(text: &[u8]) -> bool {
    let Some(end) = text.iter().position(|&b| b == b'\n') else { return false };
    let Some(line) = text[..end].strip_prefix(b"#!").and_then(|line| std::str::from_utf8(line).ok()) else {
        return false;
    };
    let mut words = line.trim_start_matches([' ', '\t']).split([' ', '\t']).filter(|word| !word.is_empty());
    let base = |word: &str| word.rsplit('/').next().unwrap_or(word).to_owned();
    let first = words.next().map(base);
    let shell = if first.as_deref() == Some("env") { words.find(|word| *word != "-S").map(base) } else { first };
    shell.is_some_and(|shell| SHELLS.contains(&shell.as_str()))
}

/// Whether a block or command falls back on the program at this path.
pub fn names_program(text: &[u8], program: &Path) -> bool {
    let quoted = quote(program);
    text.windows(quoted.len()).any(|window| window == quoted)
}

/// Bytes as an argument.
pub(crate) fn to_os(bytes: &[u8]) -> OsString {
    names::to_path(bytes).into_os_string()
}

/// A path as one word of the shell, whatever its bytes.
pub fn quote(path: &Path) -> Vec<u8> {
    let mut quoted = vec![b'\''];
    for byte in names::to_bytes(path) {
        if byte == b'\'' {
            quoted.extend(br"'\''");
        } else {
            quoted.push(byte);
        }
    }
    quoted.push(b'\'');
    quoted
}

fn fill(hook: &str, program: &Path, again: &[u8]) -> Vec<u8> {
    let text = replace(TEMPLATE.as_bytes(), b"@AGAIN@", again);
    let text = replace(&text, b"@NAME@", hook.as_bytes());
    replace(&text, b"@PROGRAM@", &quote(program))
}

fn replace(text: &[u8], what: &[u8], by: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    let mut at = 0;
    while at < text.len() {
        if text[at..].starts_with(what) {
            out.extend(by);
            at += what.len();
        } else {
            out.push(text[at]);
            at += 1;
        }
    }
    out
}

fn line_start(text: &[u8], from: usize, is: impl Fn(&[u8]) -> bool) -> Option<usize> {
    let mut at = from;
    while at < text.len() {
        let next = next_line(text, at);
        if is(text[at..next].strip_suffix(b"\n").unwrap_or(&text[at..next])) {
            return Some(at);
        }
        at = next;
    }
    None
}

fn next_line(text: &[u8], at: usize) -> usize {
    text[at..].iter().position(|&b| b == b'\n').map_or(text.len(), |n| at + n + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_put_in_comes_out_byte_for_byte() {
        let program = Path::new("/opt/it's here/coord");
        for original in
            ["#!/bin/sh\n", "#!/bin/sh -e\necho hi", "#!/usr/bin/env bash\n\nexit 3\n", "#! /bin/zsh\n# x\n"]
        {
            let with = with(original.as_bytes(), &block("pre-commit", program)).expect("a shell script");
            assert!(find(&with).is_some() && !is_torn(&with));
            assert_eq!(without(&with), original.as_bytes());
        }
    }

    #[test]
    fn only_shell_scripts_take_a_block() {
        for other in [
            "",
            "echo hi\n",
            "#!/bin/sh",
            "#!/bin/sh\r\necho\r\n",
            "#!/usr/bin/env python3\n",
            "\u{7f}ELF\n",
            "#!/bin/csh\n",
        ] {
            assert!(!is_shell(other.as_bytes()), "{other:?}");
        }
        assert!(is_shell(b"#!/usr/bin/env -S bash -e\n"));
    }

    #[test]
    fn a_torn_block_is_seen() {
        let mut text = script(&block("pre-push", Path::new("/coord")));
        text.truncate(text.len() - 5);
        assert!(is_torn(&text) && find(&text).is_none());
        assert_eq!(without(&text), text);
    }

    #[test]
    fn every_byte_of_a_path_is_one_word() {
        assert_eq!(quote(Path::new("/a b/$(id)'`\"")), br#"'/a b/$(id)'\''`"'"#);
        let text = block("pre-commit", Path::new("/@NAME@/coord"));
        assert!(names_program(&text, Path::new("/@NAME@/coord")));
    }
}
