//! Cursor's hooks: camelCase events, `permission` in an answer; also when it runs Claude's configuration.
//! Must not know: any other agent's protocol beyond what it shares with Claude's.

use std::path::PathBuf;

use serde_json::{Map, Value, json};

use super::tools::{self, Use};
use super::{claude, session, text};
use crate::domain::agent::{AgentEvent, Answer, Edit, EditChange, What};

pub(super) fn read(fields: &Map<String, Value>) -> Option<(String, AgentEvent)> {
    let name = text(fields, "hook_event_name")?;
    let roots = fields.get("workspace_roots").and_then(Value::as_array);
    let root = || roots.and_then(|roots| roots.first()).and_then(Value::as_str).map(str::to_owned);
    let event = AgentEvent {
        agent: "cursor",
        session: session(fields, "conversation_id").or_else(|| session(fields, "session_id"))?,
        helper: session(fields, "subagent_id"),
        cwd: text(fields, "cwd").or_else(root).map(PathBuf::from),
        unattended: false,
        hears_before_edit: false,
        hears: hears(&name) || name == "beforeShellExecution",
        what: what(&name, fields),
    };
    Some((name, event))
}

fn what(name: &str, fields: &Map<String, Value>) -> What {
    let null = Value::Null;
    let tool =
        || tools::read(&text(fields, "tool_name").unwrap_or_default(), fields.get("tool_input").unwrap_or(&null));
    // Claude's names come where Claude's configuration is run.
    match name {
        "sessionStart" | "SessionStart" => What::SessionStart,
        "beforeSubmitPrompt" | "UserPromptSubmit" => What::PromptSubmitted,
        "preToolUse" | "PreToolUse" => claude::before(tool()),
        "beforeShellExecution" => claude::before(tools::shell_use(&text(fields, "command").unwrap_or_default())),
        "postToolUse" | "PostToolUse" => claude::after(tool()),
        "afterShellExecution" => What::AfterShell,
        "afterFileEdit" => edited(fields).map_or(What::Other, |edit| claude::after(Use::Edits(vec![edit]))),
        "stop" | "Stop" => What::Stop,
        "subagentStart" | "SubagentStart" => What::HelperStart,
        "subagentStop" | "SubagentStop" => What::HelperStop,
        "sessionEnd" | "SessionEnd" => What::SessionEnd,
        _ => What::Other,
    }
}

fn edited(fields: &Map<String, Value>) -> Option<Edit> {
    Some(Edit { path: text(fields, "file_path")?.into(), change: EditChange::Unknown })
}

/// Whether an answer to this event reaches the model as context.
fn hears(name: &str) -> bool {
    matches!(name, "sessionStart" | "postToolUse" | "SessionStart" | "PostToolUse")
}

/// `ask` is enforced before a shell command alone; elsewhere it would be an allow that nobody saw.
pub(super) fn write(name: &str, answer: &Answer) -> Option<Value> {
    let takes_context = hears(name);
    let permission =
        |permission: &str, text: &str| json!({"permission": permission, "user_message": text, "agent_message": text});
    Some(match answer {
        Answer::Deny(text) if matches!(name, "preToolUse" | "PreToolUse" | "beforeShellExecution") => {
            permission("deny", text)
        }
        Answer::Ask(text) if name == "beforeShellExecution" => permission("ask", text),
        Answer::Fact(text) if name == "beforeShellExecution" => permission("allow", text),
        Answer::Fact(text) | Answer::Ask(text) | Answer::Deny(text) if takes_context => {
            json!({"additional_context": text})
        }
        _ => return None,
    })
}
