//! Forms of repositories: where one is found, and that its state is read.

use coord::domain::id::Identity;
use coord::git::objects::ObjectFormat;
use coord::git::repository::{self, HookEnv, Repository};
use coord::git::{Error, Git, status};

use crate::sandbox::{Sandbox, found_git, linked};

#[test]
fn a_repository_is_found_from_anywhere_inside() {
    let sandbox = Sandbox::with_repository();
    sandbox.git("main", &["worktree", "add", "-q", "../feat"]);
    for (dir, here, top) in [
        ("main", Some(Identity::MainWorktree), Some("main")),
        ("main/dir", Some(Identity::MainWorktree), Some("main")),
        ("main/.git", None, None),
        ("feat/dir", Some(linked("feat")), Some("feat")),
    ] {
        let found = sandbox.open(dir);
        assert_eq!(found.common_dir, sandbox.path("main/.git"), "{dir}");
        assert_eq!(found.main_worktree, Some(sandbox.path("main")), "{dir}");
        assert_eq!(found.here, here, "{dir}");
        assert_eq!(found.worktree, top.map(|top| sandbox.path(top)), "{dir}");
        assert!(!found.bare && !found.shallow && !found.partial);
    }
}

#[test]
fn outside_of_a_repository_the_error_says_so() {
    let sandbox = Sandbox::new();
    assert!(matches!(sandbox.try_open("home"), Err(Error::NotARepository { .. })));
    let error = sandbox.try_open("nowhere").expect_err("no folder").to_string();
    assert!(error.contains("nowhere"), "{error}");
}

#[test]
fn an_unknown_extension_is_refused_in_gits_words() {
    let sandbox = Sandbox::with_repository();
    sandbox.git("main", &["config", "core.repositoryFormatVersion", "1"]);
    sandbox.git("main", &["config", "extensions.futureThing", "true"]);
    let error = sandbox.try_open("main").expect_err("refused").to_string();
    assert!(error.contains("futurething"), "{error}");
}

#[test]
fn a_configuration_that_does_not_parse_is_an_error() {
    let sandbox = Sandbox::with_repository();
    sandbox.write("main/.git/config", "[core\nrepositoryformatversion = 0\n");
    let error = sandbox.try_open("main").expect_err("refused").to_string();
    assert!(error.contains("config"), "{error}");
}

#[test]
fn an_old_git_and_a_missing_one_are_errors() {
    let sandbox = Sandbox::with_repository();
    assert!(matches!(Git::find(Some(sandbox.path("home").as_os_str())), Err(Error::NoGit)));
    sandbox.write("bin/git", "#!/bin/sh\necho git version 2.37.9\n");
    let program = sandbox.path("bin/git");
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    std::fs::set_permissions(program, mode).expect("made executable");
    let old = Git::find(Some(sandbox.path("bin").as_os_str())).expect("found");
    let error = repository::open(&old, &sandbox.path("main"), None).expect_err("too old");
    assert!(matches!(error, Error::TooOld { .. }), "{error}");
}

#[test]
fn a_bare_main_has_only_its_linked_worktrees() {
    let sandbox = Sandbox::with_repository();
    sandbox.git("", &["clone", "-q", "--bare", "main", "bare.git"]);
    sandbox.git("bare.git", &["worktree", "add", "-q", "-b", "feat", "../feat"]);
    sandbox.write("feat/a", "changed\n");
    for dir in ["bare.git", "feat"] {
        let repository = sandbox.open(dir);
        assert!(repository.bare, "{dir}");
        assert_eq!(repository.main_worktree, None);
        let found = sandbox.worktrees(dir);
        assert_eq!(found.iter().map(|w| w.identity.clone()).collect::<Vec<_>>(), [linked("feat")]);
        let status = status::read(&repository, &found[0]).expect("a status");
        assert_eq!(status.entries.len(), 1);
    }
    assert_eq!(sandbox.open("bare.git").here, None);
    assert_eq!(sandbox.open("feat").here, Some(linked("feat")));
}

#[test]
fn a_bare_repository_in_dot_git_has_only_its_linked_worktrees() {
    let sandbox = Sandbox::with_repository();
    sandbox.git("", &["clone", "-q", "--bare", "main", "project/.git"]);
    sandbox.git("project/.git", &["worktree", "add", "-q", "-b", "feat", "../feat"]);
    assert!(sandbox.open("project/feat").bare);
    assert_eq!(sandbox.worktrees("project/feat").len(), 1);
}

#[test]
fn every_storage_form_gives_the_same_state() {
    let forms: [&[&str]; 4] = [
        &[],
        &["--object-format=sha256"],
        &["--ref-format=reftable"],
        &["--object-format=sha256", "--ref-format=reftable"],
    ];
    for options in forms {
        let sandbox = Sandbox::with_repository_of(options);
        sandbox.git("main", &["worktree", "add", "-q", "../feat"]);
        sandbox.write("feat/a", "changed\n");
        sandbox.write("feat/new", "new\n");
        let format =
            if options.contains(&"--object-format=sha256") { ObjectFormat::Sha256 } else { ObjectFormat::Sha1 };
        assert_eq!(sandbox.open("feat").store.format, format);
        assert_eq!(sandbox.worktrees("main").len(), 2);
        let changed = sandbox.changed("feat");
        assert_eq!(changed["a"], ["unstaged"], "{options:?}");
        assert_eq!(changed["new"], ["untracked"], "{options:?}");
        let (_, files) = sandbox.snapshot("feat");
        assert_eq!(files["a"].1, "changed\n", "{options:?}");
        assert_eq!(files["b"].1, "b\n", "{options:?}");
    }
}

#[test]
fn a_git_dir_elsewhere_is_found_from_inside() {
    let sandbox = Sandbox::new();
    sandbox.git("", &["init", "-q", "--separate-git-dir", "store", "main"]);
    sandbox.write("main/a", "a\n");
    sandbox.commit("main", "first");
    sandbox.git("main", &["worktree", "add", "-q", "../feat"]);
    assert_eq!(sandbox.open("main").main_worktree, Some(sandbox.path("main")));
    let from_main = sandbox.worktrees("main");
    assert!(from_main.iter().all(|worktree| worktree.broken.is_none()), "{from_main:?}");
    let from_linked = sandbox.worktrees("feat");
    assert!(from_linked[0].broken.is_some(), "nothing tells where the main worktree is: {from_linked:?}");
    assert!(from_linked[1].broken.is_none());
}

#[test]
fn a_shallow_and_a_partial_clone_say_so() {
    let sandbox = Sandbox::with_repository();
    sandbox.commit("main", "second");
    let url = format!("file://{}", sandbox.path("main").display());
    sandbox.git("", &["clone", "-q", "--depth=1", &url, "shallow"]);
    assert!(sandbox.open("shallow").shallow);
    sandbox.git("main", &["config", "uploadpack.allowFilter", "true"]);
    sandbox.git("", &["clone", "-q", "--filter=blob:none", &url, "partial"]);
    assert!(sandbox.open("partial").partial);
}

#[test]
fn relative_links_and_worktree_configuration_are_understood() {
    let sandbox = Sandbox::with_repository();
    sandbox.git("main", &["worktree", "add", "-q", "../feat"]);
    sandbox.write("main/.git/worktrees/feat/gitdir", "../../../../feat/.git\n");
    sandbox.write("feat/.git", "gitdir: ../main/.git/worktrees/feat\n");
    sandbox.git("main", &["config", "extensions.worktreeConfig", "true"]);
    sandbox.git("feat", &["config", "--worktree", "coord.mode", "warn"]);
    sandbox.write("feat/a", "changed\n");
    assert!(sandbox.worktree("feat").broken.is_none());
    assert_eq!(sandbox.changed("feat")["a"], ["unstaged"]);
    assert_eq!(sandbox.open("feat").config.value("coord.mode").expect("set").text, "warn");
    assert_eq!(sandbox.open("main").config.value("coord.mode"), None);
}

#[test]
fn a_hook_sees_the_index_of_the_commit_in_the_making() {
    let sandbox = Sandbox::with_repository();
    sandbox.git("main", &["worktree", "add", "-q", "../feat"]);
    sandbox.write("feat/a", "changed\n");
    sandbox.git("feat", &["add", "a"]);
    let index = sandbox.path("main/.git/worktrees/feat/index");
    let kept = sandbox.path("home/index");
    std::fs::copy(&index, &kept).expect("copied");
    sandbox.git("feat", &["reset", "-q"]);
    let hook = HookEnv { git_dir: Some(sandbox.path("main/.git/worktrees/feat")), index_file: Some(kept.clone()) };
    let repository = repository::open(&found_git(), &sandbox.path("feat"), Some(&hook)).expect("a repository");
    assert_eq!(repository.here, Some(linked("feat")));
    assert_eq!(repository.index_file.as_deref(), Some(&*kept));
    let head = Some(sandbox.id("feat", "HEAD"));
    let objects = repository.objects().expect("readable");
    let staged = |index, head| {
        let repository = Repository { index_file: index, ..repository.clone() };
        status::staged(&repository, &objects, head).expect("readable").len()
    };
    assert_eq!(staged(Some(kept), head), 1);
    assert_eq!(staged(None, head), 0);
    assert_eq!(staged(None, None), 3);
}

#[test]
fn a_submodule_is_a_repository_of_its_own() {
    let sandbox = Sandbox::with_repository();
    sandbox.git("", &["init", "-q", "-b", "main", "lib"]);
    sandbox.write("lib/l", "l\n");
    sandbox.commit("lib", "lib");
    let url = sandbox.path("lib").display().to_string();
    sandbox.git("main", &["-c", "protocol.file.allow=always", "submodule", "--quiet", "add", &url, "sub"]);
    let repository = sandbox.open("main/sub");
    assert_eq!(repository.common_dir, sandbox.path("main/.git/modules/sub"));
    assert_eq!(repository.main_worktree, Some(sandbox.path("main/sub")));
    sandbox.git("main/sub", &["worktree", "add", "-q", "../../subtree"]);
    sandbox.write("main/sub/l", "changed\n");
    for dir in ["main/sub", "subtree"] {
        let repository = sandbox.open(dir);
        let found = sandbox.worktrees(dir);
        assert_eq!(found[0].path, sandbox.path("main/sub"), "{dir}");
        assert!(found.iter().all(|worktree| worktree.broken.is_none()), "{dir}: {found:?}");
        assert_eq!(status::read(&repository, &found[0]).expect("a status").entries.len(), 1);
    }
}
