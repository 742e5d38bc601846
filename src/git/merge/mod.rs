//! The merge that git would do. (Stands in until the engine's is merged.)
//! Must not know: refs, worktrees.

use std::collections::BTreeSet;
use std::path::Path;

use super::error::Error;
use super::history::Fork;
use super::objects::{ObjectStore, Objects};
use super::program::Git;
use super::tree::TreeChange;
use crate::domain::id::ObjectId;
use crate::domain::overlap::{Grade, PathConflict, PathOverlap};
use crate::domain::path::RepoPath;
use crate::domain::policy::Policy;

/// s
#[derive(Clone, Debug, Default)]
pub struct MergeSettings;

impl MergeSettings {
    /// n
    pub fn new(
        _value: impl Fn(&str) -> Option<String>,
        _drivers: Vec<String>,
        _policy: &Policy,
    ) -> Result<Self, globset::Error> {
        Ok(Self)
    }
}

/// j
pub struct Judge<'a> {
    /// o
    pub objects: &'a Objects,
    /// s
    pub store: &'a ObjectStore,
    /// g
    pub git: &'a Git,
    /// r
    pub repository: &'a Path,
    /// s
    pub settings: MergeSettings,
}

/// l
#[derive(Clone, Copy, Debug)]
pub struct Line {
    /// t
    pub tip: ObjectId,
    /// u
    pub judge_unlanded: bool,
}

/// p
#[derive(Clone, Debug)]
pub enum Pairs {
    /// a
    All,
    /// l
    Listed(Vec<(usize, usize)>),
}

/// q
#[derive(Clone, Debug)]
pub struct Question {
    /// t
    pub target: ObjectId,
    /// l
    pub lines: Vec<Line>,
    /// p
    pub pairs: Pairs,
    /// o
    pub only: Option<BTreeSet<RepoPath>>,
    /// a
    pub all_paths: bool,
}

/// a
#[derive(Clone, Debug)]
pub struct Answer {
    /// l
    pub lines: Vec<LineAnswer>,
    /// p
    pub pairs: Vec<PairAnswer>,
}

/// l
#[derive(Clone, Debug)]
pub struct LineAnswer {
    /// f
    pub fork: Fork,
    /// c
    pub changes: Vec<TreeChange>,
    /// r
    pub renames: Vec<(RepoPath, RepoPath)>,
    /// l
    pub landing: Landing,
}

/// l
#[derive(Clone, Debug)]
pub enum Landing {
    /// c
    Clean,
    /// a
    AlreadyThere,
    /// c
    Conflicts {
        /// p
        paths: Vec<PathConflict>,
        /// c
        complete: bool,
    },
    /// u
    Unknown(String),
}

/// p
#[derive(Clone, Debug)]
pub struct PairAnswer {
    /// a
    pub a: usize,
    /// b
    pub b: usize,
    /// s
    pub stacked: bool,
    /// g
    pub grade: Grade,
    /// p
    pub paths: Vec<PathOverlap>,
    /// u
    pub unknown: Option<String>,
}

/// j
pub fn judge(_judge: &Judge<'_>, _question: &Question) -> Result<Answer, Error> {
    Ok(Answer { lines: vec![], pairs: vec![] })
}
