//! The repository of coord's own that talks to the remote: published commits and what was fetched, over the user's objects,
//! so that the user's refs, reflogs and `gc` have nothing to do with them. It may be deleted at any time.
//! Must not know: what a published commit means, when anybody talks.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use super::error::Error;
use super::names;
use super::objects::{ObjectFormat, ObjectKind, Objects};
use super::program::{Call, Git};
use super::repository::{Repository, option};
use crate::domain::id::{ObjectId, RefName};
use crate::domain::time::Timestamp;

/// Its folder among coord's own files.
const FOLDER: &str = "sync.git";

/// With so many packs or loose objects it is packed.
const MANY_PACKS: usize = 40;
const MANY_LOOSE: usize = 12;

/// With so many refs in files of their own they are packed into one.
const MANY_REFS: usize = 500;

/// No record is longer.
pub const LONGEST_MESSAGE: usize = 4 << 20;

/// The repository that talks.
#[derive(Clone, Debug)]
pub struct Exchange {
    git: Git,
    dir: PathBuf,
}

/// Where it lies, among coord's own files.
#[must_use]
pub fn place(own_files: &Path) -> PathBuf {
    own_files.join(FOLDER)
}

/// Where its objects lie; `None` while there is none.
#[must_use]
pub fn objects_in(own_files: &Path) -> Option<PathBuf> {
    Some(place(own_files).join("objects")).filter(|dir| dir.is_dir())
}

impl Exchange {
    /// Opens it, and makes it where it is missing. The caller keeps others from doing so at the same time.
    ///
    /// # Errors
    /// Where it cannot be made.
    pub fn open(repository: &Repository, own_files: &Path) -> Result<Self, Error> {
        let exchange = Self { git: repository.git.clone(), dir: place(own_files) };
        let whole = exchange.dir.join("objects/info/alternates").is_file() && exchange.dir.join("HEAD").is_file();
        if !whole {
            exchange.make(repository)?;
        }
        exchange.take_over_shallow(repository)?;
        Ok(exchange)
    }

    /// Makes it anew: what it held can be fetched again.
    ///
    /// # Errors
    /// Where it cannot be removed or made.
    pub fn make(&self, repository: &Repository) -> Result<(), Error> {
        let fault = |operation, path: &Path| {
            let path = path.to_owned();
            move |source| Error::File { operation, path, source }
        };
        let new = self.dir.with_extension(format!("new-{}", std::process::id()));
        for old in [&new, &self.dir] {
            match fs::remove_dir_all(old) {
                Err(error) if error.kind() != ErrorKind::NotFound => return Err(fault("remove", old)(error)),
                _ => {}
            }
        }
        let format = match repository.store.format {
            ObjectFormat::Sha1 => "sha1",
            ObjectFormat::Sha256 => "sha256",
        };
        let call = self.git.call(&repository.common_dir, "init").args(["--quiet", "--bare", "--template="]);
        call.arg(format!("--object-format={format}")).arg(&new).read()?;
        let alternates = new.join("objects/info/alternates");
        fs::create_dir_all(new.join("objects/info")).map_err(fault("make", &new))?;
        fs::write(&alternates, quoted(&repository.store.objects_dir)).map_err(fault("write", &alternates))?;
        fs::rename(&new, &self.dir).map_err(fault("make", &self.dir))
    }

    /// A shallow clone's history ends here too where it ends there.
    fn take_over_shallow(&self, repository: &Repository) -> Result<(), Error> {
        let (there, here) = (repository.common_dir.join("shallow"), self.dir.join("shallow"));
        let fault = |source| Error::File { operation: "write", path: here.clone(), source };
        match fs::read(&there) {
            Ok(bytes) if fs::read(&here).ok().as_ref() == Some(&bytes) => Ok(()),
            Ok(bytes) => fs::write(&here, bytes).map_err(fault),
            Err(_) if here.exists() => fs::remove_file(&here).map_err(fault),
            Err(_) => Ok(()),
        }
    }

    /// Its git dir.
    #[must_use]
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    fn call(&self, subcommand: &str) -> Call {
        self.git.call_with(&self.dir, &[option("--git-dir=", &self.dir)], subcommand)
    }

    /// What was fetched, by ref.
    ///
    /// # Errors
    /// Where git cannot list it.
    pub fn refs(&self) -> Result<Vec<(RefName, ObjectId)>, Error> {
        self.refs_like(&[])
    }

    /// The same of those alone that match one of `patterns`.
    ///
    /// # Errors
    /// Where git cannot list them.
    pub fn refs_like(&self, patterns: &[&str]) -> Result<Vec<(RefName, ObjectId)>, Error> {
        let call = self.call("for-each-ref").arg("--format=%(objectname) %(refname)").args(patterns);
        let answer = call.read()?;
        let line = |line: &[u8]| {
            let space = line.iter().position(|&b| b == b' ')?;
            Some((RefName::new(&line[space + 1..]), ObjectId::from_hex(&line[..space])?))
        };
        Ok(answer.split(|&b| b == b'\n').filter_map(line).collect())
    }

    /// How many bytes its objects take.
    #[must_use]
    pub fn size(&self) -> u64 {
        let files = |dir: PathBuf| fs::read_dir(dir).into_iter().flatten().flatten();
        let size = |entry: fs::DirEntry| entry.metadata().map_or(0, |data| if data.is_file() { data.len() } else { 0 });
        files(self.dir.join("objects")).flat_map(|folder| files(folder.path())).map(size).sum()
    }

    /// Removes what a fetch that broke off left lying. The caller keeps others from fetching at the same time.
    pub fn sweep(&self) {
        for file in fs::read_dir(self.dir.join("objects/pack")).into_iter().flatten().flatten() {
            if names::to_bytes(Path::new(&file.file_name())).starts_with(b"tmp_") {
                drop(fs::remove_file(file.path()));
            }
        }
    }

    /// Keeps what `objects` holds in memory, for the remote to be sent.
    ///
    /// # Errors
    /// Where it cannot be written.
    pub fn keep(&self, objects: &Objects) -> Result<(), Error> {
        objects.spill(&self.dir.join("objects"))
    }

    /// Packs what has become many files, objects and refs, and drops what nothing names any more. Best effort: nothing depends on it.
    pub fn tidy(&self) {
        let count = |dir: PathBuf| fs::read_dir(dir).map_or(0, Iterator::count);
        let hosts = fs::read_dir(self.dir.join("refs/coord")).into_iter().flatten().flatten();
        if hosts.map(|host| count(host.path())).sum::<usize>() > MANY_REFS {
            drop(self.call("pack-refs").arg("--all").output());
        }
        // Objects lie evenly in 256 folders: one of them tells of all.
        let many =
            count(self.dir.join("objects/pack")) > 2 * MANY_PACKS || count(self.dir.join("objects/17")) > MANY_LOOSE;
        if many {
            drop(self.call("repack").args(["-a", "-d", "-l", "-q"]).output());
            drop(self.call("prune").arg("--expire=1.hour.ago").output());
        }
    }
}

/// The folder as a line of `info/alternates`.
fn quoted(dir: &Path) -> Vec<u8> {
    let bytes = names::to_bytes(dir);
    if !bytes.iter().any(|byte| b"\"\\\n#".contains(byte)) {
        return [&bytes[..], b"\n"].concat();
    }
    let mut text = b"\"".to_vec();
    for byte in bytes {
        match byte {
            b'\n' => text.extend_from_slice(b"\\n"),
            b'"' | b'\\' => text.extend_from_slice(&[b'\\', byte]),
            _ => text.push(byte),
        }
    }
    text.extend_from_slice(b"\"\n");
    text
}

/// A commit in memory that carries `message`.
///
/// # Errors
/// Where it cannot be hashed.
pub fn commit(
    objects: &Objects,
    tree: ObjectId,
    parents: &[ObjectId],
    message: &[u8],
    at: Timestamp,
) -> Result<ObjectId, Error> {
    let mut text = format!("tree {tree}\n");
    for parent in parents {
        text.extend(["parent ", &parent.to_string(), "\n"]);
    }
    for role in ["author", "committer"] {
        text.extend([role, " coord <coord@localhost> ", &at.0.max(0).to_string(), " +0000\n"]);
    }
    text.push('\n');
    objects.add(ObjectKind::Commit, &[text.as_bytes(), message].concat())
}

/// What a commit carries.
///
/// # Errors
/// Where there is no such commit, or one that carries too much.
pub fn message(objects: &Objects, commit: ObjectId) -> Result<Vec<u8>, Error> {
    let object = objects.read(commit)?;
    let wrong = |what: &str| Error::Object { id: commit.to_string(), what: what.to_owned() };
    if object.kind != ObjectKind::Commit {
        return Err(wrong("is no commit"));
    }
    if object.data.len() > LONGEST_MESSAGE {
        return Err(wrong("is larger than any record"));
    }
    let at = object.data.windows(2).position(|pair| pair == b"\n\n").ok_or_else(|| wrong("carries nothing"))?;
    Ok(object.data[at + 2..].to_vec())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::git::objects::ObjectStore;

    #[test]
    fn a_commit_carries_its_message() {
        let dir = tempfile::tempdir().expect("a temporary folder");
        let store = ObjectStore { objects_dir: dir.path().to_owned(), format: ObjectFormat::Sha1 };
        let objects = Objects::open(&store).expect("an empty folder opens");
        let tree = objects.add(ObjectKind::Tree, b"").expect("hashing works");
        let made = commit(&objects, tree, &[], b"{\"a\":1}\n\nb", Timestamp(5)).expect("hashing works");
        assert_eq!(message(&objects, made).expect("there"), b"{\"a\":1}\n\nb");
        assert!(message(&objects, tree).is_err());
    }

    #[test]
    fn odd_folders_are_quoted() {
        assert_eq!(quoted(Path::new("/a b")), b"/a b\n");
        assert_eq!(quoted(Path::new("/a\"b\nc")), b"\"/a\\\"b\\nc\"\n");
    }
}
