//! Acknowledgements: saying that an overlap is known, seeing what was said, taking it back.
//! Must not know: how an acknowledgement is kept or shown.

use std::collections::BTreeSet;

use crate::domain::ack::Ack;
use crate::domain::event::{AckFacts, EventKind};
use crate::domain::id::Identity;
use crate::domain::instance::Instance;
use crate::domain::path::RepoPath;
use crate::domain::time::{Seconds, Timestamp};
use crate::failure::Failure;
use crate::ops::context::Context;
use crate::ops::place::Place;
use crate::ops::who::{self, Who};
use crate::ops::{intents, journal};

/// What is acknowledged.
#[derive(Clone, Debug)]
pub struct AckOptions {
    /// The other instance, as typed.
    pub other: String,
    /// The paths or directories; empty for all.
    pub paths: BTreeSet<RepoPath>,
    /// For how long.
    pub lasts: Seconds,
    /// Why.
    pub why: String,
}

/// An acknowledgement with the labels of its two instances.
#[derive(Clone, Debug)]
pub struct Acknowledged {
    /// The acknowledgement itself.
    pub ack: Ack,
    /// The labels, in its order; an identity's key where nobody is there any more.
    pub labels: (String, String),
}

/// Acknowledges the overlap of this worktree with another instance.
///
/// # Errors
/// Where nobody is called so, or it cannot be written.
pub fn give(ctx: &Context, options: &AckOptions) -> Result<Acknowledged, Failure> {
    let place = Place::find(ctx)?;
    let everybody = who::anybody(ctx, &place.worktrees)?;
    let other = who::find(&everybody, &options.other)?;
    let ack = Ack {
        a: place.identity().clone(),
        b: other.identity.clone(),
        paths: options.paths.clone(),
        by: ctx.user(),
        by_agent: ctx.is_agent(),
        why: options.why.clone(),
        at: ctx.now,
        expires: ctx.now.plus(options.lasts),
    };
    ctx.store.lock(intents::wait(ctx))?.put_ack(&ack)?;
    journal::note(ctx, Some(&place.label), EventKind::AckGiven(facts(&ack, &other.label, Some(ack.expires))));
    Ok(named(ack, &everybody))
}

/// Acknowledges the overlap of two instances, whoever asks.
///
/// # Errors
/// Where it cannot be written.
pub fn between(ctx: &Context, one: &Instance, other: &Instance, lasts: Seconds, why: &str) -> Result<(), Failure> {
    let ack = Ack {
        a: one.identity.clone(),
        b: other.identity.clone(),
        paths: BTreeSet::new(),
        by: ctx.user(),
        by_agent: ctx.is_agent(),
        why: why.to_owned(),
        at: ctx.now,
        expires: ctx.now.plus(lasts),
    };
    ctx.store.lock(intents::wait(ctx))?.put_ack(&ack)?;
    journal::note(ctx, Some(&one.label), EventKind::AckGiven(facts(&ack, &other.label, Some(ack.expires))));
    Ok(())
}

/// Takes back all acknowledgements between two instances; says how many.
///
/// # Errors
/// Where it cannot be written.
pub fn withdraw_between(ctx: &Context, one: &Instance, other: &Instance) -> Result<usize, Failure> {
    let none = BTreeSet::new();
    let withdrawn = ctx.store.lock(intents::wait(ctx))?.withdraw_acks(&one.identity, &other.identity, &none)?;
    for ack in &withdrawn {
        journal::note(ctx, Some(&one.label), EventKind::AckWithdrawn(facts(ack, &other.label, None)));
    }
    Ok(withdrawn.len())
}

/// The acknowledgements that count now, those given first first.
///
/// # Errors
/// Where they cannot be read.
pub fn list(ctx: &Context) -> Result<Vec<Acknowledged>, Failure> {
    let everybody = who::anybody(ctx, &ctx.worktrees()?)?;
    Ok(ctx.store.acks(ctx.now)?.items.into_iter().map(|ack| named(ack, &everybody)).collect())
}

/// Takes back all acknowledgements between this worktree and another instance; says how many.
///
/// # Errors
/// Where nobody is called so, or it cannot be written.
pub fn withdraw(ctx: &Context, other: &str) -> Result<usize, Failure> {
    let place = Place::find(ctx)?;
    let everybody = who::anybody(ctx, &place.worktrees)?;
    let other = who::find(&everybody, other)?;
    let withdrawn =
        ctx.store.lock(intents::wait(ctx))?.withdraw_acks(place.identity(), &other.identity, &BTreeSet::new())?;
    for ack in &withdrawn {
        journal::note(ctx, Some(&place.label), EventKind::AckWithdrawn(facts(ack, &other.label, None)));
    }
    Ok(withdrawn.len())
}

fn facts(ack: &Ack, with: &str, expires: Option<Timestamp>) -> AckFacts {
    AckFacts {
        with: with.to_owned(),
        paths: ack.paths.iter().cloned().collect(),
        more_paths: 0,
        by: ack.by.clone(),
        by_agent: ack.by_agent,
        why: ack.why.clone(),
        expires,
    }
}

fn named(ack: Ack, everybody: &[Who]) -> Acknowledged {
    let label = |identity: &Identity| {
        everybody
            .iter()
            .find(|who| who.identity == *identity)
            .map_or_else(|| String::from_utf8_lossy(&identity.key()).into_owned(), |who| who.label.clone())
    };
    Acknowledged { labels: (label(&ack.a), label(&ack.b)), ack }
}
