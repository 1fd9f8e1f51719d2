//! What happened at WeChat: what `callback` puts on its queue and `events` takes off it.

use serde::{Deserialize, Serialize};

/// What happened, as it waits on the queue.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Event {
    /// A user follows, or showed that they do by scanning a code.
    #[serde(rename = "follows")]
    Followed {
        /// The Official Account's openid.
        openid: String,
        /// WeChat's CreateTime, in Unix seconds.
        at: i64,
        /// How often WeChat was asked about them and did not know yet.
        #[serde(default)]
        tries: u32,
    },
    /// A user follows no more.
    Unfollowed {
        /// The Official Account's openid.
        openid: String,
        /// WeChat's CreateTime, in Unix seconds.
        at: i64,
        /// Whether the map was looked at before and did not know them yet.
        #[serde(default, rename = "again")]
        rechecked: bool,
    },
    /// What became of a template message.
    Receipt {
        /// The msgid that `message/template/send` gave.
        msgid: i64,
        /// WeChat's word: `success`, `failed:user block`, `failed: system failed`, …
        status: String,
        /// The Official Account's openid it was for.
        #[serde(default)]
        openid: Option<String>,
        /// How often its message was looked for.
        #[serde(default)]
        tries: u32,
    },
}
