//! Codex CLI's hooks: Claude's form, edits as patches, and only the keys that it knows in an answer.
//! Must not know: any other agent's protocol beyond what it shares with Claude's.

use serde_json::{Map, Value, json};

use super::claude;
use crate::domain::agent::{AgentEvent, Answer};

pub(super) fn read(fields: &Map<String, Value>) -> Option<(String, AgentEvent)> {
    claude::read_as("codex", fields)
}

pub(super) fn write(name: &str, answer: &Answer) -> Option<Value> {
    let told = match answer {
        // An `ask` marks the hook as failed and the call goes on: say it as a fact.
        Answer::Ask(text) => Answer::Fact(text.clone()),
        other => other.clone(),
    };
    // Its standard output must be JSON there.
    let nothing = matches!(name, "Stop" | "SubagentStop").then(|| json!({}));
    claude::write(name, &told).or(nothing)
}
