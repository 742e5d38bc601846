//! The program `coord`: captures the environment and hands over to the library.

use std::process::ExitCode;

/// Reports of a hundred thousand overlaps are made of small pieces.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    coord::run(coord::env::Env::capture(), std::env::args_os())
}
