//! The ways out of a block: commands that work in the very state the repository is in.
//! Must not know: how a command is quoted or shown.

use std::collections::BTreeSet;

use crate::domain::judgement::{Finding, Judgement, Reason, WayOut};
use crate::domain::path::RepoPath;

use super::candidate::Candidate;
use super::others::Other;

/// The ways out, in the order of DESIGN.md section 4; none where nothing blocks.
pub(super) fn of(judgement: &Judgement, candidate: &Candidate, others: &[Other]) -> Vec<WayOut> {
    if judgement.blocks.is_empty() {
        return Vec::new();
    }
    let contested: BTreeSet<&RepoPath> = paths(&judgement.blocks).collect();
    let mut ways = Vec::new();
    if judgement.command == "commit" && contested.len() < candidate.paths.len() {
        ways.push(WayOut::CommitRest(contested.iter().map(|path| (*path).clone()).collect()));
    }
    // In mid-merge git refuses another merge and a rebase, and a first commit has nothing to put onto the other's work.
    let can_rebase = judgement.command == "commit" && candidate.merged.is_empty() && candidate.head.is_some();
    let blockers =
        || judgement.blocks.iter().filter_map(|finding| others.iter().find(|other| other.who.label == finding.other));
    // Building on somebody's work does not end their claim.
    let committed = |other: &&&Other| {
        judgement.blocks.iter().any(|finding| finding.other == other.who.label && finding.reason != Reason::Claimed)
    };
    for other in unique(blockers()).iter().filter(committed) {
        if let Some(build_on) = other.who.build_on().filter(|_| can_rebase) {
            ways.push(WayOut::Rebase(build_on));
        }
    }
    for other in unique(blockers()) {
        let of_other = judgement.blocks.iter().filter(|finding| finding.other == other.who.label);
        let paths: BTreeSet<RepoPath> =
            of_other.flat_map(|finding| &finding.clashes).map(|clash| clash.path.clone()).collect();
        ways.push(WayOut::Acknowledge(other.who.label.clone(), paths.into_iter().collect()));
    }
    ways.push(WayOut::SkipOnce);
    ways
}

fn paths(findings: &[Finding]) -> impl Iterator<Item = &RepoPath> {
    findings.iter().flat_map(|finding| &finding.clashes).map(|clash| &clash.path)
}

fn unique<'a>(others: impl Iterator<Item = &'a Other>) -> Vec<&'a Other> {
    let mut seen = BTreeSet::new();
    others.filter(|other| seen.insert(&other.who.identity)).collect()
}
