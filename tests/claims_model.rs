//! Checks every interleaving of claims, leases, crashes, pauses and clocks that disagree, on the very table that the program
//! uses. `COORD_MODEL_STATES` raises the number of states; seeded mistakes prove that the properties would notice.

mod claims_model {
    pub(crate) mod model;
}

use claims_model::model::{Bounds, Claims, Mistake, SAFETY};
use stateright::{Checker, HasDiscoveries, Model};

/// How many states are looked at where nobody asks for more.
const STATES: usize = 200_000;
/// Everything, as far as it fits into [`STATES`].
const WIDE: Bounds = Bounds { agents: 3, ticks: 5, tokens: 4, crashes: 2 };
/// Small enough to be looked at to the end.
const SMALL: Bounds = Bounds { agents: 2, ticks: 3, tokens: 2, crashes: 1 };

#[expect(clippy::disallowed_methods, reason = "a test's own setting")]
fn states() -> usize {
    std::env::var("COORD_MODEL_STATES").ok().and_then(|n| n.parse().ok()).unwrap_or(STATES)
}

#[test]
fn claims_keep_their_promises_in_every_interleaving() {
    // Most states are reached in several ways, and the limit counts each of them.
    let checker = Claims::new(WIDE, None).checker().threads(2).target_state_count(states() * 4).spawn_bfs().join();
    let seen = checker.unique_state_count();
    for name in SAFETY {
        if let Some(path) = checker.discovery(name) {
            panic!("{name} is broken: {path}");
        }
    }
    assert!(seen >= states(), "{seen} states in all");
    for name in
        ["a take-over happens", "a superseded commit is stopped", "a lapsed claim comes back", "a crash frees a path"]
    {
        assert!(checker.discovery(name).is_some(), "{name}: never seen, so nothing was proved about it");
    }
}

#[test]
fn two_agents_are_checked_to_the_end() {
    let checker = Claims::new(SMALL, None).checker().threads(2).spawn_bfs().join();
    for name in SAFETY {
        assert!(checker.discovery(name).is_none(), "{name} is broken");
    }
    assert!(checker.is_done());
}

fn caught(mistake: Mistake, broken: &'static str) {
    let found = HasDiscoveries::AnyFailures;
    let checker = Claims::new(SMALL, Some(mistake)).checker().finish_when(found).spawn_bfs().join();
    assert!(
        checker.discovery(broken).is_some(),
        "{mistake:?} was not noticed in {} states",
        checker.unique_state_count()
    );
}

#[test]
fn a_commit_that_ignores_tokens_is_caught() {
    caught(Mistake::NoToken, "no commit passes against a later claim");
}

#[test]
fn a_token_compared_before_the_lock_is_caught() {
    caught(Mistake::ComparedBeforeLock, "no commit passes against a later claim");
}

#[test]
fn hold_and_wait_is_caught() {
    caught(Mistake::HoldAndWait, "never everybody waits");
}

#[test]
fn renewal_by_a_replaced_holder_is_caught() {
    caught(Mistake::RenewalByReplaced, "no two hold the same path");
}

#[test]
fn tokens_that_start_again_after_a_crash_are_caught() {
    caught(Mistake::TokensStartAgain, "tokens only grow");
}

#[test]
fn trust_in_a_foreign_clock_is_caught() {
    caught(Mistake::ForeignClock, "no lease ends early");
}
