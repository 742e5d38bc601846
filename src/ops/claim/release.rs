//! Releasing all that one instance holds, whoever asks.
//! Must not know: how it was asked for.

use super::{change, note_ended};
use crate::domain::claim::{Holder, Token};
use crate::domain::id::Identity;
use crate::failure::Failure;
use crate::ops::context::Context;
use crate::ops::session;

/// Ends every claim of an instance; by force where it is not the asker's own. Returns how many.
///
/// # Errors
/// Where they cannot be read or written.
pub fn release_of(ctx: &Context, identity: &Identity) -> Result<usize, Failure> {
    let worktrees = ctx.worktrees()?;
    let asker = match &ctx.repository.here {
        Some(here) => session::holder(ctx, here),
        None => Holder { identity: Identity::MainWorktree, session: None },
    };
    let ended = change(ctx, &worktrees, |table, _, _| {
        let of_it = table.live.values().filter(|claim| claim.holder.identity == *identity);
        let tokens: Vec<Token> = of_it.map(|claim| claim.token).collect();
        tokens.into_iter().filter_map(|token| table.release(token, &asker, true).ok()).collect::<Vec<_>>()
    })?;
    note_ended(ctx, &ended);
    Ok(ended.len())
}
