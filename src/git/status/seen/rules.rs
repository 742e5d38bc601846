//! The files with rules about what is ignored, and about how contents are compared, that lie in no folder of the worktree.
//! Must not know: the rules.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::path::PathBuf;

use super::Question;
use crate::git::{names, var};

/// Variables by which git finds rules.
const OF_ACCOUNT: [&str; 3] = ["HOME", "XDG_CONFIG_HOME", "GIT_ATTR_NOSYSTEM"];

/// What the environment says of where rules are.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Surroundings(BTreeMap<&'static str, OsString>);

impl Surroundings {
    /// Those that an environment tells of.
    #[must_use]
    pub fn of(variables: &BTreeMap<OsString, OsString>) -> Self {
        let value = |name: &&'static str| Some((*name, variables.get(OsStr::new(name))?.clone()));
        Self(OF_ACCOUNT.iter().filter_map(value).collect())
    }

    /// Where git looks for what the user ignores everywhere, if nothing is configured (gitignore(5)).
    fn ignored(&self) -> Option<PathBuf> {
        let given = |name| self.0.get(name).filter(|value| !value.is_empty()).map(PathBuf::from);
        let config = given("XDG_CONFIG_HOME").or_else(|| Some(given("HOME")?.join(".config")))?;
        Some(config.join("git/ignore"))
    }
}

/// The files, there or not; `None` of a git that does not tell them all. Asks git three times.
pub(super) fn files(question: &Question) -> Option<Vec<PathBuf>> {
    let info = question.common_dir.join("info");
    let mut files = vec![info.join("exclude"), info.join("attributes")];
    files.push(question.site.git_dir.join("info/sparse-checkout"));
    files.extend(ignored(question)?);
    for name in ["GIT_ATTR_SYSTEM", "GIT_ATTR_GLOBAL"] {
        files.extend(var::files(question.site.call("var"), name)?);
    }
    Some(files)
}

/// What the user ignores everywhere.
fn ignored(question: &Question) -> Option<Vec<PathBuf>> {
    let output =
        question.site.call("config").args(["--type=path", "-z", "--get", "core.excludesFile"]).output().ok()?;
    match output.code {
        0 => {
            let file = output.stdout.strip_suffix(b"\0")?;
            // One that is not absolute is looked for where git is run: at the top.
            Some(if file.is_empty() { Vec::new() } else { vec![question.site.top.join(names::to_path(file))] })
        }
        1 => Some(question.surroundings.ignored().into_iter().collect()),
        _ => None,
    }
}
