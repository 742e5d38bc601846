//! The paths at which two instances meet, put into their form when somebody looks at them: of a hundred thousand pairs
//! hardly one is.
//! Must not know: the form in which they are kept until then.

use std::borrow::Cow;
use std::fmt;
use std::ops::{Deref, DerefMut};
use std::sync::{Arc, OnceLock};

use super::overlap::{Grade, PathOverlap};
use super::path::RepoPath;

/// Where overlaps are kept in a form of their own.
pub trait Evidence: fmt::Debug + Send + Sync {
    /// Those that were kept at this place, sorted by path. The same place always gives the same.
    fn read(&self, place: u32) -> Vec<PathOverlap>;

    /// How many there are at this place.
    fn count(&self, place: u32) -> usize {
        self.read(place).len()
    }

    /// Shows those in turn that are `wanted` by path and grade, for whoever does not keep them.
    fn choose(&self, place: u32, wanted: &mut Wanted<'_>, show: &mut dyn FnMut(&PathOverlap)) {
        self.read(place).iter().filter(|overlap| wanted(&overlap.path, overlap.grade)).for_each(show);
    }
}

/// Says of each overlap whether it is wanted.
pub type Wanted<'w> = dyn FnMut(&RepoPath, Grade) -> bool + 'w;

/// The worst grade among the paths that may block, else among all; of each path its grade, and whether it may.
#[must_use]
pub fn worst(all: impl Iterator<Item = (Grade, bool)> + Clone) -> Grade {
    let blocking = all.clone().filter(|(_, blocks)| *blocks).map(|(grade, _)| grade).max();
    blocking.or_else(|| all.map(|(grade, _)| grade).max()).unwrap_or(Grade::Identical)
}

/// The paths at which two instances meet, sorted by path.
#[derive(Clone, Default)]
pub struct PathOverlaps {
    kept: Option<Kept>,
    read: OnceLock<Box<[PathOverlap]>>,
}

#[derive(Clone)]
struct Kept {
    evidence: Arc<dyn Evidence>,
    place: u32,
    /// Whether the sides have changed places since.
    turned: bool,
    /// Whether a conflict is among them that may block.
    may_block: bool,
}

impl PathOverlaps {
    /// Those kept at `place`; `may_block` says whether a conflict that may block is among them.
    #[must_use]
    pub fn kept(evidence: Arc<dyn Evidence>, place: u32, may_block: bool) -> Self {
        Self { kept: Some(Kept { evidence, place, turned: false, may_block }), read: OnceLock::new() }
    }

    /// Whether they meet nowhere; what is kept is never nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.read.get().map_or(self.kept.is_none(), |read| read.is_empty())
    }

    /// All of them, for whoever looks once: they are not kept in their form for that.
    #[must_use]
    pub fn look(&self) -> Cow<'_, [PathOverlap]> {
        match (&self.kept, self.read.get()) {
            (Some(kept), None) => Cow::Owned(kept.read()),
            (_, read) => Cow::Borrowed(read.map(|read| &**read).unwrap_or_default()),
        }
    }

    /// Shows each of them in turn, for whoever does not keep them: they are not put into their form for that.
    pub fn visit(&self, show: &mut dyn FnMut(&PathOverlap)) {
        self.choose(&mut |_, _| true, show);
    }

    /// The same of those that are `wanted`. What is not takes no form at all.
    pub fn choose(&self, wanted: &mut Wanted<'_>, show: &mut dyn FnMut(&PathOverlap)) {
        match (&self.kept, self.read.get()) {
            (Some(Kept { turned: false, evidence, place, .. }), None) => evidence.choose(*place, wanted, show),
            (Some(Kept { turned: true, evidence, place, .. }), None) => {
                evidence.choose(*place, wanted, &mut |overlap| show(&overlap.clone().turned()));
            }
            (_, read) => {
                read.into_iter().flatten().filter(|overlap| wanted(&overlap.path, overlap.grade)).for_each(show);
            }
        }
    }

    /// Whether there is a conflict on a path that may block.
    #[must_use]
    pub fn may_block(&self) -> bool {
        match (&self.kept, self.read.get()) {
            (Some(kept), None) => kept.may_block,
            _ => self.iter().any(|path| path.grade == Grade::Conflict && path.blocks),
        }
    }

    /// The worst grade among the paths that may block, else among all.
    #[must_use]
    pub fn worst(&self) -> Grade {
        worst(self.iter().map(|path| (path.grade, path.blocks)))
    }

    /// The same with the sides in the other order.
    #[must_use]
    pub fn turned(self) -> Self {
        match (self.kept, self.read.into_inner()) {
            (Some(kept), None) => Self { kept: Some(Kept { turned: !kept.turned, ..kept }), read: OnceLock::new() },
            (_, read) => read.unwrap_or_default().into_iter().map(PathOverlap::turned).collect(),
        }
    }

    /// Leaves out those that `wanted` does not name.
    pub fn retain(&mut self, wanted: impl FnMut(&PathOverlap) -> bool) {
        let mut all: Vec<PathOverlap> = std::mem::take(self).into_iter().collect();
        all.retain(wanted);
        *self = all.into();
    }
}

impl Deref for PathOverlaps {
    type Target = [PathOverlap];

    fn deref(&self) -> &[PathOverlap] {
        self.read.get_or_init(|| self.kept.as_ref().map(Kept::read).unwrap_or_default().into())
    }
}

impl DerefMut for PathOverlaps {
    fn deref_mut(&mut self) -> &mut [PathOverlap] {
        let _ = &**self;
        self.read.get_mut().expect("they were read just now")
    }
}

impl Kept {
    fn read(&self) -> Vec<PathOverlap> {
        let read = self.evidence.read(self.place);
        if self.turned { read.into_iter().map(PathOverlap::turned).collect() } else { read }
    }
}

impl From<Vec<PathOverlap>> for PathOverlaps {
    fn from(all: Vec<PathOverlap>) -> Self {
        Self { kept: None, read: OnceLock::from(Box::from(all)) }
    }
}

impl FromIterator<PathOverlap> for PathOverlaps {
    fn from_iter<I: IntoIterator<Item = PathOverlap>>(all: I) -> Self {
        Vec::from_iter(all).into()
    }
}

impl IntoIterator for PathOverlaps {
    type Item = PathOverlap;
    type IntoIter = std::vec::IntoIter<PathOverlap>;

    fn into_iter(self) -> Self::IntoIter {
        let Self { kept, read } = self;
        let read = read.into_inner().map(Vec::from).or_else(|| kept.as_ref().map(Kept::read));
        read.unwrap_or_default().into_iter()
    }
}

impl<'a> IntoIterator for &'a PathOverlaps {
    type Item = &'a PathOverlap;
    type IntoIter = std::slice::Iter<'a, PathOverlap>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl<'a> IntoIterator for &'a mut PathOverlaps {
    type Item = &'a mut PathOverlap;
    type IntoIter = std::slice::IterMut<'a, PathOverlap>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter_mut()
    }
}

impl PartialEq for PathOverlaps {
    fn eq(&self, other: &Self) -> bool {
        **self == **other
    }
}

impl Eq for PathOverlaps {}

impl fmt::Debug for PathOverlaps {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::hunk::LineSpan;
    use crate::domain::path::RepoPath;

    fn overlap(grade: Grade, blocks: bool) -> PathOverlap {
        PathOverlap::without_lines(RepoPath::new("x").expect("valid"), grade, None, blocks)
    }

    #[test]
    fn the_grade_is_the_worst_that_may_block() {
        let lock_file = overlap(Grade::Conflict, false);
        let worst = |all: &[&PathOverlap]| all.iter().copied().cloned().collect::<PathOverlaps>().worst();
        assert_eq!(worst(&[&lock_file, &overlap(Grade::Disjoint, true)]), Grade::Disjoint);
        assert_eq!(worst(&[&lock_file]), Grade::Conflict);
        assert_eq!(worst(&[&overlap(Grade::Conflict, true), &overlap(Grade::Identical, true)]), Grade::Conflict);
        assert_eq!(worst(&[]), Grade::Identical);
    }

    /// One overlap, whose first side changed the line that is its place.
    #[derive(Debug)]
    struct Shelf;

    impl Evidence for Shelf {
        fn read(&self, place: u32) -> Vec<PathOverlap> {
            let a_lines = [LineSpan { first: place, last: place }].into_iter().collect();
            vec![PathOverlap { a_lines, ..overlap(Grade::Conflict, true) }]
        }
    }

    #[test]
    fn what_is_kept_is_as_if_it_had_been_there() {
        let kept = || PathOverlaps::kept(Arc::new(Shelf), 7, true);
        let there = PathOverlaps::from(Shelf.read(7));
        assert!(kept().may_block() && there.may_block());
        assert_eq!(kept(), there);
        assert_eq!(kept().turned(), there.clone().turned());
        assert_ne!(kept().turned(), there);
        assert_eq!(kept().turned().turned(), there);
        let mut shown = Vec::new();
        kept().turned().visit(&mut |overlap| shown.push(overlap.clone()));
        kept().visit(&mut |overlap| shown.push(overlap.clone()));
        there.visit(&mut |overlap| shown.push(overlap.clone()));
        assert_eq!(shown, [there[0].clone().turned(), there[0].clone(), there[0].clone()]);
        for some in [kept(), kept().turned(), there.clone()] {
            let mut asked = Vec::new();
            let mut wanted = |path: &RepoPath, grade| {
                asked.push((path.clone(), grade));
                false
            };
            some.choose(&mut wanted, &mut |overlap| shown.push(overlap.clone()));
            assert_eq!(asked, [(there[0].path.clone(), Grade::Conflict)]);
        }
        assert_eq!(shown.len(), 3, "nothing else was wanted");
        assert_eq!((kept().look(), kept().turned().look()), (there.look(), there.clone().turned().look()));
        let read = kept();
        assert_eq!(read[0].a_lines[0].first, 7);
        assert_eq!(read.turned()[0].b_lines[0].first, 7);
        let mut none = kept();
        assert!(!none.is_empty());
        none.retain(|_| false);
        assert!(none.is_empty() && !none.may_block());
    }
}
