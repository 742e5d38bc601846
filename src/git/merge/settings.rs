//! The settings of the repository and of the team that a merge's outcome depends on.
//! Must not know: where they are read from.

use globset::{Candidate, GlobBuilder, GlobSet, GlobSetBuilder};

use crate::domain::path::RepoPath;
use crate::domain::policy::Policy;
use crate::domain::verdict::Rule;

/// The settings that git's merge looks at.
const TELLING: &[&str] = &[
    "core.ignoreCase",
    "core.symlinks",
    "core.fileMode",
    "core.attributesFile",
    "core.bigFileThreshold",
    "diff.algorithm",
    "diff.renames",
    "diff.renameLimit",
    "merge.conflictStyle",
    "merge.default",
    "merge.directoryRenames",
    "merge.renameLimit",
    "merge.renames",
    "merge.renormalize",
];

/// What judging a merge has to know besides the objects.
#[derive(Clone, Debug)]
pub struct MergeSettings {
    /// `core.ignoreCase`: names that differ only in case are one file here.
    pub ignore_case: bool,
    /// Contents are merged by git itself, as a setting is in play that coord's own merge does not know.
    pub contents_by_git: bool,
    /// How much two changes of one place may have in common.
    pub rule: Rule,
    /// `merge.default`.
    pub default_driver: Option<String>,
    /// The names of the configured merge drivers; none of them is ever run.
    pub drivers: Vec<String>,
    /// Paths that are not looked at.
    pub ignore_paths: GlobSet,
    /// Paths that keep their grade and never block.
    pub warn_paths: GlobSet,
    /// All of this and what else git's own merge looks at, in words: another text for other settings.
    pub fingerprint: String,
}

impl Default for MergeSettings {
    fn default() -> Self {
        Self {
            ignore_case: false,
            contents_by_git: false,
            rule: Rule::Zealous,
            default_driver: None,
            drivers: Vec::new(),
            ignore_paths: GlobSet::empty(),
            warn_paths: GlobSet::empty(),
            fingerprint: String::new(),
        }
    }
}

impl MergeSettings {
    /// Takes the settings from git's configuration (`value` gives a setting's last value) and the policy. `drivers` are
    /// the names between `merge.` and `.driver`. `merge.renames` and its kin need no place here: what they decide is
    /// always asked of git.
    ///
    /// # Errors
    /// Where the policy holds a glob that is none.
    pub fn new(
        value: impl Fn(&str) -> Option<String>,
        drivers: Vec<String>,
        policy: &Policy,
    ) -> Result<Self, globset::Error> {
        let truth = |name: &str| value(name).is_some_and(|text| is_true(&text));
        let style = value("merge.conflictStyle");
        let named: Vec<_> = TELLING.iter().map(|name| (name, value(name))).collect();
        let fingerprint = format!("{named:?} {drivers:?} {:?} {:?}", policy.ignore_paths, policy.warn_paths);
        Ok(Self {
            ignore_case: truth("core.ignoreCase"),
            contents_by_git: truth("merge.renormalize")
                || value("diff.algorithm").is_some_and(|name| !name.eq_ignore_ascii_case("histogram")),
            rule: if style.is_none_or(|style| style == "merge") { Rule::Zealous } else { Rule::Eager },
            default_driver: value("merge.default"),
            drivers,
            ignore_paths: globs(&policy.ignore_paths)?,
            warn_paths: globs(&policy.warn_paths)?,
            fingerprint,
        })
    }

    pub(super) fn ignores(&self, path: &RepoPath) -> bool {
        !self.ignore_paths.is_empty() && self.ignore_paths.is_match_candidate(&Candidate::from_bytes(path.as_bytes()))
    }

    pub(super) fn only_warns(&self, path: &RepoPath) -> bool {
        !self.warn_paths.is_empty() && self.warn_paths.is_match_candidate(&Candidate::from_bytes(path.as_bytes()))
    }
}

fn is_true(text: &str) -> bool {
    ["", "true", "yes", "on"].iter().any(|word| text.eq_ignore_ascii_case(word))
        || text.parse::<i64>().is_ok_and(|number| number != 0)
}

/// As in `.gitignore`: a glob without a slash matches at any depth, and what matches a directory matches all in it.
fn globs(patterns: &[String]) -> Result<GlobSet, globset::Error> {
    let mut set = GlobSetBuilder::new();
    for pattern in patterns {
        let anchored = pattern.trim_start_matches('/').trim_end_matches('/');
        let deep = if pattern.trim_end_matches('/').contains('/') { String::new() } else { "**/".to_owned() };
        for form in [format!("{deep}{anchored}"), format!("{deep}{anchored}/**")] {
            set.add(GlobBuilder::new(&form).literal_separator(true).build()?);
        }
    }
    set.build()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn globs_match_as_in_gitignore() {
        let path = |text: &str| RepoPath::new(text).expect("a valid path");
        let policy = Policy { warn_paths: vec!["*.snap".into(), "docs/api/".into()], ..Policy::default() };
        let settings = MergeSettings::new(|_| None, Vec::new(), &policy).expect("valid globs");
        for (text, expected) in
            [("a.snap", true), ("x/y/a.snap", true), ("docs/api/x/y", true), ("x/docs/api/y", false), ("a.rs", false)]
        {
            assert_eq!(settings.only_warns(&path(text)), expected, "{text}");
            assert!(!settings.ignores(&path(text)));
        }
    }

    #[test]
    fn settings_that_coord_does_not_know_are_gits() {
        let with = |name: &'static str, text: &'static str| {
            let value = move |asked: &str| (asked == name).then(|| text.to_owned());
            MergeSettings::new(value, Vec::new(), &Policy::default()).expect("valid globs")
        };
        assert!(with("merge.renormalize", "yes").contents_by_git);
        assert!(with("diff.algorithm", "patience").contents_by_git);
        assert!(!with("diff.algorithm", "histogram").contents_by_git);
        assert_eq!(with("merge.conflictStyle", "zdiff3").rule, Rule::Eager);
        assert_eq!(with("merge.conflictStyle", "merge").rule, Rule::Zealous);
    }
}
