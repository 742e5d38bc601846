//! The texts of blobs as numbered lines, and the hunks between them, each worked out once.
//! Must not know: which blobs are compared, and why.

use std::cell::{OnceCell, RefCell};
use std::collections::HashMap;
use std::hash::BuildHasherDefault;
use std::rc::Rc;

use super::super::error::Error;
use super::super::id_map::{IdHasher, IdMap};
use super::super::objects::Objects;
use crate::domain::hunk::Hunk;
use crate::domain::id::ObjectId;
use crate::domain::text::{self, Line, LineTable};
use crate::domain::verdict::Side;

/// The lines of the blobs that stand at one path in different trees.
pub(super) struct Texts<'o> {
    objects: &'o Objects,
    table: RefCell<LineTable>,
    lines: RefCell<IdMap<Option<Rc<[Line]>>>>,
    /// The first of them, as most are much like it.
    first: OnceCell<Text>,
    changed: RefCell<ByEnds>,
}

/// A text with its lines.
struct Text {
    content: Rc<[u8]>,
    lines: Rc<[Line]>,
}

/// What changed, by base and side.
type ByEnds = HashMap<(ObjectId, ObjectId), Changed, BuildHasherDefault<IdHasher>>;

/// A side of a merge, owned.
#[derive(Clone, Debug)]
pub(super) struct Changed {
    pub(super) lines: Rc<[Line]>,
    pub(super) hunks: Rc<[Hunk]>,
}

impl Changed {
    pub(super) fn side(&self) -> Side<'_> {
        Side { lines: &self.lines, hunks: &self.hunks }
    }
}

impl<'o> Texts<'o> {
    pub(super) fn new(objects: &'o Objects) -> Self {
        let (table, lines, changed) = Default::default();
        Self { objects, table, lines, first: OnceCell::new(), changed }
    }

    /// The blob's lines; `None` where it is binary. No blob is an empty text.
    pub(super) fn lines(&self, blob: Option<ObjectId>) -> Result<Option<Rc<[Line]>>, Error> {
        let Some(id) = blob else { return Ok(Some(Rc::new([]))) };
        if let Some(lines) = self.lines.borrow().get(&id) {
            return Ok(lines.clone());
        }
        let lines = self.objects.text(id)?.map(|content| self.number(content));
        self.lines.borrow_mut().insert(id, lines.clone());
        Ok(lines)
    }

    fn number(&self, content: Rc<[u8]>) -> Rc<[Line]> {
        let mut table = self.table.borrow_mut();
        if let Some(first) = self.first.get() {
            return table.lines_like(&content, (&first.content, &first.lines)).into();
        }
        let lines: Rc<[Line]> = table.lines(&content).into();
        self.first.get_or_init(|| Text { content, lines: Rc::clone(&lines) });
        lines
    }

    /// What `side` changed against `base`; `None` where one of them is binary.
    pub(super) fn changed(&self, base: Option<ObjectId>, side: Option<ObjectId>) -> Result<Option<Changed>, Error> {
        let ends = base.zip(side);
        if let Some(known) = ends.and_then(|ends| self.changed.borrow().get(&ends).cloned()) {
            return Ok(Some(known));
        }
        let (Some(from), Some(lines)) = (self.lines(base)?, self.lines(side)?) else { return Ok(None) };
        let hunks = text::hunks(&from, &lines).into();
        let changed = Changed { lines, hunks };
        if let Some(ends) = ends {
            self.changed.borrow_mut().insert(ends, changed.clone());
        }
        Ok(Some(changed))
    }
}
