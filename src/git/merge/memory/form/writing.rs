//! Lines, pairs and attributes as bytes, with the paths that they name in a table before them.
//! Must not know: how they are read, what surrounds them.

use std::collections::HashMap;

use foldhash::fast::RandomState;

use super::{Contents, DRIVERS, Piece, Placed, Standing};
use crate::domain::id::ObjectId;
use crate::domain::path::RepoPath;
use crate::git::attributes::Attributes;
use crate::git::bytes::{self, Writer};
use crate::git::merge::brought::Brought;
use crate::git::merge::evidence::packed;
use crate::git::merge::memory::unread::{CLEAN, KIND, Row};
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
    /// Those paths, so that they stay where they lie.
    same: Vec<RepoPath>,
}

/// So many bytes the outlines of pairs and their overlaps take, or a little more.
const A_PAIR: usize = 40;

/// The like of what is known of a line's pairs without their overlaps.
const A_ROW: usize = 150;

/// The like of a line in outline, with who else touched its paths.
const A_LINE: usize = 250;

/// The like of a touched path.
const A_TOUCH: usize = 56;

impl Out {
    /// All that is read at once, with the paths that it names before it; and apart from that what the lines did.
    pub(super) fn main(Contents { lines, pairs, attributes, absent, .. }: &Contents<'_>) -> (Piece, Piece) {
        let mut out = Self::with_room(lines.len() * A_LINE + (pairs.len() + attributes.len()) * A_PAIR);
        let deeds = out.lines(lines);
        out.all(pairs, Self::pair);
        out.all(attributes, |out, (path, attributes)| {
            out.path(path);
            out.attributes(**attributes);
        });
        out.all(absent, |out, number| out.count(*number));
        (out.with_paths(), Piece { table: Vec::new(), body: deeds })
    }

    fn all<T>(&mut self, all: &[T], mut one: impl FnMut(&mut Self, &T)) {
        self.count(all.len());
        for item in all {
            one(self, item);
        }
    }

    /// All lines in outline and, for each path so far, those that touched it. What they did is given back, the place, length
    /// and sum of each being told here.
    fn lines(&mut self, all: &[&Brought]) -> Vec<u8> {
        let touches = all.iter().map(|line| line.touched.len() + 2).sum::<usize>();
        let (mut apart, mut numbers) = (Writer(Vec::with_capacity(touches * A_TOUCH)), Vec::new());
        let mut touching: Vec<Vec<usize>> = Vec::new();
        self.count(all.len());
        for line in all {
            self.line(line);
            let begins = apart.0.len();
            numbers.clear();
            std::mem::swap(&mut self.body, &mut apart);
            self.deeds(line, &mut numbers);
            std::mem::swap(&mut self.body, &mut apart);
            let written = &apart.0[begins..];
            self.count(begins);
            self.count(written.len());
            self.body.0.extend(bytes::sum(written));
            touching.resize_with(self.paths.len(), Vec::new);
            for &at in &numbers {
                touching[at].push(begins);
            }
        }
        self.all(&touching, |out, places| {
            out.framed(|out| out.all(places, |out, place| out.count(*place)));
        });
        apart.0
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
        let at = self.path_number(path);
        self.same.push(path.clone());
        self.same_at.insert(address, at);
        self.count(at);
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

    /// Pairs that merge cleanly, of lines up to this number and sorted by them: their overlaps, with the paths that they name
    /// before them, and what is known of each line without reading those.
    pub(super) fn rows(pairs: &[Placed<'_>], lines: usize) -> (Piece, Piece) {
        let mut out = Self::with_room(pairs.len() * A_PAIR);
        let mut rows = vec![(Row::default(), Writer::default()); lines];
        for of_line in pairs.chunk_by(|x, y| x.0.0 == y.0.0) {
            let (a, mut last) = (of_line[0].0.0, of_line[0].0.0);
            rows[a].0.place = small(out.body.0.len());
            rows[a].0.with_later = small(of_line.len());
            for ((_, b), pair) in of_line {
                let grade = packed::place(&CLEAN, &pair.grade());
                rows[a].0.with_any[usize::from(grade)] += 1;
                rows[*b].0.with_any[usize::from(grade)] += 1;
                let kind = u64::from(grade) << 1 | u64::from(pair.may_block());
                rows[a].1.number(((*b - last) as u64) << KIND | kind);
                last = *b;
                out.overlaps(pair);
            }
        }
        let mut index = Self::with_room(lines * A_ROW);
        index.all(&rows, |index, (row, with)| {
            for number in [row.with_any[0], row.with_any[1], row.with_later, row.place] {
                index.body.number(u64::from(number));
            }
            index.body.bytes(&with.0);
        });
        (out.with_paths(), index.with_paths())
    }

    fn overlaps(&mut self, pair: &Standing<'_>) {
        self.framed(|out| {
            out.count(pair.count());
            if let Some((kept, at)) = pair.shelf() {
                kept.packed(at, &mut |path, packed| {
                    out.shared_path(path);
                    out.body.bytes(packed);
                });
                return;
            }
            let mut packed = Writer::default();
            pair.visit(&mut |overlap| {
                out.shared_path(&overlap.path);
                packed.0.clear();
                packed::pack(overlap, &mut packed);
                out.body.bytes(&packed.0);
            });
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
