//! Many branches at once: a scan of all pairs beside the merges that git would need for an answer.

use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, UNIX_EPOCH};

use crate::field::{self, Field};
use crate::support::{self, Failure, Row, by_turns, median, ms, number, timed};

/// How many files the tree has; the first is the hot one.
const FILES: usize = 5_000;

/// So many pairs are merged by git to tell what all of them would take.
const SAMPLE: u32 = 300;

/// What is measured; the last word is left out for what people see.
const SCAN: &[&str] = &["scan", "--branches", "work-*", "--all-pairs", "--fail-on", "never", "--json"];

/// A repository with many branches.
struct Forest {
    field: Field,
    branches: usize,
}

/// Measures 100, 300 and 1,000 branches (`COORD_BENCH_BRANCHES` is the largest).
pub(crate) fn bench(root: &Path, runs: usize, out: &mut impl Write) -> Result<(), Failure> {
    let largest = number("COORD_BENCH_BRANCHES", 1_000).max(10);
    let mut colds = Vec::new();
    for branches in [largest / 10, largest * 3 / 10, largest] {
        let forest = Forest::build(&root.join(branches.to_string()), branches)?;
        let rows = forest.measure(runs, out)?;
        colds.push((branches, rows[0].coord));
        let title = format!("{branches} branches over {FILES} files, the target moved on");
        support::print(&title, &rows, out)?;
        fs::remove_dir_all(&forest.field.root)?;
    }
    if let [_, (some, less), (many, more)] = colds[..] {
        let growth = more.as_secs_f64() / less.as_secs_f64();
        writeln!(out, "growth from {some} to {many} branches: {growth:.2} x (at most 4)")?;
    }
    Ok(())
}

/// A generator of numbers, the same in every run.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap_or(0) % sides.max(1)
    }
}

/// A file of forty lines.
fn content(file: usize) -> Vec<String> {
    (0..40).map(|line| format!("file {file}, line {line}\n")).collect()
}

fn path(file: usize) -> String {
    if file == 0 { "CHANGELOG.md".to_owned() } else { format!("src/area-{}/file-{file}.rs", file / 50) }
}

impl Forest {
    /// Branches of 5 to 50 files each; one in twenty edits the hot file's top. The target moved on in 300 files since.
    fn build(root: &Path, branches: usize) -> Result<Self, Failure> {
        fs::create_dir_all(root.join("home"))?;
        let field = Field {
            root: root.to_owned(),
            worktrees: Vec::new(),
            environment: field::environment(&root.join("home")),
            files: FILES,
        };
        let repo = root.join("repo");
        field.git(root, &["init", "-q", "-b", "main", "repo"])?;
        for (name, value) in [("gc.auto", "0"), ("maintenance.auto", "false"), ("coord.activeWithin", "365d")] {
            field.git(&repo, &["config", name, value])?;
        }
        let mut stream = Vec::new();
        history(&mut stream, branches)?;
        let mut import = field.command("git", &repo);
        let mut child = import.args(["fast-import", "--quiet"]).stdin(Stdio::piped()).spawn()?;
        child.stdin.take().ok_or("no pipe")?.write_all(&stream)?;
        if !child.wait()?.success() {
            return Err("git fast-import failed".into());
        }
        field.git(&repo, &["read-tree", "main"])?;
        field.git(&repo, &["update-index", "--refresh", "-q", "--really-refresh"]).ok();
        field.git(&repo, &["reset", "-q", "--hard"])?;
        field.git(&repo, &["gc", "-q"])?;
        // Written in the index's own second, files would be read again by every git status.
        for file in 0..FILES {
            let old = UNIX_EPOCH + Duration::from_secs(1_700_000_000);
            fs::File::options().write(true).open(repo.join(path(file)))?.set_modified(old)?;
        }
        field.git(&repo, &["status", "--porcelain"])?;
        Ok(Self { field, branches })
    }

    fn repo(&self) -> std::path::PathBuf {
        self.field.root.join("repo")
    }

    /// A scan as people see it, or all of it as JSON: of a thousand branches twenty megabytes.
    fn scan(&self, json: bool) -> Result<Duration, Failure> {
        let args = if json { SCAN } else { &SCAN[..SCAN.len() - 1] };
        Ok(timed(|| self.field.coord(&self.repo(), args))?.0)
    }

    /// The like with nothing remembered.
    fn cold(&self, json: bool) -> Result<Duration, Failure> {
        let cache = self.repo().join(".git/coord/cache");
        if cache.exists() {
            fs::remove_dir_all(cache)?;
        }
        self.scan(json)
    }

    /// Merges by git itself, all in one process.
    fn merges(&self, pairs: &str) -> Result<Duration, Failure> {
        let run = || -> Result<(), Failure> {
            let mut command = self.field.command("git", &self.repo());
            command.args(["merge-tree", "--write-tree", "--stdin"]).stdin(Stdio::piped()).stdout(Stdio::null());
            let mut child = command.spawn()?;
            child.stdin.take().ok_or("no pipe")?.write_all(pairs.as_bytes())?;
            if child.wait()?.success() { Ok(()) } else { Err("git merge-tree failed".into()) }
        };
        Ok(timed(run)?.0)
    }

    /// One more commit on a branch.
    fn move_branch(&self, dice: &mut Dice) -> Result<(), Failure> {
        let (branch, file) = (dice.roll(self.branches), 1 + dice.roll(FILES - 1));
        let mut lines = content(file);
        lines[20] = format!("moved {}\n", dice.roll(1 << 30));
        let text = lines.concat();
        let stream = format!(
            "commit refs/heads/work-{branch}\ncommitter Ada <ada@example.org> 1790000000 +0000\ndata 0\n\
             from refs/heads/work-{branch}^0\nM 100644 inline {}\ndata {}\n{text}\n",
            path(file),
            text.len()
        );
        let mut command: Command = self.field.command("git", &self.repo());
        let mut child = command.args(["fast-import", "--quiet"]).stdin(Stdio::piped()).spawn()?;
        child.stdin.take().ok_or("no pipe")?.write_all(stream.as_bytes())?;
        if child.wait()?.success() { Ok(()) } else { Err("git fast-import failed".into()) }
    }

    fn measure(&self, runs: usize, out: &mut impl Write) -> Result<Vec<Row>, Failure> {
        let onto: Vec<String> = (0..self.branches).map(|n| format!("main work-{n}\n")).collect();
        let onto = onto.concat();
        let mut dice = Dice(3);
        let sample: Vec<String> = (0..SAMPLE)
            .map(|_| {
                let first = dice.roll(self.branches);
                format!("work-{first} work-{}\n", (first + 1 + dice.roll(self.branches - 1)) % self.branches)
            })
            .collect();
        let sample = sample.concat();
        let [cold, cold_json, merges, pairs] = by_turns(
            runs,
            [&mut || self.cold(false), &mut || self.cold(true), &mut || self.merges(&onto), &mut || {
                self.merges(&sample)
            }],
        )?;
        let (mut again, mut again_json) = (Vec::new(), Vec::new());
        for _ in 0..runs.max(3) {
            self.move_branch(&mut dice)?;
            again.push(self.scan(false)?);
            self.move_branch(&mut dice)?;
            again_json.push(self.scan(true)?);
        }
        let count = self.branches * (self.branches - 1) / 2;
        let all = pairs * u32::try_from(count)? / SAMPLE;
        writeln!(out, "git merges {SAMPLE} pairs of {count} in {}", ms(pairs))?;
        let memory = self.peak()?;
        writeln!(out, "peak anonymous memory of a cold scan: {memory} MiB (at most 200)")?;
        let row = |what, coord, git, against, limit| Row { what, coord, git, against, limit };
        Ok(vec![
            row("scan of all pairs, cold", cold, merges, "git merge-tree, each into the target once", 0.5),
            row("scan of all pairs, cold", cold, all, "git merge-tree of all pairs (extrapolated)", 0.001),
            row("scan, one branch moved", median(again), cold, "the same, cold", 0.1),
            row("scan --json of all pairs, cold", cold_json, merges, "git merge-tree, each into the target once", 0.5),
            row("scan --json, one branch moved", median(again_json), cold_json, "the same, cold", 0.1),
        ])
    }

    /// The most anonymous memory that a cold scan held at any time, in MiB, looked at as often as can be.
    fn peak(&self) -> Result<u64, Failure> {
        drop(fs::remove_dir_all(self.repo().join(".git/coord/cache")));
        let mut command = self.field.command("coord", &self.repo());
        command.args(SCAN).stdout(Stdio::null());
        let mut child = command.spawn()?;
        let status = format!("/proc/{}/status", child.id());
        let mut most = 0;
        while child.try_wait()?.is_none() {
            let text = fs::read_to_string(&status).unwrap_or_default();
            let line = text.lines().find_map(|line| line.strip_prefix("RssAnon:"));
            let now = line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok()).unwrap_or(0);
            most = most.max(now / 1024);
            std::thread::yield_now();
        }
        Ok(most)
    }
}

/// The whole history as a stream for `git fast-import`.
fn history(stream: &mut Vec<u8>, branches: usize) -> Result<(), Failure> {
    let mut dice = Dice(1);
    let mut time = 1_780_000_000;
    let commit = |stream: &mut Vec<u8>, branch: &str, from: &str, time: &mut u64| -> Result<(), Failure> {
        *time += 60;
        writeln!(stream, "commit refs/heads/{branch}\ncommitter Ada <ada@example.org> {time} +0000\ndata 0")?;
        if !from.is_empty() {
            writeln!(stream, "from {from}")?;
        }
        Ok(())
    };
    let write = |stream: &mut Vec<u8>, file: usize, lines: &[String]| -> Result<(), Failure> {
        let text = lines.concat();
        writeln!(stream, "M 100644 inline {}\ndata {}\n{text}", path(file), text.len())?;
        Ok(())
    };
    commit(stream, "main", "", &mut time)?;
    for file in 0..FILES {
        write(stream, file, &content(file))?;
    }
    writeln!(stream, "reset refs/tags/fork\nfrom refs/heads/main\n")?;
    // Ten commits of thirty files each.
    for step in 0..10 {
        commit(stream, "main", "", &mut time)?;
        for n in 0..30 {
            let file = 1 + (step * 30 + n) * 7 % (FILES - 1);
            let mut lines = content(file);
            lines[2] = format!("the target's, {step}\n");
            write(stream, file, &lines)?;
        }
    }
    for branch in 0..branches {
        commit(stream, &format!("work-{branch}"), "refs/tags/fork", &mut time)?;
        let mut files: Vec<usize> = (0..5 + dice.roll(46)).map(|_| 1 + dice.roll(FILES - 1)).collect();
        if dice.roll(20) == 0 {
            files.push(0);
        }
        files.sort_unstable();
        files.dedup();
        for file in files {
            let mut lines = content(file);
            let at = if file == 0 { 0 } else { 6 + dice.roll(34) };
            lines[at] = format!("branch {branch} at {at}\n");
            write(stream, file, &lines)?;
        }
    }
    Ok(())
}
