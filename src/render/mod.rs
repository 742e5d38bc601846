//! Floor 3: finished reports, written down for people and programs. Computes nothing.
//! Must not know: git, the store, standard output, who asked.

pub mod check;
pub mod ci;
pub mod claims;
pub mod demo;
pub mod diff;
pub mod github;
pub mod gitlab;
pub mod home;
pub mod hook;
pub mod html;
pub mod json;
pub mod log;
pub mod markdown;
pub mod plan;
pub mod report;
pub mod safe;
pub mod sarif;
pub mod scan;
pub mod setup;
pub mod style;
pub mod sync;

pub mod agent;
mod board;
#[cfg(test)]
pub(crate) mod browser;
mod collisions;
mod finding;
#[cfg(test)]
mod sample;
#[cfg(test)]
mod screens;
mod table;
pub(crate) mod words;
