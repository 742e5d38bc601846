//! Worktrees of every kind and in the middle of everything.

use std::fs;

use coord::domain::id::{Identity, RefName};
use coord::domain::instance::Operation;

use crate::sandbox::{Sandbox, linked};

/// Two branches that change the same line, each in a worktree of its own.
fn quarrel(options: &[&str]) -> Sandbox {
    let sandbox = Sandbox::with_repository_of(options);
    for name in ["one", "two"] {
        sandbox.git("main", &["worktree", "add", "-q", "-b", name, &format!("../{name}")]);
        sandbox.write(&format!("{name}/a"), &format!("{name}\n2\n3\n"));
        sandbox.commit(name, name);
    }
    sandbox
}

#[test]
fn main_linked_detached_locked_and_prunable_are_told_apart() {
    let sandbox = Sandbox::with_repository();
    for name in ["linked", "locked", "gone", "unmounted"] {
        sandbox.git("main", &["worktree", "add", "-q", &format!("../{name}")]);
    }
    sandbox.git("main", &["worktree", "add", "-q", "--detach", "../detached"]);
    sandbox.git("main", &["worktree", "lock", "--reason", "on a stick", "../locked"]);
    sandbox.git("main", &["worktree", "lock", "../unmounted"]);
    fs::remove_dir_all(sandbox.path("gone")).expect("removed");
    fs::remove_dir_all(sandbox.path("unmounted")).expect("removed");
    let found = sandbox.worktrees("linked");
    let names: Vec<Identity> = found.iter().map(|worktree| worktree.identity.clone()).collect();
    let [detached, gone, linked_one, locked, unmounted] =
        ["detached", "gone", "linked", "locked", "unmounted"].map(linked);
    assert_eq!(names, [Identity::MainWorktree, detached, gone, linked_one, locked, unmounted]);
    assert_eq!(found[0].branch, Some(RefName::new("refs/heads/main")));
    assert!(found[1].detached && found[1].branch.is_none() && found[1].broken.is_none());
    assert!(found[2].vanished && found[2].prunable.is_some() && found[2].broken.is_none());
    assert_eq!(found[4].locked.as_deref(), Some("on a stick"));
    assert!(found[4].is_readable());
    let reason = found[5].broken.as_deref().expect("a reason");
    assert!(reason.contains("not mounted") && !found[5].vanished, "{reason}");
}

#[test]
fn a_merge_a_rebase_a_pick_a_revert_and_a_bisect_are_seen() {
    for options in [&[][..], &["--ref-format=reftable"]] {
        let sandbox = quarrel(options);
        let operation = |dir: &str| sandbox.worktree(dir).operation;
        assert_eq!(operation("one"), None);
        sandbox.try_git("one", &["merge", "-q", "two"]);
        assert_eq!(operation("one"), Some(Operation::Merge));
        assert_eq!(sandbox.worktree("one").merge_heads(), [sandbox.id("main", "two")]);
        assert_eq!(sandbox.changed("one")["a"], ["unstaged"]);
        sandbox.git("one", &["merge", "--abort"]);
        sandbox.try_git("one", &["cherry-pick", "two"]);
        assert_eq!(operation("one"), Some(Operation::CherryPick), "{options:?}");
        sandbox.git("one", &["cherry-pick", "--abort"]);
        sandbox.try_git("one", &["revert", "--no-edit", "two"]);
        assert_eq!(operation("one"), Some(Operation::Revert), "{options:?}");
        sandbox.git("one", &["revert", "--abort"]);
        for flag in ["--merge", "--apply"] {
            sandbox.try_git("one", &["rebase", "-q", flag, "two"]);
            let worktree = sandbox.worktree("one");
            assert_eq!(worktree.operation, Some(Operation::Rebase), "{flag}");
            assert_eq!(worktree.branch, Some(RefName::new("refs/heads/one")), "{flag}");
            assert!(worktree.detached);
            sandbox.git("one", &["rebase", "--abort"]);
        }
        sandbox.git("one", &["bisect", "start", "HEAD", "HEAD~1"]);
        let worktree = sandbox.worktree("one");
        assert_eq!(worktree.branch, Some(RefName::new("refs/heads/one")));
        assert_eq!(worktree.operation, Some(Operation::Bisect));
    }
}

#[test]
fn an_unborn_repository_has_an_empty_working_set() {
    let sandbox = Sandbox::new();
    sandbox.git("", &["init", "-q", "-b", "main", "main"]);
    let found = sandbox.worktrees("main");
    assert_eq!((found[0].head, found[0].branch.clone()), (None, Some(RefName::new("refs/heads/main"))));
    assert!(found[0].is_readable());
    assert!(sandbox.status("main").entries.is_empty());
    assert_eq!(sandbox.snapshot("main").0.commit, None);
    sandbox.write("main/a", "a\n");
    let (snapshot, files) = sandbox.snapshot("main");
    assert!(snapshot.commit.is_some());
    assert_eq!(files["a"].1, "a\n");
}

#[test]
fn an_orphan_branch_is_read() {
    let sandbox = Sandbox::with_repository();
    sandbox.git("main", &["worktree", "add", "-q", "--orphan", "-b", "new", "../new"]);
    sandbox.write("new/x", "x\n");
    let worktree = sandbox.worktree("new");
    assert!(worktree.is_readable() && worktree.head.is_none());
    assert_eq!(sandbox.changed("new")["x"], ["untracked"]);
}

#[test]
fn broken_worktrees_are_reported_with_their_reason() {
    let sandbox = Sandbox::with_repository();
    for name in ["empty", "junk", "dangling", "unlinked", "fine"] {
        sandbox.git("main", &["worktree", "add", "-q", &format!("../{name}")]);
    }
    sandbox.write("main/.git/worktrees/empty/gitdir", "");
    sandbox.write("main/.git/worktrees/junk/HEAD", "junk\n");
    sandbox.write("dangling/.git", "gitdir: /nowhere\n");
    fs::remove_file(sandbox.path("unlinked/.git")).expect("removed");
    let found = sandbox.worktrees("main");
    assert_eq!(found.len(), 6);
    let reason = |name: &str| {
        let worktree = found.iter().find(|worktree| worktree.identity == linked(name)).expect("it is listed");
        worktree.broken.clone()
    };
    assert!(reason("empty").expect("broken").contains("is empty"));
    assert!(reason("junk").expect("broken").contains("HEAD"));
    assert!(reason("dangling").expect("broken").contains("leads to another place"));
    assert!(reason("unlinked").expect("broken").contains("cannot be read"));
    assert_eq!(reason("fine"), None);
}

#[test]
fn one_branch_in_two_worktrees_stays_two() {
    let sandbox = Sandbox::with_repository();
    sandbox.git("main", &["worktree", "add", "-q", "-b", "feat", "../one"]);
    sandbox.git("main", &["worktree", "add", "-q", "--force", "../two", "feat"]);
    let found = sandbox.worktrees("main");
    assert_eq!(found.len(), 3);
    assert_eq!(found[1].branch, found[2].branch);
    assert_ne!(found[1].identity, found[2].identity);
}

#[test]
fn worktrees_inside_another_are_not_its_files() {
    let sandbox = Sandbox::with_repository();
    sandbox.git("main", &["worktree", "add", "-q", ".claude/worktrees/x"]);
    sandbox.git("main", &["init", "-q", "vendor/lib"]);
    sandbox.write("main/vendor/lib/f", "f\n");
    sandbox.write("main/.claude/worktrees/x/a", "changed\n");
    sandbox.write("main/.claude/notes", "n\n");
    assert_eq!(sandbox.changed("main").into_keys().collect::<Vec<_>>(), [".claude/notes"]);
    assert_eq!(sandbox.changed("main/.claude/worktrees/x").into_keys().collect::<Vec<_>>(), ["a"]);
    // Without its link git would take it for a folder of the outer worktree's.
    fs::remove_file(sandbox.path("main/.claude/worktrees/x/.git")).expect("removed");
    assert_eq!(sandbox.changed("main").into_keys().collect::<Vec<_>>(), [".claude/notes"]);
}

#[test]
fn a_worktree_that_was_moved_by_hand_is_not_read_from_its_old_place() {
    let sandbox = Sandbox::with_repository();
    sandbox.git("main", &["worktree", "add", "-q", "../feat"]);
    fs::rename(sandbox.path("feat"), sandbox.path("moved")).expect("moved");
    assert!(sandbox.worktree("feat").vanished);
}
