//! What there is one of: each account's token, its sync run, its breakers; and what lives for a day.

mod breaker;
mod claims;
mod counters;
mod sync;
mod token;

pub use breaker::{Breaker, BreakerKeys, Cause, Outage, TokenFailure, pause_after};
pub use claims::{Claim, ClaimLease};
pub use sync::{Checkpoint, RunProgress, SyncRun};
pub use token::TokenRecord;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::ReturnValue;

use super::{Item, condition_met, from_item, number, text};
use crate::config::ConfigError;
use crate::{Clock, Config, Error};

/// The state table.
#[derive(Clone, Debug)]
pub struct State {
    client: Client,
    table: String,
    clock: Clock,
}

impl State {
    /// The table that `config` names.
    ///
    /// # Errors
    /// [`ConfigError`].
    pub fn new(config: &Config, client: Client) -> Result<Self, ConfigError> {
        Ok(Self { client, table: config.state_table()?, clock: config.clock()? })
    }

    async fn get<T: serde::de::DeserializeOwned>(&self, key: &str) -> Result<Option<T>, Error> {
        let get = self.client.get_item().table_name(&self.table).key("key", text(key)).consistent_read(true);
        let item = get.send().await.map_err(Error::unavailable)?.item;
        item.map(from_item).transpose()
    }

    /// Takes a lease that is free or has run out, and gives the whole item. It may take its own: the
    /// client repeats a write whose answer was lost.
    async fn lease<T: serde::de::DeserializeOwned>(
        &self,
        key: &str,
        lease: &str,
        seconds: i64,
    ) -> Result<Option<T>, Error> {
        let update = self.client.update_item().table_name(&self.table).key("key", text(key));
        let update = update
            .update_expression("SET lease = :lease, lease_until = :until")
            .condition_expression("attribute_not_exists(lease_until) OR lease_until < :now OR lease = :lease")
            .expression_attribute_values(":lease", text(lease))
            .expression_attribute_values(":until", number(self.clock.now() + seconds))
            .expression_attribute_values(":now", number(self.clock.now()))
            .return_values(ReturnValue::AllNew);
        match update.send().await {
            Ok(answer) => from_item(answer.attributes.unwrap_or_else(Item::new)).map(Some),
            Err(error) => condition_met::<(), _, _>(Err(error)).map(|_| None),
        }
    }

    async fn release(&self, key: &str, lease: &str) -> Result<(), Error> {
        let update = self.client.update_item().table_name(&self.table).key("key", text(key));
        let update =
            update.update_expression("REMOVE lease, lease_until").condition_expression("lease = :lease");
        condition_met(update.expression_attribute_values(":lease", text(lease)).send().await)?;
        Ok(())
    }
}
