//! Hot spots: the few paths that cause most conflicts, and what would end them.
//! Must not know: how a survey was made, how a hot spot is shown.

use std::collections::HashMap;

use foldhash::fast::RandomState;

use super::hunk::LineSpan;
use super::overlap::{ConflictKind, Grade, PathOverlap};
use super::path::RepoPath;
use super::report::{Overlap, Survey};

/// What would end the conflicts of a path.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Advice {
    /// Everybody only inserts into a list of entries: `merge=union` in .gitattributes keeps both sides' lines.
    Union,
    /// It looks made by a program: `linguist-generated` in .gitattributes, and make it anew after merging.
    Generated,
    /// It is known as generated already, so it blocks nobody: make it anew after merging.
    Regenerate,
    /// Many meet in one file of source: split it, or keep one file an entry.
    Split,
    /// Few meet there: land one of them soon, and the others rebase.
    LandOne,
}

/// One path with the conflicts it causes.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct HotSpot {
    /// The path.
    pub path: RepoPath,
    /// How many pairs conflict on it.
    pub pairs: usize,
    /// How many of those pairs conflict on nothing else: what ends with this path.
    pub alone: usize,
    /// How many pairs conflict in all, on any path.
    pub of_pairs: usize,
    /// How many instances take part in its conflicts.
    pub instances: usize,
    /// How many instances do not land on the target because of it.
    pub behind: usize,
    /// What would end them.
    pub advice: Advice,
}

impl HotSpot {
    /// Its share of all conflicting pairs, in per cent, rounded down; 0 where no pair conflicts.
    #[must_use]
    pub fn per_cent(&self) -> usize {
        (self.pairs * 100).checked_div(self.of_pairs).unwrap_or(0)
    }
}

impl HotSpot {
    /// Whether it is worth naming unasked: a fifth of the conflicts and more than a pair or two, or several that do not
    /// land because of it.
    #[must_use]
    pub fn is_hot(&self) -> bool {
        is_hot(self.pairs, self.of_pairs, self.behind)
    }
}

#[derive(Default)]
struct Tally {
    pairs: usize,
    alone: usize,
    /// Both of every pair.
    instances: Vec<usize>,
    behind: usize,
    inserts: usize,
    blocks: bool,
}

/// By path, how many pairs conflict there, and how many instances do not land because of it.
type Counts = HashMap<RepoPath, (usize, usize), RandomState>;

/// The tallies of paths.
#[derive(Default)]
struct Tallies {
    all: Vec<(RepoPath, Tally)>,
    at: HashMap<RepoPath, usize, RandomState>,
}

impl Tallies {
    fn number(&mut self, path: &RepoPath) -> usize {
        if let Some(&at) = self.at.get(path) {
            return at;
        }
        self.at.insert(path.clone(), self.all.len());
        self.all.push((path.clone(), Tally::default()));
        self.all.len() - 1
    }

    /// Counts a pair's conflicts on paths that are wanted.
    fn count(&mut self, overlap: &Overlap, wanted: impl Fn(&RepoPath) -> bool) {
        let mut last = None;
        let mut conflicts = 0;
        let mut is_wanted = |path: &RepoPath, grade| {
            conflicts += usize::from(grade == Grade::Conflict);
            grade == Grade::Conflict && wanted(path)
        };
        overlap.paths.choose(&mut is_wanted, &mut |path| {
            let at = self.number(&path.path);
            let tally = &mut self.all[at].1;
            tally.pairs += 1;
            tally.instances.extend([overlap.a, overlap.b]);
            tally.inserts += usize::from(both_only_insert(path));
            tally.blocks |= path.blocks;
            last = Some(at);
        });
        if let Some(only) = last.filter(|_| conflicts == 1) {
            self.all[only].1.alone += 1;
        }
    }
}

fn is_hot(pairs: usize, of_pairs: usize, behind: usize) -> bool {
    pairs >= 3 && pairs * 100 >= of_pairs * 20 || behind >= 3
}

/// The paths that cause the survey's conflicts, the worst first: by pairs, then by instances, then by path.
#[must_use]
pub fn hot_spots(survey: &Survey) -> Vec<HotSpot> {
    spots(survey, |_| true)
}

/// Those of them that are worth naming unasked.
#[must_use]
pub fn hottest(survey: &Survey) -> Vec<HotSpot> {
    let of_pairs = survey.conflicts().len();
    let mut hot = counts(survey);
    hot.retain(|_, (pairs, behind)| is_hot(*pairs, of_pairs, *behind));
    if hot.is_empty() { Vec::new() } else { spots(survey, |path| hot.contains_key(path)) }
}

/// Of thousands of conflicts hardly one is looked at for this.
fn counts(survey: &Survey) -> Counts {
    let mut counts = Counts::default();
    let mut count = |path: &RepoPath, pairs, behind| match counts.get_mut(path) {
        Some((all_pairs, all_behind)) => (*all_pairs, *all_behind) = (*all_pairs + pairs, *all_behind + behind),
        None => drop(counts.insert(path.clone(), (pairs, behind))),
    };
    for overlap in survey.conflicts() {
        let mut found = |path: &RepoPath, grade| {
            if grade == Grade::Conflict {
                count(path, 1, 0);
            }
            false
        };
        overlap.paths.choose(&mut found, &mut |_| {});
    }
    for path in behind(survey) {
        count(path, 0, 1);
    }
    counts
}

/// Where instances do not land, once an instance.
fn behind(survey: &Survey) -> impl Iterator<Item = &RepoPath> {
    survey.target_conflicts.iter().flat_map(|conflict| &conflict.paths).map(|path| &path.path)
}

fn spots(survey: &Survey, wanted: impl Fn(&RepoPath) -> bool) -> Vec<HotSpot> {
    let mut tallies = Tallies::default();
    for overlap in survey.conflicts() {
        tallies.count(overlap, &wanted);
    }
    for path in behind(survey).filter(|path| wanted(path)) {
        let at = tallies.number(path);
        let tally = &mut tallies.all[at].1;
        tally.behind += 1;
        tally.blocks |= tally.pairs == 0;
    }
    let of_pairs = survey.conflicts().len();
    let mut spots: Vec<HotSpot> = tallies.all.into_iter().map(|(path, tally)| spot(path, tally, of_pairs)).collect();
    spots.sort_by(|x, y| {
        (y.pairs, y.instances, y.behind).cmp(&(x.pairs, x.instances, x.behind)).then_with(|| x.path.cmp(&y.path))
    });
    spots
}

fn spot(path: RepoPath, mut tally: Tally, of_pairs: usize) -> HotSpot {
    tally.instances.sort_unstable();
    tally.instances.dedup();
    HotSpot {
        pairs: tally.pairs,
        alone: tally.alone,
        of_pairs,
        instances: tally.instances.len(),
        behind: tally.behind,
        advice: advise(&path, &tally),
        path,
    }
}

/// A union merge keeps the lines of both sides whatever they say: right for a list of entries, wrong for source, so it is
/// advised only where all that meet insert, or nearly all and the name is that of a changelog.
fn advise(path: &RepoPath, tally: &Tally) -> Advice {
    if !tally.blocks {
        return Advice::Regenerate;
    }
    let name = path.file_name().to_ascii_lowercase();
    if looks_generated(path, &name) {
        return Advice::Generated;
    }
    let all_insert = tally.pairs > 0 && tally.inserts == tally.pairs;
    let most_insert = tally.inserts * 2 >= tally.pairs;
    if (all_insert && is_list(&name)) || (most_insert && is_changelog(&name)) {
        return Advice::Union;
    }
    if tally.instances.len() >= MANY || tally.behind >= MANY { Advice::Split } else { Advice::LandOne }
}

/// From how many instances on a file is too popular to be left as it is.
const MANY: usize = 4;

/// Pure insertions on both sides: nothing of the target's text was replaced.
fn both_only_insert(conflict: &PathOverlap) -> bool {
    let inserts = |spans: &[LineSpan]| !spans.is_empty() && spans.iter().all(|span| span.last < span.first);
    conflict.kind == Some(ConflictKind::Content) && inserts(&conflict.a_lines) && inserts(&conflict.b_lines)
}

/// Of a name in lower case, as all that follow.
fn is_changelog(name: &[u8]) -> bool {
    const STEMS: &[&[u8]] = &[b"changelog", b"changes", b"news", b"history", b"release-notes", b"release_notes"];
    let stem = name.split(|&b| b == b'.').next().unwrap_or(name);
    STEMS.contains(&stem) && !is_source(name)
}

fn is_source(name: &[u8]) -> bool {
    !LIST_ENDINGS.iter().any(|ending| name.ends_with(ending)) && name.contains(&b'.')
}

const LIST_ENDINGS: &[&[u8]] = &[b".md", b".txt", b".rst", b".adoc", b".org", b".markdown"];

/// A file whose lines stand for themselves: prose and lists of names.
fn is_list(name: &[u8]) -> bool {
    const NAMES: &[&[u8]] =
        &[b"authors", b"contributors", b".gitignore", b".dockerignore", b".mailmap", b"codeowners", b"maintainers"];
    NAMES.contains(&name) || LIST_ENDINGS.iter().any(|ending| name.ends_with(ending)) || is_changelog(name)
}

fn looks_generated(path: &RepoPath, name: &[u8]) -> bool {
    const ENDINGS: &[&[u8]] = &[
        b".lock",
        b"-lock.json",
        b"-lock.yaml",
        b".sum",
        b".min.js",
        b".min.css",
        b".pb.go",
        b".pb.rs",
        b"_pb2.py",
        b".g.dart",
        b".generated.ts",
        b".designer.cs",
        b".snap",
        b".map",
    ];
    const FOLDERS: &[&[u8]] = &[b"dist", b"generated", b"__generated__", b"__snapshots__", b"vendor"];
    ENDINGS.iter().any(|ending| name.ends_with(ending))
        || path.parent().is_some_and(|dir| dir.components().any(|part| FOLDERS.contains(&part)))
}

#[cfg(test)]
mod tests {
    use super::super::overlap::PathConflict;
    use super::super::report::TargetConflict;
    use super::super::sample;
    use super::*;

    fn insertion(survey: &mut Survey) {
        for path in survey.overlaps.iter_mut().flat_map(|overlap| &mut overlap.paths) {
            path.a_lines = [LineSpan { first: 4, last: 3 }].into_iter().collect();
            path.b_lines.clone_from(&path.a_lines);
        }
    }

    fn advice(name: &str, inserting: bool) -> Advice {
        let mut survey = sample::survey(&[("a", &[name]), ("b", &[name])], &[(0, 1, &[name])]);
        if inserting {
            insertion(&mut survey);
        }
        hot_spots(&survey)[0].advice
    }

    #[test]
    fn the_worst_path_comes_first_with_its_share() {
        let survey = sample::survey(
            &[("a", &["x", "y"]), ("b", &["x", "y"]), ("c", &["x"]), ("d", &["y"])],
            &[(0, 1, &["x", "y"]), (0, 2, &["x"]), (1, 2, &["x"]), (0, 3, &["y"])],
        );
        let spots = hot_spots(&survey);
        assert_eq!(spots[0].path, sample::path("x"));
        assert_eq!((spots[0].pairs, spots[0].alone, spots[0].of_pairs, spots[0].instances), (3, 2, 4, 3));
        assert_eq!(spots[0].per_cent(), 75);
        assert_eq!((spots[1].pairs, spots[1].alone, spots[1].instances), (2, 1, 3));
    }

    #[test]
    fn what_keeps_instances_from_landing_is_counted_too() {
        let mut survey = sample::survey(&[("a", &["x"]), ("b", &["x"])], &[]);
        survey.target_conflicts = (0..2)
            .map(|instance| TargetConflict {
                instance,
                complete: true,
                paths: vec![PathConflict { path: sample::path("x"), kind: ConflictKind::Content }],
            })
            .collect();
        let spots = hot_spots(&survey);
        assert_eq!((spots[0].behind, spots[0].pairs, spots[0].per_cent()), (2, 0, 0));
    }

    #[test]
    fn union_is_advised_for_lists_that_only_grow_and_never_for_source() {
        assert_eq!(advice("CHANGELOG.md", true), Advice::Union);
        assert_eq!(advice("CHANGELOG.md", false), Advice::LandOne);
        assert_eq!(advice("docs/.gitignore", true), Advice::Union);
        assert_eq!(advice("src/lib.rs", true), Advice::LandOne);
        assert_eq!(advice("src/history.rs", true), Advice::LandOne);
    }

    #[test]
    fn generated_files_are_told_apart_from_those_known_as_such() {
        assert_eq!(advice("web/dist/app.js", false), Advice::Generated);
        assert_eq!(advice("api.pb.go", false), Advice::Generated);
        let mut survey = sample::survey(&[("a", &["go.sum"]), ("b", &["go.sum"])], &[(0, 1, &["go.sum"])]);
        survey.overlaps[0].paths[0].blocks = false;
        assert_eq!(hot_spots(&survey)[0].advice, Advice::Regenerate);
    }

    #[test]
    fn a_file_where_many_meet_is_to_be_split() {
        let all: &[&str] = &["src/routes.rs"];
        let survey = sample::survey(&[("a", all), ("b", all), ("c", all), ("d", all)], &[(0, 1, all), (2, 3, all)]);
        assert_eq!(hot_spots(&survey)[0].advice, Advice::Split);
    }
}
