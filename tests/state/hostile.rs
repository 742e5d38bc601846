//! What is broken, hidden or means harm.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use coord::domain::path::RepoPath;
use coord::git::objects::Objects;
use coord::git::snapshot::{self, Interest};
use coord::git::{refs, status};

use crate::sandbox::{Sandbox, shown};

#[test]
fn any_name_passes_through() {
    let sandbox = Sandbox::with_repository();
    let names: [&[u8]; 8] = [
        b"caf\xe9.txt",
        b"new\nline",
        b"esc\x1b[2J",
        b"-dash",
        b":(glob)*",
        b" space \"quote\" back\\slash\t",
        b"c1\xc2\x9b",
        b"bidi\xe2\x80\xae",
    ];
    for name in names {
        sandbox.write_bytes(&[b"main/", name].concat(), b"text\r\n");
    }
    let status = sandbox.status("main");
    assert_eq!(status.entries.len(), names.len());
    let (_, files) = sandbox.snapshot("main");
    for name in names {
        assert!(status.entries.contains_key(&RepoPath::new(name).expect("valid")), "{}", name.escape_ascii());
        assert_eq!(files[&name.escape_ascii().to_string()].1, "text\r\n");
    }
}

#[test]
fn a_worktree_and_a_branch_may_have_any_name() {
    let sandbox = Sandbox::with_repository();
    let name = "w\n\u{1b}x";
    sandbox.git("main", &["worktree", "add", "-q", "-b", "x$(id)\u{202e}", &format!("../{name}")]);
    let worktree = sandbox.worktree(name);
    assert!(worktree.is_readable(), "{worktree:?}");
    let opened = sandbox.open(name);
    assert_eq!(opened.worktree, Some(sandbox.path(name)));
    let found = refs::list(&opened, &opened.objects().expect("objects"), &["refs/heads/"]).expect("refs");
    assert_eq!(found.good.len(), 2);
    assert_eq!(found.good[1].author, b"Ada <ada@example.org>");
}

#[test]
fn a_damaged_index_is_never_believed() {
    let sandbox = Sandbox::with_repository();
    for n in 0..20 {
        sandbox.write(&format!("main/file{n}"), "x\n");
    }
    sandbox.commit("main", "more");
    // The last path of the index, which every cut but one through the appendix loses.
    sandbox.write("main/file9", "changed\n");
    let index = sandbox.path("main/.git/index");
    let whole = fs::read(&index).expect("readable");
    let cuts = (1..400).step_by(7).chain([whole.len() / 2, whole.len() - 100, whole.len() - 10, whole.len()]);
    for cut in cuts {
        fs::write(&index, &whole[..whole.len() - cut]).expect("written");
        if let Ok(status) = sandbox.try_status("main") {
            let paths: Vec<String> = status.entries.keys().map(shown).collect();
            assert_eq!(paths, ["file9"], "{cut} bytes cut off");
        }
    }
    fs::write(&index, b"garbage that is no index at all").expect("written");
    assert!(sandbox.try_status("main").is_err());
}

#[test]
fn a_missing_index_is_an_error_where_files_are_there() {
    let sandbox = Sandbox::with_repository();
    sandbox.git("main", &["worktree", "add", "-q", "--no-checkout", "../feat"]);
    // Never checked out: nothing lies there, and nothing was deleted.
    let error = sandbox.try_status("feat").expect_err("no index").to_string();
    assert!(error.contains("nothing is checked out"), "{error}");
    assert_eq!(sandbox.snapshot_of("feat", &["a", "b"]).0, Some(sandbox.id("main", "HEAD")));
}

#[test]
fn broken_refs_are_told_and_the_others_go_on() {
    let sandbox = Sandbox::with_repository();
    sandbox.git("main", &["branch", "good"]);
    sandbox.write("main/.git/refs/heads/broken", "not an id\n");
    sandbox.write("main/.git/refs/heads/missing", &format!("{}\n", "1".repeat(40)));
    sandbox.git("main", &["tag", "-a", "-m", "t", "v1"]);
    let repository = sandbox.open("main");
    let found =
        refs::list(&repository, &repository.objects().expect("objects"), &["refs/heads/", "refs/tags/"]).expect("refs");
    let good: Vec<&[u8]> = found.good.iter().map(|found| found.name.short()).collect();
    assert_eq!(good, [&b"good"[..], b"main", b"tags/v1"]);
    assert!(found.good.iter().all(|found| found.oid == sandbox.id("main", "HEAD")));
    let broken: Vec<&[u8]> = found.broken.iter().map(|found| found.name.short()).collect();
    assert!(broken.contains(&&b"missing"[..]) && broken.contains(&&b"broken"[..]), "{:?}", found.broken);
}

#[test]
fn nothing_that_is_configured_is_run() {
    let sandbox = Sandbox::with_repository();
    let marker = sandbox.arm();
    for dir in ["main", "feat"] {
        sandbox.write(&format!("{dir}/a"), "changed\r\n");
        sandbox.write(&format!("{dir}/new"), "new\r\n");
        let (repository, worktree) = (sandbox.open("main"), sandbox.worktree(dir));
        let status = status::read(&repository, &worktree).expect("a status");
        let objects = Objects::open(&repository.store).expect("objects");
        let taken = snapshot::take(&objects, &repository, &worktree, &status, &Interest::All).expect("a snapshot");
        assert_eq!(taken.unsure.len(), 2);
        sandbox.snapshot_of(dir, &["a", "b", "new", "nope"]);
        status::staged(&repository, &repository.objects().expect("readable"), worktree.head).expect("readable");
    }
    assert_eq!(fs::read_to_string(&marker).unwrap_or_default(), "", "was run");
}

#[test]
fn what_one_worktree_alone_configures_is_not_run_either() {
    let sandbox = Sandbox::with_repository();
    let marker = sandbox.path("marker");
    let evil = format!("touch '{}'; cat", marker.display());
    sandbox.write("main/.gitattributes", "* filter=evil\n");
    sandbox.commit("main", "attributes");
    sandbox.git("main", &["worktree", "add", "-q", "../feat"]);
    sandbox.git("main", &["config", "extensions.worktreeConfig", "true"]);
    sandbox.git("feat", &["config", "--worktree", "filter.evil.clean", &evil]);
    sandbox.git("feat", &["config", "--worktree", "core.fsmonitor", &evil]);
    sandbox.write("feat/a", "changed\r\n");
    sandbox.status("feat");
    sandbox.snapshot("feat");
    sandbox.snapshot_of("feat", &["a"]);
    assert_eq!(fs::read_to_string(&marker).unwrap_or_default(), "", "was run");
}

#[test]
fn nothing_is_written_to_the_repository() {
    let sandbox = Sandbox::with_repository();
    sandbox.write("main/.gitattributes", "*.txt text\n");
    sandbox.commit("main", "attributes");
    sandbox.write("main/x.txt", "new\r\n");
    sandbox.write("main/a", "1\n2\n3\n");
    let before = listing(&sandbox.path("main/.git"));
    sandbox.snapshot("main");
    sandbox.snapshot_of("main", &["a", "x.txt"]);
    let after = listing(&sandbox.path("main/.git"));
    let changed: Vec<&String> = after.iter().filter(|line| !before.contains(line)).collect();
    assert!(changed.is_empty() && after.len() == before.len(), "{changed:#?}");
}

/// Every file with its size and its time.
fn listing(dir: &std::path::Path) -> Vec<String> {
    let mut found = Vec::new();
    for entry in fs::read_dir(dir).expect("readable") {
        let path = entry.expect("readable").path();
        let meta = fs::symlink_metadata(&path).expect("readable");
        found.push(format!("{} {} {:?}", path.display(), meta.len(), meta.modified().expect("a time")));
        if meta.is_dir() {
            found.extend(listing(&path));
        }
    }
    found.sort();
    found
}

#[test]
fn a_folder_that_cannot_be_opened_makes_the_answer_partial() {
    let sandbox = Sandbox::with_repository();
    sandbox.write("main/closed/x", "x\n");
    let closed = sandbox.path("main/closed");
    fs::set_permissions(&closed, fs::Permissions::from_mode(0o000)).expect("set");
    let can_read_anything = fs::read_dir(&closed).is_ok();
    let status = sandbox.try_status("main");
    fs::set_permissions(&closed, fs::Permissions::from_mode(0o755)).expect("set");
    if !can_read_anything {
        assert!(status.expect("a status").partial.is_some());
    }
}

#[test]
fn a_hundred_thousand_untracked_files_are_listed_and_not_read() {
    let sandbox = Sandbox::with_repository();
    for folder in 0..20 {
        fs::create_dir_all(sandbox.path(&format!("main/heap/{folder}"))).expect("made");
        for n in 0..500 {
            fs::write(sandbox.path(&format!("main/heap/{folder}/{n}")), "").expect("written");
        }
    }
    let (repository, worktree) = (sandbox.open("main"), sandbox.worktree("main"));
    let status = status::read(&repository, &worktree).expect("a status");
    assert_eq!(status.entries.len(), 10_000);
    let mut near = snapshot::Near::default();
    near.add(&RepoPath::new("heap/3/7").expect("valid"));
    let objects = Objects::open(&repository.store).expect("objects");
    let taken = snapshot::take(&objects, &repository, &worktree, &status, &Interest::Near(near)).expect("a snapshot");
    assert_eq!(taken.unread.len(), 9_999);
}
