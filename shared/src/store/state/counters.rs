//! `rate#…`: counters of a day or a second.

use serde::Deserialize;

use super::State;
use super::claims::digest;
use crate::store::{condition_met, from_item, number, text};
use crate::{Error, beijing};

/// How long a day's counter is kept, in seconds: until the day after it, wherever it is asked from.
const KEPT_FOR: i64 = 2 * 24 * 3600;

#[derive(Deserialize)]
struct Counter {
    used: u32,
}

impl State {
    /// Counts up on a counter that starts anew with every day in Beijing; `false` when `limit` is reached.
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    pub async fn count(&self, counter: &str, limit: u32, by: u32) -> Result<bool, Error> {
        let now = self.clock.now();
        // Whose counter it is is not to be read here.
        let counter = digest(&[counter.as_bytes()]);
        self.add(&format!("rate#{counter}#{}", beijing::day(now)), limit, by, now + KEPT_FOR).await
    }

    /// Takes `by` of the `limit` calls that all workers together may make in this second; `false` when
    /// they are taken.
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    pub async fn take_tokens(&self, second: i64, limit: u32, by: u32) -> Result<bool, Error> {
        self.add(&format!("rate#pace#{second}"), limit, by, second + 3600).await
    }

    /// How many codes of this address WeChat has refused in this minute; a moment ago may be missing.
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    pub async fn refused_codes(&self, address: &str) -> Result<u32, Error> {
        let (key, _) = self.refused(address);
        let get = self.table.client.get_item().table_name(&self.table.name).key(self.table.key, text(key));
        let item = get.send().await.map_err(Error::unavailable)?.item;
        Ok(item.map(from_item::<Counter>).transpose()?.map_or(0, |counter| counter.used))
    }

    /// Counts a code of this address that WeChat refused.
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    pub async fn count_refused_code(&self, address: &str) -> Result<(), Error> {
        let (key, expires_at) = self.refused(address);
        self.add(&key, u32::MAX, 1, expires_at).await?;
        Ok(())
    }

    fn refused(&self, address: &str) -> (String, i64) {
        let minute = self.clock.now() / 60;
        (format!("rate#login#{address}#{minute}"), (minute + 60) * 60)
    }

    /// Counts up on a counter that starts anew with every hour; `false` when `limit` is reached.
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    pub async fn count_in_hour(&self, counter: &str, limit: u32) -> Result<bool, Error> {
        let hour = self.clock.now() / 3600;
        self.add(&format!("rate#{counter}#{hour}"), limit, 1, (hour + 2) * 3600).await
    }

    async fn add(&self, key: &str, limit: u32, by: u32, expires_at: i64) -> Result<bool, Error> {
        let update = self.table.update(key);
        let update = update
            .update_expression("ADD used :by SET expires_at = :expires_at")
            .condition_expression("attribute_not_exists(used) OR used <= :room")
            .expression_attribute_values(":by", number(by.into()))
            .expression_attribute_values(":room", number(i64::from(limit) - i64::from(by)))
            .expression_attribute_values(":expires_at", number(expires_at));
        if by > limit { Ok(false) } else { condition_met(update.send().await) }
    }
}
