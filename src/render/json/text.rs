//! Bytes, times and line ranges as JSON has them; strings in which nothing is hidden.
//! Must not know: any report.

use std::ffi::OsStr;
use std::io::{self, Write};

use base64::Engine as _;
use serde::{Serialize, Serializer};
use serde_json::ser::Formatter;

use crate::domain::hunk::LineSpan;
use crate::domain::time::Timestamp;
use crate::render::safe::is_treacherous;

/// A name or path: a string, or `{"bytes": "<base64>"}` where it is not UTF-8.
#[derive(Serialize)]
#[serde(untagged)]
pub(super) enum Text<'a> {
    Utf8(&'a str),
    Raw { bytes: String },
}

impl<'a> Text<'a> {
    pub(super) fn of(bytes: &'a [u8]) -> Self {
        match std::str::from_utf8(bytes) {
            Ok(text) => Self::Utf8(text),
            Err(_) => Self::Raw { bytes: base64::engine::general_purpose::STANDARD.encode(bytes) },
        }
    }

    pub(super) fn of_os(text: &'a OsStr) -> Self {
        Self::of(text.as_encoded_bytes())
    }
}

/// `[first, last]`, from 1, both ends included; `last < first` is the place before `first`.
pub(super) struct Ranges<'a>(pub(super) &'a [LineSpan]);

impl Serialize for Ranges<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.iter().map(|span| [span.first, span.last]))
    }
}

/// `2026-01-31T14:30:00Z`.
pub(super) fn time(at: Timestamp) -> String {
    let time = chrono::DateTime::from_timestamp(at.0, 0).unwrap_or_default();
    time.to_rfc3339_opts(chrono::SecondsFormat::Secs, true)
}

/// Compact JSON with DEL, C1, bidirectional and zero-width characters as `\u` sequences, which serde_json leaves raw,
/// and without the `##[` that GitHub's log reader obeys anywhere in a line.
pub(super) struct Visible;

impl Formatter for Visible {
    fn write_string_fragment<W: ?Sized + Write>(&mut self, writer: &mut W, fragment: &str) -> io::Result<()> {
        if fragment.bytes().all(|byte| matches!(byte, b' '..=b'~') && byte != b'[') {
            return writer.write_all(fragment.as_bytes());
        }
        let mut plain = 0;
        for (at, c) in fragment.char_indices() {
            if is_treacherous(c) || (c == '[' && fragment[..at].ends_with("##")) {
                writer.write_all(&fragment.as_bytes()[plain..at])?;
                let mut units = [0; 2];
                for unit in c.encode_utf16(&mut units) {
                    write!(writer, "\\u{unit:04x}")?;
                }
                plain = at + c.len_utf8();
            }
        }
        writer.write_all(&fragment.as_bytes()[plain..])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_in_a_string_is_hidden_and_all_comes_back() {
        let hostile = "a\x1b[31m\u{7f}\u{9b}\u{202e}\u{e0041}##[group]\"\\\n";
        let mut out = Vec::new();
        hostile.serialize(&mut serde_json::Serializer::with_formatter(&mut out, Visible)).expect("in memory");
        let out = String::from_utf8(out).expect("UTF-8");
        assert_eq!(out, r#""a\u001b[31m\u007f\u009b\u202e\udb40\udc41##\u005bgroup]\"\\\n""#);
        assert_eq!(serde_json::from_str::<String>(&out).expect("valid JSON"), hostile);
    }

    #[test]
    fn what_is_not_utf8_is_base64() {
        assert_eq!(serde_json::to_string(&Text::of(b"caf\xe9")).expect("JSON"), r#"{"bytes":"Y2Fm6Q=="}"#);
        assert_eq!(serde_json::to_string(&Text::of(b"cafe")).expect("JSON"), r#""cafe""#);
        assert_eq!(time(Timestamp(1_769_869_800)), "2026-01-31T14:30:00Z");
    }
}
