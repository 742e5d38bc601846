//! Reads the state of real repositories of every form, in temporary folders, with nothing of the user's configuration.

#![cfg(unix)]

#[path = "state/again.rs"]
mod again;
#[path = "state/forms.rs"]
mod forms;
#[path = "state/hostile.rs"]
mod hostile;
#[path = "state/refs.rs"]
mod refs;
#[path = "state/sandbox.rs"]
mod sandbox;
#[path = "state/snapshots.rs"]
mod snapshots;
#[path = "state/surveys.rs"]
mod surveys;
#[path = "state/targets.rs"]
mod targets;
#[path = "state/trees.rs"]
mod trees;
