//! Agents, claims and sessions through the real binary, on real repositories.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use serde_json::{Value, json};

/// A repository with `a.txt` and `src/b.txt` of 40 lines each, and two worktrees beside it: `auth` and `search`.
struct Play {
    dir: tempfile::TempDir,
}

impl Play {
    fn new() -> Self {
        let play = Self { dir: tempfile::tempdir().expect("a temporary folder") };
        let main = play.at("main");
        std::fs::create_dir_all(main.join("src")).expect("made");
        let lines = (1..=40).map(|n| format!("line {n}\n")).collect::<Vec<_>>().concat();
        for file in ["a.txt", "src/b.txt"] {
            std::fs::write(main.join(file), &lines).expect("written");
        }
        for arguments in [
            &["init", "-q", "-b", "main"][..],
            &["add", "."],
            &["commit", "-qm", "first"],
            &["worktree", "add", "-q", "../auth", "-b", "auth"],
            &["worktree", "add", "-q", "../search", "-b", "search"],
        ] {
            play.git("main", arguments);
        }
        play
    }

    fn at(&self, worktree: &str) -> PathBuf {
        self.dir.path().canonicalize().expect("there").join(worktree)
    }

    fn command(&self, program: &str, worktree: &str) -> Command {
        let mut command = Command::new(program);
        let coord = Path::new(env!("CARGO_BIN_EXE_coord")).parent().expect("a folder");
        #[expect(clippy::disallowed_methods, reason = "the test's own surroundings")]
        let path = std::env::var_os("PATH").unwrap_or_default();
        let path = std::env::join_paths(std::iter::once(coord.to_owned()).chain(std::env::split_paths(&path)));
        command.current_dir(self.at(worktree)).env_clear().env("PATH", path.expect("no colon in it"));
        command.env("HOME", self.dir.path()).env("GIT_CONFIG_NOSYSTEM", "1").env("GIT_AUTHOR_NAME", "Ada");
        command.env("GIT_AUTHOR_EMAIL", "a@example.com").env("GIT_COMMITTER_NAME", "Ada");
        command.env("GIT_COMMITTER_EMAIL", "a@example.com");
        command
    }

    fn git(&self, worktree: &str, arguments: &[&str]) -> Output {
        let output = self.command("git", worktree).args(arguments).output().expect("git runs");
        assert!(output.status.success(), "git {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        output
    }

    fn try_git(&self, worktree: &str, session: Option<&str>, arguments: &[&str]) -> (bool, String) {
        let mut command = self.command("git", worktree);
        command.args(arguments).envs(session.map(|id| ("CLAUDE_CODE_SESSION_ID", id)));
        let output = command.output().expect("git runs");
        (output.status.success(), String::from_utf8_lossy(&output.stderr).into_owned())
    }

    fn coord(&self, worktree: &str, arguments: &[&str]) -> (i32, String) {
        let output = self.command(env!("CARGO_BIN_EXE_coord"), worktree).args(arguments).output().expect("coord runs");
        let text = [output.stdout, output.stderr].concat();
        (output.status.code().unwrap_or(-1), String::from_utf8_lossy(&text).into_owned())
    }

    fn edit_line(&self, worktree: &str, file: &str, line: usize, text: &str) {
        let path = self.at(worktree).join(file);
        let old = std::fs::read_to_string(&path).expect("there");
        let new =
            old.lines().zip(1..).map(|(kept, n)| if n == line { text } else { kept }).collect::<Vec<_>>().join("\n");
        std::fs::write(path, new + "\n").expect("written");
    }

    /// Calls `coord agent NAME` with the payload and gives back its answer; null for silence.
    fn hook(&self, agent: &str, payload: &Value) -> Value {
        let mut child = self
            .command(env!("CARGO_BIN_EXE_coord"), "main")
            .args(["agent", agent])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("coord runs");
        child.stdin.take().expect("piped").write_all(payload.to_string().as_bytes()).expect("it reads");
        let output = child.wait_with_output().expect("it ends");
        assert!(output.status.success() && output.stderr.is_empty(), "{}", String::from_utf8_lossy(&output.stderr));
        if output.stdout.is_empty() { Value::Null } else { serde_json::from_slice(&output.stdout).expect("JSON") }
    }

    fn claude(&self, worktree: &str, session: &str, name: &str, extra: &Value) -> Value {
        let mut payload = json!({"session_id": session, "cwd": self.at(worktree), "hook_event_name": name, "permission_mode": "default"});
        let fields = payload.as_object_mut().expect("an object");
        fields.extend(extra.as_object().cloned().unwrap_or_default());
        self.hook("claude", &payload)
    }

    fn edit(&self, worktree: &str, session: &str, name: &str, file: &str, old: &str) -> Value {
        let input = json!({"file_path": self.at(worktree).join(file), "old_string": old, "new_string": "edited\n"});
        self.claude(worktree, session, name, &json!({"tool_name": "Edit", "tool_input": input}))
    }
}

fn context(answer: &Value) -> &str {
    answer["hookSpecificOutput"]["additionalContext"].as_str().unwrap_or_else(|| panic!("no fact in {answer}"))
}

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
    assert_eq!(play.coord("main", &["uninstall"]).0, 0);
    assert_eq!(std::fs::read_to_string(&settings).expect("there"), mine);
    for gone in [".codex", ".gemini", ".cursor", ".github"] {
        assert!(!play.at("main").join(gone).exists(), "{gone}");
    }
    assert_eq!(play.coord("main", &["install", "--agent", "nobody"]).0, 2);
}

#[test]
fn the_tools_answer_over_the_model_context_protocol() {
    let play = Play::new();
    play.edit_line("auth", "a.txt", 10, "auth");
    play.edit_line("search", "a.txt", 10, "search");
    let call = |name: &str, arguments: Value| json!({"jsonrpc": "2.0", "id": name, "method": "tools/call", "params": {"name": name, "arguments": arguments}});
    let messages = [
        json!({"jsonrpc": "2.0", "id": 0, "method": "initialize", "params": {"protocolVersion": "2025-11-25"}}),
        call("coord_scan", json!({})),
        call("coord_check", json!({"paths": ["a.txt"]})),
        call("coord_diff", json!({"a": "auth", "b": "search"})),
        call("coord_claim", json!({"patterns": ["src"], "minutes": 5})),
        call("coord_claim", json!({"patterns": ["**"]})),
        call("coord_release", json!({})),
    ];
    let mut child = play
        .command(env!("CARGO_BIN_EXE_coord"), "search")
        .arg("mcp")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("coord runs");
    let text = messages.iter().map(|message| format!("{message}\n")).collect::<Vec<_>>().concat();
    child.stdin.take().expect("piped").write_all(text.as_bytes()).expect("it reads");
    let output = child.wait_with_output().expect("it ends");
    let answers: Vec<Value> =
        String::from_utf8_lossy(&output.stdout).lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    assert_eq!(answers.len(), messages.len());
    let found = |at: usize| &answers[at]["result"]["structuredContent"];
    assert_eq!(found(1)["summary"]["conflicting"], 1, "{}", answers[1]);
    assert_eq!(found(2)["paths"][0]["others"][0]["instance"], "auth", "{}", answers[2]);
    assert_eq!(found(3)["paths"][0]["grade"], "conflict", "{}", answers[3]);
    assert_eq!(found(4)["granted"], true, "{}", answers[4]);
    assert_eq!(answers[5]["result"]["isError"], true, "too broad");
    assert_eq!(found(6)["claims"][0]["paths"][0], "src", "{}", answers[6]);
}
