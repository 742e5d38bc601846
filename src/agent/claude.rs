//! Claude Code's hooks: events by `hook_event_name`, answers in `hookSpecificOutput`.
//! Must not know: any other agent's protocol.

use std::path::PathBuf;

use serde_json::{Map, Value, json};

use super::tools::{self, Use};
use super::{session, text};
use crate::domain::agent::{AgentEvent, Answer, What};

pub(super) fn read(fields: &Map<String, Value>) -> Option<(String, AgentEvent)> {
    read_as("claude", fields)
}

/// Claude's form of an event, which Codex and Copilot took over.
pub(super) fn read_as(agent: &'static str, fields: &Map<String, Value>) -> Option<(String, AgentEvent)> {
    let name = text(fields, "hook_event_name")?;
    // Nobody is asked in these modes; `plan` changes nothing and `default` and `acceptEdits` have somebody there.
    let unattended =
        matches!(text(fields, "permission_mode").as_deref(), Some("bypassPermissions" | "dontAsk" | "auto"));
    let event = AgentEvent {
        agent,
        session: session(fields, "session_id")?,
        helper: session(fields, "agent_id"),
        cwd: text(fields, "cwd").map(PathBuf::from),
        unattended,
        hears_before_edit: true,
        hears: hears(&name),
        what: what(&name, fields),
    };
    Some((name, event))
}

fn what(name: &str, fields: &Map<String, Value>) -> What {
    let tool = || {
        let null = Value::Null;
        let tool = text(fields, "tool_name").unwrap_or_default();
        tools::read(&tool, fields.get("tool_input").unwrap_or(&null))
    };
    match name {
        "SessionStart" => What::SessionStart,
        "UserPromptSubmit" => What::PromptSubmitted,
        "PreToolUse" => before(tool()),
        "PostToolUse" => after(tool()),
        "Stop" | "StopFailure" | "Interrupt" => What::Stop,
        "SubagentStart" => What::HelperStart,
        "SubagentStop" => What::HelperStop,
        "SessionEnd" => What::SessionEnd,
        _ => What::Other,
    }
}

/// A tool call that is about to be made.
pub(super) fn before(tool: Use) -> What {
    match tool {
        Use::Edits(edits) if !edits.is_empty() => What::BeforeEdit(edits),
        Use::Shell(sweeps) if !sweeps.is_empty() => What::BeforeShell(sweeps),
        _ => What::Other,
    }
}

/// A tool call that was made.
pub(super) fn after(tool: Use) -> What {
    match tool {
        Use::Edits(edits) if !edits.is_empty() => What::AfterEdit(edits),
        Use::Shell(_) => What::AfterShell,
        _ => What::Other,
    }
}

/// Whether an answer to this event reaches the model.
fn hears(name: &str) -> bool {
    matches!(name, "SessionStart" | "UserPromptSubmit" | "PreToolUse" | "PostToolUse" | "SubagentStart")
}

pub(super) fn write(name: &str, answer: &Answer) -> Option<Value> {
    let takes_context = hears(name);
    let output = match answer {
        Answer::Fact(text) if takes_context => json!({"hookEventName": name, "additionalContext": text}),
        Answer::Ask(text) if name == "PreToolUse" => json!({
            "hookEventName": name, "permissionDecision": "ask", "permissionDecisionReason": text, "additionalContext": text,
        }),
        Answer::Deny(text) if name == "PreToolUse" => {
            json!({"hookEventName": name, "permissionDecision": "deny", "permissionDecisionReason": text})
        }
        Answer::Ask(text) | Answer::Deny(text) if takes_context => {
            json!({"hookEventName": name, "additionalContext": text})
        }
        Answer::Silent | Answer::Fact(_) | Answer::Ask(_) | Answer::Deny(_) => return None,
    };
    Some(json!({"hookSpecificOutput": output}))
}
