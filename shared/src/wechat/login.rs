//! `sns/jscode2session`: what a wx.login code stands for.

use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;

use super::client::Call;
use super::{Failure, WeChat};

/// What WeChat answers to a fresh code.
#[derive(Debug, Deserialize)]
pub struct CodeSession {
    /// The mini-program's openid.
    pub openid: String,
    /// Absent when the mini-program is not bound to an Open Platform account.
    pub unionid: Option<String>,
    /// Opens this user's encryptedData.
    pub session_key: SecretString,
}

impl WeChat {
    /// Exchanges a code; it serves once, within five minutes.
    ///
    /// # Errors
    /// [`Failure`]; a code that does not serve has the action `LoginAgain`.
    pub async fn code_to_session(
        &self,
        appid: &str,
        secret: &SecretString,
        code: &str,
    ) -> Result<CodeSession, Failure> {
        let query = [
            ("appid", appid),
            ("secret", secret.expose_secret()),
            ("js_code", code),
            ("grant_type", "authorization_code"),
        ];
        self.call(Call::get("/sns/jscode2session", &query)).await
    }
}
