//! Floor 2: the only owner of git2 and of the program `git`. Git's words in, domain values out.
//! Must not know: coord's own files, how anything is shown, who is blocked.

pub mod attributes;
mod bytes;
mod cleaning;
pub mod commit;
mod commit_graph;
pub mod config;
mod contents;
pub mod error;
pub mod head_log;
pub mod history;
pub mod hooks;
mod id_map;
pub mod index;
mod kinds;
mod loose;
pub mod merge;
pub mod merge_tree;
pub mod names;
pub mod objects;
pub mod opening;
mod packs;
pub mod plain;
mod pointer;
pub mod program;
pub mod publication;
pub mod refs;
pub mod remote;
pub mod rename;
pub mod repository;
pub mod snapshot;
mod stamp;
pub mod status;
pub mod target;
pub mod tree;
mod var;
pub mod view;
pub mod worktrees;

pub use error::Error;
pub use program::{Deadline, Git};
