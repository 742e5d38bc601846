//! What is staged, as coord reads it from the index itself, against `git diff-index` on the same index: random states in
//! every version and format. Where coord says nothing of an index git is asked, so that may only be where it must.

use std::fs;
use std::path::Path;
use std::process::Command;

use coord::domain::id::ObjectId;
use coord::git::index;
use coord::git::objects::{ObjectFormat, ObjectStore, Objects};
use coord::git::tree::TreeChange;
use tempfile::TempDir;

struct Repo {
    dir: TempDir,
    format: ObjectFormat,
}

impl Repo {
    fn new(format: ObjectFormat, version: u32) -> Self {
        let repo = Self { dir: tempfile::tempdir().expect("a temporary directory"), format };
        let name = if format == ObjectFormat::Sha1 { "sha1" } else { "sha256" };
        repo.git(&["init", "-q", "-b", "main", "--template=", &format!("--object-format={name}")]);
        repo.git(&["config", "index.version", &version.to_string()]);
        repo
    }

    fn path(&self) -> &Path {
        self.dir.path()
    }

    fn git(&self, args: &[&str]) -> Vec<u8> {
        let mut command = Command::new("git");
        command.args(args).current_dir(self.path()).env("GIT_CONFIG_NOSYSTEM", "1");
        for (name, value) in [("GIT_CONFIG_GLOBAL", "/dev/null"), ("GIT_AUTHOR_NAME", "A"), ("GIT_COMMITTER_NAME", "A")]
        {
            command.env(name, value);
        }
        command.env("GIT_AUTHOR_EMAIL", "a@b").env("GIT_COMMITTER_EMAIL", "a@b");
        let output = command.output().expect("git starts");
        assert!(output.status.success(), "git {args:?}: {}", String::from_utf8_lossy(&output.stderr));
        output.stdout
    }

    fn write(&self, path: &str, text: &str) {
        let path = self.path().join(path);
        fs::create_dir_all(path.parent().expect("it has one")).expect("a writable directory");
        fs::write(path, text).expect("a writable file");
    }

    /// What coord reads; `None` where it leaves the index to git.
    fn read(&self) -> Option<Vec<String>> {
        let store = ObjectStore { objects_dir: self.path().join(".git/objects"), format: self.format };
        let objects = Objects::open(&store).expect("the objects are readable");
        let tree = self.git(&["rev-parse", "HEAD^{tree}"]);
        let tree = ObjectId::from_hex(tree.trim_ascii_end()).expect("a whole id");
        let index = self.path().join(".git/index");
        let changes = index::staged(&objects, &index, Some(tree)).expect("the trees are readable");
        changes.map(|changes| changes.iter().map(line).collect())
    }

    /// What git says.
    fn told(&self) -> Vec<String> {
        let answer = self.git(&["diff-index", "--cached", "--raw", "-z", "--no-abbrev", "--no-renames", "HEAD", "--"]);
        let text = String::from_utf8(answer).expect("names of these tests are ASCII");
        let fields: Vec<&str> = text.split('\0').collect();
        let mut lines: Vec<(&str, String)> = fields
            .chunks_exact(2)
            .map(|pair| (pair[1], format!("{} {}", &pair[0][1..pair[0].len() - 2], pair[1])))
            .collect();
        lines.sort();
        lines.into_iter().map(|(_, line)| line).collect()
    }
}

fn line(change: &TreeChange) -> String {
    let zero = "0".repeat(change.after.or(change.before).expect("one of them").id.to_string().len());
    let mode = |entry: Option<coord::git::tree::Entry>| entry.map_or(0, |entry| entry.mode);
    let id = |entry: Option<coord::git::tree::Entry>| entry.map_or(zero.clone(), |entry| entry.id.to_string());
    let (before, after) = (change.before, change.after);
    format!(
        "{:06o} {:06o} {} {} {}",
        mode(before),
        mode(after),
        id(before),
        id(after),
        String::from_utf8_lossy(change.path.as_bytes())
    )
}

/// A small generator, so that a failure can be had again.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).expect("31 bits") % sides
    }
}

/// Names that git orders in ways that are easy to get wrong: `a.b` stands before `a/x`, `a0` after it.
fn name(dice: &mut Dice) -> String {
    const PARTS: &[&str] = &["a", "a.b", "a0", "b", "b-c", "lib", "lib.d", "x"];
    let depth = 1 + dice.roll(3);
    let folders: Vec<&str> = (0..depth).map(|_| PARTS[dice.roll(PARTS.len())]).collect();
    let mut name = format!("{}/f{}", folders.join("/"), dice.roll(4));
    if dice.roll(12) == 0 {
        name = format!("{}/{}", "long".repeat(30), name.replace('/', &format!("{}/", "n".repeat(90))));
    }
    name
}

fn step(repo: &Repo, dice: &mut Dice) {
    let path = name(dice);
    match dice.roll(12) {
        0 => drop(repo.git(&[
            "rm",
            "-rq",
            "--cached",
            "--ignore-unmatch",
            "--",
            path.split('/').next().expect("a part"),
        ])),
        1 => drop(repo.git(&["rm", "-q", "--cached", "--ignore-unmatch", "--", &path])),
        2 => {
            let id = repo.git(&["hash-object", "-w", "--stdin"]);
            let id = String::from_utf8(id).expect("hexadecimal");
            let mode = ["100755", "120000", "160000"][dice.roll(3)];
            // Where a folder stands in the way the entry replaces it, and the other way round.
            repo.git(&["update-index", "--add", "--replace", "--cacheinfo", &format!("{mode},{},{path}", id.trim())]);
        }
        3 => drop(repo.git(&["commit", "-q", "--allow-empty", "-m", "Go on"])),
        4 => drop(repo.git(&["read-tree", "HEAD"])),
        _ => {
            let id = repo.git(&["rev-parse", "HEAD"]);
            let blob = format!("{}{}", String::from_utf8_lossy(&id), dice.roll(9));
            repo.write(".git/content", &blob);
            let id = repo.git(&["hash-object", "-w", ".git/content"]);
            let info = format!("100644,{},{path}", String::from_utf8_lossy(&id).trim());
            repo.git(&["update-index", "--add", "--replace", "--cacheinfo", &info]);
        }
    }
}

#[test]
fn random_states_of_the_index_are_read_as_git_reads_them() {
    let mut differing = 0;
    for (format, version) in
        [(ObjectFormat::Sha1, 2), (ObjectFormat::Sha1, 3), (ObjectFormat::Sha1, 4), (ObjectFormat::Sha256, 4)]
    {
        let mut dice = Dice(u64::from(version) + 7);
        let repo = Repo::new(format, version);
        repo.git(&["commit", "-q", "--allow-empty", "-m", "Begin"]);
        for n in 0..80 {
            step(&repo, &mut dice);
            if repo.path().join(".git/index").exists() {
                let told = repo.told();
                assert_eq!(repo.read().expect("a plain index"), told, "{format:?}, version {version}, step {n}");
                differing += usize::from(!told.is_empty());
            }
        }
    }
    assert!(differing > 100, "only {differing} states differed from HEAD");
}

#[test]
fn folders_that_did_not_change_are_stepped_over_without_their_trees() {
    let repo = Repo::new(ObjectFormat::Sha1, 2);
    for n in 0..40 {
        repo.write(&format!("d{}/e/f{n}", n % 5), &n.to_string());
    }
    repo.git(&["add", "."]);
    repo.git(&["commit", "-q", "-m", "Begin"]);
    repo.write("d3/e/f3", "changed");
    // By name, as git doubts all the other files too, which are as young as the index.
    repo.git(&["add", "d3/e/f3"]);
    // Without the trees that are equal it still can be told.
    for folder in ["d0/e", "d1/e", "d2/e", "d4/e"] {
        let id = repo.git(&["rev-parse", &format!("HEAD:{folder}")]);
        let id = String::from_utf8(id).expect("hexadecimal");
        fs::remove_file(repo.path().join(".git/objects").join(&id[..2]).join(id[2..].trim())).expect("a loose object");
    }
    let read = repo.read().expect("a plain index");
    assert_eq!(read.len(), 1, "{read:?}");
    assert!(read[0].ends_with(" d3/e/f3"));
}

#[test]
fn an_index_that_is_not_plain_is_left_to_git() {
    let repo = Repo::new(ObjectFormat::Sha1, 2);
    repo.write("d/a", "1\n");
    repo.write("b", "1\n");
    repo.git(&["add", "."]);
    repo.git(&["commit", "-q", "-m", "Begin"]);
    assert_eq!(repo.read(), Some(Vec::new()));

    repo.write("new", "1\n");
    repo.git(&["add", "-N", "new"]);
    assert_eq!(repo.read(), None, "announced");
    repo.git(&["rm", "-q", "--cached", "-f", "new"]);

    repo.git(&["update-index", "--split-index"]);
    assert_eq!(repo.read(), None, "split");
    repo.git(&["update-index", "--no-split-index"]);
    assert_eq!(repo.read(), Some(Vec::new()));

    repo.git(&["sparse-checkout", "set", "--cone", "--sparse-index", "e"]);
    assert_eq!(repo.read(), None, "sparse");
    repo.git(&["sparse-checkout", "disable"]);

    let index = repo.path().join(".git/index");
    let whole = fs::read(&index).expect("it is there");
    for cut in [0, 4, 11, 12, 40, 90, whole.len() - 21] {
        fs::write(&index, &whole[..cut]).expect("writable");
        assert_eq!(repo.read(), None, "cut at {cut}");
    }
    for at in 0..whole.len() {
        let mut damaged = whole.clone();
        damaged[at] ^= 0xff;
        fs::write(&index, &damaged).expect("writable");
        // Whatever it says of it, it ends.
        repo.read();
    }
}
