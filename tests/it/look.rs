//! `coord check`, `coord diff` and `coord ack`, and what every command has in common.
//! Must not know: how an answer is computed.

use serde_json::json;

use crate::world::{FILE, Place, World, lines};

/// `auth` has committed line 10; `search` has line 10 in its files.
fn busy(world: &World) -> (Place<'_>, Place<'_>) {
    let (auth, search) = (world.worktree("auth"), world.worktree("search"));
    auth.commit_edit(10, "auth's line").ok();
    search.edit(FILE, 10, "search's line");
    (auth, search)
}

#[test]
fn check_says_who_else_is_there() {
    let world = World::new();
    let (_, search) = busy(&world);
    search.coord(&["check", FILE]).ends_with(1).says("auth").says("10").clean();
    search.coord(&["check", "README.md"]).ok().says_not("auth");
}

#[test]
fn check_gives_facts_where_nothing_of_mine_collides() {
    let world = World::new();
    busy(&world);
    let docs = world.worktree("docs");
    docs.coord(&["check", FILE]).ok().says("auth").says("search");
}

#[test]
fn check_with_lines_judges_an_edit_there() {
    let world = World::new();
    busy(&world);
    let docs = world.worktree("docs");
    docs.coord(&["check", FILE, "--lines", "9-12"]).ends_with(1).says("auth");
    docs.coord(&["check", FILE, "--lines", "20-30"]).ok();
    docs.coord(&["check", FILE, "--lines", "10"]).ends_with(1);
    for bad in ["12-9", "x", "0-3", "-", "99999999999999999999-3"] {
        docs.coord(&["check", FILE, "--lines", bad]).ends_with(2);
    }
}

#[test]
fn check_takes_paths_as_the_user_stands() {
    let world = World::new();
    let (_, search) = busy(&world);
    search.below("src").coord(&["check", "api.rs"]).ends_with(1).says("auth");
    let absolute = search.dir.join(FILE);
    search.coord(&["check", &absolute.to_string_lossy()]).ends_with(1).says("auth");
    search.coord(&["check", "src"]).says("auth");
    search.coord(&["check", "../../outside"]).ends_with(2);
    search.coord(&["check", "/etc/passwd"]).ends_with(2);
    search.coord(&["check"]).ends_with(2);
    search.coord(&["check", "not/there/yet.rs"]).ok();
}

#[test]
fn check_answers_for_programs() {
    let world = World::new();
    let (_, search) = busy(&world);
    let facts = search.json(&["check", FILE]);
    assert_eq!(facts["version"], 1, "{facts:#}");
    assert!(facts.to_string().contains("auth") && facts.to_string().contains(FILE), "{facts:#}");
}

#[test]
fn check_reads_no_index() {
    let world = World::new();
    let (_, search) = busy(&world);
    for index in ["worktrees/auth/index", "worktrees/search/index", "index"] {
        std::fs::write(world.common().join(index), "garbage").expect("own file");
    }
    search.coord(&["check", FILE]).ends_with(1).says("auth");
}

#[test]
fn diff_shows_both_sides_and_the_merged_text() {
    let world = World::new();
    let (_, search) = busy(&world);
    let run = search.coord(&["diff", "auth", "search"]);
    let run = run.says(FILE).says("auth's line").says("search's line").says("<<<<<<<").says(">>>>>>>");
    run.says_not("line 25").clean();
    search.coord(&["diff", "auth", "search", FILE]).says("auth's line");
    search.coord(&["diff", "auth", "nobody"]).ends_with(2).says("nobody");
    search.json(&["diff", "auth", "search"]);
}

#[test]
fn diff_without_an_overlap_says_so() {
    let world = World::new();
    busy(&world);
    world.worktree("docs");
    world.main().coord(&["diff", "auth", "docs"]).ok();
}

#[test]
fn an_acknowledgement_is_listed_and_can_be_withdrawn() {
    let world = World::installed();
    let (_, search) = busy(&world);
    search.coord(&["ack", "auth", FILE, "--for", "8h", "--why", "we talked"]).ok();
    search.coord(&["ack", "--list"]).ok().says("auth").says("we talked").says(FILE);
    search.coord(&["scan", "--fail-on", "blocked"]).ok();
    search.coord(&["ack", "--withdraw", "auth"]).ok();
    search.commit("Second").blocked();
}

#[test]
fn an_acknowledgement_ends_by_itself() {
    let world = World::installed();
    let (_, search) = busy(&world);
    search.coord(&["ack", "auth", "--for", "1s", "--why", "for a moment"]).ok();
    // Until it has ended by the clock that coord itself reads: a condition, not a pause.
    let begun = std::time::Instant::now();
    while search.coord(&["ack", "--list"]).ok().stdout.contains("for a moment") {
        assert!(begun.elapsed().as_secs() < 60, "it never ends");
    }
    search.commit("Second").blocked();
}

#[test]
fn an_acknowledgement_covers_what_was_acknowledged() {
    let world = World::installed();
    let (auth, search) = busy(&world);
    auth.edit("src/user.rs", 5, "auth's");
    auth.commit("More").ok();
    search.coord(&["ack", "auth", FILE, "--for", "8h", "--why", "this file alone"]).ok();
    search.commit("Second").silent();
    search.edit("src/user.rs", 5, "search's");
    search.commit("Third").blocked().says("src/user.rs");
}

#[test]
fn an_acknowledgement_holds_for_both() {
    let world = World::installed();
    let (auth, search) = busy(&world);
    search.coord(&["ack", "auth", "--for", "8h", "--why", "we know"]).ok();
    search.commit("Second").silent();
    auth.commit_edit(10, "auth again").silent();
}

#[test]
fn an_acknowledgement_needs_somebody_to_be_of_and_a_span() {
    let world = World::new();
    let (_, search) = busy(&world);
    search.coord(&["ack", "nobody", "--for", "8h", "--why", "x"]).ends_with(2).says("nobody");
    search.coord(&["ack", "auth", "--for", "soon", "--why", "x"]).ends_with(2).says("soon");
    search.coord(&["ack", "auth", "--for", "-3h", "--why", "x"]).ends_with(2);
}

#[test]
fn every_command_takes_dash_c() {
    let world = World::new();
    busy(&world);
    let outside = world.at("");
    let search = world.path("search");
    let search = search.to_str().expect("UTF-8");
    outside.coord(&["-C", search, "check", FILE]).ends_with(1).says("auth");
    outside.coord(&["-C", search, "-C", "src", "check", "api.rs"]).ends_with(1).says("auth");
    outside.coord(&["-C", "/nowhere/at/all", "scan"]).ends_with(2).says("/nowhere/at/all");
}

#[test]
fn git_coord_works() {
    let world = World::new();
    let (_, search) = busy(&world);
    search.git(&["coord", "check", FILE]).ends_with(1).says("auth");
    search.below("src").git(&["coord", "check", "api.rs"]).ends_with(1).says("auth");
}

#[test]
fn outside_a_repository_it_says_so() {
    let world = World::empty();
    for command in [&["scan"][..], &["status"], &["check", "x"], &["diff", "a", "b"], &["install"], &["doctor"], &[]] {
        let run = world.at("").coord(command).ends_with(2).says("repository");
        assert_eq!(run.stdout, "", "{command:?}");
        assert!(run.stderr.lines().count() <= 4, "{}", run.stderr);
    }
}

#[test]
fn the_help_fits_a_screen_and_hides_what_programs_use() {
    let world = World::empty();
    let place = world.at("");
    let run = place.coord(&["-h"]).ok().says("scan").says("install").says("demo");
    assert!(run.stdout.lines().count() <= 44, "{}", run.stdout);
    assert!(!run.stdout.lines().any(|line| line.trim_start().starts_with("hook ")), "{}", run.stdout);
    for command in ["scan", "status", "check", "diff", "ack", "install", "uninstall", "doctor", "config", "demo"] {
        let run = place.coord(&[command, "--help"]).ok();
        run.clean();
        assert!(run.stdout.lines().all(|line| line.chars().count() <= 120), "{}", run.stdout);
    }
    place.coord(&["--version"]).ok().says(env!("CARGO_PKG_VERSION"));
    place.coord(&["no-such-command"]).ends_with(2);
}

#[test]
fn completions_and_manual_are_made() {
    let world = World::empty();
    for shell in ["bash", "zsh", "fish"] {
        world.at("").coord(&["completions", shell]).ok().says("scan");
    }
    world.at("").coord(&["man"]).ok().says(".TH");
}

#[test]
fn a_reader_that_goes_away_is_no_error() {
    let world = World::new();
    for n in 0..30 {
        world.main().git(&["branch", &format!("b{n}")]).ok();
    }
    let run = world.main().sh("coord scan --json | head -c 1 >/dev/null; echo done");
    assert!(!run.stderr.contains("panicked") && run.stderr.is_empty(), "{}", run.stderr);
}

#[test]
fn nothing_at_work_is_said_plainly() {
    let world = World::new();
    world.main().coord(&["scan"]).ok().clean();
    world.main().coord(&[] as &[&str]).ok();
    world.main().coord(&["status"]).ok();
    let scan = world.main().json(&["scan"]);
    assert_eq!(scan["overlaps"], json!([]));
}

#[test]
fn a_large_file_is_answered_within_the_deadline() {
    let world = World::installed();
    let main = world.main();
    main.write("big.txt", lines(100_000));
    main.commit("Big").ok();
    let (auth, search) = (world.worktree("auth"), world.worktree("search"));
    auth.edit("big.txt", 50_000, "auth");
    auth.commit("Auth").silent();
    search.edit("big.txt", 50_000, "search");
    search.commit("Search").blocked();
}
