//! What an edit would meet: the file as it would be, judged against everybody else's as it lies.
//! Must not know: what was told before, how it is told.

use std::collections::{BTreeMap, BTreeSet};

use super::Call;
use crate::domain::agent::{Edit, Edited};
use crate::domain::briefing::Met;
use crate::domain::hunk::LineSpan;
use crate::domain::id::{Identity, ObjectId};
use crate::domain::instance::Kind;
use crate::domain::overlap::{Grade, PathOverlap};
use crate::domain::path::RepoPath;
use crate::domain::text;
use crate::failure::Failure;
use crate::git::merge::{Answer, Line, Pairs, Question};
use crate::git::objects::{ObjectKind, Objects};
use crate::git::tree::{self, Entry};
use crate::git::{names, snapshot};
use crate::ops::commit::{Asked, Found, Other, Search, is_over, since};

/// No more lines of theirs are shown, and none longer.
const LINES: usize = 12;
const LONGEST_LINE: usize = 160;
/// Files beyond this are not read for an edit.
const LARGEST: u64 = 16 << 20;

/// The edit's line in the question.
const EDIT: usize = 0;

/// Somebody else's change that an edit comes near to, and in which version.
pub(super) struct Meeting {
    pub(super) met: Met,
    /// Differs for different versions of their file.
    pub(super) version: String,
}

/// Whom the edits meet, before they are made.
pub(super) fn meetings(call: &Call<'_>, edits: &[(RepoPath, &Edit)]) -> Result<Vec<Meeting>, Failure> {
    let objects = call.ctx.repository.objects()?;
    let Some(look) = Look::new(call, &objects, edits, true)? else { return Ok(Vec::new()) };
    let mut found = Vec::new();
    for (path, _) in edits {
        for (at, other) in look.others.iter().enumerate() {
            found.extend(look.meeting(path, at, other)?);
        }
    }
    found.sort_by(|a, b| b.met.conflicts.cmp(&a.met.conflicts).then_with(|| a.met.label.cmp(&b.met.label)));
    Ok(found)
}

/// Whose work the files as they lie conflict with.
pub(super) fn conflicts_as_it_lies(
    call: &Call<'_>,
    edits: &[(RepoPath, &Edit)],
) -> Result<BTreeSet<(Identity, RepoPath)>, Failure> {
    let objects = call.ctx.repository.objects()?;
    let Some(look) = Look::new(call, &objects, edits, false)? else { return Ok(BTreeSet::new()) };
    let mut conflicts = BTreeSet::new();
    for (path, _) in edits {
        for (at, other) in look.others.iter().enumerate().filter(|(_, other)| other.who.kind == Kind::Worktree) {
            let conflict = look.overlap(path, at).filter(|overlap| overlap.grade == Grade::Conflict && overlap.blocks);
            let acknowledged = |at| call.ctx.acknowledged(call.place.identity(), &other.who.identity, at);
            if conflict.is_some_and(|overlap| !acknowledged(&overlap.path)) {
                conflicts.insert((other.who.identity.clone(), path.clone()));
            }
        }
    }
    Ok(conflicts)
}

/// One question about the edited files and everybody else who changed any of them.
struct Look<'a> {
    call: &'a Call<'a>,
    objects: &'a Objects,
    target: ObjectId,
    /// In the question, line 0 is the edit, and then comes each of these.
    others: Vec<Other>,
    tips: Vec<ObjectId>,
    answer: Answer,
}

impl<'a> Look<'a> {
    fn new(
        call: &'a Call<'a>,
        objects: &'a Objects,
        edits: &[(RepoPath, &Edit)],
        applied: bool,
    ) -> Result<Option<Self>, Failure> {
        let ctx = call.ctx;
        let only: BTreeSet<RepoPath> = edits.iter().map(|(path, _)| path.clone()).collect();
        let target = ctx.target()?.tip.filter(|_| !only.is_empty());
        let mine = |paths: &BTreeSet<RepoPath>| snapshot::paths(objects, &ctx.repository, &call.place.me, paths);
        let (Some(target), Some(as_it_lies)) = (target, mine(&only)?) else { return Ok(None) };
        let me = call.place.identity();
        let search = Search { ctx, objects, worktrees: &call.place.worktrees, me, intents: &[] };
        let mut found = search.find(&only)?;
        let mine_tree = objects.commit(as_it_lies)?.tree;
        let mut others = Vec::new();
        for other in found.others {
            if other.who.kind != Kind::Remote && differs(objects, mine_tree, &other, &only)? {
                others.push(other);
            }
        }
        if others.is_empty() {
            return Ok(None);
        }
        let meant: BTreeSet<Identity> = others.iter().map(|other| other.who.identity.clone()).collect();
        found.others = others;
        let ask = |found: &Found, paths: BTreeSet<RepoPath>| {
            let as_it_lies = if paths == only { as_it_lies } else { mine(&paths)?.unwrap_or(as_it_lies) };
            let edit = if applied { with_edits(call, objects, as_it_lies, edits)? } else { as_it_lies };
            let others = found.others.iter().filter(|other| meant.contains(&other.who.identity));
            Ok(question(target, edit, others, paths))
        };
        let Asked { lines: (others, tips), answer, .. } = search.ask(found, &only, ask)?;
        Ok(Some(Self { call, objects, target, others, tips, answer }))
    }

    fn overlap(&self, path: &RepoPath, at: usize) -> Option<&PathOverlap> {
        let pair = self.answer.pairs.iter().find(|pair| pair.a == EDIT && pair.b == at + 1)?;
        if pair.stacked {
            return None;
        }
        self.answer.names(path).find_map(|name| pair.paths.iter().find(|overlap| overlap.path == *name))
    }

    fn meeting(&self, path: &RepoPath, at: usize, other: &Other) -> Result<Option<Meeting>, Failure> {
        let ctx = self.call.ctx;
        let theirs = &self.answer.lines[at + 1].changes;
        let changed = self.answer.names(path).find_map(|name| theirs.iter().find(|change| change.path == *name));
        let (Some(change), Some(overlap)) = (changed, self.overlap(path, at)) else { return Ok(None) };
        let conflicts = overlap.grade == Grade::Conflict;
        let silent = overlap.grade == Grade::Identical
            || (other.who.kind == Kind::Branch && !conflicts)
            || ctx.acknowledged(self.call.place.identity(), &other.who.identity, &overlap.path)
            || is_over(ctx, self.objects, self.target, other)?;
        if silent {
            return Ok(None);
        }
        let committed = is_committed(self.objects, other, &change.path)?;
        let met = Met {
            path: path.clone(),
            label: other.who.label.clone(),
            task: other.who.task(ctx),
            committed,
            fetched: other.who.synced.as_ref().and_then(|_| ctx.sync_state().ok().flatten()?.fetched),
            since: since::of(self.objects, self.target, other, !committed, &change.path),
            lines: overlap.b_own.clone(),
            hunk: self.hunk(&change.path, at, &overlap.b_own)?,
            conflicts,
        };
        let version = change.after.map_or_else(|| "gone".to_owned(), |entry| entry.id.to_string());
        Ok(Some(Meeting { met, version }))
    }

    /// The first of their lines.
    fn hunk(&self, path: &RepoPath, at: usize, lines: &[LineSpan]) -> Result<Vec<Vec<u8>>, Failure> {
        let tree = self.objects.commit(self.tips[at])?.tree;
        let Some(entry) = tree::entry_at(self.objects, tree, path)?.filter(Entry::is_file) else {
            return Ok(Vec::new());
        };
        let content = self.objects.read(entry.id)?.data.to_vec();
        if text::is_binary(&content) {
            return Ok(Vec::new());
        }
        let wanted = |number: &u32| lines.iter().any(|span| span.first <= *number && *number <= span.last);
        let numbered = content.split(|&byte| byte == b'\n').zip(1u32..);
        let cut = |line: &[u8]| line[..line.len().min(LONGEST_LINE)].trim_ascii_end().to_vec();
        Ok(numbered.filter(|(_, number)| wanted(number)).take(LINES).map(|(line, _)| cut(line)).collect())
    }
}

/// The edit against what each of the others has, those who have anything.
fn question<'o>(
    target: ObjectId,
    edit: ObjectId,
    others: impl Iterator<Item = &'o Other>,
    paths: BTreeSet<RepoPath>,
) -> (Question, (Vec<Other>, Vec<ObjectId>)) {
    let (others, tips): (Vec<Other>, Vec<ObjectId>) =
        others.filter_map(|other| Some((other.clone(), other.as_it_lies.or(other.committed)?))).unzip();
    let line = |tip| Line { tip, judge_unlanded: true };
    let lines = std::iter::once(edit).chain(tips.iter().copied()).map(line).collect();
    let pairs = Pairs::Listed((1..=tips.len()).map(|at| (EDIT, at)).collect());
    (Question { target, lines, pairs, only: Some(paths), all_paths: true }, (others, tips))
}

/// A quick no: they have the same there as we.
fn differs(objects: &Objects, mine: ObjectId, other: &Other, only: &BTreeSet<RepoPath>) -> Result<bool, Failure> {
    let Some(tip) = other.as_it_lies.or(other.committed) else { return Ok(false) };
    let theirs = objects.commit(tip)?.tree;
    for path in only {
        if tree::entry_at(objects, mine, path)? != tree::entry_at(objects, theirs, path)? {
            return Ok(true);
        }
    }
    Ok(false)
}

fn is_committed(objects: &Objects, other: &Other, path: &RepoPath) -> Result<bool, Failure> {
    let (Some(tip), Some(lies)) = (other.committed, other.as_it_lies) else { return Ok(true) };
    let at = |commit: ObjectId| -> Result<Option<Entry>, Failure> {
        Ok(tree::entry_at(objects, objects.commit(commit)?.tree, path)?)
    };
    Ok(at(tip)? == at(lies)?)
}

/// The work as it lies with the edits made. An edit that cannot be followed leaves the file as it is.
fn with_edits(
    call: &Call<'_>,
    objects: &Objects,
    mine: ObjectId,
    edits: &[(RepoPath, &Edit)],
) -> Result<ObjectId, Failure> {
    let tree = objects.commit(mine)?.tree;
    let mut contents: BTreeMap<&RepoPath, Option<Vec<u8>>> = BTreeMap::new();
    for (path, edit) in edits {
        let file = names::below(&call.place.me.path, path);
        let small = || file.metadata().is_ok_and(|file| file.is_file() && file.len() <= LARGEST);
        let before = contents.remove(path).unwrap_or_else(|| if small() { std::fs::read(&file).ok() } else { None });
        let after = match edit.change.apply(before.as_deref()) {
            Edited::Content(content) => Some(content),
            Edited::Gone => None,
            Edited::Unknown => continue,
        };
        contents.insert(path, after);
    }
    let mut changes = BTreeMap::new();
    for (path, content) in contents {
        let entry = match content {
            Some(content) => {
                let mode =
                    tree::entry_at(objects, tree, path)?.filter(Entry::is_file).map_or(0o100_644, |entry| entry.mode);
                Some(Entry { mode, id: objects.add(ObjectKind::Blob, &content)? })
            }
            None => None,
        };
        changes.insert(path.clone(), entry);
    }
    if changes.is_empty() {
        return Ok(mine);
    }
    Ok(tree::synthetic_commit(objects, tree::overlay(objects, Some(tree), &changes)?, &[mine])?)
}
