//! The event log: what 64 writers at once cost beside plain appending, and a report beside merely reading the log.
//! Must not know: repositories, worktrees.
//!
//! The writers are processes of this very binary ([`work`]), held at a gate until all of them are there.

use std::collections::BTreeSet;
use std::fs::{self, OpenOptions};
use std::io::{self, BufRead as _, PipeReader, PipeWriter, Read as _, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use coord::domain::event::{CommitFacts, Event, EventKind};
use coord::domain::id::{Identity, ObjectId};
use coord::domain::observed::{self, Met, Observed};
use coord::domain::overlap::Grade;
use coord::domain::path::RepoPath;
use coord::domain::time::Timestamp;
use coord::store::{EventFilter, Store};

use crate::field::environment;
use crate::support::{self, Failure, Row, by_turns, number, timed};

const WRITERS: usize = 64;
const EVENTS: usize = 200;
const WAIT: Duration = Duration::from_secs(120);

/// The first argument of a process that is a writer.
pub(crate) const WORKER: &str = "worker";

/// Measures below `root`.
pub(crate) fn bench(root: &Path, runs: usize, out: &mut impl Write) -> Result<(), Failure> {
    fs::create_dir_all(root)?;
    let line = size_of_a_line(&root.join("sample"))?.to_string();
    let at_once = |what: &str, lines: usize| -> Result<Duration, Failure> {
        let dir = root.join(what);
        fs::create_dir(&dir)?;
        let spent = writers(what, &dir, &line)?;
        let found = lines_in(&dir)?;
        fs::remove_dir_all(&dir)?;
        if found == lines { Ok(spent) } else { Err(format!("{what}: {found} lines, not {lines}").into()) }
    };
    let [append, notice, plain] = by_turns(
        runs,
        [&mut || at_once("append", WRITERS * EVENTS), &mut || at_once("notice", EVENTS * 2), &mut || {
            at_once("plain", WRITERS * EVENTS)
        }],
    )?;
    let against = "plain O_APPEND writes of the same size";
    let mut rows = vec![
        Row { what: "64 writers, 200 each", coord: append, git: plain, against, limit: 3.0 },
        Row { what: "64 notice the same 200", coord: notice, git: plain, against, limit: 3.0 },
    ];
    rows.push(report(&root.join("report"), runs.div_ceil(4), out)?);
    support::print("the event log", &rows, out)?;
    Ok(())
}

/// Starts the writers, lets them go at once, and waits until each has said that it is done.
fn writers(what: &str, dir: &Path, line: &str) -> Result<Duration, Failure> {
    let (gate, open) = io::pipe()?;
    let (mut told, tell) = io::pipe()?;
    let mut children = Vec::new();
    for id in 0..WRITERS {
        children.push(writer(&[what, &dir.to_string_lossy(), &id.to_string(), line], &gate, &tell)?);
    }
    drop(tell);
    let mut said = [0; WRITERS];
    told.read_exact(&mut said)?;
    let begun = Instant::now();
    drop(open);
    told.read_exact(&mut said)?;
    let spent = begun.elapsed();
    for mut child in children {
        if !child.wait()?.success() {
            return Err(format!("a writer failed: {what}").into());
        }
    }
    Ok(spent)
}

fn writer(args: &[&str], gate: &PipeReader, tell: &PipeWriter) -> Result<Child, Failure> {
    let mut command = Command::new(std::env::current_exe()?);
    command.arg(WORKER).args(args).stdin(Stdio::from(gate.try_clone()?)).stdout(Stdio::from(tell.try_clone()?));
    Ok(command.spawn()?)
}

/// What a writer does: gets ready, says so, waits for the gate, writes, says so.
pub(crate) fn work(args: &[String]) -> Result<(), Failure> {
    let [what, dir, id, line] = args else { return Err("worker WHAT DIR ID LINE".into()) };
    let (store, id, dir) = (Store::open(Path::new(dir))?, id.parse::<usize>()?, Path::new(dir));
    let ready = || -> Result<(), Failure> {
        io::stdout().write_all(b"r")?;
        io::stdout().flush()?;
        io::stdin().read_to_end(&mut Vec::new())?;
        Ok(())
    };
    match &**what {
        "append" => {
            let events: Vec<Event> = (0..EVENTS).map(|n| event(id * EVENTS + n)).collect();
            ready()?;
            for event in events {
                store.append(&[event], WAIT)?;
            }
        }
        "notice" => {
            ready()?;
            notice(&store)?;
        }
        "plain" => {
            let mut text = vec![b'x'; line.parse()?];
            text.extend_from_slice(b"\n");
            let mut file = OpenOptions::new().append(true).create(true).open(dir.join("plain.jsonl"))?;
            ready()?;
            for _ in 0..EVENTS {
                file.write_all(&text[1..])?;
            }
        }
        "drop" => {
            for event in store.events(&EventFilter::default())? {
                drop(event?);
            }
            return Ok(());
        }
        _ => return Err("no such worker".into()),
    }
    io::stdout().write_all(b"d")?;
    Ok(io::stdout().flush()?)
}

/// What hooks do with the conflicts that they see: where any is not known, it is kept under the lock, and that alone is
/// told.
fn notice(store: &Store) -> Result<(), Failure> {
    if clashes(&mut store.observed()?).is_empty() {
        return Ok(());
    }
    let locked = store.lock(WAIT)?;
    let mut observed = store.observed()?;
    let news = clashes(&mut observed);
    if !news.is_empty() {
        locked.put_observed(&observed)?;
    }
    drop(locked);
    store.append(&news, WAIT)?;
    Ok(())
}

fn clashes(observed: &mut Observed) -> Vec<Event> {
    let clash = |n: usize| {
        let identity = |side: &str| Identity::Worktree(format!("{side}-{n}").into_bytes().into());
        let (pair, _) = observed::pair(&identity("auth"), &identity("search"));
        let met = Met { pair, grade: Grade::Conflict, conflicts: true, acknowledged: false, paths: vec![path(n)] };
        observed.clash(&met, (format!("auth-{n}"), format!("search-{n}")), Timestamp(1_800_000_000))
    };
    (0..EVENTS).flat_map(clash).collect()
}

fn path(n: usize) -> RepoPath {
    RepoPath::new(format!("src/area-{}/part-{}.rs", n % 50, n % 1000)).unwrap_or_else(|_| unreachable!("a plain path"))
}

/// A commit that met somebody, as hooks note it, at a moment of its own.
fn event(n: usize) -> Event {
    let oid = |n: usize| ObjectId::from_bytes(&[u8::try_from(n % 251).unwrap_or_default(); 20]);
    let facts = CommitFacts {
        hook: "pre-commit".into(),
        commit: None,
        tree: oid(n),
        parent: oid(n + 1),
        with: vec![format!("work-{}", n % 17)],
        paths: vec![path(n), path(n * 7 + 1)],
        more_paths: 0,
    };
    let at = Timestamp(1_700_000_000 + i64::try_from(n).unwrap_or_default() * 10);
    let kind = match n % 8 {
        0 => EventKind::CommitBlocked(facts),
        1..4 => EventKind::CommitWarned(facts),
        _ => EventKind::CommitPassed(facts),
    };
    Event { at, actor: Some(format!("work-{}", n % 23)), kind }
}

fn size_of_a_line(dir: &Path) -> Result<u64, Failure> {
    fs::create_dir(dir)?;
    let store = Store::open(dir)?;
    let events: Vec<Event> = (0..EVENTS).map(event).collect();
    store.append(&events, WAIT)?;
    Ok(fs::metadata(store.events_file())?.len() / EVENTS as u64)
}

/// How many whole lines lie in the folder's files.
fn lines_in(dir: &Path) -> Result<usize, Failure> {
    let store = Store::open(dir)?;
    let plain = fs::read(dir.join("plain.jsonl")).unwrap_or_default().lines().count();
    let mut seen = BTreeSet::new();
    let mut events = 0;
    for event in store.events(&EventFilter::default())? {
        let event = event?;
        events += 1;
        seen.insert((event.at, event.actor, event.kind.name().to_owned()));
    }
    if seen.len() == events { Ok(plain + events) } else { Err("something is told twice".into()) }
}

/// `coord report` over a log of a million events, beside this binary reading and dropping them.
fn report(root: &Path, runs: usize, out: &mut impl Write) -> Result<Row, Failure> {
    let events = number("COORD_BENCH_EVENTS", 1_000_000);
    let repo = root.join("repo");
    fs::create_dir_all(root.join("home"))?;
    let command = |program: &str| {
        let mut command = Command::new(program);
        command.env_clear().envs(environment(&root.join("home"))).stdin(Stdio::null()).stdout(Stdio::null());
        command
    };
    command("git").args(["init", "-q", "-b", "main"]).arg(&repo).status()?;
    let bytes = fill(root, &repo.join(".git"), events)?;
    writeln!(out, "a log of {events} events, {} MB", bytes / 1_000_000)?;
    out.flush()?;
    let run = |mut command: Command| -> Result<Duration, Failure> {
        let (spent, status) = timed(|| Ok(command.status()?))?;
        if status.success() { Ok(spent) } else { Err("a program failed".into()) }
    };
    let [report, read] = by_turns(
        runs,
        [
            &mut || {
                let mut report = command(env!("CARGO_BIN_EXE_coord"));
                report.args(["report", "--json"]).current_dir(&repo);
                run(report)
            },
            &mut || {
                let mut reader = command(&std::env::current_exe()?.to_string_lossy());
                reader.arg(WORKER).arg("drop").arg(repo.join(".git")).args(["0", "0"]);
                run(reader)
            },
        ],
    )?;
    Ok(Row {
        what: "coord report",
        coord: report,
        git: read,
        against: "reading each event and dropping it",
        limit: 3.0,
    })
}

/// Writes the log as coord does, in parts, so that nothing of it is rotated away.
fn fill(root: &Path, common: &Path, events: usize) -> Result<u64, Failure> {
    let log = Store::open(common)?.events_file();
    fs::create_dir_all(log.parent().ok_or("the log lies in a folder")?)?;
    let mut log = OpenOptions::new().append(true).create(true).open(log)?;
    let part = root.join("part");
    for from in (0..events).step_by(10_000) {
        fs::create_dir(&part)?;
        let store = Store::open(&part)?;
        let events: Vec<Event> = (from..events.min(from + 10_000)).map(event).collect();
        store.append(&events, WAIT)?;
        log.write_all(&fs::read(store.events_file())?)?;
        fs::remove_dir_all(&part)?;
    }
    Ok(log.metadata()?.len())
}
