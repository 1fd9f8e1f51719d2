//! POST /send.

use std::fmt;

use serde::de::{IgnoredAny, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};

pub use crate::recipient::{LONGEST_ID, is_id};
use crate::{Data, Reason, Recipient, data};

/// The most recipients of one call.
pub const MOST_RECIPIENTS: usize = 10_000;

/// The longest page with its query, in bytes.
pub const LONGEST_PAGE: usize = 1024;

/// The largest call of a mini-program user, in bytes; a service key's may be as large as the route takes.
pub const LARGEST_OF_A_USER: usize = 64 * 1024;

/// What a caller wants sent.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct SendRequest {
    /// An entry of the catalog (`notifications.toml`).
    pub notification: String,
    /// To whom. What stands behind the most that a call takes is not looked at, but for one.
    #[serde(deserialize_with = "at_most_one_too_many")]
    #[cfg_attr(feature = "schema", schemars(length(min = 1, max = MOST_RECIPIENTS)))]
    pub to: Vec<To>,
    /// What fills the notification, for all of them.
    #[serde(default, deserialize_with = "data::deserialize", skip_serializing_if = "Data::is_empty")]
    #[cfg_attr(feature = "schema", schemars(schema_with = "data::schema"))]
    pub data: Data,
    /// A mini-program page instead of the catalog's, without a leading slash; for service keys only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(length(max = LONGEST_PAGE), regex(pattern = r"^[^/]")))]
    pub page: Option<String>,
}

/// Which notification a call is for: all that has to be known before it is known who may make it.
#[derive(Deserialize)]
pub struct Named {
    /// An entry of the catalog.
    pub notification: String,
}

/// One recipient: exactly one of the three ids, and data of their own over the call's.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(transform = exactly_one_id))]
pub struct To {
    /// The mini-program's openid.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(length(min = 1, max = LONGEST_ID), regex(pattern = r"^[A-Za-z0-9_-]+$")))]
    pub openid: Option<String>,
    /// The unionid.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(length(min = 1, max = LONGEST_ID), regex(pattern = r"^[A-Za-z0-9_-]+$")))]
    pub unionid: Option<String>,
    /// The Official Account's openid.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(length(min = 1, max = LONGEST_ID), regex(pattern = r"^[A-Za-z0-9_-]+$")))]
    pub oa_openid: Option<String>,
    /// Their own data, over the call's.
    #[serde(default, deserialize_with = "data::deserialize", skip_serializing_if = "Data::is_empty")]
    #[cfg_attr(feature = "schema", schemars(schema_with = "data::schema"))]
    pub data: Data,
}

impl To {
    /// Whether there is exactly one id, and it can be one: WeChat's are letters, digits, `_` and `-`.
    pub fn is_one(&self) -> bool {
        let named: Vec<_> = [&self.openid, &self.unionid, &self.oa_openid].into_iter().flatten().collect();
        named.len() == 1 && named.iter().all(|id| is_id(id))
    }

    /// The one who is named, where [`Self::is_one`] holds.
    pub fn recipient(&self) -> Recipient {
        match (&self.openid, &self.unionid) {
            (Some(openid), _) => Recipient::Openid(openid.clone()),
            (None, Some(unionid)) => Recipient::Unionid(unionid.clone()),
            (None, None) => Recipient::OaOpenid(self.oa_openid.clone().unwrap_or_default()),
        }
    }
}

/// Reads recipients until there is one too many, and passes over the rest.
fn at_most_one_too_many<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<To>, D::Error> {
    deserializer.deserialize_seq(Recipients)
}

struct Recipients;

impl<'de> Visitor<'de> for Recipients {
    type Value = Vec<To>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a list of recipients")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut recipients: A) -> Result<Vec<To>, A::Error> {
        let mut read = Vec::new();
        while read.len() <= MOST_RECIPIENTS
            && let Some(to) = recipients.next_element()?
        {
            read.push(to);
        }
        while recipients.next_element::<IgnoredAny>()?.is_some() {}
        Ok(read)
    }
}

/// A batch that was accepted: it will be tried until each of its messages is in a final state.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Accepted {
    /// The batch, for GET /send/{id}.
    pub id: String,
    /// How many messages are on their way.
    pub accepted: u64,
    /// Who will get nothing.
    pub rejected: Vec<Rejected>,
}

/// A recipient who will get nothing, and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Rejected {
    /// As the call named them.
    pub to: Recipient,
    /// Why.
    pub reason: Reason,
    /// What exactly, where the reason does not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
    /// What a person can do about it.
    pub remedy: String,
}

#[cfg(feature = "schema")]
fn exactly_one_id(schema: &mut schemars::Schema) {
    let named =
        |id: &str| serde_json::json!({ "required": [id], "properties": { id: { "type": "string" } } });
    let one = ["openid", "unionid", "oa_openid"].map(named);
    schema.insert("oneOf".to_owned(), one.to_vec().into());
}
