//! Agents, claims and sessions through the real binary, on real repositories.

mod claims;
mod edits;
mod mcp;
mod sessions;
mod world;
