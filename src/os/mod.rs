//! Floor 2: what the operating system tells: processes and their life, clocks.
//! Must not know: git, coord's own files, what a process or a time is asked for.

pub mod changes;
pub mod clock;
pub mod desktop;
pub mod interrupt;
pub mod process;

#[cfg_attr(target_os = "linux", path = "linux.rs")]
#[cfg_attr(not(target_os = "linux"), path = "portable.rs")]
mod system;
