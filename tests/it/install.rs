//! `coord install`, `uninstall` and `doctor`: hooks beside those that are there already, and gone without a trace.
//! Must not know: how the chaining is done.

use std::fs;

use crate::world::{FILE, World, contents, executable};

#[test]
fn installing_twice_changes_nothing_more() {
    let world = World::installed();
    let before = contents(&world.common());
    world.main().coord(&["install"]).ok();
    assert!(contents(&world.common()) == before, "the second time changed something");
    world.worktree("auth").coord(&["install"]).ok();
    world.worktree("auth2").coord(&["uninstall"]).ok();
}

#[test]
fn the_log_says_when_hooks_came_and_went() {
    let world = World::new();
    for args in [&["install", "--mode", "warn"][..], &["install"], &["uninstall"], &["uninstall"]] {
        world.main().coord(args).ok();
    }
    let log = world.main().coord(&["log", "--json", "--kind", "installed,uninstalled"]).ok();
    let told: Vec<&str> = log.stdout.lines().filter_map(|line| line.split('"').nth(9)).collect();
    assert_eq!(told, ["installed", "uninstalled"], "{}", log.stdout);
    world.main().coord(&["log"]).ok().says("hooks installed").says("mode warn");
}

#[test]
fn uninstalling_leaves_everything_as_it_was_byte_for_byte() {
    let world = World::new();
    world.hook("pre-commit", "echo mine >&2");
    world.hook("post-commit", "exec true\n# no newline at the end");
    fs::write(world.common().join("hooks/pre-push"), "#!/usr/bin/env bash\r\necho odd").expect("own folder");
    world.main().git(&["config", "coord.target", "main"]).ok();
    let exclude = world.common().join("info/exclude");
    let (before, excluded) = (contents(&world.common()), fs::read(&exclude).unwrap_or_default());
    world.main().coord(&["install", "--mode", "warn"]).ok();
    assert!(contents(&world.common()) != before);
    world.main().coord(&["uninstall"]).ok();
    let after = contents(&world.common());
    let changed: Vec<_> = after.iter().filter(|f| !before.contains(f)).map(|f| &f.0).collect();
    assert!(changed.is_empty() && after.len() == before.len(), "changed: {changed:?}");
    assert_eq!(fs::read(&exclude).unwrap_or_default(), excluded);
    let search = world.worktree("search");
    search.commit_edit(10, "no coord any more").ok().says("mine").says_not("coord: ");
}

#[test]
fn a_repository_without_a_hooks_folder_gets_one_and_loses_it_again() {
    let world = World::new();
    fs::remove_dir_all(world.common().join("hooks")).expect("own folder");
    world.main().coord(&["install"]).ok();
    let (auth, search) = (world.worktree("auth"), world.worktree("search"));
    auth.commit_edit(10, "auth's line").silent();
    search.commit_edit(10, "search's line").blocked();
    world.main().coord(&["uninstall"]).ok();
    search.git(&["commit", "-q", "-a", "-m", "Free"]).silent();
}

#[test]
fn the_users_hooks_keep_their_stdin_arguments_and_exit_code() {
    let world = World::new();
    let heard = world.path("heard");
    world.hook("pre-push", &format!("echo \"args: $*\" > '{0}'; cat >> '{0}'; exit 3", heard.display()));
    world.hook("pre-commit", "test ! -e veto");
    world.hook("post-checkout", &format!("echo \"checkout: $#\" > '{}.checkout'", heard.display()));
    world.main().coord(&["install"]).ok();
    world.at("").git(&["init", "-q", "--bare", "remote"]).ok();
    let auth = world.worktree("auth");
    auth.write("veto", "x\n");
    auth.git(&["add", "-A"]).ok();
    auth.git(&["commit", "-q", "-m", "Vetoed"]).ends_with(1);
    auth.git(&["rm", "-q", "-f", "veto"]).ok();
    auth.commit_edit(10, "auth's line").silent();
    let run = auth.git(&["push", "-q", "../remote", "auth"]);
    assert_ne!(run.code, 0, "the user's hook says no");
    let said = fs::read_to_string(&heard).expect("it ran");
    assert!(said.contains("args: ../remote ../remote") && said.contains("refs/heads/auth"), "{said}");
    auth.git(&["switch", "-q", "-c", "other"]).ok();
    assert_eq!(fs::read_to_string(heard.with_extension("checkout")).expect("it ran").trim(), "checkout: 3");
}

#[test]
fn a_users_hook_that_is_no_shell_script_still_runs() {
    let world = World::new();
    let hook = world.common().join("hooks/pre-commit");
    fs::create_dir_all(hook.parent().expect("hooks")).expect("own folder");
    fs::write(&hook, "#!/usr/bin/env perl\nprint STDERR \"perl ran\\n\"; exit(-e 'veto' ? 7 : 0);\n")
        .expect("own folder");
    executable(&hook);
    if world.at("").sh("perl -e 1").code != 0 {
        return crate::world::skip("a hook in Perl: there is no perl");
    }
    world.main().coord(&["install"]).ok();
    let (auth, search) = (world.worktree("auth"), world.worktree("search"));
    auth.commit_edit(10, "auth's line").ok().says("perl ran");
    search.commit_edit(10, "search's line").blocked();
    search.git(&["restore", "--staged", "--worktree", FILE]).ok();
    search.write("veto", "x\n");
    search.commit("Vetoed").ends_with(1).says("perl ran");
}

#[test]
fn coord_goes_first_and_the_users_own_hook_still_has_its_say() {
    let world = World::new();
    world.hook("pre-commit", "echo the linter ran >&2; exit 1");
    world.main().coord(&["install"]).ok();
    world.worktree("search").commit_edit(10, "search's line").ends_with(1).says("the linter ran").says_not("coord: ");
}

#[test]
fn husky_gets_a_line_only_with_consent() {
    let world = World::new();
    let main = world.main();
    main.write(".husky/pre-commit", "npm test\n");
    main.write(".husky/_/pre-commit", "#!/usr/bin/env sh\n");
    main.write(".husky/_/.gitignore", "*\n");
    main.commit("Husky").ok();
    main.git(&["config", "core.hooksPath", ".husky/_"]).ok();
    main.coord(&["install"]).says(".husky/pre-commit").says("coord hook pre-commit");
    assert_eq!(main.read(".husky/pre-commit"), "npm test\n", "a tracked file is not touched");
    main.coord(&["install", "--write-tracked"]).ok();
    let text = main.read(".husky/pre-commit");
    let ours = text.find("coord").unwrap_or_else(|| panic!("no line of coord's in {text:?}"));
    assert!(Some(ours) < text.find("npm test"), "coord goes first: {text:?}");
    main.coord(&["uninstall", "--write-tracked"]);
}

#[test]
fn a_global_hooks_path_is_never_written_to() {
    let world = World::new();
    let shared = world.path("home/hooks");
    fs::create_dir(&shared).expect("own folder");
    let config = world.path("home/.gitconfig");
    fs::write(&config, format!("[core]\n\thooksPath = {}\n", shared.display())).expect("own folder");
    let main = world.main().with("GIT_CONFIG_GLOBAL", &config);
    let run = main.coord(&["install"]);
    assert_eq!(fs::read_dir(&shared).expect("own folder").count(), 0);
    assert!(run.stdout.contains("core.hooksPath") || run.stderr.contains("core.hooksPath"), "says what is in the way");
    let run = main.coord(&["doctor"]);
    assert!(run.code != 0 || run.stdout.contains("core.hooksPath"), "{}", run.stdout);
}

#[test]
fn frameworks_get_their_snippet() {
    for (file, word) in [(".pre-commit-config.yaml", "pre-commit"), ("lefthook.yml", "lefthook")] {
        let world = World::new();
        world.main().write(file, "repos: []\n");
        world.main().commit("Framework").ok();
        let before = world.main().read(file);
        world.main().coord(&["install"]).says(word);
        assert_eq!(world.main().read(file), before);
    }
}

#[test]
fn doctor_proves_that_the_hook_fires_in_every_worktree() {
    let world = World::installed();
    world.worktree("auth");
    world.worktree("search");
    let run = world.main().coord(&["doctor"]).ok().says("in every worktree (3 tried)");
    run.clean();
    world.main().json(&["doctor"]);
    assert_eq!(world.main().git(&["log", "--all", "--oneline"]).stdout.lines().count(), 1, "no commit was made here");
}

#[test]
fn doctor_says_what_all_work_goes_on_from_where_the_target_lacks_it() {
    let world = World::installed();
    let main = world.main();
    main.git(&["switch", "-q", "-c", "develop"]).ok();
    main.commit_edit(5, "develop's").ok();
    for (name, line) in [("one", 9), ("two", 20)] {
        world.worktree_at(name, "develop").commit_edit(line, name).ok();
    }
    // Three of a kind are no habit yet.
    main.coord(&["doctor"]).says_not("go on from");
    world.worktree_at("three", "develop");
    main.git(&["branch", "-q", "elsewhere", "main"]).ok();
    let commit = &main.id("develop")[..7];
    let what = format!("4 of 4 branches go on from develop ({commit}), which main has not, where work lands");
    main.coord(&["doctor"]).says(&what).says("git config coord.target develop");
    main.git(&["branch", "-q", "-m", "develop", "de$(id)v"]).ok();
    world.at("three").git(&["switch", "-q", "--detach", "main"]).ok();
    main.git(&["branch", "-q", "-D", "three"]).ok();
    world.worktree_at("four", "de$(id)v").commit_edit(30, "four").ok();
    main.coord(&["doctor"]).says("go on from de$(id)v").says("git config coord.target BRANCH,");
    main.git(&["config", "coord.target", "de$(id)v"]).ok();
    main.coord(&["doctor"]).says_not("go on from");
}

#[test]
fn doctor_names_what_is_in_the_way() {
    let world = World::new();
    let run = world.main().coord(&["doctor"]);
    assert_ne!(run.code, 0);
    run.says("coord install");
    world.main().coord(&["install"]).ok();
    let (auth, _) = (world.worktree("auth"), world.worktree("search"));
    auth.git(&["config", "extensions.worktreeConfig", "true"]).ok();
    auth.git(&["config", "--worktree", "core.hooksPath", "/nowhere"]).ok();
    let run = world.main().coord(&["doctor"]);
    assert_ne!(run.code, 0, "{}", run.stdout);
    run.says("core.hooksPath").says("auth");
}

#[test]
fn doctor_says_when_the_hook_was_changed_or_cannot_run() {
    let world = World::installed();
    let hook = world.common().join("hooks/pre-commit");
    if !hook.exists() {
        // Config hooks: there is no file to spoil.
        return;
    }
    world.main().sh("chmod a-x .git/hooks/pre-commit").ok();
    let run = world.main().coord(&["doctor"]);
    assert_ne!(run.code, 0, "{}", run.stdout);
}

#[test]
fn strict_leaves_no_way_round() {
    let world = World::new();
    world.main().coord(&["install", "--strict"]).ok();
    let (auth, search) = (world.worktree("auth"), world.worktree("search"));
    auth.commit_edit(10, "auth's line").ok();
    search.edit(FILE, 10, "search's line");
    search.git(&["add", "-A"]).ok();
    let before = search.id("HEAD");
    let run = search.git(&["commit", "-q", "--no-verify", "-m", "Past everything"]);
    assert_ne!(run.code, 0, "{}", run.stderr);
    assert_eq!(search.id("HEAD"), before);
    search.git(&["restore", "--staged", "--worktree", FILE]).ok();
    search.commit_edit(30, "elsewhere").ok();
    search.git(&["fetch", "-q", "."]).ok();
    search.git(&["branch", "copy"]).ok();
}

#[test]
fn the_board_follows_what_git_does() {
    let world = World::installed();
    let auth = world.worktree("auth");
    auth.commit_edit(10, "auth's line").silent();
    assert!(world.board().to_string().contains(FILE), "{:#}", world.board());
    auth.git(&["reset", "-q", "--hard", "main"]).ok();
    auth.git(&["switch", "-q", "-c", "another"]).ok();
    auth.edit("README.md", 3, "more");
    auth.commit("More").silent();
    assert!(world.board().to_string().contains("README.md"), "{:#}", world.board());
}

#[test]
fn pre_push_warns_of_what_slipped_past() {
    let world = World::installed();
    world.at("").git(&["init", "-q", "--bare", "remote"]).ok();
    let (auth, search) = (world.worktree("auth"), world.worktree("search"));
    auth.commit_edit(10, "auth's line").silent();
    search.edit(FILE, 10, "search's line");
    search.git(&["commit", "-q", "-a", "--no-verify", "-m", "Past everything"]).ok();
    search.git(&["push", "-q", "../remote", "search"]).ok().says("auth");
    world.main().git(&["config", "coord.strict", "true"]).ok();
    search.edit("README.md", 3, "more");
    search.git(&["commit", "-q", "-a", "--no-verify", "-m", "More"]).ok();
    let run = search.git(&["push", "-q", "../remote", "search"]);
    assert_ne!(run.code, 0, "{}", run.stderr);
}

#[test]
fn the_hooks_work_where_the_binary_stood_at_install() {
    let world = World::installed();
    let (auth, search) = (world.worktree("auth"), world.worktree("search"));
    // A GUI or an editor whose PATH knows nothing of coord.
    let path = crate::world::switch("PATH").expect("a PATH");
    auth.with("PATH", &path).commit_edit(10, "auth's line").silent();
    search.with("PATH", &path).commit_edit(10, "search's line").blocked();
}

#[test]
fn the_hooks_pass_a_folder_with_odd_characters() {
    let world = World::empty();
    let odd = world.path("it's a \"folder\" $(x)");
    fs::create_dir(&odd).expect("own folder");
    let place = world.at("it's a \"folder\" $(x)");
    place.git(&["init", "-q", "-b", "main", "repo"]).ok();
    let main = place.below("repo");
    main.write(FILE, crate::world::lines(20));
    main.commit("Begin").ok();
    main.coord(&["install"]).ok();
    main.git(&["worktree", "add", "-q", "-b", "auth", "../auth"]).ok();
    main.git(&["worktree", "add", "-q", "-b", "search", "../search"]).ok();
    place.below("auth").commit_edit(10, "a").silent();
    place.below("search").commit_edit(10, "b").blocked();
    main.coord(&["doctor"]).ok();
}
