//! A repository with two worktrees, and agents that work in them.
//! Must not know: what any test looks for.

use std::ffi::OsString;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use serde_json::{Value, json};

/// The variable `name` of the tests' own environment.
#[expect(clippy::disallowed_methods, reason = "the tests' own switches; the program under test gets none of them")]
pub(crate) fn switch(name: &str) -> Option<OsString> {
    std::env::var_os(name).filter(|value| !value.is_empty())
}

/// Says on the real standard error that a test was not run; fails instead where `COORD_TEST_NO_SKIP` is set.
pub(crate) fn skip(what: &str) {
    assert!(switch("COORD_TEST_NO_SKIP").is_none(), "would skip, and COORD_TEST_NO_SKIP is set: {what}");
    writeln!(std::io::stderr(), "SKIPPED: {what}").expect("standard error is open");
}

/// A repository with `a.txt` and `src/b.txt` of 40 lines each, and two worktrees beside it: `auth` and `search`.
pub(crate) struct Play {
    dir: tempfile::TempDir,
}

impl Play {
    pub(crate) fn new() -> Self {
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

    pub(crate) fn at(&self, worktree: &str) -> PathBuf {
        self.dir.path().canonicalize().expect("there").join(worktree)
    }

    pub(crate) fn command(&self, program: impl AsRef<std::ffi::OsStr>, worktree: &str) -> Command {
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

    pub(crate) fn git(&self, worktree: &str, arguments: &[&str]) -> Output {
        let output = self.command("git", worktree).args(arguments).output().expect("git runs");
        assert!(output.status.success(), "git {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        output
    }

    pub(crate) fn try_git(&self, worktree: &str, session: Option<&str>, arguments: &[&str]) -> (bool, String) {
        let mut command = self.command("git", worktree);
        command.args(arguments).envs(session.map(|id| ("CLAUDE_CODE_SESSION_ID", id)));
        let output = command.output().expect("git runs");
        (output.status.success(), String::from_utf8_lossy(&output.stderr).into_owned())
    }

    pub(crate) fn coord(&self, worktree: &str, arguments: &[&str]) -> (i32, String) {
        let output = self.command(env!("CARGO_BIN_EXE_coord"), worktree).args(arguments).output().expect("coord runs");
        let text = [output.stdout, output.stderr].concat();
        (output.status.code().unwrap_or(-1), String::from_utf8_lossy(&text).into_owned())
    }

    pub(crate) fn board(&self) -> Value {
        let file = self.at("main").join(".claude/runtime/ACTIVE-TASKS.json");
        serde_json::from_slice(&std::fs::read(file).expect("published")).expect("JSON")
    }

    pub(crate) fn edit_line(&self, worktree: &str, file: &str, line: usize, text: &str) {
        let path = self.at(worktree).join(file);
        let old = std::fs::read_to_string(&path).expect("there");
        let new =
            old.lines().zip(1..).map(|(kept, n)| if n == line { text } else { kept }).collect::<Vec<_>>().join("\n");
        std::fs::write(path, new + "\n").expect("written");
    }

    /// Calls `coord agent NAME` with the payload and gives back its answer; null for silence.
    pub(crate) fn hook(&self, agent: &str, payload: &Value) -> Value {
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

    pub(crate) fn claude(&self, worktree: &str, session: &str, name: &str, extra: &Value) -> Value {
        let mut payload = json!({"session_id": session, "cwd": self.at(worktree), "hook_event_name": name, "permission_mode": "default"});
        let fields = payload.as_object_mut().expect("an object");
        fields.extend(extra.as_object().cloned().unwrap_or_default());
        self.hook("claude", &payload)
    }

    pub(crate) fn edit(&self, worktree: &str, session: &str, name: &str, file: &str, old: &str) -> Value {
        let input = json!({"file_path": self.at(worktree).join(file), "old_string": old, "new_string": "edited\n"});
        self.claude(worktree, session, name, &json!({"tool_name": "Edit", "tool_input": input}))
    }
}

pub(crate) fn context(answer: &Value) -> &str {
    answer["hookSpecificOutput"]["additionalContext"].as_str().unwrap_or_else(|| panic!("no fact in {answer}"))
}
