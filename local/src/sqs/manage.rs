//! Queues as wholes: how they come, are listed and go.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Value, json};

use super::attributes::Attributes;
use super::error::Error;
use super::store::Call;
use super::wire::{OnQueue, required};
use super::{limits, queue, redrive};

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
    if let Some(queue) = queue::by_name(call, &queue_name)? {
        return match queue.attributes.difference(&given) {
            Some(name) => Err(Error::QueueNameExists(name)),
            None => Ok(json!({"QueueUrl": queue.url(call)})),
        };
    }
    redrive::check(call, "", &given)?;
    check_is_free(call, &queue_name)?;
    let sql = "INSERT INTO queues (name, attributes, created_at_ms, modified_at_ms) VALUES (?1, ?2, ?3, ?3)";
    call.execute(sql, (&queue_name, json!(attributes).to_string(), call.now_ms))?;
    Ok(json!({"QueueUrl": queue::url(call, &queue_name)}))
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
    // One that was deleted before the clock was moved back is long gone, too.
    let over = "DELETE FROM deleted_queues WHERE deleted_at_ms <= ?1 OR deleted_at_ms > ?2";
    call.execute(over, [call.now_ms - limits::PAUSE_MS, call.now_ms])?;
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
    let queue = queue::by_name(call, required("QueueName", &request.queue_name)?)?;
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
    let mut queues = queue::all(call, &request.queue_name_prefix)?;
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
    let queue = queue::by_url(call, &request.queue_url)?;
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
    let queue = queue::by_url(call, &request.queue_url)?;
    call.execute("DELETE FROM queues WHERE id = ?1", [queue.id])?;
    call.execute("INSERT OR REPLACE INTO deleted_queues VALUES (?1, ?2)", (&queue.name, call.now_ms))?;
    call.waits.wake(queue.id);
    Ok(json!({}))
}
