//! Who is blocked (DESIGN.md section 4), one walk each: real commits, with the hooks that `coord install` put there.
//! Must not know: how the hook finds out.

use crate::world::{FILE, Place, World, lines};

/// Two worktrees, `auth` and `search`; `auth` has committed line 10 of [`FILE`].
fn auth_was_first(world: &World) -> (Place<'_>, Place<'_>) {
    let (auth, search) = (world.worktree("auth"), world.worktree("search"));
    auth.commit_edit(10, "auth's line").silent();
    (auth, search)
}

#[test]
fn the_second_to_commit_the_same_line_is_blocked() {
    let world = World::installed();
    let (_, search) = auth_was_first(&world);
    let before = search.id("HEAD");
    search.edit("README.md", 3, "innocent");
    let run = search.commit_edit(10, "search's line").blocked();
    let run = run.says("would conflict with auth").says(FILE).says("auth's line").says("search's line");
    let order = ["git restore --staged", "git rebase --autostash", "coord ack", "COORD_SKIP=1 git commit"];
    let places: Vec<_> = order.iter().map(|way| run.stderr.find(way)).collect();
    assert!(places.iter().all(Option::is_some) && places.is_sorted(), "{places:?} in {}", run.stderr);
    assert!(!run.stderr.contains("--no-verify"), "it would skip linters too:\n{}", run.stderr);
    assert!(run.stderr.lines().count() <= 14, "a block fits a glance:\n{}", run.stderr);
    run.clean();
    assert_eq!(search.id("HEAD"), before);
}

#[test]
fn the_block_names_the_others_task_and_age_and_both_lines() {
    let world = World::installed();
    let (_, search) = auth_was_first(&world);
    search.commit_edit(10, "search's line").blocked().says("10").says("committed").says("yours").says("theirs");
}

#[test]
fn other_lines_of_the_same_file_pass_in_silence() {
    let world = World::installed();
    let (_, search) = auth_was_first(&world);
    search.commit_edit(30, "search's line").silent();
}

#[test]
fn the_same_change_on_both_sides_passes_in_silence() {
    let world = World::installed();
    let (_, search) = auth_was_first(&world);
    search.commit_edit(10, "auth's line").silent();
}

#[test]
fn two_agents_commit_by_turns_on_one_file() {
    let world = World::installed();
    let (auth, search) = (world.worktree("auth"), world.worktree("search"));
    for turn in 0..4 {
        auth.commit_edit(2 + turn, "auth").silent();
        search.commit_edit(30 + turn, "search").silent();
    }
}

#[test]
fn each_holding_what_the_other_wants_neither_waits() {
    let world = World::installed();
    let (auth, search) = (world.worktree("auth"), world.worktree("search"));
    auth.commit_edit(10, "auth's line").silent();
    search.edit("src/user.rs", 10, "search's line");
    search.commit("User").silent();
    auth.edit("src/user.rs", 10, "auth wants this");
    let blocked = auth.commit("User too").blocked();
    search.commit_edit(10, "search wants this").blocked();
    // Either side can go on by itself, without the other doing anything.
    auth.sh(&blocked.way_out("git rebase --autostash")).ok();
    auth.write("src/user.rs", lines(40).replace("line 10\n", "search's line, and auth's\n"));
    auth.commit("User too").silent();
    search.git(&["restore", "--staged", "--worktree", FILE]).ok();
    search.git(&["rebase", "-q", "auth"]).ok();
    search.commit_edit(10, "auth's line, and search's").silent();
}

#[test]
fn a_commit_on_top_of_the_others_work_is_no_conflict() {
    let world = World::installed();
    let (_, search) = auth_was_first(&world);
    search.edit("README.md", 3, "mine");
    search.commit("Readme").silent();
    search.git(&["rebase", "-q", "auth"]).ok();
    search.commit_edit(10, "search's line on top of auth's").silent();
}

#[test]
fn the_first_goes_on_in_its_own_place() {
    let world = World::installed();
    let (auth, search) = auth_was_first(&world);
    search.commit_edit(10, "search's line").blocked();
    // The other's attempt is uncommitted work: a warning at most.
    auth.commit_edit(10, "auth's second thought").ok().says_not("COORD_SKIP");
}

#[test]
fn what_the_other_has_only_staged_warns() {
    let world = World::installed();
    let (auth, search) = (world.worktree("auth"), world.worktree("search"));
    auth.edit(FILE, 10, "auth's line");
    auth.git(&["add", "-A"]).ok();
    search.commit_edit(10, "search's line").warned().says("auth").says(FILE);
    // And now the one who was slower meets the rule.
    auth.git(&["commit", "-q", "-m", "Late"]).blocked().says("search");
}

#[test]
fn what_the_other_has_only_in_its_files_warns() {
    let world = World::installed();
    let (auth, search) = (world.worktree("auth"), world.worktree("search"));
    auth.edit(FILE, 10, "auth's line");
    let run = search.commit_edit(10, "search's line").warned().says("auth").says(FILE).says("not committed");
    assert!(run.stderr.lines().count() <= 3, "a warning is short:\n{}", run.stderr);
}

#[test]
fn an_untracked_file_of_the_other_warns() {
    let world = World::installed();
    let (auth, search) = (world.worktree("auth"), world.worktree("search"));
    auth.write("new.rs", "auth's\n");
    search.write("new.rs", "search's\n");
    search.commit("Add").warned().says("new.rs").says("auth");
}

#[test]
fn only_a_conflict_that_this_commit_adds_counts() {
    let world = World::installed();
    let (_, search) = auth_was_first(&world);
    search.edit(FILE, 10, "search's line");
    search.with("COORD_SKIP", "1").commit("Skip once").ok();
    // The conflict is there already: going on elsewhere in the same file is no new one.
    search.commit_edit(30, "elsewhere").ok().says_not("COORD_SKIP=1");
    search.edit("README.md", 3, "another file");
    search.commit("Another file").ok().says_not("COORD_SKIP=1");
}

#[test]
fn shrinking_a_conflict_is_never_blocked() {
    let world = World::installed();
    let (_, search) = auth_was_first(&world);
    search.edit(FILE, 10, "search's line");
    search.with("COORD_SKIP", "1").commit("Skip once").ok();
    search.commit_edit(10, "line 10").ok().says_not("COORD_SKIP=1");
}

#[test]
fn on_the_target_branch_nothing_blocks() {
    let world = World::installed();
    auth_was_first(&world);
    let main = world.main();
    main.commit_edit(10, "main's line").warned().says("auth");
}

#[test]
fn a_conflict_with_the_target_is_a_warning() {
    let world = World::installed();
    let search = world.worktree("search");
    world.main().commit_edit(10, "main moved on").ok();
    search.commit_edit(10, "search's line").warned().says("rebase");
}

#[test]
fn a_branch_without_a_worktree_only_warns() {
    let world = World::installed();
    let (auth, search) = auth_was_first(&world);
    auth.git(&["switch", "-q", "--detach", "main"]).ok();
    search.commit_edit(10, "search's line").warned().says("auth");
}

#[test]
fn a_branch_without_a_worktree_blocks_where_that_is_asked_for() {
    let world = World::installed();
    let (auth, search) = auth_was_first(&world);
    auth.git(&["switch", "-q", "--detach", "main"]).ok();
    world.main().git(&["config", "coord.blockBranches", "true"]).ok();
    search.commit_edit(10, "search's line").blocked().says("auth");
}

#[test]
fn a_detached_worktree_is_an_instance_like_any_other() {
    let world = World::installed();
    let (auth, search) = (world.worktree("auth"), world.worktree("search"));
    auth.git(&["switch", "-q", "--detach"]).ok();
    auth.commit_edit(10, "detached work").silent();
    search.commit_edit(10, "search's line").blocked().says(FILE);
}

#[test]
fn a_backup_branch_of_ones_own_is_silent() {
    let world = World::installed();
    world.main().git(&["config", "coord.blockBranches", "true"]).ok();
    let auth = world.worktree("auth");
    auth.commit_edit(10, "first").silent();
    auth.git(&["branch", "backup"]).ok();
    auth.commit_edit(10, "second").silent();
    auth.git(&["branch", "backup2"]).ok();
    auth.edit(FILE, 10, "third");
    auth.git(&["commit", "-q", "-a", "--amend", "-m", "third"]).silent();
}

#[test]
fn a_dormant_instance_is_silent() {
    let world = World::installed();
    let search = world.worktree("search");
    let old = "2020-01-01T00:00:00Z";
    let auth = world.worktree("auth").with("GIT_COMMITTER_DATE", old).with("GIT_AUTHOR_DATE", old);
    auth.commit_edit(10, "long ago").ok();
    auth.sh("find . \"$(git rev-parse --git-dir)\" -exec touch -h -d 2020-01-01 {} +").ok();
    let record = "find \"$(git rev-parse --git-common-dir)/coord\" -type f ! -name lock -delete";
    auth.sh(record).ok();
    search.commit_edit(10, "search's line").silent();
}

#[test]
fn a_dormant_branch_is_silent() {
    let world = World::installed();
    let search = world.worktree("search");
    let old = "2020-01-01T00:00:00Z";
    let auth = world.worktree("auth").with("GIT_COMMITTER_DATE", old).with("GIT_AUTHOR_DATE", old);
    auth.commit_edit(10, "long ago").ok();
    world.main().git(&["config", "coord.blockBranches", "true"]).ok();
    world.main().git(&["worktree", "remove", "--force", &auth.dir.to_string_lossy()]).ok();
    search.commit_edit(10, "search's line").silent();
}

#[test]
fn what_was_squashed_onto_the_target_no_longer_blocks() {
    let world = World::installed();
    let (auth, search) = auth_was_first(&world);
    auth.commit_edit(12, "more of auth's").silent();
    let main = world.main();
    main.git(&["merge", "-q", "--squash", "auth"]).ok();
    main.git(&["commit", "-q", "-m", "Land auth"]).ok();
    main.commit_edit(12, "the target moved on in the same lines").ok();
    let run = search.commit_edit(10, "search's line").ok();
    assert!(!run.stderr.contains("conflict with auth"), "auth has landed:\n{}", run.stderr);
}

#[test]
fn squash_landing_on_the_target_warns_the_others_and_passes() {
    let world = World::installed();
    let (_, search) = auth_was_first(&world);
    search.edit(FILE, 10, "search's line");
    search.with("COORD_SKIP", "1").commit("Skip").ok();
    let main = world.main();
    main.git(&["merge", "-q", "--squash", "auth"]).ok();
    main.git(&["commit", "-q", "-m", "Land auth"]).warned().says("search");
}

#[test]
fn an_excluded_branch_is_left_out() {
    let world = World::installed();
    let release = world.worktree_at("release-copy", "main");
    release.git(&["switch", "-q", "-c", "release/1.0"]).ok();
    release.commit_edit(10, "a fix on a release").ok();
    let search = world.worktree("search");
    search.commit_edit(10, "search's line").silent();
}

#[test]
fn acknowledged_is_silent_until_withdrawn() {
    let world = World::installed();
    let (_, search) = auth_was_first(&world);
    search.edit(FILE, 10, "search's line");
    search.coord(&["ack", "auth", FILE, "--for", "8h", "--why", "we talked"]).ok();
    search.commit("With their blessing").silent();
}

#[test]
fn the_ways_out_of_a_path_with_odd_characters_can_be_pasted() {
    let world = World::installed();
    let odd = "a dir/it's $(odd) \"name\".rs";
    world.main().write(odd, lines(20));
    world.main().commit("Odd").ok();
    let (auth, search) = (world.worktree("auth"), world.worktree("search"));
    auth.edit(odd, 5, "auth's");
    auth.commit("Odd").silent();
    search.edit(odd, 5, "search's");
    search.edit(FILE, 3, "fine");
    let run = search.commit("Odd too").blocked();
    let command = run.stderr.lines().find(|l| l.contains("git restore --staged")).expect("a way out").trim();
    let command = &command[command.find("git restore").expect("just found")..];
    search.sh(command).ok();
    search.git(&["commit", "-q", "-m", "The rest"]).silent();
}
