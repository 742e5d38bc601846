//! The branch that work lands on.
//! Must not know: who works on what.

use super::config::Config;
use super::error::Error;
use super::history;
use super::refs::{self, Named, Names};
use super::repository::Repository;
use crate::domain::id::{ObjectId, RefName};
use crate::domain::report::Target;

/// What origin says that its main branch is.
const ORIGIN_HEAD: &str = "refs/remotes/origin/HEAD";

/// What has to be known of the refs to find the target where nothing odd was asked for: every branch, and origin's HEAD.
pub const LOOKED_AT: &[&str] = &["refs/heads/", ORIGIN_HEAD];

/// Finds the target: the one that is `asked` for, else `coord.target`, else origin/HEAD or the local branch of that name
/// where it contains it, else main, master, else the branch that has no commit yet. `known` is [`LOOKED_AT`].
///
/// # Errors
/// Where what was asked for does not exist, or nothing was asked for and none of the others does.
pub fn find(repository: &Repository, config: &Config, asked: Option<&str>, known: &Names) -> Result<Target, Error> {
    let configured = config.value("coord.target").map(|value| value.text);
    match asked.or(configured.as_deref()) {
        Some(name) => named(repository, name, known),
        None => by_rule(repository, known),
    }
}

fn named(repository: &Repository, name: &str, known: &Names) -> Result<Target, Error> {
    let candidates =
        [name.to_owned(), format!("refs/heads/{name}"), format!("refs/remotes/{name}"), format!("refs/tags/{name}")];
    let whole: Vec<&str> = candidates.iter().map(String::as_str).filter(|c| c.starts_with("refs/")).collect();
    let branch = whole.first().filter(|name| name.starts_with("refs/heads/")).and_then(|name| known.get(name)).cloned();
    let found = if branch.is_some() {
        branch
    } else {
        let elsewhere = refs::names(repository, &whole)?;
        whole.iter().find_map(|candidate| elsewhere.get(candidate)).cloned()
    };
    if let Some(found) = found {
        let tip = refs::commit_behind(&repository.objects()?, found.id)?;
        return Ok(Target { name: Some(found.symbolic.unwrap_or(found.name)), tip });
    }
    if let Some(tip) = commit(repository, name)? {
        return Ok(Target { name: None, tip: Some(tip) });
    }
    match unborn(repository, known)? {
        Some(branch) if whole.iter().any(|candidate| candidate.as_bytes() == branch.as_bytes()) => {
            Ok(Target { name: Some(branch), tip: None })
        }
        _ => Err(Error::NoTarget { asked: Some(name.to_owned()) }),
    }
}

fn by_rule(repository: &Repository, known: &Names) -> Result<Target, Error> {
    if let Some(origin) = known.get(ORIGIN_HEAD) {
        let local = origin.symbolic.as_ref().and_then(local_name).and_then(|branch| known.get(&branch));
        return match local {
            Some(local) if contains(repository, local.id, origin.id)? => Ok(target(local)),
            _ => Ok(target(origin)),
        };
    }
    if let Some(found) = known.get("refs/heads/main").or_else(|| known.get("refs/heads/master")) {
        return Ok(target(found));
    }
    let branch = unborn(repository, known)?.ok_or(Error::NoTarget { asked: None })?;
    Ok(Target { name: Some(branch), tip: None })
}

fn target(found: &Named) -> Target {
    let name = found.symbolic.clone().unwrap_or_else(|| found.name.clone());
    Target { name: Some(name), tip: Some(found.id) }
}

/// The local branch of the name that a branch of origin has.
fn local_name(remote: &RefName) -> Option<String> {
    let short = remote.as_bytes().strip_prefix(b"refs/remotes/origin/")?;
    Some(format!("refs/heads/{}", std::str::from_utf8(short).ok()?))
}

fn contains(repository: &Repository, tip: ObjectId, commit: ObjectId) -> Result<bool, Error> {
    if tip == commit {
        return Ok(true);
    }
    let objects = repository.objects()?;
    history::is_ancestor(&objects, commit, tip)
}

/// The commit that a name leads to.
fn commit(repository: &Repository, name: &str) -> Result<Option<ObjectId>, Error> {
    let call = repository.call("rev-parse").args(["--quiet", "--verify", "--end-of-options"]);
    let output = call.arg(format!("{name}^{{commit}}")).output()?;
    Ok(ObjectId::from_hex(output.stdout.trim_ascii_end()).filter(|_| output.code == 0))
}

/// The branch that HEAD names, in a repository without any branch yet.
fn unborn(repository: &Repository, known: &Names) -> Result<Option<RefName>, Error> {
    if !known.below("refs/heads/").named.is_empty() {
        return Ok(None);
    }
    let output = repository.call("symbolic-ref").args(["--quiet", "HEAD"]).output()?;
    let name = output.stdout.trim_ascii_end();
    Ok(Some(RefName::new(name)).filter(|name| output.code == 0 && !name.as_bytes().is_empty()))
}
