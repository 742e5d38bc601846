//! What is remembered as bytes: paths and ids once, in tables, everything else by their numbers.
//! Must not know: when something is remembered, where the bytes are kept.

use std::collections::HashMap;
use std::hash::BuildHasher as _;

use foldhash::fast::{FixedState, RandomState};

use super::super::super::attributes::{Attributes, ByPath, Driver};
use super::super::super::history::Fork;
use super::super::super::id_map::IdMap;
use super::super::super::tree::{Entry, TreeChange};
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
    let mut out = Out::default();
    out.count(lines.len());
    for line in lines {
        out.line(line);
    }
    out.count(pairs.len());
    for pair in pairs {
        out.pair(pair);
    }
    let mut paths: Vec<_> = attributes.iter().collect();
    paths.sort_unstable_by(|a, b| a.0.cmp(b.0));
    out.count(paths.len());
    for (path, attributes) in paths {
        out.path(path);
        out.attributes(*attributes);
    }
    let mut whole = Writer::default();
    whole.bytes(key);
    whole.count(out.paths.len());
    for path in &out.paths {
        whole.bytes(path.as_bytes());
    }
    whole.count(out.ids.len());
    for id in &out.ids {
        whole.0.extend_from_slice(id.as_bytes());
    }
    whole.0.extend_from_slice(&out.body.0);
    let sum = checksum(&whole.0);
    whole.0.extend_from_slice(&sum);
    whole.0
}

/// Reads it; `None` where it is damaged.
pub(super) fn read(bytes: &[u8], id_len: usize) -> Option<Memory> {
    let (bytes, sum) = bytes.split_at_checked(bytes.len().checked_sub(CHECKSUM)?)?;
    if checksum(bytes) != *sum {
        return None;
    }
    let mut reader = Reader(bytes);
    let key = reader.bytes()?.to_vec();
    if !key.starts_with(&super::FORMAT) {
        return None;
    }
    let paths = reader.list(|reader| RepoPath::new(reader.bytes()?).ok())?;
    let ids = reader.list(|reader| reader.id(id_len))?;
    let mut from = In { reader, paths, ids };
    let lines = from.list(In::line)?;
    let pairs = from.list(In::pair)?;
    let attributes = from.list(|from| Some((from.path()?, from.attributes()?)))?;
    let in_order = pairs.iter().all(|pair| pair.a < pair.b && pair.b < lines.len());
    (in_order && from.reader.0.is_empty()).then(|| Memory {
        key,
        lines,
        pairs,
        attributes: ByPath::from_iter(attributes),
    })
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
    ids: Vec<ObjectId>,
    id_at: IdMap<usize>,
}

impl Out {
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

    fn id(&mut self, id: ObjectId) {
        let at = *self.id_at.entry(id).or_insert_with(|| {
            self.ids.push(id);
            self.ids.len() - 1
        });
        self.body.count(at);
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
            for entry in [touched.base, touched.ours, touched.theirs] {
                self.entry(entry);
            }
        }
        self.count(line.effective.len());
        for (path, entry) in &line.effective {
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
            self.path(&overlap.path);
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
    paths: Vec<RepoPath>,
    ids: Vec<ObjectId>,
}

#[expect(clippy::option_option, reason = "the outer one says whether it could be read")]
impl In<'_> {
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
        let at = usize::try_from(self.reader.number()?).ok()?;
        self.ids.get(at).copied()
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
        let touched = self.list(|from| {
            let path = from.path()?;
            Some(Touched { path, base: from.entry()?, ours: from.entry()?, theirs: from.entry()? })
        })?;
        let effective = self.list(|from| Some((from.path()?, from.entry()?)))?;
        let conflicts = self.list(|from| Some((from.path()?, from.kind()?)))?;
        let renames = self.list(|from| Some((from.path()?, from.path()?)))?;
        let change = |t: &Touched| TreeChange { path: t.path.clone(), before: t.base, after: t.theirs };
        Some(Brought {
            tip,
            tree,
            judge_unlanded,
            fork,
            own,
            base,
            changes: touched.iter().map(change).collect(),
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
