//! The coordinator where things go roughly: killed, doubled, on a terminal that takes nothing, with its repository taken
//! away. Must not know: how it notices or draws anything.

use std::collections::BTreeSet;
use std::fs;
use std::io::Write as _;
use std::process::Stdio;

use serde_json::{Value, json};

use crate::watch::{Stream, until};
use crate::world::{FILE, PART, Place, World, skip};

/// Runs `coord watch` on a terminal that takes nothing while shell commands run; says what it used meanwhile and how it
/// ended after all was read and `q` was pressed.
const ON_A_STALLED_TERMINAL: &str = r#"
import fcntl, os, pty, struct, subprocess, sys, termios, time
program, begun, busy = sys.argv[1:4]
child, terminal = pty.fork()
if child == 0:
    os.execv(program, [program, "watch"])
fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 50, 250, 0, 0))
memory = lambda: int(open(f"/proc/{child}/status").read().split("VmRSS:")[1].split()[0])
def wait(command):
    end = time.time() + 50
    while subprocess.call(command, shell=True) != 0 and time.time() < end:
        time.sleep(0.05)
wait(begun)
before = memory()
done = subprocess.call(busy, shell=True)
grown = memory() - before
shown, end, asked = b"", time.time() + 50, False
while time.time() < end:
    came = part(terminal, 0.3)
    if came is None:
        break
    shown += came
    if not came and not asked:
        asked = os.write(terminal, b"q")
code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) if asked else -1
print("busy", done, "code", code, "grown", "little" if grown < 30000 else grown, "drawn", "little" if len(shown) < 300000 else len(shown))
"#;

fn watching(place: &Place<'_>) -> Stream {
    let mut command = place.command("coord");
    command.args(["watch", "--json"]);
    Stream::start(command)
}

/// Every event in the log, oldest first.
fn log(world: &World) -> Vec<Value> {
    let run = world.main().coord(&["log", "--json", "-n", "10000"]).ok();
    run.stdout.lines().map(|line| serde_json::from_str(line).expect("a line of JSON")).collect()
}

/// The alerts that lie there.
fn alerts(world: &World) -> Vec<Value> {
    let files = fs::read_dir(world.store().join("alerts")).into_iter().flatten().flatten();
    let files = files.filter(|file| file.path().extension().is_some_and(|end| end == "json"));
    files.filter_map(|file| serde_json::from_slice(&fs::read(file.path()).ok()?).ok()).collect()
}

/// What an agent in this worktree hears at its next prompt.
fn hears(place: &Place<'_>, session: &str) -> String {
    let asked =
        json!({"session_id": session, "cwd": place.dir, "hook_event_name": "UserPromptSubmit", "prompt": "go on"});
    let mut command = place.command("coord");
    let mut child =
        command.args(["agent", "claude"]).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("starts");
    child.stdin.take().expect("piped").write_all(asked.to_string().as_bytes()).expect("it reads");
    let output = child.wait_with_output().expect("it ends");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[test]
fn an_alert_is_heard_once_by_each_and_goes_with_its_conflict() {
    let world = World::new();
    let auth = world.worktree("auth");
    auth.commit_edit(10, "auth was here").ok();
    let watch = watching(&world.main());
    watch.until("working_set_grown");
    let search = world.worktree("search");
    search.edit(FILE, 10, "search was here");
    watch.until("conflict_appeared");
    until(|| !alerts(&world).is_empty());
    let left = alerts(&world);
    assert_eq!(left.len(), 1, "one path, one who did not make it: {left:?}");
    assert_eq!(
        (&left[0]["label"], &left[0]["path"], &left[0]["committed"]),
        (&json!("search"), &json!(FILE), &json!(false))
    );
    for session in ["s1", "s2"] {
        let told = hears(&auth, session);
        assert!(told.contains("search conflicts with the work here"), "{told}");
        assert!(!hears(&auth, session).contains("conflicts with"), "once");
    }
    assert!(!hears(&search, "s3").contains("auth conflicts with the work here"), "it made the conflict");
    search.edit(FILE, 30, "far away");
    search.edit(FILE, 10, "line 10");
    watch.until("conflict_resolved");
    until(|| alerts(&world).is_empty());
}

#[test]
fn a_killed_coordinator_is_missed_by_nobody_and_the_next_carries_on() {
    let world = World::installed();
    let auth = world.worktree("auth");
    auth.commit_edit(10, "auth was here").ok();
    for round in 0..6 {
        // Killed as it tells something, in the midst of whatever comes after that.
        let watch = watching(&world.main());
        auth.edit("src/user.rs", 5 + round, "more");
        auth.write(format!("new-{round}"), "new");
        watch.until("working_set_grown");
    }
    world.main().coord(&["scan", "--fail-on", "never"]).ok().says_not("could not record");
    let search = world.worktree("search");
    search.edit(FILE, 10, "search was here");
    search.commit("stopped").ends_with(1).says("this commit would conflict with auth");
    world.at("search").coord(&["claim", "docs/**"]).ok();
    let watch = watching(&world.main());
    let docs = world.worktree("docs");
    docs.edit(FILE, 10, "docs was here");
    let told = watch.until("conflict_appeared");
    assert!(told["instance"] == "docs" || told["with"][0] == "docs", "{told}");
    drop(watch);
    assert!(!world.events().contains('\u{fffd}'));
    let told = log(&world);
    let grown: Vec<String> = told
        .iter()
        .filter(|event| event["event"] == "working_set_grown")
        .flat_map(|event| {
            event["paths"].as_array().into_iter().flatten().map(|path| format!("{} {path}", event["instance"]))
        })
        .collect();
    assert_eq!(grown.len(), grown.iter().collect::<BTreeSet<_>>().len(), "each once: {grown:?}");
    assert!((0..6).all(|round| grown.contains(&format!("\"auth\" \"new-{round}\""))), "none lost: {grown:?}");
    assert_eq!(told.iter().filter(|event| event["event"] == "conflict_appeared").count(), 3, "{told:?}");
}

#[test]
fn of_three_coordinators_one_tells_each_thing() {
    let world = World::in_conflict();
    let watches = [0; 3].map(|_| watching(&world.main()));
    let search = world.at("search");
    for watch in &watches {
        watch.follows(&search);
    }
    for round in 0..4 {
        search.write(format!("new-{round}"), "new");
        for watch in &watches {
            while watch.until("working_set_grown")["paths"][0] != format!("new-{round}") {}
        }
    }
    search.git(&["reset", "-q", "--hard", "main"]).ok();
    for watch in &watches {
        assert_eq!(watch.until("conflict_resolved")["how"], "dropped");
    }
    drop(watches);
    world.main().coord(&["scan", "--fail-on", "never"]).ok();
    let mut seen = BTreeSet::new();
    for mut event in log(&world) {
        // What a second process tells of the same thing differs in its time at most.
        event["at"] = Value::Null;
        event["after_seconds"] = Value::Null;
        assert!(seen.insert(event.to_string()), "told twice: {event}");
    }
}

#[test]
fn a_terminal_that_takes_nothing_holds_nobody_up() {
    let world = World::in_conflict();
    if !world.main().command("python3").arg("-c").arg("import pty").status().is_ok_and(|status| status.success()) {
        return skip("no python3 with a pty");
    }
    let program = world.main().sh("command -v coord").ok().stdout.trim().to_owned();
    let begun = "coord log --json | grep -q conflict_appeared";
    // Each is told before the next is made, so that each is a screen of its own, and none can be drawn.
    let busy = "i=0; while [ $i -lt 60 ]; do i=$((i+1)); echo $i > ../search/new-$i; n=0; \
                until coord log --json -n 3 --path new-$i | grep -q new-$i; do n=$((n+1)); [ $n -lt 200 ] || exit 1; done; done";
    let place = world.main().with("TERM", "xterm");
    let run = place.run("python3", &["-c", &*[PART, ON_A_STALLED_TERMINAL].concat(), &*program, begun, busy]);
    run.says("busy 0 code 0 grown little drawn little");
}

#[test]
fn a_repository_that_goes_and_comes_is_followed_again() {
    let world = World::new();
    let auth = world.worktree("auth");
    auth.edit(FILE, 10, "auth was here");
    let watch = watching(&world.main());
    watch.until("working_set_grown");
    let (git, away) = (world.common(), world.path("away"));
    fs::rename(&git, &away).expect("own folder");
    auth.edit(FILE, 20, "nobody looks");
    world.main().coord(&["scan"]).ends_with(2);
    fs::rename(&away, &git).expect("own folder");
    auth.write("again", "x");
    assert_eq!(watch.until("working_set_grown")["paths"][0], "again");
    // A worktree whose folder goes is no fault, and one that comes is followed.
    fs::remove_dir_all(&auth.dir).expect("own folder");
    world.worktree("docs").write("new", "x");
    assert_eq!(watch.until("working_set_grown")["instance"], "docs");
}

#[test]
fn a_repository_without_a_commit_is_followed_from_its_beginning() {
    let world = World::empty();
    world.init(&[]);
    let watch = watching(&world.main());
    watch.until("mode_changed");
    world.main().write("first", "x");
    assert_eq!(watch.until("working_set_grown")["paths"][0], "first");
}

#[test]
fn a_desktop_that_shows_nothing_is_said_once() {
    let world = World::in_conflict();
    let run = world.main().sh(
        "mkdir ../few; for program in sh git cat; do ln -s \"$(command -v $program)\" ../few/; done; coord=$(command -v coord); \
         PATH=$(cd ../few; pwd) $coord watch --json --notify > ../out 2> ../err & watch=$!; \
         n=0; until grep -q conflict_appeared ../out && grep -q notification ../err || [ $n -gt 500 ]; \
         do n=$((n+1)); sleep 0.1; done; kill $watch; cat ../err",
    );
    assert_eq!(
        run.stdout.matches("no notification can be shown: notify-send does not start").count(),
        1,
        "{}",
        run.stdout
    );
}
