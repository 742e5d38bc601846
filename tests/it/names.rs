//! Names that were made to hurt (BAD-INPUTS.md part A): every command answers, losslessly, and no terminal is moved.
//! Must not know: how names are escaped.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt as _;

use serde_json::json;

use crate::world::{FILE, Place, World, instance, lines};

/// File names of every nasty kind.
const NAMES: &[&[u8]] = &[
    b"caf\xe9.txt",
    b"new\nline.txt",
    b"esc\x1b[31mred\x1b]0;title\x07.txt",
    "c1\u{9b}31m.txt".as_bytes(),
    b"del\x7f.txt",
    "bidi\u{202e}txt.exe".as_bytes(),
    "zero\u{200b}width.txt".as_bytes(),
    b"::error file=x::pwn",
    b"##[group]x",
    b"percent%0A.txt",
    b"quote\"back\\slash\ttab.txt",
    b" leading and trailing ",
    b"-dash.txt",
    b":colon.txt",
    b"!bang.txt",
    b"#hash.txt",
    b"glob[*?{a,b}.txt",
    b"$(touch ran).txt",
    b"`touch ran`.txt",
];

/// Both worktrees change every hostile file in line 5; `auth` has committed.
fn hostile(world: &World) -> (Place<'_>, Place<'_>) {
    let main = world.main();
    for name in NAMES {
        main.write(OsStr::from_bytes(name), lines(9));
    }
    main.commit("Names").ok();
    main.coord(&["install"]).ok();
    let (auth, search) = (world.worktree("auth"), world.worktree("search"));
    for (place, text) in [(&auth, "auth"), (&search, "search")] {
        for name in NAMES {
            place.write(OsStr::from_bytes(name), lines(9).replace("line 5\n", &format!("{text}\n")));
        }
    }
    auth.commit("Auth").ok();
    (auth, search)
}

#[test]
fn every_command_survives_hostile_file_names() {
    let world = World::new();
    let (_, search) = hostile(&world);
    for command in [&["scan"][..], &["status"], &["diff", "auth", "search"], &[], &["check", FILE], &["config"]] {
        let run = search.coord(command);
        run.clean();
        assert!(!run.stderr.contains("panicked"), "{}", run.stderr);
        // To a terminal such a line is a line; a CI log takes it for a command, indented too.
        let run = search.with("GITHUB_ACTIONS", "true").coord(command);
        run.clean();
        let all = format!("{}{}", run.stdout, run.stderr);
        assert!(!all.lines().any(|line| line.trim_start().starts_with("::") || line.contains("##[")), "{all}");
    }
    let scan = search.json(&["scan"]);
    let paths = instance(&scan, "search")["paths"].as_array().expect("a list");
    assert_eq!(paths.len(), NAMES.len(), "{scan:#}");
    assert!(paths.iter().any(|p| p["path"] == json!({"bytes": "Y2Fm6S50eHQ="})), "not UTF-8, as base64: {scan:#}");
    assert!(paths.iter().any(|p| p["path"] == "new\nline.txt"), "{scan:#}");
    assert!(paths.iter().any(|p| p["path"] == "bidi\u{202e}txt.exe"), "{scan:#}");
    assert_eq!(scan["overlaps"][0]["paths"].as_array().expect("a list").len(), NAMES.len());
    world.main().coord(&["scan"]);
    world.board();
    assert!(!search.dir.join("ran").exists());
}

#[test]
fn a_block_survives_hostile_file_names_and_its_way_out_works() {
    let world = World::new();
    let (_, search) = hostile(&world);
    search.edit(FILE, 3, "innocent");
    search.git(&["add", "-A"]).ok();
    let run = search.git(&["commit", "-q", "-m", "Second"]).blocked();
    run.clean();
    assert!(!search.dir.join("ran").exists());
    // One file at a time, so that each name must be quoted right.
    for name in NAMES {
        search.git(&["reset", "-q"]).ok();
        search.git(&[OsStr::new("add"), OsStr::new("--"), OsStr::new(FILE)]).ok();
        let literal = search.with("GIT_LITERAL_PATHSPECS", "1");
        literal.git(&[OsStr::new("add"), OsStr::new("--"), OsStr::from_bytes(name)]).ok();
        let run = search.git(&["commit", "-q", "-m", "One"]).blocked();
        run.clean();
        let script = restore_command(&run.stderr);
        // What a terminal cannot show is quoted as bash, zsh and ksh read it.
        search.run("bash", &["-c", &script]).ok();
        let staged = search.git(&["diff", "--cached", "--name-only"]).ok().stdout;
        assert_eq!(staged.trim(), FILE, "after {script:?} for {:?}", String::from_utf8_lossy(name));
    }
    assert!(!search.dir.join("ran").exists());
}

/// The `git restore` line, whole: a name may hold two spaces.
fn restore_command(stderr: &str) -> String {
    let line = stderr.lines().find(|line| line.contains("git restore --staged")).expect("a way out");
    line[line.find("git restore").expect("just found")..].trim_end().to_owned()
}

#[test]
fn check_takes_hostile_names() {
    let world = World::new();
    let (_, search) = hostile(&world);
    for name in NAMES {
        let run = search.coord(&[OsStr::new("check"), OsStr::new("--"), OsStr::from_bytes(name)]);
        run.ends_with(1).says("auth").clean();
    }
}

#[test]
fn hostile_branch_names_are_only_names() {
    let world = World::new();
    let main = world.main();
    let names: &[&[u8]] = &[
        b"refs/heads/-dash",
        b"refs/heads/--upload-pack=x",
        b"refs/heads/x$(id)",
        b"refs/heads/`id`;ls",
        b"refs/heads/caf\xe9",
        "refs/heads/c1\u{9b}31m".as_bytes(),
        "refs/heads/bidi\u{202e}x".as_bytes(),
        b"refs/heads/quote'\"",
        b"refs/heads/HEAD",
    ];
    for (number, name) in names.iter().enumerate() {
        main.edit(FILE, 3, &format!("by {number}"));
        main.git(&["add", "-A"]).ok();
        let tree = main.git(&["write-tree"]).ok().stdout.trim().to_owned();
        let commit = main.git(&["commit-tree", "-p", "main", "-m", "x", &tree]).ok().stdout.trim().to_owned();
        main.git(&[OsStr::new("update-ref"), OsStr::from_bytes(name), OsStr::new(&commit)]).ok();
    }
    main.git(&["reset", "-q", "--hard"]).ok();
    let scan = main.json(&["scan"]);
    assert_eq!(scan["instances"].as_array().expect("a list").len(), names.len() + 1, "{scan:#}");
    assert_eq!(scan["summary"]["unknown"], 0, "{scan:#}");
    main.coord(&["scan"]).ends_with(1).clean();
    main.coord(&["status"]).clean();
}

#[test]
fn a_worktree_path_with_a_newline_and_an_escape() {
    let world = World::new();
    let dir = world.path("odd\n\x1b[2Jname");
    world.main().git(&["worktree", "add", "-q", "-b", "odd", &dir.to_string_lossy()]).ok();
    world.at("odd\n\x1b[2Jname").commit_edit(10, "odd").ok();
    world.worktree("search").commit_edit(10, "search").ok();
    let run = world.main().coord(&["scan"]).ends_with(1);
    run.says("odd").clean();
    world.main().json(&["scan"]);
}

#[test]
fn hostile_texts_in_commits_and_tasks_do_not_move_the_terminal() {
    let world = World::installed();
    let (auth, search) = (world.worktree("auth"), world.worktree("search"));
    auth.edit(FILE, 10, "auth\x1b[2J\u{202e}line\u{9b}31m");
    auth.commit("subject \x1b]0;pwned\x07 \u{202e}").ok();
    search.edit(FILE, 10, "search\x1b[2Jline");
    search.coord(&["ack", "auth", "README.md", "--for", "8h", "--why", "why\x1b[2J\u{202e}"]).clean();
    search.coord(&["ack", "--list"]).clean();
    search.coord(&["diff", "auth", "search"]).clean();
    search.commit("Second").blocked().clean();
}

#[test]
fn a_path_of_the_greatest_length() {
    let world = World::new();
    let (auth, search) = (world.worktree("auth"), world.worktree("search"));
    let deep = vec!["d".repeat(200); 12].join("/") + "/file";
    for (place, text) in [(&auth, "a\n"), (&search, "b\n")] {
        place.write(&deep, text);
        place.commit("Deep").ok();
    }
    let run = world.main().coord(&["scan"]).ends_with(1);
    run.says("add/add").clean();
    assert_eq!(world.main().json(&["scan"])["overlaps"][0]["paths"][0]["path"], deep.as_str());
}
