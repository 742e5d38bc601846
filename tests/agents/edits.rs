//! What agents hear before and after an edit, each in its own protocol.

use serde_json::{Value, json};

use crate::world::{Play, context};

#[test]
fn an_edit_meets_facts_once_and_silence_where_it_is_clear() {
    let play = Play::new();
    play.edit_line("auth", "a.txt", 10, "auth was here");
    let near = play.edit("search", "s1", "PreToolUse", "a.txt", "line 10\n");
    assert!(context(&near).contains("same lines") && context(&near).contains("auth was here"), "{near}");
    assert_eq!(play.edit("search", "s1", "PreToolUse", "a.txt", "line 10\n"), Value::Null, "once");
    let far = play.edit("search", "s2", "PreToolUse", "a.txt", "line 30\n");
    assert!(context(&far).contains("does not touch those lines"), "{far}");
    assert_eq!(play.edit("search", "s2", "PreToolUse", "src/b.txt", "line 30\n"), Value::Null, "nobody is there");
    play.edit_line("auth", "a.txt", 10, "auth came again");
    assert!(
        context(&play.edit("search", "s1", "PreToolUse", "a.txt", "line 10\n")).contains("came again"),
        "a new version"
    );
}

#[test]
fn hostile_payloads_are_silence() {
    let play = Play::new();
    play.edit_line("auth", "a.txt", 10, "auth");
    assert_eq!(play.coord("auth", &["claim", "src"]).0, 0);
    let top = play.at("search");
    for path in [
        "/etc/passwd".to_owned(),
        "/nonexistent/x".to_owned(),
        format!("{}/../../../../etc/passwd", top.display()),
        format!("{}/.git/config", play.at("main").display()),
        format!("{}/.git", top.display()),
        format!("{}", top.display()),
        "\u{7}".to_owned(),
        "x".repeat(100_000),
    ] {
        let input = json!({"file_path": path, "old_string": "a", "new_string": "b"});
        let answer = play.claude("search", "s1", "PreToolUse", &json!({"tool_name": "Edit", "tool_input": input}));
        assert_eq!(answer, Value::Null, "{}", &path[..path.len().min(80)]);
    }
    // A file of another worktree than the session's is judged where it lies.
    let input = json!({"file_path": play.at("main").join("src/b.txt"), "content": "x"});
    let answer = play.claude("auth", "s9", "PreToolUse", &json!({"tool_name": "Write", "tool_input": input}));
    assert_eq!(answer["hookSpecificOutput"]["permissionDecision"], "deny");
    let input = json!({"file_path": top.join("big.txt"), "content": "x".repeat(10 << 20)});
    assert_eq!(
        play.claude("search", "s1", "PreToolUse", &json!({"tool_name": "Write", "tool_input": input})),
        Value::Null
    );
}

#[test]
fn the_other_agents_hear_the_same() {
    let play = Play::new();
    play.edit_line("auth", "a.txt", 10, "auth");
    assert_eq!(play.coord("auth", &["claim", "src"]).0, 0);
    let cwd = play.at("search");
    let patch = "*** Begin Patch\n*** Update File: src/b.txt\n@@\n-line 3\n+x\n*** End Patch\n";
    let codex = play.hook(
        "codex",
        &json!({"session_id": "c1", "cwd": cwd, "hook_event_name": "PreToolUse",
        "tool_name": "apply_patch", "tool_input": {"command": patch}}),
    );
    assert_eq!(codex["hookSpecificOutput"]["permissionDecision"], "deny");
    let gemini = play.hook("gemini", &json!({"session_id": "g1", "cwd": cwd, "hook_event_name": "BeforeTool",
        "tool_name": "replace", "tool_input": {"file_path": cwd.join("src/b.txt"), "old_string": "line 3", "new_string": "x"}}));
    assert_eq!(gemini["decision"], "deny");
    let cursor = play.hook(
        "claude",
        &json!({"conversation_id": "u1", "workspace_roots": [cwd], "cursor_version": "2",
        "hook_event_name": "preToolUse", "tool_name": "Write",
        "tool_input": {"file_path": cwd.join("src/b.txt"), "content": "x"}}),
    );
    assert_eq!(cursor["permission"], "deny");
    // Those who cannot be told before an edit are told after it.
    play.edit_line("search", "a.txt", 10, "search");
    let told = play.hook(
        "gemini",
        &json!({"session_id": "g1", "cwd": cwd, "hook_event_name": "AfterTool",
        "tool_name": "write_file", "tool_input": {"file_path": cwd.join("a.txt"), "content": "whole"}}),
    );
    assert!(context(&told).contains("auth"), "{told}");
}

#[test]
fn agents_are_set_up_and_taken_out_byte_for_byte() {
    let play = Play::new();
    let mine = "{\n  // mine\n  \"model\": \"opus\",\n  \"hooks\": {\"Stop\": [{\"hooks\": []}]}\n}\n";
    let settings = play.at("main").join(".claude/settings.local.json");
    std::fs::create_dir_all(settings.parent().expect("a folder")).expect("made");
    std::fs::write(&settings, mine).expect("written");
    let (code, said) = play.coord("auth", &["install", "--agent", "all"]);
    assert_eq!(code, 0, "{said}");
    let put = std::fs::read_to_string(&settings).expect("there");
    assert!(put.contains("// mine") && put.contains("PreToolUse"), "{put}");
    assert_eq!(play.coord("main", &["install", "--agent", "all"]).0, 0);
    assert_eq!(std::fs::read_to_string(&settings).expect("there"), put, "idempotent");
    let (_, said) = play.coord("main", &["doctor"]);
    assert!(said.contains("claude calls coord, which answers") && said.contains("gemini calls coord"), "{said}");
    assert!(!play.coord("main", &["log"]).1.contains("coord-doctor"), "nobody hears of a rehearsal");
    assert_eq!(play.coord("main", &["uninstall"]).0, 0);
    assert_eq!(std::fs::read_to_string(&settings).expect("there"), mine);
    for gone in [".codex", ".gemini", ".cursor", ".github"] {
        assert!(!play.at("main").join(gone).exists(), "{gone}");
    }
    assert_eq!(play.coord("main", &["install", "--agent", "nobody"]).0, 2);
}

#[test]
fn the_user_is_asked_only_where_there_is_one() {
    let play = Play::new();
    play.git("main", &["config", "coord.agentOverlap", "ask"]);
    play.edit_line("auth", "a.txt", 10, "auth");
    let edit = |session: &str, mode: &str, line: &str| {
        let input = json!({"file_path": play.at("search").join("a.txt"), "old_string": line, "new_string": "edited\n"});
        let fields = json!({"tool_name": "Edit", "tool_input": input, "permission_mode": mode});
        play.claude("search", session, "PreToolUse", &fields)
    };
    let asked = edit("s1", "default", "line 10\n");
    assert_eq!(asked["hookSpecificOutput"]["permissionDecision"], "ask", "{asked}");
    assert!(asked["hookSpecificOutput"]["permissionDecisionReason"].as_str().expect("why").contains("auth"), "{asked}");
    let far = edit("s2", "default", "line 30\n");
    assert_eq!(far["hookSpecificOutput"]["permissionDecision"], Value::Null, "another line is a fact: {far}");
    for (n, mode) in ["bypassPermissions", "dontAsk", "auto"].iter().enumerate() {
        let told = edit(&format!("u{n}"), mode, "line 10\n");
        assert_eq!(told["hookSpecificOutput"]["permissionDecision"], Value::Null, "{mode}: {told}");
        assert!(context(&told).contains("same lines"), "{mode}: {told}");
    }
}

#[test]
fn claims_that_cannot_be_read_deny_nothing_and_hide_no_fact() {
    let play = Play::new();
    assert_eq!(play.coord("auth", &["claim", "src"]).0, 0);
    play.edit_line("auth", "a.txt", 10, "auth was here");
    std::fs::write(play.at("main").join(".git/coord/claims.json"), "garbage").expect("written");
    assert_eq!(play.edit("search", "s1", "PreToolUse", "src/b.txt", "line 3\n"), Value::Null);
    assert!(context(&play.edit("search", "s1", "PreToolUse", "a.txt", "line 10\n")).contains("auth was here"));
    assert!(play.coord("main", &["log"]).1.contains("claims.json cannot be understood"));
    let (code, said) = play.coord("search", &["claim", "docs"]);
    assert!(code == 2 && said.contains("claims.json"), "{said}");
    let (_, said) = play.coord("search", &["doctor"]);
    assert!(said.contains("the claims stop nobody") && said.contains("move that file away"), "{said}");
}

/// A sandbox may keep an agent from writing where coord keeps its state. Here something lies in the lock's place, which
/// stops even root.
#[test]
fn who_cannot_write_is_told_all_the_same() {
    let play = Play::new();
    play.edit_line("auth", "a.txt", 10, "auth was here");
    std::fs::create_dir_all(play.at("main").join(".git/coord/lock")).expect("made");
    let told = play.edit("search", "s1", "PreToolUse", "a.txt", "line 10\n");
    assert!(context(&told).contains("auth was here"));
    assert!(!play.at("main").join(".git/coord/records").exists(), "nothing could be recorded");
    assert_eq!(play.coord("search", &["claim", "src"]).0, 2, "a claim that is not on disk was not granted");
}

#[test]
fn an_edit_meets_what_another_changed_where_main_moved_the_file() {
    let play = Play::new();
    play.git("main", &["mv", "a.txt", "moved.txt"]);
    play.git("main", &["commit", "-q", "-m", "Move"]);
    play.git("search", &["reset", "-q", "--hard", "main"]);
    play.edit_line("search", "moved.txt", 10, "search was here");
    let met = play.edit("auth", "s1", "PreToolUse", "a.txt", "line 10\n");
    assert!(context(&met).contains("same lines") && context(&met).contains("search was here"), "{met}");
    play.edit_line("auth", "a.txt", 30, "auth was here");
    let met = play.edit("search", "s2", "PreToolUse", "moved.txt", "line 30\n");
    assert!(context(&met).contains("same lines") && context(&met).contains("auth was here"), "{met}");
}
