//! coord's entries in each agent's configuration: which file, which events, put in and taken out byte for byte.
//! Must not know: IO, what the hooks answer.

use serde_json::{Value, json};

use super::json_text::{self, Node};
use crate::domain::session::REHEARSAL;

/// Why a configuration is left as it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadConfig {
    /// It cannot be read as JSON, with or without comments.
    #[error("it is not JSON")]
    NotJson,
    /// Something else stands where the hooks belong.
    #[error("its `hooks` are not what this agent documents")]
    NotHooks,
}

/// The agents whose configuration can be written.
pub const NAMES: [&str; 5] = ["claude", "codex", "gemini", "cursor", "copilot"];

/// The file of an agent, below the top of the main worktree.
#[must_use]
pub fn file(agent: &str) -> Option<&'static str> {
    Some(match agent {
        // Read at the top of the repository from every worktree, and nobody's but this user's.
        "claude" => ".claude/settings.local.json",
        "codex" => ".codex/hooks.json",
        "gemini" => ".gemini/settings.json",
        "cursor" => ".cursor/hooks.json",
        "copilot" => ".github/hooks/coord.json",
        _ => return None,
    })
}

/// Each event with its entry.
fn entries(agent: &str) -> Vec<(&'static str, Value)> {
    let command = format!("coord agent {agent}");
    let claude = |matcher: &str| {
        let hook = json!({"type": "command", "command": "coord", "args": ["agent", "claude"], "timeout": 5});
        if matcher.is_empty() { json!({"hooks": [hook]}) } else { json!({"matcher": matcher, "hooks": [hook]}) }
    };
    let plain = |matcher: &str, timeout: u32| {
        let hook = json!({"type": "command", "command": command, "timeout": timeout});
        if matcher.is_empty() { json!({"hooks": [hook]}) } else { json!({"matcher": matcher, "hooks": [hook]}) }
    };
    let cursor = |matcher: &str| {
        if matcher.is_empty() {
            json!({"command": command, "timeout": 5})
        } else {
            json!({"command": command, "matcher": matcher, "timeout": 5})
        }
    };
    let copilot = || json!({"type": "command", "bash": command, "powershell": command, "timeoutSec": 5});
    match agent {
        "claude" => vec![
            ("SessionStart", claude("")),
            ("UserPromptSubmit", claude("")),
            ("PreToolUse", claude("Edit|Write|NotebookEdit|Bash|PowerShell")),
            ("PostToolUse", claude("Edit|Write|NotebookEdit")),
            ("Stop", claude("")),
            ("SubagentStart", claude("")),
            ("SubagentStop", claude("")),
            ("SessionEnd", claude("")),
        ],
        "codex" => vec![
            ("SessionStart", plain("", 5)),
            ("UserPromptSubmit", plain("", 5)),
            ("PreToolUse", plain("apply_patch|Edit|Write|Bash", 5)),
            ("PostToolUse", plain("apply_patch|Edit|Write", 5)),
            ("Stop", plain("", 5)),
            ("SessionEnd", plain("", 1)),
        ],
        "gemini" => vec![
            ("SessionStart", plain("", 5000)),
            ("BeforeAgent", plain("", 5000)),
            ("BeforeTool", plain("write_file|replace|run_shell_command", 5000)),
            ("AfterTool", plain("write_file|replace", 5000)),
            ("AfterAgent", plain("", 5000)),
            ("SessionEnd", plain("", 5000)),
        ],
        "cursor" => vec![
            ("sessionStart", cursor("")),
            ("beforeSubmitPrompt", cursor("")),
            ("preToolUse", cursor("Write|Delete")),
            ("postToolUse", cursor("Write|Delete")),
            ("beforeShellExecution", cursor("")),
            ("afterFileEdit", cursor("")),
            ("stop", cursor("")),
            ("sessionEnd", cursor("")),
        ],
        "copilot" => ["sessionStart", "userPromptSubmitted", "preToolUse", "postToolUse", "sessionEnd"]
            .map(|event| (event, copilot()))
            .to_vec(),
        _ => Vec::new(),
    }
}

/// What stands beside the hooks where the file is made new.
fn around(agent: &str) -> Value {
    if matches!(agent, "cursor" | "copilot") { json!({"version": 1}) } else { json!({}) }
}

/// What the agent would send when a session begins (`event` 0) or ends, for a rehearsal.
#[must_use]
pub fn rehearsal(agent: &str, event: usize, cwd: &str) -> String {
    let (session, begins) = (REHEARSAL, event == 0);
    let value = match agent {
        "cursor" => json!({"conversation_id": session, "cursor_version": "0", "workspace_roots": [cwd],
            "hook_event_name": if begins { "sessionStart" } else { "sessionEnd" }}),
        "copilot" if begins => json!({"sessionId": session, "cwd": cwd, "source": "new"}),
        "copilot" => json!({"sessionId": session, "cwd": cwd, "reason": "complete"}),
        _ => json!({"session_id": session, "cwd": cwd,
            "hook_event_name": if begins { "SessionStart" } else { "SessionEnd" }}),
    };
    value.to_string()
}

/// Puts coord's entries in; what stands there already stays, and older entries of coord's are replaced.
pub fn put(agent: &str, text: Option<&str>) -> Result<String, BadConfig> {
    let Some(text) = text.filter(|text| !text.trim().is_empty()) else { return Ok(fresh(agent)) };
    let mut text = text.to_owned();
    for (event, entry) in entries(agent) {
        text = put_one(agent, &text, event, &entry)?;
    }
    Ok(text)
}

fn fresh(agent: &str) -> String {
    let mut root = around(agent);
    let hooks: serde_json::Map<String, Value> =
        entries(agent).into_iter().map(|(event, entry)| (event.to_owned(), json!([entry]))).collect();
    root["hooks"] = Value::Object(hooks);
    pretty(&root, "") + "\n"
}

fn put_one(agent: &str, text: &str, event: &str, entry: &Value) -> Result<String, BadConfig> {
    let root = json_text::parse(text).ok_or(BadConfig::NotJson)?;
    if !matches!(root.kind, json_text::Kind::Object(_)) {
        return Err(BadConfig::NotHooks);
    }
    let member = |key: &str, value: &Value, indent: &str| format!("\"{key}\": {}", pretty(value, indent));
    let deeper = |indent: &str, empty: bool| if empty { format!("{indent}  ") } else { indent.to_owned() };
    let Some(hooks) = root.member("hooks").map(|member| &member.value) else {
        let value = json!({ event: [entry] });
        return Ok(json_text::append(text, &root, |indent| member("hooks", &value, &deeper(indent, is_empty(&root)))));
    };
    if !matches!(hooks.kind, json_text::Kind::Object(_)) {
        return Err(BadConfig::NotHooks);
    }
    let Some(list) = hooks.member(event).map(|member| &member.value) else {
        let value = json!([entry]);
        return Ok(json_text::append(text, hooks, |indent| member(event, &value, &deeper(indent, is_empty(hooks)))));
    };
    let items = list.items().ok_or(BadConfig::NotHooks)?;
    match items.iter().find(|item| is_ours(agent, &json_text::value(text, item))) {
        Some(own) if json_text::value(text, own) == *entry => Ok(text.to_owned()),
        Some(own) => {
            let new = pretty(entry, &json_text::indent_at(text, own.span.start));
            Ok(format!("{}{new}{}", &text[..own.span.start], &text[own.span.end..]))
        }
        None => Ok(json_text::append(text, list, |indent| pretty(entry, &deeper(indent, is_empty(list))))),
    }
}

fn is_empty(node: &Node) -> bool {
    match &node.kind {
        json_text::Kind::Object(members) => members.is_empty(),
        json_text::Kind::Array(items) => items.is_empty(),
        json_text::Kind::Other => true,
    }
}

/// Takes coord's entries out, and what was made for them. `Ok(None)` where the file was made for them too.
pub fn take(agent: &str, text: &str) -> Result<Option<String>, BadConfig> {
    let made = text == fresh(agent);
    let mut text = text.to_owned();
    while let Some(next) = take_one(agent, &text)? {
        text = next;
    }
    let root = json_text::parse(&text).ok_or(BadConfig::NotJson)?;
    let bare = json_text::value(&text, &root) == around(agent);
    Ok((!(made && bare)).then_some(text))
}

/// Whether coord's entries are all there.
#[must_use]
pub fn is_put(agent: &str, text: &str) -> bool {
    put(agent, Some(text)).is_ok_and(|new| new == text)
}

fn take_one(agent: &str, text: &str) -> Result<Option<String>, BadConfig> {
    let root = json_text::parse(text).ok_or(BadConfig::NotJson)?;
    let Some(hooks) = root.member("hooks") else { return Ok(None) };
    let json_text::Kind::Object(events) = &hooks.value.kind else { return Ok(None) };
    for event in events {
        let Some(items) = event.value.items() else { continue };
        let Some(own) = items.iter().find(|item| is_ours(agent, &json_text::value(text, item))) else { continue };
        // Put right behind the bracket: the list was there, and empty. Else it was made for the entry.
        let made = |container: &Node, first: usize| text[container.span.start + 1..first].contains('\n');
        if items.len() > 1 || !made(&event.value, own.span.start) {
            return Ok(Some(json_text::remove(text, &event.value, &own.span)));
        }
        if events.len() > 1 || !made(&hooks.value, event.span.start) {
            return Ok(Some(json_text::remove(text, &hooks.value, &event.span)));
        }
        return Ok(Some(json_text::remove(text, &root, &hooks.span)));
    }
    Ok(None)
}

/// Whether an entry calls `coord agent NAME`, in whichever form.
fn is_ours(agent: &str, value: &Value) -> bool {
    match value {
        Value::Object(fields) => {
            let text = |key: &str| fields.get(key).and_then(Value::as_str);
            let words = fields.get("args").and_then(Value::as_array).cloned().unwrap_or_default();
            let arguments: Vec<&str> = words.iter().filter_map(Value::as_str).collect();
            let line = |program: &str| format!("{program} {}", arguments.join(" ")).trim_end().replace(['"', '\''], "");
            let calls = |program: &str| {
                let line = line(program);
                line.split_once(" agent ").is_some_and(|(program, rest)| {
                    let name = program.rsplit(['/', '\\']).next().unwrap_or(program).trim_end_matches(".exe");
                    name == "coord" && rest.trim() == agent
                })
            };
            ["command", "bash"].iter().filter_map(|key| text(key)).any(calls)
                || fields.values().any(|inner| is_ours(agent, inner))
        }
        Value::Array(items) => items.iter().any(|inner| is_ours(agent, inner)),
        _ => false,
    }
}

/// The value over several lines, the first without indentation, the others with `indent` before theirs.
fn pretty(value: &Value, indent: &str) -> String {
    let text = serde_json::to_string_pretty(value).unwrap_or_default();
    text.replace('\n', &format!("\n{indent}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXTS: [&str; 12] = [
        "{}",
        "{ }\n",
        "{\n}\n",
        "{\"model\": \"opus\"}",
        "{\n    // mine\n    \"model\": \"opus\" // why\n}\n",
        "{\n\t\"hooks\": {}\n}",
        "{\n  \"hooks\": {\n    \"PreToolUse\": []\n  }\n}\n",
        "{\r\n  \"hooks\": {\r\n    \"Stop\": [\r\n      {\"hooks\": [{\"type\": \"command\", \"command\": \"say, [done] {\"}]}\r\n    ]\r\n  }\r\n}\r\n",
        "{\"hooks\": {\"PreToolUse\": [{\"matcher\": \"Bash\", \"hooks\": []}, {\"matcher\": \"x\"}]}, \"z\": [1, 2,],}",
        "\u{feff}{\n  \"a\": \"//no comment\", /* one, */ \"b\": {},\n}\n",
        "{\n  \"hooks\": {\n    \"preToolUse\": [{\"command\": \"other\"}], // c\n  },\n}\n",
        "{\"version\": 1, \"hooks\": {\"SessionStart\": [\n\n]}}",
    ];

    #[test]
    fn what_is_put_in_is_taken_out_byte_for_byte() {
        for agent in NAMES {
            for text in TEXTS {
                let put_in = put(agent, Some(text)).unwrap_or_else(|error| panic!("{agent} {text}: {error}"));
                assert_ne!(put_in, text);
                assert_eq!(put(agent, Some(&put_in)).as_deref(), Ok(put_in.as_str()), "idempotent: {agent} {text}");
                assert!(is_put(agent, &put_in) && !is_put(agent, text));
                assert_eq!(take(agent, &put_in), Ok(Some(text.to_owned())), "{agent}:\n{put_in}");
            }
            let fresh = put(agent, None).expect("nothing is in the way");
            assert!(serde_json::from_str::<Value>(&fresh).is_ok());
            assert_eq!(take(agent, &fresh), Ok(None), "{agent}");
        }
    }

    #[test]
    fn the_plugin_has_the_same_entries() {
        let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("plugins/claude");
        let read = |file: &str| -> Value {
            serde_json::from_str(&std::fs::read_to_string(root.join(file)).expect("there")).expect("JSON")
        };
        for (event, entry) in entries("claude") {
            assert_eq!(read("hooks/hooks.json")["hooks"][event], json!([entry]), "{event}");
        }
        assert_eq!(read(".claude-plugin/plugin.json")["version"], env!("CARGO_PKG_VERSION"));
        assert_eq!(read(".mcp.json")["mcpServers"]["coord"]["args"], json!(["mcp"]));
    }

    #[test]
    fn every_entry_is_there_and_others_stay() {
        for agent in NAMES {
            for text in TEXTS {
                let put_in = put(agent, Some(text)).expect("fine");
                let root = json_text::parse(&put_in).expect("still JSON");
                let value = json_text::value(&put_in, &root);
                for (event, entry) in entries(agent) {
                    assert!(value["hooks"][event].as_array().is_some_and(|list| list.contains(&entry)), "{put_in}");
                }
            }
        }
        let kept = put("claude", Some(TEXTS[4])).expect("fine");
        assert!(kept.contains("// mine\n") && kept.contains("// why"), "{kept}");
    }

    #[test]
    fn older_entries_are_replaced_and_strange_files_left_alone() {
        let old = r#"{"hooks": {"Stop": [{"hooks": [{"type": "command", "command": "/opt/x/coord agent claude"}]}, {"hooks": [{"type": "command", "command": "coordinator agent claude"}]}]}}"#;
        let new = put("claude", Some(old)).expect("fine");
        assert!(!new.contains("/opt/x/coord") && new.contains("coordinator agent claude"));
        for text in ["[]", "7", "{\"hooks\": 1}", "{\"hooks\": {\"Stop\": {}}}"] {
            assert_eq!(put("claude", Some(text)), Err(BadConfig::NotHooks), "{text}");
        }
        for text in ["{", "{\"a\" 1}", "nope{", "{/*", "{\"a\": \"\n\"}"] {
            assert_eq!(put("claude", Some(text)), Err(BadConfig::NotJson), "{text}");
        }
        assert_eq!(put("claude", Some(&"[".repeat(5000))), Err(BadConfig::NotJson));
    }
}
