//! What coord costs beside what git itself costs, measured in one run on repositories made for it: `cargo bench`, or
//! `cargo bench -- worktrees` for one part. Prints ratios with their limits and never fails by them.
//!
//! `worktrees`: hooks, checks, scans · `branches`: many branches · `agents`: what an agent waits for · `log`: the event log
//! and the report · `watch`: the coordinator · `sync`: clones that meet at a
//! remote · `claims`: claims that machines contest.
//!
//! `COORD_BENCH_FILES` (100000), `COORD_BENCH_WORKTREES` (20), `COORD_BENCH_BRANCHES` (1000) and `COORD_BENCH_EVENTS`
//! (1000000) make it smaller; `COORD_BENCH_RUNS` (11), `COORD_BENCH_IDLE` (60 s) and `COORD_BENCH_SAVES` (40) longer.

use std::fs;
use std::io::{self, Write};

use support::{Failure, number};

mod agents;
mod branches;
mod field;
mod log;
mod support;
mod sync;
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
    // One after the other, as all at once would need more room.
    let part = |name: &str| asked(name).then(|| place.join(name));
    if let Some(root) = part("worktrees") {
        worktrees::bench(&root, runs, &mut out)?;
        fs::remove_dir_all(root)?;
    }
    if let Some(root) = part("branches") {
        branches::bench(&root, runs, &mut out)?;
        fs::remove_dir_all(root)?;
    }
    if let Some(root) = part("agents") {
        agents::bench(&root, runs, &mut out)?;
        fs::remove_dir_all(root)?;
    }
    if let Some(root) = part("log") {
        log::bench(&root, runs, &mut out)?;
        fs::remove_dir_all(root)?;
    }
    if let Some(root) = part("watch") {
        watch::bench(&root, &mut out)?;
    }
    if let Some(root) = part("sync") {
        sync::bench(&root, runs, &mut out)?;
        fs::remove_dir_all(root)?;
    }
    if let Some(root) = part("claims") {
        sync::contest(&root, &mut out)?;
    }
    writeln!(out, "\nremoving {}", place.display())?;
    drop(out);
    root.close()?;
    Ok(())
}
