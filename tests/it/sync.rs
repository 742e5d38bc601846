//! Beyond one machine: clones that meet at a bare repository, each as if it lay on another machine.
//! Must not know: how anything is carried or kept.

mod bounds;
mod cut;
mod everywhere;
mod faults;
mod hosts;
mod leases;
mod servers;
mod transports;
mod trust;

use std::fs;

use serde_json::Value;

use super::world::{FILE, Place, World, instance, overlap};

/// A world with `hub.git` and two clones of it: `repo`, and `two`.
pub(crate) fn met(mode: &str) -> World {
    let world = World::new();
    world.at("").git(&["clone", "-q", "--bare", "repo", "hub.git"]).ok();
    world.main().git(&["remote", "add", "origin", &world.path("hub.git").to_string_lossy()]).ok();
    world.main().git(&["fetch", "-q", "origin"]).ok();
    clone(&world, "two");
    for place in [world.main(), world.at("two")] {
        place.git(&["config", "coord.sync", mode]).ok();
    }
    world
}

/// One more clone.
pub(crate) fn clone<'w>(world: &'w World, name: &str) -> Place<'w> {
    world.at("").git(&["clone", "-q", "hub.git", name]).ok();
    world.at(name)
}

/// The refs that the hub has of coord's.
pub(crate) fn published(world: &World) -> Vec<String> {
    let listed = world.at("hub.git").git(&["for-each-ref", "--format=%(refname) %(objectname)", "refs/coord"]).ok();
    listed.stdout.lines().map(str::to_owned).collect()
}

fn label<'v>(scan: &'v Value, of: &str) -> &'v str {
    let all = scan["instances"].as_array().expect("a list");
    let found = all.iter().filter_map(|one| one["id"].as_str()).find(|id| id.starts_with(&format!("{of}@")));
    found.unwrap_or_else(|| panic!("nobody called {of} from another machine in {scan}"))
}

#[test]
fn the_work_of_another_machine_is_judged_like_that_of_a_worktree() {
    let world = met("content");
    let (one, two) = (world.main(), world.at("two"));
    one.git(&["switch", "-q", "-c", "search"]).ok();
    one.commit_edit(10, "search was here").ok();
    one.write("src/new.rs", "new\n");
    one.write(".gitignore", "*.log\n");
    one.write("x.log", "ignored\n");
    one.coord(&["sync", "--yes"]).ok().says("published search");
    two.coord(&["install"]).ok();
    two.git(&["switch", "-q", "-c", "auth"]).ok();
    two.coord(&["sync", "--yes"]).ok().says("fetched search@");
    two.edit(FILE, 10, "auth was here");
    let scan = two.json(&["scan"]);
    let search = label(&scan, "search");
    let seen = instance(&scan, search);
    assert_eq!(seen["kind"], "synced");
    assert!(seen["origin"]["fetched"].is_string(), "{seen}");
    let layers = |path: &str| {
        let paths = seen["paths"].as_array().expect("a list");
        paths.iter().find(|one| one["path"] == path).map(|one| one["layers"][0].clone())
    };
    assert_eq!(layers(FILE), Some("committed".into()));
    assert_eq!(layers("src/new.rs"), Some("untracked".into()));
    assert_eq!(layers("x.log"), None);
    assert_eq!(overlap(&scan, "auth", search).expect("they meet")["grade"], "conflict");
    two.coord(&["check", FILE]).ends_with(1).says(search);
    two.coord(&["diff", "auth", search]).says("search was here");
    let blocked = two.commit("Authenticate").blocked().says(search).says("as fetched");
    let way = blocked.way_out("git fetch");
    two.sh("git restore --staged src/api.rs && git checkout -q src/api.rs").ok();
    two.sh(&way).ok();
    assert!(two.read(FILE).contains("search was here"));
    two.commit_edit(30, "auth was here").ok();
}

#[test]
fn the_users_repository_knows_nothing_of_it() {
    let world = met("content");
    let (one, two) = (world.main(), world.at("two"));
    one.edit(FILE, 3, "mine");
    let before = |place: &Place<'_>| {
        let refs = place.git(&["for-each-ref"]).ok().stdout;
        let objects = place.git(&["count-objects", "-v"]).ok().stdout;
        (refs, objects, place.sh("cat .git/FETCH_HEAD .git/shallow 2>/dev/null || true").stdout)
    };
    let (first, second) = (before(&one), before(&two));
    one.coord(&["sync", "--yes"]).ok();
    two.coord(&["sync", "--yes"]).ok();
    two.coord(&["scan"]).ok();
    assert_eq!((before(&one), before(&two)), (first, second));
    // It may be deleted at any time.
    fs::remove_dir_all(two.dir.join(".git/coord/sync.git")).expect("ours");
    let scan = two.json(&["scan"]);
    assert_eq!(instance(&scan, label(&scan, "main"))["state"], "unknown");
    two.coord(&["sync", "pull"]).ok();
    let scan = two.json(&["scan"]);
    assert_eq!(instance(&scan, label(&scan, "main"))["state"], "in_progress");
}

#[test]
fn nothing_is_sent_without_consent_or_news() {
    let world = met("content");
    let (one, two) = (world.main(), world.at("two"));
    one.edit(FILE, 3, "mine");
    one.coord(&["sync"]).ends_with(2).says("src/api.rs").says("hub.git").says("--yes");
    let asked = one.json(&["sync"]);
    assert_eq!(asked["instances"][0]["paths"][0], FILE);
    assert_eq!(published(&world), Vec::<String>::new());
    one.coord(&["sync", "--yes"]).ok();
    let first = published(&world);
    assert_eq!(first.len(), 1);
    one.coord(&["sync"]).ok().says("nothing new to publish");
    assert_eq!(published(&world), first);
    one.edit(FILE, 4, "more");
    one.coord(&["sync", "push"]).ok().says("published main");
    assert_ne!(published(&world), first);
    // More than was agreed to is asked for anew; off means off.
    two.git(&["config", "coord.sync", "paths"]).ok();
    two.coord(&["sync", "--yes"]).ok();
    two.git(&["config", "coord.sync", "content"]).ok();
    two.coord(&["sync"]).ends_with(2).says("--yes");
    two.git(&["config", "coord.sync", "off"]).ok();
    two.coord(&["sync"]).ends_with(2).says("coord config sync");
    two.coord(&["scan"]).ok().says_not("@");
}

#[test]
fn what_ended_is_taken_away() {
    let world = met("content");
    let (one, two) = (world.main(), world.at("two"));
    let linked = world.worktree("linked");
    linked.edit(FILE, 3, "mine");
    one.coord(&["sync", "--yes"]).ok();
    assert_eq!(published(&world).len(), 2);
    two.coord(&["sync", "--yes"]).ok().says("linked@");
    one.git(&["worktree", "remove", "--force", "../linked"]).ok();
    one.coord(&["sync"]).ok().says("removed 1");
    assert_eq!(published(&world).len(), 2, "one's and two's main");
    two.coord(&["sync"]).ok().says("1 gone");
    two.coord(&["scan", "--all"]).ok().says_not("linked@");
}

#[test]
fn by_paths_no_content_leaves_and_lines_only_warn() {
    let world = met("paths");
    let (one, two) = (world.main(), world.at("two"));
    one.git(&["switch", "-q", "-c", "search"]).ok();
    one.commit_edit(10, "secret of search").ok();
    one.coord(&["sync", "--yes"]).ok();
    let all = world.at("hub.git").sh("git cat-file --batch-all-objects --batch").ok();
    assert!(!all.stdout.contains("secret of search") && all.stdout.contains("\"hunks\":[[9,10,9,10]]"));
    two.coord(&["install"]).ok();
    two.git(&["switch", "-q", "-c", "auth"]).ok();
    two.coord(&["sync", "--yes"]).ok();
    two.edit(FILE, 20, "auth was here");
    let scan = two.json(&["scan"]);
    let search = label(&scan, "search").to_owned();
    assert_eq!(overlap(&scan, "auth", &search).expect("they meet")["grade"], "disjoint");
    assert!(scan["notices"].to_string().contains("told by lines alone"), "{scan}");
    two.edit(FILE, 10, "auth was here");
    let scan = two.json(&["scan"]);
    assert_eq!(overlap(&scan, "auth", &search).expect("they meet")["grade"], "conflict");
    two.commit("Authenticate").ok().says("may be the same change");
    // A base that this clone does not have is said, and is nobody's block.
    one.git(&["switch", "-q", "main"]).ok();
    one.commit_edit(1, "moved on").ok();
    one.git(&["switch", "-q", "-c", "later"]).ok();
    one.edit(FILE, 11, "later");
    one.coord(&["sync"]).ok();
    two.coord(&["sync"]).ok();
    let scan = two.json(&["scan"]);
    let later = instance(&scan, label(&scan, "later"));
    assert!(later["reason"].as_str().expect("why").contains("git fetch origin"), "{later}");
}

#[test]
fn what_is_excluded_never_leaves() {
    let world = met("content");
    let one = world.main();
    one.git(&["config", "coord.syncExclude", "secret"]).ok();
    one.git(&["switch", "-q", "-c", "search"]).ok();
    one.write("secret/committed", "hush one\n");
    one.write("src/seen.rs", "seen\n");
    one.commit("Both").ok();
    one.write("secret/untracked", "hush two\n");
    for mode in ["content", "paths"] {
        one.git(&["config", "coord.sync", mode]).ok();
        one.coord(&["sync", "--yes"]).ok().says("2 changed paths stay here");
        let all = world.at("hub.git").sh("git cat-file --batch-all-objects --batch").ok();
        assert!(!all.stdout.contains("hush") && !all.stdout.contains("secret"), "by {mode}");
        assert!(all.stdout.contains("seen.rs"));
    }
}

#[test]
fn the_remote_twin_of_a_branch_is_nobody_else() {
    let world = met("content");
    let (one, two) = (world.main(), world.at("two"));
    one.git(&["switch", "-q", "-c", "search"]).ok();
    one.commit_edit(10, "search was here").ok();
    one.git(&["push", "-q", "origin", "search"]).ok();
    one.coord(&["sync", "--yes"]).ok();
    two.git(&["config", "coord.remotes", "true"]).ok();
    two.git(&["fetch", "-q"]).ok();
    assert_eq!(instance(&two.json(&["scan"]), "origin/search")["kind"], "remote");
    two.coord(&["sync", "--yes"]).ok();
    let scan = two.json(&["scan"]);
    let ids: Vec<&str> =
        scan["instances"].as_array().expect("a list").iter().filter_map(|one| one["id"].as_str()).collect();
    assert!(!ids.contains(&"origin/search") && ids.iter().any(|id| id.starts_with("search@")), "{ids:?}");
    // Nor are one's own, whoever fetches them back.
    one.git(&["fetch", "-q", "origin", "+refs/coord/*:refs/coord/*"]).ok();
    let scan = one.json(&["scan"]);
    assert!(!scan.to_string().contains("search@"), "{scan}");
}

#[test]
fn the_hook_waits_for_nobody_and_starts_a_fetch_behind_it() {
    let world = met("content");
    let (one, two) = (world.main(), world.at("two"));
    one.git(&["switch", "-q", "-c", "search"]).ok();
    two.coord(&["install"]).ok();
    two.git(&["switch", "-q", "-c", "auth"]).ok();
    two.coord(&["sync", "--yes"]).ok();
    one.commit_edit(10, "search was here").ok();
    one.coord(&["sync", "--yes"]).ok();
    two.git(&["config", "coord.syncEvery", "0s"]).ok();
    // What is not fetched yet is not known, and nobody waits for it.
    let free = two.without("COORD_FOREGROUND");
    free.edit(FILE, 20, "auth was here");
    free.commit("Elsewhere").ok();
    let state = two.dir.join(".git/coord/sync/state.json");
    let until = std::time::Instant::now() + std::time::Duration::from_secs(300);
    while !fs::read_to_string(&state).unwrap_or_default().contains("\"search\"") {
        assert!(std::time::Instant::now() < until, "no fetch came about");
        std::thread::yield_now();
    }
    two.edit(FILE, 10, "auth was here");
    two.commit("Authenticate").blocked().says("search@");
}

#[test]
fn what_the_users_gc_took_is_fetched_again() {
    let world = met("content");
    let (one, two) = (world.main(), world.at("two"));
    one.git(&["switch", "-q", "-c", "search"]).ok();
    one.commit_edit(10, "search was here").ok();
    one.git(&["push", "-q", "origin", "search"]).ok();
    two.git(&["fetch", "-q"]).ok();
    one.coord(&["sync", "--yes"]).ok();
    // Its tip is not fetched for coord, as it is here already.
    two.coord(&["sync", "--yes"]).ok();
    two.git(&["update-ref", "-d", "refs/remotes/origin/search"]).ok();
    two.git(&["reflog", "expire", "--expire=now", "--all"]).ok();
    two.git(&["gc", "-q", "--prune=now"]).ok();
    let state = |scan: &Value| instance(scan, label(scan, "search"))["state"].clone();
    assert_eq!(state(&two.json(&["scan"])), "unknown");
    two.coord(&["sync"]).ok();
    assert_eq!(state(&two.json(&["scan"])), "in_progress");
}

#[test]
fn a_check_of_requests_knows_what_is_none_yet() {
    let world = met("content");
    let (one, two) = (world.main(), world.at("two"));
    one.git(&["switch", "-q", "-c", "search"]).ok();
    one.edit(FILE, 10, "search was here");
    one.coord(&["sync", "--yes"]).ok();
    two.git(&["switch", "-q", "-c", "auth"]).ok();
    two.commit_edit(10, "auth was here").ok();
    two.git(&["push", "-q", "origin", "auth"]).ok();
    two.coord(&["sync", "pull"]).ok();
    two.coord(&["ci"]).ends_with(1).says("search@").says("auth");
    // Once it is a request, that tells.
    one.commit("Search").ok();
    one.git(&["push", "-q", "origin", "search"]).ok();
    one.coord(&["sync"]).ok();
    two.git(&["fetch", "-q"]).ok();
    two.coord(&["sync", "pull"]).ok();
    two.coord(&["ci"]).ends_with(1).says("search").says_not("search@");
}
