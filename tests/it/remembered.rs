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
