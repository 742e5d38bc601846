//! A checkout that several sessions share: what a commit takes along that another session alone changed.
//! Must not know: conflicts, the right of way.

use crate::domain::path::RepoPath;
use crate::ops::commit::Candidate;
use crate::ops::context::Context;
use crate::ops::place::Place;
use crate::ops::session;

/// One line a session whose paths the commit would sweep in, with the command that commits the rest. Nothing where it cannot
/// be told which session commits.
pub(super) fn told(ctx: &Context, place: &Place, candidate: &Candidate) -> Vec<String> {
    if !session::live(ctx).any(|record| record.identity == *place.identity()) {
        return Vec::new();
    }
    let me = session::asking(ctx);
    let theirs = session::of_others(ctx, place.identity(), me.as_deref(), &candidate.paths);
    let line = |their: &crate::domain::briefing::TheirPaths| {
        let names: Vec<String> = their.paths.iter().map(name).collect();
        let agent = their.agent.as_deref().map(|agent| format!("{agent} ")).unwrap_or_default();
        let task = their.task.as_deref().map(|task| format!(" ({task})")).unwrap_or_default();
        let session: String = their.session.chars().take(8).collect();
        format!(
            "only the {agent}session {session}{task} in this checkout changed {}; commit the rest: git restore --staged {}",
            names.join(", "),
            their.paths.iter().map(quoted).collect::<Vec<_>>().join(" ")
        )
    };
    theirs.iter().map(line).collect()
}

fn name(path: &RepoPath) -> String {
    path.as_bytes().escape_ascii().to_string()
}

/// As the shell takes it, from wherever in the worktree.
fn quoted(path: &RepoPath) -> String {
    format!("':/{}'", name(path).replace('\'', r"'\''"))
}
