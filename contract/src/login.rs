//! POST /login.

use serde::{Deserialize, Serialize};

use crate::recipient::is_plain;

/// The longest code, in characters. WeChat's have 32.
pub const LONGEST_CODE: usize = 128;

/// What the developer tools give for a code where the project has a test appid. WeChat refuses it as any other code
/// of another appid, and the problem says so.
pub const MOCK_CODE: &str = "the code is a mock one";

/// What a mini-program sends to sign its user in.
#[derive(Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Login {
    /// What `wx.login` gave; it serves once, within five minutes.
    #[cfg_attr(feature = "schema", schemars(length(min = 1, max = LONGEST_CODE), regex(pattern = r"^([A-Za-z0-9_-]+|the code is a mock one)$")))]
    pub code: String,
}

impl Login {
    /// Whether the code can be one: WeChat's are letters and digits; `_` and `-` do no harm; and [`MOCK_CODE`].
    pub fn is_one(&self) -> bool {
        (1..=LONGEST_CODE).contains(&self.code.len()) && self.code.bytes().all(is_plain)
            || self.code == MOCK_CODE
    }
}

/// Which sessions are to end.
#[derive(Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Logout {
    /// All of the user's, and not only this one.
    #[serde(default)]
    pub all: bool,
}

/// Sessions that have ended.
#[derive(Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct LoggedOut {
    /// How many.
    pub ended: u64,
}

/// A session.
#[derive(Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct LoggedIn {
    /// Goes into `Authorization: Bearer …` of every later call.
    pub token: String,
    /// How long the token is taken, in seconds.
    pub expires_in: u64,
    /// The user, in the mini-program.
    pub openid: String,
    /// The user, across all accounts of one Open Platform account; absent while WeChat gives none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unionid: Option<String>,
    /// Whether the user is known to follow the Official Account.
    pub following: bool,
}
