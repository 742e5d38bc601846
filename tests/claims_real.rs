//! Claims by many real processes at once, some of them killed: nothing is granted twice, nothing is lost, and the table is
//! what the event log says.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;

/// As many processes at once, each with so many commands; `COORD_CLAIM_ROUNDS` raises the second (200 is the whole proof).
const PROCESSES: u32 = 32;
const ROUNDS: u32 = 20;
const PATHS: u32 = 6;

struct Repository {
    dir: tempfile::TempDir,
}

impl Repository {
    fn new(worktrees: u32) -> Self {
        let repository = Self { dir: tempfile::tempdir().expect("a temporary folder") };
        std::fs::create_dir(repository.at("main")).expect("made");
        repository.git(&["init", "-q", "-b", "main"]);
        for path in 0..PATHS {
            std::fs::write(repository.at("main").join(format!("p{path}")), "a file\n").expect("written");
        }
        repository.git(&["add", "."]);
        repository.git(&["commit", "-qm", "first"]);
        for n in 0..worktrees {
            repository.git(&["worktree", "add", "-q", &format!("../w{n}"), "-b", &format!("w{n}")]);
        }
        repository
    }

    fn at(&self, worktree: &str) -> PathBuf {
        self.dir.path().join(worktree)
    }

    fn command(&self, program: &str, worktree: &str) -> Command {
        #[expect(clippy::disallowed_methods, reason = "the test's own surroundings")]
        let path = std::env::var_os("PATH").unwrap_or_default();
        let mut command = Command::new(program);
        command.current_dir(self.at(worktree)).env_clear().env("PATH", path).env("HOME", self.dir.path());
        for name in ["GIT_AUTHOR_NAME", "GIT_COMMITTER_NAME", "GIT_AUTHOR_EMAIL", "GIT_COMMITTER_EMAIL"] {
            command.env(name, "ada@example.com");
        }
        command.stdout(Stdio::null()).stderr(Stdio::null());
        command
    }

    fn git(&self, arguments: &[&str]) {
        assert!(self.command("git", "main").args(arguments).status().expect("git runs").success(), "{arguments:?}");
    }

    fn coord(&self, worktree: &str) -> Command {
        self.command(env!("CARGO_BIN_EXE_coord"), worktree)
    }

    fn table(&self) -> Value {
        let text = std::fs::read(self.at("main/.git/coord/claims.json")).expect("there");
        serde_json::from_slice(&text).expect("never half a table")
    }

    /// The claims that the log says are held: granted and not ended.
    fn replay(&self) -> (BTreeMap<u64, Vec<String>>, u64) {
        let mut live = BTreeMap::new();
        let mut greatest = 0;
        let log = std::fs::read_to_string(self.at("main/.git/coord/coord-events.jsonl")).expect("there");
        for line in log.lines() {
            let event: Value = serde_json::from_str(line).expect("whole lines");
            let token = event["token"].as_u64().unwrap_or(0);
            let paths = event["paths"].as_array().into_iter().flatten().filter_map(Value::as_str);
            match event["kind"].as_str() {
                Some("claim_granted") => {
                    assert!(live.insert(token, paths.map(str::to_owned).collect()).is_none(), "token {token} twice");
                    greatest = greatest.max(token);
                }
                Some("claim_ended") => drop(live.remove(&token)),
                _ => {}
            }
        }
        (live, greatest)
    }
}

#[expect(clippy::disallowed_methods, reason = "a test's own setting")]
fn rounds() -> u32 {
    std::env::var("COORD_CLAIM_ROUNDS").ok().and_then(|n| n.parse().ok()).unwrap_or(ROUNDS)
}

/// Says on the real standard error that a test was not run; fails instead where `COORD_TEST_NO_SKIP` is set.
#[expect(clippy::disallowed_methods, reason = "a test's own setting")]
fn skip(what: &str) {
    let strict = std::env::var_os("COORD_TEST_NO_SKIP").is_some_and(|value| !value.is_empty());
    assert!(!strict, "would skip, and COORD_TEST_NO_SKIP is set: {what}");
    writeln!(std::io::stderr(), "SKIPPED: {what}").expect("standard error is open");
}

/// A small generator, so that a failing run can be repeated.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u32) -> u32 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        u32::try_from(self.0 >> 33).expect("31 bits") % sides
    }
}

/// One of the processes: claims, renews and gives back at random; where it may be killed, at a random moment. Returns how
/// many commands were.
fn play(repository: &Repository, who: u32, may_be_killed: bool) -> usize {
    let mut dice = Dice(u64::from(who) + 1);
    let worktree = format!("w{who}");
    let mut killed = 0;
    for _ in 0..rounds() {
        let path = format!("p{}", dice.roll(PATHS));
        let arguments: Vec<&str> = match dice.roll(6) {
            0 => vec!["release"],
            1 => vec!["renew"],
            2 => vec!["claim", &path, "--shared"],
            _ => vec!["claim", &path, "--ttl", "1h"],
        };
        let mut child = repository.coord(&worktree).args(&arguments).spawn().expect("coord runs");
        if may_be_killed && dice.roll(4) == 0 {
            // Nothing is waited for: this is the moment that the dice chose, from before the start to after the end.
            std::thread::sleep(std::time::Duration::from_millis(u64::from(dice.roll(120))));
            drop(child.kill());
        }
        killed += usize::from(child.wait().expect("it ends").code().is_none());
    }
    killed
}

/// All of them at once; how many commands were killed.
fn play_all(repository: &Repository, may_be_killed: bool) -> usize {
    std::thread::scope(|scope| {
        let players: Vec<_> =
            (0..PROCESSES).map(|who| scope.spawn(move || play(repository, who, may_be_killed))).collect();
        players.into_iter().map(|player| player.join().expect("it plays to the end")).sum()
    })
}

fn check_exclusive(table: &Value) {
    let mut holders: BTreeMap<String, Vec<(String, bool)>> = BTreeMap::new();
    for claim in table["live"].as_array().expect("a list") {
        for on in claim["on"].as_array().expect("a list") {
            let path = on["path"].as_str().expect("a path").to_owned();
            let holder = (claim["identity"].to_string(), claim["exclusive"] == Value::Bool(true));
            holders.entry(path).or_default().push(holder);
        }
    }
    for (path, held) in holders {
        let different: BTreeSet<&String> = held.iter().map(|(who, _)| who).collect();
        assert!(different.len() == 1 || held.iter().all(|(_, exclusive)| !exclusive), "{path}: {held:?}");
    }
}

#[test]
fn many_processes_never_share_what_is_exclusive() {
    let repository = Repository::new(PROCESSES);
    play_all(&repository, false);
    let table = repository.table();
    check_exclusive(&table);
    let held: BTreeMap<u64, Vec<String>> = table["live"].as_array().expect("a list").iter().map(held).collect();
    let (replayed, greatest) = repository.replay();
    assert_eq!(held, replayed, "the table is what the log says");
    assert_eq!(table["last_token"].as_u64(), Some(greatest));
    assert!(greatest > u64::from(rounds()), "something was granted: {greatest}");
}

fn held(claim: &Value) -> (u64, Vec<String>) {
    let on = claim["on"].as_array().expect("a list").iter();
    (claim["token"].as_u64().expect("a number"), on.filter_map(|on| on["path"].as_str().map(str::to_owned)).collect())
}

/// A command that is killed between the table and the log leaves its change untold, and nothing else.
#[test]
fn the_killed_leave_a_whole_table_and_no_lock_behind() {
    let repository = Repository::new(PROCESSES);
    let killed = play_all(&repository, true);
    assert!(killed > 0, "the dice killed somebody");
    assert!(repository.coord("main").args(["claim", "after"]).status().expect("coord runs").success());
    let table = repository.table();
    check_exclusive(&table);
    let live = table["live"].as_array().expect("a list");
    let tokens: Vec<u64> = live.iter().filter_map(|claim| claim["token"].as_u64()).collect();
    assert!(tokens.iter().all(|token| *token <= table["last_token"].as_u64().expect("a number")));
    assert!(tokens.windows(2).all(|pair| pair[0] < pair[1]));
    let held: BTreeMap<u64, Vec<String>> = live.iter().map(held).collect();
    let (replayed, _) = repository.replay();
    let untold = held.iter().filter(|(token, _)| !replayed.contains_key(token)).count();
    let unended = replayed.keys().filter(|token| !held.contains_key(token)).count();
    // One killed command grants one claim at most, and ends those of its own worktree: as many as there are paths.
    assert!(
        untold <= killed && unended <= killed * PATHS as usize,
        "{untold} untold, {unended} unended of {killed} killed"
    );
}

/// The calls of the system that a claim makes in its own thread, each by name and the how-manieth of that name it is, and
/// at which of them it asks for the lock.
fn calls(repository: &Repository) -> (Vec<(String, usize)>, usize) {
    let trace = repository.dir.path().join("trace");
    let mut traced = repository.command("/usr/bin/strace", "w0");
    let traced = traced.args(["-q", "-o"]).arg(&trace).arg(env!("CARGO_BIN_EXE_coord"));
    assert!(traced.args(["claim", "second"]).status().expect("strace runs").success());
    let text = std::fs::read_to_string(trace).expect("written");
    let names = text.lines().filter_map(|line| Some(line.split_once('(')?.0));
    let mut seen: BTreeMap<&str, usize> = BTreeMap::new();
    let mut calls = Vec::new();
    for name in
        names.filter(|name| name.bytes().all(|byte| byte.is_ascii_lowercase() || b"_0123456789".contains(&byte)))
    {
        let nth = seen.entry(name).or_default();
        *nth += 1;
        calls.push((name.to_owned(), *nth));
    }
    let lock = calls.iter().position(|(name, _)| name == "flock").expect("it takes the lock");
    (calls, lock)
}

/// Kills a claim at every call of the system from a little before it has the lock to its end, and at one of many before
/// that, where nothing is written yet.
#[test]
fn a_claim_killed_at_any_system_call_is_granted_or_not() {
    let repository = Repository::new(1);
    if !Path::new("/usr/bin/strace").exists() {
        skip("strace is not there");
        return;
    }
    assert!(repository.coord("main").args(["claim", "first"]).status().expect("coord runs").success());
    let (calls, lock) = calls(&repository);
    let mut killed = 0;
    for at in (0..lock - 4).step_by(25).chain(lock - 4..calls.len()) {
        let (name, nth) = &calls[at];
        let before = repository.table();
        let mut traced = repository.command("/usr/bin/strace", "w0");
        traced.args(["-q", "-o", "/dev/null", "-e", &format!("inject={name}:signal=SIGKILL:when={nth}")]);
        let status = traced.arg(env!("CARGO_BIN_EXE_coord")).args(["claim", "second"]).status().expect("strace runs");
        let after = repository.table();
        let granted = after["last_token"].as_u64() > before["last_token"].as_u64();
        assert!(granted || after["live"] == before["live"], "{name} {nth}: old or new");
        assert!(!status.success() || granted, "{name} {nth}: said to be granted and is not");
        killed += usize::from(!status.success());
        assert!(repository.coord("w0").arg("claims").status().expect("coord runs").success(), "{name} {nth}: stuck");
    }
    let behind = calls.len() - lock;
    // A call that another run of it does not make has nobody to kill.
    assert!(killed >= behind * 3 / 4, "{killed} kills, {behind} calls under the lock and behind it");
    assert!(repository.coord("w0").args(["claim", "second"]).status().expect("coord runs").success());
}
