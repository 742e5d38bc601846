//! What git said of a repository when it was opened is not asked again, as long as it would say the same.
//! Must not know: how it is kept.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;

use crate::later::Later;
use crate::world::{FILE, Place, World, executable, fake_clock, files_below, skip};

impl Later<'_> {
    /// How often git was asked where a scan is.
    fn asks(&self, place: &Place<'_>) -> usize {
        self.calls(place, &["scan"]).matches("cmd_name rev-parse").count()
    }

    /// Once more it is asked, and then no more.
    fn asks_once(&self, why: &str) {
        assert_eq!((self.asks(&self.place), self.asks(&self.place)), (1, 0), "{why}");
    }
}

fn kept(world: &World) -> PathBuf {
    let files = files_below(&world.store().join("cache/openings"));
    let [file] = &files[..] else { panic!("not one: {files:?}") };
    file.clone()
}

#[test]
fn whatever_the_answer_depends_on_is_looked_at() {
    let world = World::new();
    let main = world.main();
    let Some(later) = Later::at(&world, &main) else { return skip("there is no libfaketime") };
    later.asks_once("nothing is known");
    main.git(&["config", "coord.mode", "warn"]).ok();
    later.asks_once("the repository's configuration");
    let global = world.path("home/.gitconfig");
    let more = fs::read_to_string(&global).expect("readable") + "[user]\n\tname = Eve\n";
    fs::write(&global, more).expect("writable");
    later.asks_once("the user's configuration");
    main.git(&["config", "extensions.worktreeConfig", "true"]).ok();
    later.asks_once("an extension");
    main.git(&["config", "--worktree", "coord.mode", "enforce"]).ok();
    later.asks_once("a file of configuration that was not there");
    assert_eq!(later.place.json(&["config"])["settings"].to_string().matches("\"enforce\"").count(), 1);
    fs::write(main.dir.join(".git/shallow"), format!("{}\n", main.id("HEAD"))).expect("writable");
    later.asks_once("history that ends");
    let moved = world.path("repo/.git/elsewhere");
    fs::rename(main.dir.join(".git/refs"), &moved).expect("writable");
    later.place.coord(&["scan"]).ends_with(2).says("is not inside a git repository");
    fs::rename(&moved, main.dir.join(".git/refs")).expect("writable");
    assert_eq!(later.asks(&later.place), 0, "all is as it was");
    main.git(&["config", "include.path", "more"]).ok();
    assert_eq!([later.asks(&later.place), later.asks(&later.place)], [1, 1], "a file that another names");
}

#[test]
fn what_the_environment_and_the_place_say_is_part_of_the_question() {
    let world = World::new();
    let Some(later) = Later::at(&world, &world.main()) else { return skip("there is no libfaketime") };
    later.asks_once("nothing is known");
    assert_eq!(later.asks(&later.place.with("HOME", world.path("tmp"))), 1);
    assert_eq!(later.asks(&later.place.with("GIT_CEILING_DIRECTORIES", world.root())), 1);
    assert_eq!(later.asks(&later.place.with("GIT_AUTHOR_NAME", "Eve")), 0);
    let with_parameters = later.place.with("GIT_CONFIG_PARAMETERS", "'coord.mode'='warn'");
    assert_eq!([later.asks(&with_parameters), later.asks(&with_parameters)], [1, 1]);
    let below = later.place.below("src");
    assert_eq!([later.asks(&below), later.asks(&below)], [1, 1], "not the top");
    assert_eq!(later.asks(&later.place), 0);
}

#[test]
fn what_others_could_have_written_or_is_not_whole_is_not_believed() {
    let world = World::new();
    let Some(later) = Later::at(&world, &world.main()) else { return skip("there is no libfaketime") };
    later.asks_once("nothing is known");
    let file = kept(&world);
    fs::set_permissions(&file, fs::Permissions::from_mode(0o664)).expect("ours");
    later.asks_once("others may write it");
    let whole = fs::read(&file).expect("readable");
    for len in [0, 1, whole.len() / 2, whole.len() - 1] {
        fs::write(&file, &whole[..len]).expect("writable");
        later.asks_once("a part of it");
    }
    for at in [0, 3, whole.len() / 2, whole.len() - 1] {
        let mut other = whole.clone();
        other[at] ^= 1;
        fs::write(&file, other).expect("writable");
        later.asks_once("one byte is another");
    }
}

#[test]
fn what_was_written_just_now_is_asked_again() {
    let world = World::new();
    let Some(later) = Later::at(&world, &world.main()) else { return skip("there is no libfaketime") };
    let sooner = fake_clock(&later.place, "-1h").expect("it was there before");
    assert_eq!([later.asks(&sooner), later.asks(&sooner)], [1, 1]);
    assert!(!world.store().join("cache/openings").exists());
}

#[test]
fn a_program_that_is_configured_afterwards_is_disarmed() {
    let world = World::new();
    let main = world.main();
    let Some(later) = Later::at(&world, &main) else { return skip("there is no libfaketime") };
    later.asks_once("nothing is known");
    let evil = world.path("evil");
    fs::write(&evil, format!("#!/bin/sh\ntouch {}\n", world.path("ran").display())).expect("writable");
    executable(&evil);
    main.git(&["config", "core.fsmonitor", evil.to_str().expect("plain")]).ok();
    later.asks_once("the repository's configuration");
    assert!(!world.path("ran").exists());
    main.git(&["status"]).ok();
    assert!(world.path("ran").exists(), "git itself would run it");
}

#[test]
fn hooks_and_linked_worktrees_have_answers_of_their_own() {
    let world = World::installed();
    let feature = world.worktree("feature");
    let Some(later) = Later::at(&world, &feature) else { return skip("there is no libfaketime") };
    later.asks_once("nothing is known");
    for expected in [1, 0] {
        later.place.edit(FILE, 10, &format!("asked {expected} times"));
        let calls = later.noted(|| drop(later.place.commit("work").ok()));
        // The hook before the commit, and the one after it takes what that kept.
        assert_eq!(calls.matches("cmd_name rev-parse").count(), expected, "{calls}");
    }
    let git = later.place.id("HEAD");
    let found = later.place.json(&["scan"]);
    assert!(found.to_string().contains(&git), "the worktree's own head: {found}");
}
