//! How a caller names a user.

use serde::{Deserialize, Serialize};

/// The longest id, in characters. WeChat's have 28.
pub const LONGEST_ID: usize = 64;

/// One user, under exactly one name.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum Recipient {
    /// By the mini-program's openid.
    Openid(#[cfg_attr(feature = "schema", schemars(schema_with = "id"))] String),
    /// By the unionid.
    Unionid(#[cfg_attr(feature = "schema", schemars(schema_with = "id"))] String),
    /// By the Official Account's openid.
    OaOpenid(#[cfg_attr(feature = "schema", schemars(schema_with = "id"))] String),
}

/// Whether WeChat or we could have made this id.
pub fn is_id(id: &str) -> bool {
    (1..=LONGEST_ID).contains(&id.len()) && id.bytes().all(is_plain)
}

pub(crate) fn is_plain(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-'
}

/// The schema of an id, as [`is_id`] reads it.
#[cfg(feature = "schema")]
fn id(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
    schemars::json_schema!({
        "type": "string",
        "minLength": 1,
        "maxLength": LONGEST_ID,
        "pattern": "^[A-Za-z0-9_-]+$",
    })
}
