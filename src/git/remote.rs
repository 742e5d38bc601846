//! Talking to another repository as `git fetch` and `git push` do, without a prompt, a hook or an end that is not bounded.
//! Must not know: what the refs mean, when anybody talks.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

use super::names;
use super::program::{Call, Deadline, Git, Output};
use super::repository::{Repository, option};
use crate::domain::id::{ObjectId, RefName};

pub use answers::{Outcome, Trouble};

mod answers;

/// The ways that git may go. `ext::` and other helpers that run what an address says are not among them.
const PROTOCOLS: &[&str] = &["file", "git", "http", "https", "ssh"];

/// What of the repository's own configuration the way to a remote depends on.
const SECTIONS: &[&str] = &["credential", "http", "url", "ssh", "gitproxy"];

/// So many refs are changed by one call: a command line has its limits.
const AT_ONCE: usize = 400;

/// A remote, and the repository of coord's own that talks to it.
#[derive(Clone, Debug)]
pub struct Remote {
    git: Git,
    place: PathBuf,
    git_dir: PathBuf,
    fetch_from: OsString,
    push_to: OsString,
    ssh: Option<OsString>,
    /// Its name and address, without credentials, for people.
    pub shown: String,
}

/// One ref to be changed on the remote, if it still stands where it is thought to.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Change {
    /// The ref.
    pub name: RefName,
    /// Where it is thought to stand; `None` where it is thought not to be.
    pub expected: Option<ObjectId>,
    /// Where it is to stand; `None` to remove it.
    pub new: Option<ObjectId>,
}

/// The remotes that are configured, by name.
#[must_use]
pub fn configured(repository: &Repository) -> Vec<String> {
    let name = |key: &[u8]| {
        let name = key.strip_prefix(b"remote.")?.strip_suffix(b".url")?;
        Some(String::from_utf8_lossy(name).into_owned())
    };
    let mut names: Vec<String> = repository.config.keys("remote").filter_map(name).collect();
    names.sort();
    names.dedup();
    names
}

impl Remote {
    /// The remote of that name; `None` where there is none. `git_dir` is the repository that talks, and `ssh` what the
    /// environment says that ssh is.
    #[must_use]
    pub fn named(repository: &Repository, name: &str, git_dir: &Path, ssh: Option<&OsStr>) -> Option<Self> {
        let config = &repository.config;
        let address = config.bytes(&format!("remote.{name}.url"))?;
        let push_to = config.bytes(&format!("remote.{name}.pushurl")).unwrap_or(address);
        let configured = config.bytes("core.sshCommand").map(|text| names::to_path(text).into_os_string());
        let place = repository.main_worktree.clone().or_else(|| repository.worktree.clone());
        Some(Self {
            git: armed(&repository.git, repository),
            // Where the user's own git would stand: an address may be a relative path.
            place: place.unwrap_or_else(|| repository.common_dir.clone()),
            git_dir: git_dir.to_owned(),
            fetch_from: names::to_path(address).into_os_string(),
            push_to: names::to_path(push_to).into_os_string(),
            ssh: batch(ssh.map(OsStr::to_owned).or(configured), config.bytes("ssh.variant")),
            shown: format!("{name} ({})", without_credentials(&String::from_utf8_lossy(push_to))),
        })
    }

    /// The same remote, whose calls end at `deadline`.
    #[must_use]
    pub fn until(&self, deadline: Deadline) -> Self {
        Self { git: self.git.until(deadline), ..self.clone() }
    }

    fn call(&self, subcommand: &str) -> Call {
        let call = self.git.call_with(&self.place, &[option("--git-dir=", &self.git_dir)], subcommand);
        // No window of a credential helper either.
        let call = call.env("GCM_INTERACTIVE", "never");
        match &self.ssh {
            Some(ssh) => call.env("GIT_SSH_COMMAND", ssh),
            None => call,
        }
    }

    /// Brings the refs that match into the repository that talks, and forgets there what is gone. It writes no more than
    /// `most` bytes.
    ///
    /// # Errors
    /// [`Trouble`] where the remote cannot be read, or sends more than that.
    pub fn fetch(&self, refspecs: &[&str], most: u64) -> Result<(), Trouble> {
        let bounded = Self { git: self.git.writing_at_most(most), ..self.clone() };
        let call = bounded.call("fetch").args(["--quiet", "--prune", "--no-tags", "--no-write-fetch-head", "--force"]);
        let call = call.args(["--no-recurse-submodules", "--no-auto-maintenance", "--no-show-forced-updates"]);
        let output = call.arg(&self.fetch_from).args(refspecs).output()?;
        if output.code == 0 { Ok(()) } else { Err(Trouble::of(&output)) }
    }

    /// Where refs stand on the remote.
    ///
    /// # Errors
    /// [`Trouble`] where the remote cannot be read.
    pub fn list(&self, patterns: &[&str]) -> Result<Vec<(RefName, ObjectId)>, Trouble> {
        let output =
            self.call("ls-remote").args(["--quiet", "--refs"]).arg(&self.fetch_from).args(patterns).output()?;
        if output.code != 0 {
            return Err(Trouble::of(&output));
        }
        let line = |line: &[u8]| {
            let tab = line.iter().position(|&b| b == b'\t')?;
            Some((RefName::new(&line[tab + 1..]), ObjectId::from_hex(&line[..tab])?))
        };
        Ok(output.stdout.split(|&b| b == b'\n').filter_map(line).collect())
    }

    /// Changes refs on the remote, each only where it stands as expected; with `atomic` all of them or none. The outcomes
    /// are in the order of the changes.
    ///
    /// # Errors
    /// [`Trouble`] where the remote cannot be reached at all. Then nobody knows whether it took them.
    pub fn push(&self, changes: &[Change], atomic: bool) -> Result<Vec<Outcome>, Trouble> {
        let mut outcomes = Vec::with_capacity(changes.len());
        let size = if atomic { changes.len().max(1) } else { AT_ONCE };
        for changes in changes.chunks(size) {
            outcomes.extend(self.push_some(changes, atomic)?);
        }
        Ok(outcomes)
    }

    fn push_some(&self, changes: &[Change], atomic: bool) -> Result<Vec<Outcome>, Trouble> {
        let mut call = self.call("push").args(["--porcelain", "--no-verify", "--no-signed", "--recurse-submodules=no"]);
        if atomic {
            call = call.arg("--atomic");
        }
        for change in changes {
            let expected = change.expected.map(|id| id.to_string()).unwrap_or_default();
            call = call.arg(word(&[b"--force-with-lease=", change.name.as_bytes(), b":", expected.as_bytes()]));
        }
        call = call.arg(&self.push_to);
        for change in changes {
            let new = change.new.map(|id| id.to_string()).unwrap_or_default();
            call = call.arg(word(&[new.as_bytes(), b":", change.name.as_bytes()]));
        }
        let output: Output = call.output()?;
        answers::outcomes(&output, changes)
    }
}

fn word(parts: &[&[u8]]) -> OsString {
    names::to_path(&parts.concat()).into_os_string()
}

/// A git that may use the network, with what the repository's own configuration says of the way there: the repository that
/// talks has a configuration of its own. Values go through the environment, as some are secrets.
fn armed(git: &Git, repository: &Repository) -> Git {
    let mut git =
        PROTOCOLS.iter().fold(git.clone(), |git, name| git.overriding(format!("protocol.{name}.allow=always")));
    for setting in [
        "transfer.fsckObjects=true",
        // One file whatever comes, so that a limit on files is one on all.
        "fetch.unpackLimit=1",
        // Read in pieces where they are larger, not held in memory.
        "core.bigFileThreshold=32m",
        "fetch.writeCommitGraph=false",
        "core.alternateRefsPrefixes=refs/heads/ refs/remotes/",
        "credential.interactive=false",
        "http.lowSpeedLimit=500",
        "http.lowSpeedTime=20",
        "push.gpgSign=false",
        "push.useBitmaps=false",
        "pack.threads=1",
        // With it a fetch hears of the refs that it asks for alone.
        "protocol.version=2",
    ] {
        git = git.overriding(setting);
    }
    // What lies in the alternates is listed by git itself; only another program for it is not run.
    git = git.without_overriding("core.alternateRefsCommand");
    for (key, value) in repository.config.near(SECTIONS) {
        git = git.overriding_value(names::to_path(key).into_os_string(), names::to_path(value).into_os_string());
    }
    git
}

/// How ssh is started so that it never asks; `None` where it is another program, whose options are not known.
fn batch(ssh: Option<OsString>, variant: Option<&[u8]>) -> Option<OsString> {
    if variant.is_some_and(|variant| variant != b"ssh" && variant != b"auto") {
        return ssh;
    }
    let mut command = ssh.unwrap_or_else(|| "ssh".into());
    command.push(" -o BatchMode=yes -o ConnectTimeout=10");
    Some(command)
}

/// An address as people may see it: what stands before the `@` of a URL may be a password.
#[must_use]
pub fn without_credentials(address: &str) -> String {
    let Some((scheme, rest)) = address.split_once("://") else { return address.to_owned() };
    let end = rest.find('/').unwrap_or(rest.len());
    let host = rest[..end].rsplit_once('@').map_or(&rest[..end], |(_, host)| host);
    let path = rest[end..].split(['?', '#']).next().unwrap_or_default();
    format!("{scheme}://{host}{path}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_password_is_shown() {
        for (address, shown) in [
            ("https://me:secret@host/x.git", "https://host/x.git"),
            ("https://token@host:8080/x?private=1", "https://host:8080/x"),
            ("https://a:b@c@host", "https://host"),
            ("git@host:x.git", "git@host:x.git"),
            ("/srv/x.git", "/srv/x.git"),
        ] {
            assert_eq!(without_credentials(address), shown);
        }
    }

    #[test]
    fn ssh_never_asks() {
        let text = |command: Option<OsString>| command.expect("ssh").into_string().expect("UTF-8");
        assert_eq!(text(batch(None, None)), "ssh -o BatchMode=yes -o ConnectTimeout=10");
        assert!(text(batch(Some("ssh -i key".into()), None)).starts_with("ssh -i key -o BatchMode"));
        assert_eq!(batch(Some("plink".into()), Some(b"plink")), Some("plink".into()));
    }
}
