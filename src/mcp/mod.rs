//! Floor 5: the front door for agents that speak the Model Context Protocol: JSON-RPC, one message a line.
//! Must not know: how a tool's answer is found.
//!
//! Speaks the revision in force (2026-07-28, no handshake) and those with `initialize` that clients still use.

mod tools;

use std::io::{self, BufRead, Read as _, Write};

use serde_json::{Value, json};

use crate::env::Env;

/// The longest message that is read.
const LONGEST: u64 = 4 << 20;
/// The revisions that are spoken, the one in force first.
const REVISIONS: [&str; 4] = ["2026-07-28", "2025-11-25", "2025-06-18", "2025-03-26"];
/// The one that a client with a handshake is offered where it asks for another.
const WITH_HANDSHAKE: &str = "2025-11-25";

const PARSE_ERROR: i64 = -32700;
const INVALID_REQUEST: i64 = -32600;
const METHOD_NOT_FOUND: i64 = -32601;
const INVALID_PARAMS: i64 = -32602;

/// Answers messages until the input ends.
pub(crate) fn serve(env: &Env, mut input: impl BufRead, mut output: impl Write) -> io::Result<()> {
    loop {
        let mut line = Vec::new();
        let read = (&mut input).take(LONGEST).read_until(b'\n', &mut line)?;
        if read == 0 {
            return Ok(());
        }
        if !line.ends_with(b"\n") && line.len() as u64 == LONGEST {
            skip_line(&mut input)?;
        }
        if line.trim_ascii().is_empty() {
            continue;
        }
        if let Some(answer) = answer(env, &line) {
            serde_json::to_writer(&mut output, &answer)?;
            output.write_all(b"\n")?;
            output.flush()?;
        }
    }
}

fn skip_line(input: &mut impl BufRead) -> io::Result<()> {
    loop {
        let mut rest = Vec::new();
        let read = input.take(LONGEST).read_until(b'\n', &mut rest)?;
        if read == 0 || rest.ends_with(b"\n") {
            return Ok(());
        }
    }
}

/// The answer to one message; `None` for a notification.
fn answer(env: &Env, line: &[u8]) -> Option<Value> {
    let Ok(message) = serde_json::from_slice::<Value>(line) else {
        return Some(error(&Value::Null, PARSE_ERROR, "this is not JSON"));
    };
    let id = message.get("id").cloned();
    let Some(method) = message.get("method").and_then(Value::as_str) else {
        // An answer to a question that we never ask, or nonsense.
        return id.filter(|_| message.get("result").is_none()).map(|id| error(&id, INVALID_REQUEST, "no method"));
    };
    let id = id?;
    let null = Value::Null;
    let params = message.get("params").unwrap_or(&null);
    Some(match method {
        "initialize" => result(&id, &initialize(params)),
        "server/discover" => result(&id, &discover()),
        "ping" => result(&id, &json!({})),
        "tools/list" => result(&id, &json!({"tools": tools::list(), "ttlMs": 3_600_000, "cacheScope": "public"})),
        "tools/call" => call(env, &id, params),
        _ => error(&id, METHOD_NOT_FOUND, "coord has tools, and nothing else"),
    })
}

fn server() -> Value {
    json!({"name": "coord", "title": "coord", "version": env!("CARGO_PKG_VERSION")})
}

const INSTRUCTIONS: &str = "Shows who else is at work on this git repository, and what will collide before it does. \
    Paths count from the working directory of the server.";

fn initialize(params: &Value) -> Value {
    let asked = params.get("protocolVersion").and_then(Value::as_str).unwrap_or_default();
    let spoken = REVISIONS[1..].iter().find(|revision| **revision == asked).unwrap_or(&WITH_HANDSHAKE);
    json!({"protocolVersion": spoken, "capabilities": {"tools": {}}, "serverInfo": server(), "instructions": INSTRUCTIONS})
}

fn discover() -> Value {
    json!({"supportedVersions": REVISIONS, "capabilities": {"tools": {}}, "serverInfo": server(),
        "instructions": INSTRUCTIONS, "ttlMs": 3_600_000, "cacheScope": "public"})
}

fn call(env: &Env, id: &Value, params: &Value) -> Value {
    let Some(name) = params.get("name").and_then(Value::as_str) else {
        return error(id, INVALID_PARAMS, "which tool?");
    };
    let empty = json!({});
    let arguments = params.get("arguments").filter(|arguments| arguments.is_object()).unwrap_or(&empty);
    let Some(called) = tools::call(env, name, arguments) else {
        return error(id, INVALID_PARAMS, "there is no such tool");
    };
    // What goes wrong in a tool is an answer that the model reads, not an error of the protocol.
    result(
        id,
        &match called {
            Ok(found) => {
                json!({"content": [{"type": "text", "text": found.to_string()}], "structuredContent": found, "isError": false})
            }
            Err(said) => json!({"content": [{"type": "text", "text": said}], "isError": true}),
        },
    )
}

fn result(id: &Value, result: &Value) -> Value {
    let mut result = result.clone();
    result["resultType"] = "complete".into();
    json!({"jsonrpc": "2.0", "id": id, "result": result})
}

fn error(id: &Value, code: i64, message: &str) -> Value {
    json!({"jsonrpc": "2.0", "id": id, "error": {"code": code, "message": message}})
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(lines: &str) -> Vec<Value> {
        let mut output = Vec::new();
        let env = Env { cwd: Err("nowhere".to_owned()), ..Env::capture() };
        serve(&env, lines.as_bytes(), &mut output).expect("memory takes it");
        String::from_utf8(output)
            .expect("UTF-8")
            .lines()
            .map(|line| serde_json::from_str(line).expect("JSON"))
            .collect()
    }

    #[test]
    fn both_revisions_are_spoken() {
        let answers = told(concat!(
            r#"{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{}}}"#,
            "\n",
            r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#,
            "\n\n",
            r#"{"jsonrpc":"2.0","id":"d","method":"server/discover","params":{"_meta":{}}}"#,
            "\n",
            r#"{"jsonrpc":"2.0","id":2,"method":"tools/list"}"#,
        ));
        assert_eq!(answers.len(), 3);
        assert_eq!(answers[0]["result"]["protocolVersion"], "2025-11-25");
        assert_eq!(
            (&answers[1]["id"], &answers[1]["result"]["supportedVersions"][0]),
            (&json!("d"), &json!("2026-07-28"))
        );
        for tool in answers[2]["result"]["tools"].as_array().expect("a list") {
            assert_eq!(tool["inputSchema"]["type"], "object", "{tool}");
            assert!(tool["annotations"]["readOnlyHint"].is_boolean() && tool["description"].is_string());
        }
    }

    #[test]
    fn nonsense_is_an_error_and_not_the_end() {
        let answers = told(
            "nope\n[]\n{\"id\":1}\n{\"id\":2,\"method\":\"x\"}\n{\"id\":3,\"method\":\"tools/call\"}\n{\"id\":4,\"method\":\"tools/call\",\"params\":{\"name\":\"x\"}}\n{\"id\":5,\"method\":\"tools/call\",\"params\":{\"name\":\"coord_scan\"}}\n{\"id\":6,\"result\":{}}\n",
        );
        let codes: Vec<_> = answers.iter().filter_map(|answer| answer["error"]["code"].as_i64()).collect();
        assert_eq!(codes, [PARSE_ERROR, INVALID_REQUEST, METHOD_NOT_FOUND, INVALID_PARAMS, INVALID_PARAMS]);
        assert_eq!(answers.last().expect("one")["result"]["isError"], true, "no repository there");
    }
}
