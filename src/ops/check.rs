//! May I touch these paths? Everybody else's work on them, looked up path by path, without reading any index.
//! Must not know: how the facts are shown, what exit code they mean.

use std::collections::{BTreeMap, BTreeSet};

use crate::domain::hunk::{LineSpan, Spans};
use crate::domain::id::ObjectId;
use crate::domain::instance::{Instance, State};
use crate::domain::overlap::{Grade, PathOverlap};
use crate::domain::overlaps::Overlaps;
use crate::domain::path::RepoPath;
use crate::domain::report::{Encounter, Facts, PathFacts, Survey};
use crate::domain::text;
use crate::domain::working_set::WorkingSet;
use crate::failure::{Failure, Kind};
use crate::git::merge::{Answer, Line, PairAnswer, Pairs, Question};
use crate::git::objects::{ObjectKind, Objects};
use crate::git::snapshot;
use crate::git::tree::{self, Entry};
use crate::ops::claim;
use crate::ops::commit::{Asked, Found, Other, Search, since};
use crate::ops::context::Context;
use crate::ops::place::Place;
use crate::ops::sync;

/// What stands for an edit that nobody has made yet.
const EDIT: &[u8] = b"\x1acoord: an edit that nobody has made yet\n";

/// What is asked.
#[derive(Clone, Debug)]
pub struct CheckOptions {
    /// The paths, at least one.
    pub paths: Vec<RepoPath>,
    /// Lines of the only path: would an edit there meet somebody?
    pub lines: Option<LineSpan>,
}

/// Looks up who else works on the paths.
///
/// # Errors
/// Where this worktree or the target cannot be read. Another instance that cannot be is unknown in the answer.
pub fn check(ctx: &Context, options: &CheckOptions) -> Result<Facts, Failure> {
    if options.lines.is_some() && options.paths.len() != 1 {
        return Err(Failure::new(Kind::Usage, "--lines asks about one path"));
    }
    sync::start_in_background(ctx);
    let place = Place::find(ctx)?;
    let objects = ctx.repository.objects()?;
    let only: BTreeSet<RepoPath> = options.paths.iter().cloned().collect();
    let search = Search { ctx, objects: &objects, worktrees: &place.worktrees, me: place.identity(), intents: &[] };
    let found = search.find(&only)?;
    let (found, asked) = match place.target.tip {
        Some(target) => {
            let ask = |found: &Found, paths| ask(ctx, &search, &place, options, (target, found, paths));
            let Asked { found, lines, answer } = search.ask(found, &only, ask)?;
            (found, Some((target, lines, answer)))
        }
        None => (found, None),
    };
    let mut facts =
        Facts { here: Some(place.label.clone()), survey: bare_survey(ctx, &place, &found), paths: Vec::new() };
    let told = claim::told(ctx, &only)?;
    let claimed: BTreeSet<RepoPath> = told.iter().map(|(path, _)| path.clone()).collect();
    facts.survey.notices.extend(told.into_iter().map(|(_, line)| line));
    for path in &options.paths {
        let mut encounters = Vec::new();
        if let Some((target, asked, answer)) = &asked {
            let look = Look { objects: &objects, target: *target, asked, answer, path, lines: options.lines };
            for (at, other) in found.others.iter().enumerate() {
                encounters.extend(look.at(at, other)?);
            }
        }
        encounters.sort_by(|a, b| b.overlap.grade.cmp(&a.overlap.grade).then(a.other.cmp(&b.other)));
        facts.paths.push(PathFacts {
            path: path.clone(),
            lines: options.lines,
            claimed: claimed.contains(path),
            encounters,
        });
    }
    Ok(facts)
}

/// The question about those found, at these paths.
fn ask(
    ctx: &Context,
    search: &Search<'_>,
    place: &Place,
    options: &CheckOptions,
    (target, found, paths): (ObjectId, &Found, BTreeSet<RepoPath>),
) -> Result<(Question, Standing), Failure> {
    let mine = snapshot::paths(search.objects, &ctx.repository, &place.me, &paths)?;
    let edited = match (mine, options.lines) {
        (Some(mine), Some(lines)) => Some(edited(search.objects, mine, &options.paths[0], lines)?),
        _ => None,
    };
    let asked = Standing::of(&found.others, mine, edited);
    let mut question = asked.question(target, paths);
    if let Some(mine) = mine {
        // No pair has it: where else the target has a path is looked up for those that somebody changed.
        let tip = all_edited(search.objects, mine, &options.paths)?;
        question.lines.push(Line { tip, judge_unlanded: true });
    }
    Ok((question, asked))
}

/// A survey that names everybody and holds no working sets: `check` looks no further than its paths.
fn bare_survey(ctx: &Context, place: &Place, found: &Found) -> Survey {
    let known = found.others.iter().map(|other| instance(ctx, other, State::Idle));
    let unknown = found.unknown.iter().map(|(who, reason)| {
        let other = Other { who: who.clone(), committed: who.tip, as_it_lies: None };
        instance(ctx, &other, State::Unknown { reason: reason.clone() })
    });
    Survey {
        now: ctx.now,
        target: place.target.clone(),
        here: None,
        instances: known.chain(unknown).collect(),
        target_conflicts: Vec::new(),
        overlaps: Overlaps::default(),
        unknown_pairs: Vec::new(),
        notices: Vec::new(),
    }
}

fn instance(ctx: &Context, other: &Other, state: State) -> Instance {
    let who = &other.who;
    Instance {
        identity: who.identity.clone(),
        label: who.label.clone(),
        kind: who.kind,
        branch: who.branch.clone(),
        tip: who.tip,
        worktree: who.worktree.as_ref().map(|worktree| worktree.path.clone()),
        fork_point: None,
        state,
        operation: who.worktree.as_ref().and_then(|worktree| worktree.operation),
        task: who.task(ctx),
        touched: who.touched,
        working_set: WorkingSet::default(),
        origin: who.origin(ctx),
    }
}

/// The lines of work in the question: mine, mine with the edit asked about, and two of each other.
struct Standing {
    lines: Vec<Line>,
    mine: Option<usize>,
    edited: Option<usize>,
    others: Vec<(Option<usize>, Option<usize>)>,
}

impl Standing {
    fn of(others: &[Other], mine: Option<ObjectId>, edited: Option<ObjectId>) -> Self {
        let mut lines = Vec::new();
        let mut add = |tip: ObjectId| {
            lines.push(Line { tip, judge_unlanded: true });
            lines.len() - 1
        };
        let (mine, edited) = (mine.map(&mut add), edited.map(&mut add));
        let others =
            others.iter().map(|other| (other.committed.map(&mut add), other.as_it_lies.map(&mut add))).collect();
        Self { lines, mine, edited, others }
    }

    fn question(&self, target: ObjectId, only: BTreeSet<RepoPath>) -> Question {
        let theirs = || self.others.iter().flat_map(|(committed, lying)| [*committed, *lying]).flatten();
        let own = [self.mine, self.edited].into_iter().flatten();
        let pairs = own.flat_map(|own| theirs().map(move |their| (own, their))).collect();
        Question { target, lines: self.lines.clone(), pairs: Pairs::Listed(pairs), only: Some(only), all_paths: true }
    }
}

/// One look at one path.
struct Look<'a> {
    objects: &'a Objects,
    target: ObjectId,
    asked: &'a Standing,
    answer: &'a Answer,
    path: &'a RepoPath,
    lines: Option<LineSpan>,
}

impl Look<'_> {
    /// What the other has on the path, by whatever name; `None` where it did not change it.
    fn at(&self, at: usize, other: &Other) -> Result<Option<Encounter>, Failure> {
        let (committed, lying) = self.asked.others[at];
        let changed = |line: Option<usize>| line.and_then(|line| Some((line, self.changed(line)?)));
        let Some((line, path)) = changed(lying).or(changed(committed)) else { return Ok(None) };
        let stacked = [committed, lying]
            .into_iter()
            .flatten()
            .any(|line| self.pair(self.asked.mine, line).is_some_and(|pair| pair.stacked));
        let overlap = match self.overlap(self.asked.mine, line) {
            Some(overlap) if !stacked => overlap.clone(),
            _ => self.alone(line, path)?,
        };
        let is_committed = changed(committed).is_some();
        let meets_lines = self.lines.map(|lines| !stacked && self.meets(line, lines));
        let since = since::of(self.objects, self.target, other, !is_committed, path);
        Ok(Some(Encounter { other: at, overlap, since, committed: is_committed, meets_lines }))
    }

    /// The name by which the line changed the path: its own, or one that the target has or had for it.
    fn changed(&self, line: usize) -> Option<&RepoPath> {
        let changes = |name: &RepoPath| self.answer.lines[line].changes.iter().any(|change| change.path == *name);
        self.answer.names(self.path).find(|name| changes(name))
    }

    fn pair(&self, own: Option<usize>, line: usize) -> Option<&PairAnswer> {
        self.answer.pairs.iter().find(|pair| Some(pair.a) == own && pair.b == line)
    }

    fn overlap(&self, own: Option<usize>, line: usize) -> Option<&PathOverlap> {
        let pair = self.pair(own, line)?;
        self.answer.names(self.path).find_map(|name| pair.paths.iter().find(|overlap| overlap.path == *name))
    }

    /// Whether an edit of the lines asked about would conflict right there.
    fn meets(&self, line: usize, lines: LineSpan) -> bool {
        let touches = |span: &LineSpan| span.first <= lines.last.saturating_add(1) && lines.first <= span.last + 1;
        self.overlap(self.asked.edited, line).is_some_and(|overlap| {
            overlap.grade == Grade::Conflict && (overlap.a_own.is_empty() || overlap.a_own.iter().any(touches))
        })
    }

    /// The other's change where I have none: its lines, and no collision.
    fn alone(&self, line: usize, path: &RepoPath) -> Result<PathOverlap, Failure> {
        let (base, own) = self.lines_of(line, path)?;
        let alone = PathOverlap::without_lines(path.clone(), Grade::Disjoint, None, false);
        Ok(PathOverlap { b_lines: base, b_own: own, ..alone })
    }

    fn lines_of(&self, line: usize, path: &RepoPath) -> Result<(Spans, Spans), Failure> {
        let theirs = self.objects.commit(self.asked.lines[line].tip)?.tree;
        let target = self.objects.commit(self.target)?.tree;
        let texts = (text_at(self.objects, target, path)?, text_at(self.objects, theirs, path)?);
        let (Some(base), Some(own)) = texts else { return Ok(Default::default()) };
        let mut table = text::LineTable::new();
        let hunks = text::hunks(&table.lines(&base), &table.lines(&own));
        Ok((
            hunks.iter().map(|hunk| LineSpan::of(&hunk.base)).collect(),
            hunks.iter().map(|hunk| LineSpan::of(&hunk.side)).collect(),
        ))
    }
}

/// The content of a text file; `None` where there is none, or it is binary.
fn text_at(objects: &Objects, tree: ObjectId, path: &RepoPath) -> Result<Option<Vec<u8>>, Failure> {
    let Some(entry) = tree::entry_at(objects, tree, path)?.filter(Entry::is_file) else { return Ok(None) };
    let content = objects.read(entry.id)?.data.to_vec();
    Ok((!text::is_binary(&content)).then_some(content))
}

/// My work with the lines replaced by one that nobody has: what an edit there would be.
fn edited(objects: &Objects, mine: ObjectId, path: &RepoPath, lines: LineSpan) -> Result<ObjectId, Failure> {
    let tree = objects.commit(mine)?.tree;
    let Some(content) = text_at(objects, tree, path)? else { return Ok(mine) };
    let entry = tree::entry_at(objects, tree, path)?;
    let (before, after) =
        (usize::try_from(lines.first - 1).unwrap_or(usize::MAX), usize::try_from(lines.last).unwrap_or(usize::MAX));
    let kept = |wanted: &dyn Fn(usize) -> bool| -> Vec<u8> {
        text::split(&content)
            .enumerate()
            .filter(|(at, _)| wanted(*at))
            .flat_map(|(_, line)| line.iter().copied())
            .collect()
    };
    let text = [kept(&|at| at < before), EDIT.to_vec(), kept(&|at| at >= after)].concat();
    let id = objects.add(ObjectKind::Blob, &text)?;
    let changes = BTreeMap::from([(path.clone(), entry.map(|entry| Entry { id, ..entry }))]);
    Ok(tree::synthetic_commit(objects, tree::overlay(objects, Some(tree), &changes)?, &[mine])?)
}

/// My work with each of the files replaced.
fn all_edited(objects: &Objects, mine: ObjectId, paths: &[RepoPath]) -> Result<ObjectId, Failure> {
    let (tree, id) = (objects.commit(mine)?.tree, objects.add(ObjectKind::Blob, EDIT)?);
    let mut changes = BTreeMap::new();
    for path in paths {
        if let Some(entry) = tree::entry_at(objects, tree, path)?.filter(Entry::is_file) {
            changes.insert(path.clone(), Some(Entry { id, ..entry }));
        }
    }
    Ok(tree::synthetic_commit(objects, tree::overlay(objects, Some(tree), &changes)?, &[mine])?)
}
