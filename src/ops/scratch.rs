//! The temporary folders of this process, and their end when it is interrupted.
//! Must not know: what any of them is for.

use crate::domain::process::scratch_prefix;
use crate::os::interrupt::{self, Ending};

/// From now on Ctrl-C and its like remove them before they end the process. Not for a command that has to restore the
/// terminal itself.
#[must_use]
pub fn clean_up_when_interrupted() -> Ending {
    interrupt::clean_up_first(&std::env::temp_dir(), &scratch_prefix(std::process::id()))
}
