//! The attributes of paths that judging looks at, as they stand in the target's tree.
//! Must not know: what a merge does with them.

mod inside;
mod outside;

use std::collections::{BTreeSet, HashMap};
use std::path::Path;

use foldhash::fast::RandomState;

use super::error::Error;
use super::program::Git;
use crate::domain::id::ObjectId;
use crate::domain::path::RepoPath;

pub use inside::says_nothing;
pub use outside::Outside;

/// An index that is not there. Git would read the main worktree's, which may be broken, and which says nothing about the
/// target.
const NO_INDEX: &str = "coord-reads-no-index";

/// How two changes of a file's content are brought together.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Driver {
    /// Line by line.
    Text,
    /// Both sides' lines are kept.
    Union,
    /// Not at all: only one side may have changed it.
    Binary,
}

/// What the attributes say of one path.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Attributes {
    /// How its content is merged; of a driver that coord does not run, the built-in way.
    pub driver: Driver,
    /// Whether the repository names a merge driver of its own for it.
    pub custom: bool,
    /// `linguist-generated`: nobody wrote it by hand.
    pub generated: bool,
    /// `coord=ignore`: it is not looked at.
    pub ignored: bool,
}

impl Default for Attributes {
    fn default() -> Self {
        Self { driver: Driver::Text, custom: false, generated: false, ignored: false }
    }
}

impl Attributes {
    fn learn(&mut self, attribute: &[u8], value: &[u8], default_driver: Option<&str>) {
        match (attribute, value) {
            (b"merge", value) => (self.driver, self.custom) = driver(value, default_driver),
            (b"coord", b"ignore") => self.ignored = true,
            (b"linguist-generated", b"set" | b"true") => self.generated = true,
            _ => {}
        }
    }
}

fn driver(value: &[u8], default_driver: Option<&str>) -> (Driver, bool) {
    match value {
        b"unspecified" => match default_driver {
            Some(name) => driver(name.as_bytes(), None),
            None => (Driver::Text, false),
        },
        b"set" | b"text" => (Driver::Text, false),
        b"unset" | b"binary" => (Driver::Binary, false),
        b"union" => (Driver::Union, false),
        _ => (Driver::Text, true),
    }
}

/// The attributes of some paths.
pub type ByPath = HashMap<RepoPath, Attributes, RandomState>;

/// Where attributes are read.
#[derive(Clone, Copy, Debug)]
pub struct Source<'a> {
    /// The program that reads them.
    pub git: &'a Git,
    /// The common git dir.
    pub common_dir: &'a Path,
    /// The commit whose attributes count.
    pub target: ObjectId,
    /// `merge.default`.
    pub default_driver: Option<&'a str>,
}

impl Source<'_> {
    /// Reads the attributes of `paths` in one call.
    pub fn read(&self, paths: &BTreeSet<RepoPath>) -> Result<ByPath, Error> {
        let mut found = ByPath::default();
        if paths.is_empty() {
            return Ok(found);
        }
        let answer = self.ask(paths, true)?;
        let mut fields = answer.split(|&b| b == 0);
        while let (Some(path), Some(attribute), Some(value)) = (fields.next(), fields.next(), fields.next()) {
            let path = RepoPath::new(path)
                .map_err(|why| Error::Answer { operation: "check-attr".to_owned(), what: why.to_string() })?;
            found.entry(path).or_default().learn(attribute, value, self.default_driver);
        }
        Ok(found)
    }

    /// What git says of paths of which nobody says anything.
    #[must_use]
    pub fn unspecified(&self, paths: &BTreeSet<RepoPath>) -> ByPath {
        let mut attributes = Attributes::default();
        attributes.learn(b"merge", b"unspecified", self.default_driver);
        paths.iter().map(|path| (path.clone(), attributes)).collect()
    }

    /// Whether the paths still have these attributes.
    pub fn still_has(&self, known: &ByPath) -> Result<bool, Error> {
        Ok(self.read(&known.keys().cloned().collect())? == *known)
    }

    /// All is read at once, so git need not write each answer by itself. A worktree is named only because git insists on
    /// one; with a tree as the source it is not looked at.
    fn ask(&self, paths: &BTreeSet<RepoPath>, in_tree: bool) -> Result<Vec<u8>, Error> {
        let mut options = vec![option("--git-dir=", self.common_dir), option("--work-tree=", self.common_dir)];
        options.extend(in_tree.then(|| format!("--attr-source={}", self.target).into()));
        let stdin: Vec<u8> = paths.iter().flat_map(|path| [path.as_bytes(), b"\0"].concat()).collect();
        let call = self.git.call_with(self.common_dir, &options, "check-attr");
        let output = call
            .args(["-z", "--stdin", "merge", "coord", "linguist-generated"])
            .env("GIT_INDEX_FILE", self.common_dir.join(NO_INDEX))
            .env("GIT_FLUSH", "0")
            .stdin(stdin)
            .output()?;
        match output.code {
            0 => Ok(output.stdout),
            // Git before 2.41 does not know --attr-source: what stands outside of trees counts all the same.
            129 if in_tree => self.ask(paths, false),
            _ => Err(output.failed("check-attr".to_owned(), self.common_dir.to_owned())),
        }
    }
}

fn option(name: &str, path: &Path) -> std::ffi::OsString {
    let mut option = std::ffi::OsString::from(name);
    option.push(path);
    option
}
