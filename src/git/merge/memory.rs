//! What was judged before: lines of work and pairs of them by their tips, which never change their meaning as long as
//! the target stands where it stood, the settings are the same, and so are the attributes, which are asked for while the
//! rest is read.
//! What another version of git would say of the few cases that git is asked about is not asked again.
//! Must not know: where it is kept.

use std::collections::HashSet;
use std::path::Path;
use std::thread;

use foldhash::fast::RandomState;

use super::super::attributes::{ByPath, Source};
use super::super::error::Error;
use super::super::id_map::IdMap;
use super::super::objects::ObjectFormat;
use super::super::program::Git;
use super::super::repository::joined;
use super::content::Left;
use super::landing::{self, Brought};
use super::{Judge, Line, MergeSettings, PairAnswer, Pairs, Question, Work};
use crate::domain::id::ObjectId;
use crate::domain::overlap::PathOverlap;
use crate::domain::path::RepoPath;

mod bytes;
mod form;

/// Another number for every change of what the bytes mean.
const FORMAT: [u8; 2] = [3, 0];

/// Fewer lines are judged faster than remembered.
pub const WORTH_REMEMBERING: usize = 30;

/// So many lines may have changed before it is written anew.
const CHANGED: usize = 3;

/// A line with more commits of its own is not remembered.
const LONGEST: usize = 10_000;

/// Lines, pairs of them by their places, and the attributes that were read for it.
#[derive(Debug)]
pub struct Memory {
    /// What it holds for.
    key: Vec<u8>,
    pub(super) lines: Vec<Brought>,
    pub(super) pairs: Vec<PairAnswer>,
    pub(super) attributes: ByPath,
}

/// What of a question is known.
#[derive(Default)]
pub(super) struct Known {
    /// By the question's lines.
    pub(super) lines: Vec<Option<Brought>>,
    /// By the question's lines too, sorted.
    pub(super) pairs: Vec<PairAnswer>,
    /// How many remembered lines the question does not have.
    dropped: usize,
}

/// What reading something remembered needs.
#[derive(Clone, Copy, Debug)]
pub struct Recall<'a> {
    /// The program, which is asked for the attributes as they are now.
    pub git: &'a Git,
    /// The common git dir.
    pub repository: &'a Path,
    /// What the outcome of merges depends on.
    pub settings: &'a MergeSettings,
    /// The target's tip.
    pub target: ObjectId,
    /// The form of the objects' names.
    pub format: ObjectFormat,
}

impl Recall<'_> {
    /// Reads what was kept, whatever it is; nothing where it is not whole, or where a path has other attributes now.
    #[must_use]
    pub fn read(&self, kept: &[u8]) -> Option<Memory> {
        let source = Source {
            git: self.git,
            common_dir: self.repository,
            target: self.target,
            default_driver: self.settings.default_driver.as_deref(),
        };
        let opened = form::open(kept, self.format.id_len())?;
        let (memory, still) = thread::scope(|scope| {
            let still = scope.spawn(|| source.still_has(&opened.attributes));
            (opened.whole(), joined(still.join()))
        });
        // Where it cannot be told, whoever judges asks again, and says so.
        memory.filter(|_| still.is_ok_and(|still| still))
    }
}

impl Memory {
    /// Whether it answers this question.
    pub(super) fn holds(&self, work: &Work<'_>, question: &Question) -> bool {
        key(work, question).is_some_and(|key| key == self.key)
    }

    /// What it knows of the question's lines.
    pub(super) fn of(self, question: &Question) -> Known {
        let mut known = Known::default();
        let mut at: IdMap<usize> = IdMap::default();
        let mut lines: Vec<Option<Brought>> = self.lines.into_iter().map(Some).collect();
        for (n, line) in lines.iter().enumerate() {
            at.extend(line.as_ref().map(|line| (line.tip, n)));
        }
        let mut place: Vec<Option<usize>> = vec![None; lines.len()];
        for (n, line) in question.lines.iter().enumerate() {
            let remembered = at
                .get(&line.tip)
                .copied()
                .filter(|&at| lines[at].as_ref().is_some_and(|known| known.judge_unlanded == line.judge_unlanded));
            known.lines.push(remembered.and_then(|at| lines[at].take()));
            if let Some(at) = remembered {
                place[at] = Some(n);
            }
        }
        known.dropped = place.iter().filter(|place| place.is_none()).count();
        known.pairs = self.pairs.into_iter().filter_map(|pair| moved(pair, &place)).collect();
        known.pairs.sort_unstable_by_key(|pair| (pair.a, pair.b));
        known
    }
}

impl Known {
    /// Whether so much is new that it is worth being written anew.
    pub(super) fn is_outdated(&self) -> bool {
        let new = self.lines.iter().filter(|line| line.is_none()).count();
        new + self.dropped > CHANGED
    }
}

/// A pair by the places that its lines have now.
fn moved(pair: PairAnswer, place: &[Option<usize>]) -> Option<PairAnswer> {
    let (a, b) = (place[pair.a]?, place[pair.b]?);
    if a < b {
        return Some(PairAnswer { a, b, ..pair });
    }
    let paths = pair.paths.into_iter().map(PathOverlap::turned).collect();
    Some(PairAnswer { a: b, b: a, paths, ..pair })
}

/// Whether answers to such a question are remembered: where it is about whole lines, many of them, and git has no other
/// view of the objects than is written in them.
pub(super) fn is_remembered(judge: &Judge<'_>, question: &Question) -> bool {
    question.lines.len() >= WORTH_REMEMBERING && can_be(judge, question)
}

fn can_be(judge: &Judge<'_>, question: &Question) -> bool {
    let plain = judge.objects.view().is_plain() && !judge.settings.contents_by_git;
    plain && question.only.is_none() && question.pairs == Pairs::All
}

/// What remembered answers hold for; `None` where nothing is remembered.
fn key(work: &Work<'_>, question: &Question) -> Option<Vec<u8>> {
    if !can_be(work.judge, question) {
        return None;
    }
    let settings = &work.judge.settings;
    let mut key = bytes::Writer(FORMAT.to_vec());
    key.bytes(env!("CARGO_PKG_VERSION").as_bytes());
    key.bytes(question.target.as_bytes());
    key.flag(work.all_paths);
    key.bytes(settings.fingerprint.as_bytes());
    Some(key.0)
}

/// Makes the contents anew that remembered lines left where new ones meet them: what was merged lives in memory only.
pub(super) fn refresh(
    work: &Work<'_>,
    question: &Question,
    brought: &mut [Brought],
    new: &[usize],
) -> Result<(), Error> {
    let paths: HashSet<RepoPath, RandomState> = new.iter().flat_map(|&n| brought[n].paths().cloned()).collect();
    let mut again = Vec::new();
    for (n, line) in brought.iter().enumerate().filter(|(_, line)| line.remembered) {
        let made =
            if line.by_git { Ok(!line.paths().any(|path| paths.contains(path))) } else { remake(work, line, &paths) };
        if !work.or_reason(made)?.unwrap_or(false) {
            again.push(n);
        }
    }
    let lines: Vec<Line> = again.iter().map(|&n| question.lines[n]).collect();
    for (n, line) in again.into_iter().zip(landing::bring(work, &lines, None)?) {
        let (already, renames) = (brought[n].already, brought[n].renames.take());
        brought[n] = Brought { already, renames, ..line };
    }
    Ok(())
}

/// Merges once more what the line left at these paths; whether that is all there is to it.
fn remake(work: &Work<'_>, line: &Brought, paths: &HashSet<RepoPath, RandomState>) -> Result<bool, Error> {
    for touched in line.touched.iter().filter(|touched| touched.met() && paths.contains(&touched.path)) {
        if work.is_ignored(&touched.path) {
            continue;
        }
        let sides = [touched.base, touched.ours, touched.theirs];
        let as_before = match work.contents.merge(sides, work.attributes(&touched.path))? {
            Left::Entry(entry) => *line.effective.get(&touched.path).unwrap_or(&touched.ours) == entry,
            Left::Conflict(kind) => line.conflicts.get(&touched.path) == Some(&kind),
            Left::Ask => false,
        };
        if !as_before {
            return Ok(false);
        }
    }
    Ok(true)
}

/// The answers as bytes to be kept; `None` for a question whose answers are not.
pub(super) fn keep(work: &Work<'_>, question: &Question, brought: &[Brought], pairs: &[PairAnswer]) -> Option<Vec<u8>> {
    let key = key(work, question)?;
    let mut doubtful: Vec<bool> =
        brought.iter().map(|line| line.unknown.is_some() || line.own.len() > LONGEST).collect();
    for pair in pairs.iter().filter(|pair| pair.unknown.is_some()) {
        (doubtful[pair.a], doubtful[pair.b]) = (true, true);
    }
    // Of several lines with one tip the last is found again.
    let last: IdMap<usize> = brought.iter().enumerate().map(|(n, line)| (line.tip, n)).collect();
    let (mut place, mut lines) = (vec![None; brought.len()], Vec::new());
    for (n, line) in brought.iter().enumerate().filter(|&(n, line)| !doubtful[n] && last[&line.tip] == n) {
        place[n] = Some(lines.len());
        lines.push(line);
    }
    let kept = pairs.iter().filter_map(|pair| Some((place[pair.a]?, place[pair.b]?, pair))).collect::<Vec<_>>();
    Some(form::write((&lines, &kept, &work.attributes.borrow()), &key))
}
