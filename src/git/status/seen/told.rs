//! What git said of a worktree, with the stamps of all that it said it from.
//! Must not know: how it is written down.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use super::folders::{self, Found};
use super::look::Look;
use super::{On, Question, Unseen, look, rules};
use crate::domain::path::RepoPath;
use crate::git::stamp::{self, Stamp, Top};
use crate::git::status::again::is_among;
use crate::git::status::{Answer, Entry};

/// What git said, and what from. A stamp of [`Stamp::NEVER`] stands for what may still have changed unseen.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(super) struct Told {
    /// Files with rules, there or not.
    pub(super) rules: BTreeMap<PathBuf, Stamp>,
    /// Every folder that git looks into, by its path; the top is the empty one.
    pub(super) folders: BTreeMap<Vec<u8>, Stamp>,
    /// The files that are not as the index notes.
    pub(super) files: BTreeMap<Vec<u8>, Stamp>,
    /// What is ignored in those folders; folders end in a slash, and git does not look into them.
    pub(super) ignored: BTreeSet<Vec<u8>>,
    pub(super) entries: BTreeMap<RepoPath, Entry>,
}

impl Told {
    /// With what git said of everything.
    pub(super) fn new(question: &Question, on: &On, answer: Answer) -> Result<Self, Unseen> {
        let rules = rules::files(question).ok_or(Unseen::Ever)?;
        let top = Top::open(&question.site.top).ok_or(Unseen::Ever)?;
        let files = look::files(question, &top, on, &BTreeMap::new())?;
        let mut told =
            Self { files: files.stamps, ignored: answer.ignored, entries: answer.entries, ..Self::default() };
        let mut found = Found::default();
        folders::enter(question, &top, (on, &told.ignored), Vec::new(), &mut found)?;
        told.take_in(question, rules, found).ok_or(Unseen::ThisTime)?;
        Ok(told)
    }

    /// Looks whether all is as it was; `None` where that cannot be told, or where other rules hold.
    pub(super) fn look(&self, question: &Question, on: &On) -> Option<Look> {
        let hold = self.rules.iter().all(|(file, &stamp)| stamp::of_file(file) == Some(stamp));
        hold.then(|| Look::take(question, on, self)).flatten()
    }

    /// With what git said of the paths that changed.
    pub(super) fn with(mut self, question: &Question, on: &On, look: Look, answer: Answer) -> Option<Self> {
        let top = Top::open(&question.site.top)?;
        let Look { changed, files, folders } = look;
        let is_other = |path: &[u8]| RepoPath::new(path).is_ok_and(|path| is_among(&path, &changed));
        self.folders.retain(|path, _| !is_other(path));
        self.folders.extend(folders);
        self.ignored.extend(answer.ignored);
        self.entries = answer.entries;
        self.files = files.stamps;
        let mut found = Found::default();
        for path in &changed {
            let path = path.as_bytes();
            if folders::is_entered(path, (on, &self.ignored)) && top.folder(path).is_some() {
                folders::enter(question, &top, (on, &self.ignored), path.to_vec(), &mut found).ok()?;
            }
        }
        self.take_in(question, Vec::new(), found)?;
        Some(self)
    }

    /// What git said, once more.
    pub(super) fn answer(self) -> Answer {
        Answer { entries: self.entries, ignored: BTreeSet::new(), partial: None }
    }

    /// Takes in what folders were found, and the rules in them; `None` where a rule may still have changed unseen.
    fn take_in(&mut self, question: &Question, rules: Vec<PathBuf>, found: Found) -> Option<()> {
        self.folders.extend(found.folders);
        for file in rules.into_iter().chain(found.rules) {
            let stamp = stamp::of_file(&file).filter(|stamp| stamp.is_settled(question.at))?;
            self.rules.insert(file, stamp);
        }
        Some(())
    }
}
