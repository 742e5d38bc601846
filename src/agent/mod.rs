//! Floor 2: each agent's hook JSON <-> domain values; one file an agent.
//! Must not know: IO, git, who else is at work, what is answered and why.
//!
//! Everything that comes in is untrusted and may be of another version than we know: what cannot be understood is no event,
//! and no event is silence.

mod claude;
mod codex;
pub mod config;
mod copilot;
mod cursor;
mod gemini;
mod json_text;
mod patch;
mod shell;
mod tools;

use serde_json::{Map, Value};

use crate::domain::agent::{AgentEvent, Answer};

/// The most bytes of a hook's input that are looked at. An edit's content may be long; beyond this it is no event.
pub const LONGEST_INPUT: u64 = 24 << 20;
/// The most characters of an answer: Claude writes longer ones into a file.
const LONGEST_ANSWER: usize = 9_000;

/// The agents whose protocol is known.
pub const NAMES: [&str; 5] = ["claude", "codex", "gemini", "cursor", "copilot"];

/// In which protocol an event came, and is to be answered.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Dialect {
    /// Claude Code.
    Claude,
    /// Codex CLI.
    Codex,
    /// Gemini CLI.
    Gemini,
    /// Cursor.
    Cursor,
    /// Copilot CLI.
    Copilot,
}

/// A call of a hook, understood.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Call {
    /// The protocol that it really came in.
    pub dialect: Dialect,
    /// The event's name in that protocol, for the answer.
    name: String,
    /// What it says.
    pub event: AgentEvent,
}

/// Reads a hook's input. `name` is the agent whose configuration calls us; Cursor and Copilot run Claude's configuration
/// too and are recognised by what they send, Cursor also by its environment (`in_cursor`).
#[must_use]
pub fn read(name: &str, input: &[u8], in_cursor: bool) -> Option<Call> {
    let input = input.strip_prefix(b"\xef\xbb\xbf").unwrap_or(input);
    let Ok(Value::Object(fields)) = serde_json::from_slice(input) else { return None };
    let dialect = dialect(name, &fields, in_cursor)?;
    let (name, event) = match dialect {
        Dialect::Claude => claude::read(&fields)?,
        Dialect::Codex => codex::read(&fields)?,
        Dialect::Gemini => gemini::read(&fields)?,
        Dialect::Cursor => cursor::read(&fields)?,
        Dialect::Copilot => copilot::read(&fields)?,
    };
    Some(Call { dialect, name, event })
}

fn dialect(name: &str, fields: &Map<String, Value>, in_cursor: bool) -> Option<Dialect> {
    if fields.contains_key("cursor_version")
        || fields.contains_key("conversation_id")
        || (in_cursor && name == "cursor")
    {
        return Some(Dialect::Cursor);
    }
    match name {
        "claude" if fields.contains_key("sessionId") => Some(Dialect::Copilot),
        "claude" => Some(Dialect::Claude),
        "codex" => Some(Dialect::Codex),
        "gemini" => Some(Dialect::Gemini),
        "cursor" => Some(Dialect::Cursor),
        "copilot" => Some(Dialect::Copilot),
        _ => None,
    }
}

/// What is to be written on standard output. The exit code is always 0: others mean different things to each agent.
#[must_use]
pub fn write(call: &Call, answer: &Answer) -> Vec<u8> {
    let answer = cut(answer);
    let value = match call.dialect {
        Dialect::Claude => claude::write(&call.name, &answer),
        Dialect::Codex => codex::write(&call.name, &answer),
        Dialect::Gemini => Some(gemini::write(&call.name, &answer)),
        Dialect::Cursor => cursor::write(&call.name, &answer),
        Dialect::Copilot => copilot::write(&call.name, &answer),
    };
    value.map_or_else(Vec::new, |value| {
        let mut bytes = value.to_string().into_bytes();
        bytes.push(b'\n');
        bytes
    })
}

fn cut(answer: &Answer) -> Answer {
    let cut = |text: &String| match text.char_indices().nth(LONGEST_ANSWER) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.clone(),
    };
    match answer {
        Answer::Silent => Answer::Silent,
        Answer::Fact(text) => Answer::Fact(cut(text)),
        Answer::Ask(text) => Answer::Ask(cut(text)),
        Answer::Deny(text) => Answer::Deny(cut(text)),
    }
}

/// A field that is a text and not empty.
fn text(fields: &Map<String, Value>, name: &str) -> Option<String> {
    fields.get(name).and_then(Value::as_str).filter(|text| !text.is_empty()).map(str::to_owned)
}

/// A session's id: anything else than a plain word of at most 200 characters is none of ours to keep.
fn session(fields: &Map<String, Value>, name: &str) -> Option<String> {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_.:".contains(c);
    text(fields, name).filter(|id| id.len() <= 200 && id.chars().all(plain))
}

#[cfg(test)]
mod tests;
