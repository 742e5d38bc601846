//! What the people of a repository decided: modes, `coord.toml`, generated files, and where a value comes from.
//! Must not know: how settings are read.

use serde_json::Value;

use crate::world::{FILE, Place, World, kind, lines, overlap};

/// `auth` has committed line 10 of `path`, which `main` has; `search` is about to.
fn about_to_conflict<'w>(world: &'w World, path: &str) -> Place<'w> {
    let (auth, search) = (world.worktree("auth"), world.worktree("search"));
    auth.edit(path, 10, "auth's line");
    auth.commit("Auth").ok();
    search.edit(path, 10, "search's line");
    search
}

/// A world whose `main` also has these files.
fn with_files(files: &[(&str, &str)]) -> World {
    let world = World::new();
    for (path, text) in files {
        world.main().write(path, text);
    }
    world.main().commit("Files").ok();
    world.main().coord(&["install"]).ok();
    world
}

fn setting<'v>(config: &'v Value, name: &str) -> &'v Value {
    let all = config["settings"].as_array().unwrap_or_else(|| panic!("no settings in {config:#}"));
    all.iter().find(|s| s["name"] == name).unwrap_or_else(|| panic!("no {name} in {config:#}"))
}

#[test]
fn warn_says_it_and_lets_it_through() {
    let world = World::installed();
    world.main().git(&["config", "coord.mode", "warn"]).ok();
    about_to_conflict(&world, FILE).commit("Second").ok().says("coord: ").says("auth").says(FILE);
}

#[test]
fn monitor_says_nothing_and_records() {
    let world = World::installed();
    world.main().git(&["config", "coord.mode", "monitor"]).ok();
    about_to_conflict(&world, FILE).commit("Second").silent();
    assert!(world.events().contains(FILE), "{}", world.events());
}

#[test]
fn install_takes_the_mode() {
    let world = World::new();
    world.main().coord(&["install", "--mode", "warn"]).ok();
    about_to_conflict(&world, FILE).commit("Second").ok().says("auth");
}

#[test]
fn lock_files_never_block() {
    for name in ["Cargo.lock", "package-lock.json", "web/yarn.lock", "go.sum", "flake.lock"] {
        let world = with_files(&[(name, &lines(20))]);
        let search = about_to_conflict(&world, name);
        search.commit("Second").ok().says_not("COORD_SKIP=1");
        let scan = search.json(&["scan"]);
        let found = overlap(&scan, "auth", "search").expect("they keep their grade");
        assert_eq!(found["paths"][0]["grade"], "conflict", "{scan:#}");
        assert_eq!(found["paths"][0]["blocks"], false, "{scan:#}");
        search.coord(&["scan"]).ok();
    }
}

#[test]
fn generated_files_never_block() {
    let world = with_files(&[("api.pb.rs", &lines(20)), (".gitattributes", "*.pb.rs linguist-generated\n")]);
    let search = about_to_conflict(&world, "api.pb.rs");
    search.commit("Second").ok().says_not("COORD_SKIP=1");
    search.coord(&["scan"]).ok();
}

#[test]
fn an_attribute_takes_a_path_out() {
    let world = with_files(&[("notes.txt", &lines(20)), (".gitattributes", "notes.txt coord=ignore\n")]);
    let search = about_to_conflict(&world, "notes.txt");
    search.commit("Second").silent();
    assert!(overlap(&search.json(&["scan"]), "auth", "search").is_none());
}

#[test]
fn the_teams_paths_only_warn() {
    let world = with_files(&[("docs/guide.md", &lines(20)), ("coord.toml", "[paths]\nwarn = [\"docs/**\"]\n")]);
    let search = about_to_conflict(&world, "docs/guide.md");
    search.commit("Second").ok().says_not("COORD_SKIP=1");
    let scan = search.json(&["scan"]);
    assert_eq!(kind(&scan, "auth", "search", "docs/guide.md"), "content");
    search.coord(&["scan"]).ok();
}

#[test]
fn the_teams_ignored_paths_are_not_looked_at() {
    let world = with_files(&[("docs/guide.md", &lines(20)), ("coord.toml", "[paths]\nignore = [\"docs/**\"]\n")]);
    let search = about_to_conflict(&world, "docs/guide.md");
    search.commit("Second").silent();
    assert!(overlap(&search.json(&["scan"]), "auth", "search").is_none());
}

#[test]
fn the_teams_excluded_branches_are_left_out() {
    let world = with_files(&[("coord.toml", "[branches]\nexclude = [\"auth\"]\n")]);
    about_to_conflict(&world, FILE).commit("Second").silent();
}

#[test]
fn a_nearer_setting_wins() {
    let world = with_files(&[("coord.toml", "mode = \"monitor\"\n")]);
    let main = world.main();
    let mode = |place: &Place<'_>| setting(&place.json(&["config"]), "coord.mode")["value"].clone();
    assert_eq!(mode(&main), "monitor");
    main.git(&["config", "coord.mode", "warn"]).ok();
    assert_eq!(mode(&main), "warn");
    assert_eq!(mode(&main.with("COORD_MODE", "enforce")), "enforce");
}

#[test]
fn config_shows_where_each_value_comes_from_and_what_it_does() {
    let world = with_files(&[("coord.toml", "[paths]\nwarn = [\"docs/**\"]\n")]);
    let main = world.main();
    main.git(&["config", "coord.activeWithin", "3d"]).ok();
    let run = main.coord(&["config"]).ok();
    let run = run.says("coord.mode").says("coord.deadline").says("coord.activeWithin").says("coord.toml");
    run.says("default").says("COORD_DEADLINE").clean();
}

#[test]
fn a_policy_file_runs_nothing() {
    let world = World::new();
    let marker = world.path("ran");
    let touch = format!("touch {}", marker.display());
    let toml = format!("command = \"{touch}\"\n[hooks]\npre-commit = \"{touch}\"\n[paths]\nwarn = [\"$({touch})\"]\n");
    world.main().write("coord.toml", toml);
    world.main().commit("Policy").ok();
    world.main().coord(&["install"]);
    let search = world.worktree("search");
    search.commit_edit(10, "search's line").ok();
    search.coord(&["scan"]);
    search.coord(&["config"]);
    assert!(!marker.exists());
}

#[test]
fn where_a_policy_is_there_and_the_hooks_are_not_it_says_so_once() {
    let world = World::new();
    world.main().write("coord.toml", "mode = \"enforce\"\n");
    world.main().commit("Policy").ok();
    let run = world.main().coord(&["scan"]).ok().says("coord install");
    let said = format!("{}{}", run.stdout, run.stderr);
    assert_eq!(said.matches("coord install").count(), 1, "{said}");
    world.main().coord(&["install"]).ok();
    world.main().coord(&["scan"]).ok().says_not("coord install");
}

#[test]
fn the_target_is_found_or_asked_for() {
    let world = World::new();
    let search = world.worktree("search");
    assert_eq!(search.json(&["scan"])["target"]["ref"], "refs/heads/main");
    search.git(&["branch", "-m", "main", "trunk"]).ok();
    search.coord(&["scan"]).ends_with(2).says("--target").says("coord.target");
    let scan = search.json(&["scan", "--target", "trunk"]);
    assert_eq!(scan["target"]["ref"], "refs/heads/trunk");
    search.git(&["config", "coord.target", "trunk"]).ok();
    assert_eq!(search.json(&["scan"])["target"]["ref"], "refs/heads/trunk");
    search.coord(&["scan", "--target", "nothing-of-that-name"]).ends_with(2).says("nothing-of-that-name");
}

#[test]
fn the_target_follows_the_remotes_head() {
    let world = World::new();
    let main = world.main();
    main.git(&["branch", "develop"]).ok();
    main.git(&["update-ref", "refs/remotes/origin/develop", "develop"]).ok();
    main.git(&["symbolic-ref", "refs/remotes/origin/HEAD", "refs/remotes/origin/develop"]).ok();
    let target = main.json(&["scan"])["target"]["ref"].clone();
    assert!(target == "refs/heads/develop" || target == "refs/remotes/origin/develop", "{target}");
}
