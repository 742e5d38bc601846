//! Floor 4: the use cases. Options in, reports out; they fetch, the domain decides.
//! Must not know: clap, printing, terminals.

pub mod ack;
pub mod agent;
pub mod agents_setup;
mod alerts;
pub mod check;
pub mod ci;
pub mod claim;
pub mod commit;
pub mod config;
pub mod context;
pub mod coordinate;
pub mod demo;
pub mod diff;
pub mod doctor;
pub mod first_look;
pub mod hindsight;
pub mod hook;
pub mod install;
pub mod intents;
mod journal;
pub mod labels;
pub mod log;
mod memory;
mod observe;
pub mod paths;
pub mod place;
pub mod plan;
pub mod publish;
mod receipt;
pub mod report;
pub mod scratch;
pub mod session;
pub mod settings;
pub mod survey;
pub mod uninstall;
pub mod who;
