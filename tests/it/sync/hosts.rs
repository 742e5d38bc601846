//! Who is who: copies of a clone, machines of one name, and what a machine leaves behind.
//! Must not know: how a name is kept.

use super::super::world::FILE;
use super::{met, published};

fn hosts(refs: &[String]) -> std::collections::BTreeSet<&str> {
    refs.iter().filter_map(|line| line.split('/').nth(2)).collect()
}

#[test]
fn a_copy_of_a_clone_is_another_one() {
    let world = met("content");
    let one = world.main();
    one.edit(FILE, 10, "mine");
    one.coord(&["sync", "--yes"]).ok();
    world.at("").sh("cp -r repo copy").ok();
    let copy = world.at("copy");
    copy.edit(FILE, 10, "the copy's");
    copy.coord(&["sync", "--yes"]).ok().says("fetched main@");
    let all = published(&world);
    assert_eq!((all.len(), hosts(&all).len()), (2, 2));
    one.coord(&["sync"]).ok().says("fetched main@");
}

#[test]
fn two_machines_of_one_name_are_told_apart() {
    let world = met("content");
    let (one, two) = (world.main().with("COORD_HOST", "agent"), world.at("two").with("COORD_HOST", "agent"));
    one.edit(FILE, 10, "mine");
    two.edit(FILE, 10, "theirs");
    one.coord(&["sync", "--yes"]).ok().says("as agent at");
    two.coord(&["sync", "--yes"]).ok().says("publishes as agent too").says("fetched main@agent");
    assert_eq!(hosts(&published(&world)).len(), 2);
    two.coord(&["sync"]).ok().says_not("publishes as");
    one.coord(&["sync"]).ok().says("fetched main@agent").says_not("publishes as");
    two.coord(&["scan"]).ends_with(1).says("main@agent");
}

#[test]
fn a_machine_image_started_twice_is_two_machines() {
    let world = met("content");
    let one = world.main();
    one.edit(FILE, 10, "first");
    one.coord(&["sync", "--yes"]).ok();
    // Same place, same files: only what the remote has tells.
    world.at("").sh("cp -r repo image").ok();
    one.edit(FILE, 10, "one's");
    one.coord(&["sync"]).ok();
    world.at("").sh("mv repo started && mv image repo").ok();
    let again = world.main();
    again.edit(FILE, 10, "two's");
    again.coord(&["sync"]).ok().says("another clone publishes as").says("fetched main@");
    assert_eq!(hosts(&published(&world)).len(), 2);
    world.at("started").coord(&["sync"]).ok().says("fetched main@");
}

#[test]
fn a_lost_state_is_no_stranger() {
    let world = met("content");
    let one = world.main();
    one.edit(FILE, 10, "mine");
    one.coord(&["sync", "--yes"]).ok();
    std::fs::remove_file(one.dir.join(".git/coord/sync/state.json")).expect("ours");
    one.edit(FILE, 10, "more");
    one.coord(&["sync", "--yes"]).ok().says_not("another clone").says("nobody else");
    assert_eq!(published(&world).len(), 1);
}

#[test]
fn a_state_that_cannot_be_read_is_said_and_overwritten_only_where_it_is_damaged() {
    let world = met("content");
    let (one, two) = (world.main(), world.at("two"));
    two.edit(FILE, 10, "theirs");
    two.coord(&["sync", "--yes"]).ok();
    one.coord(&["sync", "--yes"]).ok();
    one.coord(&["install"]).ok();
    let state = one.dir.join(".git/coord/sync/state.json");
    for (left, says) in [(r#"{"version":99}"#, "later version"), ("{", "cannot be understood")] {
        std::fs::write(&state, left).expect("ours");
        one.coord(&["scan"]).says("instances of other machines could not be read");
        one.coord(&["claim", "src"]).ends_with(2).says(says);
        one.edit(FILE, 30, left);
        one.git(&["commit", "-q", "-a", "-m", "Edit"]).ok().says("could not judge against other machines");
    }
    one.coord(&["sync", "--yes"]).ok().says("@");
    std::fs::write(&state, r#"{"version":99}"#).expect("ours");
    one.coord(&["sync", "--yes"]).ends_with(2).says("later version");
    assert_eq!(std::fs::read_to_string(&state).expect("ours"), r#"{"version":99}"#);
}

#[test]
fn what_a_gone_machine_left_can_be_taken_away() {
    let world = met("content");
    let (one, two) = (world.main().with("COORD_HOST", "gone"), world.at("two"));
    one.edit(FILE, 10, "mine");
    one.coord(&["sync", "--yes"]).ok();
    two.coord(&["sync", "--yes"]).ok().says("main@gone");
    two.coord(&["sync", "--forget", "nobody"]).ends_with(2).says("nothing");
    two.coord(&["sync", "--forget", "gone"]).ok().says("removed 1");
    two.coord(&["scan", "--all"]).ok().says_not("@gone");
    // Were it not gone, it would be back.
    one.coord(&["sync"]).ok();
    one.edit(FILE, 11, "still here");
    one.coord(&["sync"]).ok();
    assert!(published(&world).iter().any(|line| line.contains("/gone/")));
}
