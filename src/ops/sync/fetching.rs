//! Learning what other machines published. All of it is data from whoever may push: parsed strictly, never run, and one
//! that cannot be used spoils nothing of the others.
//! Must not know: what is published of this clone.

use std::collections::BTreeMap;

use super::{Talk, leases};
use crate::domain::id::{ObjectId, RefName};
use crate::domain::sync::{Fetched, SyncMode, Synced, Yield, host_of};
use crate::failure::Failure;
use crate::git::objects::Objects;
use crate::git::publication;
use crate::git::remote::Trouble;
use crate::ops::session;
use crate::store::sync_record;

/// What is fetched.
const REFSPECS: &[&str] = &["+refs/coord/*:refs/coord/*", "+refs/coord-claims/*:refs/coord-claims/*"];

/// More instances than this are not looked at.
const MOST: usize = 20_000;

/// Fetches, and takes in what is new.
pub(super) fn fetch(talk: &mut Talk<'_>) -> Result<(), Failure> {
    let fetched = match talk.remote.fetch(REFSPECS) {
        Err(Trouble::Broken(_)) => {
            talk.exchange.make(&talk.ctx.repository)?;
            talk.remote.fetch(REFSPECS)
        }
        Err(Trouble::Rejected(why)) => one_by_one(talk, &why),
        other => other,
    };
    if let Err(trouble) = fetched {
        talk.failed("fetch from", &trouble);
        return Ok(());
    }
    if talk.report.trouble.is_empty() {
        talk.state.trouble = None;
    }
    talk.state.fetched = Some(talk.ctx.now);
    if is_torn(talk)? {
        // The user's own `gc` took what was borrowed of it, and no fetch brings again what its refs say is there.
        talk.exchange.make(&talk.ctx.repository)?;
        if let Err(trouble) = talk.remote.fetch(REFSPECS) {
            talk.failed("fetch from", &trouble);
            return Ok(());
        }
    }
    take_in(talk)
}

/// Whether something is missing of what was taken in before.
fn is_torn(talk: &Talk<'_>) -> Result<bool, Failure> {
    let mut repository = talk.ctx.repository.clone();
    repository.fetched = publication::objects_in(talk.ctx.store.dir());
    let objects = repository.objects()?;
    let refs: BTreeMap<RefName, ObjectId> = talk.exchange.refs()?.into_iter().collect();
    let stands = |other: &&Synced| refs.get(&other.name) == Some(&other.oid);
    let is_whole = |other: &Synced| objects.has(other.oid) && other.committed.is_none_or(|id| objects.has(id));
    Ok(!talk.state.others.values().filter(stands).all(is_whole))
}

/// Something there is not fit to be fetched: everything else is.
fn one_by_one(talk: &mut Talk<'_>, why: &str) -> Result<(), Trouble> {
    let here: BTreeMap<RefName, ObjectId> = talk.exchange.refs()?.into_iter().collect();
    let there = talk.remote.list(&["refs/coord/*", "refs/coord-claims/*"])?;
    let new: Vec<String> = there
        .iter()
        .filter(|(name, oid)| here.get(name) != Some(oid))
        .filter_map(|(name, _)| std::str::from_utf8(name.as_bytes()).ok().map(|name| format!("+{name}:{name}")))
        .collect();
    let mut waiting = vec![&new[..]];
    while let Some(some) = waiting.pop() {
        let refspecs: Vec<&str> = some.iter().map(String::as_str).collect();
        match talk.remote.fetch(&refspecs) {
            Ok(()) => {}
            Err(Trouble::Rejected(_)) if some.len() > 1 => {
                let (first, second) = some.split_at(some.len() / 2);
                waiting.extend([first, second]);
            }
            Err(Trouble::Rejected(_)) => {
                let name = some[0].rsplit(':').next().unwrap_or_default();
                talk.notice(format!("{name} is not fit to be fetched and is left out: {why}"));
            }
            Err(trouble) => return Err(trouble),
        }
    }
    Ok(())
}

fn take_in(talk: &mut Talk<'_>) -> Result<(), Failure> {
    // Made only now, so the objects are opened with it.
    let mut repository = talk.ctx.repository.clone();
    repository.fetched = publication::objects_in(talk.ctx.store.dir());
    let objects = repository.objects()?;
    let refs = talk.exchange.refs()?;
    let (mut others, mut changed, mut unused) = (BTreeMap::new(), 0, Vec::new());
    for (name, oid) in &refs {
        let Some(host) = host_of(name) else { continue };
        if talk.state.own.contains_key(name) {
            continue;
        }
        if others.len() >= MOST {
            talk.notice(format!("more than {MOST} instances are published; the others are not looked at"));
            break;
        }
        let known = talk.state.others.remove(name);
        if let Some(known) = known.as_ref().filter(|known| known.oid == *oid) {
            others.insert(name.clone(), known.clone());
            continue;
        }
        match read(talk, &objects, name, *oid, host) {
            Ok(other) => {
                hear_yields(talk, known.as_ref(), &other);
                if known.is_some_and(|known| known.publication.at > other.publication.at) {
                    let text = format!(
                        "{} went back to an earlier state: its clock, or the remote, was set back",
                        other.label()
                    );
                    talk.notice(text);
                }
                changed += 1;
                others.insert(name.clone(), other);
            }
            Err(why) => unused.push(format!("{} cannot be used: {why}", String::from_utf8_lossy(name.as_bytes()))),
        }
    }
    let gone = talk.state.others.len();
    talk.has_news |= changed + gone > 0;
    for text in unused.into_iter().take(5) {
        talk.report.notices.push(text);
    }
    let claimed = talk.state.claims.clone();
    if let Err(trouble) = leases::take_in(talk, &session::boot_clock(talk.ctx)) {
        talk.failed("read the claims of", &trouble);
    }
    talk.has_news |= claimed != talk.state.claims;
    let labels = others.values().map(Synced::label).collect();
    talk.state.others = others;
    talk.report.fetched = Some(Fetched { others: labels, changed, gone, claims: talk.state.claims.len() });
    Ok(())
}

/// Claims of ours that others gave theirs up for.
fn hear_yields(talk: &mut Talk<'_>, known: Option<&Synced>, other: &Synced) {
    let is_new = |one: &&Yield| {
        host_of(&one.to) == Some(talk.host.id.as_str())
            && known.is_none_or(|known| !known.publication.yielded.contains(one))
    };
    let new: Vec<Yield> = other.publication.yielded.iter().filter(is_new).cloned().collect();
    for Yield { on, token, .. } in new {
        let on = String::from_utf8_lossy(&on).into_owned();
        let label = other.label();
        talk.notice(format!(
            "{label} claimed {on} too, while neither heard of the other; theirs (token {token}) yields to yours"
        ));
    }
}

/// Reads one publication.
fn read(talk: &Talk<'_>, objects: &Objects, name: &RefName, oid: ObjectId, host: &str) -> Result<Synced, String> {
    let message = publication::message(objects, oid).map_err(|error| error.to_string())?;
    let mut told = sync_record::decode(&message)?;
    told.paths.clear();
    let commit = objects.commit(oid).map_err(|error| error.to_string())?;
    let by_content = told.mode == SyncMode::Content;
    let committed = commit.parents.first().copied().filter(|_| by_content);
    // Where its history is not here it differs, which is the careful answer.
    let below = committed.and_then(|id| objects.commit(id).ok()).map(|commit| commit.tree);
    Ok(Synced {
        name: name.clone(),
        oid,
        host: host.to_owned(),
        dirty: by_content && below != Some(commit.tree),
        committed,
        publication: told,
        seen: talk.ctx.now,
    })
}
