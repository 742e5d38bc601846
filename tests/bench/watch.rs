//! `coord watch` on a large repository: what it costs while nothing happens, and how long a save takes to be told.
//! Must not know: how it follows changes.

use std::fs;
use std::io::{BufRead as _, BufReader, Write};
use std::path::Path;
use std::process::{Child, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::{Duration, Instant};

use crate::field::{Field, content, path};
use crate::support::{Failure, ms, number};

/// Clock ticks of `/proc` in a second, as Linux has it everywhere.
const TICKS: f64 = 100.0;

/// Longer than this no verdict takes.
const STUCK: Duration = Duration::from_secs(120);

/// A coordinator, and when each of its lines came.
struct Watch {
    child: Child,
    lines: Receiver<(Instant, String)>,
}

/// Builds a repository below `root` and watches it.
pub(crate) fn bench(root: &Path, out: &mut impl Write) -> Result<(), Failure> {
    let (files, worktrees) = (number("COORD_BENCH_FILES", 100_000), number("COORD_BENCH_WORKTREES", 20).max(2));
    let (idle, saves) = (number("COORD_BENCH_IDLE", 60), number("COORD_BENCH_SAVES", 40));
    let field = Field::build(root, files, worktrees)?;
    let begun = Instant::now();
    let watch = Watch::start(&field)?;
    // Of everybody's work the first look tells something; the first save that is told shows that it is over.
    let first = watch.told_after(&field, saves)?;
    // What was saved during the first look is looked at once more; after these nothing is left to do.
    watch.told_after(&field, saves + 1)?;
    watch.told_after(&field, saves + 2)?;
    writeln!(
        out,
        "\nwatching {files} files in {worktrees} worktrees; ready after {:.1} s",
        begun.elapsed().as_secs_f64()
    )?;
    writeln!(out, "the first save was told after {}", ms(first))?;
    out.flush()?;
    let before = watch.ticks()?;
    // It is the passing of time that is measured.
    thread::sleep(Duration::from_secs(idle as u64));
    let spent = f64::from(u32::try_from(watch.ticks()? - before)?) / TICKS;
    let verdict = if spent <= 0.2 { "" } else { "   TOO MUCH" };
    writeln!(out, "idle for {idle} s: {spent:.2} s of processor time, at most 0.2{verdict}")?;
    let memory = watch.memory()?;
    let verdict = if memory <= 150 { "" } else { "   TOO MUCH" };
    writeln!(out, "memory at its highest: {memory} MiB, at most 150{verdict}")?;
    out.flush()?;
    let mut spans = (0..saves).map(|n| watch.told_after(&field, n)).collect::<Result<Vec<_>, _>>()?;
    spans.sort();
    let at = |percent: usize| ms(spans[(spans.len() - 1) * percent / 100]);
    writeln!(
        out,
        "from a save to its verdict, {saves} saves: half within {}, 9 of 10 within {}, all within {}",
        at(50),
        at(90),
        at(100)
    )?;
    Ok(())
}

impl Watch {
    fn start(field: &Field) -> Result<Self, Failure> {
        let mut command = field.command("coord", &field.root.join("repo"));
        command.args(["watch", "--json"]).stdout(Stdio::piped());
        let mut child = command.spawn()?;
        let stdout = BufReader::new(child.stdout.take().ok_or("no pipe")?);
        let (send, lines) = mpsc::channel();
        thread::spawn(move || {
            for line in stdout.lines().map_while(Result::ok) {
                if send.send((Instant::now(), line)).is_err() {
                    return;
                }
            }
        });
        Ok(Self { child, lines })
    }

    /// Saves a path that its worktree had not changed, and waits until that is told; everybody was judged by then.
    fn told_after(&self, field: &Field, round: usize) -> Result<Duration, Failure> {
        let file = path((field.files / 2 + round * 53) % field.files);
        let dir = &field.worktrees[round % field.worktrees.len()];
        let saved = Instant::now();
        fs::write(dir.join(&file), format!("saved {round}\n{}", content(round)))?;
        loop {
            let (at, line) = self.lines.recv_timeout(STUCK)?;
            if line.contains("working_set_grown") && line.contains(&*file) {
                return Ok(at.duration_since(saved));
            }
        }
    }

    /// Processor time so far, its children's included.
    fn ticks(&self) -> Result<u64, Failure> {
        let text = fs::read_to_string(format!("/proc/{}/stat", self.child.id()))?;
        let fields = text.rsplit_once(')').ok_or("no name in it")?.1.split_whitespace();
        Ok(fields.skip(11).take(4).filter_map(|ticks| ticks.parse::<u64>().ok()).sum())
    }

    fn memory(&self) -> Result<u64, Failure> {
        let text = fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        let line = text.lines().find(|line| line.starts_with("VmHWM")).ok_or("no such line")?;
        let kilobytes: u64 = line.split_whitespace().nth(1).ok_or("no number")?.parse()?;
        Ok(kilobytes / 1024)
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}
