//! What coord remembers of a session: which files it changed, what it was told; and whose a file of a shared checkout is.
//! Must not know: where it is kept, how the agent said it.

use std::collections::{BTreeMap, BTreeSet};

use super::id::Identity;
use super::path::RepoPath;
use super::time::Timestamp;

/// The session that `coord doctor` plays in a rehearsal: it hears what any would, and nobody hears of it.
pub const REHEARSAL: &str = "coord-doctor";

/// The most files, and the most things told, that are remembered; the oldest are forgotten first.
const MOST: usize = 2_000;

/// What is remembered of one session.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Memory {
    /// The session's id.
    pub session: String,
    /// The files it changed, by worktree, and when it last did.
    pub touched: BTreeMap<(Identity, RepoPath), Timestamp>,
    /// What it was told already: a word for each thing.
    pub told: BTreeSet<String>,
}

impl Memory {
    /// Nothing yet of this session.
    #[must_use]
    pub fn new(session: impl Into<String>) -> Self {
        Self { session: session.into(), ..Self::default() }
    }

    /// Notes that the session changed a file.
    pub fn touch(&mut self, identity: &Identity, path: &RepoPath, at: Timestamp) {
        self.touched.insert((identity.clone(), path.clone()), at);
        while self.touched.len() > MOST {
            let oldest = self.touched.iter().min_by_key(|(_, at)| **at).map(|(key, _)| key.clone());
            if let Some(oldest) = oldest {
                self.touched.remove(&oldest);
            }
        }
    }

    /// Notes that it was told; whether it is news.
    pub fn tell(&mut self, what: String) -> bool {
        if self.told.len() >= MOST {
            self.told.clear();
        }
        self.told.insert(what)
    }

    /// Whether it changed this file.
    #[must_use]
    pub fn has_touched(&self, identity: &Identity, path: &RepoPath) -> bool {
        self.touched.contains_key(&(identity.clone(), path.clone()))
    }
}

/// Whose uncommitted change of a file it is.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Whose {
    /// This session alone changed it.
    One(String),
    /// Several did.
    Several,
    /// No session said so: a person, a command, a session without hooks.
    Unknown,
}

/// Whose a file of a shared checkout is, from the memories of its live sessions.
#[must_use]
pub fn whose(memories: &[Memory], identity: &Identity, path: &RepoPath) -> Whose {
    let mut touchers = memories.iter().filter(|memory| memory.has_touched(identity, path));
    match (touchers.next(), touchers.next()) {
        (None, _) => Whose::Unknown,
        (Some(one), None) => Whose::One(one.session.clone()),
        (Some(_), Some(_)) => Whose::Several,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_its_only_touchers() {
        let path = RepoPath::new("a").expect("a valid path");
        let mut memories = vec![Memory::new("one"), Memory::new("two")];
        let main = Identity::MainWorktree;
        assert_eq!(whose(&memories, &main, &path), Whose::Unknown);
        memories[1].touch(&main, &path, Timestamp(1));
        assert_eq!(whose(&memories, &main, &path), Whose::One("two".into()));
        assert_eq!(whose(&memories, &Identity::Worktree((*b"x").into()), &path), Whose::Unknown);
        memories[0].touch(&main, &path, Timestamp(2));
        assert_eq!(whose(&memories, &main, &path), Whose::Several);
    }

    #[test]
    fn a_memory_stays_small_and_keeps_the_youngest() {
        let mut memory = Memory::new("one");
        let path = |n: i64| RepoPath::new(format!("f{n}")).expect("a valid path");
        for n in 0..2_010 {
            memory.touch(&Identity::MainWorktree, &path(n), Timestamp(n));
        }
        assert_eq!(memory.touched.len(), MOST);
        assert!(memory.has_touched(&Identity::MainWorktree, &path(2_009)));
        assert!(!memory.has_touched(&Identity::MainWorktree, &path(0)));
        assert!(memory.tell("x".into()) && !memory.tell("x".into()));
    }
}
