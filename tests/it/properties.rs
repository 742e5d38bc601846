//! Laws that hold for any work, tried on the real binary with random work: symmetric, the same whoever came first,
//! as git says, and every block can be resolved by the blocked side alone.
//! Must not know: how a verdict is reached.

use std::collections::BTreeSet;

use proptest::prelude::{ProptestConfig, Strategy, prop_assert_eq, proptest};
use serde_json::Value;

use crate::world::{Place, World, lines, overlap};

const FILES: [&str; 3] = ["src/api.rs", "src/user.rs", "README.md"];
const NAMES: [&str; 3] = ["auth", "docs", "search"];

/// One edit: which file, which line, what text.
type Edit = (usize, usize, u8);

/// The edits of three worktrees, a few each, close enough to collide now and then.
fn work() -> impl Strategy<Value = Vec<Vec<Edit>>> {
    let edit = (0..FILES.len(), 1..12_usize, 0..3_u8);
    proptest::collection::vec(proptest::collection::vec(edit, 1..4), NAMES.len())
}

fn config(cases: u32) -> ProptestConfig {
    let cases = crate::world::switch("COORD_TEST_CASES").and_then(|n| n.to_str()?.parse().ok()).unwrap_or(cases);
    ProptestConfig { cases, max_shrink_iters: 30, failure_persistence: None, ..ProptestConfig::default() }
}

fn apply(place: &Place<'_>, edits: &[Edit]) {
    for &(file, line, text) in edits {
        place.edit(FILES[file], line, &format!("text {text}"));
    }
}

/// A world in which the worktrees were made in `order` and have committed their edits, unjudged.
fn build(order: &[usize], work: &[Vec<Edit>]) -> World {
    let world = World::new();
    for &who in order {
        let place = world.worktree(NAMES[who]);
        apply(&place, &work[who]);
        place.git(&["commit", "-q", "-a", "--allow-empty", "-m", "Work"]).ok();
    }
    world
}

/// Who conflicts with whom on what, without an order of the pair.
fn conflicts(scan: &Value) -> BTreeSet<(BTreeSet<String>, String)> {
    let mut found = BTreeSet::new();
    for pair in scan["overlaps"].as_array().expect("a list") {
        for path in pair["paths"].as_array().expect("a list").iter().filter(|p| p["grade"] == "conflict") {
            let sides = ["a", "b"].map(|side| pair[side].as_str().expect("a label").to_owned());
            found.insert((sides.into(), path["path"].as_str().expect("UTF-8").to_owned()));
        }
    }
    found
}

/// What git itself says of two branches with one fork point.
fn git_says(world: &World, one: &str, other: &str) -> BTreeSet<String> {
    let run = world.main().git(&["merge-tree", "--write-tree", "--name-only", "--no-messages", one, other]);
    run.stdout.lines().skip(1).filter(|line| !line.is_empty()).map(str::to_owned).collect()
}

proptest! {
    #![proptest_config(config(8))]

    #[test]
    fn the_answer_is_gits_and_does_not_depend_on_who_came_first(work in work()) {
        let world = build(&[0, 1, 2], &work);
        let scan = world.main().json(&["scan"]);
        let said = conflicts(&scan);
        for (a, b) in [(0, 1), (0, 2), (1, 2)] {
            for (one, other) in [(NAMES[a], NAMES[b]), (NAMES[b], NAMES[a])] {
                let pair = BTreeSet::from([one.to_owned(), other.to_owned()]);
                let ours: BTreeSet<_> = said.iter().filter(|(p, _)| *p == pair).map(|(_, path)| path.clone()).collect();
                prop_assert_eq!(ours, git_says(&world, one, other), "{} and {}", one, other);
            }
        }
        let again = build(&[2, 0, 1], &work);
        prop_assert_eq!(&said, &conflicts(&again.main().json(&["scan"])));
        // Nor on where one stands.
        prop_assert_eq!(&said, &conflicts(&world.at("docs").json(&["scan"])));
    }

    #[test]
    fn committed_or_not_is_the_same_conflict(work in work()) {
        let world = build(&[0, 1, 2], &work);
        let said = conflicts(&world.main().json(&["scan"]));
        for name in NAMES {
            world.at(name).git(&["reset", "-q", "--soft", "main"]).ok();
        }
        prop_assert_eq!(&said, &conflicts(&world.main().json(&["scan"])), "staged");
        for name in NAMES {
            world.at(name).git(&["reset", "-q"]).ok();
        }
        prop_assert_eq!(&said, &conflicts(&world.main().json(&["scan"])), "unstaged");
    }

    #[test]
    fn every_block_is_resolved_by_the_blocked_side_alone(work in work()) {
        let world = World::installed();
        let places: Vec<_> = NAMES.iter().map(|name| world.worktree(name)).collect();
        for (place, edits) in places.iter().zip(&work) {
            apply(place, edits);
            let foreseen = place.json(&["scan"]);
            let run = place.git(&["commit", "-q", "-a", "--allow-empty", "-m", "Work"]);
            if run.code == 0 {
                continue;
            }
            let run = run.blocked();
            let me = place.dir.file_name().expect("a name").to_string_lossy().into_owned();
            let seen = NAMES.iter().filter(|name| **name != me).any(|name| overlap(&foreseen, &me, name).is_some());
            prop_assert_eq!(seen, true, "a block that the scan did not see");
            // Whom it meets may be several: onto each in turn, taking both sides' place anew.
            let mut blocked = Some(run);
            for _ in 0..NAMES.len() {
                let Some(run) = blocked.take() else { break };
                place.sh(&run.way_out("git rebase --autostash"));
                for file in FILES {
                    let text = place.git(&["show", &format!("HEAD:{file}")]).ok().stdout;
                    place.write(file, text + &lines(2));
                }
                place.git(&["add", "-A"]).ok();
                let run = place.git(&["commit", "-q", "-m", "Resolved"]);
                if run.code != 0 {
                    blocked = Some(run.blocked());
                }
            }
            prop_assert_eq!(blocked.is_none(), true, "still blocked after building on everybody");
        }
    }
}
