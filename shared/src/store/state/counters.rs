//! `rate#…`: counters of a day or a second.

use super::State;
use crate::store::{condition_met, number, text};
use crate::{Error, beijing};

/// How long a day's counter is kept, in seconds: until the day after it, wherever it is asked from.
const KEPT_FOR: i64 = 2 * 24 * 3600;

impl State {
    /// Counts up on a counter that starts anew with every day in Beijing; `false` when `limit` is reached.
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    pub async fn count(&self, counter: &str, limit: u32, by: u32) -> Result<bool, Error> {
        let now = self.clock.now();
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
