//! The demonstration as a row of scenes.
//! Must not know: how a scene is played, how it is shown.

/// One thing to show, in order.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Scene {
    /// What is going on.
    Text(String),
    /// A command that is being run, and in which worktree.
    Command {
        /// The worktree's name.
        place: String,
        /// The command as one would type it.
        line: String,
    },
    /// What a command said, as it said it.
    Said(Vec<u8>),
    /// What to do next: a command, and what it is for.
    Next {
        /// The command.
        line: String,
        /// What it is for.
        why: String,
    },
}
