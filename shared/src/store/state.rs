//! What there is one of: each account's token, its sync run, rate counters.

use std::collections::BTreeMap;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::{AttributeValue, ReturnValue};
use serde::{Deserialize, Serialize};

use super::{Item, from_item, held, number, text, to_item};
use crate::wechat::token::{AccessToken, Fetched};
use crate::{Config, Error, now};

/// The state table.
#[derive(Clone, Debug)]
pub struct State {
    client: Client,
    table: String,
}

/// `token#<appid>`: the token, its version, and who is renewing it.
#[derive(Debug, Default, Deserialize)]
pub struct TokenRecord {
    #[serde(default)]
    token: Option<String>,
    /// Grows by one with every token.
    #[serde(default)]
    pub version: i64,
    /// When the token ends by WeChat's word.
    #[serde(default)]
    pub expires_at: i64,
    /// When a stable token was last forced, and how often on that day (Unix day).
    #[serde(default)]
    pub forced_at: i64,
    /// How often a stable token was forced on the day of `forced_at`.
    #[serde(default)]
    pub forced_count: i64,
}

impl TokenRecord {
    /// The token, unless the row only holds a lease so far.
    pub fn access_token(&self) -> Option<AccessToken> {
        self.token.clone().map(AccessToken::new)
    }
}

/// `sync#<appid>`: a run of the sync, and where it stands.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct SyncRun {
    /// What GET /sync shows of it.
    pub progress: SyncProgress,
    /// Where `user/get` goes on: after this openid.
    #[serde(default)]
    pub cursor: Option<String>,
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
    /// The table that `config` names.
    pub fn new(config: &Config, client: Client) -> Self {
        Self { client, table: config.state_table.clone() }
    }

    /// The account's token record, read consistently.
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    pub async fn token(&self, appid: &str) -> Result<Option<TokenRecord>, Error> {
        self.get(&token_key(appid)).await
    }

    /// Takes the right to renew the account's token for `seconds`, and gives its record as it is now;
    /// `None` while somebody else has it.
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    pub async fn lease_token(
        &self,
        appid: &str,
        lease: &str,
        seconds: i64,
    ) -> Result<Option<TokenRecord>, Error> {
        self.lease(&token_key(appid), lease, seconds).await
    }

    /// Replaces the token and ends the lease. `false` when the lease or the version is no longer what
    /// it was: a newer token is there, and this one must be thrown away.
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    pub async fn renew_token(
        &self,
        appid: &str,
        lease: &str,
        seen: &TokenRecord,
        fetched: &Fetched,
    ) -> Result<bool, Error> {
        let update = self.client.update_item().table_name(&self.table).key("key", text(token_key(appid)));
        let update = update
            .update_expression(
                "SET #token = :token, version = :next, expires_at = :expires_at, renewed_at = :now, \
                 forced_at = :forced_at, forced_count = :forced_count REMOVE lease, lease_until",
            )
            .condition_expression("lease = :lease AND (attribute_not_exists(version) OR version = :seen)")
            .expression_attribute_names("#token", "token")
            .expression_attribute_values(":token", text(fetched.token.expose()))
            .expression_attribute_values(":next", number(seen.version + 1))
            .expression_attribute_values(":seen", number(seen.version))
            .expression_attribute_values(":expires_at", number(now() + fetched.expires_in))
            .expression_attribute_values(":now", number(now()))
            .expression_attribute_values(":forced_at", number(seen.forced_at))
            .expression_attribute_values(":forced_count", number(seen.forced_count))
            .expression_attribute_values(":lease", text(lease));
        held(update.send().await)
    }

    /// Ends a lease that was not needed after all.
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    pub async fn release_token(&self, appid: &str, lease: &str) -> Result<(), Error> {
        self.release(&token_key(appid), lease).await
    }

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

    /// Writes the run's progress; `false` when the lease is lost, and with it the right to go on.
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    pub async fn save_sync(&self, appid: &str, lease: &str, run: &SyncRun) -> Result<bool, Error> {
        let update = self.client.update_item().table_name(&self.table).key("key", text(sync_key(appid)));
        let update = update
            .update_expression("SET #run = :run")
            .condition_expression("lease = :lease")
            .expression_attribute_names("#run", "run")
            .expression_attribute_values(":run", AttributeValue::M(to_item(run)?))
            .expression_attribute_values(":lease", text(lease));
        held(update.send().await)
    }

    /// Ends the sync's lease.
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    pub async fn release_sync(&self, appid: &str, lease: &str) -> Result<(), Error> {
        self.release(&sync_key(appid), lease).await
    }

    /// Counts one up on a counter that starts anew with every day; `false` when `limit` is reached.
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    pub async fn count(&self, counter: &str, limit: u32, by: u32) -> Result<bool, Error> {
        const DAY: i64 = 24 * 3600;
        let day = now() / DAY;
        let update = self.client.update_item().table_name(&self.table);
        let update = update.key("key", text(format!("rate#{counter}#{day}")));
        let update = update
            .update_expression("ADD used :by SET expires_at = :expires_at")
            .condition_expression("attribute_not_exists(used) OR used <= :room")
            .expression_attribute_values(":by", number(by.into()))
            .expression_attribute_values(":room", number(i64::from(limit) - i64::from(by)))
            .expression_attribute_values(":expires_at", number((day + 2) * DAY));
        if by > limit { Ok(false) } else { held(update.send().await) }
    }

    async fn get<T: serde::de::DeserializeOwned>(&self, key: &str) -> Result<Option<T>, Error> {
        let get = self.client.get_item().table_name(&self.table).key("key", text(key)).consistent_read(true);
        let item = get.send().await.map_err(Error::unavailable)?.item;
        item.map(from_item).transpose()
    }

    /// Takes a lease that is free or has run out, and gives the whole item.
    async fn lease<T: serde::de::DeserializeOwned>(
        &self,
        key: &str,
        lease: &str,
        seconds: i64,
    ) -> Result<Option<T>, Error> {
        let update = self.client.update_item().table_name(&self.table).key("key", text(key));
        let update = update
            .update_expression("SET lease = :lease, lease_until = :until")
            .condition_expression("attribute_not_exists(lease_until) OR lease_until < :now")
            .expression_attribute_values(":lease", text(lease))
            .expression_attribute_values(":until", number(now() + seconds))
            .expression_attribute_values(":now", number(now()))
            .return_values(ReturnValue::AllNew);
        match update.send().await {
            Ok(answer) => from_item(answer.attributes.unwrap_or_else(Item::new)).map(Some),
            Err(error) => held::<(), _, _>(Err(error)).map(|_| None),
        }
    }

    async fn release(&self, key: &str, lease: &str) -> Result<(), Error> {
        let update = self.client.update_item().table_name(&self.table).key("key", text(key));
        let update =
            update.update_expression("REMOVE lease, lease_until").condition_expression("lease = :lease");
        held(update.expression_attribute_values(":lease", text(lease)).send().await)?;
        Ok(())
    }
}

#[derive(Deserialize)]
struct SyncRow {
    run: Option<SyncRun>,
}

fn token_key(appid: &str) -> String {
    format!("token#{appid}")
}

fn sync_key(appid: &str) -> String {
    format!("sync#{appid}")
}
