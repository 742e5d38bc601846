//! `coord watch` as a program sees it, and as a terminal does.
//! Must not know: how changes are noticed or drawn.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::Duration;

use serde_json::Value;

use crate::world::{World, skip};

/// Longer than this nothing here takes.
const STUCK: Duration = Duration::from_secs(60);

/// Runs a program on a terminal of 80 by 24, sends it what the argument says once it shows `wait`, and prints all.
const ON_A_TERMINAL: &str = r#"
import fcntl, os, pty, select, signal, struct, sys, termios, time
program, wait, act = sys.argv[1], sys.argv[2].encode(), sys.argv[3]
child, terminal = pty.fork()
if child == 0:
    os.execv(program, [program, "watch"])
fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
before, shown, acted, end = termios.tcgetattr(terminal)[3], b"", False, time.time() + 50
while time.time() < end:
    if select.select([terminal], [], [], 0.1)[0]:
        try:
            part = os.read(terminal, 65536)
        except OSError:
            break
        if not part:
            break
        shown += part
    if not acted and wait in shown:
        acted = True
        if act == "TERM":
            os.kill(child, signal.SIGTERM)
        else:
            os.write(terminal, act.encode().decode("unicode_escape").encode())
code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) if acted else -1
print("code", code, "left", shown.rstrip().endswith(b"\x1b[?25h") or b"\x1b[?1049l" in shown[-200:])
"#;

fn conflict() -> World {
    let world = World::new();
    for (name, text) in [("auth", "auth was here"), ("search", "search was here")] {
        world.worktree(name).commit_edit(10, text).ok();
    }
    world
}

struct Stream {
    child: Child,
    lines: Receiver<Value>,
}

impl Stream {
    fn start(mut command: Command) -> Self {
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

    fn until(&self, kind: &str) -> Value {
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
    let world = conflict();
    let watch = || {
        let mut command = world.main().command("coord");
        command.args(["watch", "--json"]);
        Stream::start(command)
    };
    let (one, other) = (watch(), watch());
    assert_eq!(one.until("conflict_appeared")["with"][0], "search");
    let docs = world.worktree("docs");
    docs.edit(crate::world::FILE, 10, "docs was here");
    for stream in [&one, &other] {
        let told = stream.until("conflict_appeared");
        assert!(told["instance"] == "docs" || told["with"][0] == "docs" || told["instance"] == "auth", "{told}");
    }
    drop((one, other));
    world.main().coord(&["scan", "--fail-on", "never"]).ok();
    let log = world.main().coord(&["log", "--json", "-n", "1000", "--kind", "conflict_appeared"]).ok();
    assert_eq!(log.stdout.lines().count(), 3, "{}", log.stdout);
}

#[test]
fn the_terminal_is_given_back_however_it_ends() {
    let world = conflict();
    let place = world.main();
    if !place.command("python3").arg("-c").arg("import pty").status().is_ok_and(|status| status.success()) {
        skip("no python3 with a pty");
        return;
    }
    let program = place.run("sh", &["-c", "command -v coord"]).ok().stdout.trim().to_owned();
    for (act, code) in [("q", 0), ("\\x03", 130), ("TERM", 130)] {
        let place = place.with("TERM", "xterm");
        let run = place.run("python3", &["-c", ON_A_TERMINAL, &program, "conflict", act]);
        assert!(run.stdout.contains(&format!("code {code} left True")), "{act}: {} {}", run.stdout, run.stderr);
    }
}

#[test]
fn without_a_terminal_it_says_what_does_without() {
    World::new().main().coord(&["watch"]).ends_with(2).says("coord watch --json");
}
