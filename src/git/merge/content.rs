//! What comes of one path that both sides changed.
//! Must not know: trees, commits, pairs.

use std::cell::RefCell;
use std::collections::HashMap;

use super::super::attributes::{Attributes, Driver};
use super::super::error::Error;
use super::super::objects::{ObjectKind, Objects};
use super::super::tree::{Entry, LINK};
use super::settings::MergeSettings;
use super::texts::Texts;
use crate::domain::id::ObjectId;
use crate::domain::overlap::ConflictKind;
use crate::domain::verdict;

/// What comes of a path.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Outcome {
    /// It merges.
    Clean,
    /// It does not.
    Conflict(ConflictKind),
    /// Only git's own merge of the whole trees can tell.
    Ask,
}

/// What is left at a path after a merge.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Left {
    /// This, or nothing.
    Entry(Option<Entry>),
    /// A conflict.
    Conflict(ConflictKind),
    /// Only git's own merge of the whole trees can tell.
    Ask,
}

/// A merge of three blobs under a driver.
type Blobs = (ObjectId, ObjectId, ObjectId, Driver);

/// Merges files, each combination of three contents once.
pub(super) struct Contents<'a> {
    objects: &'a Objects,
    settings: &'a MergeSettings,
    memo: RefCell<HashMap<Blobs, Result<ObjectId, ConflictKind>>>,
}

impl<'a> Contents<'a> {
    pub(super) fn new(objects: &'a Objects, settings: &'a MergeSettings) -> Self {
        Self { objects, settings, memo: RefCell::default() }
    }

    /// Merges what stands at one path. The result lives in memory.
    pub(super) fn merge(
        &self,
        [base, ours, theirs]: [Option<Entry>; 3],
        attributes: Attributes,
    ) -> Result<Left, Error> {
        if base == ours || ours == theirs {
            return Ok(Left::Entry(theirs));
        }
        if base == theirs {
            return Ok(Left::Entry(ours));
        }
        let (Some(o), Some(x), Some(y)) = (base, ours, theirs) else { return Ok(Left::Ask) };
        if !(o.is_file() && x.is_file() && y.is_file()) {
            return Ok(Left::Ask);
        }
        // Of two modes one is the base's.
        let mode = if x.mode == o.mode { y.mode } else { x.mode };
        let id = match (o.id, x.id, y.id) {
            (base, ours, theirs) if base == ours || ours == theirs => theirs,
            (base, ours, theirs) if base == theirs => ours,
            _ if self.settings.contents_by_git && !attributes.custom => return Ok(Left::Ask),
            (base, ours, theirs) => match self.blobs((base, ours, theirs, attributes.driver))? {
                Ok(id) => id,
                Err(kind) => return Ok(Left::Conflict(kind)),
            },
        };
        Ok(Left::Entry(Some(Entry { mode, id })))
    }

    fn blobs(&self, blobs: Blobs) -> Result<Result<ObjectId, ConflictKind>, Error> {
        if let Some(known) = self.memo.borrow().get(&blobs) {
            return Ok(*known);
        }
        let merged = self.merge_blobs(blobs)?;
        self.memo.borrow_mut().insert(blobs, merged);
        Ok(merged)
    }

    fn merge_blobs(&self, (base, ours, theirs, driver): Blobs) -> Result<Result<ObjectId, ConflictKind>, Error> {
        if driver == Driver::Binary {
            return Ok(Err(ConflictKind::Binary));
        }
        let read = |id| self.objects.text(id);
        let (Some(base), Some(ours), Some(theirs)) = (read(base)?, read(ours)?, read(theirs)?) else {
            return Ok(Err(ConflictKind::Binary));
        };
        let merged = match driver {
            Driver::Union => Some(verdict::union_text(&base, &ours, &theirs)),
            _ => verdict::merged_text(&base, &ours, &theirs, self.settings.rule),
        };
        match merged {
            Some(text) => self.objects.add(ObjectKind::Blob, &text).map(Ok),
            None => Ok(Err(ConflictKind::Content)),
        }
    }
}

/// What renames could hide behind a path that is gone on one side.
#[derive(Clone, Copy, Debug)]
pub(super) struct Renames {
    /// Our side added something since the base; asked for only where it has nothing at the path.
    pub(super) ours_add: bool,
    /// Their side did.
    pub(super) theirs_add: bool,
}

/// Tells whether a path merges, without merging it. `texts` are those of this path.
pub(super) fn outcome(
    texts: &Texts<'_>,
    settings: &MergeSettings,
    attributes: Attributes,
    [base, ours, theirs]: [Option<Entry>; 3],
    renames: Renames,
) -> Result<Outcome, Error> {
    let (Some(x), Some(y)) = (ours, theirs) else {
        let gone = match (ours, theirs) {
            (None, None) if base.is_some() => renames.ours_add || renames.theirs_add,
            (None, Some(_)) if base.is_some() && base != theirs => renames.ours_add,
            (Some(_), None) if base.is_some() && base != ours => renames.theirs_add,
            _ => return Ok(Outcome::Clean),
        };
        return Ok(match gone {
            true => Outcome::Ask,
            false if ours == theirs => Outcome::Clean,
            false => Outcome::Conflict(ConflictKind::ModifyDelete),
        });
    };
    if base == ours || base == theirs || ours == theirs {
        return Ok(Outcome::Clean);
    }
    let file = |entry: Entry| entry.is_file();
    match base {
        Some(base) if file(base) && file(x) && file(y) => {}
        None if file(x) && file(y) && attributes.driver != Driver::Union => {
            return Ok(Outcome::Conflict(ConflictKind::AddAdd));
        }
        Some(base) if base.mode == LINK && x.mode == LINK && y.mode == LINK => {
            return Ok(Outcome::Conflict(ConflictKind::Symlink));
        }
        _ => return Ok(Outcome::Ask),
    }
    let base = base.map(|base| base.id);
    if base == Some(x.id) || base == Some(y.id) || x.id == y.id {
        return Ok(Outcome::Clean);
    }
    if attributes.driver == Driver::Binary {
        return Ok(Outcome::Conflict(ConflictKind::Binary));
    }
    if settings.contents_by_git {
        return Ok(Outcome::Ask);
    }
    let (Some(a), Some(b)) = (texts.changed(base, Some(x.id))?, texts.changed(base, Some(y.id))?) else {
        return Ok(Outcome::Conflict(ConflictKind::Binary));
    };
    let stops = attributes.driver == Driver::Text && verdict::conflicts(a.side(), b.side(), settings.rule);
    Ok(if stops { Outcome::Conflict(ConflictKind::Content) } else { Outcome::Clean })
}
