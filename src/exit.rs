//! The exit codes: an interface that scripts and hooks rely on. Nothing else knows the numbers.
//! Must not know: why a command ends the way it does.

use std::process::ExitCode;

/// How a command ends.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Exit {
    /// 0: clear.
    Clear,
    /// 1: found what `--fail-on` names.
    Found,
    /// 2: could not answer.
    NoAnswer,
    /// 130: interrupted.
    Interrupted,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(match exit {
            Exit::Clear => 0,
            Exit::Found => 1,
            Exit::NoAnswer => 2,
            Exit::Interrupted => 130,
        })
    }
}
