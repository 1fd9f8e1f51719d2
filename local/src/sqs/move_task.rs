//! How messages come back from a dead-letter queue (StartMessageMoveTask of the API Reference; Developer
//! Guide, "Learn how to configure a dead-letter queue redrive").

use rusqlite::Row;
use serde::Deserialize;
use serde_json::{Value, json};

use super::error::Error;
use super::queue::{self, Queue};
use super::store::Call;
use super::wire::required;
use super::{limits, message, receive, redrive};

/// StartMessageMoveTask's parameters.
#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct Start {
    source_arn: String,
    destination_arn: Option<String>,
    max_number_of_messages_per_second: Option<i64>,
}

/// StartMessageMoveTask: here the task is over when it is answered, at whatever rate was asked for.
pub fn start(call: &Call, request: Start) -> Result<Value, Error> {
    let rate = request.max_number_of_messages_per_second;
    limits::check("MaxNumberOfMessagesPerSecond", rate, &limits::MOVED_PER_SECOND)?;
    let source = dead_letter_queue(call, &request.source_arn)?;
    receive::expire(call, &source)?;
    let messages = movable(call, &source)?;
    let mut moved = 0;
    for (number, origin) in &messages {
        let to_arn = request.destination_arn.as_ref().or(origin.as_ref());
        let to = to_arn.map(|arn| queue::by_arn(call, arn)).transpose()?.flatten();
        if to.is_none() && request.destination_arn.is_some() {
            return Err(Error::ResourceNotFound("DestinationArn"));
        }
        if let Some(to) = to {
            renew(call, *number, &to)?;
            moved += 1;
        }
    }
    call.waits.wake(source.id);
    let sql = "INSERT INTO move_tasks (source, destination, rate, to_move, moved, started_at_ms)
               VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
    let to = &request.destination_arn;
    call.execute(sql, (&request.source_arn, to, rate, messages.len(), moved, call.now_ms))?;
    Ok(json!({"TaskHandle": message::new_id()}))
}

fn dead_letter_queue(call: &Call, arn: &str) -> Result<Queue, Error> {
    let queue = queue::by_arn(call, required("SourceArn", arn)?)?;
    let queue = queue.ok_or(Error::ResourceNotFound("SourceArn"))?;
    if redrive::sources(call, &queue)?.is_empty() {
        return Err(Error::invalid("Source queue must be configured as a Dead Letter Queue."));
    }
    Ok(queue)
}

/// The messages that can be received now, oldest first, each with the queue it came from.
fn movable(call: &Call, source: &Queue) -> Result<Vec<(i64, Option<String>)>, Error> {
    let sql = "SELECT number, dead_letter_source FROM messages
               WHERE queue = ?1 AND visible_at_ms <= ?2 ORDER BY visible_at_ms, number";
    call.list(sql, [source.id, call.now_ms], |row| Ok((row.get(0)?, row.get(1)?)))
}

/// Moves a message, as a new one: with another id, sent now, never received.
fn renew(call: &Call, number: i64, to: &Queue) -> Result<(), Error> {
    let sql = "INSERT INTO messages (queue, visible_at_ms, sent_at_ms, id, attributes, body)
               SELECT ?2, ?3, ?3, ?4, attributes, body FROM messages WHERE number = ?1";
    call.execute(sql, (number, to.id, call.now_ms, message::new_id()))?;
    call.execute("DELETE FROM messages WHERE number = ?1", [number])?;
    call.waits.wake(to.id);
    Ok(())
}

/// ListMessageMoveTasks' parameters.
#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct List {
    source_arn: String,
    max_results: Option<i64>,
}

/// ListMessageMoveTasks: the last one first.
pub fn list(call: &Call, request: List) -> Result<Value, Error> {
    limits::check("MaxResults", request.max_results, &limits::LISTED_MOVE_TASKS)?;
    let queue = queue::by_arn(call, required("SourceArn", &request.source_arn)?)?;
    let queue = queue.ok_or(Error::ResourceNotFound("SourceArn"))?;
    let sql = "SELECT source, destination, rate, to_move, moved, started_at_ms FROM move_tasks
               WHERE source = ?1 ORDER BY number DESC LIMIT ?2";
    let tasks = call.list(sql, (queue.arn(), request.max_results.unwrap_or(1)), describe)?;
    Ok(json!({"Results": tasks}))
}

fn describe(row: &Row) -> rusqlite::Result<Value> {
    let (to_move, moved): (i64, i64) = (row.get(3)?, row.get(4)?);
    let mut task = json!({
        "Status": if moved == to_move { "COMPLETED" } else { "FAILED" },
        "SourceArn": row.get::<_, String>(0)?,
        "DestinationArn": row.get::<_, Option<String>>(1)?,
        "MaxNumberOfMessagesPerSecond": row.get::<_, Option<i64>>(2)?,
        "ApproximateNumberOfMessagesToMove": to_move,
        "ApproximateNumberOfMessagesMoved": moved,
        "StartedTimestamp": row.get::<_, i64>(5)?,
    });
    if moved != to_move {
        task["FailureReason"] = "CouldNotDetermineMessageSource".into();
    }
    Ok(task)
}
