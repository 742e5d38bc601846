//! The whole way to the remote, tried with a ref that is nobody's instance: make it, swap it, fetch it, remove it.
//! Must not know: what is published in earnest.

use std::time::Duration;

use super::Talk;
use crate::domain::id::{ObjectId, RefName};
use crate::domain::setup::{Finding, Level};
use crate::domain::sync::{INSTANCES, REHEARSAL, SyncMode};
use crate::domain::time::Timestamp;
use crate::failure::Failure;
use crate::git::Deadline;
use crate::git::objects::ObjectKind;
use crate::git::publication;
use crate::git::remote::{Change, Outcome, Trouble};
use crate::ops::context::Context;

/// Longer than this nobody waits for a doctor.
const LONGEST: Duration = Duration::from_secs(30);

const ALLOW: &str = "allow pushes to refs/coord/* and refs/coord-claims/* there, or coord config syncRemote NAME";

/// Tries the way to the remote; nothing where `coord.sync` is off and nobody asked.
#[must_use]
pub fn rehearse(ctx: &Context, asked: bool) -> Vec<Finding> {
    if ctx.policy.sync == SyncMode::Off && !asked {
        return Vec::new();
    }
    let talk = Talk::open(ctx, None, LONGEST);
    match talk.and_then(|mut talk| Rehearsal::new(&mut talk)?.play(&mut talk)) {
        Ok(findings) => findings,
        Err(failure) => {
            let fix = (!failure.hints.is_empty()).then(|| failure.hints.join(" && "));
            vec![Finding { level: Level::Problem, what: format!("coord sync: {}", failure.whole_message()), fix }]
        }
    }
}

struct Rehearsal {
    name: RefName,
    first: ObjectId,
    second: ObjectId,
    findings: Vec<Finding>,
}

impl Rehearsal {
    fn new(talk: &mut Talk<'_>) -> Result<Self, Failure> {
        talk.remote = talk.remote.until(Deadline::within(LONGEST.min(super::longest(talk.ctx))));
        let objects = talk.ctx.repository.objects()?;
        let tree = objects.add(ObjectKind::Tree, b"")?;
        let make = |text: &[u8]| publication::commit(&objects, tree, &[], text, Timestamp(0));
        let word = format!("{:x}-{:x}", std::process::id(), talk.ctx.now.0);
        let (first, second) = (make(word.as_bytes())?, make(b"second")?);
        talk.exchange.keep(&objects)?;
        let name = RefName::new(format!("{INSTANCES}{}/{REHEARSAL}{word}", talk.host.id));
        Ok(Self { name, first, second, findings: Vec::new() })
    }

    fn play(mut self, talk: &mut Talk<'_>) -> Result<Vec<Finding>, Failure> {
        if !self.make(talk) {
            return Ok(self.findings);
        }
        // Whatever comes of the rest: what was made is removed.
        let standing = self.swap(talk);
        self.fetch(talk)?;
        self.remove(talk, standing);
        if self.findings.is_empty() {
            let age = |fetched| format!("; last fetched {} ago", super::span(talk.ctx.now, fetched));
            let age = talk.state.fetched.map(age).unwrap_or_default();
            let what = format!("coord sync can publish, swap, fetch and remove at {}{age}", talk.remote.shown);
            self.say(Level::Ok, what, None);
        }
        if let Some(why) = &talk.state.refused {
            self.say(Level::Warning, format!("the last push was refused: {why}"), Some("coord sync push tries again"));
        }
        Ok(self.findings)
    }

    fn say(&mut self, level: Level, what: impl Into<String>, fix: Option<&str>) {
        self.findings.push(Finding { level, what: what.into(), fix: fix.map(str::to_owned) });
    }

    fn push(&self, talk: &Talk<'_>, expected: Option<ObjectId>, new: Option<ObjectId>) -> Result<Outcome, Trouble> {
        let change = Change { name: self.name.clone(), expected, new };
        Ok(talk.remote.push(&[change], false)?.pop().unwrap_or(Outcome::Outrun))
    }

    fn make(&mut self, talk: &Talk<'_>) -> bool {
        let shown = &talk.remote.shown;
        match self.push(talk, None, Some(self.first)) {
            Ok(Outcome::Done) => return true,
            Ok(Outcome::Refused(why)) => {
                self.say(Level::Problem, format!("{shown} takes no refs/coord/*: {why}"), Some(ALLOW));
            }
            Ok(Outcome::Outrun) => self.say(Level::Problem, format!("{shown} has a ref that nobody made"), None),
            Ok(Outcome::Failed(why)) => self.say(Level::Problem, format!("could not publish to {shown}: {why}"), None),
            Err(trouble) => self.say(
                Level::Problem,
                format!("could not publish to {shown}: {}", trouble.text()),
                Some("try `git push` there by hand"),
            ),
        }
        false
    }

    /// A swap from the wrong place must fail, and one from the right place go through; where it stands then.
    fn swap(&mut self, talk: &Talk<'_>) -> ObjectId {
        let shown = &talk.remote.shown;
        match self.push(talk, Some(self.second), Some(self.second)) {
            Ok(Outcome::Outrun) => {}
            other => {
                let what = format!("{shown} does not compare before it swaps ({other:?}): claims are not safe there");
                self.say(Level::Problem, what, None);
            }
        }
        match self.push(talk, Some(self.first), Some(self.second)) {
            Ok(Outcome::Done) => return self.second,
            Ok(Outcome::Refused(why) | Outcome::Failed(why)) => {
                self.say(Level::Problem, format!("{shown} lets no ref be replaced: {why}"), Some(ALLOW));
            }
            Ok(Outcome::Outrun) => self.say(Level::Problem, format!("{shown} lost a ref that was just made"), None),
            Err(trouble) => self.say(Level::Problem, format!("{shown} broke off: {}", trouble.text()), None),
        }
        self.first
    }

    fn fetch(&mut self, talk: &Talk<'_>) -> Result<(), Failure> {
        let name = String::from_utf8_lossy(self.name.as_bytes()).into_owned();
        let spec = format!("+{name}:{name}");
        if let Err(trouble) = talk.remote.fetch(&[&spec], talk.ctx.policy.sync_max_size) {
            self.say(Level::Problem, format!("could not fetch from {}: {}", talk.remote.shown, trouble.text()), None);
        } else if !talk.exchange.refs()?.iter().any(|(found, _)| *found == self.name) {
            self.say(
                Level::Problem,
                format!("{} does not show refs/coord/* to those who fetch", talk.remote.shown),
                Some(ALLOW),
            );
        }
        Ok(())
    }

    fn remove(&mut self, talk: &Talk<'_>, standing: ObjectId) {
        match self.push(talk, Some(standing), None) {
            Ok(Outcome::Done) => {}
            other => {
                let what =
                    format!("{} lets no ref be removed ({other:?}): ended instances stay there", talk.remote.shown);
                self.say(Level::Warning, what, Some(ALLOW));
            }
        }
    }
}
