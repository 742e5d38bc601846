//! What the target moved while others were at work: the commit, `coord check` and `coord diff` look at both places.
//! Must not know: how a move is found out.

use crate::world::{FILE, Place, World};

const NEW: &str = "app/api.rs";

/// `before` is from before two moves of [`FILE`] on main, `after` from after them, where it is [`NEW`].
fn moved(world: &World) -> (Place<'_>, Place<'_>) {
    let before = world.worktree("before");
    let main = world.main();
    for (from, to) in [("src", "lib"), ("lib", "app")] {
        main.git(&["mv", from, to]).ok();
        main.commit(to).ok();
    }
    (before, world.worktree("after"))
}

/// The two, each with where the file is for it; the one from before the moves first, or last.
fn in_turn(world: &World, old_first: bool) -> [(Place<'_>, &'static str); 2] {
    let (before, after) = moved(world);
    let mut both = [(before, FILE), (after, NEW)];
    if !old_first {
        both.reverse();
    }
    both
}

#[test]
fn whoever_commits_second_is_blocked_from_either_place() {
    for first_is_old in [true, false] {
        let world = World::installed();
        let [first, second] = in_turn(&world, first_is_old);
        first.0.edit(first.1, 10, "the first's line");
        first.0.commit("First").silent();
        second.0.edit(second.1, 10, "the second's line");
        let run = second.0.commit("Second").blocked();
        run.says(NEW).says("the first's line").says("the second's line").clean();
    }
}

#[test]
fn whoever_saw_one_of_two_moves_meets_whoever_saw_none() {
    for first_is_old in [true, false] {
        let world = World::installed();
        let before = world.worktree("before");
        let main = world.main();
        main.git(&["mv", "src", "lib"]).ok();
        main.commit("lib").ok();
        let between = world.worktree("between");
        main.git(&["mv", "lib", "app"]).ok();
        main.commit("app").ok();
        let mut both = [(before, FILE), (between, "lib/api.rs")];
        if !first_is_old {
            both.reverse();
        }
        let [first, second] = both;
        first.0.edit(first.1, 10, "the first's line");
        first.0.commit("First").silent();
        second.0.edit(second.1, 10, "the second's line");
        second.0.commit("Second").blocked().says("the first's line").says("the second's line").clean();
    }
}

#[test]
fn what_is_not_committed_at_the_other_place_warns() {
    for mine_is_old in [true, false] {
        let world = World::installed();
        let [mine, theirs] = in_turn(&world, mine_is_old);
        theirs.0.edit(theirs.1, 10, "their line");
        mine.0.edit(mine.1, 10, "my line");
        mine.0.commit("Mine").warned().says(NEW).says("not committed");
    }
}

#[test]
fn other_lines_at_the_other_place_pass_in_silence() {
    let world = World::installed();
    let (before, after) = moved(&world);
    before.edit(FILE, 30, "before's line");
    before.commit("Before").silent();
    after.edit(NEW, 10, "after's line");
    after.commit("After").silent();
}

#[test]
fn check_tells_of_the_other_place() {
    let world = World::new();
    let (before, after) = moved(&world);
    after.edit(NEW, 10, "after's line");
    before.coord(&["check", FILE]).ok().says("is changed by after").says_not("is free");
    before.coord(&["check", "--lines", "10", FILE]).ends_with(1).says("an edit there conflicts with after");
    before.coord(&["check", "--lines", "30", FILE]).ok().says("after changed other lines");
    before.edit(FILE, 10, "before's line");
    before.coord(&["check", FILE]).ends_with(1).says("conflicts with after");
    let told = after.json(&["check", NEW]);
    assert_eq!(told["paths"][0]["others"][0]["instance"], "before", "{told}");
    assert_eq!(told["paths"][0]["others"][0]["grade"], "conflict", "{told}");
}

#[test]
fn diff_shows_each_sides_text_where_it_lies() {
    let world = World::new();
    let (before, after) = moved(&world);
    before.edit(FILE, 10, "before's line");
    after.edit(NEW, 10, "after's line");
    for path in [FILE, NEW] {
        let run = after.coord(&["diff", "before", "after", path]).ok();
        let run = run.says(&format!("before changed {FILE}")).says("after changed").says("+ before's line");
        run.says("+ after's line").says("- line 10").says("<<<<<<<").says_not("- line 11");
    }
}
