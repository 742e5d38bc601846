//! The ways out of a block: commands that work in the very state the repository is in.
//! Must not know: how a command is quoted or shown.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::path::Path;

use crate::domain::judgement::{Finding, Judgement, Reason, Taken, WayOut};
use crate::domain::path::RepoPath;

use super::candidate::Candidate;
use super::others::Other;

/// The ways out, in the order of DESIGN.md section 4; none where nothing blocks. `index` is that of the commit in the making,
/// and `busy` says that a merge, a rebase or the like is going on.
pub(super) fn of(
    judgement: &Judgement,
    candidate: &Candidate,
    others: &[Other],
    index: Option<&Path>,
    busy: bool,
    remote: Option<&str>,
) -> Vec<WayOut> {
    if judgement.blocks.is_empty() {
        return Vec::new();
    }
    let contested: BTreeSet<&RepoPath> = paths(&judgement.blocks).collect();
    let mut ways = Vec::new();
    if judgement.command == "commit" && contested.len() < candidate.paths.len() {
        ways.extend(commit_rest(&contested, candidate, Indexed::of(index), busy));
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
        if let (Some(remote), Some(synced), true) = (remote, &other.who.synced, can_rebase) {
            ways.push(WayOut::RebaseFetched(remote.to_owned(), synced.name.as_bytes().to_vec()));
        }
    }
    for other in unique(blockers()) {
        let of_other = judgement.blocks.iter().filter(|finding| finding.other == other.who.label);
        let paths: BTreeSet<RepoPath> =
            of_other.flat_map(|finding| &finding.clashes).map(|clash| clash.path.clone()).collect();
        ways.push(WayOut::Acknowledge(other.who.label.clone(), paths.into_iter().collect()));
    }
    ways.push(WayOut::SkipOnce(match Indexed::of(index) {
        Indexed::Staged => Taken::Staged,
        Indexed::All => Taken::Tracked,
        Indexed::Named => Taken::Paths(candidate.paths.iter().cloned().collect()),
    }));
    ways
}

/// So many paths are named before a command gets too long to be typed.
const NAMED: usize = 20;

/// What of the index a commit takes, told by the file that git hands to the hook (builtin/commit.c).
#[derive(Clone, Copy, PartialEq, Eq)]
enum Indexed {
    /// What is staged: a block leaves it staged.
    Staged,
    /// All that is tracked (`-a`, `-i`): a block leaves the index as it was before.
    All,
    /// The paths that were named: likewise.
    Named,
}

impl Indexed {
    fn of(index: Option<&Path>) -> Self {
        match index.and_then(Path::file_name).and_then(OsStr::to_str) {
            Some("index.lock") => Self::All,
            Some(name) if name.starts_with("next-index-") => Self::Named,
            _ => Self::Staged,
        }
    }
}

/// How the rest is committed. While a merge or the like goes on git commits no paths by their names.
fn commit_rest(contested: &BTreeSet<&RepoPath>, candidate: &Candidate, indexed: Indexed, busy: bool) -> Option<WayOut> {
    let contested_paths = || contested.iter().map(|path| (*path).clone()).collect();
    match indexed {
        Indexed::Staged => Some(WayOut::Unstage(contested_paths())),
        _ if busy => None,
        Indexed::All => Some(WayOut::CommitWithout(contested_paths())),
        Indexed::Named => {
            let rest: Vec<RepoPath> =
                candidate.paths.iter().filter(|path| !contested.contains(path)).cloned().collect();
            (rest.len() <= NAMED).then_some(WayOut::CommitOnly(rest))
        }
    }
}

fn paths(findings: &[Finding]) -> impl Iterator<Item = &RepoPath> {
    findings.iter().flat_map(|finding| &finding.clashes).map(|clash| &clash.path)
}

fn unique<'a>(others: impl Iterator<Item = &'a Other>) -> Vec<&'a Other> {
    let mut seen = BTreeSet::new();
    others.filter(|other| seen.insert(&other.who.identity)).collect()
}
