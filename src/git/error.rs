//! What can go wrong when git is asked, with the operation and the place.
//! Must not know: which exit code that means, what the user should do about it at the edge.

use std::path::PathBuf;

/// A failure of this floor. Texts are fragments that read on after "could not …:".
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// No usable `git` on PATH.
    #[error("no program `git` found on PATH")]
    NoGit,
    /// The program could not be started.
    #[error("could not start `git {operation}`")]
    Start {
        /// The subcommand.
        operation: String,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// The program ended with another code than the caller can use.
    #[error("`git {operation}` in {} ended with {code}: {message}", dir.display())]
    Failed {
        /// The subcommand.
        operation: String,
        /// Where it ran.
        dir: PathBuf,
        /// Its exit code, -1 for a signal.
        code: i32,
        /// The first lines of its standard error.
        message: String,
    },
    /// The deadline passed; the child was asked to end with SIGTERM.
    #[error("`git {operation}` took too long")]
    TimedOut {
        /// The subcommand.
        operation: String,
    },
    /// The answer had not the form that git documents.
    #[error("`git {operation}` gave an answer that coord cannot read: {what}")]
    Answer {
        /// The subcommand.
        operation: String,
        /// What was wrong with it.
        what: String,
    },
    /// An object could not be read or made.
    #[error("object {id}: {what}")]
    Object {
        /// Which object, in hexadecimal.
        id: String,
        /// What was wrong with it.
        what: String,
    },
    /// A file of the repository could not be read.
    #[error("could not {operation} {}", path.display())]
    File {
        /// What was tried.
        operation: &'static str,
        /// On which path.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// There is no repository here.
    #[error("{} is not inside a git repository", dir.display())]
    NotARepository {
        /// Where it was looked for.
        dir: PathBuf,
    },
    /// Git refuses to read the repository, for its owner or its kind, and says what would make it.
    #[error("git does not read this repository: {message}")]
    Refused {
        /// Git's own words.
        message: String,
        /// The command that git advises, if any.
        advice: Option<String>,
    },
    /// There is no branch that work could land on.
    #[error("{}", no_target(asked.as_deref()))]
    NoTarget {
        /// What was asked for, if anything was.
        asked: Option<String>,
    },
    /// The program `git` is too old.
    #[error("coord needs git 2.38 or later, and this is {version}")]
    TooOld {
        /// What it says of itself.
        version: String,
    },
    /// The repository is of a form that coord cannot judge.
    #[error("{0}")]
    Repository(String),
}

fn no_target(asked: Option<&str>) -> String {
    match asked {
        Some(name) => format!("there is no branch or commit {name} that work could land on"),
        None => "no target found: there is no origin/HEAD, and no branch main or master".to_owned(),
    }
}
