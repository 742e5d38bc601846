//! What git would store for the files of a worktree: line ends, `$Id$`, encodings and filters undone, no filter run.
//! Must not know: which files anybody is interested in, what is done with the answer.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use super::config::Config;
use super::contents::{self, LARGEST};
use super::error::Error;
use super::names;
use super::objects::{ObjectKind, ObjectStore, Objects};
use super::pointer;
use super::program::{Call, Git};
use super::repository::Repository;
use super::worktrees::Worktree;
use crate::domain::id::ObjectId;
use crate::domain::path::RepoPath;
use crate::domain::process::scratch_prefix;

/// The bytes of a file, or that there are too many of them.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Raw {
    Bytes(Vec<u8>),
    Large,
}

/// A file of the worktree, and what HEAD has at its path.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Found {
    pub(crate) raw: Raw,
    pub(crate) head: Option<ObjectId>,
}

/// What git would store, as an object in memory.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Stored {
    pub(crate) id: ObjectId,
    /// Why that is not sure, if it is not.
    pub(crate) unsure: Option<String>,
}

/// Works out what git would store for files of one worktree.
pub(crate) struct Cleaner<'a> {
    objects: &'a Objects,
    repository: &'a Repository,
    worktree: &'a Worktree,
    git: Git,
    filters: BTreeSet<Vec<u8>>,
    everywhere: bool,
    folders: RefCell<BTreeMap<PathBuf, bool>>,
}

/// The attributes of one path that decide what git would store.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
struct Attributes {
    filter: Vec<u8>,
    text: Vec<u8>,
    eol: Vec<u8>,
}

impl<'a> Cleaner<'a> {
    pub(crate) fn new(objects: &'a Objects, repository: &'a Repository, worktree: &'a Worktree) -> Result<Self, Error> {
        let config = worktree.config(repository)?;
        let own = config.bytes("core.attributesFile").map(names::to_path);
        let sources = [Some(repository.common_dir.join("info/attributes")), own];
        Ok(Self {
            git: worktree.git(repository)?,
            filters: filters(&config),
            everywhere: sources.iter().flatten().any(|file| converts(file)),
            folders: RefCell::default(),
            objects,
            repository,
            worktree,
        })
    }

    /// What git would store for `files`. Asks git, once for all of them, only where its answer could differ from the raw
    /// bytes.
    pub(crate) fn store(&self, files: BTreeMap<RepoPath, Found>) -> Result<BTreeMap<RepoPath, Stored>, Error> {
        let (mut stored, mut asked) = (BTreeMap::new(), BTreeMap::new());
        for (path, found) in files {
            match &found.raw {
                Raw::Bytes(bytes) if !self.may_convert(&path, bytes) => {
                    let id = self.objects.add(ObjectKind::Blob, bytes)?;
                    stored.insert(path, Stored { id, unsure: None });
                }
                _ => drop(asked.insert(path, found)),
            }
        }
        if !asked.is_empty() {
            stored.extend(self.ask(&asked)?);
        }
        Ok(stored)
    }

    /// Whether git might store something else than these bytes.
    fn may_convert(&self, path: &RepoPath, bytes: &[u8]) -> bool {
        let has_keyword = || bytes.windows(3).any(|window| window == b"$Id");
        self.everywhere || bytes.contains(&b'\r') || self.folders_convert(path) || has_keyword()
    }

    /// Whether a `.gitattributes` above the path names an attribute that changes more than line ends.
    fn folders_convert(&self, path: &RepoPath) -> bool {
        let mut folders = vec![self.worktree.path.clone()];
        folders.extend(contents::ancestors(path).iter().map(|above| names::below(&self.worktree.path, above)));
        let mut known = self.folders.borrow_mut();
        folders
            .into_iter()
            .any(|folder| *known.entry(folder).or_insert_with_key(|folder| converts(&folder.join(".gitattributes"))))
    }

    fn ask(&self, files: &BTreeMap<RepoPath, Found>) -> Result<BTreeMap<RepoPath, Stored>, Error> {
        let attributes = self.attributes(files)?;
        let (mut stored, mut small, mut large) = (BTreeMap::new(), Vec::new(), Vec::new());
        for (path, found) in files {
            let attributes = attributes.get(path).cloned().unwrap_or_default();
            if self.filters.contains(&attributes.filter) {
                stored.insert(path.clone(), self.filtered(path, found, &attributes.filter)?);
            } else if let Raw::Bytes(bytes) = &found.raw {
                small.push((path, bytes, found.head.filter(|_| attributes.is_automatic())));
            } else {
                large.push(path);
            }
        }
        stored.extend(self.converted(&small)?);
        for path in large {
            stored.insert(path.clone(), self.large(path)?);
        }
        Ok(stored)
    }

    fn attributes(&self, files: &BTreeMap<RepoPath, Found>) -> Result<BTreeMap<RepoPath, Attributes>, Error> {
        let input: Vec<u8> = files.keys().flat_map(|path| [path.as_bytes(), b"\0"].concat()).collect();
        let answer = self.call("check-attr").args(["-z", "--stdin", "filter", "text", "eol"]).stdin(input).read()?;
        let mut found: BTreeMap<RepoPath, Attributes> = BTreeMap::new();
        let fields: Vec<&[u8]> = answer.split(|&b| b == 0).collect();
        for record in fields.chunks_exact(3) {
            let Ok(path) = RepoPath::new(record[0]) else { continue };
            let attributes = found.entry(path).or_default();
            let value = record[2].to_vec();
            match record[1] {
                b"filter" => attributes.filter = value,
                b"text" => attributes.text = value,
                _ => attributes.eol = value,
            }
        }
        Ok(found)
    }

    /// What a filter would store: git-lfs's pointer; of any other filter it is not known.
    fn filtered(&self, path: &RepoPath, found: &Found, filter: &[u8]) -> Result<Stored, Error> {
        let place = names::below(&self.worktree.path, path);
        let failed = |source| Error::File { operation: "read", path: place.clone(), source };
        if filter == b"lfs" {
            let pointer = match &found.raw {
                Raw::Bytes(bytes) => pointer::of(&**bytes).map_err(failed)?,
                Raw::Large => pointer::of(names::open_plain(&place).map_err(failed)?).map_err(failed)?,
            };
            return Ok(Stored { id: self.objects.add(ObjectKind::Blob, &pointer)?, unsure: None });
        }
        let id = match &found.raw {
            Raw::Bytes(bytes) => self.objects.add(ObjectKind::Blob, bytes)?,
            Raw::Large => self.large(path)?.id,
        };
        let filter = String::from_utf8_lossy(filter);
        Ok(Stored { id, unsure: Some(format!("it goes through the filter {filter}, which coord does not run")) })
    }

    /// A large file, in whose place stands a short binary one that differs where it differs; the true object where HEAD
    /// has it.
    fn large(&self, path: &RepoPath) -> Result<Stored, Error> {
        let answer = self.call("hash-object").arg("--stdin-paths").stdin(line(path)).read()?;
        let id = ObjectId::from_hex(answer.trim_ascii_end()).ok_or_else(|| bad("it gave no object id"))?;
        if self.objects.has(id) {
            return Ok(Stored { id, unsure: None });
        }
        let stand_in = format!("\0coord: a file of more than {LARGEST} bytes, {id}\n");
        Ok(Stored { id: self.objects.add(ObjectKind::Blob, stand_in.as_bytes())?, unsure: None })
    }

    /// Lets git convert files into a temporary place, and takes them from there.
    fn converted(
        &self,
        files: &[(&RepoPath, &Vec<u8>, Option<ObjectId>)],
    ) -> Result<BTreeMap<RepoPath, Stored>, Error> {
        if files.is_empty() {
            return Ok(BTreeMap::new());
        }
        let failed = |source| Error::File { operation: "make", path: std::env::temp_dir(), source };
        let dir = tempfile::Builder::new().prefix(&scratch_prefix(std::process::id())).tempdir().map_err(failed)?;
        let input: Vec<u8> = files.iter().flat_map(|(path, ..)| line(path)).collect();
        let output = self.converting(dir.path()).stdin(input).output()?;
        let ids: Vec<ObjectId> = output.stdout.split(|&b| b == b'\n').filter_map(ObjectId::from_hex).collect();
        if output.code != 0 || ids.len() != files.len() {
            return self.one_by_one(files, &output.failed("hash-object".into(), self.worktree.path.clone()));
        }
        let store = ObjectStore { objects_dir: dir.path().to_owned(), format: self.repository.store.format };
        let converted = Objects::open(&store)?;
        let mut stored = BTreeMap::new();
        for ((path, raw, head), id) in files.iter().zip(ids) {
            let bytes = converted.read(id)?.data;
            // Git leaves line ends alone where they were to be found out, and the file has both kinds already.
            let keeps = head.is_some_and(|head| self.objects.read(head).is_ok_and(|blob| has_crlf(&blob.data)));
            let id = self.objects.add(ObjectKind::Blob, if keeps { raw } else { &bytes })?;
            stored.insert((*path).clone(), Stored { id, unsure: None });
        }
        Ok(stored)
    }

    /// Finds the files that git cannot convert; of those only the raw bytes are known.
    fn one_by_one(
        &self,
        files: &[(&RepoPath, &Vec<u8>, Option<ObjectId>)],
        error: &Error,
    ) -> Result<BTreeMap<RepoPath, Stored>, Error> {
        if let [(path, raw, _)] = files {
            let id = self.objects.add(ObjectKind::Blob, raw)?;
            return Ok(BTreeMap::from([((*path).clone(), Stored { id, unsure: Some(error.to_string()) })]));
        }
        let (left, right) = files.split_at(files.len() / 2);
        let mut stored = self.converted(left)?;
        stored.extend(self.converted(right)?);
        Ok(stored)
    }

    fn converting(&self, dir: &Path) -> Call {
        self.call("hash-object").env("GIT_OBJECT_DIRECTORY", dir).args(["-w", "--stdin-paths"])
    }

    fn call(&self, subcommand: &str) -> Call {
        self.worktree.call(&self.git, subcommand)
    }
}

impl Attributes {
    /// Whether git finds out by itself if the file is text.
    fn is_automatic(&self) -> bool {
        let unspecified = |value: &[u8]| value == b"unspecified" || value.is_empty();
        self.text == b"auto" || unspecified(&self.text) && unspecified(&self.eol)
    }
}

fn bad(what: &str) -> Error {
    Error::Answer { operation: "hash-object".into(), what: what.into() }
}

fn filters(config: &Config) -> BTreeSet<Vec<u8>> {
    config.filters().into_iter().map(<[u8]>::to_vec).collect()
}

fn has_crlf(bytes: &[u8]) -> bool {
    bytes.windows(2).any(|window| window == b"\r\n")
}

/// Whether a file of attributes names one that changes more than line ends. One that cannot be read may.
fn converts(file: &Path) -> bool {
    match fs::read(file) {
        Ok(text) => [&b"filter"[..], b"working-tree-encoding", b"ident"]
            .iter()
            .any(|word| text.windows(word.len()).any(|window| window == *word)),
        Err(error) => !matches!(error.kind(), std::io::ErrorKind::NotFound | std::io::ErrorKind::NotADirectory),
    }
}

/// A path as one line of input, quoted as git quotes, so that any bytes pass.
fn line(path: &RepoPath) -> Vec<u8> {
    let mut line = b"\"".to_vec();
    for &byte in path.as_bytes() {
        match byte {
            b'"' | b'\\' => line.extend_from_slice(&[b'\\', byte]),
            0x20..=0x7e => line.push(byte),
            _ => line.extend_from_slice(format!("\\{byte:03o}").as_bytes()),
        }
    }
    line.extend_from_slice(b"\"\n");
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_path_is_one_line() {
        let path = RepoPath::new(*b"a \"b\\\n\xe9").expect("valid");
        assert_eq!(line(&path), b"\"a \\\"b\\\\\\012\\351\"\n");
    }

    #[test]
    fn line_ends_are_found_out_only_where_nobody_said() {
        let of = |text: &str, eol: &str| Attributes { filter: vec![], text: text.into(), eol: eol.into() };
        assert!(of("auto", "crlf").is_automatic());
        assert!(of("unspecified", "unspecified").is_automatic());
        assert!(!of("unspecified", "lf").is_automatic());
        assert!(!of("set", "unspecified").is_automatic());
    }
}
