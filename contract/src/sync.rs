//! POST /sync and GET /sync.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// How POST /sync is to advance the run. No body is the same as `{}`.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Advance {
    /// Believes a list of followers that would be doubted.
    pub force: bool,
    /// Looks up everybody, those in the map included, who all count as new then: after unionids have changed.
    pub anew: bool,
}

/// A sync run's progress.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct SyncProgress {
    /// Where the run stands.
    pub state: SyncState,
    /// The run's id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub run: Option<String>,
    /// All followers, by WeChat's own count; absent before the first page.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub total: Option<u64>,
    /// Followers listed so far.
    pub listed: u64,
    /// Of those, how many the map had already.
    pub known: u64,
    /// Followers added.
    pub new: u64,
    /// Rows removed of people who follow no more.
    pub removed: u64,
    /// Followers WeChat gave no unionid for; they cannot be reached.
    pub without_unionid: u64,
    /// Followers whom WeChat would tell nothing about; they are asked for again in the next run.
    #[serde(default)]
    pub not_looked_up: u64,
    /// Calls made, by endpoint.
    pub calls: BTreeMap<String, u64>,
    /// Unix seconds.
    pub started_at: i64,
    /// Unix seconds.
    pub updated_at: i64,
    /// When it will be done if it goes on like this, in Unix seconds; only while it runs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ends_at: Option<i64>,
    /// What WeChat did wrong on the way and was put right, with how often.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub repairs: BTreeMap<String, u64>,
    /// What went wrong last, with its remedy.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

/// Where a sync run stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, strum::Display)]
#[serde(rename_all = "lowercase")]
#[strum(serialize_all = "lowercase")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum SyncState {
    /// There was none yet.
    #[default]
    Idle,
    /// It goes on with the next tick or POST /sync.
    Running,
    /// It saw the end of the list.
    Done,
    /// It stopped at an error; the next tick or POST /sync goes on from there.
    Failed,
}
