//! `coord plan`: in which order to land, proved by landing in memory.
//! Must not know: how a plan is shown.

use std::collections::{BTreeMap, BTreeSet};

use crate::domain::id::ObjectId;
use crate::domain::instance::State;
use crate::domain::overlap::Grade;
use crate::domain::path::RepoPath;
use crate::domain::plan::{self, Batch, Graph, Plan, Step, Stopped};
use crate::domain::report::Survey;
use crate::failure::Failure;
use crate::git::Deadline;
use crate::git::history;
use crate::git::merge::{self, Landing};
use crate::git::objects::Objects;
use crate::ops::context::Context;

/// Plans how everybody in `survey` lands on its target. Of a worktree only what is committed is landed: the rest counts as
/// the conflicts it would make.
///
/// # Errors
/// Where nothing can be answered: the target cannot be read, git cannot be run.
pub fn plan(ctx: &Context, survey: &Survey) -> Result<Plan, Failure> {
    let objects = ctx.repository.objects()?;
    let Some(target) = survey.target.tip else { return Err(Failure::repository("the target has no commit yet")) };
    let behind: BTreeSet<usize> = survey.target_conflicts.iter().map(|conflict| conflict.instance).collect();
    let mut plan = Plan {
        batches: Vec::new(),
        behind: (0..survey.target_conflicts.len()).collect(),
        unknown: Vec::new(),
        landed: Vec::new(),
    };
    let mut landable = Vec::new();
    for (at, instance) in survey.instances.iter().enumerate().filter(|(at, _)| !behind.contains(at)) {
        match (&instance.state, instance.tip) {
            (State::Unknown { reason }, _) => plan.unknown.push((at, reason.clone())),
            (State::Landed, _) => plan.landed.push(at),
            (_, Some(tip)) if !instance.working_set.is_empty() => landable.push((at, tip)),
            // Who has nothing has nothing to land.
            _ => {}
        }
    }
    landable.sort_by_key(|&(at, _)| (survey.instances[at].touched, at));
    let stacks = stacks(&objects, target, &landable)?;
    let nodes = lower_first(landable.clone(), &stacks);
    let landing = Landable { ctx, objects: &objects, survey, target, nodes: &nodes, stacks: &stacks };
    plan.batches = landing.batches()?;
    let planned: BTreeSet<usize> =
        plan.batches.iter().flat_map(|batch| &batch.steps).map(|step| step.instance).collect();
    for &(at, _) in landable.iter().filter(|(at, _)| !planned.contains(at)) {
        plan.unknown.push((at, "it does not land, although nothing is known to stop it".to_owned()));
    }
    Ok(plan)
}

/// Those that can land, each with its tip: the nodes of the graph, who touched theirs first coming first.
struct Landable<'a> {
    ctx: &'a Context,
    objects: &'a Objects,
    survey: &'a Survey,
    target: ObjectId,
    nodes: &'a [(usize, ObjectId)],
    stacks: &'a BTreeSet<(ObjectId, ObjectId)>,
}

/// Who is built on whom, as (upper, lower): whose own commits hold another's tip.
fn stacks(
    objects: &Objects,
    target: ObjectId,
    landable: &[(usize, ObjectId)],
) -> Result<BTreeSet<(ObjectId, ObjectId)>, Failure> {
    let tips: BTreeSet<ObjectId> = landable.iter().map(|(_, tip)| *tip).collect();
    let asked: Vec<ObjectId> = tips.iter().copied().collect();
    let mut stacks = BTreeSet::new();
    for (upper, way) in asked.iter().zip(history::ways(objects, target, &asked, Deadline::NEVER)?) {
        // A history that cannot be read is no stack; landing it will say so.
        let own = way.map(|way| way.own).unwrap_or_default();
        stacks.extend(
            own.into_iter().filter(|lower| lower != upper && tips.contains(lower)).map(|lower| (*upper, lower)),
        );
    }
    Ok(stacks)
}

/// The same order, but whoever is built upon comes before those that build on it.
fn lower_first(mut left: Vec<(usize, ObjectId)>, stacks: &BTreeSet<(ObjectId, ObjectId)>) -> Vec<(usize, ObjectId)> {
    let mut order = Vec::with_capacity(left.len());
    while !left.is_empty() {
        let waits = |tip: ObjectId| left.iter().any(|&(_, other)| stacks.contains(&(tip, other)));
        // Commits have no cycles, so somebody waits for nobody.
        let next = left.iter().position(|&(_, tip)| !waits(tip)).unwrap_or(0);
        order.push(left.remove(next));
    }
    order
}

impl Landable<'_> {
    fn batches(&self) -> Result<Vec<Batch>, Failure> {
        let graph = self.graph();
        let touching = |node: usize, path: &RepoPath| {
            self.survey.instances[self.nodes[node].0].working_set.changes.contains_key(path)
        };
        let found = plan::arrange(&graph, |order| self.land(order), touching)?;
        Ok(found.into_iter().map(|batch| self.told(batch)).collect())
    }

    fn graph(&self) -> Graph {
        let node: BTreeMap<usize, usize> = self.nodes.iter().enumerate().map(|(node, (at, _))| (*at, node)).collect();
        let mut graph = Graph::new(self.nodes.len());
        for overlap in self.survey.overlaps.iter() {
            // Git stops at a generated file too, and does not ask who acknowledged what.
            let conflicts = overlap.paths.iter().any(|path| path.grade == Grade::Conflict);
            if let (true, Some(&a), Some(&b)) = (conflicts, node.get(&overlap.a), node.get(&overlap.b)) {
                graph.conflict(a, b);
            }
        }
        for (upper, (_, tip)) in self.nodes.iter().enumerate() {
            for (lower, (_, other)) in self.nodes.iter().enumerate() {
                if self.stacks.contains(&(*tip, *other)) {
                    graph.stack(upper, lower);
                }
            }
        }
        graph
    }

    /// Lands nodes in this order, and says what stopped each.
    fn land(&self, order: &[usize]) -> Result<Vec<Stopped>, Failure> {
        let tips: Vec<ObjectId> = order.iter().map(|&node| self.nodes[node].1).collect();
        let stopped = |landing| match landing {
            Landing::Clean | Landing::AlreadyThere => None,
            Landing::Conflicts { paths, .. } => Some(paths.into_iter().map(|conflict| conflict.path).collect()),
            Landing::Unknown(_) => Some(Vec::new()),
        };
        let landings = merge::land(&self.ctx.judge(self.objects), self.target, &tips)?;
        Ok(landings.into_iter().map(stopped).collect())
    }

    /// A batch in the survey's words, with the paths on which each step conflicts with those it must be rebased on.
    fn told(&self, batch: Batch) -> Batch {
        let instance = |node: usize| self.nodes[node].0;
        let step = |step: Step| {
            let at = instance(step.instance);
            let rebase_on: Vec<usize> = step.rebase_on.into_iter().map(instance).collect();
            let mut paths: BTreeSet<RepoPath> = step.paths.into_iter().collect();
            for overlap in self.survey.overlaps.iter() {
                let with = |one, other| one == at && rebase_on.contains(&other);
                if with(overlap.a, overlap.b) || with(overlap.b, overlap.a) {
                    let conflicts = overlap.paths.iter().filter(|path| path.grade == Grade::Conflict);
                    paths.extend(conflicts.map(|path| path.path.clone()));
                }
            }
            Step { instance: at, rebase_on, paths: paths.into_iter().collect(), only_together: step.only_together }
        };
        Batch { steps: batch.steps.into_iter().map(step).collect(), proved: batch.proved }
    }
}
