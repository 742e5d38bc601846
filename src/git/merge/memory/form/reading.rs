//! Lines, overlaps and attributes from bytes. Whatever is not what was written reads as nothing.
//! Must not know: how they are written, what surrounds them, when somebody looks at them.

use std::collections::BTreeMap;

use super::DRIVERS;
use crate::domain::id::ObjectId;
use crate::domain::overlap::PathOverlap;
use crate::domain::path::RepoPath;
use crate::git::attributes::Attributes;
use crate::git::bytes::Reader;
use crate::git::history::Fork;
use crate::git::merge::brought::Account;
use crate::git::merge::evidence::packed;
use crate::git::merge::memory::shelf::Deeds;
use crate::git::merge::walk::Touched;
use crate::git::tree::Entry;

/// Reads on from some place of a part.
pub(in super::super) struct In<'b> {
    pub(in super::super) reader: Reader<'b>,
    pub(in super::super) id_len: usize,
    pub(in super::super) paths: &'b [RepoPath],
}

/// The paths before a part.
pub(in super::super) fn paths(reader: &mut Reader<'_>) -> Option<Vec<RepoPath>> {
    reader.list(|reader| RepoPath::new(reader.bytes()?).ok())
}

#[expect(clippy::option_option, reason = "the outer one says whether it could be read")]
impl<'b> In<'b> {
    pub(in super::super) fn list<T>(&mut self, mut one: impl FnMut(&mut Self) -> Option<T>) -> Option<Vec<T>> {
        let count = self.reader.count()?;
        let mut all = Vec::with_capacity(count);
        for _ in 0..count {
            all.push(one(self)?);
        }
        Some(all)
    }

    pub(super) fn path(&mut self) -> Option<RepoPath> {
        let at = self.path_number()?;
        self.paths.get(at).cloned()
    }

    fn path_number(&mut self) -> Option<usize> {
        usize::try_from(self.reader.number()?).ok()
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

    /// A line in outline, without its place.
    pub(super) fn line(&mut self) -> Option<Account> {
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
        let conflicts = self.list(|from| Some((from.path()?, packed::kind(&mut from.reader)?)))?;
        let renames = self.list(|from| Some((from.path()?, from.path()?)))?;
        Some(Account {
            tip,
            tree,
            judge_unlanded,
            fork,
            own,
            base,
            touched: Vec::new(),
            late: Vec::new(),
            adds,
            by_git,
            conflicts: conflicts.into_iter().collect(),
            complete,
            effective: BTreeMap::new(),
            already,
            unknown: None,
            renames: Some(renames),
            remembered: true,
            outline: None,
        })
    }

    /// What a line did at the paths whose numbers are `wanted`.
    pub(in super::super) fn deeds(&mut self, wanted: impl Fn(usize) -> bool) -> Option<Deeds> {
        let (mut touched, mut effective) = (Vec::new(), Vec::new());
        for _ in 0..self.reader.count()? {
            let (at, base) = (self.path_number()?, self.entry()?);
            let (ours, theirs) = (self.entry_or(base)?, self.entry()?);
            let left = if self.reader.flag()? { Some(self.entry_or(theirs)?) } else { None };
            let path = self.paths.get(at)?;
            if wanted(at) {
                effective.extend(left.map(|entry| (path.clone(), entry)));
                touched.push(Touched { path: path.clone(), base, ours, theirs });
            }
        }
        for _ in 0..self.reader.count()? {
            let (at, entry) = (self.path_number()?, self.entry()?);
            let path = self.paths.get(at)?;
            effective.extend(wanted(at).then(|| (path.clone(), entry)));
        }
        Some((touched, effective.into_iter().collect()))
    }

    pub(in super::super) fn overlap(&mut self) -> Option<PathOverlap> {
        let (path, packed) = self.packed_overlap()?;
        packed::unpack(&mut Reader(packed), path)
    }

    /// An overlap's path and packed form.
    pub(in super::super) fn packed_overlap(&mut self) -> Option<(&'b RepoPath, &'b [u8])> {
        let at = self.path_number()?;
        let path = self.paths.get(at)?;
        Some((path, self.reader.bytes()?))
    }

    pub(super) fn attributes(&mut self) -> Option<Attributes> {
        let driver = *DRIVERS.get(usize::from(self.reader.byte()?))?;
        let mut flag = || self.reader.flag();
        Some(Attributes { driver, custom: flag()?, generated: flag()?, ignored: flag()? })
    }
}
