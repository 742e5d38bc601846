//! The requests of one base, judged: a survey of them.
//! Must not know: lists, forges, formats.

use std::collections::BTreeSet;

use super::select::Chosen;
use crate::domain::id::{Identity, ObjectId, RefName};
use crate::domain::instance::{Instance, Kind, State};
use crate::domain::overlaps::Overlaps;
use crate::domain::path::RepoPath;
use crate::domain::report::{Overlap, Survey, Target, TargetConflict, Unknown};
use crate::domain::sync::INSTANCES;
use crate::domain::time::Timestamp;
use crate::domain::working_set::{Change, Layer, Status, WorkingSet};
use crate::failure::Failure;
use crate::git::history;
use crate::git::merge::{Landing, Line, LineAnswer, Pairs, Question};
use crate::git::objects::Objects;
use crate::git::program::Deadline;
use crate::git::repository::Repository;
use crate::git::tree::TreeChange;
use crate::ops::context::Context;
use crate::ops::verdicts::{self, Verdicts};

/// What judging one base needs.
pub(super) struct Bench<'a> {
    pub(super) ctx: &'a Context,
    pub(super) objects: &'a Objects,
    pub(super) all_paths: bool,
}

/// A survey, and for each instance the label of the one that it is built on.
pub(super) struct Judged {
    pub(super) survey: Survey,
    pub(super) stacked_on: Vec<Option<String>>,
}

impl Bench<'_> {
    /// Judges `members` on `target`: all pairs, or those of `subject`.
    pub(super) fn judge(&self, target: Target, members: &[Chosen], subject: Option<usize>) -> Result<Judged, Failure> {
        let tip = target.tip.ok_or_else(|| Failure::repository("the base has no commit yet"))?;
        let pairs = match subject {
            None => Pairs::All,
            Some(at) => Pairs::Listed(
                (0..members.len()).filter(|&other| other != at).map(|other| (at.min(other), at.max(other))).collect(),
            ),
        };
        let line = |member: &Chosen| Line { tip: member.tip.clone().unwrap_or(tip), judge_unlanded: false };
        let question = Question {
            target: tip,
            lines: members.iter().map(line).collect(),
            pairs,
            only: None,
            all_paths: self.all_paths,
        };
        // Of one request against all the others nothing is remembered.
        let memory = if subject.is_none() { verdicts::recall(self.ctx, tip, members.len(), true) } else { None };
        let mut answer = verdicts::judge(self.ctx, self.objects, &question, (memory, None))?;
        if let Some(keep) = answer.keep.take() {
            verdicts::remember(self.ctx, tip, keep, std::mem::take(&mut answer.rest));
        }
        self.survey(target, members, answer)
    }

    fn survey(&self, target: Target, members: &[Chosen], answer: Verdicts) -> Result<Judged, Failure> {
        let mut survey = Survey {
            now: self.ctx.now,
            target,
            here: None,
            instances: Vec::new(),
            target_conflicts: Vec::new(),
            overlaps: Overlaps::default(),
            unknown_pairs: Vec::new(),
            notices: Vec::new(),
        };
        for (at, (member, line)) in members.iter().zip(answer.lines).enumerate() {
            if let Landing::Conflicts { paths, complete } = &line.landing {
                let (paths, complete) = (paths.clone(), *complete);
                survey.target_conflicts.push(TargetConflict { instance: at, complete, paths });
            }
            survey.instances.push(self.instance(member, &line));
        }
        let (mut stacked_on, mut overlaps) = (vec![None; members.len()], Vec::new());
        for pair in answer.pairs.into_all() {
            let (a, b) = (pair.a, pair.b);
            if pair.stacked {
                let (lower, upper) = if self.is_below(members, a, b)? { (a, b) } else { (b, a) };
                stacked_on[upper].get_or_insert_with(|| members[lower].label());
            } else if let Some(reason) = pair.unknown {
                survey.unknown_pairs.push(Unknown { instances: vec![a, b], reason });
            } else if !pair.paths.is_empty() {
                overlaps.push(Overlap { a, b, grade: pair.grade, acknowledged: false, paths: pair.paths });
            }
        }
        survey.overlaps = overlaps.into();
        Ok(Judged { survey, stacked_on })
    }

    fn is_below(&self, members: &[Chosen], a: usize, b: usize) -> Result<bool, Failure> {
        match (&members[a].tip, &members[b].tip) {
            (Ok(a), Ok(b)) => Ok(history::is_ancestor(self.objects, *a, *b)?),
            _ => Ok(false),
        }
    }

    fn instance(&self, member: &Chosen, line: &LineAnswer) -> Instance {
        let touched =
            member.tip.as_ref().ok().and_then(|tip| self.objects.commit(*tip).ok()).map(|commit| commit.committer_time);
        let dormant = touched.is_some_and(|at| self.ctx.now.since(at) > self.ctx.policy.active_within);
        let state = match &line.landing {
            Landing::Unknown(reason) => State::Unknown { reason: reason.clone() },
            Landing::AlreadyThere => State::Landed,
            Landing::Clean | Landing::Conflicts { .. } if dormant => State::Dormant,
            Landing::Clean | Landing::Conflicts { .. } => State::Idle,
        };
        let label = member.label();
        let name = member.name.clone().unwrap_or_else(|| RefName::new(label.clone()));
        let is_local = name.as_bytes().starts_with(b"refs/heads/");
        let is_synced = name.as_bytes().starts_with(INSTANCES.as_bytes());
        Instance {
            identity: Identity::Ref(name),
            label,
            kind: if is_local {
                Kind::Branch
            } else if is_synced {
                Kind::Synced
            } else {
                Kind::Remote
            },
            branch: member.name.clone(),
            tip: member.tip.clone().ok(),
            worktree: None,
            fork_point: line.fork.one(),
            state,
            operation: None,
            task: None,
            touched,
            working_set: working_set(&line.changes, &line.renames),
            origin: None,
        }
    }

    /// When the first commit of each was made; only of those in `wanted` that have no number to go by.
    pub(super) fn since(
        &self,
        survey: &Survey,
        members: &[Chosen],
        wanted: &BTreeSet<usize>,
    ) -> Result<Vec<Option<Timestamp>>, Failure> {
        let mut since = vec![None; members.len()];
        let Some(target) = survey.target.tip else { return Ok(since) };
        let asked: Vec<(usize, ObjectId)> = wanted
            .iter()
            .filter(|&&at| members[at].request.number.is_none())
            .filter_map(|&at| Some((at, survey.instances[at].tip?)))
            .collect();
        let tips: Vec<ObjectId> = asked.iter().map(|(_, tip)| *tip).collect();
        for ((at, _), way) in asked.iter().zip(history::ways(self.objects, target, &tips, Deadline::NEVER)?) {
            let times = way.map(|way| way.own).unwrap_or_default();
            since[*at] = times.iter().filter_map(|id| Some(self.objects.commit(*id).ok()?.committer_time)).min();
        }
        Ok(since)
    }
}

impl Chosen {
    /// The label that people see: `#12 feat-x`, `feat-x`, a short commit id.
    pub(super) fn label(&self) -> String {
        let head = match (&self.tip, self.request.head.as_str()) {
            (Ok(tip), "") if self.request.number.is_none() => tip.short(),
            (_, head) => head.to_owned(),
        };
        match self.request.number {
            Some(number) if head.is_empty() => format!("#{number}"),
            Some(number) => format!("#{number} {head}"),
            None => head,
        }
    }
}

fn working_set(changes: &[TreeChange], renames: &[(RepoPath, RepoPath)]) -> WorkingSet {
    let change = |of: &TreeChange| {
        let from = renames.iter().find(|(_, to)| *to == of.path).map(|(from, _)| from.clone());
        let status = match (of.before, of.after) {
            _ if from.is_some() => Status::Renamed,
            (None, _) => Status::Added,
            (_, None) => Status::Deleted,
            (Some(before), Some(after)) if before.same_type(&after) => Status::Modified,
            _ => Status::TypeChanged,
        };
        (of.path.clone(), Change { layers: BTreeSet::from([Layer::Committed]), status, from })
    };
    WorkingSet { changes: changes.iter().map(change).collect(), added_lines: None, deleted_lines: None }
}

/// The commit that is checked out.
pub(super) fn head(repository: &Repository) -> Option<ObjectId> {
    let dir = repository.worktree.as_deref().unwrap_or(&repository.git_dir);
    let output = repository.git.call(dir, "rev-parse").args(["--quiet", "--verify", "HEAD^{commit}"]).output().ok()?;
    ObjectId::from_hex(output.stdout.trim_ascii_end()).filter(|_| output.code == 0)
}
