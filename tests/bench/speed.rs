//! What coord costs beside what git itself costs, measured in one run on repositories made for it: `cargo bench`, or
//! `cargo bench -- worktrees` for one part. Prints ratios with their limits and never fails by them.
//!
//! `COORD_BENCH_FILES` (100000) and `COORD_BENCH_WORKTREES` (20) make it smaller; `COORD_BENCH_RUNS` (11) longer;
//! `COORD_BENCH_BRANCHES` (1000) is the most branches.

use std::fs;
use std::io::{self, Write};

use support::{Failure, number};

mod agents;
mod branches;
mod field;
mod support;
mod worktrees;

fn main() -> Result<(), Failure> {
    let args: Vec<String> = std::env::args().skip(1).collect();
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
    }
    if asked("agents") {
        // Both fields at once would need twice the room.
        drop(fs::remove_dir_all(place.join("worktrees")));
        agents::bench(&place.join("agents"), runs, &mut out)?;
    }
    if asked("branches") {
        branches::bench(&place.join("branches"), runs, &mut out)?;
    }
    writeln!(out, "\nremoving {}", place.display())?;
    drop(out);
    root.close()?;
    Ok(())
}
