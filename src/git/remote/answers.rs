//! What git says of a push or fetch, told apart: gone through, outrun, refused for good, not reached.
//! Must not know: what is done about it.

use super::Change;
use crate::domain::id::RefName;
use crate::git::error::Error;
use crate::git::program::Output;

/// What became of one ref.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Outcome {
    /// It stands where it was to.
    Done,
    /// It stood elsewhere: somebody was there first.
    Outrun,
    /// The remote takes no such ref from us, now or later.
    Refused(String),
    /// It was not changed, for a reason that may pass.
    Failed(String),
}

/// Why a remote could not be talked to.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Trouble {
    /// It was not reached, or broke off; another time it may be.
    Away(String),
    /// It wants to know who we are, and nobody may be asked.
    Unauthorized(String),
    /// There is no such repository.
    Missing(String),
    /// What lies in the repository that talks is damaged: it is to be made anew.
    Broken(String),
    /// It sent something that git does not take.
    Rejected(String),
    /// It sent more than is taken.
    TooMuch(String),
    /// It did not answer, or not to the end, in the time that there was.
    Silent(String),
    /// Git itself could not be run.
    Git(String),
}

impl Trouble {
    /// For people.
    #[must_use]
    pub fn text(&self) -> &str {
        match self {
            Self::Away(text)
            | Self::Unauthorized(text)
            | Self::Missing(text)
            | Self::Broken(text)
            | Self::Rejected(text)
            | Self::TooMuch(text)
            | Self::Silent(text)
            | Self::Git(text) => text,
        }
    }

    /// Tells it by what git said.
    pub(super) fn of(output: &Output) -> Self {
        let text = String::from_utf8_lossy(&output.stderr).into_owned();
        let has = |parts: &[&str]| parts.iter().any(|part| text.contains(part));
        let said = said(&text, output.code);
        if has(&["File too large"]) {
            Self::TooMuch(said)
        } else if has(&["fsck error", "error in object", "fsck-objects"]) {
            Self::Rejected(said)
        } else if has(&[
            "bad object",
            "is corrupt",
            "is empty",
            "unable to read tree",
            "could not read",
            "did not send all necessary objects",
            "missing necessary objects",
            "unable to normalize alternate",
            "unable to find",
            "bad tree object",
            "missing blob object",
            "not a git repository: '",
            // Nobody but us writes there, so that a lock is one that a killed git left.
            ".lock': File exists",
        ]) && !has(&["Could not read from remote", "could not read Username", "could not read Password"])
        {
            Self::Broken(said)
        } else if has(&[
            "could not read Username",
            "could not read Password",
            "Authentication failed",
            "Permission denied",
            "403",
            "401",
        ]) {
            Self::Unauthorized(said)
        } else if has(&["does not appear to be a git repository", "not found", "does not exist"]) {
            Self::Missing(said)
        } else {
            Self::Away(said)
        }
    }
}

impl From<Error> for Trouble {
    fn from(error: Error) -> Self {
        match error {
            Error::TimedOut { .. } => Self::Silent("it did not answer in time".to_owned()),
            error => Self::Git(error.to_string()),
        }
    }
}

/// The line that tells most, without what is said after it every time.
fn said(text: &str, code: i32) -> String {
    let lines = || text.lines().map(str::trim).filter(|line| !line.is_empty());
    let telling = ["fatal: ", "error: ", "remote: error: ", "remote: fatal: "];
    let first = telling.iter().find_map(|prefix| lines().find_map(|line| line.strip_prefix(prefix)));
    match first.or_else(|| lines().next()) {
        Some(line) => line.chars().take(300).collect(),
        None => format!("git ended with {code} and said nothing"),
    }
}

/// Reads `git push --porcelain`: a line `FLAG<tab>FROM:TO<tab>SUMMARY (REASON)` for each ref.
pub(super) fn outcomes(output: &Output, changes: &[Change]) -> Result<Vec<Outcome>, Trouble> {
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let stderr = String::from_utf8_lossy(&output.stderr);
    let answers: Vec<(&str, &str, &str)> = text.lines().filter_map(answer).collect();
    if answers.is_empty() {
        return Err(Trouble::of(output));
    }
    // A ref that a removal did not find is gone, which is what was wanted.
    let of = |change: &Change| {
        let is = |to: &str| RefName::new(to) == change.name;
        match answers.iter().find(|(_, to, _)| is(to)) {
            Some(("!", _, summary)) => refusal(&change.name, summary, &stderr),
            Some(_) => Outcome::Done,
            None => Outcome::Failed("git said nothing of it".to_owned()),
        }
    };
    Ok(changes.iter().map(of).collect())
}

fn answer(line: &str) -> Option<(&str, &str, &str)> {
    let mut fields = line.splitn(3, '\t');
    let (flag, refs, summary) = (fields.next()?, fields.next()?, fields.next()?);
    let (_, to) = refs.rsplit_once(':')?;
    (flag.len() == 1).then_some((flag, to, summary))
}

fn refusal(name: &RefName, summary: &str, stderr: &str) -> Outcome {
    let has = |parts: &[&str]| parts.iter().any(|part| summary.contains(part));
    let remote = || stderr.lines().filter_map(|line| line.trim().strip_prefix("remote: ")).map(str::trim);
    // All mean the same: between the look and the change somebody else changed it.
    if has(&["stale info", "fetch first", "reference already exists", "incorrect old value"]) {
        return Outcome::Outrun;
    }
    if has(&["cannot lock ref", "failed to update ref"]) {
        // Git says so of a lock that a killed git left, too, and then it never changes.
        let of_it = format!("cannot lock ref '{}'", String::from_utf8_lossy(name.as_bytes()));
        let other = |line: &&str| line.contains(&of_it) && !line.contains("but expected");
        let why = remote().find(other).filter(|line| !line.ends_with("reference already exists"));
        return why.map_or(Outcome::Outrun, |line| {
            Outcome::Failed(line.trim_start_matches("error: ").trim_end_matches('.').to_owned())
        });
    }
    let said = || {
        let told: Vec<&str> = remote().filter(|line| !line.is_empty()).take(3).collect();
        let reason = summary.rsplit_once('(').map_or(summary, |(_, reason)| reason.trim_end_matches(')'));
        if told.is_empty() { reason.to_owned() } else { format!("{reason}: {}", told.join(" ")) }
    };
    let for_good = [
        "hidden ref",
        "hook declined",
        "protected",
        "not allowed",
        "funny refname",
        "prohibited",
        "denied",
        "read-only",
        "deny",
        "non-fast-forward",
    ];
    if has(&for_good) { Outcome::Refused(said()) } else { Outcome::Failed(said()) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::id::ObjectId;

    fn change(name: &str) -> Change {
        Change { name: RefName::new(name), expected: None, new: ObjectId::from_bytes(&[7; 20]) }
    }

    fn output(stdout: &str, stderr: &str) -> Output {
        Output { code: 1, stdout: stdout.as_bytes().to_vec(), stderr: stderr.as_bytes().to_vec() }
    }

    #[test]
    fn each_ref_has_its_own_outcome() {
        let stdout = "To file:///x\n*\t07:refs/coord/h/a\t[new reference]\n\
                      !\t07:refs/coord/h/b\t[rejected] (stale info)\n\
                      !\t07:refs/coord/h/c\t[remote rejected] (deny updating a hidden ref)\n\
                      !\t07:refs/coord/h/d\t[remote rejected] (pre-receive hook declined)\n\
                      !\t07:refs/coord/h/e\t[remote failure] (remote failed to report status)\nDone\n";
        let names = ["refs/coord/h/a", "refs/coord/h/b", "refs/coord/h/c", "refs/coord/h/d", "refs/coord/h/e"];
        let changes: Vec<Change> = names.iter().map(|name| change(name)).collect();
        let found = outcomes(&output(stdout, "remote: go away\n"), &changes).expect("git answered");
        assert_eq!(found[..2], [Outcome::Done, Outcome::Outrun]);
        assert!(matches!(&found[2], Outcome::Refused(why) if why.contains("hidden ref")));
        assert!(matches!(&found[3], Outcome::Refused(why) if why.contains("go away")));
        assert!(matches!(&found[4], Outcome::Failed(_)));
    }

    #[test]
    fn a_lock_that_a_killed_git_left_is_nobody_who_was_faster() {
        let names = ["refs/coord/h/a", "refs/coord/h/b", "refs/coord/h/c"];
        let line = |name: &&str| format!("!\t07:{name}\t[remote rejected] (failed to update ref)\n");
        let stdout: String = names.iter().map(line).collect();
        let stderr = "remote: error: cannot lock ref 'refs/coord/h/a': Unable to create '/x/refs/coord/h/a.lock': File exists.\n\
                      remote: error: cannot lock ref 'refs/coord/h/b': is at 07 but expected 08\n";
        let changes: Vec<Change> = names.iter().map(|name| change(name)).collect();
        let found = outcomes(&output(&stdout, stderr), &changes).expect("git answered");
        assert!(matches!(&found[0], Outcome::Failed(why) if why.ends_with("/a.lock': File exists")), "{found:?}");
        assert_eq!(found[1..], [Outcome::Outrun, Outcome::Outrun]);
    }

    #[test]
    fn trouble_is_told_apart() {
        for (said, kind) in [
            ("fatal: unable to access 'http://x/': Failed to connect", "away"),
            ("fatal: could not read Username for 'https://x': terminal prompts disabled", "unauthorized"),
            (
                "fatal: '/x' does not appear to be a git repository\nfatal: Could not read from remote repository.",
                "missing",
            ),
            ("fatal: write error: File too large\nfatal: fetch-pack: invalid index-pack output", "too much"),
            ("error: object file x is empty\nfatal: loose object x is corrupt", "broken"),
        ] {
            let found = match Trouble::of(&output("", said)) {
                Trouble::Away(_) => "away",
                Trouble::Unauthorized(_) => "unauthorized",
                Trouble::Missing(_) => "missing",
                Trouble::Broken(_) => "broken",
                Trouble::Rejected(_) => "rejected",
                Trouble::TooMuch(_) => "too much",
                Trouble::Silent(_) | Trouble::Git(_) => "no answer",
            };
            assert_eq!(found, kind, "{said}");
        }
    }
}
