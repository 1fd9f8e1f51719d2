//! `sync#<appid>`: an account's sync run and the lease to advance it.

use std::collections::BTreeMap;

use aws_sdk_dynamodb::types::AttributeValue;
use contract::{SyncProgress, SyncState};
use serde::{Deserialize, Serialize};

use super::{Cause, State};
use crate::Error;
use crate::store::{condition_met, number, text, to_item};

/// A run of the sync, and where it stands.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct SyncRun {
    /// How far it has come.
    pub progress: RunProgress,
    /// Where it goes on; `None` when it is at its end.
    #[serde(default)]
    pub checkpoint: Option<Checkpoint>,
    /// How many slices in a row failed.
    #[serde(default)]
    pub failures: u32,
    /// When a run last came to its end, in Unix seconds; 0 when none did yet.
    #[serde(default)]
    pub done_at: i64,
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
    /// Of those, how many could not be looked up.
    pub not_looked_up: u64,
    /// Whether everybody is looked up, those in the map included.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub anew: bool,
    /// Openids listed up to here and not looked up yet: fewer than a batchget takes.
    pub waiting: Vec<String>,
}

/// How far a run has come, as the table holds it; what the fields mean stands at [`SyncProgress`].
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunProgress {
    /// Where the run stands.
    pub state: SyncState,
    /// The run's id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub run: Option<String>,
    /// WeChat's own count, once a page has named it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub total: Option<u64>,
    /// Listed.
    pub listed: u64,
    /// Listed, and in the map already.
    pub known: u64,
    /// Added.
    pub new: u64,
    /// Removed.
    pub removed: u64,
    /// Listed, and not to be reached.
    pub without_unionid: u64,
    /// Listed, and not to be looked up.
    #[serde(default)]
    pub not_looked_up: u64,
    /// Calls by endpoint.
    pub calls: BTreeMap<String, u64>,
    /// Unix seconds.
    pub started_at: i64,
    /// Unix seconds.
    pub updated_at: i64,
    /// Unix seconds, estimated.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ends_at: Option<i64>,
    /// What was put right, with how often.
    #[serde(default, alias = "mended", skip_serializing_if = "BTreeMap::is_empty")]
    pub repairs: BTreeMap<String, u64>,
    /// What went wrong last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// And why, where WeChat or the account's settings are the cause.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cause: Option<Cause>,
}

impl From<RunProgress> for SyncProgress {
    fn from(stored: RunProgress) -> Self {
        let RunProgress { state, run, total, listed, known, new, removed, without_unionid, .. } = stored;
        let RunProgress { not_looked_up, calls, started_at, updated_at, ends_at, repairs, error, .. } =
            stored;
        Self {
            state,
            run,
            total,
            listed,
            known,
            new,
            removed,
            without_unionid,
            not_looked_up,
            calls,
            started_at,
            updated_at,
            ends_at,
            repairs,
            error,
        }
    }
}

impl State {
    /// The account's last sync run.
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    pub async fn sync_run(&self, appid: &str) -> Result<SyncRun, Error> {
        Ok(self.table.get::<SyncRow>(&sync_key(appid)).await?.and_then(|row| row.run).unwrap_or_default())
    }

    /// Takes the right to advance the sync for `seconds`, and gives the run as it stands; `None` while
    /// somebody else has it.
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    pub async fn lease_sync(&self, appid: &str, lease: &str, seconds: i64) -> Result<Option<SyncRun>, Error> {
        let row = self.table.lease::<SyncRow>(&sync_key(appid), lease, self.clock.now(), seconds).await?;
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
        let update = self.table.update(&sync_key(appid));
        let update = update
            .update_expression("SET #run = :run, lease_until = :until")
            .condition_expression("lease = :lease")
            .expression_attribute_names("#run", "run")
            .expression_attribute_values(":run", AttributeValue::M(to_item(run)?))
            .expression_attribute_values(":until", number(self.clock.now() + seconds))
            .expression_attribute_values(":lease", text(lease));
        condition_met(update.send().await)
    }

    /// Writes what the slice came to and ends its lease; `false` when that was lost before.
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    pub async fn end_sync(&self, appid: &str, lease: &str, run: &SyncRun) -> Result<bool, Error> {
        let update = self.table.update(&sync_key(appid));
        let update = update
            .update_expression("SET #run = :run REMOVE lease, lease_until")
            .condition_expression("lease = :lease")
            .expression_attribute_names("#run", "run")
            .expression_attribute_values(":run", AttributeValue::M(to_item(run)?))
            .expression_attribute_values(":lease", text(lease));
        condition_met(update.send().await)
    }
}

#[derive(Deserialize)]
struct SyncRow {
    run: Option<SyncRun>,
}

fn sync_key(appid: &str) -> String {
    format!("sync#{appid}")
}
