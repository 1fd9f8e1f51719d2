//! The server configuration (服务器配置) that an account saves at WeChat's console.

use serde::{Deserialize, Serialize};

use crate::callbacks::crypto::Key;

/// The token callbacks are signed with, unless a test brings its own.
pub const CALLBACK_TOKEN: &str = "queqiaoCallback7";
/// The EncodingAESKey callbacks are encrypted with, unless a test brings its own.
pub const ENCODING_AES_KEY: &str = "k3VbQ9sTzW2mYcR8nLxD5fHgJ7pAqE4uC6vBtN1wXyZ";

/// The token the mini-program's callbacks are signed with, unless a test brings its own.
pub const MINI_CALLBACK_TOKEN: &str = "queqiaoMini4Callback";
/// The EncodingAESKey the mini-program's callbacks are encrypted with, unless a test brings its own.
pub const MINI_ENCODING_AES_KEY: &str = "r7GdWq2YbK5mXc9TzN4hLsJ8fPvA1eUoE3tRiC6BwMk";

/// Whether callbacks are encrypted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum CallbackMode {
    /// 安全模式: encrypted, and signed with what is encrypted.
    #[default]
    Safe,
    /// 明文模式: in the clear, with a signature that does not cover it.
    Plain,
}

/// How callbacks are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum CallbackFormat {
    /// As an Official Account's always are.
    #[default]
    Xml,
    /// As a mini-program may choose.
    Json,
}

/// The server configuration (服务器配置, 消息推送) of an account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Callback {
    /// Where WeChat sends its events.
    pub url: String,
    /// Goes into every signature.
    pub token: String,
    /// 43 characters of base64: the AES key without its padding.
    pub encoding_aes_key: String,
    /// Whether they are encrypted.
    #[serde(default)]
    pub mode: CallbackMode,
    /// How they are written.
    #[serde(default)]
    pub format: CallbackFormat,
}

impl Callback {
    /// The Official Account's to this URL, under [`CALLBACK_TOKEN`] and [`ENCODING_AES_KEY`], in safe mode.
    pub fn to(url: impl Into<String>) -> Self {
        Self {
            url: url.into(),
            token: CALLBACK_TOKEN.into(),
            encoding_aes_key: ENCODING_AES_KEY.into(),
            mode: CallbackMode::Safe,
            format: CallbackFormat::Xml,
        }
    }

    /// The mini-program's to this URL, under [`MINI_CALLBACK_TOKEN`] and [`MINI_ENCODING_AES_KEY`], in safe mode and
    /// JSON.
    pub fn of_mini(url: impl Into<String>) -> Self {
        Self {
            token: MINI_CALLBACK_TOKEN.into(),
            encoding_aes_key: MINI_ENCODING_AES_KEY.into(),
            format: CallbackFormat::Json,
            ..Self::to(url)
        }
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
