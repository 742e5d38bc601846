//! What is set, by whom, and what wins: flag > environment > git config of this repository > `coord.toml` > git config
//! of this person or machine > default. Must not know: where `coord.toml` was read, how settings are shown.

mod team;
#[cfg(test)]
mod tests;
mod values;

use std::collections::BTreeSet;

use crate::domain::policy::Policy;
use crate::domain::setup::{Setting, Source};
use crate::env::Env;
use crate::failure::{Failure, Kind};
use crate::git::config::{Config, Scope};

pub use team::TeamFile;
pub(crate) use values::{mode_name, show_size};

/// A setting's name in git's configuration and the flag's value for it: `("coord.target", "main")`.
pub type Flag = (&'static str, String);

/// What came of reading every source.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Settled {
    /// The values in force.
    pub policy: Policy,
    /// Every setting with its source, in a fixed order, the most used first.
    pub settings: Vec<Setting>,
    /// Keys that coord does not know, named with their place: one sentence each.
    pub warnings: Vec<String>,
}

/// One setting: its names, what it does, and how its text becomes a value.
#[derive(Debug)]
pub(crate) struct Known {
    /// Its name in git's configuration.
    pub(crate) name: &'static str,
    variable: &'static str,
    /// Its table (empty for the top) and key in `coord.toml`.
    team: (&'static str, &'static str),
    /// Whether it holds several values.
    pub(crate) many: bool,
    meaning: &'static str,
    apply: fn(&mut Policy, &[String]) -> Result<(), String>,
    show: fn(&Policy) -> String,
}

/// Every setting there is.
pub(crate) const KNOWN: &[Known] = &[
    Known {
        name: "coord.mode",
        variable: "COORD_MODE",
        team: ("", "mode"),
        many: false,
        meaning: "how far the hooks go: enforce blocks, warn says what would be blocked, monitor only records",
        apply: |policy, values| values::one(values, values::mode).map(|mode| policy.mode = mode),
        show: |policy| mode_name(policy.mode).to_owned(),
    },
    Known {
        name: "coord.target",
        variable: "COORD_TARGET",
        team: ("", "target"),
        many: false,
        meaning: "the branch that work lands on; found by rule (origin/HEAD, main, master) where it is not set",
        apply: |policy, values| values::one(values, values::reference).map(|target| policy.target = Some(target)),
        show: |policy| policy.target.clone().unwrap_or_default(),
    },
    Known {
        name: "coord.strict",
        variable: "COORD_STRICT",
        team: ("", "strict"),
        many: false,
        meaning: "an error of coord's own, or a missing coord, blocks instead of letting through",
        apply: |policy, values| values::one(values, values::boolean).map(|on| policy.strict = on),
        show: |policy| policy.strict.to_string(),
    },
    Known {
        name: "coord.deadline",
        variable: "COORD_DEADLINE",
        team: ("", "deadline"),
        many: false,
        meaning: "how long a hook may judge before it lets the commit through",
        apply: |policy, values| values::one(values, values::milliseconds).map(|ms| policy.deadline_ms = ms),
        show: |policy| values::show_milliseconds(policy.deadline_ms),
    },
    Known {
        name: "coord.activeWithin",
        variable: "COORD_ACTIVE_WITHIN",
        team: ("", "activeWithin"),
        many: false,
        meaning: "an instance that nobody touched for longer is dormant and stops nobody",
        apply: |policy, values| values::one(values, values::seconds).map(|span| policy.active_within = span),
        show: |policy| values::show_milliseconds(policy.active_within.0.saturating_mul(1000)),
    },
    Known {
        name: "coord.blockBranches",
        variable: "COORD_BLOCK_BRANCHES",
        team: ("", "blockBranches"),
        many: false,
        meaning: "a conflict with a branch that has no worktree blocks too, instead of warning",
        apply: |policy, values| values::one(values, values::boolean).map(|on| policy.block_branches = on),
        show: |policy| policy.block_branches.to_string(),
    },
    Known {
        name: "coord.remotes",
        variable: "COORD_REMOTES",
        team: ("", "remotes"),
        many: false,
        meaning: "look at remote-tracking branches too; they only ever warn",
        apply: |policy, values| values::one(values, values::boolean).map(|on| policy.remotes = on),
        show: |policy| policy.remotes.to_string(),
    },
    Known {
        name: "coord.exclude",
        variable: "COORD_EXCLUDE",
        team: ("branches", "exclude"),
        many: true,
        meaning: "branches that are left out everywhere, as globs of their short names",
        apply: |policy, values| values::globs(values).map(|globs| policy.exclude = globs),
        show: |policy| policy.exclude.join(", "),
    },
    Known {
        name: "coord.warnPaths",
        variable: "COORD_WARN_PATHS",
        team: ("paths", "warn"),
        many: true,
        meaning: "paths that keep their grade and never block, as globs",
        apply: |policy, values| values::globs(values).map(|globs| policy.warn_paths = globs),
        show: |policy| policy.warn_paths.join(", "),
    },
    Known {
        name: "coord.ignorePaths",
        variable: "COORD_IGNORE_PATHS",
        team: ("paths", "ignore"),
        many: true,
        meaning: "paths that are not looked at, as globs",
        apply: |policy, values| values::globs(values).map(|globs| policy.ignore_paths = globs),
        show: |policy| policy.ignore_paths.join(", "),
    },
    Known {
        name: "coord.sharedCheckout",
        variable: "COORD_SHARED_CHECKOUT",
        team: ("", "sharedCheckout"),
        many: false,
        meaning: "what would take another session's uncommitted work of the same checkout along: warn or block",
        apply: |policy, values| {
            values::one(values, |text| values::either(text, "warn", "block"))
                .map(|on| policy.shared_checkout_blocks = on)
        },
        show: |policy| if policy.shared_checkout_blocks { "block" } else { "warn" }.to_owned(),
    },
    Known {
        name: "coord.agentOverlap",
        variable: "COORD_AGENT_OVERLAP",
        team: ("", "agentOverlap"),
        many: false,
        meaning: "an agent's edit that conflicts with somebody's work: tell the agent, or ask its user",
        apply: |policy, values| {
            values::one(values, |text| values::either(text, "tell", "ask")).map(|on| policy.agent_overlap_asks = on)
        },
        show: |policy| if policy.agent_overlap_asks { "ask" } else { "tell" }.to_owned(),
    },
    Known {
        name: "coord.runtimeDir",
        variable: "COORD_RUNTIME_DIR",
        team: ("", "runtimeDir"),
        many: false,
        meaning: "the folder of the board, relative to the main worktree",
        apply: |policy, values| values::one(values, values::folder).map(|dir| policy.runtime_dir = dir),
        show: |policy| policy.runtime_dir.clone(),
    },
    Known {
        name: "coord.memory",
        variable: "COORD_MEMORY",
        team: ("", "memory"),
        many: false,
        meaning: "the file that remembers sessions and conflicts, relative to the main worktree",
        apply: |policy, values| values::one(values, values::folder).map(|file| policy.memory = file),
        show: |policy| policy.memory.clone(),
    },
    Known {
        name: "coord.sync",
        variable: "COORD_SYNC",
        team: ("", "sync"),
        many: false,
        meaning: "what other machines see of this one through the remote: off, paths, or content",
        apply: |policy, values| values::one(values, values::sync_mode).map(|mode| policy.sync = mode),
        show: |policy| policy.sync.name().to_owned(),
    },
    Known {
        name: "coord.syncRemote",
        variable: "COORD_SYNC_REMOTE",
        team: ("", "syncRemote"),
        many: false,
        meaning: "the name of the remote that machines meet at; origin where it is not set",
        apply: |policy, values| values::one(values, values::remote).map(|name| policy.sync_remote = Some(name)),
        show: |policy| policy.sync_remote.clone().unwrap_or_default(),
    },
    Known {
        name: "coord.syncEvery",
        variable: "COORD_SYNC_EVERY",
        team: ("", "syncEvery"),
        many: false,
        meaning: "a hook starts a fetch behind it when the last one is older",
        apply: |policy, values| values::one(values, values::seconds).map(|span| policy.sync_every = span),
        show: |policy| values::show_milliseconds(policy.sync_every.0.saturating_mul(1000)),
    },
    Known {
        name: "coord.syncTimeout",
        variable: "COORD_SYNC_TIMEOUT",
        team: ("", "syncTimeout"),
        many: false,
        meaning: "so long one talk to the remote may take",
        apply: |policy, values| values::one(values, values::seconds).map(|span| policy.sync_timeout = span),
        show: |policy| values::show_milliseconds(policy.sync_timeout.0.saturating_mul(1000)),
    },
    Known {
        name: "coord.syncMaxSize",
        variable: "COORD_SYNC_MAX_SIZE",
        team: ("", "syncMaxSize"),
        many: false,
        meaning: "so much is kept of what others published; what would make it more is left out",
        apply: |policy, values| values::one(values, values::size).map(|bytes| policy.sync_max_size = bytes),
        show: |policy| show_size(policy.sync_max_size),
    },
    Known {
        name: "coord.syncExclude",
        variable: "COORD_SYNC_EXCLUDE",
        team: ("paths", "syncExclude"),
        many: true,
        meaning: "paths that never leave this machine, as globs",
        apply: |policy, values| values::globs(values).map(|globs| policy.sync_exclude = globs),
        show: |policy| policy.sync_exclude.join(", "),
    },
    Known {
        name: "coord.reportConflicts",
        variable: "COORD_REPORT_CONFLICTS",
        team: ("report", "conflicts"),
        many: false,
        meaning: "coord report: so many conflicts check its first box",
        apply: |policy, values| values::one(values, values::number).map(|n| policy.report.conflicts = n),
        show: |policy| policy.report.conflicts.to_string(),
    },
    Known {
        name: "coord.reportOpen",
        variable: "COORD_REPORT_OPEN",
        team: ("report", "open"),
        many: false,
        meaning: "coord report: conflicts open for so long, in the median, check its second box",
        apply: |policy, values| values::one(values, values::seconds).map(|n| policy.report.open = n),
        show: |policy| values::show_milliseconds(policy.report.open.0.saturating_mul(1000)),
    },
    Known {
        name: "coord.reportOverlap",
        variable: "COORD_REPORT_OVERLAP",
        team: ("report", "overlap"),
        many: false,
        meaning: "coord report: so many overlapping sessions of a hundred check its third box",
        apply: |policy, values| values::one(values, values::number).map(|n| policy.report.overlap_percent = n),
        show: |policy| policy.report.overlap_percent.to_string(),
    },
    Known {
        name: "coord.reportManual",
        variable: "COORD_REPORT_MANUAL",
        team: ("report", "manual"),
        many: false,
        meaning: "coord report: so many acknowledgements and bypasses in a hundred sessions check its fourth box",
        apply: |policy, values| values::one(values, values::number).map(|n| policy.report.manual_percent = n),
        show: |policy| policy.report.manual_percent.to_string(),
    },
    Known {
        name: "coord.reportSessions",
        variable: "COORD_REPORT_SESSIONS",
        team: ("report", "sessions"),
        many: false,
        meaning: "coord report: so many sessions are observed before it recommends anything",
        apply: |policy, values| values::one(values, values::number).map(|n| policy.report.sessions = n),
        show: |policy| policy.report.sessions.to_string(),
    },
];

/// Settles every setting.
///
/// `team` is the team's policy as it stands **on the target**, so that no branch loosens its own check; only where the
/// target has no `coord.toml` yet is it the worktree's own. As it may name the target itself, the caller settles once
/// without it to find the target, and once with it.
///
/// # Errors
/// Where a value cannot be understood: the failure names the setting, the place and what may stand there.
pub fn policy(env: &Env, config: &Config, team: Option<&TeamFile>, flags: &[Flag]) -> Result<Settled, Failure> {
    let table = team.map(TeamFile::table).transpose()?;
    let mut policy = Policy::default();
    let mut settings = Vec::new();
    for known in KNOWN {
        let found = known.strongest(env, config, team.zip(table.as_ref()), flags)?;
        if let Some((source, values)) = &found {
            known.check(&mut policy, values).map_err(|what| failure(known, source, values, &what))?;
        }
        let source = found.map_or(Source::Default, |(source, _)| source);
        settings.push(Setting { name: known.name, value: (known.show)(&policy), source, meaning: known.meaning });
    }
    let mut warnings = team.zip(table.as_ref()).map(|(team, table)| team.unknown(table, KNOWN)).unwrap_or_default();
    warnings.extend(unknown(config));
    Ok(Settled { policy, settings, warnings })
}

impl Known {
    /// The setting of that name: as git writes it in any case, or without `coord.` in front.
    pub(crate) fn named(name: &str) -> Option<&'static Self> {
        let bare = |name: &str| name.to_ascii_lowercase().trim_start_matches("coord.").to_owned();
        KNOWN.iter().find(|known| bare(known.name) == bare(name))
    }

    /// Takes the values into the policy.
    pub(crate) fn check(&self, policy: &mut Policy, values: &[String]) -> Result<(), String> {
        (self.apply)(policy, values)
    }

    fn strongest(
        &self,
        env: &Env,
        config: &Config,
        team: Option<(&TeamFile, &toml::Table)>,
        flags: &[Flag],
    ) -> Result<Option<(Source, Vec<String>)>, Failure> {
        let given: Vec<String> = flags.iter().filter(|(name, _)| *name == self.name).map(|(_, v)| v.clone()).collect();
        if !given.is_empty() {
            let flag = self.variable.trim_start_matches("COORD_").to_ascii_lowercase().replace('_', "-");
            return Ok(Some((Source::Flag(format!("--{flag}")), given)));
        }
        if let Some(text) = env.variable(self.variable) {
            let source = Source::Environment(self.variable.to_owned());
            let text = text.to_str().ok_or_else(|| failure(self, &source, &[], "it is not UTF-8"))?;
            return Ok(Some((source, self.split(text))));
        }
        if let Some(found) = self.configured(config, |scope| scope >= Scope::Local) {
            return Ok(Some(found));
        }
        if let Some((file, table)) = team
            && let Some(values) = file.values(table, self.team)?
        {
            return Ok(Some((Source::Team(file.place.clone()), values)));
        }
        Ok(self.configured(config, |scope| scope < Scope::Local))
    }

    /// The values that git's configuration holds in some scopes; an empty one takes back those before it.
    fn configured(&self, config: &Config, scopes: impl Fn(Scope) -> bool) -> Option<(Source, Vec<String>)> {
        let mut values = config.values(self.name);
        values.retain(|value| scopes(value.scope));
        let last = values.last()?;
        let place = last.origin.strip_prefix("file:").unwrap_or(&last.origin).to_owned();
        let source = if last.scope < Scope::Local { Source::Global(place) } else { Source::Local(place) };
        let texts: Vec<String> = values.into_iter().map(|value| value.text).collect();
        let from =
            if self.many { texts.iter().rposition(String::is_empty).map_or(0, |at| at + 1) } else { texts.len() - 1 };
        Some((source, texts[from..].to_vec()))
    }

    /// A text with all values of the setting.
    pub(crate) fn split(&self, text: &str) -> Vec<String> {
        if self.many {
            text.split(',').map(str::trim).filter(|part| !part.is_empty()).map(String::from).collect()
        } else {
            vec![text.to_owned()]
        }
    }
}

fn failure(known: &Known, source: &Source, values: &[String], what: &str) -> Failure {
    let place = match source {
        Source::Default => "the defaults".to_owned(),
        Source::Global(place) | Source::Local(place) | Source::Team(place) => place.clone(),
        Source::Environment(name) | Source::Flag(name) => name.clone(),
    };
    let name = if matches!(source, Source::Team(_)) { team::key(known.team) } else { known.name.to_owned() };
    Failure::new(Kind::Config, format!("{name} = {:?} in {place}: {what}", values.join(", ")))
}

/// Keys `coord.x` of git's configuration that coord does not know; those with a subsection are its own notes.
fn unknown(config: &Config) -> BTreeSet<String> {
    let keys = config.keys("coord").filter_map(|key| std::str::from_utf8(key).ok());
    keys.filter(|key| key.matches('.').count() == 1 && Known::named(key).is_none())
        .map(|key| {
            format!(
                "{key} in git's configuration is no setting of coord's{}",
                values::nearest(key, KNOWN.iter().map(|known| known.name.to_owned()))
            )
        })
        .collect()
}
