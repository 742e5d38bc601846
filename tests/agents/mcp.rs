//! `coord mcp` as the official client library drives it, in the protocol's revision in force and in the one before.

use std::ffi::OsString;
use std::io::Write as _;
use std::path::Path;
use std::process::Stdio;

use serde_json::{Value, json};

use crate::world::{Play, skip, switch};

/// The Python that has the client library: `COORD_MCP_PYTHON`, else the one on the path.
fn python(play: &Play) -> Option<OsString> {
    let python = switch("COORD_MCP_PYTHON").unwrap_or_else(|| "python3".into());
    let has_it = play.command(&python, "main").args(["-c", "import mcp"]).stderr(Stdio::null()).status();
    if has_it.is_ok_and(|status| status.success()) {
        return Some(python);
    }
    skip("no Python with the library `mcp` (COORD_MCP_PYTHON names one)");
    None
}

/// One conversation from `worktree`; what the client saw.
fn converse(play: &Play, python: &OsString, worktree: &str, handshake: &str, calls: &Value) -> Value {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/agents/client.py");
    let mut client = play.command(python, worktree);
    client.arg(script).arg(env!("CARGO_BIN_EXE_coord")).arg(handshake);
    let mut client = client.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("Python runs");
    client.stdin.take().expect("piped").write_all(calls.to_string().as_bytes()).expect("it reads");
    let output = client.wait_with_output().expect("it ends");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
    serde_json::from_slice(&output.stdout).expect("JSON")
}

#[test]
fn the_official_client_uses_every_tool_in_both_revisions() {
    for (handshake, revision) in [("initialize", "2025-11-25"), ("discover", "2026-07-28")] {
        let play = Play::new();
        let Some(python) = python(&play) else { return };
        play.edit_line("auth", "a.txt", 10, "auth");
        play.edit_line("search", "a.txt", 10, "search");
        let calls = json!([
            ["coord_status", {}],
            ["coord_scan", {"min_grade": "identical"}],
            ["coord_check", {"paths": ["a.txt"]}],
            ["coord_diff", {"a": "auth", "b": "search"}],
            ["coord_plan", {}],
            ["coord_claim", {"patterns": ["src"], "minutes": 5, "task": "Search"}],
            ["coord_claims", {}],
            ["coord_claim", {"patterns": ["**"]}],
            ["coord_release", {}],
            ["coord_nothing", {}],
        ]);
        let seen = converse(&play, &python, "search", handshake, &calls);
        assert_eq!((&seen["revision"], &seen["server"]), (&json!(revision), &json!("coord")));
        let answers = seen["answers"].as_array().expect("a list");
        let found = |at: usize| &answers[at]["found"];
        assert_eq!(found(0)["conflicts"][0]["paths"], json!(["a.txt"]), "{}", answers[0]);
        assert_eq!(found(1)["summary"]["conflicting"], 1, "{}", answers[1]);
        assert_eq!(found(2)["paths"][0]["others"][0]["instance"], "auth", "{}", answers[2]);
        assert_eq!(found(3)["paths"][0]["grade"], "conflict", "{}", answers[3]);
        assert_eq!(found(4)["version"], 1, "{}", answers[4]);
        assert_eq!(found(5)["granted"], true, "{}", answers[5]);
        assert_eq!(found(6)["claims"][0]["task"], "Search", "{}", answers[6]);
        assert_eq!(answers[7]["error"], true, "too broad: {}", answers[7]);
        assert_eq!(found(8)["claims"][0]["paths"], json!(["src"]), "{}", answers[8]);
        assert!(answers[9]["refused"].is_string(), "{}", answers[9]);
    }
}

#[test]
fn the_tools_say_what_they_take_and_what_they_do() {
    let play = Play::new();
    let Some(python) = python(&play) else { return };
    let seen = converse(&play, &python, "search", "initialize", &json!([]));
    let tools = seen["tools"].as_array().expect("a list");
    let changing: Vec<&str> = tools
        .iter()
        .filter(|tool| tool["annotations"]["readOnlyHint"] == false)
        .filter_map(|tool| tool["name"].as_str())
        .collect();
    assert_eq!(changing, ["coord_claim", "coord_release"]);
    for tool in tools {
        assert_eq!((&tool["inputSchema"]["type"], &tool["outputSchema"]["type"]), (&json!("object"), &json!("object")));
        assert_eq!(tool["annotations"]["openWorldHint"], false, "{tool}");
        let properties = tool["inputSchema"]["properties"].as_object().expect("an object");
        let required = tool["inputSchema"]["required"].as_array().expect("a list");
        assert!(required.iter().all(|name| properties.contains_key(name.as_str().expect("text"))), "{tool}");
    }
}

#[test]
fn outside_a_repository_a_tool_says_so() {
    let play = Play::new();
    let Some(python) = python(&play) else { return };
    let seen = converse(&play, &python, ".", "initialize", &json!([["coord_status", {}]]));
    assert_eq!(seen["answers"][0]["error"], true, "{seen}");
    assert!(seen["answers"][0]["text"][0].as_str().expect("text").contains("repository"), "{seen}");
}

/// No client is so rude, but a stray line must not end the server.
#[test]
fn nonsense_is_not_the_end() {
    let play = Play::new();
    let hello = json!({"jsonrpc": "2.0", "id": 0, "method": "initialize", "params":
        {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "x", "version": "1"}}});
    let list = json!({"jsonrpc": "2.0", "id": 9, "method": "tools/list"});
    let mut server = play.command(env!("CARGO_BIN_EXE_coord"), "main");
    let mut server = server.arg("mcp").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("coord runs");
    let text = format!("{hello}\nnope\n[]\n{{\"id\":1}}\n\n{list}\n");
    server.stdin.take().expect("piped").write_all(text.as_bytes()).expect("it reads");
    let output = server.wait_with_output().expect("it ends");
    assert!(output.status.success());
    let line = output.stdout.trim_ascii_end().rsplit(|&byte| byte == b'\n').next().expect("a line");
    let answer: Value = serde_json::from_slice(line).expect("JSON");
    assert_eq!(answer["id"], 9, "{answer}");
    assert!(answer["result"]["tools"].as_array().is_some_and(|tools| tools.len() > 5), "{answer}");
}
