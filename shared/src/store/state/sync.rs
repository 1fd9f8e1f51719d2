//! `sync#<appid>`: an account's sync run and the lease to advance it.

use std::collections::BTreeMap;

use aws_sdk_dynamodb::types::AttributeValue;
use serde::{Deserialize, Serialize};

use super::State;
use crate::store::{held, number, text, to_item};
use crate::{Error, now};

/// A run of the sync, and where it stands.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct SyncRun {
    /// What GET /sync shows of it.
    pub progress: SyncProgress,
    /// Where it goes on; `None` when it is at its end.
    #[serde(default)]
    pub checkpoint: Option<Checkpoint>,
}

/// A place in the list before which everybody is in the map, but for those who wait.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Checkpoint {
    /// `user/get` goes on after this openid; `None` at the list's beginning.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub after: Option<String>,
    /// How many were listed up to here.
    pub listed: u64,
    /// Of those, how many the map had already.
    pub known: u64,
    /// Of those, how many WeChat gave no unionid for.
    pub without_unionid: u64,
    /// Openids listed up to here and not looked up yet: fewer than a batchget takes.
    pub waiting: Vec<String>,
}

/// A sync run's progress.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SyncProgress {
    /// Where the run stands.
    pub state: SyncState,
    /// The run's id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub run: Option<String>,
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
    pub mended: BTreeMap<String, u64>,
    /// What went wrong last, with its remedy.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

/// Where a sync run stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
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

impl State {
    /// The account's last sync run.
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    pub async fn sync_run(&self, appid: &str) -> Result<SyncRun, Error> {
        Ok(self.get::<SyncRow>(&sync_key(appid)).await?.and_then(|row| row.run).unwrap_or_default())
    }

    /// Takes the right to advance the sync for `seconds`, and gives the run as it stands; `None` while
    /// somebody else has it.
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    pub async fn lease_sync(&self, appid: &str, lease: &str, seconds: i64) -> Result<Option<SyncRun>, Error> {
        let row = self.lease::<SyncRow>(&sync_key(appid), lease, seconds).await?;
        Ok(row.map(|row| row.run.unwrap_or_default()))
    }

    /// Writes where the run stands and keeps the lease for `seconds` more; `false` when it is lost, and
    /// with it the right to go on.
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    pub async fn save_sync(
        &self,
        appid: &str,
        lease: &str,
        seconds: i64,
        run: &SyncRun,
    ) -> Result<bool, Error> {
        let update = self.client.update_item().table_name(&self.table).key("key", text(sync_key(appid)));
        let update = update
            .update_expression("SET #run = :run, lease_until = :until")
            .condition_expression("lease = :lease")
            .expression_attribute_names("#run", "run")
            .expression_attribute_values(":run", AttributeValue::M(to_item(run)?))
            .expression_attribute_values(":until", number(now() + seconds))
            .expression_attribute_values(":lease", text(lease));
        held(update.send().await)
    }

    /// Writes what the slice came to and ends its lease; `false` when that was lost before.
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    pub async fn end_sync(&self, appid: &str, lease: &str, run: &SyncRun) -> Result<bool, Error> {
        let update = self.client.update_item().table_name(&self.table).key("key", text(sync_key(appid)));
        let update = update
            .update_expression("SET #run = :run REMOVE lease, lease_until")
            .condition_expression("lease = :lease")
            .expression_attribute_names("#run", "run")
            .expression_attribute_values(":run", AttributeValue::M(to_item(run)?))
            .expression_attribute_values(":lease", text(lease));
        held(update.send().await)
    }
}

#[derive(Deserialize)]
struct SyncRow {
    run: Option<SyncRun>,
}

fn sync_key(appid: &str) -> String {
    format!("sync#{appid}")
}
