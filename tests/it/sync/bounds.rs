//! What somebody publishes to be fetched by others is bounded: in size, and in number.
//! Must not know: how the bound is held.

use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;
use std::process::Stdio;

use super::super::world::{FILE, Place, everything_below};
use super::{clone, instance, label, met};

/// Puts a blob of so many bytes that nothing compresses behind a ref.
fn plant_large(hub: &Place<'_>, name: &str, bytes: usize) {
    let mut seed = 0x9e37_79b9_7f4a_7c15_u64;
    let noise = (0..bytes / 8).flat_map(|_| {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        seed.to_le_bytes()
    });
    fs::write(hub.dir.join("noise"), noise.collect::<Vec<u8>>()).expect("writable");
    let record = "{\\\"coord\\\":1,\\\"mode\\\":\\\"content\\\",\\\"host\\\":\\\"evil\\\",\\\"label\\\":\\\"large\\\",\
                  \\\"kind\\\":\\\"worktree\\\",\\\"at\\\":\\\"2026-01-31T14:30:00Z\\\"}";
    hub.sh(&format!(
        "blob=$(git hash-object -w noise) && tree=$(printf '100644 blob %s\\tlarge\\n' $blob | git mktree) && \
         git update-ref {name} $(printf %s \"{record}\" | git commit-tree $tree)"
    ))
    .ok();
}

/// How large the repository that talks has become, and whether a fetch left a piece of a pack there.
fn kept(place: &Place<'_>) -> (u64, bool) {
    let files = everything_below(&place.dir.join(".git/coord/sync.git/objects"));
    let size =
        files.iter().filter_map(|file| fs::metadata(file).ok()).filter(fs::Metadata::is_file).map(|data| data.len());
    (size.sum(), files.iter().any(|file| file.to_string_lossy().contains("/tmp_")))
}

#[test]
fn what_is_too_large_is_left_out_and_not_fetched_again() {
    let world = met("content");
    let (one, two, hub) = (world.main(), world.at("two"), world.at("hub.git"));
    one.edit(FILE, 10, "mine");
    one.coord(&["sync", "--yes"]).ok();
    plant_large(&hub, "refs/coord/evil/main", 12 << 20);
    plant_large(&hub, "refs/coord-claims/00000000000000000000000000000000", 12 << 20);
    two.git(&["config", "coord.syncMaxSize", "8m"]).ok();
    let said = two.coord(&["sync", "--yes"]).ok().says("fetched main@");
    let said = said.says("refs/coord/evil/main is left out").says("coord config syncMaxSize").says("--forget evil");
    let (size, torn) = kept(&two);
    assert!(size < 8 << 20 && !torn, "{size} bytes are kept: {}", said.stdout);
    // Known from now on: only what is new is fetched, in one go.
    one.edit(FILE, 11, "more");
    one.coord(&["sync"]).ok();
    let trace = world.path("trace");
    let traced = two.with("GIT_TRACE2_EVENT", &trace);
    traced
        .coord(&["sync"])
        .ok()
        .says("fetched main@")
        .says("1 new or changed")
        .says("refs/coord/evil/main is left out");
    two.coord(&["claim", FILE]).ok().says_not("do not know");
    two.coord(&["release"]).ok();
    let log = two.coord(&["log"]).ok().stdout;
    assert_eq!(log.matches("evil/main is left out").count(), 1, "it is found out once: {log}");
    // Who wants it may have it, and it goes as it came.
    two.git(&["config", "coord.syncMaxSize", "100m"]).ok();
    two.coord(&["sync"]).ok().says("large@evil").says_not("is left out");
    two.coord(&["sync", "--forget", "evil"]).ok();
    two.git(&["config", "coord.syncMaxSize", "8m"]).ok();
    two.coord(&["sync"]).ok().says("fetched main@");
    assert!(kept(&two).0 < 8 << 20, "what nobody publishes any more is gone");
}

#[test]
fn a_flood_of_refs_drowns_nobody() {
    let world = met("content");
    let (one, two, hub) = (world.main(), world.at("two"), world.at("hub.git"));
    one.edit(FILE, 10, "mine");
    one.coord(&["sync", "--yes"]).ok();
    two.coord(&["sync", "--yes"]).ok();
    // They sort before everybody else's.
    hub.write("record", "{\"coord\":1,\"mode\":\"content\",\"host\":\"e\",\"label\":\"x\",\"kind\":\"worktree\",\"at\":\"2026-01-31T14:30:00Z\"}");
    let commit = hub.sh("git commit-tree $(git mktree </dev/null) -F record").ok().stdout.trim().to_owned();
    let lines = (0..30_000).fold(String::new(), |mut lines, n| {
        writeln!(lines, "create refs/coord/-evil/{n} {commit}").expect("memory");
        lines
    });
    let mut child =
        hub.command("git").args(["update-ref", "--stdin"]).stdin(Stdio::piped()).spawn().expect("git starts");
    child.stdin.take().expect("a pipe").write_all(lines.as_bytes()).expect("git reads");
    assert!(child.wait().expect("ours").success());
    hub.git(&["pack-refs", "--all"]).ok();
    two.coord(&["sync"]).ok().says("30001 instances are published").says("fetched");
    let scan = two.json(&["scan"]);
    assert_eq!(instance(&scan, label(&scan, "main"))["state"], "in_progress");
    // Also who comes only now can say what it does, and take it away.
    let three = clone(&world, "three");
    three.git(&["config", "coord.sync", "content"]).ok();
    three.coord(&["sync", "--yes"]).ok().says("published main");
    three.coord(&["sync", "--forget", "-evil"]);
}

#[test]
fn records_that_say_too_much_are_not_remembered() {
    let world = met("content");
    let (one, two, hub) = (world.main(), world.at("two"), world.at("hub.git"));
    one.edit(FILE, 10, "mine");
    one.coord(&["sync", "--yes"]).ok();
    for n in 0..6 {
        let yields = format!("[\"{}\",1,\"refs/coord/a/b\"]", "x".repeat(3 << 20));
        let record = format!(
            "{{\"coord\":1,\"mode\":\"content\",\"host\":\"e\",\"label\":\"x\",\"kind\":\"worktree\",\
             \"at\":\"2026-01-31T14:30:00Z\",\"yielded\":[{yields}]}}"
        );
        hub.write("record", record);
        hub.sh(&format!(
            "git update-ref refs/coord/evil-{n}/main $(git commit-tree $(git mktree </dev/null) -F record)"
        ))
        .ok();
    }
    two.coord(&["sync", "--yes"]).ok().says("main@");
    let state = fs::metadata(two.dir.join(".git/coord/sync/state.json")).expect("written").len();
    assert!(state < 1 << 20, "{state} bytes are remembered");
    let scan = two.json(&["scan"]);
    assert_eq!(instance(&scan, label(&scan, "main"))["state"], "in_progress");
}
