//! POST /decrypt.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// What `wx.getUserInfo` and its like hand to the mini-program.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Sealed {
    /// Base64, AES-128-CBC under the session_key.
    pub encrypted_data: String,
    /// Base64 of 16 bytes.
    pub iv: String,
    /// The plain part of the data, where WeChat signed one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub raw_data: Option<String>,
    /// Hex of sha1(rawData + session_key); goes with `rawData`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signature: Option<String>,
}

/// What was in it.
#[derive(Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Opened {
    /// The object that WeChat sealed: `nickName`, `purePhoneNumber`, `watermark`, …
    pub data: Map<String, Value>,
    /// The user's unionid, where one is known: by login, or by this data, if it names the session's own user.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unionid: Option<String>,
}
