//! Findings: what a check has to say about places in files, worst first, for every format that annotates lines.
//! Must not know: any format's limits, escaping or fields.

use super::ci::{Group, Report, RightOfWay};
use super::hunk::LineSpan;
use super::instance::State;
use super::overlap::{ConflictKind, Grade, PathOverlap};
use super::path::RepoPath;
use super::report::Overlap;
use super::weight::{Weight, weigh};

/// What a finding is about; its name is part of the interface, never changed.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Rule {
    /// Two requests would stop each other's merge.
    Conflict,
    /// A request does not land on its base by itself.
    NeedsRebase,
    /// Two requests make the same change.
    Identical,
}

impl Rule {
    /// The rule's name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Conflict => "conflict",
            Self::NeedsRebase => "needs-rebase",
            Self::Identical => "identical",
        }
    }
}

/// How much a finding matters. Ordered: the worst comes first.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Level {
    /// The request that is checked must yield, or, where all are checked, there is a conflict.
    Error,
    /// There is something to know, and others have to act.
    Warning,
    /// It is good to know.
    Note,
}

/// One path with something to say about it.
#[derive(Clone, Debug)]
pub struct Finding<'a> {
    /// What it is about.
    pub rule: Rule,
    /// How much it matters.
    pub level: Level,
    /// The group it belongs to.
    pub group: &'a Group,
    /// The instance whose file the lines are in, or the first of two where all are checked.
    pub instance: usize,
    /// The other instance; `None` for [`Rule::NeedsRebase`].
    pub other: Option<usize>,
    /// The path.
    pub path: &'a RepoPath,
    /// Lines in the checked request's own file; in the target's where all are checked. Empty where lines say nothing.
    pub lines: &'a [LineSpan],
    /// The other's lines in its own file.
    pub other_lines: &'a [LineSpan],
    /// Why the merge would stop.
    pub kind: Option<ConflictKind>,
    /// Whether the path may block.
    pub blocks: bool,
    /// Whether somebody acknowledged it.
    pub acknowledged: bool,
    /// Who goes first; only for [`Rule::Conflict`].
    pub right_of_way: Option<RightOfWay>,
    /// How much of the smaller side it touches; only for [`Rule::Conflict`].
    pub weight: Option<Weight>,
}

impl Finding<'_> {
    /// The label of the instance that the finding is about.
    #[must_use]
    pub fn label(&self) -> &str {
        &self.group.survey.instances[self.instance].label
    }

    /// The other's label.
    #[must_use]
    pub fn other_label(&self) -> Option<&str> {
        self.other.map(|other| self.group.survey.instances[other].label.as_str())
    }
}

/// All findings of a report, the worst first, then in the report's order.
#[must_use]
pub fn findings(report: &Report) -> Vec<Finding<'_>> {
    let mut found: Vec<Finding<'_>> = report
        .overlaps()
        .flat_map(|(group, overlap)| overlap.paths.iter().filter_map(move |path| of_path(report, group, overlap, path)))
        .collect();
    found.extend(needing_rebase(report));
    found.sort_by_key(|finding| (finding.level, finding.rule));
    found
}

fn of_path<'a>(report: &Report, group: &'a Group, overlap: &'a Overlap, path: &'a PathOverlap) -> Option<Finding<'a>> {
    let rule = match path.grade {
        Grade::Conflict => Rule::Conflict,
        Grade::Identical => Rule::Identical,
        Grade::Disjoint => return None,
    };
    let subject = report.subject.map(|subject| subject.instance);
    let swapped = subject == Some(overlap.b);
    let (instance, other) = if swapped { (overlap.b, overlap.a) } else { (overlap.a, overlap.b) };
    let lines = match (subject, swapped) {
        (None, _) => &path.a_lines,
        (Some(_), false) => &path.a_own,
        (Some(_), true) => &path.b_own,
    };
    let is_conflict = rule == Rule::Conflict;
    let right_of_way = is_conflict.then(|| group.right_of_way(overlap));
    let yields = right_of_way.is_some_and(|right| subject.is_none() || subject == Some(right.yields));
    let level = match rule {
        Rule::Conflict if !path.blocks || overlap.acknowledged => Level::Note,
        Rule::Conflict if yields => Level::Error,
        Rule::Conflict => Level::Warning,
        Rule::Identical | Rule::NeedsRebase => Level::Note,
    };
    Some(Finding {
        rule,
        level,
        group,
        instance,
        other: Some(other),
        path: &path.path,
        lines,
        other_lines: if swapped { &path.a_own } else { &path.b_own },
        kind: path.kind,
        blocks: path.blocks,
        acknowledged: overlap.acknowledged,
        right_of_way,
        weight: is_conflict.then(|| weigh(&group.survey, overlap)),
    })
}

fn needing_rebase(report: &Report) -> impl Iterator<Item = Finding<'_>> {
    report.groups.iter().enumerate().flat_map(move |(number, group)| {
        let about = move |instance: usize| {
            report.subject.is_none_or(|subject| subject.group == number && subject.instance == instance)
        };
        (group.survey.target_conflicts.iter()).filter(move |conflict| about(conflict.instance)).flat_map(
            move |conflict| {
                conflict.paths.iter().map(move |path| Finding {
                    rule: Rule::NeedsRebase,
                    level: Level::Warning,
                    group,
                    instance: conflict.instance,
                    other: None,
                    path: &path.path,
                    lines: &[],
                    other_lines: &[],
                    kind: Some(path.kind),
                    blocks: true,
                    acknowledged: false,
                    right_of_way: None,
                    weight: None,
                })
            },
        )
    })
}

/// How many of each sort of thing a check found: the first line of every format.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Tally {
    /// Pairs in conflict on a path that may block, not acknowledged.
    pub conflicts: usize,
    /// Pairs in conflict only on generated files and the like, or acknowledged.
    pub minor: usize,
    /// Pairs that share paths and merge cleanly.
    pub clean: usize,
    /// Requests that do not land on their base.
    pub needing_rebase: usize,
    /// Requests and pairs that could not be judged.
    pub unknown: usize,
}

/// Counts what a report is about.
#[must_use]
pub fn tally(report: &Report) -> Tally {
    let mut tally = Tally::default();
    for (_, overlap) in report.overlaps() {
        let conflicting = |path: &&PathOverlap| path.grade == Grade::Conflict;
        if overlap.paths.iter().filter(conflicting).any(|path| path.blocks && !overlap.acknowledged) {
            tally.conflicts += 1;
        } else if overlap.paths.iter().any(|path| conflicting(&path)) {
            tally.minor += 1;
        } else {
            tally.clean += 1;
        }
    }
    for (number, group) in report.groups.iter().enumerate() {
        let about = |instance: usize| {
            report.subject.is_none_or(|subject| subject.group == number && subject.instance == instance)
        };
        let survey = &group.survey;
        let is_unknown = |&instance: &usize| matches!(survey.instances[instance].state, State::Unknown { .. });
        tally.needing_rebase += survey.target_conflicts.iter().filter(|conflict| about(conflict.instance)).count();
        // Who could not be read may conflict with the checked request: that is not known either.
        let in_group = report.subject.is_none_or(|subject| subject.group == number);
        tally.unknown += (0..survey.instances.len()).filter(is_unknown).filter(|_| in_group).count();
        tally.unknown += survey.unknown_pairs.iter().filter(|pair| pair.instances.iter().any(|&i| about(i))).count();
    }
    tally.unknown += report.unknown.len();
    tally
}

#[cfg(test)]
mod tests {
    use super::super::ci::Subject;
    use super::super::sample;
    use super::*;

    #[test]
    fn the_checked_request_sees_its_own_lines_and_whether_it_yields() {
        let survey = sample::survey(&[("x", &["p"]), ("y", &["p"])], &[(0, 1, &["p"])]);
        let mut report = sample::report(survey);
        report.subject = Some(Subject { group: 0, instance: 1 });
        let found = findings(&report);
        assert_eq!((found[0].instance, found[0].other), (1, Some(0)));
        assert_eq!(found[0].lines, [LineSpan { first: 13, last: 13 }]);
        assert_eq!(found[0].level, Level::Error, "number 2 yields to number 1");
        report.subject = Some(Subject { group: 0, instance: 0 });
        assert_eq!(findings(&report)[0].level, Level::Warning);
    }

    #[test]
    fn generated_paths_are_notes_and_are_counted_apart() {
        let mut survey = sample::survey(&[("x", &["go.sum"]), ("y", &["go.sum"])], &[(0, 1, &["go.sum"])]);
        survey.overlaps[0].paths[0].blocks = false;
        let report = sample::report(survey);
        assert_eq!(findings(&report)[0].level, Level::Note);
        assert_eq!(tally(&report), Tally { minor: 1, ..Tally::default() });
    }

    #[test]
    fn findings_of_others_do_not_reach_the_checked_request() {
        let survey = sample::survey(&[("x", &["p"]), ("y", &["p"]), ("z", &[])], &[(0, 1, &["p"])]);
        let mut report = sample::report(survey);
        report.subject = Some(Subject { group: 0, instance: 2 });
        assert!(findings(&report).is_empty());
        assert_eq!(tally(&report), Tally::default());
    }
}
