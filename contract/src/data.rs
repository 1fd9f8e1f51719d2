//! `data`: what fills a notification, name by name.

use std::collections::BTreeMap;

use serde::de::{Error as _, Unexpected};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

/// Name → value, as it will stand in the message: a number keeps the very digits that the caller wrote.
pub type Data = BTreeMap<String, String>;

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

/// Reads `data`.
pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Data, D::Error> {
    let texts = BTreeMap::<String, Text>::deserialize(deserializer)?;
    Ok(texts.into_iter().map(|(name, Text(text))| (name, text)).collect())
}

/// The schema of what [`deserialize`] reads.
#[cfg(feature = "schema")]
pub(crate) fn schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
    schemars::json_schema!({ "type": "object", "additionalProperties": { "type": ["string", "number"] } })
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
}
