//! Random histories, judged by coord and by git: verdict and conflicting paths of every line of work and of every pair
//! must be git's own (`git merge-tree --write-tree`, the definition in the design's section on conflicts).
//!
//! `COORD_DIFFERENTIAL_PAIRS=20000 cargo test --release --test differential` looks at that many pairs; a failure names
//! its seed, and `COORD_DIFFERENTIAL_SEED=N` looks at that history alone; `COORD_DIFFERENTIAL_FROM=N` begins elsewhere.
//!
//! One deviation is listed: a path with a merge driver, in a pair that git merges from several bases. Git merges the
//! bases first, by the driver too; it is disarmed, so that merge is another one. Such a path never blocks.

mod differential {
    pub(crate) mod oracle;
    pub(crate) mod world;
}

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write as _;

use coord::domain::id::ObjectId;
use coord::domain::overlap::Grade;
use coord::domain::path::RepoPath;
use coord::domain::policy::Policy;
use coord::env::Env;
use coord::git::Git;
use coord::git::merge::{
    Answer, Judge, Keep, Landing, Line, MergeSettings, Pairs, Question, Recall, Source, begin, judge, judge_again,
};
use coord::git::objects::{ObjectFormat, ObjectStore, Objects};
use differential::oracle::{self, Truth};
use differential::world::{World, generate};

/// Pairs looked at in every run of the tests.
const PAIRS: usize = 2400;

fn number(name: &str) -> Option<u64> {
    Env::capture().variable(name).map(|text| text.to_str().and_then(|text| text.parse().ok()).expect("a number"))
}

#[test]
fn every_verdict_is_gits() {
    if let Some(seed) = number("COORD_DIFFERENTIAL_SEED") {
        let faults = compare(seed, &mut Tally::default());
        assert!(faults.is_empty(), "\n{}", faults.join("\n"));
        return;
    }
    let wanted = number("COORD_DIFFERENTIAL_PAIRS").map_or(PAIRS, |n| usize::try_from(n).expect("fits"));
    let first = number("COORD_DIFFERENTIAL_FROM").unwrap_or(1);
    let (mut tally, mut faults, mut seed) = (Tally::default(), Vec::new(), first);
    while tally.pairs < wanted {
        faults.extend(compare(seed, &mut tally));
        seed += 1;
    }
    let summary = format!("{tally:?} in {} histories, {} deviations", seed - first, faults.len());
    assert!(faults.is_empty(), "\n{}\n{summary}", faults.join("\n"));
    drop(writeln!(std::io::stderr(), "compared with git: {summary}"));
    assert!(tally.drivers * 1000 <= tally.pairs, "{summary}");
    // The histories must keep being worth comparing.
    assert!(tally.conflicts * 20 > tally.pairs && tally.conflicts * 2 < tally.pairs, "{summary}");
    assert!(tally.landed > 0 && tally.stacked > 0 && tally.target_conflicts > 0, "{summary}");
}

#[derive(Debug, Default)]
struct Tally {
    pairs: usize,
    conflicts: usize,
    lines: usize,
    target_conflicts: usize,
    landed: usize,
    stacked: usize,
    /// The listed deviation.
    drivers: usize,
}

type Paths = BTreeSet<String>;

fn compare(seed: u64, tally: &mut Tally) -> Vec<String> {
    let world = generate(seed);
    let truth = oracle::ask(&world);
    let answer = ask_coord(&world, None, false);
    let mut faults = Vec::new();
    let mut fault = |what: String| faults.push(format!("seed {seed}: {what}"));
    for (n, line) in answer.lines.iter().enumerate() {
        tally.lines += 1;
        let git = &truth.lines[n];
        tally.target_conflicts += usize::from(!git.is_empty());
        let squashed = world.squashed.contains(&n);
        match &line.landing {
            Landing::Unknown(_) if truth.broken.contains(&n) => {}
            Landing::Clean if git.is_empty() && (!squashed || world.is_taken_back(n)) => {}
            Landing::Conflicts { paths, .. } if !squashed => {
                let ours: Paths = paths.iter().map(|conflict| text(&conflict.path)).collect();
                if ours != *git {
                    fault(format!("line {n}: coord {ours:?}, git {git:?}"));
                }
            }
            Landing::AlreadyThere if squashed || truth.nothing_to_merge(n) => tally.landed += 1,
            other => fault(format!("line {n} (squashed: {squashed}): coord {other:?}, git {git:?}")),
        }
    }
    faults.extend(compare_pairs(seed, &world, &truth, &answer, tally));
    faults.extend(compare_some_paths(seed, &world, &truth));
    if seed.is_multiple_of(3) {
        faults.extend(compare_remembered(seed, &world, &answer));
        faults.extend(compare_unlanded(seed, &world, &truth, &answer));
    }
    faults
}

fn compare_pairs(seed: u64, world: &World, truth: &Truth, answer: &Answer, tally: &mut Tally) -> Vec<String> {
    let mut faults = Vec::new();
    let found: BTreeMap<_, _> = answer.pairs.iter().map(|pair| ((pair.a, pair.b), pair)).collect();
    for (&(a, b), git) in &truth.pairs {
        tally.pairs += 1;
        tally.conflicts += usize::from(!git.is_empty());
        let ours = found.get(&(a, b));
        let paths: Paths = ours.iter().flat_map(|pair| conflicting(&pair.paths)).collect();
        let unknown = ours.and_then(|pair| pair.unknown.clone());
        let differ: Paths = paths.symmetric_difference(git).cloned().collect();
        if !differ.is_empty() && unknown.is_none() && differ.iter().all(|path| has_driver(path)) {
            tally.drivers += 1;
        } else if !differ.is_empty() || unknown.is_some() {
            faults.push(format!("seed {seed}: pair {a} {b}: coord {paths:?} {unknown:?}, git {git:?}"));
        }
        let stacked = world.is_stacked(a, b);
        tally.stacked += usize::from(stacked);
        if stacked != ours.is_some_and(|pair| pair.stacked) {
            faults.push(format!("seed {seed}: pair {a} {b}: stacked is {stacked}"));
        }
    }
    faults
}

/// Looked at only where one line's commits changed something, every other line must give the same verdict on it.
fn compare_some_paths(seed: u64, world: &World, truth: &Truth) -> Vec<String> {
    let mut faults = Vec::new();
    for asking in 0..world.tips.len() {
        let answer = ask_coord(world, Some((asking, world.paths_of_commits(asking))), false);
        for (&(a, b), git) in truth.pairs.iter().filter(|((a, b), _)| *a == asking || *b == asking) {
            let pair = answer.pairs.iter().find(|pair| (pair.a, pair.b) == (a, b));
            let ours: Paths = pair.iter().flat_map(|pair| conflicting(&pair.paths)).collect();
            if ours.is_empty() != git.is_empty() {
                let told = format!("coord {ours:?}, git {git:?}");
                faults.push(format!("seed {seed}: on {asking}'s paths alone, pair {a} {b}: {told}"));
            }
        }
    }
    faults
}

/// Where a line does not land, its failing paths are judged by the two tips.
fn compare_unlanded(seed: u64, world: &World, truth: &Truth, whole: &Answer) -> Vec<String> {
    let answer = ask_coord(world, None, true);
    let mut faults = Vec::new();
    for (&(a, b), git) in &truth.tips {
        // What one line has from the target is not its own work.
        let own = |path: &str| changed(whole, a, path) && changed(whole, b, path);
        let failing = |path: &&String| (truth.lines[a].contains(*path) || truth.lines[b].contains(*path)) && own(path);
        let git: Paths = git.iter().filter(failing).cloned().collect();
        let pair = answer.pairs.iter().find(|pair| (pair.a, pair.b) == (a, b));
        let ours: Paths = pair.iter().flat_map(|pair| conflicting(&pair.paths)).filter(|p| failing(&p)).collect();
        if ours != git {
            faults.push(format!("seed {seed}: tips of {a} {b}: coord {ours:?}, git {git:?}"));
        }
    }
    faults
}

fn has_driver(path: &str) -> bool {
    std::path::Path::new(path).extension().is_some_and(|end| end == "drv")
}

fn changed(whole: &Answer, line: usize, path: &str) -> bool {
    whole.lines[line].changes.iter().any(|change| change.path.as_bytes() == path.as_bytes())
}

fn conflicting(paths: &[coord::domain::overlap::PathOverlap]) -> impl Iterator<Item = String> {
    paths.iter().filter(|path| path.grade == Grade::Conflict).map(|path| text(&path.path))
}

fn text(path: &RepoPath) -> String {
    String::from_utf8(path.as_bytes().to_vec()).expect("the test's own names")
}

fn ask_coord(world: &World, only: Option<(usize, BTreeSet<RepoPath>)>, judge_unlanded: bool) -> Answer {
    let pairs = match &only {
        Some((asking, _)) => Pairs::Listed((0..world.tips.len()).map(|other| (*asking, other)).collect()),
        None => Pairs::All,
    };
    let question = Question {
        target: world.target,
        lines: world.tips.iter().map(|&tip| Line { tip, judge_unlanded }).collect(),
        pairs,
        only: only.map(|(_, paths)| paths),
        all_paths: true,
    };
    with_judge(world, |bench| judge(bench, &question)).expect("the history can be judged")
}

/// What is known of some lines, in any order, changes no answer.
fn compare_remembered(seed: u64, world: &World, whole: &Answer) -> Vec<String> {
    let line = |&tip: &ObjectId| Line { tip, judge_unlanded: false };
    let question = |tips: &[ObjectId]| Question {
        target: world.target,
        lines: tips.iter().map(line).collect(),
        pairs: Pairs::All,
        only: None,
        all_paths: true,
    };
    let mut others: Vec<ObjectId> = world.tips.clone();
    others.remove(usize::try_from(seed).expect("a small number") % others.len());
    others.reverse();
    let again = |question: &Question, kept: Option<(&[u8], Option<&[u8]>)>| {
        let remembered = |bench: &Judge<'_>| {
            let (git, repository, settings) = (bench.git, bench.repository, &bench.settings);
            let (target, whole) = (question.target, seed.is_multiple_of(2));
            let recall = Recall { git, repository, settings, target, format: ObjectFormat::Sha1, whole };
            let read = |(first, later): (&[u8], Option<&[u8]>)| recall.read(&source(first), later.map(source).as_ref());
            kept.map(|kept| read(kept).expect("it is whole"))
        };
        let again = with_judge(world, |bench| judge_again(bench, question, remembered(bench)));
        let again = again.expect("the history can be judged");
        (Answer { lines: again.lines, pairs: again.pairs.into_all(), elsewhere: BTreeSet::new() }, again.keep)
    };
    let Some(Keep::First(first)) = again(&question(&others), None).1 else { return Vec::new() };
    let first = first.to_bytes();
    let kept = (&first[..], None);
    let (answer, later) = again(&question(&world.tips), Some(kept));
    let mut faults = Vec::new();
    if let Some(Keep::Later(later)) = later {
        let (once_more, none) =
            again(&question(&world.tips), Some((&first, Some(&later.to_bytes().expect("all of it can be read")))));
        if once_more != answer || none.is_some() {
            faults.push(format!("seed {seed}: what became known later is remembered otherwise"));
        }
    }
    if answer != *whole {
        let differ = answer.pairs.iter().zip(&whole.pairs).find(|(one, other)| one != other);
        faults.push(format!("seed {seed}: remembered otherwise: {differ:?}"));
    }
    // Somebody who was not asked about while another became known.
    let absent = others[usize::try_from(seed / 7).expect("a small number") % others.len()];
    let some: Vec<ObjectId> = world.tips.iter().copied().filter(|tip| *tip != absent).collect();
    if let Some(Keep::Later(later)) = again(&question(&some), Some(kept)).1 {
        let later = later.to_bytes().expect("all of it can be read");
        if again(&question(&world.tips), Some((&first, Some(&later)))).0 != *whole {
            faults.push(format!("seed {seed}: what was found without somebody is taken for all"));
        }
    }
    faults.extend(compare_begun(seed, world, whole, (&question(&world.tips), &first)));
    let (all, none) = again(&question(&others), Some(kept));
    if all != again(&question(&others), None).0 || none.is_some() {
        faults.push(format!("seed {seed}: all of it is remembered otherwise"));
    }
    faults
}

/// What was answered for a line that turns out to stand elsewhere changes no answer either.
fn compare_begun(seed: u64, world: &World, whole: &Answer, (question, first): (&Question, &[u8])) -> Vec<String> {
    let count = question.lines.len();
    let at = usize::try_from(seed / 3).expect("a small number") % count;
    let mut expected = question.clone();
    expected.lines[at].tip = if seed.is_multiple_of(2) { world.target } else { question.lines[(at + 1) % count].tip };
    let answer = |remembered: bool| {
        let both = with_judge(world, |bench| {
            let (git, repository, settings, target) = (bench.git, bench.repository, &bench.settings, world.target);
            let recall = Recall { git, repository, settings, target, format: ObjectFormat::Sha1, whole: false };
            let memory = remembered.then(|| recall.read(&source(first), None).expect("it is whole"));
            let begun = begin(bench, &expected, memory)?.expect("it can be begun");
            begun.finish(bench, question)
        });
        let again = both.expect("the history can be judged").expect("it has as many lines");
        Answer { lines: again.lines, pairs: again.pairs.into_all(), elsewhere: BTreeSet::new() }
    };
    let fault = |remembered| format!("seed {seed}: begun otherwise than it is finished, remembered: {remembered}");
    [false, true].into_iter().filter(|remembered| answer(*remembered) != *whole).map(fault).collect()
}

fn source(kept: &[u8]) -> Source {
    let kept = kept.to_vec();
    let at = |at: u64| usize::try_from(at).expect("there are not that many");
    Source::new(kept.len() as u64, move |range| kept.get(at(range.start)..at(range.end)).map(<[u8]>::to_vec))
}

fn with_judge<T>(world: &World, run: impl FnOnce(&Judge<'_>) -> T) -> T {
    let git = Git::find(Env::capture().variable("PATH")).expect("git is installed");
    let repository = world.dir.path().join(".git");
    let store = ObjectStore { objects_dir: repository.join("objects"), format: ObjectFormat::Sha1 };
    let objects = Objects::open(&store).expect("the objects are readable");
    let value = |name: &str| world.settings.iter().find(|(set, _)| *set == name).map(|(_, value)| (*value).to_owned());
    let settings = MergeSettings::new(value, vec!["custom".into()], &Policy::default()).expect("no globs");
    run(&Judge { objects: &objects, store: &store, git: &git, repository: &repository, settings })
}
