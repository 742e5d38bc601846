//! The same objects for another thread, and what it added on their way back.
//! Must not know: what the threads do.

use std::path::PathBuf;

use super::packed::Opened;
use super::{Object, ObjectKind, ObjectStore, Objects};
use crate::domain::id::ObjectId;
use crate::git::error::Error;
use crate::git::id_map::IdSet;
use crate::git::view::View;

/// What another thread needs to read the same objects, those in memory as they are now included.
pub(in crate::git) struct Seed {
    store: ObjectStore,
    view: View,
    added: Added,
    annex: Option<PathBuf>,
    opened: Opened,
    further: Vec<PathBuf>,
}

/// Objects in memory on their way from one thread to another.
pub(in crate::git) type Added = Vec<(ObjectId, ObjectKind, Vec<u8>)>;

impl Seed {
    /// Opens them.
    pub(in crate::git) fn open(self) -> Result<Objects, Error> {
        let mut objects = Objects::open(&self.store)?.seen_through(self.view);
        objects.packed = objects.packed.shared(self.opened);
        for dir in self.further {
            objects = objects.also_in(dir)?;
        }
        if let Some(annex) = &self.annex {
            objects.add_directory(annex)?;
        }
        objects.take_over(self.added);
        Ok(objects)
    }

    /// The objects in memory that come with it.
    pub(in crate::git) fn known(&self) -> IdSet {
        self.added.iter().map(|(id, ..)| *id).collect()
    }
}

impl Objects {
    /// What another thread opens for itself.
    pub(in crate::git) fn seed(&self) -> Seed {
        Seed {
            store: ObjectStore { objects_dir: self.place.clone(), format: self.format },
            view: self.view.clone(),
            added: self.added_beside(&IdSet::default()),
            annex: self.annex.get().map(|annex| annex.path().to_owned()),
            opened: self.packed.opened(),
            further: self.further.clone(),
        }
    }

    /// The objects in memory that are not among these.
    pub(in crate::git) fn added_beside(&self, known: &IdSet) -> Added {
        let added = self.added.borrow();
        let new = added.iter().filter(|(id, _)| !known.contains(id));
        new.map(|(id, object)| (*id, object.kind, object.data.to_vec())).collect()
    }

    /// Holds in memory what another thread made.
    pub(in crate::git) fn take_over(&self, added: Added) {
        let added = added.into_iter().map(|(id, kind, data)| (id, Object { kind, data: data.into() }));
        self.added.borrow_mut().extend(added);
    }
}
