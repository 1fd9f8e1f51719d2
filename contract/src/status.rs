//! GET /send/{id} and POST /send/{id}/replay.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{Reason, Recipient};

/// A batch, with a page of its messages.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct BatchStatus {
    /// The batch.
    pub id: String,
    /// The catalog's entry.
    pub notification: String,
    /// How many messages of the whole batch are in each state; states without any are left out. Absent where
    /// `after` was given, as 0, too: counting reads all of the batch, and a page what it shows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(
        feature = "schema",
        schemars(extend("propertyNames" = { "$ref": "#/components/schemas/MessageState" }))
    )]
    pub counts: Option<BTreeMap<MessageState, u64>>,
    /// Up to 100 messages, by number.
    pub messages: Vec<MessageStatus>,
    /// The `after` of the next page, where there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<u32>,
}

/// What became of one message.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct MessageStatus {
    /// Its number: the recipient's place in the call, from 1.
    pub n: u32,
    /// As the call named them.
    pub to: Recipient,
    /// By which of WeChat's messages it went, or is to go.
    #[serde(default)]
    pub channel: Channel,
    /// What became of it.
    pub state: MessageState,
    /// Why it did not go through, or not yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<Reason>,
    /// What exactly, where the reason does not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
    /// What a person can do about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remedy: Option<String>,
    /// WeChat's code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub errcode: Option<i64>,
    /// WeChat's id of the call, for its own log (kept seven days).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rid: Option<String>,
    /// How often it was tried.
    pub attempts: u32,
    /// Unix seconds.
    pub updated_at: i64,
}

/// By which of WeChat's messages a user is reached.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, strum::Display, strum::EnumIter,
)]
#[serde(rename_all = "lowercase")]
#[strum(serialize_all = "lowercase")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum Channel {
    /// The Official Account's template message, for who follows.
    #[default]
    Template,
    /// The mini-program's subscribe message, for who accepted one and does not follow.
    Subscribe,
}

/// Where a message stands.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    Hash,
    PartialOrd,
    Ord,
    Serialize,
    Deserialize,
    strum::Display,
    strum::EnumIter,
)]
#[serde(rename_all = "lowercase")]
#[strum(serialize_all = "lowercase")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum MessageState {
    /// Not tried yet.
    Queued,
    /// Tried, not accepted, to be tried again.
    Retrying,
    /// Waits for a repair or for the quota's reset; the reason and the remedy say which.
    Parked,
    /// WeChat took it.
    Sent,
    /// It arrived: WeChat's receipt says so.
    Delivered,
    /// WeChat took it, and the user's settings kept it out: WeChat's receipt says so.
    Blocked,
    /// The user does not want it.
    Refused,
    /// It will not be tried again.
    Failed,
    /// WeChat never said whether it took it.
    Unknown,
}

impl MessageState {
    /// Whether nothing more will be tried.
    pub fn is_final(self) -> bool {
        match self {
            Self::Queued | Self::Retrying | Self::Parked => false,
            Self::Sent | Self::Delivered | Self::Blocked | Self::Refused | Self::Failed | Self::Unknown => {
                true
            }
        }
    }
}

/// What to replay: one message, or all that failed or whose outcome is unknown.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Replay {
    /// A message's number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(range(max = u32::MAX)))]
    pub n: Option<u32>,
}

/// Messages that are on their way anew.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Replayed {
    /// The batch.
    pub id: String,
    /// How many of its messages.
    pub replayed: u64,
    /// How many of those may have arrived already, and would then arrive twice.
    #[serde(default)]
    pub may_arrive_twice: u64,
    /// How many were left as they are, for the catalog has changed since: their data does not fit it any more, or it has no
    /// fallback for them.
    #[serde(default)]
    pub unfit: u64,
}
