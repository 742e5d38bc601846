//! How much a conflict weighs: what part of the smaller side's work it touches.
//! Must not know: how the evidence was found, how it is shown.

use super::overlap::Grade;
use super::report::{Overlap, Survey};

/// The part of the smaller side's work that a conflict touches.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Weight {
    /// The side with fewer changed paths, as an index into the survey's instances; `a` where both are equal.
    pub smaller: usize,
    /// How many of its paths are in conflict.
    pub paths: usize,
    /// How many paths it changed in all, never less than `paths`.
    pub of: usize,
}

impl Weight {
    /// Whether the whole of the smaller side's work is in conflict.
    #[must_use]
    pub fn is_all(&self) -> bool {
        self.paths == self.of
    }
}

/// Weighs one overlap of a survey. A rename counts once, although it stands in the working set under both names.
#[must_use]
pub fn weigh(survey: &Survey, overlap: &Overlap) -> Weight {
    let size = |side: usize| survey.instances.get(side).map_or(0, |instance| instance.working_set.changes.len());
    let smaller = if size(overlap.b) < size(overlap.a) { overlap.b } else { overlap.a };
    let paths = overlap.paths.iter().filter(|path| path.grade == Grade::Conflict).count();
    Weight { smaller, paths, of: size(smaller).max(paths) }
}

/// The survey's conflicts, those that need action first: what may block before what only warns, unacknowledged before
/// acknowledged, then those that touch the most of somebody's work; equal ones stay in the survey's order.
#[must_use]
pub fn by_weight(survey: &Survey) -> Vec<&Overlap> {
    let mut conflicts: Vec<(&Overlap, Weight)> =
        survey.conflicts().iter().map(|overlap| (overlap, weigh(survey, overlap))).collect();
    conflicts.sort_by(|(x, wx), (y, wy)| {
        let first = |overlap: &Overlap| (overlap.acknowledged, !overlap.paths.may_block());
        // The larger share first: x.paths/x.of > y.paths/y.of, without division.
        let share = (wy.paths * wx.of.max(1)).cmp(&(wx.paths * wy.of.max(1)));
        first(x).cmp(&first(y)).then(share).then(wy.paths.cmp(&wx.paths))
    });
    conflicts.into_iter().map(|(overlap, _)| overlap).collect()
}

#[cfg(test)]
mod tests {
    use super::super::sample;
    use super::*;

    #[test]
    fn the_smaller_side_is_weighed() {
        let survey = sample::survey(&[("a", &["x", "y", "z"]), ("b", &["x", "q"])], &[(0, 1, &["x"])]);
        assert_eq!(weigh(&survey, &survey.overlaps[0]), Weight { smaller: 1, paths: 1, of: 2 });
    }

    #[test]
    fn what_touches_most_of_somebodys_work_comes_first() {
        let mut survey = sample::survey(
            &[("a", &["x", "y", "z"]), ("b", &["x", "q", "r"]), ("c", &["y"]), ("d", &["z"])],
            &[(0, 1, &["x"]), (0, 2, &["y"]), (0, 3, &["z"])],
        );
        survey.overlaps[1].acknowledged = true;
        let order: Vec<_> = by_weight(&survey).iter().map(|overlap| (overlap.a, overlap.b)).collect();
        assert_eq!(order, [(0, 3), (0, 1), (0, 2)]);
    }
}
