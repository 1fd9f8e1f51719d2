//! What an entry says of a field: a text with placeholders, and how its value is brought into the field's form.

use std::fmt;

use serde::de::value::MapAccessDeserializer;
use serde::de::{Error, MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};

use super::field::{Format, TooLong};

/// What fills a field; the text alone, where nothing else is to be said.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(untagged)]
pub enum Text {
    /// A text in which {name} stands for `data.name`.
    Plain(String),
    /// Such a text, and what its field's type does not say.
    With(With),
}

/// A text, and what its field's type does not say.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(deny_unknown_fields))]
pub struct With {
    /// A text in which {name} stands for `data.name`.
    text: String,
    /// What the value is given in, or how much of it is shown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    format: Option<Format>,
    /// What becomes of a text that is longer than the field takes; the entry's, where nothing is said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    too_long: Option<TooLong>,
}

impl Text {
    /// The text, with its placeholders.
    pub fn text(&self) -> &str {
        match self {
            Self::Plain(text) | Self::With(With { text, .. }) => text,
        }
    }

    /// What the catalog says of the value.
    pub fn format(&self) -> Option<Format> {
        match self {
            Self::Plain(_) => None,
            Self::With(with) => with.format,
        }
    }

    pub(super) fn too_long(&self) -> Option<TooLong> {
        match self {
            Self::Plain(_) => None,
            Self::With(with) => with.too_long,
        }
    }
}

/// By hand: an untagged enum would tell neither the place of a mistake nor the keys that nothing reads.
impl<'de> Deserialize<'de> for Text {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(TextVisitor)
    }
}

struct TextVisitor;

impl<'de> Visitor<'de> for TextVisitor {
    type Value = Text;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a text, or a table with `text`")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Text, E> {
        Ok(Text::Plain(text.to_owned()))
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Text, A::Error> {
        With::deserialize(MapAccessDeserializer::new(map)).map(Text::With)
    }
}
