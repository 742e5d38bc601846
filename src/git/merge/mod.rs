//! The merges that git would really do: each line of work onto the target, and each pair on top of each other.
//! It deviates from git in one known case: a path with a merge driver, which is never run, in a merge from several
//! bases; such a path never blocks. Commits in common that the target lacks are nobody's own work in a pair.
//! Must not know: instances, who is asking, what an answer leads to.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use super::attributes::{self, Attributes, Outside};
use super::error::Error;
use super::history::Fork;
use super::id_map::IdMap;
use super::merge_tree::{self, Asked, Merged};
use super::objects::{ObjectStore, Objects};
use super::program::{Deadline, Git};
use super::rename;
use super::tree::TreeChange;
use crate::domain::id::ObjectId;
use crate::domain::lazy::Lazy;
use crate::domain::path::RepoPath;
use brought::Brought;
use content::Contents;
use elsewhere::Elsewhere;
use memory::Known;
use walk::Touched;

mod begun;
mod brought;
mod common;
mod content;
mod directories;
mod drafts;
mod elsewhere;
mod evidence;
mod findings;
mod gone;
mod ground;
mod kin;
mod landed;
mod landing;
mod lookalikes;
mod meeting;
mod memory;
mod moves;
mod pair_answers;
mod pairs;
mod question;
mod settings;
mod side_by_side;
mod succession;
mod texts;
mod walk;
mod wanted;

pub use begun::{Begun, begin};
pub use memory::{Keep, Kept, Later, Memory, Recall, Source, WORTH_REMEMBERING};
pub use pair_answers::PairAnswers;
pub use question::{Again, Answer, Landing, Line, LineAnswer, PairAnswer, Pairs, Question, Rest};
pub use settings::MergeSettings;
pub use succession::land;

/// What judging needs.
#[derive(Debug)]
pub struct Judge<'a> {
    /// The objects, additions in memory included.
    pub objects: &'a Objects,
    /// Where they lie.
    pub store: &'a ObjectStore,
    /// The program, for what only git can tell. Its deadline is the judgement's.
    pub git: &'a Git,
    /// The common git dir.
    pub repository: &'a Path,
    /// What the outcome of merges depends on.
    pub settings: MergeSettings,
}

/// Judges every line against the target and every pair of lines.
///
/// # Errors
/// Where nothing can be answered: the target cannot be read, git cannot be run, the deadline passed. What concerns one
/// line or pair alone is part of the answer.
pub fn judge(judge: &Judge<'_>, question: &Question) -> Result<Answer, Error> {
    let work = Work::new(judge, question)?;
    let mut question = question.clone();
    let (found, elsewhere) = work.look(&mut question)?;
    let (brought, pairs) = work.answer(&question, &mut Known::default(), found)?;
    Ok(Answer { lines: told(brought).0, pairs: pairs.into_all(), elsewhere })
}

/// Whether [`judge_again`] has any advantage over [`judge`] for this question.
#[must_use]
pub fn is_remembered(judge: &Judge<'_>, question: &Question) -> bool {
    memory::is_remembered(judge, question)
}

/// As [`judge`], with what is remembered of an earlier answer: what did not change since is not judged again. Also gives
/// what is to be kept for the next time, where that is worth being written. What is remembered is taken only where it is
/// of this very target and settings.
///
/// # Errors
/// As [`judge`].
pub fn judge_again(judge: &Judge<'_>, question: &Question, memory: Option<Memory>) -> Result<Again, Error> {
    if let Some(begun) = begin(judge, question, memory)?
        && let Some(again) = begun.finish(judge, question)?
    {
        return Ok(again);
    }
    let Answer { lines, pairs, .. } = self::judge(judge, question)?;
    Ok(Again { lines, pairs: pairs.into(), keep: None, rest: Rest::default() })
}

/// What one judgement works with.
struct Work<'a> {
    judge: &'a Judge<'a>,
    target: ObjectId,
    target_tree: ObjectId,
    /// The question's target, whose attributes count and in whose files lines are told. `target` may be a later one.
    original: ObjectId,
    all_paths: bool,
    /// The program with every configured merge driver disarmed.
    git: Git,
    contents: Contents<'a>,
    /// Shared by all threads.
    attributes: RefCell<Arc<attributes::ByPath>>,
    /// By tree of a fork point: whether the target added any path since.
    target_adds: RefCell<IdMap<bool>>,
    /// What attributes come from besides the target, where that is to be remembered.
    outside: RefCell<Option<Outlook>>,
}

/// How far the look outside of trees is.
#[derive(Debug)]
enum Outlook {
    /// It has to be taken before any attribute is read: what changes afterwards is noticed the next time.
    Wanted,
    Seen(Outside),
}

impl<'a> Work<'a> {
    fn new(judge: &'a Judge<'a>, question: &Question) -> Result<Self, Error> {
        let mut git = judge.git.clone();
        for name in &judge.settings.drivers {
            // It fails, so the path is a conflict, which is then looked at again without the driver.
            git = git.overriding(format!("merge.{name}.driver=false"));
        }
        Ok(Self {
            judge,
            target: question.target,
            target_tree: judge.objects.commit(question.target)?.tree,
            original: question.target,
            all_paths: question.all_paths || question.lines.len() <= landing::LISTED_IN_FULL,
            git,
            contents: Contents::new(judge.objects, &judge.settings),
            attributes: RefCell::default(),
            target_adds: RefCell::default(),
            outside: RefCell::default(),
        })
    }

    /// The same with another target; the attributes stay those of this one.
    fn with_target(&self, target: ObjectId, target_tree: ObjectId) -> Self {
        Self {
            target,
            target_tree,
            git: self.git.clone(),
            contents: Contents::new(self.judge.objects, &self.judge.settings),
            attributes: self.attributes.clone(),
            target_adds: RefCell::default(),
            outside: RefCell::default(),
            ..*self
        }
    }

    fn deadline(&self) -> Deadline {
        self.judge.git.deadline()
    }

    fn breathe(&self, operation: &str) -> Result<(), Error> {
        if self.deadline().passed() { Err(Error::TimedOut { operation: operation.to_owned() }) } else { Ok(()) }
    }

    /// Tells what makes one line or pair unknown from what ends the whole judgement.
    #[expect(clippy::unused_self, reason = "reads as the others do")]
    fn or_reason<T>(&self, result: Result<T, Error>) -> Result<Result<T, String>, Error> {
        match result {
            Ok(value) => Ok(Ok(value)),
            Err(error @ (Error::TimedOut { .. } | Error::NoGit | Error::Start { .. })) => Err(error),
            Err(error) => Ok(Err(error.to_string())),
        }
    }

    /// Reads the attributes of those paths that were not read yet.
    fn learn_attributes(&self, mut paths: BTreeSet<RepoPath>) -> Result<(), Error> {
        self.retain_unlearned(&mut paths);
        let found = self.attribute_source().read(&paths)?;
        self.take_attributes(found);
        Ok(())
    }

    fn retain_unlearned(&self, paths: &mut BTreeSet<RepoPath>) {
        let known = self.attributes.borrow();
        paths.retain(|path| !known.contains_key(path));
    }

    fn take_attributes(&self, found: attributes::ByPath) {
        Arc::make_mut(&mut self.attributes.borrow_mut()).extend(found);
    }

    /// Takes over what was read for another target.
    fn learn_from(&self, other: &Work<'_>) {
        let known = self.attributes.borrow().len();
        if other.attributes.borrow().len() > known {
            self.take_attributes(attributes::ByPath::clone(&other.attributes.borrow()));
        }
    }

    /// Whether the question's target says nothing of these paths' attributes.
    fn is_untold(&self, paths: &BTreeSet<RepoPath>) -> Result<bool, Error> {
        let objects = self.judge.objects;
        attributes::says_nothing(objects, objects.commit(self.original)?.tree, paths.iter())
    }

    fn attribute_source(&self) -> attributes::Source<'_> {
        attributes::Source {
            git: &self.git,
            common_dir: self.judge.repository,
            target: self.original,
            default_driver: self.judge.settings.default_driver.as_deref(),
        }
    }

    fn attributes(&self, path: &RepoPath) -> Attributes {
        self.attributes.borrow().get(path).copied().unwrap_or_default()
    }

    /// Merges pairs of commits by git itself.
    fn ask_git(&self, pairs: &[(ObjectId, ObjectId)]) -> Result<Vec<Result<Merged, Error>>, Error> {
        if pairs.is_empty() {
            return Ok(Vec::new());
        }
        let asked = Asked {
            git: &self.git,
            repository: self.judge.repository,
            store: self.judge.store,
            objects: self.judge.objects,
            attributes: self.original,
        };
        merge_tree::merge(&asked, pairs)
    }

    /// Every line and every pair; nothing where what is known cannot be read any more.
    fn settle(&self, question: &Question, known: &mut Known) -> Result<Option<(Vec<Brought>, PairAnswers)>, Error> {
        let found = self.bring(question, known)?;
        if known.read_near(&found) { self.answer(question, known, found).map(Some) } else { Ok(None) }
    }

    /// Brings the lines that are not known onto the target.
    fn bring(&self, question: &Question, known: &Known) -> Result<Vec<Brought>, Error> {
        let lines: Vec<Line> = known.missing(question).map(|n| question.lines[n]).collect();
        landing::bring(self, &lines, question.only.as_ref())
    }

    /// Brings the lines onto the target. Where only some paths are looked at, those are added to them where else the target
    /// has or had the same.
    fn look(&self, question: &mut Question) -> Result<(Vec<Brought>, Elsewhere), Error> {
        loop {
            let found = self.bring(question, &Known::default())?;
            let Some(only) = &mut question.only else { return Ok((found, Elsewhere::new())) };
            // What cannot be told of the target's past hides a meeting; it does not make any.
            let elsewhere = self.or_reason(elsewhere::find(self, &found))?.unwrap_or_default();
            let looked_at = only.len();
            only.extend(elsewhere.iter().map(|(_, place)| place.clone()));
            if only.len() == looked_at {
                return Ok((found, elsewhere));
            }
        }
    }

    /// Every line and every pair; those that are known as they are. `found` are the lines that are not.
    fn answer(
        &self,
        question: &Question,
        known: &mut Known,
        mut found: Vec<Brought>,
    ) -> Result<(Vec<Brought>, PairAnswers), Error> {
        let new: Vec<usize> = known.missing(question).collect();
        landed::find(self, &mut found, question.only.is_some())?;
        for line in &mut found {
            let changes: Vec<TreeChange> = line.moved().cloned().map(Touched::change).collect();
            // They are shown, nothing more, so none is no loss where an object is missing.
            let renames = self.or_reason(rename::find(self.judge.objects, &changes))?;
            line.renames = Some(renames.unwrap_or_default());
        }
        let (mut found, mut known_lines) = (found.into_iter(), std::mem::take(&mut known.lines).into_iter());
        let mut brought: Vec<Brought> =
            question.lines.iter().filter_map(|_| known_lines.next().flatten().or_else(|| found.next())).collect();
        if new.is_empty() {
            return Ok((brought, std::mem::take(&mut known.pairs)));
        }
        memory::refresh(self, question, &mut brought, &new)?;
        let pairs = pairs::judge(self, question, &brought, &new)?;
        Ok((brought, std::mem::take(&mut known.pairs).with(pairs)))
    }
}

/// What is told of the lines, and what is not.
fn told(mut brought: Vec<Brought>) -> (Vec<LineAnswer>, Rest) {
    (brought.iter_mut().map(LineAnswer::of).collect(), Rest(brought))
}

impl LineAnswer {
    /// Takes from the line what is told of it.
    fn of(line: &mut Brought) -> Self {
        let landing = line.landing();
        let changes = match line.outline.take() {
            Some(outline) => Lazy::new(outline.len(), move || outline.changes()),
            None => std::mem::take(&mut line.touched).into_iter().map(Touched::change).collect(),
        };
        let renames = line.renames.take().unwrap_or_default();
        Self { fork: std::mem::replace(&mut line.fork, Fork::None), changes, renames, landing }
    }
}
