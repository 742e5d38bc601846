//! Making the board fit into its bytes, whatever is to be said.
//! Must not know: where the entries come from, the file.

use std::fmt::Write as _;

use serde_json::{Map, Value};

use super::entry::{Entry, more};
use crate::domain::board::{Folded, fold};
use crate::domain::time::Timestamp;
use crate::store::wire;

/// The most bytes that the board has, always.
pub const LARGEST_BOARD: usize = 10_240;

/// What `last_updated` and `generation` take, at most, with the line that holds them.
const RESERVED: usize = 96;

/// No board can show more paths of one instance than this.
const MOST_PATHS: usize = 512;

/// How much of everything is shown. Tried in this order until it fits; the last is fitted by leaving instances out.
const SHAPES: &[Shape] = &[
    Shape { paths: MOST_PATHS, text: usize::MAX, extra: true },
    Shape { paths: 64, text: usize::MAX, extra: true },
    Shape { paths: 32, text: usize::MAX, extra: true },
    Shape { paths: 16, text: usize::MAX, extra: true },
    Shape { paths: 8, text: 400, extra: true },
    Shape { paths: 4, text: 200, extra: true },
    Shape { paths: 2, text: 120, extra: true },
    Shape { paths: 16, text: 200, extra: false },
    Shape { paths: 8, text: 120, extra: false },
    Shape { paths: 4, text: 80, extra: false },
    Shape { paths: 2, text: 80, extra: false },
    Shape { paths: 1, text: 60, extra: false },
    Shape { paths: 0, text: 40, extra: false },
];

#[derive(Clone, Copy)]
struct Shape {
    /// The most paths of an instance.
    paths: usize,
    /// The longest text of a field, in bytes.
    text: usize,
    /// Whether unknown keys are shown; they are kept in any case.
    extra: bool,
}

/// What is to be published, without its number and time.
#[derive(Clone, Debug)]
pub(super) struct Fitted {
    rest: Map<String, Value>,
    /// Whether keys that belong on the board found no room on it.
    pub(super) hides_extra: bool,
}

/// An entry to be shown. Its files are folded, so that each stands for a number of paths.
#[derive(Clone, Debug)]
pub(super) struct Shown {
    pub(super) entry: Entry,
    pub(super) files: Vec<Folded>,
}

impl Shown {
    /// Folds the files as far as any board would.
    pub(super) fn new(entry: Entry, files: &[Folded]) -> Self {
        let folded = fold(files, MOST_PATHS);
        let mut files = folded.shown;
        if folded.more > 0 {
            files.push(Folded { path: more(folded.more), count: folded.more });
        }
        Self { entry, files }
    }

    fn value(&self, shape: Shape) -> Value {
        let folded = fold(&self.files, shape.paths);
        let mut files: Vec<Value> = folded.shown.into_iter().map(|file| file.path.into()).collect();
        if folded.more > 0 {
            files.push(more(folded.more).into());
        }
        let mut map = Map::new();
        map.insert("id".into(), self.entry.id.as_str().into());
        map.insert("task".into(), cut(&self.entry.task, shape.text).into());
        map.insert("files_being_modified".into(), files.into());
        map.insert("started_at".into(), cut(&self.entry.started_at, shape.text).into());
        map.insert("status".into(), cut(&self.entry.status, shape.text).into());
        if shape.extra && !self.entry.conflicts_with.is_empty() {
            map.insert("conflicts_with".into(), self.entry.conflicts_with.clone().into());
        }
        if shape.extra {
            map.extend(self.entry.extra.clone());
        }
        map.into()
    }
}

/// Takes as much of the entries, which are in the order of their weight, as fits.
pub(super) fn fit(entries: &[Shown], extra: &Map<String, Value>) -> Fitted {
    for shape in SHAPES {
        let Some(shown) = values(entries, *shape) else { continue };
        let rest = assemble(shown, 0, if shape.extra { Some(extra) } else { None });
        if text(&rest).len() + RESERVED <= LARGEST_BOARD {
            let has_extra = !extra.is_empty() || entries.iter().any(|shown| !shown.entry.extra.is_empty());
            return Fitted { rest, hides_extra: has_extra && !shape.extra };
        }
    }
    fewer(entries)
}

/// Leaves out the entries for which there is no room, and counts them.
fn fewer(entries: &[Shown]) -> Fitted {
    let shape = SHAPES[SHAPES.len() - 1];
    let mut room = LARGEST_BOARD - RESERVED - text(&assemble(Vec::new(), entries.len(), None)).len();
    let mut shown = Vec::new();
    for entry in entries {
        let value = entry.value(shape);
        let len = escaped(&value.to_string()).len() + ",\n    ".len();
        if len <= room {
            room -= len;
            shown.push(value);
        }
    }
    let left_out = entries.len() - shown.len();
    Fitted { rest: assemble(shown, left_out, None), hides_extra: true }
}

fn assemble(entries: Vec<Value>, left_out: usize, extra: Option<&Map<String, Value>>) -> Map<String, Value> {
    let mut map = Map::new();
    map.insert("active_instances".into(), entries.into());
    if left_out > 0 {
        map.insert("more_instances".into(), left_out.into());
    }
    for (key, value) in extra.into_iter().flatten() {
        map.entry(key.as_str()).or_insert_with(|| value.clone());
    }
    map
}

/// `None` as soon as they have more bytes than the board, so that a thousand instances are not written out in vain.
fn values(entries: &[Shown], shape: Shape) -> Option<Vec<Value>> {
    let mut len = 0;
    let mut values = Vec::new();
    for entry in entries {
        let value = entry.value(shape);
        len += value.to_string().len();
        if len > LARGEST_BOARD {
            return None;
        }
        values.push(value);
    }
    Some(values)
}

impl Fitted {
    /// All of it but `last_updated` and `generation`.
    pub(super) fn rest(&self) -> &Map<String, Value> {
        &self.rest
    }

    /// The entries as they are published.
    pub(super) fn entries(&self) -> Vec<Value> {
        self.rest.get("active_instances").and_then(Value::as_array).cloned().unwrap_or_default()
    }

    /// The board's bytes: laid out for people where there is room for that, else one line an instance.
    pub(super) fn bytes(&self, generation: u64, now: Timestamp) -> Vec<u8> {
        let mut whole = Map::new();
        whole.insert("last_updated".into(), wire::time_text(now).into());
        let mut rest = self.rest.clone();
        whole.insert("active_instances".into(), rest.shift_remove("active_instances").unwrap_or_default());
        whole.extend(rest);
        whole.insert("generation".into(), generation.into());
        let pretty = serde_json::to_string_pretty(&whole).unwrap_or_default();
        let pretty = escaped(&pretty) + "\n";
        if pretty.len() <= LARGEST_BOARD { pretty.into_bytes() } else { text(&whole).into_bytes() }
    }
}

/// The map as JSON, one line a key, one an entry.
fn text(map: &Map<String, Value>) -> String {
    let mut lines = Vec::new();
    for (key, value) in map {
        let key = Value::from(key.as_str());
        match value {
            Value::Array(list) if !list.is_empty() => {
                let list: Vec<String> = list.iter().map(Value::to_string).collect();
                lines.push(format!("  {key}: [\n    {}\n  ]", list.join(",\n    ")));
            }
            value => lines.push(format!("  {key}: {value}")),
        }
    }
    escaped(&format!("{{\n{}\n}}\n", lines.join(",\n")))
}

/// Writes as JSON escapes what JSON lets stand and a terminal acts on: DEL, C1 and what turns the writing direction.
fn escaped(json: &str) -> String {
    let acts = |c: char| matches!(c, '\u{7f}'..='\u{9f}' | '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    if !json.contains(acts) {
        return json.to_owned();
    }
    let mut text = String::with_capacity(json.len() + 64);
    for c in json.chars() {
        if acts(c) {
            // Writing into a string cannot fail.
            let _ = write!(text, "\\u{:04x}", u32::from(c));
        } else {
            text.push(c);
        }
    }
    text
}

fn cut(text: &str, longest: usize) -> String {
    if text.len() <= longest {
        return text.to_owned();
    }
    let end = (0..=longest).rev().find(|&end| text.is_char_boundary(end)).unwrap_or(0);
    format!("{}…", &text[..end])
}
