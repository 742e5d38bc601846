//! Gemini CLI's hooks: `BeforeTool` can deny, only `AfterTool`, `SessionStart` and `BeforeAgent` take context.
//! Must not know: any other agent's protocol.

use std::path::PathBuf;

use serde_json::{Map, Value, json};

use super::{claude, session, text, tools};
use crate::domain::agent::{AgentEvent, Answer, What};

pub(super) fn read(fields: &Map<String, Value>) -> Option<(String, AgentEvent)> {
    let name = text(fields, "hook_event_name")?;
    let null = Value::Null;
    let tool =
        || tools::read(&text(fields, "tool_name").unwrap_or_default(), fields.get("tool_input").unwrap_or(&null));
    let what = match name.as_str() {
        "SessionStart" => What::SessionStart,
        "BeforeAgent" => What::PromptSubmitted,
        "BeforeTool" => claude::before(tool()),
        "AfterTool" => claude::after(tool()),
        "AfterAgent" => What::Stop,
        "SessionEnd" => What::SessionEnd,
        _ => What::Other,
    };
    let event = AgentEvent {
        agent: "gemini",
        session: session(fields, "session_id")?,
        helper: None,
        cwd: text(fields, "cwd").map(PathBuf::from),
        unattended: true,
        hears_before_edit: false,
        hears: hears(&name),
        what,
    };
    Some((name, event))
}

/// Whether an answer to this event reaches the model.
fn hears(name: &str) -> bool {
    matches!(name, "SessionStart" | "BeforeAgent" | "AfterTool")
}

/// Its standard output must be JSON always.
pub(super) fn write(name: &str, answer: &Answer) -> Value {
    let takes_context = hears(name);
    match answer {
        Answer::Deny(text) if name == "BeforeTool" => json!({"decision": "deny", "reason": text}),
        Answer::Fact(text) | Answer::Ask(text) | Answer::Deny(text) if takes_context => {
            json!({"hookSpecificOutput": {"hookEventName": name, "additionalContext": text}})
        }
        // Nobody but the user hears it here.
        Answer::Fact(text) | Answer::Ask(text) if name == "BeforeTool" => json!({"systemMessage": text}),
        _ => json!({}),
    }
}
