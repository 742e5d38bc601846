//! Rule 1: a commit that changes what somebody else has claimed.
//! Must not know: how a claim is kept, the other rules.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::domain::claim::{Contest, Contested};
use crate::domain::hunk::Spans;
use crate::domain::judgement::{Clash, Finding, Judgement, Reason};
use crate::domain::overlap::ConflictKind;
use crate::domain::time::Timestamp;
use crate::ops::context::Context;
use crate::ops::{claim, session};

use super::candidate::Candidate;
use super::meetings::Others;

/// Adds what the claims have against the commit. That they cannot be read is said, and stops nobody.
pub(super) fn judge(ctx: &Context, others: &Others<'_>, candidate: &Candidate, judgement: &mut Judgement) {
    let (me, read) = (others.me, || ctx.store.claims().map(Arc::new));
    let table = match others.claims.clone().map_or_else(read, Ok) {
        Ok(table) => table,
        Err(error) => {
            // Before a commit, the look at what others commit in this instant has read them too, and has said so.
            if judgement.command == "push" {
                judgement.notices.push(format!("could not read the claims: {error}"));
            }
            return;
        }
    };
    let elsewhere = ctx.sync_state().ok().flatten().is_some_and(|state| !state.claims.is_empty());
    if table.live.is_empty() && table.lapsed.is_empty() && !elsewhere {
        return;
    }
    let holder = session::holder(ctx, me);
    let mut contested = claim::contested_in(ctx, &table, &holder, &candidate.paths);
    contested.retain(|contested| {
        let other = match &contested.why {
            Contest::Claimed(claim) => &claim.holder.identity,
            Contest::Superseded { by, .. } => &by.holder.identity,
        };
        !ctx.acknowledged(me, other, &contested.path)
    });
    for contested in &contested {
        if let Contest::Superseded { own, by } = &contested.why {
            let line = format!(
                "your claim on {} (token {}) ran out and {} took it (token {}); claim it again, or give yours up: coord release {}",
                contested.path.as_bytes().escape_ascii(),
                own.token.0,
                by.label,
                by.token.0,
                own.token.0
            );
            judgement.notices.push(line);
        }
    }
    judgement.blocks.extend(findings(contested));
}

/// One finding a claim.
fn findings(contested: Vec<Contested>) -> Vec<Finding> {
    let mut by_claim: BTreeMap<(String, u64), Finding> = BTreeMap::new();
    for Contested { path, why } in contested {
        let (label, token, task, since): (String, u64, Option<String>, Option<Timestamp>) = match why {
            Contest::Claimed(claim) => (claim.label, claim.token.0, claim.task, Some(claim.since)),
            Contest::Superseded { by, .. } => (by.label, by.token.0, None, None),
        };
        let clash = Clash {
            path,
            kind: ConflictKind::Content,
            own: Spans::new(),
            theirs: Spans::new(),
            own_line: None,
            their_line: None,
        };
        let finding = by_claim.entry((label.clone(), token)).or_insert_with(|| Finding {
            other: label,
            task,
            reason: Reason::Claimed,
            since,
            clashes: Vec::new(),
        });
        finding.clashes.push(clash);
    }
    by_claim.into_values().collect()
}
