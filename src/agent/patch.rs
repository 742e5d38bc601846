//! Codex's patch format (`*** Begin Patch`) -> edits.
//! Must not know: the files it is about.

use std::path::PathBuf;

use crate::domain::agent::{Edit, EditChange, Swap};

/// Reads every file section. What stands before `*** Begin Patch` and behind `*** End Patch` is not looked at; a line that
/// belongs to nothing ends the section that it stands in as unknown.
pub(super) fn edits(text: &str) -> Vec<Edit> {
    let body = text.split_once("*** Begin Patch").map_or("", |(_, rest)| rest);
    let body = body.split_once("*** End Patch").map_or(body, |(body, _)| body);
    let mut edits: Vec<Edit> = Vec::new();
    let mut chunk: Option<Swap> = None;
    for line in body.lines() {
        if let Some(header) = line.strip_prefix("*** ") {
            if header == "End of File" {
                continue;
            }
            finish(&mut edits, chunk.take());
            start(&mut edits, header);
        } else if line.starts_with("@@") {
            finish(&mut edits, chunk.take());
        } else if let Some(edit) = edits.last_mut() {
            add_line(edit, &mut chunk, line);
        }
    }
    finish(&mut edits, chunk);
    edits
}

fn start(edits: &mut Vec<Edit>, header: &str) {
    let named = |prefix: &str| {
        let name = header.strip_prefix(prefix)?.trim();
        (!name.is_empty() && !name.contains('\0')).then(|| PathBuf::from(name))
    };
    if let Some(path) = named("Add File:") {
        edits.push(Edit { path, change: EditChange::Whole(Vec::new()) });
    } else if let Some(path) = named("Update File:") {
        edits.push(Edit { path, change: EditChange::Replace(Vec::new()) });
    } else if let Some(path) = named("Delete File:") {
        edits.push(Edit { path, change: EditChange::Delete });
    } else if let Some(to) = named("Move to:") {
        move_last(edits, to);
    }
}

/// The file goes from its old name, and comes under the new one with a content that is not followed any further.
fn move_last(edits: &mut Vec<Edit>, to: PathBuf) {
    if let Some(from) = edits.last_mut() {
        from.change = EditChange::Delete;
        edits.push(Edit { path: to, change: EditChange::Unknown });
    }
}

fn add_line(edit: &mut Edit, chunk: &mut Option<Swap>, line: &str) {
    match &mut edit.change {
        EditChange::Whole(content) => {
            if let Some(text) = line.strip_prefix('+') {
                content.extend_from_slice(text.as_bytes());
                content.push(b'\n');
            }
        }
        EditChange::Replace(_) => {
            let swap = chunk.get_or_insert_with(|| Swap { old: Vec::new(), new: Vec::new(), all: false });
            let (sign, text) = line.split_at_checked(1).unwrap_or((" ", ""));
            if sign != "+" {
                swap.old.extend_from_slice(text.as_bytes());
                swap.old.push(b'\n');
            }
            if sign != "-" {
                swap.new.extend_from_slice(text.as_bytes());
                swap.new.push(b'\n');
            }
        }
        EditChange::Delete | EditChange::Unknown => {}
    }
}

fn finish(edits: &mut [Edit], chunk: Option<Swap>) {
    if let (Some(chunk), Some(Edit { change: EditChange::Replace(swaps), .. })) = (chunk, edits.last_mut()) {
        swaps.push(chunk);
    }
}
