//! An acknowledgement: "we know of this overlap", until it expires.
//! Must not know: where acknowledgements are kept, who may give one.

use std::collections::BTreeSet;

use super::id::Identity;
use super::path::RepoPath;
use super::time::Timestamp;

/// Somebody said that an overlap of two instances is known. The pair has no order.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Ack {
    /// One instance.
    pub a: Identity,
    /// The other instance.
    pub b: Identity,
    /// The paths, or directories, it is about; empty for all.
    pub paths: BTreeSet<RepoPath>,
    /// Who gave it, for people.
    pub by: String,
    /// Whether an agent gave it, not a person.
    pub by_agent: bool,
    /// Why.
    pub why: String,
    /// When it was given.
    pub at: Timestamp,
    /// From this moment on it no longer counts.
    pub expires: Timestamp,
}

impl Ack {
    /// The pair in its one order: the smaller identity first.
    #[must_use]
    pub fn pair(&self) -> (&Identity, &Identity) {
        if self.a <= self.b { (&self.a, &self.b) } else { (&self.b, &self.a) }
    }

    /// Whether it is about these two, in whatever order.
    #[must_use]
    pub fn is_about(&self, one: &Identity, other: &Identity) -> bool {
        (&self.a == one && &self.b == other) || (&self.a == other && &self.b == one)
    }

    /// Whether it says that `path` is known between these two.
    #[must_use]
    pub fn covers(&self, one: &Identity, other: &Identity, path: &RepoPath, now: Timestamp) -> bool {
        !self.is_expired(now)
            && self.is_about(one, other)
            && (self.paths.is_empty() || self.paths.iter().any(|known| path.is_within(known)))
    }

    /// Whether its time is over.
    #[must_use]
    pub fn is_expired(&self, now: Timestamp) -> bool {
        now >= self.expires
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ack(paths: &[&str]) -> Ack {
        Ack {
            a: Identity::Worktree((*b"x").into()),
            b: Identity::MainWorktree,
            paths: paths.iter().map(|p| RepoPath::new(*p).expect("a valid path")).collect(),
            by: "ada".into(),
            by_agent: false,
            why: String::new(),
            at: Timestamp(100),
            expires: Timestamp(200),
        }
    }

    #[test]
    fn covers_both_orders_whole_directories_and_ends_at_its_expiry() {
        let (x, main) = (Identity::Worktree((*b"x").into()), Identity::MainWorktree);
        let path = RepoPath::new("src/a.rs").expect("a valid path");
        for ack in [ack(&[]), ack(&["src"]), ack(&["src/a.rs"])] {
            assert!(ack.covers(&x, &main, &path, Timestamp(199)));
            assert!(ack.covers(&main, &x, &path, Timestamp(199)));
            assert!(!ack.covers(&main, &x, &path, Timestamp(200)));
            assert!(!ack.covers(&main, &main, &path, Timestamp(150)));
            assert_eq!(ack.pair(), (&main, &x));
        }
        assert!(!ack(&["src/a"]).covers(&x, &main, &path, Timestamp(150)));
    }
}
