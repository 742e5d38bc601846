//! Whether work goes on from the branch that it lands on.
//! Must not know: hooks, what anybody changed.

use std::collections::BTreeMap;

use super::finding;
use crate::domain::id::ObjectId;
use crate::domain::policy::Policy;
use crate::domain::setup::{Finding, Level};
use crate::failure::Failure;
use crate::git::history;
use crate::git::program::Deadline;
use crate::git::refs::{self, Named};
use crate::git::repository::Repository;
use crate::git::target;

/// Of fewer branches nothing can be said,
const FEW: usize = 4;

/// and more are not walked for this.
const MANY: usize = 2000;

/// What branches are called that others go on from.
const USUAL: [&str; 8] = ["develop", "dev", "development", "main", "master", "trunk", "next", "staging"];

/// What most branches go on from, where the target does not have it: perhaps it is behind, or work lands elsewhere.
pub(super) fn behind(repository: &Repository, policy: &Policy) -> Result<Option<Finding>, Failure> {
    let names = refs::names(repository, target::LOOKED_AT)?;
    let target = target::find(repository, &repository.config, policy.target.as_deref(), &names)?;
    let (Some(name), Some(tip)) = (&target.name, target.tip) else { return Ok(None) };
    let branches = names.below("refs/heads/").named;
    let branches: Vec<_> = branches.into_iter().filter(|branch| branch.name != *name && branch.id != tip).collect();
    if !(FEW..=MANY).contains(&branches.len()) {
        return Ok(None);
    }
    let tips: Vec<ObjectId> = branches.iter().map(|branch| branch.id).collect();
    let ways = history::ways(&repository.objects()?, tip, &tips, Deadline::NEVER)?;
    let ways: Vec<Vec<ObjectId>> = ways.into_iter().map(|way| way.map(|way| way.own).unwrap_or_default()).collect();
    let having = having(&ways);
    let Some((commit, count)) = most_have(&ways, &having) else { return Ok(None) };
    // Others go on from its tip too.
    let onto = branches.iter().zip(&ways).filter(|(branch, way)| way.contains(&commit) && having[&branch.id] > 1);
    // Of several on one commit, as somebody begins there, the one that is called so.
    let is_usual = |name: &[u8]| USUAL.iter().any(|usual| usual.as_bytes() == name);
    let by_use = |(branch, _): &(&Named, _)| (having[&branch.id], is_usual(branch.name.short()));
    let there = onto.max_by_key(by_use).map(|(branch, _)| branch.name.short());
    let from = match there {
        Some(name) => format!("{} ({})", String::from_utf8_lossy(name), commit.short()),
        None => commit.short(),
    };
    let lands = String::from_utf8_lossy(name.short()).into_owned();
    let what = format!("{count} of {} branches go on from {from}, which {lands} has not, where work lands", ways.len());
    // A name may hold what a shell would run, and this is there to be copied.
    let is_plain = |name: &&[u8]| name.iter().all(|b| b.is_ascii_alphanumeric() || b"_-./".contains(b));
    let branch = String::from_utf8_lossy(there.filter(is_plain).unwrap_or(b"BRANCH"));
    let fix =
        format!("git config coord.target {branch}, if work lands there; bring {lands} up to date, if it is behind");
    Ok(Some(finding(Level::Warning, what, &fix)))
}

/// By commit, how many of the ways have it.
fn having(ways: &[Vec<ObjectId>]) -> BTreeMap<ObjectId, usize> {
    let mut having = BTreeMap::new();
    for commit in ways.iter().flatten() {
        *having.entry(*commit).or_default() += 1;
    }
    having
}

/// The youngest commit that more than half of the ways have, and how many do.
fn most_have(ways: &[Vec<ObjectId>], having: &BTreeMap<ObjectId, usize>) -> Option<(ObjectId, usize)> {
    let most = |commit: &&ObjectId| having[commit] * 2 > ways.len() && having[commit] >= FEW;
    // Each way is youngest first.
    ways.iter().find_map(|way| way.iter().find(most)).map(|commit| (*commit, having[commit]))
}
