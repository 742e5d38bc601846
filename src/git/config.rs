//! Git's configuration, every scope in one call, and the programs it names, disarmed.
//! Must not know: what a `coord.*` key means, which value wins over an environment variable or a flag.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use super::error::Error;
use super::names;
use super::program::Git;
use crate::domain::hash::hash;

/// Where a value stands, from the widest to the nearest.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Scope {
    /// `/etc/gitconfig` or the like.
    System,
    /// The user's own.
    Global,
    /// The repository's, shared by its worktrees.
    Local,
    /// One worktree's (`extensions.worktreeConfig`).
    Worktree,
    /// `git -c`, or the environment.
    Command,
}

impl Scope {
    fn named(name: &[u8]) -> Option<Self> {
        Some(match name {
            b"system" => Self::System,
            b"global" => Self::Global,
            b"local" => Self::Local,
            b"worktree" => Self::Worktree,
            b"command" => Self::Command,
            _ => return None,
        })
    }

    /// The scope's name, as git says it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::System => "system",
            Self::Global => "global",
            Self::Local => "local",
            Self::Worktree => "worktree",
            Self::Command => "command",
        }
    }
}

/// One value, with where it came from.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Value {
    /// The text; `true` for a key that stands without `=`.
    pub text: String,
    /// Its scope.
    pub scope: Scope,
    /// The file, as git names it (`file:/home/me/.gitconfig`).
    pub origin: String,
}

/// One line of the configuration.
#[derive(Clone, PartialEq, Eq, Debug)]
struct Line {
    /// As git prints it: section and variable in lower case, the subsection as written.
    key: Vec<u8>,
    value: Option<Vec<u8>>,
    scope: Scope,
    origin: Vec<u8>,
}

/// Everything that is configured, in git's order: a later line wins.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Config {
    lines: Vec<Line>,
}

/// Reads all scopes as seen from `dir`, with `options` of git itself (`--git-dir=…`).
///
/// # Errors
/// Where git cannot read the configuration, or answers in another form than documented.
pub fn read<S: AsRef<OsStr>>(git: &Git, dir: &Path, options: &[S], of_user: Option<&OsStr>) -> Result<Config, Error> {
    Config::answered(git, &ask(git, dir, options, of_user)?, of_user)
}

/// What git answers to whoever reads all scopes.
pub(super) fn ask<S: AsRef<OsStr>>(
    git: &Git,
    dir: &Path,
    options: &[S],
    of_user: Option<&OsStr>,
) -> Result<Vec<u8>, Error> {
    let mut call =
        git.call_with(dir, options, "config").args(["--list", "-z", "--show-scope", "--show-origin", "--includes"]);
    if let Some(parameters) = of_user {
        call = call.env("GIT_CONFIG_PARAMETERS", parameters);
    }
    call.read()
}

impl Config {
    /// The configuration by git's answer, without what this git overrides in every call.
    pub(super) fn answered(git: &Git, answer: &[u8], of_user: Option<&OsStr>) -> Result<Self, Error> {
        let mut config = Self::parse(answer)?;
        config.lines.retain(|line| line.scope != Scope::Command || of_user.is_some() && !git.overrides_key(&line.key));
        Ok(config)
    }

    /// Reads what `git config --list -z --show-scope --show-origin` prints.
    fn parse(bytes: &[u8]) -> Result<Self, Error> {
        let bad = |what: &str| Error::Answer { operation: "config".into(), what: what.into() };
        let mut lines = Vec::new();
        let mut fields = bytes.split(|&b| b == 0);
        while let Some(scope) = fields.next().filter(|f| !f.is_empty()) {
            let (Some(origin), Some(entry)) = (fields.next(), fields.next()) else {
                return Err(bad("the list ends within a value"));
            };
            let mut parts = entry.splitn(2, |&b| b == b'\n');
            let key = parts.next().unwrap_or_default().to_vec();
            let value = parts.next().map(<[u8]>::to_vec);
            // Scopes that git may add are wider than the file they stand in tells; the nearest that is known is taken.
            let scope = Scope::named(scope).unwrap_or(Scope::System);
            lines.push(Line { key, value, scope, origin: origin.to_vec() });
        }
        Ok(Self { lines })
    }

    /// The value of `key` that wins. Section and variable are compared without case, a subsection with it.
    #[must_use]
    pub fn value(&self, key: &str) -> Option<Value> {
        self.matching(key).last().map(Line::to_value)
    }

    /// All values of `key`, in git's order.
    #[must_use]
    pub fn values(&self, key: &str) -> Vec<Value> {
        self.matching(key).map(Line::to_value).collect()
    }

    /// The winning value as git reads a boolean; `None` where it is unset or no boolean.
    #[must_use]
    pub fn boolean(&self, key: &str) -> Option<bool> {
        self.matching(key).last().and_then(|line| boolean(line.value.as_deref()))
    }

    /// The winning value as a path or other bytes.
    #[must_use]
    pub fn bytes(&self, key: &str) -> Option<&[u8]> {
        self.matching(key).last().and_then(|line| line.value.as_deref())
    }

    /// Keys and values of some sections that stand in the repository's own configuration or nearer, in git's order.
    pub fn near<'a>(&'a self, sections: &'a [&str]) -> impl Iterator<Item = (&'a [u8], &'a [u8])> {
        let is = |line: &&Line| {
            let section = line.key.split(|&b| b == b'.').next().unwrap_or_default();
            line.scope >= Scope::Local && sections.iter().any(|wanted| wanted.as_bytes() == section)
        };
        self.lines.iter().filter(is).map(|line| (&*line.key, line.value.as_deref().unwrap_or(b"true")))
    }

    /// The files that anything is configured in, as git names them: perhaps relative to where it was asked.
    pub(super) fn files(&self) -> impl Iterator<Item = PathBuf> {
        let files: BTreeSet<&[u8]> = self.lines.iter().filter_map(|line| line.origin.strip_prefix(b"file:")).collect();
        files.into_iter().map(names::to_path)
    }

    /// Equal for two configurations that hold the same values, wherever these stand.
    pub(super) fn fingerprint(&self) -> String {
        let all = self.lines.iter().map(|line| [&*line.key, b"=", line.value.as_deref().unwrap_or(b"\n")].concat());
        hash(&all.collect::<Vec<_>>().join(&0))
    }

    /// Every key of `section`, in git's order, with repetitions, as git prints them.
    pub fn keys<'a>(&'a self, section: &'a str) -> impl Iterator<Item = &'a [u8]> {
        self.lines
            .iter()
            .map(|line| &*line.key)
            .filter(move |key| key.strip_prefix(section.as_bytes()).is_some_and(|rest| rest.first() == Some(&b'.')))
    }

    /// Whether another worktree may be configured differently: by its own file, or by a conditional include.
    #[must_use]
    pub fn differs_by_worktree(&self) -> bool {
        self.boolean("extensions.worktreeConfig") == Some(true) || self.keys("includeif").next().is_some()
    }

    /// Whether objects may be missing on purpose (a partial clone).
    #[must_use]
    pub fn is_partial(&self) -> bool {
        self.bytes("extensions.partialClone").is_some()
            || self.keys("remote").any(|key| key.ends_with(b".promisor") && self.is_true(key))
    }

    fn is_true(&self, key: &[u8]) -> bool {
        let last = self.lines.iter().rfind(|line| line.key == key);
        last.is_some_and(|line| boolean(line.value.as_deref()) == Some(true))
    }

    fn matching(&self, key: &str) -> impl DoubleEndedIterator<Item = &Line> {
        let key = printed(key);
        self.lines.iter().filter(move |line| line.key == key)
    }

    /// What to override so that no program named in the configuration is ever started: filters, merge drivers, config
    /// hooks, a file-system monitor that is not git's own daemon.
    #[must_use]
    pub fn disarming(&self) -> Vec<(Vec<u8>, &'static str)> {
        let mut found: Vec<(Vec<u8>, &'static str)> = Vec::new();
        if self.bytes("core.fsmonitor").is_some() && self.boolean("core.fsmonitor") != Some(true) {
            found.push((b"core.fsmonitor".to_vec(), "false"));
        }
        for line in &self.lines {
            found.extend(disarmed(&line.key));
        }
        found.sort();
        found.dedup();
        found
    }

    /// The names of the filters that are configured (`lfs`), whose content only their programs could tell.
    #[must_use]
    pub fn filters(&self) -> Vec<&[u8]> {
        let name = |key| strip(key, b"filter.", b".clean").or_else(|| strip(key, b"filter.", b".process"));
        let mut names: Vec<&[u8]> = self.keys("filter").filter_map(name).collect();
        names.sort_unstable();
        names.dedup();
        names
    }
}

impl Line {
    fn to_value(&self) -> Value {
        let text = self.value.as_deref().unwrap_or(b"true");
        Value {
            text: String::from_utf8_lossy(text).into_owned(),
            scope: self.scope,
            origin: String::from_utf8_lossy(&self.origin).into_owned(),
        }
    }
}

/// The setting that takes the power from a key that names a program.
fn disarmed(key: &[u8]) -> Option<(Vec<u8>, &'static str)> {
    if strip(key, b"filter.", b".required").is_some() {
        return Some((key.to_vec(), "false"));
    }
    if [&b".clean"[..], b".smudge", b".process"].iter().any(|variable| strip(key, b"filter.", variable).is_some()) {
        return Some((key.to_vec(), ""));
    }
    if let Some(name) = strip(key, b"hook.", b".command") {
        return Some(([b"hook.", name, b".enabled"].concat(), "false"));
    }
    // An empty driver would pass for one that merged; `false` is a driver that did not.
    strip(key, b"merge.", b".driver").map(|_| (key.to_vec(), "false"))
}

fn strip<'a>(key: &'a [u8], section: &[u8], variable: &[u8]) -> Option<&'a [u8]> {
    key.strip_prefix(section)?.strip_suffix(variable)
}

/// A key as git prints it.
fn printed(key: &str) -> Vec<u8> {
    let (first, last) = (key.find('.').unwrap_or(key.len()), key.rfind('.').unwrap_or(key.len()));
    let lower = |part: &str| part.to_ascii_lowercase();
    [&lower(&key[..first]), &key[first..last], &lower(&key[last..])].concat().into_bytes()
}

/// A value as git reads a boolean.
fn boolean(value: Option<&[u8]>) -> Option<bool> {
    let Some(value) = value else { return Some(true) };
    match value.to_ascii_lowercase().as_slice() {
        b"" | b"false" | b"no" | b"off" => Some(false),
        b"true" | b"yes" | b"on" => Some(true),
        number => std::str::from_utf8(number).ok()?.parse::<i64>().ok().map(|n| n != 0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(lines: &[(&str, &str, &str)]) -> Config {
        let fields: Vec<&str> = lines.iter().flat_map(|(scope, origin, entry)| [*scope, origin, entry, ""]).collect();
        let text = fields.chunks(4).map(|line| line.join("\0")).collect::<String>();
        Config::parse(text.as_bytes()).expect("well formed")
    }

    #[test]
    fn the_last_value_wins_and_says_where_it_stands() {
        let config = parsed(&[
            ("global", "file:/home/me/.gitconfig", "coord.mode\nwarn"),
            ("local", "file:.git/config", "coord.mode\nmonitor"),
            ("local", "file:.git/config", "coord.strict"),
        ]);
        let value = config.value("coord.MODE").expect("is set");
        assert_eq!((&*value.text, value.scope, &*value.origin), ("monitor", Scope::Local, "file:.git/config"));
        assert_eq!(config.values("coord.mode").len(), 2);
        assert_eq!(config.boolean("coord.strict"), Some(true));
        assert_eq!(config.value("coord.else"), None);
    }

    #[test]
    fn values_keep_newlines_and_subsections_their_case() {
        let config = parsed(&[("local", "file:a", "remote.Up=x.y.url\na\nb"), ("local", "file:a", "Remote.k\n")]);
        assert_eq!(config.bytes("remote.Up=x.y.URL"), Some(&b"a\nb"[..]));
        assert_eq!(config.bytes("remote.up=x.y.url"), None);
    }

    #[test]
    fn booleans_are_gits() {
        for (text, value) in [("On", Some(true)), ("0", Some(false)), ("", Some(false)), ("2", Some(true)), ("x", None)]
        {
            let config = parsed(&[("local", "file:a", &format!("a.b\n{text}"))]);
            assert_eq!(config.boolean("a.b"), value, "{text}");
        }
    }

    #[test]
    fn every_named_program_is_disarmed() {
        let config = parsed(&[
            ("global", "f", "filter.lfs.clean\ngit-lfs clean"),
            ("global", "f", "filter.lfs.required\ntrue"),
            ("local", "f", "filter.a=b.process\nevil"),
            ("local", "f", "merge.x.y.driver\nevil %A"),
            ("local", "f", "hook.h.command\nevil"),
            ("local", "f", "core.fsmonitor\n/tmp/evil"),
        ]);
        let keys: Vec<(String, &str)> =
            config.disarming().into_iter().map(|(k, v)| (String::from_utf8_lossy(&k).into_owned(), v)).collect();
        let expected = [
            ("core.fsmonitor", "false"),
            ("filter.a=b.process", ""),
            ("filter.lfs.clean", ""),
            ("filter.lfs.required", "false"),
            ("hook.h.enabled", "false"),
            ("merge.x.y.driver", "false"),
        ];
        assert_eq!(keys, expected.map(|(k, v)| (k.to_owned(), v)));
        assert_eq!(config.filters(), [&b"a=b"[..], b"lfs"]);
        let own_daemon = parsed(&[("local", "f", "core.fsmonitor\ntrue")]);
        assert!(own_daemon.disarming().is_empty());
    }

    #[test]
    fn a_torn_list_is_an_error() {
        assert!(Config::parse(b"local\0file:x\0a.b\nc\0local\0").is_err());
        assert_eq!(Config::parse(b"").expect("nothing configured"), Config::default());
    }
}
