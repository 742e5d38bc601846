//! A failure as it leaves the library: what kind it is, what happened, what the user can do about it.
//! Must not know: exit codes, how it is printed.

use crate::{git, store};

/// Where the fault lies.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    /// In what was typed.
    Usage,
    /// In a setting.
    Config,
    /// In the repository, or in what git says of it.
    Repository,
    /// In coord's own files.
    Store,
    /// The user stopped it.
    Interrupted,
    /// In coord.
    Bug,
}

/// Why a use case could not be done.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub struct Failure {
    /// Where the fault lies.
    pub kind: Kind,
    /// What happened, for people; reads on after "coord: ".
    pub message: String,
    /// What can be done about it, each a command or a sentence.
    pub hints: Vec<String>,
    /// What lies behind it.
    #[source]
    pub source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

impl Failure {
    /// A failure of `kind` that says `message`.
    #[must_use]
    pub fn new(kind: Kind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into(), hints: Vec::new(), source: None }
    }

    /// A fault in what was typed.
    #[must_use]
    pub fn usage(message: impl Into<String>) -> Self {
        Self::new(Kind::Usage, message)
    }

    /// A fault in a setting.
    #[must_use]
    pub fn config(message: impl Into<String>) -> Self {
        Self::new(Kind::Config, message)
    }

    /// A fault in the repository.
    #[must_use]
    pub fn repository(message: impl Into<String>) -> Self {
        Self::new(Kind::Repository, message)
    }

    /// A fault in coord's own files.
    #[must_use]
    pub fn store(message: impl Into<String>) -> Self {
        Self::new(Kind::Store, message)
    }

    /// The same failure with one more thing to do about it.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hints.push(hint.into());
        self
    }

    /// The message and what lies behind it, in one line.
    #[must_use]
    pub fn whole_message(&self) -> String {
        let mut text = self.message.clone();
        let mut behind = self.source.as_deref().and_then(std::error::Error::source);
        while let Some(error) = behind {
            text = format!("{text}: {error}");
            behind = error.source();
        }
        text
    }
}

impl From<git::Error> for Failure {
    fn from(error: git::Error) -> Self {
        let hints = match &error {
            git::Error::NoGit => vec!["install git 2.38 or later, and see that it is on PATH".to_owned()],
            git::Error::TooOld { .. } => vec!["install git 2.38 or later".to_owned()],
            git::Error::NotARepository { .. } => {
                vec!["run it inside a repository, or name one: coord -C DIR …".to_owned()]
            }
            git::Error::NoTarget { .. } => {
                vec![
                    "name the branch that work lands on: --target BRANCH".to_owned(),
                    "git config coord.target BRANCH".to_owned(),
                ]
            }
            git::Error::Refused { advice, .. } => advice.iter().cloned().collect(),
            _ => Vec::new(),
        };
        Self { kind: Kind::Repository, message: error.to_string(), hints, source: Some(Box::new(error)) }
    }
}

impl From<store::Error> for Failure {
    fn from(error: store::Error) -> Self {
        let hint = match error.cause() {
            store::Cause::ReadOnly | store::Cause::Permission => "coord writes only where whoever can commit can write",
            store::Cause::NoSpace => "free some space on that disk",
            store::Cause::Busy => "try again in a moment",
            store::Cause::Content => "coord doctor says what to do about it",
            store::Cause::Other => "",
        };
        let hints = Some(hint.to_owned()).filter(|hint| !hint.is_empty()).into_iter().collect();
        Self { kind: Kind::Store, message: error.to_string(), hints, source: Some(Box::new(error)) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_of_git_keeps_what_lies_behind_it() {
        let source = std::io::Error::other("the disk is on fire");
        let failure = Failure::from(git::Error::Start { operation: "status".into(), source });
        assert_eq!(failure.whole_message(), "could not start `git status`: the disk is on fire");
        assert_eq!(failure.kind, Kind::Repository);
    }

    #[test]
    fn gits_advice_is_passed_on() {
        let advice = Some("git config --global --add safe.directory /x".to_owned());
        let failure = Failure::from(git::Error::Refused { message: "detected dubious ownership".into(), advice });
        assert_eq!(failure.hints, ["git config --global --add safe.directory /x"]);
    }
}
