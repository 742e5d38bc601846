//! Lines that are not remembered, brought onto the target before it is known what else is asked: while somebody still looks
//! at the files of worktrees.
//! Must not know: who is asking, what else there is.

use super::super::brought::Brought;
use super::super::landing;
use super::super::{Judge, Question, Work};
use super::{Memory, shelf};
use crate::git::error::Error;
use crate::git::id_map::IdMap;
use crate::git::merge::Line;

/// Lines that were brought ahead.
#[derive(Debug, Default)]
pub(in crate::git::merge) struct Ahead {
    lines: IdMap<Brought>,
    /// Whether all paths are listed where they do not land.
    all_paths: bool,
}

impl Memory {
    /// Brings those lines of a question that are not remembered; `question` may have further lines when it is asked.
    ///
    /// # Errors
    /// Where one of them cannot be brought at all: whoever asks the whole question meets the same.
    pub fn look_ahead(&mut self, judge: &Judge<'_>, question: &Question) -> Result<(), Error> {
        let work = Work::new(judge, question)?;
        if !self.holds(&work, question) {
            return Ok(());
        }
        work.attributes.replace(std::mem::take(&mut self.attributes));
        let is_known: IdMap<bool> = self.lines().map(|line| (line.tip, line.judge_unlanded)).collect();
        let is_new = |line: &&Line| is_known.get(&line.tip) != Some(&line.judge_unlanded);
        let new: Vec<Line> = question.lines.iter().filter(is_new).copied().collect();
        let found = landing::bring(&work, &new, None);
        self.attributes = work.attributes.take();
        let found = found?;
        let mut volumes: Vec<_> = std::iter::once(&mut self.first).chain(&mut self.later).collect();
        let parted = volumes.iter_mut().map(|volume| (&mut volume.lines, &volume.touching));
        let (lines, touching): (Vec<_>, Vec<_>) = parted.unzip();
        // What cannot be read any more is met again.
        let _ = shelf::read_near(lines.into_iter().flatten(), &touching, &found);
        self.ahead =
            Ahead { lines: found.into_iter().map(|line| (line.tip, line)).collect(), all_paths: work.all_paths };
        Ok(())
    }

    fn lines(&self) -> impl Iterator<Item = &Brought> {
        std::iter::once(&self.first).chain(&self.later).flat_map(|volume| &volume.lines)
    }
}

impl Ahead {
    /// The line, where it was brought just as it is asked for.
    pub(in crate::git::merge) fn take(&mut self, work: &Work<'_>, line: &Line) -> Option<Brought> {
        let as_asked = self.lines.get(&line.tip)?.judge_unlanded == line.judge_unlanded;
        if as_asked && self.all_paths == work.all_paths { self.lines.remove(&line.tip) } else { None }
    }
}
