//! What of a survey was asked about: who by age, author and name, overlaps by path.
//! Must not know: how anybody is found or judged.

use globset::{GlobBuilder, GlobSet, GlobSetBuilder};

use super::SurveyOptions;
use crate::domain::id::RefName;
use crate::domain::overlap::{Grade, PathOverlap};
use crate::domain::path::RepoPath;
use crate::domain::report::{Overlap, Survey};
use crate::domain::time::{Seconds, Timestamp};
use crate::failure::Failure;
use crate::git::names;

/// Which refs count, besides what the policy says.
pub(super) struct Selection {
    since: Option<Seconds>,
    authors: Vec<String>,
    exclude: GlobSet,
}

impl Selection {
    pub(super) fn new(options: &SurveyOptions) -> Result<Self, Failure> {
        let authors = options.authors.iter().map(|author| author.to_lowercase()).collect();
        Ok(Self { since: options.since, authors, exclude: globs("--exclude", &options.exclude, |text| vec![text])? })
    }

    /// Whether a ref is left out by its name or its author.
    pub(super) fn leaves_out(&self, name: &RefName, author: &[u8]) -> bool {
        let excluded = |name: &[u8]| self.exclude.is_match(names::to_path(name));
        let author = String::from_utf8_lossy(author).to_lowercase();
        excluded(name.short())
            || excluded(name.as_bytes())
            || !self.authors.is_empty() && !self.authors.iter().any(|wanted| author.contains(wanted))
    }

    /// Whether what was touched then is too old; `dormant` is the age that counts where none was asked for.
    pub(super) fn is_old(&self, now: Timestamp, touched: Option<Timestamp>, dormant: Option<Seconds>) -> bool {
        touched.zip(self.since.or(dormant)).is_some_and(|(at, age)| now.since(at) > age)
    }
}

/// The survey without what lies outside of `paths`; the whole of it where there are none.
pub(super) fn of_paths(mut survey: Survey, paths: &[String]) -> Result<Survey, Failure> {
    if paths.is_empty() {
        return Ok(survey);
    }
    let wanted = globs("--path", paths, |text| {
        let anchored = text.trim_matches('/').to_owned();
        vec![anchored.clone(), format!("{anchored}/**")]
    })?;
    let is_wanted = |path: &RepoPath| wanted.is_match(names::to_path(path.as_bytes()));
    for overlap in &mut survey.overlaps {
        overlap.paths.retain(|path| is_wanted(&path.path));
        overlap.grade = grade(&overlap.paths);
    }
    for conflict in &mut survey.target_conflicts {
        conflict.paths.retain(|path| is_wanted(&path.path));
    }
    survey.overlaps.retain(|overlap| !overlap.paths.is_empty());
    survey.target_conflicts.retain(|conflict| !conflict.paths.is_empty());
    survey.overlaps.sort_by_key(|overlap: &Overlap| std::cmp::Reverse(overlap.grade));
    Ok(survey)
}

/// The worst grade among the paths that may block, else among all.
fn grade(paths: &[PathOverlap]) -> Grade {
    let blocking = paths.iter().filter(|path| path.blocks).map(|path| path.grade).max();
    blocking.or_else(|| paths.iter().map(|path| path.grade).max()).unwrap_or(Grade::Identical)
}

fn globs<S: AsRef<str>>(flag: &str, texts: &[String], forms: impl Fn(String) -> Vec<S>) -> Result<GlobSet, Failure> {
    let wrong = |error: globset::Error| Failure::usage(format!("{flag}: {error}"));
    let mut set = GlobSetBuilder::new();
    for form in texts.iter().flat_map(|text| forms(text.clone())) {
        set.add(GlobBuilder::new(form.as_ref()).build().map_err(wrong)?);
    }
    set.build().map_err(wrong)
}
