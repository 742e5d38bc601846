//! A command that would throw away or sweep up uncommitted work: whose of this checkout it would be.
//! Must not know: how the command was read, how it is told.

use std::collections::BTreeSet;
use std::path::PathBuf;

use super::Call;
use crate::domain::agent::{Harm, Sweep};
use crate::domain::briefing::{News, Reply, Verdict};
use crate::domain::path::RepoPath;
use crate::failure::Failure;
use crate::git::{names, snapshot, tree};
use crate::ops::{paths, session};

pub(super) fn judge(call: &Call<'_>, sweeps: &[Sweep], reply: &mut Reply) -> Result<(), Failure> {
    let identity = call.place.identity();
    let me = Some(call.event.session.as_str());
    let sharing = session::sharing(call.ctx, identity);
    let others = sharing.iter().filter(|(record, _)| record.session.as_deref() != me);
    let touched: BTreeSet<RepoPath> = others
        .flat_map(|(_, memory)| memory.touched.keys())
        .filter(|(whose, _)| whose == identity)
        .map(|(_, path)| path.clone())
        .collect();
    if touched.is_empty() {
        return Ok(());
    }
    let dirty = dirty(call, touched)?;
    for sweep in sweeps {
        let sweep = &as_meant(call, sweep);
        let hit: BTreeSet<RepoPath> = dirty.iter().filter(|path| covers(call, sweep, path)).cloned().collect();
        let theirs = session::of_others(call.ctx, identity, me, &hit);
        if theirs.is_empty() {
            continue;
        }
        if call.ctx.policy.shared_checkout_blocks {
            reply.verdict = Verdict::Deny;
        }
        reply.news.push(News::Sweeps { command: sweep.command.clone(), harm: sweep.harm, theirs });
    }
    Ok(())
}

/// Those that still differ from HEAD: the rest is committed and safe.
fn dirty(call: &Call<'_>, touched: BTreeSet<RepoPath>) -> Result<BTreeSet<RepoPath>, Failure> {
    let objects = call.ctx.repository.objects()?;
    let lies = snapshot::paths(&objects, &call.ctx.repository, &call.place.me, &touched)?;
    let (Some(lies), Some(head)) = (lies, call.place.me.head) else { return Ok(touched) };
    let (lies, head) = (objects.commit(lies)?.tree, objects.commit(head)?.tree);
    let mut dirty = BTreeSet::new();
    for path in touched {
        if tree::entry_at(&objects, lies, &path)? != tree::entry_at(&objects, head, &path)? {
            dirty.insert(path);
        }
    }
    Ok(dirty)
}

/// `git checkout NAME` throws the file of that name away where there is one, else it switches to the branch.
fn as_meant(call: &Call<'_>, sweep: &Sweep) -> Sweep {
    let named = sweep.paths.as_deref().filter(|_| sweep.harm == Harm::Switches);
    let Some([name]) = named else { return sweep.clone() };
    if base(call, sweep).join(names::to_path(name)).symlink_metadata().is_ok() {
        return Sweep { harm: Harm::ThrowsAway, ..sweep.clone() };
    }
    Sweep { paths: None, ..sweep.clone() }
}

/// Where the command runs.
fn base(call: &Call<'_>, sweep: &Sweep) -> PathBuf {
    call.event.cwd.clone().unwrap_or_default().join(sweep.dir.clone().unwrap_or_default())
}

fn covers(call: &Call<'_>, sweep: &Sweep, path: &RepoPath) -> bool {
    let Some(named) = &sweep.paths else { return true };
    let base = base(call, sweep);
    named.iter().any(|name| {
        let typed = base.join(names::to_path(name));
        // Something in it, as the top of the worktree itself has no path.
        let Ok(inside) = paths::in_repository(call.ctx, &typed.join("any")) else { return false };
        inside.parent().is_none_or(|named| path.is_within(&named))
    })
}
