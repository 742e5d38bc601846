//! An overlap as a few bytes, without its path: of sixty thousand hardly any is looked at.
//! Must not know: where the bytes are kept.

use crate::domain::hunk::{LineSpan, Spans};
use crate::domain::overlap::{ConflictKind, Grade, PathOverlap};
use crate::domain::path::RepoPath;
use crate::git::bytes::{Reader, Writer};

/// By number as written; never reordered without another format of what is remembered.
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

/// The place of one among all of its sort.
pub(in crate::git::merge) fn place<T: PartialEq>(all: &[T], one: &T) -> u8 {
    u8::try_from(all.iter().position(|other| other == one).unwrap_or(0)).unwrap_or(0)
}

pub(in crate::git::merge) fn put_kind(kind: ConflictKind, into: &mut Writer) {
    into.0.push(place(&KINDS, &kind));
}

pub(in crate::git::merge) fn kind(from: &mut Reader<'_>) -> Option<ConflictKind> {
    KINDS.get(usize::from(from.byte()?)).copied()
}

pub(in crate::git::merge) fn put_grade(grade: Grade, into: &mut Writer) {
    into.0.push(place(&GRADES, &grade));
}

pub(in crate::git::merge) fn grade(from: &mut Reader<'_>) -> Option<Grade> {
    GRADES.get(usize::from(from.byte()?)).copied()
}

pub(in crate::git::merge) fn pack(overlap: &PathOverlap, into: &mut Writer) {
    put_grade(overlap.grade, into);
    into.flag(overlap.kind.is_some());
    if let Some(kind) = overlap.kind {
        put_kind(kind, into);
    }
    into.flag(overlap.blocks);
    into.number(overlap.gap.map_or(0, |gap| 1 + u64::from(gap)));
    for spans in [&overlap.a_lines, &overlap.b_lines, &overlap.a_own, &overlap.b_own] {
        into.count(spans.len());
        for span in spans {
            into.number(u64::from(span.first));
            into.number(u64::from(span.last));
        }
    }
}

/// The grade of one that is packed.
pub(in crate::git::merge) fn grade_of(packed: &[u8]) -> Option<Grade> {
    grade(&mut Reader(packed))
}

/// Whatever was not packed reads as nothing.
pub(in crate::git::merge) fn unpack(from: &mut Reader<'_>, path: &RepoPath) -> Option<PathOverlap> {
    let grade = grade(from)?;
    let kind = if from.flag()? { Some(kind(from)?) } else { None };
    let blocks = from.flag()?;
    let gap = from.small()?.checked_sub(1);
    let (a_lines, b_lines, a_own, b_own) = (spans(from)?, spans(from)?, spans(from)?, spans(from)?);
    Some(PathOverlap { path: path.clone(), grade, kind, blocks, a_lines, b_lines, a_own, b_own, gap })
}

fn spans(from: &mut Reader<'_>) -> Option<Spans> {
    let count = from.count()?;
    let mut spans = Spans::with_capacity(count);
    for _ in 0..count {
        spans.push(LineSpan { first: from.small()?, last: from.small()? });
    }
    Some(spans)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_packed_comes_back() {
        let path = RepoPath::new("a/b").expect("valid");
        let mut kinds: Vec<Option<ConflictKind>> = KINDS.into_iter().map(Some).collect();
        kinds.push(None);
        for (n, kind) in (0..).zip(kinds) {
            let span = |first: u32, last: u32| LineSpan { first, last };
            let mut overlap = PathOverlap::without_lines(path.clone(), GRADES[n % 3], kind, n % 2 == 0);
            overlap.gap = [None, Some(0), Some(u32::MAX - 1)][n % 3];
            overlap.a_lines = [span(1, 0)].into_iter().collect();
            overlap.b_own = (0..200).map(|at| span(at * 1000, at * 1000 + 3)).collect();
            let mut packed = Writer::default();
            pack(&overlap, &mut packed);
            let mut reader = Reader(&packed.0);
            assert_eq!(unpack(&mut reader, &path), Some(overlap));
            assert!(reader.0.is_empty());
            assert_eq!(unpack(&mut Reader(&packed.0[..packed.0.len() - 1]), &path), None);
        }
    }
}
