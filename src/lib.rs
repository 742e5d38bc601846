//! `coord` sees which lines of work on one repository will collide, and blocks just the commit that would make a conflict.

use std::ffi::OsString;
use std::process::ExitCode;

pub mod domain;
pub mod env;
pub mod exit;
pub mod git;
pub mod render;

/// Runs the program with `arguments` (the first is the program's own name) and returns its exit code.
pub fn run(_env: env::Env, _arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    exit::Exit::NoAnswer.into()
}
