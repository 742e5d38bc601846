//! Floor 2: the only owner of git2 and of the program `git`. Git's words in, domain values out.
//! Must not know: coord's own files, how anything is shown, who is blocked.

pub mod attributes;
pub mod commit;
pub mod error;
pub mod history;
pub mod merge;
pub mod merge_tree;
pub mod objects;
pub mod program;
pub mod rename;
pub mod tree;
pub mod view;

pub use error::Error;
pub use program::{Deadline, Git};
