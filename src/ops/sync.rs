//! `coord sync`: telling other machines through the git remote what is worked on here, and learning what is there.
//! Must not know: how an instance is judged, how an answer is shown.

mod background;
mod bringing;
mod fetching;
mod host;
pub(super) mod leases;
mod publishing;
mod pushing;
mod rehearsal;
mod stand;

use std::time::Duration;

use crate::domain::event::EventKind;
use crate::domain::sync::{Disclosure, Host, INSTANCES, SyncMode, SyncReport, SyncState};
use crate::domain::time::{Seconds, Timestamp};
use crate::failure::Failure;
use crate::git::program::Deadline;
use crate::git::publication::{self, Exchange};
use crate::git::remote::{self, Change, Outcome, Remote, Trouble};
use crate::ops::context::Context;
use crate::ops::journal;
use crate::store;
use crate::store::sync::Talking;

pub use background::{start as start_in_background, start_after_commit};
pub use rehearsal::rehearse;
pub use stand::{Stand, of as stand};

/// How long somebody waits for another talk of the same clone to end.
const LONGEST_WAIT: Duration = Duration::from_secs(60);

/// What is to be done.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct SyncOptions {
    /// Publishes own instances.
    pub push: bool,
    /// Fetches everybody else's.
    pub pull: bool,
    /// The remote, instead of `coord.syncRemote`.
    pub remote: Option<String>,
    /// The user agrees to what the first push shows.
    pub agreed: bool,
    /// Who waits for it.
    pub occasion: Occasion,
}

/// Why it is done.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Occasion {
    /// Somebody asked for it, and waits.
    #[default]
    Asked,
    /// A hook started it and nobody waits: it does what is due, and never asks.
    Due,
    /// The same after a commit, which makes it due however young the last one is.
    Committed,
}

impl Occasion {
    fn is_background(self) -> bool {
        self != Self::Asked
    }
}

/// What came of it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Synced {
    /// It was done, or tried.
    Done(Box<SyncReport>),
    /// Nothing was sent: the user has not yet agreed to what would be shown.
    Asks(Box<Disclosure>),
}

/// Somebody who talks to the remote, with all that it takes.
pub(super) struct Talk<'a> {
    pub(super) ctx: &'a Context,
    pub(super) talking: Talking<'a>,
    pub(super) remote: Remote,
    pub(super) exchange: Exchange,
    pub(super) host: Host,
    pub(super) state: SyncState,
    /// Whether nothing was known of this remote before.
    pub(super) is_new: bool,
    /// Whether this clone had no name there before.
    pub(super) is_named_now: bool,
    /// Whether other machines did anything.
    pub(super) has_news: bool,
    pub(super) report: SyncReport,
}

/// Publishes, fetches, or both.
///
/// # Errors
/// Where `coord.sync` is off, there is no remote, or nothing can be written. That the remote does not answer is part of
/// the report.
pub fn sync(ctx: &Context, options: &SyncOptions) -> Result<Synced, Failure> {
    let wait = if options.occasion.is_background() { Duration::ZERO } else { LONGEST_WAIT };
    let mut talk = Talk::begin(ctx, options.remote.as_deref(), wait)?;
    let every = if options.occasion == Occasion::Committed { Seconds(0) } else { ctx.policy.sync_every };
    if options.occasion.is_background() && talk.state.pause(ctx.now, every).0 > 0 {
        return Ok(talk.done());
    }
    let may_push = options.push && !(options.occasion.is_background() && talk.state.consent < ctx.policy.sync);
    talk.state.tried = Some(ctx.now);
    talk.save()?;
    if may_push && let Some(asks) = pushing::push(&mut talk, options)? {
        return Ok(Synced::Asks(Box::new(asks)));
    }
    if options.pull {
        fetching::fetch(&mut talk)?;
    }
    if may_push && talk.state.trouble.is_none() && talk.state.refused.is_none() {
        let live = ctx.store.claims().map(|table| table.live).unwrap_or_default();
        leases::reconcile(&mut talk, &live)?;
    }
    talk.state.failures = if talk.state.trouble.is_some() { talk.state.failures.saturating_add(1) } else { 0 };
    talk.save()?;
    if talk.has_news {
        talk.talking.put_news()?;
    }
    talk.exchange.tidy();
    Ok(talk.done())
}

/// Removes what a machine published that is gone.
///
/// # Errors
/// Where it is this one, or nothing is there of it.
pub fn forget(ctx: &Context, host: &str, remote: Option<&str>) -> Result<SyncReport, Failure> {
    let mut talk = Talk::begin(ctx, remote, LONGEST_WAIT)?;
    if talk.host.id == host {
        return Err(Failure::usage("that is this clone; its refs go when its instances end"));
    }
    let found = match talk.remote.list(&[&format!("{INSTANCES}{host}/*")]) {
        Ok(found) => found,
        Err(trouble) => {
            talk.failed("read", &trouble);
            return Ok(talk.report);
        }
    };
    if found.is_empty() {
        return Err(Failure::usage(format!("nothing at {} is of a machine {host}", talk.remote.shown)));
    }
    let change = |(name, oid)| Change { name, expected: Some(oid), new: None };
    let changes: Vec<Change> = found.into_iter().map(change).collect();
    match talk.remote.push(&changes, false) {
        Ok(outcomes) => {
            talk.report.removed = outcomes.iter().filter(|outcome| **outcome == Outcome::Done).count();
            for outcome in outcomes {
                match outcome {
                    Outcome::Done => {}
                    Outcome::Outrun => {
                        talk.report.trouble.push(format!("{host} is at work: it published anew meanwhile"));
                    }
                    Outcome::Refused(why) | Outcome::Failed(why) => talk.failed("remove from", &Trouble::Away(why)),
                }
            }
            talk.report.trouble.dedup();
            fetching::fetch(&mut talk)?;
            talk.save()?;
        }
        Err(trouble) => talk.failed("publish to", &trouble),
    }
    Ok(talk.report)
}

/// How old what is known of other machines is.
#[must_use]
pub fn age(ctx: &Context) -> String {
    match ctx.sync_state().ok().flatten().and_then(|state| state.fetched) {
        Some(fetched) => format!("as fetched {} ago", span(ctx.now, fetched)),
        None => "never fetched".to_owned(),
    }
}

fn span(now: Timestamp, then: Timestamp) -> String {
    let seconds = now.since(then).0;
    match seconds {
        0..=119 => format!("{seconds} s"),
        120..=7199 => format!("{} min", seconds / 60),
        7200..=172_799 => format!("{} h", seconds / 3600),
        _ => format!("{} days", seconds / 86_400),
    }
}

/// What a look at everybody says of other machines: how many, how old, and what their verdicts stand on.
#[must_use]
pub fn told(ctx: &Context, state: &SyncState) -> String {
    let hosts: std::collections::BTreeSet<&str> = state.others.values().map(|other| other.host.as_str()).collect();
    let number = |n: usize, one: &str, many: &str| format!("{n} {}", if n == 1 { one } else { many });
    let by_lines = state.others.values().filter(|other| other.publication.mode == SyncMode::Paths).count();
    let doubt = match by_lines {
        0 => String::new(),
        n => format!("; {n} told by lines alone: a conflict there may be the same change"),
    };
    format!(
        "{} of {}, {}{doubt}",
        number(state.others.len(), "instance", "instances"),
        number(hosts.len(), "other machine", "other machines"),
        age(ctx)
    )
}

/// The name of the remote that machines meet at.
pub(super) fn remote_name(ctx: &Context, typed: Option<&str>) -> Result<String, Failure> {
    let all = remote::configured(&ctx.repository);
    let listed = || if all.is_empty() { "there is none: git remote add origin URL".to_owned() } else { all.join(", ") };
    if let Some(name) = typed.or(ctx.policy.sync_remote.as_deref()) {
        return match all.iter().find(|known| *known == name) {
            Some(known) => Ok(known.clone()),
            None => Err(Failure::config(format!("{name} is no remote here")).hint(format!("remotes: {}", listed()))),
        };
    }
    match &all[..] {
        [only] => Ok(only.clone()),
        _ if all.iter().any(|name| name == "origin") => Ok("origin".to_owned()),
        _ => Err(Failure::config("which remote do machines meet at?")
            .hint("coord config syncRemote NAME")
            .hint(format!("remotes: {}", listed()))),
    }
}

/// What the store has, nothing where it is damaged: all of it is found out anew. What cannot be read now, or was left by a
/// later version, is not overwritten.
fn undamaged<T>(read: Result<Option<T>, store::Error>) -> Result<Option<T>, Failure> {
    match read {
        Err(store::Error::Corrupt { .. }) => Ok(None),
        other => Ok(other?),
    }
}

/// Fails where nothing is to leave or enter this machine.
pub(super) fn must_be_on(ctx: &Context) -> Result<(), Failure> {
    if ctx.policy.sync != SyncMode::Off {
        return Ok(());
    }
    Err(Failure::config("coord.sync is off: nothing leaves this machine and nothing is fetched")
        .hint("coord config sync paths      which paths and lines you change, no content")
        .hint("coord config sync content    your work as it lies, so that conflicts are exact"))
}

/// How long one talk to the remote may take.
fn longest(ctx: &Context) -> Duration {
    Duration::from_secs(ctx.policy.sync_timeout.0.max(1))
}

impl<'a> Talk<'a> {
    /// Takes the right to talk, and reads what is known.
    pub(super) fn begin(ctx: &'a Context, remote: Option<&str>, wait: Duration) -> Result<Self, Failure> {
        must_be_on(ctx)?;
        Self::open(ctx, remote, wait)
    }

    /// The same, also where nothing is to be published.
    fn open(ctx: &'a Context, remote: Option<&str>, wait: Duration) -> Result<Self, Failure> {
        let name = remote_name(ctx, remote)?;
        let talking = ctx.store.talk(wait)?;
        let git_dir = publication::place(ctx.store.dir());
        let ssh = ctx.env.variable("GIT_SSH_COMMAND").filter(|_| ctx.env.variable("GIT_SSH").is_none());
        let remote = Remote::named(&ctx.repository, &name, &git_dir, ssh)
            .ok_or_else(|| Failure::config(format!("the remote {name} has no address")))?
            .until(Deadline::within(longest(ctx)));
        let known = undamaged(ctx.store.sync_state())?.filter(|state| state.remote == remote.shown);
        let found = host::identify(ctx, &talking)?;
        let is_new = known.is_none();
        let mut state = known.unwrap_or_default();
        state.remote.clone_from(&remote.shown);
        if found.is_new {
            state.own.clear();
            state.leases.clear();
        }
        let report = SyncReport {
            remote: remote.shown.clone(),
            mode: ctx.policy.sync,
            host: found.host.id.clone(),
            ..SyncReport::default()
        };
        let exchange = Exchange::open(&ctx.repository, ctx.store.dir())?;
        Ok(Self {
            ctx,
            talking,
            remote,
            exchange,
            host: found.host,
            state,
            is_new: is_new || found.is_new,
            is_named_now: found.is_new,
            has_news: false,
            report,
        })
    }

    pub(super) fn save(&self) -> Result<(), Failure> {
        Ok(self.talking.put_state(&self.state)?)
    }

    /// Notes that the remote could not be talked to.
    pub(super) fn failed(&mut self, what: &str, trouble: &Trouble) {
        let text = format!("could not {what} {}: {}", self.remote.shown, trouble.text());
        let advice = match trouble {
            Trouble::Unauthorized(_) => {
                "; `git fetch` once by hand, so that the credentials are known, or set up a helper"
            }
            Trouble::Missing(_) => "; look at `git remote -v`",
            Trouble::Silent(_) => "; coord.syncTimeout says how long that may take",
            other if other.text().contains(".lock': File exists") => {
                "; where no git is at work there, one was killed: remove that file"
            }
            _ => "",
        };
        self.state.trouble = Some(text.clone());
        self.report.trouble.push(text + advice);
    }

    /// Something that somebody should know, now and in the log.
    pub(super) fn notice(&mut self, text: String) {
        self.log(text.clone());
        self.report.notices.push(text);
    }

    /// Something for the log.
    pub(super) fn log(&self, text: String) {
        journal::note(self.ctx, None, EventKind::SyncNoted { reason: text });
    }

    fn done(self) -> Synced {
        Synced::Done(Box::new(self.report))
    }
}
