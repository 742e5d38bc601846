//! The event log as a whole: conflicts that come and go are told once, whoever notices, and remembered.
//! Must not know: how the log or the memory are written.

use std::fs;
use std::thread;

use serde_json::Value;

use crate::world::{FILE, World};

/// The events of these kinds, as `coord log --json` gives them.
fn told(world: &World, kinds: &str) -> Vec<Value> {
    let run = world.main().coord(&["log", "--json", "-n", "10000", "--kind", kinds]).ok();
    run.stdout.lines().map(|line| serde_json::from_str(line).expect("a line of JSON")).collect()
}

#[test]
fn what_many_processes_notice_is_told_once() {
    let world = World::in_conflict();
    thread::scope(|scope| {
        for _ in 0..12 {
            scope.spawn(|| world.main().coord(&["scan", "--fail-on", "never"]).ok());
        }
    });
    let appeared = told(&world, "conflict_appeared");
    assert_eq!(appeared.len(), 1, "{appeared:?}");
    assert_eq!(appeared[0]["instance"], "auth");
    assert_eq!(appeared[0]["with"][0], "search");
    assert_eq!(appeared[0]["paths"][0], FILE);
    assert_eq!(told(&world, "overlap_").len(), 1);
    assert_eq!(told(&world, "working_set_grown").len(), 2);
}

#[test]
fn a_rebase_onto_the_other_resolves_it_and_the_memory_says_so() {
    let world = World::in_conflict();
    world.main().coord(&["scan", "--fail-on", "never"]).ok();
    let auth = world.at("auth");
    auth.git(&["rebase", "search"]).ends_with(1);
    world.main().coord(&["scan", "--fail-on", "never"]).ok();
    assert!(told(&world, "conflict_resolved").is_empty(), "the rebase is still running");
    auth.edit(FILE, 10, "both were here");
    fs::write(
        auth.dir.join(FILE),
        auth.read(FILE).lines().filter(|line| !is_mark(line)).collect::<Vec<_>>().join("\n"),
    )
    .expect("written");
    auth.git(&["add", "-A"]).ok();
    auth.with("GIT_EDITOR", "true").git(&["rebase", "--continue"]).ok();
    world.main().coord(&["scan", "--fail-on", "never"]).ok();
    let resolved = told(&world, "conflict_resolved");
    assert_eq!(resolved.len(), 1);
    assert_eq!(resolved[0]["how"], "rebased");
    assert!(resolved[0]["after_seconds"].is_u64());
    let memory = world.main().read(".claude/memory.md");
    let at = |text: &str| memory.find(text).unwrap_or_else(|| world.fail(&format!("{text} is not in {memory}")));
    assert!(at("rebased after") < at("auth and search conflict"), "newest first");
    world.main().git(&["status", "--porcelain"]).ok().silent();
}

fn is_mark(line: &str) -> bool {
    ["<<<<<<<", "=======", ">>>>>>>"].iter().any(|mark| line.starts_with(mark))
}

#[test]
fn hooks_alone_tell_of_a_conflict_and_of_its_end() {
    let world = World::installed();
    world.main().git(&["config", "coord.mode", "monitor"]).ok();
    let (auth, search) = (world.worktree("auth"), world.worktree("search"));
    auth.commit_edit(10, "auth was here").ok();
    search.commit_edit(10, "search was here").ok();
    assert_eq!(told(&world, "conflict_appeared").len(), 1);
    search.git(&["reset", "-q", "--hard", "HEAD~1"]).ok();
    search.commit_edit(30, "far away").ok();
    let resolved = told(&world, "conflict_resolved");
    assert_eq!(resolved.len(), 1, "{}", world.events());
    assert_eq!(resolved[0]["how"], "edited");
}

#[test]
fn an_acknowledgement_and_a_landing_resolve_it() {
    let world = World::in_conflict();
    world.main().coord(&["scan", "--fail-on", "never"]).ok();
    world.at("auth").coord(&["ack", "search", "--for", "8h"]).ok();
    world.main().coord(&["scan", "--fail-on", "never"]).ok();
    assert_eq!(told(&world, "conflict_resolved")[0]["how"], "acknowledged");
    world.at("auth").coord(&["ack", "--withdraw", "search"]).ok();
    world.main().coord(&["scan", "--fail-on", "never"]).ok();
    assert_eq!(told(&world, "conflict_appeared").len(), 2);
    world.main().git(&["merge", "-q", "--no-edit", "auth"]).ok();
    world.main().coord(&["scan", "--fail-on", "never"]).ok();
    assert_eq!(told(&world, "conflict_resolved").len(), 1, "what landed is in the other's way");
    world.at("search").git(&["reset", "-q", "--hard", "main"]).ok();
    world.main().coord(&["scan", "--fail-on", "never"]).ok();
    assert_eq!(told(&world, "conflict_resolved").len(), 2, "{}", world.events());
}

#[test]
fn what_the_target_took_in_by_moving_forward_landed() {
    let world = World::in_conflict();
    let scan = || world.main().coord(&["scan", "--fail-on", "never"]).ok();
    scan();
    world.main().git(&["merge", "-q", "--ff-only", "auth"]).ok();
    scan();
    assert_eq!(told(&world, "conflict_resolved"), Vec::<Value>::new(), "it is in the way on the target now");
    world.at("search").git(&["rebase", "-q", "-X", "theirs", "main"]).ok();
    scan();
    let ended = told(&world, "conflict_resolved");
    assert_eq!((ended.len(), &ended[0]["how"]), (1, &"rebased".into()), "{ended:?}");
}

#[test]
fn a_tracked_memory_is_left_alone_and_that_is_said_once() {
    let world = World::new();
    world.main().write(".claude/memory.md", "# ours\n");
    world.main().commit("Remember").ok();
    for (name, text) in [("auth", "auth was here"), ("search", "search was here")] {
        world.worktree(name).commit_edit(10, text).ok();
    }
    let said = "git tracks .claude/memory.md";
    world.main().coord(&["scan", "--fail-on", "never"]).ok().says(said);
    world.main().coord(&["scan", "--fail-on", "never"]).ok().says_not(said);
    assert_eq!(world.main().read(".claude/memory.md"), "# ours\n");
    assert!(world.main().read(".claude/runtime/memory.md").contains("auth and search conflict"));
}

#[test]
fn the_log_is_asked_by_instance_path_and_kind() {
    let world = World::in_conflict();
    world.worktree("docs").write("README.md", "other\n");
    world.main().coord(&["scan", "--fail-on", "never"]).ok();
    let log = |args: &[&str]| world.main().coord(&[&["log", "--json"], args].concat()).ok().stdout.lines().count();
    assert_eq!(log(&["--instance", "docs"]), 1);
    assert_eq!(log(&["--instance", "search"]), 3);
    assert_eq!(log(&["--path", "src"]), 4);
    assert_eq!(log(&["--path", "README.md"]), 1);
    assert_eq!(log(&["--kind", "overlap", "--kind", "mode"]), 2);
    world.main().coord(&["log"]).ok().says("conflict appeared").says("with search in src/api.rs");
}

#[test]
fn what_is_broken_in_the_log_is_passed_over() {
    let world = World::in_conflict();
    world.main().coord(&["scan", "--fail-on", "never"]).ok();
    let log = world.store().join("coord-events.jsonl");
    let mut bytes = fs::read(&log).expect("there is a log");
    let whole = told(&world, "").len();
    bytes.extend_from_slice(
        b"\x00\x00\x00\n{\"at\":\"2099-01-01T00:00:00Z\",\"kind\":\"from_the_future\",\"x\":1}\n{\"at\":\"20",
    );
    fs::write(&log, bytes).expect("written");
    assert_eq!(told(&world, "").len(), whole + 1);
    world.at("auth").coord(&["ack", "search"]).ok();
    assert_eq!(told(&world, "ack_given").len(), 1, "a torn line takes none with it");
}

#[test]
fn the_report_counts_what_the_log_tells_and_goes_out_in_every_form() {
    let world = World::in_conflict();
    world.main().coord(&["scan", "--fail-on", "never"]).ok();
    world.at("search").git(&["reset", "-q", "--hard", "HEAD~1"]).ok();
    world.main().coord(&["scan", "--fail-on", "never"]).ok();
    let report = world.main().json(&["report"]);
    assert_eq!(report["checklist"].as_array().map(Vec::len), Some(4));
    assert_eq!(report["checklist"][0]["question"], "Have conflicts occurred in actual execution?");
    assert_eq!(report["checklist"][0]["checked"], true);
    assert_eq!(report["conflicts"]["appeared"], 1);
    assert_eq!(report["conflicts"]["resolved"]["dropped"], 1, "{}", world.events());
    assert_eq!((&report["sessions"], &report["recommendation"]), (&2.into(), &"monitor".into()));
    world.main().git(&["config", "coord.reportSessions", "2"]).ok();
    let report = world.main().json(&["report"]);
    assert_eq!(report["recommendation"], "warn", "conflicts and overlaps: {report}");
    assert_eq!(report["command"], "coord install --mode warn", "there are no hooks yet");
    world.main().coord(&["report"]).ok().says("[x]").says("hot: src/api.rs (1)");
    world.main().coord(&["report", "--format", "markdown"]).ok().says("- [x] Have conflicts occurred");
    let page = world.main().coord(&["report", "--format", "html"]).ok().says("<svg");
    page.says_not("<script").says_not("://");
}

#[test]
fn history_without_a_log_says_what_coord_would_have_said() {
    let world = World::new();
    let (auth, search) = (world.worktree("auth"), world.worktree("search"));
    auth.commit_edit(10, "auth was here").ok();
    search.commit_edit(10, "search was here").ok();
    world.worktree("docs").commit_edit(30, "docs was here").ok();
    let main = world.main();
    main.git(&["merge", "-q", "--no-ff", "--no-edit", "auth"]).ok();
    main.with("GIT_COMMITTER_DATE", "2099-01-01T00:00:00Z").git(&["merge", "-q", "--no-ff", "--no-edit", "docs"]).ok();
    main.git(&["merge", "-q", "--no-ff", "--no-edit", "-X", "ours", "search"]).ok();
    main.with("GIT_COMMITTER_DATE", "2099-01-01T00:00:00Z").git(&["commit", "-q", "--amend", "--no-edit"]).ok();
    let report = main.json(&["report", "--history", "12w"]);
    let past = &report["history"];
    assert_eq!((&past["merges"], &past["alarms"]), (&3.into(), &1.into()), "{report}");
    assert_eq!((&past["right"], &past["wrong"]), (&1.into(), &0.into()), "{report}");
    assert_eq!((&past["resolved_by_hand"], &past["foreseen"]), (&1.into(), &1.into()), "{report}");
    assert_eq!(report["sessions"], 3);
    main.coord(&["report", "--history", "12w"]).ok().says("3 merges in 12 weeks").says("1 of them foreseen");
}

#[test]
fn nothing_that_cannot_be_written_is_in_the_way() {
    let world = World::in_conflict();
    world.main().coord(&["scan", "--fail-on", "never"]).ok();
    fs::remove_file(world.store().join("observed.json")).expect("there was one");
    fs::create_dir(world.store().join("observed.json")).expect("made");
    fs::remove_file(world.store().join("coord-events.jsonl")).expect("there was one");
    fs::create_dir(world.store().join("coord-events.jsonl")).expect("made");
    fs::remove_file(world.main().dir.join(".claude/memory.md")).expect("there was one");
    fs::create_dir(world.main().dir.join(".claude/memory.md")).expect("made");
    let run = world.main().coord(&["scan", "--fail-on", "never"]).ok().says("1 conflict");
    assert_eq!(run.stdout.matches("could not record").count(), 1, "said once");
    world.at("auth").edit(FILE, 30, "more");
    world.at("auth").commit("goes through").ok();
}
