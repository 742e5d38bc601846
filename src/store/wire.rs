//! How values are written as JSON: bytes that may not be text, times, ids; and a reading that takes no two meanings.
//! Must not know: which file something is for.

use std::fmt;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use chrono::{DateTime, Datelike as _, NaiveDate, Timelike as _, Utc};
use serde::de::{Deserialize, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize as DeserializeDerive, Serialize, Serializer};
use serde_json::{Map, Number, Value};

use crate::domain::id::ObjectId;
use crate::domain::path::RepoPath;
use crate::domain::process::ProcessId;
use crate::domain::time::Timestamp;

/// Bytes: a string where they are UTF-8, else `{"bytes": "<base64>"}`.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub(super) struct Text(pub(super) Vec<u8>);

/// As [`Text`], to be written alone.
#[derive(Clone, Copy, Default, Debug)]
pub(super) struct Bytes<'a>(pub(super) &'a [u8]);

#[derive(Serialize)]
struct Encoded {
    bytes: String,
}

impl Serialize for Text {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Bytes(&self.0).serialize(serializer)
    }
}

impl Serialize for Bytes<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match std::str::from_utf8(self.0) {
            Ok(text) => serializer.serialize_str(text),
            Err(_) => Encoded { bytes: BASE64.encode(self.0) }.serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for Text {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(TextVisitor)
    }
}

/// Told apart as it is read: a derived choice would copy each text to try it twice, and a log has millions.
struct TextVisitor;

impl<'de> Visitor<'de> for TextVisitor {
    type Value = Text;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string or {\"bytes\": …}")
    }

    fn visit_str<E>(self, text: &str) -> Result<Text, E> {
        Ok(Text(text.as_bytes().to_vec()))
    }

    fn visit_string<E>(self, text: String) -> Result<Text, E> {
        Ok(Text(text.into_bytes()))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Text, A::Error> {
        let mut bytes = None;
        while let Some(key) = access.next_key::<String>()? {
            if key == "bytes" {
                bytes = Some(access.next_value::<String>()?);
            } else {
                access.next_value::<serde::de::IgnoredAny>()?;
            }
        }
        let bytes = bytes.ok_or_else(|| A::Error::custom("no bytes"))?;
        BASE64.decode(bytes).map(Text).map_err(A::Error::custom)
    }
}

impl From<&RepoPath> for Text {
    fn from(path: &RepoPath) -> Self {
        Self(path.as_bytes().to_vec())
    }
}

impl Text {
    pub(super) fn into_path(self) -> Result<RepoPath, String> {
        RepoPath::new(self.0).map_err(|error| error.to_string())
    }
}

/// Takes paths off the wire.
pub(super) fn paths(texts: Vec<Text>) -> Result<Vec<RepoPath>, String> {
    texts.into_iter().map(Text::into_path).collect()
}

/// A file system path as [`Text`].
pub(super) fn from_os_path(path: &Path) -> Text {
    #[cfg(unix)]
    {
        use std::os::unix::ffi::OsStrExt as _;
        Text(path.as_os_str().as_bytes().to_vec())
    }
    #[cfg(not(unix))]
    Text(path.to_string_lossy().into_owned().into_bytes())
}

pub(super) fn into_os_path(text: Text) -> PathBuf {
    #[cfg(unix)]
    {
        use std::os::unix::ffi::OsStringExt as _;
        PathBuf::from(std::ffi::OsString::from_vec(text.0))
    }
    #[cfg(not(unix))]
    PathBuf::from(String::from_utf8_lossy(&text.0).into_owned())
}

/// A moment, as RFC 3339 in UTC and whole seconds.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Time(pub(super) Timestamp);

/// The moment as text. Outside the years that the form knows, the nearest it knows.
pub(super) fn time_text(time: Timestamp) -> String {
    const FIRST: i64 = -62_167_219_200;
    const LAST: i64 = 253_402_300_799;
    let time = DateTime::<Utc>::from_timestamp(time.0.clamp(FIRST, LAST), 0).unwrap_or(DateTime::UNIX_EPOCH);
    let mut text = *b"0000-00-00T00:00:00Z";
    let mut put = |from: usize, digits: usize, mut number: u32| {
        for at in (from..from + digits).rev() {
            text[at] = b'0' + u8::try_from(number % 10).unwrap_or(0);
            number /= 10;
        }
    };
    put(0, 4, u32::try_from(time.year()).unwrap_or(0));
    for (from, number) in
        [(5, time.month()), (8, time.day()), (11, time.hour()), (14, time.minute()), (17, time.second())]
    {
        put(from, 2, number);
    }
    String::from_utf8_lossy(&text).into_owned()
}

/// Reads a moment in RFC 3339, with any offset.
pub(super) fn parse_time(text: &str) -> Option<Timestamp> {
    if let Some(time) = own_time(text.as_bytes()) {
        return Some(time);
    }
    DateTime::parse_from_rfc3339(text).ok().map(|time| Timestamp(time.timestamp()))
}

/// A moment as [`time_text`] writes it, which is quicker told than all that RFC 3339 allows.
fn own_time(text: &[u8]) -> Option<Timestamp> {
    let text: &[u8; 20] = text.try_into().ok()?;
    if (text[4], text[7], text[10], text[13], text[16], text[19]) != (b'-', b'-', b'T', b':', b':', b'Z') {
        return None;
    }
    let number = |from: usize, to: usize| {
        text[from..to]
            .iter()
            .try_fold(0u32, |sum, byte| byte.is_ascii_digit().then(|| sum * 10 + u32::from(byte - b'0')))
    };
    let date = NaiveDate::from_ymd_opt(number(0, 4)?.try_into().ok()?, number(5, 7)?, number(8, 10)?)?;
    let time = date.and_hms_opt(number(11, 13)?, number(14, 16)?, number(17, 19)?)?;
    Some(Timestamp(time.and_utc().timestamp()))
}

impl Serialize for Time {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&time_text(self.0))
    }
}

impl<'de> Deserialize<'de> for Time {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        parse_time(&text).map(Self).ok_or_else(|| D::Error::custom("not a time"))
    }
}

/// An object id in hexadecimal.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Oid(pub(super) ObjectId);

impl Serialize for Oid {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Oid {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let hex = String::deserialize(deserializer)?;
        ObjectId::from_hex(hex.as_bytes()).map(Self).ok_or_else(|| D::Error::custom("not an object id"))
    }
}

/// A process on the wire.
#[derive(Clone, Serialize, DeserializeDerive)]
pub(super) struct Process {
    pid: u32,
    start: Option<u64>,
    boot: Option<String>,
    pid_namespace: Option<u64>,
}

impl From<&ProcessId> for Process {
    fn from(id: &ProcessId) -> Self {
        Self { pid: id.pid, start: id.start, boot: id.boot.clone(), pid_namespace: id.pid_namespace }
    }
}

impl From<Process> for ProcessId {
    fn from(wire: Process) -> Self {
        Self { pid: wire.pid, start: wire.start, boot: wire.boot, pid_namespace: wire.pid_namespace }
    }
}

/// Parses JSON in which no object names a key twice: `serde_json` would silently keep the last. Nesting is bounded by
/// `serde_json` (128). A byte order mark before the text is passed over.
pub(super) fn parse(bytes: &[u8]) -> Result<Value, String> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    serde_json::from_slice::<Strict>(bytes).map(|strict| strict.0).map_err(|error| error.to_string())
}

/// As [`parse`], and it is an object.
pub(super) fn parse_object(bytes: &[u8]) -> Result<Map<String, Value>, String> {
    match parse(bytes)? {
        Value::Object(map) => Ok(map),
        _ => Err("it is no JSON object".into()),
    }
}

struct Strict(Value);

impl<'de> Deserialize<'de> for Strict {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(StrictVisitor).map(Self)
    }
}

struct StrictVisitor;

impl<'de> Visitor<'de> for StrictVisitor {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(Number::from_f64(value).map_or(Value::Null, Value::Number))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<Value, A::Error> {
        let mut list = Vec::new();
        while let Some(Strict(value)) = access.next_element()? {
            list.push(value);
        }
        Ok(Value::Array(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Value, A::Error> {
        let mut map = Map::new();
        while let Some((key, Strict(value))) = access.next_entry::<String, Strict>()? {
            if map.contains_key(&key) {
                return Err(A::Error::custom(format_args!("the key {key:?} stands twice")));
            }
            map.insert(key, value);
        }
        Ok(Value::Object(map))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_has_two_meanings_or_none_is_refused() {
        let deep = "[".repeat(100_000);
        for text in
            ["", "{", r#"{"a":1,"a":2}"#, r#"{"x":{"b":1,"b":1}}"#, "{} {}", "NaN", r#""\ud800""#, "\"\u{1}\"", &deep]
        {
            assert!(parse(text.as_bytes()).is_err(), "{}", &text[..text.len().min(20)]);
        }
        assert!(parse(b"\"\xff\"").is_err());
        assert_eq!(
            parse(b"\xef\xbb\xbf{\"a\":[1,-2,2.5,null,true]}").expect("fine").to_string(),
            r#"{"a":[1,-2,2.5,null,true]}"#
        );
    }

    #[test]
    fn bytes_and_times_survive_the_wire() {
        for bytes in [&b"plain"[..], b"caf\xe9", "é\u{202e}".as_bytes(), b""] {
            let json = serde_json::to_string(&Text(bytes.to_vec())).expect("text serialises");
            assert_eq!(serde_json::from_str::<Text>(&json).expect("it is ours").0, bytes, "{json}");
        }
        assert_eq!(time_text(Timestamp(1_769_869_800)), "2026-01-31T14:30:00Z");
        for seconds in [i64::MIN, -1, 0, 253_402_300_799, i64::MAX] {
            let text = time_text(Timestamp(seconds));
            assert_eq!(text.len(), 20, "{text}");
            assert!(parse_time(&text).is_some());
            assert_eq!(
                DateTime::parse_from_rfc3339(&text).map(|time| Timestamp(time.timestamp())).ok(),
                own_time(text.as_bytes())
            );
        }
        assert_eq!(parse_time("2026-01-31T15:30:00+01:00"), Some(Timestamp(1_769_869_800)));
        assert_eq!(parse_time("2026-01-31T14:30:00.7Z"), Some(Timestamp(1_769_869_800)));
        for wrong in ["yesterday", "2026-13-31T14:30:00Z", "2026-01-31T1a:30:00Z", "2026-01-31T25:30:00Z", ""] {
            assert_eq!(parse_time(wrong), None, "{wrong}");
        }
    }
}
