//! The main path on a large repository: the hook, a check and a scan beside what git needs there.

use std::fs;
use std::io::Write;
use std::path::Path;
use std::time::Instant;

use crate::field::{Field, path};
use crate::support::{self, Failure, Row, by_turns, ms, number, that_fit, timed};

/// How many files the small repository has.
const SMALL: usize = 1_000;

/// Builds both repositories below `root` and measures on them.
pub(crate) fn bench(root: &Path, runs: usize, out: &mut impl Write) -> Result<(), Failure> {
    let (files, asked) = (number("COORD_BENCH_FILES", 100_000), number("COORD_BENCH_WORKTREES", 20).max(1));
    fs::create_dir_all(root)?;
    let worktrees = that_fit(root, files, asked, out)?;
    let begun = Instant::now();
    let large = Field::build(&root.join("large"), files, worktrees)?;
    let small = Field::build(&root.join("small"), SMALL.min(files), worktrees)?;
    writeln!(out, "built in {:.0} s; {runs} interleaved runs each, medians\n", begun.elapsed().as_secs_f64())?;
    out.flush()?;
    let rows = measure(&large, &small, runs, out)?;
    let title = format!("on {} files and {} worktrees with work in each", large.files, large.worktrees.len());
    support::print(&title, &rows, out)?;
    Ok(())
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
