//! The truth, by git alone: each line of work merged into the target, each pair on top of each other.
//! Must not know: how coord works any of it out.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use coord::domain::id::ObjectId;

use super::world::{World, configure, git, run, try_run};

/// What git says.
pub(crate) struct Truth {
    /// By line: where it does not land.
    pub(crate) lines: Vec<BTreeSet<String>>,
    /// Lines that git breaks down on.
    pub(crate) broken: BTreeSet<usize>,
    /// By pair of lines that both land: where they conflict.
    pub(crate) pairs: BTreeMap<(usize, usize), BTreeSet<String>>,
    /// By pair of which one does not land: where the tips conflict.
    pub(crate) tips: BTreeMap<(usize, usize), BTreeSet<String>>,
    /// Lines that at some commit of the target would have changed nothing.
    landed: BTreeSet<usize>,
}

impl Truth {
    pub(crate) fn nothing_to_merge(&self, line: usize) -> bool {
        self.landed.contains(&line)
    }
}

struct Merge {
    tree: String,
    paths: BTreeSet<String>,
    clean: bool,
    /// Git gave no answer.
    broken: bool,
}

pub(crate) fn ask(world: &World) -> Truth {
    let scratch = tempfile::tempdir().expect("a temporary directory");
    let dir = scratch.path();
    run(git(dir).args(["init", "-q", "--template="]).arg("."), b"");
    configure(dir, world.settings);
    let objects = world.dir.path().join(".git/objects");
    std::fs::create_dir_all(dir.join(".git/objects/info")).expect("writable");
    std::fs::write(dir.join(".git/objects/info/alternates"), format!("{}\n", objects.display())).expect("writable");
    let count = world.tips.len();
    let onto: Vec<_> = world.tips.iter().map(|&tip| (world.target, tip)).collect();
    let landings = merge_all(dir, world.target, &onto);
    let landed = commits(dir, world, &landings);
    let broken: BTreeSet<usize> = (0..count).filter(|&n| landings[n].broken).collect();
    let all: Vec<(usize, usize)> = (0..count).flat_map(|a| (a + 1..count).map(move |b| (a, b))).collect();
    let mut todo = Vec::new();
    for &(a, b) in &all {
        match (landed[a], landed[b]) {
            (Some(with_a), Some(with_b)) => todo.extend([(with_a, world.tips[b]), (with_b, world.tips[a])]),
            _ => todo.push((world.tips[a], world.tips[b])),
        }
    }
    let mut answers = merge_all(dir, world.target, &todo).into_iter();
    let (mut pairs, mut tips) = (BTreeMap::new(), BTreeMap::new());
    for &(a, b) in &all {
        let mut first = answers.next().expect("one answer each");
        let land = landed[a].is_some() && landed[b].is_some();
        if land {
            let second = answers.next().expect("one answer each");
            first.broken |= second.broken;
            first.paths.extend(second.paths);
        }
        if !first.broken && !broken.contains(&a) && !broken.contains(&b) {
            if land { &mut pairs } else { &mut tips }.insert((a, b), first.paths);
        }
    }
    let lines = landings.iter().map(|merge| merge.paths.clone()).collect();
    Truth { lines, broken, pairs, tips, landed: landed_before(dir, world) }
}

/// Lines that at some commit of the target's own would have changed nothing, or that the target has merged.
fn landed_before(dir: &Path, world: &World) -> BTreeSet<usize> {
    let trees: Vec<String> = trees_of(dir, &world.trunk);
    let todo: Vec<_> = world.tips.iter().flat_map(|&tip| world.trunk.iter().map(move |&at| (at, tip))).collect();
    let answers = merge_all(dir, world.target, &todo);
    let count = world.trunk.len();
    let nothing =
        |n: &usize| answers[n * count..(n + 1) * count].iter().zip(&trees).any(|(m, tree)| m.clean && m.tree == *tree);
    (0..world.tips.len()).filter(nothing).collect()
}

fn trees_of(dir: &Path, commits: &[ObjectId]) -> Vec<String> {
    let stdin: Vec<String> = commits.iter().map(|commit| format!("{commit}^{{tree}}\n")).collect();
    let out = run(git(dir).args(["cat-file", "--batch-check=%(objectname)"]), stdin.concat().as_bytes());
    String::from_utf8(out).expect("hexadecimal").lines().map(str::to_owned).collect()
}

/// The target with each line on it that lands, all in one process.
fn commits(dir: &Path, world: &World, landings: &[Merge]) -> Vec<Option<ObjectId>> {
    let clean: Vec<usize> = (0..landings.len()).filter(|&n| landings[n].clean).collect();
    let mut stream = Vec::new();
    for &n in &clean {
        let (tree, tip, mark) = (&landings[n].tree, world.tips[n], n + 1);
        stream.push(format!("commit refs/heads/x{n}\nmark :{mark}\ncommitter o <o@o> 1800000000 +0000\ndata 0\n"));
        stream.push(format!("from {}\nmerge {tip}\nM 040000 {tree} \"\"\n\n", world.target));
    }
    let marks = dir.join("marks");
    run(
        git(dir).args(["fast-import", "--quiet"]).arg(format!("--export-marks={}", marks.display())),
        stream.concat().as_bytes(),
    );
    let mut made = vec![None; landings.len()];
    for line in std::fs::read_to_string(&marks).expect("git wrote it").lines() {
        let (mark, id) = line.split_once(' ').expect("mark and id");
        let mark: usize = mark.trim_start_matches(':').parse().expect("a number");
        made[mark - 1] = ObjectId::from_hex(id.as_bytes());
    }
    made
}

/// Merges all in one process; where git itself breaks down on one (an assertion of its own), one by one.
fn merge_all(dir: &Path, attributes: ObjectId, pairs: &[(ObjectId, ObjectId)]) -> Vec<Merge> {
    let (out, done) = try_all(dir, attributes, pairs);
    match pairs {
        _ if done => read(&out, pairs),
        [_] => vec![Merge { tree: String::new(), paths: BTreeSet::new(), clean: false, broken: true }],
        _ => {
            let (one, other) = pairs.split_at(pairs.len() / 2);
            [one, other].into_iter().flat_map(|half| merge_all(dir, attributes, half)).collect()
        }
    }
}

fn try_all(dir: &Path, attributes: ObjectId, pairs: &[(ObjectId, ObjectId)]) -> (Vec<u8>, bool) {
    let stdin: Vec<String> = pairs.iter().map(|(ours, theirs)| format!("{ours} {theirs}\n")).collect();
    let mut command = git(dir);
    command.arg(format!("--attr-source={attributes}"));
    command.args(["merge-tree", "--write-tree", "--stdin", "-z", "--name-only", "--no-messages"]);
    try_run(&mut command, stdin.concat().as_bytes())
}

fn read(out: &[u8], pairs: &[(ObjectId, ObjectId)]) -> Vec<Merge> {
    let mut fields = out.split(|&b| b == 0).map(|field| String::from_utf8_lossy(field).into_owned());
    let mut next = || fields.next().expect("a whole answer");
    let mut merges = Vec::new();
    for (ours, theirs) in pairs {
        let (clean, tree, mut paths) = (next() == "1", next(), BTreeSet::new());
        loop {
            let name = next();
            if name.is_empty() {
                break;
            }
            // A side that was in the way is named after its commit.
            let suffixes = [format!("~{ours}"), format!("~{theirs}")];
            let cut = suffixes.iter().find_map(|suffix| name.find(suffix)).unwrap_or(name.len());
            paths.insert(name[..cut].to_owned());
        }
        merges.push(Merge { tree, paths, clean, broken: false });
    }
    merges
}
