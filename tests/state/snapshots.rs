//! Worktrees as they lie, as commits in memory: the same tree that `git add -A` and `git commit` would make.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};

use crate::sandbox::Sandbox;

/// What git would commit of the worktree, made in a copy of its index.
fn committed(sandbox: &Sandbox, dir: &str) -> BTreeMap<String, (u32, String)> {
    let index = sandbox.path(&format!("{dir}/.git/index"));
    fs::copy(&index, sandbox.path("home/index")).expect("copied");
    let with_copy = |arguments: &[&str]| {
        let output = sandbox.command(dir, arguments).env("GIT_INDEX_FILE", sandbox.path("home/index")).output();
        let output = output.expect("git starts");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8_lossy(&output.stdout).trim().to_owned()
    };
    with_copy(&["add", "-A"]);
    let tree = with_copy(&["write-tree"]);
    let mut files = BTreeMap::new();
    for line in sandbox.git(dir, &["ls-tree", "-r", "-z", &tree]).split('\0').filter(|line| !line.is_empty()) {
        let (left, path) = line.split_once('\t').expect("a tab");
        let words: Vec<&str> = left.split(' ').collect();
        let text = match words[1] {
            "blob" => {
                let output = sandbox.try_git(dir, &["cat-file", "blob", words[2]]);
                String::from_utf8_lossy(&output.stdout).into_owned()
            }
            _ => words[2].to_owned(),
        };
        let mode = u32::from_str_radix(words[0], 8).expect("octal");
        files.insert(path.as_bytes().escape_ascii().to_string(), (mode, text));
    }
    files
}

fn assert_same(sandbox: &Sandbox, dir: &str) {
    let (snapshot, files) = sandbox.snapshot(dir);
    let expected = committed(sandbox, dir);
    assert_eq!(files, expected, "{snapshot:?}");
    let all: Vec<&str> = expected.keys().map(String::as_str).collect();
    if all.iter().all(|path| !path.contains('\\')) {
        let (_, by_paths) = sandbox.snapshot_of(dir, &[&all[..], &["a", "b", "dir/c"]].concat());
        assert_eq!(by_paths, expected);
    }
}

#[test]
fn a_clean_worktree_is_its_head() {
    let sandbox = Sandbox::with_repository();
    let head = sandbox.id("main", "HEAD");
    assert_eq!(sandbox.snapshot("main").0.commit, Some(head));
    assert_eq!(sandbox.snapshot_of("main", &["a", "nope", "dir"]).0, Some(head));
    // Touched, and the same.
    sandbox.write("main/a", "1\n2\n3\n");
    assert_eq!(sandbox.snapshot("main").0.commit, Some(head));
}

#[test]
fn every_kind_of_change_is_in_it() {
    let sandbox = Sandbox::with_repository();
    for name in ["exec", "typed", "folder/x", "kept", "staged", "reverted"] {
        sandbox.write(&format!("main/{name}"), "old\n");
    }
    sandbox.commit("main", "more");
    sandbox.write("main/a", "changed\n");
    fs::remove_file(sandbox.path("main/b")).expect("removed");
    sandbox.write("main/new", "new\n");
    fs::set_permissions(sandbox.path("main/exec"), fs::Permissions::from_mode(0o755)).expect("set");
    fs::remove_file(sandbox.path("main/typed")).expect("removed");
    symlink("/etc/passwd", sandbox.path("main/typed")).expect("made");
    fs::remove_dir_all(sandbox.path("main/folder")).expect("removed");
    sandbox.write("main/folder", "a file now\n");
    fs::remove_file(sandbox.path("main/dir/c")).expect("removed");
    sandbox.write("main/dir/c/d", "a folder now\n");
    sandbox.git("main", &["rm", "-q", "--cached", "kept"]);
    sandbox.write("main/staged", "staged\n");
    sandbox.git("main", &["add", "staged"]);
    sandbox.write("main/reverted", "other\n");
    sandbox.git("main", &["add", "reverted"]);
    sandbox.write("main/reverted", "old\n");
    sandbox.write("main/intended", "i\n");
    sandbox.git("main", &["add", "-N", "intended"]);
    symlink("nowhere", sandbox.path("main/link")).expect("made");
    assert_same(&sandbox, "main");
    let changed = sandbox.changed("main");
    assert_eq!(changed["kept"], ["staged", "untracked"]);
    assert_eq!(changed["reverted"], ["staged", "unstaged"]);
    assert_eq!(changed["staged"], ["staged"]);
    assert_eq!(changed["intended"], ["unstaged"]);
    let (snapshot, _) = sandbox.snapshot("main");
    let same: Vec<String> = snapshot.same.iter().map(crate::sandbox::shown).collect();
    assert_eq!(same, ["kept", "reverted"]);
}

#[test]
fn line_ends_keywords_and_encodings_are_undone_as_git_does() {
    let sandbox = Sandbox::with_repository();
    sandbox.write("main/mixed.txt", "one\r\ntwo\n");
    sandbox.commit("main", "with carriage returns");
    sandbox.write(
        "main/.gitattributes",
        "*.txt text=auto\n*.win text eol=crlf\n*.id ident\n*.u16 working-tree-encoding=UTF-16LE\n*.bin -text\n",
    );
    sandbox.commit("main", "attributes");
    sandbox.write("main/mixed.txt", "one\r\ntwo\r\n");
    sandbox.write("main/new.txt", "one\r\ntwo\r\n");
    sandbox.write("main/x.win", "one\r\ntwo\r\n");
    sandbox.write("main/x.bin", "one\r\ntwo\r\n");
    sandbox.write("main/dir/x.id", "$Id: something $\n");
    sandbox.write("main/else.id", "no keyword\n");
    sandbox.write_bytes(b"main/x.u16", b"h\0i\0\n\0");
    sandbox.write("main/plain", "$Id: stays $\r\n");
    assert_same(&sandbox, "main");
    sandbox.git("main", &["config", "core.autocrlf", "true"]);
    assert_same(&sandbox, "main");
}

#[test]
fn a_file_that_git_cannot_convert_is_unsure_and_the_others_are_not() {
    let sandbox = Sandbox::with_repository();
    sandbox.write(
        "main/.gitattributes",
        "*.u16 working-tree-encoding=UTF-16LE-BOM\n*.x working-tree-encoding=NONE-SUCH\n",
    );
    sandbox.commit("main", "attributes");
    sandbox.write("main/a", "changed\r\n");
    sandbox.write("main/bad.x", "odd\n");
    let (snapshot, files) = sandbox.snapshot("main");
    assert_eq!(snapshot.unsure.keys().map(crate::sandbox::shown).collect::<Vec<_>>(), ["bad.x"]);
    assert_eq!(files["a"].1, "changed\r\n");
}

#[test]
fn large_files_are_judged_by_their_ids() {
    let sandbox = Sandbox::with_repository();
    let file = fs::File::create(sandbox.path("main/large")).expect("made");
    file.set_len((64 << 20) + 1).expect("set");
    let (_, files) = sandbox.snapshot("main");
    assert!(files["large"].1.contains("coord: a file of more than"), "{}", files["large"].1.len());
    sandbox.commit("main", "large");
    sandbox.git("main", &["update-index", "--no-assume-unchanged", "large"]);
    let head = sandbox.id("main", "HEAD");
    assert_eq!(sandbox.snapshot_of("main", &["large"]).0, Some(head));
}

#[test]
fn a_merge_in_progress_has_both_parents() {
    let sandbox = Sandbox::with_repository();
    sandbox.git("main", &["switch", "-q", "-c", "feat"]);
    sandbox.write("main/b", "feat\n");
    sandbox.commit("main", "feat");
    sandbox.git("main", &["switch", "-q", "main"]);
    sandbox.write("main/a", "main\n");
    sandbox.commit("main", "main");
    sandbox.git("main", &["merge", "-q", "--no-commit", "--no-ff", "feat"]);
    let (snapshot, files) = sandbox.snapshot("main");
    assert_eq!((files["a"].1.as_str(), files["b"].1.as_str()), ("main\n", "feat\n"));
    let repository = sandbox.open("main");
    let commit = snapshot.commit.expect("a commit");
    assert_ne!(commit, sandbox.id("main", "HEAD"));
    drop(repository);
}

#[test]
fn a_conflicted_file_counts_as_it_lies() {
    let sandbox = Sandbox::with_repository();
    sandbox.git("main", &["switch", "-q", "-c", "feat"]);
    sandbox.write("main/a", "feat\n");
    sandbox.commit("main", "feat");
    sandbox.git("main", &["switch", "-q", "main"]);
    sandbox.write("main/a", "main\n");
    sandbox.commit("main", "main");
    assert!(!sandbox.try_git("main", &["merge", "-q", "feat"]).status.success());
    let (_, files) = sandbox.snapshot("main");
    assert!(files["a"].1.contains("<<<<<<<"));
}

#[test]
fn a_submodule_counts_with_the_commit_it_stands_on() {
    let sandbox = Sandbox::with_repository();
    sandbox.git("", &["init", "-q", "-b", "main", "lib"]);
    sandbox.write("lib/l", "l\n");
    sandbox.commit("lib", "lib");
    let url = sandbox.path("lib").display().to_string();
    sandbox.git("main", &["-c", "protocol.file.allow=always", "submodule", "--quiet", "add", &url, "sub"]);
    sandbox.commit("main", "submodule");
    assert_eq!(sandbox.snapshot("main").0.commit, Some(sandbox.id("main", "HEAD")));
    sandbox.write("main/sub/l", "dirty\n");
    assert!(sandbox.changed("main").is_empty());
    sandbox.commit("main/sub", "moved");
    assert_same(&sandbox, "main");
    let (_, files) = sandbox.snapshot_of("main", &["sub"]);
    assert_eq!(files["sub"].1, sandbox.id("main/sub", "HEAD").to_string());
}

#[test]
fn a_sparse_checkout_deletes_nothing() {
    for sparse_index in ["--no-sparse-index", "--sparse-index"] {
        let sandbox = Sandbox::with_repository();
        sandbox.git("main", &["sparse-checkout", "set", "--cone", sparse_index, "other"]);
        assert!(!sandbox.path("main/dir/c").exists());
        assert!(sandbox.changed("main").is_empty());
        let head = sandbox.id("main", "HEAD");
        assert_eq!(sandbox.snapshot("main").0.commit, Some(head));
        assert_eq!(sandbox.snapshot_of("main", &["dir/c"]).0, Some(head));
        sandbox.write("main/a", "changed\n");
        assert_eq!(sandbox.changed("main").into_keys().collect::<Vec<_>>(), ["a"]);
        fs::remove_file(sandbox.path("main/b")).expect("removed");
        let (_, files) = sandbox.snapshot_of("main", &["dir/c", "b"]);
        assert!(files.contains_key("dir/c") && !files.contains_key("b"));
    }
}

#[test]
fn split_and_newer_indexes_are_read() {
    let sandbox = Sandbox::with_repository();
    for arguments in [&["update-index", "--split-index"][..], &["update-index", "--index-version", "4"]] {
        sandbox.git("main", arguments);
        sandbox.write("main/a", "changed\n");
        assert_eq!(sandbox.changed("main").into_keys().collect::<Vec<_>>(), ["a"]);
        assert_same(&sandbox, "main");
    }
}

#[test]
fn hidden_and_ignored_files_are_nobodys_work() {
    let sandbox = Sandbox::with_repository();
    sandbox.write("main/.gitignore", "*.log\n");
    sandbox.commit("main", "ignore");
    let head = sandbox.id("main", "HEAD");
    sandbox.git("main", &["update-index", "--assume-unchanged", "a"]);
    sandbox.git("main", &["update-index", "--skip-worktree", "b"]);
    sandbox.write("main/a", "hidden\n");
    sandbox.write("main/b", "hidden\n");
    sandbox.write("main/x.log", "log\n");
    assert!(sandbox.changed("main").is_empty());
    assert_eq!(sandbox.snapshot("main").0.commit, Some(head));
    assert_eq!(sandbox.snapshot_of("main", &["x.log"]).0, Some(head));
}

#[test]
fn git_lfs_files_count_with_their_pointers() {
    let sandbox = Sandbox::with_repository();
    let pointer = "version https://git-lfs.github.com/spec/v1\n\
        oid sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad\nsize 3\n";
    sandbox.write("main/.gitattributes", "*.psd filter=lfs -text\n");
    sandbox.write("main/x.psd", pointer);
    sandbox.commit("main", "as if git-lfs had stored it");
    let head = sandbox.id("main", "HEAD");
    sandbox.git("main", &["config", "filter.lfs.clean", "git-lfs clean -- %f"]);
    sandbox.git("main", &["config", "filter.lfs.required", "true"]);
    sandbox.write("main/x.psd", "abc");
    let (snapshot, _) = sandbox.snapshot("main");
    assert_eq!(snapshot.commit, Some(head));
    assert_eq!(snapshot.same.len(), 1);
    assert_eq!(sandbox.snapshot_of("main", &["x.psd"]).0, Some(head));
    sandbox.write("main/x.psd", "other");
    let (snapshot, files) = sandbox.snapshot("main");
    assert!(files["x.psd"].1.contains("size 5"), "{files:?}");
    assert!(snapshot.unsure.is_empty());
}

#[test]
fn modes_and_links_follow_what_the_file_system_can_say() {
    let sandbox = Sandbox::with_repository();
    symlink("nowhere", sandbox.path("main/link")).expect("made");
    let head = sandbox.commit("main", "a link");
    sandbox.git("main", &["config", "core.fileMode", "false"]);
    sandbox.git("main", &["config", "core.symlinks", "false"]);
    fs::set_permissions(sandbox.path("main/a"), fs::Permissions::from_mode(0o755)).expect("set");
    fs::remove_file(sandbox.path("main/link")).expect("removed");
    sandbox.write("main/link", "nowhere");
    assert_eq!(sandbox.snapshot("main").0.commit, Some(head));
    assert_eq!(sandbox.snapshot_of("main", &["a", "link"]).0, Some(head));
    sandbox.write("main/a", "changed\n");
    assert_same(&sandbox, "main");
}
