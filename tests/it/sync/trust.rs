//! What comes from the remote is data, from whoever may push.
//! Must not know: how it is parsed.

use super::super::world::{FILE, Place};
use super::{instance, label, met, published};

/// A commit in the hub that carries `message`, under a ref.
fn plant(hub: &Place<'_>, name: &str, message: &str) {
    hub.write("message", message);
    hub.sh(&format!(
        "tree=$(git mktree </dev/null) && git update-ref {name} $(git commit-tree $tree -F message </dev/null)"
    ))
    .ok();
}

#[test]
fn one_that_cannot_be_used_spoils_nothing_of_the_others() {
    let world = met("content");
    let (one, two, hub) = (world.main(), world.at("two"), world.at("hub.git"));
    one.edit(FILE, 10, "mine");
    one.coord(&["sync", "--yes"]).ok();
    plant(&hub, "refs/coord/evil/main", "no record");
    plant(&hub, "refs/coord/evil/deep", &"[".repeat(100_000));
    plant(&hub, "refs/coord/evil/wide", &format!("{{\"coord\":1,\"x\":\"{}\"}}", "x".repeat(5 << 20)));
    plant(&hub, "refs/coord/evil/late", "{\"coord\":99}");
    plant(&hub, "refs/coord/EVIL/up", "{}");
    plant(&hub, "refs/coord/evil/a/b/c", "{}");
    hub.sh("git update-ref refs/coord/evil/blob $(echo x | git hash-object -w --stdin)").ok();
    hub.sh("git update-ref refs/coord/evil/tree $(git mktree </dev/null)").ok();
    two.coord(&["sync", "--yes"]).ok().says("fetched main@").says("cannot be used");
    let scan = two.json(&["scan"]);
    assert_eq!(instance(&scan, label(&scan, "main"))["state"], "in_progress");
    assert!(!scan.to_string().contains("evil"), "{scan}");
}

#[test]
fn names_cannot_write_to_the_terminal() {
    let world = met("content");
    let two = world.at("two");
    let record = "{\"coord\":1,\"mode\":\"content\",\"host\":\"h\\u001b[31m\",\"label\":\"x\\u202e\\u009b\",\
                  \"kind\":\"worktree\",\"task\":\"\\u001b]0;t\\u0007\",\"at\":\"2026-01-31T14:30:00Z\"}";
    plant(&world.at("hub.git"), "refs/coord/evil/main", record);
    two.coord(&["sync", "--yes"]).ok();
    for command in [&["scan", "--all"][..], &["sync"], &["scan", "--json"], &["log"]] {
        let run = two.coord(command);
        let text = run.stdout.clone() + &run.stderr;
        assert!(!text.contains(['\u{1b}', '\u{202e}', '\u{9b}', '\u{7}']), "{command:?}: {text:?}");
    }
}

#[test]
fn objects_that_git_does_not_take_leave_the_others() {
    let world = met("content");
    let (one, two, hub) = (world.main(), world.at("two"), world.at("hub.git"));
    one.edit(FILE, 10, "mine");
    one.coord(&["sync", "--yes"]).ok();
    // A tree that would write outside of the worktree.
    let tree = "blob=$(echo x | git hash-object -w --stdin); printf '100644 ../x\\0' >t; \
                printf \"$(echo $blob | sed 's/../\\\\x&/g')\" >>t; \
                tree=$(git hash-object -t tree -w --literally --stdin <t); \
                git update-ref refs/coord/evil/main $(printf 'tree %s\\nauthor a <a> 1 +0000\\ncommitter a <a> 1 +0000\\n\\n{}' \
                $tree | git hash-object -t commit -w --literally --stdin)";
    hub.command("bash").args(["-c", tree]).output().expect("bash runs");
    assert_eq!(published(&world).len(), 2);
    two.coord(&["sync", "--yes"]).ok().says("fetched main@").says("not fit to be fetched");
    two.coord(&["sync"]).ok().says("fetched main@");
}

#[test]
fn a_tracked_file_cannot_choose_where_work_goes() {
    let world = met("content");
    let one = world.main();
    one.write("coord.toml", "sync = \"content\"\nsyncRemote = \"https://evil.example/x.git\"\n");
    one.commit("Evil").ok();
    one.coord(&["sync", "--yes"]).ends_with(2).says("name of a remote");
}

#[test]
fn a_ref_that_was_removed_or_set_back_is_noticed_and_mended() {
    let world = met("content");
    let (one, hub) = (world.main(), world.at("hub.git"));
    one.edit(FILE, 10, "first");
    one.coord(&["sync", "--yes"]).ok();
    let first = published(&world);
    let (name, old) = first[0].split_once(' ').expect("a ref and an id");
    one.edit(FILE, 10, "second");
    one.coord(&["sync"]).ok();
    hub.git(&["update-ref", name, old]).ok();
    one.edit(FILE, 10, "third");
    one.coord(&["sync"]).ok().says("set back");
    hub.git(&["update-ref", "-d", name]).ok();
    one.edit(FILE, 10, "fourth");
    one.coord(&["sync"]).ok().says("removed at the remote");
    assert_eq!(published(&world).len(), 1);
    one.coord(&["log"]).ok().says("set back").says("removed at the remote");
}
