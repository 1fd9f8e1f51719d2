//! What happened at WeChat: what `callback` puts on its queue and `events` takes off it.

use serde::{Deserialize, Serialize};

use crate::Account;

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
    /// What became of a template message, or of a subscribe message.
    Receipt {
        /// The msgid that `message/template/send` or `message/subscribe/send` gave.
        msgid: i64,
        /// WeChat's word: `success`, `failed:user block`, `failed: system failed`, …; of a subscribe message, what its
        /// errcode means.
        status: String,
        /// A subscribe message's errcode, which says more than its word; 0 when it arrived. A template message has none.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        errcode: Option<i64>,
        /// The openid it was for: the Official Account's, or of a subscribe message the mini-program's.
        #[serde(default)]
        openid: Option<String>,
        /// A subscribe message's template.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        template_id: Option<String>,
        /// How often its message was looked for.
        #[serde(default)]
        tries: u32,
    },
    /// A user of the mini-program said of one template whether they want subscribe messages of it.
    #[serde(rename = "subscription")]
    SubscriptionChanged {
        /// The mini-program's openid.
        openid: String,
        /// Which template.
        template_id: String,
        /// Whether they want them.
        accepted: bool,
        /// WeChat's CreateTime, in Unix seconds.
        at: i64,
        /// Whether they were asked by the mini-program; else they changed it in its settings.
        popup: bool,
    },
}

impl Event {
    /// The account whose user it was about.
    pub fn account(&self) -> Account {
        match self {
            Self::Followed { .. } | Self::Unfollowed { .. } | Self::Receipt { template_id: None, .. } => {
                Account::Oa
            }
            Self::Receipt { template_id: Some(_), .. } | Self::SubscriptionChanged { .. } => Account::Mini,
        }
    }

    /// Whether WeChat has just told it; else it was put off here.
    pub fn is_new(&self) -> bool {
        match self {
            Self::Followed { tries, .. } | Self::Receipt { tries, .. } => *tries == 0,
            Self::Unfollowed { rechecked, .. } => !rechecked,
            Self::SubscriptionChanged { .. } => true,
        }
    }
}
