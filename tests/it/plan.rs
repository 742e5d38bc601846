//! `coord plan`: what lands together, and who must rebase on whom. The plan is carried out with git itself.
//! Must not know: how a plan is found.

use serde_json::Value;

use crate::world::{FILE, Place, World};

fn branch(at: &Place<'_>, name: &str, start: &str, change: impl FnOnce(&Place<'_>)) {
    at.git(&["switch", "-q", "-c", name, start]).ok();
    change(at);
    at.commit(name).ok();
    at.git(&["switch", "-q", "main"]).ok();
}

fn batches(plan: &Value) -> Vec<Vec<String>> {
    let steps = |batch: &Value| -> Vec<String> {
        let steps = batch["steps"].as_array().expect("a list");
        steps.iter().filter_map(|step| step["id"].as_str()).map(str::to_owned).collect()
    };
    plan["batches"].as_array().expect("a list").iter().map(steps).collect()
}

fn step<'v>(plan: &'v Value, id: &str) -> &'v Value {
    let all =
        plan["batches"].as_array().expect("a list").iter().flat_map(|batch| batch["steps"].as_array().expect("a list"));
    all.into_iter().find(|step| step["id"] == id).unwrap_or_else(|| panic!("no step {id} in {plan:#}"))
}

/// Merges a batch one after another on a branch of its own: git must agree that it lands.
fn carry_out(at: &Place<'_>, batch: &[String]) {
    at.git(&["switch", "-q", "-C", "landing", "main"]).ok();
    for name in batch {
        at.git(&["merge", "-q", "--no-ff", "--no-edit", name]).ok();
    }
    at.git(&["switch", "-q", "main"]).ok();
    at.git(&["branch", "-q", "-D", "landing"]).ok();
}

#[test]
fn the_largest_batch_lands_first_and_the_rest_knows_on_whom_to_rebase() {
    let world = World::new();
    let main = world.main();
    branch(&main, "hub", "main", |at| {
        at.edit(FILE, 5, "hub");
        at.edit(FILE, 15, "hub");
    });
    branch(&main, "left", "main", |at| at.edit(FILE, 5, "left"));
    branch(&main, "right", "main", |at| at.edit(FILE, 15, "right"));
    branch(&main, "alone", "main", |at| at.edit("src/user.rs", 5, "alone"));
    branch(&main, "old", "main", |at| at.edit("README.md", 5, "old"));
    main.edit("README.md", 5, "main moved");
    main.commit("main moved").ok();
    let plan = main.json(&["plan"]);
    let found = batches(&plan);
    assert_eq!(found.len(), 2, "{plan:#}");
    let mut first = found[0].clone();
    first.sort();
    assert_eq!(first, ["alone", "left", "right"]);
    assert_eq!(found[1], ["hub"]);
    assert_eq!(step(&plan, "hub")["rebase_on"], serde_json::json!(["left", "right"]));
    assert_eq!(step(&plan, "hub")["paths"], serde_json::json!([FILE]));
    assert_eq!(plan["behind"][0]["id"], "old");
    carry_out(&main, &found[0]);
    let run = main.coord(&["plan"]).ok().says("3 of 4 land together on main").says("landed in this order in memory");
    run.says("rebase on left and right").says("README.md").clean();
}

/// `a-one` and `b-two` each move a half of `lib/` away, `c-three` adds to it: together, git cannot tell where the new file goes.
#[test]
fn three_that_only_conflict_together_are_found() {
    let world = World::new();
    let main = world.main();
    for (name, text) in [("lib/a.rs", "a\n"), ("lib/b.rs", "b\n")] {
        main.write(name, text.repeat(30));
    }
    main.commit("lib").ok();
    // In this order, which is that of their names too; in another all three land.
    branch(&main, "a-one", "main", |at| drop(at.sh("mkdir core && git mv lib/a.rs core/a.rs").ok()));
    branch(&main, "b-two", "main", |at| drop(at.sh("mkdir -p core && git mv lib/b.rs core/b.rs").ok()));
    branch(&main, "c-three", "main", |at| at.write("lib/c.rs", "c\n"));
    main.coord(&["scan"]).ok().says("no conflicts");
    let plan = main.json(&["plan"]);
    let found = batches(&plan);
    assert_eq!(found.iter().map(Vec::len).collect::<Vec<_>>(), [2, 1], "{plan:#}");
    assert_eq!(plan["batches"][0]["proved"], true);
    carry_out(&main, &found[0]);
    main.git(&["switch", "-q", "-c", "landing", "main"]).ok();
    for name in &found[0] {
        main.git(&["merge", "-q", "--no-ff", "--no-edit", name]).ok();
    }
    main.git(&["merge", "-q", "--no-ff", "--no-edit", &found[1][0]]).ends_with(1);
}

#[test]
fn the_lower_of_a_stack_lands_before_the_upper() {
    let world = World::new();
    let main = world.main();
    branch(&main, "a-upper", "main", |at| at.edit(FILE, 5, "lower"));
    main.git(&["branch", "-q", "-m", "a-upper", "lower"]).ok();
    branch(&main, "a-upper", "lower", |at| at.edit(FILE, 6, "upper"));
    branch(&main, "other", "main", |at| at.edit(FILE, 5, "other"));
    let plan = main.json(&["plan"]);
    let found = batches(&plan);
    assert_eq!(found, [vec!["lower".to_owned(), "a-upper".to_owned()], vec!["other".to_owned()]], "{plan:#}");
    assert_eq!(step(&plan, "other")["rebase_on"], serde_json::json!(["lower", "a-upper"]));
    carry_out(&main, &found[0]);
}

#[test]
fn what_is_not_committed_counts_and_is_not_landed() {
    let world = World::new();
    world.worktree("clean").commit_edit(5, "clean").ok();
    let dirty = world.worktree("dirty");
    dirty.edit("src/user.rs", 5, "committed");
    dirty.commit("dirty").ok();
    dirty.edit(FILE, 5, "uncommitted");
    let plan = world.main().json(&["plan"]);
    let found = batches(&plan);
    assert_eq!(found.len(), 2, "the uncommitted line would conflict: {plan:#}");
    world.main().coord(&["plan"]).ok().clean();
}

#[test]
fn nothing_to_land_is_said_so() {
    let world = World::new();
    world.main().coord(&["plan"]).ok().says("nothing to land on main");
}
