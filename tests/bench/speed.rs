//! What coord costs beside what git itself costs, measured in one run on repositories made for it: `cargo bench`.
//! Must not know: what the figures ought to be used for; it prints them with their limits and never fails.
//!
//! `COORD_BENCH_FILES` (100000) and `COORD_BENCH_WORKTREES` (20) make it smaller; `COORD_BENCH_RUNS` (11) longer.

use std::ffi::OsString;
use std::fs;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use tempfile::TempDir;

/// What one file of a few lines takes on disk, with its share of folders and of the index.
const BYTES_PER_FILE: u64 = 4_800;

/// How many files the small repository has.
const SMALL: usize = 1_000;

/// How many paths the judged commit stages.
const STAGED: usize = 5;

type Failure = Box<dyn std::error::Error>;

/// A repository with worktrees, each with work in it.
struct Field {
    root: PathBuf,
    worktrees: Vec<PathBuf>,
    environment: Vec<(OsString, OsString)>,
    files: usize,
}

/// One line of the result.
struct Row {
    what: &'static str,
    coord: Duration,
    git: Duration,
    against: &'static str,
    limit: f64,
}

#[expect(clippy::disallowed_methods, reason = "the benchmark's own switches")]
fn switch(name: &str) -> Option<OsString> {
    std::env::var_os(name).filter(|value| !value.is_empty())
}

fn number(name: &str, default: usize) -> usize {
    switch(name).and_then(|text| text.to_str()?.parse().ok()).unwrap_or(default)
}

fn main() -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    // `cargo bench` says so; `cargo test --all-targets` runs this too, and has nothing to test here.
    if !std::env::args().any(|arg| arg == "--bench") {
        return Ok(());
    }
    let (files, asked) = (number("COORD_BENCH_FILES", 100_000), number("COORD_BENCH_WORKTREES", 20).max(1));
    let runs = number("COORD_BENCH_RUNS", 11).max(1);
    let root = tempfile::Builder::new().prefix("coord-bench-").tempdir()?;
    let worktrees = that_fit(&root, files, asked, &mut out)?;
    let begun = Instant::now();
    let large = Field::build(&fs::canonicalize(root.path())?.join("large"), files, worktrees)?;
    let small = Field::build(&fs::canonicalize(root.path())?.join("small"), SMALL.min(files), worktrees)?;
    writeln!(out, "built in {:.0} s; {runs} interleaved runs each, medians\n", begun.elapsed().as_secs_f64())?;
    out.flush()?;
    let rows = measure(&large, &small, runs, &mut out)?;
    print(&rows, &large, &mut out)?;
    writeln!(out, "\nremoving {}", root.path().display())?;
    drop(out);
    root.close()?;
    Ok(())
}

/// How many of the worktrees asked for the disk has room for, saying so.
fn that_fit(root: &TempDir, files: usize, asked: usize, out: &mut impl Write) -> Result<usize, Failure> {
    let per_worktree = files as u64 * BYTES_PER_FILE;
    let needed = per_worktree * (asked as u64 + 2);
    let df = Command::new("df").args(["-Pk"]).arg(root.path()).output()?;
    let text = String::from_utf8_lossy(&df.stdout).into_owned();
    let free = text.lines().last().and_then(|line| line.split_whitespace().nth(3)?.parse::<u64>().ok());
    let free = free.map_or(u64::MAX, |kilobytes| kilobytes * 1024);
    let gigabytes = |bytes: u64| format!("{}.{} GB", bytes / 1_000_000_000, bytes % 1_000_000_000 / 100_000_000);
    writeln!(
        out,
        "{files} files, {asked} worktrees: needs about {} in {}; {} free",
        gigabytes(needed),
        root.path().display(),
        gigabytes(free)
    )?;
    // A tenth stays free for everybody else.
    let fit = usize::try_from((free / 10 * 9 / per_worktree.max(1)).saturating_sub(2)).unwrap_or(usize::MAX);
    let taken = asked.min(fit.max(1));
    if taken < asked {
        writeln!(out, "there is room for {taken} worktrees only: the figures below are for those")?;
    }
    out.flush()?;
    Ok(taken)
}

impl Field {
    /// Makes a repository of `files` small files with `count` worktrees beside it, and work in each of them.
    fn build(root: &Path, files: usize, count: usize) -> Result<Self, Failure> {
        fs::create_dir_all(root.join("home"))?;
        let mut field =
            Self { root: root.to_owned(), worktrees: Vec::new(), environment: environment(&root.join("home")), files };
        let repo = root.join("repo");
        field.git(root, &["init", "-q", "-b", "main", "repo"])?;
        for (name, value) in [("gc.auto", "0"), ("maintenance.auto", "false"), ("core.logAllRefUpdates", "true")] {
            field.git(&repo, &["config", name, value])?;
        }
        field.import(&repo)?;
        field.git(&repo, &["reset", "-q", "--hard", "main"])?;
        field.git(&repo, &["commit-graph", "write", "--reachable"])?;
        for number in 0..count {
            let (name, dir) = (format!("work-{number}"), root.join(format!("work-{number}")));
            let path = dir.to_string_lossy().into_owned();
            field.git(&repo, &["worktree", "add", "-q", "-b", &name, &path, "main"])?;
            field.work(&dir, number)?;
            field.worktrees.push(dir);
        }
        field.coord(&repo, &["install"])?;
        Ok(field)
    }

    /// The first commit, by `git fast-import`.
    fn import(&self, repo: &Path) -> Result<(), Failure> {
        let mut child = self.command("git", repo).args(["fast-import", "--quiet"]).stdin(Stdio::piped()).spawn()?;
        let mut pipe = BufWriter::new(child.stdin.take().ok_or("no pipe")?);
        write!(pipe, "commit refs/heads/main\ncommitter Ada <ada@example.org> 1700000000 +0000\ndata 6\nBegin\n\n")?;
        for number in 0..self.files {
            let text = content(number);
            writeln!(pipe, "M 100644 inline {}\ndata {}\n{text}", path(number), text.len())?;
        }
        drop(pipe.into_inner()?);
        if child.wait()?.success() { Ok(()) } else { Err("git fast-import failed".into()) }
    }

    /// A day's work: a commit of five files, two staged, three edited and two new ones.
    fn work(&self, dir: &Path, number: usize) -> Result<(), Failure> {
        let file = |n: usize| path((number * 37 + n * 11) % self.files);
        let edit = |n: usize| fs::write(dir.join(file(n)), format!("work {number}\n{}", content(n)));
        for n in 0..5 {
            edit(n)?;
        }
        self.git(dir, &["commit", "-q", "-a", "-m", "Work"])?;
        for n in 5..7 {
            edit(n)?;
        }
        self.git(dir, &["add", "-u"])?;
        for n in 7..10 {
            edit(n)?;
        }
        for n in 0..2 {
            fs::write(dir.join(format!("new-{number}-{n}.txt")), "new\n")?;
        }
        Ok(())
    }

    fn command(&self, program: &str, dir: &Path) -> Command {
        let mut command = Command::new(if program == "coord" { env!("CARGO_BIN_EXE_coord") } else { program });
        command.env_clear().envs(self.environment.iter().cloned()).current_dir(dir).stdin(Stdio::null());
        command
    }

    fn run(&self, program: &str, dir: &Path, args: &[&str]) -> Result<Output, Failure> {
        Ok(self.command(program, dir).args(args).output()?)
    }

    fn git(&self, dir: &Path, args: &[&str]) -> Result<Output, Failure> {
        let output = self.run("git", dir, args)?;
        if output.status.success() {
            return Ok(output);
        }
        Err(format!("git {}: {}", args.join(" "), String::from_utf8_lossy(&output.stderr)).into())
    }

    fn coord(&self, dir: &Path, args: &[&str]) -> Result<Output, Failure> {
        let output = self.run("coord", dir, args)?;
        if output.status.success() {
            return Ok(output);
        }
        Err(format!("coord {}: {}", args.join(" "), String::from_utf8_lossy(&output.stderr)).into())
    }

    /// The worktree whose commit is judged, with exactly [`STAGED`] paths staged.
    fn committer(&self) -> Result<PathBuf, Failure> {
        let dir = self.worktrees[0].clone();
        self.git(&dir, &["reset", "-q", "--hard"])?;
        for n in 0..STAGED {
            let name = path(self.files - 1 - n * 3);
            fs::write(dir.join(&name), format!("staged\n{}", content(n)))?;
            self.git(&dir, &["add", "--", &name])?;
        }
        Ok(dir)
    }

    /// The hook as git would call it in `dir`.
    fn hook(&self, dir: &Path) -> Result<Duration, Failure> {
        let git_dir = self.root.join("repo/.git/worktrees").join(dir.file_name().ok_or("a worktree has a name")?);
        let mut command = self.command("coord", dir);
        command.args(["hook", "pre-commit"]).env("GIT_INDEX_FILE", git_dir.join("index")).env("GIT_DIR", git_dir);
        let (spent, output) = timed(|| command.output().map_err(Failure::from))?;
        if !output.status.success() || !output.stderr.is_empty() {
            return Err(format!("the hook says: {}", String::from_utf8_lossy(&output.stderr)).into());
        }
        Ok(spent)
    }

    /// A plain commit, without any hook, taken back afterwards.
    fn commit(&self, dir: &Path) -> Result<Duration, Failure> {
        let (spent, _) = timed(|| self.git(dir, &["-c", "core.hooksPath=/dev/null", "commit", "-q", "-m", "Plain"]))?;
        self.git(dir, &["-c", "core.hooksPath=/dev/null", "reset", "-q", "--soft", "HEAD~1"])?;
        Ok(spent)
    }

    /// `git status` over all worktrees, as many at once as there are processors.
    fn status_of_all(&self) -> Result<Duration, Failure> {
        let mut dirs = self.worktrees.clone();
        dirs.push(self.root.join("repo"));
        let next = AtomicUsize::new(0);
        let threads = thread::available_parallelism().map_or(1, usize::from);
        let begun = Instant::now();
        thread::scope(|scope| {
            let workers: Vec<_> = (0..threads)
                .map(|_| {
                    scope.spawn(|| -> Result<(), String> {
                        while let Some(dir) = dirs.get(next.fetch_add(1, Ordering::Relaxed)) {
                            let args = ["--no-optional-locks", "status", "--porcelain=v2", "-z", "-uall"];
                            self.git(dir, &args).map_err(|error| error.to_string())?;
                        }
                        Ok(())
                    })
                })
                .collect();
            workers.into_iter().try_for_each(|worker| worker.join().map_err(|_| "a thread panicked".to_owned())?)
        })?;
        Ok(begun.elapsed())
    }
}

fn environment(home: &Path) -> Vec<(OsString, OsString)> {
    let mut all = vec![
        ("HOME".into(), home.into()),
        ("PATH".into(), switch("PATH").unwrap_or_else(|| "/usr/local/bin:/usr/bin:/bin".into())),
    ];
    for (name, value) in [
        ("GIT_CONFIG_NOSYSTEM", "1"),
        ("GIT_CONFIG_GLOBAL", "/dev/null"),
        ("GIT_AUTHOR_NAME", "Ada"),
        ("GIT_AUTHOR_EMAIL", "ada@example.org"),
        ("GIT_COMMITTER_NAME", "Ada"),
        ("GIT_COMMITTER_EMAIL", "ada@example.org"),
        ("LC_ALL", "C"),
    ] {
        all.push((name.into(), value.into()));
    }
    all
}

fn path(number: usize) -> String {
    format!("area-{}/part-{}/file-{number}.rs", number / 1_000, number / 50 % 20)
}

fn content(number: usize) -> String {
    format!("// file {number}\nfn f{number}() {{\n    run({number});\n}}\n")
}

fn timed<T>(work: impl FnOnce() -> Result<T, Failure>) -> Result<(Duration, T), Failure> {
    let begun = Instant::now();
    let value = work()?;
    Ok((begun.elapsed(), value))
}

fn median(mut spans: Vec<Duration>) -> Duration {
    spans.sort();
    spans[spans.len() / 2]
}

/// Runs all sides by turns, `runs` times after one round to warm up, and gives their medians.
fn by_turns<const N: usize>(
    runs: usize,
    mut sides: [&mut dyn FnMut() -> Result<Duration, Failure>; N],
) -> Result<[Duration; N], Failure> {
    let mut spans = [const { Vec::new() }; N];
    for round in 0..=runs {
        for (side, spans) in sides.iter_mut().zip(&mut spans) {
            let span = side()?;
            if round > 0 {
                spans.push(span);
            }
        }
    }
    Ok(spans.map(median))
}

fn measure(large: &Field, small: &Field, runs: usize, out: &mut impl Write) -> Result<Vec<Row>, Failure> {
    let mut rows = Vec::new();
    let (here, there) = (large.committer()?, small.committer()?);
    let [hook, commit, hook_small, diff] = by_turns(
        runs,
        [&mut || large.hook(&here), &mut || large.commit(&here), &mut || small.hook(&there), &mut || {
            Ok(timed(|| large.git(&here, &["diff-index", "--cached", "--raw", "-z", "HEAD"]))?.0)
        }],
    )?;
    writeln!(out, "coord hook pre-commit on {} files: {}; diff-index: {}", small.files, ms(hook_small), ms(diff))?;
    rows.push(Row { what: "coord hook pre-commit", coord: hook, git: commit, against: "git commit", limit: 0.25 });
    rows.push(Row {
        what: "coord hook pre-commit",
        coord: hook,
        git: hook_small + diff.mul_f64(1.5),
        against: "itself on the small + 1.5 x diff-index",
        limit: 1.0,
    });
    // Not one of the staged paths, and one that another worktree has changed as well.
    let asked = path(37);
    let [check, status] = by_turns(
        runs,
        [&mut || Ok(timed(|| large.run("coord", &here, &["check", &asked]))?.0), &mut || {
            Ok(timed(|| large.git(&here, &["status"]))?.0)
        }],
    )?;
    rows.push(Row { what: "coord check, one path", coord: check, git: status, against: "git status", limit: 0.15 });
    let [scan, all] = by_turns(
        runs,
        [&mut || Ok(timed(|| large.run("coord", &here, &["scan", "--fail-on", "never"]))?.0), &mut || {
            large.status_of_all()
        }],
    )?;
    rows.push(Row { what: "coord scan", coord: scan, git: all, against: "git status of all worktrees", limit: 1.2 });
    Ok(rows)
}

fn ms(span: Duration) -> String {
    format!("{:.1} ms", span.as_secs_f64() * 1000.0)
}

fn print(rows: &[Row], large: &Field, out: &mut impl Write) -> io::Result<()> {
    writeln!(out, "\non {} files and {} worktrees with work in each:", large.files, large.worktrees.len())?;
    writeln!(out, "{:<24} {:>12} {:>12} {:>7} {:>9}   against", "what", "coord", "git", "ratio", "at most")?;
    for row in rows {
        let ratio = row.coord.as_secs_f64() / row.git.as_secs_f64();
        let verdict = if ratio <= row.limit { "" } else { "   TOO SLOW" };
        writeln!(
            out,
            "{:<24} {:>12} {:>12} {ratio:>7.3} {:>9.2}   {}{verdict}",
            row.what,
            ms(row.coord),
            ms(row.git),
            row.limit,
            row.against
        )?;
    }
    Ok(())
}
