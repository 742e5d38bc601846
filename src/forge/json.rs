//! Looking into JSON of which only some fields matter, and whose form is not ours.
//! Must not know: what any field means.

use serde_json::Value;

/// The value at the first of `ways` (`a.b.c`) that leads to one that is not null.
pub(super) fn at<'a>(value: &'a Value, ways: &[&str]) -> Option<&'a Value> {
    ways.iter().find_map(|way| {
        let found = way.split('.').try_fold(value, |value, name| value.get(name))?;
        (!found.is_null()).then_some(found)
    })
}

/// The first of `ways` that leads to text with something in it.
pub(super) fn text(value: &Value, ways: &[&str]) -> Option<String> {
    ways.iter().find_map(|way| at(value, &[way])?.as_str().filter(|text| !text.is_empty())).map(str::to_owned)
}

/// Whether any of `ways` leads to `true`.
pub(super) fn is_true(value: &Value, ways: &[&str]) -> bool {
    ways.iter().any(|way| at(value, &[way]).and_then(Value::as_bool) == Some(true))
}

/// The first of `ways` that leads to a whole number, or to text that is one.
pub(super) fn number(value: &Value, ways: &[&str]) -> Option<u64> {
    ways.iter().find_map(|way| {
        let found = at(value, &[way])?;
        found.as_u64().or_else(|| found.as_str()?.parse().ok())
    })
}
