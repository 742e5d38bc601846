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
