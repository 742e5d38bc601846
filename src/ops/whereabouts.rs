//! What each side of a conflict calls its path: git names it as the merge would, and whoever did not move it has it elsewhere.
//! Must not know: what is in the file, how the conflict is shown.

use crate::domain::id::ObjectId;
use crate::domain::path::RepoPath;
use crate::failure::Failure;
use crate::git::history;
use crate::git::objects::Objects;
use crate::git::{rename, tree};
use crate::ops::context::Context;

/// The path of a file in the tree both sides started from, and in theirs.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Names {
    /// Where they started.
    pub(super) base: RepoPath,
    /// In the one.
    pub(super) a: RepoPath,
    /// In the other.
    pub(super) b: RepoPath,
}

/// Two lines of work, and what they have in common.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sides {
    /// The commit both start from; the first where there are several, as what is told of it is for reading.
    pub(super) base: Option<ObjectId>,
    /// The one's tip.
    pub(super) a: ObjectId,
    /// The other's.
    pub(super) b: ObjectId,
    /// The target's.
    target: ObjectId,
}

impl Sides {
    /// The two lines of work on their way to the target.
    ///
    /// # Errors
    /// Where a commit cannot be read.
    pub(super) fn of(
        ctx: &Context,
        objects: &Objects,
        target: ObjectId,
        (a, b): (ObjectId, ObjectId),
    ) -> Result<Self, Failure> {
        let base = history::merge_base(objects, a, b, ctx.deadline())?.commits().first().copied();
        Ok(Self { base, a, b, target })
    }

    /// What is called `path` once they are merged.
    ///
    /// # Errors
    /// Where an object cannot be read.
    pub(super) fn names(&self, objects: &Objects, path: &RepoPath) -> Result<Names, Failure> {
        let same = Names { base: path.clone(), a: path.clone(), b: path.clone() };
        let Some(base) = self.base else { return Ok(same) };
        if has(objects, base, path)? {
            return Ok(same);
        }
        let mut moved = Vec::new();
        for tip in [self.a, self.b, self.target] {
            let (from, to) = (objects.commit(base)?.tree, objects.commit(tip)?.tree);
            moved.push(rename::find(objects, &tree::diff(objects, Some(from), Some(to))?)?);
        }
        let Some((origin, _)) = moved.iter().flatten().find(|(_, to)| to == path) else { return Ok(same) };
        let name = |moves: &[(RepoPath, RepoPath)], tip| {
            let moved = moves.iter().find(|(from, _)| from == origin).map(|(_, to)| to.clone());
            let there = |found| if found { origin.clone() } else { path.clone() };
            moved.map_or_else(|| has(objects, tip, origin).map(there), Ok)
        };
        Ok(Names { base: origin.clone(), a: name(&moved[0], self.a)?, b: name(&moved[1], self.b)? })
    }
}

/// What two lines of work call what is called `path` once they are merged. Where both have it nothing more is looked for: who
/// only wants to name a line need not wait for a search for moves.
///
/// # Errors
/// Where an object cannot be read.
pub(super) fn own_names(
    ctx: &Context,
    objects: &Objects,
    target: ObjectId,
    tips: (ObjectId, ObjectId),
    path: &RepoPath,
) -> Result<(RepoPath, RepoPath), Failure> {
    if has(objects, tips.0, path)? && has(objects, tips.1, path)? {
        return Ok((path.clone(), path.clone()));
    }
    let names = Sides::of(ctx, objects, target, tips)?.names(objects, path)?;
    Ok((names.a, names.b))
}

fn has(objects: &Objects, commit: ObjectId, path: &RepoPath) -> Result<bool, Failure> {
    Ok(tree::entry_at(objects, objects.commit(commit)?.tree, path)?.is_some())
}
