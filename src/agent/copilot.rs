//! Copilot CLI's hooks: camelCase fields, or Claude's where its configuration names Claude's events; a decision stands at the
//! top of the answer.
//! Must not know: any other agent's protocol beyond what it shares with Claude's.

use std::path::PathBuf;

use serde_json::{Map, Value, json};

use super::{claude, session, text, tools};
use crate::domain::agent::{AgentEvent, Answer, What};

pub(super) fn read(fields: &Map<String, Value>) -> Option<(String, AgentEvent)> {
    if fields.contains_key("session_id") {
        let (name, event) = claude::read_as("copilot", fields)?;
        let hears = hears(&name);
        return Some((name, AgentEvent { hears, hears_before_edit: false, ..event }));
    }
    let name =
        text(fields, "hookEventName").or_else(|| text(fields, "hook_event_name")).unwrap_or_else(|| guessed(fields));
    let null = Value::Null;
    let tool = || tools::read(&text(fields, "toolName").unwrap_or_default(), fields.get("toolArgs").unwrap_or(&null));
    let what = match name.as_str() {
        "sessionStart" => What::SessionStart,
        "userPromptSubmitted" => What::PromptSubmitted,
        "preToolUse" => claude::before(tool()),
        "postToolUse" => claude::after(tool()),
        "agentStop" => What::Stop,
        "subagentStart" => What::HelperStart,
        "subagentStop" => What::HelperStop,
        "sessionEnd" => What::SessionEnd,
        _ => What::Other,
    };
    let event = AgentEvent {
        agent: "copilot",
        session: session(fields, "sessionId")?,
        helper: None,
        cwd: text(fields, "cwd").map(PathBuf::from),
        unattended: true,
        hears_before_edit: false,
        hears: hears(&name),
        what,
    };
    Some((name, event))
}

/// Its events do not always carry their name; what they carry tells them apart.
fn guessed(fields: &Map<String, Value>) -> String {
    let has = |name: &str| fields.contains_key(name);
    let name = match () {
        () if has("toolResult") => "postToolUse",
        () if has("toolName") => "preToolUse",
        () if has("prompt") => "userPromptSubmitted",
        () if has("source") => "sessionStart",
        () if has("reason") => "sessionEnd",
        () => "unknown",
    };
    name.to_owned()
}

/// Whether an answer to this event reaches the model.
fn hears(name: &str) -> bool {
    matches!(name, "sessionStart" | "postToolUse" | "SessionStart" | "PostToolUse")
}

/// In the cloud an `ask` is a denial, so it is never said.
pub(super) fn write(name: &str, answer: &Answer) -> Option<Value> {
    match answer {
        Answer::Deny(text) if matches!(name, "preToolUse" | "PreToolUse") => {
            Some(json!({"permissionDecision": "deny", "permissionDecisionReason": text}))
        }
        Answer::Fact(text) | Answer::Ask(text) | Answer::Deny(text) => {
            hears(name).then(|| json!({"additionalContext": text}))
        }
        Answer::Silent => None,
    }
}
