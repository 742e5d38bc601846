//! What agents call their tools: which of them change files or run commands, and under which names they say so.
//! Must not know: in which protocol the call came, what is done about it.

use std::path::PathBuf;

use serde_json::{Map, Value};

use super::{patch, shell};
use crate::domain::agent::{Edit, EditChange, Swap, Sweep};

/// The most files that one call may change; more are not looked at.
const MOST_EDITS: usize = 500;

/// A tool call, as far as it matters.
pub(super) enum Use {
    Edits(Vec<Edit>),
    Shell(Vec<Sweep>),
    Other,
}

/// Reads a tool call. Each agent has its own names; none of them means something else with another agent.
pub(super) fn read(tool: &str, input: &Value) -> Use {
    // Copilot may send the arguments as a string of JSON.
    let parsed = input.as_str().and_then(|text| serde_json::from_str::<Value>(text).ok());
    let input = parsed.as_ref().unwrap_or(input);
    let empty = Map::new();
    let fields = input.as_object().unwrap_or(&empty);
    match tool {
        "Edit" | "MultiEdit" | "Write" | "NotebookEdit" | "StrReplace" | "write_file" | "replace" | "edit"
        | "create" | "str_replace" | "str_replace_editor" | "write" | "insert" => {
            Use::Edits(edit(tool, fields).into_iter().collect())
        }
        "Delete" | "delete" => {
            Use::Edits(named(fields).map(|path| Edit { path, change: EditChange::Delete }).into_iter().collect())
        }
        "apply_patch" => {
            let text = ["command", "input", "patch"].iter().find_map(|name| fields.get(*name)).unwrap_or(input);
            Use::Edits(limited(patch::edits(&command(text))))
        }
        "Bash" | "PowerShell" | "Shell" | "bash" | "powershell" | "shell" | "local_shell" | "run_shell_command"
        | "exec_command" => {
            shell_use(&fields.get("command").or_else(|| fields.get("cmd")).map(command).unwrap_or_default())
        }
        _ => Use::Other,
    }
}

/// A command that is to be run in a shell. Some agents apply a patch by a command of that name.
pub(super) fn shell_use(command: &str) -> Use {
    if command.trim_start().starts_with("apply_patch") {
        return Use::Edits(limited(patch::edits(command)));
    }
    Use::Shell(shell::sweeps(command))
}

fn limited(mut edits: Vec<Edit>) -> Vec<Edit> {
    edits.truncate(MOST_EDITS);
    edits
}

/// A command line, given as text or as a list of words of which the last may be a script (`["bash", "-lc", "…"]`).
fn command(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(words) => {
            let words: Vec<&str> = words.iter().filter_map(Value::as_str).collect();
            match words.as_slice() {
                [_, flag, script] if flag.starts_with('-') && flag.ends_with('c') => (*script).to_owned(),
                ["apply_patch", text] => (*text).to_owned(),
                _ => words.iter().map(|word| shell::quoted(word)).collect::<Vec<_>>().join(" "),
            }
        }
        _ => String::new(),
    }
}

fn named(fields: &Map<String, Value>) -> Option<PathBuf> {
    let names = ["file_path", "notebook_path", "path", "filePath", "target_file"];
    let text = names.iter().find_map(|name| fields.get(*name)).and_then(Value::as_str)?;
    (!text.is_empty() && !text.contains('\0')).then(|| PathBuf::from(text))
}

fn edit(tool: &str, fields: &Map<String, Value>) -> Option<Edit> {
    let bytes = |names: &[&str]| {
        names.iter().find_map(|name| fields.get(*name)).and_then(Value::as_str).map(|text| text.as_bytes().to_vec())
    };
    let change = if tool == "NotebookEdit" {
        EditChange::Unknown
    } else if let Some(edits) = fields.get("edits").and_then(Value::as_array) {
        edits.iter().take(MOST_EDITS).map(swap).collect::<Option<_>>().map_or(EditChange::Unknown, EditChange::Replace)
    } else if let Some(swap) = swap(&Value::Object(fields.clone())) {
        EditChange::Replace(vec![swap])
    } else {
        bytes(&["content", "contents", "file_text"]).map_or(EditChange::Unknown, EditChange::Whole)
    };
    Some(Edit { path: named(fields)?, change })
}

/// `old_string`/`new_string`, whatever the agent calls them.
pub(super) fn swap(value: &Value) -> Option<Swap> {
    let text = |names: [&str; 2]| names.iter().find_map(|name| value.get(*name)?.as_str());
    let all =
        ["replace_all", "allow_multiple"].iter().any(|name| value.get(*name).and_then(Value::as_bool) == Some(true));
    Some(Swap { old: text(["old_string", "old_str"])?.into(), new: text(["new_string", "new_str"])?.into(), all })
}
