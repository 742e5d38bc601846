//! What was judged before: lines of work and pairs of them by their tips, which never change their meaning as long as
//! the target stands where it stood, the settings are the same, and so are the attributes, which are asked for while the
//! rest is read. Lines that nobody new may meet, and overlaps that nobody looks at, stay as they are kept.
//! What another version of git would say of the few cases that git is asked about is not asked again.
//! Must not know: where it is kept.

use std::collections::{BTreeSet, HashSet};
use std::path::Path;
use std::sync::Arc;
use std::thread;

use foldhash::fast::RandomState;

use super::super::attributes::{self, ByPath, Outside};
use super::super::bytes;
use super::super::error::Error;
use super::super::id_map::IdMap;
use super::super::objects::ObjectFormat;
use super::super::program::Git;
use super::super::repository::joined;
use super::brought::Brought;
use super::content::Left;
use super::landing;
use super::pair_answers::{PairAnswers, Standing};
use super::{Judge, Line, MergeSettings, Pairs, Question, Work};
use crate::domain::id::ObjectId;
use crate::domain::path::RepoPath;
pub use form::Kept;
use form::{Contents, Placed, Volume};
use shelf::Touching;

mod form;
mod later;
mod shelf;
mod source;
mod unread;

pub use later::Later;
pub(super) use later::keep_new;
pub(super) use shelf::{KeptPair, Outline};
pub use source::Source;
pub(super) use unread::Unread;

/// Another number for every change of what the bytes mean, and of what is found of the same lines.
const FORMAT: [u8; 2] = [8, 2];

/// Fewer lines are judged faster than remembered.
pub const WORTH_REMEMBERING: usize = 30;

/// A line with more commits of its own is not remembered.
const LONGEST: usize = 10_000;

/// What is remembered for one target: what was found at first, and what became known since.
#[derive(Debug)]
pub struct Memory {
    first: Volume,
    later: Option<Volume>,
    attributes: Arc<ByPath>,
}

/// What is to be kept, in place of what was kept under that name before.
#[derive(Clone, Debug)]
pub enum Keep {
    /// All of it.
    First(Kept),
    /// What became known since; of use only beside the very bytes that it was found with.
    Later(Later),
}

/// What of a question is known.
#[derive(Default, Debug)]
pub(super) struct Known {
    /// By the question's lines.
    pub(super) lines: Vec<Option<Brought>>,
    touching: Vec<Touching>,
    /// By the question's lines too.
    pub(super) pairs: PairAnswers,
    /// Where what is new belongs.
    volumes: Volumes,
}

/// What a further volume needs to know of the first.
#[derive(Default, Debug)]
pub(super) struct Volumes {
    /// The first one's key and sum.
    key: Vec<u8>,
    /// How many lines it holds.
    lines: usize,
    /// By the question's lines, their numbers among all that are remembered.
    numbers: Vec<Option<usize>>,
    /// What the first one's attributes come from besides the target, where they are still those.
    outside: Option<Outside>,
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
    /// Whether pairs that merge cleanly will be looked at one by one.
    pub whole: bool,
}

impl Recall<'_> {
    /// Reads what was kept, whatever it is; nothing where it is not whole, or where a path has other attributes now. What
    /// became known later is left out where it is not whole or belongs to something else.
    #[must_use]
    pub fn read(&self, first: &Source, later: Option<&Source>) -> Option<Memory> {
        let read = |kept| form::read(kept, self.format.id_len(), self.whole);
        // Whoever waits for it leaves a processor idle.
        let (first, later) = thread::scope(|scope| {
            let later = later.map(|later| scope.spawn(move || read(later)));
            (read(first), later.and_then(|later| joined(later.join())))
        });
        let mut first = first?;
        let mut later = later.filter(|later| later.key == first.name() && later.fits(first.lines.len()));
        let mut attributes = std::mem::take(&mut first.attributes);
        attributes.extend(later.iter_mut().flat_map(|later| std::mem::take(&mut later.attributes)));
        if std::iter::once(&first).chain(&later).all(|volume| volume.outside().is_some()) {
            return Some(Memory { first, later, attributes: Arc::new(attributes) });
        }
        let source = attributes::Source {
            git: self.git,
            common_dir: self.repository,
            target: self.target,
            default_driver: self.settings.default_driver.as_deref(),
        };
        // Where it cannot be told, whoever judges asks again, and says so.
        let still = source.still_has(&attributes).is_ok_and(|still| still);
        still.then(|| Memory { first, later, attributes: Arc::new(attributes) })
    }
}

impl Memory {
    /// Whether it holds for what this key stands for.
    pub(super) fn has_key(&self, key: &[u8]) -> bool {
        self.first.key == key
    }

    /// The attributes of the paths that it knows.
    pub(super) fn attributes(&self) -> Arc<ByPath> {
        Arc::clone(&self.attributes)
    }

    /// Whether it knows anything of the line of this tip.
    #[must_use]
    pub fn knows(&self, tip: ObjectId) -> bool {
        std::iter::once(&self.first).chain(&self.later).flat_map(|volume| &volume.lines).any(|line| line.tip == tip)
    }

    /// What it knows of the question's lines.
    pub(super) fn of(self, question: &Question) -> Known {
        let (key, count, outside) = (self.first.name(), self.first.lines.len(), self.first.outside());
        let mut known = Known { touching: vec![self.first.touching], ..Known::default() };
        let (mut lines, mut pairs, mut shelves) = (self.first.lines, self.first.pairs, self.first.shelves);
        let mut absent = BTreeSet::new();
        if let Some(later) = self.later {
            absent.extend(later.absent);
            lines.extend(later.lines);
            pairs.extend(later.pairs.into_iter().map(|pair| pair.on(shelves.len())));
            shelves.extend(later.shelves);
            known.touching.push(later.touching);
        }
        let unsettled = unsettled(&lines, question, (count, absent));
        let at: IdMap<usize> = lines.iter().enumerate().map(|(n, line)| (line.tip, n)).collect();
        let mut lines: Vec<Option<Brought>> = lines.into_iter().map(Some).collect();
        let mut place: Vec<Option<usize>> = vec![None; lines.len()];
        for (n, line) in question.lines.iter().enumerate() {
            let as_asked = |at: &usize| lines[*at].as_ref().is_some_and(|k| k.judge_unlanded == line.judge_unlanded);
            let number = at.get(&line.tip).copied().filter(|at| as_asked(at) && !unsettled.contains(at));
            known.lines.push(number.and_then(|at| lines[at].take()));
            known.volumes.numbers.push(number);
            if let Some(at) = number {
                place[at] = Some(n);
            }
        }
        (known.volumes.key, known.volumes.lines, known.volumes.outside) = (key, count, outside);
        let mut pairs: Vec<KeptPair> = pairs.into_iter().filter_map(|pair| pair.moved(&place)).collect();
        // Mostly in order already.
        pairs.sort_by_key(KeptPair::pair);
        let unread = Some(Unread::new(self.first.clean, place));
        known.pairs = PairAnswers { known: pairs, unread, shelves, new: Vec::new() };
        known
    }
}

/// The numbers of remembered lines that have to be judged anew. What became known later was found beside those lines of the
/// `first` so many that were asked about then: nothing is known of it and the `absent` ones, and of the two the fewer are judged.
fn unsettled(lines: &[Brought], question: &Question, (first, absent): (usize, BTreeSet<usize>)) -> BTreeSet<usize> {
    if absent.is_empty() {
        return absent;
    }
    let asked: HashSet<ObjectId, RandomState> = question.lines.iter().map(|line| line.tip).collect();
    let is_asked = |number: &usize| asked.contains(&lines[*number].tip);
    let absent: BTreeSet<usize> = absent.into_iter().filter(|number| *number < first).filter(is_asked).collect();
    let later: BTreeSet<usize> = (first..lines.len()).filter(is_asked).collect();
    if absent.len() < later.len() { absent } else { later }
}

impl Known {
    /// The places of the lines of which nothing is known.
    pub(super) fn missing(&self, question: &Question) -> impl Iterator<Item = usize> + use<'_> {
        (0..question.lines.len()).filter(|&n| !self.lines.get(n).is_some_and(Option::is_some))
    }

    /// Reads those lines in full that one of the `new` ones may meet; `false` where one cannot be read any more.
    pub(super) fn read_near(&mut self, new: &[Brought]) -> bool {
        let touching: Vec<&Touching> = self.touching.iter().collect();
        shelf::read_near(self.lines.iter_mut().flatten(), &touching, new)
    }

    /// Takes over an answer whose pairs are here; but for these lines, of which nothing is known any more.
    pub(super) fn take_back(&mut self, brought: Vec<Brought>, without: &BTreeSet<usize>) {
        self.pairs.leave_out(without);
        self.lines = brought.into_iter().map(Some).collect();
        for &n in without {
            self.lines[n] = None;
            self.volumes.numbers.get_mut(n).map(Option::take);
        }
    }

    /// Where what is new belongs.
    pub(super) fn volumes(&mut self) -> Volumes {
        std::mem::take(&mut self.volumes)
    }
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
pub(super) fn key(work: &Work<'_>, question: &Question) -> Option<Vec<u8>> {
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
    if !brought.iter().any(|line| line.remembered) {
        return Ok(());
    }
    let paths: HashSet<&RepoPath, RandomState> = new.iter().flat_map(|&n| brought[n].paths()).collect();
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
        let mut before = std::mem::replace(&mut brought[n], line);
        (brought[n].already, brought[n].renames) = (before.already, before.renames.take());
    }
    Ok(())
}

/// Merges once more what the line left at these paths; whether that is all there is to it.
fn remake(work: &Work<'_>, line: &Brought, paths: &HashSet<&RepoPath, RandomState>) -> Result<bool, Error> {
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

/// All answers as bytes to be kept; `None` for a question whose answers are not. `outside` is what attributes come from
/// besides the target.
pub(super) fn keep(
    work: &Work<'_>,
    question: &Question,
    brought: &mut [Brought],
    pairs: &PairAnswers,
    outside: Option<Outside>,
) -> Option<Keep> {
    let key = key(work, question)?;
    if !shelf::read_all(brought) || !pairs.can_be_read() {
        return None;
    }
    let worth = worth_keeping(brought, pairs);
    let (mut place, mut lines) = (vec![None; brought.len()], Vec::new());
    for (n, line) in brought.iter().enumerate().filter(|(n, _)| worth[*n]) {
        place[n] = Some(lines.len());
        lines.push(line);
    }
    let numbered = |standing: &Standing<'_>| {
        let (a, b) = standing.pair();
        Some((place[a]?, place[b]?))
    };
    let all = pairs.with_all_read();
    let placed = all.as_ref().unwrap_or(pairs).standing().filter_map(|pair| Some((numbered(&pair)?, pair)));
    let (mut clean, mut telling) = (Vec::with_capacity(pairs.known.len()), Vec::new());
    for placed in placed {
        if placed.1.merges_cleanly() { clean.push(placed) } else { telling.push(placed) }
    }
    let attributes = work.attributes.borrow();
    let attributes = attributes.iter().collect();
    let contents =
        Contents { lines: &lines, pairs: &telling, clean: &in_lines(clean), attributes, absent: &[], outside };
    Some(Keep::First(form::write(contents, &key)))
}

/// By their lines.
fn in_lines(mut pairs: Vec<Placed<'_>>) -> Vec<Placed<'_>> {
    // Mostly in order already.
    pairs.sort_by_key(|(pair, _)| *pair);
    pairs
}

/// By line, whether it is remembered.
fn worth_keeping(brought: &[Brought], pairs: &PairAnswers) -> Vec<bool> {
    // Of several lines with one tip the last is found again.
    let last: IdMap<usize> = brought.iter().enumerate().map(|(n, line)| (line.tip, n)).collect();
    let is_worth =
        |(n, line): (usize, &Brought)| line.unknown.is_none() && line.own.len() <= LONGEST && last[&line.tip] == n;
    let mut worth: Vec<bool> = brought.iter().enumerate().map(is_worth).collect();
    for pair in pairs.new.iter().filter(|pair| pair.unknown.is_some()) {
        (worth[pair.a], worth[pair.b]) = (false, false);
    }
    worth
}
