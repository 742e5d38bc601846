//! Asking git itself to merge: all cases of a question in one process, which writes to the objects' annex only.
//! Must not know: which cases are asked, what is done with the answers.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::path::Path;

use super::error::Error;
use super::objects::{ObjectStore, Objects};
use super::program::{Git, Output};
use super::tree::Entry;
use crate::domain::id::ObjectId;
use crate::domain::overlap::ConflictKind;
use crate::domain::path::RepoPath;

/// What a merge of two commits gave.
#[derive(Clone, Debug)]
pub struct Merged {
    /// Whether it stopped nowhere.
    pub clean: bool,
    /// The merged tree, with conflict markers where it is not clean.
    pub tree: ObjectId,
    /// The paths that stopped it.
    pub conflicts: Vec<Conflicted>,
}

/// One path that stopped a merge.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Conflicted {
    /// The path; where git moved a side out of the way, the path it was moved from.
    pub path: RepoPath,
    /// Why.
    pub kind: ConflictKind,
    /// What base, first and second side have there.
    pub stages: [Option<Entry>; 3],
    /// The other paths that git named in the same breath: the old name of a rename, the old directory.
    pub related: Vec<RepoPath>,
}

impl Conflicted {
    /// The path, and those named with it.
    pub fn names(&self) -> impl Iterator<Item = &RepoPath> {
        std::iter::once(&self.path).chain(&self.related)
    }

    /// Whether it came about at one of these paths, because a directory of theirs moved, or because one with this
    /// content at the base moved.
    pub fn concerns(&self, paths: &BTreeSet<RepoPath>, bases: &BTreeSet<ObjectId>) -> bool {
        if self.stages[0].is_some_and(|base| bases.contains(&base.id)) {
            return true;
        }
        let beside = |name: &RepoPath| {
            let dir = name.parent();
            dir.is_some_and(|dir| paths.iter().any(|path| path.is_within(&dir)))
        };
        let moved = self.kind == ConflictKind::DirectoryRename;
        let in_the_way =
            |name: &RepoPath| self.kind == ConflictKind::FileDirectory && paths.iter().any(|path| path.is_within(name));
        self.names().any(|name| paths.contains(name) || moved && beside(name) || in_the_way(name))
    }
}

/// Merges each pair with the attributes of `attributes`, in one process as long as git gets through. A pair that git
/// cannot merge is an error of its own; it is never taken for clean.
pub fn merge(asked: &Asked<'_>, pairs: &[(ObjectId, ObjectId)]) -> Result<Vec<Result<Merged, Error>>, Error> {
    asked.objects.spill(asked.objects.annex()?)?;
    let mut answers = Vec::with_capacity(pairs.len());
    let (mut source, mut batch) = (true, pairs.len());
    while answers.len() < pairs.len() {
        let left = &pairs[answers.len()..];
        let left = &left[..left.len().min(batch)];
        let output = run(asked, left, source)?;
        if output.code == 129 && source {
            // Git before 2.41 does not know --attr-source.
            source = false;
            continue;
        }
        let done = parse(&output.stdout, left);
        let complete = done.len() == left.len();
        if !complete && output.code == KILLED && left.len() > 1 {
            // What it had not written yet is lost with it, so which pair it was has to be found out.
            batch = left.len() / 2;
            continue;
        }
        answers.extend(done.into_iter().map(Ok));
        if !complete {
            // Git gave up on the first pair it did not answer.
            answers.push(Err(output.failed("merge-tree".to_owned(), asked.repository.to_owned())));
            batch = pairs.len();
        }
    }
    Ok(answers)
}

fn run(asked: &Asked<'_>, pairs: &[(ObjectId, ObjectId)], source: bool) -> Result<Output, Error> {
    // Named, as git may be told not to take a bare repository by its place (safe.bareRepository).
    let mut git_dir = OsString::from("--git-dir=");
    git_dir.push(asked.repository);
    let mut options = vec![git_dir];
    if source {
        options.push(format!("--attr-source={}", asked.attributes).into());
    }
    let stdin: Vec<String> = pairs.iter().map(|(ours, theirs)| format!("{ours} {theirs}\n")).collect();
    let call = asked.git.call_with(asked.repository, &options, "merge-tree");
    // Never --quiet: it calls real conflicts clean.
    let call = call.args(["--write-tree", "--stdin", "-z", "--messages"]);
    let call = call.env("GIT_OBJECT_DIRECTORY", asked.objects.annex()?);
    let mut alternates = quoted(&asked.store.objects_dir);
    for dir in asked.objects.further() {
        alternates.push(":");
        alternates.push(quoted(dir));
    }
    call.env("GIT_ALTERNATE_OBJECT_DIRECTORIES", alternates).stdin(stdin.concat().into_bytes()).output()
}

/// The code of a child that a signal ended: git has assertions that fail.
const KILLED: i32 = -1;

/// Where and with what git is asked.
#[derive(Clone, Copy, Debug)]
pub struct Asked<'a> {
    /// The program, with merge drivers disarmed.
    pub git: &'a Git,
    /// The common git dir.
    pub repository: &'a Path,
    /// The repository's objects.
    pub store: &'a ObjectStore,
    /// Those in memory, which git gets to read too. What it writes is found there.
    pub objects: &'a Objects,
    /// The tree or commit whose attributes count.
    pub attributes: ObjectId,
}

/// Git splits the list of directories at `:` unless a name is in double quotes.
fn quoted(dir: &Path) -> OsString {
    match dir.to_str() {
        Some(text) if text.contains([':', '"', '\\', '\n']) => {
            format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")).into()
        }
        _ => dir.into(),
    }
}

/// Reads as many whole answers as there are.
fn parse(stdout: &[u8], pairs: &[(ObjectId, ObjectId)]) -> Vec<Merged> {
    let mut fields = stdout.split(|&b| b == 0);
    pairs.iter().map_while(|pair| parse_one(&mut fields, pair)).collect()
}

/// One answer: `1` or `0`, the tree, the stages up to an empty field, the messages up to an empty field.
fn parse_one<'a>(fields: &mut impl Iterator<Item = &'a [u8]>, pair: &(ObjectId, ObjectId)) -> Option<Merged> {
    let clean = match fields.next()? {
        b"1" => true,
        b"0" => false,
        _ => return None,
    };
    let tree = ObjectId::from_hex(fields.next()?)?;
    let mut found = Conflicts::new(pair);
    loop {
        match fields.next()? {
            b"" => break,
            stage => found.stage(stage)?,
        }
    }
    loop {
        let count = match fields.next()? {
            b"" => break,
            count => std::str::from_utf8(count).ok()?.parse::<usize>().ok()?,
        };
        let paths: Vec<&[u8]> = (0..count).map(|_| fields.next()).collect::<Option<_>>()?;
        let kind = fields.next()?;
        fields.next()?;
        found.message(&paths, kind);
    }
    Some(Merged { clean, tree, conflicts: found.finish() })
}

/// The paths of one answer while it is read.
struct Conflicts {
    /// What git appends to the name of a side that is in the way.
    suffixes: [String; 2],
    list: Vec<Conflicted>,
    kinds: Vec<(Vec<RepoPath>, ConflictKind)>,
}

impl Conflicts {
    fn new((ours, theirs): &(ObjectId, ObjectId)) -> Self {
        Self { suffixes: [format!("~{ours}"), format!("~{theirs}")], list: Vec::new(), kinds: Vec::new() }
    }

    fn stage(&mut self, line: &[u8]) -> Option<()> {
        let tab = line.iter().position(|&b| b == b'\t')?;
        let mut words = std::str::from_utf8(&line[..tab]).ok()?.split(' ');
        let mode = u32::from_str_radix(words.next()?, 8).ok()?;
        let id = ObjectId::from_hex(words.next()?.as_bytes())?;
        let stage: usize = words.next()?.parse().ok()?;
        let path = self.real_path(&line[tab + 1..])?;
        let known = self.list.iter().position(|known| known.path == path);
        let place = known.unwrap_or(self.list.len());
        if known.is_none() {
            let kind = ConflictKind::Content;
            self.list.push(Conflicted { path, kind, stages: [None; 3], related: Vec::new() });
        }
        *self.list[place].stages.get_mut(stage.checked_sub(1)?)? = Some(Entry { mode, id });
        Some(())
    }

    /// Without the `~COMMIT` (and `_1`, where that was taken) that git appends to move a side out of the way.
    fn real_path(&self, name: &[u8]) -> Option<RepoPath> {
        let text = name.rsplitn(2, |&b| b == b'~').collect::<Vec<_>>();
        if let [last, first] = text[..] {
            let digits = last.iter().rposition(|&b| b == b'_').map_or(last, |at| &last[..at]);
            if self.suffixes.iter().any(|suffix| [b"~", digits].concat() == suffix.as_bytes()) {
                return RepoPath::new(first).ok();
            }
        }
        RepoPath::new(name).ok()
    }

    fn message(&mut self, paths: &[&[u8]], kind: &[u8]) {
        let Some(kind) = kind_of(kind) else { return };
        let paths = paths.iter().filter_map(|path| self.real_path(path)).collect();
        self.kinds.push((paths, kind));
    }

    fn finish(self) -> Vec<Conflicted> {
        let mut list = self.list;
        for conflicted in &mut list {
            let named = |paths: &Vec<RepoPath>| paths.contains(&conflicted.path);
            let said: Vec<_> = self.kinds.iter().filter(|(paths, _)| named(paths)).collect();
            let first = said.iter().find(|(paths, _)| paths.first() == Some(&conflicted.path)).or(said.first());
            conflicted.kind = match first {
                Some((_, kind)) => refine(*kind, &conflicted.stages),
                None => by_stages(&conflicted.stages),
            };
            conflicted.related = said.iter().flat_map(|(paths, _)| paths).cloned().collect();
            conflicted.related.retain(|path| *path != conflicted.path);
            conflicted.related.sort();
            conflicted.related.dedup();
        }
        list.sort_by(|a, b| a.path.cmp(&b.path));
        list
    }
}

/// The kind behind git's word for it; `None` for what is no conflict.
fn kind_of(word: &[u8]) -> Option<ConflictKind> {
    let word = String::from_utf8_lossy(word);
    let kinds = [
        ("directory rename", ConflictKind::DirectoryRename),
        ("binary", ConflictKind::Binary),
        ("file/directory", ConflictKind::FileDirectory),
        ("distinct", ConflictKind::Mode),
        ("modify/delete", ConflictKind::ModifyDelete),
        ("rename/delete", ConflictKind::RenameDelete),
        ("rename", ConflictKind::RenameRename),
        ("submodule", ConflictKind::Submodule),
        ("contents", ConflictKind::Content),
    ];
    let conflict = word.starts_with("CONFLICT");
    kinds.into_iter().find(|(part, _)| conflict && word.contains(part)).map(|(_, kind)| kind)
}

/// Git says "contents" of additions and links too.
fn refine(kind: ConflictKind, stages: &[Option<Entry>; 3]) -> ConflictKind {
    match stages {
        _ if kind != ConflictKind::Content => kind,
        [_, Some(ours), Some(theirs)] if ours.mode == super::tree::LINK && theirs.mode == ours.mode => {
            ConflictKind::Symlink
        }
        [None, Some(_), Some(_)] => ConflictKind::AddAdd,
        [Some(_), Some(ours), Some(theirs)] if ours.id == theirs.id => ConflictKind::Mode,
        _ => kind,
    }
}

fn by_stages(stages: &[Option<Entry>; 3]) -> ConflictKind {
    match stages {
        [None, Some(_), Some(_)] => ConflictKind::AddAdd,
        [Some(_), None, Some(_)] | [Some(_), Some(_), None] => ConflictKind::ModifyDelete,
        [None, _, _] | [Some(_), None, None] => ConflictKind::RenameRename,
        _ => ConflictKind::Content,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(digit: &str) -> ObjectId {
        ObjectId::from_hex(digit.repeat(40).as_bytes()).expect("forty digits")
    }

    #[test]
    fn answers_are_read_to_the_last_whole_one() {
        let pairs = [(id("a"), id("b")), (id("c"), id("d")), (id("e"), id("f"))];
        let conflict = format!(
            "0\0{t}\x00100644 {x} 1\tdir/f\x00100644 {x} 2\tdir/f\x00100644 {y} 3\tdir/f~{b}_0\0\0\
             1\0dir/f\0Auto-merging\0Auto-merging dir/f\n\x002\0dir/f\0old/f\0CONFLICT (contents)\0text\n\0\0",
            t = id("1"),
            x = id("2"),
            y = id("3"),
            b = id("d"),
        );
        let text = format!("1\0{}\0\0\0{conflict}0\0{}\x00100644 ", id("1"), id("1"));
        let answers = parse(text.as_bytes(), &pairs);
        assert_eq!(answers.len(), 2);
        assert!(answers[0].clean && answers[0].conflicts.is_empty());
        let path = RepoPath::new("dir/f").expect("a valid path");
        assert_eq!(answers[1].conflicts.len(), 1);
        assert_eq!(answers[1].conflicts[0].path, path);
        assert_eq!(answers[1].conflicts[0].kind, ConflictKind::Content);
        assert_eq!(answers[1].conflicts[0].related, [RepoPath::new("old/f").expect("a valid path")]);
        assert!(answers[1].conflicts[0].stages.iter().all(Option::is_some));
    }

    #[test]
    fn directories_with_odd_names_are_quoted() {
        assert_eq!(quoted(Path::new("/a b/c")), "/a b/c");
        assert_eq!(quoted(Path::new("/a:b/\"c")), "\"/a:b/\\\"c\"");
    }
}
