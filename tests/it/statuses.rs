//! What git said of a worktree is not asked again, as long as it would say the same.
//! Must not know: how it is kept.

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::PathBuf;

use serde_json::Value;

use crate::later::Later;
use crate::world::{FILE, Place, World, fake_clock, files_below, instance, skip};

/// How git was asked what is not committed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Asked {
    Not,
    OfSome,
    OfAll,
}
use Asked::{Not, OfAll, OfSome};

/// The working set of `main` as a scan tells it.
fn told(place: &Place<'_>) -> Value {
    let scan = place.json(&["scan"]);
    let main = instance(&scan, "main");
    ["paths", "added_lines", "deleted_lines", "unknown"].map(|field| main[field].clone()).into_iter().collect()
}

/// What a scan tells that knows nothing from before.
fn told_anew(world: &World, place: &Place<'_>) -> Value {
    let (kept, aside) = (world.store().join("cache/statuses"), world.path("aside"));
    let was_there = fs::rename(&kept, &aside).is_ok();
    let told = told(place);
    drop(fs::remove_dir_all(&kept));
    if was_there {
        fs::rename(&aside, &kept).expect("ours");
    }
    told
}

impl Later<'_> {
    /// Scans, and says how git was asked for that; the answer is that of a scan that knows nothing from before.
    fn scan(&self, world: &World, why: &str) -> Asked {
        let mut told = Value::Null;
        let calls = self.noted(|| told = self::told(&self.place));
        assert_eq!(told, told_anew(world, &self.place), "{why}");
        let calls: Vec<&str> =
            calls.lines().filter(|line| line.contains(" start ") && line.contains(" status --porc")).collect();
        match calls[..] {
            [] => Not,
            [one] if one.contains(" -- ") => OfSome,
            _ => OfAll,
        }
    }

    /// The next scans ask so, and then no more.
    fn goes(&self, world: &World, expected: &[Asked], why: &str) {
        let asked: Vec<Asked> = expected.iter().map(|_| self.scan(world, why)).collect();
        assert_eq!((&asked[..], self.scan(world, why)), (expected, Not), "{why}");
    }
}

fn ignoring_world() -> World {
    let world = World::new();
    let main = world.main();
    main.write(".gitignore", "*.log\n/target/\n");
    main.write("lib/deep/one.rs", "one\n");
    main.commit("More").ok();
    main.write("target/debug/x", "built\n");
    main.write("lib/noise.log", "ignored\n");
    main.write("lib/new.rs", "new\n");
    world
}

#[test]
fn what_changed_is_asked_about_and_nothing_else() {
    let world = ignoring_world();
    let main = world.main();
    let Some(later) = Later::at(&world, &main) else { return skip("there is no libfaketime") };
    later.goes(&world, &[OfAll, OfAll], "the second time it is worth keeping");
    main.edit(FILE, 10, "other");
    later.goes(&world, &[OfSome], "a file");
    main.write("lib/newer.rs", "newer\n");
    later.goes(&world, &[OfSome], "a new one");
    main.write("lib/new.rs", "other text\n");
    assert_eq!(later.scan(&world, "what is in it is read anyway"), Not);
    fs::remove_file(main.dir.join("lib/new.rs")).expect("ours");
    later.goes(&world, &[OfSome], "it is gone");
    main.write("fresh/folder/file.rs", "text\n");
    later.goes(&world, &[OfSome], "a new folder");
    main.write("fresh/folder/other.rs", "text\n");
    later.goes(&world, &[OfSome], "another file in it");
    fs::remove_dir_all(main.dir.join("fresh")).expect("ours");
    later.goes(&world, &[OfSome], "the folder is gone");
    main.write("target/debug/y", "built\n");
    main.write("target/z", "built\n");
    assert_eq!(later.scan(&world, "git does not look there"), Not);
    main.write("lib/more.log", "ignored\n");
    later.goes(&world, &[OfSome], "nobody knows yet that it is ignored");
    fs::write(main.dir.join("src/user.rs"), main.read("src/user.rs")).expect("writable");
    later.goes(&world, &[OfSome], "the same once more");
    fs::set_permissions(main.dir.join("src/user.rs"), fs::Permissions::from_mode(0o755)).expect("ours");
    later.goes(&world, &[OfSome], "another mode");
    fs::remove_dir_all(main.dir.join("lib/deep")).expect("ours");
    symlink("../src", main.dir.join("lib/deep")).expect("writable");
    later.goes(&world, &[OfSome], "a link where a folder was");
    fs::remove_file(main.dir.join("README.md")).expect("ours");
    main.write("README.md/file", "text\n");
    later.goes(&world, &[OfSome], "a folder where a file was");
    for name in 0..300 {
        main.write(format!("many/{name}"), "text\n");
        main.write(format!("lib/{name}"), "text\n");
    }
    later.goes(&world, &[OfAll], "too many to ask about one by one");
}

#[test]
fn whatever_else_the_answer_depends_on_is_looked_at() {
    let world = ignoring_world();
    let main = world.main();
    main.edit(FILE, 10, "not committed");
    let Some(later) = Later::at(&world, &main) else { return skip("there is no libfaketime") };
    let twice = [OfAll, OfAll];
    later.goes(&world, &twice, "nothing is known");
    main.git(&["add", FILE]).ok();
    later.goes(&world, &twice, "the index");
    main.git(&["commit", "-q", "-m", "It"]).ok();
    later.goes(&world, &twice, "a commit");
    main.git(&["update-ref", "HEAD", "HEAD~1"]).ok();
    later.goes(&world, &twice, "HEAD alone");
    main.write(".gitignore", "*.log\n");
    later.goes(&world, &[OfAll], "what is ignored");
    main.write("lib/.gitignore", "new.rs\n");
    later.goes(&world, &[OfAll], "a file that ignores");
    main.write("lib/.gitignore", "nothing\n");
    later.goes(&world, &[OfAll], "the same with another text");
    main.write(".git/info/exclude", main.read(".git/info/exclude") + "new.rs\n");
    later.goes(&world, &[OfAll], "what this clone ignores");
    main.write(".git/info/attributes", "*.rs text=auto\n");
    later.goes(&world, &[OfAll], "how contents are compared");
    let ignoring = world.path("home/.config/git/ignore");
    fs::create_dir_all(ignoring.parent().expect("a folder")).expect("writable");
    fs::write(&ignoring, "newer.rs\n").expect("writable");
    later.goes(&world, &[OfAll], "what the user ignores everywhere");
    let named = world.path("ignored");
    fs::write(&named, "one\n").expect("writable");
    main.git(&["config", "core.excludesFile", named.to_str().expect("plain")]).ok();
    later.goes(&world, &twice, "another configuration");
    fs::write(&named, "new.rs\n").expect("writable");
    later.goes(&world, &[OfAll], "the file that it names");
    let elsewhere = later.with(later.place.with("XDG_CONFIG_HOME", world.path("tmp")));
    elsewhere.goes(&world, &twice, "another environment");
}

#[test]
fn only_git_looks_where_stamps_do_not_tell() {
    let world = ignoring_world();
    let main = world.main();
    let Some(later) = Later::at(&world, &main) else { return skip("there is no libfaketime") };
    later.goes(&world, &[OfAll, OfAll], "nothing is known");
    let asks_always = |why: &str| {
        assert_eq!([0; 4].map(|_| later.scan(&world, why)), [OfAll; 4], "{why}");
    };
    main.git(&["init", "-q", "lib/inner"]).ok();
    asks_always("a repository inside");
    fs::remove_dir_all(main.dir.join("lib/inner")).expect("ours");
    main.git(&["update-index", "--assume-unchanged", FILE]).ok();
    asks_always("a file that git is told not to look at");
    main.git(&["update-index", "--no-assume-unchanged", FILE]).ok();
    later.goes(&world, &[OfAll, OfAll], "all is plain again");
    main.git(&["add", "--intent-to-add", "lib/new.rs"]).ok();
    asks_always("a file that is only announced");
    main.git(&["reset", "-q"]).ok();
    main.git(&["sparse-checkout", "set", "src"]).ok();
    asks_always("files that are not wanted here");
}

#[test]
fn what_was_written_just_now_is_asked_again() {
    let world = ignoring_world();
    let Some(later) = Later::at(&world, &world.main()) else { return skip("there is no libfaketime") };
    let sooner = later.with(fake_clock(&later.place, "-1h").expect("it was there before"));
    assert_eq!([0; 4].map(|_| sooner.scan(&world, "all is younger than now")), [OfAll; 4]);
    assert!(!world.store().join("cache/statuses").exists());
}

#[test]
fn what_others_could_have_written_or_is_not_whole_is_not_believed() {
    let world = ignoring_world();
    let Some(later) = Later::at(&world, &world.main()) else { return skip("there is no libfaketime") };
    later.goes(&world, &[OfAll, OfAll], "nothing is known");
    let files = files_below(&world.store().join("cache/statuses"));
    let [file]: &[PathBuf] = &files[..] else { panic!("not one: {files:?}") };
    fs::set_permissions(file, fs::Permissions::from_mode(0o664)).expect("ours");
    later.goes(&world, &[OfAll, OfAll], "others may write it");
    let whole = fs::read(file).expect("readable");
    for at in [0, 3, whole.len() / 2, whole.len() - 1] {
        let mut other = whole.clone();
        other[at] ^= 1;
        fs::write(file, other).expect("writable");
        later.goes(&world, &[OfAll, OfAll], "one byte is another");
    }
}

#[test]
fn worktrees_are_told_apart_and_those_inside_another_are_not_looked_into() {
    let world = ignoring_world();
    let main = world.main();
    main.git(&["worktree", "add", "-q", "-b", "inner", "wt/inner"]).ok();
    let inner = main.below("wt/inner");
    let Some(later) = Later::at(&world, &main) else { return skip("there is no libfaketime") };
    let asked = || {
        let calls = later.calls(&later.place, &["scan"]);
        calls.lines().filter(|line| line.contains(" start ") && line.contains(" status --porc")).count()
    };
    assert_eq!([asked(), asked(), asked()], [2, 2, 0]);
    inner.edit(FILE, 3, "inside");
    assert_eq!([asked(), asked()], [1, 0], "one of them");
    let scan = later.place.json(&["scan"]);
    assert!(instance(&scan, "inner")["paths"].to_string().contains(FILE), "{scan}");
    assert!(!instance(&scan, "main")["paths"].to_string().contains(FILE), "{scan}");
    fs::remove_file(main.dir.join(".git/worktrees/inner/gitdir")).expect("ours");
    fs::remove_file(main.dir.join("wt/inner/.git")).expect("ours");
    fs::remove_dir_all(main.dir.join(".git/worktrees/inner")).expect("ours");
    assert_eq!(later.scan(&world, "it is a worktree no longer, but its files lie there"), OfAll);
}

/// Numbers that are the same in each run.
struct Dice(u64);

impl Dice {
    fn below(&mut self, sides: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).expect("31 bits") % sides
    }

    fn path(&mut self) -> &'static str {
        const PATHS: &[&str] = &[
            "src/lib.rs",
            "src/user.rs",
            "README.md",
            "lib/new.rs",
            "lib/deep/one.rs",
            "lib/deep/two.rs",
            "lib/a.log",
            "lib",
            "src/deep",
            "src/deep/er/x",
            "target/x",
            "target",
            "top",
            "top.log",
            "lib/deep",
            "lib/kept.log",
            "build/out.log",
            "build/in",
            "src/user.rs/below",
            "lib-more/x",
        ];
        PATHS[self.below(PATHS.len())]
    }
}

/// Does something to the worktree, or nothing where it cannot be done.
fn something(dice: &mut Dice, main: &Place<'_>) -> String {
    let (path, other) = (dice.path(), dice.path());
    let (at, there) = (main.dir.join(path), main.dir.join(other));
    let what = dice.below(15);
    match what {
        0..=3 => {
            drop(at.parent().map(fs::create_dir_all));
            drop(fs::write(&at, format!("{}\n", dice.below(4))));
        }
        4 => drop(fs::remove_file(&at)),
        5 => drop(fs::remove_dir_all(&at)),
        6 => drop(fs::create_dir_all(&at)),
        7 => drop(fs::rename(&at, &there)),
        8 => drop(symlink(path, &there)),
        9 => drop(main.git(&["add", "-A", path])),
        10 => drop(main.git(&["rm", "-rqf", "--cached", "--ignore-unmatch", path])),
        11 => drop(main.git(&["commit", "-q", "-m", "It"])),
        12 => drop(fs::write(at.join(".gitignore"), ["*.log\n", "!kept.log\n", "x\n"][dice.below(3)])),
        13 => drop(fs::set_permissions(&at, fs::Permissions::from_mode(0o755))),
        _ => drop(main.git(&["stash", "-q"])),
    }
    format!("{what} {path} {other}")
}

#[test]
fn whatever_is_done_the_answer_is_gits() {
    let world = ignoring_world();
    let main = world.main();
    let Some(later) = Later::at(&world, &main) else { return skip("there is no libfaketime") };
    let mut dice = Dice(20);
    let mut asked = Vec::new();
    let mut done = Vec::new();
    for _ in 0..60 {
        done.push(something(&mut dice, &main));
        for _ in 0..=dice.below(3) {
            asked.push(later.scan(&world, &done.join("\n")));
        }
    }
    for kind in [Not, OfSome, OfAll] {
        assert!(asked.iter().filter(|asked| **asked == kind).count() > 5, "{kind:?} of {asked:?}");
    }
}
