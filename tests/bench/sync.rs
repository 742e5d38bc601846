//! Beyond one machine: clones that meet at a bare repository behind git's own server or a plain path, all on one machine.

use std::fmt::Write as _;
use std::fs;
use std::io::{Read as _, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use crate::field::{self, Field};
use crate::support::{self, Failure, Row, by_turns, median, ms, number, timed};

/// Measures bytes on the wire, fifty clones at once, the time from an edit to a verdict, and a scan of a thousand
/// instances of other machines. `COORD_BENCH_CLONES` (50), `COORD_BENCH_EDITS` (40).
pub(crate) fn bench(root: &Path, runs: usize, out: &mut impl Write) -> Result<(), Failure> {
    wire(&Hub::new(&root.join("wire"), 10_000)?, out)?;
    latency(&Hub::new(&root.join("latency"), 1_000)?, out)?;
    many(&Hub::new(&root.join("many"), 200)?, out)?;
    scan(&root.join("scan"), runs, out)
}

/// Measures claims on one path by 32 clones, each with `COORD_BENCH_CLAIMS` (20) of them.
pub(crate) fn contest(root: &Path, out: &mut impl Write) -> Result<(), Failure> {
    claims(&Hub::new(root, 50)?, out)
}

/// A bare repository with files, and those who clone it.
struct Hub {
    field: Field,
}

/// A child that ends with the bench.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

fn path(file: usize) -> String {
    format!("area-{}/part-{}/file-{file}.rs", file / 1_000, file / 50 % 20)
}

/// A file of a hundred lines that say something each, as code does: about five kilobytes.
fn content(file: usize) -> String {
    let word =
        |n: usize| ["route", "index", "reply", "session", "token", "branch", "merge", "ledger"][(n * 7 + file * 3) % 8];
    let line =
        |n: usize| format!("    let {}_{n} = {}({}, {});\n", word(n), word(n + 1), word(n * n + 2), n * file % 1013);
    (0..100).map(line).collect()
}

impl Hub {
    fn new(root: &Path, files: usize) -> Result<Self, Failure> {
        fs::create_dir_all(root.join("home"))?;
        let environment = field::environment(&root.join("home"));
        let field = Field { root: root.to_owned(), worktrees: Vec::new(), environment, files };
        field.git(root, &["init", "-q", "--bare", "-b", "main", "hub.git"])?;
        let mut stream =
            String::from("commit refs/heads/main\ncommitter Ada <ada@example.org> 1795000000 +0000\ndata 0\n");
        for file in 0..files {
            let text = content(file);
            writeln!(stream, "M 100644 inline {}\ndata {}\n{text}", path(file), text.len())?;
        }
        import(&field, &root.join("hub.git"), stream.as_bytes())?;
        Ok(Self { field })
    }

    /// A clone that has agreed to publish, as `mode` says.
    fn clone(&self, name: &str) -> Result<PathBuf, Failure> {
        let root = &self.field.root;
        self.field.git(root, &["clone", "-q", "hub.git", name])?;
        let place = root.join(name);
        for (key, value) in [("coord.sync", "content"), ("gc.auto", "0"), ("maintenance.auto", "false")] {
            self.field.git(&place, &["config", key, value])?;
        }
        Ok(place)
    }

    fn coord(&self, place: &Path, args: &[&str]) -> Result<String, Failure> {
        Ok(String::from_utf8_lossy(&self.field.coord(place, args)?.stdout).into_owned())
    }
}

fn import(field: &Field, place: &Path, stream: &[u8]) -> Result<(), Failure> {
    let mut child = field.command("git", place).args(["fast-import", "--quiet"]).stdin(Stdio::piped()).spawn()?;
    child.stdin.take().ok_or("no pipe")?.write_all(stream)?;
    if child.wait()?.success() { Ok(()) } else { Err("git fast-import failed".into()) }
}

/// Hands on all that is said between a client and a server, and counts it.
struct Counter {
    address: String,
    bytes: Arc<AtomicU64>,
}

impl Counter {
    fn before(server: String) -> Result<Self, Failure> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let address = listener.local_addr()?.to_string();
        let bytes = Arc::new(AtomicU64::new(0));
        let counted = Arc::clone(&bytes);
        thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let Ok(server) = TcpStream::connect(&server) else { continue };
                for (from, to) in [(client.try_clone(), server.try_clone()), (Ok(server), Ok(client))] {
                    let (Ok(from), Ok(to)) = (from, to) else { continue };
                    let counted = Arc::clone(&counted);
                    thread::spawn(move || hand_on(from, to, &counted));
                }
            }
        });
        Ok(Self { address, bytes })
    }

    /// What was said since the last time this was asked.
    fn take(&self) -> u64 {
        self.bytes.swap(0, Ordering::SeqCst)
    }
}

fn hand_on(mut from: TcpStream, mut to: TcpStream, counted: &AtomicU64) {
    let mut bytes = vec![0; 16384];
    while let Ok(read @ 1..) = from.read(&mut bytes) {
        counted.fetch_add(read as u64, Ordering::SeqCst);
        if to.write_all(&bytes[..read]).is_err() {
            break;
        }
    }
    drop(to.shutdown(Shutdown::Write));
}

fn daemon(hub: &Hub) -> Result<(Running, String), Failure> {
    let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
    let mut command = hub.field.command("git", &hub.field.root);
    command.args(["daemon", "--reuseaddr", "--export-all", "--enable=receive-pack", "--listen=127.0.0.1"]);
    command.arg(format!("--port={port}")).arg(format!("--base-path={}", hub.field.root.display()));
    let running = Running(command.stdout(Stdio::null()).stderr(Stdio::null()).spawn()?);
    let until = Instant::now() + Duration::from_secs(30);
    while TcpStream::connect(("127.0.0.1", port)).is_err() {
        if Instant::now() > until {
            return Err("git daemon does not answer".into());
        }
        thread::yield_now();
    }
    Ok((running, format!("127.0.0.1:{port}")))
}

/// How many bytes something has compressed, by git's own method.
fn compressed(text: &[u8]) -> Result<u64, Failure> {
    let mut command = Command::new("gzip");
    let mut child = command.args(["-6", "-c"]).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
    let mut pipe = child.stdin.take().ok_or("no pipe")?;
    let text = text.to_vec();
    let writing = thread::spawn(move || pipe.write_all(&text));
    let output = child.wait_with_output()?;
    drop(writing.join());
    // Without gzip's own frame of 18 bytes.
    Ok((output.stdout.len() as u64).saturating_sub(18))
}

fn wire(hub: &Hub, out: &mut impl Write) -> Result<(), Failure> {
    let one = hub.clone("one")?;
    let (_daemon, server) = daemon(hub)?;
    let counter = Counter::before(server)?;
    hub.field.git(&one, &["remote", "set-url", "origin", &format!("git://{}/hub.git", counter.address)])?;
    writeln!(out, "\nbytes on the wire, both ways, {} files of 5 kB, git's own server:", hub.field.files)?;
    hub.coord(&one, &["sync", "--yes", "push"])?;
    writeln!(out, "  the first publication of a clone without changes     {:>7}", counter.take())?;
    hub.coord(&one, &["sync", "pull"])?;
    writeln!(out, "  a fetch that brings nothing new                      {:>7}", counter.take())?;
    for (what, file, lines) in
        [("one line", 4_321, 1), ("twenty lines", 4_322, 20), ("a file of 100 lines, rewritten", 4_323, 100)]
    {
        let name = path(file);
        let old = fs::read_to_string(one.join(&name))?;
        let mut all: Vec<String> = old.lines().map(|line| format!("{line}\n")).collect();
        for (n, line) in all.iter_mut().skip(40 % (101 - lines)).take(lines).enumerate() {
            *line = format!(
                "    let changed_{n} = somewhere_else({}, \"{:x}\");\n",
                n * 37,
                (n + 5) * 2_654_435_761 % 4_294_967_291
            );
        }
        fs::write(one.join(&name), all.concat())?;
        let diff = hub.field.git(&one, &["diff", "-U0", "--", &name])?.stdout;
        let (diff, file) = (compressed(&diff)?, compressed(all.concat().as_bytes())?);
        hub.coord(&one, &["sync", "push"])?;
        let coord = counter.take();
        // What git itself takes for the same, as a commit on a branch.
        hub.field.git(&one, &["switch", "-q", "-c", &format!("b{lines}"), "main"])?;
        hub.field.git(&one, &["commit", "-q", "-m", "Change", "--", &name])?;
        counter.take();
        hub.field.git(&one, &["push", "-q", "origin", &format!("HEAD:refs/heads/b{lines}")])?;
        let git = counter.take();
        hub.field.git(&one, &["switch", "-q", "main"])?;
        hub.coord(&one, &["sync", "push"])?;
        counter.take();
        writeln!(
            out,
            "  {what:<36} coord {coord:>6}   git push {git:>6}   the file compressed {file:>5}, {:.2} x (at most 3)   its diff compressed {diff:>5}, {:.2} x",
            ratio(coord, file),
            ratio(coord, diff)
        )?;
    }
    Ok(())
}

#[expect(clippy::cast_precision_loss, reason = "for the eye")]
fn ratio(a: u64, b: u64) -> f64 {
    a as f64 / b.max(1) as f64
}

fn latency(hub: &Hub, out: &mut impl Write) -> Result<(), Failure> {
    let (one, two) = (hub.clone("one")?, hub.clone("two")?);
    let edits = number("COORD_BENCH_EDITS", 40);
    for place in [&one, &two] {
        hub.coord(place, &["sync", "--yes"])?;
    }
    let watch = |place: &Path| -> Result<Running, Failure> {
        let mut command = hub.field.command("coord", place);
        command.args(["sync", "--watch", "--every", "1s"]).stdout(Stdio::null()).stderr(Stdio::null());
        Ok(Running(command.spawn()?))
    };
    let (_first, _second) = (watch(&one)?, watch(&two)?);
    let mut spans = Vec::new();
    for edit in 0..edits {
        let name = path(edit % 200);
        fs::write(one.join(&name), format!("edit {edit}\n"))?;
        fs::write(two.join(&name), format!("other {edit}\n"))?;
        let begun = Instant::now();
        loop {
            let run = hub.field.run("coord", &two, &["check", &name])?;
            if run.status.code() == Some(1) {
                break;
            }
            if begun.elapsed() > Duration::from_secs(60) {
                return Err("no verdict came about".into());
            }
        }
        spans.push(begun.elapsed());
        // Not in step with the second that both wait.
        thread::sleep(Duration::from_millis((edit as u64 * 137) % 1000));
    }
    spans.sort();
    let p95 = spans[spans.len() * 95 / 100];
    writeln!(
        out,
        "\nfrom an edit in one clone to the verdict in another, both syncing every second ({edits} edits): median {}, p95 {}",
        ms(median(spans)),
        ms(p95)
    )?;
    Ok(())
}

fn many(hub: &Hub, out: &mut impl Write) -> Result<(), Failure> {
    let clones = number("COORD_BENCH_CLONES", 50);
    let mut places = Vec::new();
    for n in 0..clones {
        let place = hub.clone(&format!("c{n}"))?;
        fs::write(place.join(path(n % 200)), format!("work of {n}\n"))?;
        places.push(place);
    }
    let round = |out: &mut dyn Write, what: &str| -> Result<Vec<String>, Failure> {
        let (span, said) = timed(|| at_once(hub, &places, &["sync", "--yes", "--json"]))?;
        writeln!(out, "  {what:<28} {:>9}", ms(span))?;
        Ok(said)
    };
    writeln!(out, "\n{clones} clones publish and fetch at once over a plain path:")?;
    round(out, "all publish for the first time")?;
    let said = round(out, "all see all others")?;
    let seen = |said: &String| said.matches('@').count();
    let fewest = said.iter().map(seen).min().unwrap_or(0);
    writeln!(out, "  the fewest others that one saw {fewest} (of {})", clones - 1)?;
    for (n, place) in places.iter().enumerate() {
        fs::write(place.join(path((n + 7) % 200)), format!("more of {n}\n"))?;
    }
    round(out, "all publish once more")?;
    let listed =
        hub.field.git(&hub.field.root.join("hub.git"), &["for-each-ref", "--format=%(refname)", "refs/coord"])?;
    let refs = String::from_utf8_lossy(&listed.stdout).lines().count();
    let lost = places.iter().enumerate().filter(|(n, _)| {
        let holds = |file: String, text: String| {
            let args = ["log", "--all", "--format=%H", "-1", "-S", text.trim(), "--", &file];
            hub.field.git(&hub.field.root.join("hub.git"), &args).is_ok_and(|output| !output.stdout.is_empty())
        };
        !holds(path((n + 7) % 200), format!("more of {n}\n"))
    });
    writeln!(out, "  refs at the hub {refs}, states lost {}", lost.count())?;
    Ok(())
}

/// Runs coord in all places at once, and gives what each said.
fn at_once(hub: &Hub, places: &[PathBuf], args: &[&str]) -> Result<Vec<String>, Failure> {
    let start = |place: &PathBuf| {
        hub.field.command("coord", place).args(args).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()
    };
    let children: Vec<Child> = places.iter().map(start).collect::<Result<_, _>>()?;
    let mut said = Vec::new();
    for child in children {
        let output = child.wait_with_output()?;
        if !output.status.success() {
            let text = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
            return Err(format!("coord {}: {text}", args.join(" ")).into());
        }
        said.push(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    Ok(said)
}

fn claims(hub: &Hub, out: &mut impl Write) -> Result<(), Failure> {
    let (clones, each) = (number("COORD_BENCH_CLONES", 50).min(32), number("COORD_BENCH_CLAIMS", 20));
    hub.field.git(&hub.field.root.join("hub.git"), &["config", "core.logAllRefUpdates", "always"])?;
    let places: Vec<PathBuf> = (0..clones).map(|n| hub.clone(&format!("c{n}"))).collect::<Result<_, _>>()?;
    at_once(hub, &places, &["sync", "--yes"])?;
    let name = path(0);
    let work = |place: &PathBuf| -> Result<(Vec<Duration>, usize), String> {
        let (mut spans, mut lost) = (Vec::new(), 0);
        for _ in 0..each {
            let begun = Instant::now();
            loop {
                let args = ["claim", &name, "--wait", "60s"];
                let run = hub.field.run("coord", place, &args).map_err(|error| error.to_string())?;
                match run.status.code() {
                    Some(0) => break,
                    Some(1) => lost += 1,
                    _ => return Err(String::from_utf8_lossy(&run.stderr).into_owned()),
                }
            }
            spans.push(begun.elapsed());
            hub.field.coord(place, &["release"]).map_err(|error| error.to_string())?;
        }
        Ok((spans, lost))
    };
    let begun = Instant::now();
    let done: Vec<Result<(Vec<Duration>, usize), String>> = thread::scope(|scope| {
        let workers: Vec<_> = places.iter().map(|place| scope.spawn(|| work(place))).collect();
        workers
            .into_iter()
            .map(|worker| worker.join().unwrap_or_else(|_| Err("a worker panicked".to_owned())))
            .collect()
    });
    let (mut spans, mut lost) = (Vec::new(), 0);
    for one in done {
        let (some, refused) = one?;
        spans.extend(some);
        lost += refused;
    }
    let whole = begun.elapsed();
    let history = hub
        .field
        .git(&hub.field.root.join("hub.git"), &["for-each-ref", "--format=%(refname)", "refs/coord-claims"])?;
    let refs = String::from_utf8_lossy(&history.stdout).into_owned();
    let name = refs.lines().find(|name| !name.contains("-wait/")).ok_or("no claim at the hub")?.to_owned();
    let log = hub.field.git(&hub.field.root.join("hub.git"), &["log", "-g", "--format=%B", &name])?;
    let records: Vec<(u64, bool)> = String::from_utf8_lossy(&log.stdout).lines().filter_map(record).collect();
    let alternate = records.windows(2).all(|pair| pair[0].1 != pair[1].1);
    let tokens: Vec<u64> = records.iter().rev().filter(|(_, held)| *held).map(|(token, _)| *token).collect();
    let grow = tokens.windows(2).all(|pair| pair[0] < pair[1]);
    spans.sort();
    writeln!(
        out,
        "\n{clones} clones claim one path {each} times each: {} granted, {} in the ref's history, one holder at a time: {alternate}, \
         numbers only grow: {grow}, {lost} waits of a minute in vain, {:.1} grants a second, p95 of the wait {}",
        spans.len(),
        tokens.len(),
        ratio(spans.len() as u64, 1) / whole.as_secs_f64(),
        ms(spans[spans.len() * 95 / 100])
    )?;
    Ok(())
}

fn record(line: &str) -> Option<(u64, bool)> {
    let token = line.split("\"token\":").nth(1)?.split(',').next()?.parse().ok()?;
    Some((token, line.contains("\"held\":true")))
}

fn scan(root: &Path, runs: usize, out: &mut impl Write) -> Result<(), Failure> {
    let branches = number("COORD_BENCH_BRANCHES", 1_000);
    let hub = Hub::new(root, 5_000)?;
    let (one, two) = (hub.clone("one")?, hub.clone("two")?);
    let mut stream = String::new();
    for branch in 0..branches {
        let at = 1_795_000_000 + branch;
        writeln!(stream, "commit refs/heads/work-{branch}\ncommitter Ada <ada@example.org> {at} +0000\ndata 0")?;
        writeln!(stream, "from refs/heads/main")?;
        for n in 0..10 {
            let file = (branch * 31 + n * 577) % 5_000;
            let text = content(file).replacen("    let ", &format!("    let by_{branch}_"), 1);
            writeln!(stream, "M 100644 inline {}\ndata {}\n{text}", path(file), text.len())?;
        }
    }
    import(&hub.field, &one, stream.as_bytes())?;
    hub.field.git(&one, &["gc", "-q"])?;
    for place in [&one, &two] {
        hub.field.git(place, &["config", "coord.activeWithin", "3650d"])?;
    }
    let (published, _) = timed(|| hub.coord(&one, &["sync", "--yes", "push"]))?;
    hub.coord(&two, &["sync", "--yes", "push"])?;
    let (fetched, said) = timed(|| hub.coord(&two, &["sync", "pull", "--json"]))?;
    writeln!(
        out,
        "\n{branches} instances published in {}, fetched in {} ({} seen)",
        ms(published),
        ms(fetched),
        said.matches('@').count()
    )?;
    let (again, _) = timed(|| hub.coord(&two, &["sync", "--json"]))?;
    writeln!(out, "a round in which nothing changed, with {branches} others: {}", ms(again))?;
    hub.field.git(&one, &["config", "coord.sync", "off"])?;
    let args = ["scan", "--json", "--fail-on", "never"];
    let mut here = || Ok(timed(|| hub.field.coord(&one, &args))?.0);
    let mut elsewhere = || Ok(timed(|| hub.field.coord(&two, &args))?.0);
    let [here, elsewhere] = by_turns(runs, [&mut here, &mut elsewhere])?;
    let row = Row { what: "scan", coord: elsewhere, git: here, against: "as many branches of one's own", limit: 1.2 };
    let mut rows = vec![row];
    // A file that nobody changed, and one that two of them did, far from here.
    for (what, file, text) in [
        ("hook, nobody's path", "new.rs".to_owned(), "new\n".to_owned()),
        ("hook, a path of two", path(0), content(0) + "more\n"),
    ] {
        fs::write(two.join(&file), text)?;
        hub.field.git(&two, &["add", "--", &file])?;
        let hook = |sync: &str| -> Result<Duration, Failure> {
            let mut command = hub.field.command("coord", &two);
            let git_dir = two.join(".git");
            command.args(["hook", "pre-commit"]).env("GIT_INDEX_FILE", git_dir.join("index")).env("GIT_DIR", git_dir);
            let (spent, output) = timed(|| Ok(command.env("COORD_SYNC", sync).output()?))?;
            if output.status.success() { Ok(spent) } else { Err("the hook stops the commit".into()) }
        };
        let (mut with, mut without) = (|| hook("content"), || hook("off"));
        let [with, without] = by_turns(runs, [&mut with, &mut without])?;
        rows.push(Row { what, coord: with, git: without, against: "without any of them", limit: 1.5 });
        hub.field.git(&two, &["reset", "-q", "--hard"])?;
    }
    support::print(&format!("{branches} instances of other machines"), &rows, out)?;
    Ok(())
}
