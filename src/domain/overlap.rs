//! Overlaps: a path in the working sets of two instances, and how bad that is.
//! Must not know: how the evidence was found, how it is shown, who is blocked by it.

use super::hunk::Spans;
use super::path::RepoPath;

/// How bad an overlap is, from the evidence. Ordered: a later grade is worse.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Grade {
    /// Both made the same change: duplicated work, no conflict.
    Identical,
    /// The same path, and it merges cleanly.
    Disjoint,
    /// A three-way merge would stop.
    Conflict,
}

/// What makes a three-way merge stop.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum ConflictKind {
    /// Both changed the same lines.
    Content,
    /// One changed what the other deleted.
    ModifyDelete,
    /// Both added the path, with other content.
    AddAdd,
    /// Both renamed the file, to other names, or two files to one name.
    RenameRename,
    /// One renamed what the other deleted.
    RenameDelete,
    /// One has a file where the other has a directory.
    FileDirectory,
    /// The directory was renamed on one side, and the other put a file into the old one.
    DirectoryRename,
    /// Both changed the mode or the type of the entry, differently.
    Mode,
    /// Both moved the submodule.
    Submodule,
    /// Both changed a binary file.
    Binary,
    /// Both changed a symbolic link.
    Symlink,
    /// Names that differ only in case, where the file system folds it.
    CaseFold,
}

impl ConflictKind {
    /// The kind's name in JSON and in messages; part of the interface, never changed.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Content => "content",
            Self::ModifyDelete => "modify/delete",
            Self::AddAdd => "add/add",
            Self::RenameRename => "rename/rename",
            Self::RenameDelete => "rename/delete",
            Self::FileDirectory => "file/directory",
            Self::DirectoryRename => "directory rename",
            Self::Mode => "mode",
            Self::Submodule => "submodule",
            Self::Binary => "binary",
            Self::Symlink => "symlink",
            Self::CaseFold => "case",
        }
    }
}

impl Grade {
    /// The grade's name in JSON and in messages; part of the interface, never changed.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Identical => "identical",
            Self::Disjoint => "disjoint",
            Self::Conflict => "conflict",
        }
    }
}

/// One path that two instances both changed, with the evidence. `a` and `b` are the pair's sides, in the pair's order.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PathOverlap {
    /// The path; of a rename, the name under which the two meet.
    pub path: RepoPath,
    /// How bad it is.
    pub grade: Grade,
    /// Why a merge would stop; only for [`Grade::Conflict`].
    pub kind: Option<ConflictKind>,
    /// Whether a conflict here may block: not for generated files, lock files, `[paths] warn`, paths with a merge driver.
    pub blocks: bool,
    /// Lines that `a` changed, in the file as the target has it: for a conflict only those that take part. Empty where
    /// lines say nothing (binary, deleted, added).
    pub a_lines: Spans,
    /// The same for `b`.
    pub b_lines: Spans,
    /// The same lines in `a`'s own file.
    pub a_own: Spans,
    /// The same lines in `b`'s own file.
    pub b_own: Spans,
    /// Unchanged lines between the two sides' nearest changes; only for [`Grade::Disjoint`] text.
    pub gap: Option<u32>,
}

impl PathOverlap {
    /// An overlap of which no lines are told.
    #[must_use]
    pub fn without_lines(path: RepoPath, grade: Grade, kind: Option<ConflictKind>, blocks: bool) -> Self {
        let none = Spans::new;
        Self { path, grade, kind, blocks, a_lines: none(), b_lines: none(), a_own: none(), b_own: none(), gap: None }
    }

    /// The same with the sides in the other order.
    #[must_use]
    pub fn turned(self) -> Self {
        Self { a_lines: self.b_lines, b_lines: self.a_lines, a_own: self.b_own, b_own: self.a_own, ..self }
    }
}

/// A path on which something does not merge, without the lines.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct PathConflict {
    /// The path.
    pub path: RepoPath,
    /// Why the merge stops there.
    pub kind: ConflictKind,
}
