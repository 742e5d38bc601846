//! What every bench needs: switches, taking turns, medians, and the table of ratios.
//! Must not know: what is measured.

use std::ffi::OsString;
use std::io::{self, Write};
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

pub(crate) type Failure = Box<dyn std::error::Error>;

/// What one file of a few lines takes on disk, with its share of folders and of the index.
const BYTES_PER_FILE: u64 = 4_800;

/// One line of the result.
pub(crate) struct Row {
    pub(crate) what: &'static str,
    pub(crate) coord: Duration,
    pub(crate) git: Duration,
    pub(crate) against: &'static str,
    pub(crate) limit: f64,
}

#[expect(clippy::disallowed_methods, reason = "the benchmark's own switches")]
pub(crate) fn switch(name: &str) -> Option<OsString> {
    std::env::var_os(name).filter(|value| !value.is_empty())
}

pub(crate) fn number(name: &str, default: usize) -> usize {
    switch(name).and_then(|text| text.to_str()?.parse().ok()).unwrap_or(default)
}

pub(crate) fn timed<T>(work: impl FnOnce() -> Result<T, Failure>) -> Result<(Duration, T), Failure> {
    let begun = Instant::now();
    let value = work()?;
    Ok((begun.elapsed(), value))
}

pub(crate) fn median(mut spans: Vec<Duration>) -> Duration {
    spans.sort();
    spans[spans.len() / 2]
}

/// Runs all sides by turns, `runs` times after one round to warm up, and gives their medians.
pub(crate) fn by_turns<const N: usize>(
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

pub(crate) fn ms(span: Duration) -> String {
    format!("{:.1} ms", span.as_secs_f64() * 1000.0)
}

/// Prints the table under `title`.
pub(crate) fn print(title: &str, rows: &[Row], out: &mut impl Write) -> io::Result<()> {
    writeln!(out, "\n{title}:")?;
    writeln!(out, "{:<24} {:>12} {:>12} {:>7} {:>9}   against", "what", "coord", "other", "ratio", "at most")?;
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

/// How many of the worktrees asked for the disk has room for, saying so.
pub(crate) fn that_fit(root: &Path, files: usize, asked: usize, out: &mut impl Write) -> Result<usize, Failure> {
    let per_worktree = files as u64 * BYTES_PER_FILE;
    let needed = per_worktree * (asked as u64 + 2);
    let df = Command::new("df").args(["-Pk"]).arg(root).output()?;
    let text = String::from_utf8_lossy(&df.stdout).into_owned();
    let free = text.lines().last().and_then(|line| line.split_whitespace().nth(3)?.parse::<u64>().ok());
    let free = free.map_or(u64::MAX, |kilobytes| kilobytes * 1024);
    let gigabytes = |bytes: u64| format!("{}.{} GB", bytes / 1_000_000_000, bytes % 1_000_000_000 / 100_000_000);
    writeln!(
        out,
        "{files} files, {asked} worktrees: needs about {} in {}; {} free",
        gigabytes(needed),
        root.display(),
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
