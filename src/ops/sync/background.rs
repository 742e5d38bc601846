//! The talk to the remote that nobody waits for: started by a hook, behind it, at most every `coord.syncEvery`.
//! Must not know: what is talked about.

use crate::domain::time::Seconds;
use crate::ops::context::Context;
use crate::os::process;

/// What git and the hook say to their children alone.
const NOT_FOR_IT: &[&str] = &["GIT_DIR", "GIT_INDEX_FILE", "GIT_WORK_TREE", "GIT_PREFIX", "COORD_SKIP"];

/// Starts a fetch that goes on by itself, where one is due. Only in a clone whose user has synced before: a setting that
/// came with a tracked file reaches nobody.
pub fn start(ctx: &Context) {
    begin(ctx, ctx.policy.sync_every, &["sync", "--background"]);
}

/// Starts one that also publishes what was just committed, however young the last one is; not while the remote is away.
pub fn start_after_commit(ctx: &Context) {
    begin(ctx, Seconds(0), &["sync", "--background", "--now"]);
}

fn begin(ctx: &Context, every: Seconds, arguments: &[&str]) {
    let Ok(Some(state)) = ctx.sync_state() else { return };
    let due = state.pause(ctx.now, every).0 == 0;
    let (Some(program), true) = (&ctx.env.program, due && ctx.env.variable("COORD_FOREGROUND").is_none()) else {
        return;
    };
    let place = ctx.repository.worktree.as_deref().or(ctx.repository.main_worktree.as_deref());
    process::start_detached(program, arguments, place.unwrap_or(&ctx.repository.common_dir), NOT_FOR_IT);
}
