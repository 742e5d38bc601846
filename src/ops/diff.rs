//! The conflict itself: two instances' work on each path they share, and what git would leave in the file.
//! Must not know: how texts are coloured or laid out.

use crate::domain::id::ObjectId;
use crate::domain::overlap::PathOverlap;
use crate::domain::path::RepoPath;
use crate::domain::report::{Comparison, PathDiff};
use crate::domain::text;
use crate::domain::verdict::{self, Rule};
use crate::failure::{Failure, Kind};
use crate::git::merge::{self, Line, Pairs, Question};
use crate::git::objects::Objects;
use crate::git::snapshot;
use crate::git::status;
use crate::git::tree::{self, Entry};
use crate::ops::context::Context;
use crate::ops::sync;
use crate::ops::whereabouts::{Names, Sides};
use crate::ops::who::{self, Who};

/// Compares the work of `a` and `b`, as typed, uncommitted work included; with `path` on that path or directory alone.
///
/// # Errors
/// Where nobody is called so, or one of the two cannot be read or judged.
pub fn diff(ctx: &Context, a: &str, b: &str, path: Option<&RepoPath>) -> Result<Comparison, Failure> {
    let everybody = who::anybody(ctx, &ctx.worktrees()?)?;
    let (a, b) = (who::find(&everybody, a)?, who::find(&everybody, b)?);
    let target = ctx.target()?.tip.ok_or_else(|| Failure::new(Kind::Repository, "the target has no commit yet"))?;
    let objects = ctx.repository.objects()?;
    let tips = (as_it_lies(ctx, &objects, a)?, as_it_lies(ctx, &objects, b)?);
    let line = |tip| Line { tip, judge_unlanded: true };
    let question = Question {
        target,
        lines: vec![line(tips.0), line(tips.1)],
        pairs: Pairs::Listed(vec![(0, 1)]),
        only: None,
        all_paths: true,
    };
    let answer = merge::judge(&ctx.judge(&objects), &question)?;
    let pair = answer.pairs.first();
    if let Some(reason) = pair.and_then(|pair| pair.unknown.as_ref()) {
        return Err(Failure::new(
            Kind::Repository,
            format!("could not judge {} against {}: {reason}", a.label, b.label),
        ));
    }
    let sides = Sides::of(ctx, &objects, target, tips)?;
    let mut paths = Vec::new();
    for overlap in pair.into_iter().flat_map(|pair| &pair.paths) {
        let names = sides.names(&objects, &overlap.path)?;
        let is_wanted =
            |wanted: &RepoPath| [&overlap.path, &names.a, &names.b].iter().any(|name| name.is_within(wanted));
        if path.is_none_or(is_wanted) {
            paths.push(compare(&objects, &sides, overlap, names)?);
        }
    }
    Ok(Comparison { labels: (a.label.clone(), b.label.clone()), paths })
}

fn as_it_lies(ctx: &Context, objects: &Objects, who: &Who) -> Result<ObjectId, Failure> {
    let nothing = || Failure::new(Kind::Usage, format!("{} has no commit yet", who.label));
    if let Some(reason) = &who.broken {
        return Err(Failure::repository(format!("{} cannot be read: {reason}", who.label)));
    }
    if let Some(synced) = &who.synced {
        let stand = sync::stand(ctx, objects, synced, None);
        let cannot = |reason| Failure::repository(format!("{} cannot be read: {reason}", who.label));
        return match stand.unknown {
            Some(reason) => Err(cannot(reason)),
            None => stand.as_it_lies.or(stand.committed).ok_or_else(nothing),
        };
    }
    let Some(worktree) = &who.worktree else { return who.tip.ok_or_else(nothing) };
    let status = status::read(&ctx.repository, worktree)?;
    Ok(snapshot::line(objects, &ctx.repository, worktree, &status)?)
}

fn compare(objects: &Objects, sides: &Sides, overlap: &PathOverlap, names: Names) -> Result<PathDiff, Failure> {
    let base = text_of(objects, sides.base, &names.base)?;
    let (a, b) = (text_of(objects, Some(sides.a), &names.a)?, text_of(objects, Some(sides.b), &names.b)?);
    let merged = verdict::three_way(&base, &a, &b, Rule::Zealous).lines;
    Ok(PathDiff { overlap: overlap.clone(), base, a, b, merged, a_path: names.a, b_path: names.b })
}

/// The text at a path; empty where there is none, or it is no text.
fn text_of(objects: &Objects, commit: Option<ObjectId>, path: &RepoPath) -> Result<Vec<u8>, Failure> {
    let Some(commit) = commit else { return Ok(Vec::new()) };
    let tree = objects.commit(commit)?.tree;
    let Some(entry) = tree::entry_at(objects, tree, path)?.filter(Entry::is_file) else { return Ok(Vec::new()) };
    let content = objects.read(entry.id)?.data.to_vec();
    Ok(if text::is_binary(&content) { Vec::new() } else { content })
}
