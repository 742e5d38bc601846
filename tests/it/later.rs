//! A time at which all that a test did before is long ago, and what git is asked then: what was written just now may be
//! written again unseen, so nothing is taken again that came from it.
//! Must not know: what is taken again.

use std::fs;
use std::path::PathBuf;

use crate::world::{Place, World, fake_clock};

/// A place whose git notes every call that it gets, where it is an hour later than the files were written.
pub(crate) struct Later<'w> {
    pub(crate) place: Place<'w>,
    notes: PathBuf,
}

impl<'w> Later<'w> {
    /// `None` where the clock cannot be set for one process.
    pub(crate) fn at(world: &'w World, place: &Place<'w>) -> Option<Self> {
        let (global, notes) = (world.path("home/.gitconfig"), world.path("calls"));
        fs::write(&global, format!("[trace2]\n\tnormalTarget = {}\n", notes.display())).expect("writable");
        let place = place.with("GIT_CONFIG_GLOBAL", &global);
        Some(Self { place: fake_clock(&place, "+1h")?, notes })
    }

    /// The same, somewhere else or with another environment.
    pub(crate) fn with(&self, place: Place<'w>) -> Self {
        Self { place, notes: self.notes.clone() }
    }

    /// What git was asked while coord did this, which it did.
    pub(crate) fn calls(&self, place: &Place<'_>, args: &[&str]) -> String {
        self.noted(|| drop(place.coord(args).ok()))
    }

    /// What git was asked meanwhile.
    pub(crate) fn noted(&self, work: impl FnOnce()) -> String {
        drop(fs::remove_file(&self.notes));
        work();
        fs::read_to_string(&self.notes).unwrap_or_default()
    }
}
