//! Commits in the making: seeing those of others, recording one's own, ending it.
//! Must not know: how a commit is judged.

use std::sync::Arc;
use std::time::Duration;

use crate::domain::claim::{Table, Token};
use crate::domain::id::{Identity, ObjectId};
use crate::domain::intent::Intent;
use crate::domain::process::Liveness;
use crate::domain::time::Timestamp;
use crate::ops::context::Context;
use crate::ops::{claim, session};
use crate::os::process;
use crate::store::{self, Store};

/// The lock is waited for at most so long, and no longer than the deadline leaves.
const LONGEST_WAIT: Duration = Duration::from_secs(1);

/// What a look at the intents showed.
#[derive(Clone, Debug, Default)]
pub struct Seen {
    ever: u64,
    /// The claims as they stood then.
    pub claims: Option<Arc<Table>>,
    /// Those that counted then.
    pub intents: Vec<Intent>,
}

impl Seen {
    /// Those of other instances than `me`.
    #[must_use]
    pub fn others_than(&self, me: &Identity) -> Vec<Intent> {
        self.intents.iter().filter(|intent| intent.identity != *me).cloned().collect()
    }
}

/// How long a use case waits for the store's lock.
#[must_use]
pub fn wait(ctx: &Context) -> Duration {
    ctx.deadline().left().map_or(LONGEST_WAIT, |left| left.min(LONGEST_WAIT))
}

/// Looks at the intents that count now. Takes no lock.
///
/// # Errors
/// Where they cannot be read.
pub fn look(store: &Store, now: Timestamp) -> Result<Seen, store::Error> {
    // The count first: an intent that comes later is then noticed by the count, or listed.
    let ever = store.intents_ever()?;
    let claims = Some(Arc::new(store.claims()?));
    let listing = store.intents()?;
    let counts = |intent: &Intent| intent.counts(process::is_alive(&intent.process), now);
    Ok(Seen { ever, claims, intents: listing.items.into_iter().filter(counts).collect() })
}

/// The greatest token and the claims that count: another claim cannot come without changing them.
fn standing(table: &Table) -> (u64, Vec<Token>) {
    (table.last_token, table.live.keys().copied().collect())
}

/// Records an intent; `false` where another came or a claim was granted since `seen`, so that the commit must be judged
/// again. The committer's own claims are lengthened: what it holds it keeps until its commit is made.
///
/// # Errors
/// Where it cannot be written.
pub fn record(ctx: &Context, intent: &Intent, seen: &Seen) -> Result<bool, store::Error> {
    let locked = ctx.store.lock(wait(ctx))?;
    let claims = ctx.store.claims()?;
    let were = seen.claims.as_deref().map_or_else(Default::default, standing);
    if ctx.store.intents_ever()? != seen.ever || standing(&claims) != were {
        return Ok(false);
    }
    locked.put_intent(intent)?;
    if claims.last_token > 0 {
        claim::renew_for_commit(ctx, &locked, &claims, &session::holder(ctx, &intent.identity), &intent.paths)?;
    }
    Ok(true)
}

/// Ends the intents of `me` that became the commit with this tree or whose process is gone, and gives the latest of them.
/// One that is being made this instant, after that commit, stays.
///
/// # Errors
/// Where they cannot be read or removed.
pub fn end(ctx: &Context, me: &Identity, tree: ObjectId) -> Result<Option<Intent>, store::Error> {
    let mine = |intent: &Intent| {
        intent.identity == *me
            && (intent.tree == tree
                || process::is_alive(&intent.process) == Liveness::Dead
                || process::parent_git_commit().as_ref() == Some(&intent.process))
    };
    let mut ended: Vec<Intent> = ctx.store.intents()?.items.into_iter().filter(mine).collect();
    if !ended.is_empty() {
        let locked = ctx.store.lock(wait(ctx))?;
        for intent in &ended {
            locked.end_intent(&intent.identity, &intent.process)?;
        }
    }
    ended.sort_by_key(|intent| intent.at);
    Ok(ended.pop())
}
