//! What the doctor finds: hooks that fire in every worktree, and each thing that can be in the way of one.
//! The stand-in for coord answers the probe and blocks what the rehearsal wants blocked.

use std::fs;
use std::path::Path;

use coord::domain::policy::Mode;
use coord::domain::setup::{DoctorReport, Level};
use coord::ops::doctor::{doctor, probe_answer};
use coord::ops::install::InstallOptions;

use crate::world::{Ended as _, World, executable, gits};

/// Answers the probe as `coord hook` does, and blocks a commit to the branch `mine`.
const ANSWERING: &str = r#"
if [ -n "$COORD_PROBE" ]; then echo "coord-probe $2 $COORD_PROBE VERSION"; exit 0; fi
[ "$2" != pre-commit ] || [ "$(git symbolic-ref --short HEAD)" != mine ]
"#;

fn answering(world: &World) {
    world.coord(&ANSWERING.replace("VERSION", env!("CARGO_PKG_VERSION")));
}

fn examine(world: &World) -> DoctorReport {
    let mut env = world.env();
    let path = env.variables.get_mut(std::ffi::OsStr::new("PATH")).expect("PATH is set");
    path.push(":");
    path.push(crate::system_path());
    doctor(&env, &world.open(&world.repo()), None).expect("a report")
}

fn told(report: &DoctorReport, level: Level, words: &[&str]) {
    let found = report.findings.iter().any(|f| f.level == level && words.iter().all(|word| f.what.contains(word)));
    assert!(found, "{level:?} {words:?} is not in {:#?}", report.findings);
}

fn all_worlds() -> Vec<World> {
    gits().iter().map(|(git, _)| World::new(git)).collect()
}

#[test]
fn hooks_that_fire_everywhere_are_proven_and_nobody_elses_run() {
    for world in all_worlds() {
        answering(&world);
        let ran = world.root.join("ran");
        fs::create_dir_all(world.hooks()).expect("a folder");
        for hook in ["pre-commit", "pre-push", "post-commit"] {
            executable(
                &world.hooks().join(hook),
                &format!(
                    "#!/bin/sh\ntouch \"{}\"\n",
                    ran.display().to_string().replace('"', "\\\"").replace('$', "\\$")
                ),
            );
        }
        world.git(&["worktree", "add", "-q", "-b", "side", "../linked"]).succeeds();
        world.install(InstallOptions::default());
        drop(fs::remove_file(&ran));
        let report = examine(&world);
        told(&report, Level::Ok, &["git calls coord before a commit in every worktree (2 tried)"]);
        told(
            &report,
            Level::Ok,
            &["in a throwaway repository, a commit passed, and one that makes a conflict was blocked"],
        );
        assert!(report.worst() <= Level::Warning, "{report:#?}");
        assert!(!ran.exists(), "somebody's own hook ran");
        assert!(report.findings.iter().all(|f| !f.what.contains(" in /") || f.level == Level::Ok), "{report:#?}");
    }
}

#[test]
fn a_repository_without_hooks_is_told() {
    for world in all_worlds() {
        answering(&world);
        let report = examine(&world);
        told(&report, Level::Problem, &["every hook in", "there is no such hook"]);
        assert!(report.findings.iter().any(|finding| finding.fix.as_deref() == Some("coord install")));
    }
}

#[test]
fn a_silent_coord_and_a_missing_one_are_told() {
    for world in all_worlds() {
        world.install(InstallOptions::default());
        world.coord("exit 3");
        let report = examine(&world);
        told(&report, Level::Problem, &["coord does not answer"]);
        told(&report, Level::Problem, &["that makes a conflict was not blocked"]);
        fs::remove_file(world.root.join("program/coord")).expect("it was there");
        told(&examine(&world), Level::Problem, &["is missing or failed (missing)"]);
        world.coord("echo \"coord-probe $2 $COORD_PROBE 0.0.1\"");
        told(&examine(&world), Level::Warning, &["the hook calls coord 0.0.1"]);
    }
}

#[test]
fn a_coord_that_blocks_everything_is_told() {
    for world in all_worlds() {
        world.install(InstallOptions::default());
        world.coord("echo no >&2; exit 1");
        told(&examine(&world), Level::Problem, &["a commit without any conflict did not pass: no"]);
    }
}

#[test]
fn what_is_in_the_way_is_named() {
    for world in crate::worlds() {
        answering(&world);
        world.git(&["worktree", "add", "-q", "-b", "side", "../linked"]).succeeds();
        world.install(InstallOptions::default());
        let hook = world.hooks().join("pre-commit");
        let text = fs::read_to_string(&hook).expect("readable");
        executable(&hook, &text.replacen("#!/bin/sh\n", "#!/bin/sh\n# mine\nexit 0\n", 1));
        told(&examine(&world), Level::Warning, &["`exit 0` stands before coord's block"]);
        executable(&hook, &text);
        fs::set_permissions(&hook, std::os::unix::fs::PermissionsExt::from_mode(0o644)).expect("permissions");
        told(&examine(&world), Level::Problem, &["not executable"]);
        executable(&hook, "#!/bin/sh\ncall_lefthook run pre-commit\n");
        told(&examine(&world), Level::Problem, &["was written by lefthook (`lefthook install`), which left coord out"]);
        executable(&hook, &text);
        world.git(&["config", "core.hooksPath", "own"]).succeeds();
        told(&examine(&world), Level::Problem, &["every hook in", "has no", "linked/own"]);
        world.git(&["config", "core.hooksPath", "/dev/null"]).succeeds();
        told(&examine(&world), Level::Problem, &["/dev/null", "no folder"]);
        world.git(&["config", "--unset", "core.hooksPath"]).succeeds();
        let global = world.root.join("home/hooks");
        fs::create_dir(&global).expect("a folder");
        world.git(&["config", "--global", "core.hooksPath", path(&global)]).succeeds();
        told(&examine(&world), Level::Problem, &["core.hooksPath (global", "coord never writes there"]);
    }
}

#[test]
fn settings_that_let_everything_through_are_told() {
    let world = all_worlds().remove(0);
    answering(&world);
    world.install(InstallOptions { mode: Some(Mode::Warn), ..InstallOptions::default() });
    told(&examine(&world), Level::Warning, &["coord.mode is warn"]);
    world.git(&["config", "coord.mode", "loud"]).succeeds();
    told(&examine(&world), Level::Problem, &["coord.mode", "loud", ".git/config", "enforce, warn or monitor"]);
    world.git(&["config", "coord.mode", "enforce"]).succeeds();
    world.git(&["config", "coord.strikt", "true"]).succeeds();
    told(&examine(&world), Level::Warning, &["coord.strikt", "perhaps coord.strict is meant"]);
}

#[test]
fn a_probe_is_answered_by_word() {
    let mut env = coord::env::Env::capture();
    assert_eq!(probe_answer(&env, "pre-commit"), None);
    env.variables.insert("COORD_PROBE".into(), "word".into());
    let version = env!("CARGO_PKG_VERSION");
    assert_eq!(probe_answer(&env, "pre-commit"), Some(format!("coord-probe pre-commit word {version}\n")));
}

fn path(path: &Path) -> &str {
    path.to_str().expect("UTF-8")
}
