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
    assert!(!passed && said.contains("claimed by auth") && !said.contains("ask your user"), "{said}");
    let (passed, said) = play.try_git("search", Some("s1"), &["commit", "-qam", "x"]);
    assert!(!passed && said.contains("(ask your user first)"), "{said}");
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

/// The branch of `auth` lands on main as `how` says, after a commit under a claim.
fn land(how: &[&[&str]]) -> Play {
    let play = Play::new();
    assert_eq!(play.coord("auth", &["claim", "src"]).0, 0);
    play.edit_line("auth", "src/b.txt", 3, "auth");
    play.git("auth", &["commit", "-qam", "work"]);
    assert_eq!(play.coord("search", &["claim", "src/b.txt"]).0, 1, "it has not landed yet");
    for arguments in how {
        play.git("main", arguments);
    }
    play
}

#[test]
fn a_claim_ends_as_its_branch_lands_in_whatever_form() {
    for how in [
        &[&["merge", "-q", "--ff-only", "auth"][..]][..],
        &[&["merge", "-q", "--no-ff", "-m", "merge", "auth"]],
        &[&["merge", "-q", "--squash", "auth"], &["commit", "-qm", "squashed"]],
    ] {
        let play = land(how);
        let (code, said) = play.coord("search", &["claim", "src/b.txt"]);
        assert_eq!(code, 0, "{how:?}: {said}");
        assert!(play.coord("main", &["log"]).1.contains("landed"), "{how:?}");
    }
}

#[test]
fn a_claim_outlasts_a_branch_that_only_caught_up() {
    let play = Play::new();
    assert_eq!(play.coord("auth", &["claim", "src"]).0, 0);
    play.edit_line("main", "a.txt", 3, "main");
    play.git("main", &["commit", "-qam", "meanwhile"]);
    play.git("auth", &["merge", "-q", "--ff-only", "main"]);
    assert_eq!(play.coord("search", &["claim", "src/b.txt"]).0, 1, "nothing of auth's has landed");
    play.edit_line("auth", "src/b.txt", 3, "auth");
    play.git("auth", &["commit", "-qam", "work"]);
    play.git("auth", &["reset", "-q", "--hard", "main"]);
    assert_eq!(play.coord("search", &["claim", "src/b.txt"]).0, 1, "it was thrown away, and did not land");
}

#[test]
fn what_was_committed_before_the_claim_lands_with_it() {
    let play = Play::new();
    play.edit_line("auth", "src/b.txt", 3, "auth");
    play.git("auth", &["commit", "-qam", "work"]);
    assert_eq!(play.coord("auth", &["claim", "src"]).0, 0);
    assert_eq!(play.coord("search", &["claim", "src/b.txt"]).0, 1);
    play.git("main", &["merge", "-q", "--ff-only", "auth"]);
    assert_eq!(play.coord("search", &["claim", "src/b.txt"]).0, 0);
}

#[test]
fn a_claim_ends_with_the_process_of_its_session() {
    let play = Play::new();
    let mut agent = play.command("tail", "search").args(["-f", "/dev/null"]).spawn().expect("tail runs");
    let pid = agent.id().to_string();
    assert_eq!(play.coord("search", &["session", "start", "s1", "--pid", &pid]).0, 0);
    let claimed =
        play.command(env!("CARGO_BIN_EXE_coord"), "search").args(["claim", "src"]).env("COORD_SESSION", "s1").output();
    assert!(claimed.expect("coord runs").status.success());
    assert_eq!(play.coord("auth", &["claim", "src"]).0, 1, "it lives");
    let (code, said) = play.coord("auth", &["check", "src/b.txt"]);
    assert!(code == 1 && said.contains("src/b.txt is claimed"), "{said}");
    agent.kill().expect("it runs");
    agent.wait().expect("it ends");
    assert_eq!(play.coord("auth", &["check", "src/b.txt"]).0, 0, "before anybody swept it");
    assert_eq!(play.coord("auth", &["claim", "src"]).0, 0, "it is dead");
}

/// Somebody who had changed the path before is warned of, and not bound.
#[test]
fn a_claim_on_changed_paths_says_so_and_binds_not_those_who_changed_them() {
    let play = Play::new();
    assert_eq!(play.coord("main", &["install"]).0, 0);
    play.edit_line("search", "src/b.txt", 3, "search");
    play.git("search", &["commit", "-qam", "first"]);
    let (code, said) = play.coord("auth", &["claim", "src"]);
    assert!(code == 0 && said.contains("search"), "{said}");
    let claimed = play.coord("auth", &["--json", "claim", "src"]).1;
    let claimed: Value = serde_json::from_str(&claimed).expect("JSON");
    assert_eq!(claimed["already_changed"][0]["instance"], "search", "{claimed}");
    play.edit_line("search", "src/b.txt", 30, "search goes on");
    assert!(play.try_git("search", None, &["commit", "-qam", "second"]).0);
    play.edit_line("main", "src/b.txt", 30, "main");
    assert!(!play.try_git("main", None, &["commit", "-qam", "x"]).0, "everybody else is");
}

#[test]
fn patterns_count_from_where_they_are_typed() {
    let play = Play::new();
    for (typed, meant) in [("b.txt", "src/b.txt"), ("*.txt", "src/*.txt"), ("../a.txt", "a.txt"), (":/a.txt", "a.txt")]
    {
        let claimed = play.coord("auth/src", &["--json", "claim", typed]).1;
        let claimed: Value = serde_json::from_str(&claimed).expect("JSON");
        assert_eq!(claimed["claims"][0]["paths"], json!([meant]), "{typed}");
    }
    assert_eq!(play.coord("auth/src", &["release", "b.txt"]).1, "released src/b.txt (token 1)\n");
}

#[test]
fn what_is_too_much_or_elsewhere_is_refused_with_the_reason() {
    let play = Play::new();
    let long = "a".repeat(2_000);
    for (pattern, why) in [
        ("**", "whole repository"),
        ("*", "whole repository"),
        (".", "whole repository"),
        ("/etc/passwd", "outside"),
        ("../../etc/passwd", "outside"),
        ("", "empty"),
        ("src/../..", "outside"),
        (".git/config", "cannot track"),
        (r"C:\x", "another system"),
        ("[", "do not close"),
        (&long, ""),
    ] {
        let (code, said) = play.coord("auth", &["claim", "a.txt", pattern]);
        assert!(code == 2 && said.contains(why), "{pattern}: {said}");
    }
    assert_eq!(play.coord("auth", &["claims"]).1, "nothing is claimed.\n", "all or nothing");
}

/// A session that named no process lives by its heartbeat, and so do its claims, whoever looks first: the next who claims,
/// or a look at the board that sweeps the session away.
#[test]
fn a_claim_ends_when_nobody_heard_of_its_session() {
    for look in [&["claims"][..], &["status"]] {
        let play = Play::new();
        assert_eq!(play.coord("search", &["session", "start", "s1"]).0, 0);
        let claimed = play
            .command(env!("CARGO_BIN_EXE_coord"), "search")
            .args(["claim", "src"])
            .env("COORD_SESSION", "s1")
            .output();
        assert!(claimed.expect("coord runs").status.success());
        assert_eq!(play.coord("auth", look).0, 0);
        assert_eq!(play.coord("auth", &["claim", "src"]).0, 1, "it beat just now");
        let record = play.at("main").join(".git/coord/records/session%3as1.json");
        let mut text: Value = serde_json::from_slice(&std::fs::read(&record).expect("there")).expect("JSON");
        text["heartbeat"] = "2026-01-31T14:30:00Z".into();
        std::fs::write(&record, text.to_string()).expect("written");
        assert_eq!(play.coord("auth", look).0, 0);
        assert_eq!(play.coord("auth", &["claim", "src"]).0, 0, "{look:?}");
    }
}
