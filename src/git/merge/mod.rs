//! The merges that git would really do: each line of work onto the target, and each pair on top of each other.
//! Must not know: instances, who is asking, what an answer leads to.

use std::cell::{OnceCell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use super::error::Error;
use super::history::Fork;
use super::objects::{ObjectStore, Objects};
use super::program::{Deadline, Git};
use super::tree::TreeChange;
use crate::domain::id::ObjectId;
use crate::domain::overlap::{Grade, PathConflict, PathOverlap};
use crate::domain::path::RepoPath;

mod settings;

pub use settings::MergeSettings;

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
}

/// One line against the target.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct LineAnswer {
    /// Where it left the target.
    pub fork: Fork,
    /// What it changed since, sorted by path.
    pub changes: Vec<TreeChange>,
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
    pub paths: Vec<PathOverlap>,
    /// Why it could not be judged.
    pub unknown: Option<String>,
}

/// stub
pub fn judge(_: &Judge<'_>, _: &Question) -> Result<Answer, Error> {
    Err(Error::NoGit)
}
