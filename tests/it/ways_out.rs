//! Each way out that a block names, run as it is printed: it works in the very state the block left behind.
//! Must not know: how the hook words them.

use crate::world::{FILE, Place, Run, World, lines};

/// `auth` has committed line 10; `search` was blocked with line 10 and an innocent file staged.
fn blocked(world: &World) -> (Place<'_>, Run) {
    let (auth, search) = (world.worktree("auth"), world.worktree("search"));
    auth.commit_edit(10, "auth's line").silent();
    search.edit("README.md", 3, "innocent");
    let run = search.commit_edit(10, "search's line").blocked();
    (search, run)
}

fn resolved() -> String {
    lines(40).replace("line 10\n", "auth's line and search's line\n")
}

#[test]
fn committing_the_rest_works() {
    let world = World::installed();
    let (search, run) = blocked(&world);
    search.sh(&run.way_out("git restore --staged")).ok();
    search.git(&["commit", "-q", "-m", "The rest"]).silent();
    assert_eq!(search.git(&["show", "--name-only", "--format=", "HEAD"]).stdout, "README.md\n");
    assert!(search.read(FILE).contains("search's line"), "the edit itself is still there");
}

#[test]
fn rebasing_onto_the_other_works_without_a_commit_of_ones_own() {
    let world = World::installed();
    let (search, run) = blocked(&world);
    search.sh(&run.way_out("git rebase --autostash")).ok();
    assert_eq!(search.id("HEAD"), search.id("auth"));
    search.write(FILE, resolved());
    search.commit("Both").silent();
}

#[test]
fn rebasing_onto_the_other_works_with_commits_of_ones_own() {
    let world = World::installed();
    let (auth, search) = (world.worktree("auth"), world.worktree("search"));
    auth.commit_edit(10, "auth's line").silent();
    search.edit("src/user.rs", 3, "committed before");
    search.commit("Before").silent();
    let run = search.commit_edit(10, "search's line").blocked();
    search.sh(&run.way_out("git rebase --autostash")).ok();
    search.git(&["merge-base", "--is-ancestor", "auth", "HEAD"]).ok();
    search.write(FILE, resolved());
    search.commit("Both").silent();
}

#[test]
fn merging_the_other_works_where_it_is_offered() {
    let world = World::installed();
    let (auth, search) = (world.worktree("auth"), world.worktree("search"));
    auth.commit_edit(10, "auth's line").silent();
    search.edit("src/user.rs", 3, "committed before");
    search.commit("Before").silent();
    let run = search.commit_edit(10, "search's line").blocked();
    if !run.stderr.contains("git merge ") {
        return;
    }
    search.sh(&run.way_out("git merge "));
    search.write(FILE, resolved());
    search.commit("Both").silent();
    search.git(&["merge-base", "--is-ancestor", "auth", "HEAD"]).ok();
}

#[test]
fn acknowledging_works() {
    let world = World::installed();
    let (search, run) = blocked(&world);
    search.sh(&run.way_out("coord ack")).ok();
    search.git(&["commit", "-q", "-m", "We know"]).silent();
}

#[test]
fn skipping_once_works_and_is_logged() {
    let world = World::installed();
    let (search, run) = blocked(&world);
    let command = run.way_out("COORD_SKIP=1 git commit");
    search.sh(&format!("{command} -q -m Skipped")).ok();
    assert!(world.events().contains("commit_skipped"), "{}", world.events());
    // Once means once.
    search.commit_edit(11, "search's next line").ok();
    let third = world.worktree("third");
    third.commit_edit(10, "third").blocked();
}

#[test]
fn skipping_skips_coord_alone() {
    let world = World::new();
    world.hook("pre-commit", "echo the linter ran >&2");
    world.main().coord(&["install"]).ok();
    let (auth, search) = (world.worktree("auth"), world.worktree("search"));
    auth.commit_edit(10, "auth's line").ok();
    search.edit(FILE, 10, "search's line");
    search.with("COORD_SKIP", "1").commit("Skipped").ok().says("the linter ran");
}

#[test]
fn the_ways_out_name_what_git_resolves_when_labels_are_not_refs() {
    let world = World::installed();
    let (auth, search) = (world.worktree("auth"), world.worktree("search"));
    auth.git(&["switch", "-q", "--detach"]).ok();
    auth.commit_edit(10, "detached").silent();
    let run = search.commit_edit(10, "search's line").blocked();
    search.sh(&run.way_out("git rebase --autostash")).ok();
    assert_eq!(search.id("HEAD"), auth.id("HEAD"));
}

#[test]
fn a_way_out_from_the_middle_of_a_merge_works() {
    let world = World::installed();
    let (auth, search) = (world.worktree("auth"), world.worktree("search"));
    auth.commit_edit(10, "auth's line").silent();
    search.edit("src/user.rs", 3, "search");
    search.commit("Own").silent();
    let main = world.main();
    main.edit("src/user.rs", 3, "main");
    main.commit("Main").ok();
    search.git(&["merge", "main"]).ends_with(1);
    search.write("src/user.rs", lines(40).replace("line 3\n", "both\n"));
    search.edit(FILE, 10, "slipped in while resolving");
    let run = search.commit("Resolve").blocked();
    search.sh(&run.way_out("git restore --staged")).ok();
    search.git(&["commit", "-q", "-m", "Resolve"]).ok();
}

#[test]
fn the_rest_of_a_commit_of_all_that_is_tracked_can_be_committed() {
    let world = World::installed();
    let (auth, search) = (world.worktree("auth"), world.worktree("search"));
    auth.commit_edit(10, "auth's line").silent();
    search.edit(FILE, 10, "search's line");
    search.edit("README.md", 3, "innocent");
    let run = search.git(&["commit", "-q", "-a", "-m", "All"]).blocked();
    assert_eq!(run.way_out("COORD_SKIP=1"), "COORD_SKIP=1 git commit -a");
    let command = run.way_out("git commit :/");
    search.sh(&format!("{command} -q -m 'The rest'")).silent();
    assert_eq!(search.git(&["show", "--name-only", "--format=", "HEAD"]).stdout, "README.md\n");
    assert_eq!(search.git(&["diff", "--name-only"]).stdout, format!("{FILE}\n"), "the edit itself is still there");
}

#[test]
fn the_rest_of_a_commit_of_some_paths_can_be_committed() {
    let world = World::installed();
    let (auth, search) = (world.worktree("auth"), world.worktree("search"));
    auth.commit_edit(10, "auth's line").silent();
    search.edit(FILE, 10, "search's line");
    search.edit("README.md", 3, "innocent");
    search.edit("src/user.rs", 3, "not meant");
    let run = search.git(&["commit", "-q", "-m", "Two", "--", FILE, "README.md"]).blocked();
    assert_eq!(run.way_out("COORD_SKIP=1"), format!("COORD_SKIP=1 git commit -- README.md {FILE}"));
    let command = run.way_out("git commit -- README.md");
    search.sh(&command.replace("git commit", "git commit -q -m 'The rest'")).silent();
    assert_eq!(search.git(&["show", "--name-only", "--format=", "HEAD"]).stdout, "README.md\n");
}

#[test]
fn a_file_that_is_new_can_be_left_out() {
    let world = World::installed();
    let (auth, search) = (world.worktree("auth"), world.worktree("search"));
    auth.write("new.rs", "auth's\n");
    auth.commit("New").silent();
    search.write("new.rs", "search's\n");
    search.edit("README.md", 3, "innocent");
    let run = search.commit("New too").blocked();
    search.sh(&run.way_out("git restore --staged")).ok();
    search.git(&["commit", "-q", "-m", "The rest"]).silent();
}

#[test]
fn in_a_repository_without_a_commit_the_ways_out_work_too() {
    let world = World::empty();
    world.init(&[]);
    let main = world.main();
    main.coord(&["install"]).ok();
    main.write("a", "a\n");
    main.commit("First").silent();
    assert_eq!(main.git(&["rev-list", "--count", "HEAD"]).stdout, "1\n");
}
