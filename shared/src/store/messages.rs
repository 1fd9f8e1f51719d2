//! Batches and what became of their messages.

use std::collections::HashSet;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::{AttributeValue, KeysAndAttributes, PutRequest, WriteRequest};
use serde::{Deserialize, Serialize};

use super::{WRITE_BATCH, from_item, held, number, text, to_item};
use crate::job::Recipient;
use crate::{Config, Error, Reason, now};

/// How long a batch can be asked about: 30 days.
const KEPT_FOR: i64 = 30 * 24 * 3600;

/// How many recipients one item names. Item 0 names the first, item -1 the next, and so on, so that
/// a batch of any size stays below DynamoDB's 400 KB an item.
const RECIPIENTS_PER_ITEM: usize = 200;

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
    /// The accepted recipients with their numbers.
    pub recipients: Vec<(u32, Recipient)>,
    /// When it was accepted, in Unix seconds.
    pub created_at: i64,
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
    /// How often it was tried.
    pub attempts: u32,
    /// Unix seconds.
    pub updated_at: i64,
}

impl Record {
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
            Self::Sent | Self::Refused | Self::Failed | Self::Unknown => true,
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
    recipients: Vec<(u32, Recipient)>,
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

    /// Which of these messages (100 at most) are finished already, read consistently.
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    pub async fn finished(&self, batch: &str, numbers: &[u32]) -> Result<HashSet<u32>, Error> {
        let keys = numbers
            .iter()
            .map(|n| [("batch".to_owned(), text(batch)), ("n".to_owned(), number(i64::from(*n)))].into());
        let mut keys: Vec<super::Item> = keys.collect();
        let mut finished = HashSet::new();
        while !keys.is_empty() {
            let wanted = KeysAndAttributes::builder().set_keys(Some(keys)).consistent_read(true);
            let wanted = wanted.build().map_err(Error::unavailable)?;
            let get = self.client.batch_get_item().request_items(&self.table, wanted);
            let answer = get.send().await.map_err(Error::unavailable)?;
            for item in answer.responses.unwrap_or_default().remove(&self.table).unwrap_or_default() {
                let record: Record = from_item(item)?;
                if record.state.is_final() {
                    finished.insert(record.n);
                }
            }
            let left = answer.unprocessed_keys.unwrap_or_default().remove(&self.table);
            keys = left.map(|left| left.keys).unwrap_or_default();
        }
        Ok(finished)
    }

    /// Records what became of a message; `false` when it was finished already, which stands.
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    pub async fn record(&self, batch: &str, record: &Record) -> Result<bool, Error> {
        let row = Row { batch, record, expires_at: now() + KEPT_FOR };
        let put = self.client.put_item().table_name(&self.table).set_item(Some(to_item(&row)?));
        let put = put
            .condition_expression("attribute_not_exists(#state) OR #state IN (:retrying, :parked)")
            .expression_attribute_names("#state", "state")
            .expression_attribute_values(":retrying", text("retrying"))
            .expression_attribute_values(":parked", text("parked"));
        held(put.send().await)
    }
}

fn parts(batch: &Batch) -> Vec<Part> {
    let created_at = batch.created_at;
    let part = |(index, recipients): (usize, &[(u32, Recipient)])| Part {
        batch: batch.id.clone(),
        n: -i64::try_from(index).unwrap_or(0),
        sender: batch.sender.clone(),
        notification: batch.notification.clone(),
        recipients: recipients.to_vec(),
        created_at,
        expires_at: created_at + KEPT_FOR,
    };
    if batch.recipients.is_empty() {
        return vec![part((0, &[]))];
    }
    batch.recipients.chunks(RECIPIENTS_PER_ITEM).enumerate().map(part).collect()
}

fn whole(mut parts: Vec<Part>) -> Option<Batch> {
    parts.sort_by_key(|part| -part.n);
    let first = parts.first().filter(|part| part.n == 0)?;
    let mut batch = Batch {
        id: first.batch.clone(),
        sender: first.sender.clone(),
        notification: first.notification.clone(),
        recipients: Vec::new(),
        created_at: first.created_at,
    };
    batch.recipients = parts.into_iter().flat_map(|part| part.recipients).collect();
    Some(batch)
}
