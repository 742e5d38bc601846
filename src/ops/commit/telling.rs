//! The one line of a text that tells what a side did.
//! Must not know: what a conflict is.

use crate::domain::hunk::LineSpan;
use crate::domain::id::ObjectId;
use crate::domain::path::RepoPath;
use crate::failure::Failure;
use crate::git::objects::Objects;
use crate::git::tree;

/// Longer texts are not read for one line.
const LONGEST: usize = 4 << 20;

/// The first line in `spans` of the file at `path` that says anything, without its end; `None` where the side has no
/// such file or no lines there.
pub(super) fn line(
    objects: &Objects,
    commit: Option<ObjectId>,
    path: &RepoPath,
    spans: &[LineSpan],
) -> Result<Option<Vec<u8>>, Failure> {
    let (Some(commit), Some(first)) = (commit, spans.first()) else { return Ok(None) };
    let tree = objects.commit(commit)?.tree;
    let Some(entry) = tree::entry_at(objects, tree, path)?.filter(|entry| entry.mode & 0o170_000 == 0o100_000) else {
        return Ok(None);
    };
    let blob = objects.read(entry.id)?;
    let text: &[u8] = &blob.data;
    if text.len() > LONGEST || text.contains(&0) {
        return Ok(None);
    }
    let from = usize::try_from(first.first - 1).unwrap_or(usize::MAX);
    let count = usize::try_from((first.last + 1).saturating_sub(first.first)).unwrap_or(0);
    let lines = text.split(|&byte| byte == b'\n').skip(from).take(count);
    let telling = lines.map(<[u8]>::trim_ascii_end).find(|line| !line.trim_ascii().is_empty());
    Ok(telling.map(<[u8]>::to_vec))
}
