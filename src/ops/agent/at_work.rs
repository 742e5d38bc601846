//! Who else is at work, as a session hears it when it begins.
//! Must not know: how it is told.

use std::collections::BTreeSet;

use super::Call;
use crate::domain::briefing::{AtWork, News};
use crate::domain::id::Identity;
use crate::domain::instance::{Instance, Kind, State};
use crate::domain::overlap::Grade;
use crate::domain::path::RepoPath;
use crate::domain::report::Survey;
use crate::failure::Failure;
use crate::ops::session;
use crate::ops::survey::{self, SurveyOptions};

/// No more paths of anybody are named.
const PATHS: usize = 5;

pub(super) fn everybody(call: &Call<'_>) -> Result<Vec<News>, Failure> {
    let survey = survey::survey(call.ctx, &SurveyOptions::default())?;
    let claims = call.ctx.store.claims().unwrap_or_default();
    let claims_of = |identity: &Identity| -> Vec<Vec<u8>> {
        let theirs = claims
            .live
            .values()
            .filter(|claim| claim.holder.identity == *identity && !claim.holder.is_same(&call.holder));
        theirs.flat_map(|claim| claim.patterns.iter().map(|pattern| pattern.text().to_vec())).collect()
    };
    let mut news: Vec<News> = same_checkout(call).into_iter().map(News::AtWork).collect();
    let me = survey.instances.iter().position(|instance| instance.identity == *call.place.identity());
    for (at, instance) in survey.instances.iter().enumerate().filter(|(at, _)| Some(*at) != me) {
        let claims = claims_of(&instance.identity);
        let counts = instance.kind == Kind::Worktree && matches!(instance.state, State::InProgress | State::Idle);
        if counts && (!instance.working_set.is_empty() || !claims.is_empty()) {
            news.push(News::AtWork(at_work(call, instance, claims, conflicts(&survey, me, at))));
        }
    }
    Ok(news)
}

fn at_work(call: &Call<'_>, instance: &Instance, claims: Vec<Vec<u8>>, conflicts: Vec<RepoPath>) -> AtWork {
    let here = session::live(call.ctx).filter(|record| record.identity == instance.identity);
    let agents: BTreeSet<String> = here.filter_map(|record| record.agent.clone()).collect();
    let paths: Vec<RepoPath> = instance.working_set.changes.keys().take(PATHS).cloned().collect();
    AtWork {
        label: instance.label.clone(),
        task: instance.task.clone(),
        agents: agents.into_iter().collect(),
        more_paths: instance.working_set.changes.len() - paths.len(),
        paths,
        claims,
        same_checkout: false,
        conflicts,
    }
}

fn conflicts(survey: &Survey, me: Option<usize>, other: usize) -> Vec<RepoPath> {
    let ours = survey.overlaps.iter().filter(|overlap| {
        (Some(overlap.a) == me && overlap.b == other) || (Some(overlap.b) == me && overlap.a == other)
    });
    let paths = ours.filter(|overlap| !overlap.acknowledged).flat_map(|overlap| &overlap.paths);
    paths.filter(|path| path.grade == Grade::Conflict).map(|path| path.path.clone()).collect()
}

/// The other live sessions of this checkout.
fn same_checkout(call: &Call<'_>) -> Vec<AtWork> {
    let sharing = session::sharing(call.ctx, call.place.identity());
    let others = sharing.into_iter().filter(|(record, _)| record.session.as_deref() != Some(&call.event.session));
    let told = others.map(|(record, memory)| {
        let all: Vec<RepoPath> = memory.touched.into_keys().map(|(_, path)| path).collect();
        let paths: Vec<RepoPath> = all.iter().take(PATHS).cloned().collect();
        AtWork {
            label: record.label.clone(),
            task: record.task.clone(),
            agents: record.agent.clone().into_iter().collect(),
            more_paths: all.len() - paths.len(),
            paths,
            claims: Vec::new(),
            same_checkout: true,
            conflicts: Vec::new(),
        }
    });
    told.collect()
}
