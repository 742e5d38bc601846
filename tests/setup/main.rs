//! Hooks put in and taken out, on real repositories and with every git on PATH: chaining, exit codes, input, places.
//! `coord` is a small script here: what it answers is another test's matter.

#![cfg(unix)]

mod doctor;
mod world;

use std::fs;
use std::io::Write as _;
use std::os::unix::fs::symlink;
use std::process::{Command, Stdio};

use coord::domain::path::RepoPath;
use coord::domain::policy::Mode;
use coord::domain::setup::{Action, Means};
use coord::git::hooks::{HOOKS, STRICT};
use coord::ops::config;
use coord::ops::install::{InstallOptions, install};
use coord::ops::uninstall::{UninstallOptions, uninstall};

use world::{Ended as _, World, executable, gits, lacks, said, skip, system_path, worlds};

#[test]
fn hooks_are_written_called_renewed_and_gone_again() {
    for world in worlds() {
        let before = world.snapshot();
        let report = world.install(InstallOptions::default());
        assert_eq!(report.means, Means::Folder(world.hooks()));
        assert_eq!(report.mode, Mode::Enforce);
        assert!(report.changes.iter().all(|change| change.action == Action::Written), "{report:?}");
        assert_eq!(report.changes.iter().map(|change| &*change.hook).collect::<Vec<_>>(), HOOKS);
        world.commit().succeeds();
        assert_eq!(world.calls(), ["hook post-commit", "hook pre-commit"]);
        let between = world.snapshot();
        let again = world.install(InstallOptions::default());
        assert!(again.changes.iter().all(|change| change.action == Action::Unchanged), "{again:?}");
        assert_eq!(world.snapshot(), between);
        executable(
            &world.hooks().join("pre-commit"),
            "#!/bin/sh\n# >>> coord hook 0: old\nexit 7\n# <<< coord hook <<<\n",
        );
        assert_eq!(World::action(&world.install(InstallOptions::default()), "pre-commit"), Action::Updated);
        world.uninstall();
        let mut after = world.snapshot();
        // The commit above changed these, not the hooks.
        for changed in ["index", "COMMIT_EDITMSG", "refs/heads/main"] {
            after.remove(&world.repo().join(".git").join(changed));
        }
        let left = before.iter().filter(|(path, what)| after.get(*path).is_some_and(|now| now != *what));
        assert_eq!(left.collect::<Vec<_>>(), []);
        assert!(after.keys().all(|path| before.contains_key(path)), "{after:?}");
    }
}

#[test]
fn only_one_stops_git() {
    for world in worlds() {
        world.install(InstallOptions::default());
        world.coord("exit 0");
        assert!(!world.commit().succeeds().contains("coord:"));
        world.coord("case $2 in pre-*) exit 1 ;; esac");
        world.commit().fails();
        for code in [2, 101, 126, 127, 139] {
            world.coord(&format!("exit {code}"));
            let said = world.commit().succeeds();
            assert!(said.contains("coord: pre-commit was not checked") && said.contains(&code.to_string()), "{said}");
            assert_eq!(said.matches("pre-commit was not checked").count(), 1);
        }
        world.coord("kill -9 $$");
        assert!(world.commit().succeeds().contains("was not checked"));
        world.git(&["config", "coord.strict", "yes"]).succeeds();
        assert!(world.commit().fails().contains("was not checked"));
        world.coord("exit 0");
        world.commit().succeeds();
    }
}

#[test]
fn a_missing_coord_lets_go_on_and_strict_turns_that_round() {
    for world in worlds() {
        world.install(InstallOptions::default());
        fs::remove_file(world.root.join("program/coord")).expect("it was there");
        let said = world.commit().succeeds();
        assert!(said.contains("coord: pre-commit was not checked") && said.contains("missing"), "{said}");
        let skipped =
            world.command(&world.repo()).args(["commit", "--allow-empty", "-m", "x"]).env("COORD_SKIP", "1").output();
        assert!(!skipped.expect("git runs").succeeds().contains("coord:"));
        world.git(&["config", "coord.strict", "true"]).succeeds();
        world.commit().fails();
        let skipped =
            world.command(&world.repo()).args(["commit", "--allow-empty", "-m", "x"]).env("COORD_SKIP", "1").output();
        skipped.expect("git runs").succeeds();
        // What only reports can never stop anything.
        world.git(&["switch", "-q", "-c", "other"]).succeeds();
    }
}

#[test]
fn coord_on_path_is_preferred_and_a_relative_path_never_followed() {
    for world in worlds() {
        world.install(InstallOptions::default());
        let planted = world.repo().join("coord");
        executable(&planted, "#!/bin/sh\necho PLANTED; exit 1\n");
        let system = system_path();
        let commit = |path: String| {
            world.command(&world.repo()).args(["commit", "--allow-empty", "-m", "x"]).env("PATH", path).output()
        };
        let said = commit(format!(".:{system}")).expect("git runs").succeeds();
        assert!(!said.contains("PLANTED"), "{said}");
        assert_eq!(world.calls().len(), 2);
        executable(&world.root.join("home/coord"), "#!/bin/sh\necho from PATH\n");
        let said = commit(format!("{}:{system}", world.root.join("home").display())).expect("git runs").succeeds();
        assert!(said.contains("from PATH"), "{said}");
    }
}

#[test]
fn an_existing_script_keeps_arguments_input_and_exit_code() {
    for world in worlds() {
        fs::create_dir_all(world.hooks()).expect("a folder");
        let push =
            "#!/usr/bin/env bash\nset -euo pipefail\necho \"OLD ${0##*/} $# $1\"\nsed 's/^/OLD< /'\nexit ${CODE:-0}\n";
        executable(&world.hooks().join("pre-push"), push);
        executable(
            &world.hooks().join("pre-commit"),
            "#!/bin/sh -eu\n# no newline at the end\ntest -z \"$*\"; echo OLD commit",
        );
        let before = world.snapshot();
        let report = world.install(InstallOptions::default());
        assert_eq!(World::action(&report, "pre-push"), Action::Inserted);
        assert!(world.commit().succeeds().contains("OLD commit"));
        world.git(&["branch", "second"]).succeeds();
        world.git(&["init", "-q", "--bare", "../remote"]).succeeds();
        let push = |code: &str| {
            let mut command = world.command(&world.repo());
            command.args(["push", "../remote", "main", "second"]).env("CODE", code).output().expect("git runs")
        };
        let refused = push("3").fails();
        let lines: Vec<&str> = refused.lines().filter_map(|line| line.strip_prefix("OLD< ")).collect();
        assert_eq!(lines.len(), 2, "{refused}");
        assert!(refused.contains("OLD pre-push 2 ../remote"), "{refused}");
        assert_eq!(world.input(), lines.join("\n") + "\n");
        // Where coord blocks, what comes after is not needed.
        world.coord("exit 1");
        assert!(!push("0").fails().contains("OLD"));
        assert!(!world.commit().fails().contains("OLD"));
        world.coord("exit 0");
        push("0").succeeds();
        world.uninstall();
        let after = world.snapshot();
        for hook in ["pre-push", "pre-commit"] {
            let hook = world.hooks().join(hook);
            assert_eq!(before[&hook], after[&hook]);
        }
        assert_eq!(before[&world.repo().join(".git/config")], after[&world.repo().join(".git/config")]);
    }
}

#[test]
fn what_is_no_shell_script_is_run_under_its_own_name() {
    for world in worlds() {
        fs::create_dir_all(world.hooks()).expect("a folder");
        let awk = Command::new("sh").args(["-c", "command -v awk"]).output().expect("sh runs").succeeds();
        let script = format!(
            "#!{} -f\nBEGIN {{ ARGC = 1; while ((getline line) > 0) print \"OLD<\", line; exit 3 }}\n",
            awk.trim()
        );
        executable(&world.hooks().join("pre-push"), &script);
        let binary = Command::new("sh").args(["-c", "command -v false"]).output().expect("sh runs").succeeds();
        let binary = if binary.trim().starts_with('/') { binary.trim().to_owned() } else { "/bin/false".to_owned() };
        fs::copy(binary, world.hooks().join("pre-commit")).expect("copied");
        let before = world.snapshot();
        let report = world.install(InstallOptions::default());
        assert!(matches!(World::action(&report, "pre-commit"), Action::Chained(_)));
        world.commit().fails();
        assert_eq!(world.calls(), ["hook pre-commit"]);
        world.git(&["init", "-q", "--bare", "../remote"]).succeeds();
        let said = world.git(&["push", "../remote", "main"]).fails();
        assert!(said.contains("OLD< refs/heads/main"), "{said}");
        assert!(world.input().starts_with("refs/heads/main"));
        let again = world.install(InstallOptions::default());
        assert!(again.changes.iter().all(|change| change.action == Action::Unchanged), "{again:?}");
        world.uninstall();
        assert_eq!(world.snapshot(), before);
    }
}

#[test]
fn a_link_is_not_written_through_and_comes_back_as_it_was() {
    for world in worlds() {
        fs::create_dir_all(world.hooks()).expect("a folder");
        fs::create_dir(world.repo().join("scripts")).expect("a folder");
        executable(&world.repo().join("scripts/hook"), "#!/bin/sh\necho \"OLD ${0##*/}\"\n");
        world.git(&["add", "scripts"]).succeeds();
        symlink("../../scripts/hook", world.hooks().join("pre-commit")).expect("a link");
        symlink("nowhere", world.hooks().join("post-merge")).expect("a link");
        let before = world.snapshot();
        let report = world.install(InstallOptions::default());
        assert!(matches!(World::action(&report, "pre-commit"), Action::Chained(_)));
        assert!(world.commit().succeeds().contains("OLD pre-commit"));
        assert_eq!(world.git(&["diff", "--name-only"]).succeeds(), "");
        world.uninstall();
        let after = world.snapshot();
        for path in
            [world.hooks().join("pre-commit"), world.hooks().join("post-merge"), world.repo().join("scripts/hook")]
        {
            assert_eq!(before[&path], after[&path]);
        }
        assert!(!world.hooks().join("coord-chained").exists());
    }
}

#[test]
fn a_hook_that_is_switched_off_stays_so() {
    for world in worlds() {
        fs::create_dir_all(world.hooks()).expect("a folder");
        fs::write(world.hooks().join("pre-commit"), "#!/bin/sh\nexit 9\n").expect("written");
        let before = world.snapshot();
        world.install(InstallOptions::default());
        world.commit().succeeds();
        assert_eq!(world.calls().len(), 2);
        world.uninstall();
        assert_eq!(world.snapshot()[&world.hooks().join("pre-commit")], before[&world.hooks().join("pre-commit")]);
    }
}

#[test]
fn what_somebody_changed_meanwhile_stays() {
    for world in worlds() {
        world.install(InstallOptions::default());
        let hook = world.hooks().join("pre-commit");
        let mut text = fs::read_to_string(&hook).expect("readable");
        text += "echo MINE\n";
        fs::write(&hook, text).expect("written");
        world.install(InstallOptions::default());
        assert!(world.commit().succeeds().contains("MINE"));
        let torn = world.hooks().join("pre-push");
        let text = fs::read_to_string(&torn).expect("readable");
        fs::write(&torn, text.replace("# <<< coord hook <<<\n", "")).expect("written");
        let report =
            uninstall(&world.env(), &world.open(&world.repo()), UninstallOptions::default()).expect("a report");
        assert!(!report.succeeded());
        assert_eq!(fs::read_to_string(&hook).expect("readable"), "#!/bin/sh\necho MINE\n");
    }
}

#[test]
fn every_worktree_is_served_from_any_of_them() {
    for world in worlds() {
        let linked = world.root.join("linked tree");
        world.git(&["worktree", "add", "-q", "-b", "side", linked.to_str().expect("UTF-8")]).succeeds();
        let report = install(&world.env(), &world.open(&linked), None, InstallOptions::default()).expect("installs");
        assert_eq!(report.means, Means::Folder(world.hooks()));
        world.git_in(&linked, &["commit", "--allow-empty", "-m", "x"]).succeeds();
        world.commit().succeeds();
        assert_eq!(world.calls().len(), 4);
    }
}

#[test]
fn strict_adds_the_hook_that_leaves_no_way_round() {
    for world in worlds() {
        world.install(InstallOptions { strict: true, ..InstallOptions::default() });
        world.git(&["commit", "--no-verify", "--allow-empty", "-m", "x"]).succeeds();
        let calls = world.calls();
        assert_eq!(calls, ["hook post-commit", "hook reference-transaction prepared"], "{calls:?}");
        assert!(world.input().contains("refs/heads/main"));
        world.git(&["update-ref", "refs/other/x", "HEAD"]).succeeds();
        assert_eq!(world.calls(), [] as [&str; 0]);
        world.coord("case $2 in reference-*) exit 1 ;; esac");
        world.git(&["commit", "--no-verify", "--allow-empty", "-m", "x"]).fails();
        assert_eq!(world.git(&["config", "coord.strict"]).succeeds(), "true\n");
        // An update brings the hook along without being told again.
        let report = world.install(InstallOptions::default());
        assert_eq!(World::action(&report, STRICT), Action::Unchanged);
        world.uninstall();
        assert!(!world.hooks().join(STRICT).exists());
        world.git(&["config", "coord.strict"]).fails();
    }
}

#[test]
fn a_shared_folder_of_hooks_is_never_written_to_and_the_offered_way_works() {
    for world in worlds() {
        let global = world.root.join("home/hooks of mine");
        fs::create_dir(&global).expect("a folder");
        executable(&global.join("pre-commit"), "#!/bin/sh\necho GLOBAL \"${0##*/}\"\n");
        let setting = ["config", "--global", "core.hooksPath", global.to_str().expect("UTF-8")];
        world.git(&setting).succeeds();
        let before = world.snapshot();
        let failure = world.try_install(InstallOptions::default()).expect_err("refused");
        assert!(failure.message.contains("core.hooksPath (global") && failure.message.contains("hooks of mine"));
        assert_eq!(world.snapshot(), before);
        assert_eq!(fs::read_dir(&global).expect("readable").count(), 1);
        fs::create_dir_all(world.hooks()).expect("a folder");
        for command in failure.hints.iter().filter(|hint| hint.starts_with("ln ") || hint.starts_with("git config")) {
            let mut sh = Command::new("sh");
            sh.arg("-c").arg(command).current_dir(world.repo()).env("HOME", world.root.join("home"));
            sh.output().expect("sh runs").succeeds();
        }
        world.install(InstallOptions::default());
        assert!(world.commit().succeeds().contains("GLOBAL pre-commit"));
        assert_eq!(world.calls().len(), 2);
    }
}

#[test]
fn hooks_that_are_switched_off_are_named() {
    for world in worlds() {
        world.git(&["config", "core.hooksPath", "/dev/null"]).succeeds();
        let failure = world.try_install(InstallOptions::default()).expect_err("refused");
        assert!(failure.message.contains("no folder"), "{failure}");
        assert!(failure.hints[0].contains("git config --local --unset-all core.hooksPath"));
    }
}

#[test]
fn a_relative_folder_is_served_in_each_worktree_that_has_it() {
    for world in worlds() {
        world.git(&["config", "core.hooksPath", "hooks.d"]).succeeds();
        let linked = world.root.join("linked");
        world.git(&["worktree", "add", "-q", "-b", "side", linked.to_str().expect("UTF-8")]).succeeds();
        let failure = world.try_install(InstallOptions::default()).expect_err("nowhere to put it");
        assert!(failure.message.contains("every worktree"), "{failure}");
        for top in [&world.repo(), &linked] {
            fs::create_dir(top.join("hooks.d")).expect("a folder");
        }
        world.install(InstallOptions::default());
        for top in [&world.repo(), &linked] {
            world.git_in(top, &["commit", "--allow-empty", "-m", "x"]).succeeds();
            assert_eq!(world.calls().len(), 2);
        }
        world.uninstall();
        assert_eq!(fs::read_dir(linked.join("hooks.d")).expect("readable").count(), 0);
    }
}

#[test]
fn a_tracked_folder_is_changed_only_on_request() {
    for world in worlds() {
        fs::create_dir(world.repo().join(".githooks")).expect("a folder");
        executable(&world.repo().join(".githooks/pre-commit"), "#!/bin/sh\necho OLD\n");
        world.git(&["add", "."]).succeeds();
        world.git(&["commit", "-q", "-m", "Hooks"]).succeeds();
        world.git(&["config", "core.hooksPath", ".githooks"]).succeeds();
        let report = world.install(InstallOptions::default());
        assert!(matches!(report.means, Means::Tracked(_)));
        assert!(report.changes.iter().all(|change| change.action == Action::ByHand));
        assert_eq!(report.snippets.len(), HOOKS.len());
        assert_eq!(report.snippets[0].file, ".githooks/pre-commit");
        assert_eq!(world.git(&["status", "--porcelain"]).succeeds(), "");
        let report = world.install(InstallOptions { write_tracked: true, ..InstallOptions::default() });
        assert_eq!(World::action(&report, "pre-commit"), Action::Inserted);
        let path = format!("{}:{}", world.root.join("program").display(), system_path());
        let said = world.command(&world.repo()).args(["commit", "--allow-empty", "-m", "x"]).env("PATH", path).output();
        assert!(said.expect("git runs").succeeds().contains("OLD"));
        assert!(world.calls().contains(&"hook pre-commit".to_owned()));
        assert!(!world.commit().succeeds().contains("coord"), "silent where coord is not there");
        world.uninstall();
        assert_eq!(world.git(&["status", "--porcelain"]).succeeds(), "");
    }
}

/// husky 9: `core.hooksPath` leads to generated stubs that run the tracked scripts with `sh -e`.
#[test]
fn husky_is_told_in_its_tracked_scripts() {
    for world in worlds() {
        let stubs = world.repo().join(".husky/_");
        fs::create_dir_all(&stubs).expect("a folder");
        fs::write(stubs.join(".gitignore"), "*").expect("written");
        for hook in HOOKS {
            let stub = "#!/usr/bin/env sh\ns=$(dirname \"$(dirname \"$0\")\")/${0##*/}\n[ ! -f \"$s\" ] && exit 0\nsh -e \"$s\" \"$@\"\n";
            executable(&stubs.join(hook), stub);
        }
        fs::write(world.repo().join(".husky/pre-commit"), "echo LINT\n").expect("written");
        fs::write(world.repo().join(".husky/pre-push"), "sed 's/^/OLD< /'\n").expect("written");
        world.git(&["add", "."]).succeeds();
        world.git(&["commit", "-q", "-m", "Husky"]).succeeds();
        world.git(&["config", "core.hooksPath", ".husky/_"]).succeeds();
        let report = world.install(InstallOptions::default());
        assert_eq!(report.means, Means::Tracked(world.repo().join(".husky")));
        assert!(report.snippets[0].what.contains("husky") && report.snippets[0].text.contains("coord hook pre-commit"));
        assert_eq!(world.git(&["status", "--porcelain"]).succeeds(), "");
        world.install(InstallOptions { write_tracked: true, strict: true, ..InstallOptions::default() });
        let path = format!("{}:{}", world.root.join("program").display(), system_path());
        let run =
            |args: &[&str]| world.command(&world.repo()).args(args).env("PATH", &path).output().expect("git runs");
        let said = run(&["commit", "--allow-empty", "-m", "x"]).succeeds();
        assert!(said.contains("LINT"), "{said}");
        world.coord("case $2 in pre-commit) exit 1 ;; *) cat >>\"$LOG.in\" ;; esac");
        assert!(!run(&["commit", "--allow-empty", "-m", "x"]).fails().contains("LINT"));
        world.git(&["init", "-q", "--bare", "../remote"]).succeeds();
        let said = run(&["push", "../remote", "main"]).succeeds();
        assert!(said.contains("OLD< refs/heads/main"), "{said}");
        assert!(world.input().contains("refs/heads/main"));
        world.uninstall();
        assert_eq!(world.git(&["status", "--porcelain"]).succeeds(), "");
    }
}

#[test]
fn generated_hooks_are_served_now_and_the_lasting_way_is_told() {
    for world in worlds() {
        fs::create_dir_all(world.hooks()).expect("a folder");
        executable(
            &world.hooks().join("pre-commit"),
            "#!/bin/sh\ncall_lefthook()\n{\n  echo LEFT\n}\ncall_lefthook run \"pre-commit\" \"$@\"\n",
        );
        fs::write(world.repo().join("lefthook.yml"), "pre-commit:\n  jobs: []\npre-push:\n  jobs: []\n")
            .expect("written");
        let report = world.install(InstallOptions::default());
        assert!(world.commit().succeeds().contains("LEFT"));
        assert_eq!(world.calls().len(), 2);
        let snippet = &report.snippets[0];
        assert_eq!(snippet.file, "lefthook.yml");
        assert!(snippet.text.contains("run: coord hook pre-commit") && snippet.text.contains("use_stdin: true"));
        assert!(!snippet.text.contains("post-merge"));
        fs::write(world.repo().join("lefthook.yml"), &snippet.text).expect("written");
        let report = world.install(InstallOptions::default());
        assert_eq!(World::action(&report, "pre-commit"), Action::Covered);
        assert!(!fs::read_to_string(world.hooks().join("pre-commit")).expect("readable").contains("coord"));
    }
}

/// `pre-commit install` moves coord's file to `pre-commit.legacy` and runs it from its own.
#[test]
fn a_hook_that_the_pre_commit_framework_moved_is_found() {
    for world in worlds() {
        world.install(InstallOptions::default());
        let hook = world.hooks().join("pre-commit");
        fs::rename(&hook, world.hooks().join("pre-commit.legacy")).expect("moved");
        executable(
            &hook,
            "#!/usr/bin/env bash\n# File generated by pre-commit: https://pre-commit.com\n\"$0.legacy\"\n",
        );
        fs::write(world.repo().join(".pre-commit-config.yaml"), "repos: []\n").expect("written");
        world.commit().succeeds();
        assert_eq!(world.calls().len(), 2);
        let report = world.install(InstallOptions::default());
        assert_eq!(report.snippets[0].file, ".pre-commit-config.yaml");
        assert!(!world.hooks().join("pre-commit.legacy").exists(), "it would call coord a second time");
        world.uninstall();
        assert!(fs::read_to_string(&hook).expect("readable").starts_with("#!/usr/bin/env bash\n# File generated"));
    }
}

#[test]
fn the_mode_goes_back_to_what_it_was() {
    for world in worlds() {
        let local = || String::from_utf8(world.git(&["config", "--local", "coord.mode"]).stdout).expect("UTF-8");
        let mode = |mode| InstallOptions { mode: Some(mode), ..InstallOptions::default() };
        assert_eq!(world.install(mode(Mode::Warn)).mode, Mode::Warn);
        assert_eq!(local(), "warn\n");
        world.uninstall();
        assert_eq!(local(), "");
        world.git(&["config", "coord.mode", "monitor"]).succeeds();
        world.install(mode(Mode::Warn));
        world.install(mode(Mode::Enforce));
        world.uninstall();
        assert_eq!(local(), "monitor\n");
        world.install(mode(Mode::Warn));
        world.git(&["config", "coord.mode", "enforce"]).succeeds();
        world.uninstall();
        assert_eq!(local(), "enforce\n");
    }
}

#[test]
fn a_setting_is_checked_before_it_is_written() {
    let world = worlds().remove(0);
    let (env, repository) = (world.env(), world.open(&world.repo()));
    let local =
        |key: &str| String::from_utf8(world.git(&["config", "--local", "--get-all", key]).stdout).expect("UTF-8");
    assert_eq!(config::set(&env, &repository, "MODE", "warn").expect("fits"), "coord.mode");
    assert_eq!(local("coord.mode"), "warn\n");
    config::set(&env, &repository, "exclude", "a/*, b/*").expect("fits");
    config::set(&env, &repository, "coord.exclude", "c/*,d/*").expect("fits");
    assert_eq!(local("coord.exclude"), "c/*\nd/*\n");
    let failure = config::set(&env, &repository, "mode", "loud").expect_err("does not fit");
    assert!(failure.message.contains("enforce, warn or monitor"), "{failure}");
    let failure = config::set(&env, &repository, "modes", "warn").expect_err("is none");
    assert!(failure.hints[0].contains("coord.mode"), "{failure:?}");
    assert_eq!(local("coord.mode"), "warn\n");
    config::unset(&env, &repository, "mode").expect("taken back");
    config::unset(&env, &repository, "mode").expect("nothing to take back");
    assert_eq!(local("coord.mode"), "");
}

#[test]
fn what_coord_publishes_is_out_of_gits_sight_until_it_goes() {
    for world in worlds() {
        let exclude = world.repo().join(".git/info/exclude");
        fs::write(&exclude, "mine").expect("written");
        let mut repository = world.open(&world.repo());
        repository.own_paths.folders.push(RepoPath::new(".claude/runtime").expect("a path"));
        install(&world.env(), &repository, None, InstallOptions::default()).expect("installs");
        fs::create_dir_all(world.repo().join(".claude/runtime")).expect("a folder");
        fs::write(world.repo().join(".claude/runtime/ACTIVE-TASKS.json"), "{}").expect("written");
        assert_eq!(world.git(&["status", "--porcelain"]).succeeds(), "");
        let report = uninstall(&world.env(), &repository, UninstallOptions::default()).expect("uninstalls");
        assert_eq!(fs::read_to_string(&exclude).expect("readable"), "mine");
        assert!(report.notices.iter().any(|notice| notice.contains(".claude/runtime")), "{report:?}");
    }
}

/// The block is for every shell that a hook may name, with its strictest options.
#[test]
fn the_block_runs_in_every_shell() {
    let Some((git, _)) = gits().into_iter().next() else { return skip("no git on PATH") };
    for shell in ["sh", "dash", "bash", "busybox sh", "ksh", "mksh", "zsh"] {
        let program = shell.split(' ').next().expect("a word");
        if !Command::new("sh").args(["-c", &format!("command -v {program}")]).output().is_ok_and(|o| o.status.success())
        {
            continue;
        }
        let world = World::new(&git);
        for hook in ["pre-commit", "pre-push", "post-rewrite", STRICT] {
            let block = coord::git::hooks::shim::block(hook, &world.root.join("program/coord"));
            let script = world.root.join("hook");
            executable(
                &script,
                &format!("#!/usr/bin/env -S {shell} -eu\n{}cat; exit 4\n", String::from_utf8_lossy(&block)),
            );
            let argument = if hook == STRICT { "prepared" } else { "x" };
            let mut command = Command::new(&script);
            command.arg(argument).env("COORD_FOREGROUND", "1").stdin(Stdio::piped()).stdout(Stdio::piped());
            // A child that another test forks this instant holds the script open for writing until it execs.
            let mut child = loop {
                match command.spawn() {
                    Err(error) if error.kind() == std::io::ErrorKind::ExecutableFileBusy => std::thread::yield_now(),
                    started => break started.expect("it runs"),
                }
            };
            let input = b"a $(id) 'b' \\n refs/heads/x\nsecond `line`\n";
            child.stdin.take().expect("piped").write_all(input).expect("read");
            let output = child.wait_with_output().expect("it ends");
            assert_eq!(output.status.code(), Some(4), "{shell} {hook}: {}", said(&output));
            assert_eq!(output.stdout, input, "{shell} {hook}");
            assert_eq!(world.calls(), [format!("hook {hook} {argument}")], "{shell}");
        }
    }
}

#[test]
fn a_new_git_takes_hooks_from_its_configuration() {
    let Some((git, _)) = gits().into_iter().find(|(_, configured)| *configured) else {
        return lacks("hooks in git's configuration: needs git 2.54 or later, on PATH or named in COORD_TEST_GIT");
    };
    let world = World::new(&git);
    fs::create_dir_all(world.hooks()).expect("a folder");
    executable(&world.hooks().join("pre-push"), "#!/bin/sh\nsed 's/^/OLD< /'\n");
    executable(&world.hooks().join("post-merge"), "#!/bin/sh\n# >>> coord hook 1: old\n# <<< coord hook <<<\n");
    // Even a folder for the whole machine is not in the way.
    world.git(&["config", "--global", "core.hooksPath", world.hooks().to_str().expect("UTF-8")]).succeeds();
    let before = world.snapshot();
    let report = world.install(InstallOptions { strict: true, ..InstallOptions::default() });
    assert_eq!(report.means, Means::Configuration);
    assert!(!world.hooks().join("post-merge").exists(), "it would call coord a second time");
    let between = world.snapshot();
    let again = world.install(InstallOptions::default());
    assert!(again.changes.iter().all(|change| change.action == Action::Unchanged), "{again:?}");
    assert_eq!(world.snapshot(), between);
    world.commit().succeeds();
    let mut calls = world.calls();
    calls.dedup();
    assert_eq!(calls, ["hook post-commit", "hook pre-commit", "hook reference-transaction prepared"]);
    world.git(&["init", "-q", "--bare", "../remote"]).succeeds();
    let said = world.git(&["push", "../remote", "main"]).succeeds();
    assert!(said.contains("OLD< refs/heads/main"), "{said}");
    assert!(world.input().contains("refs/heads/main"));
    world.coord("exit 1");
    world.commit().fails();
    fs::remove_file(world.root.join("program/coord")).expect("it was there");
    world.commit().fails();
    let lenient = world.git(&["-c", "coord.strict=false", "commit", "--allow-empty", "-m", "x"]);
    assert!(lenient.succeeds().contains("was not checked"));
    world.uninstall();
    let config = world.repo().join(".git/config");
    assert_eq!(world.snapshot()[&config], before[&config]);
}
