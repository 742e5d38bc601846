//! What is asked of many lines of work, and what is answered.
//! Must not know: how that is found out.

use std::collections::BTreeSet;
use std::thread;

use super::super::history::Fork;
use super::super::tree::TreeChange;
use super::brought::Brought;
use super::memory::Keep;
use super::pair_answers::PairAnswers;
use crate::domain::id::ObjectId;
use crate::domain::lazy::Lazy;
use crate::domain::overlap::{Grade, PathConflict};
use crate::domain::path::RepoPath;
use crate::domain::path_overlaps::PathOverlaps;

/// A line of work.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Line {
    /// Its tip; of uncommitted work, the synthetic commit.
    pub tip: ObjectId,
    /// Whether its pairs are judged even where one of the two does not land.
    pub judge_unlanded: bool,
}

/// Which pairs are judged.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Pairs {
    /// Every one.
    All,
    /// These, as indexes into the lines.
    Listed(Vec<(usize, usize)>),
}

/// What is to be judged.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Question {
    /// The target's tip.
    pub target: ObjectId,
    /// The lines of work.
    pub lines: Vec<Line>,
    /// The pairs of them.
    pub pairs: Pairs,
    /// Looks at these paths alone. The cost then does not depend on the size of the trees.
    pub only: Option<BTreeSet<RepoPath>>,
    /// Lists every path where a line does not land, however many lines there are.
    pub all_paths: bool,
}

/// What was found.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Answer {
    /// One for each line, in the question's order.
    pub lines: Vec<LineAnswer>,
    /// The pairs that share a path, are stacked, or could not be judged; `a < b`, sorted.
    pub pairs: Vec<PairAnswer>,
    /// Of the paths asked about, where only some were, those that the target moved since a line left it: each, and where
    /// else it lies or lay, which was looked at too. Sorted.
    pub elsewhere: BTreeSet<(RepoPath, RepoPath)>,
}

impl Answer {
    /// The path, and by what other names the target has or had the same.
    pub fn names<'p>(&'p self, path: &'p RepoPath) -> impl Iterator<Item = &'p RepoPath> {
        let others = self.elsewhere.iter().filter(move |(one, _)| one == path).map(|(_, other)| other);
        std::iter::once(path).chain(others)
    }
}

/// One line against the target.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct LineAnswer {
    /// Where it left the target.
    pub fork: Fork,
    /// What it changed since, sorted by path.
    pub changes: Lazy<Vec<TreeChange>>,
    /// What of that are moves, as (from, to).
    pub renames: Vec<(RepoPath, RepoPath)>,
    /// Whether it lands.
    pub landing: Landing,
}

/// Whether a line lands on the target.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Landing {
    /// It does.
    Clean,
    /// Its work is there: merging it would change nothing, or would have changed nothing at some time since.
    AlreadyThere,
    /// It does not.
    Conflicts {
        /// Where, sorted by path.
        paths: Vec<PathConflict>,
        /// Whether these are all.
        complete: bool,
    },
    /// It could not be told, and why.
    Unknown(String),
}

/// An answer as it comes of one that is remembered.
#[derive(Clone, Debug)]
pub struct Again {
    /// One for each line, in the question's order.
    pub lines: Vec<LineAnswer>,
    /// The pairs that share a path, are stacked, or could not be judged.
    pub pairs: PairAnswers,
    /// What is to be kept of it.
    pub keep: Option<Keep>,
    /// What of the lines nobody asks for any more.
    pub rest: Rest,
}

/// More lines than this are taken apart beside whatever comes next.
const MANY: usize = 100;

/// What lines left on the target, which is of no use any more once it is told what comes of it. Of a thousand lines it takes
/// milliseconds to take that apart: whoever drops it does not wait for that.
#[derive(Clone, Debug, Default)]
pub struct Rest(pub(super) Vec<Brought>);

impl Drop for Rest {
    fn drop(&mut self) {
        if self.0.len() > MANY {
            let brought = std::mem::take(&mut self.0);
            thread::spawn(move || drop(brought));
        }
    }
}

/// Two lines on top of each other.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PairAnswer {
    /// The first line's index.
    pub a: usize,
    /// The second's; larger.
    pub b: usize,
    /// Whether one builds on the other's tip.
    pub stacked: bool,
    /// The worst grade among the paths that may block, else among all.
    pub grade: Grade,
    /// Where they meet, sorted by path.
    pub paths: PathOverlaps,
    /// Why it could not be judged.
    pub unknown: Option<String>,
}
