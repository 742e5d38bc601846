//! A worktree looked at again: what changed is asked for, and the answer is as if all had been.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

use coord::domain::path::RepoPath;
use coord::git::status;

use crate::sandbox::Sandbox;

/// The names of files and folders: few, so that they meet.
const NAMES: &[&str] = &["a", "b", "src", "src/a", "src/b", "src/deep", "src/deep/a", ":(glob)*", "*", "out", "out/a"];

/// Numbers that look like chance and are the same in every run.
struct Dice(u64);

impl Dice {
    fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % 1_000_003).expect("small") % end
    }
}

/// Takes away whatever lies there, and what is in the way of it.
fn clear(top: &Path, name: &str) {
    let place = top.join(name);
    for above in place.ancestors().take_while(|above| *above != top) {
        if fs::symlink_metadata(above).is_ok_and(|found| !found.is_dir()) {
            fs::remove_file(above).expect("ours");
        }
    }
    if place.is_dir() {
        fs::remove_dir_all(&place).expect("ours");
    }
    fs::create_dir_all(place.parent().expect("below the top")).expect("ours");
}

/// Does something to the worktree, and gives the paths of which a system would tell.
fn change(top: &Path, dice: &mut Dice, round: usize) -> Vec<String> {
    let name = NAMES[dice.below(NAMES.len())];
    let place = top.join(name);
    let mut told = vec![name.to_owned()];
    told.extend(Path::new(name).ancestors().skip(1).filter_map(|above| above.to_str()).map(str::to_owned));
    told.retain(|name| !name.is_empty());
    match dice.below(6) {
        0 | 1 => {
            clear(top, name);
            fs::write(place, format!("round {round}\n")).expect("ours");
        }
        2 => {
            clear(top, name);
            symlink("a", place).expect("ours");
        }
        3 => {
            clear(top, name);
            fs::create_dir(&place).expect("ours");
            fs::write(place.join("inside"), "inside\n").expect("ours");
        }
        4 => clear(top, name),
        _ => {
            let other = NAMES[dice.below(NAMES.len())];
            if place.exists() && !Path::new(other).starts_with(name) && !Path::new(name).starts_with(other) {
                clear(top, other);
                fs::rename(place, top.join(other)).expect("ours");
                told.extend(Path::new(other).ancestors().filter_map(|at| at.to_str()).map(str::to_owned));
                told.retain(|name| !name.is_empty());
            }
        }
    }
    told
}

#[test]
fn what_changed_is_read_as_if_all_had_been() {
    let sandbox = Sandbox::with_repository();
    for name in ["a", "b", "src/a", "src/deep/a", "*"] {
        sandbox.write(&format!("main/{name}"), "first\n");
    }
    sandbox.write("main/.gitignore", "out/\n");
    sandbox.commit("main", "Begin");
    let (opened, worktree) = (sandbox.open("main"), sandbox.worktree("main"));
    let read = || status::read(&opened, &worktree).expect("readable");
    let (mut dice, mut before) = (Dice(0x9e37_79b9_7f4a_7c15), read());
    for round in 0..150 {
        let changed: BTreeSet<RepoPath> = (0..=dice.below(3))
            .flat_map(|_| change(&sandbox.path("main"), &mut dice, round))
            .map(|name| RepoPath::new(name).expect("valid"))
            .collect();
        let after = status::read_on(&opened, &worktree, &before, &changed).expect("readable");
        assert_eq!(after, read(), "round {round}: {changed:?}");
        before = after;
    }
}

#[test]
fn rules_of_gits_own_and_other_repositories_are_read_whole() {
    let sandbox = Sandbox::with_repository();
    sandbox.write("main/src/kept", "first\n");
    sandbox.commit("main", "Begin");
    sandbox.write("main/src/new", "new\n");
    let (opened, worktree) = (sandbox.open("main"), sandbox.worktree("main"));
    let read = || status::read(&opened, &worktree).expect("readable");
    let again = |before, changed: &str| {
        let changed = BTreeSet::from([RepoPath::new(changed).expect("valid")]);
        status::read_on(&opened, &worktree, before, &changed).expect("readable")
    };
    let before = read();
    sandbox.write("main/.gitignore", "new\n");
    let ignoring = again(&before, ".gitignore");
    assert_eq!(ignoring, read());
    assert_ne!(ignoring, before);
    sandbox.git("main", &["init", "-q", "other"]);
    sandbox.write("main/other/inside", "x\n");
    assert_eq!(again(&ignoring, "other/inside"), read());
    fs::remove_dir_all(sandbox.path("main/other/.git")).expect("ours");
    assert_eq!(again(&ignoring, "other"), read());
}
