//! `coord demo`: the first thing that somebody runs.
//! Must not know: how the demonstration is made.

use std::os::unix::process::ExitStatusExt as _;
use std::process::Stdio;

use crate::world::{World, everything_below};

#[test]
fn the_demo_shows_a_block_and_leaves_nothing_behind() {
    let world = World::empty();
    let place = world.at("home");
    let before = everything_below(&world.root());
    let run = place.coord(&["demo"]).ok();
    let run = run.says("coord scan").says("this commit would conflict with").says("COORD_SKIP=1").says("coord install");
    let run = run.says("ACTIVE-TASKS.json").says_not("panicked");
    run.clean();
    assert_eq!(run.stderr, "", "quiet and orderly");
    assert_eq!(everything_below(&world.root()), before, "something stays behind");
}

#[test]
fn an_interrupted_demo_leaves_nothing_behind_either() {
    let world = World::empty();
    let mut child = world.at("home").command("coord").arg("demo").stdout(Stdio::null()).spawn().expect("it starts");
    let begun = || everything_below(&world.path("tmp")).iter().any(|path| path.join(".git").is_dir());
    while !begun() {
        assert!(child.try_wait().expect("it can be waited for").is_none(), "it ended before it began");
        std::thread::yield_now();
    }
    world.at("home").run("kill", &["-INT", &child.id().to_string()]).ok();
    let status = child.wait().expect("it ends");
    assert_eq!(status.signal(), Some(2), "it ends as an interrupted program does");
    assert_eq!(everything_below(&world.path("tmp")), Vec::<std::path::PathBuf>::new());
}

#[test]
fn the_demo_keeps_its_folder_when_asked() {
    let world = World::empty();
    let run = world.at("home").coord(&["demo", "--keep"]).ok();
    let kept = everything_below(&world.path("tmp")).into_iter().find(|path| path.join(".git").is_dir());
    let kept = kept.unwrap_or_else(|| run.fail("keeps no repository"));
    run.says(&kept.parent().expect("in a folder").to_string_lossy());
}

#[test]
fn the_demo_needs_nothing_of_the_users_configuration() {
    let world = World::empty();
    // A person whose configuration would break everything, were it read.
    let config = world.path("home/.gitconfig");
    std::fs::write(&config, "[commit]\n\tgpgsign = true\n[gpg]\n\tprogram = false\n[core]\n\thooksPath = /nowhere\n")
        .expect("own folder");
    let place = world.at("home").with("GIT_CONFIG_GLOBAL", &config).without("GIT_AUTHOR_NAME");
    place.without("GIT_COMMITTER_NAME").without("GIT_AUTHOR_EMAIL").coord(&["demo"]).ok();
}
