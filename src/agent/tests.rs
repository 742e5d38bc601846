//! Recorded payloads of every agent, and hostile ones.

use std::path::Path;

use super::*;
use crate::domain::agent::{EditChange, Harm, What};

fn fixture(agent: &str, name: &str) -> Vec<u8> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/agents").join(agent).join(name);
    std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn call(agent: &str, name: &str) -> Call {
    read(agent, &fixture(agent, name), false).unwrap_or_else(|| panic!("{agent}/{name} is no event"))
}

fn edited(what: &What) -> Vec<(String, &EditChange)> {
    match what {
        What::BeforeEdit(edits) | What::AfterEdit(edits) => {
            edits.iter().map(|edit| (edit.path.display().to_string(), &edit.change)).collect()
        }
        other => panic!("{other:?} is no edit"),
    }
}

#[test]
fn every_recorded_payload_is_an_event_with_its_session() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/agents");
    let mut seen = 0;
    for agent in NAMES {
        for entry in std::fs::read_dir(root.join(agent)).expect("a folder of fixtures") {
            let name = entry.expect("readable").file_name().into_string().expect("UTF-8");
            let call = call(agent, &name);
            assert_eq!(call.event.agent, agent, "{agent}/{name}");
            assert!(!call.event.session.is_empty());
            let expected = name.split('.').next().expect("a name");
            assert_ne!(call.event.what, What::Other, "{agent}/{expected}");
            seen += 1;
        }
    }
    assert!(seen >= 30, "{seen} fixtures");
}

#[test]
fn claude_tells_its_edits_and_its_place() {
    let event = call("claude", "PreToolUse-Edit.json").event;
    assert_eq!(event.cwd.as_deref(), Some(Path::new("/repo/.claude/worktrees/auth")));
    assert!(!event.unattended && event.hears_before_edit && event.helper.is_none());
    let edits = edited(&event.what);
    assert_eq!(edits[0].0, "/repo/.claude/worktrees/auth/src/login.rs");
    assert!(matches!(edits[0].1, EditChange::Replace(swaps) if swaps[0].old == b"let a = 1;"));
    assert!(matches!(edited(&call("claude", "PreToolUse-Write.json").event.what)[0].1, EditChange::Whole(_)));
    assert_eq!(*edited(&call("claude", "PreToolUse-NotebookEdit.json").event.what)[0].1, EditChange::Unknown);
    let What::BeforeShell(sweeps) = call("claude", "PreToolUse-Bash.json").event.what else { panic!("a sweep") };
    assert_eq!(sweeps[0].harm, Harm::PutsAway);
    let helper = call("claude", "PreToolUse-subagent.json").event;
    assert!(helper.helper.is_some() && helper.unattended);
}

#[test]
fn codex_tells_its_edits_as_a_patch() {
    let event = call("codex", "PreToolUse-apply_patch.json").event;
    let edits = edited(&event.what);
    let paths: Vec<_> = edits.iter().map(|(path, _)| path.as_str()).collect();
    assert_eq!(paths, ["src/new.rs", "src/login.rs", "src/old.rs", "src/from.rs", "src/to.rs"]);
    assert_eq!(*edits[0].1, EditChange::Whole(b"fn new() {}\n\n// end\n".to_vec()));
    let EditChange::Replace(swaps) = edits[1].1 else { panic!("an update") };
    assert_eq!(swaps.len(), 2);
    assert_eq!(
        (swaps[0].old.as_slice(), swaps[0].new.as_slice()),
        (&b"fn a() {\n    1\n}\n"[..], &b"fn a() {\n    2\n}\n"[..])
    );
    assert_eq!((edits[2].1, edits[3].1, edits[4].1), (&EditChange::Delete, &EditChange::Delete, &EditChange::Unknown));
}

#[test]
fn claudes_configuration_run_by_another_agent_is_recognised() {
    for (fixture_of, name, dialect) in
        [("cursor", "preToolUse-Write.json", Dialect::Cursor), ("copilot", "preToolUse-edit.json", Dialect::Copilot)]
    {
        let call = read("claude", &fixture(fixture_of, name), false).expect("an event");
        assert_eq!((call.dialect, call.event.agent), (dialect, fixture_of));
    }
}

#[test]
fn each_agent_is_answered_in_its_own_words() {
    let deny = Answer::Deny("held by auth".into());
    let fact = Answer::Fact("auth changed it".into());
    let ask = Answer::Ask("auth changed it".into());
    for (agent, name, answer, expected) in [
        ("claude", "PreToolUse-Edit.json", &Answer::Silent, ""),
        (
            "claude",
            "PreToolUse-Edit.json",
            &fact,
            r#"{"hookSpecificOutput":{"hookEventName":"PreToolUse","additionalContext":"auth changed it"}}"#,
        ),
        (
            "claude",
            "PreToolUse-Edit.json",
            &deny,
            r#"{"hookSpecificOutput":{"hookEventName":"PreToolUse","permissionDecision":"deny","permissionDecisionReason":"held by auth"}}"#,
        ),
        ("claude", "SessionEnd.json", &fact, ""),
        (
            "codex",
            "PreToolUse-apply_patch.json",
            &ask,
            r#"{"hookSpecificOutput":{"hookEventName":"PreToolUse","additionalContext":"auth changed it"}}"#,
        ),
        ("codex", "Stop.json", &Answer::Silent, "{}"),
        ("gemini", "BeforeTool-replace.json", &deny, r#"{"decision":"deny","reason":"held by auth"}"#),
        ("gemini", "BeforeTool-replace.json", &Answer::Silent, "{}"),
        (
            "gemini",
            "AfterTool-write_file.json",
            &fact,
            r#"{"hookSpecificOutput":{"hookEventName":"AfterTool","additionalContext":"auth changed it"}}"#,
        ),
        (
            "cursor",
            "preToolUse-Write.json",
            &deny,
            r#"{"permission":"deny","user_message":"held by auth","agent_message":"held by auth"}"#,
        ),
        ("cursor", "postToolUse-Write.json", &fact, r#"{"additional_context":"auth changed it"}"#),
        (
            "copilot",
            "preToolUse-edit.json",
            &deny,
            r#"{"permissionDecision":"deny","permissionDecisionReason":"held by auth"}"#,
        ),
    ] {
        let written = String::from_utf8(write(&call(agent, name), answer)).expect("UTF-8");
        assert_eq!(written.trim_end(), expected, "{agent}/{name} {answer:?}");
    }
}

#[test]
fn an_answer_is_never_longer_than_agents_take() {
    let call = call("claude", "SessionStart.json");
    let written = write(&call, &Answer::Fact("é".repeat(50_000)));
    assert!(String::from_utf8(written).expect("UTF-8").chars().count() < 10_000);
}

#[test]
fn what_is_no_event_is_silence() {
    let deep = "[".repeat(100_000);
    for input in [
        "",
        "null",
        "[]",
        "{",
        "{}",
        "\u{0}",
        &deep,
        r#"{"session_id":"s"}"#,
        r#"{"hook_event_name":"PreToolUse"}"#,
        r#"{"session_id":7,"hook_event_name":"PreToolUse"}"#,
        r#"{"session_id":"../../etc","hook_event_name":"PreToolUse"}"#,
        r#"{"session_id":"a\u0000b","hook_event_name":"Stop"}"#,
    ] {
        for agent in NAMES {
            assert_eq!(read(agent, input.as_bytes(), false), None, "{agent}: {}", &input[..input.len().min(60)]);
        }
    }
    assert_eq!(read("nobody", &fixture("claude", "Stop.json"), false), None);
    assert_eq!(read("claude", b"\xff\xfe{}", false), None);
}

#[test]
fn strange_fields_leave_the_session_alive() {
    for (input, what) in [
        (r#""hook_event_name":"PreToolUse","tool_name":"Edit","tool_input":7"#, What::Other),
        (r#""hook_event_name":"PreToolUse","tool_name":"Edit","tool_input":{"file_path":""}"#, What::Other),
        (r#""hook_event_name":"PreToolUse","tool_name":"Edit","tool_input":{"file_path":"a\u0000b"}"#, What::Other),
        (r#""hook_event_name":"PreToolUse","tool_name":"Edit""#, What::Other),
        (r#""hook_event_name":"PreToolUse","tool_name":"WebFetch","tool_input":{"path":"x"}"#, What::Other),
        (r#""hook_event_name":"SomethingNew","tool_name":["x"]"#, What::Other),
        (r#""hook_event_name":"Stop","cwd":9,"permission_mode":{},"agent_id":[]"#, What::Stop),
    ] {
        let input = format!(r#"{{"session_id":"s",{input}}}"#);
        let call = read("claude", input.as_bytes(), false).unwrap_or_else(|| panic!("{input}"));
        assert_eq!(call.event.what, what, "{input}");
    }
}

#[test]
fn ten_megabytes_of_content_are_read() {
    let content = "x".repeat(10 << 20);
    let input = format!(
        r#"{{"session_id":"s","hook_event_name":"PreToolUse","tool_name":"Write","tool_input":{{"file_path":"/r/../../etc/passwd","content":"{content}"}}}}"#
    );
    let event = read("claude", input.as_bytes(), false).expect("an event").event;
    let edits = edited(&event.what);
    assert_eq!(edits[0].0, "/r/../../etc/passwd", "a path is judged by whoever knows the repository");
    assert!(matches!(edits[0].1, EditChange::Whole(bytes) if bytes.len() == 10 << 20));
}

#[test]
fn broken_patches_are_read_as_far_as_they_go() {
    for (patch, count) in [
        ("", 0),
        ("*** Begin Patch", 0),
        ("*** Begin Patch\n+x\n@@\n*** Update File: a\n", 1),
        ("*** Begin Patch\n*** Add File: \n*** Update File: b\n-x", 1),
        ("*** Begin Patch\n*** Move to: x\n*** End Patch", 0),
        ("*** Begin Patch\n*** Update File: é\nü\n", 1),
    ] {
        assert_eq!(patch::edits(patch).len(), count, "{patch}");
    }
}
