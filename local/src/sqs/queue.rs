//! Queues: their names, and how they come, are found and go.

use std::collections::BTreeMap;

use rusqlite::Row;
use serde::Deserialize;
use serde_json::{Value, json};

use super::attributes::Attributes;
use super::error::Error;
use super::store::{self, Call};
use super::wire::{OnQueue, required};
use super::{ACCOUNT, REGION, limits, redrive};

/// A queue as it is kept.
pub struct Queue {
    /// Its own even when another gets its name.
    pub id: i64,
    /// Its name, which its URL and its ARN end with.
    pub name: String,
    /// What it was told.
    pub attributes: Attributes,
    /// When it was created, in Unix milliseconds.
    pub created_at_ms: i64,
    /// When its attributes were last set, in Unix milliseconds.
    pub modified_at_ms: i64,
    purged_at_ms: Option<i64>,
}

const COLUMNS: &str = "id, name, attributes, created_at_ms, modified_at_ms, purged_at_ms";

impl Queue {
    fn read(row: &Row) -> rusqlite::Result<Self> {
        Ok(Self {
            id: row.get(0)?,
            name: row.get(1)?,
            attributes: store::json(row, 2)?,
            created_at_ms: row.get(3)?,
            modified_at_ms: row.get(4)?,
            purged_at_ms: row.get(5)?,
        })
    }

    /// Its ARN: `arn:aws:sqs:local:000000000000:name`.
    pub fn arn(&self) -> String {
        format!("{}{}", arn_prefix(), self.name)
    }

    /// Its URL as the caller sees it.
    pub fn url(&self, call: &Call) -> String {
        url(call, &self.name)
    }
}

fn arn_prefix() -> String {
    format!("arn:aws:sqs:{REGION}:{ACCOUNT}:")
}

fn url(call: &Call, name: &str) -> String {
    format!("{}/{ACCOUNT}/{name}", call.base_url.trim_end_matches('/'))
}

/// The queue of a URL, whatever host that names.
///
/// # Errors
/// `QueueDoesNotExist`; `MissingParameter` when it is empty.
pub fn by_url(call: &Call, url: &str) -> Result<Queue, Error> {
    let (account, name) = required("QueueUrl", url)?.rsplit_once('/').ok_or(Error::QueueDoesNotExist)?;
    if account.rsplit('/').next() != Some(ACCOUNT) {
        return Err(Error::QueueDoesNotExist);
    }
    by_name(call, name)?.ok_or(Error::QueueDoesNotExist)
}

/// The queue of an ARN.
///
/// # Errors
/// When the database fails.
pub fn by_arn(call: &Call, arn: &str) -> Result<Option<Queue>, Error> {
    match arn.strip_prefix(&arn_prefix()) {
        Some(name) => by_name(call, name),
        None => Ok(None),
    }
}

/// All queues whose names begin so, by name.
///
/// # Errors
/// When the database fails.
pub fn all(call: &Call, prefix: &str) -> Result<Vec<Queue>, Error> {
    let sql = format!("SELECT {COLUMNS} FROM queues WHERE substr(name, 1, length(?1)) = ?1 ORDER BY name");
    call.list(&sql, [prefix], Queue::read)
}

fn by_name(call: &Call, name: &str) -> Result<Option<Queue>, Error> {
    call.find(&format!("SELECT {COLUMNS} FROM queues WHERE name = ?1"), [name], Queue::read)
}

/// CreateQueue's parameters; SDKs send tags, too, which change nothing.
#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct CreateQueue {
    queue_name: String,
    attributes: BTreeMap<String, String>,
}

/// CreateQueue: also gives the URL of a queue that is there with these attributes already.
pub fn create(
    call: &Call,
    CreateQueue { queue_name, attributes: given }: CreateQueue,
) -> Result<Value, Error> {
    check_name(&queue_name)?;
    let mut attributes = Attributes::default();
    attributes.set(&given)?;
    if let Some(queue) = by_name(call, &queue_name)? {
        return match queue.attributes.difference(&given) {
            Some(name) => Err(Error::QueueNameExists(name)),
            None => Ok(json!({"QueueUrl": queue.url(call)})),
        };
    }
    redrive::check(call, &given)?;
    check_is_free(call, &queue_name)?;
    let sql = "INSERT INTO queues (name, attributes, created_at_ms, modified_at_ms) VALUES (?1, ?2, ?3, ?3)";
    call.execute(sql, (&queue_name, json!(attributes).to_string(), call.now_ms))?;
    Ok(json!({"QueueUrl": url(call, &queue_name)}))
}

fn check_name(name: &str) -> Result<(), Error> {
    if required("QueueName", name)?.ends_with(".fifo") {
        return Err(Error::UnsupportedOperation("There are no FIFO queues here."));
    }
    if limits::is_name(name) {
        return Ok(());
    }
    let rule = "Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in length";
    Err(Error::invalid(rule))
}

/// Whether no queue of this name has been deleted just now.
fn check_is_free(call: &Call, name: &str) -> Result<(), Error> {
    call.execute("DELETE FROM deleted_queues WHERE deleted_at_ms <= ?1", [call.now_ms - limits::PAUSE_MS])?;
    match call.find("SELECT 1 FROM deleted_queues WHERE name = ?1", [name], |_| Ok(()))? {
        Some(()) => Err(Error::QueueDeletedRecently),
        None => Ok(()),
    }
}

/// GetQueueUrl's parameters.
#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct GetQueueUrl {
    queue_name: String,
}

/// GetQueueUrl.
pub fn get_url(call: &Call, request: GetQueueUrl) -> Result<Value, Error> {
    let queue = by_name(call, required("QueueName", &request.queue_name)?)?;
    Ok(json!({"QueueUrl": queue.ok_or(Error::QueueDoesNotExist)?.url(call)}))
}

/// ListQueues' parameters.
#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct ListQueues {
    queue_name_prefix: String,
    max_results: Option<i64>,
    next_token: Option<String>,
}

/// ListQueues: by name; the token of a page is the last name on it.
pub fn list(call: &Call, request: ListQueues) -> Result<Value, Error> {
    limits::check("MaxResults", request.max_results, &limits::LISTED_QUEUES)?;
    let most = request.max_results.unwrap_or(*limits::LISTED_QUEUES.end());
    let most = usize::try_from(most).expect("it was checked to be in a range of positive numbers");
    let mut queues = all(call, &request.queue_name_prefix)?;
    queues.retain(|queue| request.next_token.as_ref().is_none_or(|last| queue.name > *last));
    // Only who asks for pages gets a token.
    let is_paged = request.max_results.is_some() && queues.len() > most;
    queues.truncate(most);
    let next = queues.last().filter(|_| is_paged).map(|last| last.name.clone());
    let urls: Vec<_> = queues.iter().map(|queue| queue.url(call)).collect();
    Ok(json!({"QueueUrls": urls, "NextToken": next}))
}

/// PurgeQueue: deletes all its messages, also those in flight.
pub fn purge(call: &Call, request: OnQueue) -> Result<Value, Error> {
    let queue = by_url(call, &request.queue_url)?;
    if queue.purged_at_ms.is_some_and(|then_ms| call.now_ms < then_ms + limits::PAUSE_MS) {
        return Err(Error::PurgeQueueInProgress);
    }
    call.execute("DELETE FROM messages WHERE queue = ?1", [queue.id])?;
    call.execute("UPDATE queues SET purged_at_ms = ?2 WHERE id = ?1", [queue.id, call.now_ms])?;
    call.waits.wake(queue.id);
    Ok(json!({}))
}

/// DeleteQueue: with all its messages.
pub fn delete(call: &Call, request: OnQueue) -> Result<Value, Error> {
    let queue = by_url(call, &request.queue_url)?;
    call.execute("DELETE FROM queues WHERE id = ?1", [queue.id])?;
    call.execute("INSERT OR REPLACE INTO deleted_queues VALUES (?1, ?2)", (&queue.name, call.now_ms))?;
    call.waits.wake(queue.id);
    Ok(json!({}))
}
