//! Where a repository's objects are. (Stands in until the engine's file is merged.)
//! Must not know: refs, worktrees.

use std::path::PathBuf;

/// How objects are named.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ObjectFormat {
    /// 20 bytes.
    Sha1,
    /// 32 bytes.
    Sha256,
}

/// Where objects are.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ObjectStore {
    /// The folder.
    pub objects_dir: PathBuf,
    /// How they are named.
    pub format: ObjectFormat,
}
