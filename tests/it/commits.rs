//! The forms a commit takes: `-a`, a path, `--amend`, merges, rebases, hooks that change the index afterwards.
//! Must not know: how the hook learns which tree would be committed.

use std::path::PathBuf;

use crate::world::{FILE, Place, World, lines, skip};

/// `auth` has committed line 10 of [`FILE`].
fn auth_was_first(world: &World) -> (Place<'_>, Place<'_>) {
    let (auth, search) = (world.worktree("auth"), world.worktree("search"));
    auth.commit_edit(10, "auth's line").silent();
    (auth, search)
}

#[test]
fn commit_all_is_judged() {
    let world = World::installed();
    let (_, search) = auth_was_first(&world);
    search.edit(FILE, 10, "search's line");
    search.git(&["commit", "-q", "-a", "-m", "All"]).blocked();
    search.git(&["restore", FILE]).ok();
    search.edit(FILE, 30, "search's line");
    search.git(&["commit", "-q", "-a", "-m", "All"]).silent();
}

#[test]
fn commit_all_is_judged_in_the_main_worktree_too() {
    let world = World::installed();
    auth_was_first(&world);
    let main = world.main();
    main.git(&["switch", "-q", "-c", "work"]).ok();
    main.edit(FILE, 10, "work's line");
    main.git(&["commit", "-q", "-a", "-m", "All"]).blocked();
    main.git(&["commit", "-q", "-m", "Path", "--", FILE]).blocked();
    main.git(&["add", "-A"]).ok();
    main.git(&["commit", "-q", "-m", "Staged"]).blocked();
}

#[test]
fn a_partial_commit_is_judged_by_what_it_commits() {
    let world = World::installed();
    let (_, search) = auth_was_first(&world);
    search.edit(FILE, 10, "search's line");
    search.git(&["add", FILE]).ok();
    search.edit("README.md", 3, "innocent");
    // The guilty file is staged, and not in this commit.
    search.git(&["commit", "-q", "-m", "Readme alone", "--", "README.md"]).silent();
    search.edit("README.md", 4, "innocent again");
    search.git(&["commit", "-q", "-m", "The guilty one", "--", FILE]).blocked();
    search.git(&["commit", "-q", "-m", "Both", "-i", "--", "README.md"]).blocked();
}

#[test]
fn a_commit_from_a_folder_below_is_judged() {
    let world = World::installed();
    let (_, search) = auth_was_first(&world);
    search.edit(FILE, 10, "search's line");
    search.below("src").git(&["commit", "-q", "-a", "-m", "From below"]).blocked().says(FILE);
}

#[test]
fn an_amend_that_adds_a_conflict_is_blocked() {
    let world = World::installed();
    let (_, search) = auth_was_first(&world);
    search.commit_edit(30, "fine").silent();
    search.edit(FILE, 10, "search's line");
    search.git(&["commit", "-q", "-a", "--amend", "--no-edit"]).blocked();
}

#[test]
fn who_is_built_on_goes_on_and_hears_who_follows() {
    let world = World::installed();
    let auth = world.worktree("auth");
    auth.commit_edit(30, "the ground").ok();
    let next = world.worktree_at("next", "auth");
    next.commit_edit(10, "on top").ok();
    auth.commit_edit(10, "on the ground").ok().says("next builds on this branch and will have to rebase");
    // What builds on it hears of it in turn, and is not held up: the conflict is there already.
    next.commit_edit(10, "on top again").ok().says("still conflicts with auth");
}

#[test]
fn an_amend_of_what_another_builds_on_passes() {
    let world = World::installed();
    let auth = world.worktree("auth");
    auth.commit_edit(10, "the ground").ok();
    let next = world.worktree_at("next", "auth");
    next.commit_edit(10, "on top").ok();
    auth.edit(FILE, 10, "other ground");
    auth.git(&["commit", "-qa", "--amend", "--no-edit"]).ok().says("next builds on this branch");
}

#[test]
fn an_amend_that_adds_nothing_passes() {
    let world = World::installed();
    let (auth, search) = auth_was_first(&world);
    search.edit(FILE, 10, "search's line");
    search.with("COORD_SKIP", "1").commit("Skip").ok();
    search.git(&["commit", "-q", "--amend", "-m", "A better message"]).ok().says_not("COORD_SKIP=1");
    auth.git(&["commit", "-q", "--amend", "-m", "A better message"]).ok().says_not("COORD_SKIP=1");
}

#[test]
fn the_first_commit_passes() {
    let world = World::empty();
    world.init(&[]);
    let main = world.main();
    main.coord(&["install"]).ok();
    main.write(FILE, lines(3));
    main.commit("First").silent();
}

#[test]
fn the_first_commit_of_an_orphan_branch_passes() {
    let world = World::installed();
    auth_was_first(&world);
    let pages = world.worktree("pages");
    pages.git(&["switch", "-q", "--orphan", "fresh"]).ok();
    pages.write("index.html", "hello\n");
    pages.commit("First").ok().says_not("COORD_SKIP=1");
}

#[test]
fn a_merge_commit_that_carries_the_targets_paths_passes() {
    let world = World::installed();
    let (_, search) = auth_was_first(&world);
    search.edit("README.md", 3, "own");
    search.commit("Own").silent();
    world.main().commit_edit(10, "main's line").ok();
    search.git(&["merge", "-q", "--no-edit", "main"]).ok().says_not("COORD_SKIP=1");
    assert_eq!(search.git(&["rev-list", "--count", "--merges", "HEAD"]).stdout, "1\n");
}

#[test]
fn concluding_a_conflicted_merge_with_the_target_passes() {
    let world = World::installed();
    let (_, search) = auth_was_first(&world);
    search.edit("README.md", 3, "own");
    search.commit("Own").silent();
    let main = world.main();
    main.edit("README.md", 3, "main's");
    main.commit_edit(10, "main's line").ok();
    search.git(&["merge", "main"]).ends_with(1);
    search.write("README.md", lines(40).replace("line 3\n", "both\n"));
    search.git(&["add", "-A"]).ok();
    search.git(&["commit", "-q", "--no-edit"]).ok().says_not("COORD_SKIP=1");
}

#[test]
fn concluding_a_conflicted_merge_with_the_other_side_passes() {
    let world = World::installed();
    let (_, search) = auth_was_first(&world);
    search.edit(FILE, 10, "search's line");
    search.with("COORD_SKIP", "1").commit("Skip").ok();
    search.git(&["merge", "auth"]).ends_with(1);
    search.write(FILE, lines(40).replace("line 10\n", "both\n"));
    search.git(&["add", "-A"]).ok();
    search.git(&["commit", "-q", "--no-edit"]).silent();
}

#[test]
fn a_merge_commit_that_adds_a_conflict_is_judged() {
    let world = World::installed();
    let (_, search) = auth_was_first(&world);
    let main = world.main();
    main.git(&["switch", "-q", "-c", "feature"]).ok();
    main.edit(FILE, 10, "feature's line");
    main.with("COORD_SKIP", "1").commit("Feature").ok();
    main.git(&["switch", "-q", "main"]).ok();
    search.edit("README.md", 3, "own");
    search.commit("Own").silent();
    let before = search.id("HEAD");
    let run = search.git(&["merge", "-q", "--no-edit", "feature"]);
    assert!(run.code != 0, "the merge adds a conflict with auth:\n{}", run.stderr);
    run.says("auth").says(FILE);
    assert_eq!(search.id("HEAD"), before);
}

#[test]
fn a_reword_in_the_middle_of_a_rebase_passes() {
    let world = World::installed();
    let (_, search) = auth_was_first(&world);
    search.edit(FILE, 10, "search's line");
    search.with("COORD_SKIP", "1").commit("One").ok();
    search.edit("README.md", 3, "two");
    search.commit("Two").ok();
    let editor = search.with("GIT_SEQUENCE_EDITOR", "sed -i s/^pick/reword/");
    let editor = editor.with("GIT_EDITOR", "sed -i 1s/$/!/");
    editor.git(&["rebase", "-q", "-i", "main"]).ok().says_not("COORD_SKIP=1");
    assert_eq!(search.git(&["log", "-2", "--format=%s"]).stdout, "Two!\nOne!\n");
}

#[test]
fn an_edit_in_the_middle_of_a_rebase_is_not_judged_against_its_own_branch() {
    let world = World::installed();
    world.main().git(&["config", "coord.blockBranches", "true"]).ok();
    let search = world.worktree("search");
    search.commit_edit(10, "One").silent();
    search.edit("README.md", 3, "two");
    search.commit("Two").silent();
    search.with("GIT_SEQUENCE_EDITOR", "sed -i 1s/^pick/edit/").git(&["rebase", "-q", "-i", "main"]).ok();
    search.edit(FILE, 10, "One, better");
    search.git(&["commit", "-q", "-a", "--amend", "--no-edit"]).silent();
    search.git(&["rebase", "--continue"]).ok();
    assert!(search.read(FILE).contains("One, better"));
}

#[test]
fn a_rebase_onto_the_other_passes() {
    let world = World::installed();
    let (_, search) = auth_was_first(&world);
    search.edit(FILE, 10, "search's line");
    search.with("COORD_SKIP", "1").commit("Skip").ok();
    search.git(&["rebase", "-q", "auth"]).ends_with(1);
    search.write(FILE, lines(40).replace("line 10\n", "both\n"));
    search.git(&["add", "-A"]).ok();
    search.git(&["rebase", "--continue"]).ok().says_not("COORD_SKIP=1");
    search.commit_edit(10, "and on").silent();
}

#[test]
fn a_hook_that_changes_the_index_afterwards_is_no_bypass() {
    let world = World::new();
    // What lint-staged does: format, and add what was formatted.
    world.hook("pre-commit", "sed -i 's/search/SEARCH/' README.md && git add README.md");
    world.main().coord(&["install"]).ok();
    let (_, search) = (world.worktree("auth"), world.worktree("search"));
    search.edit("README.md", 3, "search");
    search.commit("Formatted on the way").ok();
    assert!(search.git(&["show", "HEAD:README.md"]).stdout.contains("SEARCH"));
    let events = world.events();
    assert!(events.contains("commit_changed_after_check"), "{events}");
    assert!(!events.contains("commit_bypassed"), "{events}");
}

#[test]
fn what_no_verify_let_through_is_logged() {
    let world = World::installed();
    let (_, search) = auth_was_first(&world);
    search.edit(FILE, 10, "search's line");
    search.git(&["commit", "-q", "-a", "--no-verify", "-m", "Past everything"]).ok();
    assert!(world.events().contains("commit_bypassed"), "{}", world.events());
}

#[test]
fn an_ordinary_commit_is_not_logged_as_a_bypass() {
    let world = World::installed();
    let (_, search) = auth_was_first(&world);
    search.commit_edit(30, "fine").silent();
    search.git(&["commit", "-q", "--amend", "-m", "fine too"]).silent();
    assert!(!world.events().contains("commit_bypassed"), "{}", world.events());
}

#[test]
fn an_aborted_editor_leaves_nothing_behind() {
    let world = World::installed();
    let (auth, search) = (world.worktree("auth"), world.worktree("search"));
    auth.edit(FILE, 10, "auth's line");
    auth.git(&["add", "-A"]).ok();
    auth.with("GIT_EDITOR", "false").git(&["commit"]).ends_with(1);
    auth.git(&["restore", "--staged", "--worktree", FILE]).ok();
    search.commit_edit(10, "search's line").silent();
}

#[test]
fn a_failing_linter_leaves_nothing_behind() {
    let world = World::installed();
    world.hook("commit-msg", "grep -q '#[0-9]' \"$1\"");
    let (auth, search) = (world.worktree("auth"), world.worktree("search"));
    auth.edit(FILE, 10, "auth's line");
    auth.git(&["commit", "-q", "-a", "-m", "no number"]).ends_with(1);
    auth.git(&["restore", FILE]).ok();
    search.edit(FILE, 10, "search's line");
    search.git(&["commit", "-q", "-a", "-m", "#1"]).silent();
}

#[test]
fn an_allowed_empty_commit_and_a_deletion_pass() {
    let world = World::installed();
    let (_, search) = auth_was_first(&world);
    search.git(&["commit", "-q", "--allow-empty", "-m", "Nothing"]).silent();
    search.git(&["rm", "-q", "README.md"]).ok();
    search.git(&["commit", "-q", "-m", "Gone"]).silent();
}

#[test]
fn a_commit_with_a_foreign_index_is_judged_by_that_index() {
    let world = World::installed();
    let (_, search) = auth_was_first(&world);
    let index = search.with("GIT_INDEX_FILE", world.path("tmp/other-index"));
    index.git(&["read-tree", "HEAD"]).ok();
    search.edit(FILE, 10, "search's line");
    index.git(&["add", FILE]).ok();
    index.git(&["commit", "-q", "-m", "By another index"]).blocked();
}

#[test]
fn the_other_worktrees_are_read_with_their_own_index() {
    let world = World::installed();
    let (auth, search) = (world.worktree("auth"), world.worktree("search"));
    auth.write("only-auth.rs", "staged\n");
    auth.git(&["add", "-A"]).ok();
    search.edit("README.md", 3, "mine");
    search.git(&["commit", "-q", "-a", "-m", "Mine"]).silent();
    let scan = search.json(&["scan"]);
    let paths = &crate::world::instance(&scan, "auth")["paths"];
    assert_eq!(paths[0]["path"], "only-auth.rs");
    assert_eq!(paths[0]["layers"][0], "staged");
}

#[test]
fn the_main_walk_holds_with_every_git_found_here() {
    let mut gits: Vec<PathBuf> = ["/usr/bin/git", "/usr/local/bin/git", "/opt/git/bin/git"].map(PathBuf::from).to_vec();
    gits.extend(crate::world::switch("COORD_TEST_GIT").map(PathBuf::from));
    gits.retain(|git| git.is_file());
    gits.dedup();
    if gits.is_empty() {
        skip("no git where it usually lies");
    }
    for git in gits {
        let world = World::with_git(Some(&git));
        world.seed(&[]);
        world.main().git(&["--version"]).ok();
        world.main().coord(&["install"]).ok();
        let (_, search) = auth_was_first(&world);
        search.commit_edit(30, "elsewhere").silent();
        search.commit_edit(10, "search's line").blocked();
        let scan = search.json(&["scan"]);
        assert_eq!(scan["summary"]["conflicting"], 1, "{scan:#}");
    }
}

#[test]
fn a_merge_that_takes_back_what_another_goes_on_from_is_judged() {
    let world = World::installed();
    let auth = world.worktree("auth");
    auth.commit_edit(10, "the ground").ok();
    let next = world.worktree_at("next", "auth");
    next.commit_edit(10, "on top").ok();
    let mine = world.worktree("mine");
    mine.commit_edit(30, "mine").silent();
    // It differs from what it had before in no path.
    mine.git(&["merge", "-q", "-s", "ours", "-m", "Ours", "auth"]).blocked().says(FILE).says("next");
    mine.git(&["merge", "--abort"]).ok();
    mine.git(&["merge", "-q", "-m", "Theirs", "auth"]).ok();
}
