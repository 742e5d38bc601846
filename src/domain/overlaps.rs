//! The overlaps of everybody, worst first. Those of one grade may be put together only when somebody looks at them.
//! Must not know: how they were found, what they are put together from.

use std::ops::{Index, IndexMut};

use super::lazy::Lazy;
use super::overlap::Grade;
use super::report::Overlap;

/// The grades, worst first.
const GRADES: [Grade; 3] = [Grade::Conflict, Grade::Disjoint, Grade::Identical];

/// Pairs that share a path, worst first; those of one grade in the order in which they were given.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Overlaps {
    by_grade: [Lazy<Vec<Overlap>>; 3],
}

fn place(grade: Grade) -> usize {
    match grade {
        Grade::Conflict => 0,
        Grade::Disjoint => 1,
        Grade::Identical => 2,
    }
}

impl Overlaps {
    /// The same with these for those of one grade.
    #[must_use]
    pub fn with(mut self, grade: Grade, overlaps: Lazy<Vec<Overlap>>) -> Self {
        self.by_grade[place(grade)] = overlaps;
        self
    }

    /// Those of one grade.
    #[must_use]
    pub fn of_grade(&self, grade: Grade) -> &[Overlap] {
        &self.by_grade[place(grade)]
    }

    /// How many there are of one grade; nothing is put together for that.
    #[must_use]
    pub fn count(&self, grade: Grade) -> usize {
        self.by_grade[place(grade)].len()
    }

    /// How many there are; nothing is put together for that.
    #[must_use]
    pub fn len(&self) -> usize {
        self.by_grade.iter().map(Lazy::len).sum()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = &Overlap> {
        self.at_least(Grade::Identical)
    }

    /// Those of this grade and of worse ones; the others are not put together for that.
    pub fn at_least(&self, least: Grade) -> impl Iterator<Item = &Overlap> {
        let grades = GRADES.into_iter().filter(move |grade| *grade >= least);
        grades.flat_map(|grade| self.of_grade(grade))
    }

    /// All of them, to be changed; their grades stay.
    pub fn iter_mut(&mut self) -> impl Iterator<Item = &mut Overlap> {
        self.by_grade.iter_mut().flat_map(|overlaps| overlaps.iter_mut())
    }

    /// All of them, to be kept otherwise.
    #[must_use]
    pub fn into_all(self) -> Vec<Overlap> {
        self.by_grade.into_iter().flat_map(Lazy::into_inner).collect()
    }

    /// Keeps those of these grades and above alone.
    pub fn keep_from(&mut self, least: Grade) {
        for grade in GRADES.into_iter().filter(|grade| *grade < least) {
            self.by_grade[place(grade)] = Lazy::default();
        }
    }

    /// Where the one at this place of all stands.
    fn at(&self, mut at: usize) -> (usize, usize) {
        for (grade, overlaps) in self.by_grade.iter().enumerate() {
            if at < overlaps.len() {
                return (grade, at);
            }
            at -= overlaps.len();
        }
        panic!("there are not so many overlaps");
    }
}

impl From<Vec<Overlap>> for Overlaps {
    fn from(all: Vec<Overlap>) -> Self {
        let mut by_grade: [Vec<Overlap>; 3] = Default::default();
        for overlap in all {
            by_grade[place(overlap.grade)].push(overlap);
        }
        Self { by_grade: by_grade.map(Lazy::from) }
    }
}

impl FromIterator<Overlap> for Overlaps {
    fn from_iter<A: IntoIterator<Item = Overlap>>(all: A) -> Self {
        all.into_iter().collect::<Vec<_>>().into()
    }
}

impl Index<usize> for Overlaps {
    type Output = Overlap;

    fn index(&self, at: usize) -> &Overlap {
        let (grade, at) = self.at(at);
        &self.by_grade[grade][at]
    }
}

impl IndexMut<usize> for Overlaps {
    fn index_mut(&mut self, at: usize) -> &mut Overlap {
        let (grade, at) = self.at(at);
        &mut self.by_grade[grade][at]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn overlap(a: usize, grade: Grade) -> Overlap {
        Overlap { a, b: 9, grade, acknowledged: false, paths: Vec::new().into() }
    }

    #[test]
    fn they_stand_worst_first_and_are_counted_without_being_made() {
        let all = vec![overlap(0, Grade::Identical), overlap(1, Grade::Conflict), overlap(2, Grade::Identical)];
        let disjoint = Lazy::new(2, || unreachable!("nobody looks at them"));
        let mut overlaps = Overlaps::from(all).with(Grade::Disjoint, disjoint);
        assert_eq!((overlaps.len(), overlaps.count(Grade::Disjoint), overlaps.is_empty()), (5, 2, false));
        assert_eq!(overlaps.of_grade(Grade::Conflict).len(), 1);
        assert_eq!((overlaps[0].a, overlaps[3].a, overlaps[4].a), (1, 0, 2));
        overlaps.keep_from(Grade::Conflict);
        assert_eq!(overlaps.iter().map(|overlap| overlap.a).collect::<Vec<_>>(), [1]);
        assert_eq!(overlaps.into_all().len(), 1);
    }
}
