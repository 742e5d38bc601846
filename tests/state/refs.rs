//! Refs and worktrees as files tell them, against what git lists.

use std::fs;
use std::os::unix::fs::symlink;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;

use coord::domain::time::Timestamp;
use coord::git::refs::{self, Named, Names, Tips};
use coord::git::target::LOOKED_AT;

use crate::sandbox::Sandbox;

const ALL: &[&str] = &["refs/"];

/// What files tell, after it was held against git.
fn told(sandbox: &Sandbox, patterns: &[&str]) -> Option<Vec<Named>> {
    let repository = sandbox.open("main");
    let listed = refs::listed(&repository, patterns).expect("git lists them");
    let told = refs::in_files(&repository, patterns);
    if let Some(told) = &told {
        assert!(told.named.iter().all(|named| named.stamp.is_some()));
        assert_eq!(without_stamps(told.clone()), listed);
    }
    assert_eq!(without_stamps(refs::names(&repository, patterns).expect("one of the two")), listed);
    told.map(|names| names.named)
}

/// As git lists them.
fn without_stamps(mut names: Names) -> Names {
    names.named.iter_mut().for_each(|named| named.stamp = None);
    names
}

/// A repository with loose refs, packed ones, both at once, symbolic ones and tags.
fn with_refs() -> Sandbox {
    let sandbox = Sandbox::with_repository();
    for name in ["old", "moved", "gone", "feat/deep/er", "$(id)", "caf\u{e9}", "-x", "@", "a.b"] {
        sandbox.git("main", &["update-ref", &format!("refs/heads/{name}"), "HEAD"]);
    }
    sandbox.git("main", &["tag", "-a", "-m", "one", "v1"]);
    sandbox.git("main", &["update-ref", "refs/remotes/origin/main", "HEAD"]);
    sandbox.git("main", &["pack-refs", "--all"]);
    sandbox.commit("main", "second");
    sandbox.git("main", &["update-ref", "refs/heads/moved", "HEAD"]);
    sandbox.git("main", &["update-ref", "-d", "refs/heads/gone"]);
    sandbox.git("main", &["update-ref", "refs/heads/feat/other", "HEAD"]);
    sandbox.git("main", &["tag", "-a", "-m", "two", "v2"]);
    sandbox.git("main", &["symbolic-ref", "refs/remotes/origin/HEAD", "refs/remotes/origin/main"]);
    sandbox.git("main", &["symbolic-ref", "refs/heads/alias", "refs/heads/feat/other"]);
    sandbox
}

#[test]
fn files_tell_what_git_lists() {
    let sandbox = with_refs();
    for patterns in [
        ALL,
        LOOKED_AT,
        &["refs/heads/feat"],
        &["refs/heads/feat/deep/er", "refs/tags/v1"],
        &["refs/heads/fea", "refs/heads/none/", "refs/heads/old/"],
        &["refs/remotes/origin/HEAD"],
    ] {
        assert!(told(&sandbox, patterns).is_some(), "{patterns:?}");
    }
    assert_eq!(told(&sandbox, ALL).expect("plain").len(), 15);
    assert_eq!(told(&sandbox, &["refs/heads/*"]), None, "globs are git's");
    // Half a write, and what a killed git left.
    sandbox.write("main/.git/refs/heads/new.lock", "");
    sandbox.write("main/.git/packed-refs.lock", "");
    fs::create_dir(sandbox.path("main/.git/refs/heads/empty")).expect("made");
    assert!(told(&sandbox, ALL).is_some());
}

#[test]
fn a_ref_of_another_form_is_left_to_git() {
    let id = "0123456789abcdef0123456789abcdef01234567";
    for (name, text) in [
        ("refs/heads/empty", String::new()),
        ("refs/heads/torn", id[..20].to_owned()),
        ("refs/heads/null", format!("{}\n", "0".repeat(40))),
        ("refs/heads/longer", format!("{id}{}\n", &id[..24])),
        ("refs/heads/word", "word\n".to_owned()),
        ("refs/heads/nowhere", "ref: refs/heads/none\n".to_owned()),
        ("refs/heads/round", "ref: refs/heads/round\n".to_owned()),
        ("refs/heads/out", "ref: ../../a\n".to_owned()),
        ("refs/heads/b d", format!("{id}\n")),
        ("packed-refs", "word\n".to_owned()),
        ("packed-refs", format!("{id} refs/heads/torn")),
    ] {
        let sandbox = with_refs();
        sandbox.write(&format!("main/.git/{name}"), &text);
        let repository = sandbox.open("main");
        assert_eq!(refs::in_files(&repository, ALL), None, "{name} {text}");
    }
    let sandbox = with_refs();
    symlink("moved", sandbox.path("main/.git/refs/heads/link")).expect("made");
    assert_eq!(told(&sandbox, ALL), None);
}

#[test]
fn an_object_that_is_missing_is_found_out_later() {
    let sandbox = with_refs();
    sandbox.write("main/.git/refs/heads/missing", "0123456789abcdef0123456789abcdef01234567\n");
    assert!(told(&sandbox, ALL).is_some());
}

#[test]
fn every_form_of_repository_is_told_or_left_to_git() {
    let sandbox = Sandbox::with_repository_of(&["--object-format=sha256"]);
    assert!(told(&sandbox, ALL).is_some());
    let sandbox = Sandbox::with_repository_of(&["--ref-format=reftable"]);
    assert_eq!(told(&sandbox, ALL), None);
    let sandbox = Sandbox::new();
    sandbox.git("", &["init", "-q", "main"]);
    assert_eq!(told(&sandbox, ALL).expect("nothing is plain"), []);
}

#[test]
fn worktrees_are_told_by_their_files() {
    let sandbox = with_refs();
    for arguments in [
        &["worktree", "add", "-q", "-b", "feat/one", "../one"][..],
        &["worktree", "add", "-q", "--detach", "../two"],
        &["worktree", "add", "-q", "--lock", "--reason", " on a stick ", "-b", "three", "../three \u{e9}"],
        &["worktree", "add", "-q", "--orphan", "-b", "unborn", "../four"],
        &["worktree", "add", "-q", "-b", "five", "one/five"],
        &["worktree", "lock", "../two"],
    ] {
        sandbox.git("main", arguments);
    }
    assert_eq!(sandbox.worktrees("main").len(), 6);
    assert!(sandbox.are_told("main") && sandbox.are_told("two"));
    sandbox.git("main", &["switch", "-q", "--orphan", "nothing"]);
    assert!(sandbox.are_told("main"));
    sandbox.git("main", &["symbolic-ref", "HEAD", "refs/heads/alias"]);
    assert!(!sandbox.are_told("main"), "git goes on to what it stands for");
    sandbox.git("main", &["symbolic-ref", "HEAD", "refs/heads/main"]);
    fs::remove_dir_all(sandbox.path("two")).expect("ours");
    assert!(!sandbox.are_told("main"), "git says whether it would be forgotten");
    sandbox.git("main", &["worktree", "unlock", "../two"]);
    sandbox.git("main", &["worktree", "prune"]);
    assert!(sandbox.are_told("main"));
    for (file, text) in [("gitdir", ""), ("gitdir", "../../../../one/.git\n"), ("HEAD", "word\n"), ("HEAD", "")] {
        let file = format!("main/.git/worktrees/one/{file}");
        let before = fs::read(sandbox.path(&file)).expect("it is there");
        sandbox.write(&file, text);
        assert!(!sandbox.are_told("main"), "{file} {text}");
        fs::write(sandbox.path(&file), before).expect("ours");
    }
    assert!(sandbox.are_told("main"));
}

#[test]
fn no_ref_is_missed_while_refs_are_packed() {
    let sandbox = Sandbox::with_repository();
    let (repository, id) = (sandbox.open("main"), sandbox.git("main", &["rev-parse", "HEAD"]));
    let (made, done) = (AtomicUsize::new(0), AtomicBool::new(false));
    let looks = thread::scope(|scope| {
        scope.spawn(|| {
            for n in 0..60 {
                sandbox.write(&format!("main/.git/refs/heads/work-{n}"), &format!("{id}\n"));
                made.store(n + 1, Ordering::SeqCst);
                sandbox.git("main", &["pack-refs", "--all"]);
            }
            done.store(true, Ordering::SeqCst);
        });
        let mut looks = 0;
        while !done.load(Ordering::SeqCst) {
            let there = made.load(Ordering::SeqCst);
            // What is half written in that moment is git's to tell.
            let Some(found) = refs::in_files(&repository, &["refs/heads/"]) else { continue };
            assert!((0..there).all(|n| found.get(format!("refs/heads/work-{n}")).is_some()), "{there}: {found:?}");
            looks += 1;
        }
        looks
    });
    assert!(looks > 0);
}

/// When each local branch was last moved, as far as what is kept tells; and what is to be kept.
fn moved(sandbox: &Sandbox, kept: &[u8]) -> (Vec<Option<Timestamp>>, Vec<u8>) {
    let repository = sandbox.open("main");
    let objects = repository.objects().expect("objects");
    let mut tips = Tips::from_bytes(kept, &objects);
    let names = refs::names(&repository, &["refs/heads/"]).expect("names");
    let found = refs::read(&repository, &objects, names, &mut tips);
    assert!(found.broken.is_empty());
    (found.good.into_iter().map(|found| found.moved).collect(), tips.to_bytes())
}

#[test]
fn a_log_is_read_again_only_where_its_ref_may_have_moved() {
    let sandbox = Sandbox::with_repository();
    for name in ["loose", "packed"] {
        sandbox.git("main", &["branch", name]);
    }
    sandbox.git("main", &["pack-refs", "--all"]);
    sandbox.commit("main", "second");
    sandbox.git("main", &["update-ref", "refs/heads/loose", "HEAD"]);
    let (first, kept) = moved(&sandbox, b"");
    assert!(first.len() == 3 && first.iter().all(Option::is_some));
    assert_eq!(moved(&sandbox, &kept).0, first);
    // A line that git did not write tells who reads the log.
    let late = |name: &str| {
        let log = sandbox.path(&format!("main/.git/logs/refs/heads/{name}"));
        let id = sandbox.git("main", &["rev-parse", name]);
        let line = format!("{id} {id} A <a@b> 4000000000 +0000\tby hand\n");
        fs::write(&log, fs::read_to_string(&log).expect("a log") + &line).expect("writable");
    };
    late("loose");
    late("packed");
    assert_eq!(moved(&sandbox, &kept).0, first, "neither ref moved");
    let at = Some(Timestamp(4_000_000_000));
    assert_eq!(moved(&sandbox, b"").0, [at, first[1], at]);
    sandbox.git("main", &["pack-refs", "--all"]);
    assert_eq!(moved(&sandbox, &kept).0, [at, first[1], at], "both lie in another file");
    let (again, kept) = moved(&sandbox, &kept);
    sandbox.commit("main", "third");
    sandbox.git("main", &["update-ref", "refs/heads/packed", "HEAD"]);
    let (last, _) = moved(&sandbox, &kept);
    assert_eq!(last[0], again[0]);
    assert_ne!(last[2], again[2], "it was moved since it was packed");
    assert_eq!(last, moved(&sandbox, b"").0);
}
