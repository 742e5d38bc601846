//! Floor 2: each forge's variables and JSON, in domain values. No IO.
//! Must not know: git, files, which requests matter.

mod json;
pub mod place;
pub mod requests;

pub use place::Place;
