//! A repository, a board and an environment that mean harm (BAD-INPUTS.md parts E and F): nothing configured is run.
//! Must not know: how coord calls git.

use std::fs;
use std::path::PathBuf;

use crate::world::{FILE, World, executable, files_below};

/// A world with one marker program that everything in its configuration names, and work in two worktrees.
fn armed() -> (World, PathBuf) {
    let world = World::new();
    let (auth, search) = (world.worktree("auth"), world.worktree("search"));
    auth.commit_edit(10, "auth's line").ok();
    search.edit(FILE, 10, "search's line");
    search.write("new.rs", "new\n");
    let marker = world.path("ran");
    let trap = world.path("bin/trap");
    fs::write(&trap, format!("#!/bin/sh\necho \"$0 $*\" >> '{}'\nexit 1\n", marker.display())).expect("own folder");
    executable(&trap);
    let main = world.main();
    main.write(".gitattributes", "*.rs filter=evil diff=evil merge=evil\n");
    let trap = trap.to_str().expect("UTF-8");
    for key in [
        "core.fsmonitor",
        "core.alternateRefsCommand",
        "core.sshCommand",
        "core.pager",
        "core.editor",
        "core.askPass",
        "core.gitProxy",
        "credential.helper",
        "diff.external",
        "diff.evil.textconv",
        "diff.evil.command",
        "filter.evil.clean",
        "filter.evil.smudge",
        "filter.evil.process",
        "merge.evil.driver",
        "gpg.program",
        "pager.status",
        "interactive.diffFilter",
        "uploadpack.packObjectsHook",
    ] {
        main.git(&["config", key, trap]).ok();
    }
    main.git(&["config", "core.hooksPath", "hooks-of-the-tree"]).ok();
    for place in [&main, &auth, &search] {
        for hook in ["post-index-change", "reference-transaction", "pre-commit", "post-checkout", "pre-auto-gc"] {
            place.write(format!("hooks-of-the-tree/{hook}"), format!("#!/bin/sh\nexec '{trap}' {hook}\n"));
            executable(&place.dir.join("hooks-of-the-tree").join(hook));
        }
    }
    for place in [&auth, &search] {
        place.write(".gitattributes", "*.rs filter=evil diff=evil merge=evil\n");
    }
    fs::remove_file(&marker).unwrap_or_default();
    (world, marker)
}

#[test]
fn looking_runs_nothing_that_is_configured() {
    let (world, marker) = armed();
    for command in [
        &["scan"][..],
        &["scan", "--json"],
        &["status"],
        &["check", FILE, "new.rs"],
        &["diff", "auth", "search"],
        &[],
        &["config"],
        &["hook", "pre-commit"],
        &["hook", "post-commit"],
    ] {
        let run = world.at("search").coord(command);
        let ran = fs::read_to_string(&marker).unwrap_or_default();
        assert!(ran.is_empty(), "coord {command:?} ran:\n{ran}");
        assert!(!run.stderr.contains("panicked"), "{}", run.stderr);
    }
}

#[test]
fn doctor_runs_no_hook_of_the_users() {
    let (world, marker) = armed();
    world.at("search").coord(&["doctor"]);
    let ran = fs::read_to_string(&marker).unwrap_or_default();
    assert!(ran.is_empty(), "coord doctor ran:\n{ran}");
}

#[test]
fn a_git_in_the_working_tree_is_never_run() {
    let world = World::new();
    let marker = world.path("ran");
    let search = world.worktree("search");
    search.write("git", format!("#!/bin/sh\ntouch '{}'\n", marker.display()));
    executable(&search.dir.join("git"));
    let path = crate::world::switch("PATH").expect("a PATH").into_string().expect("UTF-8");
    search.with("PATH", format!(".::bin:{}:{path}", world.path("bin").display())).coord(&["scan"]).ok();
    assert!(!marker.exists());
}

#[test]
fn a_foreign_environment_does_not_mislead() {
    let world = World::new();
    world.worktree("auth").commit_edit(10, "auth's line").ok();
    let search = world.worktree("search");
    search.edit(FILE, 10, "search's line");
    let odd = search
        .with("GIT_INDEX_FILE", "/nowhere/index")
        .with("GIT_OBJECT_DIRECTORY", "/nowhere/objects")
        .with("GIT_WORK_TREE", "/nowhere")
        .with("GIT_NAMESPACE", "x")
        .with("GIT_CONFIG_COUNT", "1")
        .with("GIT_CONFIG_KEY_0", "core.bare")
        .with("GIT_CONFIG_VALUE_0", "true")
        .with("GIT_EXTERNAL_DIFF", "/nowhere/diff")
        .with("GIT_TRACE", "1")
        .with("GIT_ATTR_SOURCE", "main");
    let run = odd.coord(&["scan"]);
    assert!(run.code == 1 || run.code == 2, "an answer, or a clear error: {}\n{}", run.stdout, run.stderr);
    assert!(!run.stdout.contains("0 conflicts"), "{}", run.stdout);
}

#[test]
fn a_hostile_board_is_moved_aside_and_rebuilt() {
    let deep = "[".repeat(100_000);
    let duplicate = r#"{"active_instances": [], "active_instances": [{"id": "x"}]}"#;
    for (name, content) in [
        ("empty", Vec::new()),
        ("garbage", b"\x00\xff\xfe garbage".to_vec()),
        ("deep", deep.into_bytes()),
        ("truncated", br#"{"last_updated": "2026-01-31T14:30:00Z", "active_insta"#.to_vec()),
        ("another type", br#"["active_instances"]"#.to_vec()),
        ("wrong types", br#"{"active_instances": {"id": 3}, "last_updated": []}"#.to_vec()),
        ("bom", [b"\xef\xbb\xbf".as_slice(), br#"{"active_instances": []}"#].concat()),
        ("duplicate", duplicate.as_bytes().to_vec()),
        ("times", br#"{"active_instances": [{"id": "t", "started_at": "9999-99-99", "status": "x"}]}"#.to_vec()),
        ("ids", br#"{"active_instances": [{"id": "../../etc/passwd"}, {"id": "\u001b[2J"}, {"id": ""}]}"#.to_vec()),
        ("huge", vec![b' '; 20_000_000]),
    ] {
        let world = World::new();
        world.worktree("auth").commit_edit(10, "auth's line").ok();
        let file = world.board_file();
        fs::create_dir_all(file.parent().expect("a folder")).expect("own folder");
        fs::write(&file, &content).expect("own folder");
        let run = world.main().coord(&["scan"]).ok();
        run.clean();
        let board = world.board();
        let auth = board["active_instances"].as_array().is_some_and(|all| all.iter().any(|t| t["id"] == "auth"));
        assert!(auth, "{name}: {board:#}");
        world.main().coord(&["status"]).ok().clean();
        world.main().coord(&["scan"]).ok();
    }
}

#[test]
fn a_board_that_is_no_plain_file_is_not_followed() {
    let world = World::new();
    world.worktree("auth").commit_edit(10, "auth's line").ok();
    let precious = world.path("precious");
    fs::write(&precious, "precious\n").expect("own folder");
    let file = world.board_file();
    fs::create_dir_all(file.parent().expect("a folder")).expect("own folder");
    std::os::unix::fs::symlink(&precious, &file).expect("a fresh name");
    world.main().coord(&["scan"]).ok();
    assert_eq!(fs::read(&precious).expect("still there"), b"precious\n");
    fs::remove_file(&file).expect("own file");
    world.main().run("mkfifo", &[&file]).ok();
    world.main().coord(&["scan"]).ok();
    world.main().coord(&["status"]).ok();
    let folder = world.path("repo/.claude/runtime");
    fs::remove_dir_all(&folder).expect("own folder");
    std::os::unix::fs::symlink(world.path("home"), &folder).expect("a fresh name");
    world.main().coord(&["scan"]).ok();
}

#[test]
fn a_hostile_store_stops_nobody() {
    let world = World::installed();
    let (auth, search) = (world.worktree("auth"), world.worktree("search"));
    auth.commit_edit(10, "auth's line").silent();
    search.coord(&["ack", "auth", "README.md", "--for", "8h", "--why", "x"]).ok();
    search.edit(FILE, 10, "search's line");
    search.git(&["add", "-A"]).ok();
    for content in [&b""[..], b"\x00\xff garbage", b"{\"version\": 99}", b"[[[[", b"{\"a\": 1e999}"] {
        for file in files_below(&world.store()) {
            fs::write(&file, content).expect("own file");
        }
        // Whatever lies there, what git shows is known: the conflict is one.
        search.git(&["commit", "-q", "-m", "Second"]).ends_with(1).says("auth");
        search.coord(&["scan", "--fail-on", "never"]).ok();
        search.coord(&["status"]).ok();
    }
}

#[test]
fn a_torn_event_log_loses_only_its_torn_line() {
    let world = World::installed();
    let (auth, search) = (world.worktree("auth"), world.worktree("search"));
    auth.commit_edit(10, "auth's line").silent();
    search.commit_edit(10, "search's line").blocked();
    for file in files_below(&world.store()) {
        if file.to_string_lossy().contains("events") {
            let mut bytes = fs::read(&file).expect("own file");
            bytes.extend_from_slice(b"{\"at\": \"2026-");
            fs::write(&file, bytes).expect("own file");
        }
    }
    search.with("COORD_SKIP", "1").git(&["commit", "-q", "-m", "Skip"]).ok();
    let events = world.events();
    assert!(events.contains("commit_blocked") && events.contains("commit_skipped"), "{events}");
}

#[test]
fn terminal_and_ci_output_hold_no_commands() {
    let world = World::new();
    let search = world.worktree("search");
    search.write("::set-output name=x::pwn", "x\n");
    search.write("::error file=x::pwn", "x\n");
    let ci = search.with("GITHUB_ACTIONS", "true").with("CI", "true");
    for command in [&["scan"][..], &["status"], &[]] {
        let run = ci.coord(command);
        let all = format!("{}{}", run.stdout, run.stderr);
        assert!(!all.lines().any(|line| line.trim_start().starts_with("::")), "{all}");
    }
}
