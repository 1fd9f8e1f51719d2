//! How a caller names a user.

use serde::{Deserialize, Serialize};

/// One user, under exactly one name.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum Recipient {
    /// By the mini-program's openid.
    Openid(String),
    /// By the unionid.
    Unionid(String),
    /// By the Official Account's openid.
    OaOpenid(String),
}
