//! Folders of documents: one JSON object a file, one file a thing, named after it. Records, intents and
//! acknowledgements are such things.
//! Must not know: what they mean; who may write them (the lock is the caller's).

use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::error::Error;
use super::file::{self, Lasting};
use super::wire;
use crate::domain::hash::hash;

/// The format that this version writes.
const VERSION: u64 = 1;

/// The longest name that is made of the key itself. Longer ones keep their beginning, and a hash stands for the rest.
const LONGEST_NAME: usize = 160;

/// A thing that has a folder of documents.
pub(super) trait Document: Sized {
    /// The folder's name.
    const FOLDER: &'static str;
    /// What such a file has to outlive.
    const LASTING: Lasting;
    /// Bytes that differ for different things.
    fn key(&self) -> Vec<u8>;
    /// Every field that this version knows, those without a value as null.
    fn to_fields(&self) -> Value;
    /// Reads the fields, whatever else stands beside them.
    fn from_fields(fields: Value) -> Result<Self, String>;
}

/// What a folder holds: what could be read, sorted by file name, and what could not.
#[derive(Debug)]
pub struct Listing<T> {
    /// What could be read.
    pub items: Vec<T>,
    /// Why the others could not.
    pub faults: Vec<Error>,
}

/// The file of the thing with this key, in the store's folder.
pub(super) fn path_of<T: Document>(store: &Path, key: &[u8]) -> PathBuf {
    store.join(T::FOLDER).join(file_name(key))
}

/// Reads every document of a kind. A single bad one is a fault; a folder that cannot be listed is an error.
pub(super) fn read_all<T: Document>(store: &Path) -> Result<Listing<T>, Error> {
    let folder = store.join(T::FOLDER);
    let mut listing = Listing { items: Vec::new(), faults: Vec::new() };
    for name in file::names(&folder, ".json")? {
        match read(&folder.join(name)) {
            Ok(Some(item)) => listing.items.push(item),
            // Removed since it was listed.
            Ok(None) => {}
            Err(error) => listing.faults.push(error),
        }
    }
    Ok(listing)
}

/// Reads one document. `None` where there is no such file.
pub(super) fn read<T: Document>(path: &Path) -> Result<Option<T>, Error> {
    let Some(fields) = read_fields(path)? else { return Ok(None) };
    let version = version(&fields);
    T::from_fields(Value::Object(fields)).map(Some).map_err(|what| {
        if version > VERSION { Error::Newer { path: path.to_owned(), version } } else { Error::corrupt(path, what) }
    })
}

/// Writes a document. Fields of an existing one that this version does not know are kept.
///
/// # Errors
/// [`Error::Newer`] where a later version wrote the existing one, and whatever keeps it from being read: what cannot
/// be read is never overwritten.
pub(super) fn write<T: Document>(store: &Path, item: &T, folder_mode: u32) -> Result<(), Error> {
    let path = path_of::<T>(store, &item.key());
    let old = match read_fields(&path) {
        // Nothing in it can be kept, and it is ours: a power loss leaves empty files behind.
        Err(Error::Corrupt { .. }) => Map::new(),
        old => old?.unwrap_or_default(),
    };
    if version(&old) > VERSION {
        return Err(Error::Newer { path, version: version(&old) });
    }
    if T::from_fields(Value::Object(old.clone())).is_ok_and(|former| former.key() != item.key()) {
        return Err(Error::corrupt(&path, "it belongs to something else of the same name"));
    }
    let mut new = Map::new();
    new.insert("version".into(), VERSION.into());
    if let Value::Object(fields) = item.to_fields() {
        new.extend(fields);
    }
    for (key, value) in old {
        new.entry(key).or_insert(value);
    }
    new.retain(|_, value| !value.is_null());
    let mut bytes = serde_json::to_vec_pretty(&new).map_err(|error| Error::corrupt(&path, error.to_string()))?;
    bytes.push(b'\n');
    file::make_folder(&store.join(T::FOLDER), folder_mode)?;
    file::replace(&path, &bytes, folder_mode & 0o666, T::LASTING)
}

/// Removes what crashed writers left. The caller holds the lock, so that nobody is writing.
pub(super) fn sweep_temporaries<T: Document>(store: &Path) -> Result<(), Error> {
    let folder = store.join(T::FOLDER);
    for name in file::names(&folder, ".tmp")? {
        file::remove(&folder.join(name))?;
    }
    Ok(())
}

fn read_fields(path: &Path) -> Result<Option<Map<String, Value>>, Error> {
    let Some(bytes) = file::read(path, file::LARGEST)? else { return Ok(None) };
    wire::parse_object(&bytes).map(Some).map_err(|what| Error::corrupt(path, what))
}

fn version(fields: &Map<String, Value>) -> u64 {
    fields.get("version").and_then(Value::as_u64).unwrap_or(VERSION)
}

/// The format alone, to be read before the rest is believed.
#[derive(Deserialize)]
struct Format {
    version: u64,
}

/// Reads what was written in the format `latest` at the latest.
///
/// # Errors
/// [`Error::Newer`] where a later version wrote it, whatever else it holds; [`Error::Corrupt`] where it is not whole.
pub(super) fn versioned<T: DeserializeOwned>(path: &Path, bytes: &[u8], latest: u64) -> Result<T, Error> {
    let corrupt = |error: serde_json::Error| Error::corrupt(path, error.to_string());
    let Format { version } = serde_json::from_slice(bytes).map_err(corrupt)?;
    if version > latest {
        return Err(Error::Newer { path: path.to_owned(), version });
    }
    serde_json::from_slice(bytes).map_err(corrupt)
}

/// A file name that every file system takes and that differs for different keys, also where case is folded: lower
/// case letters, digits, `-`, `_` and inner dots stand for themselves, all else is `%xx`.
pub(super) fn file_name(key: &[u8]) -> String {
    let mut name = String::with_capacity(key.len() + 5);
    for (at, &byte) in key.iter().enumerate() {
        match byte {
            b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' => name.push(char::from(byte)),
            b'.' if at > 0 => name.push('.'),
            _ => name.extend(['%', hex_digit(byte >> 4), hex_digit(byte & 15)]),
        }
    }
    if name.len() > LONGEST_NAME {
        // No shorter name has 32 digits behind a `%-`: after `%` there are always two digits.
        name.truncate(LONGEST_NAME - 40);
        name.push_str("%-");
        name.push_str(&hash(key));
    }
    name.push_str(".json");
    name
}

fn hex_digit(nibble: u8) -> char {
    char::from_digit(u32::from(nibble), 16).unwrap_or('0')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{any, prop, prop_assert, prop_assert_ne, proptest};

    use super::*;

    #[test]
    fn names_are_plain() {
        assert_eq!(file_name(b"main"), "main.json");
        assert_eq!(file_name(b"wt:Feat.a"), "wt%3a%46eat.a.json");
        assert_eq!(file_name(b"../x"), "%2e.%2fx.json");
        assert!(file_name(&[b'a'; 5000]).len() <= LONGEST_NAME);
        assert_ne!(file_name(&[b'a'; 5000]), file_name(&[b'a'; 5001]));
    }

    proptest! {
        #[test]
        fn different_keys_have_different_names(a in prop::collection::vec(any::<u8>(), 1..200), b in prop::collection::vec(any::<u8>(), 1..200)) {
            let name = file_name(&a);
            prop_assert!(name.len() <= LONGEST_NAME + 5 && !name.contains('/') && !name.starts_with('.'));
            prop_assert!(!name.contains(|c: char| c.is_ascii_uppercase()));
            if a != b {
                prop_assert_ne!(name, file_name(&b));
            }
        }
    }
}
