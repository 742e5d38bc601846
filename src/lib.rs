//! `coord` sees which lines of work on one repository will collide, and blocks just the commit that would make a conflict.

use std::ffi::OsString;
use std::process::ExitCode;

pub mod agent;
mod cli;
pub mod domain;
pub mod env;
pub mod exit;
pub mod failure;
pub mod git;
pub mod ops;
pub mod os;
pub mod render;
pub mod store;

/// Runs the program with `arguments` (the first is the program's own name) and returns its exit code.
pub fn run(env: env::Env, arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    cli::run(env, arguments).into()
}
