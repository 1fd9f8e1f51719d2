//! What a sender sends along with a body (Developer Guide, "Message metadata for Amazon SQS").

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde::{Deserialize, Serialize};

use super::error::Error;
use super::{limits, message};

/// The longest name and the longest type, in characters.
const LONGEST_NAME: usize = 256;

/// The message attributes of a message, by name.
#[derive(Default, Deserialize, Serialize)]
#[serde(transparent)]
pub struct MessageAttributes(BTreeMap<String, MessageAttribute>);

#[derive(Default, Deserialize, Serialize)]
#[serde(rename_all = "PascalCase", default)]
struct MessageAttribute {
    data_type: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    string_value: Option<String>,
    /// Base64.
    #[serde(skip_serializing_if = "Option::is_none")]
    binary_value: Option<String>,
}

impl MessageAttributes {
    /// Whether a message can have these.
    ///
    /// # Errors
    /// `InvalidParameterValue`, `InvalidMessageContents`.
    pub fn check(&self) -> Result<(), Error> {
        if self.0.len() > limits::MESSAGE_ATTRIBUTES {
            return Err(Error::invalid("The number of message attributes exceeds the allowed maximum [10]."));
        }
        self.0.iter().try_for_each(|(name, attribute)| {
            check_name(name)?;
            attribute.check()
        })
    }

    /// Names, types and values count, in bytes.
    pub fn size(&self) -> usize {
        let sizes = self.0.iter().map(|(name, attribute)| {
            name.len() + attribute.data_type.len() + attribute.value().map_or(0, |value| value.len())
        });
        sizes.sum()
    }

    /// Their digest (the same page, "Calculating the MD5 message digest for message attributes"); `None`
    /// when there are none.
    pub fn md5(&self) -> Option<String> {
        let mut encoded = Vec::new();
        for (name, attribute) in &self.0 {
            let value = attribute.value().unwrap_or_default();
            append(&mut encoded, name.as_bytes());
            append(&mut encoded, attribute.data_type.as_bytes());
            encoded.push(if attribute.is_binary() { 2 } else { 1 });
            append(&mut encoded, &value);
        }
        (!encoded.is_empty()).then(|| message::md5(&encoded))
    }

    /// Those that a receiver asked for: `All` and `.*`, `prefix.*`, or by name (ReceiveMessage,
    /// `MessageAttributeNames`).
    pub fn selected(mut self, wanted: &[String]) -> Self {
        let is_wanted = |name: &str| {
            wanted.iter().any(|wanted| match wanted.strip_suffix(".*") {
                Some(prefix) => name.starts_with(prefix),
                None => wanted == "All" || wanted == name,
            })
        };
        self.0.retain(|name, _| is_wanted(name));
        self
    }
}

impl MessageAttribute {
    fn is_binary(&self) -> bool {
        self.data_type.split('.').next() == Some("Binary")
    }

    /// The bytes that it stands for; `None` when it has no value of its type.
    fn value(&self) -> Option<Vec<u8>> {
        match self.is_binary() {
            true => BASE64.decode(self.binary_value.as_deref()?).ok(),
            false => self.string_value.as_ref().map(|value| value.clone().into_bytes()),
        }
    }

    fn check(&self) -> Result<(), Error> {
        let kind = self.data_type.split('.').next().unwrap_or_default();
        if !["String", "Number", "Binary"].contains(&kind) || self.data_type.len() > LONGEST_NAME {
            return Err(Error::invalid("The type of a message attribute is invalid."));
        }
        match self.value() {
            None => Err(Error::invalid("A message attribute must contain a value of its type.")),
            Some(value) if value.is_empty() => {
                Err(Error::invalid("A message attribute must contain a non-empty value."))
            }
            Some(_) => message::check_characters(self.string_value.as_deref().unwrap_or_default()),
        }
    }
}

fn check_name(name: &str) -> Result<(), Error> {
    let lower = name.to_ascii_lowercase();
    let is_valid = (1..=LONGEST_NAME).contains(&name.len())
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-.".contains(&byte))
        && !lower.starts_with("aws.")
        && !lower.starts_with("amazon.")
        && name.split('.').all(|part| !part.is_empty());
    if is_valid { Ok(()) } else { Err(Error::invalid("The name of a message attribute is invalid.")) }
}

/// Appends a part with its length before it, in four bytes, the highest first.
fn append(encoded: &mut Vec<u8>, part: &[u8]) {
    let length = u32::try_from(part.len()).expect("a message is far shorter");
    encoded.extend(length.to_be_bytes());
    encoded.extend(part);
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn attributes(value: Value) -> MessageAttributes {
        serde_json::from_value(value).unwrap()
    }

    /// Source: the published examples of the npm package `aws-md5-of-message-attributes`, made from AWS's
    /// answers.
    #[test]
    fn digests_are_those_of_the_published_examples() {
        let string = json!({"DataType": "String", "StringValue": "attribValue 1"});
        let number = json!({
            "DataType": "Number.float",
            "StringValue": "4563442423554324324264524243.32543234",
        });
        let binary = json!({"DataType": "Binary", "BinaryValue": BASE64.encode("Hello binary world!")});
        let digest = |value| attributes(value).md5().unwrap();
        assert_eq!(digest(json!({"attribName1": string})), "19e27d4e946b072f3f58da80d94fd778");
        assert_eq!(digest(json!({"customNumberTypeAttrib": number})), "9fe1b90bbd9965bdf77bac517c7d2495");
        assert_eq!(digest(json!({"binaryAttribute": binary})), "31a92b15d92f8db860eda32aceb656c3");
        let all = json!({"attribName1": string, "customNumberTypeAttrib": number, "binaryAttribute": binary});
        assert_eq!(digest(all), "c932db14a896c663f83c260297d594ff");
        assert_eq!(attributes(json!({})).md5(), None);
    }

    /// Source: Developer Guide, "Message metadata for Amazon SQS", "Message attribute components".
    #[test]
    fn names_types_and_values_that_sqs_does_not_know_are_refused() {
        let string = json!({"DataType": "String", "StringValue": "x"});
        for name in ["", "a b", ".a", "a.", "a..b", "AWS.a", "amazon.a", &"a".repeat(257)] {
            assert!(attributes(json!({name: string})).check().is_err(), "{name}");
        }
        for refused in [
            json!({"DataType": "Text", "StringValue": "x"}),
            json!({"DataType": "String", "StringValue": ""}),
            json!({"DataType": "String", "StringValue": "\u{1}"}),
            json!({"DataType": "String", "BinaryValue": "eA=="}),
            json!({"DataType": "Binary", "BinaryValue": "*"}),
        ] {
            assert!(attributes(json!({"a": refused})).check().is_err(), "{refused}");
        }
        assert!(attributes(json!({"a.b-c_1": string})).check().is_ok());
    }
}
