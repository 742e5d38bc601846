//! Every front door sees the instances of other machines: who watches, agents before an edit, and agents over MCP.
//! Must not know: how what was fetched becomes an instance.

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::Stdio;

use serde_json::{Value, json};

use super::super::watch::Stream;
use super::super::world::{FILE, Place, World};
use super::{label, met};

/// Two clones; `search` of the first and `auth` of the second conflict in line 10, and the second has fetched it.
fn in_conflict() -> World {
    let world = met("content");
    let (one, two) = (world.main(), world.at("two"));
    one.git(&["switch", "-q", "-c", "search"]).ok();
    one.edit(FILE, 10, "search was here");
    two.git(&["switch", "-q", "-c", "auth"]).ok();
    two.edit(FILE, 10, "auth was here");
    one.coord(&["sync", "--yes"]).ok();
    two.coord(&["sync", "--yes"]).ok();
    world
}

fn search(two: &Place<'_>) -> String {
    label(&two.json(&["scan"]), "search").to_owned()
}

#[test]
fn who_watches_hears_of_them_as_they_come() {
    let world = met("content");
    let (one, two) = (world.main(), world.at("two"));
    for place in [&one, &two] {
        place.coord(&["sync", "--yes"]).ok();
    }
    two.edit(FILE, 10, "theirs");
    let mut command = two.command("coord");
    command.args(["watch", "--json"]);
    let stream = Stream::start(command);
    stream.follows(&two);
    one.edit(FILE, 10, "mine");
    one.coord(&["sync"]).ok();
    two.coord(&["sync", "pull"]).ok();
    let told = stream.until("conflict_appeared");
    assert!(told.to_string().contains("main@") && told.to_string().contains(FILE), "{told}");
    // And that it went away.
    one.git(&["checkout", "-q", FILE]).ok();
    one.coord(&["sync"]).ok();
    two.coord(&["sync", "pull"]).ok();
    stream.until("conflict_resolved");
}

/// What an agent hears before it edits this line.
fn before_an_edit(place: &Place<'_>, session: &str, line: &str) -> String {
    let input = json!({"file_path": place.dir.join(FILE), "old_string": line, "new_string": "edited\n"});
    let payload = json!({"session_id": session, "cwd": place.dir, "hook_event_name": "PreToolUse",
                         "permission_mode": "default", "tool_name": "Edit", "tool_input": input});
    let mut command = place.command("coord");
    command.args(["agent", "claude"]).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = command.spawn().expect("coord starts");
    child.stdin.take().expect("a pipe").write_all(payload.to_string().as_bytes()).expect("it reads");
    let output = child.wait_with_output().expect("it ends");
    assert!(output.status.success());
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[test]
fn an_agent_hears_of_them_before_it_edits() {
    let world = in_conflict();
    let (one, two) = (world.main(), world.at("two"));
    two.git(&["checkout", "-q", FILE]).ok();
    let near = before_an_edit(&two, "s1", "line 10\n");
    assert!(near.contains("search@") && near.contains("same lines") && near.contains("search was here"), "{near}");
    assert!(near.contains("as fetched"), "how old that is: {near}");
    assert_eq!(before_an_edit(&two, "s1", "line 10\n"), "", "once");
    // Only another machine's claim denies it.
    one.coord(&["claim", FILE]).ok();
    two.coord(&["sync", "pull"]).ok();
    let denied = before_an_edit(&two, "s2", "line 30\n");
    assert!(denied.contains("deny") && denied.contains("search@"), "{denied}");
}

/// The answers of `coord mcp` to these calls.
fn over_mcp(place: &Place<'_>, calls: &[(&str, Value)]) -> Vec<Value> {
    let mut command = place.command("coord");
    command.arg("mcp").stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut child = command.spawn().expect("coord starts");
    let mut to = child.stdin.take().expect("a pipe");
    let mut from = BufReader::new(child.stdout.take().expect("a pipe")).lines();
    let mut say = |message: Value| writeln!(to, "{message}").expect("it reads");
    let mut hear = |id: usize| loop {
        let line = from.next().expect("an answer").expect("text");
        let answer: Value = serde_json::from_str(&line).expect("JSON");
        if answer["id"] == id {
            return answer["result"]["structuredContent"].clone();
        }
    };
    let about =
        json!({"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "test", "version": "1"}});
    say(json!({"jsonrpc": "2.0", "id": 0, "method": "initialize", "params": about}));
    hear(0);
    say(json!({"jsonrpc": "2.0", "method": "notifications/initialized"}));
    let mut answers = Vec::new();
    for (at, (tool, arguments)) in calls.iter().enumerate() {
        let params = json!({"name": tool, "arguments": arguments});
        say(json!({"jsonrpc": "2.0", "id": at + 1, "method": "tools/call", "params": params}));
        answers.push(hear(at + 1));
    }
    drop(to);
    assert!(child.wait().expect("ours").success());
    answers
}

#[test]
fn an_agent_sees_them_over_mcp() {
    let world = in_conflict();
    let two = world.at("two");
    let search = search(&two);
    let answers = over_mcp(
        &two,
        &[
            ("coord_scan", json!({})),
            ("coord_check", json!({"paths": [FILE]})),
            ("coord_diff", json!({"a": "auth", "b": search})),
            ("coord_claim", json!({"patterns": ["docs"], "minutes": 5, "task": "Docs"})),
        ],
    );
    assert_eq!(answers[0]["summary"]["conflicting"], 1, "{}", answers[0]);
    assert_eq!(answers[1]["paths"][0]["others"][0]["instance"], *search, "{}", answers[1]);
    assert_eq!(answers[2]["paths"][0]["grade"], "conflict", "{}", answers[2]);
    assert_eq!(answers[3]["granted"], true, "{}", answers[3]);
    world.main().coord(&["claim", "docs"]).ends_with(1).says("auth@").says("Docs");
}
