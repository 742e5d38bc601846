//! Learning what other machines published. All of it is data from whoever may push: parsed strictly, never run, and one
//! that cannot be used spoils nothing of the others.
//! Must not know: what is published of this clone.

use std::collections::BTreeMap;

use super::bringing::{self, bring};
use super::{Talk, leases};
use crate::domain::id::{ObjectId, RefName};
use crate::domain::sync::{Fetched, SyncMode, Synced, Yield, host_of};
use crate::failure::Failure;
use crate::git::objects::Objects;
use crate::git::publication;
use crate::ops::session;
use crate::store::sync_record;

/// What is fetched.
const REFSPECS: &[&str] = &["+refs/coord/*:refs/coord/*", "+refs/coord-claims/*:refs/coord-claims/*"];

/// More instances than this are not looked at, and no more of one machine, so that none drowns the others.
const MOST: usize = 20_000;
const MOST_OF_ONE: usize = 1_000;

/// No more than this is remembered of all of them, as far as it is told by [`Synced::weight`].
const MOST_BYTES: usize = 12 << 20;

/// Fetches, and takes in what is new.
pub(super) fn fetch(talk: &mut Talk<'_>) -> Result<(), Failure> {
    let refspecs: Vec<String> = REFSPECS.iter().map(|&spec| spec.to_owned()).collect();
    if let Err(trouble) = bring(talk, &refspecs) {
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
        if let Err(trouble) = bring(talk, &refspecs) {
            talk.failed("fetch from", &trouble);
            return Ok(());
        }
    }
    bringing::say(talk);
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

fn take_in(talk: &mut Talk<'_>) -> Result<(), Failure> {
    // Made only now, so the objects are opened with it.
    let mut repository = talk.ctx.repository.clone();
    repository.fetched = publication::objects_in(talk.ctx.store.dir());
    let objects = repository.objects()?;
    let refs = talk.exchange.refs()?;
    let (mut others, mut changed, mut unused) = (BTreeMap::new(), 0, Vec::new());
    let mut room = MOST_BYTES;
    for (name, oid, host) in looked_at(talk, &refs) {
        let known = talk.state.others.remove(name);
        if let Some(known) = known.as_ref().filter(|known| known.oid == *oid) {
            room = room.saturating_sub(known.weight());
            others.insert(name.clone(), known.clone());
            continue;
        }
        match read(talk, &objects, name, *oid, host) {
            Ok(other) if other.weight() > room => unused.push(format!("{} is beyond all bounds", other.label())),
            Ok(other) => {
                room -= other.weight();
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

/// The refs of others' instances that are looked at: those that are known already before others where there are too many.
fn looked_at<'r>(talk: &mut Talk<'_>, refs: &'r [(RefName, ObjectId)]) -> Vec<(&'r RefName, &'r ObjectId, &'r str)> {
    let of_others = |(name, oid): &'r (RefName, ObjectId)| {
        let host = host_of(name).filter(|_| !talk.state.own.contains_key(name))?;
        Some((name, oid, host))
    };
    let all: Vec<_> = refs.iter().filter_map(of_others).collect();
    let (known, new): (Vec<_>, Vec<_>) = all.iter().partition(|(name, ..)| talk.state.others.contains_key(*name));
    let mut of_one: BTreeMap<&str, usize> = BTreeMap::new();
    let mut fits = |(_, _, host): &(_, _, &'r str)| {
        let count = of_one.entry(host).or_default();
        *count += 1;
        *count <= MOST_OF_ONE
    };
    let few: Vec<_> = known.into_iter().chain(new).filter(|one| fits(one)).take(MOST).collect();
    if few.len() < all.len() {
        let (all, few) = (all.len(), few.len());
        talk.report.notices.push(format!(
            "{all} instances are published, and {few} of them looked at: at most {MOST_OF_ONE} of one machine, and {MOST} in all"
        ));
    }
    few
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
