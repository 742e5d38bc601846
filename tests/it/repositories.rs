//! Repositories and worktrees of every form (BAD-INPUTS.md parts C and D): answered, or `unknown` with the reason.
//! Must not know: which library or program reads what.

use std::fs;

use serde_json::{Value, json};

use crate::world::{FILE, Place, World, instance, kind, lacks, lines, overlap};

/// The main walk in the repository of `world`: one block, one silent pass, and a scan that agrees.
fn the_main_walk(world: &World) {
    let main = world.main();
    main.coord(&["install"]).ok();
    let (auth, search) = (world.worktree("auth"), world.worktree("search"));
    auth.commit_edit(10, "auth's line").silent();
    search.commit_edit(30, "elsewhere").silent();
    search.commit_edit(10, "search's line").blocked();
    let scan = main.json(&["scan"]);
    assert_eq!(kind(&scan, "auth", "search", FILE), "content", "{scan:#}");
    assert_eq!(scan["summary"]["unknown"], 0, "{scan:#}");
}

/// Whether this git can make a repository with these options.
fn can_init(options: &[&str]) -> bool {
    let world = World::empty();
    let can = world.at("").git(&[&["init", "-q"], options, &["probe"]].concat()).code == 0;
    if !can {
        lacks(&format!("this git cannot `init {}`", options.join(" ")));
    }
    can
}

fn reason(scan: &Value, id: &str) -> String {
    let found = instance(scan, id);
    assert_eq!(found["state"], "unknown", "{found:#}");
    found["reason"].as_str().expect("unknown has a reason").to_owned()
}

#[test]
fn reftable() {
    if can_init(&["--ref-format=reftable"]) {
        let world = World::empty();
        world.seed(&["--ref-format=reftable"]);
        the_main_walk(&world);
    }
}

#[test]
fn sha256() {
    if can_init(&["--object-format=sha256"]) {
        let world = World::empty();
        world.seed(&["--object-format=sha256"]);
        the_main_walk(&world);
        assert_eq!(world.main().json(&["scan"])["target"]["oid"].as_str().map(str::len), Some(64));
    }
}

#[test]
fn sha256_and_reftable() {
    if can_init(&["--object-format=sha256", "--ref-format=reftable"]) {
        let world = World::empty();
        world.seed(&["--object-format=sha256", "--ref-format=reftable"]);
        the_main_walk(&world);
    }
}

#[test]
fn packed_and_garbage_collected() {
    let world = World::new();
    world.worktree("docs").commit_edit(20, "docs").ok();
    world.main().git(&["gc", "-q"]).ok();
    world.main().git(&["commit-graph", "write", "--reachable"]).ok();
    the_main_walk(&world);
}

#[test]
fn a_separate_git_directory() {
    let world = World::empty();
    let place = world.at("");
    place.git(&["init", "-q", "-b", "main", "--separate-git-dir", "elsewhere", "repo"]).ok();
    let main = world.main();
    main.write(FILE, lines(40));
    main.commit("Begin").ok();
    main.coord(&["install"]).ok();
    let (auth, search) = (world.worktree("auth"), world.worktree("search"));
    // Git records nowhere where the main worktree is: that may be said.
    auth.commit_edit(10, "a").ok();
    search.commit_edit(10, "b").blocked();
}

#[test]
fn relative_worktrees_and_worktree_config() {
    let world = World::new();
    let main = world.main();
    main.git(&["config", "extensions.worktreeConfig", "true"]).ok();
    main.git(&["config", "core.repositoryFormatVersion", "1"]).ok();
    if main.git(&["worktree", "add", "-q", "--relative-paths", "-b", "rel", "../rel"]).code != 0 {
        return lacks("this git knows no --relative-paths");
    }
    world.at("rel").commit_edit(20, "relative").ok();
    the_main_walk(&world);
    assert_eq!(instance(&main.json(&["scan"]), "rel")["paths"][0]["path"], FILE);
}

#[test]
fn an_index_of_every_form() {
    for (name, setting, command) in [
        ("split", "core.splitIndex=true", "update-index --split-index"),
        ("v4", "index.version=4", "update-index --index-version 4"),
        ("untracked", "core.untrackedCache=true", "update-index --untracked-cache --force-untracked-cache"),
        ("skiphash", "index.skipHash=true", "update-index --force-write-index"),
    ] {
        let world = World::new();
        let (key, value) = setting.split_once('=').expect("key=value");
        world.main().git(&["config", key, value]).ok();
        let auth = world.worktree("auth");
        auth.git(&command.split(' ').collect::<Vec<_>>());
        auth.edit(FILE, 10, "staged");
        auth.git(&["add", "-A"]).ok();
        auth.edit(FILE, 20, "unstaged");
        let scan = world.main().json(&["scan"]);
        assert_eq!(instance(&scan, "auth")["paths"][0]["layers"], json!(["staged", "unstaged"]), "{name}: {scan:#}");
        auth.git(&["reset", "-q", "--hard"]).ok();
        the_main_walk_again(&world, &auth);
    }
}

fn the_main_walk_again(world: &World, auth: &Place<'_>) {
    world.main().coord(&["install"]).ok();
    let search = world.worktree("search");
    auth.commit_edit(10, "auth's line").silent();
    search.commit_edit(10, "search's line").blocked();
}

#[test]
fn a_sparse_checkout_invents_no_deletions() {
    for index in ["--no-sparse-index", "--sparse-index"] {
        let world = World::new();
        let main = world.main();
        for folder in ["one", "two", "three"] {
            main.write(format!("{folder}/file"), lines(9));
        }
        main.commit("Folders").ok();
        let auth = world.worktree("auth");
        auth.git(&["sparse-checkout", "set", "--cone", index, "src"]).ok();
        let scan = main.json(&["scan"]);
        assert_eq!(instance(&scan, "auth")["paths"], json!([]), "{index}: {scan:#}");
        the_main_walk_again(&world, &auth);
        assert_eq!(instance(&main.json(&["scan"]), "auth")["paths"].as_array().expect("a list").len(), 1);
    }
}

#[test]
fn a_truncated_index_is_unknown_not_deletions() {
    let world = World::new();
    let (auth, _) = (world.worktree("auth"), world.worktree("docs"));
    for n in 0..40 {
        auth.write(format!("folder/file-{n}"), "x\n");
    }
    auth.commit("Many").ok();
    let index = world.common().join("worktrees/auth/index");
    let bytes = fs::read(&index).expect("own file");
    for keep in [bytes.len() - 300, bytes.len() / 2, 12, 0] {
        fs::write(&index, &bytes[..keep]).expect("own file");
        let scan = world.main().json(&["scan"]);
        if keep == bytes.len() - 21 {
            // Behind the last entry stands only what git can do without: nothing is lost, and nothing may be invented.
            let paths = instance(&scan, "auth")["paths"].as_array().expect("a list");
            assert!(paths.len() == 40 && paths.iter().all(|p| p["layers"] == json!(["committed"])), "{scan:#}");
            continue;
        }
        let reason = reason(&scan, "auth");
        assert!(reason.contains("index"), "{keep} bytes: {reason}");
        assert_ne!(instance(&scan, "docs")["state"], "unknown");
    }
    fs::write(&index, "garbage").expect("own file");
    reason(&world.main().json(&["scan"]), "auth");
}

#[test]
fn a_broken_index_of_another_stops_no_commit() {
    let world = World::installed();
    let (auth, search) = (world.worktree("auth"), world.worktree("search"));
    auth.commit_edit(10, "auth's line").silent();
    fs::write(world.common().join("worktrees/auth/index"), "garbage").expect("own file");
    search.commit_edit(30, "elsewhere").ok();
    search.commit_edit(10, "search's line").blocked();
}

#[test]
fn a_stale_index_lock_is_left_alone() {
    let world = World::new();
    let auth = world.worktree("auth");
    auth.edit(FILE, 10, "auth's line");
    let lock = world.common().join("worktrees/auth/index.lock");
    fs::write(&lock, "").expect("own file");
    assert_eq!(instance(&world.main().json(&["scan"]), "auth")["paths"][0]["path"], FILE);
    assert!(lock.exists());
}

#[test]
fn hidden_changes_stay_hidden_and_intended_ones_count() {
    let world = World::new();
    let auth = world.worktree("auth");
    auth.git(&["update-index", "--assume-unchanged", FILE]).ok();
    auth.edit(FILE, 10, "hidden");
    auth.write("intended", "x\n");
    auth.git(&["add", "-N", "intended"]).ok();
    let scan = world.main().json(&["scan"]);
    let paths: Vec<_> =
        instance(&scan, "auth")["paths"].as_array().expect("a list").iter().map(|p| &p["path"]).collect();
    assert_eq!(paths, ["intended"]);
}

#[test]
fn in_the_middle_of_everything() {
    let world = World::installed();
    world.main().commit_edit(10, "main's line").ok();
    let begin = world.main().id("main~1");
    for (name, command) in [
        ("merging", vec!["merge", "main"]),
        ("rebasing", vec!["rebase", "main"]),
        ("picking", vec!["cherry-pick", "main"]),
    ] {
        let place = world.worktree_at(name, &begin);
        place.edit(FILE, 10, "own line");
        place.with("COORD_SKIP", "1").commit("Own").ok();
        place.git(&command).ends_with(1);
    }
    let bisecting = world.worktree_at("bisecting", "main");
    bisecting.git(&["bisect", "start", "main", &begin]).ok();
    let scan = world.main().json(&["scan"]);
    for name in ["merging", "rebasing", "picking"] {
        let found = instance(&scan, name);
        assert_ne!(found["state"], "unknown", "{found:#}");
        assert_eq!(found["ref"], format!("refs/heads/{name}"), "owns its branch: {found:#}");
        assert!(found["paths"].as_array().expect("a list").iter().any(|p| p["path"] == FILE), "{found:#}");
    }
    assert_eq!(instance(&scan, "bisecting")["ref"], "refs/heads/bisecting", "{scan:#}");
    let ids: Vec<_> = scan["instances"].as_array().expect("a list").iter().map(|i| &i["id"]).collect();
    assert_eq!(ids.len(), 5, "nobody twice: {ids:?}");
}

#[test]
fn a_worktree_whose_folder_is_gone_is_listed_and_not_unknown() {
    let world = World::installed();
    let (auth, search) = (world.worktree("auth"), world.worktree("search"));
    auth.commit_edit(10, "auth's line").silent();
    fs::remove_dir_all(&auth.dir).expect("own folder");
    let run = world.main().coord(&["scan"]).ok();
    run.says("auth");
    assert_eq!(world.main().json(&["scan"])["summary"]["unknown"], 0);
    // Its commits are on its branch still.
    search.commit_edit(10, "search's line").ok().says("auth");
}

#[test]
fn a_locked_worktree_out_of_reach_is_not_forgotten() {
    let world = World::new();
    let auth = world.worktree("auth");
    auth.commit_edit(10, "auth's line").ok();
    world.main().git(&["worktree", "lock", "--reason", "on a stick", &auth.dir.to_string_lossy()]).ok();
    fs::rename(&auth.dir, world.path("unmounted")).expect("own folder");
    world.main().coord(&["scan"]).says("auth");
    instance(&world.main().json(&["scan"]), "auth");
}

#[test]
fn broken_links_and_heads_are_unknown() {
    let world = World::new();
    let (auth, docs, moved) = (world.worktree("auth"), world.worktree("docs"), world.worktree("moved"));
    world.worktree("fine").commit_edit(10, "fine").ok();
    auth.write(".git", "gitdir: /nowhere/at/all\n");
    fs::write(world.common().join("worktrees/docs/HEAD"), "junk\n").expect("own file");
    fs::rename(&moved.dir, world.path("elsewhere")).expect("own folder");
    drop(docs);
    let scan = world.main().json(&["scan"]);
    reason(&scan, "auth");
    assert!(scan.to_string().contains("docs"), "{scan:#}");
    assert_ne!(instance(&scan, "fine")["state"], "unknown");
    assert!(scan["summary"]["unknown"].as_u64() >= Some(2), "{scan:#}");
}

#[test]
fn the_same_branch_twice_is_two_instances() {
    let world = World::new();
    world.worktree("auth").commit_edit(10, "auth's line").ok();
    world.main().git(&["worktree", "add", "-q", "--force", "../twin", "auth"]).ok();
    world.at("twin").edit(FILE, 10, "the twin's line");
    let scan = world.main().json(&["scan"]);
    let on_auth = scan["instances"].as_array().expect("a list").iter().filter(|i| i["ref"] == "refs/heads/auth");
    assert_eq!(on_auth.count(), 2, "{scan:#}");
}

#[test]
fn unborn_and_orphan() {
    let world = World::empty();
    world.init(&[]);
    let main = world.main();
    main.write("a", "a\n");
    main.coord(&["scan"]).ok();
    main.coord(&["install"]).ok();
    main.commit("First").silent();
    let world = World::new();
    let orphan = world.worktree("orphan");
    orphan.git(&["switch", "-q", "--orphan", "lonely"]).ok();
    orphan.write(FILE, "unrelated\n");
    let scan = world.main().json(&["scan"]);
    assert!(!scan.to_string().contains("panicked"), "{scan:#}");
    orphan.commit("Unrelated").ok();
    world.main().json(&["scan"]);
}

#[test]
fn a_shallow_clone_is_unknown_where_history_is_missing() {
    let world = World::new();
    let main = world.main();
    let old = main.id("main");
    for n in 0..4 {
        main.edit(FILE, 20 + n, "moved on");
        main.commit("On").ok();
    }
    world.worktree_at("auth", &old).commit_edit(10, "auth's line").ok();
    let url = format!("file://{}", main.dir.display());
    world.at("").git(&["clone", "-q", "--depth", "1", "--no-single-branch", &url, "clone"]).ok();
    let clone = world.at("clone");
    clone.git(&["branch", "auth", "origin/auth"]).ok();
    let scan = clone.json(&["scan"]);
    let reason = reason(&scan, "auth");
    assert!(reason.contains("shallow"), "{reason}");
    assert_eq!(scan["overlaps"], json!([]));
    clone.coord(&["scan"]).ends_with(2).says("shallow");
}

#[test]
fn a_partial_clone_asks_no_network() {
    let world = World::new();
    let main = world.main();
    main.git(&["config", "uploadpack.allowFilter", "true"]).ok();
    world.worktree("auth").commit_edit(10, "auth's line").ok();
    world.worktree("search").commit_edit(10, "search's line").ok();
    let url = format!("file://{}", main.dir.display());
    world.at("").git(&["clone", "-q", "--filter=blob:none", &url, "clone"]).ok();
    let clone = world.at("clone");
    for name in ["auth", "search"] {
        clone.git(&["branch", name, &format!("origin/{name}")]).ok();
    }
    let marker = world.path("fetched");
    let pack = format!("touch {}; git-upload-pack", marker.display());
    clone.git(&["config", "remote.origin.uploadpack", &pack]).ok();
    let run = clone.coord(&["scan"]).ends_with(2);
    assert!(!marker.exists(), "it fetched");
    run.says("is missing").says("git fetch --refetch --no-filter");
    clone.git(&["config", "--unset", "remote.origin.uploadpack"]).ok();
    clone.git(&["fetch", "-q", "--refetch", "--no-filter"]).ok();
    clone.coord(&["scan"]).ends_with(1).says("auth").says("search");
}

#[test]
fn of_many_that_cannot_be_judged_a_few_are_named() {
    let world = World::new();
    let main = world.main();
    main.git(&["config", "uploadpack.allowFilter", "true"]).ok();
    for n in 0..20 {
        world.worktree(&format!("w{n:02}")).commit_edit(10, &format!("line of {n}")).ok();
    }
    let url = format!("file://{}", main.dir.display());
    world.at("").git(&["clone", "-q", "--bare", "--filter=blob:none", &url, "clone"]).ok();
    let clone = world.at("clone");
    let few = clone.coord(&["scan", "--branches", "w*"]).ends_with(2);
    let doubts = |text: &str| text.lines().filter(|line| line.starts_with("? ")).count();
    assert!((6..=12).contains(&doubts(&few.stdout)), "{}", few.stdout);
    few.says("(coord scan --all)");
    let all = clone.coord(&["scan", "--branches", "w*", "--all"]).ends_with(2);
    assert!(doubts(&all.stdout) >= 20, "{}", all.stdout);
}

#[test]
fn criss_cross_histories_are_judged_as_git_does() {
    let world = World::new();
    let (one, two) = (world.worktree("one"), world.worktree("two"));
    one.commit_edit(10, "one").ok();
    two.commit_edit(10, "two").ok();
    let (a, b) = (one.id("HEAD"), two.id("HEAD"));
    one.git(&["merge", "-q", "-X", "ours", "--no-edit", &b]).ok();
    two.git(&["merge", "-q", "-X", "ours", "--no-edit", &a]).ok();
    let run = world.main().coord(&["scan"]).ends_with(1);
    run.says("one").says("two");
}

#[test]
fn replaced_and_grafted_history_is_gits_view() {
    let world = World::new();
    let (auth, search) = (world.worktree("auth"), world.worktree("search"));
    auth.commit_edit(10, "auth's line").ok();
    search.commit_edit(10, "search's line").ok();
    let calm = world.worktree("calm");
    calm.commit_edit(30, "nothing that collides").ok();
    world.main().git(&["replace", &auth.id("HEAD"), &calm.id("HEAD")]).ok();
    // Its files still hold the line that its commit has no more: uncommitted work, as git sees it.
    let scan = world.main().json(&["scan"]);
    assert_eq!(kind(&scan, "auth", "search", FILE), "content", "{scan:#}");
    auth.git(&["reset", "-q", "--hard"]).ok();
    let scan = world.main().json(&["scan"]);
    assert!(kind(&scan, "auth", "search", FILE).is_empty(), "git sees no conflict: {scan:#}");
}

#[test]
fn a_missing_object_is_unknown_for_its_own_alone() {
    let world = World::new();
    let (auth, search, docs) = (world.worktree("auth"), world.worktree("search"), world.worktree("docs"));
    auth.commit_edit(10, "auth's line").ok();
    search.commit_edit(10, "search's line").ok();
    docs.commit_edit(10, "docs' line").ok();
    let blob = auth.id("HEAD:src/api.rs");
    fs::remove_file(world.common().join("objects").join(&blob[..2]).join(&blob[2..])).expect("a loose object");
    let scan = world.main().json(&["scan"]);
    assert_eq!(kind(&scan, "docs", "search", FILE), "content", "{scan:#}");
    assert!(scan["summary"]["unknown"].as_u64() >= Some(1), "{scan:#}");
}

#[test]
fn a_broken_ref_is_unknown_and_others_are_answered() {
    let world = World::new();
    world.worktree("auth").commit_edit(10, "auth's line").ok();
    world.worktree("search").commit_edit(10, "search's line").ok();
    fs::write(world.common().join("refs/heads/junk"), "not an id\n").expect("own file");
    fs::write(world.common().join("refs/heads/nowhere"), format!("{}\n", "1".repeat(40))).expect("own file");
    let scan = world.main().json(&["scan"]);
    assert_eq!(kind(&scan, "auth", "search", FILE), "content", "{scan:#}");
}

#[test]
fn an_unknown_format_is_refused_and_stops_no_commit() {
    let world = World::installed();
    world.main().git(&["config", "core.repositoryFormatVersion", "1"]).ok();
    world.main().git(&["config", "extensions.futureThing", "true"]).ok();
    world.main().coord(&["scan"]).ends_with(2).says("futurething");
}

#[test]
fn a_broken_configuration_is_said() {
    let world = World::installed();
    let config = world.common().join("config");
    let text = fs::read_to_string(&config).expect("own file");
    fs::write(&config, text + "[broken\n").expect("own file");
    world.main().coord(&["scan"]).ends_with(2).says("config");
}

#[test]
fn a_fifo_and_a_socket_are_passed_by() {
    let world = World::new();
    let auth = world.worktree("auth");
    auth.sh("mkfifo pipe").ok();
    auth.edit(FILE, 10, "auth's line");
    let scan = world.main().json(&["scan"]);
    assert_eq!(instance(&scan, "auth")["paths"].as_array().expect("a list").len(), 1, "{scan:#}");
}

#[test]
fn a_folder_without_permission_is_unknown() {
    let world = World::new();
    let auth = world.worktree("auth");
    auth.write("closed/file", "x\n");
    world.drop_privileges();
    auth.sh("chmod 000 closed").ok();
    let scan = world.main().json(&["scan"]);
    reason(&scan, "auth");
    auth.sh("chmod 755 closed").ok();
}

#[test]
fn a_repository_that_belongs_to_somebody_else_is_refused() {
    let world = World::new();
    if fs::metadata(world.root()).is_ok_and(|meta| std::os::unix::fs::MetadataExt::uid(&meta) != 0) {
        return lacks("a foreign repository (needs root to give a folder away)");
    }
    std::os::unix::fs::chown(world.path("repo"), Some(12345), Some(12345)).expect("root may");
    std::os::unix::fs::chown(world.common(), Some(12345), Some(12345)).expect("root may");
    world.main().coord(&["scan"]).ends_with(2).says("safe.directory");
}

#[test]
fn nothing_may_be_written_and_answers_still_come() {
    let world = World::new();
    world.worktree("auth").commit_edit(10, "auth's line").ok();
    world.worktree("search").commit_edit(10, "search's line").ok();
    world.drop_privileges();
    world.at("").sh("chmod -R a-w repo auth search").ok();
    world.main().coord(&["scan"]).ends_with(1).says(FILE);
    world.main().coord(&["check", FILE]).ok().says("auth");
    world.at("").sh("chmod -R u+w repo auth search").ok();
}

#[test]
fn many_untracked_files() {
    let slow = crate::world::switch("COORD_TEST_SLOW").is_some();
    let (folders, files) = if slow { (1000, 100) } else { (50, 100) };
    let world = World::installed();
    let (auth, search) = (world.worktree("auth"), world.worktree("search"));
    for folder in 0..folders {
        let dir = auth.dir.join(format!("out/{folder}"));
        fs::create_dir_all(&dir).expect("own folder");
        for file in 0..files {
            fs::write(dir.join(format!("{file}.txt")), "x\n").expect("own folder");
        }
    }
    let scan = world.main().json(&["scan"]);
    assert_eq!(instance(&scan, "auth")["paths"].as_array().expect("a list").len(), folders * files);
    world.main().coord(&["scan"]).ok();
    world.board();
    search.commit_edit(10, "search's line").silent();
    assert!(overlap(&scan, "auth", "search").is_none());
}

#[test]
fn a_submodule_is_not_entered() {
    let world = World::new();
    let library = world.at("");
    library.git(&["init", "-q", "-b", "main", "library"]).ok();
    let library = world.at("library");
    library.write("lib.rs", "x\n");
    library.commit("Library").ok();
    let auth = world.worktree("auth");
    auth.git(&["-c", "protocol.file.allow=always", "submodule", "add", "-q", "../library", "lib"]).ok();
    auth.commit("Add the library").ok();
    let inside = auth.below("lib");
    inside.write("dirty.rs", "x\n");
    let marker = world.path("ran");
    inside.git(&["config", "core.fsmonitor", &format!("touch {}; false", marker.display())]).ok();
    let scan = world.main().json(&["scan"]);
    let text = instance(&scan, "auth").to_string();
    assert!(text.contains("\"lib\"") && !text.contains("dirty.rs"), "{scan:#}");
    assert!(!marker.exists(), "the submodule's own configuration was run");
}
