//! `coord scan`, `coord` alone and `coord status`: who is at work, what will collide, and the board.
//! Must not know: how a scan is computed.

use serde_json::{Value, json};

use crate::world::{FILE, World, instance, kind, overlap};

/// `auth` and `search` collide in line 10 (the latter uncommitted), `docs` is far away in the same file.
fn busy() -> World {
    let world = World::new();
    world.worktree("auth").commit_edit(10, "auth's line").ok();
    world.worktree("search").edit(FILE, 10, "search's line");
    world.worktree("docs").commit_edit(30, "docs' line").ok();
    world
}

#[test]
fn the_table_names_everybody_and_the_collision() {
    let world = busy();
    let run = world.main().with("COLUMNS", "80").coord(&["scan"]).ends_with(1);
    let run = run.says("auth").says("search").says("docs").says(FILE).says("10").says("main").says("1 conflict");
    run.clean();
    assert!(run.stdout.lines().all(|line| line.chars().count() <= 80), "fits 80 columns:\n{}", run.stdout);
    assert!(run.stderr.is_empty(), "nothing on standard error:\n{}", run.stderr);
}

#[test]
fn lower_overlaps_are_one_line() {
    let world = busy();
    let run = world.main().coord(&["scan"]).ends_with(1).says("2 more overlaps");
    assert!(!run.stdout.contains("disjoint"), "{}", run.stdout);
}

#[test]
fn json_has_the_shape_that_is_promised() {
    let world = busy();
    let scan = world.main().json(&["scan"]);
    assert_eq!(scan["version"], 1);
    assert_eq!(scan["target"], json!({"ref": "refs/heads/main", "oid": world.main().id("main")}));
    let auth = instance(&scan, "auth");
    assert_eq!(auth["kind"], "worktree");
    assert_eq!(auth["ref"], "refs/heads/auth");
    assert_eq!(auth["oid"], world.main().id("auth"));
    assert_eq!(auth["fork_point"], world.main().id("main"));
    assert_eq!(auth["worktree"], world.path("auth").to_str().expect("UTF-8"));
    assert_eq!(auth["state"], "in_progress");
    assert_eq!(auth["paths"], json!([{"path": FILE, "layers": ["committed"], "status": "modified"}]));
    assert_eq!(instance(&scan, "search")["paths"][0]["layers"], json!(["unstaged"]));
    let pair = overlap(&scan, "auth", "search").expect("they collide");
    assert_eq!(pair["grade"], "conflict");
    let path = &pair["paths"][0];
    assert_eq!(path["path"], FILE);
    assert_eq!(path["kind"], "content");
    assert_eq!(path["blocks"], true);
    for lines in ["a_lines", "b_lines", "a_own", "b_own"] {
        assert_eq!(path[lines], json!([[10, 10]]), "{lines} in {path:#}");
    }
    assert_eq!(overlap(&scan, "auth", "docs").expect("same file")["grade"], "disjoint");
    let summary = &scan["summary"];
    assert_eq!((&summary["conflicting"], &summary["unknown"]), (&json!(1), &json!(0)), "{summary}");
    assert_eq!(summary["overlapping"], 3, "{summary}");
    assert_eq!(scan["target_conflicts"], json!([]));
}

#[test]
fn lines_are_those_of_the_target_and_of_each_side() {
    let world = World::new();
    let (auth, search) = (world.worktree("auth"), world.worktree("search"));
    // auth's change lies three lines further down in its own file.
    let text = auth.read(FILE).replace("line 1\n", "line 1\nnew\nnew\nnew\n").replace("line 10\n", "auth\nauth\n");
    auth.write(FILE, text);
    auth.commit("Auth").ok();
    search.commit_edit(10, "search").ok();
    let scan = world.main().json(&["scan"]);
    let pair = overlap(&scan, "auth", "search").expect("they collide");
    let (auth_side, search_side) = if pair["a"] == "auth" { ("a", "b") } else { ("b", "a") };
    let path = &pair["paths"][0];
    assert_eq!(path[format!("{auth_side}_lines")], json!([[10, 10]]), "{path:#}");
    assert_eq!(path[format!("{auth_side}_own")], json!([[13, 14]]), "{path:#}");
    assert_eq!(path[format!("{search_side}_own")], json!([[10, 10]]), "{path:#}");
}

#[test]
fn the_layers_are_told_apart() {
    let world = World::new();
    let auth = world.worktree("auth");
    auth.commit_edit(10, "committed").ok();
    auth.edit(FILE, 20, "staged");
    auth.git(&["add", "-A"]).ok();
    auth.edit(FILE, 30, "unstaged");
    auth.write("new.txt", "untracked\n");
    auth.write(".gitignore", "*.o\n");
    auth.write("out.o", "ignored\n");
    let scan = world.main().json(&["scan"]);
    let paths = instance(&scan, "auth")["paths"].as_array().expect("a list").clone();
    let layers = |path: &str| paths.iter().find(|p| p["path"] == path).map_or(Value::Null, |p| p["layers"].clone());
    assert_eq!(layers(FILE), json!(["committed", "staged", "unstaged"]));
    assert_eq!(layers("new.txt"), json!(["untracked"]));
    assert_eq!(layers("out.o"), Value::Null);
}

#[test]
fn a_rename_is_there_under_both_names() {
    let world = World::new();
    let auth = world.worktree("auth");
    auth.git(&["mv", FILE, "src/renamed.rs"]).ok();
    auth.commit("Rename").ok();
    let scan = world.main().json(&["scan"]);
    let paths = instance(&scan, "auth")["paths"].as_array().expect("a list").clone();
    let of = |path: &str| paths.iter().find(|p| p["path"] == path).unwrap_or_else(|| panic!("no {path}: {scan:#}"));
    assert_eq!(of("src/renamed.rs")["status"], "renamed");
    assert_eq!(of("src/renamed.rs")["from"], FILE);
    assert_eq!(of(FILE)["status"], "deleted");
}

#[test]
fn exit_codes_follow_fail_on() {
    let world = busy();
    let main = world.main();
    main.coord(&["scan"]).ends_with(1);
    main.coord(&["scan", "--fail-on", "never"]).ok();
    main.coord(&["scan", "--fail-on", "disjoint"]).ends_with(1);
    world.at("search").git(&["restore", FILE]).ok();
    main.coord(&["scan"]).ok();
    main.coord(&["scan", "--fail-on", "disjoint"]).ends_with(1);
    main.coord(&["scan", "--no-such-flag"]).ends_with(2);
    main.coord(&["scan", "--fail-on", "nonsense"]).ends_with(2);
}

#[test]
fn unknown_ends_with_two_unless_something_was_found() {
    let world = busy();
    std::fs::write(world.common().join("worktrees/docs/index"), "garbage").expect("own file");
    world.main().coord(&["scan"]).ends_with(1).says("docs");
    world.at("search").git(&["restore", FILE]).ok();
    world.main().coord(&["scan"]).ends_with(2).says("docs").says("unknown");
}

#[test]
fn min_grade_drops_what_is_lower() {
    let world = busy();
    let scan = world.main().json(&["scan", "--min-grade", "conflict"]);
    assert_eq!(scan["overlaps"].as_array().expect("a list").len(), 1, "{scan:#}");
}

#[test]
fn an_instance_that_does_not_land_is_said_once() {
    let world = busy();
    world.main().commit_edit(30, "the target moved on").ok();
    let scan = world.main().json(&["scan"]);
    let conflicts = scan["target_conflicts"].as_array().expect("a list");
    assert_eq!(conflicts.len(), 1, "{scan:#}");
    assert_eq!(
        conflicts[0],
        json!({"instance": "docs", "complete": true, "paths": [{"path": FILE, "kind": "content"}]})
    );
    world.main().coord(&["scan"]).ends_with(1).says("needs rebase");
}

#[test]
fn stacked_branches_are_no_collision() {
    let world = World::new();
    let auth = world.worktree("auth");
    auth.commit_edit(10, "first").ok();
    let next = world.worktree_at("next", "auth");
    next.commit_edit(10, "on top").ok();
    let run = world.main().coord(&["scan"]).ok();
    drop(run.says_not("content"));
    assert!(kind(&world.main().json(&["scan"]), "auth", "next", FILE).is_empty());
}

#[test]
fn landed_work_is_landed_even_where_the_target_moved_on() {
    let world = World::new();
    let auth = world.worktree("auth");
    auth.commit_edit(10, "one").ok();
    auth.commit_edit(11, "two").ok();
    let main = world.main();
    main.git(&["merge", "-q", "--squash", "auth"]).ok();
    main.git(&["commit", "-q", "-m", "Land"]).ok();
    main.commit_edit(10, "the target moved on in the same lines").ok();
    assert_eq!(instance(&main.json(&["scan"]), "auth")["state"], "landed");
    // A fresh worktree has no commits: there is nothing that could have landed.
    world.worktree("fresh");
    assert_eq!(instance(&main.json(&["scan"]), "fresh")["state"], "idle");
    auth.edit(FILE, 20, "and more work");
    assert_ne!(instance(&main.json(&["scan"]), "auth")["state"], "landed");
}

#[test]
fn branches_without_a_worktree_are_looked_at() {
    let world = World::new();
    let auth = world.worktree("auth");
    auth.commit_edit(10, "auth's line").ok();
    world.main().git(&["worktree", "remove", &auth.dir.to_string_lossy()]).ok();
    world.worktree("search").commit_edit(10, "search's line").ok();
    let scan = world.main().json(&["scan"]);
    assert_eq!(instance(&scan, "auth")["kind"], "branch");
    assert_eq!(kind(&scan, "auth", "search", FILE), "content");
}

#[test]
fn given_branches_go_by_the_names_that_they_always_have() {
    let world = World::new();
    for name in ["feat/a", "feat/b", "other"] {
        world.main().git(&["branch", name]).ok();
    }
    let scan = world.main().json(&["scan", "--branches", "feat/*"]);
    instance(&scan, "feat/a");
    instance(&scan, "feat/b");
    assert!(!scan["instances"].as_array().expect("a list").iter().any(|i| i["id"] == "other"), "{scan:#}");
}

#[test]
fn remote_refs_are_looked_at_when_asked() {
    let world = World::new();
    let auth = world.worktree("auth");
    auth.commit_edit(10, "auth's line").ok();
    world.main().git(&["update-ref", "refs/remotes/origin/theirs", "auth"]).ok();
    let scan = world.main().json(&["scan"]);
    assert!(!scan.to_string().contains("refs/remotes/origin/theirs"), "{scan:#}");
    let scan = world.main().json(&["scan", "--refs", "refs/remotes/origin/*"]);
    instance(&scan, "refs/remotes/origin/theirs");
}

#[test]
fn a_worktree_inside_a_worktree_is_not_its_untracked_files() {
    let world = World::new();
    world.main().git(&["worktree", "add", "-q", "-b", "inner", ".claude/worktrees/inner"]).ok();
    world.at("repo/.claude/worktrees/inner").commit_edit(10, "inner's line").ok();
    let outer = world.worktree("outer");
    outer.git(&["worktree", "add", "-q", "-b", "nested", "nested"]).ok();
    let scan = world.main().json(&["scan"]);
    assert_eq!(instance(&scan, "outer")["paths"], json!([]), "{scan:#}");
    assert_eq!(instance(&scan, "main")["paths"], json!([]), "{scan:#}");
    assert_eq!(instance(&scan, "inner")["paths"][0]["path"], FILE);
}

#[test]
fn coord_alone_says_whether_this_worktree_is_clear() {
    let world = busy();
    world.at("docs").coord(&[] as &[&str]).ok().says("docs").says("clear");
    world.at("auth").coord(&[] as &[&str]).ends_with(1).says("search").says(FILE);
}

#[test]
fn status_shows_the_board_and_counts_lower_overlaps() {
    let world = busy();
    world.main().coord(&["scan"]).ends_with(1);
    let run = world.main().coord(&["status"]);
    run.says("auth").says("search").says("docs").clean();
    world.main().json(&["status"]);
}

#[test]
fn the_board_is_published_in_the_plans_format_and_out_of_gits_sight() {
    let world = busy();
    world.main().coord(&["scan"]).ends_with(1);
    let board = world.board();
    assert!(board["last_updated"].as_str().is_some_and(|t| t.ends_with('Z') && t.len() == 20), "{board:#}");
    let tasks = board["active_instances"].as_array().expect("a list");
    let auth = tasks.iter().find(|t| t["id"] == "auth").expect("auth is at work");
    assert_eq!(auth["files_being_modified"], json!([FILE]));
    assert_eq!(auth["status"], "in_progress");
    assert!(auth["started_at"].is_string() && auth["task"].is_string(), "{auth:#}");
    assert_eq!(world.main().git(&["status", "--porcelain"]).ok().stdout, "");
}

#[test]
fn the_board_never_grows_beyond_its_limit() {
    let world = World::new();
    for n in 0..6 {
        let place = world.worktree(&format!("instance-{n}"));
        for file in 0..300 {
            place.write(format!("a/rather/long/folder/name/{n}/{}/file-{file}.rs", file / 10), "x\n");
        }
    }
    world.main().coord(&["scan"]).ok();
    let board = world.board();
    assert_eq!(board["active_instances"].as_array().expect("a list").len(), 6, "{board:#}");
}

#[test]
fn a_hand_written_entry_is_taken_over_and_unknown_keys_are_kept() {
    let world = busy();
    let file = world.board_file();
    std::fs::create_dir_all(file.parent().expect("a folder")).expect("own folder");
    let now = world.main().sh("date -u +%Y-%m-%dT%H:%M:%SZ").ok().stdout.trim().to_owned();
    let board = json!({"last_updated": now, "team": "blue", "active_instances": [{
        "id": "session_xyz", "task": "Feedback System - Phase 1", "files_being_modified": ["client/src/features/Feedback"],
        "started_at": now, "status": "in_progress", "colour": "green"}]});
    std::fs::write(&file, board.to_string()).expect("own folder");
    world.main().coord(&["scan"]);
    let board = world.board();
    assert_eq!(board["team"], "blue", "{board:#}");
    let tasks = board["active_instances"].as_array().expect("a list");
    let by_hand = tasks.iter().find(|t| t["id"] == "session_xyz").unwrap_or_else(|| panic!("lost: {board:#}"));
    assert_eq!((&by_hand["task"], &by_hand["colour"]), (&json!("Feedback System - Phase 1"), &json!("green")));
    assert!(tasks.iter().any(|t| t["id"] == "auth"), "{board:#}");
}

#[test]
fn a_stale_entry_is_swept() {
    let world = busy();
    let file = world.board_file();
    std::fs::create_dir_all(file.parent().expect("a folder")).expect("own folder");
    let old = "2020-01-01T00:00:00Z";
    let board = json!({"last_updated": old, "active_instances": [{
        "id": "session_old", "task": "Long gone", "files_being_modified": ["x"], "started_at": old, "status": "in_progress"}]});
    std::fs::write(&file, board.to_string()).expect("own folder");
    world.main().coord(&["scan"]);
    assert!(world.board().to_string().contains("session_old"), "its last change was observed just now");
    // Had it been observed years ago:
    world
        .main()
        .sh("sed -i 's/\"changed_at\":\"[^\"]*\"/\"changed_at\":\"2020-01-01T00:00:00Z\"/' .git/coord/board.json")
        .ok();
    world.main().coord(&["scan"]);
    assert!(!world.board().to_string().contains("session_old"), "{:#}", world.board());
}

#[test]
fn a_bare_repository_keeps_its_board_with_coords_files() {
    let world = World::empty();
    world.init(&["--bare"]);
    let bare = world.main();
    let tree = bare.sh("git hash-object -t tree -w --stdin </dev/null").ok().stdout.trim().to_owned();
    let commit = bare.git(&["commit-tree", "-m", "Begin", &tree]).ok().stdout.trim().to_owned();
    bare.git(&["update-ref", "refs/heads/main", &commit]).ok();
    let auth = world.worktree("auth");
    auth.write("new.rs", "auth\n");
    auth.commit("New").ok();
    auth.coord(&["scan"]).ok();
    bare.coord(&["scan"]).ok().says("auth");
    assert!(world.path("repo/coord/ACTIVE-TASKS.json").is_file());
    assert_eq!(auth.git(&["status", "--porcelain"]).stdout, "");
}

#[test]
fn scanning_changes_nothing_of_the_users() {
    let world = busy();
    let main = world.main();
    main.coord(&["scan"]);
    let before = crate::world::contents(&world.root());
    main.coord(&["scan"]);
    main.coord(&["status"]);
    main.coord(&["check", FILE]);
    main.coord(&["diff", "auth", "search"]);
    let after = crate::world::contents(&world.root());
    let changed: Vec<_> = after.iter().filter(|file| !before.contains(file)).map(|(path, _)| path).collect();
    assert!(changed.is_empty() && before.len() == after.len(), "changed: {changed:?}");
}

#[test]
fn colour_only_where_it_is_wanted() {
    let world = busy();
    let main = world.main();
    assert!(!main.coord(&["scan"]).stdout.contains('\x1b'), "not a terminal");
    let forced = main.with("CLICOLOR_FORCE", "1").with("NO_COLOR", "1");
    assert!(!forced.coord(&["scan"]).stdout.contains('\x1b'), "NO_COLOR wins");
}

#[test]
fn json_names_the_paths_that_cause_the_collisions() {
    let world = World::new();
    for name in ["a", "b", "c", "d"] {
        world.worktree(name).commit_edit(10, name).ok();
    }
    let found = world.main().json(&["scan", "--fail-on", "never"]);
    let spot = &found["hot_spots"][0];
    assert_eq!((&spot["path"], &spot["pairs"], &spot["of_pairs"]), (&json!(FILE), &json!(6), &json!(6)), "{found}");
    assert_eq!(found["hot_spots"].as_array().map(Vec::len), Some(1));
}

#[test]
fn a_branch_that_changed_a_hundred_thousand_files_is_judged() {
    let world = World::new();
    let main = world.main();
    let file = |n: usize, text: &str| format!("M 100644 inline d{}/f{n}\ndata {}\n{text}\n", n / 500, text.len());
    let commit = |branch: &str| format!("commit refs/heads/{branch}\ncommitter A <a@b> 1790000000 +0000\ndata 0\n");
    let mut stream = commit("big") + "from refs/heads/main\n";
    stream.extend((0..100_000).map(|n| file(n, &format!("{n}\n"))));
    stream.push_str(&(commit("small") + "from refs/heads/main\n" + &file(7, "other\n")));
    std::fs::write(world.path("stream"), stream).expect("the folder is writable");
    main.sh("git fast-import --quiet < ../stream").ok();
    let found = main.json(&["scan", "--since", "9999d", "--fail-on", "never"]);
    let files = |name: &str| instance(&found, name)["paths"].as_array().map(Vec::len);
    assert_eq!((files("big"), files("small")), (Some(100_000), Some(1)));
    assert_eq!(kind(&found, "big", "small", "d0/f7"), "add/add");
}
