//! The board's content, and how a list of paths folds when it is too long to show.
//! Must not know: JSON, the file, its size limit.

use std::path::PathBuf;

use super::time::Timestamp;

/// Who is on the board, as coord sees it; what people wrote by hand is added when it is published.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct BoardView {
    /// The instances at work.
    pub entries: Vec<BoardEntry>,
}

/// One instance on the board.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct BoardEntry {
    /// The short name that people see; unique on the board.
    pub id: String,
    /// What it works on; `None` where nobody said so, and then what somebody wrote on the board stands.
    pub task: Option<String>,
    /// The paths of its working set as text, sorted; a byte that is not UTF-8 as U+FFFD.
    pub files: Vec<String>,
    /// Whose work its own conflicts with, as labels.
    pub conflicts_with: Vec<String>,
    /// When its work began.
    pub started_at: Timestamp,
    /// Its state's name (`State::name`).
    pub status: String,
}

/// What stands on the board, whoever wrote it.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Posted {
    /// When it was last published; `None` where it does not say.
    pub last_updated: Option<Timestamp>,
    /// The entries, in the board's order.
    pub entries: Vec<PostedEntry>,
    /// How many instances there are for which there was no room.
    pub more_instances: u64,
}

/// One entry as it stands on the board: every word of it may have been written by anybody.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct PostedEntry {
    /// Its id.
    pub id: String,
    /// What it works on; empty where nobody said so.
    pub task: String,
    /// Its paths; a directory ends with `/`, the last may be "and N more".
    pub files: Vec<String>,
    /// When its work began, where that is a time.
    pub started_at: Option<Timestamp>,
    /// Its status.
    pub status: String,
}

/// What publishing the board did.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Published {
    /// Whether the file was written; `false` where nothing had changed.
    pub written: bool,
    /// The ids of entries that somebody wrote by hand and that were taken over now, sorted.
    pub adopted: Vec<String>,
    /// The ids of entries that were taken off because their holder is gone, sorted.
    pub swept: Vec<String>,
    /// Where the former file was put because it did not parse.
    pub moved_aside: Option<PathBuf>,
}

/// A path, or a directory that stands for several.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Folded {
    /// The path; a directory ends with `/`.
    pub path: String,
    /// How many paths it stands for.
    pub count: usize,
}

/// A list of paths, cut down.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct FoldedPaths {
    /// What is shown, sorted as it came.
    pub shown: Vec<Folded>,
    /// How many paths are not shown in any form.
    pub more: usize,
}

/// Folds `paths` (sorted) into at most `at_most` entries: whole paths where they fit, else their directories, as deep
/// as fits, else the first of the topmost directories and a count. The counts always add up to those that came in.
#[must_use]
pub fn fold(paths: &[Folded], at_most: usize) -> FoldedPaths {
    if paths.len() <= at_most {
        return FoldedPaths { shown: paths.to_vec(), more: 0 };
    }
    // Deeper levels only split groups, so that the deepest that fits is found by halving: a path may be 2,000 deep.
    let (mut level, mut too_deep) = (1, 1 + paths.iter().map(|p| depth(&p.path)).max().unwrap_or(0));
    while too_deep - level > 1 {
        let middle = level.midpoint(too_deep);
        if groups(paths, middle) <= at_most { level = middle } else { too_deep = middle }
    }
    let shown = at_level(paths, level);
    let more = shown.iter().skip(at_most).map(|p| p.count).sum();
    FoldedPaths { shown: shown.into_iter().take(at_most).collect(), more }
}

/// How many directories lie above a path. A directory's own slash does not count as one above it.
fn depth(path: &str) -> usize {
    path.trim_end_matches('/').bytes().filter(|&b| b == b'/').count()
}

/// The path, or its directory `level` components deep where it lies deeper than that.
fn cut(path: &str, level: usize) -> &str {
    if depth(path) < level {
        return path;
    }
    path.match_indices('/').nth(level - 1).map_or(path, |(at, _)| &path[..=at])
}

fn groups(paths: &[Folded], level: usize) -> usize {
    let mut count = 0;
    let mut last = None;
    for path in paths {
        let group = cut(&path.path, level);
        count += usize::from(last != Some(group));
        last = Some(group);
    }
    count
}

fn at_level(paths: &[Folded], level: usize) -> Vec<Folded> {
    let mut shown: Vec<Folded> = Vec::new();
    for path in paths {
        let group = cut(&path.path, level);
        match shown.last_mut() {
            Some(last) if last.path == group => last.count += path.count,
            _ => shown.push(Folded { path: group.to_owned(), count: path.count }),
        }
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    fn paths(list: &[&str]) -> Vec<Folded> {
        list.iter().map(|p| Folded { path: (*p).to_owned(), count: 1 }).collect()
    }

    fn shown(folded: &FoldedPaths) -> Vec<&str> {
        folded.shown.iter().map(|p| p.path.as_str()).collect()
    }

    #[test]
    fn paths_fold_into_the_deepest_directories_that_fit() {
        let all = paths(&["README", "src/a/x", "src/a/y", "src/b/z", "test/t"]);
        assert_eq!(shown(&fold(&all, 5)), ["README", "src/a/x", "src/a/y", "src/b/z", "test/t"]);
        assert_eq!(shown(&fold(&all, 4)), ["README", "src/a/", "src/b/", "test/t"]);
        assert_eq!(shown(&fold(&all, 3)), ["README", "src/", "test/"]);
        let two = fold(&all, 2);
        assert_eq!((shown(&two), two.more), (vec!["README", "src/"], 1));
        assert_eq!(two.shown[1].count, 3);
        assert_eq!(fold(&all, 0), FoldedPaths { shown: vec![], more: 5 });
    }

    #[test]
    fn strange_paths_fold_too() {
        for list in [&["", "/", "//", "a//b", "/etc/passwd"][..], &["a/", "a/b", "a/b/"], &["é/ü", "é/ö"]] {
            for at_most in 0..4 {
                let folded = fold(&paths(list), at_most);
                let sum: usize = folded.shown.iter().map(|p| p.count).sum();
                assert_eq!(sum + folded.more, list.len(), "{list:?}");
                assert!(folded.shown.len() <= at_most);
            }
        }
    }
}
