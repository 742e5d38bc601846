//! An error of coord's own never stops anybody's work: the commit goes through, with one line.
//! Must not know: the ways in which coord can fail, only what a user sees.

use std::fs;

use crate::world::{FILE, World, files_below, skip};

/// A world in which the commit of `search` would be blocked if coord were well.
fn about_to_be_blocked(world: &World) -> crate::world::Place<'_> {
    let (auth, search) = (world.worktree("auth"), world.worktree("search"));
    auth.commit_edit(10, "auth's line").silent();
    search.edit(FILE, 10, "search's line");
    search.git(&["add", "-A"]).ok();
    search
}

const COMMIT: &[&str] = &["commit", "-q", "-m", "Second"];

#[test]
fn without_the_binary_the_commit_goes_through_with_one_line() {
    let world = World::installed();
    let search = about_to_be_blocked(&world);
    fs::remove_file(world.path("bin/coord")).expect("own file");
    fs::remove_file(world.path("bin/git-coord")).expect("own file");
    search.without("COORD_FOREGROUND").git(COMMIT).ok().one_line();
}

#[test]
fn a_binary_that_crashes_stops_nobody() {
    let world = World::installed();
    let search = about_to_be_blocked(&world);
    for body in ["exit 2", "exit 101", "kill -SEGV $$", "exit 127"] {
        fs::remove_file(world.path("bin/coord")).expect("own file");
        fs::write(world.path("bin/coord"), format!("#!/bin/sh\n{body}\n")).expect("own folder");
        crate::world::executable(&world.path("bin/coord"));
        search.git(&["commit", "-q", "--allow-empty", "-m", "Whatever"]).ok();
    }
}

#[test]
fn past_its_deadline_the_commit_goes_through_with_one_line() {
    let world = World::installed();
    let search = about_to_be_blocked(&world).without("COORD_DEADLINE");
    world.main().git(&["config", "coord.deadline", "1ms"]).ok();
    search.without("COORD_FOREGROUND").git(COMMIT).ok().one_line();
    assert!(!world.events().is_empty(), "it is logged");
}

#[test]
fn strict_turns_that_round() {
    let world = World::installed();
    let search = about_to_be_blocked(&world).without("COORD_DEADLINE");
    world.main().git(&["config", "coord.deadline", "1ms"]).ok();
    world.main().git(&["config", "coord.strict", "true"]).ok();
    search.git(COMMIT).ends_with(1).says("coord: ");
}

#[test]
fn a_corrupt_board_changes_no_answer_and_is_moved_aside() {
    let world = World::installed();
    let search = about_to_be_blocked(&world);
    let board = world.board_file();
    fs::create_dir_all(board.parent().expect("a folder")).expect("own folder");
    fs::write(&board, "{\"active_instances\": [{\"id\": ").expect("own folder");
    search.git(COMMIT).blocked();
    search.git(&["restore", "--staged", "--worktree", FILE]).ok();
    search.edit("README.md", 3, "fine");
    search.git(&["commit", "-q", "-a", "-m", "Fine"]).ok();
    world.main().coord(&["scan"]);
    assert!(world.board()["active_instances"].is_array());
    let aside = files_below(board.parent().expect("a folder"));
    let kept = aside.iter().any(|file| file != &board && fs::read(file).is_ok_and(|b| b.ends_with(b"{\"id\": ")));
    assert!(kept, "what somebody wrote is moved aside, not lost: {aside:?}");
}

#[test]
fn a_store_that_is_no_folder_stops_nobody() {
    let world = World::installed();
    let search = world.worktree("search");
    fs::remove_dir_all(world.store()).ok();
    fs::write(world.store(), "in the way\n").expect("own folder");
    search.without("COORD_FOREGROUND").commit_edit(10, "search's line").ok().one_line();
    assert_eq!(fs::read(world.store()).expect("still there"), b"in the way\n");
}

#[test]
fn a_store_that_cannot_be_written_stops_nobody() {
    let world = World::installed();
    let (_, search) = (world.worktree("auth"), world.worktree("search"));
    search.commit_edit(3, "so that the store is there").silent();
    world.drop_privileges();
    world.main().sh("chmod -R a-w .git/coord .claude").ok();
    search.without("COORD_FOREGROUND").commit_edit(10, "search's line").ok().one_line();
    let run = search.coord(&["scan"]).ok().says("search");
    assert!(run.stderr.contains("coord") || run.stdout.contains("record"), "says what could not be recorded");
    world.main().sh("chmod -R u+w .git/coord .claude").ok();
}

#[test]
fn a_store_that_cannot_be_read_is_not_taken_for_an_empty_one() {
    let world = World::installed();
    let (auth, search) = (world.worktree("auth"), world.worktree("search"));
    auth.commit_edit(10, "auth's line").silent();
    search.coord(&["ack", "auth", FILE, "--for", "8h", "--why", "talked"]).ok();
    let before: Vec<_> = files_below(&world.store());
    world.drop_privileges();
    world.main().sh("chmod a-rwx .git/coord").ok();
    search.edit("README.md", 3, "fine");
    search.commit("Fine").ok().one_line();
    // An acknowledgement may have lifted the block, so it is none.
    search.commit_edit(10, "search's line").ok().one_line();
    world.main().sh("chmod -R u+rwX .git/coord").ok();
    for file in before {
        assert!(file.exists(), "{} was thrown away", file.display());
    }
}

#[test]
fn a_configuration_that_does_not_parse_is_one_line() {
    let world = World::installed();
    let search = about_to_be_blocked(&world);
    world.main().git(&["config", "coord.mode", "loud"]).ok();
    let run = search.git(COMMIT);
    assert!(run.stderr.contains("coord.mode"), "names the setting:\n{}", run.stderr);
    search.coord(&["scan"]).ends_with(2).says("coord.mode");
}

#[test]
fn a_policy_file_that_does_not_parse_is_one_line() {
    let world = World::installed();
    world.main().write("coord.toml", "[paths\n");
    world.main().commit("Break the policy").ok();
    let search = world.worktree("search");
    search.commit_edit(10, "search's line").ok().says("coord.toml");
}

#[test]
fn without_standard_streams_the_hook_does_not_panic() {
    let world = World::installed();
    let search = about_to_be_blocked(&world);
    search.sh("coord hook pre-commit <&- >&- 2>&-").ends_with(1);
    search.sh("coord scan </dev/null | true").ok();
    search.without("HOME").git(COMMIT).blocked();
}

#[test]
fn a_full_disk_stops_nobody() {
    let world = World::installed();
    let search = world.worktree("search");
    search.edit(FILE, 10, "search's line");
    search.git(&["add", "-A"]).ok();
    // No file may grow: what ENOSPC would do to every write of coord's.
    let run = search.sh("trap '' XFSZ; ulimit -f 0; coord hook pre-commit");
    assert_eq!(run.code, 0, "{}", run.stderr);
}

#[test]
fn few_file_descriptors_stop_nobody() {
    let world = World::installed();
    let search = world.worktree("search");
    search.edit(FILE, 10, "search's line");
    search.git(&["add", "-A"]).ok();
    let run = search.sh("ulimit -n 12; coord hook pre-commit");
    assert_eq!(run.code, 0, "{}", run.stderr);
}

#[test]
fn a_folder_that_is_gone_is_one_line() {
    let world = World::installed();
    let search = world.worktree("search");
    let run = search.sh("mkdir gone && cd gone && rmdir ../gone && coord scan");
    assert_eq!(run.code, 2, "{}", run.stderr);
    assert!(run.stderr.contains("coord: ") && !run.stderr.contains("panicked"), "{}", run.stderr);
}

#[test]
fn an_answer_of_the_hook_is_never_two() {
    let world = World::empty();
    let place = world.at("");
    for name in ["pre-commit", "pre-merge-commit", "post-commit", "post-merge", "post-checkout", "pre-push", "nonsense"]
    {
        let run = place.coord(&["hook", name]);
        assert!(run.code == 0 || run.code == 1, "hook {name} ends with {}", run.code);
    }
}

#[test]
fn a_git_that_is_too_old_is_said() {
    let world = World::installed();
    let search = about_to_be_blocked(&world);
    let real = crate::world::switch("PATH")
        .and_then(|path| std::env::split_paths(&path).map(|dir| dir.join("git")).find(|git| git.is_file()));
    let Some(real) = real else { return skip("git is not on PATH") };
    let script = format!(
        "#!/bin/sh\ncase \"$*\" in *merge-tree*) echo 'git: merge-tree: unknown option --write-tree' >&2; exit 129;; \
         version|--version) echo 'git version 2.30.0';; *) exec '{}' \"$@\";; esac\n",
        real.display()
    );
    fs::write(world.path("bin/git"), script).expect("own folder");
    crate::world::executable(&world.path("bin/git"));
    search.git(COMMIT);
    let run = search.coord(&["scan"]);
    assert!(!run.stderr.contains("panicked"), "{}", run.stderr);
}
