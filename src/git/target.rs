//! The branch that work lands on.
//! Must not know: who works on what.

use super::config::Config;
use super::error::Error;
use super::history;
use super::refs::{self, Named};
use super::repository::Repository;
use crate::domain::id::{ObjectId, RefName};
use crate::domain::report::Target;

/// What origin says that its main branch is.
const ORIGIN_HEAD: &str = "refs/remotes/origin/HEAD";

/// Finds the target: the one that is `asked` for, else `coord.target`, else origin/HEAD or the local branch of that name
/// where it contains it, else main, master, else the branch that has no commit yet.
///
/// # Errors
/// Where what was asked for does not exist, or nothing was asked for and none of the others does.
pub fn find(repository: &Repository, config: &Config, asked: Option<&str>) -> Result<Target, Error> {
    let configured = config.value("coord.target").map(|value| value.text);
    match asked.or(configured.as_deref()) {
        Some(name) => named(repository, name),
        None => by_rule(repository),
    }
}

fn named(repository: &Repository, name: &str) -> Result<Target, Error> {
    let candidates =
        [name.to_owned(), format!("refs/heads/{name}"), format!("refs/remotes/{name}"), format!("refs/tags/{name}")];
    let whole: Vec<&str> = candidates.iter().map(String::as_str).filter(|c| c.starts_with("refs/")).collect();
    let known = refs::names(repository, &whole)?.0;
    if let Some(found) = whole.iter().find_map(|candidate| get(&known, candidate)) {
        let name = found.symbolic.clone().unwrap_or_else(|| found.name.clone());
        return Ok(Target { name: Some(name), tip: commit(repository, &found.id.to_string())? });
    }
    if let Some(tip) = commit(repository, name)? {
        return Ok(Target { name: None, tip: Some(tip) });
    }
    match unborn(repository)? {
        Some(branch) if whole.iter().any(|candidate| candidate.as_bytes() == branch.as_bytes()) => {
            Ok(Target { name: Some(branch), tip: None })
        }
        _ => Err(Error::NoTarget { asked: Some(name.to_owned()) }),
    }
}

fn by_rule(repository: &Repository) -> Result<Target, Error> {
    let mut known = refs::names(repository, &[ORIGIN_HEAD, "refs/heads/main", "refs/heads/master"])?.0;
    if let Some(origin) = get(&known, ORIGIN_HEAD).cloned() {
        let Some(branch) = origin.symbolic.as_ref().and_then(local_name) else { return Ok(target(&origin)) };
        if get(&known, &branch).is_none() {
            known = refs::names(repository, &[&branch])?.0;
        }
        return match get(&known, &branch) {
            Some(local) if contains(repository, local.id, origin.id)? => Ok(target(local)),
            _ => Ok(target(&origin)),
        };
    }
    if let Some(found) = get(&known, "refs/heads/main").or_else(|| get(&known, "refs/heads/master")) {
        return Ok(target(found));
    }
    let branch = unborn(repository)?.ok_or(Error::NoTarget { asked: None })?;
    Ok(Target { name: Some(branch), tip: None })
}

fn get<'a>(known: &'a [Named], name: &str) -> Option<&'a Named> {
    known.iter().find(|named| named.name.as_bytes() == name.as_bytes())
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
fn unborn(repository: &Repository) -> Result<Option<RefName>, Error> {
    if !refs::names(repository, &["refs/heads/"])?.0.is_empty() {
        return Ok(None);
    }
    let output = repository.call("symbolic-ref").args(["--quiet", "HEAD"]).output()?;
    let name = output.stdout.trim_ascii_end();
    Ok(Some(RefName::new(name)).filter(|name| output.code == 0 && !name.as_bytes().is_empty()))
}
