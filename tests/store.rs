//! The store under many processes, killed processes and refused writes. Every worker is this test binary itself.

use std::collections::BTreeSet;
use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use coord::domain::ack::Ack;
use coord::domain::board::{BoardEntry, BoardView};
use coord::domain::event::{CommitFacts, Event, EventKind};
use coord::domain::id::{Identity, ObjectId};
use coord::domain::instance::{Kind, State};
use coord::domain::intent::Intent;
use coord::domain::path::RepoPath;
use coord::domain::process::{Liveness, ProcessId};
use coord::domain::record::Record;
use coord::domain::time::Timestamp;
use coord::env::Env;
use coord::os::process;
use coord::store::{Board, Cause, Error, EventFilter, LARGEST_BOARD, Locked, Store, Witness};

/// Long enough for any number of writers on a busy machine.
const WAIT: Duration = Duration::from_secs(60);

const NOW: Timestamp = Timestamp(1_769_869_800);

struct Place {
    dir: tempfile::TempDir,
}

impl Place {
    fn new() -> Self {
        let dir = tempfile::tempdir().expect("a temporary folder");
        fs::create_dir(dir.path().join(".git")).expect("made");
        Self { dir }
    }

    fn top(&self) -> &Path {
        self.dir.path()
    }

    fn store(&self) -> Store {
        store(self.top())
    }

    fn worker(&self, task: &str, argument: &str) -> Command {
        let mut command = Command::new(Env::capture().program.expect("a test has a program"));
        command.args(["--exact", "worker", "--nocapture", "--test-threads=1"]);
        command.env("STORE_TASK", task).env("STORE_TOP", self.top()).env("STORE_ARGUMENT", argument);
        command.stdout(Stdio::piped());
        command
    }
}

fn store(top: &Path) -> Store {
    Store::open(&top.join(".git")).expect("a folder")
}

fn board(top: &Path) -> Board {
    Board::in_worktree(top, ".claude/runtime").expect("inside")
}

/// What workers are told to do. As a test of its own it does nothing.
#[test]
fn worker() {
    let env = Env::capture();
    let text = |name: &str| env.variable(name).map(|value| value.to_string_lossy().into_owned());
    let (Some(task), Some(top)) = (text("STORE_TASK"), env.variable("STORE_TOP").map(PathBuf::from)) else { return };
    let argument = text("STORE_ARGUMENT").unwrap_or_default();
    match task.as_str() {
        "write" => (0..ROUNDS).for_each(|round| write_everything(&top, &argument, round)),
        "write-for-ever" => {
            for round in 0.. {
                write_everything(&top, &argument, round);
                writeln!(std::io::stderr(), "{round}").expect("somebody reads");
            }
        }
        "write-large" => {
            let paths = (0..20_000).map(|n| RepoPath::new(format!("large/{n}")).expect("valid")).collect();
            let store = store(&top);
            let locked = store.lock(WAIT).expect("free");
            let error = locked.write_record(&Record { paths, ..record("main", 1) }).expect_err("it is too large");
            assert!(matches!(error, Error::Io { operation: "write", .. }), "{error:?}");
        }
        "find-git" => {
            let found = process::parent_git_commit().map_or(0, |process| process.pid);
            fs::write(argument, found.to_string()).expect("ours");
        }
        other => panic!("no such task: {other}"),
    }
}

const ROUNDS: u32 = 15;

fn record(id: &str, round: u32) -> Record {
    Record {
        identity: Identity::Worktree(id.as_bytes().into()),
        session: None,
        label: id.to_owned(),
        kind: Kind::Worktree,
        task: Some(format!("round {round}")),
        agent: None,
        process: None,
        worktree: None,
        branch: None,
        tip: None,
        started_at: NOW,
        heartbeat: NOW,
        state: State::Idle,
        paths: vec![RepoPath::new(*b"caf\xe9").expect("valid")],
        more_paths: 0,
    }
}

fn intent(id: &str, process: ProcessId) -> Intent {
    let tree = ObjectId::from_bytes(&[1; 20]).expect("twenty bytes");
    Intent {
        identity: Identity::Worktree(id.as_bytes().into()),
        label: id.to_owned(),
        tree,
        parent: Some(tree),
        merged: vec![tree],
        head: None,
        paths: vec![RepoPath::new("a").expect("valid")],
        process,
        at: NOW,
    }
}

fn witness() -> Witness<'static> {
    Witness { now: NOW, liveness: &process::is_alive, identify: &process::identify }
}

fn event(actor: &str, round: u32) -> Event {
    let path = RepoPath::new(format!("src/{}.rs", "long".repeat(20))).expect("valid");
    let facts = CommitFacts { hook: round.to_string(), paths: vec![path; 20], ..CommitFacts::default() };
    Event { at: NOW, actor: Some(actor.to_owned()), kind: EventKind::CommitPassed(facts) }
}

fn publish_all(top: &Path, locked: &Locked<'_>) {
    let records = locked.store().records().expect("readable");
    assert!(records.faults.is_empty(), "{:?}", records.faults);
    let entry = |record: Record| BoardEntry {
        id: record.label,
        task: record.task,
        files: Vec::new(),
        conflicts_with: Vec::new(),
        started_at: record.started_at,
        status: "idle".into(),
    };
    let view = BoardView { entries: records.items.into_iter().map(entry).collect() };
    let published = locked.publish(&board(top), &view, &witness()).expect("writable");
    assert!(published.moved_aside.is_none() && published.adopted.is_empty(), "{published:?}");
}

/// One round: every kind of write that there is.
fn write_everything(top: &Path, id: &str, round: u32) {
    let store = store(top);
    let own = process::current();
    {
        let locked = store.lock(WAIT).expect("free in time");
        locked.write_record(&record(id, round)).expect("writable");
        locked.put_intent(&intent(id, own.clone())).expect("writable");
        let ack = Ack {
            a: Identity::Worktree(id.as_bytes().into()),
            b: Identity::MainWorktree,
            paths: BTreeSet::from([RepoPath::new(format!("p{}", round % ROUNDS)).expect("valid")]),
            by: "ada".into(),
            by_agent: false,
            why: "a test".into(),
            at: NOW,
            expires: Timestamp(NOW.0 + 60),
        };
        locked.put_ack(&ack).expect("writable");
        publish_all(top, &locked);
    }
    store.append(&[event(id, round)], WAIT).expect("writable");
    let locked = store.lock(WAIT).expect("free in time");
    let intents = locked.intents(&witness()).expect("readable");
    assert!(intents.faults.is_empty(), "{:?}", intents.faults);
    assert!(intents.items.iter().any(|intent| intent.process == own), "an own intent counts while we live");
    assert!(locked.end_intent(&Identity::Worktree(id.as_bytes().into()), &own).expect("writable"));
}

/// Everything can be read, at any moment: nobody ever sees half a file.
fn read_everything(top: &Path) {
    let store = store(top);
    let listings = (store.records(), store.acks(NOW), store.intents());
    assert!(listings.0.expect("readable").faults.is_empty());
    assert!(listings.1.expect("readable").faults.is_empty());
    assert!(listings.2.expect("readable").faults.is_empty());
    board(top).read().expect("readable");
    if let Ok(text) = fs::read(board(top).file()) {
        assert!(text.len() <= LARGEST_BOARD);
    }
}

#[test]
fn many_processes_lose_and_tear_nothing() {
    const WRITERS: usize = 12;
    let place = Place::new();
    let mut workers: Vec<Child> =
        (0..WRITERS).map(|n| place.worker("write", &format!("w{n}")).spawn().expect("it is this program")).collect();
    while workers.iter_mut().any(|worker| worker.try_wait().expect("ours").is_none()) {
        read_everything(place.top());
    }
    for worker in workers {
        let output = worker.wait_with_output().expect("ours");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
    }
    let store = place.store();
    let records = store.records().expect("readable").items;
    assert_eq!(records.len(), WRITERS);
    assert!(records.iter().all(|record| record.task == Some(format!("round {}", ROUNDS - 1))));
    assert_eq!(store.acks(NOW).expect("readable").items.len(), WRITERS * ROUNDS as usize);
    assert_eq!(store.intents().expect("readable").items, []);
    assert_eq!(board(place.top()).read().expect("readable").entries.len(), WRITERS);
    let mut events = store.events(&EventFilter::default()).expect("readable");
    let seen: BTreeSet<(String, String)> = events
        .by_ref()
        .map(|event| match event.expect("readable") {
            Event { actor: Some(actor), kind: EventKind::CommitPassed(facts), .. } => (actor, facts.hook),
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!((seen.len(), events.unreadable()), (WRITERS * ROUNDS as usize, 0));
}

#[test]
fn a_killed_writer_leaves_the_old_state_or_the_new() {
    let place = Place::new();
    for kill in 0..40_u32 {
        let mut worker = place.worker("write-for-ever", "killed").stderr(Stdio::piped()).spawn().expect("this program");
        let mut lines = BufReader::new(worker.stderr.take().expect("piped")).lines();
        let mut last = 0;
        for _ in 0..=kill % 3 {
            last = lines.next().expect("it goes on").expect("text").parse::<u32>().expect("a number");
        }
        // Somewhere in the next round: each kill a little later than the last.
        for n in 0..kill * 4_000 {
            std::hint::black_box(n);
        }
        worker.kill().expect("ours");
        worker.wait().expect("ours");
        read_everything(place.top());
        let found = place.store().record(&Identity::Worktree((*b"killed").into()), None).expect("readable");
        let round: u32 =
            found.expect("written").task.expect("said").trim_start_matches("round ").parse().expect("a number");
        assert!(round >= last, "what was written stays: {round} {last}");
        let store = place.store();
        let locked = store.lock(Duration::from_secs(5)).expect("the kernel took the lock back");
        assert_eq!(locked.intents(&witness()).expect("readable").items, [], "the dead intend nothing");
        publish_all(place.top(), &locked);
        drop(locked);
        store.append(&[event("after", kill)], WAIT).expect("writable");
    }
    write_everything(place.top(), "killed", 0);
    let left: Vec<_> = ["records", "intents", "acks", "."]
        .iter()
        .flat_map(|folder| fs::read_dir(place.store().dir().join(folder)).expect("there"))
        .map(|entry| entry.expect("listed").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "tmp"))
        .collect();
    assert!(left.len() <= 1, "{left:?}");
    let mut events = place.store().events(&EventFilter::default()).expect("readable");
    let after = events.by_ref().filter(|e| e.as_ref().is_ok_and(|e| e.actor.as_deref() == Some("after"))).count();
    assert_eq!((after, events.unreadable()), (40, 0));
}

#[cfg(unix)]
#[test]
fn a_write_that_fails_midway_leaves_the_old_record() {
    let place = Place::new();
    let store = place.store();
    store.lock(WAIT).expect("free").write_record(&record("main", 0)).expect("writable");
    let worker = place.worker("write-large", "");
    let program = worker.get_program().to_owned();
    let arguments = worker.get_args().map(std::ffi::OsStr::to_owned).collect::<Vec<_>>();
    // A limit on the size of files stands for a full disk.
    let mut limited = Command::new("sh");
    limited.args(["-c", "trap '' XFSZ; ulimit -f 64; exec \"$0\" \"$@\""]).arg(program).args(arguments);
    limited.envs(worker.get_envs().filter_map(|(name, value)| Some((name, value?))));
    let output = limited.output().expect("sh is there");
    assert!(
        output.status.success(),
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    assert_eq!(store.records().expect("readable").items, [record("main", 0)]);
    store.lock(WAIT).expect("free").write_record(&record("main", 2)).expect("writable");
}

#[test]
fn what_cannot_be_read_is_never_written_over() {
    let place = Place::new();
    let store = place.store();
    let identity = Identity::Worktree((*b"main").into());
    let locked = store.lock(WAIT).expect("free");
    locked.write_record(&record("main", 0)).expect("writable");
    let path = store.dir().join("records").join("wt%3amain.json");
    let newer = fs::read_to_string(&path).expect("there").replace("\"version\": 1", "\"version\": 2");
    fs::write(&path, &newer).expect("ours");
    assert!(matches!(locked.write_record(&record("main", 1)), Err(Error::Newer { version: 2, .. })));
    assert_eq!(fs::read_to_string(&path).expect("there"), newer);
    assert_eq!(store.record(&identity, None).expect("readable"), Some(record("main", 0)));
    fs::remove_file(&path).expect("ours");
    fs::create_dir(&path).expect("made");
    for result in [locked.write_record(&record("main", 1)), store.record(&identity, None).map(drop)] {
        assert_eq!(result.expect_err("a folder is no record").cause(), Cause::Content);
    }
    assert_eq!(store.records().expect("readable").faults.len(), 1);
    let acks = store.dir().join("acks");
    fs::write(&acks, "a file where a folder belongs").expect("ours");
    assert!(matches!(store.acks(NOW), Err(Error::NotOurs { .. })));
}

#[test]
fn fields_of_others_survive_and_torn_files_do_not_stand_in_the_way() {
    let place = Place::new();
    let store = place.store();
    let locked = store.lock(WAIT).expect("free");
    locked.write_record(&record("main", 0)).expect("writable");
    let path = store.dir().join("records").join("wt%3amain.json");
    let text = fs::read_to_string(&path).expect("there");
    fs::write(&path, text.replacen('{', "{\"from\": {\"later\": [1]}, \"agent\": \"claude\",", 1)).expect("ours");
    locked.write_record(&record("main", 1)).expect("writable");
    let text = fs::read_to_string(&path).expect("there");
    assert!(text.contains("later") && !text.contains("claude"), "{text}");
    for len in 0..text.len() - 1 {
        fs::write(&path, &text[..len]).expect("ours");
        let listing = store.records().expect("readable");
        assert_eq!((listing.items.len(), listing.faults.len()), (0, 1), "cut to {len}");
    }
    locked.write_record(&record("main", 2)).expect("nothing of the torn one can be kept");
    assert_eq!(store.records().expect("readable").items, [record("main", 2)]);
}

#[cfg(unix)]
#[test]
fn reading_works_where_nothing_can_be_written() {
    use std::os::unix::fs::PermissionsExt as _;
    let place = Place::new();
    let store = place.store();
    assert_eq!(store.records().expect("empty").items, []);
    write_everything(place.top(), "w", 0);
    let readable = fs::metadata(store.dir()).expect("there").permissions();
    for folder in [store.dir().to_owned(), store.dir().join("records")] {
        fs::set_permissions(folder, fs::Permissions::from_mode(0o555)).expect("ours");
    }
    for file in ["lock", "coord-events.jsonl"] {
        fs::set_permissions(store.dir().join(file), fs::Permissions::from_mode(0o444)).expect("ours");
    }
    read_everything(place.top());
    let is_root = fs::write(store.dir().join("probe"), "").is_ok();
    if is_root {
        println_skip("permissions do not bind root: refused writing is not tested");
    } else {
        assert_eq!(store.lock(WAIT).expect_err("refused").cause(), Cause::Permission);
        assert_eq!(store.append(&[event("w", 1)], WAIT).expect_err("refused").cause(), Cause::Permission);
    }
    for folder in [store.dir().to_owned(), store.dir().join("records")] {
        fs::set_permissions(folder, readable.clone()).expect("ours");
    }
}

/// Says aloud that something was not tested.
fn println_skip(what: &str) {
    writeln!(std::io::stderr(), "skipped: {what}").expect("somebody reads");
}

#[cfg(unix)]
#[test]
fn what_is_made_takes_over_the_permissions_of_the_git_dir() {
    use std::os::unix::fs::PermissionsExt as _;
    for mode in [0o700, 0o2775, 0o755] {
        let place = Place::new();
        fs::set_permissions(place.top().join(".git"), fs::Permissions::from_mode(mode)).expect("ours");
        write_everything(place.top(), "w", 0);
        let bits = |path: PathBuf| fs::metadata(path).expect("there").permissions().mode() & 0o777;
        let dir = place.store().dir().to_owned();
        assert_eq!(bits(dir.clone()), mode & 0o777);
        assert_eq!(bits(dir.join("records")), mode & 0o777);
        for file in ["lock", "coord-events.jsonl", "board.json", "records/wt%3aw.json"] {
            assert_eq!(bits(dir.join(file)), mode & 0o666, "{file}");
        }
    }
}

#[cfg(target_os = "linux")]
#[test]
fn an_intent_ends_with_its_process() {
    let place = Place::new();
    let store = place.store();
    let mut committing = Command::new("sleep").arg("600").spawn().expect("sleep starts");
    let own = process::identify(committing.id()).expect("it runs");
    let foreign = ProcessId { boot: Some("another machine".into()), ..own.clone() };
    let locked = store.lock(WAIT).expect("free");
    locked.put_intent(&intent("a", own.clone())).expect("writable");
    locked.put_intent(&intent("b", foreign)).expect("writable");
    fs::write(store.dir().join("intents").join("torn.json"), "").expect("ours");
    assert_eq!(locked.intents(&witness()).expect("readable").items.len(), 2);
    committing.kill().expect("ours");
    while process::is_alive(&own) == Liveness::Alive {
        std::thread::yield_now();
    }
    let later = |seconds| Witness { now: Timestamp(NOW.0 + seconds), ..witness() };
    let labels = |seconds| -> Vec<String> {
        let intents = locked.intents(&later(seconds)).expect("readable").items;
        intents.into_iter().map(|intent| intent.label).collect()
    };
    assert_eq!(labels(299), ["b"], "what cannot be told counts for five minutes");
    assert_eq!(labels(300), [""; 0]);
    assert_eq!(fs::read_dir(store.dir().join("intents")).expect("there").count(), 0);
    committing.wait().expect("ours");
}

#[cfg(target_os = "linux")]
#[test]
fn a_hook_finds_the_git_that_commits() {
    use std::os::unix::fs::PermissionsExt as _;
    let dir = tempfile::tempdir().expect("a temporary folder");
    let git = |arguments: &[&str]| {
        let mut git = Command::new("git");
        git.args(["-c", "user.name=t", "-c", "user.email=t@t", "-c", "commit.gpgSign=false"]).args(arguments);
        git.current_dir(dir.path()).env("HOME", dir.path()).env("GIT_CONFIG_NOSYSTEM", "1").stdout(Stdio::null());
        git
    };
    assert!(git(&["init", "-q"]).status().expect("git is there").success());
    let found = dir.path().join("found");
    let place = Place::new();
    let worker = place.worker("find-git", found.to_str().expect("UTF-8"));
    let hook = dir.path().join(".git/hooks/pre-commit");
    fs::create_dir_all(hook.parent().expect("it has one")).expect("made");
    let program = worker.get_program().to_str().expect("UTF-8").to_owned();
    fs::write(&hook, format!("#!/bin/sh\nsh -c '\"{program}\" --exact worker >/dev/null; :'\n")).expect("ours");
    fs::set_permissions(&hook, fs::Permissions::from_mode(0o755)).expect("ours");
    let mut commit = git(&["commit", "-q", "--allow-empty", "-m", "x"]);
    commit.envs(worker.get_envs().filter_map(|(name, value)| Some((name, value?))));
    let mut commit = commit.spawn().expect("git is there");
    assert!(commit.wait().expect("ours").success());
    assert_eq!(fs::read_to_string(found).expect("the hook ran"), commit.id().to_string());
}

#[test]
fn acknowledgements_are_withdrawn_path_by_path_and_expire() {
    let place = Place::new();
    let store = place.store();
    let locked = store.lock(WAIT).expect("free");
    let (a, b) = (Identity::Worktree((*b"a").into()), Identity::MainWorktree);
    let path = |name: &str| RepoPath::new(name).expect("valid");
    let ack = Ack {
        a: a.clone(),
        b: b.clone(),
        paths: BTreeSet::from([path("x"), path("y")]),
        by: "ada".into(),
        by_agent: true,
        why: "known".into(),
        at: NOW,
        expires: Timestamp(NOW.0 + 10),
    };
    locked.put_ack(&ack).expect("writable");
    locked.put_ack(&Ack { a: b.clone(), b: a.clone(), why: "again".into(), ..ack.clone() }).expect("writable");
    assert_eq!(store.acks(NOW).expect("readable").items.len(), 1, "the pair has no order");
    let withdrawn = locked.withdraw_acks(&a, &b, &BTreeSet::from([path("x"), path("z")])).expect("writable");
    assert_eq!(withdrawn[0].paths, BTreeSet::from([path("x")]));
    let left = store.acks(NOW).expect("readable").items;
    assert_eq!((left.len(), &left[0].paths), (1, &BTreeSet::from([path("y")])));
    assert_eq!(store.acks(Timestamp(NOW.0 + 10)).expect("readable").items, []);
    assert_eq!(locked.sweep_acks(Timestamp(NOW.0 + 10)).expect("writable").len(), 1);
    assert_eq!(locked.withdraw_acks(&b, &a, &BTreeSet::new()).expect("writable"), []);
}

#[test]
fn sessions_are_swept_when_their_holder_is_gone() {
    let place = Place::new();
    let store = place.store();
    let locked = store.lock(WAIT).expect("free");
    let session = |id: &str, heartbeat: i64, process: Option<ProcessId>| Record {
        session: Some(id.into()),
        heartbeat: Timestamp(NOW.0 + heartbeat),
        process,
        kind: Kind::Session,
        ..record("main", 0)
    };
    locked.write_record(&record("main", 0)).expect("writable");
    for record in [
        session("fresh", -299, None),
        session("stale", -300, None),
        session("alive", -9000, Some(process::current())),
        session("from the future", 9000, None),
    ] {
        locked.write_record(&record).expect("writable");
    }
    let swept = |now: i64| -> Vec<Option<String>> {
        let witness = Witness { now: Timestamp(NOW.0 + now), ..witness() };
        locked.sweep_sessions(&witness).expect("writable").into_iter().map(|record| record.session).collect()
    };
    let is_told = process::is_alive(&process::current()) == Liveness::Alive;
    assert_eq!(swept(0).len(), if is_told { 1 } else { 2 });
    assert_eq!(swept(300).len(), 2, "no heartbeat lies in the future for ever");
    let left = store.records().expect("readable").items;
    assert_eq!(left.len(), if is_told { 2 } else { 1 }, "worktrees are never swept here");
}

#[test]
fn the_exclude_block_comes_and_goes() {
    let place = Place::new();
    let store = place.store();
    let patterns = vec![coord::store::exclude::folder_pattern(".claude/runtime")];
    let path = place.top().join(".git/info/exclude");
    for user in [None, Some(&b""[..]), Some(b"*.log"), Some(b"# x\r\n\xff\n")] {
        if let Some(bytes) = user {
            fs::create_dir_all(path.parent().expect("it has one")).expect("made");
            fs::write(&path, bytes).expect("ours");
        }
        assert!(!store.is_excluded(&patterns).expect("readable"));
        let locked = store.lock(WAIT).expect("free");
        assert!(locked.ensure_excluded(&patterns).expect("writable"));
        assert!(!locked.ensure_excluded(&patterns).expect("writable"));
        assert!(store.is_excluded(&patterns).expect("readable"));
        assert!(locked.remove_excluded().expect("writable"));
        assert_eq!(fs::read(&path).ok().as_deref(), user);
    }
}
