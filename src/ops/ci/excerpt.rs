//! Both sides' lines of conflicts, read for reports that show them.
//! Must not know: how they are shown.

use crate::domain::ci::{Excerpt, Line};
use crate::domain::hunk::LineSpan;
use crate::domain::id::ObjectId;
use crate::domain::overlap::{ConflictKind, Grade};
use crate::domain::path::RepoPath;
use crate::domain::report::Survey;
use crate::domain::weight::by_weight;
use crate::failure::Failure;
use crate::git::objects::Objects;
use crate::git::tree;

/// How many conflicts are shown with their lines, the weightiest first; how many paths of each; how many lines of each
/// side; how much of a line. A page with all of it stays under some megabytes.
const MOST_CONFLICTS: usize = 300;
const MOST_PATHS: usize = 4;
const MOST_LINES: usize = 40;
const LONGEST_LINE: usize = 240;
/// Unchanged lines shown around a change.
const AROUND: u32 = 2;
/// No file that is larger is read for this.
const LARGEST: usize = 4 << 20;

/// Reads the lines of the survey's weightiest content conflicts.
pub(super) fn read(objects: &Objects, survey: &Survey) -> Result<Vec<Excerpt>, Failure> {
    let mut excerpts = Vec::new();
    for overlap in by_weight(survey).into_iter().take(MOST_CONFLICTS) {
        let at = survey.overlaps.iter().position(|other| std::ptr::eq(other, overlap)).unwrap_or_default();
        let tips = [survey.instances[overlap.a].tip, survey.target.tip, survey.instances[overlap.b].tip];
        let textual =
            |kind| matches!(kind, Some(ConflictKind::Content | ConflictKind::AddAdd | ConflictKind::ModifyDelete));
        let worth =
            overlap.paths.iter().enumerate().filter(|(_, path)| path.grade == Grade::Conflict && textual(path.kind));
        for (number, path) in worth.take(MOST_PATHS) {
            let base: Vec<LineSpan> = path.a_lines.iter().chain(&path.b_lines).copied().collect();
            let spans = [&path.a_own[..], &base, &path.b_own];
            let mut sides = tips.iter().zip(spans).map(|(tip, spans)| lines(objects, *tip, &path.path, spans));
            let mut side = || sides.next().unwrap_or_else(|| Ok((Vec::new(), false)));
            let ((a, cut_a), (base, cut_base), (b, cut_b)) = (side()?, side()?, side()?);
            excerpts.push(Excerpt { overlap: at, path: number, a, b, base, cut: cut_a || cut_base || cut_b });
        }
    }
    Ok(excerpts)
}

/// The lines of `spans` and those around them; whether more were left out.
fn lines(
    objects: &Objects,
    tip: Option<ObjectId>,
    path: &RepoPath,
    spans: &[LineSpan],
) -> Result<(Vec<Line>, bool), Failure> {
    let Some(tip) = tip else { return Ok((Vec::new(), false)) };
    let Some(entry) = tree::entry_at(objects, objects.commit(tip)?.tree, path)?.filter(tree::Entry::is_file) else {
        return Ok((Vec::new(), false));
    };
    if objects.blob_len(entry.id)? > LARGEST {
        return Ok((Vec::new(), true));
    }
    let blob = objects.blob(entry.id)?;
    let within = |number: u32, around: u32| {
        spans.iter().any(|span| number + around >= span.first && number <= span.last.saturating_add(around))
    };
    let whole = spans.is_empty();
    let mut found = Vec::new();
    for (text, number) in blob.split_inclusive(|&b| b == b'\n').zip(1u32..) {
        if !whole && !within(number, AROUND) {
            continue;
        }
        if found.len() == MOST_LINES {
            return Ok((found, true));
        }
        let text = text.strip_suffix(b"\n").unwrap_or(text);
        let text = text[..text.len().min(LONGEST_LINE)].to_vec();
        found.push(Line { number, text, changed: whole || within(number, 0) });
    }
    Ok((found, false))
}
