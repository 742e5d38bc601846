//! Lines, pairs and attributes as bytes, with the paths that they name in a table before them.
//! Must not know: how they are read, what surrounds them.

use std::collections::HashMap;

use foldhash::fast::RandomState;

use super::{DRIVERS, Piece, Placed, Standing};
use crate::domain::id::ObjectId;
use crate::domain::path::RepoPath;
use crate::git::attributes::Attributes;
use crate::git::bytes::Writer;
use crate::git::merge::brought::Brought;
use crate::git::merge::evidence::packed;
use crate::git::merge::memory::unread::{CLEAN, Row};
use crate::git::tree::Entry;

#[derive(Default)]
pub(super) struct Out {
    body: Writer,
    /// Room for what is written with its length before it.
    frame: Writer,
    paths: Vec<RepoPath>,
    path_at: HashMap<RepoPath, usize, RandomState>,
    /// By where the path lies in memory: pairs that meet at a path name the very same one.
    same_at: HashMap<usize, usize, RandomState>,
    /// By path, where the lines begin that touched it.
    touching: Vec<Vec<usize>>,
}

/// So many bytes the outlines of pairs and their overlaps take, or a little more.
const A_PAIR: usize = 40;

/// The like of what is known of a line's pairs.
const A_ROW: usize = 10;

/// The like of a touched path.
const A_TOUCH: usize = 56;

impl Out {
    /// All of one kind, with the paths that they name before them.
    pub(super) fn part<T>(all: &[T], mut one: impl FnMut(&mut Self, &T)) -> Piece {
        let mut out = Self::with_room(all.len() * A_PAIR);
        out.count(all.len());
        for item in all {
            one(&mut out, item);
        }
        out.with_paths()
    }

    /// All lines, with the paths that they name before them and, for each, where the lines begin that touched it.
    pub(super) fn lines(all: &[&Brought]) -> Piece {
        let mut out = Self::with_room(all.iter().map(|line| (line.touched.len() + 2) * A_TOUCH).sum());
        out.count(all.len());
        let mut touched = Vec::new();
        for line in all {
            out.line(line);
            touched.clear();
            let place = out.framed(|out| out.deeds(line, &mut touched));
            out.touching.resize_with(out.paths.len(), Vec::new);
            for &at in &touched {
                out.touching[at].push(place);
            }
        }
        for places in std::mem::take(&mut out.touching) {
            out.framed(|out| {
                out.count(places.len());
                for place in places {
                    out.count(place);
                }
            });
        }
        out.with_paths()
    }

    fn with_room(bytes: usize) -> Self {
        Self { body: Writer(Vec::with_capacity(bytes)), ..Self::default() }
    }

    fn with_paths(self) -> Piece {
        let room = self.paths.iter().map(|path| path.as_bytes().len() + 4).sum::<usize>();
        let mut table = Writer(Vec::with_capacity(room + 8));
        table.count(self.paths.len());
        for path in &self.paths {
            table.bytes(path.as_bytes());
        }
        Piece { table: table.0, body: self.body.0 }
    }

    /// Something with its length before it; where it begins.
    fn framed(&mut self, write: impl FnOnce(&mut Self)) -> usize {
        std::mem::swap(&mut self.body, &mut self.frame);
        write(self);
        std::mem::swap(&mut self.body, &mut self.frame);
        self.body.count(self.frame.0.len());
        let place = self.body.0.len();
        self.body.0.append(&mut self.frame.0);
        place
    }

    fn count(&mut self, count: usize) {
        self.body.count(count);
    }

    pub(super) fn path(&mut self, path: &RepoPath) {
        let at = self.path_number(path);
        self.count(at);
    }

    fn path_number(&mut self, path: &RepoPath) -> usize {
        if let Some(&at) = self.path_at.get(path) {
            return at;
        }
        self.paths.push(path.clone());
        self.path_at.insert(path.clone(), self.paths.len() - 1);
        self.paths.len() - 1
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
        self.ids(line.fork.commits());
        self.ids(&line.own);
        for flag in [line.judge_unlanded, line.adds, line.by_git, line.complete, line.already] {
            self.body.flag(flag);
        }
        self.count(line.conflicts.len());
        for (path, kind) in &line.conflicts {
            self.path(path);
            packed::put_kind(*kind, &mut self.body);
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

    /// What the line did, and the numbers of the paths that it touched.
    fn deeds(&mut self, line: &Brought, numbers: &mut Vec<usize>) {
        let mut effective = line.effective.iter().peekable();
        let mut elsewhere = Vec::new();
        self.count(line.touched.len());
        for touched in &line.touched {
            while let Some(before) = effective.next_if(|(path, _)| **path < touched.path) {
                elsewhere.push(before);
            }
            let number = self.path_number(&touched.path);
            numbers.push(number);
            self.count(number);
            self.entry(touched.base);
            self.entry_or(touched.ours, touched.base);
            self.entry(touched.theirs);
            let here = effective.next_if(|(path, _)| **path == touched.path);
            self.body.flag(here.is_some());
            if let Some((_, entry)) = here {
                self.entry_or(*entry, touched.theirs);
            }
        }
        elsewhere.extend(effective);
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

    pub(super) fn pair(&mut self, ((a, b), pair): &Placed<'_>) {
        self.count(*a);
        self.count(*b);
        self.body.flag(pair.stacked());
        packed::put_grade(pair.grade(), &mut self.body);
        self.body.flag(pair.may_block());
        self.overlaps(pair);
    }

    /// Pairs that merge cleanly, of lines up to this number and sorted by them, with the paths that they name before them; and
    /// what is known of each line without reading them.
    pub(super) fn rows(pairs: &[Placed<'_>], lines: usize) -> (Piece, Piece) {
        let mut out = Self::with_room(pairs.len() * A_PAIR);
        let mut rows = vec![Row::default(); lines];
        for of_line in pairs.chunk_by(|x, y| x.0.0 == y.0.0) {
            let a = of_line[0].0.0;
            rows[a].place = small(out.body.0.len());
            rows[a].with_later = small(of_line.len());
            for ((_, b), pair) in of_line {
                let grade = packed::place(&CLEAN, &pair.grade());
                rows[a].with_any[usize::from(grade)] += 1;
                rows[*b].with_any[usize::from(grade)] += 1;
                out.count(*b);
                out.body.0.push(grade);
                out.body.flag(pair.may_block());
                out.overlaps(pair);
            }
        }
        let mut index = Self::with_room(lines * A_ROW);
        index.count(rows.len());
        for row in rows {
            for number in [row.with_any[0], row.with_any[1], row.with_later, row.place] {
                index.body.number(u64::from(number));
            }
        }
        (out.with_paths(), index.with_paths())
    }

    fn overlaps(&mut self, pair: &Standing<'_>) {
        self.framed(|out| {
            out.count(pair.count());
            match pair.shelf() {
                Some((kept, at)) => kept.packed(at, &mut |path, packed| {
                    out.shared_path(path);
                    out.body.bytes(packed);
                }),
                None => {
                    let mut packed = Writer::default();
                    pair.visit(&mut |overlap| {
                        out.shared_path(&overlap.path);
                        packed.0.clear();
                        packed::pack(overlap, &mut packed);
                        out.body.bytes(&packed.0);
                    });
                }
            }
        });
    }

    pub(super) fn attributes(&mut self, attributes: Attributes) {
        self.body.0.push(packed::place(&DRIVERS, &attributes.driver));
        for flag in [attributes.custom, attributes.generated, attributes.ignored] {
            self.body.flag(flag);
        }
    }
}

/// What is kept is bounded, far below.
fn small(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}
