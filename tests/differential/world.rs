//! Random histories, written with `git fast-import`. A seed always gives the same one.
//! Must not know: verdicts.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

use coord::domain::id::ObjectId;
use coord::domain::path::RepoPath;
use tempfile::TempDir;

/// A repository with a target and lines of work.
pub(crate) struct World {
    pub(crate) dir: TempDir,
    pub(crate) target: ObjectId,
    /// The target's own commits, youngest first.
    pub(crate) trunk: Vec<ObjectId>,
    pub(crate) tips: Vec<ObjectId>,
    /// What of git's configuration is set, in both repositories.
    pub(crate) settings: &'static [(&'static str, &'static str)],
    /// Lines that the target took over as one commit.
    pub(crate) squashed: BTreeSet<usize>,
    /// By line: its tip's ancestors and itself; and the target's.
    reach: Vec<BTreeSet<usize>>,
    marks: Vec<usize>,
    target_reach: BTreeSet<usize>,
}

impl World {
    pub(crate) fn is_stacked(&self, a: usize, b: usize) -> bool {
        let on =
            |x: usize, y: usize| self.reach[y].contains(&self.marks[x]) && !self.target_reach.contains(&self.marks[x]);
        on(a, b) || on(b, a)
    }

    /// Whether the target has what a line changed as it was before, whatever became of it in between.
    pub(crate) fn is_taken_back(&self, line: usize) -> bool {
        let (tip, target) = (self.tips[line].to_string(), self.target.to_string());
        let said =
            |args: &[&str]| String::from_utf8(run(git(self.dir.path()).args(args), b"")).expect("names are plain");
        let fork = said(&["merge-base", &tip, &target]);
        let changed = said(&["diff", "--name-only", "--no-renames", fork.trim(), &tip]);
        let since = said(&["diff", "--name-only", "--no-renames", fork.trim(), &target]);
        changed.lines().all(|path| since.lines().all(|other| other != path))
    }

    /// Where each of a line's own commits differs from any of its parents.
    pub(crate) fn paths_of_commits(&self, line: usize) -> BTreeSet<RepoPath> {
        let own = [self.tips[line].to_string(), format!("^{}", self.target)];
        let told = run(
            git(self.dir.path()).args(["log", "--format=", "-m", "-z", "--name-only", "--no-renames"]).args(own),
            b"",
        );
        let names = told.split(|byte| *byte == 0 || *byte == b'\n').filter(|name| !name.is_empty());
        names.map(|name| RepoPath::new(name).expect("a valid path")).collect()
    }
}

#[derive(Clone, PartialEq)]
struct File {
    mode: u32,
    content: Vec<u8>,
}

type Tree = BTreeMap<String, File>;

struct Commit {
    parents: Vec<usize>,
    tree: Tree,
    time: i64,
}

/// Numbers that look random and are the same for the same seed.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from((self.0 >> 11) % sides as u64).expect("less than a usize")
    }

    fn chance(&mut self, percent: usize) -> bool {
        self.roll(100) < percent
    }

    fn pick<'l, T>(&mut self, list: &'l [T]) -> &'l T {
        &list[self.roll(list.len())]
    }
}

const WORDS: &[&str] = &["{", "}", "", "x = 1", "return x", "end", "// note", "call()", "a", "b"];
const NAMES: &[&str] = &["new1", "new2", "d/new1", "d/sub/new", "e/new1", "x/y", "a.txt/z", "g", "d"];
const ATTRIBUTES: &str = "*.union merge=union\n*.keep -merge\n*.bin binary\n*.drv merge=custom\n*.set merge\n";

/// Most histories are judged with git's defaults, some with a setting that changes what merges.
const SETTINGS: &[&[(&str, &str)]] = &[
    &[],
    &[],
    &[("merge.conflictStyle", "diff3")],
    &[],
    &[("merge.directoryRenames", "true")],
    &[],
    &[("merge.renames", "false")],
    &[("merge.conflictStyle", "zdiff3")],
    &[],
    &[("merge.renormalize", "true")],
    &[],
    &[("merge.directoryRenames", "false")],
    &[("diff.algorithm", "myers")],
    &[],
    &[("merge.default", "union")],
];

struct Maker {
    dice: Dice,
    commits: Vec<Commit>,
    /// Edits that several lines of work make alike.
    common: Vec<(String, usize, String)>,
    unique: usize,
}

/// Makes the history of a seed.
pub(crate) fn generate(seed: u64) -> World {
    let mut maker = Maker {
        dice: Dice(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1),
        commits: Vec::new(),
        common: Vec::new(),
        unique: 0,
    };
    for _ in 0..20 {
        maker.dice.roll(2);
    }
    let plan = maker.history(seed % 5 == 3);
    let dir = tempfile::tempdir().expect("a temporary directory");
    let ids = write(dir.path(), &maker.commits);
    let settings = SETTINGS[usize::try_from(seed).expect("a small number") % SETTINGS.len()];
    configure(dir.path(), settings);
    let reach = |mark: usize| ancestors(&maker.commits, mark);
    let mut trunk = vec![plan.target];
    while let Some(&parent) = maker.commits[trunk[trunk.len() - 1]].parents.first() {
        trunk.push(parent);
    }
    World {
        target: ids[plan.target],
        trunk: trunk.into_iter().map(|mark| ids[mark]).collect(),
        tips: plan.tips.iter().map(|&mark| ids[mark]).collect(),
        settings,
        squashed: plan.squashed,
        reach: plan.tips.iter().map(|&mark| reach(mark)).collect(),
        target_reach: reach(plan.target),
        marks: plan.tips,
        dir,
    }
}

fn ancestors(commits: &[Commit], mark: usize) -> BTreeSet<usize> {
    let (mut seen, mut waiting) = (BTreeSet::new(), vec![mark]);
    while let Some(mark) = waiting.pop() {
        if seen.insert(mark) {
            waiting.extend(&commits[mark].parents);
        }
    }
    seen
}

struct Plan {
    target: usize,
    tips: Vec<usize>,
    squashed: BTreeSet<usize>,
}

impl Maker {
    /// The target may be behind what all work goes on from, as `main` is behind `develop`.
    fn history(&mut self, behind: bool) -> Plan {
        let mut main = vec![self.first()];
        let (mut tips, mut squashed) = (Vec::new(), BTreeSet::new());
        // Some histories are plain, some are wild: a fault in the common case must not hide among odd ones.
        let wild = self.dice.roll(3) * 5;
        for _ in 0..=self.dice.roll(3) {
            let next = self.edited(&[main[main.len() - 1]], wild);
            main.push(next);
        }
        for _ in 0..8 + self.dice.roll(4) {
            let tip = self.branch(&main, &tips, wild);
            tips.push(tip);
            if self.dice.chance(8) && !self.commits[tip].parents.is_empty() {
                self.squash(&mut main, &mut tips, &mut squashed);
            }
        }
        if behind {
            main.truncate(1 + self.dice.roll(main.len() - 1));
            squashed.clear();
        }
        for _ in 0..self.dice.roll(3) {
            let next = self.edited(&[main[main.len() - 1]], wild);
            main.push(next);
        }
        Plan { target: main[main.len() - 1], tips, squashed }
    }

    fn first(&mut self) -> usize {
        let mut tree = Tree::new();
        tree.insert(".gitattributes".into(), File { mode: 0o100_644, content: ATTRIBUTES.into() });
        for name in [
            "a.txt",
            "b.txt",
            "c.rs",
            "d/one",
            "d/two",
            "d/sub/three",
            "f/four",
            "log.union",
            "k.keep",
            "p.drv",
            "q.set",
            "r.c",
            "s.c",
            "t.c",
            "u/v",
            "u/w",
            "u/x/y",
        ] {
            let content = self.text();
            tree.insert(name.into(), File { mode: 0o100_644, content });
        }
        tree.insert("pic.bin".into(), File { mode: 0o100_644, content: b"\x89PNG\0\x01".to_vec() });
        tree.insert("raw".into(), File { mode: 0o100_644, content: b"one\n\0two\n".to_vec() });
        tree.insert("link".into(), File { mode: 0o120_000, content: b"a.txt".to_vec() });
        tree.insert("module".into(), File { mode: 0o160_000, content: vec![b'1'; 40] });
        for _ in 0..4 {
            let edit = (self.text_path(&tree), self.dice.roll(8), self.line());
            self.common.push(edit);
        }
        self.commit(Vec::new(), tree)
    }

    fn commit(&mut self, parents: Vec<usize>, tree: Tree) -> usize {
        let clock = 1_700_000_000 + 3600 * i64::try_from(self.commits.len()).expect("few commits");
        // Now and then a clock is wrong.
        let time = if self.dice.chance(3) {
            clock - 400_000 + 8000 * i64::try_from(self.dice.roll(100)).expect("small")
        } else {
            clock
        };
        self.commits.push(Commit { parents, tree, time });
        self.commits.len() - 1
    }

    fn edited(&mut self, parents: &[usize], wild: usize) -> usize {
        let mut tree = self.commits[parents[0]].tree.clone();
        for _ in 0..=self.dice.roll(3) {
            self.edit(&mut tree, wild);
        }
        self.commit(parents.to_vec(), tree)
    }

    fn branch(&mut self, main: &[usize], tips: &[usize], wild: usize) -> usize {
        let stacked = !tips.is_empty() && self.dice.chance(12);
        let start = if stacked { *self.dice.pick(tips) } else { *self.dice.pick(main) };
        let mut tip = start;
        for _ in 0..=self.dice.roll(2) {
            tip = self.edited(&[tip], wild);
        }
        if self.dice.chance(10) {
            // Takes the target in, and once in a while so that there are several merge bases.
            let other = *self.dice.pick(main);
            tip = self.merged(tip, other, wild);
        }
        if !tips.is_empty() && self.dice.chance(5) {
            let other = *self.dice.pick(tips);
            tip = self.merged(tip, other, wild);
            if self.dice.chance(50) {
                tip = self.merged(other, self.commits[tip].parents[0], wild);
            }
        }
        tip
    }

    fn merged(&mut self, ours: usize, theirs: usize, wild: usize) -> usize {
        let mut tree = self.commits[ours].tree.clone();
        let old = self.commits[0].tree.clone();
        for (path, file) in self.commits[theirs].tree.clone() {
            if tree.get(&path) == old.get(&path) && fits(&tree, &path) {
                tree.insert(path, file);
            }
        }
        if self.dice.chance(30) {
            self.edit(&mut tree, wild);
        }
        self.commit(vec![ours, theirs], tree)
    }

    /// Takes a new branch over into the target as one commit; the target then moves on in the same lines.
    fn squash(&mut self, main: &mut Vec<usize>, tips: &mut Vec<usize>, squashed: &mut BTreeSet<usize>) {
        let fork = main[main.len() - 1];
        let mut tip = self.edited(&[fork], 0);
        tip = self.edited(&[tip], 0);
        let tree = self.commits[tip].tree.clone();
        if tree == self.commits[fork].tree {
            return;
        }
        squashed.insert(tips.len());
        tips.push(tip);
        let mut landed = self.commit(vec![fork], tree);
        if self.dice.chance(60) {
            landed = self.edited(&[landed], 0);
        }
        main.push(landed);
    }

    fn line(&mut self) -> String {
        if self.dice.chance(50) {
            return (*self.dice.pick(WORDS)).to_owned();
        }
        self.unique += 1;
        format!("line {}", self.unique)
    }

    fn text(&mut self) -> Vec<u8> {
        let lines: Vec<String> = (0..4 + self.dice.roll(14)).map(|_| self.line() + "\n").collect();
        lines.concat().into_bytes()
    }

    fn text_path(&mut self, tree: &Tree) -> String {
        let text = |(path, file): &(&String, &File)| file.mode & 0o170_000 == 0o100_000 && *path != ".gitattributes";
        let paths: Vec<&String> = tree.iter().filter(text).map(|(path, _)| path).collect();
        if paths.is_empty() { "a.txt".into() } else { (*self.dice.pick(&paths)).clone() }
    }

    fn edit(&mut self, tree: &mut Tree, wild: usize) {
        if self.dice.roll(20) < wild {
            return self.odd_edit(tree);
        }
        match self.dice.roll(10) {
            0 => {
                let (path, at, line) = self.dice.pick(&self.common.clone()).clone();
                change_line(tree, &path, at, Some(&line));
            }
            1 => {
                let name = (*self.dice.pick(&NAMES[..3])).to_owned();
                let content = self.text();
                put(tree, &name, File { mode: 0o100_644, content });
            }
            2 if self.dice.chance(40) => {
                let path = self.text_path(tree);
                tree.remove(&path);
            }
            _ => {
                let path = self.text_path(tree);
                for _ in 0..=self.dice.roll(2) {
                    let at = self.dice.roll(16);
                    let line = self.dice.chance(75).then(|| self.line());
                    if self.dice.chance(40) {
                        insert_line(tree, &path, at, &line.unwrap_or_default());
                    } else {
                        change_line(tree, &path, at, line.as_deref());
                    }
                }
            }
        }
    }

    fn odd_edit(&mut self, tree: &mut Tree) {
        let path = self.text_path(tree);
        match self.dice.roll(16) {
            0..=3 => self.rename(tree, &path),
            4 | 5 => drop(tree.remove(&path)),
            6 => {
                if let Some(file) = tree.get_mut(&path) {
                    file.mode ^= 0o111;
                }
            }
            7 => {
                let byte = u8::try_from(self.dice.roll(200)).expect("small");
                if let Some(file) = tree.get_mut(if byte < 100 { "pic.bin" } else { "raw" }) {
                    file.content.push(byte);
                }
            }
            8 => {
                let content = format!("to{}", self.dice.roll(3)).into_bytes();
                let name = if self.dice.chance(70) { "link".to_owned() } else { path };
                put(tree, &name, File { mode: 0o120_000, content });
            }
            9 => {
                let digit = *self.dice.pick(b"123");
                put(tree, "module", File { mode: 0o160_000, content: vec![digit; 40] });
            }
            10 | 11 => {
                let name = (*self.dice.pick(NAMES)).to_owned();
                let content = if self.dice.chance(30) { b"the same\nfor all\n".to_vec() } else { self.text() };
                put(tree, &name, File { mode: 0o100_644, content });
            }
            12 => {
                if let Some(file) = tree.get_mut(&path).filter(|file| !file.content.contains(&0)) {
                    let text = String::from_utf8_lossy(&file.content).replace("\r\n", "\n");
                    file.content = text.replace('\n', "\r\n").into_bytes();
                }
            }
            13 | 14 => {
                let (from, to) =
                    *self.dice.pick(&[("d/", "e/"), ("d/sub/", "d/deep/"), ("d/", "moved/d/"), ("f/", "d/")]);
                let moving: Vec<String> = tree.keys().filter(|path| path.starts_with(from)).cloned().collect();
                for path in moving {
                    let file = tree.remove(&path).expect("it was listed");
                    put(tree, &path.replacen(from, to, 1), file);
                }
            }
            _ => {
                if let Some(file) = tree.get_mut(&path) {
                    if file.content.last() == Some(&b'\n') {
                        file.content.pop();
                    } else {
                        file.content.push(b'\n');
                    }
                }
            }
        }
    }

    fn rename(&mut self, tree: &mut Tree, path: &str) {
        let to = format!("{}{}", self.dice.pick(&["moved-", "d/moved-", "e/"]), path.replace('/', "-"));
        let Some(file) = tree.remove(path) else { return };
        put(tree, &to, file);
        if self.dice.chance(40) {
            let (at, line) = (self.dice.roll(10), self.line());
            change_line(tree, &to, at, Some(&line));
        }
    }
}

/// Whether no file stands where the path needs a directory, and no directory where it is to stand.
fn fits(tree: &Tree, path: &str) -> bool {
    let below = format!("{path}/");
    !tree.keys().any(|other| other.starts_with(&below) || path.starts_with(&format!("{other}/")))
}

/// Puts a file where other files may have to make way.
fn put(tree: &mut Tree, path: &str, file: File) {
    let below = format!("{path}/");
    tree.retain(|other, _| !other.starts_with(&below) && !path.starts_with(&format!("{other}/")));
    tree.insert(path.to_owned(), file);
}

fn with_lines(tree: &mut Tree, path: &str, edit: impl FnOnce(&mut Vec<Vec<u8>>)) {
    let Some(file) = tree.get_mut(path).filter(|file| file.mode & 0o170_000 == 0o100_000) else { return };
    let mut lines: Vec<Vec<u8>> = file.content.split_inclusive(|&b| b == b'\n').map(<[u8]>::to_vec).collect();
    edit(&mut lines);
    file.content = lines.concat();
}

fn change_line(tree: &mut Tree, path: &str, at: usize, line: Option<&str>) {
    with_lines(tree, path, |lines| {
        if !lines.is_empty() {
            let at = at % lines.len();
            lines.splice(at..=at, line.map(|line| format!("{line}\n").into_bytes()));
        }
    });
}

fn insert_line(tree: &mut Tree, path: &str, at: usize, line: &str) {
    with_lines(tree, path, |lines| lines.insert(at.min(lines.len()), format!("{line}\n").into_bytes()));
}

/// Runs git away from the user's own configuration.
pub(crate) fn git(dir: &Path) -> Command {
    let mut command = Command::new("git");
    command.arg("-C").arg(dir).env("GIT_CONFIG_NOSYSTEM", "1").env("GIT_CONFIG_GLOBAL", "/dev/null").env("LC_ALL", "C");
    command
}

/// Runs a command on some input and gives what it says.
pub(crate) fn run(command: &mut Command, stdin: &[u8]) -> Vec<u8> {
    let (out, done) = try_run(command, stdin);
    assert!(done, "{command:?} failed");
    out
}

/// The same, and whether it succeeded.
pub(crate) fn try_run(command: &mut Command, stdin: &[u8]) -> (Vec<u8>, bool) {
    let piped = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = piped.spawn().expect("git starts");
    let mut pipe = child.stdin.take().expect("it was asked for");
    let bytes = stdin.to_vec();
    let feeder = std::thread::spawn(move || pipe.write_all(&bytes));
    let output = child.wait_with_output().expect("git ends");
    drop(feeder.join().expect("no panic"));
    (output.stdout, output.status.success())
}

/// Sets what the history is judged with.
pub(crate) fn configure(dir: &Path, settings: &[(&str, &str)]) {
    for (name, value) in settings {
        run(git(dir).args(["config", name, value]), b"");
    }
}

fn write(dir: &Path, commits: &[Commit]) -> Vec<ObjectId> {
    run(git(dir).args(["init", "-q", "--template="]).arg("."), b"");
    // Were it ever run, it would hide conflicts.
    run(git(dir).args(["config", "merge.custom.driver", "true"]), b"");
    let marks = dir.join("marks");
    let mut stream = Vec::new();
    for (mark, commit) in commits.iter().enumerate() {
        let head =
            format!("commit refs/heads/x{mark}\nmark :{}\ncommitter A <a@b> {} +0000\ndata 0\n", mark + 1, commit.time);
        stream.extend_from_slice(head.as_bytes());
        for (n, parent) in commit.parents.iter().enumerate() {
            let word = if n == 0 { "from" } else { "merge" };
            stream.extend_from_slice(format!("{word} :{}\n", parent + 1).as_bytes());
        }
        stream.extend_from_slice(b"deleteall\n");
        for (path, file) in &commit.tree {
            if file.mode == 0o160_000 {
                let id = String::from_utf8_lossy(&file.content);
                stream.extend_from_slice(format!("M 160000 {id} {path}\n").as_bytes());
                continue;
            }
            let head = format!("M {:o} inline {path}\ndata {}\n", file.mode, file.content.len());
            stream.extend_from_slice(head.as_bytes());
            stream.extend_from_slice(&file.content);
            stream.push(b'\n');
        }
    }
    run(git(dir).args(["fast-import", "--quiet"]).arg(format!("--export-marks={}", marks.display())), &stream);
    let mut ids = vec![None; commits.len()];
    for line in std::fs::read_to_string(&marks).expect("git wrote it").lines() {
        let (mark, id) = line.split_once(' ').expect("mark and id");
        let mark: usize = mark.trim_start_matches(':').parse().expect("a number");
        ids[mark - 1] = ObjectId::from_hex(id.as_bytes());
    }
    ids.into_iter().map(|id| id.expect("every commit was written")).collect()
}
