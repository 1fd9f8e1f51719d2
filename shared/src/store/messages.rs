//! Batches and what became of their messages.

use std::collections::HashMap;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::{AttributeValue, PutRequest, WriteRequest};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::{WRITE_BATCH, from_item, held, number, text, to_item};
use crate::job::{Message, Progress, Recipient};
use crate::wechat::Failure;
use crate::{Config, Error, Reason, now};

/// How long a batch can be asked about: 30 days.
const KEPT_FOR: i64 = 30 * 24 * 3600;

/// How many recipients one item names. Item 0 names the first, item -1 the next, and so on, so that
/// a batch of any size stays below DynamoDB's 400 KB an item.
const RECIPIENTS_PER_ITEM: usize = 100;

/// The messages table.
#[derive(Clone, Debug)]
pub struct Messages {
    client: Client,
    table: String,
}

/// One call of POST /send.
#[derive(Clone, Debug)]
pub struct Batch {
    /// Its id.
    pub id: String,
    /// Who sent it ([`crate::session::Caller::sender`]).
    pub sender: String,
    /// Which notification of the catalog.
    pub notification: String,
    /// What fills the messages of all recipients.
    pub data: Map<String, Value>,
    /// The page that the caller gave instead of the catalog's.
    pub page: Option<String>,
    /// Every recipient of the call, in its order.
    pub recipients: Vec<Addressed>,
    /// When it was accepted, in Unix seconds.
    pub created_at: i64,
}

/// A recipient of a batch, and what became of the address.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Addressed {
    /// As the caller named them.
    pub to: Recipient,
    /// Their own data, over the batch's.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub data: Map<String, Value>,
    /// Where the message goes; `None` when the recipient was rejected.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub oa_openid: Option<String>,
    /// Why the recipient was rejected.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<Reason>,
    /// What exactly, where the reason does not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
}

impl Batch {
    /// The accepted recipients with their numbers: a recipient's number is their place in the call.
    pub fn accepted(&self) -> impl Iterator<Item = (u32, &Addressed)> {
        (1..).zip(&self.recipients).filter(|(_, recipient)| recipient.oa_openid.is_some())
    }
}

/// What is known of a message that a worker has had in hand.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    /// The message's number in its batch.
    pub n: u32,
    /// What became of it.
    pub state: Outcome,
    /// Why it did not go through, or not yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<Reason>,
    /// What exactly, where the reason does not say: the field that is wrong.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
    /// WeChat's code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub errcode: Option<i64>,
    /// WeChat's id of the call, for its own log (kept seven days).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rid: Option<String>,
    /// WeChat's id of the message; its receipt names it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub msgid: Option<i64>,
    /// How often WeChat was called for it.
    pub attempts: u32,
    /// How often an operator had it sent anew.
    #[serde(default)]
    pub replay: u32,
    /// How often it went back on the queue since then.
    #[serde(default)]
    pub turn: u32,
    /// Unix seconds.
    pub updated_at: i64,
}

impl Record {
    /// Whether a worker that holds this message has nothing left to do: it is finished, or somebody
    /// else put it back on the queue since.
    pub fn outdoes(&self, progress: &Progress) -> bool {
        let ahead = (self.replay, self.turn) > (progress.replay, progress.turn);
        ahead || self.state.is_final() && self.replay == progress.replay
    }

    /// A message in hand, of which nothing is said yet.
    pub fn of(message: &Message, now: i64) -> Self {
        let progress = &message.progress;
        let (attempts, replay, turn) = (progress.attempts, progress.replay, progress.turn);
        Self { attempts, replay, turn, ..Self::queued(message.n, now) }
    }

    /// WeChat took it under this msgid.
    #[must_use]
    pub fn sent(self, msgid: i64) -> Self {
        Self { state: Outcome::Sent, msgid: Some(msgid), ..self }
    }

    /// It came to this, for this reason.
    #[must_use]
    pub fn ended(self, state: Outcome, reason: Reason) -> Self {
        Self { state, reason: Some(reason), ..self }
    }

    /// This is what WeChat said.
    #[must_use]
    pub fn caused_by(self, failure: &Failure) -> Self {
        let detail = failure.field().map(|field| format!("WeChat does not take the value of {field}."));
        Self { errcode: failure.errcode(), rid: failure.rid().map(str::to_owned), detail, ..self }
    }

    /// A message nobody has had in hand yet.
    pub fn queued(n: u32, created_at: i64) -> Self {
        Self {
            n,
            state: Outcome::Queued,
            reason: None,
            detail: None,
            errcode: None,
            rid: None,
            msgid: None,
            attempts: 0,
            replay: 0,
            turn: 0,
            updated_at: created_at,
        }
    }
}

/// What became of a message. A message without a record is `queued`.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, strum::Display,
)]
#[serde(rename_all = "lowercase")]
#[strum(serialize_all = "lowercase")]
pub enum Outcome {
    /// Not tried yet.
    Queued,
    /// Tried, not accepted, to be tried again.
    Retrying,
    /// Waits for the quota's reset.
    Parked,
    /// WeChat took it.
    Sent,
    /// It arrived: WeChat's receipt says so.
    Delivered,
    /// WeChat took it, and the user's settings kept it out: WeChat's receipt says so.
    Blocked,
    /// The user does not want it.
    Refused,
    /// It will not be tried again.
    Failed,
    /// WeChat never said whether it took it.
    Unknown,
}

impl Outcome {
    /// Whether nothing more will be tried.
    pub fn is_final(self) -> bool {
        match self {
            Self::Queued | Self::Retrying | Self::Parked => false,
            Self::Sent | Self::Delivered | Self::Blocked | Self::Refused | Self::Failed | Self::Unknown => {
                true
            }
        }
    }
}

/// An item that names recipients; item 0 describes the batch, too.
#[derive(Serialize, Deserialize)]
struct Part {
    batch: String,
    n: i64,
    sender: String,
    notification: String,
    data: Map<String, Value>,
    page: Option<String>,
    recipients: Vec<Addressed>,
    created_at: i64,
    expires_at: i64,
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
    pub fn new(config: &Config, client: Client) -> Self {
        Self { client, table: config.messages_table.clone() }
    }

    /// Writes the batch, its item 0 last: a batch that can be found is whole.
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    pub async fn open(&self, batch: &Batch) -> Result<(), Error> {
        let mut parts = parts(batch);
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
        Ok(whole(parts).map(|batch| (batch, records)))
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

    /// Records what became of a message. `false` when the record there outdoes this one, and stands:
    /// a finished message stays as it is until it is replayed.
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    pub async fn record(&self, batch: &str, record: &Record) -> Result<bool, Error> {
        let row = Row { batch, record, expires_at: now() + KEPT_FOR };
        let put = self.client.put_item().table_name(&self.table).set_item(Some(to_item(&row)?));
        // What is put back gives way to whoever put it back later; what is finished, to nobody.
        let turn = if record.state.is_final() { u32::MAX } else { record.turn };
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
            .expression_attribute_values(":replay", number(record.replay.into()))
            .expression_attribute_values(":turn", number(turn.into()));
        held(put.send().await)
    }
}

/// Splits a batch into items; the first is item 0, which a batch always has.
fn parts(batch: &Batch) -> Vec<Part> {
    let count = batch.recipients.len().div_ceil(RECIPIENTS_PER_ITEM).max(1);
    let part = |index: usize| Part {
        batch: batch.id.clone(),
        n: -i64::try_from(index).unwrap_or(0),
        sender: batch.sender.clone(),
        notification: batch.notification.clone(),
        data: if index == 0 { batch.data.clone() } else { Map::new() },
        page: batch.page.clone(),
        recipients: batch
            .recipients
            .iter()
            .skip(index * RECIPIENTS_PER_ITEM)
            .take(RECIPIENTS_PER_ITEM)
            .cloned()
            .collect(),
        created_at: batch.created_at,
        expires_at: batch.created_at + KEPT_FOR,
    };
    (0..count).map(part).collect()
}

fn whole(mut parts: Vec<Part>) -> Option<Batch> {
    parts.sort_by_key(|part| -part.n);
    let mut parts = parts.into_iter();
    let first = parts.next().filter(|part| part.n == 0)?;
    let mut recipients = first.recipients;
    recipients.extend(parts.flat_map(|part| part.recipients));
    Some(Batch {
        id: first.batch,
        sender: first.sender,
        notification: first.notification,
        data: first.data,
        page: first.page,
        recipients,
        created_at: first.created_at,
    })
}
