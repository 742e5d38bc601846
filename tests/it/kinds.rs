//! Every kind of conflict blocks with its name, and what git merges cleanly never does.
//! Must not know: which engine finds it.

use std::fs;
use std::path::Path;

use crate::world::{FILE, Place, World, executable, kind, lines, overlap};

/// What a side does in its worktree.
type Act = fn(&Place<'_>);

/// `auth` commits what `first` does; `search` tries what `second` does. Gives the kind that the scan names, and
/// whether the commit was blocked.
fn meet(prepare: Act, first: Act, second: Act, path: &str) -> (String, bool) {
    let world = World::new();
    let main = world.main();
    prepare(&main);
    main.git(&["add", "-A"]).ok();
    main.git(&["commit", "-q", "--allow-empty", "-m", "Prepare"]).ok();
    main.coord(&["install"]).ok();
    let (auth, search) = (world.worktree("auth"), world.worktree("search"));
    first(&auth);
    auth.git(&["add", "-A", "--ignore-errors", "."]).ok();
    auth.git(&["commit", "-q", "-m", "First"]).silent();
    second(&search);
    search.git(&["add", "-A", "--ignore-errors", "."]).ok();
    let scan = search.json(&["scan"]);
    let run = search.git(&["commit", "-q", "-m", "Second"]);
    let found = kind(&scan, "auth", "search", path);
    if run.code == 0 {
        assert!(found.is_empty(), "the scan says {found:?}, and the hook lets it through:\n{}", run.stderr);
        assert!(run.stderr.is_empty(), "{}", run.stderr);
        return (found, false);
    }
    let run = run.blocked();
    // That both changed the content is shown by both sides' lines, not by the word.
    let named = if found == "content" {
        run.stderr.contains("yours") && run.stderr.contains("theirs")
    } else {
        !found.is_empty() && run.stderr.contains(&found)
    };
    if !named {
        run.fail(&format!("does not name the kind {found:?}; the scan says {scan:#}"));
    }
    (found, true)
}

fn nothing(_: &Place<'_>) {}

/// Asserts that the two acts conflict on `path` with one of `kinds`.
fn conflict(prepare: Act, first: Act, second: Act, path: &str, kinds: &[&str]) {
    for (one, other) in [(first, second), (second, first)] {
        let (found, blocked) = meet(prepare, one, other, path);
        assert!(blocked && kinds.contains(&found.as_str()), "kind {found:?}, blocked {blocked}; expected {kinds:?}");
    }
}

/// Asserts that the two acts merge cleanly.
fn clean(prepare: Act, first: Act, second: Act) {
    for (one, other) in [(first, second), (second, first)] {
        let (found, blocked) = meet(prepare, one, other, FILE);
        assert!(!blocked, "blocked, kind {found:?}");
    }
}

/// A submodule's entry without a submodule: all that git's merge looks at.
fn gitlink(place: &Place<'_>, digit: &str) {
    let entry = format!("160000,{},sub", digit.repeat(40));
    place.git(&["update-index", "--add", "--cacheinfo", &entry]).ok();
    fs::create_dir_all(place.dir.join("sub")).expect("the worktree is writable");
}

fn link(place: &Place<'_>, path: &str, to: &str) {
    let file = place.dir.join(path);
    if file.symlink_metadata().is_ok() {
        fs::remove_file(&file).expect("own file");
    }
    std::os::unix::fs::symlink(to, file).expect("a fresh name");
}

fn remove(place: &Place<'_>, path: &str) {
    place.git(&["rm", "-q", "-r", path]).ok();
}

#[test]
fn content() {
    conflict(nothing, |p| p.edit(FILE, 10, "a"), |p| p.edit(FILE, 10, "b"), FILE, &["content"]);
}

#[test]
fn content_of_neighbouring_lines() {
    conflict(nothing, |p| p.edit(FILE, 10, "a"), |p| p.edit(FILE, 11, "b"), FILE, &["content"]);
    clean(nothing, |p| p.edit(FILE, 10, "a"), |p| p.edit(FILE, 12, "b"));
}

#[test]
fn modify_delete() {
    conflict(nothing, |p| remove(p, FILE), |p| p.edit(FILE, 10, "b"), FILE, &["modify/delete"]);
}

#[test]
fn both_delete_is_no_conflict() {
    clean(nothing, |p| remove(p, FILE), |p| remove(p, FILE));
}

#[test]
fn add_add() {
    conflict(nothing, |p| p.write("new", "a\n"), |p| p.write("new", "b\n"), "new", &["add/add"]);
    clean(nothing, |p| p.write("new", "same\n"), |p| p.write("new", "same\n"));
}

#[test]
fn rename_and_edit_merge() {
    clean(nothing, |p| drop(p.git(&["mv", FILE, "src/renamed.rs"]).ok()), |p| p.edit(FILE, 10, "b"));
}

#[test]
fn rename_and_edit_of_the_same_line() {
    let renamed: Act = |p| {
        p.git(&["mv", FILE, "src/renamed.rs"]).ok();
        p.edit("src/renamed.rs", 10, "a");
    };
    let world = World::installed();
    let (auth, search) = (world.worktree("auth"), world.worktree("search"));
    renamed(&auth);
    auth.commit("Rename").silent();
    search.commit_edit(10, "b").blocked().says("auth");
    let scan = search.json(&["scan"]);
    assert_eq!(scan["summary"]["conflicting"], 1, "{scan:#}");
}

#[test]
fn rename_rename() {
    let world = World::installed();
    let (auth, search) = (world.worktree("auth"), world.worktree("search"));
    auth.git(&["mv", FILE, "src/one.rs"]).ok();
    auth.commit("One").silent();
    search.git(&["mv", FILE, "src/two.rs"]).ok();
    search.commit("Two").blocked().says("rename/rename");
}

#[test]
fn rename_delete() {
    let world = World::installed();
    let (auth, search) = (world.worktree("auth"), world.worktree("search"));
    auth.git(&["mv", FILE, "src/one.rs"]).ok();
    auth.commit("One").silent();
    remove(&search, FILE);
    let run = search.git(&["commit", "-q", "-m", "Delete"]).blocked();
    assert!(run.stderr.contains("rename/delete") || run.stderr.contains("modify/delete"), "{}", run.stderr);
}

#[test]
fn file_directory() {
    let world = World::installed();
    let (auth, search) = (world.worktree("auth"), world.worktree("search"));
    auth.write("thing", "a file\n");
    auth.commit("File").silent();
    search.write("thing/inside", "in a folder\n");
    search.commit("Folder").blocked().says("file/directory");
    let docs = world.worktree("docs");
    auth.write("other/inside", "in a folder\n");
    auth.commit("Folder").silent();
    docs.write("other", "a file\n");
    docs.commit("File").blocked().says("file/directory");
}

#[test]
fn binary() {
    conflict(
        |p| p.write("blob", b"\0\x01\x02"),
        |p| p.write("blob", b"\0a"),
        |p| p.write("blob", b"\0b"),
        "blob",
        &["binary"],
    );
}

#[test]
fn a_text_that_is_declared_binary() {
    conflict(
        |p| p.write(".gitattributes", "src/api.rs -merge\n"),
        |p| p.edit(FILE, 2, "a"),
        |p| p.edit(FILE, 30, "b"),
        FILE,
        &["binary", "content"],
    );
}

#[test]
fn symlink() {
    conflict(|p| link(p, "ln", "x"), |p| link(p, "ln", "/etc/passwd"), |p| link(p, "ln", "b"), "ln", &["symlink"]);
}

#[test]
fn a_link_that_leads_outside_is_not_followed() {
    let world = World::installed();
    fs::write(world.path("secret"), "the secret\n").expect("own folder");
    let (auth, search) = (world.worktree("auth"), world.worktree("search"));
    link(&auth, "ln", "../secret");
    auth.commit("Link").silent();
    link(&search, "ln", "../other");
    search.commit("Link too").blocked().says_not("the secret");
    assert!(Path::new(&world.path("secret")).exists());
}

#[test]
fn a_file_that_became_a_link() {
    conflict(
        nothing,
        |p| link(p, FILE, "elsewhere"),
        |p| p.edit(FILE, 10, "b"),
        FILE,
        &["mode", "symlink", "file/directory", "add/add", "content", "modify/delete"],
    );
}

#[test]
fn mode() {
    let run: Act = |p| {
        p.write("tool", "same\n");
        executable(&p.dir.join("tool"));
    };
    conflict(nothing, run, |p| p.write("tool", "same\n"), "tool", &["mode", "add/add"]);
}

#[test]
fn mode_against_content_is_no_conflict() {
    clean(nothing, |p| executable(&p.dir.join(FILE)), |p| p.edit(FILE, 10, "b"));
}

#[test]
fn submodule() {
    conflict(|p| gitlink(p, "1"), |p| gitlink(p, "2"), |p| gitlink(p, "3"), "sub", &["submodule"]);
}

#[test]
fn directory_rename() {
    let world = World::new();
    let main = world.main();
    for name in ["a", "b", "c"] {
        main.write(format!("old/{name}"), lines(10) + name);
    }
    main.commit("Old").ok();
    main.coord(&["install"]).ok();
    let (auth, search) = (world.worktree("auth"), world.worktree("search"));
    auth.git(&["mv", "old", "new"]).ok();
    auth.commit("Move the folder").silent();
    search.write("old/d", "into the old folder\n");
    search.commit("Add").blocked().says("directory rename");
}

#[test]
fn union_never_conflicts() {
    clean(
        |p| p.write(".gitattributes", "src/api.rs merge=union\n"),
        |p| p.edit(FILE, 10, "a"),
        |p| p.edit(FILE, 10, "b"),
    );
}

#[test]
fn a_path_with_a_merge_driver_never_blocks() {
    let world = World::new();
    let main = world.main();
    main.write(".gitattributes", "src/api.rs merge=mine\n");
    main.commit("Driver").ok();
    let marker = world.path("ran");
    main.git(&["config", "merge.mine.driver", &format!("touch '{}'; true", marker.display())]).ok();
    main.coord(&["install"]).ok();
    let (auth, search) = (world.worktree("auth"), world.worktree("search"));
    auth.commit_edit(10, "a").ok();
    search.commit_edit(10, "b").ok().says_not("COORD_SKIP=1");
    let scan = search.json(&["scan"]);
    assert_eq!(kind(&scan, "auth", "search", FILE), "content", "{scan:#}");
    assert!(!marker.exists(), "the driver was run");
}

#[test]
fn the_attributes_are_those_of_the_target() {
    let world = World::installed();
    let (auth, search) = (world.worktree("auth"), world.worktree("search"));
    auth.commit_edit(10, "a").silent();
    // Loosening one's own check on one's own branch is of no use.
    search.write(".gitattributes", "* merge=union\n");
    search.commit_edit(10, "b").blocked();
}

#[test]
fn windows_line_ends_are_no_conflict_where_git_sees_none() {
    clean(
        |p| p.write(".gitattributes", "*.rs text eol=crlf\n"),
        |p| p.edit(FILE, 2, "a"),
        |p| p.write(FILE, lines(40).replace("line 30\n", "b\n").replace('\n', "\r\n")),
    );
}

#[test]
fn conflict_markers_in_a_file_are_text() {
    clean(
        |p| p.write("doc", "<<<<<<< a\nx\n=======\ny\n>>>>>>> b\n".to_owned() + &lines(20)),
        |p| p.edit("doc", 15, "a"),
        |p| p.edit("doc", 20, "b"),
    );
}

#[test]
fn directory_file() {
    let world = World::installed();
    let (auth, search) = (world.worktree("auth"), world.worktree("search"));
    auth.write("thing/deep/inside", "in a folder\n");
    auth.commit("Folder").silent();
    search.write("thing", "a file\n");
    search.commit("File").blocked().says("file/directory");
}

#[test]
fn a_file_that_the_target_moved_meanwhile_is_still_the_same_file() {
    let world = World::installed();
    let main = world.main();
    let (auth, quiet) = (world.worktree("auth"), world.worktree("quiet"));
    auth.commit_edit(10, "auth's").ok();
    quiet.edit("src/user.rs", 3, "elsewhere");
    quiet.commit("elsewhere").ok();
    main.git(&["mv", FILE, "src/moved.rs"]).ok();
    main.edit("src/moved.rs", 30, "main's");
    main.commit("move it").ok();
    for n in 0..3 {
        main.write("notes", format!("{n}\n"));
        main.commit("go on").ok();
    }
    let late = world.worktree_at("late", "main");
    late.edit("src/moved.rs", 10, "late's");
    late.git(&["add", "-A"]).ok();
    late.git(&["commit", "-qm", "late"]).blocked().says("auth").says_not("quiet");
    late.edit("src/moved.rs", 10, "");
    late.git(&["checkout", "-q", "HEAD", "--", "."]).ok();
    late.edit("src/moved.rs", 20, "late's");
    late.git(&["commit", "-qam", "late"]).ok().says_not("auth");
}

#[test]
fn what_everybody_goes_on_from_is_nobodys_own_while_the_target_lacks_it() {
    let world = World::installed();
    let main = world.main();
    main.git(&["switch", "-q", "-c", "develop"]).ok();
    main.edit(FILE, 5, "develop's");
    main.write("added", lines(9));
    main.commit("develop").ok();
    main.git(&["switch", "-q", "main"]).ok();
    let (auth, search) = (world.worktree_at("auth", "develop"), world.worktree_at("search", "develop"));
    // The line that all have from develop is changed by one of them alone.
    auth.edit(FILE, 5, "auth's");
    auth.commit_edit(10, "auth's").silent();
    // Its first commit already: that auth goes on from the same place does not make that search's.
    search.commit_edit(10, "search's").blocked().says("auth").says(FILE);
    search.git(&["checkout", "-q", "HEAD", "--", "."]).ok();
    search.edit("added", 3, "search's");
    search.commit_edit(30, "search's").silent();
    search.commit_edit(10, "search's").blocked().says("auth").says(FILE);
    search.git(&["checkout", "-q", "HEAD", "--", "."]).ok();
    let scan = main.json(&["scan", "--fail-on", "never"]);
    let met = overlap(&scan, "auth", "search").expect("both changed one file");
    let paths: Vec<_> = met["paths"].as_array().expect("a list").iter().map(|at| at["path"].clone()).collect();
    assert_eq!((paths, &met["grade"]), (vec![FILE.into()], &"disjoint".into()));
}
