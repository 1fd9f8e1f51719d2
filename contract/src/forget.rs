//! POST /forget and GET /forget/{id}.

use serde::{Deserialize, Serialize};

/// What was deleted of a user, and whether that is all.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Forgetting {
    /// Its id; the same for the same user's same name.
    pub id: String,
    /// Whether messages are still looked through.
    pub state: ForgettingState,
    /// What was deleted so far.
    pub deleted: Deleted,
    /// How many items of the messages table were looked at so far.
    pub scanned: u64,
    /// Unix seconds.
    pub started_at: i64,
    /// Unix seconds.
    pub updated_at: i64,
}

/// Where the deletion stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, strum::Display)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum ForgettingState {
    /// The map and the sessions are done; messages are looked through.
    Running,
    /// All is done.
    Done,
}

/// How much was deleted, by kind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Deleted {
    /// Rows of the map, of both accounts.
    pub identities: u64,
    /// Sessions, with their keys.
    pub sessions: u64,
    /// Subscribe messages that they had accepted and were not sent.
    #[serde(default)]
    pub credits: u64,
    /// Messages that name nobody and say nothing any more.
    pub messages: u64,
}
