//! One more look at the files and folders that git's answer came from.
//! Must not know: what git said, what is made of the changes.

use std::collections::{BTreeMap, BTreeSet};

use super::folders::{self, Listings};
use super::told::Told;
use super::{On, Question, Unseen};
use crate::domain::path::RepoPath;
use crate::git::index;
use crate::git::stamp::{Stamp, Top};

/// What changed, and how all stands now.
#[derive(Debug)]
pub(super) struct Look {
    /// Paths that may not be as they were, with all that lies below them.
    pub(super) changed: BTreeSet<RepoPath>,
    pub(super) files: Files,
    /// The folders in which something came or went.
    pub(super) folders: BTreeMap<Vec<u8>, Stamp>,
}

/// The files that the index holds.
#[derive(Debug, Default)]
pub(super) struct Files {
    /// Those that are not as the index notes, or may still change unseen.
    pub(super) stamps: BTreeMap<Vec<u8>, Stamp>,
    /// Those that are not as they were.
    changed: BTreeSet<RepoPath>,
}

impl Look {
    /// `None` where it cannot be told.
    pub(super) fn take(question: &Question, on: &On, told: &Told) -> Option<Self> {
        let top = Top::open(&question.site.top)?;
        let mut listings = Listings::of_changed(question, &top, on, told)?;
        let mut files = files_beside(question, &top, on, &told.files, |path| listings.know(path)).ok()?;
        let mut changed = std::mem::take(&mut files.changed);
        listings.unknown(&mut changed)?;
        Some(Self { changed, files, folders: listings.stamps })
    }
}

/// Looks at every file that the index holds, beside how some of them were.
pub(super) fn files(
    question: &Question,
    top: &Top,
    on: &On,
    before: &BTreeMap<Vec<u8>, Stamp>,
) -> Result<Files, Unseen> {
    files_beside(question, top, on, before, |_| {})
}

fn files_beside(
    question: &Question,
    top: &Top,
    on: &On,
    before: &BTreeMap<Vec<u8>, Stamp>,
    mut held: impl FnMut(&[u8]),
) -> Result<Files, Unseen> {
    let mut files = Files::default();
    let mut unseen = Unseen::Ever;
    let done = index::stamps(&question.site.index(), question.format, |path, noted| {
        held(path);
        if on.own.iter().any(|own| folders::is_below(path, own.as_bytes())) {
            return Some(());
        }
        let Some(now) = top.stamp(path) else {
            unseen = Unseen::ThisTime;
            return None;
        };
        if now != *before.get(path).unwrap_or(&noted) {
            files.changed.insert(RepoPath::new(path).ok()?);
        }
        let kept = now.settled(question.at);
        if kept != noted {
            files.stamps.insert(path.to_vec(), kept);
        }
        Some(())
    });
    done.map(|()| files).ok_or(unseen)
}
