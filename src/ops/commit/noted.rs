//! What the event log holds of a commit.
//! Must not know: how an event is written down.

use crate::domain::event::CommitFacts;
use crate::domain::judgement::Judgement;

use super::candidate::Candidate;

/// What the log holds of a commit that was judged: whom it meets and where, else what it changes.
pub fn facts(hook: &str, candidate: &Candidate, judgement: &Judgement) -> CommitFacts {
    let met = judgement.blocks.iter().chain(&judgement.warnings);
    let mut with: Vec<_> = met.clone().map(|finding| finding.other.clone()).collect();
    with.sort();
    with.dedup();
    let mut paths: Vec<_> = met.flat_map(|finding| &finding.clashes).map(|clash| clash.path.clone()).collect();
    paths.sort();
    paths.dedup();
    if paths.is_empty() {
        paths = candidate.paths.iter().cloned().collect();
    }
    CommitFacts {
        hook: hook.to_owned(),
        commit: None,
        tree: Some(candidate.tree),
        parent: candidate.head,
        with,
        paths,
        more_paths: 0,
    }
}
