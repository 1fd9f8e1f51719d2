//! The Official Account's callbacks: what happens to its users, pushed to the server it configured.

use serde::{Deserialize, Serialize};
use tokio::time::Instant;

use crate::callbacks::crypto::Key;
use crate::callbacks::queue::{Next, Queue};
use crate::callbacks::stats::CallbackStats;
use crate::faults::callbacks::CallbackFaults;
use crate::world::event::Event;

mod crypto;
pub(crate) mod push;
mod queue;
mod stats;
mod verification;
mod xml;

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

/// The configuration, what waits to be pushed, and how pushing went. Only the first outlives a restart.
#[derive(Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Callbacks {
    /// `None` while callbacks are off.
    callback: Option<Callback>,
    #[serde(skip)]
    pub(crate) faults: CallbackFaults,
    #[serde(skip)]
    pub(crate) queue: Queue,
    #[serde(skip)]
    pub(crate) stats: CallbackStats,
}

impl Callbacks {
    /// Adds what the settings say; their callback replaces the one saved.
    pub(crate) fn configure(&mut self, callback: Option<&Callback>, seed: u64) {
        self.faults = CallbackFaults::seeded(seed);
        if let Some(callback) = callback {
            self.callback = Some(callback.clone());
        }
    }

    /// `Err` is a sentence about what is wrong with the configuration.
    pub(crate) fn validate(&self) -> Result<(), &'static str> {
        self.callback.as_ref().map_or(Ok(()), Callback::validate)
    }

    /// Queues an event as the faults will have it; forgets it while callbacks are off.
    pub(crate) fn emit(&mut self, event: Event) {
        if self.callback.is_some() {
            let plan = self.faults.plan();
            self.queue.add(event, &plan);
        }
    }

    /// Whether this message is one that WeChat loses on its way to the phone.
    pub(crate) fn system_fails(&mut self) -> bool {
        self.faults.system_fails()
    }

    /// What to push next and where to; `None` until something changes.
    fn next(&mut self) -> Option<(Next, Callback)> {
        let callback = self.callback.clone()?;
        let next = self.queue.next(Instant::now())?;
        if let Next::Push(_) = next {
            self.stats.sent += 1;
        }
        Some((next, callback))
    }

    pub(crate) fn switch(&mut self, callback: Option<Callback>) {
        if callback.is_none() {
            self.queue.clear();
        }
        self.callback = callback;
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

    #[test]
    fn only_the_configuration_outlives_a_restart_and_the_settings_outdo_it() {
        let mut before = Callbacks::default();
        before.configure(Some(&Callback::to("http://one/")), 0);
        before.queue.pause();
        let kept = serde_json::to_value(&before).unwrap();
        assert_eq!(kept, serde_json::json!({ "callback": Callback::to("http://one/") }));
        let mut after: Callbacks = serde_json::from_value(kept).unwrap();
        after.configure(None, 0);
        assert_eq!(after.callback, before.callback);
        after.configure(Some(&Callback::to("http://two/")), 0);
        assert_eq!(after.callback, Some(Callback::to("http://two/")));
    }
}
