//! The server configuration (服务器配置) that an account saves at WeChat's console.

use serde::{Deserialize, Serialize};

use crate::callbacks::crypto::Key;

/// The token callbacks are signed with, unless a test brings its own.
pub const CALLBACK_TOKEN: &str = "queqiaoCallback7";
/// The EncodingAESKey callbacks are encrypted with, unless a test brings its own.
pub const ENCODING_AES_KEY: &str = "k3VbQ9sTzW2mYcR8nLxD5fHgJ7pAqE4uC6vBtN1wXyZ";

/// The server configuration (服务器配置) of the Official Account, in safe mode.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Callback {
    /// Where WeChat sends its events.
    pub url: String,
    /// Goes into every signature.
    pub token: String,
    /// 43 characters of base64: the AES key without its padding.
    pub encoding_aes_key: String,
}

impl Callback {
    /// To this URL, under [`CALLBACK_TOKEN`] and [`ENCODING_AES_KEY`].
    pub fn to(url: impl Into<String>) -> Self {
        Self { url: url.into(), token: CALLBACK_TOKEN.into(), encoding_aes_key: ENCODING_AES_KEY.into() }
    }

    /// `Err` is a sentence about what WeChat's console would not save.
    pub fn validate(&self) -> Result<(), &'static str> {
        let url = reqwest::Url::parse(&self.url);
        if !url.is_ok_and(|url| matches!(url.scheme(), "http" | "https") && url.has_host()) {
            return Err("The callback's url begins with http:// or https://.");
        }
        let plain = self.token.bytes().all(|byte| byte.is_ascii_alphanumeric());
        if !plain || !(3..=32).contains(&self.token.len()) {
            return Err("The callback's token has 3 to 32 letters or digits.");
        }
        if Key::from_text(&self.encoding_aes_key).is_none() {
            return Err("The callback's encoding_aes_key has 43 characters of base64.");
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_configuration_that_wechats_console_would_not_save_is_a_mistake() {
        let right = Callback::to("http://127.0.0.1:1/callback?from=wechat");
        assert_eq!(right.validate(), Ok(()));
        let wrong = [
            Callback { url: "ftp://localhost/".into(), ..right.clone() },
            Callback { url: "/callback".into(), ..right.clone() },
            Callback { token: "no token".into(), ..right.clone() },
            Callback { encoding_aes_key: ENCODING_AES_KEY[1..].into(), ..right },
        ];
        assert!(wrong.iter().all(|callback| callback.validate().is_err()));
    }
}
