//! How messages go out (ReceiveMessage of the API Reference), and when there are some.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::Deserialize;
use serde_json::{Value, json};
use tokio::time::Instant;

use super::attributes::{MESSAGE_RETENTION_PERIOD, RECEIVE_MESSAGE_WAIT_TIME_SECONDS, VISIBILITY_TIMEOUT};
use super::error::Error;
use super::queue::{self, Queue};
use super::received::{self, Received};
use super::redrive::DeadLetterQueue;
use super::store::Call;
use super::waits::Wait;
use super::wire::OnQueue;
use super::{Sqs, limits};

/// ReceiveMessage's parameters.
#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct Receive {
    max_number_of_messages: Option<i64>,
    visibility_timeout: Option<i64>,
    wait_time_seconds: Option<i64>,
    #[serde(flatten)]
    wanted: received::Wanted,
}

/// What a receive finds.
enum Found {
    Messages(Vec<Value>),
    /// None; it would wait so long for one, counted by the machine, for it is about a connection.
    Nothing(Wait, Duration),
}

/// ReceiveMessage, with its long poll.
pub async fn receive(sqs: &Sqs, request: OnQueue<Receive>) -> Result<Value, Error> {
    request.asked.check()?;
    let begun = Instant::now();
    let mut work = sqs.0.clock.work();
    let look = || sqs.call("", |call| request.asked.look(call, &queue::by_url(call, &request.queue_url)?));
    let mut found = look()?;
    loop {
        match &found {
            Found::Messages(messages) => return Ok(json!({"Messages": messages})),
            Found::Nothing(_, patience) if begun.elapsed() >= *patience => return Ok(json!({})),
            Found::Nothing(wait, patience) => {
                drop(work);
                wait.over(&sqs.0.clock, begun + *patience).await;
                work = sqs.0.clock.work();
            }
        }
        // The wait before ends only when the next one has begun: a queue that is polled is always awaited.
        found = look()?;
    }
}

impl Receive {
    fn check(&self) -> Result<(), Error> {
        limits::check("MaxNumberOfMessages", self.max_number_of_messages, &limits::MAX_NUMBER_OF_MESSAGES)?;
        limits::check("VisibilityTimeout", self.visibility_timeout, &limits::VISIBILITY_TIMEOUT)?;
        limits::check("WaitTimeSeconds", self.wait_time_seconds, &limits::WAIT_TIME_SECONDS)?;
        self.wanted.check()
    }

    fn look(&self, call: &Call, queue: &Queue) -> Result<Found, Error> {
        let or_queues = |own: Option<i64>, name| own.unwrap_or_else(|| queue.attributes.number(name));
        let wait_seconds = or_queues(self.wait_time_seconds, RECEIVE_MESSAGE_WAIT_TIME_SECONDS);
        let timeout_ms = or_queues(self.visibility_timeout, VISIBILITY_TIMEOUT) * 1000;
        expire(call, queue)?;
        let room = limits::IN_FLIGHT - in_flight(call, queue)?;
        let most = usize::try_from(self.max_number_of_messages.unwrap_or(1).min(room)).unwrap_or(0);
        // Who would wait is not told, but waits (Developer Guide, "standard queue quotas").
        if most == 0 && wait_seconds == 0 {
            return Err(Error::OverLimit);
        }
        let mut messages = Vec::new();
        for message in take(call, queue, most)? {
            messages.push(message.hand_out(call, queue, timeout_ms, &self.wanted)?);
        }
        if !messages.is_empty() {
            // Those who wait for messages have another one to wait for.
            call.waits.wake(queue.id);
            return Ok(Found::Messages(messages));
        }
        let due_at = next_due(call, queue, call.now_ms + 1)?.map(moment);
        let patience = Duration::from_secs(wait_seconds.unsigned_abs());
        Ok(Found::Nothing(call.waits.begin(queue.id, due_at), patience))
    }
}

fn moment(ms: i64) -> SystemTime {
    UNIX_EPOCH + Duration::from_millis(ms.unsigned_abs())
}

/// Deletes what was kept for the queue's retention period. That counts from when a message was sent, in a
/// dead-letter queue too.
///
/// # Errors
/// When the database fails.
pub fn expire(call: &Call, queue: &Queue) -> Result<(), Error> {
    let sql = "DELETE FROM messages WHERE queue = ?1 AND sent_at_ms <= ?2";
    let kept_ms = queue.attributes.milliseconds(MESSAGE_RETENTION_PERIOD);
    call.execute(sql, [queue.id, call.now_ms - kept_ms])?;
    Ok(())
}

/// When the first message becomes visible that does so at this moment or later, and is kept until then; in
/// Unix milliseconds.
///
/// # Errors
/// When the database fails.
pub fn next_due(call: &Call, queue: &Queue, from_ms: i64) -> Result<Option<i64>, Error> {
    let sql = "SELECT visible_at_ms FROM messages
               WHERE queue = ?1 AND visible_at_ms >= ?2 AND max(visible_at_ms, ?3) < sent_at_ms + ?4
               ORDER BY visible_at_ms LIMIT 1";
    let kept_ms = queue.attributes.milliseconds(MESSAGE_RETENTION_PERIOD);
    call.find(sql, [queue.id, from_ms, call.now_ms, kept_ms], |row| row.get(0))
}

/// How many are received and not deleted; not counted while there are too few messages to matter.
fn in_flight(call: &Call, queue: &Queue) -> Result<i64, Error> {
    let sql = "SELECT CASE WHEN (SELECT max(number) FROM messages) - (SELECT min(number) FROM messages) < ?3
               THEN 0 ELSE (
                   SELECT count(*) FROM messages WHERE queue = ?1 AND visible_at_ms > ?2 AND receives > 0
               ) END";
    let least = limits::IN_FLIGHT - 10;
    let counted: Option<Option<i64>> = call.find(sql, [queue.id, call.now_ms, least], |row| row.get(0))?;
    Ok(counted.flatten().unwrap_or_default())
}

/// The messages that have been visible for longest. Those on the way that were received too often go to the
/// dead-letter queue instead.
fn take(call: &Call, queue: &Queue, most: usize) -> Result<Vec<Received>, Error> {
    let dead_letter_queue = DeadLetterQueue::of(call, queue)?;
    let (mut taken, mut dead) = (Vec::new(), Vec::new());
    let sql = format!(
        "SELECT {} FROM messages WHERE queue = ?1 AND visible_at_ms <= ?2 ORDER BY visible_at_ms, number",
        Received::COLUMNS
    );
    let mut statement = call.db.prepare_cached(&sql)?;
    let mut rows = statement.query([queue.id, call.now_ms])?;
    while taken.len() < most
        && let Some(row) = rows.next()?
    {
        let message = Received::read(row)?;
        match &dead_letter_queue {
            Some(target) if target.is_for(message.receives) => dead.push(message.number),
            _ => taken.push(message),
        }
    }
    drop(rows);
    if let Some(target) = dead_letter_queue {
        target.take(call, queue, &dead)?;
    }
    Ok(taken)
}
