//! A plan on the wire: the answer of `coord plan --json`.
//! Must not know: any other report.

use serde::Serialize;

use super::VERSION;
use super::survey::target;
use super::text::Text;
use crate::domain::plan::{Batch, Plan, Step};
use crate::domain::report::Survey;

#[derive(Serialize)]
pub(super) struct Wire<'a> {
    version: u32,
    target: super::survey::WireTarget<'a>,
    batches: Vec<WireBatch<'a>>,
    behind: Vec<WireBehind<'a>>,
    unknown: Vec<WireUnknown<'a>>,
    landed: Vec<&'a str>,
}

#[derive(Serialize)]
struct WireBatch<'a> {
    proved: bool,
    steps: Vec<WireStep<'a>>,
}

#[derive(Serialize)]
struct WireStep<'a> {
    id: &'a str,
    rebase_on: Vec<&'a str>,
    only_together: bool,
    paths: Vec<Text<'a>>,
}

#[derive(Serialize)]
struct WireBehind<'a> {
    id: &'a str,
    paths: Vec<Text<'a>>,
}

#[derive(Serialize)]
struct WireUnknown<'a> {
    id: &'a str,
    reason: &'a str,
}

impl<'a> Wire<'a> {
    pub(super) fn of(survey: &'a Survey, plan: &'a Plan) -> Self {
        let label = |at: usize| survey.instances[at].label.as_str();
        let behind = plan.behind.iter().map(|&at| &survey.target_conflicts[at]).map(|conflict| WireBehind {
            id: label(conflict.instance),
            paths: conflict.paths.iter().map(|path| Text::of(path.path.as_bytes())).collect(),
        });
        Self {
            version: VERSION,
            target: target(&survey.target),
            batches: plan.batches.iter().map(|of| batch(survey, of)).collect(),
            behind: behind.collect(),
            unknown: plan.unknown.iter().map(|(at, reason)| WireUnknown { id: label(*at), reason }).collect(),
            landed: plan.landed.iter().map(|&at| label(at)).collect(),
        }
    }
}

fn batch<'a>(survey: &'a Survey, batch: &'a Batch) -> WireBatch<'a> {
    WireBatch { proved: batch.proved, steps: batch.steps.iter().map(|of| step(survey, of)).collect() }
}

fn step<'a>(survey: &'a Survey, step: &'a Step) -> WireStep<'a> {
    WireStep {
        id: &survey.instances[step.instance].label,
        rebase_on: step.rebase_on.iter().map(|&at| survey.instances[at].label.as_str()).collect(),
        only_together: step.only_together,
        paths: step.paths.iter().map(|path| Text::of(path.as_bytes())).collect(),
    }
}
