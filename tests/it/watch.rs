//! `coord watch` as a program sees it, and as a terminal does.
//! Must not know: how changes are noticed or drawn.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::world::{FILE, PART, Place, Run, World, executable, skip};

/// Longer than this nothing here takes.
const STUCK: Duration = Duration::from_secs(300);

/// Runs `coord watch` on a terminal of 80 by 24: waits for what it shows, or until a command after `!` succeeds, and sends
/// keys, or a signal, by turns; says how it ended, and whether the terminal is as it was.
const ON_A_TERMINAL: &str = r#"
import fcntl, os, pty, signal, struct, subprocess, sys, termios, time
program, acts = sys.argv[1], list(zip(sys.argv[2::2], sys.argv[3::2]))
child, terminal = pty.fork()
if child == 0:
    os.execv(program, [program, "watch"])
fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
before, shown, seen, end = termios.tcgetattr(terminal), b"", 0, time.time() + 50
while time.time() < end:
    came = part(terminal, 0.1)
    if came is None:
        break
    shown += came
    wait = acts[0][0] if acts else ""
    if acts and (subprocess.call(wait[1:], shell=True) == 0 if wait[0] == "!" else wait.encode() in shown[seen:]):
        act, seen = acts.pop(0)[1], len(shown) if wait[0] == "!" else shown.index(wait.encode(), seen) + len(wait.encode())
        if act == "TERM":
            os.kill(child, signal.SIGTERM)
        else:
            os.write(terminal, act.encode().decode("unicode_escape").encode())
code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) if not acts else -1
print("code", code, "left", b"\x1b[?1049l" in shown[-200:], "restored", termios.tcgetattr(terminal) == before, "not come to", acts)
"#;

/// A program that goes on writing lines of JSON; ended with the test.
pub(crate) struct Stream {
    child: Child,
    lines: Receiver<Value>,
}

impl Stream {
    pub(crate) fn start(mut command: Command) -> Self {
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().expect("coord starts");
        let stdout: ChildStdout = child.stdout.take().expect("piped");
        let (send, lines) = mpsc::channel();
        thread::spawn(move || {
            for line in BufReader::new(stdout).lines().map_while(Result::ok) {
                if send.send(serde_json::from_str(&line).expect("a line of JSON")).is_err() {
                    return;
                }
            }
        });
        Self { child, lines }
    }

    /// Waits until it follows what happens in `place`, which it may not yet when it has begun.
    pub(crate) fn follows(&self, place: &Place<'_>) {
        for round in 0..60 {
            let name = format!("followed-{round}-{}", self.child.id());
            place.write(&name, "x");
            let end = Instant::now() + Duration::from_secs(1);
            while let Ok(event) = self.lines.recv_timeout(end.saturating_duration_since(Instant::now())) {
                if event["paths"].as_array().is_some_and(|paths| paths.iter().any(|path| *path == *name)) {
                    return;
                }
            }
        }
        panic!("it does not follow {}", place.dir.display());
    }

    /// The next event of this kind.
    pub(crate) fn until(&self, kind: &str) -> Value {
        loop {
            let event = self.lines.recv_timeout(STUCK).unwrap_or_else(|_| panic!("no {kind}"));
            if event["event"] == kind {
                return event;
            }
        }
    }
}

impl Drop for Stream {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

#[test]
fn a_save_is_told_as_a_line_and_two_coordinators_tell_it_once() {
    let world = World::in_conflict();
    let watch = || {
        let mut command = world.main().command("coord");
        command.args(["watch", "--json"]);
        Stream::start(command)
    };
    let (one, other) = (watch(), watch());
    assert_eq!(one.until("conflict_appeared")["with"][0], "search");
    let docs = world.worktree("docs");
    docs.edit(FILE, 10, "docs was here");
    for stream in [&one, &other] {
        let told = stream.until("conflict_appeared");
        assert!(told["instance"] == "docs" || told["with"][0] == "docs" || told["instance"] == "auth", "{told}");
    }
    drop((one, other));
    world.main().coord(&["scan", "--fail-on", "never"]).ok();
    let log = world.main().coord(&["log", "--json", "-n", "1000", "--kind", "conflict_appeared"]).ok();
    assert_eq!(log.stdout.lines().count(), 3, "{}", log.stdout);
}

/// What came of `coord watch` on a terminal; `None` where there is none to be had.
fn on_a_terminal(place: &Place<'_>, acts: &[(&str, &str)]) -> Option<Run> {
    if !place.command("python3").arg("-c").arg("import pty").status().is_ok_and(|status| status.success()) {
        skip("no python3 with a pty");
        return None;
    }
    let program = place.sh("command -v coord").ok().stdout.trim().to_owned();
    let script = [PART, ON_A_TERMINAL].concat();
    let mut args = vec!["-c", &*script, &*program];
    args.extend(acts.iter().flat_map(|(wait, act)| [*wait, *act]));
    Some(place.with("TERM", "xterm").run("python3", &args))
}

#[test]
fn the_terminal_is_given_back_however_it_ends() {
    let world = World::in_conflict();
    for (act, code) in [("q", 0), ("\\x03", 130), ("TERM", 130)] {
        let Some(run) = on_a_terminal(&world.main(), &[("conflict", act)]) else { return };
        run.says(&format!("code {code} left True restored True"));
    }
}

#[test]
fn keys_acknowledge_release_and_open_the_editor() {
    let world = World::in_conflict();
    world.at("search").coord(&["claim", FILE, "--task", "Search"]).ok();
    let editor = world.path("bin/editor");
    fs::write(&editor, "#!/bin/sh\necho \"$@\" > \"$HOME/edited\"\necho EDITED\n").expect("own folder");
    executable(&editor);
    let place = world.main().with("GIT_EDITOR", "editor --wait");
    let acts = [
        ("auth ↔ search", "e"),
        ("EDITED", ""),
        ("auth ↔ search", "a"),
        ("!coord log --json | grep -q ack_given", "r"),
        ("!coord log --json | grep -q ack_withdrawn", "\\t\\x1b[Brr"),
        ("!coord log --json | grep -q forced", "q"),
    ];
    let Some(run) = on_a_terminal(&place, &acts) else { return };
    run.says("code 0 left True restored True");
    let edited = fs::read_to_string(world.path("home/edited")).expect("the editor ran");
    assert_eq!(edited.trim(), format!("--wait {}", world.path("auth").join(FILE).display()));
    let claims = world.main().json(&["claims"]);
    assert_eq!(claims["claims"].as_array().map(Vec::len), Some(0), "{claims}");
    let log = world.main().coord(&["log", "--json"]).ok();
    for told in ["ack_given", "ack_withdrawn", "forced"] {
        assert!(log.stdout.contains(told), "{told}: {}", log.stdout);
    }
}

#[test]
fn a_conflict_is_told_through_the_desktop() {
    let world = World::in_conflict();
    let told = world.path("home/told");
    let program = world.path("bin/notify-send");
    fs::write(&program, format!("#!/bin/sh\nprintf '%s\\n' \"$*\" >> '{}'\n", told.display())).expect("own folder");
    executable(&program);
    let mut command = world.main().command("coord");
    command.args(["watch", "--json", "--notify"]);
    let watch = Stream::start(command);
    watch.until("conflict_appeared");
    until(|| fs::read_to_string(&told).is_ok_and(|text| text.contains(&format!("auth and search conflict in {FILE}"))));
}

#[test]
fn an_edit_that_is_taken_back_is_told_without_another_change() {
    let world = World::new();
    world.worktree("auth").commit_edit(10, "auth was here").ok();
    let search = world.worktree("search");
    search.edit(FILE, 10, "search was here");
    let mut command = world.main().command("coord");
    command.args(["watch", "--json"]);
    let watch = Stream::start(command);
    watch.until("conflict_appeared");
    search.git(&["restore", FILE]).ok();
    assert_eq!(watch.until("conflict_resolved")["how"], "dropped");
}

#[test]
fn a_folder_made_and_made_again_is_followed() {
    let world = World::new();
    let auth = world.worktree("auth");
    let mut command = world.main().command("coord");
    command.args(["watch", "--json"]);
    let watch = Stream::start(command);
    auth.write("first", "x");
    watch.until("working_set_grown");
    for name in ["lib/deep/one", "lib/deep/two"] {
        auth.write(name, "x");
        let told = watch.until("working_set_grown");
        assert_eq!(told["paths"][0], name);
        fs::remove_dir_all(auth.dir.join("lib")).expect("own folder");
        auth.write("mark", name);
    }
}

/// Waits for what another process does, however long that takes within reason.
pub(crate) fn until(is_so: impl Fn() -> bool) {
    let end = Instant::now() + STUCK;
    while !is_so() {
        assert!(Instant::now() < end, "it never came");
        thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn without_a_terminal_it_says_what_does_without() {
    World::new().main().coord(&["watch"]).ends_with(2).says("coord watch --json");
}
