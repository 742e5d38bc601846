//! Where a repository's objects are. (Stands in until the engine's file is merged.)
//! Must not know: refs, worktrees.

use std::path::PathBuf;

use super::error::Error;
use crate::domain::id::ObjectId;
use crate::domain::time::Timestamp;

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

/// Kind of object.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ObjectKind {
    /// commit
    Commit,
    /// tree
    Tree,
    /// blob
    Blob,
    /// tag
    Tag,
}

/// object
#[derive(Debug)]
pub struct Object {
    /// kind
    pub kind: ObjectKind,
    /// data
    pub data: Vec<u8>,
}

/// commit
#[derive(Debug)]
pub struct Commit {
    /// tree
    pub tree: ObjectId,
    /// parents
    pub parents: Vec<ObjectId>,
    /// time
    pub committer_time: Timestamp,
}

/// objects
pub struct Objects {
    odb: git2::Odb<'static>,
    format: ObjectFormat,
}

fn bad(id: ObjectId, what: impl ToString) -> Error {
    Error::Object { id: id.to_string(), what: what.to_string() }
}

impl Objects {
    /// open
    pub fn open(store: &ObjectStore) -> Result<Self, Error> {
        let format = match store.format {
            ObjectFormat::Sha1 => git2::ObjectFormat::Sha1,
            ObjectFormat::Sha256 => git2::ObjectFormat::Sha256,
        };
        let odb = git2::Odb::new_ext(format).map_err(|e| Error::Repository(e.to_string()))?;
        odb.add_disk_alternate(&store.objects_dir.to_string_lossy()).map_err(|e| Error::Repository(e.to_string()))?;
        odb.add_new_mempack_backend(999).map_err(|e| Error::Repository(e.to_string()))?;
        Ok(Self { odb, format: store.format })
    }

    /// read
    pub fn read(&self, id: ObjectId) -> Result<Object, Error> {
        let oid = git2::Oid::from_bytes(id.as_bytes()).map_err(|e| bad(id, e))?;
        let object = self.odb.read(oid).map_err(|e| bad(id, e))?;
        let kind = match object.kind() {
            git2::ObjectType::Commit => ObjectKind::Commit,
            git2::ObjectType::Tree => ObjectKind::Tree,
            git2::ObjectType::Tag => ObjectKind::Tag,
            _ => ObjectKind::Blob,
        };
        Ok(Object { kind, data: object.data().to_vec() })
    }

    /// add
    pub fn add(&self, kind: ObjectKind, data: &[u8]) -> Result<ObjectId, Error> {
        let kind = match kind {
            ObjectKind::Commit => git2::ObjectType::Commit,
            ObjectKind::Tree => git2::ObjectType::Tree,
            ObjectKind::Blob => git2::ObjectType::Blob,
            ObjectKind::Tag => git2::ObjectType::Tag,
        };
        let oid = self.odb.write(kind, data).map_err(|e| Error::Repository(e.to_string()))?;
        ObjectId::from_bytes(oid.as_bytes()).ok_or_else(|| Error::Repository("id".into()))
    }

    /// commit
    pub fn commit(&self, id: ObjectId) -> Result<Commit, Error> {
        let object = self.read(id)?;
        let mut commit = Commit { tree: id, parents: vec![], committer_time: Timestamp(0) };
        for line in object.data.split(|&b| b == b'\n').take_while(|l| !l.is_empty()) {
            if let Some(hex) = line.strip_prefix(b"tree ") {
                commit.tree = ObjectId::from_hex(hex).ok_or_else(|| bad(id, "tree"))?;
            } else if let Some(hex) = line.strip_prefix(b"parent ") {
                commit.parents.push(ObjectId::from_hex(hex).ok_or_else(|| bad(id, "parent"))?);
            } else if let Some(rest) = line.strip_prefix(b"committer ") {
                let text = String::from_utf8_lossy(rest).into_owned();
                let mut words = text.rsplit(' ');
                words.next();
                commit.committer_time = Timestamp(words.next().and_then(|w| w.parse().ok()).unwrap_or(0));
            }
        }
        Ok(commit)
    }

    /// format
    pub fn format(&self) -> ObjectFormat {
        self.format
    }
}
