//! Two commits in the same instant, and many processes at once: exactly one passes, and nothing is lost.
//! Must not know: how coord makes sure of it.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use crate::world::{FILE, Place, Run, World, instance};

/// How long a race may take before something is stuck.
const STUCK: Duration = Duration::from_secs(60);

/// A shell that waits at the line: it says so, and goes on when its standard input is closed.
fn at_the_line(place: &Place<'_>, script: &str) -> Child {
    let mut command = place.command("sh");
    command.args(["-c", &format!("echo ready; read go; {script}")]);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("sh starts");
    let mut ready = String::new();
    let stdout = child.stdout.as_mut().expect("piped");
    BufReader::with_capacity(1, stdout).read_line(&mut ready).expect("sh writes");
    assert_eq!(ready, "ready\n");
    child
}

/// Lets all start at once, and gives their runs in the order in which they ended, calling `on_end` at each end.
fn race<'w>(world: &World, runners: Vec<(Place<'w>, Child)>, mut on_end: impl FnMut(&Run)) -> Vec<(Place<'w>, Run)> {
    let (send, receive) = mpsc::channel();
    let mut places = Vec::new();
    let mut inputs = Vec::new();
    for (number, (place, mut child)) in runners.into_iter().enumerate() {
        places.push(place);
        inputs.push(child.stdin.take());
        let send = send.clone();
        thread::spawn(move || send.send((number, child.wait_with_output())));
    }
    drop(inputs);
    let mut runs = Vec::new();
    for _ in 0..places.len() {
        let Ok((number, output)) = receive.recv_timeout(STUCK) else { world.fail("a commit is stuck") };
        let run = places[number].ended("git", &["commit"], &output.expect("the child is ours"));
        on_end(&run);
        runs.push((places[number].clone(), run));
    }
    runs
}

#[test]
fn of_two_conflicting_commits_in_the_same_instant_exactly_one_passes() {
    let world = World::new();
    // Whoever passed coord waits here, its commit not made yet, until the other has been answered.
    let gate = world.path("tmp/gate");
    world.main().run("mkfifo", &[&gate]).ok();
    world.hook("prepare-commit-msg", &format!("test -z \"$RACING\" || read go < '{}' || true", gate.display()));
    world.main().coord(&["install"]).ok();
    let (auth, search) = (world.worktree("auth"), world.worktree("search"));
    for round in 0..10 {
        let runners = [&auth, &search].map(|place| {
            let place = place.with("RACING", "1");
            place.edit(FILE, 1 + round, &format!("round {round} of {}", place.dir.display()));
            place.git(&["add", "-A"]).ok();
            let child = at_the_line(&place, "exec git commit -q -m race");
            (place, child)
        });
        let gate = gate.clone();
        let mut runs = race(&world, runners.into(), |run| {
            if run.code == 1 {
                // Opening waits for the reader: the one that passed has reached the gate, or will.
                let gate = gate.clone();
                thread::spawn(move || std::fs::write(gate, "go\n"));
            }
        });
        let codes: Vec<i32> = runs.iter().map(|(_, run)| run.code).collect();
        assert_eq!(codes, [1, 0], "round {round}: the slower is blocked while the other is still at it");
        drop(runs.remove(0).1.blocked());
        // The next round starts from a common state again.
        for place in [&auth, &search] {
            place.git(&["reset", "-q", "--hard", "main"]).ok();
        }
    }
}

#[test]
fn of_eight_conflicting_commits_in_the_same_instant_exactly_one_passes() {
    let world = World::installed();
    let places: Vec<_> = (0..8).map(|n| world.worktree(&format!("w{n}"))).collect();
    let runners = places.iter().map(|place| {
        place.edit(FILE, 10, &place.dir.display().to_string());
        place.git(&["add", "-A"]).ok();
        (place.clone(), at_the_line(place, "exec git commit -q -m race"))
    });
    let runs = race(&world, runners.collect(), |_| ());
    let passed = runs.iter().filter(|(_, run)| run.code == 0).count();
    if passed != 1 {
        world.fail(&format!("{passed} passed"));
    }
}

#[test]
fn commits_that_do_not_conflict_never_hinder_one_another() {
    let world = World::installed();
    let places: Vec<_> = (0..8).map(|n| world.worktree(&format!("w{n}"))).collect();
    let runners = places.iter().enumerate().map(|(n, place)| {
        place.edit(FILE, 2 + n * 4, "a line of my own");
        place.git(&["add", "-A"]).ok();
        (place.clone(), at_the_line(place, "exec git commit -q -m race"))
    });
    for (_, run) in race(&world, runners.collect(), |_| ()) {
        drop(run.silent());
    }
}

#[test]
fn many_processes_at_once_lose_nothing() {
    let world = World::installed();
    let places: Vec<_> = (0..8).map(|n| world.worktree(&format!("w{n}"))).collect();
    let script = "for i in 1 2 3; do echo $i >> mine-$(basename \"$PWD\"); git add -A; git commit -q -m $i || exit 9; \
                  coord scan --json >/dev/null || exit 8; done";
    let runners = places.iter().map(|place| (place.clone(), at_the_line(place, script)));
    let done = std::sync::atomic::AtomicBool::new(false);
    thread::scope(|scope| {
        // A reader beside them never sees half a board, nor one that is too large.
        scope.spawn(|| {
            while !done.load(std::sync::atomic::Ordering::Relaxed) {
                if world.board_file().exists() {
                    world.board();
                }
                thread::yield_now();
            }
        });
        let runs = race(&world, runners.collect(), |_| ());
        done.store(true, std::sync::atomic::Ordering::Relaxed);
        for (_, run) in runs {
            drop(run.ok());
        }
    });
    world.main().coord(&["scan"]).ok();
    let board = world.board();
    let tasks = board["active_instances"].as_array().expect("a list");
    for n in 0..8 {
        let id = format!("w{n}");
        assert!(tasks.iter().any(|task| task["id"] == id.as_str()), "{id} is missing in {board:#}");
        let scan = world.main().json(&["scan"]);
        assert_eq!(instance(&scan, &id)["paths"][0]["path"], format!("mine-{id}"));
    }
    let leftovers = crate::world::everything_below(&world.path("tmp"));
    assert!(leftovers.is_empty(), "temporary files stay behind: {leftovers:?}");
}

#[test]
fn a_killed_commit_holds_nobody_up() {
    let world = World::new();
    let gate = world.path("tmp/gate");
    world.main().run("mkfifo", &[&gate]).ok();
    world.hook("prepare-commit-msg", &format!("test -z \"$RACING\" || read go < '{}'", gate.display()));
    world.main().coord(&["install"]).ok();
    let (auth, search) = (world.worktree("auth"), world.worktree("search"));
    auth.edit(FILE, 10, "auth's line");
    auth.git(&["add", "-A"]).ok();
    let mut child = at_the_line(&auth.with("RACING", "1"), "exec git commit -q -m dies");
    drop(child.stdin.take());
    // Opening the gate for writing waits until the commit has passed coord and stands there.
    let writer = std::fs::OpenOptions::new().write(true).open(&gate).expect("the gate opens");
    search.edit(FILE, 10, "search's line");
    search.git(&["commit", "-q", "-a", "-m", "While it stands there"]).blocked().says("auth");
    child.kill().expect("it is ours");
    child.wait().expect("it is ours");
    drop(writer);
    auth.sh("rm -f \"$(git rev-parse --git-dir)/index.lock\"; git restore --staged --worktree .").ok();
    search.git(&["commit", "-q", "-a", "-m", "Now it is gone"]).silent();
}
