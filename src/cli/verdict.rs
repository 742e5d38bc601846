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
    // Of a hundred thousand overlaps that merge cleanly none is looked at in vain.
    let told = survey.overlaps.at_least(if let FailOn::Grade(least) = fail_on { least } else { Grade::Conflict });
    let found = told.filter(|o| concerns(o.a) || concerns(o.b)).any(|o| is_found(survey, o, fail_on));
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
    let unknown = survey.unknown() > 0;
    match (facts.paths.iter().any(|path| path.claimed || path.encounters.iter().any(conflicts)), unknown) {
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::id::Identity;
    use crate::domain::instance::Kind;
    use crate::domain::overlap::ConflictKind;
    use crate::domain::path::RepoPath;
    use crate::domain::report::{Target, Unknown};
    use crate::domain::time::Timestamp;
    use crate::domain::working_set::{Change, Status, WorkingSet};

    fn instance(label: &str, layer: Layer) -> Instance {
        let path = RepoPath::new("x").expect("a valid path");
        let change = Change { layers: [layer].into(), status: Status::Modified, from: None };
        Instance {
            identity: Identity::Worktree(label.as_bytes().into()),
            label: label.to_owned(),
            kind: Kind::Worktree,
            branch: None,
            tip: None,
            worktree: None,
            fork_point: None,
            state: State::Idle,
            operation: None,
            task: None,
            touched: None,
            working_set: WorkingSet { changes: [(path, change)].into_iter().collect(), ..WorkingSet::default() },
            origin: None,
        }
    }

    fn survey(grade: Grade, layers: [Layer; 2]) -> Survey {
        let path = PathOverlap::without_lines(
            RepoPath::new("x").expect("a valid path"),
            grade,
            (grade == Grade::Conflict).then_some(ConflictKind::Content),
            true,
        );
        Survey {
            now: Timestamp(0),
            target: Target { name: None, tip: None },
            here: None,
            instances: vec![instance("a", layers[0]), instance("b", layers[1])],
            target_conflicts: Vec::new(),
            overlaps: vec![Overlap { a: 0, b: 1, grade, acknowledged: false, paths: vec![path].into() }].into(),
            unknown_pairs: Vec::new(),
            notices: Vec::new(),
        }
    }

    fn check(survey: &Survey, fail_on: FailOnArg, expected: Exit) {
        assert_eq!(of(survey, fail_on.into(), None), expected, "{fail_on:?}");
    }

    #[test]
    fn what_fail_on_names_is_found() {
        let dirty = [Layer::Unstaged, Layer::Unstaged];
        let conflict = survey(Grade::Conflict, dirty);
        check(&conflict, FailOnArg::Conflict, Exit::Found);
        check(&conflict, FailOnArg::Identical, Exit::Found);
        check(&conflict, FailOnArg::Never, Exit::Clear);
        check(&conflict, FailOnArg::Blocked, Exit::Clear);
        check(&survey(Grade::Conflict, [Layer::Committed, Layer::Unstaged]), FailOnArg::Blocked, Exit::Found);
        check(&survey(Grade::Disjoint, dirty), FailOnArg::Conflict, Exit::Clear);
        check(&survey(Grade::Disjoint, dirty), FailOnArg::Disjoint, Exit::Found);
        check(&survey(Grade::Identical, dirty), FailOnArg::Disjoint, Exit::Clear);
    }

    #[test]
    fn what_never_blocks_or_is_known_does_not_count() {
        let mut known = survey(Grade::Conflict, [Layer::Committed, Layer::Committed]);
        known.overlaps[0].acknowledged = true;
        check(&known, FailOnArg::Conflict, Exit::Clear);
        let mut generated = survey(Grade::Conflict, [Layer::Committed, Layer::Committed]);
        generated.overlaps[0].paths[0].blocks = false;
        check(&generated, FailOnArg::Conflict, Exit::Clear);
        check(&generated, FailOnArg::Identical, Exit::Clear);
    }

    #[test]
    fn one_beats_two_and_a_stranger_does_not_concern_me() {
        let mut unread = survey(Grade::Conflict, [Layer::Committed, Layer::Committed]);
        unread.instances[1].state = State::Unknown { reason: "x".to_owned() };
        check(&unread, FailOnArg::Conflict, Exit::Found);
        unread.overlaps = Vec::new().into();
        check(&unread, FailOnArg::Conflict, Exit::NoAnswer);
        assert_eq!(of(&unread, FailOn::Never, Some(0)), Exit::Clear);
        unread.unknown_pairs.push(Unknown { instances: vec![0, 1], reason: "x".to_owned() });
        assert_eq!(of(&unread, FailOn::Never, Some(0)), Exit::NoAnswer);
    }
}
