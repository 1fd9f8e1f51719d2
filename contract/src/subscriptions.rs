//! POST /subscriptions.

use std::collections::BTreeMap;
use std::fmt;

use serde::de::{Error, IgnoredAny, MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};

/// The most templates of one call; `wx.requestSubscribeMessage` asks for a handful at a time.
pub const MOST_TEMPLATES: usize = 20;

/// What stands among the templates and is none.
const ERR_MSG: &str = "errMsg";

/// What a user said when they were asked for subscribe messages.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Subscriptions {
    /// What `wx.requestSubscribeMessage` gave, whole.
    #[serde(deserialize_with = "results")]
    #[cfg_attr(feature = "schema", schemars(schema_with = "results_schema"))]
    pub results: BTreeMap<String, String>,
}

/// What may be sent for it.
#[derive(Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Credited {
    /// How many messages of each template the user has accepted and not been sent: of those in `results` that a
    /// notification of the catalog falls back on.
    pub credits: BTreeMap<String, u32>,
}

impl Subscriptions {
    /// Whether the user was asked for this template.
    pub fn names(&self, template_id: &str) -> bool {
        self.results.contains_key(template_id)
    }

    /// Whether the user accepted one message of this template. There are several words for it (`acceptWithAudio`, …),
    /// not all of them in WeChat's documentation.
    pub fn accepts(&self, template_id: &str) -> bool {
        self.results.get(template_id).is_some_and(|result| result.starts_with("accept"))
    }
}

/// Reads results, and no more of them than there may be.
fn results<'de, D: Deserializer<'de>>(deserializer: D) -> Result<BTreeMap<String, String>, D::Error> {
    deserializer.deserialize_map(Results)
}

struct Results;

impl<'de> Visitor<'de> for Results {
    type Value = BTreeMap<String, String>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a map")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut results: A) -> Result<Self::Value, A::Error> {
        let (mut read, mut templates) = (BTreeMap::new(), 0);
        while let Some(name) = results.next_key::<String>()? {
            templates += usize::from(name != ERR_MSG);
            if templates > MOST_TEMPLATES {
                let most = format!("at most {MOST_TEMPLATES} templates");
                results.next_value::<IgnoredAny>()?;
                return Err(A::Error::invalid_length(templates, &most.as_str()));
            }
            read.insert(name, results.next_value()?);
        }
        Ok(read)
    }
}

/// The schema of what [`results`] reads.
#[cfg(feature = "schema")]
fn results_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
    schemars::json_schema!({
        "type": "object",
        "description": format!(
            "What `wx.requestSubscribeMessage` gave, whole: at most {MOST_TEMPLATES} templates, each with the user's \
             answer, and `errMsg`, which is passed over. What begins with `accept` is one message more."
        ),
        "maxProperties": MOST_TEMPLATES + 1,
        "additionalProperties": { "type": "string" },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(results: &str) -> Result<Subscriptions, serde_json::Error> {
        serde_json::from_str(&format!(r#"{{"results": {results}}}"#))
    }

    #[test]
    fn whatever_begins_with_accept_is_an_accept() {
        let read = read(
            r#"{"a": "accept", "b": "acceptWithAudio", "c": "acceptWithAlert", "d": "acceptWithForcePush", "e": "reject",
                "f": "ban", "g": "filter", "h": "", "i": "Accept", "errMsg": "requestSubscribeMessage:ok"}"#,
        );
        let read = read.expect("results");
        let accepted: Vec<_> =
            read.results.keys().map(String::as_str).filter(|name| read.accepts(name)).collect();
        assert_eq!(accepted, ["a", "b", "c", "d"]);
        assert!(read.names("e") && !read.names("j") && !read.accepts("j"));
    }

    #[test]
    fn no_more_templates_are_read_than_there_may_be() {
        let results = |count: usize| {
            let templates: Vec<_> = (0..count).map(|n| format!(r#""t{n}": "accept""#)).collect();
            format!(r#"{{{}, "errMsg": "ok"}}"#, templates.join(","))
        };
        assert_eq!(read(&results(MOST_TEMPLATES)).expect("results").results.len(), MOST_TEMPLATES + 1);
        let refused = read(&results(MOST_TEMPLATES + 1)).err().expect("refused").to_string();
        assert!(refused.contains("expected at most 20 templates"), "{refused}");
    }

    #[test]
    fn anything_but_texts_is_refused() {
        for results in [r#"{"a": 1}"#, r#"{"a": null}"#, r#"{"a": ["accept"]}"#, r#"["a"]"#, "null"] {
            assert!(read(results).is_err(), "{results}");
        }
    }
}
