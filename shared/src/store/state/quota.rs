//! `quota#<appid>`: whether sending waits for the quota's reset; `rate#…`: counters of a day or a second.

use serde::Deserialize;

use super::State;
use crate::Error;
use crate::store::{condition_met, number, text};

const DAY: i64 = 24 * 3600;

/// Sending waits: WeChat's daily quota is used up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
pub struct Quota {
    /// Until then, in Unix seconds.
    pub parked_until: i64,
    /// When one message may be tried all the same, in case a person cleared the quota.
    pub probe_at: i64,
}

impl State {
    /// The account's quota while sending waits for its reset.
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    pub async fn parked(&self, appid: &str) -> Result<Option<Quota>, Error> {
        let quota = self.get::<Quota>(&quota_key(appid)).await?;
        Ok(quota.filter(|quota| quota.parked_until > self.clock.now()))
    }

    /// Has all sending wait.
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    pub async fn park(&self, appid: &str, quota: Quota) -> Result<(), Error> {
        let update = self.client.update_item().table_name(&self.table).key("key", text(quota_key(appid)));
        let update = update
            .update_expression("SET parked_until = :until, probe_at = :probe_at, expires_at = :expires_at")
            .expression_attribute_values(":until", number(quota.parked_until))
            .expression_attribute_values(":probe_at", number(quota.probe_at))
            .expression_attribute_values(":expires_at", number(quota.parked_until + DAY));
        update.send().await.map_err(Error::unavailable)?;
        Ok(())
    }

    /// Takes the right to try one message while sending waits; `true` for one caller a time.
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    pub async fn may_probe(&self, appid: &str, seen: Quota, next_probe_at: i64) -> Result<bool, Error> {
        let update = self.client.update_item().table_name(&self.table).key("key", text(quota_key(appid)));
        let update = update
            .update_expression("SET probe_at = :next")
            .condition_expression("probe_at = :seen")
            .expression_attribute_values(":seen", number(seen.probe_at))
            .expression_attribute_values(":next", number(next_probe_at));
        Ok(seen.probe_at <= self.clock.now() && condition_met(update.send().await)?)
    }

    /// Lets sending go on.
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    pub async fn unpark(&self, appid: &str) -> Result<(), Error> {
        let update = self.client.update_item().table_name(&self.table).key("key", text(quota_key(appid)));
        let update = update.update_expression("SET parked_until = :now");
        let update = update.expression_attribute_values(":now", number(self.clock.now()));
        update.send().await.map_err(Error::unavailable)?;
        Ok(())
    }

    /// Counts one up on a counter that starts anew with every day; `false` when `limit` is reached.
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    pub async fn count(&self, counter: &str, limit: u32, by: u32) -> Result<bool, Error> {
        let day = self.clock.now() / DAY;
        self.add(&format!("rate#{counter}#{day}"), limit, by, (day + 2) * DAY).await
    }

    /// Takes `by` of the `limit` calls that all workers together may make in this second; `false` when
    /// they are taken.
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    pub async fn take_tokens(&self, second: i64, limit: u32, by: u32) -> Result<bool, Error> {
        self.add(&format!("rate#pace#{second}"), limit, by, second + 3600).await
    }

    async fn add(&self, key: &str, limit: u32, by: u32, expires_at: i64) -> Result<bool, Error> {
        let update = self.client.update_item().table_name(&self.table).key("key", text(key));
        let update = update
            .update_expression("ADD used :by SET expires_at = :expires_at")
            .condition_expression("attribute_not_exists(used) OR used <= :room")
            .expression_attribute_values(":by", number(by.into()))
            .expression_attribute_values(":room", number(i64::from(limit) - i64::from(by)))
            .expression_attribute_values(":expires_at", number(expires_at));
        if by > limit { Ok(false) } else { condition_met(update.send().await) }
    }
}

fn quota_key(appid: &str) -> String {
    format!("quota#{appid}")
}
