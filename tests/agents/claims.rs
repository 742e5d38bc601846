//! Claims, from being taken to their end, as agents and commits meet them.

use serde_json::{Value, json};

use crate::world::Play;

#[test]
fn only_a_claim_denies_and_it_stops_the_commit_too() {
    let play = Play::new();
    assert!(play.coord("main", &["install"]).0 == 0);
    let (code, said) = play.coord("auth", &["claim", "src", "--task", "Login"]);
    assert_eq!(code, 0, "{said}");
    assert!(play.at("main").join(".claude/runtime/locks/src.lock").is_file());
    let (code, said) = play.coord("search", &["claim", "docs", "src/b.txt"]);
    assert!(code == 1 && said.contains("auth") && said.contains("Login") && said.contains("token 1"), "{said}");
    let denied = play.edit("search", "s1", "PreToolUse", "src/b.txt", "line 3\n");
    assert_eq!(denied["hookSpecificOutput"]["permissionDecision"], "deny", "{denied}");
    assert_eq!(play.edit("auth", "s2", "PreToolUse", "src/b.txt", "line 3\n"), Value::Null, "its own");
    play.edit_line("search", "src/b.txt", 3, "mine");
    let (passed, said) = play.try_git("search", None, &["commit", "-qam", "x"]);
    assert!(!passed && said.contains("claimed by auth"), "{said}");
    assert_eq!(play.coord("auth", &["release"]).0, 0);
    assert!(play.try_git("search", None, &["commit", "-qam", "x"]).0);
    assert!(!play.at("main").join(".claude/runtime/locks/src.lock").exists());
    let status = play.git("main", &["status", "--porcelain"]);
    assert!(status.stdout.is_empty(), "nothing of coord's is ever seen by git");
}

#[test]
fn a_claim_ends_with_its_worktree_and_with_its_session() {
    let play = Play::new();
    assert_eq!(play.coord("auth", &["claim", "src"]).0, 0);
    play.git("main", &["worktree", "remove", "--force", "../auth"]);
    assert_eq!(play.coord("search", &["claim", "src"]).0, 0, "the worktree is gone");
    assert_eq!(play.coord("search", &["release"]).0, 0);
    play.claude("search", "s1", "SessionStart", &json!({"source": "startup"}));
    let claimed =
        play.command(env!("CARGO_BIN_EXE_coord"), "search").args(["claim", "src"]).env("COORD_SESSION", "s1").output();
    assert!(claimed.expect("coord runs").status.success());
    assert_eq!(play.coord("main", &["claim", "src"]).0, 1);
    play.claude("search", "s1", "SessionEnd", &json!({"reason": "other"}));
    assert_eq!(play.coord("main", &["claim", "src"]).0, 0, "the session is over");
}

#[test]
fn who_slept_past_its_lease_is_stopped_if_somebody_took_it() {
    let play = Play::new();
    assert_eq!(play.coord("main", &["install"]).0, 0);
    assert_eq!(play.coord("auth", &["claim", "src/b.txt", "--ttl", "1s"]).0, 0);
    // The lease must really run out: this waits for the holder's claim to end, as anybody would.
    assert_eq!(play.coord("search", &["claim", "src/b.txt", "--wait", "30s"]).0, 0);
    assert_eq!(play.coord("search", &["release"]).0, 0);
    play.edit_line("auth", "src/b.txt", 3, "late");
    let (passed, said) = play.try_git("auth", None, &["commit", "-qam", "x"]);
    assert!(!passed && said.contains("coord release 1"), "{said}");
    assert_eq!(play.coord("auth", &["release", "1"]).0, 0);
    assert!(play.try_git("auth", None, &["commit", "-qam", "x"]).0);
}
