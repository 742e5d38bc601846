//! Servers as they are: what refuses, what is away, what breaks off, and `coord doctor` that tells beforehand.
//! Must not know: what an answer of git means.

use super::super::world::{FILE, executable};
use super::{met, published};

#[test]
fn the_doctor_tries_the_whole_way_and_leaves_nothing() {
    let world = met("content");
    let one = world.main();
    one.coord(&["install"]).ok();
    one.coord(&["doctor"]).ok().says("can publish, swap, fetch and remove");
    assert_eq!(published(&world), Vec::<String>::new());
    one.git(&["config", "coord.sync", "off"]).ok();
    one.coord(&["doctor"]).ok().says_not("publish, swap");
    one.coord(&["doctor", "--sync"]).ok().says("can publish, swap, fetch and remove");
    one.git(&["remote", "set-url", "origin", "/nowhere/x.git"]).ok();
    one.coord(&["doctor", "--sync"]).ends_with(1).says("could not publish");
}

#[test]
fn a_namespace_that_is_refused_is_known_from_then_on() {
    for (setting, value, said) in
        [("receive.hideRefs", "refs/coord", "hidden ref"), ("transfer.hideRefs", "refs/coord", "hidden ref")]
    {
        let world = met("content");
        let (one, hub) = (world.main(), world.at("hub.git"));
        hub.git(&["config", setting, value]).ok();
        one.edit(FILE, 10, "mine");
        one.coord(&["sync", "--yes"]);
        one.edit(FILE, 10, "mine again");
        one.coord(&["sync", "--yes"]).ends_with(2).says("takes no refs/coord/*").says("syncRemote");
        one.coord(&["doctor", "--sync"]).ends_with(1).says(said);
        // It does not try again by itself, and fetches all the same.
        one.coord(&["sync"]).ends_with(2).says(said).says("fetched");
        hub.git(&["config", "--unset", setting]).ok();
        one.coord(&["sync", "push"]).ok().says("published main");
        one.coord(&["sync"]).ok();
    }
}

#[test]
fn a_hook_of_the_server_that_declines_is_told_in_its_words() {
    let world = met("content");
    let (one, hub) = (world.main(), world.at("hub.git"));
    hub.write("hooks/pre-receive", "#!/bin/sh\necho only release managers push here >&2\nexit 1\n");
    executable(&hub.dir.join("hooks/pre-receive"));
    one.coord(&["sync", "--yes"]).ends_with(2).says("only release managers push here");
}

#[test]
fn a_remote_that_cannot_be_written_is_read_all_the_same() {
    let world = met("content");
    let (one, two) = (world.main(), world.at("two"));
    one.edit(FILE, 10, "mine");
    one.coord(&["sync", "--yes"]).ok();
    world.drop_privileges();
    world.at("").sh("chmod -R a-w hub.git").ok();
    two.coord(&["sync", "--yes"]).ends_with(2).says("fetched main@");
    two.coord(&["scan"]).ok().says("main@");
    world.at("").sh("chmod -R u+w hub.git").ok();
    two.coord(&["sync", "--yes"]).ok().says("published main");
}

#[test]
fn an_outage_is_backed_off_from_by_what_nobody_waits_for() {
    let world = met("content");
    let (one, two) = (world.main(), world.at("two"));
    one.edit(FILE, 10, "mine");
    one.coord(&["sync", "--yes"]).ok();
    two.coord(&["sync", "--yes"]).ok();
    world.at("").sh("mv hub.git away.git").ok();
    two.coord(&["sync"]).ends_with(2).says("could not fetch from origin");
    // What was fetched stands, and says how old it is.
    two.coord(&["scan"]).ok().says("main@").says("as fetched");
    world.at("").sh("mv away.git hub.git").ok();
    one.edit(FILE, 11, "more");
    one.coord(&["sync"]).ok();
    two.git(&["config", "coord.syncEvery", "0s"]).ok();
    let before = two.sh("cat .git/coord/sync/state.json").stdout;
    two.coord(&["sync", "--background"]).ok().silent();
    assert_eq!(two.sh("cat .git/coord/sync/state.json").stdout, before, "it waits after a failure");
    two.coord(&["sync"]).ok().says("1 new or changed");
    two.coord(&["sync", "--background"]).ok().silent();
}

#[test]
fn nobody_is_ever_asked_for_a_password() {
    let world = met("content");
    let one = world.main();
    one.write("ask", "#!/bin/sh\necho asked >>../asked\necho secret\n");
    executable(&one.dir.join("ask"));
    let ask = one.dir.join("ask");
    let one = one.with("GIT_ASKPASS", &ask).with("SSH_ASKPASS", &ask).with("GIT_TERMINAL_PROMPT", "1");
    for url in ["https://127.0.0.1:1/x.git", "ssh://nobody@127.0.0.1:1/x.git", "git://127.0.0.1:1/x.git"] {
        one.git(&["remote", "set-url", "origin", url]).ok();
        one.coord(&["sync", "--yes"]).ends_with(2).says("could not");
    }
    one.git(&["remote", "set-url", "origin", "ext::sh -c touch% ../run"]).ok();
    one.coord(&["sync", "--yes"]).ends_with(2).says("not allowed");
    assert!(!world.path("asked").exists() && !world.path("run").exists());
}

#[test]
fn a_password_in_the_address_is_shown_to_nobody() {
    let world = met("content");
    let one = world.main();
    one.git(&["remote", "set-url", "origin", "https://me:hunter2@127.0.0.1:1/x.git"]).ok();
    for command in [&["sync"][..], &["sync", "--yes"], &["doctor", "--sync"], &["log"], &["sync", "--json"]] {
        one.coord(command).says_not("hunter2");
    }
    one.sh("! grep -r hunter2 .git/coord").ok();
}

#[test]
fn a_shallow_clone_takes_part() {
    let world = met("content");
    let one = world.main();
    for n in 1..5 {
        one.commit_edit(n, "history").ok();
    }
    one.git(&["push", "-q", "origin", "main"]).ok();
    let url = format!("file://{}", world.path("hub.git").display());
    world.at("").git(&["clone", "-q", "--depth", "1", &url, "shallow"]).ok();
    let shallow = world.at("shallow");
    shallow.git(&["config", "coord.sync", "content"]).ok();
    one.git(&["switch", "-q", "-c", "search"]).ok();
    one.commit_edit(10, "search was here").ok();
    one.coord(&["sync", "--yes"]).ok();
    shallow.git(&["switch", "-q", "-c", "auth"]).ok();
    shallow.edit(FILE, 10, "auth was here");
    shallow.coord(&["sync", "--yes"]).ok().says("published auth").says("search@");
    shallow.coord(&["scan"]).ends_with(1).says("search@");
    one.coord(&["sync"]).ok().says("auth@");
    one.coord(&["scan"]).ends_with(1).says("auth@");
}
