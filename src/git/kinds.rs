//! The types of objects, and how a repository names and keeps them.
//! Must not know: how an object is read.

use std::path::PathBuf;

/// How objects are named.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ObjectFormat {
    /// 20 bytes.
    Sha1,
    /// 32 bytes.
    Sha256,
}

impl ObjectFormat {
    pub(super) fn of_library(self) -> git2::ObjectFormat {
        match self {
            Self::Sha1 => git2::ObjectFormat::Sha1,
            Self::Sha256 => git2::ObjectFormat::Sha256,
        }
    }

    /// How many bytes an id has.
    #[must_use]
    pub fn id_len(self) -> usize {
        match self {
            Self::Sha1 => 20,
            Self::Sha256 => 32,
        }
    }
}

/// Where a repository keeps its objects.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ObjectStore {
    /// Usually `objects` in the common git dir.
    pub objects_dir: PathBuf,
    /// How its objects are named.
    pub format: ObjectFormat,
}

/// The four types of objects.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ObjectKind {
    /// A file's content, or a link's target.
    Blob,
    /// A directory.
    Tree,
    /// A commit.
    Commit,
    /// An annotated tag.
    Tag,
}

impl ObjectKind {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Blob => "blob",
            Self::Tree => "tree",
            Self::Commit => "commit",
            Self::Tag => "tag",
        }
    }

    pub(super) fn of_library(self) -> git2::ObjectType {
        match self {
            Self::Blob => git2::ObjectType::Blob,
            Self::Tree => git2::ObjectType::Tree,
            Self::Commit => git2::ObjectType::Commit,
            Self::Tag => git2::ObjectType::Tag,
        }
    }

    pub(super) fn from_library(kind: git2::ObjectType) -> Option<Self> {
        match kind {
            git2::ObjectType::Blob => Some(Self::Blob),
            git2::ObjectType::Tree => Some(Self::Tree),
            git2::ObjectType::Commit => Some(Self::Commit),
            git2::ObjectType::Tag => Some(Self::Tag),
            git2::ObjectType::Any => None,
        }
    }
}
