//! Sessions: told apart in one checkout, and heard of by others.

use serde_json::{Value, json};

use crate::world::{Play, context};

#[test]
fn sessions_of_one_checkout_are_told_apart() {
    let play = Play::new();
    assert_eq!(play.coord("main", &["install"]).0, 0);
    for (session, file) in [("s1", "one.txt"), ("s2", "two.txt")] {
        std::fs::write(play.at("search").join(file), "x").expect("written");
        let input = json!({"file_path": play.at("search").join(file), "content": "x"});
        play.claude("search", session, "PostToolUse", &json!({"tool_name": "Write", "tool_input": input}));
    }
    let bash = |session: &str, command: &str| {
        play.claude("search", session, "PreToolUse", &json!({"tool_name": "Bash", "tool_input": {"command": command}}))
    };
    assert!(context(&bash("s2", "git stash -u")).contains("one.txt of the claude session s1"));
    for command in ["cd .. && git -C search checkout .", "cd src; git clean -fd ..", "git commit -am all"] {
        assert!(context(&bash("s2", command)).contains("one.txt of the claude session s1"), "{command}");
    }
    assert_eq!(bash("s2", "git clean -fd src"), Value::Null, "nothing of theirs is there");
    assert_eq!(bash("s2", "git checkout a.txt"), Value::Null, "one file, and not theirs");
    assert!(context(&bash("s2", "git checkout one.txt")).contains("throw away"));
    assert!(context(&bash("s2", "git checkout main")).contains("change the branch under"));
    assert_eq!(bash("s2", "git -C ../auth reset --hard"), Value::Null, "another checkout");
    assert_eq!(bash("s2", "git add two.txt"), Value::Null);
    assert_eq!(bash("s2", "git status"), Value::Null);
    play.git("search", &["add", "-A"]);
    play.git("main", &["config", "coord.sharedCheckout", "block"]);
    assert_eq!(bash("s2", "git commit -am all")["hookSpecificOutput"]["permissionDecision"], "deny");
    let (passed, said) = play.try_git("search", Some("s2"), &["commit", "-qm", "sweep"]);
    assert!(!passed && said.contains("one.txt") && said.contains("git restore --staged"), "{said}");
    assert!(play.try_git("search", None, &["commit", "-qm", "sweep"]).0, "who cannot be told is not blocked");
}

#[test]
fn the_other_hears_of_a_new_conflict_once() {
    let play = Play::new();
    play.edit_line("auth", "a.txt", 10, "auth");
    play.edit_line("search", "a.txt", 10, "search");
    play.edit("search", "s1", "PostToolUse", "a.txt", "line 10\n");
    let prompt = || play.claude("auth", "s2", "UserPromptSubmit", &json!({"prompt": "go on"}));
    assert!(context(&prompt()).contains("search conflicts with the work here in a.txt"));
    assert_eq!(prompt(), Value::Null);
}

#[test]
fn a_session_may_be_declared_by_hand() {
    let play = Play::new();
    let (code, said) = play.coord("search", &["session", "start", "s1", "--task", "Search index", "--agent", "vim"]);
    assert_eq!((code, said.as_str()), (0, "s1 here\n"));
    assert!(play.coord("auth", &["status"]).1.contains("\"Search index\""));
    let entry = |play: &Play| {
        let board = play.board();
        board["active_instances"].as_array().into_iter().flatten().find(|entry| entry["id"] == "search").cloned()
    };
    let shown = entry(&play).expect("on the board");
    assert_eq!((&shown["task"], &shown["status"]), (&json!("Search index"), &json!("in_progress")));
    assert_eq!(play.coord("search", &["session", "beat", "s1", "--task", "Ranking"]).0, 0);
    assert!(play.coord("auth", &["status"]).1.contains("\"Ranking\""));
    let (code, said) = play.coord("search", &["session", "start"]);
    assert!(code == 2 && said.contains("COORD_SESSION"), "{said}");
    assert_eq!(play.coord("search", &["session", "start", "no words"]).0, 2);
    assert_eq!(
        play.coord("search", &["--json", "session", "end", "s1"]).1.trim(),
        r#"{"version": 1, "session": "s1", "state": "ended"}"#
    );
    play.coord("auth", &["status"]);
    assert_eq!(entry(&play), None, "nobody is at work there");
    assert_eq!(play.coord("search", &["session", "end", "s1"]).1, "s1 unknown\n");
}

#[test]
fn a_new_conflict_stands_on_the_board_and_in_the_status_until_it_is_over() {
    let play = Play::new();
    assert_eq!(play.coord("main", &["install"]).0, 0);
    for worktree in ["auth", "search"] {
        play.edit_line(worktree, "a.txt", 10, worktree);
    }
    play.git("auth", &["commit", "-qam", "work"]);
    let of = |play: &Play, id: &str| {
        let board = play.board();
        let entries = board["active_instances"].as_array().cloned().unwrap_or_default();
        entries.into_iter().find(|entry| entry["id"] == id).map_or(Value::Null, |entry| entry["conflicts_with"].clone())
    };
    let (_, said) = play.coord("search", &["status"]);
    assert!(said.contains("auth conflicts with search in a.txt"), "{said}");
    assert_eq!((of(&play, "auth"), of(&play, "search")), (json!(["search"]), json!(["auth"])));
    play.git("search", &["checkout", "-q", "a.txt"]);
    play.git("auth", &["reset", "-q", "--hard", "main"]);
    let (_, said) = play.coord("search", &["status"]);
    assert!(!said.contains("conflicts with"), "{said}");
}

/// Whoever commits by hand has no agent whose hook could tell the other side.
#[test]
fn a_commit_by_hand_alerts_the_others_agents_once() {
    let play = Play::new();
    assert_eq!(play.coord("main", &["install"]).0, 0);
    play.edit_line("auth", "a.txt", 10, "auth");
    play.edit_line("search", "a.txt", 10, "search");
    play.git("search", &["commit", "-qam", "work"]);
    let prompt =
        |worktree: &str, session: &str| play.claude(worktree, session, "UserPromptSubmit", &json!({"prompt": "go on"}));
    let told = prompt("auth", "s1");
    assert!(context(&told).contains("search conflicts with the work here in a.txt"), "{told}");
    let command = context(&told).split('`').nth(1).expect("a command");
    let words: Vec<&str> = command.split(' ').skip(1).collect();
    let (code, said) = play.coord("auth", &words);
    assert!(code == 0 && said.contains("a.txt"), "{command}: {said}");
    assert_eq!(prompt("auth", "s1"), Value::Null, "once");
    play.edit_line("search", "a.txt", 10, "search again");
    play.edit("search", "s2", "PostToolUse", "a.txt", "line 10\n");
    assert_eq!(prompt("auth", "s1"), Value::Null, "still the same conflict");
}

/// Cursor hears nothing before an edit or at a prompt: an alert waits for a call whose answer reaches it.
#[test]
fn an_alert_waits_until_it_can_be_heard() {
    let play = Play::new();
    play.edit_line("auth", "a.txt", 10, "auth");
    play.edit_line("search", "a.txt", 10, "search");
    play.edit("search", "s1", "PostToolUse", "a.txt", "line 10\n");
    let cursor = |name: &str| {
        let input = json!({"file_path": play.at("auth").join("src/b.txt"), "content": "x"});
        let payload = json!({"conversation_id": "u1", "workspace_roots": [play.at("auth")], "cursor_version": "2",
            "hook_event_name": name, "tool_name": "Write", "tool_input": input, "prompt": "go on"});
        play.hook("cursor", &payload)
    };
    assert_eq!(cursor("beforeSubmitPrompt"), Value::Null);
    assert_eq!(cursor("preToolUse"), Value::Null);
    let told = cursor("postToolUse");
    assert!(
        told["additional_context"].as_str().is_some_and(|text| text.contains("conflicts with the work here")),
        "{told}"
    );
    assert_eq!(cursor("postToolUse"), Value::Null, "once");
}
