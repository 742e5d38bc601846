//! The part of a survey that lies in some paths.
//! Must not know: how anybody is found or judged.

use globset::{GlobBuilder, GlobSet, GlobSetBuilder};

use crate::domain::path::RepoPath;
use crate::domain::report::Survey;
use crate::failure::Failure;
use crate::git::names;

/// The survey without what lies outside of `paths`; the whole of it where there are none.
pub(in crate::ops) fn of_paths(mut survey: Survey, paths: &[String]) -> Result<Survey, Failure> {
    if paths.is_empty() {
        return Ok(survey);
    }
    let wanted = globs(paths)?;
    let is_wanted = |path: &RepoPath| wanted.is_match(names::to_path(path.as_bytes()));
    let mut overlaps = std::mem::take(&mut survey.overlaps).into_all();
    for overlap in &mut overlaps {
        overlap.paths.retain(|path| is_wanted(&path.path));
        overlap.grade = overlap.paths.worst();
    }
    for conflict in &mut survey.target_conflicts {
        conflict.paths.retain(|path| is_wanted(&path.path));
    }
    overlaps.retain(|overlap| !overlap.paths.is_empty());
    survey.overlaps = overlaps.into();
    survey.target_conflicts.retain(|conflict| !conflict.paths.is_empty());
    Ok(survey)
}

fn globs(texts: &[String]) -> Result<GlobSet, Failure> {
    let wrong = |error: globset::Error| Failure::usage(format!("--path: {error}"));
    let mut set = GlobSetBuilder::new();
    for text in texts {
        let anchored = text.trim_matches('/');
        for form in [anchored.to_owned(), format!("{anchored}/**")] {
            set.add(GlobBuilder::new(&form).build().map_err(wrong)?);
        }
    }
    set.build().map_err(wrong)
}
