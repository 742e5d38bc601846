//! The program `git-coord`, so that `git coord` works: captures the environment and hands over to the library.

use std::process::ExitCode;

fn main() -> ExitCode {
    coord::run(coord::env::Env::capture(), std::env::args_os())
}
