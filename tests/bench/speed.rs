//! What coord costs beside what git itself costs, measured in one run on repositories made for it: `cargo bench`, or
//! `cargo bench -- worktrees` for one part. Prints ratios with their limits and never fails by them.
//!
//! `worktrees`: hooks, checks, scans · `log`: the event log and the report · `watch`: the coordinator.
//!
//! `COORD_BENCH_FILES` (100000) and `COORD_BENCH_WORKTREES` (20) make it smaller, and so does `COORD_BENCH_EVENTS`
//! (1000000); `COORD_BENCH_RUNS` (11), `COORD_BENCH_IDLE` (60 s) and `COORD_BENCH_SAVES` (40) make it longer.

use std::fs;
use std::io::{self, Write};

use support::{Failure, number};

mod field;
mod log;
mod support;
mod watch;
mod worktrees;

fn main() -> Result<(), Failure> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    if let Some((first, rest)) = args.split_first()
        && first == log::WORKER
    {
        return log::work(rest);
    }
    let mut out = io::stdout().lock();
    // `cargo bench` says so; `cargo test --all-targets` runs this too, and has nothing to test here.
    if !args.iter().any(|arg| arg == "--bench") {
        return Ok(());
    }
    let asked = |part: &str| args.iter().all(|arg| arg.starts_with('-')) || args.iter().any(|arg| arg == part);
    let runs = number("COORD_BENCH_RUNS", 11).max(1);
    let root = tempfile::Builder::new().prefix("coord-bench-").tempdir()?;
    let place = fs::canonicalize(root.path())?;
    if asked("worktrees") {
        worktrees::bench(&place.join("worktrees"), runs, &mut out)?;
        fs::remove_dir_all(place.join("worktrees"))?;
    }
    if asked("log") {
        log::bench(&place.join("log"), runs, &mut out)?;
        fs::remove_dir_all(place.join("log"))?;
    }
    if asked("watch") {
        watch::bench(&place.join("watch"), &mut out)?;
    }
    writeln!(out, "\nremoving {}", place.display())?;
    drop(out);
    root.close()?;
    Ok(())
}
