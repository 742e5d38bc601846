//! Lines of work landed one after another, in memory: the proof that a batch lands together.
//! Must not know: batches, who is asking.

use super::super::error::Error;
use super::super::tree;
use super::{Judge, Landing, Line, Pairs, Question, Work, landing};
use crate::domain::id::ObjectId;

/// Lands the tips on `target` in this order, each on top of those before it that landed, and says of each whether it did.
/// Nothing is written to the repository; attributes are those of `target` throughout.
///
/// # Errors
/// As [`super::judge`].
pub fn land(judge: &Judge<'_>, target: ObjectId, tips: &[ObjectId]) -> Result<Vec<Landing>, Error> {
    let line = |tip: &ObjectId| Line { tip: *tip, judge_unlanded: false };
    let lines: Vec<Line> = tips.iter().map(line).collect();
    let question =
        Question { target, lines: lines.clone(), pairs: Pairs::Listed(Vec::new()), only: None, all_paths: true };
    let mut work = Work::new(judge, &question)?;
    // All at once on the target first: so the attributes of all paths that meet are read in one call.
    landing::bring(&work, &lines, None)?;
    let mut landings = Vec::with_capacity(tips.len());
    for line in &lines {
        let brought = landing::bring(&work, std::slice::from_ref(line), None)?.remove(0);
        if brought.lands() && !brought.effective.is_empty() {
            let tree = tree::overlay(judge.objects, Some(work.target_tree), &brought.effective)?;
            work.move_target(tree::synthetic_commit(judge.objects, tree, &[work.target, line.tip])?, tree);
        }
        landings.push(brought.landing());
    }
    Ok(landings)
}

impl Work<'_> {
    /// The target with one more line landed on it.
    fn move_target(&mut self, target: ObjectId, tree: ObjectId) {
        (self.target, self.target_tree) = (target, tree);
        self.target_adds.borrow_mut().clear();
    }
}
