//! One entry of the board, as anybody may have written it.
//! Must not know: who wrote it, what else is on the board.

use serde_json::{Map, Value};

/// An entry taken apart. Fields that were missing are empty.
#[derive(Clone, PartialEq, Debug, Default)]
pub(super) struct Entry {
    pub(super) id: String,
    pub(super) task: String,
    pub(super) files: Vec<String>,
    /// Text, not a time: a hand may have written anything.
    pub(super) started_at: String,
    pub(super) status: String,
    /// Whom it conflicts with: coord's own word, which no hand's stands beside.
    pub(super) conflicts_with: Vec<String>,
    /// The keys beyond these.
    pub(super) extra: Map<String, Value>,
}

impl Entry {
    /// `None` where it is no object, has no id, or a field of it is of another type than the format says.
    pub(super) fn parse(value: Value) -> Option<Self> {
        let Value::Object(mut map) = value else { return None };
        let id = match map.shift_remove("id")? {
            Value::String(id) if !id.is_empty() => id,
            Value::Number(id) => id.to_string(),
            _ => return None,
        };
        let files = match map.shift_remove("files_being_modified") {
            None | Some(Value::Null) => Vec::new(),
            Some(Value::String(file)) => vec![file],
            Some(Value::Array(list)) => list
                .into_iter()
                .map(|file| if let Value::String(file) = file { Some(file) } else { None })
                .collect::<Option<_>>()?,
            Some(_) => return None,
        };
        let (task, started_at, status) =
            (text(&mut map, "task")?, text(&mut map, "started_at")?, text(&mut map, "status")?);
        map.shift_remove("conflicts_with");
        Some(Self { id, task, files, started_at, status, conflicts_with: Vec::new(), extra: map })
    }
}

fn text(map: &mut Map<String, Value>, key: &str) -> Option<String> {
    match map.shift_remove(key) {
        None | Some(Value::Null) => Some(String::new()),
        Some(Value::String(text)) => Some(text),
        Some(_) => None,
    }
}

/// The entries, each id once: what a second of the same id adds to the files of the first is joined to it.
pub(super) fn unique(entries: impl Iterator<Item = Entry>) -> Vec<Entry> {
    let mut places = std::collections::BTreeMap::new();
    let mut kept: Vec<Entry> = Vec::new();
    for entry in entries {
        let Some(&place) = places.get(&entry.id) else {
            places.insert(entry.id.clone(), kept.len());
            kept.push(entry);
            continue;
        };
        let first = &mut kept[place];
        for file in entry.files {
            if !first.files.contains(&file) {
                first.files.push(file);
            }
        }
    }
    kept
}

/// How many paths a list does not name, in the words that stand at its end.
pub(super) fn more(count: usize) -> String {
    format!("and {count} more")
}

/// Whether these are those words, and so no path.
pub(super) fn is_more(text: &str) -> bool {
    let number = text.strip_prefix("and ").and_then(|rest| rest.strip_suffix(" more"));
    number.is_some_and(|number| !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit()))
}
