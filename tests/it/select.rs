//! Selecting: whose work `coord scan` looks at, and which paths it tells of.
//! Must not know: how anybody is found.

use serde_json::Value;

use crate::world::{FILE, Place, World, lines, overlap, skip};

/// Branches `a` and `b` collide in [`FILE`], `b` and `c` in `docs/x.md`; `c` is Bob's and old.
fn three() -> World {
    let world = World::new();
    let main = world.main();
    main.write("docs/x.md", "one\n");
    main.commit("docs").ok();
    branch(&main, "a", |at| at.edit(FILE, 10, "a"));
    branch(&main, "b", |at| {
        at.edit(FILE, 10, "b");
        at.write("docs/x.md", "b\n");
    });
    let old = "2020-01-01T00:00:00Z";
    let bob = main.with("GIT_AUTHOR_NAME", "Bob").with("GIT_AUTHOR_DATE", old).with("GIT_COMMITTER_DATE", old);
    branch(&bob, "c", |at| at.write("docs/x.md", "c\n"));
    // Nothing but the commit itself says when it was made.
    main.sh("rm .git/logs/refs/heads/c").ok();
    world
}

fn branch(at: &Place<'_>, name: &str, change: impl FnOnce(&Place<'_>)) {
    at.git(&["switch", "-q", "-c", name, "main"]).ok();
    change(at);
    at.commit(name).ok();
    at.git(&["switch", "-q", "main"]).ok();
}

fn pairs(scan: &Value) -> Vec<String> {
    let all = scan["overlaps"].as_array().expect("a list");
    all.iter().map(|o| format!("{} {}", o["a"].as_str().expect("text"), o["b"].as_str().expect("text"))).collect()
}

#[test]
fn age_author_and_name_say_who_is_looked_at() {
    let world = three();
    let main = world.main();
    assert_eq!(pairs(&main.json(&["scan"])), ["a b"], "c is dormant");
    assert_eq!(pairs(&main.json(&["scan", "--since", "9999d"])), ["a b", "b c"]);
    let all = ["scan", "--refs", "refs/heads/*"];
    assert_eq!(pairs(&main.json(&all)), ["a b", "b c"], "asked for by name, dormant or not");
    assert_eq!(pairs(&main.json(&[&all[..], &["--since", "30d"]].concat())), ["a b"]);
    assert_eq!(pairs(&main.json(&[&all[..], &["--exclude", "a"]].concat())), ["b c"]);
    assert!(pairs(&main.json(&[&all[..], &["--author", "bob"]].concat())).is_empty());
    assert_eq!(pairs(&main.json(&[&all[..], &["--author", "ADA", "bob"]].concat())).len(), 2);
    main.coord(&["scan", "--exclude", "[z"]).ends_with(2).says("--exclude");
}

#[test]
fn paths_say_what_is_told() {
    let world = three();
    let main = world.main();
    let all = ["scan", "--refs", "refs/heads/*"];
    let of = |path: &str| pairs(&main.json(&[&all[..], &["--path", path]].concat()));
    assert_eq!(of("docs"), ["b c"]);
    assert_eq!(of("src/*.rs"), ["a b"]);
    assert!(of("nothing").is_empty());
    main.coord(&["scan", "--path", "docs"]).ok().says("no conflicts");
}

#[test]
fn a_remote_twin_is_never_counted_twice() {
    let world = three();
    let main = world.main();
    for name in ["main", "a", "b"] {
        main.git(&["update-ref", &format!("refs/remotes/origin/{name}"), name]).ok();
    }
    main.git(&["update-ref", "refs/remotes/origin/only", "b"]).ok();
    let scan = main.json(&["scan", "--refs", "refs/remotes/origin/*"]);
    let ids: Vec<&str> =
        scan["instances"].as_array().expect("a list").iter().filter_map(|i| i["id"].as_str()).collect();
    assert!(!ids.contains(&"refs/remotes/origin/a") && !ids.contains(&"refs/remotes/origin/main"), "{ids:?}");
    assert!(overlap(&scan, "a", "refs/remotes/origin/only").is_some(), "{scan:#}");
}

#[test]
fn a_file_that_most_conflicts_are_in_is_named() {
    let world = World::new();
    let main = world.main();
    for name in ["a", "b", "c", "d"] {
        branch(&main, name, |at| at.edit(FILE, 10, name));
    }
    let run = main.coord(&["scan"]).ends_with(1).says("6 conflicts");
    run.says("hot:  src/api.rs  in 6 of 6 conflicts").says("split it").says("a's only file");
}

/// Enough branches and paths to be judged on all processors.
#[test]
fn many_branches_are_judged_alike_on_one_processor_and_on_all() {
    let world = World::new();
    let main = world.main();
    if main.run("sh", &["-c", "command -v taskset"]).code != 0 {
        return skip("taskset (util-linux) is not installed");
    }
    let file = |n: usize| format!("many/{n}.txt");
    (0..130).for_each(|n| main.write(file(n), lines(9)));
    main.commit("Many").ok();
    let mut stream = Vec::new();
    for branch in 0..120 {
        let head = format!("commit refs/heads/m{branch}\ncommitter A <a@b> 1900000000 +0000\ndata 0\nfrom main^0\n");
        stream.push(head);
        for n in [branch, (branch * 7 + 1) % 130, (branch * 3 + 2) % 130] {
            let text = lines(9).replace(&format!("line {}\n", 1 + branch % 9), &format!("branch {branch}\n"));
            stream.push(format!("M 100644 inline {}\ndata {}\n{text}\n", file(n), text.len()));
        }
    }
    main.write("stream", stream.concat());
    main.sh("git fast-import --quiet < stream && rm stream").ok();
    let args = ["scan", "--branches", "m*", "--all-pairs", "--json", "--fail-on", "never"];
    let here = main.coord(&args).ok().stdout;
    let one = main.run("taskset", &[&["-c", "0", "coord"][..], &args].concat()).ok().stdout;
    let timeless = |text: &str| {
        let mut value: Value = serde_json::from_str(text).expect("JSON");
        value.as_object_mut().expect("an object").retain(|key, _| key != "now" && key != "generated_at");
        value["instances"].as_array_mut().expect("a list").iter_mut().for_each(|one| one["touched"] = Value::Null);
        value
    };
    assert!(pairs(&timeless(&here)).len() > 100);
    assert_eq!(timeless(&here), timeless(&one));
}
