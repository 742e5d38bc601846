//! Floor 4: the use cases. Options in, reports out; they fetch, the domain decides.
//! Must not know: clap, printing, terminals.

pub mod ack;
pub mod ci;
pub mod config;
pub mod context;
pub mod demo;
pub mod install;
pub mod intents;
mod journal;
pub mod labels;
pub mod paths;
pub mod place;
mod receipt;
pub mod settings;
pub mod survey;
pub mod uninstall;
pub mod who;
