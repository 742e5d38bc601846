//! Finished answers: everything a renderer needs, sorted, nothing left to compute.
//! Must not know: how an answer is written down (text, JSON, HTML), the terminal.

use super::claim::Claim;
use super::hunk::LineSpan;
use super::id::{ObjectId, RefName};
use super::instance::Instance;
use super::overlap::{Grade, PathConflict, PathOverlap};
use super::overlaps::Overlaps;
use super::path::RepoPath;
use super::path_overlaps::PathOverlaps;
use super::time::{Seconds, Timestamp};

/// The branch that work lands on, and where it stood when the answer was computed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Target {
    /// Its full ref; `None` where a bare commit was named.
    pub name: Option<RefName>,
    /// Its commit; `None` while it is unborn.
    pub tip: Option<ObjectId>,
}

/// Two instances that both changed at least one path. Indexes point into the report's instances, `a < b`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Overlap {
    /// The first instance.
    pub a: usize,
    /// The second instance.
    pub b: usize,
    /// The worst grade among the paths that may block, else among all.
    pub grade: Grade,
    /// Whether somebody acknowledged every conflict of it and the acknowledgement has not expired.
    pub acknowledged: bool,
    /// The paths, sorted by path.
    pub paths: PathOverlaps,
}

impl Overlap {
    /// Whether it holds a conflict that counts: on a path that may block, and not acknowledged.
    #[must_use]
    pub fn counts(&self) -> bool {
        // The grade says it sooner where no path conflicts at all.
        !self.acknowledged && self.grade == Grade::Conflict && self.paths.may_block()
    }
}

/// An instance that does not land on the target by itself.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct TargetConflict {
    /// The instance's index in the report.
    pub instance: usize,
    /// Whether all paths are listed, not only the first.
    pub complete: bool,
    /// Where it does not land, sorted by path.
    pub paths: Vec<PathConflict>,
}

/// A pair or instance that could not be judged: never "clean".
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Unknown {
    /// One instance, or both of a pair.
    pub instances: Vec<usize>,
    /// What stood in the way, for people.
    pub reason: String,
}

/// Who is at work and what will collide: the answer of `coord scan`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Survey {
    /// The moment it was computed.
    pub now: Timestamp,
    /// What work lands on.
    pub target: Target,
    /// The instance the command was run from, if any.
    pub here: Option<usize>,
    /// Everybody looked at, sorted by label.
    pub instances: Vec<Instance>,
    /// Who does not land on the target, sorted by instance.
    pub target_conflicts: Vec<TargetConflict>,
    /// Pairs that share a path, worst first, then by label.
    pub overlaps: Overlaps,
    /// Pairs that could not be judged.
    pub unknown_pairs: Vec<Unknown>,
    /// What the reader should know besides: what could not be recorded, that hooks are not installed.
    pub notices: Vec<String>,
}

impl Survey {
    /// The number of unordered pairs among the instances.
    #[must_use]
    pub fn pairs(&self) -> usize {
        let n = self.instances.len();
        n * n.saturating_sub(1) / 2
    }

    /// How many instances could not be read and how many pairs could not be judged.
    #[must_use]
    pub fn unknown(&self) -> usize {
        self.instances.iter().filter(|instance| instance.state.is_unknown()).count() + self.unknown_pairs.len()
    }

    /// The overlaps of one grade.
    #[must_use]
    pub fn of_grade(&self, grade: Grade) -> &[Overlap] {
        self.overlaps.of_grade(grade)
    }

    /// The overlaps graded as conflict.
    #[must_use]
    pub fn conflicts(&self) -> &[Overlap] {
        self.of_grade(Grade::Conflict)
    }

    /// The overlaps that count.
    pub fn counting(&self) -> impl Iterator<Item = &Overlap> {
        self.conflicts().iter().filter(|overlap| overlap.counts())
    }
}

/// What one other instance has on a path that somebody asked about.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Encounter {
    /// The other's index in the survey.
    pub other: usize,
    /// The evidence, `a` being the asker and `b` the other; the asker's lines are those it has now, or those asked about.
    pub overlap: PathOverlap,
    /// When the other last committed the path, or touched it where it is not committed.
    pub since: Option<Timestamp>,
    /// Whether the other has committed it.
    pub committed: bool,
    /// Whether the asked-about lines would meet the other's (`--lines`); `None` where no lines were asked about.
    pub meets_lines: Option<bool>,
}

/// The answer of `coord check`, for one asked-about path.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PathFacts {
    /// The path.
    pub path: RepoPath,
    /// The lines asked about.
    pub lines: Option<LineSpan>,
    /// Whether somebody's claim, which a notice names, keeps the asker off it.
    pub claimed: bool,
    /// Everybody else who changed it, worst first.
    pub encounters: Vec<Encounter>,
}

/// The answer of `coord check`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Facts {
    /// The asker's own label.
    pub here: Option<String>,
    /// Who is at work; read only as far as the asked-about paths need.
    pub survey: Survey,
    /// One entry an asked-about path, in the order asked.
    pub paths: Vec<PathFacts>,
}

/// One line of a side-by-side or merged text, in order.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum MergedLine {
    /// Unchanged, or changed by one side and taken.
    Merged(Vec<u8>),
    /// A line of `a`'s text of a conflicting block.
    A(Vec<u8>),
    /// A line of the base's text of a conflicting block.
    Base(Vec<u8>),
    /// A line of `b`'s text of a conflicting block.
    B(Vec<u8>),
}

/// One path of `coord diff A B`: the evidence and the texts, each empty where the side has no text.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PathDiff {
    /// The overlap itself.
    pub overlap: PathOverlap,
    /// What `a` calls the path.
    pub a_path: RepoPath,
    /// What `b` calls it.
    pub b_path: RepoPath,
    /// The text both start from.
    pub base: Vec<u8>,
    /// `a`'s text.
    pub a: Vec<u8>,
    /// `b`'s text.
    pub b: Vec<u8>,
    /// What git would leave in the file.
    pub merged: Vec<MergedLine>,
}

/// The answer of `coord diff`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Comparison {
    /// The two labels.
    pub labels: (String, String),
    /// The paths, sorted.
    pub paths: Vec<PathDiff>,
}

/// An acknowledgement as people see it: labels in place of identities.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct KnownOverlap {
    /// One instance's label; where the asker takes part, the asker's.
    pub a: String,
    /// The other's label.
    pub b: String,
    /// The paths, or directories, it is about, sorted; empty for all.
    pub paths: Vec<RepoPath>,
    /// Who gave it.
    pub by: String,
    /// Whether an agent gave it, not a person.
    pub by_agent: bool,
    /// Why.
    pub why: String,
    /// When it was given.
    pub at: Timestamp,
    /// When it ends.
    pub expires: Timestamp,
}

/// One claim as it is shown.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ClaimRow {
    /// The claim.
    pub claim: Claim,
    /// What is left of it.
    pub left: Seconds,
    /// Whether it is the asker's own.
    pub mine: bool,
}

/// Somebody's changed paths, as far as they are named: the first, and how many there are.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SomePaths {
    /// The first.
    pub first: RepoPath,
    /// How many in all.
    pub count: usize,
}

impl std::fmt::Display for SomePaths {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.first.as_bytes().escape_ascii())?;
        if self.count > 1 { write!(f, " and {} more", self.count - 1) } else { Ok(()) }
    }
}

/// What came of `coord claim`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum ClaimReport {
    /// It was granted.
    Granted {
        /// The claim.
        row: Box<ClaimRow>,
        /// Who has changed which of its paths already.
        already: Vec<(String, SomePaths)>,
        /// What else to know: that other machines do not know of it yet.
        notices: Vec<String>,
    },
    /// Others' claims are in the way.
    Refused {
        /// Each of them.
        rows: Vec<ClaimRow>,
        /// Whether it was not waited for, although asked, as the asker holds a claim itself.
        not_waited: bool,
    },
}
