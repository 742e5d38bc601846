//! What an agent tells of itself and asks, whatever its protocol: its session, the edit it is about to make, the command it
//! is about to run; and what it can be answered.
//! Must not know: any agent's JSON, whose file it is, how an answer reads.

use std::path::PathBuf;

/// One call of an agent's hook.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct AgentEvent {
    /// The agent's name: `claude`, `codex`.
    pub agent: &'static str,
    /// Its session; the same for all calls of one conversation.
    pub session: String,
    /// The helper inside the session that does it; `None` for the session itself.
    pub helper: Option<String>,
    /// Where it works. It follows into a worktree.
    pub cwd: Option<PathBuf>,
    /// Whether nobody is there to answer a question.
    pub unattended: bool,
    /// Whether it reads a fact before its edit; else it is told after it.
    pub hears_before_edit: bool,
    /// Whether an answer to this very call reaches it; what does not is told at the next.
    pub hears: bool,
    /// What happens.
    pub what: What,
}

/// What happens in an agent's session.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum What {
    /// It begins, or goes on after a break.
    SessionStart,
    /// Its user said something.
    PromptSubmitted,
    /// It is about to change files.
    BeforeEdit(Vec<Edit>),
    /// It changed files.
    AfterEdit(Vec<Edit>),
    /// It is about to run a command that can throw away or sweep up work.
    BeforeShell(Vec<Sweep>),
    /// It ran a command.
    AfterShell,
    /// It has finished its turn.
    Stop,
    /// A helper of it begins.
    HelperStart,
    /// A helper of it has finished.
    HelperStop,
    /// It ends.
    SessionEnd,
    /// Anything else: a sign of life.
    Other,
}

/// A change of one file as an agent describes it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Edit {
    /// The file as the agent names it, absolute or relative to its `cwd`; nothing is known of it yet.
    pub path: PathBuf,
    /// What becomes of it.
    pub change: EditChange,
}

/// What an agent does to a file.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum EditChange {
    /// It writes the whole of it.
    Whole(Vec<u8>),
    /// It replaces parts of it, one after the other.
    Replace(Vec<Swap>),
    /// It removes it.
    Delete,
    /// It does not say.
    Unknown,
}

/// One replacement inside a file.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Swap {
    /// The text that goes.
    pub old: Vec<u8>,
    /// The text that comes.
    pub new: Vec<u8>,
    /// Everywhere, not only at its first place.
    pub all: bool,
}

/// A file after an edit.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Edited {
    /// Its new content.
    Content(Vec<u8>),
    /// It is gone.
    Gone,
    /// It cannot be told: the agent does not say, or the text to be replaced is not there.
    Unknown,
}

/// No file grows longer than this by an edit that is followed here; beyond it the edit counts as unknown.
const LONGEST: usize = 32 << 20;

impl EditChange {
    /// What becomes of `before` (nothing, where there is no file yet).
    #[must_use]
    pub fn apply(&self, before: Option<&[u8]>) -> Edited {
        match self {
            Self::Whole(content) => Edited::Content(content.clone()),
            Self::Delete => Edited::Gone,
            Self::Unknown => Edited::Unknown,
            Self::Replace(swaps) => {
                let mut content = before.unwrap_or_default().to_vec();
                for swap in swaps {
                    match swap.apply(&content) {
                        Some(next) => content = next,
                        None => return Edited::Unknown,
                    }
                }
                Edited::Content(content)
            }
        }
    }
}

impl Swap {
    fn apply(&self, content: &[u8]) -> Option<Vec<u8>> {
        if self.old.is_empty() {
            // How agents say "put this into a new file".
            return content.is_empty().then(|| self.new.clone());
        }
        let mut next = Vec::with_capacity(content.len());
        let mut rest = content;
        let mut found = false;
        while let Some(at) = find(rest, &self.old).filter(|_| self.all || !found) {
            found = true;
            next.extend_from_slice(&rest[..at]);
            next.extend_from_slice(&self.new);
            rest = &rest[at + self.old.len()..];
            if next.len() > LONGEST {
                return None;
            }
        }
        next.extend_from_slice(rest);
        found.then_some(next)
    }
}

/// Where `needle` first stands in `hay`: by its rarest end first, so that long texts of one letter cost no square.
fn find(hay: &[u8], needle: &[u8]) -> Option<usize> {
    let (&first, last) = (needle.first()?, needle.len() - 1);
    if hay.len() < needle.len() {
        return None;
    }
    let starts = &hay[..=hay.len() - needle.len()];
    let fits = |&at: &usize| hay[at + last] == needle[last] && hay[at..].starts_with(needle);
    starts.iter().enumerate().filter(|(_, byte)| **byte == first).map(|(at, _)| at).find(fits)
}

/// What a command would do to work that is not committed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Sweep {
    /// The command as people know it: `git stash`.
    pub command: String,
    /// What it does.
    pub harm: Harm,
    /// The paths it names, as typed; `None` for everything below its folder.
    pub paths: Option<Vec<Vec<u8>>>,
    /// The folder it runs in, as far as the command line says: what follows `cd` and `-C`.
    pub dir: Option<PathBuf>,
}

/// What a command does to others' uncommitted work.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Harm {
    /// It changes the branch under everybody's files.
    Switches,
    /// It puts them into its own commit or index.
    SweepsUp,
    /// It hides them in the stash that all share.
    PutsAway,
    /// It throws them away.
    ThrowsAway,
}

/// What an agent is answered.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Answer {
    /// Nothing: go on.
    Silent,
    /// Something to know; it goes on.
    Fact(String),
    /// Its user decides.
    Ask(String),
    /// It may not.
    Deny(String),
}

#[cfg(test)]
mod tests {
    use super::*;

    fn swap(old: &str, new: &str, all: bool) -> Swap {
        Swap { old: old.into(), new: new.into(), all }
    }

    #[test]
    fn an_edit_gives_the_file_as_it_will_be() {
        let content = |text: &str| Edited::Content(text.into());
        for (change, before, after) in [
            (EditChange::Replace(vec![swap("b", "X", false)]), Some("abcb"), content("aXcb")),
            (EditChange::Replace(vec![swap("b", "X", true)]), Some("abcb"), content("aXcX")),
            (EditChange::Replace(vec![swap("a", "b", true), swap("bb", "c", false)]), Some("ab"), content("c")),
            (EditChange::Replace(vec![swap("gone", "x", false)]), Some("abc"), Edited::Unknown),
            (EditChange::Replace(vec![swap("", "new", false)]), None, content("new")),
            (EditChange::Replace(vec![swap("", "new", false)]), Some("old"), Edited::Unknown),
            (EditChange::Whole("w".into()), Some("old"), content("w")),
            (EditChange::Delete, Some("old"), Edited::Gone),
        ] {
            assert_eq!(change.apply(before.map(str::as_bytes)), after, "{change:?}");
        }
    }

    #[test]
    fn an_edit_that_explodes_is_not_followed() {
        let grow = EditChange::Replace(vec![swap("a", &"a".repeat(1 << 16), true); 3]);
        assert_eq!(grow.apply(Some(b"aaaa")), Edited::Unknown);
    }
}
