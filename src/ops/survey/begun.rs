//! Everybody judged while git still looks at the files of the asking worktree, as if the same lay there as the last time.
//! Must not know: how anything is judged, what is made of it.

use super::SurveyOptions;
use super::judging;
use super::reading::Taken;
use crate::domain::id::ObjectId;
use crate::domain::report::Target;
use crate::git::merge::{Begun, Line, Memory};
use crate::git::objects::Objects;
use crate::ops::context::Context;
use crate::ops::verdicts;
use crate::ops::who::{Everybody, Who};

/// The key under which it is kept what stood for the only worktree.
const KEY: &str = "what stood for the only worktree";

/// What was answered already, and what for.
pub(super) struct Start {
    pub(super) begun: Begun,
    /// The asking worktree's place, and what was taken for its work.
    expected: (usize, ObjectId),
}

/// Judges everybody. Only where the asking worktree is the only one: the more there are, the more had to be judged again.
pub(super) fn begin(
    ctx: &Context,
    objects: &Objects,
    options: &SurveyOptions,
    (target, people): (&Target, &Everybody),
    memory: &mut Option<Memory>,
) -> Option<Start> {
    let target = target.tip?;
    let at = people.all.iter().position(|person| person.worktree.is_some())?;
    let is_only = people.all[at + 1..].iter().all(|person| person.worktree.is_none());
    if !is_only || people.all[at].is_vanished() || people.all.iter().any(|person| person.synced.is_some()) {
        return None;
    }
    // What would have to be judged for nothing is not expected.
    let is_known = |tip: &ObjectId| memory.as_ref().is_some_and(|memory| memory.knows(*tip));
    let last = || ObjectId::from_bytes(&ctx.store.cached(KEY)?);
    let tip = people.all[at].tip?;
    let expected = last().filter(is_known).unwrap_or(if is_known(&tip) { tip } else { target });
    let line = |(n, person): (usize, &Who)| {
        let tip = if n == at { Some(expected) } else { person.tip };
        tip.map(|tip| judging::line(tip, person, options))
    };
    let lines: Vec<Line> = people.all.iter().enumerate().filter_map(line).collect();
    let question = judging::question(target, lines, options);
    let begun = verdicts::begin(ctx, objects, &question, memory.take())?;
    Some(Start { begun, expected: (at, expected) })
}

impl Start {
    /// Remembers what stands for the worktree, where something else was expected.
    pub(super) fn note(&self, ctx: &Context, taken: &[Taken]) {
        let (at, expected) = self.expected;
        let Some(line) = taken[at].line.filter(|line| *line != expected) else { return };
        let store = ctx.store.clone();
        ctx.meanwhile(move || {
            // Without it the next time takes longer, nothing more.
            let _ = store.cache(KEY, line.as_bytes());
        });
    }
}
