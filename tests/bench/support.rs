//! What every bench needs: switches, taking turns, medians, and the table of ratios.
//! Must not know: what is measured.

use std::ffi::OsString;
use std::io::{self, Write};
use std::time::{Duration, Instant};

pub(crate) type Failure = Box<dyn std::error::Error>;

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
