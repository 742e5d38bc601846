//! What an answer means for the exit code: 1 beats 2.
//! Must not know: the numbers, how the answer is shown.

use clap::ValueEnum;

use crate::domain::instance::{Instance, State};
use crate::domain::overlap::{Grade, PathOverlap};
use crate::domain::policy::FailOn;
use crate::domain::report::{Encounter, Facts, Overlap, Survey};
use crate::domain::working_set::Layer;
use crate::exit::Exit;

/// From which finding on the exit code is 1.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub(super) enum FailOnArg {
    /// A conflict on a path that may block, not acknowledged
    Conflict,
    /// What a hook would block: a conflict with committed work of another worktree
    Blocked,
    /// Any overlap that merges cleanly, and worse
    Disjoint,
    /// Any overlap at all
    Identical,
    /// Nothing
    Never,
}

impl From<FailOnArg> for FailOn {
    fn from(argument: FailOnArg) -> Self {
        match argument {
            FailOnArg::Conflict => Self::Grade(Grade::Conflict),
            FailOnArg::Disjoint => Self::Grade(Grade::Disjoint),
            FailOnArg::Identical => Self::Grade(Grade::Identical),
            FailOnArg::Blocked => Self::Blocked,
            FailOnArg::Never => Self::Never,
        }
    }
}

/// The exit code of a survey; with `only` of that instance's part in it.
pub(super) fn of(survey: &Survey, fail_on: FailOn, only: Option<usize>) -> Exit {
    let concerns = |at: usize| only.is_none_or(|only| only == at);
    let found = survey.overlaps.iter().filter(|o| concerns(o.a) || concerns(o.b)).any(|o| is_found(survey, o, fail_on));
    let unknown = survey.unknown_pairs.iter().any(|unknown| unknown.instances.iter().any(|&at| concerns(at)))
        || survey.instances.iter().enumerate().any(|(at, instance)| concerns(at) && instance.state.is_unknown());
    match (found, unknown) {
        (true, _) => Exit::Found,
        (false, true) => Exit::NoAnswer,
        (false, false) => Exit::Clear,
    }
}

/// The exit code of `coord check`: what lies in the asker's worktree, or an edit of the lines asked about, conflicts.
pub(super) fn of_facts(facts: &Facts) -> Exit {
    let conflicts =
        |found: &Encounter| found.meets_lines.unwrap_or(found.overlap.grade == Grade::Conflict && found.overlap.blocks);
    let survey = &facts.survey;
    let unknown = !survey.unknown_pairs.is_empty() || survey.instances.iter().any(|i| i.state.is_unknown());
    match (facts.paths.iter().flat_map(|path| &path.encounters).any(conflicts), unknown) {
        (true, _) => Exit::Found,
        (false, true) => Exit::NoAnswer,
        (false, false) => Exit::Clear,
    }
}

fn is_found(survey: &Survey, overlap: &Overlap, fail_on: FailOn) -> bool {
    match fail_on {
        FailOn::Never => false,
        FailOn::Grade(Grade::Conflict) => overlap.counts(),
        FailOn::Grade(least) => overlap.paths.iter().any(|path| path.blocks && path.grade >= least),
        FailOn::Blocked => overlap.counts() && overlap.paths.iter().any(|path| is_blocked(survey, overlap, path)),
    }
}

/// Whether one of the two could not commit: both are live worktrees or sessions, and one has committed the path.
fn is_blocked(survey: &Survey, overlap: &Overlap, path: &PathOverlap) -> bool {
    let sides = [&survey.instances[overlap.a], &survey.instances[overlap.b]];
    let lives = |side: &&Instance| side.identity.is_worktree() && !matches!(side.state, State::Dormant | State::Landed);
    let committed = |side: &&Instance| {
        side.working_set.changes.get(&path.path).is_some_and(|change| change.layers.contains(&Layer::Committed))
    };
    path.grade == Grade::Conflict && path.blocks && sides.iter().all(lives) && sides.iter().any(committed)
}
