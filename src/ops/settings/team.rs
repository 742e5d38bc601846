//! The team's policy, `coord.toml`: read as text, its keys looked up, its unknown keys named. It holds no commands.
//! Must not know: where the text was read, which settings there are.

use toml::{Table, Value};

use super::Known;
use super::values;
use crate::failure::{Failure, Kind};

/// No policy needs more; a longer text is not the file that is meant.
const LONGEST: usize = 256 * 1024;

/// A `coord.toml`, not yet understood.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct TeamFile {
    /// Where it was read, for messages: `coord.toml on main`.
    pub place: String,
    /// Its bytes.
    pub text: Vec<u8>,
}

/// A key as it is written in messages: `paths.warn`.
pub(super) fn key((table, key): (&str, &str)) -> String {
    if table.is_empty() { key.to_owned() } else { format!("{table}.{key}") }
}

impl TeamFile {
    /// Reads the text as TOML.
    ///
    /// # Errors
    /// Where it is none; the failure names the line.
    pub(super) fn table(&self) -> Result<Table, Failure> {
        let wrong = |what: String| Failure::new(Kind::Config, format!("{}: {what}", self.place));
        if self.text.len() > LONGEST {
            return Err(wrong(format!("it has {} bytes; coord reads at most {LONGEST}", self.text.len())));
        }
        let text = std::str::from_utf8(&self.text).map_err(|_| wrong("it is not UTF-8".to_owned()))?;
        text.parse::<Table>().map_err(|error| {
            let before = error.span().map_or("", |span| text.get(..span.start).unwrap_or(text));
            wrong(format!("line {}: {}", before.matches('\n').count() + 1, error.message()))
        })
    }

    /// The values of a key; `None` where it is not there.
    pub(super) fn values(&self, table: &Table, (section, name): (&str, &str)) -> Result<Option<Vec<String>>, Failure> {
        let wrong =
            |what: &str| Failure::new(Kind::Config, format!("{} in {}: {what}", key((section, name)), self.place));
        let table = if section.is_empty() {
            table
        } else {
            match table.get(section) {
                None => return Ok(None),
                Some(Value::Table(table)) => table,
                Some(_) => return Err(wrong(&format!("[{section}] must be a table"))),
            }
        };
        let Some(value) = table.get(name) else { return Ok(None) };
        let one = |value: &Value| match value {
            Value::String(text) => Ok(text.clone()),
            Value::Integer(number) => Ok(number.to_string()),
            Value::Boolean(on) => Ok(on.to_string()),
            _ => Err(wrong("must be a text, a number, a truth value, or a list of texts")),
        };
        match value {
            Value::Array(values) => values.iter().map(one).collect::<Result<_, _>>().map(Some),
            value => one(value).map(|value| Some(vec![value])),
        }
    }

    /// Keys that are no settings, one sentence each.
    pub(super) fn unknown(&self, table: &Table, known: &[Known]) -> Vec<String> {
        let mut found = Vec::new();
        let is_section = |name: &str| known.iter().any(|known| !name.is_empty() && known.team.0 == name);
        let is_known = |section: &str, name: &str| known.iter().any(|known| known.team == (section, name));
        for (name, value) in table {
            match value {
                Value::Table(inner) if is_section(name) => {
                    found.extend(inner.keys().filter(|key| !is_known(name, key)).map(|inner| key((name, inner))));
                }
                _ if is_section(name) || is_known("", name) => {}
                _ => found.push(name.clone()),
            }
        }
        found
            .iter()
            .map(|name| {
                format!(
                    "{name} in {} is no setting of coord's{}",
                    self.place,
                    values::nearest(name, known.iter().map(|known| key(known.team)))
                )
            })
            .collect()
    }
}
