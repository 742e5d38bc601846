//! Lines, pairs and attributes as bytes, with the paths that they name in a table before them.
//! Must not know: how they are read, what surrounds them.

use std::collections::HashMap;

use foldhash::fast::RandomState;

use super::{DRIVERS, GRADES, KINDS, Placed};
use crate::domain::id::ObjectId;
use crate::domain::overlap::PathOverlap;
use crate::domain::path::RepoPath;
use crate::git::attributes::Attributes;
use crate::git::bytes::Writer;
use crate::git::history::Fork;
use crate::git::merge::landing::Brought;
use crate::git::tree::Entry;

fn place<T: PartialEq>(all: &[T], one: &T) -> u8 {
    u8::try_from(all.iter().position(|other| other == one).unwrap_or(0)).unwrap_or(0)
}

#[derive(Default)]
pub(super) struct Out {
    body: Writer,
    paths: Vec<RepoPath>,
    path_at: HashMap<RepoPath, usize, RandomState>,
    /// By where the path lies in memory: pairs that meet at a path name the very same one.
    same_at: HashMap<usize, usize, RandomState>,
}

impl Out {
    /// All of one kind, with the paths that they name before them.
    pub(super) fn part<T>(all: &[T], one: impl FnMut(&mut Self, &T)) -> Vec<u8> {
        let mut out = Self::default();
        out.all(all, one);
        out.with_paths(&[])
    }

    /// All lines, with the paths that they name before them and, for each, where the lines begin that touched it.
    pub(super) fn lines(all: &[&Brought]) -> Vec<u8> {
        let mut out = Self::default();
        let mut touching: Vec<Vec<usize>> = Vec::new();
        let mut places = Vec::with_capacity(all.len());
        out.all(all, |out, line| {
            out.line(line);
            places.push(out.framed(|out| out.deeds(line)));
        });
        for (line, place) in all.iter().zip(places) {
            for touched in &line.touched {
                let at = out.path_at[&touched.path];
                touching.resize_with(touching.len().max(at + 1), Vec::new);
                touching[at].push(place);
            }
        }
        touching.resize_with(out.paths.len(), Vec::new);
        let mut lists = Writer::default();
        for places in touching {
            let mut list = Writer::default();
            list.count(places.len());
            for place in places {
                list.count(place);
            }
            lists.bytes(&list.0);
        }
        out.with_paths(&lists.0)
    }

    fn all<T>(&mut self, all: &[T], mut one: impl FnMut(&mut Self, &T)) {
        self.count(all.len());
        for item in all {
            one(self, item);
        }
    }

    fn with_paths(self, lists: &[u8]) -> Vec<u8> {
        let mut part = Writer(Vec::with_capacity(self.body.0.len() + self.paths.len() * 64 + lists.len()));
        part.count(self.paths.len());
        for path in &self.paths {
            part.bytes(path.as_bytes());
        }
        part.0.extend_from_slice(&self.body.0);
        part.0.extend_from_slice(lists);
        part.0
    }

    /// Something with its length before it; where it begins.
    fn framed(&mut self, write: impl FnOnce(&mut Self)) -> usize {
        let outer = std::mem::take(&mut self.body);
        write(self);
        let inner = std::mem::replace(&mut self.body, outer);
        self.count(inner.0.len());
        self.body.0.extend_from_slice(&inner.0);
        self.body.0.len() - inner.0.len()
    }

    fn count(&mut self, count: usize) {
        self.body.count(count);
    }

    pub(super) fn path(&mut self, path: &RepoPath) {
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
        self.body.flag(!line.only_modifies());
        self.count(line.touched.len());
    }

    /// What the line did.
    fn deeds(&mut self, line: &Brought) {
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
    }

    fn ids(&mut self, ids: &[ObjectId]) {
        self.count(ids.len());
        for &id in ids {
            self.id(id);
        }
    }

    pub(super) fn pair(&mut self, (a, b, pair): &Placed<'_>) {
        self.count(*a);
        self.count(*b);
        self.body.flag(pair.stacked);
        self.body.0.push(place(&GRADES, &pair.grade));
        self.body.flag(pair.paths.may_block());
        self.framed(|out| {
            out.count(pair.paths.len());
            pair.paths.iter().for_each(|overlap| out.overlap(overlap));
        });
    }

    fn overlap(&mut self, overlap: &PathOverlap) {
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

    pub(super) fn attributes(&mut self, attributes: Attributes) {
        self.body.0.push(place(&DRIVERS, &attributes.driver));
        for flag in [attributes.custom, attributes.generated, attributes.ignored] {
            self.body.flag(flag);
        }
    }
}
