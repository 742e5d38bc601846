//! Claims that more than one machine sees.
//! Must not know: which refs they are.

use std::process::{Child, Stdio};
use std::thread;

use super::super::world::{FILE, Place, Run, World};
use super::{clone, met};

/// Two clones that have met.
fn acquainted() -> World {
    let world = met("content");
    for place in [world.main(), world.at("two"), world.main()] {
        place.coord(&["sync", "--yes"]).ok();
    }
    world
}

fn tokens(place: &Place<'_>) -> Vec<u64> {
    let listed = place.json(&["claims"]);
    let all = listed["claims"].as_array().expect("a list");
    all.iter().filter_map(|claim| claim["token"].as_u64()).collect()
}

/// How much of a lease is left, in this unit, as somebody is told who cannot have it.
pub(crate) fn left(run: &Run, unit: &str) -> u64 {
    let words = run.stdout.split(&format!(" {unit} more")).next().and_then(|before| before.rsplit(' ').next());
    words.and_then(|number| number.parse().ok()).unwrap_or_else(|| run.fail("names no time that is left"))
}

/// What the hub's claims say, the token and whether it is held.
fn at_the_hub(world: &World) -> Vec<(u64, bool)> {
    let listed = world.at("hub.git").sh("git for-each-ref --format='%(refname) %(contents:subject)' refs/coord-claims | grep -v -e -wait/ | sed 's/^[^ ]* //'").stdout;
    let records = listed.lines().filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok());
    records.map(|record| (record["token"].as_u64().expect("a number"), record["held"] == true)).collect()
}

#[test]
fn a_claim_keeps_other_machines_off_until_it_is_released() {
    let world = acquainted();
    let (one, two) = (world.main(), world.at("two"));
    one.coord(&["claim", FILE, "--task", "Routing"]).ok().says("claimed");
    two.coord(&["claim", FILE]).ends_with(1).says("main@").says("Routing");
    two.coord(&["claims"]).ok().says("main@");
    assert_eq!(tokens(&two).len(), 1, "nothing is left of the attempt");
    two.coord(&["install"]).ok();
    two.git(&["switch", "-q", "-c", "auth"]).ok();
    two.coord(&["check", FILE]).ends_with(1).says("claimed by main@");
    two.commit_edit(3, "auth was here").ends_with(1).says("claimed by main@");
    one.coord(&["release"]).ok();
    assert_eq!(at_the_hub(&world), [(1, false)]);
    two.coord(&["claim", FILE]).ok();
    assert_eq!(at_the_hub(&world), [(2, true)]);
    two.git(&["commit", "-q", "-m", "Authenticate"]).ok();
    one.coord(&["claim", FILE]).ends_with(1).says("auth@");
}

#[test]
fn patterns_that_overlap_exclude_each_other() {
    let world = acquainted();
    let (one, two) = (world.main(), world.at("two"));
    one.coord(&["claim", "src"]).ok();
    two.coord(&["claim", FILE]).ends_with(1).says("src by main@");
    two.coord(&["claim", "src/**/*.rs"]).ends_with(1);
    two.coord(&["claim", "README.md", FILE]).ends_with(1);
    two.coord(&["claim", "README.md"]).ok();
    one.coord(&["claim", "README.md", "docs"]).ends_with(1).says("README.md by main@");
    // All or nothing: the half that was free is free still.
    two.coord(&["claim", "docs"]).ok();
}

#[test]
fn a_lease_runs_out_by_the_clock_of_who_looks() {
    let world = acquainted();
    let (one, two) = (world.main(), world.at("two"));
    one.coord(&["claim", FILE, "--ttl", "2s"]).ok();
    // The holder says nothing more, and its own wall clock says nothing at all.
    two.coord(&["claim", FILE, "--wait", "300s"]).ok();
    assert_eq!(at_the_hub(&world), [(2, true)]);
    // Who lost it is told, and cannot take it for theirs.
    one.coord(&["sync"]).ok();
    one.coord(&["install"]).ok();
    one.git(&["switch", "-q", "-c", "search"]).ok();
    one.commit_edit(3, "search was here").ends_with(1).says("claimed by main@");
}

#[test]
fn a_renewed_lease_lives_on_elsewhere() {
    let world = acquainted();
    let (one, two) = (world.main(), world.at("two"));
    one.coord(&["claim", FILE, "--ttl", "1h"]).ok();
    two.coord(&["claim", FILE]).ends_with(1);
    one.coord(&["renew", "--ttl", "5h"]).ok();
    assert!((4..=5).contains(&left(&two.coord(&["claim", FILE]).ends_with(1), "h")));
}

#[test]
fn a_number_survives_the_removal_of_its_ref() {
    let world = acquainted();
    let (one, two) = (world.main(), world.at("two"));
    for place in [&one, &two, &one] {
        place.coord(&["claim", FILE]).ok();
        place.coord(&["release"]).ok();
    }
    assert_eq!(at_the_hub(&world), [(3, false)]);
    world
        .at("hub.git")
        .sh("git for-each-ref --format='delete %(refname)' refs/coord-claims | git update-ref --stdin")
        .ok();
    two.coord(&["claim", FILE]).ok();
    assert!(at_the_hub(&world)[0].0 >= 3, "{:?}", at_the_hub(&world));
    one.coord(&["sync"]).ok();
    two.coord(&["release"]).ok();
    one.coord(&["claim", FILE]).ok();
    assert!(at_the_hub(&world)[0].0 > 3, "{:?}", at_the_hub(&world));
}

#[test]
fn a_partition_ends_with_both_told_and_one_yielding() {
    let world = acquainted();
    let (one, two) = (world.main(), world.at("two"));
    world.at("").sh("mv hub.git away.git").ok();
    for place in [&one, &two] {
        place.coord(&["claim", FILE]).ok().says("other machines do not know of it yet");
    }
    world.at("").sh("mv away.git hub.git").ok();
    let said: Vec<String> = [&one, &two, &two, &one].map(|place| place.coord(&["sync"]).ok().stdout).into();
    let held: Vec<bool> =
        [&one, &two].map(|place| place.json(&["claims"]).to_string().contains("\"mine\":true")).into();
    assert_eq!(held.iter().filter(|held| **held).count(), 1, "{said:?}");
    assert!(said.iter().any(|said| said.contains("yields to yours")), "{said:?}");
    assert!(said.iter().any(|said| said.contains("yields to theirs")), "{said:?}");
    let (loser, winner) = if held[0] { (&two, &one) } else { (&one, &two) };
    loser.coord(&["log"]).ok().says("yields to theirs");
    winner.coord(&["claims"]).ok();
    loser.coord(&["claim", FILE]).ends_with(1);
}

#[test]
fn of_many_at_once_one_holds_it_at_a_time() {
    let world = acquainted();
    let places: Vec<Place<'_>> = (0..4).map(|n| clone(&world, &format!("c{n}"))).collect();
    world.at("hub.git").git(&["config", "core.logAllRefUpdates", "always"]).ok();
    for place in &places {
        place.git(&["config", "coord.sync", "content"]).ok();
        place.coord(&["sync", "--yes"]).ok();
    }
    let run = |place: &Place<'_>| {
        for _ in 0..3 {
            for args in [&["claim", FILE, "--wait", "600s"][..], &["release"]] {
                let output = place.command("coord").args(args).stdin(Stdio::null()).output().expect("coord runs");
                assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
            }
        }
    };
    thread::scope(|scope| places.iter().for_each(|place| drop(scope.spawn(|| run(place)))));
    let log = world
        .at("hub.git")
        .sh("for r in $(git for-each-ref --format='%(refname)' refs/coord-claims); do \
        git log -g --format='%B' $r; done")
        .stdout;
    let mut records: Vec<serde_json::Value> = log.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
    records.reverse();
    let held: Vec<&serde_json::Value> = records.iter().filter(|record| record["held"] == true).collect();
    assert_eq!((records.len(), held.len()), (24, 12), "each was granted and given back once");
    assert!(records.windows(2).all(|pair| pair[0]["held"] != pair[1]["held"]), "one holder at a time");
    assert!(held.windows(2).all(|pair| pair[0]["token"].as_u64() < pair[1]["token"].as_u64()), "numbers only grow");
}

#[test]
fn a_claim_of_another_machine_can_be_taken_by_force() {
    let world = acquainted();
    let (one, two) = (world.main(), world.at("two"));
    one.coord(&["claim", FILE]).ok();
    two.coord(&["claim", FILE]).ends_with(1).says("--force 1");
    two.coord(&["claim", FILE, "--force", "1"]).ok();
    assert_eq!(at_the_hub(&world), [(2, true)]);
    one.coord(&["sync"]).ok().says("yields to theirs");
    one.coord(&["claims"]).ok().says("main@");
    one.coord(&["claim", FILE]).ends_with(1);
}

#[test]
fn shared_claims_and_clones_that_only_fetch_ask_nobody() {
    let world = acquainted();
    let (one, two) = (world.main(), world.at("two"));
    one.coord(&["claim", FILE, "--shared"]).ok();
    two.coord(&["claim", FILE, "--shared"]).ok();
    assert_eq!(at_the_hub(&world), []);
    let three = clone(&world, "three");
    three.git(&["config", "coord.sync", "content"]).ok();
    three.coord(&["sync", "pull"]).ok();
    three.coord(&["claim", "README.md"]).ok();
    assert_eq!(at_the_hub(&world), [], "it never agreed to publish");
    one.coord(&["claim", "docs"]).ok();
    three.coord(&["sync", "pull"]).ok();
    three.coord(&["claims"]).ok().says("docs").says("main@");
}

/// How many stand in line at the hub.
fn in_line(world: &World) -> usize {
    world
        .at("hub.git")
        .sh("git for-each-ref refs/coord-claims | grep -c -e -wait/ || true")
        .stdout
        .trim()
        .parse()
        .expect("a number")
}

/// Somebody who waits for the file, once they stand in line as the `nth`.
fn waiting(world: &World, place: &Place<'_>, nth: usize) -> Child {
    let mut command = place.command("coord");
    command.args(["claim", FILE, "--wait", "600s"]).stdout(Stdio::null()).stderr(Stdio::null());
    let mut child = command.spawn().expect("coord starts");
    while in_line(world) < nth {
        assert!(child.try_wait().expect("ours").is_none(), "it does not wait");
    }
    child
}

#[test]
fn who_came_first_goes_first_and_nobody_waits_for_the_dead() {
    let world = acquainted();
    let (one, two, three) = (world.main(), world.at("two"), clone(&world, "three"));
    three.git(&["config", "coord.sync", "content"]).ok();
    three.coord(&["sync", "--yes"]).ok();
    one.coord(&["claim", FILE]).ok();
    let mut dead = waiting(&world, &three, 1);
    dead.kill().expect("ours");
    dead.wait().expect("ours");
    let mut second = waiting(&world, &two, 2);
    let mut third = waiting(&world, &three, 3);
    one.coord(&["release"]).ok();
    assert!(second.wait().expect("ours").success());
    assert!(third.try_wait().expect("ours").is_none(), "it went before");
    assert_eq!(in_line(&world), 1, "the dead one's place is gone with the second's");
    two.coord(&["release"]).ok();
    assert!(third.wait().expect("ours").success());
    assert_eq!((in_line(&world), at_the_hub(&world).as_slice()), (0, &[(3, true)][..]));
    // Whose time is over leaves the line.
    one.coord(&["claim", FILE, "--wait", "1s"]).ends_with(1);
    assert_eq!(in_line(&world), 0);
}
