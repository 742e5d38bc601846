//! The README's promises that a machine can hold: its commands exist, its settings are read, its links lead somewhere.
//! Must not know: how the README is worded.

use std::path::Path;

use crate::world::World;

const README: &str = include_str!("../../README.md");

/// The lines of all fenced blocks of a language.
fn block_lines<'t>(text: &'t str, language: &str) -> Vec<&'t str> {
    let mut lines = Vec::new();
    let mut inside = false;
    for line in text.lines() {
        if let Some(fence) = line.strip_prefix("```") {
            inside = !inside && fence == language;
        } else if inside {
            lines.push(line);
        }
    }
    lines
}

#[test]
fn every_command_of_the_readme_exists() {
    let world = World::empty();
    let console = block_lines(README, "console");
    let typed = console.iter().filter_map(|line| line.split_once("$ coord ")).map(|(_, rest)| rest);
    let mentioned = README.split('`').skip(1).step_by(2).filter_map(|code| code.strip_prefix("coord "));
    let names: std::collections::BTreeSet<_> =
        typed.chain(mentioned).filter_map(|rest| rest.split(' ').next()).collect();
    assert!(names.contains("scan") && names.contains("install") && names.len() > 8, "{names:?}");
    for name in names {
        world.at("").coord(&[name, "--help"]).ok();
    }
}

#[test]
fn the_policy_of_the_readme_is_a_policy() {
    let world = World::new();
    world.main().write("coord.toml", block_lines(README, "toml").join("\n") + "\n");
    world.main().commit("Policy").ok();
    let run = world.main().coord(&["config"]).ok();
    assert_eq!(run.stderr, "");
    run.says("coord.toml").says("docs/**").says("vendor/**");
}

#[test]
fn every_file_that_the_readme_links_is_there() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    for link in README.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
        if !link.contains("://") {
            assert!(root.join(link).exists(), "{link}");
        }
    }
}
