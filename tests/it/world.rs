//! A world of its own for one test: a temporary folder with a repository, worktrees, a home and the binary under test.
//! Must not know: what coord ought to answer; the tests say that.

use std::ffi::{OsStr, OsString};
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};

use serde_json::Value;
use tempfile::TempDir;

/// The file that most tests quarrel over: forty numbered lines.
pub(crate) const FILE: &str = "src/api.rs";

/// What Python scripts on a terminal begin with: `part` gives what came meanwhile, nothing after that many seconds, and
/// `None` at the end.
pub(crate) const PART: &str = r#"
import os, select
def part(terminal, wait):
    if not select.select([terminal], [], [], wait)[0]:
        return b""
    try:
        return os.read(terminal, 65536) or None
    except OSError:
        return None
"#;

/// The unprivileged user that takes over where the tests run as root, whom no permission stops.
const NOBODY: u32 = 65534;

/// Everything that happened in a world, printed whole when an assertion fails.
type Transcript = Arc<Mutex<String>>;

/// A temporary folder holding `repo` (the main worktree, on `main`), linked worktrees beside it, `home` and `bin`.
pub(crate) struct World {
    root: TempDir,
    variables: Vec<(OsString, OsString)>,
    transcript: Transcript,
    unprivileged: Mutex<bool>,
}

/// A folder of the world in which programs are run: a worktree, mostly.
#[derive(Clone)]
pub(crate) struct Place<'w> {
    /// The folder.
    pub(crate) dir: PathBuf,
    world: &'w World,
    variables: Vec<(OsString, Option<OsString>)>,
}

/// How a program ended and what it said.
pub(crate) struct Run {
    /// The exit code; -1 for a signal.
    pub(crate) code: i32,
    /// Standard output, lossy.
    pub(crate) stdout: String,
    /// Standard error, lossy.
    pub(crate) stderr: String,
    /// Standard output as it came.
    pub(crate) bytes: Vec<u8>,
    transcript: Transcript,
}

/// The variable `name` of the tests' own environment, which they hand on to nobody.
#[expect(clippy::disallowed_methods, reason = "the tests' own switches; the program under test gets none of them")]
pub(crate) fn switch(name: &str) -> Option<OsString> {
    std::env::var_os(name).filter(|value| !value.is_empty())
}

/// Says on the real standard error that a test, or a part of it, was not run; fails instead where
/// `COORD_TEST_NO_SKIP` is set.
pub(crate) fn skip(what: &str) {
    assert!(switch("COORD_TEST_NO_SKIP").is_none(), "would skip, and COORD_TEST_NO_SKIP is set: {what}");
    // Not the macro: that one is captured and shown for failing tests alone.
    writeln!(std::io::stderr(), "SKIPPED: {what}").expect("standard error is open");
}

/// Says on the real standard error that something is not tried because this machine's git or user cannot do it, which
/// nothing that could be installed would change.
pub(crate) fn lacks(what: &str) {
    writeln!(std::io::stderr(), "NOT TRIED HERE: {what}").expect("standard error is open");
}

/// `count` numbered lines.
pub(crate) fn lines(count: usize) -> String {
    (1..=count).fold(String::new(), |text, n| text + &format!("line {n}\n"))
}

impl World {
    /// An empty folder with a home and the binary, and no repository.
    pub(crate) fn empty() -> Self {
        Self::with_git(switch("COORD_TEST_GIT").map(PathBuf::from).as_deref())
    }

    /// The same, in which `git` is the given program.
    pub(crate) fn with_git(git: Option<&Path>) -> Self {
        let root = tempfile::Builder::new().prefix("coord-it-").tempdir().expect("a temporary folder");
        let real = fs::canonicalize(root.path()).expect("the folder is there");
        for dir in ["home", "bin", "tmp", "home/.config"] {
            fs::create_dir(real.join(dir)).expect("a fresh folder");
        }
        // Another build of it, such as a release.
        let binary = switch("COORD_TEST_BINARY").unwrap_or_else(|| env!("CARGO_BIN_EXE_coord").into());
        for name in ["coord", "git-coord"] {
            let source = Path::new(&binary).with_file_name(name);
            let here = real.join("bin").join(name);
            // A copy where the temporary folder is on another file system.
            fs::hard_link(&source, &here).or_else(|_| fs::copy(&source, &here).map(drop)).expect("the binary is built");
        }
        if let Some(git) = git {
            std::os::unix::fs::symlink(git, real.join("bin/git")).expect("a fresh name");
        }
        let mut path = OsString::from(real.join("bin"));
        path.push(":");
        path.push(switch("PATH").unwrap_or_else(|| "/usr/local/bin:/usr/bin:/bin".into()));
        let pair = |name: &str, value: &OsStr| (OsString::from(name), value.to_owned());
        let mut variables = vec![
            pair("PATH", &path),
            pair("HOME", real.join("home").as_os_str()),
            pair("XDG_CONFIG_HOME", real.join("home/.config").as_os_str()),
            pair("TMPDIR", real.join("tmp").as_os_str()),
        ];
        for (name, value) in [
            ("GIT_CONFIG_NOSYSTEM", "1"),
            ("GIT_CONFIG_GLOBAL", "/dev/null"),
            ("GIT_AUTHOR_NAME", "Ada"),
            ("GIT_AUTHOR_EMAIL", "ada@example.org"),
            ("GIT_COMMITTER_NAME", "Ada"),
            ("GIT_COMMITTER_EMAIL", "ada@example.org"),
            ("GIT_EDITOR", "true"),
            ("GIT_TERMINAL_PROMPT", "0"),
            ("LC_ALL", "C"),
            ("TERM", "dumb"),
            ("COORD_FOREGROUND", "1"),
            // A debug binary on a busy machine: only the tests of the deadline itself have a short one.
            ("COORD_DEADLINE", "60s"),
        ] {
            variables.push(pair(name, OsStr::new(value)));
        }
        Self { root, variables, transcript: Transcript::default(), unprivileged: Mutex::new(false) }
    }

    /// A repository with one commit on `main`: [`FILE`], `src/user.rs` and `README.md`; no hooks.
    pub(crate) fn new() -> Self {
        let world = Self::empty();
        world.seed(&[]);
        world
    }

    /// The same, with the hooks installed by `coord install`.
    pub(crate) fn installed() -> Self {
        let world = Self::new();
        world.main().coord(&["install"]).ok();
        world
    }

    /// With `auth` and `search`, which have both committed line 10 of [`FILE`].
    pub(crate) fn in_conflict() -> Self {
        let world = Self::new();
        for (name, text) in [("auth", "auth was here"), ("search", "search was here")] {
            world.worktree(name).commit_edit(10, text).ok();
        }
        world
    }

    /// Makes the repository and its first commit, with further options for `git init`.
    pub(crate) fn seed(&self, init: &[&str]) {
        self.init(init);
        let main = self.main();
        for path in [FILE, "src/user.rs", "README.md"] {
            main.write(path, lines(40));
        }
        main.commit("Begin").ok();
    }

    /// Makes the repository, without a commit.
    pub(crate) fn init(&self, options: &[&str]) {
        let dir = self.path("repo");
        fs::create_dir(&dir).expect("a fresh folder");
        let main = self.main();
        main.git(&[&["init", "-q", "-b", "main"], options].concat()).ok();
        main.git(&["config", "gc.auto", "0"]).ok();
        main.git(&["config", "maintenance.auto", "false"]).ok();
    }

    /// The world's folder.
    pub(crate) fn root(&self) -> PathBuf {
        fs::canonicalize(self.root.path()).expect("the folder is there")
    }

    /// A path in the world's folder.
    pub(crate) fn path(&self, name: impl AsRef<Path>) -> PathBuf {
        self.root().join(name)
    }

    /// The main worktree.
    pub(crate) fn main(&self) -> Place<'_> {
        self.at("repo")
    }

    /// Any folder of the world.
    pub(crate) fn at(&self, dir: impl AsRef<Path>) -> Place<'_> {
        Place { dir: self.path(dir), world: self, variables: Vec::new() }
    }

    /// A new linked worktree of that name, on a new branch of that name at `main`.
    pub(crate) fn worktree(&self, name: &str) -> Place<'_> {
        self.worktree_at(name, "main")
    }

    /// A new linked worktree of that name, on a new branch of that name at `start`.
    pub(crate) fn worktree_at(&self, name: &str, start: &str) -> Place<'_> {
        let dir = self.path(name);
        self.main().git(&["worktree", "add", "-q", "-b", name, &dir.to_string_lossy(), start]).ok();
        self.at(name)
    }

    /// The common git directory.
    pub(crate) fn common(&self) -> PathBuf {
        self.path("repo/.git")
    }

    /// coord's own folder in the common git directory.
    pub(crate) fn store(&self) -> PathBuf {
        self.common().join("coord")
    }

    /// The board's file.
    pub(crate) fn board_file(&self) -> PathBuf {
        self.path("repo/.claude/runtime/ACTIVE-TASKS.json")
    }

    /// The board, parsed.
    pub(crate) fn board(&self) -> Value {
        let bytes = fs::read(self.board_file()).unwrap_or_else(|error| self.fail(&format!("no board: {error}")));
        assert!(bytes.len() <= 10_240, "the board has {} bytes", bytes.len());
        serde_json::from_slice(&bytes).unwrap_or_else(|error| self.fail(&format!("the board is no JSON: {error}")))
    }

    /// The event log, as text, over all its files.
    pub(crate) fn events(&self) -> String {
        let mut text = String::new();
        for file in files_below(&self.store()) {
            if file.to_string_lossy().contains("events") {
                text += &String::from_utf8_lossy(&fs::read(&file).expect("a file just listed"));
            }
        }
        text
    }

    /// Puts a hook of the user's own into the repository.
    pub(crate) fn hook(&self, name: &str, body: &str) {
        let file = self.common().join("hooks").join(name);
        fs::create_dir_all(file.parent().expect("hooks")).expect("the git directory is writable");
        fs::write(&file, format!("#!/bin/sh\n{body}\n")).expect("the hooks folder is writable");
        executable(&file);
    }

    /// Hands everything over to a user whom permissions do stop, and runs programs as that user from now on.
    pub(crate) fn drop_privileges(&self) {
        use std::os::unix::fs::{MetadataExt as _, chown};
        let root = self.root();
        if fs::metadata(&root).expect("the folder is there").uid() == 0 {
            for file in everything_below(&root) {
                std::os::unix::fs::lchown(&file, Some(NOBODY), Some(NOBODY)).expect("root may give files away");
            }
            chown(&root, Some(NOBODY), Some(NOBODY)).expect("root may give files away");
            *self.unprivileged.lock().expect("no panic while held") = true;
        }
    }

    /// Fails the test, showing everything that happened.
    pub(crate) fn fail(&self, what: &str) -> ! {
        panic!("{what}\n--- what happened ---\n{}", self.transcript.lock().expect("no panic while held"))
    }
}

impl Place<'_> {
    /// The same place with one more variable set.
    pub(crate) fn with(&self, name: &str, value: impl AsRef<OsStr>) -> Self {
        let mut place = self.clone();
        place.variables.push((name.into(), Some(value.as_ref().to_owned())));
        place
    }

    /// The same place with one variable less.
    pub(crate) fn without(&self, name: &str) -> Self {
        let mut place = self.clone();
        place.variables.push((name.into(), None));
        place
    }

    /// A folder below this one.
    pub(crate) fn below(&self, dir: &str) -> Self {
        Self { dir: self.dir.join(dir), ..self.clone() }
    }

    /// A program to be run here, with the world's environment and nothing else.
    pub(crate) fn command(&self, program: &str) -> Command {
        let on_path = self.world.path("bin").join(program);
        let mut command = if on_path.exists() { Command::new(on_path) } else { Command::new(program) };
        command.env_clear().envs(self.world.variables.iter().cloned()).current_dir(&self.dir).stdin(Stdio::null());
        for (name, value) in &self.variables {
            match value {
                Some(value) => command.env(name, value),
                None => command.env_remove(name),
            };
        }
        if *self.world.unprivileged.lock().expect("no panic while held") {
            use std::os::unix::process::CommandExt as _;
            command.uid(NOBODY).gid(NOBODY);
        }
        command
    }

    /// Runs a program to its end.
    pub(crate) fn run<S: AsRef<OsStr>>(&self, program: &str, args: &[S]) -> Run {
        let mut command = self.command(program);
        let output = command.args(args).output().unwrap_or_else(|e| self.world.fail(&format!("{program}: {e}")));
        self.ended(program, args, &output)
    }

    /// Notes how a program ended, for programs that a test started by itself.
    pub(crate) fn ended<S: AsRef<OsStr>>(&self, program: &str, args: &[S], output: &std::process::Output) -> Run {
        let words: Vec<_> = args.iter().map(|a| a.as_ref().to_string_lossy()).collect();
        let run = Run {
            code: output.status.code().unwrap_or(-1),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
            bytes: output.stdout.clone(),
            transcript: Arc::clone(&self.world.transcript),
        };
        let at = self.dir.strip_prefix(self.world.root()).unwrap_or(&self.dir).display();
        let said = format!("{at}$ {program} {}\n{}{}[{}]\n", words.join(" "), run.stdout, run.stderr, run.code);
        self.world.transcript.lock().expect("no panic while held").push_str(&said);
        run
    }

    /// Runs git.
    pub(crate) fn git<S: AsRef<OsStr>>(&self, args: &[S]) -> Run {
        self.run("git", args)
    }

    /// Runs the binary under test.
    pub(crate) fn coord<S: AsRef<OsStr>>(&self, args: &[S]) -> Run {
        self.run("coord", args)
    }

    /// Runs a line of shell.
    pub(crate) fn sh(&self, script: &str) -> Run {
        self.run("sh", &["-c", script])
    }

    /// Runs coord with `--json` and parses what it says, whatever code it ends with.
    pub(crate) fn json(&self, args: &[&str]) -> Value {
        let run = self.coord(&[args, &["--json"]].concat());
        run.clean();
        serde_json::from_slice(&run.bytes).unwrap_or_else(|error| run.fail(&format!("no JSON: {error}")))
    }

    /// Writes a file, with its folders.
    pub(crate) fn write(&self, path: impl AsRef<Path>, content: impl AsRef<[u8]>) {
        let file = self.dir.join(path);
        fs::create_dir_all(file.parent().expect("a file in a folder")).expect("the worktree is writable");
        fs::write(file, content).expect("the worktree is writable");
    }

    /// Reads a file.
    pub(crate) fn read(&self, path: impl AsRef<Path>) -> String {
        String::from_utf8_lossy(&fs::read(self.dir.join(path)).expect("the file is there")).into_owned()
    }

    /// Replaces line `number` (from 1) of a file.
    pub(crate) fn edit(&self, path: &str, number: usize, text: &str) {
        let mut all: Vec<String> = self.read(path).lines().map(str::to_owned).collect();
        text.clone_into(&mut all[number - 1]);
        self.write(path, all.join("\n") + "\n");
    }

    /// Stages everything and commits.
    pub(crate) fn commit(&self, message: &str) -> Run {
        self.git(&["add", "-A"]).ok();
        self.git(&["commit", "-q", "-m", message])
    }

    /// Edits line `number` of [`FILE`] and commits.
    pub(crate) fn commit_edit(&self, number: usize, text: &str) -> Run {
        self.edit(FILE, number, text);
        self.commit(text)
    }

    /// The commit that `name` stands for.
    pub(crate) fn id(&self, name: &str) -> String {
        self.git(&["rev-parse", "--verify", name]).ok().stdout.trim().to_owned()
    }
}

impl Run {
    /// Asserts exit code 0.
    pub(crate) fn ok(self) -> Self {
        self.ends_with(0)
    }

    /// Asserts an exit code.
    pub(crate) fn ends_with(self, code: i32) -> Self {
        if self.code == code { self } else { self.fail(&format!("ended with {}, not {code}", self.code)) }
    }

    /// Asserts that it said `text`, on either stream.
    pub(crate) fn says(self, text: &str) -> Self {
        let found = self.stdout.contains(text) || self.stderr.contains(text);
        if found { self } else { self.fail(&format!("does not say {text:?}")) }
    }

    /// Asserts that it did not say `text`.
    pub(crate) fn says_not(self, text: &str) -> Self {
        let found = self.stdout.contains(text) || self.stderr.contains(text);
        if found { self.fail(&format!("says {text:?}")) } else { self }
    }

    /// Asserts that it ended well and said nothing.
    pub(crate) fn silent(self) -> Self {
        let run = self.ok();
        if run.stdout.is_empty() && run.stderr.is_empty() { run } else { run.fail("is not silent") }
    }

    /// Asserts that coord said exactly one line on standard error.
    pub(crate) fn one_line(self) -> Self {
        let count = self.stderr.lines().filter(|line| line.contains("coord")).count();
        if count == 1 { self } else { self.fail(&format!("says {count} lines of coord's, not one")) }
    }

    /// Asserts that this commit was blocked by coord, not by anything else.
    pub(crate) fn blocked(self) -> Self {
        self.ends_with(1).says("coord: ").says("COORD_SKIP=1")
    }

    /// Asserts that a commit went through with a warning of coord's.
    pub(crate) fn warned(self) -> Self {
        self.ok().says("coord: ").says_not("COORD_SKIP=1")
    }

    /// Asserts that nothing it said could move a terminal's cursor, colour it, or turn text round.
    pub(crate) fn clean(&self) {
        let text = String::from_utf8_lossy(&self.bytes);
        for (name, said) in [("stdout", text.as_ref()), ("stderr", self.stderr.as_str())] {
            if let Some(c) = said.chars().find(|&c| is_unsafe(c)) {
                self.fail(&format!("{name} holds the character U+{:04X}", u32::from(c)));
            }
        }
    }

    /// The command of a way out that begins with `start`, as a person would copy it.
    pub(crate) fn way_out(&self, start: &str) -> String {
        let Some(line) = self.stderr.lines().find(|line| line.contains(start)) else {
            self.fail(&format!("names no way out that begins with {start:?}"))
        };
        let command = &line[line.find(start).expect("just found")..];
        command.split("  ").next().unwrap_or(command).trim().to_owned()
    }

    /// Fails the test, showing everything that happened in the world.
    pub(crate) fn fail(&self, what: &str) -> ! {
        let said = self.transcript.lock().map_or_else(|poisoned| poisoned.into_inner().clone(), |text| text.clone());
        panic!("the last command {what}\n--- what happened ---\n{said}")
    }
}

/// Control characters and those that turn text round or hide in it.
fn is_unsafe(c: char) -> bool {
    (c.is_control() && c != '\n')
        || matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
}

/// The same place where the clock is off by so much (`+1h`), files keeping their times; `None` without libfaketime.
pub(crate) fn fake_clock<'w>(place: &Place<'w>, off: &str) -> Option<Place<'w>> {
    let library =
        ["/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1", "/usr/lib/aarch64-linux-gnu/faketime/libfaketime.so.1"];
    let library = library.iter().find(|file| Path::new(file).exists())?;
    let place = place.with("LD_PRELOAD", library).with("FAKETIME", off);
    Some(place.with("FAKETIME_DONT_FAKE_MONOTONIC", "1").with("NO_FAKE_STAT", "1"))
}

/// Makes a file executable.
pub(crate) fn executable(file: &Path) {
    use std::os::unix::fs::PermissionsExt as _;
    fs::set_permissions(file, fs::Permissions::from_mode(0o755)).expect("own file");
}

/// All files and folders below `dir`, links not followed; nothing where it is not there.
pub(crate) fn everything_below(dir: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut dirs = vec![dir.to_owned()];
    while let Some(dir) = dirs.pop() {
        for entry in fs::read_dir(&dir).into_iter().flatten().flatten() {
            let path = entry.path();
            if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                dirs.push(path.clone());
            }
            found.push(path);
        }
    }
    found.sort();
    found
}

/// All files below `dir`.
pub(crate) fn files_below(dir: &Path) -> Vec<PathBuf> {
    everything_below(dir).into_iter().filter(|path| path.is_file()).collect()
}

/// Every file of `dir` with its content, to compare before and after; coord's own files left out.
pub(crate) fn contents(dir: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let own = |path: &Path| {
        let text = path.to_string_lossy();
        text.contains("/.git/coord/") || text.contains("/.claude/") || text.ends_with("/info/exclude")
    };
    let read = |path: PathBuf| {
        let bytes = fs::read(&path).unwrap_or_default();
        (path, bytes)
    };
    files_below(dir).into_iter().filter(|path| !own(path)).map(read).collect()
}

/// The instance of that id in a scan.
pub(crate) fn instance<'v>(scan: &'v Value, id: &str) -> &'v Value {
    let all = scan["instances"].as_array().expect("instances is a list");
    all.iter().find(|i| i["id"] == id).unwrap_or_else(|| panic!("no instance {id} in {scan:#}"))
}

/// The overlap of two instances in a scan, whichever comes first.
pub(crate) fn overlap<'v>(scan: &'v Value, one: &str, other: &str) -> Option<&'v Value> {
    let all = scan["overlaps"].as_array().expect("overlaps is a list");
    all.iter().find(|o| (o["a"] == one && o["b"] == other) || (o["a"] == other && o["b"] == one))
}

/// The kind of the conflict of two instances on `path`; empty where they do not conflict there.
pub(crate) fn kind(scan: &Value, one: &str, other: &str, path: &str) -> String {
    let found = overlap(scan, one, other)
        .and_then(|o| o["paths"].as_array())
        .and_then(|paths| paths.iter().find(|p| p["path"] == path && p["grade"] == "conflict"));
    found.and_then(|p| p["kind"].as_str()).unwrap_or_default().to_owned()
}
