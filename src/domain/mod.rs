//! Floor 1: what coord thinks about, as plain values. Values in, values out.
//! Must not know: IO, clocks, git2, serde, or any other floor.

pub mod ack;
pub mod agent;
pub mod alert;
pub mod board;
pub mod briefing;
pub mod checklist;
pub mod ci;
pub mod claim;
pub mod demo;
pub mod event;
pub mod finding;
pub mod hash;
pub mod hindsight;
mod histogram;
pub mod hotspot;
pub mod hunk;
pub mod id;
pub mod instance;
pub mod intent;
pub mod judgement;
pub mod lazy;
pub mod observed;
pub mod overlap;
pub mod overlaps;
pub mod path;
pub mod path_overlaps;
pub mod pattern;
pub mod plan;
pub mod policy;
pub mod process;
pub mod record;
pub mod report;
pub mod right_of_way;
pub mod session;
pub mod setup;
pub mod sync;
pub mod text;
pub mod time;
pub mod verdict;
pub mod weight;
pub mod working_set;

#[cfg(test)]
pub(crate) mod sample;
