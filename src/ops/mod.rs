//! Floor 4: the use cases. Options in, reports out; they fetch, the domain decides.
//! Must not know: clap, printing, terminals.

pub mod config;
pub mod install;
mod receipt;
pub mod settings;
pub mod uninstall;
