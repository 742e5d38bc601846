//! Right of way: which of two instances may go on when a commit meets another's work (DESIGN.md section 4).
//! Must not know: how the evidence was found, how a block is shown, what the hook's exit code is.

use super::hunk::LineSpan;
use super::instance::Kind;
use super::judgement::Reason;
use super::overlap::{Grade, PathOverlap};
use super::policy::Policy;

/// What the commit being judged does to a conflict, compared with HEAD.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Effect {
    /// It makes the conflict: HEAD has none on this path, or none in these lines.
    Adds,
    /// HEAD has it already, and the commit leaves it as it is.
    Keeps,
    /// HEAD has it already, and the commit makes it smaller.
    Shrinks,
}

/// What is known of one conflict between the commit and one other instance.
#[derive(Clone, PartialEq, Eq, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own that a rule asks for")]
pub struct Meeting {
    /// What stands behind the other.
    pub other: Kind,
    /// Whether the conflict is with what the other has committed, or is committing in this instant.
    pub committed: bool,
    /// What the commit does to it.
    pub effect: Effect,
    /// Whether the commit goes to the target branch itself.
    pub on_target: bool,
    /// Whether the path may block at all: not generated, not a lock file, no merge driver, not `[paths] warn`.
    pub may_block: bool,
    /// Whether the other's text is not known, only which lines it changed.
    pub by_lines: bool,
    /// Whether the commit builds on the other.
    pub stacked: bool,
    /// Whether the other builds on the commit before this one, which is nobody else's tip.
    pub built_on: bool,
    /// Whether somebody acknowledged it.
    pub acknowledged: bool,
    /// Whether the other's work is in the target, or nobody touched it for `coord.activeWithin`.
    pub over: bool,
}

/// What follows from a meeting.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Ruling {
    /// Nobody needs to hear of it.
    Silent,
    /// The commit goes through with a line that says so.
    Warn(Reason),
    /// The commit is stopped, where the mode is `enforce`.
    Block(Reason),
}

/// Applies the rules 2 to 5 of DESIGN.md section 4 to one conflict. Rule 1 is the claims' own.
///
/// Every block can be resolved by the blocked side alone: it ends when the path is left out, when the other's work is
/// merged or rebased onto (`stacked`), when it is acknowledged, and by itself when the other lands or falls dormant.
#[must_use]
pub fn rule(meeting: &Meeting, policy: &Policy) -> Ruling {
    if meeting.stacked || meeting.acknowledged || meeting.over {
        return Ruling::Silent;
    }
    match meeting.effect {
        Effect::Keeps => return Ruling::Warn(Reason::Present),
        Effect::Shrinks => return Ruling::Warn(Reason::Shrunk),
        Effect::Adds => {}
    }
    if meeting.on_target {
        return Ruling::Warn(Reason::OnTarget);
    }
    // As of those who build on the target: whoever builds on unfinished work follows it.
    if meeting.built_on {
        return Ruling::Warn(Reason::BuiltOn);
    }
    if !meeting.may_block {
        return Ruling::Warn(Reason::PathOnlyWarns);
    }
    if meeting.by_lines {
        return Ruling::Warn(Reason::ByLines);
    }
    match meeting.other {
        Kind::Remote => Ruling::Warn(Reason::Remote),
        Kind::Branch if !policy.block_branches => Ruling::Warn(Reason::Branch),
        _ if meeting.committed => Ruling::Block(Reason::Committed),
        _ => Ruling::Warn(Reason::Uncommitted),
    }
}

/// What the commit does to a conflict, from the overlap that HEAD has on the path (`before`) and the one that the commit
/// would have (`after`), both in the lines of the target's file.
///
/// A path that is in conflict already stays so: only conflicting lines away from all those that HEAD has are new.
#[must_use]
pub fn effect(before: Option<&PathOverlap>, after: &PathOverlap) -> Effect {
    let Some(before) = before.filter(|overlap| overlap.grade == Grade::Conflict) else { return Effect::Adds };
    let touches_old =
        |span: &LineSpan| before.a_lines.iter().any(|old| span.first <= old.last + 1 && old.first <= span.last + 1);
    if !before.a_lines.is_empty() && !after.a_lines.iter().all(touches_old) {
        return Effect::Adds;
    }
    let lines = |overlap: &PathOverlap| -> u32 { overlap.a_own.iter().map(|span| span.last + 1 - span.first).sum() };
    if lines(after) < lines(before) { Effect::Shrinks } else { Effect::Keeps }
}

#[cfg(test)]
mod tests {
    use super::super::hunk::Spans;
    use super::super::overlap::ConflictKind;
    use super::super::path::RepoPath;
    use super::*;

    fn meeting() -> Meeting {
        Meeting {
            other: Kind::Worktree,
            committed: true,
            effect: Effect::Adds,
            on_target: false,
            may_block: true,
            by_lines: false,
            stacked: false,
            built_on: false,
            acknowledged: false,
            over: false,
        }
    }

    fn check(meeting: &Meeting, expected: Ruling) {
        assert_eq!(rule(meeting, &Policy::default()), expected, "{meeting:?}");
    }

    fn conflict_in(lines: &[(u32, u32)]) -> PathOverlap {
        let spans: Spans = lines.iter().map(|&(first, last)| LineSpan { first, last }).collect();
        PathOverlap {
            a_lines: spans.clone(),
            a_own: spans,
            ..PathOverlap::without_lines(
                RepoPath::new("x").expect("a valid path"),
                Grade::Conflict,
                Some(ConflictKind::Content),
                true,
            )
        }
    }

    #[test]
    fn lines_away_from_the_old_conflict_are_a_new_one() {
        let old = conflict_in(&[(10, 14)]);
        assert_eq!(effect(None, &old), Effect::Adds);
        assert_eq!(effect(Some(&PathOverlap { grade: Grade::Disjoint, ..old.clone() }), &old), Effect::Adds);
        assert_eq!(effect(Some(&old), &old), Effect::Keeps);
        assert_eq!(effect(Some(&old), &conflict_in(&[(10, 14), (40, 41)])), Effect::Adds);
        assert_eq!(effect(Some(&old), &conflict_in(&[(12, 12)])), Effect::Shrinks);
        assert_eq!(effect(Some(&old), &conflict_in(&[(8, 15)])), Effect::Keeps);
    }

    #[test]
    fn only_an_added_conflict_with_committed_work_blocks() {
        check(&meeting(), Ruling::Block(Reason::Committed));
        check(&Meeting { other: Kind::Session, ..meeting() }, Ruling::Block(Reason::Committed));
        check(&Meeting { other: Kind::Synced, ..meeting() }, Ruling::Block(Reason::Committed));
        check(&Meeting { other: Kind::Synced, by_lines: true, ..meeting() }, Ruling::Warn(Reason::ByLines));
        check(&Meeting { committed: false, ..meeting() }, Ruling::Warn(Reason::Uncommitted));
        check(&Meeting { effect: Effect::Keeps, ..meeting() }, Ruling::Warn(Reason::Present));
        check(&Meeting { effect: Effect::Shrinks, ..meeting() }, Ruling::Warn(Reason::Shrunk));
        check(&Meeting { on_target: true, ..meeting() }, Ruling::Warn(Reason::OnTarget));
        check(&Meeting { built_on: true, ..meeting() }, Ruling::Warn(Reason::BuiltOn));
        check(&Meeting { may_block: false, ..meeting() }, Ruling::Warn(Reason::PathOnlyWarns));
    }

    #[test]
    fn remote_branches_never_block_and_local_ones_when_asked() {
        check(&Meeting { other: Kind::Remote, ..meeting() }, Ruling::Warn(Reason::Remote));
        check(&Meeting { other: Kind::Branch, ..meeting() }, Ruling::Warn(Reason::Branch));
        let policy = Policy { block_branches: true, ..Policy::default() };
        assert_eq!(rule(&Meeting { other: Kind::Branch, ..meeting() }, &policy), Ruling::Block(Reason::Committed));
        assert_eq!(rule(&Meeting { other: Kind::Remote, ..meeting() }, &policy), Ruling::Warn(Reason::Remote));
    }

    #[test]
    fn each_way_out_silences_the_block() {
        for way_out in [
            Meeting { stacked: true, ..meeting() },
            Meeting { acknowledged: true, ..meeting() },
            Meeting { over: true, ..meeting() },
        ] {
            check(&way_out, Ruling::Silent);
        }
    }
}
