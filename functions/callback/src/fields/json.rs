//! The JSON that a mini-program may choose instead.

use std::fmt::{self, Formatter};

use serde::Deserializer;
use serde::de::{DeserializeSeed, MapAccess, Visitor};
use serde_json::Value;

use super::{Fields, LIST, Message};

/// What stands before the ciphertext.
pub const ENCRYPT: &str = r#""Encrypt""#;

/// Reads a message; what stands in a `List`, an object or an array of them, stands under the root, or under an object of
/// the event's own.
pub fn message(text: &str) -> Message {
    let mut members = Members::default();
    let mut json = serde_json::Deserializer::from_str(text.trim_start_matches('\u{feff}'));
    // What was read until a mistake is kept.
    drop((&mut members).deserialize(&mut json));
    let mut message = Message::default();
    for (name, value) in members.0 {
        match (name.as_str(), value) {
            (LIST, list) => message.lists.extend(lists(list)),
            (_, Value::Object(mut own)) => message.lists.extend(own.remove(LIST).into_iter().flat_map(lists)),
            (_, value) => message.fields.put_value(name, &value),
        }
    }
    message
}

/// The text that follows the mark.
pub fn sealed(rest: &str) -> Option<String> {
    let rest = rest.trim_start().strip_prefix(':')?;
    let text = serde_json::Deserializer::from_str(rest).into_iter::<String>().next()?.ok()?;
    Some(text.trim().to_owned())
}

fn lists(value: Value) -> Vec<Fields> {
    let each = match value {
        Value::Array(each) => each,
        one => vec![one],
    };
    let objects =
        each.into_iter().filter_map(|one| if let Value::Object(one) = one { Some(one) } else { None });
    let fields = objects.map(|object| {
        let mut fields = Fields::default();
        object.into_iter().for_each(|(name, value)| fields.put_value(name, &value));
        fields
    });
    fields.collect()
}

impl Fields {
    /// A text, or a number as it is written; there are no others.
    fn put_value(&mut self, name: String, value: &Value) {
        match value {
            Value::String(text) => self.put(name, text),
            Value::Number(number) => self.put(name, &number.to_string()),
            _ => {}
        }
    }
}

/// The members of an object in the order in which they stand there, the same name again and again, too.
#[derive(Default)]
struct Members(Vec<(String, Value)>);

impl<'de> DeserializeSeed<'de> for &mut Members {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for &mut Members {
    type Value = ();

    fn expecting(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        formatter.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(member) = map.next_entry()? {
            self.0.push(member);
        }
        Ok(())
    }
}
