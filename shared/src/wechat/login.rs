//! `sns/jscode2session`: what a wx.login code stands for.

use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;

use super::{ApiRequest, reader};

/// What WeChat answers to a fresh code.
#[derive(Debug, Deserialize)]
pub struct CodeSession {
    /// The mini-program's openid.
    #[serde(deserialize_with = "reader::required_id")]
    pub openid: String,
    /// Absent when the mini-program is not bound to an Open Platform account.
    #[serde(default, deserialize_with = "reader::id")]
    pub unionid: Option<String>,
    /// Opens this user's encryptedData.
    #[serde(deserialize_with = "reader::required")]
    pub session_key: SecretString,
}

/// Exchanges a code; it serves once, within five minutes. One that does not serve fails with the action
/// `LoginAgain`.
pub fn code_to_session(appid: &str, secret: &SecretString, code: &str) -> ApiRequest<CodeSession> {
    ApiRequest::get("/sns/jscode2session")
        .with("appid", appid)
        .with("secret", secret.expose_secret())
        .with("js_code", code)
        .with("grant_type", "authorization_code")
        // If the first has come through, the second is told that the code is used: log in again.
        .repeatable()
}
