//! A repository of many files and worktrees with work in each, made for being measured.
//! Must not know: what is measured on it.

use std::ffi::OsString;
use std::fs;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use crate::support::{Failure, switch, timed};

/// How many paths the judged commit stages.
const STAGED: usize = 5;

/// A repository with worktrees, each with work in it.
pub(crate) struct Field {
    pub(crate) root: PathBuf,
    pub(crate) worktrees: Vec<PathBuf>,
    pub(crate) environment: Vec<(OsString, OsString)>,
    pub(crate) files: usize,
}

impl Field {
    /// Makes a repository of `files` small files with `count` worktrees beside it, and work in each of them.
    pub(crate) fn build(root: &Path, files: usize, count: usize) -> Result<Self, Failure> {
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

    pub(crate) fn command(&self, program: &str, dir: &Path) -> Command {
        let mut command = Command::new(if program == "coord" { env!("CARGO_BIN_EXE_coord") } else { program });
        command.env_clear().envs(self.environment.iter().cloned()).current_dir(dir).stdin(Stdio::null());
        command
    }

    pub(crate) fn run(&self, program: &str, dir: &Path, args: &[&str]) -> Result<Output, Failure> {
        Ok(self.command(program, dir).args(args).output()?)
    }

    pub(crate) fn git(&self, dir: &Path, args: &[&str]) -> Result<Output, Failure> {
        let output = self.run("git", dir, args)?;
        if output.status.success() {
            return Ok(output);
        }
        Err(format!("git {}: {}", args.join(" "), String::from_utf8_lossy(&output.stderr)).into())
    }

    pub(crate) fn coord(&self, dir: &Path, args: &[&str]) -> Result<Output, Failure> {
        let output = self.run("coord", dir, args)?;
        if output.status.success() {
            return Ok(output);
        }
        Err(format!("coord {}: {}", args.join(" "), String::from_utf8_lossy(&output.stderr)).into())
    }

    /// The worktree whose commit is judged, with exactly [`STAGED`] paths staged.
    pub(crate) fn committer(&self) -> Result<PathBuf, Failure> {
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
    pub(crate) fn hook(&self, dir: &Path) -> Result<Duration, Failure> {
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
    pub(crate) fn commit(&self, dir: &Path) -> Result<Duration, Failure> {
        let (spent, _) = timed(|| self.git(dir, &["-c", "core.hooksPath=/dev/null", "commit", "-q", "-m", "Plain"]))?;
        self.git(dir, &["-c", "core.hooksPath=/dev/null", "reset", "-q", "--soft", "HEAD~1"])?;
        Ok(spent)
    }

    /// `git status` over all worktrees, as many at once as there are processors.
    pub(crate) fn status_of_all(&self) -> Result<Duration, Failure> {
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

pub(crate) fn environment(home: &Path) -> Vec<(OsString, OsString)> {
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

pub(crate) fn path(number: usize) -> String {
    format!("area-{}/part-{}/file-{number}.rs", number / 1_000, number / 50 % 20)
}

pub(crate) fn content(number: usize) -> String {
    format!("// file {number}\nfn f{number}() {{\n    run({number});\n}}\n")
}
