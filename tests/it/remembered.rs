//! What one scan leaves for the next: the same answer sooner, and never another one.
//! Must not know: how it is kept.

use std::fs;

use serde_json::Value;

use crate::world::{FILE, Place, World};

/// So many branches that answers are kept: each edits a line of its own or its neighbour's of [`FILE`].
fn many() -> World {
    let world = World::new();
    let main = world.main();
    for n in 0..34 {
        main.git(&["switch", "-q", "-c", &format!("b{n:02}"), "main"]).ok();
        main.edit(FILE, 2 + n / 2, &format!("branch {n}"));
        if n % 7 == 0 {
            main.write(format!("only/{n}"), "new\n");
        }
        main.commit("work").ok();
    }
    main.git(&["switch", "-q", "main"]).ok();
    world
}

fn scan(main: &Place<'_>) -> Value {
    let mut found = main.json(&["scan", "--branches", "b*", "--fail-on", "never"]);
    for instance in found["instances"].as_array_mut().expect("a list") {
        instance.as_object_mut().expect("an object").remove("touched");
    }
    found
}

fn forget(world: &World) {
    fs::remove_dir_all(world.store().join("cache")).expect("something is kept");
}

/// What a scan says that knows nothing.
fn afresh(world: &World) -> Value {
    forget(world);
    scan(&world.main())
}

fn conflicts(found: &Value) -> u64 {
    found["summary"]["conflicting"].as_u64().expect("a number")
}

#[test]
fn the_second_answer_is_the_first_ones() {
    let world = many();
    let main = world.main();
    let first = scan(&main);
    assert!(conflicts(&first) > 16, "{}", first["summary"]);
    assert_eq!(scan(&main), first);
    let kept: Vec<_> = fs::read_dir(world.store().join("cache/v2")).expect("something is kept").collect();
    assert_eq!(kept.len(), 1);
    // One moves, one is new, one is gone, one takes a file that another left alone so far.
    main.git(&["branch", "-q", "-f", "b04", "b05"]).ok();
    main.git(&["branch", "-q", "b90", "b07"]).ok();
    main.git(&["branch", "-q", "-D", "b10"]).ok();
    main.git(&["switch", "-q", "b08"]).ok();
    main.write("only/14", "mine\n");
    main.commit("more").ok();
    main.git(&["switch", "-q", "main"]).ok();
    let moved = scan(&main);
    assert_ne!(moved, first);
    assert_eq!(moved, afresh(&world));
    // The target moves.
    main.commit_edit(9, "the target").ok();
    let on_another = scan(&main);
    assert_ne!(on_another, moved);
    assert_eq!(on_another, afresh(&world));
}

#[test]
fn attributes_and_settings_count_anew() {
    let world = many();
    let main = world.main();
    let first = scan(&main);
    let attributes = world.common().join("info/attributes");
    fs::create_dir_all(attributes.parent().expect("a folder")).expect("the repository is writable");
    fs::write(&attributes, format!("{FILE} merge=union\n")).expect("the repository is writable");
    let union = scan(&main);
    assert_eq!(conflicts(&union), 0, "{}", union["summary"]);
    fs::remove_file(&attributes).expect("it is there");
    assert_eq!(scan(&main), first);
    fs::write(main.dir.join("coord.toml"), format!("[paths]\nignore = [\"{FILE}\"]\n")).expect("writable");
    main.git(&["add", "coord.toml"]).ok();
    main.commit("policy").ok();
    assert_eq!(scan(&main), afresh(&world));
}

/// Git is asked for attributes where any are given on the way to a path, or outside, and only there.
#[test]
fn attributes_are_asked_for_where_there_are_any() {
    let world = many();
    let (main, global, notes) = (world.main(), world.path("home/.gitconfig"), world.path("calls"));
    fs::write(&global, format!("[trace2]\n\tnormalTarget = {}\n", notes.display())).expect("writable");
    let noting = main.with("GIT_CONFIG_GLOBAL", &global);
    let cold = || {
        drop(fs::remove_dir_all(world.store().join("cache")));
        drop(fs::remove_file(&notes));
        let found = conflicts(&scan(&noting));
        let calls = fs::read_to_string(&notes).expect("git was asked for other things");
        (calls.matches("cmd_name check-attr").count(), found)
    };
    let (asked, without) = cold();
    assert_eq!(asked, 0);
    assert!(without > 16, "{without}");
    let beside = format!("{FILE}/../.gitattributes").replace("api.rs/../", "");
    for (place, says) in [(".gitattributes", FILE), (&beside, "api.rs")] {
        main.write(place, format!("{says} merge=union\n"));
        main.git(&["add", "-A"]).ok();
        main.commit("attributes").ok();
        assert_eq!(cold(), (1, 0), "{place}");
        main.git(&["rm", "-q", place]).ok();
        main.commit("no attributes").ok();
        assert_eq!(cold(), (0, without), "{place}");
    }
    main.write("elsewhere/.gitattributes", "* merge=union\n");
    main.commit("attributes of others").ok();
    assert_eq!(cold(), (0, without));
    let outside = world.common().join("info/attributes");
    fs::create_dir_all(outside.parent().expect("a folder")).expect("the repository is writable");
    fs::write(&outside, format!("{FILE} merge=union\n")).expect("the repository is writable");
    assert_eq!(cold(), (1, 0));
    fs::remove_file(&outside).expect("it is there");
    main.git(&["config", "merge.default", "union"]).ok();
    assert_eq!(cold(), (0, 0), "the default for paths of which nobody says anything");
}

#[test]
fn what_was_spoiled_is_not_believed() {
    let world = many();
    let main = world.main();
    let first = scan(&main);
    let kept = fs::read_dir(world.store().join("cache/v2")).expect("something is kept").next();
    let path = kept.expect("a file").expect("readable").path();
    let whole = fs::read(&path).expect("readable");
    for at in [0, 1, 30, whole.len() / 3, whole.len() / 2, whole.len() - 9, whole.len() - 1] {
        let mut bad = whole.clone();
        bad[at] ^= 0x10;
        fs::write(&path, &bad).expect("writable");
        assert_eq!(scan(&main), first, "byte {at}");
        fs::write(&path, &whole[..at]).expect("writable");
        assert_eq!(scan(&main), first, "cut to {at}");
    }
}

#[test]
fn who_was_not_looked_at_is_judged_against_those_who_moved_meanwhile() {
    let world = many();
    let main = world.main();
    scan(&main);
    let without = |names: &[&str]| {
        let mut args = vec!["scan", "--branches", "b*", "--fail-on", "never", "--json", "--exclude"];
        args.extend(names);
        main.coord(&args).ok();
    };
    // One moves, and then another while the first one's neighbour is not looked at.
    main.git(&["switch", "-q", "b04"]).ok();
    main.edit(FILE, 4, "moved on");
    main.commit("moved on").ok();
    main.git(&["switch", "-q", "main"]).ok();
    scan(&main);
    main.git(&["branch", "-q", "-f", "b20", "b22"]).ok();
    without(&["b05"]);
    let found = scan(&main);
    assert_eq!(scan(&main), found);
    let kept = world.path("kept");
    fs::rename(world.store().join("cache"), &kept).expect("ours");
    assert_eq!(found, scan(&main), "with nothing known");
    fs::remove_dir_all(world.store().join("cache")).expect("ours");
    fs::rename(&kept, world.store().join("cache")).expect("ours");
    // More were not looked at than moved.
    main.git(&["branch", "-q", "-f", "b21", "b24"]).ok();
    without(&["b05", "b07", "b22"]);
    assert_eq!(scan(&main), afresh(&world));
}

/// What a scan tells people of pairs: without ages, which go by.
fn told(main: &Place<'_>) -> Vec<String> {
    let told = main.coord(&["scan", "--branches", "b*", "--fail-on", "never"]).ok().stdout;
    let is_of_pairs = |line: &&str| line.contains('\u{2717}') || line.contains("conflict") || line.contains("cleanly");
    told.lines().filter(is_of_pairs).map(str::to_owned).collect()
}

#[test]
fn what_is_read_late_may_be_spoiled_too() {
    let world = World::new();
    let main = world.main();
    let text = |mine: &str, at: usize| {
        (0..80).map(|line| if line == at { format!("{mine}\n") } else { format!("{line}\n") }).collect::<String>()
    };
    for file in 0..90 {
        main.write(format!("many/{file}"), text("", 100));
    }
    main.commit("files").ok();
    for n in 0..34 {
        main.git(&["switch", "-q", "-c", &format!("b{n:02}"), "main"]).ok();
        for file in 0..90 {
            main.write(format!("many/{file}"), text(&format!("branch {n}"), if file == n { 40 } else { 2 * n + 1 }));
        }
        main.commit("work").ok();
    }
    main.git(&["switch", "-q", "main"]).ok();
    let first = told(&main);
    let kept = fs::read_dir(world.store().join("cache/v2")).expect("something is kept").next();
    let path = kept.expect("a file").expect("readable").path();
    let whole = fs::read(&path).expect("readable");
    assert!(whole.len() > 600_000, "so little is read at once: {}", whole.len());
    main.git(&["switch", "-q", "b20"]).ok();
    main.write("many/3", text("moved", 40));
    main.commit("moved").ok();
    main.git(&["switch", "-q", "main"]).ok();
    forget(&world);
    let expected = told(&main);
    assert_ne!(expected, first);
    for at in (1..8).map(|part| whole.len() / 8 * part) {
        let mut bad = whole.clone();
        bad[at..at + 20].fill(0x7f);
        forget(&world);
        fs::create_dir_all(path.parent().expect("a folder")).expect("writable");
        fs::write(&path, &bad).expect("writable");
        assert_eq!(told(&main), expected, "byte {at}");
    }
    let found = scan(&main);
    assert_eq!(found, afresh(&world));
}

/// What was kept under any name, to be looked at after each step.
fn kept_files(world: &World) -> usize {
    fs::read_dir(world.store().join("cache/v2")).expect("something is kept").count()
}

#[test]
fn move_after_move_is_remembered_beside_the_rest() {
    let world = many();
    let main = world.main();
    scan(&main);
    let steps: &[&[&[&str]]] = &[
        &[&["branch", "-q", "-f", "b00", "b01"]],
        // A file that others have is renamed, one is deleted, a directory is left.
        &[&["switch", "-q", "b02"], &["mv", FILE, "moved.txt"], &["commit", "-qm", "renamed"]],
        &[&["switch", "-q", "b03"], &["rm", "-q", FILE], &["commit", "-qm", "deleted"]],
        &[&["switch", "-q", "b07"], &["mv", "only", "other"], &["commit", "-qm", "elsewhere"]],
        &[&["branch", "-q", "-f", "b11", "b12"], &["branch", "-q", "-f", "b13", "b14"]],
        &[&["branch", "-q", "-m", "b20", "b99"], &["branch", "-q", "-m", "b30", "b005"]],
    ];
    for (n, step) in steps.iter().enumerate() {
        for command in *step {
            main.git(command).ok();
        }
        main.git(&["switch", "-q", "main"]).ok();
        // Those that merge cleanly are counted here without being read.
        let counted = main.json(&["scan", "--branches", "b*", "--fail-on", "never", "--min-grade", "conflict"]);
        let found = scan(&main);
        let all = found["overlaps"].as_array().expect("a list").len();
        assert_eq!(counted["summary"]["overlapping"], all, "step {n}");
        assert_eq!(scan(&main), found, "step {n}");
        assert!(kept_files(&world) <= 2, "step {n}");
        let copy = world.path(format!("kept-{n}"));
        fs::rename(world.store().join("cache"), &copy).expect("ours");
        assert_eq!(found, scan(&main), "step {n}, with nothing known");
        fs::remove_dir_all(world.store().join("cache")).expect("ours");
        fs::rename(&copy, world.store().join("cache")).expect("ours");
    }
}

#[test]
fn what_belongs_to_another_first_answer_is_not_believed() {
    let world = many();
    let main = world.main();
    scan(&main);
    main.git(&["branch", "-q", "-f", "b04", "b05"]).ok();
    scan(&main);
    let cache = world.store().join("cache/v2");
    let files = || -> Vec<_> { fs::read_dir(&cache).expect("there").map(|file| file.expect("there").path()).collect() };
    let smallest = files().into_iter().min_by_key(|file| file.metadata().expect("there").len()).expect("two");
    assert_eq!(files().len(), 2);
    let later = fs::read(&smallest).expect("readable");
    // Another first answer, beside what was found later than the one before.
    main.git(&["branch", "-q", "-D", "b06"]).ok();
    let expected = afresh(&world);
    fs::write(&smallest, &later).expect("writable");
    assert_eq!(scan(&main), expected);
    main.git(&["branch", "-q", "-f", "b08", "b09"]).ok();
    let found = scan(&main);
    assert_eq!(found, afresh(&world));
}

#[test]
fn the_users_own_attributes_count_anew() {
    let world = many();
    let main = world.main();
    let first = scan(&main);
    assert!(conflicts(&first) > 16);
    let file = world.path("home/.config/git/attributes");
    fs::create_dir_all(file.parent().expect("a folder")).expect("writable");
    fs::write(&file, format!("{FILE} merge=union\n")).expect("writable");
    assert_eq!(conflicts(&scan(&main)), 0);
    fs::write(&file, format!("{FILE} -merge\n")).expect("writable");
    let binary = scan(&main);
    assert!(conflicts(&binary) > conflicts(&first), "{}", binary["summary"]);
    main.git(&["config", "core.attributesFile", &world.path("none").display().to_string()]).ok();
    assert_eq!(scan(&main), first);
}

#[test]
fn what_tips_say_is_kept_and_never_another_ones() {
    let world = World::new();
    let main = world.main();
    for n in 0..110 {
        main.git(&["branch", "-q", &format!("t{n:03}")]).ok();
    }
    main.git(&["switch", "-q", "t050"]).ok();
    main.edit(FILE, 3, "Bea's");
    main.git(&["commit", "-qam", "hers", "--author", "Bea <bea@example.org>"]).ok();
    main.git(&["switch", "-q", "main"]).ok();
    let by = |author: &str| -> Vec<String> {
        let found = main.json(&["scan", "--branches", "t*", "--author", author, "--fail-on", "never"]);
        let ids = found["instances"].as_array().expect("a list").iter().map(|one| one["id"].as_str().expect("a name"));
        ids.filter(|id| id.starts_with('t')).map(str::to_owned).collect()
    };
    assert_eq!(by("bea"), ["t050"]);
    assert_eq!(kept_files(&world), 1);
    assert_eq!(by("bea"), ["t050"]);
    main.git(&["branch", "-q", "-f", "t007", "t050"]).ok();
    assert_eq!(by("bea"), ["t007", "t050"]);
    // Where a commit is replaced by another, that one speaks.
    let (old, new) = (main.id("t050"), main.id("main"));
    main.git(&["replace", &old, &new]).ok();
    assert_eq!(by("bea"), [""; 0]);
    main.git(&["replace", "-d", &old]).ok();
    assert_eq!(by("bea"), ["t007", "t050"]);
    for file in fs::read_dir(world.store().join("cache/v2")).expect("there") {
        fs::write(file.expect("there").path(), b"not what was written").expect("writable");
    }
    assert_eq!(by("bea"), ["t007", "t050"]);
}
