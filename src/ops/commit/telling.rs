//! What is told of a conflict: its path, the lines, and of each side the one line that tells what it did there.
//! Must not know: who has the right of way.

use crate::domain::hunk::LineSpan;
use crate::domain::id::ObjectId;
use crate::domain::judgement::{Clash, Reason};
use crate::domain::overlap::PathOverlap;
use crate::domain::path::RepoPath;
use crate::failure::Failure;
use crate::git::objects::Objects;
use crate::git::tree;
use crate::ops::context::Context;
use crate::ops::whereabouts;

use super::candidate::Candidate;
use super::others::Other;

/// Longer texts are not read for one line.
const LONGEST: usize = 4 << 20;

/// What is told of each overlap that is a conflict.
pub(super) fn clashes(
    ctx: &Context,
    objects: &Objects,
    target: ObjectId,
    candidate: &Candidate,
    (other, reason): (&Other, Reason),
    overlaps: &[&PathOverlap],
) -> Result<Vec<Clash>, Failure> {
    let lying = other.as_it_lies.filter(|_| reason == Reason::Uncommitted);
    let Some(theirs) = lying.or(other.committed).or(other.as_it_lies) else { return Ok(Vec::new()) };
    let mut clashes = Vec::new();
    for overlap in overlaps {
        let Some(kind) = overlap.kind else { continue };
        let tips = (candidate.commit, theirs);
        let (own_path, their_path) = whereabouts::own_names(ctx, objects, target, tips, &overlap.path)?;
        clashes.push(Clash {
            path: overlap.path.clone(),
            kind,
            own: overlap.a_own.clone(),
            theirs: overlap.b_own.clone(),
            own_line: line(objects, candidate.commit, &own_path, &overlap.a_own)?,
            their_line: line(objects, theirs, &their_path, &overlap.b_own)?,
        });
    }
    Ok(clashes)
}

/// The first line in `spans` of the file at `path` that says anything, without its end; `None` where the side has no
/// such file or no lines there.
fn line(objects: &Objects, commit: ObjectId, path: &RepoPath, spans: &[LineSpan]) -> Result<Option<Vec<u8>>, Failure> {
    let Some(first) = spans.first() else { return Ok(None) };
    let tree = objects.commit(commit)?.tree;
    let Some(entry) = tree::entry_at(objects, tree, path)?.filter(|entry| entry.mode & 0o170_000 == 0o100_000) else {
        return Ok(None);
    };
    let blob = objects.read(entry.id)?;
    let text: &[u8] = &blob.data;
    if text.len() > LONGEST || text.contains(&0) {
        return Ok(None);
    }
    let from = usize::try_from(first.first - 1).unwrap_or(usize::MAX);
    let count = usize::try_from((first.last + 1).saturating_sub(first.first)).unwrap_or(0);
    let lines = text.split(|&byte| byte == b'\n').skip(from).take(count);
    let telling = lines.map(<[u8]>::trim_ascii_end).find(|line| !line.trim_ascii().is_empty());
    Ok(telling.map(<[u8]>::to_vec))
}
