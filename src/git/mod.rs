//! Floor 2: the only owner of git2 and of the program `git`. Git's words in, domain values out.
//! Must not know: coord's own files, how anything is shown, who is blocked.

pub mod config;
pub mod error;
pub mod hooks;
pub mod names;
pub mod objects;
pub mod program;
pub mod repository;
pub mod status;
pub mod worktrees;

pub use error::Error;
pub use program::{Deadline, Git};
