//! Changing a JSON text in one place and leaving every other byte as it is: comments, order, indentation.
//! Must not know: what the text configures.

use std::ops::Range;

use serde_json::Value;

/// Nothing is nested deeper than this.
const DEEPEST: usize = 64;

/// A value in the text, with where it stands.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Node {
    pub(super) span: Range<usize>,
    pub(super) kind: Kind,
}

#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Kind {
    Object(Vec<Member>),
    Array(Vec<Node>),
    Other,
}

#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Member {
    pub(super) key: String,
    /// From the key's first quote to the value's end.
    pub(super) span: Range<usize>,
    pub(super) value: Node,
}

impl Node {
    pub(super) fn member(&self, key: &str) -> Option<&Member> {
        match &self.kind {
            Kind::Object(members) => members.iter().find(|member| member.key == key),
            _ => None,
        }
    }

    pub(super) fn items(&self) -> Option<&[Self]> {
        if let Kind::Array(items) = &self.kind { Some(items) } else { None }
    }

    fn last(&self) -> Option<Range<usize>> {
        match &self.kind {
            Kind::Object(members) => members.last().map(|member| member.span.clone()),
            Kind::Array(items) => items.last().map(|item| item.span.clone()),
            Kind::Other => None,
        }
    }
}

/// Reads the text: JSON, with comments and commas behind a last value.
pub(super) fn parse(text: &str) -> Option<Node> {
    let mut reader = Reader { text: text.as_bytes(), at: usize::from(text.starts_with('\u{feff}')) * 3 };
    reader.skip()?;
    let node = reader.value(0)?;
    reader.skip()?;
    (reader.at == text.len()).then_some(node)
}

/// The value that a part of the text is; null where it is none by itself.
pub(super) fn value(text: &str, node: &Node) -> Value {
    let mut bare = String::new();
    let part = &text.as_bytes()[node.span.clone()];
    let mut reader = Reader { text: part, at: 0 };
    while reader.at < part.len() {
        let before = reader.at;
        if reader.skip().is_none() {
            return Value::Null;
        }
        if reader.at == before {
            let end = if part[before] == b'"' { reader.string().map(|()| reader.at) } else { Some(before + 1) };
            let Some(end) = end else { return Value::Null };
            reader.at = end;
            bare.push_str(&String::from_utf8_lossy(&part[before..end]));
        }
    }
    // A comma behind a last value is no JSON.
    serde_json::from_str(&bare.replace(",}", "}").replace(",]", "]")).unwrap_or(Value::Null)
}

/// Puts `new` behind the last entry of the container, or as its only one. `new` is written for the indentation `indent`.
pub(super) fn append(text: &str, container: &Node, new: impl Fn(&str) -> String) -> String {
    let Some(last) = container.last() else {
        // Right behind the bracket, so that taking it out again gives back the very text.
        let at = container.span.start + 1;
        return format!("{}{}{}", &text[..at], new(&indent_at(text, container.span.start)), &text[at..]);
    };
    let own_line = text[..last.start].rfind('\n').is_some_and(|line| text[line + 1..last.start].trim().is_empty());
    let indent = indent_at(text, last.start);
    let new = new(&indent);
    let gap = if own_line { format!("{}{indent}", line_end(text)) } else { " ".to_owned() };
    match comma_behind(text, last.end) {
        Some(comma) => format!("{}{gap}{new},{}", &text[..comma], &text[comma..]),
        None => format!("{},{gap}{new}{}", &text[..last.end], &text[last.end..]),
    }
}

/// Takes an entry out, with what [`append`] put around it.
pub(super) fn remove(text: &str, container: &Node, entry: &Range<usize>) -> String {
    let inside = &text[container.span.start + 1..entry.start];
    let before = comma_before(inside).map(|comma| container.span.start + 1 + comma);
    let behind = comma_behind(text, entry.end);
    let cut = match (before, behind) {
        (Some(before), None) => before..entry.end,
        (Some(before), Some(behind)) => before + 1..behind,
        (None, Some(behind)) => container.span.start + 1..behind,
        (None, None) => container.span.start + 1..entry.end,
    };
    format!("{}{}", &text[..cut.start], &text[cut.end..])
}

/// The white space that the line of `at` begins with.
pub(super) fn indent_at(text: &str, at: usize) -> String {
    let start = text[..at].rfind('\n').map_or(0, |line| line + 1);
    text[start..].chars().take_while(|&c| c == ' ' || c == '\t').collect()
}

/// How lines end in this text.
pub(super) fn line_end(text: &str) -> &'static str {
    if text.contains("\r\n") { "\r\n" } else { "\n" }
}

/// Just behind the comma that follows, with nothing but space and comments between.
fn comma_behind(text: &str, at: usize) -> Option<usize> {
    let mut reader = Reader { text: text.as_bytes(), at };
    reader.skip()?;
    (reader.peek() == Some(b',')).then_some(reader.at + 1)
}

/// The last comma that stands in no comment; `text` holds whole entries from a bracket on.
fn comma_before(text: &str) -> Option<usize> {
    let mut reader = Reader { text: text.as_bytes(), at: 0 };
    let mut found = None;
    let mut depth = 0i32;
    while reader.at < reader.text.len() {
        reader.skip()?;
        match reader.peek()? {
            b'"' => {
                reader.string()?;
                continue;
            }
            b'{' | b'[' => depth += 1,
            b'}' | b']' => depth -= 1,
            b',' if depth == 0 => found = Some(reader.at),
            _ => {}
        }
        reader.at += 1;
        if reader.skip().is_none() || reader.at >= reader.text.len() {
            break;
        }
    }
    found
}

struct Reader<'a> {
    text: &'a [u8],
    at: usize,
}

impl Reader<'_> {
    fn peek(&self) -> Option<u8> {
        self.text.get(self.at).copied()
    }

    /// Passes over space and comments; `None` where a comment does not end.
    fn skip(&mut self) -> Option<()> {
        loop {
            match (self.peek(), self.text.get(self.at + 1)) {
                (Some(b' ' | b'\t' | b'\r' | b'\n'), _) => self.at += 1,
                (Some(b'/'), Some(b'/')) => {
                    while self.peek().is_some_and(|b| b != b'\n') {
                        self.at += 1;
                    }
                }
                (Some(b'/'), Some(b'*')) => {
                    let end = self.text[self.at + 2..].windows(2).position(|pair| pair == b"*/")?;
                    self.at += end + 4;
                }
                _ => return Some(()),
            }
        }
    }

    fn string(&mut self) -> Option<()> {
        (self.peek()? == b'"').then_some(())?;
        self.at += 1;
        loop {
            match self.peek()? {
                b'"' => break,
                b'\\' => self.at += 2,
                b'\n' => return None,
                _ => self.at += 1,
            }
        }
        self.at += 1;
        Some(())
    }

    fn value(&mut self, depth: usize) -> Option<Node> {
        (depth < DEEPEST).then_some(())?;
        let start = self.at;
        let kind = match self.peek()? {
            b'{' => Kind::Object(self.entries(b'}', |reader| reader.member(depth))?),
            b'[' => Kind::Array(self.entries(b']', |reader| reader.value(depth + 1))?),
            b'"' => {
                self.string()?;
                Kind::Other
            }
            _ => {
                while self.peek().is_some_and(|b| b.is_ascii_alphanumeric() || b"+-.".contains(&b)) {
                    self.at += 1;
                }
                (self.at > start).then_some(Kind::Other)?
            }
        };
        Some(Node { span: start..self.at, kind })
    }

    fn entries<T>(&mut self, end: u8, mut entry: impl FnMut(&mut Self) -> Option<T>) -> Option<Vec<T>> {
        self.at += 1;
        let mut entries = Vec::new();
        loop {
            self.skip()?;
            if self.peek()? == end {
                self.at += 1;
                return Some(entries);
            }
            entries.push(entry(self)?);
            self.skip()?;
            match self.peek()? {
                b',' => self.at += 1,
                byte if byte == end => {}
                _ => return None,
            }
        }
    }

    fn member(&mut self, depth: usize) -> Option<Member> {
        let start = self.at;
        self.string()?;
        let key = serde_json::from_slice(&self.text[start..self.at]).ok()?;
        self.skip()?;
        (self.peek()? == b':').then_some(())?;
        self.at += 1;
        self.skip()?;
        let value = self.value(depth + 1)?;
        Some(Member { key, span: start..self.at, value })
    }
}
