//! Batches and what became of their messages.

mod batch;
mod forgotten;
mod page;
mod record;

pub use batch::{Addressed, Batch};
pub use forgotten::Place;
pub use page::{BatchPage, StateCounts, counted};
pub use record::Record;

use std::collections::HashMap;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::{AttributeValue, PutRequest, WriteRequest};
use contract::{Channel, MessageState, Reason};
use serde::{Deserialize, Serialize};

use super::{Updated, WRITE_BATCH, condition_met, from_item, number, text, to_item, updated};
use crate::config::ConfigError;
use crate::{Clock, Config, Error};
use batch::Part;

/// How long a batch can be asked about: 30 days.
const KEPT_FOR: i64 = 30 * 24 * 3600;

/// The messages table.
#[derive(Clone, Debug)]
pub struct Messages {
    client: Client,
    table: String,
    clock: Clock,
}

#[derive(Serialize)]
struct Row<'a> {
    batch: &'a str,
    #[serde(flatten)]
    record: &'a Record,
    expires_at: i64,
}

impl Messages {
    /// The table that `config` names.
    ///
    /// # Errors
    /// [`ConfigError`].
    pub fn new(config: &Config, client: Client) -> Result<Self, ConfigError> {
        Ok(Self { client, table: config.messages_table()?, clock: config.clock()? })
    }

    /// Writes the batch, its item 0 last: a batch that can be found is whole.
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    pub async fn put_batch(&self, batch: &Batch) -> Result<(), Error> {
        let mut parts = batch.parts();
        let first = parts.remove(0);
        let mut writes = Vec::with_capacity(parts.len());
        for part in &parts {
            let put =
                PutRequest::builder().set_item(Some(to_item(part)?)).build().map_err(Error::unavailable)?;
            writes.push(WriteRequest::builder().put_request(put).build());
        }
        for batch in writes.chunks(WRITE_BATCH) {
            super::write_batch(&self.client, &self.table, batch.to_vec()).await?;
        }
        let put = self.client.put_item().table_name(&self.table).set_item(Some(to_item(&first)?));
        put.send().await.map_err(Error::unavailable)?;
        Ok(())
    }

    /// The batch and every record there is of its messages; `None` when there is no such batch.
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    pub async fn find(&self, id: &str) -> Result<Option<(Batch, Vec<Record>)>, Error> {
        let query = self.client.query().table_name(&self.table).consistent_read(true);
        let query =
            query.key_condition_expression("#batch = :batch").expression_attribute_names("#batch", "batch");
        let mut pages = query.expression_attribute_values(":batch", text(id)).into_paginator().send();
        let (mut parts, mut records) = (Vec::new(), Vec::new());
        while let Some(page) = pages.next().await {
            for item in page.map_err(Error::unavailable)?.items.unwrap_or_default() {
                match item.get("n") {
                    Some(AttributeValue::N(n)) if n == "0" || n.starts_with('-') => {
                        parts.push(from_item::<Part>(item)?);
                    }
                    _ => records.push(from_item::<Record>(item)?),
                }
            }
        }
        Ok(Batch::whole(parts).map(|batch| (batch, records)))
    }

    /// The records there are of these messages (100 at most), read consistently.
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    pub async fn records(&self, batch: &str, numbers: &[u32]) -> Result<HashMap<u32, Record>, Error> {
        let key =
            |n: &u32| [("batch".to_owned(), text(batch)), ("n".to_owned(), number(i64::from(*n)))].into();
        let keys = numbers.iter().map(key).collect();
        let records = super::read_batch::<Record>(&self.client, &self.table, keys, true).await?;
        Ok(records.into_iter().map(|record| (record.n, record)).collect())
    }

    /// Records what became of a message. `false` when the record there supersedes this one, and stands:
    /// a finished message stays as it is until it is replayed.
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    pub async fn put_record(&self, batch: &str, record: &Record) -> Result<bool, Error> {
        let row = Row { batch, record, expires_at: self.clock.now() + KEPT_FOR };
        let put = self.client.put_item().table_name(&self.table).set_item(Some(to_item(&row)?));
        // What is put back gives way to whoever put it back later; what is finished, to nobody.
        let requeues = if record.state.is_final() { u32::MAX } else { record.requeues };
        let put = put
            .condition_expression(
                "attribute_not_exists(#state) OR #replay < :replay \
                 OR (#replay = :replay AND #state IN (:retrying, :parked) AND #turn < :turn)",
            )
            .expression_attribute_names("#state", "state")
            .expression_attribute_names("#replay", "replay")
            .expression_attribute_names("#turn", "turn")
            .expression_attribute_values(":retrying", text("retrying"))
            .expression_attribute_values(":parked", text("parked"))
            .expression_attribute_values(":replay", number(record.round.into()))
            .expression_attribute_values(":turn", number(requeues.into()));
        condition_met(put.send().await)
    }

    /// Adds WeChat's receipt to the message of this channel it is of: the other account's may bear the same number.
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    pub async fn apply_receipt(
        &self,
        channel: Channel,
        msgid: i64,
        (state, reason): (MessageState, Option<Reason>),
        status: &str,
    ) -> Result<Receipt, Error> {
        let query = self.client.query().table_name(&self.table).index_name("by_msgid");
        let query = query.key_condition_expression("msgid = :msgid");
        let answer = query.expression_attribute_values(":msgid", number(msgid)).send().await;
        let mut receipt = Receipt::NoMessage;
        for mut item in answer.map_err(Error::unavailable)?.items.unwrap_or_default() {
            item.retain(|name, _| name == "batch" || name == "n");
            let update = self.client.update_item().table_name(&self.table).set_key(Some(item));
            let reason = reason.map_or(AttributeValue::Null(true), |reason| text(reason.to_string()));
            let update = update
                .update_expression(
                    "SET #state = :state, reason = :reason, detail = :status, sent_at = updated_at, updated_at = :now",
                )
                .expression_attribute_names("#state", "state")
                .expression_attribute_names("#channel", "channel")
                .expression_attribute_values(":state", text(state.to_string()))
                .expression_attribute_values(":reason", reason)
                .expression_attribute_values(":status", text(status))
                .expression_attribute_values(":sent", text(MessageState::Sent.to_string()))
                .expression_attribute_values(":msgid", number(msgid))
                .expression_attribute_values(":now", number(self.clock.now()));
            let is_its = "#state = :sent AND msgid = :msgid";
            // A record says nothing of the usual channel.
            let update = match channel {
                Channel::Template => {
                    update.condition_expression(format!("{is_its} AND attribute_not_exists(#channel)"))
                }
                Channel::Subscribe => update
                    .condition_expression(format!("{is_its} AND #channel = :channel"))
                    .expression_attribute_values(":channel", text(channel.to_string())),
            };
            match updated(update).await? {
                Updated::Made(There { sent_at, .. }) => return Ok(Receipt::Joined { sent_at }),
                Updated::Refused(Some(there)) if there.channel == channel => {
                    receipt = Receipt::Known { sent_at: there.sent_at };
                }
                Updated::Refused(_) => {}
            }
        }
        Ok(receipt)
    }
}

/// What of a record tells what its receipt came to.
#[derive(Deserialize)]
struct There {
    #[serde(default)]
    channel: Channel,
    /// When it was recorded that WeChat took the message, where a receipt has come.
    #[serde(default)]
    sent_at: Option<i64>,
}

/// What a receipt came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Receipt {
    /// Its message's state is now what it says.
    Joined {
        /// When it was recorded that WeChat took the message, in Unix seconds.
        sent_at: Option<i64>,
    },
    /// Its message had one already.
    Known {
        /// As above.
        sent_at: Option<i64>,
    },
    /// There is no message of this msgid, or not yet.
    NoMessage,
}
