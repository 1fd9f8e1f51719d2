//! `data`: what fills a notification, name by name.

use std::collections::BTreeMap;
use std::fmt;

use serde::de::{Error as _, IgnoredAny, MapAccess, Unexpected, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

/// Name → value, as it will stand in the message: a number keeps the very digits that the caller wrote.
pub type Data = BTreeMap<String, String>;

/// The most names of one `data`.
pub const MOST_NAMES: usize = 32;

/// How much the names and values of one `data` hold together, in bytes of UTF-8.
pub const LARGEST_DATA: usize = 8 * 1024;

/// A value as callers write it.
struct Text(String);

impl<'de> Deserialize<'de> for Text {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let json = Box::<RawValue>::deserialize(deserializer)?;
        match json.get().as_bytes().first() {
            Some(b'"') => serde_json::from_str(json.get()).map(Self).map_err(D::Error::custom),
            Some(b'-' | b'0'..=b'9') => Ok(Self(json.get().to_owned())),
            _ => Err(D::Error::invalid_type(Unexpected::Other("another value"), &"a text or a number")),
        }
    }
}

/// Reads `data`, and no more of it than it may hold.
pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Data, D::Error> {
    deserializer.deserialize_map(Names)
}

struct Names;

impl<'de> Visitor<'de> for Names {
    type Value = Data;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a map")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut names: A) -> Result<Data, A::Error> {
        let (mut data, mut bytes) = (Data::new(), 0);
        while let Some(name) = names.next_key::<String>()? {
            if data.len() == MOST_NAMES {
                let most = format!("at most {MOST_NAMES} names");
                names.next_value::<IgnoredAny>()?;
                return Err(A::Error::invalid_length(MOST_NAMES + 1, &most.as_str()));
            }
            let Text(text) = names.next_value()?;
            bytes += name.len() + text.len();
            if bytes > LARGEST_DATA {
                let most = format!("at most {LARGEST_DATA} bytes of names and values");
                return Err(A::Error::invalid_length(bytes, &most.as_str()));
            }
            data.insert(name, text);
        }
        Ok(data)
    }
}

/// The schema of what [`deserialize`] reads.
#[cfg(feature = "schema")]
pub(crate) fn schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
    schemars::json_schema!({
        "type": "object",
        "description": format!("At most {MOST_NAMES} names; names and values together have {LARGEST_DATA} bytes at most."),
        "maxProperties": MOST_NAMES,
        "additionalProperties": { "type": ["string", "number"] },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(json: &str) -> Result<Data, serde_json::Error> {
        deserialize(&mut serde_json::Deserializer::from_str(json))
    }

    #[test]
    fn a_number_keeps_its_digits() {
        let data = read(r#"{"a": 100.00, "b": -0, "c": 12345678901234567890123, "d": 1E2, "e": "07\u4e2d"}"#);
        let data = data.expect("data");
        assert_eq!(
            data.values().collect::<Vec<_>>(),
            ["100.00", "-0", "12345678901234567890123", "1E2", "07中"]
        );
    }

    #[test]
    fn anything_but_a_text_or_a_number_is_refused() {
        for value in ["null", "true", "[1]", r#"{"a": 1}"#] {
            let error = read(&format!(r#"{{"a": {value}}}"#)).expect_err(value).to_string();
            assert!(error.contains("expected a text or a number"), "{error}");
        }
    }

    #[test]
    fn no_more_is_read_than_it_may_hold() {
        let names = |count: usize| {
            let names: Vec<_> = (0..count).map(|n| format!("\"n{n}\": 1")).collect();
            format!("{{{}}}", names.join(","))
        };
        assert_eq!(read(&names(MOST_NAMES)).expect("data").len(), MOST_NAMES);
        let error = read(&names(MOST_NAMES + 1)).expect_err("refused").to_string();
        assert!(error.contains("expected at most 32 names"), "{error}");

        let text = |bytes: usize| format!(r#"{{"a": "{}"}}"#, "x".repeat(bytes));
        assert!(read(&text(LARGEST_DATA - 1)).is_ok());
        let error = read(&text(LARGEST_DATA)).expect_err("refused").to_string();
        assert!(error.contains("expected at most 8192 bytes"), "{error}");
    }
}
