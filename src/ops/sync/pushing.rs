//! Publishing: what changed since the last time goes to the remote, ref by ref, each by compare-and-swap.
//! Must not know: what an instance holds.

use std::collections::BTreeMap;

use super::publishing::{self, Draft};
use super::{SyncOptions, Talk, host};
use crate::domain::id::{ObjectId, RefName};
use crate::domain::sync::{Disclosure, INSTANCES, Own};
use crate::failure::Failure;
use crate::git::objects::Objects;
use crate::git::remote::{Change, Outcome, Trouble};

/// So often is a push begun anew because something stood elsewhere than thought.
const ROUNDS: usize = 4;

/// So many own commits are remembered, to know them again where an answer was lost or the remote was set back.
const REMEMBERED: usize = 16;

/// Publishes what changed and removes what ended. Gives back what would be shown where the user has not agreed to it.
pub(super) fn push(talk: &mut Talk<'_>, options: &SyncOptions) -> Result<Option<Disclosure>, Failure> {
    if options.pull && talk.state.refused.is_some() {
        // Known already. `coord sync push` tries again.
        let why = talk.state.refused.clone().unwrap_or_default();
        talk.report.trouble.push(refusal(&talk.remote.shown, &why));
        return Ok(None);
    }
    let objects = talk.ctx.repository.objects()?;
    let name = super::remote_name(talk.ctx, options.remote.as_deref())?;
    let drafts = publishing::drafts(talk, &objects, &name)?;
    if talk.state.consent < talk.ctx.policy.sync {
        if !options.agreed {
            return Ok(Some(disclosure(talk, &drafts.drafts)));
        }
        talk.state.consent = talk.ctx.policy.sync;
    }
    let mut drafts = drafts;
    for (name, reason) in &drafts.unread {
        talk.report.trouble.push(format!("not published: {reason}"));
        // What others have of it stays, as it did not end.
        talk.state.own.entry(name.clone()).or_default();
    }
    talk.exchange.keep(&objects)?;
    talk.state.trouble = None;
    let former = talk.host.clone();
    if talk.is_new {
        meet_ourselves(talk)?;
    }
    if talk.host != former {
        drafts = publishing::drafts(talk, &objects, &name)?;
        talk.exchange.keep(&objects)?;
    }
    let mut rounds = 0;
    while talk.state.trouble.is_none() && round(talk, &objects, &mut drafts)? {
        rounds += 1;
        if rounds == ROUNDS {
            let why = "what we published stands elsewhere each time that we look".to_owned();
            talk.failed("publish to", &Trouble::Away(why));
        }
    }
    count(talk, &drafts.drafts);
    Ok(None)
}

fn disclosure(talk: &Talk<'_>, drafts: &[Draft]) -> Disclosure {
    Disclosure {
        remote: talk.remote.shown.clone(),
        mode: talk.ctx.policy.sync,
        instances: drafts.iter().map(|draft| (draft.label.clone(), draft.paths.clone())).collect(),
        withheld: drafts.iter().map(|draft| draft.withheld).sum(),
    }
}

fn refusal(remote: &str, why: &str) -> String {
    format!(
        "{remote} takes no refs/coord/* ({why}). Let it: allow pushes to refs/coord/* and refs/coord-claims/* there, \
         or name another remote: coord config syncRemote NAME. coord sync push tries again"
    )
}

/// Who was here before under our name: ourselves, where only the state was lost, else somebody else.
fn meet_ourselves(talk: &mut Talk<'_>) -> Result<(), Failure> {
    let Some(there) = list(talk) else { return Ok(()) };
    if there.is_empty() {
        return Ok(());
    }
    if !talk.is_named_now {
        for (name, oid) in there {
            talk.state.own.insert(name, Own { oid: Some(oid), ..Own::default() });
        }
        return Ok(());
    }
    somebody_else(talk)
}

/// Somebody else publishes under our name: we take another.
fn somebody_else(talk: &mut Talk<'_>) -> Result<(), Failure> {
    let new = host::rename(talk.ctx, &talk.talking, &talk.host)?;
    let text = format!(
        "another clone publishes as {} too (a copy of this one, or the same COORD_HOST); this one goes on as {}",
        talk.host.id, new.id
    );
    talk.host = new;
    talk.report.host.clone_from(&talk.host.id);
    talk.state.own.clear();
    talk.notice(text);
    Ok(())
}

/// What the remote has under our name; `None` where it does not answer.
fn list(talk: &mut Talk<'_>) -> Option<BTreeMap<RefName, ObjectId>> {
    let pattern = format!("{INSTANCES}{}/*", talk.host.id);
    match talk.remote.list(&[&pattern]) {
        Ok(found) => Some(found.into_iter().collect()),
        Err(trouble) => {
            talk.failed("read", &trouble);
            None
        }
    }
}

/// One try; whether another is worth it.
fn round(talk: &mut Talk<'_>, objects: &Objects, drafts: &mut publishing::Drafts) -> Result<bool, Failure> {
    let changes = changes(talk, drafts);
    if changes.is_empty() {
        return Ok(false);
    }
    for change in &changes {
        let own = talk.state.own.entry(change.name.clone()).or_default();
        if let Some(new) = change.new.filter(|new| own.sent.last() != Some(new)) {
            own.sent.push(new);
            let old = own.sent.len().saturating_sub(REMEMBERED);
            own.sent.drain(..old);
        }
    }
    // Before anything is sent: what was sent must be known again after a crash.
    talk.save()?;
    let outcomes = match talk.remote.push(&changes, false) {
        Ok(outcomes) => outcomes,
        Err(Trouble::Broken(_)) => {
            talk.exchange.make(&talk.ctx.repository)?;
            talk.exchange.keep(objects)?;
            match talk.remote.push(&changes, false) {
                Ok(outcomes) => outcomes,
                Err(trouble) => {
                    talk.failed("publish to", &trouble);
                    return Ok(false);
                }
            }
        }
        Err(trouble) => {
            talk.failed("publish to", &trouble);
            return Ok(false);
        }
    };
    let outrun = settle(talk, drafts, &changes, &outcomes);
    talk.save()?;
    if outrun.is_empty() {
        return Ok(false);
    }
    look_again(talk, objects, drafts, &outrun)
}

/// What differs from what the remote is thought to have.
fn changes(talk: &Talk<'_>, drafts: &publishing::Drafts) -> Vec<Change> {
    let mut changes = Vec::new();
    for draft in &drafts.drafts {
        let own = talk.state.own.get(&draft.name);
        if own.is_none_or(|own| own.oid.is_none() || own.says != draft.says) {
            let expected = own.and_then(|own| own.oid);
            changes.push(Change { name: draft.name.clone(), expected, new: Some(draft.commit) });
        }
    }
    for (name, own) in &talk.state.own {
        let lives = drafts.drafts.iter().any(|draft| draft.name == *name)
            || drafts.unread.iter().any(|(unread, _)| unread == name);
        if !lives && own.oid.is_some() {
            changes.push(Change { name: name.clone(), expected: own.oid, new: None });
        }
    }
    changes
}

/// Notes what became of each; the refs that stood elsewhere than thought.
fn settle(talk: &mut Talk<'_>, drafts: &publishing::Drafts, changes: &[Change], outcomes: &[Outcome]) -> Vec<RefName> {
    let (mut outrun, mut refused, mut failed) = (Vec::new(), None, None);
    for (change, outcome) in changes.iter().zip(outcomes) {
        match outcome {
            Outcome::Done => {
                if let Some(draft) = drafts.drafts.iter().find(|draft| draft.name == change.name) {
                    let own = talk.state.own.entry(change.name.clone()).or_default();
                    (own.oid, own.says) = (change.new, draft.says.clone());
                    talk.report.published.push(draft.label.clone());
                } else {
                    talk.state.own.remove(&change.name);
                    talk.report.removed += 1;
                }
            }
            Outcome::Outrun => outrun.push(change.name.clone()),
            Outcome::Refused(why) => refused = Some(why.clone()),
            Outcome::Failed(why) => failed = Some(why.clone()),
        }
    }
    if let Some(why) = &refused {
        talk.report.trouble.push(refusal(&talk.remote.shown, why));
    } else if let Some(why) = failed {
        talk.failed("publish to", &Trouble::Away(why));
    }
    talk.state.refused = refused;
    outrun
}

/// Finds out why refs stand elsewhere: an answer was lost, the remote was set back, or somebody else goes by our name.
fn look_again(
    talk: &mut Talk<'_>,
    objects: &Objects,
    drafts: &mut publishing::Drafts,
    outrun: &[RefName],
) -> Result<bool, Failure> {
    let Some(there) = list(talk) else { return Ok(false) };
    let mut strangers = false;
    for name in outrun {
        let Some(own) = talk.state.own.get_mut(name) else { continue };
        let now = there.get(name).copied();
        let sent = |id: ObjectId| own.sent.iter().position(|sent| *sent == id);
        match now {
            _ if now == own.oid => {}
            None => {
                (own.oid, own.says) = (None, String::new());
                talk.notice(format!("{} was removed at the remote by somebody else", text(name)));
            }
            Some(oid) if own.sent.contains(&oid) => {
                // The answer to what we sent was lost, or the remote was set back to what we sent before.
                let is_news = own.oid.and_then(sent) < sent(oid);
                own.oid = now;
                own.says.clear();
                if is_news {
                    if let Some(draft) =
                        drafts.drafts.iter().find(|draft| draft.name == *name && Some(draft.commit) == now)
                    {
                        own.says.clone_from(&draft.says);
                        talk.report.published.push(draft.label.clone());
                    }
                } else {
                    talk.notice(format!("{} was set back at the remote; it is published anew", text(name)));
                }
            }
            Some(_) => strangers = true,
        }
    }
    if strangers {
        somebody_else(talk)?;
        let name = super::remote_name(talk.ctx, None)?;
        *drafts = publishing::drafts(talk, objects, &name)?;
        talk.exchange.keep(objects)?;
    }
    talk.save()?;
    Ok(true)
}

fn text(name: &RefName) -> String {
    String::from_utf8_lossy(name.as_bytes()).into_owned()
}

fn count(talk: &mut Talk<'_>, drafts: &[Draft]) {
    talk.report.published.sort();
    talk.report.published.dedup();
    let is_there = |draft: &&Draft| talk.state.own.get(&draft.name).is_some_and(|own| own.says == draft.says);
    let labels = drafts.iter().filter(is_there).map(|draft| draft.label.clone());
    talk.report.unchanged = labels.filter(|label| !talk.report.published.contains(label)).collect();
    let withheld: u64 = drafts.iter().map(|draft| draft.withheld).sum();
    if withheld > 0 {
        let (paths, stay) = if withheld == 1 { ("path", "stays") } else { ("paths", "stay") };
        let why = "excluded, or larger than 20 MB";
        talk.report.notices.push(format!("{withheld} changed {paths} {stay} here: {why}"));
    }
}
