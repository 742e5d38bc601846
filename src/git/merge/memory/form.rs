//! What is remembered as bytes: paths and ids once, in tables, everything else by their numbers.
//! Must not know: when something is remembered, where the bytes are kept.

use std::collections::HashMap;
use std::hash::BuildHasher as _;
use std::thread;

use foldhash::fast::{FixedState, RandomState};

use super::super::super::attributes::{Attributes, ByPath, Driver};
use super::super::super::history::Fork;
use super::super::super::repository::joined;
use super::super::super::tree::Entry;
use super::super::PairAnswer;
use super::super::landing::Brought;
use super::super::walk::Touched;
use super::Memory;
use super::bytes::{Reader, Writer};
use crate::domain::hunk::{LineSpan, Spans};
use crate::domain::id::ObjectId;
use crate::domain::overlap::{ConflictKind, Grade, PathOverlap};
use crate::domain::path::RepoPath;

/// By number as written; never reordered without another format.
const KINDS: [ConflictKind; 12] = [
    ConflictKind::Content,
    ConflictKind::ModifyDelete,
    ConflictKind::AddAdd,
    ConflictKind::RenameRename,
    ConflictKind::RenameDelete,
    ConflictKind::FileDirectory,
    ConflictKind::DirectoryRename,
    ConflictKind::Mode,
    ConflictKind::Submodule,
    ConflictKind::Binary,
    ConflictKind::Symlink,
    ConflictKind::CaseFold,
];
const GRADES: [Grade; 3] = [Grade::Identical, Grade::Disjoint, Grade::Conflict];
const DRIVERS: [Driver; 3] = [Driver::Text, Driver::Union, Driver::Binary];

/// How many bytes the checksum takes.
const CHECKSUM: usize = 8;

/// Pairs with the places of their lines among those written.
type Placed<'a> = (usize, usize, &'a PairAnswer);

/// Lines, pairs and attributes as bytes. `key` says what they hold for.
pub(super) fn write((lines, pairs, attributes): (&[&Brought], &[Placed<'_>], &ByPath), key: &[u8]) -> Vec<u8> {
    let mut attributes: Vec<_> = attributes.iter().collect();
    attributes.sort_unstable_by(|a, b| a.0.cmp(b.0));
    let halves = pairs.split_at(pairs.len() / 2);
    let parts = thread::scope(|scope| {
        let first = scope.spawn(|| Out::part(halves.0, Out::pair));
        let second = scope.spawn(|| Out::part(halves.1, Out::pair));
        let lines = Out::part(lines, |out, line| out.line(line));
        let attributes = Out::part(&attributes, |out, (path, attributes)| {
            out.path(path);
            out.attributes(**attributes);
        });
        [lines, joined(first.join()), joined(second.join()), attributes]
    });
    let mut whole = Writer::default();
    whole.bytes(key);
    for part in parts {
        whole.bytes(&part);
    }
    let sum = checksum(&whole.0);
    whole.0.extend_from_slice(&sum);
    whole.0
}

/// Something remembered, of which the larger parts are still to be read.
pub(super) struct Opened<'b> {
    key: &'b [u8],
    pub(super) attributes: ByPath,
    lines: &'b [u8],
    pairs: [&'b [u8]; 2],
    id_len: usize,
}

/// Begins to read; `None` where it is damaged.
pub(super) fn open(bytes: &[u8], id_len: usize) -> Option<Opened<'_>> {
    let (bytes, sum) = bytes.split_at_checked(bytes.len().checked_sub(CHECKSUM)?)?;
    if checksum(bytes) != *sum {
        return None;
    }
    let mut reader = Reader(bytes);
    let key = reader.bytes().filter(|key| key.starts_with(&super::FORMAT))?;
    let mut part = || reader.bytes();
    let (lines, pairs, attributes) = (part()?, [part()?, part()?], part()?);
    let attributes = In::part(attributes, id_len, |from| Some((from.path()?, from.attributes()?)))?;
    let attributes = ByPath::from_iter(attributes);
    reader.0.is_empty().then_some(Opened { key, attributes, lines, pairs, id_len })
}

impl Opened<'_> {
    /// Reads the rest; `None` where it is damaged.
    pub(super) fn whole(&self) -> Option<Memory> {
        let (first, second, lines) = thread::scope(|scope| {
            let [first, second] = self.pairs.map(|part| scope.spawn(move || In::part(part, self.id_len, In::pair)));
            let lines = In::part(self.lines, self.id_len, In::line);
            (joined(first.join()), joined(second.join()), lines)
        });
        let (mut pairs, lines) = (first?, lines?);
        pairs.extend(second?);
        let in_order = pairs.iter().all(|pair| pair.a < pair.b && pair.b < lines.len());
        let (key, attributes) = (self.key.to_vec(), self.attributes.clone());
        in_order.then_some(Memory { key, lines, pairs, attributes })
    }
}

fn checksum(bytes: &[u8]) -> [u8; CHECKSUM] {
    FixedState::with_seed(0).hash_one(bytes).to_le_bytes()
}

fn place<T: PartialEq>(all: &[T], one: &T) -> u8 {
    u8::try_from(all.iter().position(|other| other == one).unwrap_or(0)).unwrap_or(0)
}

#[derive(Default)]
struct Out {
    body: Writer,
    paths: Vec<RepoPath>,
    path_at: HashMap<RepoPath, usize, RandomState>,
    /// By where the path lies in memory: pairs that meet at a path name the very same one.
    same_at: HashMap<usize, usize, RandomState>,
}

impl Out {
    /// All of one kind, with the paths that they name before them.
    fn part<T>(all: &[T], mut one: impl FnMut(&mut Self, &T)) -> Vec<u8> {
        let mut out = Self::default();
        out.count(all.len());
        for item in all {
            one(&mut out, item);
        }
        let mut part = Writer(Vec::with_capacity(out.body.0.len() + out.paths.len() * 64));
        part.count(out.paths.len());
        for path in &out.paths {
            part.bytes(path.as_bytes());
        }
        part.0.extend_from_slice(&out.body.0);
        part.0
    }

    fn count(&mut self, count: usize) {
        self.body.count(count);
    }

    fn path(&mut self, path: &RepoPath) {
        let at = *self.path_at.entry(path.clone()).or_insert_with(|| {
            self.paths.push(path.clone());
            self.paths.len() - 1
        });
        self.body.count(at);
    }

    fn shared_path(&mut self, path: &RepoPath) {
        let address = path.as_bytes().as_ptr().addr();
        if let Some(&at) = self.same_at.get(&address) {
            self.count(at);
            return;
        }
        // Kept there, it stays where it lies.
        self.paths.push(path.clone());
        self.same_at.insert(address, self.paths.len() - 1);
        self.count(self.paths.len() - 1);
    }

    fn id(&mut self, id: ObjectId) {
        self.body.0.extend_from_slice(id.as_bytes());
    }

    fn maybe_id(&mut self, id: Option<ObjectId>) {
        self.body.flag(id.is_some());
        if let Some(id) = id {
            self.id(id);
        }
    }

    /// No mode is nought.
    fn entry(&mut self, entry: Option<Entry>) {
        self.body.number(entry.map_or(0, |entry| u64::from(entry.mode)));
        if let Some(entry) = entry {
            self.id(entry.id);
        }
    }

    /// One that is mostly another.
    fn entry_or(&mut self, entry: Option<Entry>, usual: Option<Entry>) {
        self.body.flag(entry == usual);
        if entry != usual {
            self.entry(entry);
        }
    }

    fn line(&mut self, line: &Brought) {
        self.id(line.tip);
        self.maybe_id(line.tree);
        self.maybe_id(line.base);
        let forks: &[ObjectId] = match &line.fork {
            Fork::None => &[],
            Fork::One(fork) => std::slice::from_ref(fork),
            Fork::Several(forks) => forks,
        };
        self.ids(forks);
        self.ids(&line.own);
        for flag in [line.judge_unlanded, line.adds, line.by_git, line.complete, line.already] {
            self.body.flag(flag);
        }
        self.count(line.touched.len());
        for touched in &line.touched {
            self.path(&touched.path);
            self.entry(touched.base);
            self.entry_or(touched.ours, touched.base);
            self.entry(touched.theirs);
            let effective = line.effective.get(&touched.path);
            self.body.flag(effective.is_some());
            if let Some(entry) = effective {
                self.entry_or(*entry, touched.theirs);
            }
        }
        let elsewhere: Vec<_> = line.effective.iter().filter(|(path, _)| !line.touches(path)).collect();
        self.count(elsewhere.len());
        for (path, entry) in elsewhere {
            self.path(path);
            self.entry(*entry);
        }
        self.count(line.conflicts.len());
        for (path, kind) in &line.conflicts {
            self.path(path);
            self.body.0.push(place(&KINDS, kind));
        }
        let renames = line.renames.as_deref().unwrap_or_default();
        self.count(renames.len());
        for (from, to) in renames {
            self.path(from);
            self.path(to);
        }
    }

    fn ids(&mut self, ids: &[ObjectId]) {
        self.count(ids.len());
        for &id in ids {
            self.id(id);
        }
    }

    fn pair(&mut self, &(a, b, pair): &Placed<'_>) {
        self.count(a);
        self.count(b);
        self.body.flag(pair.stacked);
        self.body.0.push(place(&GRADES, &pair.grade));
        self.count(pair.paths.len());
        for overlap in &pair.paths {
            self.shared_path(&overlap.path);
            self.body.0.push(place(&GRADES, &overlap.grade));
            self.body.0.push(overlap.kind.map_or(0, |kind| 1 + place(&KINDS, &kind)));
            self.body.flag(overlap.blocks);
            self.body.number(overlap.gap.map_or(0, |gap| 1 + u64::from(gap)));
            for spans in [&overlap.a_lines, &overlap.b_lines, &overlap.a_own, &overlap.b_own] {
                self.count(spans.len());
                for span in spans {
                    self.body.number(u64::from(span.first));
                    self.body.number(u64::from(span.last));
                }
            }
        }
    }

    fn attributes(&mut self, attributes: Attributes) {
        self.body.0.push(place(&DRIVERS, &attributes.driver));
        for flag in [attributes.custom, attributes.generated, attributes.ignored] {
            self.body.flag(flag);
        }
    }
}

struct In<'b> {
    reader: Reader<'b>,
    id_len: usize,
    paths: Vec<RepoPath>,
}

#[expect(clippy::option_option, reason = "the outer one says whether it could be read")]
impl<'b> In<'b> {
    /// All of one kind.
    fn part<T>(bytes: &'b [u8], id_len: usize, one: impl FnMut(&mut Self) -> Option<T>) -> Option<Vec<T>> {
        let mut reader = Reader(bytes);
        let paths = reader.list(|reader| RepoPath::new(reader.bytes()?).ok())?;
        let mut part = Self { reader, id_len, paths };
        let all = part.list(one)?;
        part.reader.0.is_empty().then_some(all)
    }

    fn list<T>(&mut self, mut one: impl FnMut(&mut Self) -> Option<T>) -> Option<Vec<T>> {
        let count = self.reader.count()?;
        let mut all = Vec::with_capacity(count);
        for _ in 0..count {
            all.push(one(self)?);
        }
        Some(all)
    }

    fn path(&mut self) -> Option<RepoPath> {
        let at = usize::try_from(self.reader.number()?).ok()?;
        self.paths.get(at).cloned()
    }

    fn id(&mut self) -> Option<ObjectId> {
        self.reader.id(self.id_len)
    }

    fn maybe_id(&mut self) -> Option<Option<ObjectId>> {
        if self.reader.flag()? { self.id().map(Some) } else { Some(None) }
    }

    fn entry(&mut self) -> Option<Option<Entry>> {
        match self.reader.small()? {
            0 => Some(None),
            mode => Some(Some(Entry { mode, id: self.id()? })),
        }
    }

    fn entry_or(&mut self, usual: Option<Entry>) -> Option<Option<Entry>> {
        if self.reader.flag()? { Some(usual) } else { self.entry() }
    }

    fn kind(&mut self) -> Option<ConflictKind> {
        KINDS.get(usize::from(self.reader.byte()?)).copied()
    }

    fn grade(&mut self) -> Option<Grade> {
        GRADES.get(usize::from(self.reader.byte()?)).copied()
    }

    fn line(&mut self) -> Option<Brought> {
        let (tip, tree, base) = (self.id()?, self.maybe_id()?, self.maybe_id()?);
        let mut forks = self.list(Self::id)?;
        let fork = match forks.len() {
            0 => Fork::None,
            1 => Fork::One(forks.remove(0)),
            _ => Fork::Several(forks),
        };
        let own = self.list(Self::id)?;
        let mut flag = || self.reader.flag();
        let (judge_unlanded, adds, by_git, complete, already) = (flag()?, flag()?, flag()?, flag()?, flag()?);
        let mut effective = Vec::new();
        let touched = self.list(|from| {
            let (path, base) = (from.path()?, from.entry()?);
            let (ours, theirs) = (from.entry_or(base)?, from.entry()?);
            if from.reader.flag()? {
                effective.push((path.clone(), from.entry_or(theirs)?));
            }
            Some(Touched { path, base, ours, theirs })
        })?;
        effective.extend(self.list(|from| Some((from.path()?, from.entry()?)))?);
        let conflicts = self.list(|from| Some((from.path()?, from.kind()?)))?;
        let renames = self.list(|from| Some((from.path()?, from.path()?)))?;
        Some(Brought {
            tip,
            tree,
            judge_unlanded,
            fork,
            own,
            base,
            touched,
            adds,
            by_git,
            conflicts: conflicts.into_iter().collect(),
            complete,
            effective: effective.into_iter().collect(),
            already,
            unknown: None,
            renames: Some(renames),
            remembered: true,
        })
    }

    fn pair(&mut self) -> Option<PairAnswer> {
        let (a, b) = (self.reader.small()? as usize, self.reader.small()? as usize);
        let (stacked, grade) = (self.reader.flag()?, self.grade()?);
        let paths = self.list(Self::overlap)?;
        Some(PairAnswer { a, b, stacked, grade, paths, unknown: None })
    }

    fn overlap(&mut self) -> Option<PathOverlap> {
        let (path, grade) = (self.path()?, self.grade()?);
        let kind = match self.reader.byte()? {
            0 => None,
            kind => Some(*KINDS.get(usize::from(kind) - 1)?),
        };
        let blocks = self.reader.flag()?;
        let gap = self.reader.small()?.checked_sub(1);
        let (a_lines, b_lines, a_own, b_own) = (self.spans()?, self.spans()?, self.spans()?, self.spans()?);
        Some(PathOverlap { path, grade, kind, blocks, a_lines, b_lines, a_own, b_own, gap })
    }

    fn spans(&mut self) -> Option<Spans> {
        let count = self.reader.count()?;
        let mut spans = Spans::with_capacity(count);
        for _ in 0..count {
            spans.push(LineSpan { first: self.reader.small()?, last: self.reader.small()? });
        }
        Some(spans)
    }

    fn attributes(&mut self) -> Option<Attributes> {
        let driver = *DRIVERS.get(usize::from(self.reader.byte()?))?;
        let mut flag = || self.reader.flag();
        Some(Attributes { driver, custom: flag()?, generated: flag()?, ignored: flag()? })
    }
}
