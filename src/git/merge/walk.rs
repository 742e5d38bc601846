//! What a side changed since a base, beside what stands at the same paths in another tree, in one walk over the three.
//! Must not know: contents, commits, what comes of it.

use std::collections::BTreeSet;

use super::super::error::Error;
use super::super::objects::Objects;
use super::super::tree::{self, Differences, Entry, Listing, TreeChange};
use super::gone;
use crate::domain::id::ObjectId;
use crate::domain::path::RepoPath;

/// A path that the side changed: what base, other tree and side have there. Never a directory.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Touched {
    pub(super) path: RepoPath,
    pub(super) base: Option<Entry>,
    pub(super) ours: Option<Entry>,
    pub(super) theirs: Option<Entry>,
}

impl Touched {
    /// Whether neither base nor other tree has it.
    pub(super) fn is_new(&self) -> bool {
        self.base.is_none() && self.ours.is_none()
    }
}

/// What the walk found.
#[derive(Clone, Debug, Default)]
pub(super) struct Walked {
    /// Sorted by path.
    pub(super) touched: Vec<Touched>,
    /// Something that only git's own merge can bring together: perhaps a rename, a file where a directory stands.
    pub(super) odd: bool,
    /// Whether the side added a path.
    pub(super) adds: bool,
    /// Of the paths that were looked at alone, those that the other tree has and neither base nor side.
    pub(super) late: Vec<RepoPath>,
    /// A directory is gone in the side, and the other tree changed something in it.
    left_changed_directory: bool,
}

/// Walks whole trees. Subtrees that the side left alone are not read.
pub(super) fn trees(
    objects: &Objects,
    base: Option<ObjectId>,
    ours: Option<ObjectId>,
    theirs: Option<ObjectId>,
) -> Result<Walked, Error> {
    let mut walk = Walk { objects, found: Walked::default() };
    if base != theirs {
        let ours = if base == ours { Ours::AsBase } else { Ours::Tree(ours) };
        walk.directory(None, base, ours, theirs)?;
    }
    Ok(walk.found.finish())
}

/// Looks at a few paths alone; its cost does not depend on the size of the trees.
pub(super) fn paths(
    objects: &Objects,
    base: Option<ObjectId>,
    ours: Option<ObjectId>,
    theirs: Option<ObjectId>,
    only: &BTreeSet<RepoPath>,
) -> Result<Walked, Error> {
    // What lies elsewhere is not seen, so anything may have come from there.
    let mut found = Walked { adds: true, ..Walked::default() };
    for path in &with_what_stands_in_the_way(objects, base, theirs, only)? {
        let (base_entry, ours_entry, theirs_entry) =
            (at(objects, base, path)?, at(objects, ours, path)?, at(objects, theirs, path)?);
        if base_entry == theirs_entry {
            found.late.extend(base_entry.is_none().then_some(ours_entry).flatten().map(|_| path.clone()));
            continue;
        }
        let file = |entry: Option<Entry>| entry.filter(|entry| !entry.is_tree());
        let directory = |entry: Option<Entry>| entry.is_some_and(|entry| entry.is_tree());
        found.odd |= directory(ours_entry) && !directory(base_entry)
            || gone::from_tree(objects, base, ours, path)?.is_some()
            || theirs_entry.is_some() && under_file(objects, ours, path)?
            || theirs_entry.is_none() && left_to_ours(objects, base, (ours, theirs), path)?;
        let touched =
            Touched { path: path.clone(), base: file(base_entry), ours: file(ours_entry), theirs: file(theirs_entry) };
        found.touched.push(touched);
    }
    Ok(found.finish())
}

/// Whether two trees differ at one of the paths.
pub(super) fn differs(
    objects: &Objects,
    one: Option<ObjectId>,
    other: ObjectId,
    paths: &BTreeSet<RepoPath>,
) -> Result<bool, Error> {
    for path in paths {
        if at(objects, one, path)? != at(objects, Some(other), path)? {
            return Ok(true);
        }
    }
    Ok(false)
}

fn at(objects: &Objects, tree: Option<ObjectId>, path: &RepoPath) -> Result<Option<Entry>, Error> {
    tree.map_or(Ok(None), |tree| tree::entry_at(objects, tree, path))
}

/// The paths, and where the side put a file into the place of a directory above one, or a directory into its own: that
/// file, or the first one in that directory.
fn with_what_stands_in_the_way(
    objects: &Objects,
    base: Option<ObjectId>,
    theirs: Option<ObjectId>,
    only: &BTreeSet<RepoPath>,
) -> Result<BTreeSet<RepoPath>, Error> {
    let mut all = only.clone();
    for path in only {
        let mut above = path.parent();
        while let Some(dir) = above.take() {
            let found = at(objects, theirs, &dir)?;
            if found.is_some_and(|entry| !entry.is_tree()) {
                all.insert(dir);
            } else if found.is_none() {
                above = dir.parent();
            }
        }
        let is_tree = |entry: Option<Entry>| entry.filter(Entry::is_tree);
        if let (Some(tree), None) = (is_tree(at(objects, theirs, path)?), is_tree(at(objects, base, path)?)) {
            all.extend(first_file(objects, tree, path)?);
        }
    }
    Ok(all)
}

fn first_file(objects: &Objects, mut tree: Entry, dir: &RepoPath) -> Result<Option<RepoPath>, Error> {
    let mut path = dir.as_bytes().to_vec();
    while tree.is_tree() {
        let listing = Listing::read(objects, Some(tree.id))?;
        if listing.len() == 0 {
            return Ok(None);
        }
        path.push(b'/');
        path.extend_from_slice(listing.name(0));
        tree = listing.entry(0);
    }
    Ok(RepoPath::new(path).ok())
}

/// Whether the side left a directory above the path that the other changed since: what is new there may move along.
fn left_to_ours(
    objects: &Objects,
    base: Option<ObjectId>,
    (ours, theirs): (Option<ObjectId>, Option<ObjectId>),
    path: &RepoPath,
) -> Result<bool, Error> {
    let Some(dir) = gone::from_tree(objects, base, theirs, path)? else { return Ok(false) };
    Ok(at(objects, ours, &dir)? != at(objects, base, &dir)?)
}

/// Whether a file stands in `tree` where `path` needs a directory.
fn under_file(objects: &Objects, tree: Option<ObjectId>, path: &RepoPath) -> Result<bool, Error> {
    let (Some(tree), Some(mut dir)) = (tree, path.parent()) else { return Ok(false) };
    loop {
        if tree::entry_at(objects, tree, &dir)?.is_some_and(|entry| !entry.is_tree()) {
            return Ok(true);
        }
        match dir.parent() {
            Some(above) => dir = above,
            None => return Ok(false),
        }
    }
}

/// What the other tree has where a directory of base or side stands.
#[derive(Clone, Copy)]
enum Ours {
    /// The same as the base.
    AsBase,
    /// This directory.
    Tree(Option<ObjectId>),
    /// Nothing.
    Missing,
}

struct Walk<'o> {
    objects: &'o Objects,
    found: Walked,
}

impl Walk<'_> {
    fn directory(
        &mut self,
        dir: Option<&RepoPath>,
        base: Option<ObjectId>,
        ours: Ours,
        theirs: Option<ObjectId>,
    ) -> Result<(), Error> {
        let listed_base = Listing::read(self.objects, base)?;
        let content_of_theirs = tree::content(self.objects, theirs)?;
        let listed_ours = match ours {
            Ours::Tree(id) => Listing::read(self.objects, id)?,
            Ours::AsBase | Ours::Missing => Listing::read(self.objects, None)?,
        };
        for difference in Differences::new(&listed_base, &content_of_theirs) {
            let (name, base, theirs) = difference.map_err(|_| tree::damaged(theirs))?;
            let Some(either) = base.or(theirs) else { continue };
            let path = tree::join(dir, name, either.id)?;
            let here = match ours {
                Ours::AsBase => Here::AsBase,
                Ours::Tree(_) => Here::Entry(listed_ours.find_mostly(name, either.is_tree())),
                Ours::Missing => Here::Entry(None),
            };
            if either.is_tree() {
                let ours = self.subdirectory(base, here, theirs);
                self.directory(Some(&path), base.map(|e| e.id), ours, theirs.map(|e| e.id))?;
            } else {
                self.leaf(path, base, here, theirs);
            }
        }
        Ok(())
    }

    /// Notes what is odd about a directory, and says what the other tree has in its place.
    fn subdirectory(&mut self, base: Option<Entry>, here: Here, theirs: Option<Entry>) -> Ours {
        let entry = match here {
            Here::AsBase => return Ours::AsBase,
            Here::Entry(entry) => entry,
        };
        match entry.filter(Entry::is_tree) {
            Some(tree) if base.is_some_and(|base| base.id == tree.id) => Ours::AsBase,
            Some(tree) => {
                self.found.left_changed_directory |= theirs.is_none();
                Ours::Tree(Some(tree.id))
            }
            None => {
                // A directory that is gone may have been renamed, and a file may stand in its place.
                self.found.odd |= base.is_some() || entry.is_some();
                Ours::Missing
            }
        }
    }

    fn leaf(&mut self, path: RepoPath, base: Option<Entry>, here: Here, theirs: Option<Entry>) {
        let ours = match here {
            Here::AsBase => base,
            Here::Entry(entry) => {
                self.found.odd |= entry.is_some_and(|entry| entry.is_tree());
                entry.filter(|entry| !entry.is_tree())
            }
        };
        self.found.adds |= base.is_none();
        self.found.touched.push(Touched { path, base, ours, theirs });
    }
}

#[derive(Clone, Copy)]
enum Here {
    AsBase,
    Entry(Option<Entry>),
}

impl Walked {
    /// Adds what can only be told when all is seen.
    fn finish(mut self) -> Self {
        self.odd |= self.left_changed_directory && self.adds;
        self.odd |= self.touched.iter().any(|touched| touched.is_odd(self.adds));
        self
    }
}

impl Touched {
    /// What the side did.
    pub(super) fn change(self) -> TreeChange {
        TreeChange { path: self.path, before: self.base, after: self.theirs }
    }

    /// Whether both sides changed the path, differently or not.
    pub(super) fn met(&self) -> bool {
        self.base != self.ours
    }

    /// Whether only git can tell what comes of it.
    fn is_odd(&self, adds: bool) -> bool {
        if !self.met() {
            return false;
        }
        match (self.base, self.ours, self.theirs) {
            // Perhaps renamed by both, or by one and deleted by the other.
            (_, None, None) => true,
            (_, ours, theirs) if ours == theirs => false,
            (Some(_), Some(_), None) => adds,
            (Some(base), Some(ours), Some(theirs)) => !(base.is_file() && ours.is_file() && theirs.is_file()),
            // What the other tree lacks it may have renamed, and what both have anew one may have renamed.
            (_, None, Some(_)) | (None, Some(_), _) => true,
        }
    }
}
