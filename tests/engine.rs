//! What the engine promises beyond git's own verdict: who blocks, which lines, what it leaves alone, what it cannot know.

use std::collections::BTreeSet;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use coord::domain::hunk::{LineSpan, Spans};
use coord::domain::id::ObjectId;
use coord::domain::overlap::{ConflictKind, Grade, PathOverlap};
use coord::domain::path::RepoPath;
use coord::domain::policy::Policy;
use coord::env::Env;
use coord::git::history::{Fork, fork_points, is_ancestor};
use coord::git::merge::{Answer, Judge, Landing, Line, MergeSettings, PairAnswer, Pairs, Question, begin, judge};
use coord::git::objects::{ObjectFormat, ObjectStore, Objects};
use coord::git::view::View;
use coord::git::{Deadline, Error, Git};
use tempfile::TempDir;

/// A commit in the making: its branch, its parents' branches, its files that differ from the first parent's. A file
/// without content is gone; one whose content begins with `->` is a link.
type Step<'s> = (&'s str, &'s [&'s str], &'s [(&'s str, Option<&'s str>)]);

struct Repo {
    dir: TempDir,
    format: ObjectFormat,
    settings: MergeSettings,
}

fn git(dir: &Path, args: &[&str], stdin: &str) -> String {
    let mut command = Command::new("git");
    command.args(args).current_dir(dir).env("GIT_CONFIG_NOSYSTEM", "1").env("GIT_CONFIG_GLOBAL", "/dev/null");
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("git starts");
    child.stdin.take().expect("it was asked for").write_all(stdin.as_bytes()).expect("git reads");
    let output = child.wait_with_output().expect("git ends");
    assert!(output.status.success(), "git {args:?}");
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}

impl Repo {
    fn new(steps: &[Step<'_>]) -> Self {
        Self::in_format(ObjectFormat::Sha1, steps)
    }

    fn in_format(format: ObjectFormat, steps: &[Step<'_>]) -> Self {
        let dir = tempfile::tempdir().expect("a temporary directory");
        let name = if format == ObjectFormat::Sha1 { "sha1" } else { "sha256" };
        git(dir.path(), &["init", "-q", "-b", "nowhere", "--template=", &format!("--object-format={name}")], "");
        let mut stream = Vec::new();
        for (n, (branch, parents, files)) in steps.iter().enumerate() {
            stream.push(format!("commit refs/heads/{branch}\ncommitter A <a@b> {} +0000\ndata 0\n", 1_700_000_000 + n));
            for (k, parent) in parents.iter().enumerate() {
                // A branch goes on from itself without being told.
                if parent != branch {
                    stream.push(format!("{} refs/heads/{parent}\n", if k == 0 { "from" } else { "merge" }));
                }
            }
            for (path, content) in *files {
                match content {
                    None => stream.push(format!("D {path}\n")),
                    Some(text) => {
                        let (mode, text) = text.strip_prefix("->").map_or(("100644", *text), |to| ("120000", to));
                        stream.push(format!("M {mode} inline {path}\ndata {}\n{text}\n", text.len()));
                    }
                }
            }
            stream.push("\n".to_owned());
        }
        git(dir.path(), &["fast-import", "--quiet"], &stream.concat());
        Self { dir, format, settings: MergeSettings::default() }
    }

    fn id(&self, name: &str) -> ObjectId {
        let text = git(self.dir.path(), &["rev-parse", "--verify", name], "");
        ObjectId::from_hex(text.as_bytes()).expect("a whole id")
    }

    fn common_dir(&self) -> PathBuf {
        self.dir.path().join(".git")
    }

    fn program() -> Git {
        Git::find(Env::capture().variable("PATH")).expect("git is installed")
    }

    fn objects(&self) -> Objects {
        let store = ObjectStore { objects_dir: self.common_dir().join("objects"), format: self.format };
        let view = View::read(&Self::program(), &self.common_dir()).expect("the view is readable");
        Objects::open(&store).expect("the objects are readable").seen_through(view)
    }

    fn question(&self, branches: &[&str]) -> Question {
        let line = |name: &&str| Line { tip: self.id(name), judge_unlanded: false };
        let lines = branches.iter().map(line).collect();
        Question { target: self.id("main"), lines, pairs: Pairs::All, only: None, all_paths: true }
    }

    fn try_judge(&self, question: &Question, deadline: Deadline) -> Result<Answer, Error> {
        self.with_judge(deadline, |bench| judge(bench, question))
    }

    fn with_judge<T>(&self, deadline: Deadline, run: impl FnOnce(&Judge<'_>) -> T) -> T {
        let store = ObjectStore { objects_dir: self.common_dir().join("objects"), format: self.format };
        let objects = self.objects();
        let git = Self::program().until(deadline);
        let settings = self.settings.clone();
        let bench = Judge { objects: &objects, store: &store, git: &git, repository: &self.common_dir(), settings };
        run(&bench)
    }

    fn judge(&self, branches: &[&str]) -> Answer {
        self.ask(&self.question(branches))
    }

    fn ask(&self, question: &Question) -> Answer {
        self.try_judge(question, Deadline::NEVER).expect("the target is readable")
    }

    /// The only pair's meeting at a path.
    fn meeting(&self, branches: [&str; 2], at: &str) -> PathOverlap {
        let answer = self.judge(&branches);
        let pair = answer.pairs.first().expect("they meet");
        pair.paths.iter().find(|overlap| overlap.path == path(at)).expect("they meet there").clone()
    }
}

fn path(text: &str) -> RepoPath {
    RepoPath::new(text).expect("a valid path")
}

fn spans(pairs: &[(u32, u32)]) -> Spans {
    pairs.iter().map(|&(first, last)| LineSpan { first, last }).collect()
}

const TEN: &str = "1\n2\n3\n4\n5\n6\n7\n8\n9\n10\n";

/// The target lost a directory; one line adds a file to it, another one that looks as if the directory's had moved.
#[test]
fn a_directory_that_only_the_target_and_another_line_together_move_is_asked_of_git() {
    let repo = Repo::new(&[
        ("main", &[], &[("d/one", Some("1\n")), ("d/sub/three", Some(TEN))]),
        ("adds", &["main"], &[("d/sub/new", Some("new\n"))]),
        ("main", &["main"], &[("d/sub/three", None)]),
        ("takes", &["main"], &[("d/three", Some(TEN))]),
    ]);
    let answer = repo.judge(&["adds", "takes"]);
    let conflicts: Vec<_> = answer.pairs[0].paths.iter().map(|overlap| (overlap.path.clone(), overlap.kind)).collect();
    assert_eq!(conflicts, [(path("d/new"), Some(ConflictKind::DirectoryRename))]);
}

#[test]
fn a_file_that_the_target_took_over_moves_along_with_its_directory() {
    let gone = [("d/one", None), ("d/two", None), ("d/new", None)];
    let there = [("e/one", Some("1\n")), ("e/two", Some(TEN)), ("e/new", Some("new\n"))];
    let moved = [gone, there].concat();
    let repo = Repo::new(&[
        ("main", &[], &[("d/one", Some("1\n")), ("d/two", Some(TEN))]),
        ("adds", &["main"], &[("d/new", Some("new\n")), ("f", Some("outstanding\n"))]),
        ("main", &["main"], &[("d/new", Some("new\n"))]),
        ("moves", &["main"], &moved),
    ]);
    let answer = repo.judge(&["adds", "moves"]);
    let conflicts: Vec<_> = answer.pairs[0].paths.iter().map(|overlap| (overlap.path.clone(), overlap.kind)).collect();
    assert_eq!(conflicts, [(path("e/new"), Some(ConflictKind::DirectoryRename))]);
}

#[test]
fn a_file_that_all_moved_and_one_further_is_asked_of_git() {
    let repo = Repo::new(&[
        ("main", &[], &[("old", Some(TEN)), ("f", Some("1\n"))]),
        ("along", &["main"], &[("old", None), ("new", Some(TEN)), ("f", Some("2\n"))]),
        ("main", &["main"], &[("old", None), ("new", Some(TEN))]),
        ("further", &["main"], &[("new", None), ("newer", Some(TEN))]),
    ]);
    let whole = repo.question(&["further", "along"]);
    let some = Question { only: Some(BTreeSet::from(["new", "newer"].map(path))), ..whole.clone() };
    for question in [whole, some] {
        let answer = repo.ask(&question);
        let paths: Vec<_> = answer.pairs[0].paths.iter().filter(|overlap| overlap.grade == Grade::Conflict).collect();
        assert!(paths.iter().any(|overlap| overlap.kind == Some(ConflictKind::RenameRename)), "{paths:?}");
    }
}

/// Git writes what it merges to a directory that comes and goes; it must not be mistaken for the one before it.
#[test]
fn one_reader_of_objects_serves_many_questions_that_only_git_can_answer() {
    let edit = |from: &str, to: &str| TEN.replace(from, to);
    let here: Vec<String> = (0..8).map(|n| edit("2\n", &format!("two {n}\n"))).collect();
    let names: Vec<String> = (0..8).map(|n| format!("b{n}")).collect();
    let main = edit("9\n", "nine\n");
    let mut steps: Vec<Step<'_>> = vec![("main", &[], &[("f", Some(TEN))])];
    let moved: Vec<[(&str, Option<&str>); 2]> =
        here.iter().map(|text| [("f", None), ("g", Some(text.as_str()))]).collect();
    steps.extend(names.iter().zip(&moved).map(|(name, files)| (name.as_str(), &["main"] as &[&str], &files[..])));
    let target = [("f", Some(main.as_str()))];
    steps.push(("main", &["main"], &target));
    let repo = Repo::new(&steps);
    let objects = repo.objects();
    let git = Repo::program();
    let store = ObjectStore { objects_dir: repo.common_dir().join("objects"), format: repo.format };
    for name in &names {
        let settings = repo.settings.clone();
        let bench = Judge { objects: &objects, store: &store, git: &git, repository: &repo.common_dir(), settings };
        let answer = judge(&bench, &repo.question(&[name])).expect("the target is readable");
        assert_eq!(answer.lines[0].landing, Landing::Clean, "{name}");
    }
}

#[test]
fn lines_are_told_in_the_targets_file_and_in_each_ones_own() {
    let edit = |from: &str, to: &str| TEN.replace(from, to);
    let (a, b) = (edit("5\n", "five\nand a half\n"), edit("5\n", "V\n").replace("9\n", "IX\n"));
    let target = format!("new\nnew\n{TEN}");
    let repo = Repo::new(&[
        ("main", &[], &[("f", Some(TEN)), ("g", Some(TEN))]),
        ("a", &["main"], &[("f", Some(&a)), ("g", Some(&edit("2\n", "two\n")))]),
        ("b", &["main"], &[("f", Some(&b)), ("g", Some(&edit("8\n", "eight\n")))]),
        ("main", &["main"], &[("f", Some(&target))]),
    ]);
    let met = repo.meeting(["a", "b"], "f");
    assert_eq!((met.grade, met.kind, met.blocks), (Grade::Conflict, Some(ConflictKind::Content), true));
    assert_eq!((met.a_lines, met.b_lines), (spans(&[(7, 7)]), spans(&[(7, 7)])));
    assert_eq!((met.a_own, met.b_own), (spans(&[(5, 6)]), spans(&[(5, 5)])));
    let apart = repo.meeting(["a", "b"], "g");
    assert_eq!((apart.grade, apart.kind, apart.gap), (Grade::Disjoint, None, Some(5)));
    assert_eq!((apart.a_lines, apart.b_own), (spans(&[(2, 2)]), spans(&[(8, 8)])));
}

#[test]
fn what_nobody_wrote_by_hand_keeps_its_grade_and_never_blocks() {
    let attributes = "*.gen linguist-generated\n*.drv merge=mine\nsecret coord=ignore\n";
    let files = ["x.gen", "x.drv", "d/Cargo.lock", "w/warned", "secret", "plain"];
    let with = |text: &'static str| files.map(|name| (name, Some(text)));
    let base: Vec<_> = with("base\n").into_iter().chain([(".gitattributes", Some(attributes))]).collect();
    let mut repo = Repo::new(&[("main", &[], &base), ("a", &["main"], &with("a\n")), ("b", &["main"], &with("b\n"))]);
    // Were the driver run, it would leave a file behind, and no conflict.
    let trace = repo.dir.path().join("driver-was-run");
    git(repo.dir.path(), &["config", "merge.mine.driver", &format!("touch {}", trace.display())], "");
    let policy = Policy { warn_paths: vec!["w/".into()], ..Policy::default() };
    repo.settings = MergeSettings::new(|_| None, vec!["mine".into()], &policy).expect("a valid glob");
    let answer = repo.judge(&["a", "b"]);
    let met: Vec<_> = answer.pairs[0].paths.iter().map(|met| (met.path.clone(), met.grade, met.blocks)).collect();
    let expected = [("d/Cargo.lock", false), ("plain", true), ("w/warned", false), ("x.drv", false), ("x.gen", false)];
    assert_eq!(met, expected.map(|(name, blocks)| (path(name), Grade::Conflict, blocks)));
    assert!(!trace.exists());
}

#[test]
fn a_merge_driver_is_not_run_even_where_git_itself_merges() {
    let repo_with = |driven: &str| {
        let mut repo = Repo::new(&[
            ("main", &[], &[(".gitattributes", Some("*.drv merge=mine\n")), ("x.drv", Some(TEN)), ("d/f", Some(TEN))]),
            ("a", &["main"], &[("x.drv", Some(driven)), ("d/f", None), ("e/f", Some(TEN))]),
            (
                "b",
                &["main"],
                &[("x.drv", Some(&TEN.replace("9\n", "nine\n"))), ("d/f", Some(&TEN.replace('3', "three")))],
            ),
        ]);
        let trace = repo.dir.path().join("driver-was-run");
        git(repo.dir.path(), &["config", "merge.mine.driver", &format!("touch {}", trace.display())], "");
        repo.settings.drivers = vec!["mine".into()];
        let met = repo.meeting(["a", "b"], "x.drv");
        assert!(!trace.exists() && !met.blocks);
        met.grade
    };
    assert_eq!(repo_with(&TEN.replace("2\n", "two\n")), Grade::Disjoint);
    assert_eq!(repo_with(&TEN.replace("9\n", "neuf\n")), Grade::Conflict);
}

#[test]
fn names_that_differ_in_case_conflict_where_the_file_system_folds_it() {
    let mut repo = Repo::new(&[
        ("main", &[], &[("f", Some("1\n"))]),
        ("a", &["main"], &[("docs/Readme", Some("a\n"))]),
        ("b", &["main"], &[("docs/README", Some("b\n"))]),
    ]);
    assert!(repo.judge(&["a", "b"]).pairs.is_empty());
    repo.settings.ignore_case = true;
    let answer = repo.judge(&["a", "b"]);
    assert_eq!(answer.pairs[0].paths[0].kind, Some(ConflictKind::CaseFold));
    assert_eq!(answer.pairs[0].grade, Grade::Conflict);
}

#[test]
fn judging_writes_nothing_into_the_repository() {
    let repo = Repo::new(&[
        ("main", &[], &[("d/f", Some(TEN)), ("g", Some("1\n2\n3\n"))]),
        ("a", &["main"], &[("d/f", None), ("e/f", Some(TEN)), ("g", Some("1\n2\nA\n"))]),
        ("b", &["main"], &[("d/f", Some(&TEN.replace('5', "five"))), ("d/new", Some("new\n"))]),
        ("main", &["main"], &[("g", Some("0\n1\n2\n3\n"))]),
    ]);
    let listing =
        || git(&repo.common_dir(), &["count-objects", "-v"], "") + &files_below(&repo.common_dir()).join("\n");
    let before = listing();
    let answer = repo.judge(&["a", "b"]);
    assert_eq!(
        answer.pairs[0].paths.iter().find(|met| met.kind.is_some()).map(|met| met.kind),
        Some(Some(ConflictKind::DirectoryRename))
    );
    assert_eq!(listing(), before);
}

fn files_below(dir: &Path) -> Vec<String> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(dir).expect("readable") {
        let entry = entry.expect("readable").path();
        if entry.is_dir() { found.extend(files_below(&entry)) } else { found.push(entry.display().to_string()) }
    }
    found.sort();
    found
}

#[test]
fn a_moved_directory_is_seen_from_a_single_path() {
    let repo = Repo::new(&[
        ("main", &[], &[("d/one", Some(TEN)), ("d/two", Some("2\n")), ("f", Some("1\n"))]),
        ("a", &["main"], &[("d/one", None), ("d/two", None), ("e/one", Some(TEN)), ("e/two", Some("2\n"))]),
        ("b", &["main"], &[("d/new", Some("new\n"))]),
        ("c", &["main"], &[("f", Some("2\n"))]),
    ]);
    for (only, conflicts) in [("d/new", true), ("f", false)] {
        let question = Question { only: Some(BTreeSet::from([path(only)])), ..repo.question(&["a", "b", "c"]) };
        let answer = repo.try_judge(&question, Deadline::NEVER).expect("the target is readable");
        let found = answer.pairs.iter().any(|pair| pair.grade == Grade::Conflict && (pair.a, pair.b) == (0, 1));
        assert_eq!((found, answer.pairs.len()), (conflicts, usize::from(conflicts)), "{only}");
    }
}

#[test]
fn a_directory_that_the_target_and_another_line_emptied_together_is_seen_from_a_single_path() {
    let (old, new) = (("d/one", TEN), ("e/one", TEN));
    let repo = Repo::new(&[
        (
            "main",
            &[],
            &[(old.0, Some(old.1)), ("d/two", Some("2\n")), ("d/sub/three", Some("3\n")), ("f", Some("1\n"))],
        ),
        ("moves", &["main"], &[(old.0, None), (new.0, Some(new.1)), ("f", Some("2\n"))]),
        ("adds", &["main"], &[("d/new", Some("new\n"))]),
        ("main", &["main"], &[("d/two", None), ("d/sub/three", None)]),
    ]);
    for (only, conflicts) in [("d/new", true), ("d/one", true), ("f", false)] {
        let question = Question { only: Some([path(only)].into()), ..repo.question(&["moves", "adds"]) };
        let answer = repo.ask(&question);
        assert_eq!(answer.pairs.iter().any(|pair| pair.grade == Grade::Conflict), conflicts, "{only}");
    }
}

#[test]
fn what_another_moved_since_both_parted_is_seen_from_where_it_was() {
    let (mine, theirs) = (TEN.replace('5', "mine"), TEN.replace('5', "theirs"));
    let repo = Repo::new(&[
        ("main", &[], &[("f", Some("1\n"))]),
        ("common", &["main"], &[("new", Some(TEN))]),
        ("edits", &["common"], &[("new", Some(&mine))]),
        ("moves", &["common"], &[("new", None), ("moved", Some(&theirs))]),
    ]);
    let question = Question { only: Some([path("new")].into()), ..repo.question(&["edits", "moves"]) };
    let answer = repo.ask(&question);
    let conflicts = |overlap: &PathOverlap| overlap.grade == Grade::Conflict && overlap.path == path("moved");
    assert!(answer.pairs.iter().any(|pair| pair.paths.iter().any(conflicts)), "{answer:?}");
}

/// On the target it seems to have moved to where the other has it.
#[test]
fn what_another_has_too_is_seen_from_the_path_that_the_target_lost() {
    let repo = Repo::new(&[
        ("main", &[], &[("f", Some("1\n")), ("gone", Some(TEN))]),
        ("has", &["main"], &[("too", Some(TEN))]),
        ("changes", &["main"], &[("gone", None)]),
        ("main", &["main"], &[("f", Some("2\n"))]),
        ("changes", &["changes", "main"], &[("f", Some("2\n")), ("gone", None)]),
        ("main", &["main"], &[("gone", None)]),
    ]);
    for only in [None, Some([path("gone")].into())] {
        let answer = repo.ask(&Question { only, ..repo.question(&["changes", "has"]) });
        let conflict = answer.pairs.iter().flat_map(|pair| &pair.paths).find(|overlap| overlap.path == path("too"));
        assert_eq!(conflict.and_then(|conflict| conflict.kind), Some(ConflictKind::RenameDelete), "{answer:?}");
    }
}

/// On the target what one adds seems to be what the target lost.
#[test]
fn what_another_did_where_the_target_lost_something_is_seen_from_where_it_seems_to_be_now() {
    let repo = Repo::new(&[
        ("main", &[], &[("f", Some("1\n")), ("old", Some(TEN))]),
        ("deletes", &["main"], &[("old", None)]),
        ("main", &["main"], &[("f", Some("2\n")), ("old", None)]),
        ("adds", &["main"], &[("new", Some(&TEN.replace('5', "five")))]),
    ]);
    for only in [None, Some([path("new")].into())] {
        let answer = repo.ask(&Question { only, ..repo.question(&["deletes", "adds"]) });
        let conflict = answer.pairs.iter().flat_map(|pair| &pair.paths).find(|overlap| overlap.path == path("new"));
        assert_eq!(conflict.and_then(|conflict| conflict.kind), Some(ConflictKind::RenameDelete), "{answer:?}");
    }
}

#[test]
fn a_path_that_both_moved_alike_and_that_does_not_land_is_told_by_the_tips() {
    let (mine, targets) = (TEN.replace('5', "mine"), TEN.replace('5', "the target's"));
    let repo = Repo::new(&[
        ("main", &[], &[("f", Some("1\n")), ("old", Some(TEN))]),
        ("common", &["main"], &[("g", Some("1\n"))]),
        ("a", &["common"], &[("old", None), ("new", Some(&mine))]),
        ("b", &["common"], &[("old", None), ("new", Some(TEN))]),
        ("main", &["main"], &[("old", Some(&targets))]),
    ]);
    let mut question = repo.question(&["a", "b"]);
    question.lines.iter_mut().for_each(|line| line.judge_unlanded = true);
    let answer = repo.ask(&question);
    assert!(matches!(answer.lines[0].landing, Landing::Conflicts { .. }), "{answer:?}");
    assert!(answer.pairs.iter().all(|pair| pair.grade < Grade::Conflict), "{answer:?}");
}

#[test]
fn what_is_added_to_a_directory_that_the_target_moved_is_seen_from_both_its_places() {
    let moved = [("d/one", None), ("d/sub/two", None), ("e/one", Some(TEN)), ("e/sub/two", Some("2\n"))];
    let repo = Repo::new(&[
        ("main", &[], &[("d/one", Some(TEN)), ("d/sub/two", Some("2\n"))]),
        ("a", &["main"], &[("d/new", Some("a's\n"))]),
        ("b", &["main"], &[("d/new", Some("b's\n"))]),
        ("main", &["main"], &moved),
        ("c", &["main"], &[("e/new", Some("c's\n"))]),
    ]);
    git(repo.dir.path(), &["config", "merge.directoryRenames", "true"], "");
    for (only, lines) in [("d/new", ["a", "b"]), ("d/new", ["a", "c"]), ("e/new", ["a", "c"])] {
        let question = Question { only: Some([path(only)].into()), ..repo.question(&lines) };
        let answer = repo.ask(&question);
        let conflict = |overlap: &PathOverlap| overlap.path == path("e/new") && overlap.grade == Grade::Conflict;
        assert!(answer.pairs.iter().any(|pair| pair.paths.iter().any(conflict)), "{only} {lines:?} {answer:?}");
    }
}

/// What the target put into a directory moves along with it, on top of whoever still has the directory.
#[test]
fn a_directory_that_one_left_and_the_target_added_to_is_seen_from_the_paths_that_left() {
    let repo = Repo::new(&[
        ("main", &[], &[("a", Some(TEN)), ("q", Some("q\n")), ("f", Some("1\n"))]),
        ("common", &["main"], &[("a", None), ("e/a", Some(TEN))]),
        ("leaves", &["common"], &[("e/a", None), ("moved", Some(TEN))]),
        ("stays", &["common"], &[("f", Some("2\n"))]),
        ("main", &["main"], &[("q", None), ("e/q", Some("q\n"))]),
    ]);
    for only in [None, Some(["e/a", "moved"].map(path).into())] {
        let answer = repo.ask(&Question { only, ..repo.question(&["leaves", "stays"]) });
        let kinds: Vec<_> =
            answer.pairs.iter().flat_map(|pair| &pair.paths).filter_map(|overlap| overlap.kind).collect();
        assert_eq!(kinds, [ConflictKind::DirectoryRename], "{answer:?}");
    }
}

#[test]
fn a_directory_that_one_left_takes_along_what_the_target_moved_into_it_and_another_rewrote() {
    let repo = Repo::new(&[
        ("main", &[], &[("d/one", Some(TEN)), ("d/two", Some("two\n")), ("e/pic", Some("a picture\n"))]),
        ("left", &["main"], &[("d/one", None), ("d/two", None), ("e/one", Some(TEN)), ("e/two", Some("two\n"))]),
        ("main", &["main"], &[("e/pic", None), ("d/pic", Some("a picture\n"))]),
        ("other", &["main"], &[("d/pic", Some("nothing of the like\n"))]),
    ]);
    let is_told = |answer: &[PairAnswer]| {
        let kinds = answer.iter().flat_map(|pair| &pair.paths).filter_map(|overlap| overlap.kind).count();
        assert!(kinds > 0, "{answer:?}");
    };
    let question = repo.question(&["left", "other"]);
    for only in [None, Some([path("d/pic")].into()), Some([path("d/one")].into())] {
        is_told(&repo.ask(&Question { only, ..question.clone() }).pairs);
    }
    // One after the other, in either order.
    for late in [0, 1] {
        let mut expected = question.clone();
        expected.lines[late].tip = repo.id("main");
        let begun = repo.with_judge(Deadline::NEVER, |bench| {
            begin(bench, &expected, None)?.expect("it can be begun").finish(bench, &question)
        });
        is_told(&begun.expect("readable").expect("as many lines").pairs.into_all());
    }
}

/// Git compares texts without the returns before their line ends.
#[test]
fn a_file_that_moved_and_got_other_line_ends_is_the_same_file() {
    let returns = TEN.replace('\n', "\r\n");
    let repo = Repo::new(&[
        ("main", &[], &[("f", Some("1\n")), ("gone", Some(TEN))]),
        ("has", &["main"], &[("too", Some(&returns))]),
        ("deletes", &["main"], &[("gone", None)]),
        ("main", &["main"], &[("f", Some("2\n"))]),
        ("deletes", &["deletes", "main"], &[("f", Some("2\n")), ("gone", None)]),
        ("main", &["main"], &[("gone", None)]),
    ]);
    let answer = repo.judge(&["deletes", "has"]);
    assert!(answer.pairs.iter().any(|pair| pair.grade == Grade::Conflict), "{answer:?}");
}

/// A hook asks with the paths of its own line, which lie where the target had them when the line started.
#[test]
fn what_another_changed_where_the_target_moved_it_is_seen_from_the_old_place() {
    let (mine, theirs) = (TEN.replace('5', "mine"), TEN.replace('5', "theirs"));
    let gone = [("d/one", None), ("d/three", None)];
    let there = [("moved/one", Some("1\n")), ("moved/three", Some(TEN))];
    let repo = Repo::new(&[
        ("main", &[], &[("d/one", Some("1\n")), ("d/three", Some(TEN)), ("f", Some("1\n"))]),
        ("before", &["main"], &[("d/three", Some(&mine)), ("f", Some("2\n"))]),
        ("main", &["main"], &[gone, there].concat()),
        ("after", &["main"], &[("moved/three", Some(&theirs))]),
    ]);
    for (only, conflicts) in [("d/three", true), ("f", false)] {
        let question = Question { only: Some([path(only)].into()), ..repo.question(&["before", "after"]) };
        let conflict = |pair: &PairAnswer| pair.paths.iter().any(|overlap| overlap.path == path("moved/three"));
        assert_eq!(repo.ask(&question).pairs.iter().any(conflict), conflicts, "{only}");
    }
}

#[test]
fn landed_work_is_told_from_new_branches() {
    let repo = Repo::new(&[
        ("main", &[], &[("f", Some(TEN)), ("g", Some("1\n"))]),
        ("merged", &["main"], &[("g", Some("merged\n"))]),
        ("squashed", &["main"], &[("f", Some(&TEN.replace('5', "five")))]),
        ("squashed", &["squashed"], &[("f", Some(&TEN.replace('5', "FIVE")))]),
        ("open", &["main"], &[("f", Some(&TEN.replace('9', "nine")))]),
        ("main", &["main", "merged"], &[("g", Some("merged\n"))]),
        ("fresh", &["main"], &[]),
        ("main", &["main"], &[("f", Some(&TEN.replace('5', "FIVE")))]),
        // The target moves on in the same lines, so a merge would conflict now.
        ("main", &["main"], &[("f", Some(&TEN.replace('5', "FIVE and a half")))]),
    ]);
    git(repo.dir.path(), &["branch", "-f", "fresh", "main~1"], "");
    let answer = repo.judge(&["merged", "squashed", "open", "fresh"]);
    let landings: Vec<_> = answer.lines.iter().map(|line| line.landing.clone()).collect();
    assert_eq!(landings, [Landing::AlreadyThere, Landing::AlreadyThere, Landing::Clean, Landing::Clean]);
}

#[test]
fn work_on_top_of_other_work_is_stacked_and_siblings_are_not() {
    let repo = Repo::new(&[
        ("main", &[], &[("f", Some(TEN))]),
        ("low", &["main"], &[("f", Some(&TEN.replace('2', "two")))]),
        ("high", &["low"], &[("f", Some(&TEN.replace('2', "TWO")))]),
        ("sibling", &["low"], &[("f", Some(&TEN.replace('2', "zwei")))]),
    ]);
    git(repo.dir.path(), &["branch", "backup", "high"], "");
    let answer = repo.judge(&["low", "high", "sibling", "backup"]);
    let pairs: Vec<_> = answer.pairs.iter().map(|pair| (pair.a, pair.b, pair.stacked, pair.grade)).collect();
    // What one has from the other it did not do itself.
    let (conflict, nowhere) = (Grade::Conflict, Grade::Identical);
    assert_eq!(
        pairs,
        [
            (0, 1, true, nowhere),
            (0, 2, true, nowhere),
            (0, 3, true, nowhere),
            (1, 2, false, conflict),
            (1, 3, true, nowhere),
            (2, 3, false, conflict),
        ]
    );
    assert!(answer.pairs.iter().all(|pair| pair.paths.is_empty() == pair.stacked));
}

/// All work goes on from `develop`, which the target does not have yet.
#[test]
fn what_lines_have_in_common_is_neither_a_conflict_nor_told() {
    let (added, top) = (TEN.replace('1', "new"), format!("top\n{TEN}"));
    let repo = Repo::new(&[
        ("main", &[], &[("f", Some(TEN)), ("g", Some(TEN)), ("old", Some("old\n"))]),
        (
            "develop",
            &["main"],
            &[("f", Some(&TEN.replace('2', "two"))), ("g", Some(&top)), ("added", Some(&added)), ("old", None)],
        ),
        ("a", &["develop"], &[("g", Some(&top.replace('5', "A")))]),
        ("b", &["develop"], &[("g", Some(&top.replace('5', "B"))), ("added", Some(&added.replace('5', "B")))]),
        ("develop", &["develop"], &[("f", Some(&TEN.replace('2', "II")))]),
        // Takes back what they all have: nobody else touched it, whatever their files look like beside the target's.
        ("c", &["develop"], &[("f", Some(TEN)), ("added", Some(&added.replace('5', "C")))]),
        ("d", &["develop"], &[("f", Some(&TEN.replace('2', "II").replace('9', "nine")))]),
        ("main", &["main"], &[("g", Some(&TEN.replace('0', "zero")))]),
    ]);
    let answer = repo.judge(&["a", "b", "c", "d"]);
    assert!(answer.lines.iter().all(|line| line.landing == Landing::Clean));
    // The target's own file does not have the line that they all have.
    assert_eq!(answer.pairs[0].paths[0].a_lines.iter().collect::<Vec<_>>(), [&LineSpan { first: 5, last: 5 }]);
    assert_eq!(answer.pairs[0].paths[0].a_own.iter().collect::<Vec<_>>(), [&LineSpan { first: 6, last: 6 }]);
    // And nothing of this one.
    assert!(answer.pairs[1].paths[0].a_lines.is_empty() && !answer.pairs[1].paths[0].a_own.is_empty());
    let told = |pair: &PairAnswer| {
        let paths = pair.paths.iter().map(|at| (String::from_utf8_lossy(at.path.as_bytes()).into_owned(), at.grade));
        (pair.a, pair.b, paths.collect::<Vec<_>>())
    };
    let at = |path: &str, grade| (path.to_owned(), grade);
    let expected = [
        (0, 1, vec![at("g", Grade::Conflict)]),
        (1, 2, vec![at("added", Grade::Conflict)]),
        (2, 3, vec![at("f", Grade::Disjoint)]),
    ];
    assert_eq!(answer.pairs.iter().map(told).collect::<Vec<_>>(), expected);
}

/// Two commits side by side are in both lines: git merges those first, and what one of the lines has as one of them left it
/// may be taken back from the other.
#[test]
fn lines_that_have_two_commits_side_by_side_in_common_meet_where_one_took_back() {
    let (two, other) = (TEN.replace('5', "five"), TEN.replace('5', "FIVE"));
    let repo = Repo::new(&[
        ("main", &[], &[("f", Some(TEN)), ("g", Some(TEN))]),
        ("left", &["main"], &[("f", Some(&two))]),
        ("right", &["main"], &[("g", Some(&two))]),
        ("a", &["right", "left"], &[("g", Some(&other))]),
        ("b", &["left", "right"], &[("f", Some(&other)), ("g", Some(&two))]),
    ]);
    let whole = repo.judge(&["a", "b"]);
    let conflicts = |answer: &Answer| {
        let paths = answer.pairs.iter().flat_map(|pair| pair.paths.iter());
        let paths = paths.filter(|at| at.grade == Grade::Conflict).map(|at| at.path.as_bytes().to_vec());
        paths.collect::<Vec<_>>()
    };
    assert_eq!(conflicts(&whole), [b"f"]);
    let only = Some([RepoPath::new("f").expect("a path")].into());
    let question = Question { only, ..repo.question(&["a", "b"]) };
    assert_eq!(conflicts(&repo.try_judge(&question, Deadline::NEVER).expect("the target is readable")), [b"f"]);
}

#[test]
fn what_does_not_land_is_paired_only_when_asked() {
    let repo = Repo::new(&[
        ("main", &[], &[("f", Some("1\n")), ("g", Some("1\n"))]),
        ("a", &["main"], &[("f", Some("a\n")), ("g", Some("a\n"))]),
        ("b", &["main"], &[("f", Some("b\n"))]),
        ("c", &["main"], &[("g", Some("c\n"))]),
        ("main", &["main"], &[("f", Some("main\n"))]),
    ]);
    let mut question = repo.question(&["a", "b", "c"]);
    let answer = repo.try_judge(&question, Deadline::NEVER).expect("the target is readable");
    assert!(answer.pairs.is_empty());
    assert!(matches!(&answer.lines[0].landing, Landing::Conflicts { paths, complete: true } if paths.len() == 1));
    question.lines.iter_mut().for_each(|line| line.judge_unlanded = true);
    let answer = repo.try_judge(&question, Deadline::NEVER).expect("the target is readable");
    let met: Vec<_> =
        answer.pairs.iter().map(|pair| (pair.a, pair.b, pair.paths[0].path.clone(), pair.grade)).collect();
    assert_eq!(met, [(0, 1, path("f"), Grade::Conflict), (0, 2, path("g"), Grade::Conflict)]);
}

#[test]
fn a_missing_object_makes_unknown_only_what_needs_it() {
    let repo = Repo::new(&[
        ("main", &[], &[("f", Some(TEN)), ("g", Some("1\n"))]),
        ("a", &["main"], &[("f", Some(&TEN.replace('2', "two")))]),
        ("b", &["main"], &[("f", Some(&TEN.replace('9', "nine")))]),
        ("c", &["main"], &[("g", Some("c\n"))]),
        ("d", &["main"], &[("g", Some("d\n"))]),
    ]);
    git(repo.dir.path(), &["repack", "-q", "-a", "-d"], "");
    let packs = repo.common_dir().join("objects/pack");
    let aside = repo.dir.path().join("aside");
    std::fs::rename(&packs, &aside).expect("writable");
    std::fs::create_dir(&packs).expect("writable");
    for pack in files_below(&aside).iter().filter(|name| Path::new(name).extension().is_some_and(|end| end == "pack")) {
        let bytes = std::fs::File::open(pack).expect("readable");
        let unpacked =
            Command::new("git").args(["unpack-objects", "-q"]).current_dir(repo.dir.path()).stdin(bytes).status();
        assert!(unpacked.expect("git starts").success());
    }
    let lost = repo.id("b:f").to_string();
    let file = repo.common_dir().join("objects").join(&lost[..2]).join(&lost[2..]);
    std::fs::remove_file(file).expect("it lay there");
    let answer = repo.judge(&["a", "b", "c", "d"]);
    assert!(answer.lines.iter().all(|line| line.landing == Landing::Clean));
    let unknown: Vec<_> = answer.pairs.iter().map(|pair| (pair.a, pair.b, pair.unknown.is_some())).collect();
    assert_eq!(unknown, [(0, 1, true), (2, 3, false)]);
    assert!(
        answer.pairs[0].unknown.as_ref().is_some_and(|reason| reason.contains(&lost) && reason.contains("missing"))
    );
    assert_eq!(answer.pairs[1].grade, Grade::Conflict);
}

#[test]
fn history_that_is_not_there_is_unknown_never_clean() {
    let repo = Repo::new(&[
        ("main", &[], &[("f", Some("1\n"))]),
        ("a", &["main"], &[("f", Some("2\n"))]),
        ("other", &[], &[("f", Some("3\n"))]),
        ("main", &["main"], &[("g", Some("1\n"))]),
    ]);
    let landing = |answer: Answer| answer.lines[0].landing.clone();
    assert!(matches!(landing(repo.judge(&["other"])), Landing::Unknown(why) if why.contains("no history")));
    assert_eq!(landing(repo.judge(&["a"])), Landing::Clean);
    let cut = [repo.id("main"), repo.id("a")].map(|id| format!("{id}\n")).concat();
    std::fs::write(repo.common_dir().join("shallow"), cut).expect("writable");
    assert!(matches!(landing(repo.judge(&["a"])), Landing::Unknown(why) if why.contains("shallow")));
}

#[test]
fn replaced_commits_count_as_git_sees_them() {
    let repo = Repo::new(&[
        ("main", &[], &[("f", Some("1\n"))]),
        ("a", &["main"], &[("f", Some("a\n"))]),
        ("b", &["main"], &[("f", Some("b\n"))]),
        ("b-as-git-sees-it", &["main"], &[("g", Some("b\n"))]),
    ]);
    assert_eq!(repo.judge(&["a", "b"]).pairs[0].grade, Grade::Conflict);
    git(repo.dir.path(), &["replace", "b", "b-as-git-sees-it"], "");
    assert!(repo.judge(&["a", "b"]).pairs.is_empty());
}

#[test]
fn sha_256_is_judged_alike() {
    let repo = Repo::in_format(
        ObjectFormat::Sha256,
        &[
            ("main", &[], &[("f", Some(TEN)), ("d/g", Some(TEN))]),
            ("a", &["main"], &[("f", Some(&TEN.replace('5', "a"))), ("d/g", None), ("d/h", Some(TEN))]),
            ("b", &["main"], &[("f", Some(&TEN.replace('5', "b"))), ("d/g", Some(&TEN.replace('4', "b")))]),
            ("main", &["main"], &[("f", Some(&format!("0\n{TEN}")))]),
        ],
    );
    let answer = repo.judge(&["a", "b"]);
    let grades: Vec<_> = answer.pairs[0].paths.iter().map(|met| (met.path.clone(), met.grade)).collect();
    assert_eq!(grades, [(path("d/g"), Grade::Disjoint), (path("f"), Grade::Conflict)]);
}

#[test]
fn a_deadline_ends_the_judgement() {
    let repo = Repo::new(&[("main", &[], &[("f", Some("1\n"))]), ("a", &["main"], &[("f", Some("2\n"))])]);
    let late = repo.try_judge(&repo.question(&["a"]), Deadline::within(Duration::ZERO));
    assert!(matches!(late, Err(Error::TimedOut { .. })));
}

#[test]
fn fork_points_are_the_best_common_ancestors() {
    let repo = Repo::new(&[
        ("main", &[], &[("f", Some("1\n"))]),
        ("root", &["main"], &[]),
        ("x", &["main"], &[("x", Some("1\n"))]),
        ("main", &["main"], &[("m", Some("1\n"))]),
        ("old-main", &["main"], &[]),
        ("main", &["main", "x"], &[]),
        ("x", &["x", "old-main"], &[("x", Some("2\n"))]),
        ("alone", &[], &[("f", Some("1\n"))]),
    ]);
    let tips = ["x", "main", "alone"].map(|name| repo.id(name));
    let forks = fork_points(&repo.objects(), repo.id("main"), &tips).expect("all is readable");
    let bases = git(repo.dir.path(), &["merge-base", "--all", "main", "x"], "");
    let mut bases: Vec<_> = bases.lines().filter_map(|line| ObjectId::from_hex(line.as_bytes())).collect();
    bases.sort();
    assert_eq!(bases.len(), 2);
    assert_eq!(forks, [Fork::Several(bases), Fork::One(repo.id("main")), Fork::None]);
    let ancestor = |a: &str, b: &str| is_ancestor(&repo.objects(), repo.id(a), repo.id(b)).expect("all is readable");
    assert!(ancestor("old-main", "x") && ancestor("x", "x") && !ancestor("x", "main"));
}
