//! Where history is not what the objects say: shallow clones, grafts, replacements.
//! Must not know: how objects are read.

use std::fs;
use std::io::ErrorKind;
use std::path::Path;

use memchr::memmem;

use super::error::Error;
use super::id_map::IdMap;
use super::program::Git;
use crate::domain::id::ObjectId;

/// What stands in for what. Empty for nearly every repository.
#[derive(Clone, Debug, Default)]
pub struct View {
    replaced: IdMap<ObjectId>,
    parents: IdMap<Vec<ObjectId>>,
    shallow: bool,
}

impl View {
    /// Reads the view that git has in the repository with this common git dir.
    pub fn read(git: &Git, common_dir: &Path) -> Result<Self, Error> {
        let mut view = Self::default();
        for line in lines(&common_dir.join("info/grafts"))? {
            let mut ids = line.split(u8::is_ascii_whitespace).filter_map(ObjectId::from_hex);
            if let Some(commit) = ids.next() {
                view.parents.insert(commit, ids.collect());
            }
        }
        for line in lines(&common_dir.join("shallow"))? {
            view.shallow = true;
            view.parents.extend(ObjectId::from_hex(&line).map(|commit| (commit, Vec::new())));
        }
        if may_have_replacements(common_dir)? {
            let format = "%(objectname) %(refname)";
            let listed = git.call(common_dir, "for-each-ref").arg(format!("--format={format}")).arg("refs/replace/");
            for line in listed.read()?.split(|&b| b == b'\n') {
                let mut words = line.split(|&b| b == b' ');
                let by = words.next().and_then(ObjectId::from_hex);
                let what = words.next().and_then(|name| ObjectId::from_hex(name.strip_prefix(b"refs/replace/")?));
                view.replaced.extend(what.zip(by));
            }
        }
        Ok(view)
    }

    /// Whether history is cut off somewhere.
    #[must_use]
    pub fn is_shallow(&self) -> bool {
        self.shallow
    }

    /// Whether objects are seen as they are.
    #[must_use]
    pub fn is_plain(&self) -> bool {
        self.replaced.is_empty() && self.parents.is_empty()
    }

    /// The object that is read where `id` is asked for.
    #[must_use]
    pub fn replacement(&self, id: ObjectId) -> ObjectId {
        let mut found = id;
        // Git follows a chain of replacements only so far too.
        for _ in 0..5 {
            match self.replaced.get(&found) {
                Some(&next) => found = next,
                None => break,
            }
        }
        found
    }

    /// The parents that a commit is given, where they are not its own.
    #[must_use]
    pub fn parents(&self, commit: ObjectId) -> Option<&[ObjectId]> {
        self.parents.get(&commit).map(Vec::as_slice)
    }
}

/// The lines of a file; none where there is no such file.
fn lines(path: &Path) -> Result<Vec<Vec<u8>>, Error> {
    let lines = |bytes: Vec<u8>| bytes.split(|&b| b == b'\n').map(|line| line.trim_ascii().to_vec()).collect();
    Ok(read(path)?.map(lines).unwrap_or_default())
}

/// What a file holds; `None` where there is no such file.
fn read(path: &Path) -> Result<Option<Vec<u8>>, Error> {
    match fs::read(path) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(source) => Err(Error::File { operation: "read", path: path.to_owned(), source }),
    }
}

/// Whether asking git for replacements is worth it: with ref files they would lie in one of two places.
fn may_have_replacements(common_dir: &Path) -> Result<bool, Error> {
    if common_dir.join("reftable").exists() || common_dir.join("refs/replace").exists() {
        return Ok(true);
    }
    // There may be fifty thousand.
    let packed = read(&common_dir.join("packed-refs"))?;
    Ok(packed.is_some_and(|packed| memmem::find(&packed, b"refs/replace/").is_some()))
}
