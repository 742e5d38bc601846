//! Bringing what others published here: no more than `coord.syncMaxSize` of it, and without what git does not take. What had
//! to be left out is remembered, so that it is not sent again and again, and spoils nothing of the rest.
//! Must not know: what is done with what was brought.

use std::collections::BTreeMap;

use super::Talk;
use crate::domain::id::{ObjectId, RefName};
use crate::domain::sync::{LeftOut, host_of};
use crate::git::remote::Trouble;
use crate::ops::settings;

/// Files of refs and the like are written even where no more objects are to come.
const LEAST: u64 = 4 << 20;

/// So many refs are told to be left out: a command line has its limits.
const MOST_LEFT_OUT: usize = 1000;

/// So many of them are named to people.
const NAMED: usize = 3;

/// Fetches what `refspecs` say, but for what was left out before and stands as it did.
pub(super) fn bring(talk: &mut Talk<'_>, refspecs: &[String]) -> Result<(), Trouble> {
    if talk.exchange.size() > talk.ctx.policy.sync_max_size {
        // What nobody publishes any more is gone with it, and what is too much is found below.
        talk.exchange.make(&talk.ctx.repository)?;
    }
    if !talk.state.left_out.is_empty() {
        try_again(talk)?;
    }
    match fetch(talk, refspecs) {
        Err(Trouble::Broken(_)) => {
            talk.exchange.make(&talk.ctx.repository)?;
            fetch(talk, refspecs)
        }
        Err(Trouble::Rejected(_) | Trouble::TooMuch(_)) => one_by_one(talk, refspecs),
        other => other,
    }
}

fn fetch(talk: &Talk<'_>, refspecs: &[String]) -> Result<(), Trouble> {
    let without = talk.state.left_out.keys().take(MOST_LEFT_OUT);
    let without: Vec<String> = without.map(|name| format!("^{}", text(name))).collect();
    let all: Vec<&str> = refspecs.iter().chain(&without).map(String::as_str).collect();
    let fetched = talk.remote.fetch(&all, room(talk));
    if fetched.is_err() {
        talk.exchange.sweep();
    }
    fetched
}

/// How much more may be written.
fn room(talk: &Talk<'_>) -> u64 {
    talk.ctx.policy.sync_max_size.saturating_sub(talk.exchange.size()).max(LEAST)
}

/// What moved since it was left out is tried again, and so is what a larger limit may let in.
fn try_again(talk: &mut Talk<'_>) -> Result<(), Trouble> {
    let there: BTreeMap<RefName, ObjectId> =
        talk.remote.list(&["refs/coord/*", "refs/coord-claims/*"])?.into_iter().collect();
    let limit = talk.ctx.policy.sync_max_size;
    let stands = |name: &RefName, left: &LeftOut| there.get(name) == Some(&left.oid);
    talk.state.left_out.retain(|name, left| stands(name, left) && left.limit.is_none_or(|old| old >= limit));
    Ok(())
}

/// Something there is not fit to be fetched: everything else is.
fn one_by_one(talk: &mut Talk<'_>, refspecs: &[String]) -> Result<(), Trouble> {
    let sources = refspecs.iter().filter_map(|spec| spec.trim_start_matches('+').split(':').next());
    let there = talk.remote.list(&sources.collect::<Vec<_>>())?;
    let here: BTreeMap<RefName, ObjectId> = talk.exchange.refs()?.into_iter().collect();
    let is_wanted = |(name, oid): &(RefName, ObjectId)| {
        here.get(name) != Some(oid) && !talk.state.left_out.contains_key(name) && name.as_bytes().is_ascii()
    };
    let new: Vec<(RefName, ObjectId)> = there.into_iter().filter(is_wanted).collect();
    let mut waiting = vec![&new[..]];
    while let Some(some) = waiting.pop() {
        let refspecs: Vec<String> = some.iter().map(|(name, _)| format!("+{0}:{0}", text(name))).collect();
        let refspecs: Vec<&str> = refspecs.iter().map(String::as_str).collect();
        match talk.remote.fetch(&refspecs, room(talk)) {
            Ok(()) => {}
            Err(Trouble::Rejected(_) | Trouble::TooMuch(_)) if some.len() > 1 => {
                talk.exchange.sweep();
                let (first, second) = some.split_at(some.len() / 2);
                waiting.extend([second, first]);
            }
            Err(trouble @ (Trouble::Rejected(_) | Trouble::TooMuch(_))) => {
                talk.exchange.sweep();
                leave_out(talk, &some[0], &trouble);
            }
            Err(trouble) => return Err(trouble),
        }
    }
    Ok(())
}

fn leave_out(talk: &mut Talk<'_>, (name, oid): &(RefName, ObjectId), trouble: &Trouble) {
    let limit = matches!(trouble, Trouble::TooMuch(_)).then_some(talk.ctx.policy.sync_max_size);
    let why = match limit {
        Some(_) => "it is larger than coord.syncMaxSize has room for".to_owned(),
        None => format!("it is not fit to be fetched: {}", trouble.text()),
    };
    talk.log(format!("{} is left out: {why}", text(name)));
    talk.state.left_out.insert(name.clone(), LeftOut { oid: *oid, why, limit });
    // What comes after may end in a timeout; this is not to be found out again.
    drop(talk.save());
}

/// What is left out, for people: why, and what to do.
pub(super) fn say(talk: &mut Talk<'_>) {
    let mut said = Vec::new();
    for (name, left) in talk.state.left_out.iter().take(NAMED) {
        let limit = settings::show_size(talk.ctx.policy.sync_max_size);
        let larger = left.limit.map(|_| format!("let more in than {limit}: coord config syncMaxSize SIZE; or "));
        let away = host_of(name).map(|host| format!("take it away there: coord sync --forget {host}"));
        let away = away.unwrap_or_else(|| format!("take it away there: git push REMOTE :{}", text(name)));
        said.push(format!("{} is left out: {}; {}{away}", text(name), left.why, larger.unwrap_or_default()));
    }
    let more = talk.state.left_out.len().saturating_sub(NAMED);
    if more > 0 {
        said.push(format!("{more} more refs are left out"));
    }
    talk.report.notices.extend(said);
}

fn text(name: &RefName) -> String {
    String::from_utf8_lossy(name.as_bytes()).into_owned()
}
